"""Damaged files are told in words, with their name and what to do, and never take a process down or hold it up."""

from __future__ import annotations

import time

import numpy as np
import pytest
import xarray as xr

from analysis.outcome.files import read_run, write_run
from calibration.fit import ensemble
from calibration.fit.ensemble import read_members, read_stored
from calibration.fit.ensemble_file import EnsembleError, remake
from calibration.fit.evidence import NEWEST, Evidence
from calibration.fit.priors import read_priors
from model import load_model
from model.definition import MODEL_FILE, read_definition
from model.engine import cache, compile_model, compiling
from model.engine.errors import UserError
from model.engine.reading.quantities import explain_unreadable
from model.files.sealed import seal
from tests.support.damage import damaged_bytes, damaged_model

#: Files tried in every test run, and in `make slow`.
FEW, MANY = 200, 2000
#: Edits of the whole city, which takes seconds a file.
FEW_CITIES, MANY_CITIES = 3, 200
#: Lines and letters of a screen.
LINES, LETTERS = 25, 8000
#: Seconds in which a file is read or refused on a busy machine.
PATIENCE = 120


def numbers(few: int, many: int):
    """How many files are tried, the many only among the slow tests."""
    return pytest.mark.parametrize("count", [few, pytest.param(many, marks=pytest.mark.slow)])


def fits_on_a_screen(message: str) -> bool:
    return message.count("\n") < LINES and len(message) < LETTERS


def parsed(path):
    """Read a model file as the engine does, up to the compiler."""
    with explain_unreadable(path):
        compiling.prepare_model(path)


def tell_all(raw, count, path):
    """Read damaged models; give how often they were read, how often refused, and what was told badly."""
    read, refused, wrong = 0, 0, []
    for seed in range(count):
        path.write_bytes(damaged_model(raw, seed))
        for read_file in (read_definition, parsed):
            started = time.monotonic()
            try:
                read_file(path)
            except UserError as error:
                refused += 1
                if path.name not in str(error) or not fits_on_a_screen(str(error)):
                    wrong.append((seed, str(error)))
            else:
                read += 1
            if time.monotonic() - started > PATIENCE:
                wrong.append((seed, "took too long"))
    return read, refused, wrong


@numbers(FEW, MANY)
def test_a_damaged_model_is_read_or_refused_in_words(count, small_town_file, tmp_path):
    read, refused, wrong = tell_all(small_town_file.read_bytes(), count, tmp_path / "town.mdl")
    assert wrong == []
    # Both happen, or nothing was tried.
    assert read > count / 5
    assert refused > count / 5


@numbers(FEW_CITIES, MANY_CITIES)
def test_the_damaged_city_is_read_or_refused_in_words(count, tmp_path):
    read, refused, wrong = tell_all(MODEL_FILE.read_bytes(), count, tmp_path / "city.mdl")
    assert wrong == []
    assert read + refused == 2 * count


ENDLESS = """{UTF-8}
a= 1 ~~|
STEP= 0.5 ~~|
LAST= 4 ~~|
INITIAL TIME= 0 ~~|
FINAL TIME= LAST * LAST / 4 ~~|
TIME STEP= STEP ~~|
SAVEPER= 1 ~~|
"""


def test_a_model_whose_own_time_never_ends_is_refused(tmp_path):
    path = tmp_path / "endless.mdl"
    path.write_text(ENDLESS, encoding="utf-8")
    model = load_model(path=path)
    assert model.run()["time"].size == 5
    for step in (0.0, -1.0):
        with pytest.raises(UserError, match="TIME STEP and SAVEPER above zero"):
            model.run({"STEP": step})
    with pytest.raises(UserError, match="longer than 1,000,000 steps"):
        model.run({"LAST": 1e7})
    with pytest.raises(UserError, match="times are finite"):
        model.run({"LAST": 1e300})


@numbers(FEW, MANY)
def test_a_damaged_ensemble_is_refused_before_a_library_opens_it(count, tmp_path):
    raw, path = NEWEST.posterior.read_bytes(), tmp_path / "posterior.nc"
    for seed in range(count):
        path.write_bytes(damaged_bytes(raw, seed))
        with pytest.raises(EnsembleError, match=r"posterior\.nc is damaged .*run_scenarios\.py calibrate") as caught:
            read_members(path=path)
        assert fits_on_a_screen(str(caught.value))


def test_an_ensemble_saved_again_by_hand_is_refused(tmp_path):
    path = tmp_path / "posterior.nc"
    read_stored().isel(member=slice(5)).to_netcdf(path, engine="netcdf4")
    with pytest.raises(EnsembleError, match="changed by hand"):
        read_members(path=path)


@numbers(FEW, MANY)
def test_a_damaged_result_is_not_used(count, tmp_path):
    run = xr.Dataset({"rate": ("time", [0.7, 0.8])}, coords={"time": [2020.0, 2025.0]}, attrs={"scenario": "plan"})
    path = tmp_path / "plan.nc"
    write_run(run, path)
    whole, raw = read_run(path, run.attrs, ["rate"], ["rate"], {}), path.read_bytes()
    assert whole is not None
    np.testing.assert_array_equal(whole["rate"], run["rate"])
    for seed in range(count):
        path.write_bytes(damaged_bytes(raw, seed))
        assert read_run(path, run.attrs, ["rate"], ["rate"], {}) is None, seed


def sealed(path, members):
    """Write members as `calibrate` does, whatever is in them."""
    members.to_netcdf(path, engine="netcdf4")
    seal(path)
    return path


FERTILITY = "FERTILITY 2020"


def with_value(members, value):
    changed = members[FERTILITY].copy()
    changed[2] = value
    return members.assign({FERTILITY: changed})


WRONG = {
    "a value that is not a number": (lambda kept: with_value(kept, np.nan), f"'{FERTILITY}' holds values that are not"),
    "a fertility of 50": (lambda kept: with_value(kept, 50), f"'{FERTILITY}' is 50 in member 3; its prior goes from"),
    "a factor of 50": (
        lambda kept: kept.assign({"MORTALITY 2020": kept["MORTALITY 2020"] * 50}),
        "'MORTALITY 2020' is",
    ),
    "a parameter dropped": (lambda kept: kept.drop_vars(FERTILITY), f"'{FERTILITY}' is missing"),
    "an unknown parameter": (lambda kept: kept.assign(LUCK=kept[FERTILITY]), "'LUCK' is no parameter of the priors"),
    "one member many times": (lambda kept: kept.isel(member=[0] * 8), "only 1 of its 8 members differ"),
    "no member": (lambda kept: kept.isel(member=[]), "it holds no members"),
    "other dims": (lambda kept: kept.rename(member="run"), "it holds no members"),
    "one parameter for all members": (
        lambda kept: kept.assign({FERTILITY: kept[FERTILITY].isel(member=0)}),
        f"'{FERTILITY}' has the dims of one number instead of member",
    ),
    "whole numbers": (
        lambda kept: kept.assign({FERTILITY: kept[FERTILITY].astype("int32")}),
        f"'{FERTILITY}' holds int32 instead of floating-point numbers",
    ),
    "elements in another order": (
        lambda kept: kept.isel(District=slice(None, None, -1)),
        "has other elements of District than the model",
    ),
    "values said to be factors": (
        lambda kept: kept.assign({FERTILITY: kept[FERTILITY].assign_attrs(role="factor")}),
        f"'{FERTILITY}' says it holds a factor",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_ensemble_that_the_priors_cannot_give_is_refused(what, tmp_path):
    change, told = WRONG[what]
    kept = read_stored().isel(member=slice(8))
    path = sealed(tmp_path / "posterior.nc", kept)
    assert read_members(path=path).sizes["member"] == 8
    path.unlink()
    with pytest.raises(EnsembleError) as caught:
        read_members(path=sealed(path, change(kept).assign_attrs(kept.attrs)))
    assert "posterior.nc does not hold draws from the priors" in str(caught.value)
    assert told in str(caught.value)
    assert remake(NEWEST) in str(caught.value)
    assert fits_on_a_screen(str(caught.value))


def test_the_members_of_the_file_lie_within_their_priors():
    assert [ensemble._mistakes(read_stored(one), read_priors(events=one.events)) for one in Evidence] == [[], []]


def test_drawn_factors_are_not_taken_for_values():
    stored = read_stored().isel(member=slice(2))
    with pytest.raises(UserError, match=r"factors on the model's own tables.*read_members\(\)") as caught:
        load_model().run({str(name): array.rename(member="run") for name, array in stored.data_vars.items()})
    assert fits_on_a_screen(str(caught.value))
    with pytest.raises(UserError, match=r"rename\(member='run'\)") as caught:
        load_model().run({str(name): array for name, array in stored.data_vars.items()})
    assert fits_on_a_screen(str(caught.value))


def test_what_read_members_gives_is_values_only():
    assert {array.attrs["role"] for array in read_members(2).data_vars.values()} == {"value"}


def test_a_damaged_cache_entry_is_known_whatever_part_of_it_is_damaged_and_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path))
    path = "tests/engine/models/teacup.mdl"
    expected = compile_model(path).run()
    (entry,) = tmp_path.iterdir()
    parts = [part for part in entry.rglob("*") if part.is_file()]
    assert {part.suffix for part in parts} >= {".py", ".pickle", ".json", ".o"}
    for part in parts:
        raw = part.read_bytes()
        for seed in range(FEW // len(parts)):
            part.write_bytes(damaged_bytes(raw, seed))
            assert not cache.is_whole(entry) or part.name == cache.CHECKSUMS, part.name
        part.unlink()
        assert not cache.is_whole(entry)
        part.write_bytes(raw)
        assert cache.is_whole(entry)
    for part in parts:
        part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    xr.testing.assert_identical(compile_model(path).run(), expected)
    assert cache.is_whole(entry)
    assert [left.name for left in tmp_path.iterdir()] == [entry.name]
