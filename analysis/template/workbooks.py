"""The workbooks that people fill in: a scenario with a row for each lever, observations with one for each number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_rowcol_to_cell

from analysis.assessment.observations import read_stored_forecast
from analysis.outcome.words import element_name, say_from
from calibration.fit.evidence import NEWEST
from calibration.observations import GRADES
from model.definition import variables_by_name
from model.engine.errors import UserError
from scenarios import FIRST_YEAR, Change, Scenario, load_levers, load_scenarios, shipped_scenarios
from scenarios.scenario import LATER_FOLDERS
from scenarios.scenario_workbook import file_unit, plain, variables_by_term, workbook_words

say = partial(say_from, Path(__file__).with_name("words.yaml"))

#: The last year of the plan, and of a run.
LAST_YEAR: Final = 2035
FONT: Final = "Microsoft YaHei"
#: Rows for expectations.
EXPECTATION_ROWS: Final = 20
#: Rows for observations that know what may stand in them.
OBSERVATION_ROWS: Final = 500
_WIDTHS: Final = {
    "chapter": 16,
    "title": 26,
    "part": 20,
    "constant": 32,
    "element": 18,
    "unit": 14,
    "default": 13,
    "lowest": 9,
    "highest": 15,
    "guidance": 60,
    "start": 12,
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


@dataclass(frozen=True)
class _Row:
    """What a row says of a constant or one of its elements, and the numbers that it begins with."""

    constant: str
    element: str
    chapter: str
    title: str
    guidance: str
    unit: str
    default: float | None
    lowest: float | None
    highest: float | None
    #: Numbers by year and at the start; nothing where the row is left to be filled in.
    points: Mapping[int | str, float | None]
    source: str = ""
    note: str = ""


class TemplateError(UserError):
    """A scenario cannot be written into a workbook."""


def scenario_template(language: str, scenario: Scenario | None = None) -> bytes:
    """Return a workbook for a scenario; `scenarios.scenario_workbook` reads it once it is filled in.

    Parameters
    ----------
    language
        "zh" or "en".
    scenario
        Whose own changes and expectations it is filled in with. None for an empty one.

    Raises
    ------
    TemplateError
        If the scenario has a number in a year that the workbook has no column for.
    """
    rows = _rows(language, scenario)
    file = BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        pen = _Pen(book, language)
        pen.how_to(
            "scenario heading",
            "scenario steps",
            (say("shipped scenarios", language), _shipped(language)),
            (say("expected variables", language), _expected(language)),
        )
        _scenario_sheet(pen, scenario)
        _lever_sheet(pen, rows)
        _expectation_sheet(pen, scenario)
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
        rows = [[named[name], name, file_unit(unit, language), first, last] for name, unit in units.items()]
        pen.how_to("observation heading", "observation steps", (say("variables heading", language), [heads, *rows]))
        sheet = book.add_worksheet(workbook_words()["sheets"]["observations"][language])
        for column, (name, width) in enumerate(zip(words, (30, 10, 18, 18, 36, 30, 8), strict=True)):
            sheet.set_column(column, column, width, pen.look(input=name != "unit"))
            sheet.write_string(0, column, words[name][language], pen.look(head=True))
        for row, (name, unit) in enumerate(units.items(), 1):
            sheet.write_string(row, 0, named[name], pen.look(input=True))
            sheet.write_string(row, 3, file_unit(unit, language), pen.look())
        choices = {
            0: list(named.values()),
            3: sorted({file_unit(unit, language) for unit in units.values()}),
            6: list(GRADES),
        }
        for column, choice in choices.items():
            # A list in the cell itself holds 255 letters, so that of the variables is read from the other sheet.
            source: Any = choice
            if column == 0:
                source = pen.listed()
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
        #: Rows of the first and the last entry of each list on the sheet that explains.
        self.lists: list[tuple[int, int]] = []

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

    def column(self, name: str) -> str:
        return str(workbook_words()["columns"][name][self.language])

    def listed(self, number: int = 0) -> str:
        """The first column of a list on the sheet that explains, as the choices of a cell."""
        first, last = self.lists[number]
        return f"='{workbook_words()['sheets']['how to'][self.language]}'!$A${first + 1}:$A${last + 1}"

    def how_to(self, heading: str, steps: str, *lists: tuple[str, Sequence[Sequence[Any]]]) -> None:
        """The sheet that explains: numbered steps, and below them lists, each with a title and a head."""
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
        for title, table in lists:
            sheet.write_string(row + 1, 0, title, self.look(bold=True, font_color="#0B4F8A"))
            for index, cells in enumerate(table):
                sheet.write_row(row + 2 + index, 0, cells, self.look(head=not index))
            self.lists.append((row + 3, row + 1 + len(table)))
            row += 2 + len(table)
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


def _rows(language: str, scenario: Scenario | None) -> list[_Row]:
    """A row for each lever or each of its elements, then one for whatever else a scenario changes."""
    starts = FIRST_YEAR if scenario is None else scenario.starts
    own = [change for change in scenario.changes if change.stated_in == scenario.name] if scenario else []
    given: dict[tuple[str, str], tuple[Change, Any]] = {}
    for change in own:
        if isinstance(change.value, dict) and any(isinstance(key, str) for key in change.value):
            parts = {str(element): value for element, value in change.value.items() if element not in change.kept}
            given |= {(change.constant, element): (change, value) for element, value in parts.items()}
        else:
            given[change.constant, ""] = change, change.value
    levers = load_levers()
    keys = [
        (name, element)
        for name, lever in levers.items()
        for element in ([""] if isinstance(lever.default, float) else lever.default)
    ]
    rows = []
    for name, element in dict.fromkeys([*keys, *given]):
        variable, known = variables_by_name()[name], levers.get(name)
        default = None if variable.default is None else np.asarray(variable.default)
        if default is not None and element:
            default = default[variable.axes[0].index(element)]
        stated, value = given.get((name, element), (None, None))
        rows.append(
            _Row(
                constant=name,
                element=element,
                chapter=known.in_plan if known else "",
                title=known.title[language] if known else variable.term if language == "zh" else name.lower(),
                guidance=known.guidance[language] if known else "",
                unit=variable.unit,
                default=float(default) if default is not None and default.ndim == 0 else None,
                lowest=known.lowest if known else variable.low,
                highest=known.highest if known else variable.high,
                points={} if stated is None else _points(f"{name} {element}".strip(), value, starts),
                source=stated.source if stated else "",
                note=stated.note if stated else "",
            )
        )
    return rows


def _points(label: str, value: Any, starts: int) -> dict[int | str, float | None]:
    """The numbers of a change by the columns that they stand in; an empty start is cleared."""
    if not isinstance(value, dict):
        return {"start": None, starts: value}
    points: dict[int | str, float | None] = {"start": None}
    for year, number in value.items():
        if year == starts - 1:
            points["start"] = number
        elif year in range(FIRST_YEAR, LAST_YEAR + 1):
            points[int(year)] = number
        else:
            message = f"{label!r} has a number in {year:g}, and a workbook has columns for {FIRST_YEAR} to {LAST_YEAR}."
            raise TemplateError(message)
    return points


def _scenario_sheet(pen: _Pen, scenario: Scenario | None) -> None:
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
    sheet.write_string(base, 1, (scenario and scenario.base) or "baseline", pen.look(input=True))
    if scenario is not None:
        for language_said in ("zh", "en"):
            for part, said in (("title", scenario.title), ("question", scenario.question)):
                look = pen.look(input=True, text_wrap=True)
                sheet.write_string(_FIELDS.index(f"{part} {language_said}"), 1, said[language_said], look)
        if scenario.starts != FIRST_YEAR:
            sheet.write_number(_FIELDS.index("starts"), 1, scenario.starts, pen.look(input=True, align="left"))
        if scenario.until_then is not None and scenario.until_then.name != scenario.base:
            sheet.write_string(_FIELDS.index("until then"), 1, scenario.until_then.name, pen.look(input=True))
    # Another file of the same folder can be the base too.
    named = {"validate": "list", "source": pen.listed(), "error_type": "information"}
    sheet.data_validation(base, 1, base, 1, named)
    starts = _FIELDS.index("starts")
    whole = {"validate": "integer", "criteria": "between", "minimum": FIRST_YEAR, "maximum": LAST_YEAR}
    sheet.data_validation(starts, 1, starts, 1, whole)
    pen.paper(sheet)


def _expected(language: str) -> list[list[str]]:
    """Variables of which something is often expected: those of the forecast, with their units."""
    known = variables_by_name()
    forecast = read_stored_forecast(NEWEST.forecast)
    heads = [workbook_words()["expectations"]["variable"][language], say("model name", language)]
    heads.append(workbook_words()["observations"]["unit"][language])
    named = [(_named(name, language), name, known[name].unit) for name in dict.fromkeys(forecast["variable"])]
    return [heads, *([term, name, file_unit(unit, language)] for term, name, unit in named)]


def _named(variable: str, language: str) -> str:
    """A variable by its Chinese term where no other has it, else by its name in the model."""
    term = variables_by_name()[variable].term
    alone = variables_by_term(variables_by_name()).get(plain(term)) == variable
    return term if language == "zh" and alone else variable


def _expectation_sheet(pen: _Pen, scenario: Scenario | None) -> None:
    language = pen.language
    words, claims = workbook_words()["expectations"], workbook_words()["claims"]
    sheet = pen.book.add_worksheet(workbook_words()["sheets"]["expectations"][language])
    for column, (name, width) in enumerate(zip(words, (36, 24, 10, 16, 20), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, words[name][language], pen.look(head=True))
    own = () if scenario is None else scenario.expectations
    for row in range(1, max(EXPECTATION_ROWS, len(own)) + 1):
        for column in range(len(words)):
            sheet.write_blank(row, column, None, pen.look(input=True))
    for row, one in enumerate(own, 1):
        sheet.write(row, 0, _named(one.variable, language), pen.look(input=True))
        sheet.write(row, 1, ", ".join(one.element) or None, pen.look(input=True))
        sheet.write(row, 2, one.year, pen.look(input=True))
        sheet.write(row, 3, claims[one.claim][language], pen.look(input=True))
        sheet.write(row, 4, one.limit, pen.look(input=True))
    choices: dict[int, Any] = {0: pen.listed(1), 3: [claim[language] for claim in claims.values()], 4: pen.listed()}
    for column, source in choices.items():
        # Any variable can stand in the first column, and a number in the last.
        check = {"validate": "list", "source": source, "error_type": "stop" if column == 3 else "information"}
        if column == 3:
            check |= {"input_message": say("claim hint", language)}
        else:
            check |= {
                "show_error": False,
                "input_message": say("variable hint" if not column else "limit hint", language),
            }
        sheet.data_validation(1, column, EXPECTATION_ROWS, column, check)
    sheet.data_validation(
        1, 1, EXPECTATION_ROWS, 1, {"validate": "any", "input_message": say("element hint", language)}
    )
    sheet.freeze_panes(1, 0)
    pen.paper(sheet)


def _lever_sheet(pen: _Pen, rows: Sequence[_Row]) -> None:
    sheet = pen.book.add_worksheet(workbook_words()["sheets"]["levers"][pen.language])
    columns = [*_SAID, "start", *range(FIRST_YEAR, LAST_YEAR + 1), *_BEHIND]
    sheet.set_row(0, 34)
    for column, name in enumerate(columns):
        sheet.set_column(column, column, _WIDTHS[name] if isinstance(name, str) else 12)
        if isinstance(name, str):
            sheet.write_string(0, column, pen.column(name), pen.look(head=True))
        else:
            sheet.write_number(0, column, name, pen.look(head=True))
    for number, row in enumerate(rows, 1):
        _lever_row(pen, sheet, number, row, columns)
    sheet.freeze_panes(1, _KEPT)
    pen.paper(sheet)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0, _KEPT - 1)
    sheet.fit_to_pages(2, 0)


def _lever_row(pen: _Pen, sheet: Any, number: int, row: _Row, columns: Sequence[str | int]) -> None:
    language = pen.language
    said: dict[str, Any] = asdict(row) | {
        "part": element_name(row.element, language) if row.element else "",
        "unit": file_unit(row.unit, language),
    }
    form = "#,##0" if (row.highest or row.default or 0) >= 1_000 else "General"
    begin = row.points.get("start", workbook_words()["words"]["default"][language])
    sheet.set_row(number, 15 * (1 + int(_width(row.guidance) // (0.9 * _WIDTHS["guidance"]))))
    for column, name in enumerate(columns):
        look: dict[str, Any] = {"num_format": form, "shrink": True}
        if name == "start":
            value, look = begin, look | {"input": True, "font_color": "#5B6673", "align": "right"}
        elif isinstance(name, int):
            value, look = row.points.get(name), look | {"input": True}
        elif name in _BEHIND:
            value, look = said[name] or None, {"input": True}
        else:
            value = said[name]
            look = {"font_color": "#5B6673", "text_wrap": True, "indent": 1} if name == "guidance" else look
        if value is None:
            sheet.write_blank(number, column, None, pen.look(**look))
        elif isinstance(value, str):
            sheet.write_string(number, column, value, pen.look(**look))
        else:
            sheet.write_number(number, column, value, pen.look(**look))
    _bounds(pen, sheet, number, row, columns)


def _bounds(pen: _Pen, sheet: Any, number: int, row: _Row, columns: Sequence[str | int]) -> None:
    """Have the cells of a row take numbers within its bounds only, and say which these are."""
    if row.lowest is None or row.highest is None:
        return
    language = pen.language
    bounds = {"lowest": f"{row.lowest:,.10g}", "highest": f"{row.highest:,.10g}", "unit": file_unit(row.unit, language)}
    refused = {
        "error_title": say("out of bounds title", language),
        "error_message": say("out of bounds", language, **bounds),
    }
    start, first, last = (columns.index(name) for name in ("start", FIRST_YEAR, LAST_YEAR))
    cell = xl_rowcol_to_cell(number, start)
    begin = workbook_words()["words"]["default"][language]
    within = f"AND(ISNUMBER({cell}),{cell}>={row.lowest:.15g},{cell}<={row.highest:.15g})"
    check = {"validate": "custom", "value": f'=OR({cell}="{begin}",{within})'}
    hint = {"input_message": say("start hint", language)}
    sheet.data_validation(number, start, number, start, check | refused | hint)
    between = {"validate": "decimal", "criteria": "between", "minimum": row.lowest, "maximum": row.highest}
    hint = {"input_message": say("year hint", language, **bounds)}
    sheet.data_validation(number, first, number, last, between | refused | hint)


def _width(text: str) -> float:
    """How many letters wide a text is; a Chinese character takes nearly two."""
    return sum(1.9 if ord(letter) > 0x2E80 else 1.0 for letter in text)
