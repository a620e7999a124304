"""Workbooks as a person fills them in, from the template that the command writes."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl

from analysis.template.workbooks import observation_template, scenario_template

#: What a person writes on the sheet of the scenario, by row.
FIELDS = {2: "加快落户", 4: "加快落户后，户籍城镇化率提高多少？", 9: "假设：两年内到位"}
LEVERS = {"zh": "政策", "en": "levers"}
SCENARIO = {"zh": "情景", "en": "scenario"}


def scenario_book(language: str = "zh") -> Any:
    """The template with the fields that must be filled in."""
    book = openpyxl.load_workbook(BytesIO(scenario_template(language)))
    for row, text in FIELDS.items():
        book[SCENARIO[language]].cell(row, 2).value = text
    return book


def observation_book(language: str = "zh") -> Any:
    """The template for observations."""
    return openpyxl.load_workbook(BytesIO(observation_template(language)))


def lever_cell(book: Any, lever: str, column: str | int, element: str = "") -> Any:
    """The cell of a lever, by the name of the constant, in a year or another column."""
    sheet = book.worksheets[2]
    heads = {cell.value: cell.column for cell in sheet[1]}
    name, part = (heads.get(zh, heads.get(en)) for zh, en in (("模型变量", "constant"), ("模型分项", "element")))
    row = next(
        row
        for row in range(2, sheet.max_row + 1)
        if (sheet.cell(row, name).value, sheet.cell(row, part).value or "") == (lever, element)
    )
    return sheet.cell(row, heads[column])


def fill(book: Any, lever: str, path: Mapping[str | int, Any], element: str = "") -> None:
    """Write numbers into the row of a lever."""
    for column, value in path.items():
        lever_cell(book, lever, column, element).value = value


def saved(book: Any, path: Path) -> Path:
    """The workbook as a file."""
    book.save(path)
    return path
