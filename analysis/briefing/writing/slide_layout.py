"""Where the blocks of a section stand on its one slide, worked out from how much room their words take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import ceil
from typing import Final
from unicodedata import east_asian_width

from analysis.briefing.content import Block, Chart, Paragraph, Picture, Section, Table, Text, plain
from analysis.briefing.writing.lines import BETWEEN

#: Inches of a slide, and of the part of it that holds blocks.
WIDTH, HEIGHT, MARGIN, TOP, BOTTOM = 13.333, 7.5, 0.55, 1.4, 6.95
BODY: Final = WIDTH - 2 * MARGIN
GAP: Final = 0.16
#: Points of letters in paragraphs, strong ones and tables.
PLAIN, STRONG, CELLS = 15.0, 17.0, 12.0
LINE: Final = 1.32
#: Inches of empty room left, above and below the words of a cell together, and at its sides.
CELL_HEIGHT, CELL_WIDTH = 0.12, 0.16
#: How much more room sentences take than their letters, as lines end before what cannot be parted.
UNEVEN: Final = 1.04
#: Points of letters that titles may have, the largest first, and the lines for which there is room.
TITLES: Final = (24.0, 22.0, 20.0)
TITLE_LINES: Final = 2
#: Rows of a table that an audience reads; the workbook has the others.
ROWS: Final = 8


@dataclass(frozen=True)
class Placed:
    """A block with the inches from the left and the top, and those it takes across and down."""

    block: Block
    box: tuple[float, float, float, float]


def placed(section: Section) -> list[Placed]:
    """Return what stands on the slide of a section; nothing where it has none.

    Charts stand beside each other, a picture has the whole width, and both take what words and tables leave.
    """
    shown = [block for block in section.blocks if "slides" in block.where]
    rows = [list(row) for _, row in groupby(shown, lambda block: "" if isinstance(block, Chart) else block.id)]
    fixed = [_height(row[0]) for row in rows]
    left = BOTTOM - TOP - GAP * (len(rows) - 1) - sum(height or 0.0 for height in fixed)
    stretched = sum(height is None for height in fixed)
    top, places = TOP, list[Placed]()
    for row, own in zip(rows, fixed, strict=True):
        height = left / stretched if own is None else own
        shares = [block.share if isinstance(block, Chart) else 1.0 for block in row]
        room, start = BODY - GAP * (len(row) - 1), MARGIN
        for block, share in zip(row, shares, strict=True):
            width = room * share / sum(shares)
            places.append(Placed(block, (start, top, width, height)))
            start += width + GAP
        top += height + GAP
    return places


def picture_rooms(section: Section) -> dict[str, tuple[float, float]]:
    """Return the inches, across and down, that each picture of a section has on its slide, by the picture's id.

    Examples
    --------
    >>> chart = Picture("a.chart", "districts", "plan", "Districts")
    >>> width, height = picture_rooms(Section("a", "A", (), (chart,)))["a.chart"]
    >>> round(width, 2), round(height, 2)
    (12.23, 5.55)
    """
    return {one.block.id: one.box[2:] for one in placed(section) if isinstance(one.block, Picture)}


def paragraph_height(paragraph: Paragraph) -> float:
    """Return the inches that a paragraph takes."""
    size = STRONG if paragraph.strong else PLAIN
    return (
        lines(paragraph.text, (BODY - 0.3 * paragraph.strong) / UNEVEN, size) * size * LINE / 72
        + 0.3 * paragraph.strong
    )


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
    shown = plain(text)
    ems = sum(1.0 if _is_wide(letter) else 0.5 for letter in shown)
    # Some programs leave a gap between a Chinese character and a letter or digit.
    ems += BETWEEN * sum(_is_wide(one) != _is_wide(other) for one, other in pairwise(shown))
    return max(1, ceil(ems * size / 72 / width))


def title_size(takeaway: Text) -> float:
    """Return the points of the letters of a title: as large as lets it have one line, and two lines otherwise.

    Examples
    --------
    >>> title_size(("济南",)), title_size(("济南" * 20,)), title_size(("济南" * 40,))
    (24.0, 20.0, 20.0)
    """
    size = next((size for size in TITLES if lines(takeaway, BODY / UNEVEN, size) == 1), TITLES[0])
    return size if lines(takeaway, BODY / UNEVEN, size) <= TITLE_LINES else TITLES[-1]


def _is_wide(letter: str) -> bool:
    return east_asian_width(letter) in "WF"


def _height(block: Block) -> float | None:
    """Inches that a block takes; None for what fills the room that is left."""
    if isinstance(block, Paragraph):
        return paragraph_height(block)
    if isinstance(block, Table):
        widths = column_widths(block)
        return 0.34 + sum(row_height(row, widths) for row in (block.columns, *block.rows[:ROWS]))
    return None
