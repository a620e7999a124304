"""The first fit finds known values again, stays within ranges, and writes nothing but its numbers."""

import csv
import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from calibration.__main__ import app
from calibration.fit.likelihood import BAND_STARTS, History, Target, by_band, run_history, targets
from calibration.observations import GRADES
from calibration.studies import first_fit
from calibration.studies.first_fit import (
    PARAMETERS,
    FirstFitError,
    Parameter,
    fit,
    read_space,
    write_fitted,
)
from model import MODEL_FILE
from model.city import city
from model.definition import read_definition
from model.engine import CompiledModel, compile_model


@pytest.fixture(scope="module")
def model() -> CompiledModel:
    return compile_model(MODEL_FILE)


TABLES = ("constants.csv", "districts.csv")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / city().name
    folder.mkdir()
    for name in (*TABLES, "city.yaml", "distances.csv", "tables.mdl"):
        shutil.copy(city().folder / name, folder / name)
    return folder


def held(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


def test_known_values_are_found_again(model):
    truth = {"FERTILITY 2010": 1.33, "PRODUCTIVITY GROWTH 2010": 0.071, "INCOME SHARE TREND 2010": 0.025}
    chosen = tuple(dataclasses.replace(p, spread=100.0) for p in PARAMETERS if p.name in truth)
    made = run_history(model, truth)
    series = tuple(
        dataclasses.replace(target, observed=target.simulate(made)[0], error=0.001) for target in targets(model)
    )
    found = fit(model, read_space(MODEL_FILE, chosen), series)
    assert {name: values.item() for name, values in found.items()} == pytest.approx(truth, rel=1e-3)


def test_fitted_constants_have_a_closed_range_that_holds_the_judgement():
    space = read_space(MODEL_FILE)
    assert [
        parameter.name
        for parameter, variable in zip(space.parameters, space.variables, strict=True)
        if not (variable.low or 0) <= parameter.judged <= (variable.high or 0)
    ] == []


def test_a_constant_that_the_model_lacks_is_named():
    with pytest.raises(FirstFitError, match="NO SUCH RATE"):
        read_space(MODEL_FILE, (Parameter("NO SUCH RATE", 1.0, 1.0),))


def test_every_target_states_its_error_grade_and_source(model):
    for target in targets(model):
        assert target.error > 0
        assert target.grade in GRADES
        assert target.source
        assert np.isfinite(target.observed).all()
        assert (target.observed > 0).all()


def test_a_target_met_exactly_leaves_no_residual(model):
    history = run_history(model)
    for target in targets(model):
        met: Target = dataclasses.replace(target, observed=target.simulate(history)[0])
        assert not met.residuals(history).any()


def test_a_flow_of_a_year_is_the_mean_of_its_four_quarters():
    times = np.arange(2010, 2020.25, 0.25)
    course = xr.Dataset({"flow": (("run", "time"), np.floor(times)[None])}, {"time": times})
    history = History(xr.Dataset(), course)
    assert history.over("flow", [2011, 2020]).tolist() == [[2010, 2019]]
    assert history.at("flow", [2011, 2020]).tolist() == [[2011, 2020]]


def test_bands_hold_every_age_once():
    assert by_band(np.ones(86)).tolist() == np.diff([*BAND_STARTS, 86]).tolist()


def test_writing_changes_the_fitted_numbers_only(copy: Path):
    before = held(copy)
    write_fitted(copy, before, {"FERTILITY 2010": np.array([1.234]), "VILLAGE LEAVING RATE": np.full(12, 0.0123)})
    old, new = (
        {
            (name, number, column): cell
            for name, content in tables.items()
            for number, row in enumerate(csv.reader(content.decode().splitlines()))
            for column, cell in enumerate(row)
        }
        for tables in (before, held(copy))
    )
    assert old.keys() == new.keys()
    assert sorted(new[place] for place in new if new[place] != old[place]) == ["0.0123"] * 12 + ["1.234"]
    assert len(list(copy.iterdir())) == 5


def test_a_pack_that_changed_meanwhile_is_left_alone(copy: Path):
    before = held(copy)
    (copy / "constants.csv").write_bytes(before["constants.csv"] + b"\n")
    with pytest.raises(FirstFitError, match=r"constants.csv changed while the fit was running"):
        write_fitted(copy, before, {"FERTILITY 2010": np.array([1.234])})
    assert held(copy) == before | {"constants.csv": before["constants.csv"] + b"\n"}


def test_a_constant_without_a_row_is_named(copy: Path):
    with pytest.raises(FirstFitError, match=r"A RATE in constants.csv, found 0"):
        write_fitted(copy, held(copy), {"A RATE": np.array([1.0])})


@pytest.mark.parametrize("write", [True, False])
def test_the_command_prints_and_writes_only_when_asked(write, copy: Path, monkeypatch):
    values = {
        parameter.name: np.full(max(1, len(names)), parameter.judged)
        for parameter, names in zip(PARAMETERS, read_space(MODEL_FILE).elements, strict=True)
    }
    monkeypatch.setattr(first_fit, "fit", lambda *_: values)
    before = held(copy)
    printed = CliRunner().invoke(app, ["first-fit", "--pack", str(copy), *(["--write"] if write else [])])
    assert printed.exit_code == 0
    assert (held(copy) != before) is write
    assert "FERTILITY 2010 [Dmnl]\n  fitted 1.25\n  pack   1.327\n" in printed.stdout


def test_a_pack_that_is_missing_is_refused(tmp_path: Path):
    assert CliRunner().invoke(app, ["first-fit", "--pack", str(tmp_path / "none")]).exit_code == 2


@pytest.mark.slow
def test_the_first_fit_gives_the_numbers_of_the_model_file(model):
    known = {variable.name: variable.default for variable in read_definition(MODEL_FILE)}
    fitted = fit(model, read_space(MODEL_FILE), targets(model))
    assert len(fitted) == len(PARAMETERS)
    for name, values in fitted.items():
        stated = known[name]
        assert stated is not None
        # The last of the four digits may differ on another machine.
        np.testing.assert_allclose(values, np.resize(stated, values.shape), rtol=2e-3, err_msg=name)
