"""Which blocks stand on which slide, worked out from how much room their words take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import ceil
from typing import Final
from unicodedata import east_asian_width

from analysis.briefing.content import Block, Paragraph, Picture, Section, Table, Text, plain

#: Inches of a slide, and of the part of it that holds blocks.
WIDTH, HEIGHT, MARGIN, TOP, BOTTOM = 13.333, 7.5, 0.55, 1.4, 6.95
BODY: Final = WIDTH - 2 * MARGIN
GAP: Final = 0.16
#: Points of letters in paragraphs, strong ones and tables.
PLAIN, STRONG, CELLS = 16.0, 18.0, 11.5
LINE: Final = 1.32
#: Inches of empty room left, above and below the words of a cell together, and at its sides.
CELL_HEIGHT, CELL_WIDTH = 0.1, 0.16


@dataclass(frozen=True)
class Placed:
    """A block, or some rows of a table, with the inches it takes."""

    block: Block
    height: float
    first: int = 0
    last: int = 0


def pages(section: Section) -> Iterator[list[Placed]]:
    """Yield what stands on each slide of a section; a picture has its slide, with the words that follow it."""
    shown = [block for block in section.blocks if "slides" in block.where]
    page: list[Placed] = []
    room = BOTTOM - TOP
    for index, block in enumerate(shown):
        follows = index > 0 and isinstance(shown[index - 1], Picture) and isinstance(block, Paragraph)
        if page and (isinstance(block, Picture) or (isinstance(page[0].block, Picture) and not follows)):
            yield page
            page, room = [], BOTTOM - TOP
        after = _words_after(shown, index)
        for part in _split(block, room, after):
            needed = part.height + (after if isinstance(block, Table) and part.last == len(block.rows) else 0.0)
            if page and needed > room:
                yield page
                page, room = [], BOTTOM - TOP
            page.append(part)
            room -= 0.0 if isinstance(block, Picture) else part.height + GAP
    if page:
        yield page


def picture_rooms(section: Section) -> dict[str, tuple[float, float]]:
    """Return the inches, across and down, that each picture of a section has on its slide, by the picture's id.

    Examples
    --------
    >>> chart = Picture("a.chart", "districts", "plan", "Districts")
    >>> width, height = picture_rooms(Section("a", "A", (), (chart,)))["a.chart"]
    >>> round(width, 2), round(height, 2)
    (12.23, 5.55)
    """
    rooms = {}
    for page in pages(section):
        for index, part in enumerate(page):
            if isinstance(part.block, Picture):
                others = sum(other.height + GAP for other in (*page[:index], *page[index + 1 :]))
                rooms[part.block.id] = (BODY, BOTTOM - TOP - others)
    return rooms


def paragraph_height(paragraph: Paragraph) -> float:
    """Return the inches that a paragraph takes."""
    size = STRONG if paragraph.strong else PLAIN
    return lines(paragraph.text, BODY - 0.3 * paragraph.strong, size) * size * LINE / 72 + 0.3 * paragraph.strong


def row_height(cells: Sequence[Text], widths: Sequence[float]) -> float:
    """Return the inches that a row of a table takes."""
    most = max(lines(cell, width - CELL_WIDTH, CELLS) for cell, width in zip(cells, widths, strict=True))
    return most * CELLS * 1.22 / 72 + CELL_HEIGHT


def column_widths(table: Table) -> list[float]:
    """Return the inches of each column."""
    shares = table.widths or (1.6, *[1.0] * (len(table.columns) - 1))
    return [BODY * share / sum(shares) for share in shares]


def lines(text: Text, width: float, size: float) -> int:
    """Return how many lines a text takes in so many inches, a Chinese character being as wide as it is high.

    Examples
    --------
    >>> lines(("济南",), 1.0, 36.0)
    1
    """
    ems = sum(1.0 if east_asian_width(letter) in "WF" else 0.54 for letter in plain(text))
    return max(1, ceil(ems * size / 72 / width))


def _words_after(blocks: Sequence[Block], index: int) -> float:
    """Inches of the paragraphs that follow a block: those on a table stand on its slide, never alone on one."""
    words = takewhile(lambda block: isinstance(block, Paragraph), blocks[index + 1 :])
    return sum(paragraph_height(block) + GAP for block in words if isinstance(block, Paragraph))


def _split(block: Block, room: float, after: float) -> Iterator[Placed]:
    """A block as one part, or a table in as many as slides need; rows are never fewer than three at an end."""
    if isinstance(block, Picture):
        yield Placed(block, 0.0)
    elif isinstance(block, Paragraph):
        yield Placed(block, paragraph_height(block))
    else:
        widths = column_widths(block)
        heights = [row_height(row, widths) for row in block.rows]
        head = row_height(block.columns, widths) + 0.34
        # On what is left of this slide if all fits, otherwise on fresh ones, evenly.
        if head + sum(heights) + after <= room:
            yield Placed(block, head + sum(heights), 0, len(heights))
            return
        count = ceil((sum(heights) + after) / (BOTTOM - TOP - head))
        wanted, first, height = (sum(heights) + after) / count, 0, 0.0
        for row, own in enumerate(heights):
            full = height + own > BOTTOM - TOP - head
            if row > first and (full or (height >= wanted and row < len(heights) - 2)):
                yield Placed(block, head + height, first, row)
                first, height = row, 0.0
            height += own
        yield Placed(block, head + height, first, len(heights))
