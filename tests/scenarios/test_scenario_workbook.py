"""A workbook is read as the YAML file that says the same, and every mistake in it is told by its cell."""

from __future__ import annotations

import shutil
import time
import zipfile
from json import dumps

import numpy as np
import openpyxl
import pytest
from openpyxl.styles import numbers

from analysis.template.workbooks import scenario_template
from scenarios import ScenarioError, load_levers, load_scenario, load_scenarios, shipped_scenarios
from scenarios.scenario import workbook_as_yaml
from tests.support.damaged_files import outcome
from tests.support.workbooks import fill, lever_cell, saved, scenario_book

YAML = """\
name: quick
title: {{zh: 加快落户, en: 加快落户}}
question: {{zh: 加快落户后，户籍城镇化率提高多少？, en: 加快落户后，户籍城镇化率提高多少？}}
base: {base}
changes:
{changes}
expect: []
"""
SAID = "    unit: {unit}\n    source: 假设\n"


def from_yaml(folder, changes, base="baseline", head=""):
    folder.joinpath("yaml").mkdir(exist_ok=True)
    path = folder / "yaml" / "quick.yaml"
    path.write_text(head + YAML.format(base=base, changes=changes), encoding="utf-8")
    return load_scenario(path)


def same(one, other, *, order=True):
    """Equal in all that a run depends on, to the last bit; the hash depends on the order of the changes too."""
    assert not order or one.hash == other.hash
    said, meant = (
        sorted((c.constant, dumps(c.value, sort_keys=True), c.unit) for c in each.changes) for each in (one, other)
    )
    assert said == meant
    ours, theirs = one.settings(), other.settings()
    assert ours.keys() == theirs.keys()
    for name, setting in ours.items():
        np.testing.assert_array_equal(np.asarray(setting), np.asarray(theirs[name]))
    assert dict(one.title) == dict(other.title)


def refused(path):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    return str(caught.value)


# The same as the YAML file


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_path_equals_that_of_a_yaml_file(tmp_path, language):
    book = scenario_book(language)
    fill(book, "EASE OF SETTLEMENT", {2021: 0.93, 2025: 1})
    fill(book, "TALENT SUBSIDY", {2023: 12000, 2030: 20000.5})
    changes = (
        "  EASE OF SETTLEMENT:\n    path: {2020: default, 2021: 0.93, 2025: 1.0}\n"
        + SAID.format(unit="Dmnl")
        + "  TALENT SUBSIDY:\n    path: {2020: default, 2023: 12000, 2030: 20000.5}\n"
        + SAID.format(unit="yuan/person")
    )
    same(load_scenario(saved(book, tmp_path / "quick.xlsx")), from_yaml(tmp_path, changes))


def test_a_start_that_is_a_number_or_empty_is_that_of_a_yaml_file(tmp_path):
    book = scenario_book()
    fill(book, "AFFORDABLE RENTAL STARTS", {"起点": 41000, 2025: 60000})
    fill(book, "EASE OF SETTLEMENT", {"起点": None, 2025: 1.0})
    fill(book, "RENT SUBSIDY", {"起点": None, 2023: 0.1, 2025: 0.2})
    fill(book, "YEARS REQUIRED", {"起点": 0})
    changes = (
        "  EASE OF SETTLEMENT:\n    value: 1.0\n"
        + SAID.format(unit="Dmnl")
        + "  YEARS REQUIRED:\n    value: 0\n"
        + SAID.format(unit="Year")
        + "  AFFORDABLE RENTAL STARTS:\n    path: {2020: 41000, 2025: 60000}\n"
        + SAID.format(unit="dwelling/Year")
        + "  RENT SUBSIDY:\n    path: {2023: 0.1, 2025: 0.2}\n"
        + SAID.format(unit="Dmnl")
    )
    same(load_scenario(saved(book, tmp_path / "quick.xlsx")), from_yaml(tmp_path, changes))


def test_elements_are_named_as_in_by_and_the_rest_stays(tmp_path):
    book = scenario_book()
    book["情景"]["B6"].value = "plan"
    fill(book, "PERMIT ENTITLEMENT", {"起点": None, 2021: 1.0}, "primary")
    fill(book, "PERMIT ENTITLEMENT", {2023: 1.0}, "junior secondary")
    changes = "  PERMIT ENTITLEMENT:\n    by: {primary: 1.0, junior secondary: {2020: default, 2023: 1.0}}\n"
    same(
        load_scenario(saved(book, tmp_path / "quick.xlsx")),
        from_yaml(tmp_path, changes + SAID.format(unit="Dmnl"), "plan"),
    )


@pytest.mark.parametrize(
    ("base", "starts"), [("as_carried_out", 2026), ("as_carried_out", "2026年"), ("renewal_2026", None)]
)
def test_a_later_start_begins_with_what_holds_until_then(tmp_path, base, starts):
    book = scenario_book()
    book["情景"]["B6"].value = base
    book["情景"]["B7"].value = starts
    fill(book, "SKILLS TRAINING", {2028: 150000})
    changes = "  SKILLS TRAINING:\n    path: {2025: before, 2028: 150000}\n" + SAID.format(unit="person/Year")
    head = "" if starts is None else "starts: 2026\n"
    same(load_scenario(saved(book, tmp_path / "quick.xlsx")), from_yaml(tmp_path, changes, base, head))


def test_a_workbook_becomes_the_yaml_file_that_says_the_same(tmp_path):
    book = scenario_book()
    fill(book, "EASE OF SETTLEMENT", {2021: 0.1 + 0.2, 2035: 1 / 3})
    fill(book, "PERMIT ENTITLEMENT", {2023: 0.95}, "primary")
    fill(book, "COUNTY TOWN PROGRAMME", {2025: 1.5e9})
    path = saved(book, tmp_path / "quick.xlsx")
    other = tmp_path / "yaml" / "quick.yaml"
    other.parent.mkdir()
    other.write_text(workbook_as_yaml(path), encoding="utf-8")
    same(load_scenario(path), load_scenario(other))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_shipped_scenario_is_the_same_in_a_workbook(tmp_path, language):
    names = [*shipped_scenarios(), *shipped_scenarios(2026)[1:]]
    filled = [one for one in load_scenarios(names) if any(change.stated_in == one.name for change in one.changes)]
    assert len(filled) > 18
    for scenario in filled:
        path = tmp_path / f"{scenario.name}.xlsx"
        path.write_bytes(scenario_template(language, scenario))
        again = load_scenario(path)
        # The workbook has the order of the levers.
        same(again, scenario, order=False)
        assert (again.base, again.starts, again.question) == (scenario.base, scenario.starts, scenario.question)
        assert {c.source for c in again.changes} == {c.source for c in scenario.changes}
        assert again.expectations == scenario.expectations


def test_every_lever_can_be_filled_in_with_both_of_its_bounds(tmp_path):
    book = scenario_book()
    sheet = book["政策"]
    for row in range(2, sheet.max_row + 1):
        lever = load_levers()[sheet.cell(row, 4).value]
        fill(book, lever.constant, {2021: lever.lowest, 2035: lever.highest}, sheet.cell(row, 5).value or "")
    scenario = load_scenario(saved(book, tmp_path / "quick.xlsx"))
    assert {change.constant for change in scenario.changes} == set(load_levers())


@pytest.mark.parametrize(
    ("written", "meant"),
    [("０.９５", 0.95), ("95%", 0.95), ("９５％", 0.95), (" 0.95 ", 0.95), ("0.95", 0.95)],
)
def test_a_share_written_as_text_is_read_as_meant(tmp_path, written, meant):
    book = scenario_book()
    fill(book, "EASE OF SETTLEMENT", {2025: written})
    (change,) = load_scenario(saved(book, tmp_path / "quick.xlsx")).changes
    assert change.value == {2020: 0.9, 2025: meant}


def test_a_number_with_thousands_signs_is_read_and_one_in_tens_of_thousands_told_how_to_write(tmp_path):
    book = scenario_book()
    fill(book, "TALENT SUBSIDY", {2025: "20,000", 2030: "3万", 2031: "20%"})
    told = refused(saved(book, tmp_path / "quick.xlsx"))
    cell = lever_cell(book, "TALENT SUBSIDY", 2030).coordinate
    assert f"{cell}: 'TALENT SUBSIDY' in 2030: '3万' is not a number. Write 30000." in told
    assert "'20%' is not a number" in told
    assert "20,000" not in told


def test_a_lever_is_known_by_its_title_and_a_misspelt_one_suggested(tmp_path):
    book = scenario_book()
    fill(book, "EASE OF SETTLEMENT", {2025: 1.0})
    cell = lever_cell(book, "EASE OF SETTLEMENT", "模型变量")
    cell.value = "落户便利度"
    path = saved(book, tmp_path / "quick.xlsx")
    assert load_scenario(path).changes[0].constant == "EASE OF SETTLEMENT"
    cell.value = None
    assert load_scenario(saved(book, path)).changes[0].constant == "EASE OF SETTLEMENT"
    cell.value = "落户便利"
    assert (
        f"{cell.coordinate}: '落户便利' is not a constant of the model. Did you mean 'EASE OF SETTLEMENT'?"
        in refused(saved(book, path))
    )
    cell.value = "ease of settlement"
    assert load_scenario(saved(book, path)).changes[0].constant == "EASE OF SETTLEMENT"


def test_a_base_may_be_a_workbook_beside_it_and_a_yaml_file_may_have_one(tmp_path):
    book = scenario_book()
    fill(book, "EASE OF SETTLEMENT", {2025: 1.0})
    first = saved(book, tmp_path / "quick.xlsx")
    fill(book, "EASE OF SETTLEMENT", {2025: None})
    fill(book, "YEARS REQUIRED", {2025: 0})
    book["情景"]["B6"].value = "quick"
    changed = [change.constant for change in load_scenario(saved(book, tmp_path / "more.xlsx")).changes]
    assert changed == [load_scenario(first).changes[0].constant, "YEARS REQUIRED"]
    text = YAML.format(base="more", changes="  DOWN PAYMENT:\n    value: 0.3\n" + SAID.format(unit="Dmnl"))
    (tmp_path / "most.yaml").write_text(text.replace("quick", "most"), encoding="utf-8")
    assert len(load_scenario(tmp_path / "most.yaml").changes) == 3


def test_rows_may_go_columns_may_move_and_a_title_may_stand_above(tmp_path):
    book = scenario_book()
    fill(book, "YEARS REQUIRED", {2025: 0})
    sheet = book["政策"]
    sheet.delete_rows(2, 8)
    sheet.insert_rows(1, 2)
    sheet["A1"].value = "政策情景表"
    sheet.delete_cols(1)
    assert load_scenario(saved(book, tmp_path / "quick.xlsx")).changes[0].value == {2020: 1, 2025: 0}


# Mistakes by cell


def test_all_mistakes_are_told_at_once_by_cell(tmp_path):
    book = scenario_book()
    book["情景"]["B2"].value = None
    book["情景"]["B6"].value = "plann"
    fill(book, "EASE OF SETTLEMENT", {2025: 1.2, 2026: "很高"})
    fill(book, "RENT SUBSIDY", {2025: 0.9})
    lever_cell(book, "RENT SUBSIDY", "单位").value = "万元"
    fill(book, "PERMIT ENTITLEMENT", {2023: 1.0}, "primary")
    element = lever_cell(book, "PERMIT ENTITLEMENT", "模型分项", "primary")
    element.value = "primery"
    told = refused(saved(book, tmp_path / "quick.xlsx"))
    ease, rent = (lever_cell(book, name, 2025).coordinate for name in ("EASE OF SETTLEMENT", "RENT SUBSIDY"))
    for words in (
        "情景!B2: the title is empty",
        "情景!B6: There is no scenario 'plann' to be the base. Did you mean 'plan'?",
        f"{ease}: 'EASE OF SETTLEMENT' in 2025: 1.2 is outside 0 to 1 Dmnl.",
        "'很高' is not a number.",
        f"{rent}: 'RENT SUBSIDY' in 2025: 0.9 is outside 0 to 0.5 Dmnl.",
        "'RENT SUBSIDY' is in 'Dmnl', the file says '万元'.",
        f"{element.coordinate}: 'PERMIT ENTITLEMENT' for 'primery': there is no such element. Did you mean 'primary'?",
    ):
        assert words in told, told


def test_a_lever_of_the_first_edition_is_told_what_it_is_now(tmp_path):
    book = scenario_book()
    fill(book, "TALENT SUBSIDY", {2025: 20000})
    lever_cell(book, "TALENT SUBSIDY", "政策措施").value = None
    lever_cell(book, "TALENT SUBSIDY", "模型变量").value = "TALENT ARRIVALS"
    assert "now it is 'TALENT SUBSIDY', in yuan/person" in refused(saved(book, tmp_path / "quick.xlsx"))


def test_an_element_that_is_cleared_does_not_set_all_of_them(tmp_path):
    book = scenario_book()
    fill(book, "PERMIT ENTITLEMENT", {2023: 1.0}, "primary")
    cell = lever_cell(book, "PERMIT ENTITLEMENT", "模型分项", "primary")
    part = lever_cell(book, "PERMIT ENTITLEMENT", "分项", "primary")
    cell.value = None
    path = saved(book, tmp_path / "quick.xlsx")
    assert f"{part.coordinate}: the row is of '小学（6—11岁）'" in refused(path)
    part.value = None
    assert "'default' differs from element to element" in refused(saved(book, path))
    lever_cell(book, "PERMIT ENTITLEMENT", "起点").value = None
    assert load_scenario(saved(book, path)).changes[0].value == 1.0


def test_an_empty_template_a_missing_source_and_a_missing_sheet_are_told(tmp_path):
    book = scenario_book()
    path = saved(book, tmp_path / "quick.xlsx")
    assert "No lever of the sheet '政策' has a number." in refused(path)
    fill(book, "YEARS REQUIRED", {2025: 0})
    fill(book, "EASE OF SETTLEMENT", {2025: 1})
    book["情景"]["B9"].value = None
    told = refused(saved(book, path))
    assert told.count("情景!B9") == 1
    assert "is empty" in told
    lever_cell(book, "YEARS REQUIRED", "依据").value = "规划2.2(1)"
    lever_cell(book, "EASE OF SETTLEMENT", "依据").value = "规划2.1(1)"
    assert load_scenario(saved(book, path)).changes[1].source == "规划2.2(1)"
    del book["情景"]
    assert "It has no sheet '情景' or 'scenario'; it has '说明', '政策', '预期'." in refused(saved(book, path))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (
            lambda sheet, cell: sheet.merge_cells(f"{cell.coordinate}:{cell.offset(0, 1).coordinate}"),
            "are merged. Unmerge",
        ),
        (lambda sheet, cell: sheet.row_dimensions.__getitem__(cell.row).__setattr__("hidden", True), "in a hidden row"),
        (
            lambda sheet, cell: sheet.column_dimensions.__getitem__(cell.column_letter).__setattr__("hidden", True),
            "in a hidden row or column",
        ),
        (lambda sheet, cell: sheet.__setattr__("sheet_state", "hidden"), "The sheet '政策' is hidden"),
        (lambda _, cell: cell.__setattr__("value", "=1/2"), "a formula whose value was not saved"),
        (lambda _, cell: cell.__setattr__("value", "#DIV/0!"), "holds the error #DIV/0!"),
        (lambda _, cell: cell.__setattr__("value", True), "holds TRUE"),
        (lambda _, cell: cell.__setattr__("number_format", numbers.FORMAT_DATE_YYYYMMDD2), "holds a date"),
        (lambda sheet, cell: sheet.__setitem__("Q1", "合计"), "'合计' is not a column of this sheet"),
        (lambda sheet, cell: sheet.__setitem__("Q1", 2021), "the column 2021 is given twice"),
        (lambda sheet, cell: sheet.cell(100, cell.column, 0.5), "the row has numbers and names no lever"),
        (
            lambda sheet, cell: [sheet.cell(100, c, sheet.cell(cell.row, c).value) for c in (4, 6, cell.column)],
            "'EASE OF SETTLEMENT' is given twice, first in D2",
        ),
        (lambda sheet, cell: sheet.cell(cell.row, 2, "青年人才补贴"), "'TALENT SUBSIDY' by its title"),
        (lambda sheet, cell: sheet.cell(3000, 300, 1), "The sheet '政策' reaches to"),
    ],
)
def test_what_a_spreadsheet_can_hide_is_refused_in_words(tmp_path, harm, words):
    book = scenario_book()
    cell = lever_cell(book, "EASE OF SETTLEMENT", 2025)
    cell.value = 1.0
    harm(book["政策"], cell)
    told = refused(saved(book, tmp_path / "quick.xlsx"))
    assert words in told, told
    if "sheet" not in words and "row has" not in words and "twice" not in words and "title" not in words:
        assert f"{cell.coordinate}:" in told or "Q1:" in told


def test_a_formula_counts_by_the_value_that_was_saved_with_it(tmp_path):
    import xlsxwriter

    path = tmp_path / "quick.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("levers")
        sheet.write_row(0, 0, ["constant", "unit", 2025, 2030])
        sheet.write_row(1, 0, ["EASE OF SETTLEMENT", "Dmnl"])
        sheet.write_formula(1, 2, "=0.9+0.05", None, 0.95)
        sheet.write_number(1, 3, 1)
        about = book.add_worksheet("scenario")
        for row, words in enumerate(
            [["title in English", "Quick"], ["question in English", "What?"], ["source", "assumption"]]
        ):
            about.write_row(row, 0, words)
    assert load_scenario(path).changes[0].value == {2025: 0.95, 2030: 1.0}


def test_a_number_shown_in_percent_is_taken_for_shares_only(tmp_path):
    book = scenario_book()
    fill(book, "EASE OF SETTLEMENT", {2025: 0.95})
    lever_cell(book, "EASE OF SETTLEMENT", 2025).number_format = "0%"
    path = saved(book, tmp_path / "quick.xlsx")
    assert load_scenario(path).changes[0].value == {2020: 0.9, 2025: 0.95}
    fill(book, "TALENT SUBSIDY", {2025: 100.0})
    lever_cell(book, "TALENT SUBSIDY", 2025).number_format = "0%"
    assert "the cell is shown in percent" in refused(saved(book, path))


# What must come out


def expect(book, *rows):
    """Write rows into the sheet of expectations."""
    for row, said in enumerate(rows, 2):
        for column, value in enumerate(said, 1):
            book.worksheets[3].cell(row, column).value = value


EXPECT = """expect:
  - {variable: resident urbanization rate, year: 2035, is: above baseline}
  - {variable: registered urbanization rate, never above: 1.0}
  - {variable: resident urbanization rate, year: 2035, at least: 0.735}
  - {variable: "capacity closed", element: [Shanghe, primary], year: 2031, is: below baseline}
  - {variable: residents by district, element: Pingyin, year: 2035, is: above baseline}
"""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_expectations_equal_those_of_a_yaml_file(tmp_path, language):
    book = scenario_book(language)
    fill(book, "EASE OF SETTLEMENT", {2025: 1.0})
    zh = language == "zh"
    expect(
        book,
        (
            "常住人口城镇化率" if zh else "resident urbanization rate",
            None,
            "2035年" if zh else 2035,
            "高于",
            "baseline",
        ),
        ("registered urbanization rate", None, None, "始终不高于" if zh else "never above", 1),
        ("resident urbanization rate", None, 2035, "不低于" if zh else "at least", "７３．５％"),
        ("capacity closed", "商河县，primary" if zh else "Shanghe, primary", 2031, "below", "baseline"),
        ("residents by district", "平阴县" if zh else "Pingyin", 2035, "above", "baseline"),
    )
    path = saved(book, tmp_path / "quick.xlsx")
    changes = "  EASE OF SETTLEMENT:\n    path: {2020: default, 2025: 1.0}\n" + SAID.format(unit="Dmnl")
    from_yaml(tmp_path, changes)
    other = tmp_path / "yaml" / "quick.yaml"
    other.write_text(other.read_text(encoding="utf-8").replace("expect: []\n", EXPECT), encoding="utf-8")
    assert len(load_scenario(other).expectations) == 5
    assert load_scenario(path).expectations == load_scenario(other).expectations
    (tmp_path / "again").mkdir()
    again = tmp_path / "again" / "quick.yaml"
    again.write_text(workbook_as_yaml(path), encoding="utf-8")
    assert load_scenario(again).expectations == load_scenario(other).expectations


def test_a_workbook_without_the_sheet_expects_nothing(tmp_path):
    book = scenario_book()
    fill(book, "EASE OF SETTLEMENT", {2025: 1.0})
    del book["预期"]
    assert load_scenario(saved(book, tmp_path / "quick.xlsx")).expectations == ()


def test_mistakes_in_expectations_are_told_by_cell(tmp_path):
    book = scenario_book()
    fill(book, "EASE OF SETTLEMENT", {2025: 1.0})
    expect(
        book,
        ("常住人口城镇率", None, 2035, "高于", "baseline"),
        ("resident urbanization rate", None, 2099, "高于", "baselin"),
        ("resident urbanization rate", None, None, "高于", "baseline"),
        ("resident urbanization rate", None, 2035, "大于", "baseline"),
        ("resident urbanization rate", None, 2035, "高于", 0.8),
        ("residents", None, 2035, "不低于", "很多"),
        ("residents", None, 2035, "不低于", "98%"),
        ("residents by district", "平因县", 2035, "高于", "baseline"),
        ("residents", None, 2035, None, 9_000_000),
        ("residents", None, 2030, "never above", 9_000_000),
    )
    told = refused(saved(book, tmp_path / "quick.xlsx"))
    for words in (
        "预期!A2: expect no. 1: '常住人口城镇率' is not a variable of the model.",
        "预期!C3: expect no. 2: the year 2099 is outside",
        "预期!E3: expect no. 2: 'is' must be 'above' or 'below' and one of baseline; not 'above baselin'. "
        "Did you mean 'baseline'?",
        "预期!D4: a comparison of one year needs that year.",
        "预期!D5: '大于' is no comparison. Choose one of '高于', '低于'",
        "预期!E6: '高于' (above) compares with a scenario.",
        "预期!E7: expect no. 6: '很多' is not a number.",
        "预期!E8: 'residents' is in 'person', not in percent.",
        "预期!B9: expect no. 8: 'residents by district' has no element '平因县'.",
        "预期!A10: the row has no '关系' (comparison).",
        "预期!A11: expect no. 9: 'never above' holds for the whole run, so it takes no year.",
    ):
        assert words in told, (words, told)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda sheet: sheet.merge_cells("A2:A3"), "预期!A2: the cells A2:A3 are merged"),
        (lambda sheet: sheet.__setitem__("F1", "备注"), "预期!F1: '备注' is not a column of this sheet"),
        (lambda sheet: sheet.__setitem__("F1", "指标"), "预期!F1: the column '指标' is given twice"),
        (lambda sheet: sheet.__setitem__("A1", "某某"), "The sheet '预期' has no row that names its columns"),
        (lambda sheet: sheet.__setattr__("sheet_state", "hidden"), "预期!A2: is hidden"),
        (lambda sheet: sheet.__setitem__("E2", "=1+1"), "预期!E2: holds a formula whose value was not saved"),
    ],
)
def test_what_the_sheet_of_expectations_can_hide_is_refused(tmp_path, harm, words):
    book = scenario_book()
    fill(book, "EASE OF SETTLEMENT", {2025: 1.0})
    expect(book, ("residents", None, 2035, "高于", "baseline"))
    harm(book["预期"])
    told = refused(saved(book, tmp_path / "quick.xlsx"))
    assert words in told, told


# Files of other kinds


def test_files_that_only_look_like_workbooks_are_refused_in_words(tmp_path):
    good = saved(scenario_book(), tmp_path / "good.xlsx").read_bytes()
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    texts = zipfile.ZipFile(tmp_path / "other.xlsx", "w")
    with texts:
        texts.writestr("word/document.xml", "<a/>")
    files = {
        "renamed.xlsx": (b"constant,2025\nEASE OF SETTLEMENT,1\n", "It is no workbook, whatever its name"),
        "old.xlsx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "a workbook of the old kind (.xls)"),
        "locked.xlsx": (locked, "It is locked by a password"),
        "cut.xlsx": (good[: len(good) // 2], "The file is damaged"),
        "empty.xlsx": (b"", "The file is empty"),
        "other.xlsx": ((tmp_path / "other.xlsx").read_bytes(), "It is no Excel workbook"),
        "huge.xlsx": (b"PK\x03\x04" + bytes(5 * 1024 * 1024), "The file is larger than"),
        **{
            f"table.{ending}": (good, f"It is a .{ending} file, which is not read")
            for ending in ("xls", "csv", "et", "xlsm")
        },
    }
    for name, (content, words) in files.items():
        (tmp_path / name).write_bytes(content)
        told = refused(tmp_path / name)
        assert words in told, (name, told)
        assert "Traceback" not in told
    assert "The file does not exist" in refused(tmp_path / "none.xlsx")


def test_a_part_that_unpacks_to_gigabytes_or_defines_entities_is_refused_at_once(tmp_path):
    good = saved(scenario_book(), tmp_path / "good.xlsx")
    with zipfile.ZipFile(good) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    entity = b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 1000 + b'">]>'
    for name, sheet, words in (
        ("bomb", b"<a>" + b" " * 60_000_000 + b"</a>", "It unpacks to far more"),
        ("entity", entity + parts["xl/worksheets/sheet3.xml"], "defines entities"),
    ):
        path = tmp_path / f"{name}.xlsx"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part, content in {**parts, "xl/worksheets/sheet3.xml": sheet}.items():
                archive.writestr(part, content)
        begun = time.process_time()
        assert words in refused(path)
        assert time.process_time() - begun < 5


def test_a_hundred_damaged_workbooks_are_read_or_refused_in_words(tmp_path):
    book = scenario_book()
    fill(book, "YEARS REQUIRED", {2025: 0})
    good = saved(book, tmp_path / "quick.xlsx").read_bytes()
    parts = {}
    with zipfile.ZipFile(tmp_path / "quick.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    dice = np.random.default_rng(15)
    path = tmp_path / "hurt.xlsx"
    for trial in range(100):
        if trial % 2:
            hurt = bytearray(good)
            for place in dice.integers(len(hurt), size=8):
                hurt[place] = dice.integers(256)
            path.write_bytes(bytes(hurt))
        else:
            name = sorted(parts)[trial // 2 % len(parts)]
            text = parts[name]
            first, last = sorted(dice.integers(len(text), size=2))
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for part, content in {**parts, name: text[:first] + text[last:]}.items():
                    archive.writestr(part, content)
        assert outcome(load_scenario, path) in ("read", "refused"), trial


def test_a_file_in_capitals_is_a_workbook_too(tmp_path):
    book = scenario_book()
    fill(book, "YEARS REQUIRED", {2025: 0})
    shutil.copy(saved(book, tmp_path / "quick.xlsx"), tmp_path / "QUICK.XLSX")
    assert load_scenario(tmp_path / "QUICK.XLSX").name == "QUICK"


def test_a_template_is_written_as_it_is_read(tmp_path):
    """A workbook that openpyxl writes has lost what it does not know; the template itself is read as well."""
    path = tmp_path / "quick.xlsx"
    path.write_bytes(scenario_template("zh"))
    told = refused(path)
    assert told.count(" * ") == 3, told
    assert openpyxl.load_workbook(path)["政策"].freeze_panes == "D2"
