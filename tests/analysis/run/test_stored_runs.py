"""What a run leaves of a scenario: the same whatever runs beside it, and used again only as it was written."""

from __future__ import annotations

import netCDF4
import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import run_scenarios
from analysis.charts import catalogue
from analysis.charts.panels import VARIABLES
from analysis.outcome import files as result_files
from analysis.outcome.ensembles import share_held
from analysis.run import stored_runs
from calibration.fit.ensemble import read_members
from model import load_model
from model.definition import variables_by_name
from scenarios import load_scenario, load_scenarios, load_targets, shipped_scenarios

MEMBERS = 4
#: A cell of a large table, which no chart and no target needs for every member.
CLAIMED = "Population"
TRIAL = """
name: trial
title: {zh: 试验, en: Trial}
question: {zh: 是否可行？, en: "Is it feasible?"}
base: plan
changes:
  TALENT SUBSIDY: {value: 100000, unit: yuan/person, source: "assumption: a trial"}
expect:
  - {variable: Population, element: [Lixia, registered urban, A30], year: 2035, is: above plan}
  - {variable: births by district, element: Lixia, year: 2035, is: above plan}
"""


@pytest.fixture
def no_charts(monkeypatch):
    monkeypatch.setattr(catalogue, "draw_figures", lambda *_: iter(()))


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    path = tmp_path_factory.mktemp("trial") / "trial.yaml"
    variables = variables_by_name()
    # Any flow by district that the files hold as quantiles only.
    name = next(
        name
        for name, variable in variables.items()
        if variable.kind == "flow" and variable.dims == ("District",) and name not in VARIABLES
    )
    path.write_text(TRIAL.replace("births by district", name), encoding="utf-8")
    return path


def made(folder, *names):
    chosen, targets, members = load_scenarios(names), list(load_targets().values()), read_members(MEMBERS)
    facts = {scenario.name: result_files.manifest(scenario, "compiled", members) for scenario in chosen}
    runs = stored_runs.make(folder, chosen, targets, facts, "compiled", members)
    return chosen, targets, facts, members, runs


def call(*words: object):
    return CliRunner().invoke(run_scenarios.app, [*map(str, words), "--language", "en"], env={"COLUMNS": "120"})


def test_a_scenarios_file_has_the_same_bytes_whatever_runs_beside_it(tmp_path, trial):
    made(tmp_path / "alone", "baseline")
    made(tmp_path / "beside", "plan", trial, "baseline")
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
    one, other = ((tmp_path / folder / "baseline.nc").read_bytes() for folder in ("alone", "beside"))
    assert one == other


def test_what_was_made_and_what_is_read_again_are_the_same_member_by_member(tmp_path):
    chosen, targets, facts, _, runs = made(tmp_path, "plan")
    read = stored_runs.stored(tmp_path, chosen, targets, facts)["plan"]
    assert read.sizes["member"] == MEMBERS
    for name in read.data_vars:
        xr.testing.assert_identical(read[name].drop_attrs(), runs["plan"][name].drop_attrs())


def test_a_claim_is_read_from_both_scenarios_exactly_and_their_files_stay_as_they_are(tmp_path, trial):
    chosen, targets, facts, members, runs = made(tmp_path, "baseline", "plan", trial)
    before = (tmp_path / "plan.nc").read_bytes()
    kept = stored_runs.stored(tmp_path, chosen, targets, facts)
    mine = load_scenario(trial)
    names = [claim.variable for claim in mine.expectations]
    full = {
        scenario.name: load_model().run(scenario.settings(members), outputs=names)
        for scenario in (load_scenario("plan"), mine)
    }
    assert len(mine.expectations) == 2
    for held in (runs, kept, {**runs, "plan": kept["plan"]}):
        complete = stored_runs.for_expectations(chosen, held, targets, "compiled", members)
        for claim in mine.expectations:
            assert share_held(claim, complete["trial"], complete) == share_held(claim, full["trial"], full)
    assert (tmp_path / "plan.nc").read_bytes() == before


def test_a_claim_against_a_base_that_was_not_run_is_judged_and_leaves_no_file_of_it(tmp_path, trial, no_charts):
    below = tmp_path / "below.yaml"
    below.write_text(trial.read_text(encoding="utf-8").replace("trial", "below"), encoding="utf-8")
    above = tmp_path / "above.yaml"
    # As of 2026, so that it stands on what holds until then too.
    above.write_text(
        TRIAL.replace("trial", "above").replace("base: plan", "base: below\nstarts: 2026").split("expect:")[0]
        + "expect:\n"
        "  - {variable: registered urbanization rate, year: 2035, is: above plan}\n"
        "  - {variable: Population, element: [Lixia, registered urban, A30], year: 2035, is: below below}\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    said = call("run", above, "--members", MEMBERS, "--out", out)
    assert said.exit_code == 0, said.output
    mine, plan = load_scenarios([above, "plan"])
    members, names = read_members(MEMBERS), [claim.variable for claim in mine.expectations]
    ran = {one.name: load_model().run(one.settings(members), outputs=names) for one in (mine, plan)}
    held = round(MEMBERS * share_held(mine.expectations[0], ran["above"], ran))
    said_flat = " ".join(said.output.split())
    assert 0 < held < MEMBERS
    assert f"is above plan (holds in {held} of {MEMBERS} members)" in said_flat
    # Nothing is less than itself: the change of the base goes on.
    assert f"is below below (holds in none of {MEMBERS} members)" in said_flat
    assert {path.name for path in out.glob("*.nc")} == {"baseline.nc", "above.nc"}


def test_every_claim_of_the_shipped_scenarios_needs_no_further_run():
    targets, shipped = list(load_targets().values()), load_scenarios(shipped_scenarios())
    claimed = {claim.variable for scenario in shipped for claim in scenario.expectations}
    assert claimed
    assert claimed <= set(stored_runs.exact_variables(load_scenario("baseline"), targets))


@pytest.mark.parametrize("damage", ["cut", "zeroed", "number", "unit", "dropped", "empty"])
def test_a_damaged_or_edited_file_is_made_again(damage, tmp_path):
    chosen, targets, facts, _, _ = made(tmp_path, "baseline")
    path = tmp_path / "baseline.nc"
    whole = path.read_bytes()
    assert set(stored_runs.stored(tmp_path, chosen, targets, facts)) == {"baseline"}
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "zeroed":
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes(4096) + whole[middle + 4096 :])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        with netCDF4.Dataset(path, "a") as file:
            # One that no chart and no target reads.
            name = next(name for name in file.variables if name not in VARIABLES and name != "time")
            if damage == "number":
                file[name][...] = np.asarray(file[name][...]) + 1
            elif damage == "unit":
                file[name].setncattr("units", "furlong")
            else:
                file.renameVariable(name, f"{name} of old")
    assert stored_runs.stored(tmp_path, chosen, targets, facts) == {}
    made(tmp_path, "baseline")
    assert path.read_bytes() == whole


def test_runs_of_other_members_in_the_folder_are_named_with_what_to_do(tmp_path, no_charts):
    assert call("run", "plan", "--members", 3, "--out", tmp_path).exit_code == 0
    outcome = call("run", "baseline", "--members", 2, "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    said = " ".join(outcome.output.split())
    assert "plan.nc (3 members)" in said
    assert "run those scenarios with the same --members too" in said
    rows = (tmp_path / "targets.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].endswith(",members")
    assert {row.rsplit(",", 1)[1] for row in rows[1:]} == {"0", "2"}
    assert not any(",plan," in row for row in rows)


def test_runs_of_the_same_members_are_not_complained_about(tmp_path, no_charts):
    assert call("run", "plan", "--members", 2, "--out", tmp_path).exit_code == 0
    outcome = call("run", "baseline", "--members", 2, "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    assert "Left as they are" not in outcome.output
