"""The text of one page broken into lines, in the largest letters in which it fits on the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from analysis.briefing.content import Briefing, Paragraph, Table, plain
from analysis.briefing.words import word
from analysis.briefing.writing.lines import POINT, SANS, SERIF, WORD, broken
from analysis.briefing.writing.word_file import PAGE, numbered

#: Millimetres of the margins: top, right, bottom, left.
MARGINS: Final = (24.0, 25.0, 20.0, 25.0)
#: Points of letters of running text that are tried, from the largest; the smallest can still be read.
SIZES: Final = tuple(16.0 - 0.5 * step for step in range(17))
TITLE: Final = 22.0
#: The section whose paragraphs are numbered.
ADVICE: Final = "note.advice"
#: Lines to a letter's height, by language; in tables; and empty room in millimetres beside the letters of a cell.
PITCH: Final = {"zh": 1.6, "en": 1.35}
CELL_PITCH, CELL_SIDE, CELL_ABOVE = 1.35, 1.0, 0.8
#: What Word needs beyond what is measured, as its Latin letters and the breaks of its lines are its own.
SPARE_LINES: Final = 2.0


@dataclass(frozen=True)
class Line:
    """One line, or one row of the table, with where it begins, in millimetres from the left and down."""

    kind: str
    height: float
    #: Text by column; one for a line of words.
    cells: tuple[tuple[str, ...], ...] = ()
    #: Whether the line is the first or the last of its paragraph.
    first: bool = False
    last: bool = False
    tones: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """The page in one size of letters."""

    size: float
    lines: tuple[Line, ...]
    #: Millimetres from one line of running text to the next.
    pitch: float
    #: Millimetres of the columns of the table.
    widths: tuple[float, ...]

    @property
    def height(self) -> float:
        """Millimetres that it takes."""
        return sum(line.height for line in self.lines)


def fit(briefing: Briefing, *, in_word: bool = False) -> Layout:
    """Return the page in the largest letters in which it fits; in the smallest if it fits in none."""
    room, spare = PAGE[1] - MARGINS[0] - MARGINS[2], SPARE_LINES if in_word else 0.0
    layouts = [lay_out(briefing, size, in_word=in_word) for size in SIZES]
    return next((one for one in layouts if one.height + spare * one.pitch <= room), layouts[-1])


def lay_out(briefing: Briefing, size: float, *, in_word: bool = False) -> Layout:
    """Return the page in letters of so many points, in the fonts of the PDF or of Word."""
    across = PAGE[0] - MARGINS[1] - MARGINS[3]
    pitch = size * PITCH[briefing.language] * POINT
    table = next(block for section in briefing.note for block in section.blocks if isinstance(block, Table))
    widths = tuple(across * share / sum(table.widths) for share in table.widths)
    return Layout(
        size,
        tuple(_lines(briefing, size, across, pitch, widths, (WORD, WORD) if in_word else (SANS, SERIF))),
        pitch,
        widths,
    )


def _lines(
    briefing: Briefing, size: float, across: float, pitch: float, widths: tuple[float, ...], fonts: tuple[str, str]
) -> Iterator[Line]:
    heavy, light = fonts
    chinese = briefing.language == "zh"
    indent = 2 * size * POINT if chinese else 0.0
    yield Line("title", TITLE * 1.5 * POINT, ((word("note.title", briefing.language),),))
    yield Line("imprint", pitch * 1.3)
    yield Line("gap", 2.0)
    for text in broken(plain(briefing.subtitle), across, size - 1, light):
        yield Line("subtitle", pitch, ((text,),))
    for number, section in enumerate(briefing.note):
        yield Line("heading", pitch * 1.25, ((numbered(number, section.title, briefing.language),),))
        for place, block in enumerate(section.blocks, 1):
            if isinstance(block, Table):
                yield from _rows(block, size - 1.5, widths, fonts)
            elif isinstance(block, Paragraph):
                face = heavy if block.strong else light
                point = f"{place}. " if section.id == ADVICE else ""
                texts = broken(point + plain(block.text), across, size, face, indent)
                for number, text in enumerate(texts):
                    end = number == len(texts) - 1
                    # Between English paragraphs there is some air, as none is indented.
                    air = pitch * 0.3 if end and not chinese else 0.0
                    kind = "strong" if block.strong else "text"
                    yield Line(kind, pitch + air, ((text,),), number == 0, end)


def _rows(table: Table, size: float, widths: Sequence[float], fonts: tuple[str, str]) -> Iterator[Line]:
    yield Line("gap", 1.0)
    for number, row in enumerate([table.columns, *table.rows]):
        face = fonts[0] if number == 0 else fonts[1]
        cells = tuple(
            tuple(broken(plain(text), width - 2 * CELL_SIDE, size, face))
            for text, width in zip(row, widths, strict=True)
        )
        height = max(map(len, cells)) * size * CELL_PITCH * POINT + 2 * CELL_ABOVE
        tones = tuple(table.tones.get((number - 1, column), "") if number else "" for column in range(len(row)))
        yield Line("row" if number else "head", height, cells, tones=tones)
    yield Line("gap", 1.5)
