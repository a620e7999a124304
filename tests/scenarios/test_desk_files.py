"""Files as an office writes them: what is wrong is told at once with the remedy, what is right is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios import ScenarioError, load_scenario

DESK = Path(__file__).with_name("desk")


def refused(name: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(DESK / name)
    return str(caught.value)


def test_every_mistake_of_a_first_try_is_told_with_its_line_and_remedy():
    told = refused("with_mistakes.yaml")
    for words in (
        "they must be the same",
        "line 2: 'title' must be given in both languages",
        "Did you mean 'plan'?",
        "Did you mean 'EASE OF SETTLEMENT'?",
        "1.2 is outside 0 to 1 Dmnl",
        "now it is 'TALENT SUBSIDY', in yuan/person",
        "'50万' is not a number. Write 500000.",
        "'RENT SUBSIDY' has no source",
        "0.9 is outside 0 to 0.5 Dmnl",
        "exactly one of 'value', 'path' and 'by'",
        "'落户便利度' is not a constant of the model but what a report calls one. Did you mean 'EASE OF SETTLEMENT'?",
        "'expects' is not a key of a scenario. Did you mean 'expect'?",
        "Did you mean 'registered urbanization rate'?",
        "not 'higher than baseline'",
    ):
        assert words in told, (words, told)


def test_a_file_of_the_first_edition_is_told_what_has_become_of_its_lever(tmp_path):
    told = refused("plan_plus.yaml")
    assert "line 12: 'TALENT ARRIVALS' was a lever of the first edition" in told
    text = (DESK / "plan_plus.yaml").read_text(encoding="utf-8")
    mended = text.replace("TALENT ARRIVALS", "TALENT SUBSIDY").replace("unit: person/Year", "unit: yuan/person")
    path = tmp_path / "plan_plus.yaml"
    path.write_text(mended, encoding="utf-8")
    assert load_scenario(path).base == "plan"


def test_a_scenario_may_have_a_chinese_name():
    assert load_scenario(DESK / "更多保障房.yaml").name == "更多保障房"


def test_a_misspelt_chinese_title_leads_to_its_lever(tmp_path):
    text = (DESK / "更多保障房.yaml").read_text(encoding="utf-8")
    path = tmp_path / "更多保障房.yaml"
    path.write_text(text.replace("AFFORDABLE RENTAL STARTS:", "保障性租赁住房开公:"), encoding="utf-8")
    with pytest.raises(ScenarioError, match="Did you mean 'AFFORDABLE RENTAL STARTS'"):
        load_scenario(path)
