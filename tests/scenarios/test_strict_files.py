"""What a file may hold and what is refused, in every file that the project reads."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from analysis.assessment.observations import AssessmentError, read_newer_observations, read_stored_forecast
from analysis.outcome.words import terms
from calibration.fit.evidence import Evidence
from calibration.fit.priors import PRIORS_FILE, PriorError, read_priors
from model.definition import variables_by_name
from model.files.strict_files import LINE_LENGTH, MESSAGE_LINES, parse_yaml, read_table, read_yaml, refusal
from scenarios import (
    LeverError,
    ScenarioError,
    TargetError,
    load_levers,
    load_scenario,
    load_targets,
    shipped_scenarios,
)
from scenarios.levers import FILE as LEVER_FILE
from scenarios.start import JUMP, START
from scenarios.targets import FILE as TARGET_FILE
from scenarios.targets import UNITS
from tests.support.damaged_files import outcome

HEAD = """\
name: {name}
title: {{zh: 试验, en: A trial}}
question: {{zh: 会怎样？, en: What follows?}}
base: {base}
expect: []
changes:
"""
CHANGE = "  TALENT SUBSIDY: {value: 90000, unit: yuan/person, source: assumption}\n"


def scenario_file(folder: Path, changes: str = CHANGE, name: str = "trial", base: str = "plan") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(HEAD.format(name=name, base=base) + changes, encoding="utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    return str(caught.value)


# Only plain files


def test_a_pipe_a_folder_and_a_device_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to("/dev/zero")
    for name in ("pipe", "folder", "link"):
        assert "It is not a plain file." in refused(tmp_path / f"{name}.yaml"), name
        assert read_table(tmp_path / f"{name}.yaml") == (None, ["It is not a plain file."]), name


def test_a_path_that_no_file_can_have_is_refused_in_words(tmp_path):
    assert "a character that no file name has" in refused(Path("a\0b.yaml"))
    assert "File name too long" in refused(tmp_path / f"{'x' * 300}.yaml")
    assert "There is no scenario" in refused(Path("x" * 300))


@pytest.mark.parametrize(
    "base", ["/dev/zero", "../plan", "/etc/passwd", "plan.txt", "[plan]", "5.5", '"a b"', "{a: 1}"]
)
def test_a_base_is_a_name_and_not_a_path(base, tmp_path):
    assert "'base' must name a shipped scenario or a file beside this one" in refused(
        scenario_file(tmp_path, base=base)
    )


def test_a_base_beside_the_scenario_is_read_with_and_without_its_ending(tmp_path):
    scenario_file(tmp_path, name="below")
    for base in ("below", "below.yaml"):
        found = load_scenario(
            scenario_file(tmp_path, changes="  RENT SUBSIDY: {value: 0.1, unit: Dmnl, source: x}\n", base=base)
        )
        assert {"TALENT SUBSIDY", "RENT SUBSIDY"} <= {change.constant for change in found.changes}


def test_a_thousand_scenarios_based_on_one_another_are_refused(tmp_path):
    for number in range(1000):
        scenario_file(tmp_path, name=f"s{number}", base=f"s{number + 1}")
    assert "More than 20 scenarios are based on one another." in refused(tmp_path / "s0.yaml")
    scenario_file(tmp_path, name="s999", base="s0")
    assert "based on one another" in refused(tmp_path / "s0.yaml")


# Size and depth


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: " + "[" * 11 + "]" * 11, "nested more than 10 levels deep"),
        ("[" * 100_000, "exceeded maximum nesting depth"),
        ("{a: " * 100_000, "nested more than 10 levels deep"),
        ("- x\n" * 60_000, "more than 50,000 names and values"),
        ("a: " + "x" * 5_000, "a text of 5,000 characters"),
        ("x" * 300 + ": 1", "a name of 300 characters"),
        ("a: " + "9" * 301, "more than 300 digits"),
        ("a: &b 1\nc: *b", "Line 1 has an anchor ('&b')"),
        ("a: *b", "Line 1 uses an alias ('*b')"),
        ("a: !!python/object/apply:os.system [x]", "Line 1 has a tag"),
        ("? [a]\n: 1", "a key must be plain text or a year"),
        ("true: 1", "a key must be plain text or a year"),
        ("a: 1\n---\nb: 1", "not valid YAML in line 2: it starts a second document"),
        (r'a: "\e[31m"', "a character that cannot be shown (U+001B)"),
        (r'a: "\u202e"', "a character that cannot be shown (U+202E)"),
        ("a: \x1b[31m", "Line 1 holds a character that cannot be shown (U+001B)"),
    ],
)
def test_what_no_planner_writes_is_refused_by_its_line(text, told):
    found = parse_yaml(text)
    assert found.content is None
    assert told in found.problems[0]


def test_a_surrogate_in_a_title_is_refused(tmp_path):
    path = scenario_file(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("A trial", r'"A \ud800 trial"'), encoding="utf-8")
    assert "line 2" in refused(path)


def test_a_file_larger_than_any_scenario_is_not_read(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_bytes(b"# x\n" * 200_000)
    assert read_yaml(path).problems == ["The file is larger than 512 kB, the most that is read."]


@pytest.mark.parametrize(
    "changes",
    [
        "".join(f"  TALENT ARRIVAL {number}: {{value: 1}}\n" for number in range(10_000)),
        "".join(f"  TALENT {number}: 1\n" for number in range(10_000)),
        "  TALENT SUBSIDY: {path: {" + ", ".join(f"{2010 + n / 500}: 1" for n in range(9_000)) + "}}\n",
        "  TALENT SUBSIDY: {path: {" + ", ".join(f"{n}: x" for n in range(90)) + "}}\n",
        "  PERMIT ENTITLEMENT: {by: {" + ", ".join(f"school {n}: 1" for n in range(9_000)) + "}}\n",
        "  TALENT SUBSIDY: {value: [" + "lol, " * 40_000 + "]}\n",
    ],
)
def test_ten_thousand_mistakes_fill_no_more_than_a_screen(changes, tmp_path):
    assert outcome(load_scenario, scenario_file(tmp_path, changes)) == "refused"


def test_a_long_list_in_a_refusal_is_cut_between_words():
    names = [f"scenario_number_{number}" for number in range(40)]
    _, line = refusal({"a.yaml": [f"Shipped: {', '.join(names)}."]}).split("\n")
    assert len(line) <= LINE_LENGTH + 3
    *told, end = line.removeprefix(" * Shipped: ").split(", ")
    assert (end, told) == ("...", names[: len(told)])
    assert len(told) > 5
    # Without spaces there is nothing to cut between.
    assert refusal({"a.yaml": ["字" * 500]}).endswith("字 ...")


def test_all_shipped_scenarios_are_named_where_one_is_not_found():
    with pytest.raises(ScenarioError) as error:
        load_scenario("no_such_scenario")
    _, _, *lines = str(error.value).split("\n")
    told = " ".join(line.removeprefix(" * Shipped: ") for line in lines)
    assert told == f"{', '.join(shipped_scenarios())}."


def test_a_refusal_keeps_to_its_lines_and_counts_the_rest():
    lines = refusal({"a.yaml": ["x" * 500] * 30, "b.yaml": ["y"] * 5}).split("\n")
    assert len(lines) == MESSAGE_LINES + 1
    assert max(map(len, lines)) <= LINE_LENGTH + 3
    assert lines[-1] == "   ... and 16 more like these."


# Scenarios


def test_a_change_of_some_elements_keeps_the_others_of_the_base(tmp_path):
    changes = (
        "  PERMIT ENTITLEMENT:\n    by: {primary: 1.0, junior secondary: {2020: default, 2023: 0.97}}\n"
        '    unit: Dmnl\n    source: "plan 2.2(2)"\n'
    )
    found = load_scenario(scenario_file(tmp_path, changes))
    plan, made = (one.settings()["PERMIT ENTITLEMENT"] for one in (load_scenario("plan"), found))
    assert isinstance(plan, xr.DataArray)
    assert isinstance(made, xr.DataArray)
    # What a scenario sets holds from just behind the end of 2020 on.
    assert made["time"].values.tolist() == [2020, START + JUMP, 2023, 2025]
    kept = ["childcare", "preschool", "hospital beds", "elder care beds"]
    for element in kept:
        ours, theirs = made.sel(Service=element), plan.sel(Service=element)
        np.testing.assert_allclose(ours.sel(time=[2020, 2025]), theirs.sel(time=[2020, 2025]), rtol=1e-15)
        np.testing.assert_allclose(ours.sel(time=2023), theirs.interp(time=2023), rtol=1e-12)
    assert made.sel(Service="primary").values.tolist() == [0.92, 1, 1, 1]
    junior = made.sel(Service="junior secondary", time=[2020, 2023, 2025])
    assert junior.values.tolist() == [0.92, 0.97, 0.97]
    change = next(change for change in found.changes if change.constant == "PERMIT ENTITLEMENT")
    assert change.kept == tuple(kept)
    assert change.replaces == "plan"


def test_a_change_of_some_elements_keeps_a_single_number_of_the_base_for_the_others(tmp_path):
    scenario_file(tmp_path, "  PERMIT ENTITLEMENT: {value: 0.5, unit: Dmnl, source: x}\n", "below", "baseline")
    path = scenario_file(tmp_path, "  PERMIT ENTITLEMENT: {by: {primary: 0.9}, unit: Dmnl, source: x}\n", base="below")
    made = load_scenario(path).settings()["PERMIT ENTITLEMENT"]
    assert isinstance(made, xr.DataArray)
    last = made.isel(time=-1)
    assert dict(zip(last["Service"].values.tolist(), last.values.tolist(), strict=True)) == {
        **dict.fromkeys(variables_by_name()["PERMIT ENTITLEMENT"].axes[0], 0.5),
        "primary": 0.9,
    }


@pytest.mark.parametrize(
    ("value", "meant"),
    [("50万", "500000"), ("０.５万", "5000"), ("'9,000'", "9000"), ("1.2亿", "120000000")],
)
def test_a_number_written_in_the_chinese_way_is_refused_with_what_to_write(value, meant, tmp_path):
    path = scenario_file(tmp_path, CHANGE.replace("90000", value))
    assert f"is not a number. Write {meant}." in refused(path)


def test_how_the_model_is_run_cannot_be_expected(tmp_path):
    path = scenario_file(tmp_path)
    claim = "expect: [{variable: TIME STEP, year: 2025, at least: 0}]"
    path.write_text(path.read_text(encoding="utf-8").replace("expect: []", claim), encoding="utf-8")
    assert "'TIME STEP' is not a variable of the model" in refused(path)


def test_a_scenario_may_have_a_chinese_name(tmp_path):
    assert load_scenario(scenario_file(tmp_path, name="更多保障房")).name == "更多保障房"


def test_every_mistake_is_told_once_and_by_its_line():
    told = refused(Path(__file__).parent / "broken" / "with_mistakes.yaml").splitlines()
    expected = [
        "line 1: 'name' is 'with mistakes', but the file is called 'with_mistakes'",
        "line 2: 'title' must be given in both languages",
        "line 3: 'question' must be given in both languages",
        "line 5: There is no scenario 'plann' to be the base. Did you mean 'plan'?",
        "line 7: 'EASE OF SETTLEMNT' is not a constant of the model. Did you mean 'EASE OF SETTLEMENT'?",
        "line 8: 'EASE OF SETTLEMENT' in 2025: 1.2 is outside 0 to 1",
        "line 11: 'TALENT SUBSIDY' has no source",
        "line 12: 'TALENT SUBSIDY': '50万' is not a number. Write 500000.",
        "line 13: 'TALENT SUBSIDY' is in 'yuan/person', the file says '人/年'",
        "line 14: 'RENT SUBSIDY' has no source",
        "line 15: 'RENT SUBSIDY': 0.9 is outside 0 to 0.5",
        "line 18: 'AFFORDABLE RENTAL STARTS' needs exactly one of 'value', 'path' and 'by'",
        "line 19: 'AFFORDABLE RENTAL STARTS': the years of a path must go up",
        "line 23: '落户便利度' is not a constant of the model but what a report calls one. Did you mean 'EASE OF SETTL",
        "line 27: 'expects' is not a key of a scenario. Did you mean 'expect'?",
        "line 28: expect no. 1: 'registered urbanization rat' is not a variable of the model. Did you mean 'registered",
        "line 28: expect no. 1: 'is' must be 'above' or 'below'",
    ]
    assert len(told) == 1 + len(expected)
    for line, start in zip(told[1:], expected, strict=True):
        assert line.startswith(f" * {start}"), line


# Targets, levers and priors: a single wrong value in a file that is right otherwise


def broken_copy(source: Path, folder: Path, old: str, new: str) -> Path:
    text = source.read_text(encoding="utf-8")
    assert old in text
    file = folder / source.name
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("threshold: 78.5", "threshold: .nan", "nan is not a finite number"),
        ("threshold: 78.5", "threshold: .inf", "inf is not a finite number"),
        ("threshold: 78.5", "threshold: 785", "the threshold 785 is outside 0 to 100 percent"),
        ("threshold: 78.5", "threshold: -1", "the threshold -1 is outside 0 to 100 percent"),
        ("threshold: 78.5", "threshold: '78.5'", "'78.5' is not a number. Write 78.5."),
        ("threshold: 78.5", "threshold: 78.5%", "'78.5%' is not a number"),
        ("threshold: 78.5", "threshold: true", "True is not a number"),
        ("threshold: 78.5", "threshold: null", "needs a 'threshold', or a 'threshold_constant'"),
        ("threshold: 600000", "threshold: 1" + "0" * 320, "more than 300 digits"),
        ("threshold: 600000", "threshold: 60000000", "is outside 0 to 10000000 persons"),
        ("year: 2025", "year: soon", "'soon' is not a year"),
        ("year: 2025", "year: 2025.5", "2025.5 is not a year"),
        ("year: 2025", "year: 2020", "the year 2020 is outside 2021 to 2035"),
        ("year: 2025", "year: 20255", "the year 20255 is outside"),
        ("year: 2025", "year: true", "True is not a year"),
        ("year: 2025", "year: 2025-12-31", "'2025-12-31' is not a year"),
        ("tolerance: 1\n", "tolerance: 1e9\n", "the tolerance 1000000000 is more than 1, the most for such a target"),
        ("tolerance: 1\n", "tolerance: 1.1\n", "the tolerance 1.1 is more than 1"),
        ("tolerance: 5\n", "tolerance: 5.5\n", "the tolerance 5.5 is more than 5"),
        ("tolerance: 20\n", "tolerance: 21\n", "the tolerance 21 is more than 20"),
        ("threshold: 78.5\n", "threshold: 78.5\n  tolerance: 0.5\n", "only 'about' and 'at least' 100 percent take a"),
        ("threshold: 78.5\n", "threshold: 78.5\n  tolerance: 0.04\n", "only 'about' and 'at least' 100 percent take a"),
        (
            "threshold: 65\n",
            "threshold: 0.65001\n",
            "line 34: target.urbanization.registered.2025: 'threshold' is 65 in the",
        ),
        ("threshold: 78.5", "threshold: 0", "'threshold' is 78.5 in the plan (plan_quantities.csv), not 0."),
        ("year: 2025", "year: 2030", "'year' is 2025 in the plan (plan_quantities.csv), not 2030."),
        ("unit: persons cumulative from 2021", "unit: persons", "'unit' is persons cumulative from 2021 in the plan"),
        ("  comparison: at least\n", "  comparison: at most\n", "'comparison' is at least in the plan"),
        ("section: 2.1(3)", "section: 2.1(4)", "'section' is 2.1(3) in the plan (plan_quantities.csv), not '2.1(4)'"),
        (
            "threshold: null\n  threshold_constant: CITIZENIZATION THRESHOLD\n",
            "threshold: 1\n",
            "target.citizenization.2035: the plan gives no number",
        ),
        ("tolerance: 1\n", "tolerance: -1\n", "the tolerance -1 is below zero"),
        ("tolerance: 1\n", "tolerance: .nan\n", "nan is not a finite number"),
        ("tolerance: 1\n", "tolerance: some\n", "'some' is not a number"),
        ("tolerance: 5\n", "tolerance: 0\n", "a 'tolerance' of 0 is none"),
        ("factor: 1", "factor: 100", "one 'percent' is 1 'percent'; not 100"),
        ("factor: 1", "factor: 0", "one 'percent' is 1 'percent'; not 0"),
        ("factor: 1", "factor: one", "'one' is not a number"),
        ("unit: percent", "unit: per cent", "'per cent' is not a unit of the plan"),
        ("unit: percent", "unit: ratio", "is in 'percent', which is not 'ratio' of the plan"),
        (
            "  comparison: at least\n",
            "  comparison: '>='\n",
            "'comparison' must be one of at least, at most, about; not '>='",
        ),
        ("  comparison: at least\n", "  comparison: about\n", "'about' needs a 'tolerance'"),
        ("  comparison: at least\n", "  comparison: [at least]\n", "'comparison' must be one of"),
        ("  scope: core\n", "  scope: [core]\n", "'scope' must be one of"),
        ("  scope: core\n", "  scope: tracking\n", "'tracking' targets are not modelled, so 'variable' has no meaning"),
        ("headline: true", "headline: maybe", "'headline' must be true or false; not 'maybe'"),
        ("headline: true", "headline: 1", "'headline' must be true or false; not 1"),
        ("section: 1.4(1)", "section: ''", "'section': it is empty"),
        ("section: 1.4(1)", "section: [1]", "'section': [1] is not a text"),
        ("title: {zh: 常住人口城镇化率, en:", "title: {zh: '', en:", "It lacks zh"),
        ("title: {zh: 常住人口城镇化率, en:", "title: {zh: 常住, 率, en:", "quote a text with a comma"),
        ("variable: target resident urbanization rate", "variable: RENT SUBSIDY", "is a constant; a target needs what"),
        (
            "variable: target resident urbanization rate",
            "variable: residents",
            "is in 'person', which is not 'percent'",
        ),
        ("variable: target resident urbanization rate", "variable: [a]", "['a'] is not a text"),
        ("- id: target.urbanization.resident.2025", "- id: 5", "'id': 5 must be made of small letters"),
        (
            "threshold_constant: CITIZENIZATION THRESHOLD",
            "threshold_constant: RENT SUBSIDY\n  tolerance: 1",
            "no tolerance",
        ),
        (
            "threshold_constant: CITIZENIZATION THRESHOLD",
            "threshold_constant: SKILLS TRAINING",
            "is in 'person/Year', but",
        ),
    ],
)
def test_a_target_with_one_wrong_value_is_refused(old, new, told, tmp_path):
    with pytest.raises(TargetError, match=re.escape(told)):
        load_targets(file=broken_copy(TARGET_FILE, tmp_path, old, new))


def test_a_target_of_ones_own_stands_beside_those_of_the_plan(tmp_path):
    file = broken_copy(TARGET_FILE, tmp_path, "- id: target.urbanization.resident.2025", "- id: target.own.2025")
    assert load_targets(file=file)["target.own.2025"].threshold == 78.5


def test_the_year_that_ends_an_id_is_the_year_of_the_target(tmp_path):
    file = broken_copy(TARGET_FILE, tmp_path, "- id: target.urbanization.resident.2025", "- id: target.own.2030")
    with pytest.raises(TargetError, match="the year 2025 is not the one that its id ends in"):
        load_targets(file=file)


def test_every_unit_of_a_modelled_target_has_words():
    used = {target.unit for target in load_targets().values() if target.modelled}
    assert used
    assert used <= set(UNITS) & {*terms()["plan units"], "percent"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("lowest: 0\n", "lowest: 2\n", "'lowest' 2 is not below 'highest' 1"),
        ("lowest: 0\n", "lowest: -1\n", "'lowest' -1 is outside the limits of the model file, 0 to 1"),
        ("highest: 1\n", "highest: 1e9\n", "'highest' 1000000000 is outside the limits"),
        ("highest: 1\n", "highest: .inf\n", "inf is not a finite number"),
        ("highest: 1\n", "highest: 0.5\n", "the model's own value is outside 0 to 0.5"),
        ("highest: 1\n", "highest: 1\n  default: 0.9\n", "stands in the model; delete it here"),
        ("effort: 1\n", "effort: -1\n", "'effort' -1 is outside"),
        ("effort: 1\n", "effort: 1e6\n", "'effort' 1000000 is outside"),
        ("effort: 1\n", "effort: true\n", "True is not a number"),
        ("unit: Dmnl\n", "unit: 1\n", "is in 'Dmnl', the file says 1"),
        ("title: {zh: 落户便利度, en:", "title: {zh: 落户便利度, eng:", "It lacks en"),
        ("section: 2.1(1)", "section: null", "'section': None is not a text"),
    ],
)
def test_a_lever_with_one_wrong_value_is_refused(old, new, told, tmp_path):
    with pytest.raises(LeverError, match=re.escape(told)):
        load_levers(file=broken_copy(LEVER_FILE, tmp_path, old, new))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("range: [-0.03, 0]", "range: [-0.03, .inf]", "inf is not a finite number"),
        ("range: [-0.03, 0]", "range: [-0.03, .nan]", "nan is not a finite number"),
        ("range: [-0.03, 0]", "range: [-0.03, true]", "True is not a number"),
        ("range: [-0.03, 0]", "range: -0.03", "'range' must be two numbers"),
        (
            "factor: [0.9, 1.11], each: true",
            "factor: [0.9, 1.11], each: yes",
            "'each' must be true or false; not 'yes'",
        ),
        ("factor: [0.9, 1.11]", "factor: [0.9, 1e6]", "a factor must be above 0 and at most 100"),
        ("constraints:", "constrains:", "Did you mean 'constraints'?"),
        ("- LONG RUN FERTILITY <= FERTILITY 2020", "- FERTILITY 2020 <= -5", "can hardly ever hold"),
        ("- LONG RUN FERTILITY <= FERTILITY 2020", "- LONG RUN FERTILITY <= nan", "must read 'A + B <= C'"),
        ("[WAVE END]", "WAVE END", "must hold a list of constants"),
        ("[WAVE END]", "[{a: 1}]", "is no constant of the model"),
    ],
)
def test_a_prior_with_one_wrong_value_is_refused(old, new, told, tmp_path):
    with pytest.raises(PriorError, match=re.escape(told)):
        read_priors(broken_copy(PRIORS_FILE, tmp_path, old, new))


# Observations as Chinese spreadsheets write them

ROWS = "residents,2021,{value},person,统计公报\nresident urbanization rate,2021,{rate},Dmnl,统计公报\n"
HEADER = "variable,year,value,unit,source\n"


@pytest.mark.parametrize(
    "text",
    [
        HEADER + ROWS.format(value="９３０００００", rate="０.７４２"),
        HEADER + ROWS.format(value='"9,300,000"', rate="74.2%"),
        HEADER + ROWS.format(value="９，３００，０００", rate="７４.２％"),
        "\ufeff" + HEADER.replace("\n", ",,\n") + ROWS.format(value="9300000", rate=" 0.742 ") + ",,,,\n\n",
        (HEADER + ROWS.format(value="9300000", rate="0.742")).replace(",", "，"),
        (HEADER + ROWS.format(value="9300000", rate="0.742")).replace(",", ";"),
        (HEADER + ROWS.format(value="9300000", rate="0.742")).replace(",", "\t").replace("\n", "\r\n"),
    ],
)
def test_a_table_is_read_as_its_writer_means_it(text, tmp_path):
    path = tmp_path / "newer.csv"
    path.write_bytes(text.encode())
    table = read_newer_observations(path, read_stored_forecast(Evidence.TO_2020.forecast))
    assert table["variable"].tolist() == ["residents", "resident urbanization rate"]
    assert table["value"].tolist() == [9_300_000, 0.742]
    assert table["source"].tolist() == ["统计公报", "统计公报"]


@pytest.mark.parametrize(
    "text",
    [
        HEADER + ROWS.format(value="9300000", rate="0.742"),
        "变量,年份,数值,单位,来源\n".replace("变量", "指标")
        + "常住人口总数,2021年,9300000,人,统计公报\n常住人口城镇化率,２０２１,７４．２％,比率,统计公报\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_table_in_chinese_and_in_the_encoding_of_chinese_excel_is_read(text, encoding, tmp_path):
    path = tmp_path / "newer.csv"
    path.write_bytes(text.encode(encoding))
    table = read_newer_observations(path, read_stored_forecast(Evidence.TO_2020.forecast))
    assert table[["variable", "unit", "value", "source"]].to_numpy().tolist() == [
        ["residents", "person", 9_300_000, "统计公报"],
        ["resident urbanization rate", "Dmnl", 0.742, "统计公报"],
    ]


@pytest.mark.parametrize(
    ("value", "rate", "told"),
    [
        ("930万", "0.742", "row 2: value '930万' is not a finite number above zero; write 9300000"),
        ("93%", "0.742", "row 2: value '93%' is a percentage, but 'residents' is in 'person'"),
        ("9,300,000", "0.742", "row 2: has 7 fields, the header 5"),
        ("93,00,000", "0.742", "row 2: has 7 fields, the header 5"),
        ('"93,00,000"', "0.742", "row 2: value '93,00,000' is not a finite number"),
        ("9300000", "74.2", "row 3: 'resident urbanization rate' is 74.2, forecast about 0.74 Dmnl"),
        ("9300000", "1e999", "row 3: value '1e999' is not a finite number"),
    ],
)
def test_a_number_that_could_mean_two_things_is_refused_by_row_and_column(value, rate, told, tmp_path):
    path = tmp_path / "newer.csv"
    path.write_text(HEADER + ROWS.format(value=value, rate=rate), encoding="utf-8")
    with pytest.raises(AssessmentError, match=re.escape(told)):
        read_newer_observations(path, read_stored_forecast(Evidence.TO_2020.forecast))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            (HEADER + "residents,2021,9300000,person,統計公報\n").encode("gbk"),
            "it looks like GBK; first in row 2, column 5",
        ),
        ((HEADER + "residents,2021,9300000,person,統計公報\n").encode("big5"), "The file is not UTF-8 text"),
        ((HEADER + "residents,2021,9300000,person,Städte Räume\n").encode("latin-1"), "The file is not UTF-8 text"),
        ((HEADER + ROWS).encode("utf-16"), "it looks like UTF-16"),
        (b"", "The file is empty"),
        (HEADER.replace("year", "").encode() + b"a,1,2,b,c\n", "header: column 2 has no name"),
        (HEADER.replace("year", "value").encode() + b"a,1,2,b,c\n", "header: column 'value' is given twice"),
        (HEADER.encode() + b'residents,2021,"9300000,person,x\n', "the quotes do not match"),
        (
            HEADER.encode() + b"residents,2021,9300000,person,\x1b[31m\n",
            "row 2: holds a character that cannot be shown",
        ),
        (HEADER.encode() + b"residents,2021,9300000,person,x\n" * 6000, "6,000 rows; 5,000 are the most"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_what_to_do(content, told, tmp_path):
    path = tmp_path / "newer.csv"
    path.write_bytes(content)
    with pytest.raises(AssessmentError, match=re.escape(told)):
        read_newer_observations(path, read_stored_forecast(Evidence.TO_2020.forecast))
