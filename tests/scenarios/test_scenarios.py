"""Each shipped scenario can be run, says where its numbers come from, and does what its own file expects."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from calibration.fit.priors import changes, read_priors
from model import load_model
from model.definition import variables_by_name
from scenarios import (
    Expectation,
    LeverError,
    TargetError,
    load_levers,
    load_scenario,
    load_scenarios,
    load_targets,
    shipped_scenarios,
)
from scenarios.levers import FILE as LEVER_FILE
from scenarios.start import JUMP, START, from_start_on, start_constants
from scenarios.targets import FILE as TARGET_FILE

ROOT = Path(__file__).parents[2]
SHIPPED = (
    "baseline",
    "plan",
    "affordable_housing",
    "county_towns",
    "equal_services",
    "housing_downturn",
    "land_income_falls",
    "low_fertility",
    "open_door_1",
    "people_land_money",
    "plan_without_talent",
    "registration_reform",
    "services_first",
    "tight_finance",
    "weak_inflow",
)


@pytest.fixture(scope="module")
def runs():
    city = load_model()
    scenarios = load_scenarios(SHIPPED)
    wanted = {expectation.variable for scenario in scenarios for expectation in scenario.expectations}
    return {scenario.name: city.run(scenario.settings(), outputs=sorted(wanted)) for scenario in scenarios}


def test_the_promised_scenarios_are_shipped():
    assert shipped_scenarios() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_scenario_does_what_it_expects(name, runs):
    missed = [str(claim) for claim in load_scenario(name).expectations if not claim.holds(runs[name], runs)]
    assert missed == []


@pytest.mark.parametrize("name", SHIPPED)
def test_scenario_asks_a_question_and_expects_something(name):
    scenario = load_scenario(name)
    assert scenario.question["zh"].endswith("？")
    assert scenario.question["en"].endswith("?")
    assert scenario.expectations


@pytest.mark.parametrize("name", SHIPPED)
def test_every_change_is_cited_or_called_an_assumption(name):
    for change in load_scenario(name).changes:
        cited = re.search(r"plan \d\.\d|policy_rules_and_targets\.csv|assum", change.source)
        assert cited, change.constant
        if not change.policy:
            assert change.source.startswith("assumption:"), change.constant


def test_a_change_of_the_base_is_inherited_and_its_replacement_is_visible(tmp_path):
    path = tmp_path / "more_talent.yaml"
    path.write_text(
        "name: more_talent\ntitle: {zh: 人才, en: Talent}\nquestion: {zh: 问, en: Ask}\nbase: plan\nchanges:\n"
        "  TALENT SUBSIDY: {value: 150000, unit: yuan/person, source: 'assumption: for a test'}\nexpect: []\n",
        encoding="utf-8",
    )
    changes = {change.constant: change for change in load_scenario(path).changes}
    plan = {change.constant: change for change in load_scenario("plan").changes}
    assert changes.keys() == plan.keys()
    assert changes["TALENT SUBSIDY"].value == 150_000
    assert changes["TALENT SUBSIDY"].stated_in == "more_talent"
    assert changes["TALENT SUBSIDY"].replaces == "plan"
    assert changes["SKILLS TRAINING"] == plan["SKILLS TRAINING"]


def test_hash_follows_the_changes_only():
    assert load_scenario("plan").hash == load_scenario("plan").hash
    assert len({load_scenario(name).hash for name in SHIPPED}) == len(SHIPPED)


def test_settings_are_numbers_paths_and_arrays():
    settings = load_scenario("plan").settings()
    share = settings["PUBLIC SERVICE SHARE OF NEW LAND"]
    assert isinstance(share, xr.DataArray)
    assert share.to_series().to_list() == [0.12, 0.15]
    assert isinstance(settings["EASE OF SETTLEMENT"], pd.Series)
    permits = settings["PERMIT ENTITLEMENT"]
    assert isinstance(permits, xr.DataArray)
    assert set(permits.dims) == {"time", "Service"}


def test_elements_that_are_not_named_keep_the_models_value_and_paths_are_linear(tmp_path):
    path = tmp_path / "some.yaml"
    path.write_text(
        "name: some\ntitle: {zh: 试, en: Try}\nquestion: {zh: 问, en: Ask}\nbase: baseline\nchanges:\n"
        "  PERMIT ENTITLEMENT:\n    by: {primary: {2020: 0.0, 2030: 1.0}, preschool: {2022: 0.4, 2025: 0.7}, childcare: 0.25}\n"  # noqa: E501
        "    unit: Dmnl\n    source: 'assumption: for a test'\nexpect: []\n",
        encoding="utf-8",
    )
    permits = load_scenario(path).settings()["PERMIT ENTITLEMENT"]
    assert isinstance(permits, xr.DataArray)
    default = load_levers()["PERMIT ENTITLEMENT"].default
    assert isinstance(default, dict)
    assert permits.isel(time=0).to_series().to_dict() == default
    permits = permits.sel(time=[2020 + JUMP, 2022, 2025, 2030])
    # A thousandth of a year into the path.
    np.testing.assert_allclose(permits.sel(Service="primary"), [0.0, 0.2, 0.5, 1.0], atol=2e-4)
    np.testing.assert_allclose(permits.sel(Service="preschool"), [0.4, 0.4, 0.7, 0.7])
    assert (permits.sel(Service="childcare") == 0.25).all()
    assert (permits.sel(Service="hospital beds") == default["hospital beds"]).all()


def test_every_lever_of_the_model_is_listed_and_no_other():
    said = {name for name, variable in variables_by_name().items() if variable.meaning.startswith("Lever:")}
    assert set(load_levers()) == said


def test_working_out_settings_leaves_the_models_numbers_alone():
    before = {
        name: np.array(variable.default)
        for name, variable in variables_by_name().items()
        if variable.kind == "constant"
    }
    for name in SHIPPED:
        load_scenario(name).settings()
    for name, default in before.items():
        np.testing.assert_array_equal(np.array(variables_by_name()[name].default), default, err_msg=name)


def test_default_in_a_path_is_the_models_own_number():
    settings = load_scenario("plan").settings()
    levers = load_levers()
    ease, permits = settings["EASE OF SETTLEMENT"], settings["PERMIT ENTITLEMENT"]
    assert isinstance(ease, pd.Series)
    assert ease[2020] == levers["EASE OF SETTLEMENT"].default
    assert isinstance(permits, xr.DataArray)
    assert permits.sel(time=2020).to_series().to_dict() == levers["PERMIT ENTITLEMENT"].default


def computed() -> list[str]:
    return [name for name, variable in variables_by_name().items() if variable.kind in ("stock", "flow", "auxiliary")]


def test_nothing_computed_of_the_end_of_2020_differs_between_shipped_scenarios():
    priors, city = read_priors(), load_model()
    # Drawn before anything is fitted: what holds is no matter of the ensemble.
    members = changes(priors.dataset(priors.draw(3, np.random.default_rng(4))))
    starts = {
        scenario.name: city.run(scenario.settings(members), outputs=computed(), final_time=START + 1).sel(time=START)
        for scenario in load_scenarios(SHIPPED)
    }
    for name, start in starts.items():
        other = [of for of in computed() if not np.array_equal(start[of], starts["baseline"][of])]
        assert other == [], name


@pytest.mark.parametrize(
    ("form", "wanted"),
    [("value: 0.3", 0.3), ("path: {2015: 0.1, 2018: 0.3, 2030: 0.3}", 0.3), ("path: {2022: 0.3, 2030: 0.1}", 0.3)],
)
def test_whatever_form_a_change_has_it_holds_from_the_start_of_2021_on_and_not_before(form, wanted, tmp_path):
    path = tmp_path / "some.yaml"
    path.write_text(
        "name: some\ntitle: {zh: 试, en: Try}\nquestion: {zh: 问, en: Ask}\nbase: baseline\nchanges:\n"
        f"  RENT SUBSIDY:\n    {form}\n    unit: Dmnl\n    source: 'assumption: for a test'\nexpect: []\n",
        encoding="utf-8",
    )
    city, settings = load_model(), load_scenario(path).settings()
    run = city.run(settings, outputs=["RENT SUBSIDY"], final_time=2021, saveper=0.25)["RENT SUBSIDY"]
    assert run.to_series().to_list() == pytest.approx([0.02, wanted, wanted, wanted, wanted])


def test_both_engines_read_what_holds_from_the_start_on_alike():
    settings = load_scenario("tight_finance").settings()
    fast, slow = (
        load_model(engine).run(settings, outputs=["fiscal gap", "residents"], final_time=START + 1)
        for engine in ("compiled", "pysd")
    )
    xr.testing.assert_allclose(fast, slow.drop_vars("run", errors="ignore"), rtol=1e-9)


def test_a_constant_that_describes_the_start_changes_the_start():
    described = start_constants()
    assert {"DEBT 2020", "REGISTERED URBAN SHARE 2020", "UNREGISTERED RESIDENTS 2020"} <= described
    assert described.isdisjoint(load_levers())
    own = from_start_on(5.0, xr.DataArray([1.0, 5.0], dims="run"))
    assert isinstance(own, xr.DataArray)
    assert own.isel(time=0).values.tolist() == [1.0, 5.0]


def test_targets_are_those_of_the_plan():
    with (ROOT / "cities" / "jinan" / "plan" / "plan_quantities.csv").open(encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file) if row["kind"] == "target"}
    targets = load_targets()
    assert list(targets) == list(rows)
    assert len(targets) == 49
    comparisons = {">=": "at least", "<=": "at most", "~": "about"}
    for row, target in zip(rows.values(), targets.values(), strict=True):
        assert (target.title["zh"], target.section) == (row["indicator_zh"], row["section"]), target.id
        assert target.scope == row["scope"], target.id
        assert target.unit == row["unit"] or row["unit"] == "qualitative", target.id
        assert target.year == int(row["year"] or target.year), target.id
        if row["value"]:
            assert target.threshold == float(row["value"]), target.id
            assert target.comparison == comparisons[row["comparison"]], target.id
        else:
            assert target.threshold_constant, target.id


def test_core_and_extended_targets_are_modelled_and_defined_and_the_others_are_not():
    for target in load_targets().values():
        assert target.modelled == (target.scope != "tracking"), target.id
        if target.modelled:
            assert target.definition is not None, target.id
            assert target.definition.keys() == {"zh", "en"}, target.id


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("constant: FERTILITY SUPPORT", "constant: FERTILITY SUPORT", "Did you mean 'FERTILITY SUPPORT'?"),
        ("unit: yuan/person", "unit: yuan/head", "the file says 'yuan/head'"),
        ("effort: 1", "effort: easy", "'effort': 'easy' is not a number"),
        ("direction: raise", "direction: up", "'direction' must be one of raise, lower, either, keep; not 'up'."),
        ("guidance:", "guide:", "'guide' is not a key of a lever. Did you mean 'guidance'?"),
        ("constant: DISTRICT COST SHARE", "constant: EASE OF SETTLEMENT", "listed twice"),
    ],
)
def test_a_wrong_lever_is_refused(old, new, message, tmp_path):
    file = tmp_path / "levers.yaml"
    file.write_text(LEVER_FILE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LeverError, match=re.escape(message)):
        load_levers(file=file)


def test_the_default_of_a_lever_is_the_models_own_value():
    variables = variables_by_name()
    for name, lever in load_levers().items():
        own = list(lever.default.values()) if isinstance(lever.default, dict) else lever.default
        np.testing.assert_array_equal(own, variables[name].default, err_msg=name)


OWN = "levers:\n  BASE LAND QUOTA: {lowest: 1, highest: 40}\nabsent: [START UP AREA BUILD RATE]\n"


def test_a_city_has_ranges_of_its_own_and_may_lack_a_lever(tmp_path):
    file = tmp_path / "levers.yaml"
    file.write_text(OWN, encoding="utf-8")
    levers, shared = load_levers(of_city=file), load_levers(of_city=tmp_path / "none.yaml")
    assert (levers["BASE LAND QUOTA"].lowest, levers["BASE LAND QUOTA"].highest) == (1, 40)
    assert set(shared) - set(levers) == {"START UP AREA BUILD RATE"}
    assert levers["RENT SUBSIDY"] == shared["RENT SUBSIDY"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("BASE LAND QUOTA:", "BASE LAND QUOTE:", "Did you mean 'BASE LAND QUOTA'?"),
        ("lowest: 1", "lowest: many", "'many' is not a number"),
        ("lowest: 1", "default: 1", "'default' is not a key here"),
        ("highest: 40", "highest: 4000", "'highest' 4000 is outside the limits of the model file, 0 to 60"),
        ("absent: [START UP", "absent: [STRAT UP", "Did you mean 'START UP AREA BUILD RATE'?"),
        ("absent:", "missing:", "'missing' is not a key of this file"),
    ],
)
def test_a_wrong_lever_of_a_city_is_refused(old, new, told, tmp_path):
    file = tmp_path / "levers.yaml"
    file.write_text(OWN.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LeverError, match=re.escape(told)):
        load_levers(of_city=file)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("variable: target talent settled", "variable: target talent setled", "Did you mean 'target talent settled'?"),
        ("variable: target talent settled", "variable: residents by district", "a target needs a single number"),
        ("  scope: core", "  scope: main", "'scope' must be one of core, extended, tracking"),
        ("  comparison: at least", "  comparison: over", "'comparison' must be one of"),
        ("  tolerance: 5\n", "", "'about' needs a 'tolerance'"),
        ("  year: 2025\n", "", "'year' is missing"),
        ("  year: 2025\n", "  yaer: 2025\n", "Did you mean 'year'?"),
        ("- id: target.urbanization.registered.2025", "- id: target.urbanization.resident.2025", "listed twice"),
        ("threshold_constant: ", "threshold_constant: NO ", "is not a constant of the model"),
    ],
)
def test_a_wrong_target_is_refused(old, new, message, tmp_path):
    file = tmp_path / "targets.yaml"
    file.write_text(TARGET_FILE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(TargetError, match=re.escape(message)):
        load_targets(file=file)


def test_each_kind_of_limit_is_judged_on_its_own_side():
    run = xr.Dataset({"rate": ("time", [0.7, 0.8])}, coords={"time": [2020.0, 2025.0]})
    kinds = {"at least": 0.75, "at most": 0.85, "never above": 0.85, "never below": 0.65}
    for claim, limit in kinds.items():
        year = None if claim.startswith("never") else 2025
        wrong_side = 0.65 if claim in ("at most", "never above") else 0.95
        assert Expectation("rate", (), year, claim, limit).holds(run, {}), claim
        assert not Expectation("rate", (), year, claim, wrong_side).holds(run, {}), claim
