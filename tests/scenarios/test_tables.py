"""Tables of the model are no policy and no assumption: neither a scenario nor a link can change them."""

from __future__ import annotations

import pytest
import yaml

from model.definition import variables_by_name
from scenarios import ScenarioError, load_levers, load_scenario, shipped_scenarios

#: Each stands for its kind; set to an end of its range it broke a balance, a stock or the numbers.
TABLES = {
    "HAS NEXT AGE": "profile by age",
    "RETURN SHARE": "add up to one",
    "USE SHARE": "add up to one",
    "SERVICE WEIGHT": "add up to one",
    "APPROVED START SHARE": "what belongs where",
    "ZONE MEMBERSHIP": "what belongs where",
    "RURAL HOME SHARE HIGH 2020": "derived from observations",
    "TOWN SHARE 2020": "derived from observations",
    "REGISTERED POPULATION 2020": "derived from observations",
    "DESTINATION WEIGHT": "only count beside each other",
    "LAND AREA": "measured by",
    "LAND PER URBAN RESIDENT RELATIVE": "at the start",
    "INITIAL ADEQUACY 2020": "at the start",
}


def scenario_with(folder, constant, entry):
    content = {
        "name": "table",
        "title": {"zh": "表", "en": "Table"},
        "question": {"zh": "问", "en": "Ask"},
        "base": "baseline",
        "changes": {constant: {**entry, "unit": variables_by_name()[constant].unit, "source": "assumption: test"}},
        "expect": [],
    }
    path = folder / "table.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize(("constant", "why"), TABLES.items())
def test_a_table_is_refused_by_name_with_the_reason(constant, why, tmp_path):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(scenario_with(tmp_path, constant, {"value": 0.5}))
    (line,) = [line for line in str(caught.value).splitlines() if line.startswith(" * ")]
    assert repr(constant) in line
    assert why in line


def test_every_lever_and_what_shipped_scenarios_change_may_be_changed():
    changed = {change.constant for name in shipped_scenarios() for change in load_scenario(name).changes}
    assert len(changed) > 10
    assert {name for name in {*load_levers(), *changed} if variables_by_name()[name].why_fixed} == set()


def test_an_assumption_with_subscripts_may_be_changed(tmp_path):
    path = scenario_with(tmp_path, "WILLINGNESS 2020", {"value": 0.3})
    assert load_scenario(path).changes[0].constant == "WILLINGNESS 2020"
