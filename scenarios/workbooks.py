"""The one reader of Excel workbooks: what a person sees in a cell is what the program takes, or the cell is refused.

A workbook comes from anybody: it may be of another kind, locked, damaged, endless, or hide what it says.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from model.files.strict_files import TEXT_LENGTH, hidden_character, read_bytes, shown

if TYPE_CHECKING:
    import pandas as pd

SUFFIX: Final = ".xlsx"
#: What spreadsheets are saved as besides, all of which Excel and WPS save as .xlsx too.
OTHER_SUFFIXES: Final = (".xls", ".xlsm", ".xlsb", ".xlt", ".xltx", ".csv", ".ods", ".et", ".ett", ".numbers")
SAVE_AS: Final = "Save it in Excel or WPS as 'Excel Workbook (*.xlsx)'"

#: Bytes of a file, of its parts unpacked, and of those that hold text: some hundred times what a template has.
FILE_BYTES: Final = 4 * 1024 * 1024
UNPACKED: Final = 64 * 1024 * 1024
TEXT_BYTES: Final = 8 * 1024 * 1024
PARTS: Final = 500
ROWS: Final = 6_000
COLUMNS: Final = 200

_ZIP: Final = b"PK\x03\x04"
#: Compound files: workbooks of Excel 97-2003, and new ones that are locked by a password.
_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED: Final = "EncryptedPackage".encode("utf-16-le")


class _Refused(Exception):
    """The workbook cannot be read on."""


@dataclass(frozen=True)
class Cell:
    """A cell that is not empty."""

    row: int
    column: int
    #: As a person finds it, such as ``C7``.
    label: str
    value: float | str
    #: Whether it is shown in percent.
    percent: bool = False
    #: Whether its row or column is hidden.
    hidden: bool = False
    #: Why it cannot be read, as a sentence; empty where it can.
    problem: str = ""


@dataclass(frozen=True)
class Sheet:
    """The cells of a sheet that are not empty, by row and column, both from 1."""

    title: str
    cells: Mapping[tuple[int, int], Cell]
    #: Cells that are merged, such as ``C7:D7``, by the row and column of the first; and their last row and column.
    merged: Mapping[tuple[int, int], tuple[str, int, int]] = field(default_factory=dict)
    hidden: bool = False

    def rows(self) -> list[int]:
        """Return the rows that hold anything, in order."""
        return sorted({row for row, _ in self.cells})

    def merges(self, first_row: int, columns: Iterable[int]) -> list[str]:
        """Return a mistake for every merged range of a table that begins in a row and has these columns."""
        used = set(columns)
        return [
            f"{area.partition(':')[0]}: the cells {area} are merged. Unmerge them, and write into each what it says."
            for (_, left), (area, bottom, right) in sorted(self.merged.items())
            if bottom >= first_row and used & set(range(left, right + 1))
        ]


def is_spreadsheet(path: Path) -> bool:
    """Say whether the name of a file is that of a spreadsheet, of whatever program.

    Examples
    --------
    >>> is_spreadsheet(Path("plan.XLSX")), is_spreadsheet(Path("plan.et")), is_spreadsheet(Path("plan.yaml"))
    (True, True, False)
    """
    return path.suffix.lower() in (SUFFIX, *OTHER_SUFFIXES)


def read_workbook(path: Path) -> tuple[list[Sheet], str]:
    """Return the sheets of a workbook, or none and why it cannot be read.

    Parameters
    ----------
    path
        The file, an .xlsx of bounded size; formulas count by the value that was saved with them.

    Examples
    --------
    >>> read_workbook(Path("none.xlsx"))
    ([], 'The file does not exist.')
    """
    if path.suffix.lower() in OTHER_SUFFIXES and path.is_file():
        return [], f"It is a {path.suffix.lower()} file, which is not read. {SAVE_AS}."
    content, problem = read_bytes(path, FILE_BYTES)
    if content is None:
        return [], problem
    try:
        _check_kind(content)
        written, values = _load(content)
        return [_sheet(sheet, values) for sheet in written.worksheets], ""
    except _Refused as refused:
        return [], str(refused)


def _check_kind(content: bytes) -> None:
    """Refuse what is no .xlsx, whatever it is called, before a library looks at it."""
    if not content:
        msg = "The file is empty."
        raise _Refused(msg)
    if content.startswith(_COMPOUND):
        if _LOCKED in content:
            msg = "It is locked by a password. Take the password off: File, Info, Protect Workbook; then save it."
            raise _Refused(msg)
        msg = f"It is a workbook of the old kind (.xls), whatever its name. {SAVE_AS}."
        raise _Refused(msg)
    if not content.startswith(_ZIP):
        msg = f"It is no workbook, whatever its name; a text such as a CSV looks like this. {SAVE_AS}."
        raise _Refused(msg)
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            texts = [part for part in parts if part.filename.endswith((".xml", ".rels", ".vml"))]
            many = len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED
            if many or sum(part.file_size for part in texts) > TEXT_BYTES:
                msg = "It unpacks to far more than a table of this kind holds. Copy the table into a new workbook."
                raise _Refused(msg)
            if any(part.flag_bits & 1 for part in parts):
                msg = "It is locked by a password. Take the password off, and save it."
                raise _Refused(msg)
            if "xl/workbook.xml" not in names:
                kind = "a binary workbook (.xlsb)" if "xl/workbook.bin" in names else "no Excel workbook"
                msg = f"It is {kind}, whatever its name. {SAVE_AS}."
                raise _Refused(msg)
            for part in texts:
                # A part cannot be longer than it says: the archive's reader stops there. No workbook defines entities.
                text = archive.read(part)
                if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:
                    msg = f"Its part {part.filename[:60]} defines entities, which no spreadsheet writes."
                    raise _Refused(msg)
    except _Refused:
        raise
    except Exception as error:
        raise _Refused(_DAMAGED) from error


_DAMAGED: Final = (
    "The file is damaged. Open it in Excel or WPS, let it be repaired, and save it again; "
    "or copy the table into a new workbook."
)


def _load(content: bytes) -> tuple[Any, Any]:
    """Return the workbook with its formulas, and where it has any with the values that were saved, else None."""
    # Loaded here, as a scenario in YAML is read without it.
    import openpyxl

    try:
        with warnings.catch_warnings():
            # It warns of parts that it leaves out, such as pictures; none of them is read here.
            warnings.simplefilter("ignore")
            written = openpyxl.load_workbook(BytesIO(content), keep_links=False)
            for sheet in written.worksheets:
                if sheet.max_row > ROWS or sheet.max_column > COLUMNS:
                    msg = (
                        f"The sheet {shown(sheet.title)} reaches to {sheet.dimensions.rpartition(':')[2]}, beyond "
                        f"{ROWS:,} rows or {COLUMNS} columns. Delete what stands beyond its table."
                    )
                    raise _Refused(msg)
            formulas = any(cell.data_type == "f" for sheet in written.worksheets for cell in _cells(sheet))
            values = openpyxl.load_workbook(BytesIO(content), keep_links=False, data_only=True) if formulas else None
    except _Refused:
        raise
    # Whatever a damaged part makes the library raise.
    except Exception as error:
        raise _Refused(_DAMAGED) from error
    return written, values


def _cells(sheet: Any) -> list[Any]:
    return [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]


def _sheet(sheet: Any, values: Any) -> Sheet:
    hidden_rows = {number for number, one in sheet.row_dimensions.items() if one.hidden}
    hidden_columns = {
        number for one in sheet.column_dimensions.values() if one.hidden for number in range(one.min, one.max + 1)
    }
    cells = {}
    for cell in _cells(sheet):
        hidden = cell.row in hidden_rows or cell.column in hidden_columns
        taken = _taken(cell, values, sheet.title, hidden=hidden)
        if taken is not None:
            cells[cell.row, cell.column] = taken
    merged = {
        (area.min_row, area.min_col): (area.coord, area.max_row, area.max_col) for area in sheet.merged_cells.ranges
    }
    return Sheet(str(sheet.title), cells, merged, sheet.sheet_state != "visible")


def _taken(cell: Any, values: Any, title: str, *, hidden: bool) -> Cell | None:
    """What a cell says; None where that is nothing but spaces."""
    value, kind, problem = cell.value, cell.data_type, ""
    if kind == "f":
        saved = values[title][cell.coordinate]
        value, kind = saved.value, saved.data_type
        if value is None:
            problem = (
                "holds a formula whose value was not saved with it. Open the file in Excel or WPS and save it, "
                "or write the number."
            )
            value = str(getattr(cell.value, "text", cell.value))
    if kind == "e":
        problem, value = f"holds the error {value}. Mend the formula, or write the number.", str(value)
    elif isinstance(value, bool):
        problem, value = f"holds {str(value).upper()}, not a number or a text.", str(value)
    elif isinstance(value, (datetime, date, time, timedelta)):
        day = value.date() if isinstance(value, datetime) else value
        problem = f"holds a date ({day}), not a number. Set the format of the cell to 'General', and type it again."
        value = str(day)
    elif isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if sign := hidden_character(value.replace("\r", "")):
            problem = f"holds a character that cannot be shown ({sign}). Delete it."
        elif len(value) > TEXT_LENGTH:
            problem = f"has a text of {len(value):,} characters; {TEXT_LENGTH:,} are the most."
    elif not isinstance(value, (int, float)):
        problem, value = "holds what is neither a number nor a text.", str(value)
    percent = "%" in str(cell.number_format) and isinstance(value, (int, float))
    return Cell(cell.row, cell.column, cell.coordinate, value, percent, hidden, problem)


def read_sheet_as_table(
    path: Path, sheets: Iterable[str], columns: Mapping[str, str]
) -> tuple[pd.DataFrame | None, list[str], Mapping[str, str]]:
    """Return a sheet whose first row names its columns as a table of texts, as `strict_files.read_table` does of a CSV.

    Parameters
    ----------
    path
        The workbook.
    sheets
        Names that the sheet may have; the only sheet is read whatever its name.
    columns
        Names that a column may have, in lower case, each with the one that the table gives it; others stay.

    Returns
    -------
    tuple
        The table (None when it cannot be read), its index the rows of the sheet, its attribute ``head`` that of the
        names; the problems; and the letter of each
        column. Numbers are written so that `strict_files.read_number` gives the very same, in percent where so shown.
    """
    from openpyxl.utils import get_column_letter

    known, problem = read_workbook(path)
    if problem:
        return None, [problem], {}
    names = {name.casefold() for name in sheets}
    sheet = next((one for one in known if one.title.strip().casefold() in names), known[0] if len(known) == 1 else None)
    if sheet is None:
        listed = ", ".join(shown(one.title) for one in known[:5])
        return None, [f"It has no sheet {' or '.join(map(repr, sheets))}; it has {listed}."], {}
    if not sheet.cells:
        return None, [f"The sheet {shown(sheet.title)} is empty."], {}
    first, *rows = sheet.rows()
    heads = {column: cell for (row, column), cell in sheet.cells.items() if row == first}
    problems = sheet.merges(first, heads)
    by_name: dict[str, int] = {}
    for column, cell in sorted(heads.items()):
        head = columns.get(str(cell.value).casefold(), str(cell.value))
        if head in by_name:
            problems.append(f"{cell.label}: the column {shown(cell.value)} is given twice.")
        by_name.setdefault(head, column)
    for (row, column), cell in sorted(sheet.cells.items()):
        if row > first and column not in heads:
            problems.append(f"{cell.label}: stands in a column without a name. Name it in row {first}, or delete it.")
        elif cell.problem:
            problems.append(f"{cell.label}: {cell.problem}")
    if problems:
        return None, problems, {}
    import pandas as pd

    texts = [
        [as_text(sheet.cells[row, column]) if (row, column) in sheet.cells else "" for column in by_name.values()]
        for row in rows
    ]
    hidden = [cell for (row, _), cell in sorted(sheet.cells.items()) if cell.hidden and row > first]
    if sheet.hidden or hidden:
        where = hidden[0].label if hidden and not sheet.hidden else f"the sheet {shown(sheet.title)}"
        return None, [f"{where}: is hidden. Show it (and take off any filter), or delete it."], {}
    table = pd.DataFrame(texts, columns=list(by_name), index=rows, dtype=str)
    table.attrs["head"] = first
    return table, [], {name: get_column_letter(column) for name, column in by_name.items()}


def as_text(cell: Cell) -> str:
    """Return what a cell says as a text from which `strict_files.read_number` reads the very same number.

    Examples
    --------
    >>> as_text(Cell(7, 3, "C7", 0.742, percent=True)), as_text(Cell(7, 3, "C7", 9300000))
    ('74.2%', '9300000')
    """
    if isinstance(cell.value, str):
        return cell.value
    if cell.percent:
        return f"{Decimal(repr(cell.value)).scaleb(2):f}%"
    return repr(int(cell.value) if float(cell.value).is_integer() and abs(cell.value) < 2**53 else cell.value)
