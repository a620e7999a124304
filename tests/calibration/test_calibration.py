"""The calibration finds known answers, keeps to data up to 2020, and what is stored belongs to the present model."""

from __future__ import annotations

import dataclasses
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import run_scenarios
from calibration.fit import calibrate as calibrate_module
from calibration.fit import later_record as later_module
from calibration.fit import likelihood
from calibration.fit.calibrate import SEED, Effort, calibrate, learnt_table, problem_of, write
from calibration.fit.ensemble import read_members, read_stored
from calibration.fit.ensemble_file import EnsembleError
from calibration.fit.ensemble_runs import standard_points
from calibration.fit.evidence import LATER_FILE, Evidence
from calibration.fit.forecast import (
    FORECASTS,
    YEARS,
    Forecast,
    Published,
    discrepancy_covariance,
    expected,
    forecast_table,
    given,
    predict,
    simulate,
)
from calibration.fit.later_record import later_record, run_record
from calibration.fit.likelihood import calibration_targets, further_targets, run_history
from calibration.fit.priors import PriorError, changes, read_priors
from calibration.fit.report import report
from calibration.fit.sampler import SUPERCHAINS, Problem, Reference, best_fit, reference, sample
from calibration.observations import GRADES, ObservationError
from model.definition import variables_by_name
from tests.support.city import city

#: Two observations of three parameters, the third of which they do not reach.
SLOPE = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 0.0]])
OBSERVED = np.array([1.0, -2.0])


class Linear:
    """A problem with a known posterior: standard normal priors, linear in the parameters, unit errors."""

    priors = SimpleNamespace(size=3, allowed=lambda points: np.ones(len(points), dtype=bool))

    def deviations(self, points):
        return points @ SLOPE.T - OBSERVED

    log_posterior = Problem.log_posterior
    log_density = Problem.log_density
    jacobian = Problem.jacobian


@pytest.fixture(scope="module")
def linear() -> Any:
    return Linear()


@pytest.fixture(scope="module")
def known():
    covariance = np.linalg.inv(np.eye(3) + SLOPE.T @ SLOPE)
    return covariance @ SLOPE.T @ OBSERVED, covariance


def test_the_best_fit_and_its_gaussian_are_exact_where_all_is_linear(linear, known):
    mean, covariance = known
    fit = best_fit(linear, np.full(3, 0.5))
    np.testing.assert_allclose(fit.point, mean, atol=1e-5)
    np.testing.assert_allclose(reference(linear, fit).deviation, np.sqrt(np.diag(covariance)), rtol=1e-6)


@pytest.mark.parametrize("wrong", [SLOPE, 0.5 * SLOPE[:, ::-1]], ids=["true slope", "wrong slope"])
def test_the_sampler_finds_a_known_posterior_from_a_wrong_reference(linear, known, wrong):
    mean, covariance = known
    draws = sample(linear, Reference(mean + 0.3, wrong, np.eye(3)), chains=40, steps=1500, warm_up=300, thin=2, seed=3)
    # Some thousand effective draws: three standard errors of a mean, and of a standard deviation.
    np.testing.assert_allclose(draws.pooled.mean(axis=0), mean, atol=0.06)
    np.testing.assert_allclose(draws.pooled.std(axis=0), np.sqrt(np.diag(covariance)), rtol=0.06)
    assert (draws.convergence < 1.01).all()
    assert (draws.effective_size > 400).all()
    assert 0 < draws.accepted < 1


def test_chains_that_have_not_met_are_noticed(linear, known):
    draws = sample(linear, Reference(known[0], SLOPE, np.eye(3)), chains=40, steps=200, warm_up=300, thin=2, seed=3)
    apart = draws.chains + np.repeat(np.arange(SUPERCHAINS), 40 // SUPERCHAINS)[:, None, None]
    assert (dataclasses.replace(draws, chains=apart).convergence > 1.1).all()


def test_an_observation_after_2020_is_refused(monkeypatch):
    real = further_targets()
    late = dataclasses.replace(real[0], years=(2018, 2019, 2020, 2021))
    monkeypatch.setattr(likelihood, "further_targets", lambda: (late,))
    with pytest.raises(ObservationError, match="withheld: registered deaths"):
        calibration_targets(city())


def test_the_observations_say_unit_boundary_grade_and_error():
    observed = [target for target in calibration_targets(city()) if target.expected is None]
    assert sum(target.observed.size for target in observed) > 150
    for target in observed:
        assert re.search(r" \[[^\]]+\]$", target.name)
        assert max(target.years) <= 2020
        assert target.grade in GRADES
        assert (target.observed > 0).all()
        assert target.measurement > 0
        assert (target.left_out > 0).all()
        assert target.source
        assert target.observed.size % len(target.years) == 0
        assert len(target.labels) in (1, target.observed.size)
    # Levels of the boundary without Laiwu are no test of a run that has it: only growth is used.
    old = [target.name for target in observed if target.boundary == "old"]
    assert old
    assert all(name.endswith("[Dmnl]") for name in old)


def test_deviations_that_follow_their_errors_become_standard_normal():
    target = next(target for target in further_targets() if target.memory > 0)
    random = np.random.default_rng(4)
    count = target.observed.size
    noise = random.multivariate_normal(np.zeros(count), target.covariance, size=20_000)
    simulated = target.observed * np.exp(noise)
    white = dataclasses.replace(target, simulate=lambda _: simulated).whitened(None)  # type: ignore[arg-type]
    np.testing.assert_allclose(np.cov(white.T), np.eye(count), atol=0.05)


def test_a_run_from_known_parameters_is_found_again():
    priors = read_priors()
    names = ("FERTILITY 2010", "PRODUCTIVITY GROWTH 2010", "INCOME SHARE TREND 2010")
    few = dataclasses.replace(priors, parameters=tuple(priors.parameter(name) for name in names), constraints=())
    truth = np.array([0.5, -0.4, 0.3])
    history = run_history(city(), few.settings(truth[None]))
    targets = tuple(
        dataclasses.replace(target, observed=target.simulate(history)[0], expected=None)
        for target in calibration_targets(city())
        if target.expected is None
    )
    fit = best_fit(Problem(city(), few, targets), np.zeros(3))
    # The priors pull a little towards zero.
    np.testing.assert_allclose(fit.point, truth, atol=0.1)


@pytest.fixture(scope="module", params=list(Evidence))
def small(request):
    """A calibration that looks hardly at all, for the way from data to files."""
    quick = Effort(starts=1, rounds=2, chains=SUPERCHAINS, steps=4, warm_up=2, thin=1)
    return calibrate(6, request.param, effort=quick, seed=7, model=city()), quick


def test_a_calibration_leaves_files_that_can_be_read_and_a_report(small, tmp_path):
    found, effort = small
    write(found, tmp_path / "posterior.nc", tmp_path / "forecast.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["forecast.csv", "posterior.nc"]
    members = read_members(evidence=found.evidence, path=tmp_path / "posterior.nc")
    assert members.sizes["member"] == 6
    assert members.attrs["evidence"] == found.evidence
    expected = changes(found.members)
    for name, array in members.data_vars.items():
        np.testing.assert_allclose(array.to_numpy(), expected[name].to_numpy(), rtol=1e-6)
    table = learnt_table(found)
    assert len(table) == found.problem.priors.size
    told = report(found, effort)
    assert "## Not learnt" in told
    assert table["parameter"][0] in told


def test_the_same_seed_gives_the_same_ensemble_and_another_gives_another(small):
    found, effort = small
    again = calibrate(6, found.evidence, effort=effort, seed=7, model=city())
    xr.testing.assert_identical(again.members, found.members)
    xr.testing.assert_identical(again.predicted, found.predicted)
    other = calibrate(6, found.evidence, effort=effort, seed=8, model=city())
    assert not other.members.equals(found.members)
    assert not other.predicted.equals(found.predicted)


def test_an_ensemble_of_another_model_or_too_small_is_refused(small, tmp_path):
    found, _ = small
    path = tmp_path / "posterior.nc"
    write(
        dataclasses.replace(found, members=found.members.assign_attrs(model_hash="another")), path, tmp_path / "f.csv"
    )
    with pytest.raises(EnsembleError, match=r"another state of: model jinan\.mdl"):
        read_members(evidence=found.evidence, path=path)
    with pytest.raises(EnsembleError, match=f"is missing.* --evidence {found.evidence}"):
        read_members(evidence=found.evidence, path=tmp_path / "none.nc")
    with pytest.raises(EnsembleError, match="holds 1 to 1000 members"):
        read_members(1001)


@pytest.mark.parametrize("evidence", Evidence)
def test_what_the_record_cannot_reach_keeps_the_spread_of_its_prior(evidence):
    """Chains that have not travelled far enough, or a proposal that shrinks, leave an ensemble that is too narrow."""
    priors = read_priors(events=evidence.events)
    spread = standard_points(priors, read_stored(evidence)).std(axis=0)
    # More than half of the parameters are not learnt; the middle of the wider half errs by a percent or two.
    assert np.median(np.sort(spread)[len(spread) // 2 :]) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("evidence", Evidence)
def test_each_stored_forecast_belongs_to_its_ensemble(evidence):
    stored = pd.read_csv(evidence.forecast)
    assert set(stored["variable"]) == {forecast.variable for forecast in FORECASTS}
    # What an ensemble has seen is no forecast.
    assert sorted(set(stored["year"])) == [year for year in YEARS if year > evidence.last_year]
    assert (np.diff(stored[["p05", "p25", "median", "p75", "p95"]], axis=1) >= 0).all()
    for row in stored.drop_duplicates("variable").itertuples():
        assert row.unit == variables_by_name()[str(row.variable)].unit
    later = later_record(evidence)
    policies, seen = ({}, ()) if later is None else (later.policies, later.published)
    simulated = expected(simulate(city(), read_members(200, evidence), policies), seen)
    for name, array in simulated.sel(time=slice(evidence.last_year + 1, None)).data_vars.items():
        of_name = stored[stored["variable"] == name].set_index("year")
        middle = array.median("member").to_series()
        # The stored median is of 1,000 members and carries noise that the model leaves out.
        spread = (of_name["p95"] - of_name["p05"]) / 3.3
        assert (abs(middle - of_name["median"]) < 0.4 * spread).all(), name


# The record of 2021-2023


def test_the_ensemble_of_2020_reads_nothing_published_later(monkeypatch, tmp_path):
    for file in ("LATER_FILE", "POLICIES_FILE"):
        monkeypatch.setattr(later_module, file, tmp_path / file)
    monkeypatch.setattr("calibration.fit.evidence.EVENTS_FILE", tmp_path / "EVENTS_FILE")
    monkeypatch.setattr("calibration.fit.evidence.LATER_FILE", tmp_path / "LATER_FILE")
    known = problem_of(Evidence.TO_2020, city())
    assert known.later is None
    assert max(max(target.years) for target in known.targets) == 2020
    assert read_members(2, Evidence.TO_2020).sizes["member"] == 2
    # The same with the newest fails: the test would see a file that is read.
    with pytest.raises(ObservationError, match="LATER_FILE"):
        problem_of(Evidence.TO_2023, city())


def test_a_later_value_slipped_into_the_record_to_2020_is_refused(monkeypatch):
    monkeypatch.setattr(calibrate_module, "later_record", lambda _: later_record(Evidence.TO_2023))
    with pytest.raises(ObservationError, match="observations after 2020 are withheld: residents, 2021-2023"):
        problem_of(Evidence.TO_2020, city())


def test_dated_events_are_latent_for_who_has_seen_them_and_nil_for_who_has_not():
    before, after = (read_priors(events=one.events) for one in Evidence)
    events = set(after.labels) - set(before.labels)
    assert events == {
        "EPIDEMIC EFFECT ON ARRIVALS",
        "EPIDEMIC EFFECT ON BIRTHS",
        "HOUSING TURN",
        "TAX REBATES 2022",
    }
    for name in events:
        assert variables_by_name()[name].default == 0
        assert name in before.held_fixed
        assert name not in after.held_fixed
        assert name not in read_members(2, Evidence.TO_2020)
        assert name in read_members(2, Evidence.TO_2023)


def test_an_event_that_is_a_parameter_already_or_unknown_is_refused(tmp_path):
    entry = '{shape: normal, range: [0.1, 0.2], grade: E, source: "judged"}'
    path = tmp_path / "events.yaml"
    path.write_text(f"parameters:\n  FERTILITY 2020: {entry}\n  HOUSING TURM: {entry}\n", encoding="utf-8")
    with pytest.raises(PriorError) as caught:
        read_priors(events=path)
    assert "'FERTILITY 2020' is a parameter of priors.yaml already" in str(caught.value)
    assert "Did you mean 'HOUSING TURN'?" in str(caught.value)


def test_the_later_record_is_of_the_years_and_series_that_are_forecast(tmp_path, monkeypatch):
    record = later_record(Evidence.TO_2023)
    assert record is not None
    assert record.years == (2021, 2022, 2023)
    table = pd.read_csv(LATER_FILE)
    assert table["year"].between(2021, 2023).all()
    assert set(record.variables) | set(later_module.NOT_USED) == set(table["variable"])
    late = LATER_FILE.read_text(encoding="utf-8") + "residents,2024,9,person,x,,A\nresidnts,2023,-1,person,,,F\n"
    path = tmp_path / LATER_FILE.name
    path.write_text(late, encoding="utf-8")
    monkeypatch.setattr(later_module, "LATER_FILE", path)
    with pytest.raises(ObservationError) as caught:
        later_record(Evidence.TO_2023)
    for part in ("'2024' is not a year of 2021-2023", "'residnts' is no series", "'-1' is not a number", "'F' is not"):
        assert part in str(caught.value)


def test_what_was_seen_later_is_compared_with_the_policy_run_and_leaves_the_history_alone():
    known, newest = (problem_of(one, city()) for one in Evidence)
    point = np.zeros((1, newest.priors.size))
    before, after = known.deviations(point[:, : known.priors.size])[0], newest.deviations(point)[0]
    np.testing.assert_array_equal(after[: before.size], before)
    assert newest.later is not None
    settings = newest.priors.settings(point)
    run = simulate(
        city(),
        xr.Dataset({name: array.rename(run="member") for name, array in settings.items()}),
        newest.later.policies,
    )
    history = run_record(city(), settings, newest.later)
    np.testing.assert_allclose(
        history.after_2020("homes sold", (2021, 2023)), run["homes sold"].sel(time=[2021, 2023]), rtol=1e-9
    )
    # A turn of the market is seen in what is sold.
    moved = point.copy()
    moved[0, newest.priors.labels.index("HOUSING TURN")] = 2.0
    sold = newest.slices["homes sold, 2021-2023 [m2/Year]"]
    assert abs(newest.deviations(moved)[0][sold] - after[sold]).max() > 0.5


def test_deviations_of_the_later_record_become_standard_normal():
    record = later_record(Evidence.TO_2023)
    assert record is not None
    random = np.random.default_rng(4)
    for target in record.targets():
        count = target.observed.size
        noise = random.multivariate_normal(np.zeros(count), target.covariance, size=20_000)
        simulated = target.observed * np.exp(noise)
        deviations = np.log(simulated / target.observed)
        white = deviations @ target.whitening.T
        np.testing.assert_allclose(np.cov(white.T), np.eye(count), atol=0.05)


@pytest.mark.parametrize("mean_only", [False, True])
def test_a_discrepancy_goes_on_from_what_was_seen(mean_only):
    """The best linear prediction from draws of the process is the one that is computed."""
    past, ahead = np.array([2021.0, 2022.0, 2023.0]), np.array([2024.0, 2030.0])
    seen = Published("registered deaths", (2021, 2022, 2023), np.ones(1 if mean_only else 3), "C", "made up")
    forecast = next(one for one in FORECASTS if one.variable == "registered deaths")
    random = np.random.default_rng(5)
    covariance = discrepancy_covariance(forecast, np.concatenate([past, ahead]))
    draws = random.multivariate_normal(np.zeros(5), covariance, size=400_000)
    values = draws[:, :3] @ seen.weights.T + 0.01 * random.standard_normal((len(draws), seen.values.size))
    fitted, *_ = np.linalg.lstsq(values, draws[:, 3:], rcond=None)
    gain, left = given(seen, ahead)
    np.testing.assert_allclose(gain, fitted.T, atol=0.005)
    np.testing.assert_allclose(left, np.cov((draws[:, 3:] - values @ fitted).T), atol=2e-4)


def test_a_forecast_starts_where_the_record_ends():
    years = {"time": np.array(YEARS, dtype=float)}
    flat = xr.Dataset({"residents": (("member", "time"), np.full((400, len(YEARS)), 9e6))}, years)
    seen = [Published("residents", (2021, 2022, 2023), np.full(3, 9.09e6), "A", "made up")]
    predicted = predict(flat, 1, seen)["residents"]
    # A percent more than the members, known to a permille; most of it is left a year later, little after ten.
    assert float(predicted.sel(time=2023).median()) == pytest.approx(9.09e6, rel=0.001)
    assert float(predicted.sel(time=2024).median()) == pytest.approx(9.073e6, rel=0.001)
    assert float(predicted.sel(time=2035).median()) == pytest.approx(9.008e6, rel=0.001)
    unseen = predict(flat, 1)["residents"]
    assert float(np.log(predicted.sel(time=2024)).std()) < 0.7 * float(np.log(unseen.sel(time=2024)).std())


def test_a_forecast_knows_nothing_of_2020_to_be_wrong_and_forgets_over_years():
    forecast = Forecast("residents", 0.01, 5)
    spread = np.sqrt(np.diag(discrepancy_covariance(forecast, np.array([2020.0, 2021.0, 2025.0, 2100.0]))))
    np.testing.assert_allclose(spread, 0.01 * np.sqrt(1 - np.exp(-2 * np.array([0, 1, 5, 80]) / 5)))


def test_the_same_seed_gives_the_same_forecast_and_another_gives_another():
    years = {"time": np.array(YEARS, dtype=float)}
    flat = xr.Dataset({"residents": (("member", "time"), np.full((400, len(YEARS)), 9e6))}, years)
    table = forecast_table(predict(flat, 1))
    pd.testing.assert_frame_equal(table, forecast_table(predict(flat, 1)))
    assert not table.equals(forecast_table(predict(flat, 2)))
    last = predict(flat, 1)["residents"].isel(time=-1)
    # Standard error of a standard deviation from 400 draws: 3.5 percent, taken twice and more.
    assert float(np.log(last / 9e6).std()) == pytest.approx(0.008, rel=0.1)


def test_a_forecast_counts_people_at_the_years_end_and_flows_over_the_calendar_year():
    members = read_members(1, Evidence.TO_2020)
    run = city().run(
        {str(name): array.rename(member="run") for name, array in members.data_vars.items()},
        outputs=["births in city", "residents"],
        final_time=2035.25,
        saveper=0.25,
    )
    found = simulate(city(), members)
    births = run["births in city"].isel(run=0).to_numpy()
    # The first quarter begins on census day, 1 November: a month of it falls into 2021, and two of the fifth.
    in_year = (births[0] / 3 + births[1:4].sum() + births[4] * 2 / 3) / 4
    np.testing.assert_allclose(found["births in city"].isel(member=0)[0], in_year, rtol=1e-12)
    for year in (2021, 2035):
        census_day, next_quarter = (float(run["residents"].isel(run=0).sel(time=at)) for at in (year, year + 0.25))
        end = census_day + (next_quarter - census_day) * 2 / 3
        np.testing.assert_allclose(found["residents"].isel(member=0).sel(time=year), end, rtol=1e-12)
    assert found["budget revenue"].dims == ("member", "time")


@pytest.mark.parametrize(
    ("words", "seed", "evidence"),
    [((), SEED, "2023"), (("--seed", "7", "--evidence", "2020"), 7, "2020")],
)
def test_the_command_passes_on_what_is_asked_and_names_what_it_replaces_and_leaves(
    words, seed, evidence, small, tmp_path, monkeypatch
):
    asked: list[object] = []

    def recorded(draws, evidence, *, seed, progress):
        asked.append((draws, evidence, seed))
        progress("Best fits", 1, 1)
        return small[0]

    monkeypatch.setattr(Evidence, "posterior", property(lambda self: tmp_path / f"posterior_{self}.nc"))
    monkeypatch.setattr(Evidence, "forecast", property(lambda self: tmp_path / f"forecast_{self}.csv"))
    monkeypatch.setattr(Evidence, "report", property(lambda self: tmp_path / f"report_{self}.md"))
    monkeypatch.setattr("calibration.fit.calibrate.calibrate", recorded)
    monkeypatch.setattr("calibration.fit.calibrate.write", lambda made: asked.append(made))
    monkeypatch.setattr("calibration.fit.report.write_report", lambda made, effort: asked.append((made, effort)))
    (tmp_path / f"posterior_{evidence}.nc").touch()
    outcome = CliRunner().invoke(run_scenarios.app, ["calibrate", "--draws", "6", "--language", "en", *words])
    assert outcome.exit_code == 0, outcome.output
    assert asked == [(6, evidence, seed), small[0], (small[0], Effort())]
    told = " ".join(outcome.stdout.split())
    assert f"when done: posterior_{evidence}.nc." in told
    assert "6 members were drawn anew" in told
    assert f": posterior_{evidence}.nc, forecast_{evidence}.csv, report_{evidence}.md." in told
