"""What a briefing says, as data: sections of text, tables and pictures, in which every number knows its result.

The writers only lay this out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Literal, NamedTuple

Medium = Literal["page", "slides", "workbook", "report", "note", "note pdf"]

#: Where a block is shown unless it says otherwise; the report shows what the page does, and the note is a text apart.
EVERYWHERE: Final[frozenset[Medium]] = frozenset({"page", "slides", "workbook"})
PAGE_AND_WORKBOOK: Final[frozenset[Medium]] = frozenset({"page", "workbook"})
PAGE_AND_SLIDES: Final[frozenset[Medium]] = frozenset({"page", "slides"})
PAGE_ONLY: Final[frozenset[Medium]] = frozenset({"page"})
SLIDES_ONLY: Final[frozenset[Medium]] = frozenset({"slides"})
WORKBOOK_ONLY: Final[frozenset[Medium]] = frozenset({"workbook"})


#: The section before which advice stands.
BEFORE: Final = "assumptions"
#: Colours of cells, by tone, as six hexadecimal digits.
TONE_COLOURS: Final = {"good": "DFF0E4", "open": "FBF2D0", "bad": "F8DFD8"}


@dataclass(frozen=True)
class Number:
    """One result as it is shown.

    Examples
    --------
    >>> Number("rate", 0.7714, ".1f", 0.01).text
    '77.1'
    """

    #: Among the results, such as ``targets/plan/.../median``.
    key: str
    #: In the unit that results are kept in.
    value: float
    #: As in `format`.
    form: str = ".1f"
    #: How many of the kept unit one of the shown unit stands for.
    scale: float = 1.0

    @property
    def shown(self) -> float:
        """The value in the unit shown."""
        return self.value / self.scale

    @property
    def text(self) -> str:
        """The value as it is written; what rounds to nothing has no sign."""
        written = format(self.shown, self.form)
        nothing = not any(digit in written for digit in "123456789")
        return written.lstrip("+-") if nothing else written


@dataclass(frozen=True)
class Name:
    """Words that stand in a file of the project, such as a target's title; digits in them are no results."""

    text: str


#: Words hold no digits: what is a number is a `Number`, and what is called by one is a `Name`.
Run = str | Number | Name
Text = tuple[Run, ...]


def plain(text: Text) -> str:
    """Return a text as it is read.

    Examples
    --------
    >>> plain(("about ", Number("n", 3.0, ".0f"), " km"))
    'about 3 km'
    """
    return "".join(run if isinstance(run, str) else run.text for run in text)


class Part(NamedTuple):
    """What a workbook has in a column of its own of a cell that is written of several numbers."""

    #: What is added to the heading of the column; nothing for the part that the heading is of.
    heading: Text
    text: Text
    #: Whether it is a share that is shown in percent.
    share: bool = False


class Measure(tuple[Run, ...]):
    """A text such as an interval, with the parts that a workbook keeps as numbers.

    Examples
    --------
    >>> interval = Measure(("1 to 2",), [Part(("low",), (Number("a", 1.0),)), Part(("high",), (Number("b", 2.0),))])
    >>> plain(interval), [plain(part.text) for part in interval.parts]
    ('1 to 2', ['1.0', '2.0'])
    """

    parts: tuple[Part, ...]

    def __new__(cls, text: Text, parts: Iterable[Part]) -> Measure:
        """Keep the parts beside the text."""
        measure = super().__new__(cls, text)
        measure.parts = tuple(parts)
        return measure

    def __getnewargs__(self) -> tuple[Text, tuple[Part, ...]]:
        """Return what it is made from, for another process."""
        return tuple(self), self.parts


@dataclass(frozen=True)
class Paragraph:
    """One paragraph; `strong` for what stands out."""

    id: str
    text: Text
    where: frozenset[Medium] = EVERYWHERE
    strong: bool = False


@dataclass(frozen=True)
class Plot:
    """A chart of a table's columns that the workbook draws itself: years across, lines for the rest."""

    title: str
    #: Columns drawn as lines, the first of them bold.
    lines: tuple[int, ...]
    #: Columns drawn as marks, such as targets.
    marks: tuple[int, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of texts; a cell that is one `Number` is a number in the workbook, too."""

    id: str
    title: Text
    columns: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    where: frozenset[Medium] = EVERYWHERE
    #: Columns whose cells stand at the right.
    numeric: frozenset[int] = frozenset()
    #: Relative widths of the columns.
    widths: tuple[float, ...] = ()
    #: Colour of a cell by row and column, counted from zero.
    tones: Mapping[tuple[int, int], str] = field(default_factory=dict)
    plots: tuple[Plot, ...] = ()
    #: Where the numbers come from, for the workbook.
    source: Text = ()


@dataclass(frozen=True)
class Picture:
    """One chart by its name; the files are drawn apart."""

    id: str
    name: str
    scenario: str | None
    alt: str
    where: frozenset[Medium] = PAGE_AND_SLIDES


@dataclass(frozen=True)
class Line:
    """One series of a chart, with a value or none for each category."""

    name: Text
    values: tuple[Number | None, ...]
    #: A line with its bands, a bar, or dots alone.
    look: Literal["line", "bar", "dots"] = "line"
    #: Ends of intervals from the outermost to the innermost and back: two or four series.
    bands: tuple[tuple[Number | None, ...], ...] = ()
    #: Tone of each bar; all are of the series' colour without.
    tones: tuple[str, ...] = ()
    #: What stands before the value of each bar, such as "<" where it is a bound; nothing without.
    signs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A chart that the program which shows a slide draws itself, from data that its user can edit."""

    id: str
    title: Text
    unit: Text
    categories: tuple[Text, ...]
    lines: tuple[Line, ...]
    #: Names of the wide and of the narrow band, where there are bands.
    bands: tuple[Text, ...] = ()
    where: frozenset[Medium] = SLIDES_ONLY
    #: Least and greatest of the value axis; None where the program may choose.
    least: float | None = None
    most: float | None = None
    #: How many shares of the slide's width it takes beside others.
    share: float = 1.0


Block = Paragraph | Table | Picture | Chart


@dataclass(frozen=True)
class Section:
    """One topic: its name, what is to be taken from it, and what that rests on."""

    id: str
    title: str
    takeaway: Text
    blocks: tuple[Block, ...] = ()
    #: What a speaker says on its slide, in sentences.
    notes: Text = ()


@dataclass(frozen=True)
class Imprint:
    """Whose document it is and of which day, as given; what is empty is left to be filled in by hand."""

    unit: str = ""
    #: As in 2026-11-29.
    dated: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """What of it was given, for the manifest."""
        return {name: fact for name, fact in (("unit", self.unit), ("dated", self.dated)) if fact}

    def day(self, language: str) -> str:
        """Return the date as a document writes it.

        Examples
        --------
        >>> Imprint(dated="2026-03-09").day("zh"), Imprint(dated="2026-03-09").day("en")
        ('2026年3月9日', '9 March 2026')
        """
        if not self.dated:
            return ""
        day = date.fromisoformat(self.dated)
        return f"{day.year}年{day.month}月{day.day}日" if language == "zh" else f"{day.day} {day:%B} {day.year}"


@dataclass(frozen=True)
class Briefing:
    """All sections in order, with the manifest of what they were made from."""

    language: str
    title: Text
    subtitle: Text
    sections: tuple[Section, ...]
    #: Facts by name, as text, from which the same briefing can be made again.
    manifest: Mapping[str, str] = field(default_factory=dict)
    #: What the results suggest doing, among the other sections where `topics` has it.
    advice: Section | None = None
    #: The text of one page.
    note: tuple[Section, ...] = ()
    #: Who signs it, and when.
    imprint: Imprint = field(default_factory=lambda: Imprint())

    @property
    def topics(self) -> tuple[Section, ...]:
        """The sections with the advice behind what it rests on, and before what the model assumes."""
        if self.advice is None:
            return self.sections
        place = next((at for at, one in enumerate(self.sections) if one.id == BEFORE), len(self.sections))
        return (*self.sections[:place], self.advice, *self.sections[place:])


def signed(briefing: Briefing, imprint: Imprint) -> Briefing:
    """Return a briefing with a unit and a date, which its manifest states, too."""
    return replace(briefing, imprint=imprint, manifest={**briefing.manifest, **imprint.facts})


def texts_of(block: Block) -> Iterator[tuple[str, Text]]:
    """Yield the texts of a block with the position of each.

    Examples
    --------
    >>> list(texts_of(Paragraph("answer.a", ("yes",))))
    [('answer.a', ('yes',))]
    """
    if isinstance(block, Paragraph):
        yield block.id, block.text
    elif isinstance(block, Table):
        yield f"{block.id}.title", block.title
        for column, heading in enumerate(block.columns, 1):
            yield f"{block.id}[0,{column}]", heading
        for row, cells in enumerate(block.rows, 1):
            for column, cell in enumerate(cells, 1):
                yield f"{block.id}[{row},{column}]", cell
    elif isinstance(block, Chart):
        yield f"{block.id}.title", block.title
        yield f"{block.id}.unit", block.unit
        for number, category in enumerate(block.categories, 1):
            yield f"{block.id}.category {number}", category
        for name in (*block.bands, *(line.name for line in block.lines)):
            yield f"{block.id}.series", name
        for line in block.lines:
            for values in (line.values, *line.bands):
                yield from ((f"{block.id}.value", (value,)) for value in values if value is not None)


def every_text(briefing: Briefing) -> Iterator[tuple[str, Text]]:
    """Yield every text of a briefing with its position, in order.

    Examples
    --------
    >>> list(every_text(Briefing("en", ("Title",), (), ())))
    [('title', ('Title',)), ('subtitle', ())]
    """
    yield "title", briefing.title
    yield "subtitle", briefing.subtitle
    for section in (*briefing.sections, *([briefing.advice] if briefing.advice else ()), *briefing.note):
        yield f"{section.id}.takeaway", section.takeaway
        yield f"{section.id}.notes", section.notes
        for block in section.blocks:
            yield from texts_of(block)


def find_mistakes(briefing: Briefing, results: Mapping[str, float]) -> list[str]:
    """Return what in a briefing's content does not come from the results by key, in words; nothing when all does.

    Examples
    --------
    >>> find_mistakes(Briefing("en", ("In ", Number("year", 2024.0, ".0f")), ("99 %",), ()), {"year": 2025})
    ['title: year is 2025 in the results, not 2024', "subtitle: a number is typed in '99 %'"]
    """
    mistakes = []
    for position, text in every_text(briefing):
        for run in text:
            if isinstance(run, str) and any(letter.isdecimal() for letter in run):
                mistakes.append(f"{position}: a number is typed in {run!r}")
            if not isinstance(run, Number):
                continue
            if run.key not in results:
                mistakes.append(f"{position}: there is no result {run.key}")
            elif not math.isclose(results[run.key], run.value, rel_tol=1e-12, abs_tol=0.0):
                mistakes.append(
                    f"{position}: {run.key} is {results[run.key]:.10g} in the results, not {run.value:.10g}"
                )
    return mistakes
