"""Numbers that a model file takes from tables beside it: GET DIRECT and GET XLS CONSTANTS, DATA, LOOKUPS, SUBSCRIPT."""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from .encodings import decode
from .formulas import SIGNED, sorted_table
from .syntax import Application, Name, Numbers, Part, Range, Table, Text, Tree

FUNCTIONS: Final = re.compile(r"get_(?:xls|direct)_(constants|data|lookups|subscript)")
CELL: Final = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d+)(\*?)")
KEYWORDS: Final = {
    "": "interpolate",
    "interpolate": "interpolate",
    "hold backward": "hold_backward",
    "look forward": "hold_forward",
    "raw": "exact_or_missing",
}

Grid = list[list[Any]]


class ExternalError(ValueError):
    """Something outside the model file that cannot be read as the model asks."""


def is_external(tree: Tree) -> bool:
    """Say whether a tree takes numbers from a file."""
    return isinstance(tree, Application) and FUNCTIONS.fullmatch(tree.key) is not None


class Tables:
    """The tables beside a model, each read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._grids: dict[tuple[str, str], Grid] = {}
        self._books: dict[str, Any] = {}

    def resolve(self, part: Part, lengths: Sequence[int], elements: Sequence[tuple[str, ...]]) -> list[Part]:
        """Return a part with the numbers it asks for: one part, or one for each element of a lookup or series."""
        assert isinstance(part.tree, Application)
        texts = _texts(part.tree)
        kind = FUNCTIONS.fullmatch(part.tree.key).group(1)  # type: ignore[union-attr]
        if kind == "constants":
            return [_with(part, Numbers(self._block(texts, lengths)))]
        method = KEYWORDS[part.keyword] if kind == "data" else "interpolate"
        made = []
        for number, element in enumerate(elements):
            table = self._series(texts, number, method)
            tree: Tree = table
            if kind == "data":
                tree = Application("with_lookup", "WITH LOOKUP", (Name("time", "Time"), table))
            made.append(_with(part, tree, element))
        return made

    def members(self, item: Range) -> tuple[str, ...]:
        """Return the elements of a range that stand in a file: from one cell to another, behind a prefix."""
        assert item.source is not None
        texts = _texts(item.source)
        if len(texts) not in (4, 5):
            message = f"{item.source.written} takes 4 or 5 texts, not {len(texts)}"
            raise ExternalError(message)
        grid = self._grid(texts[0], texts[1])
        row, column, _ = self._cell(texts[0], texts[1], texts[2])
        prefix = texts[4] if len(texts) > 4 else ""
        last = CELL.fullmatch(texts[3].strip())
        if last:
            last_column, last_row = _column(last.group(1)), int(last.group(2)) - 1
        elif texts[3].strip().isdigit():
            last_column, last_row = 10**6, int(texts[3]) - 1
        else:
            last_column, last_row = _column(texts[3].strip() or "A"), 10**6
        names = []
        for line in range(row, min(last_row, len(grid) - 1) + 1):
            for place in range(column, min(last_column, len(grid[line]) - 1) + 1):
                value = grid[line][place]
                if value not in (None, ""):
                    number = isinstance(value, float) and value == int(value)
                    names.append(f"{prefix}{int(value) if number else str(value).strip()}")
        if not names:
            message = f"{texts[0]} holds no names from {texts[2]} to {texts[3]}"
            raise ExternalError(message)
        return tuple(names)

    # Numbers.

    def _block(self, texts: Sequence[str], lengths: Sequence[int]) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return constants: along a row, the last subscript across; with a star behind the cell, turned."""
        if len(texts) != 3:
            message = f"GET CONSTANTS takes 3 texts, not {len(texts)}"
            raise ExternalError(message)
        row, column, turned = self._cell(texts[0], texts[1], texts[2])
        if len(lengths) > 2:
            message = "constants of more than two subscripts from one cell"
            raise ExternalError(message)
        down, across = (1, *lengths)[-2:] if lengths else (1, 1)
        values = []
        for i, j in itertools.product(range(down), range(across)):
            at_row, at_column = (row + j, column + i) if turned else (row + i, column + j)
            value = self._number(texts[0], texts[1], at_row, at_column)
            if math.isnan(value):
                message = f"{texts[0]} holds no number at {_spoken(at_row, at_column)}"
                raise ExternalError(message)
            values.append(value)
        return np.array(values)

    def _series(self, texts: Sequence[str], number: int, method: str) -> Table:
        """Return the points of one series: x in a row or column, y beside it, as far as there are numbers."""
        if len(texts) != 4:
            message = f"GET DATA and GET LOOKUPS take 4 texts, not {len(texts)}"
            raise ExternalError(message)
        file, tab, along, cell = texts
        row, column, _ = self._cell(file, tab, cell)
        x: list[float] = []
        y: list[float] = []
        if along.strip().isdigit():
            places: Iterator[tuple[int, int, int, int]] = (
                (int(along) - 1, column + step, row + number, column + step) for step in itertools.count()
            )
        elif re.fullmatch(r"[A-Za-z]{1,3}", along.strip()) and along.strip().lower() not in self._named(file):
            places = ((row + step, _column(along.strip()), row + step, column + number) for step in itertools.count())
        else:
            first_row, first_column, _ = self._cell(file, tab, along)
            vertical = first_column != column
            places = (
                (first_row + step, first_column, row + step, column + number)
                if vertical
                else (first_row, first_column + step, row + number, column + step)
                for step in itertools.count()
            )
        gap = 0
        for x_row, x_column, y_row, y_column in places:
            at = self._number(file, tab, x_row, x_column)
            # A gap of a few cells is none yet.
            gap = gap + 1 if math.isnan(at) else 0
            if gap > 5:
                break
            value = self._number(file, tab, y_row, y_column)
            if not math.isnan(at) and not math.isnan(value):
                x.append(at)
                y.append(value)
        if not x:
            message = f"{file} holds no series at {cell} along {along}"
            raise ExternalError(message)
        return sorted_table(x, y, method)

    # Cells.

    def _cell(self, file: str, tab: str, name: str) -> tuple[int, int, bool]:
        found = CELL.fullmatch(name.strip())
        if found:
            return int(found.group(2)) - 1, _column(found.group(1)), bool(found.group(3))
        area = self._named(file).get(name.strip().removesuffix("*").lower())
        first = CELL.match(area) if area else None
        if first:
            return int(first.group(2)) - 1, _column(first.group(1)), name.strip().endswith("*")
        message = f"{name!r} is no cell of {file}, tab {tab!r}"
        raise ExternalError(message)

    def _named(self, file: str) -> dict[str, str]:
        """Return the named cells and areas of a workbook, by name in small letters."""
        if not file.lower().endswith((".xlsx", ".xlsm")):
            return {}
        return {
            name.lower(): area.replace("$", "")
            for name, defined in self._book(file).defined_names.items()
            for _sheet, area in defined.destinations
        }

    def _number(self, file: str, tab: str, row: int, column: int) -> float:
        grid = self._grid(file, tab)
        value = grid[row][column] if row < len(grid) and column < len(grid[row]) else None
        if isinstance(value, bool) or value is None:
            return math.nan
        if isinstance(value, (int, float)):
            return float(value)
        text = str(value).strip()
        return float(text) if re.fullmatch(SIGNED, text) else math.nan

    def _grid(self, file: str, tab: str) -> Grid:
        if (file, tab) not in self._grids:
            self._grids[file, tab] = self._read(file, tab)
        return self._grids[file, tab]

    def _read(self, file: str, tab: str) -> Grid:
        suffix = Path(file).suffix.lower()
        if suffix in (".csv", ".txt", ".tab"):
            path = self._path(file)
            separator = "\t" if tab.strip().lower() in ("tab", "\\t", "") else tab.strip()
            return [list(row) for row in csv.reader(decode(path.read_bytes()).splitlines(), delimiter=separator)]
        if suffix not in (".xlsx", ".xlsm"):
            message = f"{file} is no .csv, .txt, .xlsx or .xlsm; save it as one of these"
            raise ExternalError(message)
        book = self._book(file)
        sheets = {name.lower(): name for name in book.sheetnames}
        if tab.strip().lower() not in sheets:
            message = f"{file} has no tab {tab!r}; there are {', '.join(book.sheetnames)}"
            raise ExternalError(message)
        return [list(row) for row in book[sheets[tab.strip().lower()]].iter_rows(values_only=True)]

    def _book(self, file: str) -> Any:
        if file not in self._books:
            # Only here: few models keep numbers so, and loading takes a while.
            from openpyxl import load_workbook

            self._books[file] = load_workbook(self._path(file), data_only=True)
        return self._books[file]

    def _path(self, file: str) -> Path:
        path = self.folder / file.replace("\\", "/")
        if not path.is_file():
            message = f"{file} is not beside the model"
            if file.startswith("?"):
                message = f"{file} stands for a file that the model does not name; write its name instead"
            raise ExternalError(message)
        return path


def resolve_ranges(
    ranges: dict[str, Range], tables: Tables, refuse: Callable[[str, str], Any]
) -> dict[str, tuple[str, ...]]:
    """Return the elements of the ranges that stand in files."""
    found: dict[str, tuple[str, ...]] = {}
    for key, item in ranges.items():
        if item.source is not None:
            try:
                found[key] = tables.members(item)
            except ExternalError as error:
                refuse(item.name, str(error))
    return found


def _texts(tree: Application) -> list[str]:
    texts = [argument.value for argument in tree.arguments if isinstance(argument, Text)]
    if len(texts) != len(tree.arguments):
        message = f"{tree.written} takes texts in single quotes"
        raise ExternalError(message)
    return texts


def _with(part: Part, tree: Tree, subscripts: tuple[str, ...] | None = None) -> Part:
    kept = part.subscripts if subscripts is None else subscripts
    return Part(tree, kept, part.excepted if subscripts is None else (), part.sign, "", part.text, part.line)


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _spoken(row: int, column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"
