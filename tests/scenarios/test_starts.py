"""A scenario that starts later leaves the years before alone; those shipped for 2026 do what they expect."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from analysis.outcome.ensembles import share_held
from calibration.fit.ensemble import read_members
from calibration.fit.priors import read_priors
from model import load_model
from model.definition import variables_by_name
from scenarios import (
    ScenarioError,
    TargetError,
    chosen_targets,
    load_scenario,
    load_scenarios,
    load_targets,
    scenarios_from,
    shipped_scenarios,
)
from scenarios.scenario import LATER_FOLDERS
from scenarios.start import START

LATER = (
    "baseline",
    "as_carried_out",
    "plan_carried_on_2026",
    "counties_2026",
    "destocking_2026",
    "fewer_children_2026",
    "later_retirement_2026",
    "renewal_2026",
    "services_2026",
    "tight_money_2026",
)
OWN = LATER[1:]
ASKED = LATER[2:]
#: The end of 2025, when 2026 begins.
BEGIN = 2025.0
#: The least share of members in which an expectation holds.
HELD = 0.95


def written(folder: Path, name: str, head: str, change: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(
        f"name: {name}\ntitle: {{zh: 试, en: Try}}\nquestion: {{zh: 问, en: Ask}}\n{head}\nchanges:\n"
        f"  RENT SUBSIDY: {{{change}, unit: Dmnl, source: 'assumption: for a test'}}\nexpect: []\n",
        encoding="utf-8",
    )
    return path


def course(setting, years) -> list[float]:
    """A path as the model reads it."""
    series = setting.to_series() if isinstance(setting, xr.DataArray) else setting
    return [float(value) for value in np.interp(years, series.index.to_numpy(float), series.to_numpy())]


@pytest.fixture(scope="module")
def members():
    return read_members(200)


@pytest.fixture(scope="module")
def runs(members):
    scenarios = load_scenarios(LATER)
    wanted = {claim.variable for scenario in scenarios for claim in scenario.expectations}
    return {one.name: load_model().run(one.settings(members), outputs=sorted(wanted)) for one in scenarios}


# The format.


@pytest.mark.parametrize(
    ("head", "change", "wanted"),
    [
        ("base: baseline\nstarts: 2026", "value: 0.3", [0.02, 0.02, 0.3, 0.3]),
        ("base: baseline\nstarts: 2026", "path: {2025: default, 2030: 0.12}", [0.02, 0.02, 0.04, 0.12]),
        ("base: baseline\nstarts: 2026", "path: {2026: 0.2, 2030: 0.1}", [0.02, 0.02, 0.2, 0.1]),
        ("base: plan\nstarts: 2026", "value: 0.3", [0.052, 0.1, 0.3, 0.3]),
        ("base: plan\nstarts: 2026", "path: {2025: before, 2030: 0.2}", [0.052, 0.1, 0.12, 0.2]),
        (
            "base: plan\nstarts: 2026\nuntil_then: baseline",
            "path: {2025: before, 2030: 0.12}",
            [0.02, 0.02, 0.04, 0.12],
        ),
        ("base: services_2026", "path: {2025: before, 2030: 0.12}", [0.02, 0.02, 0.04, 0.12]),
    ],
)
def test_a_lever_is_what_it_was_until_the_start_and_what_the_file_says_from_then_on(head, change, wanted, tmp_path):
    scenario = load_scenario(written(tmp_path, "later", head, change))
    assert scenario.starts == 2026
    setting = scenario.changed()["RENT SUBSIDY"]
    assert course(setting, [2022.0, BEGIN, 2026.0, 2030.0]) == pytest.approx(wanted)


def test_what_the_base_says_goes_on_unless_something_else_holds_until_then(tmp_path):
    on_the_plan = load_scenario(written(tmp_path, "a", "base: plan\nstarts: 2026", "value: 0.3"))
    instead = load_scenario(written(tmp_path, "b", "base: plan\nstarts: 2026\nuntil_then: baseline", "value: 0.3"))
    talent = [course(one.changed()["TALENT SUBSIDY"], [2023.0, BEGIN, 2026.0]) for one in (on_the_plan, instead)]
    assert talent == [[25_000, 25_000, 25_000], [8000, 8000, 25_000]]
    assert [change.constant for change in on_the_plan.acting] == ["RENT SUBSIDY"]
    assert len(instead.acting) == len(instead.changes) > 20
    # What held until then and is not taken over goes back to the model's own value.
    back = load_scenario(written(tmp_path, "c", "base: baseline\nstarts: 2026\nuntil_then: plan", "value: 0.3"))
    assert course(back.changed()["TALENT SUBSIDY"], [2023.0, BEGIN, 2026.0]) == [25_000, 25_000, 8000]


def test_the_start_is_part_of_what_a_result_is_made_from(tmp_path):
    at_once, later, after_plan = (
        load_scenario(written(tmp_path, name, head, "value: 0.3")).hash
        for name, head in (
            ("a", "base: baseline"),
            ("b", "base: baseline\nstarts: 2026"),
            ("c", "base: baseline\nstarts: 2026\nuntil_then: plan"),
        )
    )
    assert len({at_once, later, after_plan}) == 3


@pytest.mark.parametrize(
    ("head", "change", "told"),
    [
        (
            "base: baseline\nstarts: 2026",
            "path: {2024: default, 2030: 0.3}",
            "the year 2024 is before the scenario starts, at the end of 2025. Let the path begin with {2025: before}",
        ),
        (
            "base: baseline\nstarts: 2019",
            "value: 0.3",
            "2019 is not a year in which a scenario can start; that is 2021",
        ),
        ("base: baseline\nstarts: soon", "value: 0.3", "'soon' is not a year in which a scenario can start"),
        ("base: baseline\nuntil_then: plan", "value: 0.3", "'until_then' needs a 'starts'"),
        ("base: baseline\nstarts: 2021\nuntil_then: plan", "value: 0.3", "nothing is before. Delete it"),
        (
            "base: baseline\nstarts: 2026\nuntil_then: pln",
            "value: 0.3",
            "'pln' to hold until then. Did you mean 'plan'",
        ),
        ("base: renewal_2026\nstarts: 2023", "value: 0.3", "the base renewal_2026 starts in 2026, after 2023"),
        ("base: baseline\nstart: 2026", "value: 0.3", "Did you mean 'starts'?"),
        (
            "base: baseline",
            "path: {2020: before, 2025: 0.3}",
            "'before' may stand in a path of a scenario with 'starts'",
        ),
    ],
)
def test_a_mistake_about_the_start_is_told_with_its_fix(head, change, told, tmp_path):
    with pytest.raises(ScenarioError) as refusal:
        load_scenario(written(tmp_path, "wrong", head, change))
    assert told in str(refusal.value)


def test_what_describes_2020_cannot_be_changed_later(tmp_path):
    path = written(tmp_path, "wrong", "base: baseline\nstarts: 2026", "value: 0.3")
    text = path.read_text(encoding="utf-8").replace("RENT SUBSIDY", "DEBT 2020").replace("Dmnl", "yuan")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="'DEBT 2020' describes 2020, so a scenario that starts in 2026 cannot"):
        load_scenario(path)


def test_a_plan_begun_later_takes_its_paths_as_many_years_later():
    plan = load_scenario("plan")
    later = plan.begun_in(2026)
    assert (later.name, later.starts, later.expectations) == ("plan_from_2026", 2026, ())
    for constant in ("EASE OF SETTLEMENT", "AFFORDABLE RENTAL STARTS", "TALENT SUBSIDY"):
        first, second = (one.changed()[constant] for one in (plan, later))
        years = np.arange(2021.0, 2031.0)
        assert course(second, years + 5) == pytest.approx(course(first, years)), constant
        default = float(np.array(variables_by_name()[constant].default))
        assert course(second, [2020.0, 2023.0, BEGIN]) == [default] * 3
    assert load_scenario("baseline").begun_in(2026) == load_scenario("baseline")
    assert plan.begun_in(2021) is plan


def test_scenarios_are_asked_for_by_the_year_from_which_levers_act():
    assert [one.name for one in scenarios_from(None, None)] == list(shipped_scenarios())
    assert [one.name for one in scenarios_from(None, 2026)] == list(LATER)
    begun = scenarios_from(["plan", "renewal_2026"], 2028)
    assert [one.name for one in begun] == ["plan_from_2028", "renewal_2026_from_2028"]
    assert course(begun[1].changed()["BASE LAND QUOTA"], [2026.0, 2027.0, 2030.0]) == [14.0, 14.0, 7.0]
    assert {one.starts for one in scenarios_from(None, 2028)} == {2021, 2028}
    with pytest.raises(ScenarioError, match=r"renewal_2026 starts in 2026, so it cannot begin in 2022\. Leave --from"):
        scenarios_from(["renewal_2026", "services_2026"], 2022)


# The targets of who starts later.


def test_who_starts_after_the_first_deadline_is_asked_about_later_years():
    every = load_targets(milestones=True)
    asked = chosen_targets(every, start=2026)
    assert {target.year for target in asked} == {2030, 2035}
    assert {target.scope for target in asked} == {"core", "milestone"}
    assert all(target.scope != "milestone" for target in chosen_targets(every))
    assert load_targets().keys() == {name for name, target in every.items() if target.scope != "milestone"}
    with pytest.raises(TargetError, match=r"was due in 2025, before 2026, when levers first act\. Due later: target"):
        chosen_targets(every, ["urbanization.resident.2025"], start=2026)
    with pytest.raises(TargetError, match="come too late for every target; the last is due in 2035"):
        chosen_targets(every, start=2036)


def test_a_milestone_says_whose_it_is():
    milestones = [target for target in load_targets(milestones=True).values() if target.scope == "milestone"]
    assert len(milestones) >= 6
    for target in milestones:
        assert target.definition is not None
        ours = "our" in target.title["en"] or "our" in target.definition["en"]
        assert ours == ("自设" in target.title["zh"] or "自设" in target.definition["zh"]), target.id
        assert ours or "plan" in target.title["en"], target.id


# The shipped scenarios.


def test_the_scenarios_of_2026_are_shipped_beside_those_of_the_plan():
    assert shipped_scenarios(2026) == LATER
    assert shipped_scenarios(2030) == LATER
    assert set(OWN).isdisjoint(shipped_scenarios())
    assert [load_scenario(name).starts for name in ASKED] == [2026] * len(ASKED)
    assert {path.stem for path in LATER_FOLDERS[2026].glob("*.yaml")} == set(OWN)


@pytest.mark.parametrize("name", OWN)
def test_a_scenario_of_2026_asks_in_both_languages_and_cites_its_sources(name):
    scenario = load_scenario(name)
    assert scenario.question["zh"].endswith("？")
    assert scenario.question["en"].endswith("?")
    assert scenario.expectations
    for change in scenario.changes:
        assert re.search(r"plan \d\.\d|policy_rules_and_targets\.csv|assum", change.source), change.constant
        if not change.policy:
            assert change.source.startswith("assumption:"), change.constant


def test_no_prior_is_put_on_what_a_scenario_of_2026_starts_from():
    uncertain = [parameter.name for parameter in read_priors().parameters]
    for name in OWN:
        text = load_scenario(name).path.read_text(encoding="utf-8")
        for constant in uncertain:
            block = text.partition(f"  {constant}:")[2].partition("source:")[0]
            assert not re.search("default|before", block), f"{name}: {constant}"


@pytest.mark.parametrize("name", OWN)
def test_a_scenario_of_2026_does_what_it_expects(name, runs):
    held = {str(claim): share_held(claim, runs[name], runs) for claim in load_scenario(name).expectations}
    assert {claim: share for claim, share in held.items() if share < HELD} == {}


def test_nothing_computed_before_2026_differs_between_scenarios_that_start_then(members):
    few = members.isel(member=slice(2))
    names = [name for name, one in variables_by_name().items() if one.kind in ("stock", "flow", "auxiliary")]
    until_then = {
        scenario.name: load_model().run(scenario.settings(few), outputs=names, final_time=BEGIN)
        for scenario in load_scenarios(OWN)
    }
    for name in ASKED:
        first, second = until_then[name], until_then["as_carried_out"]
        # Flows and auxiliaries of the last moment are those of the first after it.
        earlier = first["time"] < BEGIN
        other = [of for of in names if not np.array_equal(first[of][:, earlier], second[of][:, earlier])]
        assert other == [], name


def test_the_scenarios_of_2026_differ_in_effect(members):
    outputs = ["residents", "births in city", "employed", "registered urbanization rate", "fiscal gap ratio"]
    outputs += ["unregistered service coverage", "urban rural income ratio"]
    runs = {
        scenario.name: load_model().run(scenario.settings(members), outputs=outputs).sel(time=2035.0)
        for scenario in load_scenarios(ASKED)
    }
    for first, second in combinations(ASKED, 2):
        # In some quantity nearly every member tells the two apart, and on the same side.
        sides = [(runs[first][name] > runs[second][name]).mean().item() for name in outputs]
        assert max(max(side, 1 - side) for side in sides) >= HELD, (first, second)


def test_both_engines_read_a_later_start_alike():
    settings = load_scenario("services_2026").settings()
    fast, slow = (
        load_model(engine).run(settings, outputs=["unregistered service coverage", "residents"], final_time=2027.0)
        for engine in ("compiled", "pysd")
    )
    xr.testing.assert_allclose(fast, slow.drop_vars("run", errors="ignore"), rtol=1e-9)
    assert fast["time"].to_numpy()[0] == START
