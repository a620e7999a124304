"""Word files and PDF against those made again: each difference named by what a reader finds it at."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree.ElementTree import Element

from analysis.briefing.verification.compare_office import by_part, in_part
from analysis.briefing.verification.compare_xml import Difference, plain_name
from analysis.briefing.verification.open_file import WORD, linked, parse_xml

#: Letters of a paragraph by which a message names it.
QUOTED: Final = 24
#: What a message calls the parts of a Word file that a reader sees.
PARTS: Final = {
    "word/footer": "foot of the pages", "word/header": "head of the pages", "word/styles": "styles",
    "word/numbering": "numbers of headings", "word/settings": "settings", "docProps/": "properties",
}  # fmt: skip
#: What an object of the PDF is for, by a word that it holds.
OBJECTS: Final = (
    (b"/Keywords", "its properties"),
    (b"/FontFile3", "its fonts"),
    (b"/BaseFont", "its fonts"),
    (b"/Type /Page\n", "its page"),
)
_OBJECT: Final = re.compile(rb"(?m)^(\d+) 0 obj\n(.*?)^endobj", re.DOTALL)
_STREAM: Final = re.compile(rb"stream\n(.*)\nendstream", re.DOTALL)
_LENGTH: Final = re.compile(rb"/Length\d? \d+")


def document_differences(has: Mapping[str, bytes], should: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what a Word file differs in from the one made again, by paragraph, table and picture.

    Examples
    --------
    >>> list(document_differences({"a.xml": b"<a/>"}, {"a.xml": b"<a/>", "b.xml": b"<b/>"}))
    ['part b.xml is missing']
    """
    shown = _pictures(should)
    yield from by_part(has, should, lambda part, one: _in_document(part, one, shown))


def pdf_differences(has: bytes, should: bytes) -> Iterator[str]:
    r"""Yield what a PDF differs in from the one made again, however its streams are packed.

    Examples
    --------
    >>> list(pdf_differences(b"1 0 obj\na\nendobj", b"1 0 obj\nb\nendobj"))
    ['object 1 is another']
    """
    parts, wanted = (dict(_objects(content)) for content in (has, should))
    for number, content in wanted.items():
        if number not in parts:
            yield f"object {number} is missing"
        elif parts[number] != content:
            kind = next((name for mark, name in OBJECTS if mark in content), "")
            if not kind and b" Tf" in content:
                kind = "the words or lines of its page"
            yield f"{kind} (object {number}) is another" if kind else f"object {number} is another"
    for number in parts:
        if number not in wanted:
            yield f"object {number} belongs to no briefing"
    if len(_OBJECT.findall(has)) != len(parts):
        yield "an object stands in it twice"
    # What stands before, between and behind the objects, such as something added at the end.
    besides, wanted_besides = (_besides(content) for content in (has, should))
    if besides != wanted_besides:
        yield "something stands between or behind its objects"


def _objects(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Objects by number, each with its stream unpacked and without the length of it."""
    for number, inside in _OBJECT.findall(content):
        stream = _STREAM.search(inside)
        if stream is None:
            yield int(number), inside
            continue
        packed = stream[1]
        try:
            unpacker = zlib.decompressobj()
            unpacked = unpacker.decompress(packed, 50_000_000)
            packed = unpacked if unpacker.eof and not unpacker.unused_data else packed
        except zlib.error:
            pass
        yield int(number), _LENGTH.sub(b"", inside[: stream.start()]) + packed


def _besides(content: bytes) -> bytes:
    """What is no object, without the places of the objects, which depend on how they are packed."""
    rest = _OBJECT.sub(b"", content)
    rest = re.sub(rb"(?m)^\d{10} \d{5} [nf] ?$", b"", rest)
    return re.sub(rb"startxref\n\d+", b"startxref", rest)


def _in_document(part: str, difference: Difference, shown: Mapping[str, str]) -> str:
    if part in shown:
        return shown[part]
    if part != "word/document.xml":
        name = next((name for start, name in PARTS.items() if part.startswith(start)), "")
        return name or in_part(part, difference)
    cell = _cell(difference.path)
    paragraph = next((one for one in reversed(difference.path) if one.tag == f"{WORD}p"), None)
    words = "" if paragraph is None else "".join(paragraph.itertext())
    quoted = repr(words[:QUOTED] + ("…" if len(words) > QUOTED else "")) if words else ""
    return ", ".join(filter(None, (cell, f"paragraph {quoted}" if quoted and not cell else ""))) or "the document"


def _cell(path: tuple[Element, ...]) -> str:
    """Table, row and column of a cell, if the elements lead into one; tables are counted in the document."""
    for index, (above, row, cell) in enumerate(zip(path, path[1:], path[2:], strict=False)):
        if cell.tag == f"{WORD}tc":
            body = path[index - 1]
            tables, rows, cells = (
                [one for one in inside if one.tag == f"{WORD}{tag}"]
                for inside, tag in ((body, "tbl"), (above, "tr"), (row, "tc"))
            )
            return f"table {tables.index(above) + 1}, row {rows.index(row) + 1}, column {cells.index(cell) + 1}"
    return ""


def _pictures(parts: Mapping[str, bytes]) -> dict[str, str]:
    """What a message calls each picture, by the name of its part."""
    if "word/document.xml" not in parts:
        return {}
    targets, pictures = linked(parts, "word/document.xml"), dict[str, str]()
    for inline in parse_xml(parts["word/document.xml"]).iter():
        if plain_name(inline.tag) != "inline":
            continue
        name = next((one.get("name", "") for one in inline if plain_name(one.tag) == "docPr"), "")
        for one in inline.iter():
            link = next((value for key, value in one.items() if key.endswith("}embed")), None)
            if link in targets:
                pictures[targets[link]] = f"picture {name}"
    return pictures
