"""The run from 2010 meets the record up to 2020, and the run from 2020 starts where the record ends."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from calibration.__main__ import app
from calibration.census.derivation import derive
from calibration.fit import likelihood as evidence
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import Evidence
from calibration.fit.likelihood import History, calibration_targets, registered_estimates, run_history, targets
from calibration.history import report as history_report
from calibration.history.figures import FIGURES, fingerprint, is_drawn
from calibration.history.report import IMAGES, MEMBERS, PAGE, page_with, split
from calibration.history.series import Series, city_series, ensemble_history, theil_shares
from calibration.observations import DATA_FOLDER, LAST_YEAR, ObservationError, district_values, read_observations
from model import MODEL_FILE
from model.engine import CompiledModel, compile_model

DATA = read_observations()
CENSUS = derive().start[LAST_YEAR].residents


@pytest.fixture(scope="module")
def model() -> CompiledModel:
    return compile_model(MODEL_FILE)


@pytest.fixture(scope="module")
def history(model) -> History:
    return run_history(model)


@pytest.fixture(scope="module")
def start(model):
    """The first moment of the policy run."""
    return model.run(final_time=LAST_YEAR + 1).isel(time=0)


def people(history: History) -> np.ndarray:
    """Residents by district and age at the end of 2020."""
    return np.asarray(history.state("Population")[0].sum(axis=1))


def test_the_city_of_2020_is_met_within_three_per_mille(history):
    assert people(history).sum() == pytest.approx(CENSUS.sum(), rel=0.003)


def test_every_district_is_met_within_one_percent(history):
    np.testing.assert_allclose(people(history).sum(axis=1), CENSUS.sum(axis=1), rtol=0.01)


def test_urban_residents_of_every_district_are_met_within_two_percent(history):
    urban = district_values(DATA, "population_urban", LAST_YEAR)
    np.testing.assert_allclose(history.state("urban residents by district")[0], urban, rtol=0.02)


@pytest.mark.parametrize(("first", "end"), [(0, 15), (15, 60), (60, 86)])
def test_broad_ages_are_met_within_one_percent_in_the_city_and_five_in_districts(history, first, end):
    found, counted = people(history)[:, first:end], CENSUS[:, first:end]
    assert found.sum() == pytest.approx(counted.sum(), rel=0.01)
    np.testing.assert_allclose(found.sum(axis=1), counted.sum(axis=1), rtol=0.05)


def test_the_registered_population_is_met_within_one_percent(history):
    ends = pd.Series([7_852_700, 7_967_400, 8_067_252], index=[2018, 2019, 2020])
    np.testing.assert_allclose(history.at_year_end("registered population", list(ends.index))[0], ends, rtol=0.01)


def test_the_registered_population_grows_as_published_between_2012_and_2016(history):
    first, last = history.at_year_end("registered population", (2012, 2016))[0]
    published = registered_estimates()
    assert last / first == pytest.approx(published[2016] / published[2012], rel=0.005)


def test_births_behind_the_children_of_2020_are_met_within_five_percent(history):
    births = derive().residuals.births.loc[: LAST_YEAR - 1]
    np.testing.assert_allclose(history.over("births in city", list(births.index))[0], births, rtol=0.05)


def test_the_income_ratio_of_2015_and_2020_is_met_within_two_percent(history):
    np.testing.assert_allclose(history.at("urban rural income ratio", (2015, 2020))[0], (2.80, 2.61), rtol=0.02)


def test_output_and_built_up_area_of_2020_are_met_within_two_percent(history):
    assert history.at("gross domestic product", [2020])[0, 0] == pytest.approx(10_140.9e8, rel=0.02)
    assert history.state("built up area")[0] == pytest.approx(839.7, rel=0.02)


def test_the_policy_run_starts_with_the_census_to_the_person(start):
    residents = district_values(DATA, "population_resident", LAST_YEAR)
    urban = district_values(DATA, "population_urban", LAST_YEAR)
    np.testing.assert_allclose(start["residents by district"], residents, rtol=1e-9)
    np.testing.assert_allclose(start["urban residents by district"], urban, rtol=1e-9)
    assert start["residents"].item() == pytest.approx(9_202_432, abs=0.01)
    assert start["urban residents"].item() == pytest.approx(6_760_007, abs=0.01)
    assert round(100 * start["resident urbanization rate"].item(), 2) == 73.46
    assert start["registered population"].item() == pytest.approx(8_067_252, abs=0.01)


def test_the_policy_run_starts_with_the_published_ratio_land_and_revenue(start):
    assert start["urban rural income ratio"].item() == pytest.approx(2.61, rel=1e-6)
    assert start["built up area"].item() == pytest.approx(839.7, rel=1e-6)
    assert start["budget revenue"].item() == pytest.approx(906.1e8, rel=0.01)


def test_district_fertility_shares_out_births_without_adding_any(model, start):
    """Only its product with the city's fertility is seen in the record, and the policy run uses it too."""
    even = model.run({"FERTILITY OF DISTRICT": 1.0}, outputs=["births in city"], final_time=LAST_YEAR + 1).isel(time=0)
    assert start["births in city"].item() == pytest.approx(even["births in city"].item(), rel=0.02)


def test_an_observation_after_2020_stops_the_comparison(model, tmp_path: Path, monkeypatch):
    folder = tmp_path / "data"
    shutil.copytree(DATA_FOLDER, folder)
    table = pd.read_csv(folder / "communiques.csv", dtype=str, keep_default_na=False)
    pd.concat([table, table.iloc[-1:].assign(year="2021")]).to_csv(folder / "communiques.csv", index=False)
    monkeypatch.setattr(evidence, "read_observations", lambda: read_observations(folder))
    with pytest.raises(ObservationError, match="withheld"):
        targets(model)


def test_no_compared_year_lies_after_2020(history):
    years = [int(str(year)[-4:]) for series in city_series(history) for year in series.years]
    assert max(years) == LAST_YEAR


def test_error_shares_of_a_stretched_series_are_variance_alone():
    bias, variance, covariance = theil_shares(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0, 4.0]))
    assert (bias, round(variance, 9), round(covariance, 9)) == (0.0, 1.0, 0.0)


def test_the_page_and_figures_in_docs_are_fresh(model):
    members = read_members(MEMBERS, Evidence.TO_2020)
    text = page_with(model, members, ensemble_history(model, members))
    assert PAGE.read_text(encoding="utf-8") == text, "run `python -m calibration history`"
    for name in FIGURES:
        for language in ("zh", "en"):
            assert is_drawn(IMAGES / f"history_{name}_{language}.png", fingerprint(text)), f"{name} {language}"


@pytest.mark.parametrize(("line", "code", "text"), [(["--check"], 1, "old"), ([], 0, "new")])
def test_a_stale_page_is_reported_or_written(line, code, text, history, monkeypatch, tmp_path: Path):
    page = tmp_path / "history.md"
    page.write_text("old", encoding="utf-8")
    monkeypatch.setattr(history_report, "PAGE", page)
    monkeypatch.setattr(history_report, "IMAGES", tmp_path)
    monkeypatch.setattr(history_report, "page_with", lambda *_: "new")
    monkeypatch.setattr(history_report, "ensemble_history", lambda *_: history)
    assert CliRunner().invoke(app, ["history", *line]).exit_code == code
    assert page.read_text(encoding="utf-8") == text
    assert len(list(tmp_path.glob("history_*.png"))) == (0 if line else 4)


def test_what_the_page_calls_fitted_is_what_the_calibration_takes_in(model, history):
    """Of each series of the city, by name and year."""
    taken: dict[str, set[int | str]] = {}
    for target in calibration_targets(model):
        name = target.name.rpartition(" [")[0]
        for long, short in (
            ("registered births, years of rates", "registered births"),
            ("births behind the children of 2020", "births in city"),
            ("growth of gross domestic product, 2012-2016", "growth of gross domestic product"),
            ("growth of urban income per head, 2015-2017", "growth of urban income per head"),
            ("built-up area", "built-up area [km2]"),
        ):
            name = short if name == long else name
        years = target.labels if name.startswith("growth") else target.years
        taken.setdefault(name, set()).update(years)
    for series in city_series(history):
        if series.name != "growth of registered population":
            assert set(series.fitted) == taken.get(series.name, set()), series.name


def test_fitted_and_not_fitted_values_of_a_series_are_told_apart():
    series = Series("rate", (2010, 2015, 2020), np.array([1.0, 2.0, 4.0]), np.full((5, 3), 2.0), (2020,), (2010,))
    fitted, others = split(series=[series])
    assert [item.years for item in fitted] == [[2020]]
    assert [(item.years, item.old) for item in others] == [([2015], []), ([2010], [2010])]
    assert [item.inside for item in (*fitted, *others)] == [0, 1, 0]
    assert fitted[0].error == 0.5


def test_the_band_of_a_series_holds_nine_tenths_of_the_members():
    members = np.random.default_rng(1).normal(10, 1, (4000, 1))
    series = Series("rate", (2020,), np.array([10.0]), members)
    np.testing.assert_allclose(series.band[:, 0], [8.355, 10, 11.645], atol=0.08)
    assert series.inside == 1
