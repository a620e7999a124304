"""A briefing file opened with care: it may come from anybody, and may be damaged, endless or no briefing at all."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from pathlib import Path
from posixpath import join, normpath
from typing import Final
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile

from analysis.briefing.content import Medium
from analysis.briefing.request import LETTERS, BriefingError, check_file
from analysis.briefing.words import templates

#: Bytes of a file, bytes of its parts unpacked, and parts: some ten times what a briefing has.
LARGEST, UNPACKED, PARTS = 50_000_000, 200_000_000, 2_000
#: Bytes of the record at the end of an archive.
END_OF_ARCHIVE: Final = 22
#: Facts by which a manifest is known among other tables.
HASHES: Final = frozenset({"model_hash", "code_hash", "scenario_hash"})
#: Facts of a manifest.
FACTS: Final = 50
#: How deep elements may stand in each other.
DEEPEST: Final = 200
#: Kinds of files that are no archives of parts; and the property of a Word file that says which document it is.
WHOLE: Final = ("page", "note pdf")
DOCUMENT, PROPERTIES = "document", "docProps/custom.xml"
NOTE: Final[Medium] = "note"
#: Name spaces of Office files, as ElementTree writes them.
DRAWING: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
SHEET: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
WORD: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_KEYWORDS: Final = re.compile(rb"/Keywords \(((?:[^()\\]|\\.)*)\)")
_FACT: Final = re.compile(r'<dd data-fact="([^"<>]*)">([^<>]*)</dd>')


@dataclass(frozen=True)
class BriefingFile:
    """A file that claims to be a briefing."""

    name: str
    kind: Medium
    content: bytes
    #: Parts of an Office file by their names; a page has none.
    parts: Mapping[str, bytes]
    #: Facts by name, as the file states them.
    manifest: Mapping[str, str]


def open_briefing(path: Path) -> BriefingFile:
    """Open an HTML page, a PPTX, XLSX, DOCX or PDF file that `brief` wrote.

    Raises
    ------
    BriefingError
        If it is none of these, cannot be read as one, is far too large, or carries no manifest.
    """
    kind, name = check_file(path), path.name[:LETTERS]
    if path.stat().st_size > LARGEST:
        message = f"{name} cannot be read as a briefing: it is larger than {LARGEST:,} bytes."
        raise BriefingError(message)
    content = path.read_bytes()
    try:
        parts = {} if kind in WHOLE else unpack(content)
        facts = dict(_facts(kind, content, parts))
        # Of two documents of Word the properties say which it is.
        kind = NOTE if kind == "report" and facts.pop(DOCUMENT, "") == NOTE else kind
    except (ElementTree.ParseError, BadZipFile, UnicodeDecodeError, ValueError) as error:
        message = f"{name} cannot be read as a briefing: {error}"
        raise BriefingError(message) from error
    if not facts:
        message = f"{name} carries no manifest, so nothing says what it was made from: `brief` did not write it."
        raise BriefingError(message)
    return BriefingFile(name, kind, content, parts, facts)


def unpack(content: bytes) -> dict[str, bytes]:
    """Return the parts of a zip archive by name.

    Raises
    ------
    ValueError
        If the archive is damaged, encrypted, holds a part twice, or unpacks to more than a briefing can be.

    Examples
    --------
    >>> unpack(b"torn")
    Traceback (most recent call last):
    ...
    ValueError: it is damaged (File is not a zip file).
    """
    parts: dict[str, bytes] = {}
    try:
        with ZipFile(BytesIO(content)) as archive:
            listed = archive.infolist()
            if len(listed) > PARTS:
                message = f"it holds {len(listed):,} parts, more than {PARTS:,}."
                raise ValueError(message)
            if sum(part.file_size for part in listed) > UNPACKED:
                message = f"its parts are larger than {UNPACKED:,} bytes when unpacked."
                raise ValueError(message)
            for part in listed:
                if part.filename in parts:
                    message = f"it holds its part {part.filename[:60]!r} twice."
                    raise ValueError(message)
                # A part cannot be longer than it says: the archive's reader stops there.
                parts[part.filename] = archive.read(part)
            ends = content[-END_OF_ARCHIVE:].startswith(b"PK\5\6")
            if not ends or (listed and min(part.header_offset for part in listed)):
                message = "something stands before or behind its parts."
                raise ValueError(message)
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, UnicodeDecodeError) as error:
        message = f"it is damaged ({str(error)[:100]})."
        raise ValueError(message) from error
    return parts


def parse_xml(content: bytes) -> ElementTree.Element:
    """Return the elements of an XML part.

    Raises
    ------
    ValueError
        If it defines entities, which a briefing never does, or elements stand too deep in each other.

    Examples
    --------
    >>> parse_xml(b"<a><b/></a>").tag
    'a'
    """
    # A NUL stands in text of two bytes a letter, in which the other words would not be seen.
    if any(word in content for word in (b"<!DOCTYPE", b"<!ENTITY", b"\0")):
        message = "one of its parts defines entities."
        raise ValueError(message)
    depth = 0
    for event, _ in ElementTree.iterparse(BytesIO(content), ("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            message = f"elements of one of its parts stand more than {DEEPEST} deep in each other."
            raise ValueError(message)
    return ElementTree.fromstring(content)


def linked(parts: Mapping[str, bytes], part: str) -> dict[str, str]:
    """Return the parts that a part of an Office file refers to, by the ids that it gives them."""
    folder, _, name = part.rpartition("/")
    links = parse_xml(parts.get(f"{folder}/_rels/{name}.rels", b"<none/>"))
    return {one.get("Id", ""): normpath(join("/", folder, one.get("Target", ""))).lstrip("/") for one in links}


def sheet_titles(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Return the titles of a workbook's sheets by the names of their parts, in order."""
    titles, targets = {}, linked(parts, "xl/workbook.xml")
    for sheet in parse_xml(parts["xl/workbook.xml"]).iter(f"{SHEET}sheet"):
        link = next((value for name, value in sheet.items() if name.endswith("}id")), "")
        titles[targets.get(link, "")] = sheet.get("name", "")
    return titles


def shared_texts(parts: Mapping[str, bytes]) -> list[str]:
    """Return the texts that a workbook's cells share."""
    if "xl/sharedStrings.xml" not in parts:
        return []
    return ["".join(one.itertext()) for one in parse_xml(parts["xl/sharedStrings.xml"])]


def cell_value(cell: ElementTree.Element, shared: list[str]) -> str:
    """Return what a cell holds, as it is written.

    Examples
    --------
    >>> cell_value(parse_xml(f'<c xmlns="{SHEET[1:-1]}" t="s"><v>0</v></c>'.encode()), ["yes"])
    'yes'
    """
    value = cell.find(f"{SHEET}v")
    written = "" if value is None else value.text or ""
    if cell.get("t") == "s":
        return shared[int(written)] if written.isascii() and written.isdecimal() and int(written) < len(shared) else ""
    return written if value is not None else "".join(cell.itertext())


def _facts(kind: Medium, content: bytes, parts: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Facts of the manifest: from a page's list, the notes of the first slide, the last sheet, or properties."""
    if kind == "page":
        pairs = _FACT.findall(content.decode())
        facts = iter([(unescape(name), unescape(fact)) for name, fact in pairs])
    elif kind == "note pdf":
        facts = _from_keywords(content)
    elif kind == "report":
        facts = _from_properties(parts)
    else:
        facts = _from_notes(parts) if kind == "slides" else _from_sheet(parts)
    for number, (name, fact) in enumerate(facts, 1):
        if number > FACTS or max(len(name), len(fact)) > LETTERS:
            message = f"its manifest is longer than {FACTS} facts of {LETTERS:,} letters."
            raise ValueError(message)
        yield name, fact


def _from_notes(parts: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    if "ppt/notesSlides/notesSlide1.xml" in parts:
        lines = [
            "".join(one.itertext()) for one in parse_xml(parts["ppt/notesSlides/notesSlide1.xml"]).iter(f"{DRAWING}p")
        ]
        # What is said on the slide stands before.
        heading = next((at for at, line in enumerate(lines) if line in templates()["notes.heading"].values()), 0)
        for line in lines[heading:]:
            name, colon, fact = line.partition(": ")
            if colon:
                yield name, fact


def _from_properties(parts: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    if PROPERTIES in parts:
        for one in parse_xml(parts[PROPERTIES]):
            yield one.get("name", ""), "".join(one.itertext())


def _from_keywords(content: bytes) -> Iterator[tuple[str, str]]:
    """Facts in the keywords of a PDF: JSON in ASCII, in which a bracket and a backslash are marked by another."""
    told = _KEYWORDS.search(content)
    if told is not None:
        message = "its keywords are no list of facts."
        try:
            facts = json.loads(re.sub(rb"\\(.)", rb"\1", told[1]).decode("ascii"))
        except RecursionError:
            raise ValueError(message) from None
        if not isinstance(facts, dict):
            raise ValueError(message)
        yield from ((str(name), str(fact)) for name, fact in facts.items())


def _from_sheet(parts: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= set(parts):
        return
    shared = shared_texts(parts)
    # The last sheet as written, but a forger may have put another behind it.
    for sheet in reversed([name for name in sheet_titles(parts) if name in parts]):
        rows = ([cell_value(cell, shared) for cell in row] for row in parse_xml(parts[sheet]).iter(f"{SHEET}row"))
        facts = [(row[0], row[1]) for row in rows if len(row) > 1 and row[0]]
        if {name for name, _ in facts} & HASHES:
            yield from facts[1:]
            return
