"""``run_scenarios.py sensitivity`` on the city: studies that are killed, resumed and spread, refusals, files, words."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.image import imread
from scipy.special import ndtri
from typer.testing import CliRunner

import run_scenarios
from analysis.sensitivity import charts as sensitivity_figures
from analysis.sensitivity import estimates
from analysis.sensitivity import runs as sensitivity_runs
from analysis.sensitivity.design import PickFreeze
from analysis.sensitivity.request import StudyError
from analysis.sensitivity.runs import Study, outcomes_of, remove_finished, run_study, unfinished
from calibration.fit.ensemble import read_members
from calibration.fit.prior_factors import broken_constraints, member_factor, study_factors
from calibration.fit.priors import read_priors
from model.definition import model_hash, variables_by_name
from model.engine.requests import ChangeError
from scenarios import load_levers
from scenarios.factors import Factor, Input, lever_factors, settings, structure_factors, without
from tests.conftest import ROOT
from tests.support.city import FORMS, city

RESIDENT = "target.urbanization.resident.2025"
REGISTERED = "target.urbanization.registered.2025"


def call(*words: object):
    return CliRunner().invoke(
        run_scenarios.app, [*map(str, words), "--full", "--language", "en"], env={"COLUMNS": "120"}
    )


def said(outcome) -> str:
    """What was printed, without the folds of the screen."""
    return " ".join(outcome.output.split())


def content(store: Path) -> dict[str, str]:
    """Every file of a store with a fingerprint of its bytes."""
    files = [path for path in sorted(store.rglob("*")) if path.is_file()]
    return {str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def small_study(samples=16) -> Study:
    """The three structure switches, each by itself."""
    design = PickFreeze(3, ((0,), (1,), (2,)), samples, seed=1)
    return Study(tuple(structure_factors()), design, {}, ("residents", "target registered urbanization rate"))


@pytest.fixture
def short_blocks(monkeypatch):
    monkeypatch.setattr(sensitivity_runs, "BLOCK", 16)


# --- factors


def test_the_structure_switches_are_those_that_the_model_names():
    assert tuple(factor.name for factor in structure_factors()) == FORMS
    values = structure_factors()[0].values(np.array([0.1, 0.49, 0.5, 0.99]))
    assert values["MIGRATION RESPONSE FORM"][:, 0].tolist() == [0, 0, 1, 1]


def test_levers_go_over_their_range_in_every_element():
    made = settings(lever_factors(), np.zeros((1, len(load_levers()))), variables_by_name())
    for name, lever in load_levers().items():
        assert (made[name] == lever.lowest).all(), name
        assert set(made[name].dims) == {"run", *variables_by_name()[name].dims}


def test_factors_of_priors_give_what_the_priors_give():
    priors = read_priors()
    factors = study_factors(priors, None, ["parameters"], [])
    shares = np.random.default_rng(1).uniform(0.01, 0.99, (4, priors.size))
    mine, theirs = settings(factors, shares, variables_by_name()), priors.settings(ndtri(shares))
    assert set(mine) == set(theirs)
    for name, expected in theirs.items():
        np.testing.assert_allclose(mine[name], expected, rtol=1e-12, err_msg=name)


def test_every_constant_is_varied_by_one_factor_only():
    for members in (None, read_members(5)):
        factors = study_factors(read_priors(), members, ["structure", "parameters", "policy"], ["POOL CHANGE"])
        cells = [(name, cell) for factor in factors for name, places in factor.cells.items() for cell in places]
        assert len(cells) == len(set(cells))
        names = {name for name, _ in cells}
        assert {*FORMS, *load_levers()} <= names
        assert "POOL CHANGE" not in names, "what the scenario sets is not drawn"


def test_a_member_is_drawn_whole():
    members = read_members(4)
    factor = member_factor(read_priors(), members)
    made = settings([factor], np.array([[0.1], [0.6]]), variables_by_name())
    for name, array in members.data_vars.items():
        np.testing.assert_array_equal(made[str(name)], array.isel(member=[0, 2]), err_msg=str(name))
    assert factor.input_values(np.array([0.1, 0.6])).shape == (2, read_priors().size)
    assert [item.name for item in without([factor], ["POOL CHANGE"])[0].inputs].count("POOL CHANGE") == 0


def test_independent_points_break_constraints_and_draws_do_not():
    priors = read_priors()
    random = np.random.default_rng(1)
    assert 0.05 < broken_constraints(priors, random.standard_normal((2000, priors.size))) < 0.5
    assert broken_constraints(priors, priors.draw(200, random)) == 0


# --- runs


def test_runs_are_stored_as_the_engine_gives_them(tmp_path, short_blocks):
    study = small_study()
    path = run_study(study, tmp_path / "study.zarr")
    assert unfinished(path) == (study.design.runs, study.design.runs)
    kept = outcomes_of(study, path, "residents")
    runs = city().run(study.changes(0, study.design.runs), outputs=["residents"])["residents"]
    np.testing.assert_array_equal(kept.to_numpy().reshape(runs.shape), runs.to_numpy())
    assert kept.sizes["matrix"] == 5


def test_a_study_that_stopped_goes_on_to_the_same_bytes(tmp_path, short_blocks):
    study = small_study()
    whole = run_study(study, tmp_path / "whole.zarr")
    told: list[int] = []

    def stop(done: int, of: int) -> None:
        told.append(done)
        if done >= of // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(study, tmp_path / "stopped.zarr", progress=stop)
    done, of = unfinished(tmp_path / "stopped.zarr") or (0, 0)
    assert 0 < done < of
    with pytest.raises(FileExistsError):
        run_study(study, tmp_path / "stopped.zarr")
    seen: list[int] = []
    run_study(study, tmp_path / "stopped.zarr", resume=True, progress=lambda done, of: seen.append(done))
    assert seen[0] == done, "what was there is not run again"
    assert content(whole) == content(tmp_path / "stopped.zarr")


def test_the_store_of_another_study_is_not_gone_on_with(tmp_path, short_blocks):
    path = run_study(small_study(8), tmp_path / "study.zarr")
    with pytest.raises(ChangeError, match="another model or of other changes"):
        run_study(small_study(16), path, resume=True)


def test_an_unfinished_study_is_never_removed_and_a_finished_one_is_named(tmp_path, short_blocks):
    path = run_study(small_study(8), tmp_path / "study.zarr")
    assert remove_finished([path], resume=True) == []
    assert path.exists()
    assert remove_finished([path, tmp_path / "none.zarr"], resume=False) == ["study.zarr"]
    assert not path.exists()
    path.mkdir()
    with pytest.raises(StudyError, match="no readable study"):
        remove_finished([path], resume=False)


def test_a_value_that_is_not_finite_is_refused_with_the_inputs_that_gave_it(tmp_path):
    class Broken:
        def __call__(self, shares):
            # A household of no one: the division fails where the share is low.
            return {"YEARS LIVED 2020": np.where(shares < 0.3, 0.0, 6.0)[:, None]}

    bad = Factor(
        "BROKEN INPUT",
        "parameters",
        (Input("BROKEN INPUT", "parameters", "YEARS LIVED 2020"),),
        {"YEARS LIVED 2020": (0,)},
        Broken(),
    )
    factors = (bad, *structure_factors())
    study = Study(factors, PickFreeze(len(factors), ((0,),), 8, 1), {}, ("target registered urbanization rate",))
    with pytest.raises(StudyError) as caught:
        run_study(study, tmp_path / "study.zarr")
    for told in ("not finite", "BROKEN INPUT at", "no index is worked out", "the first such value"):
        assert told in str(caught.value)
    assert (unfinished(tmp_path / "study.zarr") or (1, 0))[0] == 0


# --- the command


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small study of the structure and the policy levers, with everything that is written."""
    out = tmp_path_factory.mktemp("sensitivity")
    words = ("sensitivity", "--samples", 32, "--factors", 6, "--vary", "structure,policy", "--targets", RESIDENT)
    outcome = call(*words, REGISTERED, "--out", out)
    assert outcome.exit_code == 0, outcome.output
    return outcome, out / "sensitivity"


NAME = "sobol_baseline_priors_structure_policy"


def test_a_study_leaves_data_tables_and_charts_in_both_languages(made):
    _, out = made
    charts = {f"{NAME}_{kind}_{language}.png" for kind in sensitivity_figures.CHARTS for language in ("zh", "en")}
    assert {path.name for path in (out / "figures").iterdir()} == charts
    assert all(imread(path).std() > 0.02 for path in (out / "figures").iterdir())
    table = pd.read_csv(out / f"{NAME}.csv")
    assert list(table.columns) == [
        "indicator",
        "year",
        "factor",
        "group",
        "index",
        "value",
        "low",
        "high",
        "above_chance",
    ]
    assert (table["low"] <= table["high"]).all()
    assert set(table.loc[table["indicator"] == "target resident urbanization rate", "year"]) == set(range(2021, 2036))
    assert "S1" not in set(table.loc[table["indicator"].str.startswith("target."), "index"])
    shares = table[table["index"] == "share"].groupby(["indicator", "year"])["value"].sum()
    np.testing.assert_allclose(shares, 1, rtol=1e-9)


def test_the_data_hold_what_the_table_holds_and_say_what_made_them(made):
    _, out = made
    data, table = xr.load_dataset(out / f"{NAME}.nc"), pd.read_csv(out / f"{NAME}.csv")
    row = table[(table["index"] == "ST") & (table["year"] == 2025)].iloc[0]
    found = data["value"].sel(indicator=row["indicator"], index="ST", factor=row["factor"], year=2025)
    assert float(found) == pytest.approx(row["value"])
    assert data.attrs["model_hash"] == model_hash()
    assert data.attrs["method"] == "sobol"
    assert data.attrs["seed"] == "1"
    assert data.attrs["samples"] == "32"


def test_the_findings_are_said_with_what_they_rest_on(made):
    text = said(made[0])
    for words in (
        "rests most on",
        "variance",
    ):
        assert words in text
    assert "Peak memory" in text
    assert "32" in text


def test_going_on_with_a_finished_study_gives_the_same_files(made):
    _, out = made
    before = content(out)
    words = ("sensitivity", "--samples", 32, "--factors", 6, "--vary", "structure,policy", "--targets", RESIDENT)
    again = call(*words, REGISTERED, "--out", out.parent, "--resume")
    assert again.exit_code == 0, again.output
    assert "Will replace" in again.output
    assert content(out) == before


@pytest.mark.parametrize("method", ["pawn", "delta"])
def test_calibrated_members_are_analysed_by_methods_that_allow_dependence(tmp_path, method, monkeypatch):
    monkeypatch.setattr(sensitivity_figures, "draw", lambda *_: [])
    monkeypatch.setitem(estimates.RESAMPLES, "delta", 3)
    words = ("--method", method, "--samples", 64, "--inputs", "posterior", "--factors", 4, "--targets", REGISTERED)
    outcome = call("sensitivity", *words, "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    table = pd.read_csv(tmp_path / "sensitivity" / f"{method}_baseline_posterior.csv")
    assert "NO INFLUENCE" in set(table["factor"])
    assert {"structure", "parameters", "policy"} <= set(table["factor"])
    assert "whole members of the calibrated ensemble" in said(outcome)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--samples", "1000"], "take 512 or 1,024"),
        (["--inputs", "posterior"], "takes its inputs as independent"),
        (["--method", "morris", "--inputs", "posterior"], "takes its inputs as independent"),
        (["--targets", "target.urbanization.resident.2052"], "Did you mean 'target.urbanization.resident.2025'"),
        (["--vary", "polcy"], "Did you mean 'policy'"),
        (["--scenario", "plann"], "Did you mean 'plan'"),
        (["--method", "fast"], "--method"),
        (["--method", "pawn", "--samples", "10"], "needs at least 64"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_words(words, message, tmp_path):
    outcome = call("sensitivity", *words, "--out", tmp_path / "outputs")
    assert outcome.exit_code == 2
    assert message in " ".join(outcome.stderr.replace("│", " ").split())
    assert not list(tmp_path.rglob("*.zarr"))


def test_a_scheduler_that_does_not_answer_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sensitivity_runs, "CONNECTING", 1)
    with pytest.raises(StudyError, match=r"127\.0\.0\.1:9.*no Dask scheduler answers"):
        run_study(small_study(8), tmp_path / "study.zarr", cluster="tcp://127.0.0.1:9")


# --- killed and spread


@pytest.mark.slow
def test_a_killed_command_goes_on_to_the_same_bytes(tmp_path):
    words = ["sensitivity", "--samples", "256", "--factors", "6", "--vary", "structure,policy", "--targets", RESIDENT]

    def command(out, *more):
        return [sys.executable, str(ROOT / "run_scenarios.py"), *words, "--out", str(out), *more]

    subprocess.run(command(tmp_path / "whole"), cwd=ROOT, check=True, capture_output=True)
    store = tmp_path / "killed" / "sensitivity" / f"{NAME}.zarr"
    running = subprocess.Popen(
        command(tmp_path / "killed"), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while running.poll() is None and not (store / "run state" / "c" / "0").exists():
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    done, of = unfinished(store) or (0, 0)
    assert 0 < done < of
    refused = subprocess.run(command(tmp_path / "killed"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr
    subprocess.run(command(tmp_path / "killed", "--resume"), cwd=ROOT, check=True, capture_output=True)
    assert content(tmp_path / "whole") == content(tmp_path / "killed")


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers in processes of their own; yields its address and the workers."""
    from distributed import LocalCluster

    cache = os.environ | {"PYTHONPATH": str(ROOT), "ENGINE_THREADS": "1"}
    with LocalCluster(n_workers=0, processes=True, dashboard_address=None, local_directory=str(tmp_path)) as local:
        address = local.scheduler_address
        command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nworkers", "1", "--nthreads", "1"]
        command += ["--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path)]
        workers = [
            subprocess.Popen(command, cwd=ROOT, env=cache, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(2)
        ]
        try:
            yield address, workers
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_bytes(tmp_path, cluster):
    address, _ = cluster
    here, there = tmp_path / "here.zarr", tmp_path / "there.zarr"
    assert content(run_study(small_study(8), here)) == content(run_study(small_study(8), there, cluster=address))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_bytes_though_a_worker_is_killed_in_mid_study(tmp_path, cluster):
    address, workers = cluster
    study = small_study(4096)
    assert study.blocks == 10, "enough that a worker has some when it dies"
    here = run_study(study, tmp_path / "here.zarr")
    killed: list[int] = []

    def kill(done: int, of: int) -> None:
        if done and not killed:
            killed.append(done)
            workers[0].kill()
            workers[0].wait()

    there = run_study(study, tmp_path / "there.zarr", cluster=address, progress=kill)
    assert killed
    assert killed[0] < study.design.runs
    assert content(here) == content(there)
