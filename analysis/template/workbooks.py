"""The workbooks that people fill in: a scenario with a row for each lever, observations with one for each number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_rowcol_to_cell

from analysis.assessment.observations import read_stored_forecast
from analysis.outcome.words import element_name, say_from
from calibration.fit.evidence import NEWEST
from calibration.observations import GRADES
from model.definition import variables_by_name
from scenarios import FIRST_YEAR, Lever, load_levers, load_scenarios, shipped_scenarios
from scenarios.scenario import LATER_FOLDERS
from scenarios.scenario_workbook import workbook_words

say = partial(say_from, Path(__file__).with_name("words.yaml"))

#: The last year of the plan, and of a run.
LAST_YEAR: Final = 2035
FONT: Final = "Microsoft YaHei"
#: Rows for observations that know what may stand in them.
OBSERVATION_ROWS: Final = 500
_WIDTHS: Final = {
    "chapter": 10,
    "title": 26,
    "part": 20,
    "constant": 32,
    "element": 18,
    "unit": 14,
    "default": 13,
    "lowest": 10,
    "highest": 12,
    "guidance": 44,
    "start": 10,
    "source": 30,
    "note": 24,
}
#: What a row says of its lever, in order, before the path and after it.
_SAID: Final = ("chapter", "title", "part", "constant", "element", "unit", "default", "lowest", "highest", "guidance")
_BEHIND: Final = ("source", "note")
#: Columns that stay in sight.
_KEPT: Final = 3
_FIELDS: Final = (
    *("name", "title zh", "title en", "question zh", "question en"),
    *("base", "starts", "until then", "source"),
)


def scenario_template(language: str) -> bytes:
    """Return a workbook for a scenario; `scenarios.scenario_workbook` reads it once it is filled in."""
    file = BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        pen = _Pen(book, language)
        pen.how_to("scenario heading", "scenario steps", say("shipped scenarios", language), _shipped(language))
        _scenario_sheet(pen)
        _lever_sheet(pen)
    return file.getvalue()


def observation_template(language: str) -> bytes:
    """Return a workbook for observations, with the forecast's variables and their units."""
    words = workbook_words()["observations"]
    forecast = read_stored_forecast(NEWEST.forecast)
    known = variables_by_name()
    units = dict(zip(forecast["variable"], forecast["unit"], strict=True))
    named = {name: known[name].term if language == "zh" else name for name in units}
    first, last = int(forecast["year"].min()), int(forecast["year"].max())
    file = BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        pen = _Pen(book, language)
        heads = [words["variable"][language], say("model name", language), words["unit"][language]]
        heads += [say("from year", language), say("to year", language)]
        rows = [[named[name], name, pen.unit(unit), first, last] for name, unit in units.items()]
        pen.how_to("observation heading", "observation steps", say("variables heading", language), [heads, *rows])
        sheet = book.add_worksheet(workbook_words()["sheets"]["observations"][language])
        for column, (name, width) in enumerate(zip(words, (30, 10, 18, 18, 36, 30, 8), strict=True)):
            sheet.set_column(column, column, width, pen.look(input=name != "unit"))
            sheet.write_string(0, column, words[name][language], pen.look(head=True))
        for row, (name, unit) in enumerate(units.items(), 1):
            sheet.write_string(row, 0, named[name], pen.look(input=True))
            sheet.write_string(row, 3, pen.unit(unit), pen.look())
        choices = {0: list(named.values()), 3: sorted({pen.unit(unit) for unit in units.values()}), 6: list(GRADES)}
        for column, choice in choices.items():
            # A list in the cell itself holds 255 letters, so that of the variables is read from the other sheet.
            source: Any = choice
            if column == 0:
                top = pen.listed_from
                how_to = workbook_words()["sheets"]["how to"][language]
                source = f"='{how_to}'!$A${top + 1}:$A${top + len(choice)}"
            sheet.data_validation(
                1, column, OBSERVATION_ROWS, column, {"validate": "list", "source": source, "error_type": "stop"}
            )
        sheet.freeze_panes(1, 1)
        pen.paper(sheet)
    return file.getvalue()


class _Pen:
    """The looks of cells, and the words of a language."""

    def __init__(self, book: Workbook, language: str) -> None:
        self.book, self.language = book, language
        self.looks: dict[tuple[tuple[str, Any], ...], Any] = {}
        #: Row of the first entry of the list on the sheet that explains.
        self.listed_from = 0

    def look(self, *, head: bool = False, input: bool = False, bold: bool = False, **more: Any) -> Any:
        """A format: of a head, of a cell to be filled in, or of one to be read."""
        base: dict[str, Any] = {"font_name": FONT, "font_size": 10, "valign": "vcenter", "bold": head or bold, **more}
        if head:
            base |= {
                "bg_color": "#0B4F8A",
                "font_color": "#FFFFFF",
                "text_wrap": True,
                "border": 1,
                "border_color": "#D9DEE4",
            }
        elif input:
            base |= {"bg_color": "#FFF8E1", "border": 1, "border_color": "#E3D9B8"}
        key = tuple(sorted(base.items()))
        if key not in self.looks:
            self.looks[key] = self.book.add_format(base)
        return self.looks[key]

    def unit(self, unit: str) -> str:
        """A unit of the model as it is shown."""
        return str(workbook_words()["units"][unit][self.language])

    def column(self, name: str) -> str:
        return str(workbook_words()["columns"][name][self.language])

    def how_to(self, heading: str, steps: str, title: str, table: Sequence[Sequence[Any]]) -> None:
        """The sheet that explains: numbered steps, and a list below them."""
        sheet = self.book.add_worksheet(workbook_words()["sheets"]["how to"][self.language])
        sheet.hide_gridlines(2)
        for column, width in enumerate((30, 34, 18, 10, 10, 10)):
            sheet.set_column(column, column, width)
        sheet.write_string(0, 0, say(heading, self.language), self.look(bold=True, font_color="#0B4F8A"))
        row = 1
        for number, step in enumerate(say(steps, self.language).split("\n"), 1):
            text = f"{number}. {step}"
            sheet.merge_range(row, 0, row, 5, text, self.look(text_wrap=True))
            sheet.set_row(row, 18 * (1 + int(_width(text) // 150)))
            row += 1
        sheet.write_string(row + 1, 0, title, self.look(bold=True, font_color="#0B4F8A"))
        self.listed_from = row + 3
        for index, cells in enumerate(table):
            sheet.write_row(row + 2 + index, 0, cells, self.look(head=not index))
        self.paper(sheet)

    def paper(self, sheet: Any) -> None:
        """A4, across, as wide as a sheet is."""
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)


def _shipped(language: str) -> list[list[str]]:
    names = [*shipped_scenarios(), *(name for year in LATER_FOLDERS for name in shipped_scenarios(year)[1:])]
    head = [say("scenario name", language), say("scenario title", language)]
    return [head, *([one.name, one.title[language]] for one in load_scenarios(names))]


def _scenario_sheet(pen: _Pen) -> None:
    language = pen.language
    sheet = pen.book.add_worksheet(workbook_words()["sheets"]["scenario"][language])
    for column, width in enumerate((20, 60, 70)):
        sheet.set_column(column, column, width)
    for row, name in enumerate(_FIELDS):
        sheet.write_string(row, 0, workbook_words()["fields"][name][language], pen.look(head=True))
        sheet.write_blank(row, 1, None, pen.look(input=True, text_wrap=True))
        sheet.write_string(row, 2, say(f"hint {name}", language), pen.look(font_color="#5B6673", text_wrap=True))
        sheet.set_row(row, 34 if name.startswith("question") or name == "source" else 20)
    base = _FIELDS.index("base")
    sheet.write_string(base, 1, "baseline", pen.look(input=True))
    listed = len(_shipped(language)) - 1
    how_to = workbook_words()["sheets"]["how to"][language]
    source = f"='{how_to}'!$A${pen.listed_from + 1}:$A${pen.listed_from + listed}"
    # Another file of the same folder can be the base too.
    sheet.data_validation(base, 1, base, 1, {"validate": "list", "source": source, "error_type": "information"})
    starts = _FIELDS.index("starts")
    whole = {"validate": "integer", "criteria": "between", "minimum": FIRST_YEAR, "maximum": LAST_YEAR}
    sheet.data_validation(starts, 1, starts, 1, whole)
    pen.paper(sheet)


def _lever_sheet(pen: _Pen) -> None:
    sheet = pen.book.add_worksheet(workbook_words()["sheets"]["levers"][pen.language])
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    columns = [*_SAID, "start", *years, *_BEHIND]
    sheet.set_row(0, 34)
    for column, name in enumerate(columns):
        sheet.set_column(column, column, _WIDTHS[name] if isinstance(name, str) else 10)
        if isinstance(name, str):
            sheet.write_string(0, column, pen.column(name), pen.look(head=True))
        else:
            sheet.write_number(0, column, name, pen.look(head=True))
    row = 1
    for lever in load_levers().values():
        parts = lever.default.items() if not isinstance(lever.default, float) else [("", lever.default)]
        for element, default in parts:
            _lever_row(pen, sheet, row, lever, element, default, columns)
            row += 1
    sheet.freeze_panes(1, _KEPT)
    pen.paper(sheet)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0, _KEPT - 1)
    sheet.fit_to_pages(2, 0)


def _lever_row(
    pen: _Pen, sheet: Any, row: int, lever: Lever, element: str, default: float, columns: Sequence[str | int]
) -> None:
    language = pen.language
    unit = pen.unit(lever.unit)
    said: dict[str, Any] = {
        "chapter": lever.section,
        "title": lever.title[language],
        "part": element_name(element, language) if element else "",
        "constant": lever.constant,
        "element": element,
        "unit": unit,
        "default": default,
        "lowest": lever.lowest,
        "highest": lever.highest,
        "guidance": lever.guidance[language],
    }
    form = "#,##0" if lever.highest >= 1_000 else "General"
    bounds = {"lowest": f"{lever.lowest:,.10g}", "highest": f"{lever.highest:,.10g}", "unit": unit}
    refused = {
        "error_title": say("out of bounds title", language),
        "error_message": say("out of bounds", language, **bounds),
    }
    begin = workbook_words()["words"]["default"][language]
    for column, name in enumerate(columns):
        if name == "start":
            sheet.write_string(row, column, begin, pen.look(input=True, font_color="#5B6673", num_format=form))
            cell = xl_rowcol_to_cell(row, column)
            within = f"AND(ISNUMBER({cell}),{cell}>={lever.lowest:.15g},{cell}<={lever.highest:.15g})"
            check = {"validate": "custom", "value": f'=OR({cell}="{begin}",{within})'}
            hint = {"input_message": say("start hint", language)}
            sheet.data_validation(row, column, row, column, check | refused | hint)
        elif isinstance(name, int):
            sheet.write_blank(row, column, None, pen.look(input=True, num_format=form))
        elif name in _BEHIND:
            sheet.write_blank(row, column, None, pen.look(input=True))
        elif isinstance(said[name], str):
            sheet.write_string(
                row, column, said[name], pen.look(font_color="#5B6673" if name == "guidance" else "#1A1A1A")
            )
        else:
            sheet.write_number(row, column, said[name], pen.look(num_format=form))
    first, last = columns.index(FIRST_YEAR), columns.index(LAST_YEAR)
    between = {"validate": "decimal", "criteria": "between", "minimum": lever.lowest, "maximum": lever.highest}
    hint = {"input_message": say("year hint", language, **bounds)}
    sheet.data_validation(row, first, row, last, between | refused | hint)


def _width(text: str) -> float:
    """How many letters wide a text is; a Chinese character takes nearly two."""
    return sum(1.9 if ord(letter) > 0x2E80 else 1.0 for letter in text)
