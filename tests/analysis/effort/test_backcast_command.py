"""``run_scenarios.py backcast`` and ``frontier``, from the typed words to the files, in a temporary folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.image import imread
from typer.testing import CliRunner

import run_scenarios
from calibration.fit import ensemble
from calibration.fit.evidence import NEWEST
from model.definition import model_hash
from scenarios import load_scenario
from tests.support.result_listing import names_of_results

REGISTERED = "target.urbanization.registered.2025"
#: A target that one lever decides, whatever the ensemble.
BUILT = "target.startup_area.2025"
#: Two levers and few trials, so that the tests are quick.
LEVERS = ("START UP AREA BUILD RATE", "BASE LAND QUOTA")
FEW = ("--levers", LEVERS[0], "--levers", f"{LEVERS[1]}@2022", "--evaluations", 8, "--members", 8)


def call(*words: object):
    return CliRunner().invoke(
        run_scenarios.app, [*map(str, words), "--full", "--language", "en"], env={"COLUMNS": "120"}
    )


@pytest.fixture(scope="module")
def few_members():
    """An ensemble of twenty, so that judging is quick too."""
    read = ensemble.read_members
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ensemble, "read_members", lambda count=None, evidence=NEWEST: read(count or 20, evidence))
        for command in ("backcast", "frontier"):
            patch.setattr(f"analysis.effort.{command}.command.members_held", lambda _: 20)
        yield


@pytest.fixture(scope="module")
def made(few_members, tmp_path_factory):
    out = tmp_path_factory.mktemp("backcast") / "outputs"
    words = ("backcast", "--target", BUILT, "--probability", 0.7, "--starts", 1, *FEW)
    outcome = call(*words, "--out", out)
    assert outcome.exit_code == 0, outcome.output
    return words, outcome, out


def test_a_backcast_leaves_a_scenario_tables_data_and_charts(made):
    _, outcome, out = made
    name = "backcast_startup_area_2025"
    assert names_of_results(out, "**/*.*") == {
        *(
            f"{name}{ending}"
            for ending in (".yaml", ".csv", "_other_targets.csv", "_blocked.csv", "_trials.csv", ".nc")
        ),
        *(f"{name}_{language}.png" for language in ("zh", "en")),
    }
    for language in ("zh", "en"):
        assert np.ptp(imread(out / "figures" / f"{name}_{language}.png")) > 0.5
    read = load_scenario(out / f"{name}.yaml")
    assert {change.constant for change in read.changes} == {LEVERS[0]}
    told = " ".join(outcome.output.split())
    assert "least effort" in told
    assert "startup_area_2025.yaml (for `run`)" in told
    assert "change of the median margin" in told
    assert not re.search(r"\de[+-]\d", told)


def test_the_data_of_a_backcast_say_what_made_them(made):
    out = made[2]
    with xr.open_dataset(out / "backcast_startup_area_2025.nc") as opened:
        data = opened.load()
    assert data.attrs["model_hash"] == model_hash()
    assert data.attrs["target"] == BUILT
    assert data.attrs["verdict"] == "reachable"
    assert int(data["searched_with"].sum()) == 8
    levers = pd.read_csv(out / "backcast_startup_area_2025.csv").set_index("lever")
    for name in levers.index:
        assert float(data["effort"].sel(candidate="answer", lever=name)) == pytest.approx(levers.loc[name, "effort"])
    trials = pd.read_csv(out / "backcast_startup_area_2025_trials.csv")
    assert {"one by one", "least effort"} <= set(trials["search"])


def test_a_second_backcast_says_what_it_replaces_and_comes_to_the_same(made):
    words, _, out = made
    file = out / "backcast_startup_area_2025.yaml"
    before = file.read_bytes()
    outcome = call(*words, "--out", out)
    assert outcome.exit_code == 0
    assert "Will replace" in outcome.output
    assert file.read_bytes() == before


def test_a_frontier_leaves_tables_data_and_charts(few_members, tmp_path):
    outcome = call("frontier", "--target", BUILT, *FEW, "--generations", 1, "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    names = ("frontier_startup_area_2025", "frontier_tradeoffs")
    assert names_of_results(tmp_path, "**/*.*") == {
        *(f"{name}{ending}" for name in names for ending in (".csv", ".nc", "_zh.png", "_en.png"))
    }
    table = pd.read_csv(tmp_path / "frontier_startup_area_2025.csv")
    assert table["effort"].is_monotonic_increasing
    fronts = pd.read_csv(tmp_path / "frontier_tradeoffs.csv")
    assert set(fronts["year"]) == {2025, 2035}
    with xr.open_dataset(tmp_path / "frontier_tradeoffs.nc") as opened:
        assert opened.sizes == {"point": len(fronts), "lever": 2}
    assert "least effort by probability" in " ".join(outcome.output.split())


def test_from_2026_levers_act_from_then_on_and_later_years_are_asked_about(few_members, tmp_path):
    goal = "urbanization.resident.2035"
    few = [word.replace("@2022", "") if isinstance(word, str) else word for word in FEW]
    outcome = call("backcast", "--target", goal, "--from", 2026, "--starts", 1, *few, "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    told = " ".join(outcome.output.split())
    assert "Levers act from the start of 2026 on, and are until then as in Baseline." in told
    others = pd.read_csv(tmp_path / "backcast_urbanization_resident_2035_other_targets.csv")
    assert set(others["year"]) == {2030, 2035}
    made_from = (tmp_path / "backcast_urbanization_resident_2035.csv-metadata.json").read_text(encoding="utf-8")
    assert json.loads(made_from)["notes"][0]["made from"]["levers_from"] == "2026"
    read = load_scenario(tmp_path / "backcast_urbanization_resident_2035.yaml")
    assert read.starts == (2026 if read.changes else 2021)
    outcome = call("frontier", "--target", goal, "--from", 2026, *few, "--generations", 1, "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    assert "Levers act from the start of 2026 on" in " ".join(outcome.output.split())
    assert set(pd.read_csv(tmp_path / "frontier_tradeoffs.csv")["year"]) == {2030, 2035}


@pytest.mark.parametrize("command", ["backcast", "frontier"])
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--target", "urbanization.registred.2025"), "Did you mean 'target.urbanization.registered.2025'?"),
        (("--target", "target.smart_district_share.2025"), "not modelled"),
        (("--target", REGISTERED, "--levers", "TALENT SUBSIDI"), "Did you mean 'TALENT SUBSIDY'?"),
        (("--target", REGISTERED, "--start", 2030), "was due in 2025, before 2030, when levers first act"),
        (("--target", REGISTERED, "--from", 2019), "2021 to 2025"),
        (("--target", REGISTERED, "--members", 100_000), "some of them are to judge the answer"),
        (("--target", REGISTERED, "--ramp", 0, "--evaluations", 5), "more than 0 years"),
    ],
)
def test_a_mistake_is_told_in_words_with_exit_code_2(command, words, told, few_members, tmp_path):
    outcome = call(command, *words, "--out", tmp_path)
    assert outcome.exit_code == 2
    assert told in " ".join(outcome.output.split())
    assert not [path for path in Path(tmp_path).rglob("*") if path.is_file()]


def test_a_probability_that_is_none_is_refused(few_members, tmp_path):
    outcome = call("backcast", "--target", REGISTERED, "--probability", 80, "--out", tmp_path)
    assert outcome.exit_code == 2
    assert "above 0 and up to 1, not at 80" in outcome.output


@pytest.mark.parametrize("command", ["backcast", "frontier"])
def test_all_mistakes_of_a_request_are_told_at_once(command, few_members, tmp_path):
    wrong = ("--target", "urbanization.registred.2025", "--levers", "TALENT SUBSIDI", "--members", 100_000)
    outcome = call(command, *wrong, "--out", tmp_path)
    told = " ".join(outcome.output.split())
    assert outcome.exit_code == 2
    for part in ("'target.urbanization.registered.2025'?", "'TALENT SUBSIDY'?", "some of them are to judge"):
        assert part in told
    assert "no lever to move" not in told
