"""A scenario file with a mistake is refused with exit code 2, in the words of the person who wrote it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from run_scenarios import app
from scenarios import ScenarioError, load_scenario, load_scenarios

ROOT = Path(__file__).parents[2]
BROKEN = Path(__file__).parent / "broken"

#: What each file in tests/broken must be told, at least.
MESSAGES = {
    "unknown_constant": "'FERTILTY SUPPORT' is not a constant of the model. Did you mean 'FERTILITY SUPPORT'?",
    "lower_case_constant": "Did you mean 'FERTILITY SUPPORT'?",
    "computed_variable": "'residents' is worked out by the model",
    "control_constant": "'TIME STEP' says how the model is run",
    "no_unit": "'FERTILITY SUPPORT' has no unit; the model has it in 'yuan/person'",
    "wrong_unit": "'FERTILITY SUPPORT' is in 'yuan/person', the file says 'yuan'",
    "no_source": "'FERTILITY SUPPORT' has no source",
    "empty_source": "'FERTILITY SUPPORT' has no source",
    "no_value": "needs exactly one of 'value', 'path' and 'by'; the file has none of them",
    "value_and_path": "the file has 'value' and 'path'",
    "unknown_change_key": "'sourc' is not a key of a change ('FERTILITY SUPPORT'). Did you mean 'source'?",
    "change_is_a_number": "'FERTILITY SUPPORT' must have 'value', 'unit' and 'source' under it",
    "changes_is_a_list": "'changes' must list constants of the model",
    "value_is_text": "'1,000' is not a number",
    "value_is_yes": "True is not a number",
    "value_is_nan": "nan is not a finite number",
    "value_is_infinite": "inf is not a finite number",
    "value_is_missing": "None is not a number",
    "lever_above_range": "is outside 0 to",
    "lever_below_range": "-1 is outside 0 to",
    "assumption_outside_range": "'LONG RUN FERTILITY': 9 is outside",
    "path_with_one_year": "a path needs at least two years",
    "path_is_a_list": "a path needs at least two years",
    "path_before_2010": "the year 2009 is outside 2010 to 2050",
    "path_after_2050": "the year 2051 is outside 2010 to 2050",
    "path_backwards": "the years of a path must go up; the file has 2025, 2020",
    "path_year_twice": "2025 is written twice",
    "path_year_is_text": "'soon' is not a year",
    "path_value_outside_range": "'FERTILITY SUPPORT' in 2025: -5 is outside",
    "by_of_a_single_number": "'FERTILITY SUPPORT' is a single number, so 'by' cannot be used",
    "by_unknown_element": "there is no such element. Did you mean 'primary'?",
    "by_is_empty": "'by' needs elements with values",
    "by_value_outside_range": "'PERMIT ENTITLEMENT' for 'primary': 2 is outside",
    "by_path_outside_years": "'PERMIT ENTITLEMENT' for 'primary': the year 1999 is outside",
    "constant_twice": "'FERTILITY SUPPORT' is written twice (line 7)",
    "key_twice": "'base' is written twice",
    "unknown_key": "'chnages' is not a key of a scenario. Did you mean 'changes'?",
    "no_title": "'title' is missing",
    "title_in_one_language": "'title' must be given in both languages",
    "no_question": "'question' is missing",
    "no_base": "'base' is missing. Most scenarios say 'base: baseline'",
    "no_changes": "'changes' is missing",
    "no_expect": "'expect' is missing",
    "wrong_name": "'name' is 'another', but the file is called 'wrong_name'",
    "unknown_base": "There is no scenario 'basline' to be the base. Did you mean 'baseline'?",
    "circle_one": "The bases go round in a circle: circle_one -> circle_two -> circle_one",
    "circle_two": "The bases go round in a circle: circle_two -> circle_one -> circle_two",
    "base_of_itself": "The bases go round in a circle: base_of_itself -> base_of_itself",
    "broken_base": "wrong_unit.yaml cannot be run",
    "expect_unknown_variable": "expect no. 1: 'resident' is not a variable of the model. Did you mean 'residents'?",
    "expect_two_claims": "expect no. 1 needs exactly one of 'is'",
    "expect_no_claim": "expect no. 1 needs exactly one of 'is'",
    "expect_no_year": "'is' needs a year",
    "expect_never_with_year": "'never above' holds for the whole run, so it takes no year",
    "expect_wrong_direction": "'is' must be 'above' or 'below' and one of baseline; not 'higher'",
    "expect_wrong_year": "expect no. 1: the year 3000 is outside",
    "expect_limit_is_text": "expect no. 1: 'many' is not a number",
    "expect_no_element": "'residents by district' takes this 'element': one of Lixia..Shanghe",
    "expect_wrong_element": "'residents by district' has no element 'Lixa'. Did you mean 'Lixia'?",
    "expect_unknown_key": "'yeer' is not a key of expect no. 1. Did you mean 'year'?",
    "expect_is_a_sentence": "'expect' must be a list",
    "empty": "The file is empty",
    "only_a_comment": "The file is empty",
    "only_a_word": "The file must hold keys and values",
    "not_yaml": "The file is not valid YAML in line 3",
    "tab": "Line 3 is indented with a tab",
    "not_utf8": "The file is not UTF-8 text",
    "several_documents": "The file is not valid YAML in line 2",
    "laugh": "Line 11 has an anchor ('&a0'). Delete it; aliases and anchors are not read.",
    "base_devzero": "'base' must name a shipped scenario or a file beside this one, without a folder; not '/dev/zero'",
    "base_nul": "Line 4 has a text with a character that cannot be shown (U+0000)",
    "set_key": "Line 1 has a tag ('!!set')",
    "tag_bool": "Line 6 has a tag ('!!bool')",
    "tag_int": "Line 6 has a tag ('!!int')",
    "two_subscripts": "'TOWN SHARE 2020' is derived from observations: it is neither a policy nor an assumption",
    "expect_half": "expect no. 1: 2025.5 is not a whole year",
    "with_mistakes": "'落户便利度' is not a constant of the model but what a report calls one",
}


def test_every_broken_file_has_its_message():
    assert {path.stem for path in BROKEN.iterdir()} == set(MESSAGES)
    assert len(MESSAGES) >= 40


@pytest.mark.parametrize("name", MESSAGES)
def test_a_broken_file_is_refused_in_its_own_words(name, tmp_path):
    outcome = CliRunner().invoke(app, ["run", str(BROKEN / f"{name}.yaml"), "--out", str(tmp_path / "out")])
    assert outcome.exit_code == 2, outcome.output
    assert MESSAGES[name] in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert not (tmp_path / "out").exists(), "something ran although the file was refused"


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path):
    path = tmp_path / "many.yaml"
    path.write_text(
        "name: many\nbase: baseline\nchanges:\n  FERTILTY SUPPORT: {value: 1}\n"
        "  RENT SUBSIDY: {value: high, unit: percent}\nexpect:\n  - {variable: residents}\n",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError) as refusal:
        load_scenario(path)
    told = str(refusal.value)
    for part in (
        "'title'",
        "'question'",
        "FERTILITY SUPPORT",
        "'high' is not a number",
        "'percent'",
        "no source",
        "no. 1",
    ):
        assert part in told


def test_the_mistakes_of_all_files_are_told_at_once():
    with pytest.raises(ScenarioError) as refusal:
        load_scenarios([BROKEN / "no_unit.yaml", "baseline", BROKEN / "no_source.yaml"])
    assert "no_unit.yaml cannot be run" in str(refusal.value)
    assert "no_source.yaml cannot be run" in str(refusal.value)


def test_one_broken_file_stops_the_good_ones(tmp_path):
    out = tmp_path / "out"
    outcome = CliRunner().invoke(app, ["run", "baseline", str(BROKEN / "no_unit.yaml"), "--out", str(out)])
    assert outcome.exit_code == 2
    assert not out.exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("plann", "There is no scenario 'plann'. Did you mean 'plan'?\n * Shipped: baseline, plan,"),
        ("levers", "There is no scenario 'levers'"),
        ("nowhere/plan.yaml", "The file does not exist."),
        ("tests", "There is no scenario 'tests'"),
    ],
)
def test_what_is_no_scenario_is_refused(given, message):
    outcome = CliRunner().invoke(app, ["run", given])
    assert outcome.exit_code == 2
    assert message in outcome.stderr


def test_two_files_of_one_name_are_refused(tmp_path):
    copy = tmp_path / "plan.yaml"
    copy.write_bytes((ROOT / "cities" / "jinan" / "scenarios" / "plan.yaml").read_bytes())
    with pytest.raises(ScenarioError, match="has the same name 'plan'"):
        load_scenarios(["plan", copy])


@pytest.fixture(scope="module")
def copied_project(tmp_path_factory):
    """A copy of the folders that a user has, to be damaged by the tests below."""
    copy = tmp_path_factory.mktemp("project")
    for folder in ("model", "scenarios", "calibration", "analysis", "cities"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "run_scenarios.py", copy)
    return copy


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("scenarios/levers.yaml", None, "levers.yaml cannot be used:\n * The file does not exist."),
        ("scenarios/levers.yaml", b"- constant: [", "levers.yaml cannot be used:\n * The file is not valid YAML"),
        ("cities/jinan/targets.yaml", b"\xff\xfe", "targets.yaml cannot be used:\n * The file is not UTF-8 text"),
        ("cities/jinan/scenarios/baseline.yaml", None, "There is no scenario 'baseline'"),
        ("analysis/outcome/terms.yaml", b"", "terms.yaml cannot be used:\n * The file is empty."),
        ("model/urbanization.mdl", None, "urbanization.mdl cannot be read"),
        ("model/urbanization.mdl", b"{UTF-8}\nresidents= 9\n ~ person\n ~ cut", "urbanization.mdl cannot be read"),
    ],
)
def test_a_missing_or_corrupt_file_is_named(copied_project, file, content, message):
    path = copied_project / file
    kept = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    try:
        outcome = subprocess.run(
            [sys.executable, "run_scenarios.py", "run", "baseline", "--language", "en"],
            cwd=copied_project,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_bytes(kept)
    assert outcome.returncode == 2, outcome.stderr
    assert message in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert not (copied_project / "outputs").exists()
