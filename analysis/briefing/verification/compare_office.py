"""Slides and workbooks against those made again: each difference named by slide and shape, sheet and cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from analysis.briefing.verification.compare_xml import Difference, Same, differences, plain_name, strictly
from analysis.briefing.verification.open_file import (
    DRAWING,
    SHEET,
    cell_value,
    linked,
    parse_xml,
    shared_texts,
    sheet_titles,
    unpack,
)
from analysis.briefing.verification.tolerances import contrast, same_bitmap, same_number

#: Differences of one part that are reported, and those that are looked at.
OF_A_PART, OF_A_PART_LOOKED_AT = 5, 2_000
#: Number formats that have no code in the file.
BUILT_IN: Final = {"0": "General", "1": "0", "2": "0.00", "3": "#,##0", "4": "#,##0.00"}
#: What kinds of parts are called that a briefing has none of.
FOREIGN: Final = {
    "comments": "comments", "charts/": "a chart", "media/": "a picture or a film", "embeddings/": "an embedded file",
    "slides/": "a slide", "worksheets/": "a sheet", "vbaProject": "a macro", "externalLinks/": "a link to another file",
    "footnotes": "footnotes", "endnotes": "notes at the end", "notesSlides/": "notes", "drawings/": "a drawing",
}  # fmt: skip


def slides_differences(has: Mapping[str, bytes], should: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what slides differ in from those made again, by slide and shape.

    Examples
    --------
    >>> list(slides_differences({"a.xml": b"<a/>"}, {"a.xml": b"<a/>", "b.xml": b"<b/>"}))
    ['part b.xml is missing']
    """
    shown = _pictures(should)
    yield from by_part(has, should, lambda part, one: _on_slide(part, one, shown), _full_value)


def workbook_differences(has: Mapping[str, bytes], should: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what a workbook differs in from the one made again: its cells first, then all else.

    Examples
    --------
    >>> list(workbook_differences({"a.xml": b"<a/>"}, {"a.xml": b"<a>1</a>"}))
    ["a.xml, <a>: '1' is missing"]
    """
    titles: dict[str, str] = {}
    if "xl/workbook.xml" in should:
        titles = sheet_titles(should)
        yield from _cells(has, should)
    charts = _charts(should, titles)
    yield from by_part(has, should, lambda part, one: _in_workbook(part, one, titles, charts), _full_value)


def _full_value(path: tuple[Element, ...], has: str, should: str) -> bool:
    """Numbers of cells and charts are kept in full; texts there, and indices of shared ones, are none."""
    if has == should:
        return True
    names = [plain_name(one.tag) for one in path]
    number = names[-1] == "v" and ("numCache" in names or (names[-2:] == ["c", "v"] and path[-2].get("t", "n") == "n"))
    return number and same_number(has, should)


def by_part(
    has: Mapping[str, bytes],
    should: Mapping[str, bytes],
    where: Callable[[str, Difference], str],
    same: Same = strictly,
) -> Iterator[str]:
    """Yield differences of all parts: what was added or hidden stands before what is written otherwise."""
    for part in should:
        if part not in has:
            yield f"part {part} is missing"
    for part in has:
        if part not in should:
            kind = next((name for word, name in FOREIGN.items() if word in part), "")
            yield f"part {part[:80]} belongs to no briefing{f': {kind}' if kind else ''}"
    differing = []
    for part in sorted(set(has) & set(should), key=_order):
        differing += _of_part(part, has[part], should[part], where, same) if has[part] != should[part] else []
    for _, words in sorted(differing, key=lambda one: one[0]):
        yield words


def _of_part(
    part: str, has: bytes, should: bytes, where: Callable[[str, Difference], str], same: Same
) -> list[tuple[bool, str]]:
    """Differences of a part, each with whether it can wait behind those of other parts."""
    if part.endswith((".xml", ".rels", ".vml")):
        try:
            all_of_it = list(islice(differences(parse_xml(has), parse_xml(should), same), OF_A_PART_LOOKED_AT))
        except (ParseError, ValueError) as error:
            return [(False, f"{part}: it cannot be read ({str(error)[:80]})")]
        all_of_it.sort(key=lambda one: not _is_urgent(one))
        sentences = [(not _is_urgent(one), f"{where(part, one)}: {one.words}") for one in all_of_it]
        return sentences[:OF_A_PART] + ([(True, f"{part}: and more")] if len(sentences) > OF_A_PART else [])
    if part.endswith(".png") and same_bitmap(has, should):
        return []
    if part.endswith(".xlsx"):
        # The data of a chart, which its user can edit.
        try:
            inside = list(islice(workbook_differences(unpack(has), unpack(should)), OF_A_PART))
        except ValueError as error:
            inside = [str(error)[:80]]
        return [(False, f"{where(part, Difference((), ''))}, data: {one}") for one in inside]
    wrong = "not the one drawn from these results" if part.endswith(".png") else "another file"
    return [(False, f"{where(part, Difference((), ''))} is {wrong}")]


def _is_urgent(difference: Difference) -> bool:
    """Return whether something was added, hidden or worded otherwise, rather than written otherwise."""
    words = difference.words
    if any(one.tag == f"{SHEET}row" for one in difference.path):
        # What cells hold has been compared before.
        return words.startswith("hidden is")
    return "was added" in words or "stands where" in words or words.startswith(("hidden is", "show is", "state is"))


def _order(part: str) -> tuple[int, int, str]:
    """What is read first stands first: slides, sheets, pictures; then what lies under them."""
    ranks = (
        "ppt/slides/slide",
        "xl/worksheets/sheet",
        "word/document.xml",
        "media/",
        "xl/charts/",
        "xl/workbook.xml",
        "ppt/presentation.xml",
    )
    rank = next((index for index, word in enumerate(ranks) if word in part), len(ranks))
    number = re.search(r"(\d+)\.\w+$", part)
    return rank, int(number[1]) if number else 0, part


def _on_slide(part: str, difference: Difference, shown: Mapping[str, str]) -> str:
    if part in shown:
        return shown[part]
    kind = re.fullmatch(r"ppt/(slides|notesSlides|slideLayouts|slideMasters)/\w+?(\d+)\.xml", part)
    if kind is None:
        return in_part(part, difference)
    where = {
        "slides": f"slide {kind[2]}",
        "notesSlides": f"notes of slide {kind[2]}",
        "slideLayouts": f"layout {kind[2]}, which slides show",
        "slideMasters": f"master {kind[2]}, which all slides show",
    }[kind[1]]
    shape = next((name for one in reversed(difference.path) if (name := _shape_name(one))), "")
    cell = _table_cell(difference.path)
    return ", ".join(filter(None, (where, f"shape {shape}" if shape else "", cell)))


def _shape_name(element: Element) -> str:
    """The name of a shape, a picture or a group; nothing for other elements."""
    if plain_name(element.tag) not in ("sp", "pic", "graphicFrame", "grpSp", "cxnSp"):
        return ""
    return next((own.get("name", "") for part in list(element)[:1] for own in part if own.tag.endswith("}cNvPr")), "")


def _table_cell(path: tuple[Element, ...]) -> str:
    """Row and column of a cell in a table of a slide, if the elements lead into one."""
    for above, row, cell in zip(path, path[1:], path[2:], strict=False):
        if cell.tag == f"{DRAWING}tc":
            rows, cells = (list(one.iter(tag)) for one, tag in ((above, f"{DRAWING}tr"), (row, f"{DRAWING}tc")))
            return f"row {rows.index(row) + 1}, column {cells.index(cell) + 1}"
    return ""


def _pictures(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Where each picture, chart and chart's data of slides is shown, by the name of its part."""
    pictures: dict[str, str] = {}
    for part in parts:
        if number := re.fullmatch(r"ppt/slides/slide(\d+)\.xml", part):
            targets = linked(parts, part)
            for picture in parse_xml(parts[part]).iter():
                kind = "chart" if plain_name(picture.tag) == "graphicFrame" else "picture"
                for one in picture.iter() if _shape_name(picture) else ():
                    link = next((value for name, value in one.items() if name.endswith(("}embed", "}id"))), None)
                    if link in targets:
                        where = f"slide {number[1]}, {kind} {_shape_name(picture)}"
                        pictures[targets[link]] = where
                        pictures |= dict.fromkeys(linked(parts, targets[link]).values(), where)
    return pictures


def in_part(part: str, difference: Difference) -> str:
    """Return the place of a difference by its part and element."""
    element = f", <{plain_name(difference.path[-1].tag)}>" if difference.path else ""
    return f"{part}{element}"


def _in_workbook(part: str, difference: Difference, titles: Mapping[str, str], charts: Mapping[str, str]) -> str:
    if part in titles:
        cell = next((one.get("r") for one in reversed(difference.path) if one.tag == f"{SHEET}c"), None)
        return f"sheet {titles[part]}" if cell is None else f"{titles[part]}!{cell}"
    return charts.get(part) or in_part(part, difference)


def _cells(has: Mapping[str, bytes], should: Mapping[str, bytes]) -> Iterator[str]:
    """What a reader sees otherwise in sheets and cells, in their order: values first, then looks."""
    try:
        titles = [_states(parts) for parts in (has, should)]
        shown = [dict(_shown(parts)) for parts in (has, should)]
    except (ParseError, ValueError, KeyError, IndexError):
        # What cannot be read is reported with its part.
        return
    for title in dict.fromkeys([*titles[1], *titles[0]]):
        state, wanted_state = (states.get(title) for states in titles)
        if state != wanted_state:
            change = "was added" if wanted_state is None else "is missing" if state is None else f"is {state}"
            yield f"sheet {title[:31]} {change}"
    looks = []
    for where in dict.fromkeys([*shown[1], *shown[0]]):
        if not all(where.rpartition("!")[0] in states for states in titles):
            continue
        (value, look), (wanted, wanted_look) = (cells.get(where, ("", {})) for cells in shown)
        if value != wanted and not same_number(value, wanted):
            yield f"{where}: {contrast(value, wanted)}"
        elif value and wanted:
            looks += [
                f"{where}: its {name} is {look[name][:60]!r} and should be {wanted_look[name]!r}"
                for name in wanted_look
                if look[name] != wanted_look[name]
            ]
    yield from looks


def _states(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Whether each sheet is visible, by its title."""
    return {
        sheet.get("name", ""): sheet.get("state", "visible")
        for sheet in parse_xml(parts["xl/workbook.xml"]).iter(f"{SHEET}sheet")
    }


def _shown(parts: Mapping[str, bytes]) -> Iterator[tuple[str, tuple[str, dict[str, str]]]]:
    """Values and looks of all cells that hold something, by sheet and cell."""
    shared, looks = shared_texts(parts), _looks(parse_xml(parts["xl/styles.xml"]))
    for part, title in sheet_titles(parts).items():
        for cell in parse_xml(parts[part]).iter(f"{SHEET}c") if part in parts else ():
            if value := cell_value(cell, shared):
                yield f"{title}!{cell.get('r')}", (value, looks[int(cell.get("s", "0"))])


def _looks(styles: Element) -> list[dict[str, str]]:
    """Number format and colours of each style of a workbook."""
    codes = BUILT_IN | {str(one.get("numFmtId")): one.get("formatCode", "") for one in styles.iter(f"{SHEET}numFmt")}
    fonts, fills, styled = (styles.find(f"{SHEET}{name}") for name in ("fonts", "fills", "cellXfs"))
    if fonts is None or fills is None or styled is None:
        return []
    colours = [[_colour(one, tag) for one in kind] for kind, tag in ((fonts, "color"), (fills, "fgColor"))]
    return [
        {
            "number format": codes.get(str(one.get("numFmtId")), str(one.get("numFmtId"))),
            "colour of letters": colours[0][int(one.get("fontId", "0"))],
            "colour": colours[1][int(one.get("fillId", "0"))],
        }
        for one in styled
    ]


def _colour(element: Element, tag: str) -> str:
    """A colour as six hexadecimal digits, which programs write with or without a first pair of them."""
    colour = next(element.iter(f"{SHEET}{tag}"), None)
    if colour is None:
        return ""
    return (colour.get("rgb") or f"theme {colour.get('theme')}")[-6:].upper()


def _charts(parts: Mapping[str, bytes], titles: Mapping[str, str]) -> dict[str, str]:
    """What a message calls each chart of a workbook."""
    charts = {}
    for sheet, title in titles.items():
        drawings = linked(parts, sheet).values()
        for chart in (chart for drawing in drawings for chart in linked(parts, drawing).values()):
            heading = next((one.text for one in parse_xml(parts[chart]).iter(f"{DRAWING}t")), "")
            charts[chart] = f"sheet {title}, chart {heading!r}"
        charts |= {drawing: f"sheet {title}, place of its charts" for drawing in drawings}
    return charts
