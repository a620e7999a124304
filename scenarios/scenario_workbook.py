"""A scenario in a workbook: a row for each lever, a column for each year, read as the YAML file that says the same.

The template that `analysis.template` writes has sheets of levers, of the scenario and of expectations. What is in them
becomes what a YAML file would hold, and goes through the same checks; every mistake is reported by its cell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from model.city import city
from model.definition import Variable
from model.engine.errors import UserError, near
from model.files.strict_files import Document, Where, read_number, shown
from scenarios.start import FIRST_YEAR
from scenarios.word_files import Word, read_words, usable
from scenarios.workbooks import Cell, Sheet, read_workbook

FILE: Final = Path(__file__).with_name("workbook_words.yaml")
_SECTIONS: Final = ("sheets", "columns", "fields", "expectations", "claims", "observations", "words", "units")
#: Rows among which the head of the levers is looked for, as people write a title above a table.
_HEAD_ROWS: Final = 10
_YEAR: Final = re.compile(r"(20[0-9]{2})\s*年?[末底]?")
#: Units in which a number in percent is read as the share that it is.
SHARES: Final = ("Dmnl", "1/Year")
#: Columns without which a row says nothing.
_NAMES: Final = ("constant", "title")


class WorkbookWordError(UserError):
    """The file of words for workbooks cannot be used."""


@cache
def workbook_words() -> Mapping[str, Any]:
    """Return the names of sheets, columns, fields and units by section, name and language.

    Examples
    --------
    >>> workbook_words()["sheets"]["levers"]["zh"]
    '政策'
    """
    kinds = dict.fromkeys(_SECTIONS, Word)
    return usable(FILE, *read_words(FILE, kinds, WorkbookWordError), WorkbookWordError)


def known_by(section: str) -> dict[str, str]:
    """Return what each word of a section stands for, by the word in either language and in lower case.

    Examples
    --------
    >>> known_by("units")[plain("元/人")]
    'yuan/person'
    """
    return {
        plain(word): str(name)
        for name, words in workbook_words()[section].items()
        for word in (str(name), words["zh"], words["en"])
    }


def file_unit(unit: str, language: str) -> str:
    """Return the unit of the model in which a file or a workbook has a number, in a language.

    Examples
    --------
    >>> file_unit("person/Year", "zh"), file_unit("person/Year", "en")
    ('人/年', 'person/Year')
    """
    known = workbook_words()["units"]
    return str(known[unit][language]) if unit in known else unit


def plain(text: str) -> str:
    """Return a name as names are compared: without case, full-width signs as plain ones.

    Examples
    --------
    >>> plain(" 标题（中文） "), plain("DMNL")
    ('标题(中文)', 'dmnl')
    """
    return unicodedata.normalize("NFKC", text).strip().casefold()


@dataclass
class SheetDocument(Document):
    """What a workbook holds, as a YAML file would, and the cell of each part."""

    cells: dict[Where, tuple[int, str]] = field(default_factory=dict)

    def place(self, where: Sequence[Any]) -> tuple[int, str]:
        """Return the order and the name of the cell that says something, or of the nearest thing above it."""
        key = tuple(where)
        while key and key not in self.cells:
            key = key[:-1]
        return self.cells.get(key, (0, ""))


@dataclass
class _Mistakes:
    """Mistakes of cells, in the order of the sheets."""

    found: dict[str, int] = field(default_factory=dict)

    def add(self, place: tuple[int, str], text: str) -> None:
        order, label = place
        self.found.setdefault(f"{label}: {text}" if label else text, order)

    def listed(self) -> list[str]:
        return sorted(self.found, key=self.found.__getitem__)


def read_scenario_workbook(
    path: Path,
    constants: Collection[str],
    titles: Mapping[str, str],
    later: Mapping[str, int],
    variables: Mapping[str, Variable],
) -> SheetDocument:
    """Return what a workbook says as the content of a YAML file of a scenario, and what is wrong with its cells.

    Parameters
    ----------
    path
        The .xlsx file.
    constants
        Names that a scenario may set.
    titles
        Constants by what they are called in Chinese and English, in lower case.
    later
        The year in which a scenario starts that can be the base, where that is later than the run.
    variables
        Variables of the model, of which something may be expected.

    Returns
    -------
    SheetDocument
        Without content when the workbook cannot be read. A title or a question in one language stands for both.
    """
    sheets, problem = read_workbook(path)
    if problem:
        return SheetDocument(None, [problem])
    mistakes = _Mistakes()
    levers, scenario = (_sheet(sheets, name, mistakes) for name in ("levers", "scenario"))
    if levers is None or scenario is None:
        return SheetDocument(None, mistakes.listed())
    document = SheetDocument({}, [])
    starts = _scenario(scenario, sheets.index(scenario), path, document, mistakes)
    if document.content.get("starts") is None:
        starts = later.get(str(document.content.get("base")), starts)
    source = document.content.pop("source", "")
    at_source = document.cells.pop(("source",), (0, ""))
    rows = _LeverRows(levers, sheets.index(levers), constants, titles, document, mistakes)
    document.content["changes"] = rows.changes(starts, source)
    if rows.without_source:
        first = rows.without_source[0]
        label = workbook_words()["fields"]["source"]
        mistakes.add(
            at_source if at_source[1] else _place(scenario, sheets.index(scenario), None),
            f"{label['zh']} ({label['en']}) is empty, and so is that of {first!r}. Name the plan section or paper, or "
            "say 'assumption: ...'.",
        )
    expected = next((one for one in sheets if _is_called(one, "expectations")), None)
    if expected is None:
        # Workbooks without the sheet expect nothing.
        document.content["expect"] = []
    else:
        expectations = _ExpectationRows(expected, sheets.index(expected), variables, document, mistakes)
        document.content["expect"] = expectations.entries()
    document.problems += mistakes.listed()
    return document


def _sheet(sheets: Sequence[Sheet], name: str, mistakes: _Mistakes) -> Sheet | None:
    words = workbook_words()["sheets"][name]
    for sheet in sheets:
        if _is_called(sheet, name):
            if sheet.hidden and name == "levers":
                mistakes.add((0, ""), f"The sheet {shown(sheet.title)} is hidden. Show it, so that all is seen.")
                return None
            return sheet
    has = ", ".join(shown(sheet.title) for sheet in sheets[:5])
    mistakes.add(
        (0, ""),
        f"It has no sheet {words['zh']!r} or {words['en']!r}; it has {has}. `template` writes a workbook that has.",
    )
    return None


def _is_called(sheet: Sheet, name: str) -> bool:
    return plain(sheet.title) in {plain(word) for word in workbook_words()["sheets"][name].values()}


def _place(sheet: Sheet, number: int, cell: Cell | None) -> tuple[int, str]:
    """The order of a cell in the workbook and its name: that of a lever alone, of any other with its sheet."""
    order = (number + 1) * 10**9 + (0 if cell is None else cell.row * 10**4 + cell.column)
    if cell is None:
        return order, sheet.title
    return order, cell.label if _is_called(sheet, "levers") else f"{sheet.title}!{cell.label}"


def _scenario(sheet: Sheet, number: int, path: Path, document: SheetDocument, mistakes: _Mistakes) -> int:
    """Read the fields of the scenario into a document, and return the year in which it starts."""
    known, given = known_by("fields"), {}
    for row in sheet.rows():
        label, cell = sheet.cells.get((row, 1)), sheet.cells.get((row, 2))
        if label is None:
            continue
        name = known.get(plain(str(label.value)))
        if name is None and cell is None:
            # A heading or a remark.
            continue
        # A field that is empty is the cell beside its name.
        place = _place(sheet, number, cell or replace(label, column=2, label=label.label.replace("A", "B", 1)))
        if name is None:
            mistakes.add(
                place, f"{shown(label.value)} is not a field of a scenario.{near(str(label.value)[:50], known)}"
            )
        elif name in given:
            mistakes.add(place, f"{shown(label.value)} is given twice.")
        elif cell is not None and cell.problem:
            mistakes.add(place, f"{shown(label.value)}: {cell.problem}")
        else:
            given[name] = (None if cell is None else _whole(cell.value), place)
    labels = sheet.merges(1, (1, 2))
    for text in labels:
        mistakes.add((number * 10**9, ""), f"{sheet.title}!{text}")

    none = _place(sheet, number, None)

    def put(key: str, value: Any, *from_: str) -> None:
        if value is not None:
            document.content[key] = value
        document.cells[key,] = next((given[name][1] for name in from_ if name in given), none)

    value = {name: said for name, (said, _) in given.items() if said is not None}
    put("name", value.get("name", path.stem), "name")
    for part in ("title", "question"):
        zh, en = (value.get(f"{part} {language}") for language in ("zh", "en"))
        if zh is None and en is None:
            at = next(
                (given[f"{part} {language}"][1] for language in ("zh", "en") if f"{part} {language}" in given), none
            )
            mistakes.add(at, f"the {part} is empty. Write it in Chinese, in English or in both.")
            # Only so that it is told once.
            zh = part
        either = {"zh": en if zh is None else zh, "en": zh if en is None else en}
        put(part, either, f"{part} zh", f"{part} en")
    put("base", value.get("base", None if path.stem == "baseline" else "baseline"), "base")
    starts = value.get("starts")
    if isinstance(starts, str):
        meant = _YEAR.fullmatch(starts)
        starts = int(meant[1]) if meant else starts
    put("starts", starts, "starts")
    put("until_then", value.get("until then"), "until then")
    put("source", "" if value.get("source") is None else str(value["source"]), "source")
    return starts if isinstance(starts, int) else FIRST_YEAR


def _whole(value: float | str) -> float | str:
    """A whole number as a spreadsheet stores it, and as a person means it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _LeverRows:
    """Reads the rows of the sheet of levers."""

    def __init__(
        self,
        sheet: Sheet,
        number: int,
        constants: Collection[str],
        titles: Mapping[str, str],
        document: SheetDocument,
        mistakes: _Mistakes,
    ) -> None:
        self.sheet, self.number, self.document, self.mistakes = sheet, number, document, mistakes
        self.constants, self.titles = set(constants), titles
        self.units = known_by("units")
        self.words = known_by("words")
        self.without_source: list[str] = []
        self.head, self.columns, self.years = self._head()

    def changes(self, starts: int, source: str) -> dict[str, Any]:
        """Return the changes as a YAML file has them; a row without numbers changes nothing."""
        before, changes = len(self.mistakes.found), dict[str, Any]()
        first: dict[tuple[str, str], Cell] = {}
        rows = [row for row in self.sheet.rows() if row > self.head] if self.head else []
        for row in rows:
            points = self._points(row)
            if not points:
                continue
            name, cell = self._name(row)
            if cell is None:
                label = next(iter(points.values())).label
                self.mistakes.add(
                    (self._order(next(iter(points.values()))), label),
                    "the row has numbers and names no lever. Write its name beside them, or clear them.",
                )
                continue
            element, part = self._said(row, "element"), self._said(row, "part")
            if element is None and part is not None:
                words = workbook_words()["columns"]["element"]
                self.mistakes.add(
                    self._at(part),
                    f"the row is of {shown(part.value)}, but says nothing under {words['zh']!r} ({words['en']}). Write "
                    "the element there, as the template has it, or clear the cell to set all elements alike.",
                )
                continue
            key = (name, "" if element is None else str(element.value))
            if other := first.get(key):
                self.mistakes.add(
                    self._at(cell), f"{shown(' '.join(key).strip())} is given twice, first in {other.label}."
                )
                continue
            first[key] = cell
            value, cells = self._path(name, points, starts)
            self._change(changes, name, cell, element, value, cells, source)
        if self.head and not changes and len(self.mistakes.found) == before:
            self.mistakes.add(
                (self.number * 10**9, ""),
                f"No lever of the sheet {self.sheet.title!r} has a number. Write into the columns of the years what is "
                "to change, and leave the rest empty.",
            )
        return changes

    def _change(
        self,
        changes: dict[str, Any],
        name: str,
        cell: Cell,
        element: Cell | None,
        value: Any,
        points: Mapping[int, Cell],
        source: str,
    ) -> None:
        """Put the numbers of a row among the changes, and note their cells."""
        cells, row, where = self.document.cells, cell.row, ("changes", name)
        entry = changes.setdefault(name, {})
        cells.setdefault(where, self._at(cell))
        unit = self._said(row, "unit")
        if unit is not None:
            said = str(unit.value)
            known = self.units.get(plain(said), said)
            if entry.setdefault("unit", known) != known:
                self.mistakes.add(self._at(unit), f"{name!r} has another unit above, {entry['unit']!r}.")
            cells.setdefault((*where, "unit"), self._at(unit))
        own = self._said(row, "source")
        said = str(own.value) if own is not None else source
        if not said and name not in self.without_source:
            self.without_source.append(name)
        # Only so that what is missing is told once, and not for each lever.
        entry.setdefault("source", said or "assumption")
        note = self._said(row, "note")
        if note is not None:
            entry.setdefault("note", str(note.value))
        if element is not None:
            at: Where = (*where, "by", str(element.value))
            if "path" in entry or "value" in entry:
                self.mistakes.add(
                    self._at(element), f"{name!r} is given for all elements above; clear one of the rows."
                )
                return
            entry.setdefault("by", {})[str(element.value)] = value
            cells[at] = self._at(element)
        else:
            key = "path" if isinstance(value, dict) else "value"
            at = (*where, key)
            if "by" in entry:
                self.mistakes.add(self._at(cell), f"{name!r} is given element by element above; clear one of the rows.")
                return
            entry[key] = value
            cells[at] = self._at(cell)
        for year, point in points.items():
            cells[(*at, year) if isinstance(value, dict) else at] = self._at(point)

    def _path(self, name: str, points: Mapping[int | str, Cell], starts: int) -> tuple[Any, dict[int, Cell]]:
        """Return the numbers of a row as a path, or as one number where there is only one; and the cell of each."""
        unit = self._said(next(iter(points.values())).row, "unit")
        said = "" if unit is None else self.units.get(plain(str(unit.value)), str(unit.value))
        path: dict[int, Any] = {}
        at: dict[int, Cell] = {}
        begin = points.get("start")
        if begin is not None and starts - 1 not in points:
            word = self.words.get(plain(str(begin.value))) if isinstance(begin.value, str) else None
            # What was the model's own number in 2020 is for a later scenario what held until then.
            own = "default" if starts == FIRST_YEAR else "before"
            path[starts - 1] = own if word else self._number(name, begin, said)
            at[starts - 1] = begin
        for year, cell in points.items():
            if isinstance(year, int):
                path[year], at[year] = self._number(name, cell, said), cell
        return (next(iter(path.values())) if len(path) == 1 else path), at

    def _number(self, name: str, cell: Cell, unit: str) -> Any:
        """The number in a cell; what is none stays as it is, for the checks of every scenario to refuse."""
        if isinstance(cell.value, str):
            if word := self.words.get(plain(cell.value)):
                return word
            percent = plain(cell.value).endswith("%")
            number = read_number(cell.value)
            if number is None or (percent and unit not in SHARES):
                return cell.value
            return _whole(number)
        if cell.percent and unit and unit not in SHARES:
            self.mistakes.add(
                self._at(cell),
                f"{name!r} is in {unit!r}, and the cell is shown in percent. Set its format to 'General', and write "
                "the number in that unit.",
            )
        return _whole(cell.value)

    def _points(self, row: int) -> dict[int | str, Cell]:
        """The cells of a row that hold a number or should, by year; nothing where there is only an untouched start."""
        points: dict[int | str, Cell] = {}
        for year, column in self.years.items():
            cell = self.sheet.cells.get((row, column))
            if cell is None:
                continue
            if cell.problem:
                self.mistakes.add(self._at(cell), cell.problem)
            elif cell.hidden:
                self.mistakes.add(
                    self._at(cell),
                    "holds a number in a hidden row or column. Show it (and take off any filter), or clear it.",
                )
            else:
                points[year] = cell
        start = points.get("start")
        untouched = start is not None and isinstance(start.value, str) and plain(start.value) in self.words
        return {} if untouched and len(points) == 1 else points

    def _name(self, row: int) -> tuple[str, Cell | None]:
        """The constant of a row and the cell that names it, with a mistake where its two names are of two levers."""
        cell, title = (self._said(row, column) for column in _NAMES)
        by_title = None if title is None else self.titles.get(str(title.value).strip().casefold())
        if cell is None:
            return (by_title or ("" if title is None else str(title.value))), title
        said = str(cell.value)
        by_fold = {name.casefold(): name for name in self.constants}
        name = by_fold.get(said.casefold()) or self.titles.get(said.casefold()) or said
        if by_title and name in self.constants and by_title != name:
            self.mistakes.add(
                self._at(cell),
                f"the row is {name!r} by its name and {by_title!r} by its title; were columns sorted one by one? "
                "Clear the wrong one.",
            )
        return name, cell

    def _said(self, row: int, column: str) -> Cell | None:
        cell = self.sheet.cells.get((row, self.columns.get(column, 0)))
        if cell is not None and cell.problem:
            self.mistakes.add(self._at(cell), cell.problem)
            return None
        return cell

    def _head(self) -> tuple[int, dict[str, int], dict[int | str, int]]:
        """The row of the head, and the columns by what they hold; the years with the start of a path."""
        known = known_by("columns")
        for row in [row for row in self.sheet.rows() if row <= _HEAD_ROWS]:
            heads = {column: cell for (at, column), cell in sorted(self.sheet.cells.items()) if at == row}
            names = {column: known.get(plain(str(cell.value))) for column, cell in heads.items()}
            years = {column: year for column, cell in heads.items() if (year := _year_of(cell)) is not None}
            if years and set(names.values()) & set(_NAMES):
                return self._columns(row, heads, names, years, known)
        called = " or ".join(repr(word) for word in workbook_words()["columns"]["constant"].values())
        self.mistakes.add(
            (self.number * 10**9, ""),
            f"The sheet {self.sheet.title!r} has no row with a column {called} and columns of years, such as 2025. "
            "`template` writes one.",
        )
        return 0, {}, {}

    def _columns(
        self,
        row: int,
        heads: Mapping[int, Cell],
        names: Mapping[int, str | None],
        years: Mapping[int, int],
        known: Mapping[str, str],
    ) -> tuple[int, dict[str, int], dict[int | str, int]]:
        columns: dict[str, int] = {}
        points: dict[int | str, int] = {}
        for column, cell in heads.items():
            name = years.get(column, names[column])
            if name is None:
                hint = near(str(cell.value)[:50], known)
                self.mistakes.add(
                    self._at(cell),
                    f"{shown(cell.value)} is not a column of this sheet.{hint} Delete it, or use a note.",
                )
                continue
            taken: Any = points if isinstance(name, int) or name == "start" else columns
            if name in taken:
                self.mistakes.add(self._at(cell), f"the column {shown(cell.value)} is given twice.")
                continue
            taken[name] = column
        for text in self.sheet.merges(row, (*columns.values(), *points.values())):
            self.mistakes.add((self.number * 10**9, ""), text)
        order = sorted(points, key=lambda name: (isinstance(name, int), name))
        return row, columns, {name: points[name] for name in order}

    def _order(self, cell: Cell) -> int:
        return self._at(cell)[0]

    def _at(self, cell: Cell) -> tuple[int, str]:
        return _place(self.sheet, self.number, cell)


class _ExpectationRows:
    """Reads the rows of the sheet of expectations."""

    def __init__(
        self,
        sheet: Sheet,
        number: int,
        variables: Mapping[str, Variable],
        document: SheetDocument,
        mistakes: _Mistakes,
    ) -> None:
        self.sheet, self.number, self.document, self.mistakes = sheet, number, document, mistakes
        self.variables = variables
        self.claims = known_by("claims")
        self.by_term = variables_by_term(variables)
        self.districts = {title: one.name for one in city().districts for title in one.title.values()}

    def entries(self) -> list[dict[str, Any]]:
        """Return the expectations as a YAML file has them; nothing where the sheet is not filled in."""
        if not self.sheet.cells:
            return []
        head, columns = self._head()
        entries: list[dict[str, Any]] = []
        for row in [row for row in self.sheet.rows() if head and row > head]:
            said = {name: cell for name, column in columns.items() if (cell := self.sheet.cells.get((row, column)))}
            if not said:
                continue
            before = len(self.mistakes.found)
            for cell in said.values():
                if self.sheet.hidden or cell.hidden:
                    self._wrong(cell, "is hidden. Show it (and take off any filter), or clear it.")
                elif cell.problem:
                    self._wrong(cell, cell.problem)
            for name in ("variable", "claim", "limit"):
                if name not in said:
                    label = workbook_words()["expectations"][name]
                    words = f"the row has no {label['zh']!r} ({label['en']}). Write it, or clear the row."
                    self._wrong(next(iter(said.values())), words)
            if len(self.mistakes.found) == before:
                entries.append(self._entry(said, ("expect", len(entries))))
        return entries

    def _entry(self, said: Mapping[str, Cell], where: Where) -> dict[str, Any]:
        """A row as an entry of a YAML file, whose content the checks of every scenario look at."""
        cells = self.document.cells
        cells[where] = self._at(said["variable"])
        name = str(said["variable"].value)
        entry: dict[str, Any] = {"variable": name if name in self.variables else self.by_term.get(plain(name), name)}
        cells[*where, "variable"] = self._at(said["variable"])
        if element := said.get("element"):
            parts = [self.districts.get(part.strip(), part.strip()) for part in re.split("[,，、]", str(element.value))]
            entry["element"] = parts if len(parts) > 1 else parts[0]
            cells[*where, "element"] = self._at(element)
        claim = self.claims.get(plain(str(said["claim"].value)))
        if year := said.get("year"):
            of_year = _year_of(year)
            entry["year"] = of_year if of_year is not None else _whole(year.value)
            cells[*where, "year"] = self._at(year)
        elif claim is not None and not claim.startswith("never"):
            self._wrong(said["claim"], "a comparison of one year needs that year. Write it into the row.")
            # Only so that it is told once.
            entry["year"] = FIRST_YEAR
        if claim is None:
            choices = ", ".join(repr(words["zh"]) for words in workbook_words()["claims"].values())
            words = f"{shown(said['claim'].value)} is no comparison. Choose one of {choices}."
            self._wrong(said["claim"], words)
            claim = "at least"
        limit = said["limit"]
        if claim in ("above", "below") and isinstance(limit.value, str):
            entry["is"] = f"{claim} {limit.value}"
            cells[*where, "is"] = self._at(limit)
            return entry
        if claim in ("above", "below"):
            number = {"above": "at least", "below": "at most"}[claim]
            label = workbook_words()["claims"]
            words = (
                f"{label[claim]['zh']!r} ({claim}) compares with a scenario. Write the name of one, or compare with "
                f"the number by {label[number]['zh']!r} ({number})."
            )
            self._wrong(limit, words)
            claim = number
        entry[claim] = self._number(str(entry["variable"]), limit)
        cells[*where, claim] = self._at(limit)
        return entry

    def _number(self, name: str, cell: Cell) -> Any:
        """The number in a cell, in percent only where the variable is a share; what is none stays as it is."""
        unit = self.variables[name].unit if name in self.variables else ""
        percent = cell.percent or str(cell.value).endswith(("%", "％"))
        if percent and unit and unit not in SHARES:
            self._wrong(cell, f"{name!r} is in {unit!r}, not in percent. Write the number in that unit.")
            return 0
        if isinstance(cell.value, str):
            number = read_number(cell.value)
            return cell.value if number is None else _whole(number)
        return _whole(cell.value)

    def _head(self) -> tuple[int, dict[str, int]]:
        """The row of the head, and the columns by what they hold."""
        known = known_by("expectations")
        for row in [row for row in self.sheet.rows() if row <= _HEAD_ROWS]:
            heads = {column: cell for (at, column), cell in sorted(self.sheet.cells.items()) if at == row}
            names = {column: known.get(plain(str(cell.value))) for column, cell in heads.items()}
            if not {"variable", "claim"} <= set(names.values()):
                continue
            columns: dict[str, int] = {}
            for column, name in names.items():
                cell = heads[column]
                if name is None:
                    hint = near(str(cell.value)[:50], known)
                    self._wrong(cell, f"{shown(cell.value)} is not a column of this sheet.{hint} Delete it.")
                elif name in columns:
                    self._wrong(cell, f"the column {shown(cell.value)} is given twice.")
                else:
                    columns[name] = column
            for text in self.sheet.merges(row, columns.values()):
                self.mistakes.add((self.number * 10**9, ""), f"{self.sheet.title}!{text}")
            return row, columns
        called = ", ".join(words["zh"] for words in workbook_words()["expectations"].values())
        self.mistakes.add(
            (self.number * 10**9, ""),
            f"The sheet {self.sheet.title!r} has no row that names its columns: {called}. `template` writes one.",
        )
        return 0, {}

    def _wrong(self, cell: Cell, text: str) -> None:
        self.mistakes.add(self._at(cell), text)

    def _at(self, cell: Cell) -> tuple[int, str]:
        return _place(self.sheet, self.number, cell)


def variables_by_term(variables: Mapping[str, Variable]) -> dict[str, str]:
    """Return the variables of which something can be expected, by their Chinese term where only one has it.

    Examples
    --------
    >>> from model.definition import variables_by_name
    >>> variables_by_term(variables_by_name())["常住人口城镇化率"]
    'resident urbanization rate'
    """
    known: dict[str, list[str]] = {}
    for one in variables.values():
        if one.term and one.kind not in ("table", "control"):
            known.setdefault(plain(one.term), []).append(one.name)
    return {term: names[0] for term, names in known.items() if len(names) == 1}


def _year_of(cell: Cell) -> int | None:
    """The year that a column is of."""
    if isinstance(cell.value, str):
        meant = _YEAR.fullmatch(unicodedata.normalize("NFKC", cell.value).strip())
        return int(meant[1]) if meant else None
    return int(cell.value) if 2000 <= cell.value < 2100 and float(cell.value).is_integer() else None
