"""The briefing as a workbook: a sheet for each topic, numbers in full, and charts that Excel draws itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from math import ceil
from typing import Any, Final

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_range_abs

from analysis.briefing import content
from analysis.briefing.content import Briefing, Measure, Number, Paragraph, Part, Table, Text, plain
from analysis.briefing.words import say, word
from analysis.briefing.writing.lines import FIRST_CHINESE
from analysis.briefing.writing.strip_dates import EPOCH

#: The font that machines with Excel have, for both languages.
FONT: Final = "Microsoft YaHei"
#: Rows above the first block of a sheet: topic and takeaway, which stay in sight.
TOP: Final = 3
#: Names of ranges: of blocks (the start), of the manifest, and of the list of result keys.
RANGES, MANIFEST, KEYS = "block_", "manifest", "result_keys"
WIDEST: Final = 46
#: Letters of a column that its heading alone may make it wide.
NARROW: Final = 15.0
#: Letters in a line of words, and points of its height.
TEXT_WIDTH, LINE = 110.0, 16.0
CHART_ROWS: Final = 18
#: Pixels of a chart, and of a letter; inches of a page of A4 between its margins.
CHART: Final = (620, 20 * CHART_ROWS - 10)
PIXELS: Final = 7.5
#: How much wider columns are printed by programs that lack the font.
WIDER: Final = 1.12
PAPER: Final = 10.2
#: Inches of its height, below the rows that each page repeats.
DEEP: Final = 6.0


def workbook(briefing: Briefing) -> bytes:
    """Return the workbook; each block of a sheet is a named range, so that it can be found again."""
    file = BytesIO()
    book = Workbook(file, {"in_memory": True})
    book.set_properties({"title": plain(briefing.title), "created": EPOCH})
    writer = _Writer(book)
    for section in briefing.topics:
        if any("workbook" in block.where for block in section.blocks):
            writer.section(section, briefing)
    writer.keys(briefing)
    writer.manifest(briefing)
    book.close()
    return file.getvalue()


class _Writer:
    """Formats and the sheet at hand, as XlsxWriter keeps them in the book."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def format(self, **look: Any) -> Any:
        base = {"font_name": FONT, "font_size": 10, "valign": "top", **look}
        key = tuple(sorted(base.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(base)
        return self.formats[key]

    def section(self, section: content.Section, briefing: Briefing) -> None:
        sheet = self.book.add_worksheet(section.title[:31])
        sheet.hide_gridlines(2)
        # On paper: A4, as wide as a sheet is.
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        shown = [
            spread(block) if isinstance(block, Table) else block
            for block in section.blocks
            if "workbook" in block.where
        ]
        tables = [block for block in shown if isinstance(block, Table)]
        widths = self._columns(sheet, tables)
        sheet.write_string(0, 0, section.title, self.format(font_color="#5B6673"))
        self._name(sheet, f"{section.id}.takeaway", 1, 1, 1)
        sheet.write_string(1, 0, plain(section.takeaway), self.format(bold=True, font_size=13, font_color="#0B4F8A"))
        # A first table keeps its headings in sight and on each page; among words only the topic can stay.
        above = TOP + 2 if isinstance(shown[0], Table) else TOP - 1
        sheet.freeze_panes(above, 1 if tables else 0)
        # On paper they would stand above the rows of other tables, too.
        sheet.repeat_rows(0, (above if len(tables) == 1 else TOP - 1) - 1)
        self._foot(sheet, briefing)
        row, plotted, starts = TOP, list[int](), list[int]()
        for block in shown:
            if isinstance(block, Spread):
                starts.append(row)
                if block.plots:
                    plotted.append(row)
                row = self._table(sheet, block, row, briefing.language, widths)
            elif isinstance(block, Paragraph):
                self._name(sheet, block.id, row, row, 1)
                self._paragraph(sheet, row, plain(block.text), widths)
                row += 1
            row += 1
        if plotted:
            # Excel heeds breaks only where pages are scaled by hand; two charts fill a page.
            charted = max(len(table.columns) for table in tables if table.plots) + 1
            pixels = max(PIXELS * sum(widths), PIXELS * sum(widths[:charted]) + CHART[0] + 40)
            self._scale(sheet, pixels, plotted[::2])
        elif len(tables) > 1:
            # A table that the page has no room for begins a page.
            scale = min(1.0, 96 * PAPER / (PIXELS * sum(widths)))
            room, breaks, top = DEEP * 72 / LINE / scale, list[int](), 0
            for start, end in zip(starts, [*starts[1:], row], strict=True):
                if end - top > room and start > TOP:
                    breaks.append(start)
                    top = start
            if breaks:
                self._scale(sheet, PIXELS * sum(widths), breaks)

    def _scale(self, sheet: Any, pixels: float, breaks: list[int]) -> None:
        """Print a sheet as wide as a page, with pages that begin at some rows."""
        sheet.set_print_scale(max(10, min(100, int(100 * PAPER * 96 / (WIDER * pixels)))))
        sheet.set_h_pagebreaks(breaks)

    def keys(self, briefing: Briefing) -> None:
        """List every result in the briefing, in the units that results are kept in."""
        numbers = {
            run.key: run.value for _, text in content.every_text(briefing) for run in text if isinstance(run, Number)
        }
        sheet = self._list("workbook.keys", ("workbook.key", "workbook.value"), (90, 22), briefing)
        # For --verify and other programs: some seventy pages of names that no reader wants to see or to print.
        sheet.hide()
        self.book.define_name(KEYS, f"={_quoted(sheet)}!{xl_range_abs(0, 0, len(numbers), 1)}")
        for row, (key, value) in enumerate(sorted(numbers.items()), 1):
            sheet.write_string(row, 0, key, self.format())
            sheet.write_number(row, 1, value, self.format())

    def manifest(self, briefing: Briefing) -> None:
        sheet = self._list("manifest.section", ("manifest.field", "manifest.value"), (22, 110), briefing)
        self.book.define_name(MANIFEST, f"={_quoted(sheet)}!{xl_range_abs(1, 0, len(briefing.manifest), 1)}")
        for row, (name, fact) in enumerate(briefing.manifest.items(), 1):
            sheet.write_string(row, 0, name, self.format())
            sheet.write_string(row, 1, fact, self.format(text_wrap=True))
            sheet.set_row(row, LINE * max(1, ceil(_letters(fact) / (0.9 * TEXT_WIDTH))))
        sheet.write_string(len(briefing.manifest) + 2, 0, word("manifest.note", briefing.language), self.format())

    def _list(self, title: str, headings: tuple[str, str], widths: tuple[int, int], briefing: Briefing) -> Any:
        """A sheet of two columns with headings that stay in sight."""
        language = briefing.language
        sheet = self.book.add_worksheet(word(title, language)[:31])
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        self._foot(sheet, briefing)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, [word(heading, language) for heading in headings], self.format(bold=True, bottom=1))
        return sheet

    def _foot(self, sheet: Any, briefing: Briefing) -> None:
        """What a printed page says below: title and source at the left, its number at the right."""
        version = content.Name(briefing.manifest.get("model_hash", ""))
        facts = plain(say("workbook.model", briefing.language, version=version))
        source = f"{plain(briefing.title)} · {word('workbook.source', briefing.language)}{facts}".replace("&", "&&")
        sheet.set_footer(f"&L&8{source}&R&8{word('workbook.page', briefing.language)}")

    def _columns(self, sheet: Any, tables: Sequence[Table]) -> list[float]:
        """Set and return the widths of the columns, wide enough together for words where there are no tables."""
        if not tables:
            sheet.set_column(0, 0, TEXT_WIDTH)
            return [TEXT_WIDTH]
        widths = []
        for column in range(max(len(table.columns) for table in tables)):
            texts = [plain(row[column]) for table in tables for row in table.rows if column < len(row)]
            headings = [plain(table.columns[column]) for table in tables if column < len(table.columns)]
            # A heading takes few lines.
            least = max(12.5, *(min(NARROW, _letters(heading) / 2.4) for heading in headings))
            widths.append(min(WIDEST, max(least, 2 + max(map(_letters, texts), default=0.0))))
            sheet.set_column(column, column, widths[-1])
        return widths

    def _paragraph(self, sheet: Any, row: int, text: str, widths: list[float]) -> None:
        """Write words over as many columns as a reader sees at once, in as many lines as they take."""
        columns, room = 1, widths[0]
        while columns < len(widths) and room + widths[columns] <= TEXT_WIDTH:
            room += widths[columns]
            columns += 1
        look = self.format(text_wrap=True)
        if columns > 1:
            sheet.merge_range(row, 0, row, columns - 1, "", look)
        sheet.write_string(row, 0, text, look)
        sheet.set_row(row, LINE * (1 + _letters(text) // (0.95 * room)))

    def _table(self, sheet: Any, block: Spread, row: int, language: str, widths: Sequence[float]) -> int:
        """Write a table; return the row after it and its charts."""
        self._name(sheet, f"{block.id}.title", row, row, 1)
        sheet.write_string(row, 0, plain(block.title), self.format(bold=True, font_size=11))
        row += 1
        self._name(sheet, block.id, row, row + len(block.rows), len(block.columns))
        for column, heading in enumerate(block.columns):
            align = "right" if column in block.numeric else "left"
            apart = {"indent": 1} if align == "left" and column - 1 in block.numeric else {}
            look = self.format(
                bold=True, bottom=1, text_wrap=True, align=align, valign="bottom", font_color="#5B6673", **apart
            )
            sheet.write_string(row, column, plain(heading), look)
        tallest = max(
            ceil(_letters(plain(one)) / (0.78 * width)) for one, width in zip(block.columns, widths, strict=False)
        )
        sheet.set_row(row, LINE * tallest)
        for index, cells in enumerate(block.rows):
            for column, text in enumerate(cells):
                self._cell(sheet, row + 1 + index, column, text, block, index)
        after = row + len(block.rows) + 1
        if block.source:
            line = plain((*say("workbook.source", language), *block.source))
            self._name(sheet, f"{block.id}.source", after, after, 1)
            sheet.write_string(after, 0, line, self.format(font_color="#5B6673", font_size=9))
            after += 1
        for plot in block.plots:
            self._chart(sheet, block, plot, row)
            after = max(after, row + CHART_ROWS + 1)
        return after

    def _cell(self, sheet: Any, row: int, column: int, text: Text, block: Spread, index: int) -> None:
        look: dict[str, Any] = {"bottom": 4, "bottom_color": "#D9DEE4"}
        if tone := block.tones.get((index, column)):
            look["bg_color"] = f"#{content.TONE_COLOURS[tone]}"
        if column in block.numeric:
            look["align"] = "right"
        elif column - 1 in block.numeric:
            # Words behind a column of numbers keep away from these.
            look["indent"] = 1
        number = lone_number(text)
        if number is not None and column in block.shares:
            sheet.write_number(
                row, column, number.value, self.format(**look, num_format=f"{number_format(number.form)}%")
            )
        elif number is not None:
            sheet.write_number(row, column, number.shown, self.format(**look, num_format=number_format(number.form)))
        elif text:
            sheet.write_string(row, column, plain(text), self.format(**look, text_wrap=column == 0))
        else:
            sheet.write_blank(row, column, None, self.format(**look))

    def _chart(self, sheet: Any, block: Table, plot: content.Plot, row: int) -> None:
        """A chart right of the table: lines over the years, and targets as marks."""
        chart = self.book.add_chart({"type": "scatter", "subtype": "straight"})
        first, last = row + 1, row + len(block.rows)
        looks: list[tuple[int, dict[str, Any]]] = []
        for index, column in enumerate(plot.lines):
            dash = {"dash_type": "dash"} if index else {}
            line = {"color": "#0072B2", "width": 1.25 if index else 2.5, **dash}
            looks.append((column, {"line": line, "marker": {"type": "none"}}))
        star = {"type": "diamond", "size": 11, "fill": {"color": "#F0E442"}, "border": {"color": "#000000"}}
        looks += [(column, {"line": {"none": True}, "marker": star}) for column in plot.marks]
        for column, look in looks:
            cells = {"name": (row, column), "categories": (first, 0, last, 0), "values": (first, column, last, column)}
            chart.add_series({name: [sheet.get_name(), *area] for name, area in cells.items()} | look)
        years = [plain(cells[0]) for cells in block.rows]
        font = {"name": FONT, "size": 9}
        chart.set_title({"name": plot.title, "name_font": {**font, "size": 11}, "overlay": False})
        chart.set_x_axis(
            {"min": int(years[0]), "max": int(years[-1]), "major_unit": 5, "num_font": font, "num_format": "0"}
        )
        chart.set_y_axis(
            {
                "name": plot.unit,
                "name_font": font,
                "num_font": font,
                "major_gridlines": {"visible": True, "line": {"color": "#E5E5E5"}},
            }
        )
        chart.set_legend({"position": "bottom", "font": font})
        chart.show_blanks_as("gap")
        chart.set_size({"width": CHART[0], "height": CHART[1]})
        sheet.insert_chart(row, len(block.columns) + 1, chart)

    def _name(self, sheet: Any, block: str, first: int, last: int, columns: int) -> None:
        # Excel takes letters, digits, dots and underscores.
        cells = xl_range_abs(first, 0, last, columns - 1)
        self.book.define_name(f"{RANGES}{block}", f"={_quoted(sheet)}!{cells}")


@dataclass(frozen=True)
class Spread(Table):
    """A table in which each number stands in a column of its own."""

    #: Columns of shares, shown in percent.
    shares: frozenset[int] = frozenset()


def spread(table: Table) -> Spread:
    """Return a table with the parts of intervals, probabilities and the like in columns of their own."""
    columns: list[Text] = []
    rows: list[list[Text]] = [[] for _ in table.rows]
    moved: dict[int, list[int]] = {}
    numeric, shares = set[int](), set[int]()
    for index, heading in enumerate(table.columns):
        cells = [row[index] for row in table.rows]
        names = dict.fromkeys(plain(part.heading) for cell in cells if isinstance(cell, Measure) for part in cell.parts)
        # The part that the heading is of takes what has no parts, such as a dash.
        main = "" if "" in names or not names else next(iter(names))
        moved[index] = list(range(len(columns), len(columns) + max(1, len(names))))
        for name in names or {"": None}:
            at = len(columns)
            columns.append(_heading(heading, name))
            parts = [_part(cell, name, main) for cell in cells]
            for row, part in zip(rows, parts, strict=True):
                row.append(part.text)
            if index in table.numeric and (not names or any(lone_number(part.text) for part in parts)):
                numeric.add(at)
            if any(part.share for part in parts):
                shares.add(at)
    tones = {(row, at): tone for (row, column), tone in table.tones.items() for at in moved[column][:1]}
    plots = tuple(
        replace(
            plot,
            lines=tuple(moved[line][0] for line in plot.lines),
            marks=tuple(moved[mark][0] for mark in plot.marks),
        )
        for plot in table.plots
    )
    return Spread(
        table.id,
        table.title,
        tuple(columns),
        tuple(map(tuple, rows)),
        table.where,
        frozenset(numeric),
        (),
        tones,
        plots,
        table.source,
        frozenset(shares),
    )


def _heading(heading: Text, part: str) -> Text:
    """The heading of a part's column: that of the whole, and what the part is of it."""
    if not part:
        return heading
    if not plain(heading):
        return (content.Name(part),)
    chinese = any(ord(letter) >= FIRST_CHINESE for letter in plain(heading) + part)
    sentence = "with part behind" if plain(heading).endswith(("）", ")")) else "with part"
    return say(sentence, "zh" if chinese else "en", heading=heading, part=content.Name(part))


def _part(cell: Text, name: str, main: str) -> Part:
    if isinstance(cell, Measure):
        return next((part for part in cell.parts if plain(part.heading) == name), Part((), ()))
    return Part((), cell if name == main else ())


def lone_number(text: Text) -> Number | None:
    """Return the number that a cell is, if it is nothing else."""
    return text[0] if len(text) == 1 and isinstance(text[0], Number) else None


def number_format(form: str) -> str:
    """Return Excel's format for a Python one.

    Examples
    --------
    >>> number_format("+,.2f"), number_format(".0f"), number_format(",.4g")
    ('[>=0.005]+#,##0.00;[<=-0.005]-#,##0.00;0.00', '0', 'General')
    """
    if not form.endswith("f"):
        return "General"
    decimals = int(form[:-1].rpartition(".")[2])
    behind = "." + "0" * decimals if decimals else ""
    whole = ("#,##0" if "," in form else "0") + behind
    # What rounds to nothing has no sign.
    least = f"{0.5 * 10**-decimals:.{decimals + 1}f}"
    return f"[>={least}]+{whole};[<=-{least}]-{whole};0{behind}" if "+" in form else whole


def _letters(text: str) -> float:
    """How many letters wide a text is; a Chinese character takes nearly two."""
    return sum(1.9 if ord(letter) > 0x2E80 else 1.0 for letter in text)


def _quoted(sheet: Any) -> str:
    name = str(sheet.get_name()).replace("'", "''")
    return f"'{name}'"
