"""The lint of briefings: every number in a written file against the results, and every word against the content."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

from analysis.briefing.content import Briefing, Number, Place, Table, Text, faults, plain, texts_of
from analysis.briefing.reading import Document, Item
from analysis.briefing.workbook import lone_number, source_line

#: A number as it is written, with its sign.
NUMBER: Final = re.compile(r"[-+±]?\d[\d,]*(?:\.\d+)?")
#: What a float keeps of a number through a workbook.
SAME: Final = 1e-12
#: Characters of a text that a message quotes.
QUOTED: Final = 60


def differences(document: Document, briefing: Briefing, results: Mapping[str, float]) -> list[str]:
    """Return every number and word of a file that is not what the results give, in words.

    Parameters
    ----------
    document
        The file, read again.
    briefing
        The content that it should hold.
    results
        Every result by its key.

    Returns
    -------
    list of str
        Nothing when the file is right.

    Examples
    --------
    >>> said = Briefing("en", ("In ", Number("year", 2025.0, ".0f")), (), ())
    >>> page = Document("page", items=[Item("page", "title", "In 2026"), Item("page", "subtitle", "")])
    >>> differences(page, said, {"year": 2025.0})
    ['page: 2026 stands where year is 2025']
    """
    found = faults(briefing, results)
    wanted = expected(briefing, document.kind)
    for item in document.items:
        if item.place not in wanted:
            found.append(f"{item.where}: {item.place} is no part of this briefing")
        else:
            found.extend(_compared(item, wanted[item.place], results))
    seen = {item.place for item in document.items}
    found += [f"{place} is missing: {plain(text)[:QUOTED]!r}" for place, text in wanted.items() if place not in seen]
    found += [f"{stray} belongs to no part of the briefing" for stray in document.strays]
    for key, value in document.keys.items():
        if key not in results:
            found.append(f"list of keys: there is no result {key}")
        elif not isinstance(value, int | float) or not math.isclose(value, results[key], rel_tol=SAME):
            found.append(f"list of keys: {value} stands where {key} is {results[key]:.10g}")
    return found


def expected(briefing: Briefing, kind: Place) -> dict[str, Text]:
    """Return what a file of a kind should hold, by place.

    Examples
    --------
    >>> expected(Briefing("en", ("Title",), (), ()), "workbook")
    {}
    """
    texts: dict[str, Text] = {}
    if kind != "workbook":
        texts |= {"title": briefing.title, "subtitle": briefing.subtitle}
    for section in briefing.sections:
        shown = [block for block in section.blocks if kind in block.where]
        if shown:
            texts[f"{section.id}.takeaway"] = section.takeaway
        for block in shown:
            texts |= dict(texts_of(block))
            if kind == "workbook" and isinstance(block, Table) and block.source:
                texts[f"{block.id}.source"] = source_line(block, briefing.language)
    return texts


def _compared(item: Item, text: Text, results: Mapping[str, float]) -> Iterator[str]:
    number = lone_number(text)
    if isinstance(item.value, int | float):
        if number is None:
            yield f"{item.where}: {item.value} stands where no number belongs"
        elif not math.isclose(item.value, number.shown, rel_tol=SAME):
            yield f"{item.where}: {item.value} stands where {number.key} is {number.shown:.10g}"
        return
    wanted = list(_numbers(text))
    written = NUMBER.findall(item.value)
    if len(written) == len(wanted):
        for one, (key, other) in zip(written, wanted, strict=True):
            if one != other:
                yield f"{item.where}: {one} stands where {key} is {other}"
    else:
        should = ", ".join(other for _, other in wanted) or "none"
        yield f"{item.where}: the numbers are {', '.join(written) or 'none'}, and should be {should}"
    if NUMBER.sub("", item.value).split() != NUMBER.sub("", plain(text)).split():
        yield f"{item.where}: the words are {item.value[:QUOTED]!r}, and should be {plain(text)[:QUOTED]!r}"
    for key, _, shown in item.tags:
        if key not in results:
            yield f"{item.where}: {shown} is marked as {key}, which is no result"
    marked = [(key, value) for key, value, _ in item.tags]
    should_be = [(run.key, f"{run.shown:.12g}") for run in text if isinstance(run, Number)]
    if item.tags and marked != should_be:
        yield f"{item.where}: the marks of its numbers are not those of the results"


def _numbers(text: Text) -> Iterator[tuple[str, str]]:
    """Numbers in a text as they are written, each with its key, or with the name that it is part of."""
    # A sign may stand right before a number or belong to the words: what counts is how the whole is read.
    owners = [run.key if isinstance(run, Number) else "part of a name" for run in text for _ in _written(run)]
    for place, letters in _spans(text):
        yield owners[place], letters


def _written(run: object) -> str:
    return run if isinstance(run, str) else str(run.text)  # type: ignore[attr-defined]


def _spans(text: Text) -> Iterator[tuple[int, str]]:
    for match in NUMBER.finditer(plain(text)):
        # The last letter is a digit of the number itself.
        yield match.end() - 1, match.group()
