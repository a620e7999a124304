"""A written briefing read again: what stands where in a page, a presentation or a workbook."""

from __future__ import annotations

import base64
import binascii
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from pptx import Presentation
from pptx.exc import PackageNotFoundError

from analysis.briefing.content import Place
from analysis.briefing.evidence import BriefingError
from analysis.briefing.workbook import KEYS, MANIFEST, RANGES

#: Elements of a page that have no end.
VOID: Final = ("meta", "img", "link", "br", "hr", "input")


@dataclass(frozen=True)
class Item:
    """Something that stands in a file: where a reader finds it, and the place in the content that it belongs to."""

    where: str
    place: str
    value: str | float
    #: Key and full value of each number, as far as the file tells them.
    tags: tuple[tuple[str, str, str], ...] = ()


@dataclass
class Document:
    """What a file holds."""

    kind: Place
    manifest: dict[str, str] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    #: Words with digits that belong to no block, with where they stand.
    strays: list[str] = field(default_factory=list)
    #: Pictures by their id.
    pictures: dict[str, bytes] = field(default_factory=dict)
    #: Values by result key, where the file lists them.
    keys: dict[str, float] = field(default_factory=dict)


def read(path: Path) -> Document:
    """Read a briefing.

    Parameters
    ----------
    path
        An HTML page, a PPTX or an XLSX file that `brief` wrote.

    Raises
    ------
    BriefingError
        If it is none of these, cannot be opened, or carries no manifest.

    Examples
    --------
    >>> read(Path("briefing.doc"))
    Traceback (most recent call last):
    ...
    analysis.briefing.evidence.BriefingError: briefing.doc: a briefing is a file .html, .pptx, .xlsx.
    """
    readers: Mapping[str, Callable[[Path], Document]] = {".html": _page, ".pptx": _slides, ".xlsx": _workbook}
    if path.suffix not in readers:
        message = f"{path.name}: a briefing is a file {', '.join(readers)}."
        raise BriefingError(message)
    if not path.is_file():
        message = f"{path}: there is no such file."
        raise BriefingError(message)
    try:
        found = readers[path.suffix](path)
    except (PackageNotFoundError, BadZipFile, InvalidFileException, UnicodeDecodeError, KeyError, ValueError) as error:
        message = f"{path.name} cannot be read as a briefing: {error}"
        raise BriefingError(message) from error
    if not found.manifest:
        message = f"{path.name} carries no manifest, so nothing says what it was made from: `brief` did not write it."
        raise BriefingError(message)
    return found


def has_digits(text: str) -> bool:
    """Say whether a text holds a number.

    Examples
    --------
    >>> has_digits("km²"), has_digits("2 km")
    (False, True)
    """
    return any(letter.isdecimal() for letter in text)


class _PageReader(HTMLParser):
    """Follows a page and keeps the text of its blocks."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.document = document
        self.open: list[tuple[str, str | None, str | None]] = []
        self.words: list[str] = []
        self.tags: list[tuple[str, str, str]] = []
        self.tag: tuple[str, str] | None = None
        self.fact = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "img" and "data-picture" in told:
            self.document.pictures[told["data-picture"]] = _decoded(told.get("src", ""))
        if tag in VOID:
            return
        block, fact = told.get("data-block"), told.get("data-fact")
        self.open.append((tag, block, fact))
        if block is not None:
            self.words, self.tags = [], []
        if fact is not None:
            self.fact = ""
        if tag == "data":
            self.tag = (told.get("data-key", ""), told.get("value", ""))

    def handle_data(self, data: str) -> None:
        if any(tag in ("style", "script") for tag, *_ in self.open):
            return
        if self.open and self.open[-1][2] is not None:
            self.fact += data
        elif any(block is not None for _, block, _ in self.open):
            self.words.append(data)
            if self.tag is not None:
                self.tags.append((*self.tag, data))
        elif has_digits(data):
            self.document.strays.append(f"page: {data.strip()!r}")

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            last, block, fact = self.open.pop()
            if last == "data":
                self.tag = None
            if block is not None:
                text = "".join(self.words)
                self.document.items.append(Item(f"page, {block}", block, text, tuple(self.tags)))
            if fact is not None:
                self.document.manifest[fact] = self.fact
            if last == tag:
                break


def _page(path: Path) -> Document:
    document = Document("page")
    reader = _PageReader(document)
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    return document


def _decoded(address: str) -> bytes:
    try:
        return base64.b64decode(address.partition("base64,")[2], validate=True)
    except binascii.Error:
        return b""


def _slides(path: Path) -> Document:
    document = Document("slides")
    for number, slide in enumerate(Presentation(str(path)).slides, 1):
        where = f"slide {number}"
        facts = dict(_facts(slide.notes_slide.notes_text_frame.text if slide.has_notes_slide else ""))
        if document.manifest and facts != document.manifest:
            document.strays.append(f"{where}: its notes tell another manifest than those of the first slide")
        document.manifest = document.manifest or facts
        for shape in slide.shapes:
            document.items.extend(_shape(document, shape, where, number))
    return document


def _shape(document: Document, shape: Any, where: str, number: int) -> Iterator[Item]:
    if shape.has_table:
        block, _, first = shape.name.partition("[")
        for row, cells in enumerate(shape.table.rows):
            place = 0 if row == 0 else int(first.rstrip("]")) + row - 1
            for column, cell in enumerate(cells.cells, 1):
                yield Item(where, f"{block}[{place},{column}]", cell.text_frame.text)
    elif hasattr(shape, "image"):
        document.pictures[shape.name] = shape.image.blob
    elif shape.has_text_frame and shape.name == "number":
        if shape.text_frame.text != str(number):
            document.strays.append(f"{where}: {shape.text_frame.text!r} is not its number")
    elif shape.has_text_frame and "." not in shape.name and shape.name not in ("title", "subtitle"):
        if has_digits(shape.text_frame.text):
            document.strays.append(f"{where}: {shape.text_frame.text!r}")
    elif shape.has_text_frame:
        yield Item(where, shape.name, shape.text_frame.text)


def _facts(notes: str) -> Iterator[tuple[str, str]]:
    for line in notes.splitlines():
        name, colon, fact = line.partition(": ")
        if colon:
            yield name, fact


def _workbook(path: Path) -> Document:
    document = Document("workbook")
    with warnings.catch_warnings():
        # openpyxl says which of Excel's extensions it leaves out; none is read here.
        warnings.simplefilter("ignore")
        book = load_workbook(path)
    inside: set[tuple[str, str]] = set()
    for name, defined in book.defined_names.items():
        for title, area in defined.destinations:
            sheet = book[title]
            cells = sheet[area.replace("$", "")]
            rows = cells if isinstance(cells, tuple) else ((cells,),)
            inside |= {(title, cell.coordinate) for row in rows for cell in row}
            if name == MANIFEST:
                document.manifest = {str(row[0].value): str(row[1].value) for row in rows}
            elif name == KEYS:
                document.keys = {str(row[0].value): row[1].value for row in rows[1:]}
            elif name.startswith(RANGES):
                document.items.extend(_cells(rows, title, name.removeprefix(RANGES)))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                loose = cell.value is not None and (sheet.title, cell.coordinate) not in inside
                if loose and has_digits(str(cell.value)):
                    document.strays.append(f"{sheet.title}!{cell.coordinate}: {cell.value!r}")
    return document


def _cells(rows: Any, title: str, block: str) -> Iterator[Item]:
    alone = len(rows) == 1 and len(rows[0]) == 1
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells, 1):
            place = block if alone else f"{block}[{row},{column}]"
            value = cell.value if isinstance(cell.value, int | float) else str(cell.value or "")
            yield Item(f"{title}!{cell.coordinate}", place, value)
