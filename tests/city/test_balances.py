"""A run that creates or loses something gives no result, whatever was asked of it and by whom."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import xarray as xr

from analysis.sensitivity import runs as sensitivity_runs
from calibration.fit.likelihood import run_history
from model import load_model
from model.definition import MODEL_FILE
from model.engine import BalanceError, Ensemble, compile_model
from model.engine.errors import UserError
from tests.support.city import city, default

#: Shares of the uses of land that add up to four.
TOO_MUCH_LAND = xr.DataArray(np.ones(4), dims="Use")

TUB = """{UTF-8}
Water= INTEG (inflow, 100) ~~|
Water Account= INTEG (inflow - LEAK, 100) ~~|
water balance error= (Water - Water Account) / Water ~~|
inflow= 5 ~~|
LEAK= 0 ~~|
steam= 1 / (1 - PRESSURE) ~~|
PRESSURE= 0 ~~|
INITIAL TIME= 0 ~~|
FINAL TIME= 10 ~~|
TIME STEP= 0.5 ~~|
SAVEPER= 1 ~~|
"""


@pytest.fixture
def tub(tmp_path):
    """A model of one stock that may leak."""
    path = tmp_path / "tub.mdl"
    path.write_text(TUB, encoding="utf-8")
    return path


def test_land_that_is_given_out_twice_is_named_with_its_district_its_size_and_its_year():
    with pytest.raises(BalanceError) as caught:
        city().run({"USE SHARE": TOO_MUCH_LAND}, outputs=["residents"])
    assert re.search(r"land balance error \[\w+\] reaches -1\.\d+ at time 20\d\d", str(caught.value))
    assert "Look at what was changed: USE SHARE" in str(caught.value)
    assert isinstance(caught.value, UserError)


def test_what_is_watched_is_no_part_of_the_result():
    watched, bare = city(), compile_model(MODEL_FILE)
    asked: dict[str, Any] = {"outputs": ["residents", "Urban Land"], "reduce": {"Urban Land": "final"}}
    # The same to the bit: watching a run changes nothing in it.
    xr.testing.assert_identical(watched.run(**asked), bare.run(**asked))


@pytest.mark.parametrize("engine", ["compiled", "pysd"])
def test_both_engines_refuse_a_leak_and_only_a_leak(tub, engine):
    model = load_model(engine, tub)
    assert list(model.run({"LEAK": 1e-12}, outputs=["Water"]).data_vars) == ["Water"]
    with pytest.raises(BalanceError, match=r"water balance error reaches 0\.0667 at time 10"):
        model.run({"LEAK": 1.0}, outputs=["inflow"])
    leaks = xr.DataArray([0.0, 1.0, 2.0], {"run": ["a", "b", "c"]}, "run")
    with pytest.raises(BalanceError, match="2 of 3 runs, worst run c, created or lost something"):
        model.run({"LEAK": leaks}, outputs=["inflow"])


def test_a_leak_is_refused_where_values_that_are_not_finite_are_kept(tub):
    model = load_model(path=tub)
    pressures = xr.DataArray([0.0, 1.0], dims="run")
    kept = model.run({"PRESSURE": pressures}, outputs=["steam"], keep_non_finite=True)
    assert kept.attrs["warning"] == "1 runs hold values that are not finite"
    with pytest.raises(BalanceError, match="1 of 2 runs, worst run 0"):
        model.run({"PRESSURE": pressures, "LEAK": 1.0 - pressures}, outputs=["steam"], keep_non_finite=True)


def test_a_leak_late_in_a_large_ensemble_is_refused_and_not_stored(tub, tmp_path):
    leaks = xr.DataArray(np.where(np.arange(3000) == 2500, 1.0, 0.0), dims="run")
    with pytest.raises(BalanceError, match="worst run 2500"):
        load_model(path=tub).run_to_store({"LEAK": leaks}, tmp_path / "tub.zarr", progress=False)
    state = xr.open_zarr(tmp_path / "tub.zarr", chunks=None)["run state"].to_numpy()
    assert state[0] == 1
    assert state[2500] == 0


def test_an_ensemble_made_ready_once_is_watched_at_every_run(tub):
    ready = Ensemble(load_model(path=tub), {"PRESSURE": xr.DataArray([0.0, 0.5], dims="run")}, outputs=["Water"])
    assert ready.run().sizes["run"] == 2
    with pytest.raises(BalanceError, match="2 of 2 runs"):
        ready.run({"LEAK": 0.5})


def test_the_past_that_calibration_compares_is_watched():
    too_much = {"USE SHARE": TOO_MUCH_LAND}
    with pytest.raises(BalanceError, match="land balance error"):
        run_history(city(), too_much, keep_non_finite=True)


def test_a_sensitivity_study_is_watched(monkeypatch):
    class Study:
        outputs = ("residents",)

        def bounds(self, _number: int) -> tuple[int, int]:
            return 0, 2

        def changes(self, _first: int, _last: int) -> dict[str, Any]:
            return {"USE SHARE": TOO_MUCH_LAND, "RENT SUBSIDY": xr.DataArray([0.0, 0.1], dims="run")}

    with pytest.raises(BalanceError, match="land balance error"):
        sensitivity_runs.run_block(Study(), 0)  # type: ignore[arg-type]


def test_no_command_runs_a_model_that_is_not_watched(root):
    # `compile_model` alone knows no balances; only the checks, in `model`, use it to find all that breaks.
    folders = ("analysis", "calibration", "scenarios")
    files = [*(path for folder in folders for path in (root / folder).rglob("*.py")), root / "run_scenarios.py"]
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    assert any("load_model" in text for text in texts.values())
    assert [name for name, text in texts.items() if "compile_model" in text] == []


def test_the_use_of_land_is_a_table_that_adds_up_to_one():
    assert default("USE SHARE").sum() == pytest.approx(1.0)
    assert default("USE SHARE").shape == TOO_MUCH_LAND.shape
