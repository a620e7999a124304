"""The studies of the calibration notice what they are made to notice, and their page tells of the present model."""

from __future__ import annotations

import dataclasses
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import ndtr
from typer.testing import CliRunner

from calibration.__main__ import Study, app
from calibration.fit.ensemble import read_members
from calibration.fit.ensemble_runs import headline_values, headlines, squared_deviations, standard_points
from calibration.fit.evidence import Evidence
from calibration.fit.likelihood import calibration_targets, run_history
from calibration.fit.priors import priors_hash, read_priors
from calibration.fit.sampler import Problem, Reference
from calibration.observations import data_hash
from calibration.studies import leave_one_out
from calibration.studies import study as studies
from calibration.studies.equifinality import (
    equally_good,
    flips,
    orders,
    pinned_combinations,
    pinned_count,
    reached_shares,
)
from calibration.studies.leave_one_out import largest, left_out, smoothed_weights, summary
from calibration.studies.report import conclusions_text, coverage_text, leave_out_text, with_part
from calibration.studies.synthetic_truth import (
    allowed_draws,
    coverage_table,
    covered,
    experiment,
    planted,
    suspect_parameters,
)
from model.definition import model_hash
from tests.support.city import city


@pytest.fixture(scope="module")
def problem() -> Problem:
    return Problem(city(), read_priors(), calibration_targets(city()))


@pytest.fixture(scope="module")
def members() -> xr.Dataset:
    return read_members(12, Evidence.TO_2020)


def ranks(shares: dict[str, float], count: int = 2000, kind: str = "projection") -> pd.DataFrame:
    """Where truths lie when intervals are too narrow by a factor: 1 is right."""
    random = np.random.default_rng(1)
    rows = []
    for name, factor in shares.items():
        below = ndtr(factor * random.standard_normal(count))
        rows += [(name, kind, place, number) for number, place in enumerate(below)]
    return pd.DataFrame(rows, columns=["quantity", "kind", "rank", "experiment"])


def test_intervals_that_are_right_and_too_narrow_are_told_apart():
    table = coverage_table(ranks({"right": 1.0, "narrow": 1.6})).set_index("quantity")
    # Three standard errors of a share among 2,000 are 0.02 to 0.03; 1.645 / 1.6 standard deviations hold 70 %.
    assert table.loc["right", "90 %"] == pytest.approx(0.9, abs=0.02)
    assert table.loc["narrow", "90 %"] == pytest.approx(0.70, abs=0.03)
    assert table["low"]["right"] < 0.9 < table["high"]["right"]
    assert table["high"]["narrow"] < 0.9


def test_a_parameter_with_too_narrow_intervals_is_named():
    found = ranks({"right": 1.0, "narrow": 1.6}, kind="learnt")
    assert suspect_parameters(found)["quantity"].tolist() == ["narrow"]
    told = coverage_text(pd.concat([found, ranks({"births in city": 1.0})]), seed=1)
    assert "not met" in told
    assert re.search(r"narrow \((69|7\d)\.\d %\)", told)


def test_the_ends_of_an_interval_count_as_inside():
    assert covered(pd.Series([0.05, 0.049, 0.95, 0.96]), 0.9).tolist() == [True, False, True, False]


def test_planted_data_are_off_by_their_stated_errors(problem):
    truth = run_history(city(), problem.priors.settings(problem.priors.draw(1, np.random.default_rng(3))))
    white = np.concatenate(
        [
            target.whitened(truth)[0]
            for seed in range(12)
            for target in planted(problem.targets, truth, np.random.default_rng(seed))
        ]
    )
    # Some two thousand values: three standard errors.
    assert white.mean() == pytest.approx(0, abs=3 / len(white) ** 0.5)
    assert white.std() == pytest.approx(1, abs=3 / (2 * len(white)) ** 0.5)


def test_an_experiment_places_every_parameter_and_projection_and_repeats_itself(problem):
    few = ("FERTILITY 2010", "PRODUCTIVITY GROWTH 2010", "UNREGISTERED RESIDENTS 2020")
    priors = dataclasses.replace(problem.priors, parameters=tuple(map(problem.priors.parameter, few)), constraints=())
    small = dataclasses.replace(problem, priors=priors)
    found = experiment(small, seed=1, number=0)
    assert found["quantity"].tolist()[: len(few)] == list(few)
    assert found["rank"].between(0, 1).all()
    assert set(found["kind"]) >= {"learnt", "projection"}
    pd.testing.assert_frame_equal(found, experiment(small, seed=1, number=0))
    assert not found["rank"].equals(experiment(small, seed=1, number=1)["rank"])


def test_draws_that_never_meet_the_constraints_are_given_up():
    priors: Any = SimpleNamespace(size=2, allowed=lambda points: np.zeros(len(points), dtype=bool))
    with pytest.raises(RuntimeError, match="constraints"):
        allowed_draws(Reference(np.zeros(2), np.eye(2), np.eye(2)), priors, 5, np.random.default_rng(1))


def test_groups_of_series_hold_every_series_once(problem):
    turns = left_out(problem.targets)
    names = [target.name for target in problem.targets]
    groups = [group for title, group in turns.items() if title not in names]
    assert sorted(name for group in groups for name in group) == sorted(names)
    assert len(groups) == 6
    assert all(turns[name] == (name,) for name in names)


def test_leaving_out_a_series_widens_what_it_had_narrowed():
    # Draws of a posterior that is half as wide as without the series, whose likelihood is then known.
    draws = np.random.default_rng(2).standard_normal(4000) * 0.8
    weights, k = smoothed_weights(draws**2 * (1 / 0.64 - 1) / 2)
    assert k < 0.7
    assert weights @ draws**2 == pytest.approx(1, abs=0.1)
    _, hopeless = smoothed_weights(draws**2 * 20)
    assert hopeless > 0.7


def test_a_probability_is_the_weight_of_members_that_reach_the_target():
    rate = headlines()[0]
    values, weights = np.array([78.0, 78.6, 79.0]), np.array([0.5, 0.3, 0.2])
    assert summary(values, weights, rate) == (78.0, 0.5)
    assert np.isnan(summary(values, weights, dataclasses.replace(rate, year=2035))[1])


def test_members_turn_back_into_points_of_the_standard_scale(problem):
    points = problem.priors.draw(20, np.random.default_rng(4))
    found = standard_points(problem.priors, problem.priors.dataset(points))
    np.testing.assert_allclose(found, points, atol=0.01)


def test_each_member_is_judged_by_every_series_and_headline(problem, members):
    squares = squared_deviations(city(), members, problem.targets)
    values = headline_values(city(), members, ["baseline", "plan"])
    assert squares.sizes == {"member": 12, "series": len(problem.targets)}
    assert (squares > 0).all()
    assert values.sizes == {"scenario": 2, "headline": len(headlines()), "member": 12}
    rates = values.sel(scenario="plan").isel(headline=[0, 1]).median("member")
    assert 70 < float(rates[0]) < float(rates[1]) < 95


def test_combinations_that_data_pin_are_named_with_what_is_left_of_them():
    slope = np.array([[3.0, 3.0, 0.0], [0.0, 0.0, 0.5]])
    first = pinned_combinations(slope, ["a", "b", "c"]).iloc[0]
    assert first["information"] == pytest.approx(18)
    assert first["deviation"] == pytest.approx(1 / np.sqrt(19))
    assert set(first["loadings"].split(", ")) == {"+0.71 a", "+0.71 b"}
    assert pinned_count(slope)[0] == 1


def test_equally_good_members_leave_out_both_ends():
    assert equally_good(np.arange(40.0))[[0, 1, 2, 37, 38, 39]].tolist() == [False, False, True, True, False, False]


def test_a_ranking_that_flips_is_found_and_a_sure_one_is_not():
    random = np.random.default_rng(6)
    base = random.normal(60, 1, 500)
    values = xr.DataArray(
        [base, base + 1, base + 1 + random.normal(0.05, 0.5, 500)],
        dims=("scenario", "member"),
        coords={"scenario": ["low", "high", "unsure"]},
    )
    table = orders(values).set_index(["ahead", "behind"])["share"]
    assert table.loc[["high", "unsure"], "low"].min() > 0.95
    assert flips(table).sum() == 1
    assert orders(values, higher_is_better=False)["behind"].tolist()[-1] in ("high", "unsure")


def test_a_target_that_some_members_reach_is_open():
    asked = headlines()
    values = xr.DataArray(
        np.full((2, len(asked), 100), 1.0),
        dims=("scenario", "headline", "member"),
        coords={"scenario": ["baseline", "plan"], "headline": [item.label for item in asked]},
    )
    values[1, 0] = np.where(np.arange(100) < 30, 79.0, 78.0)
    shares = reached_shares(values, asked)
    assert shares.loc["plan", asked[0].label] == pytest.approx(0.3)
    assert shares.loc["baseline", asked[0].label] == 0
    told = "\n".join(conclusions_text(values, np.ones(100)))
    assert f"{asked[0].label} under plan (30.0 %" in told


def test_the_report_tells_what_moves_most_and_what_does_not_move(members):
    asked = headlines()
    rows = []
    for series, by in (("births", 0.0), ("deaths", -2.0)):
        for scenario in ("baseline", "plan"):
            rows += [
                (series, scenario, item.label, 0.1, "weights", 70.0, 0.5 if item.has_threshold else np.nan, by,
                 by / 10 if place == 0 else 0.0, by)
                for place, item in enumerate(asked)
            ]  # fmt: skip
    columns = ["series", "scenario", "headline", "k", "way", "median", "probability", "moved", "probability_moved",
               "deviations"]  # fmt: skip
    found = pd.DataFrame(rows, columns=columns)
    assert set(largest(found, 3)["series"]) == {"deaths"}
    told = leave_out_text(found, members, 1)
    assert "| deaths | -20 |" in told
    assert re.search(r"whatever is left out: .*citizenization", told)


def test_a_study_writes_its_own_part_only(tmp_path, monkeypatch):
    page = tmp_path / "studies.md"
    page.write_text(with_part(studies.OPENING, "leave-out", "kept"), encoding="utf-8")
    monkeypatch.setattr(studies, "PAGE", page)
    monkeypatch.setattr(studies, "run_study", lambda name, *_: f"found by {name}")
    for _ in range(2):
        assert CliRunner().invoke(app, ["study", "coverage"]).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("found by coverage") == text.count("kept") == 1


@pytest.mark.parametrize(
    "line",
    [
        ["coverage", "--count", "1"],
        ["everything"],
        ["coverage", "--seed", "-1"],
        ["equifinality", "--evidence", "2021"],
    ],
)
def test_a_study_that_cannot_be_run_is_refused(line):
    assert CliRunner().invoke(app, ["study", *line]).exit_code == 2


def test_the_page_of_studies_tells_of_the_present_model_priors_and_data():
    facts = f"Model {model_hash()}, priors {priors_hash()}, data {data_hash()}"
    text = studies.PAGE.read_text(encoding="utf-8")
    for name in Study:
        part = text.partition(f"<!-- {name} -->")[2].partition(f"<!-- end {name} -->")[0]
        assert facts in part, f"run `python -m calibration study {name}`"
    assert Evidence.TO_2020.posterior.exists()


@dataclasses.dataclass(frozen=True)
class Fitted:
    """Stands for a problem, of which only the series matter."""

    targets: tuple[SimpleNamespace, ...]
    model: object = None


def test_leaving_out_moves_members_by_their_weights_and_fits_anew_where_few_would_carry_all(monkeypatch):
    problem = Fitted(tuple(SimpleNamespace(name=name, expected=None) for name in ("residents", "rents")))
    values = xr.DataArray(
        np.broadcast_to(np.arange(4.0), (2, 1, 4)),
        dims=("scenario", "headline", "member"),
        coords={"scenario": ["baseline", "plan"], "headline": ["rate"]},
    )
    squares = xr.DataArray([[2.0, 0.0]] * 4, dims=("member", "series"), coords={"series": ["residents", "rents"]})
    refitted = []

    def fitted_anew(without, point):
        refitted.append([target.name for target in without.targets])
        return "anew"

    def gaussian(_, fit, __):
        drawn = np.full((2, 1, leave_one_out.DRAWS), 6.0 if fit == "anew" else 5.0)
        return xr.DataArray(drawn, dims=values.dims, coords={"scenario": values["scenario"], "headline": ["rate"]})

    def weights(logarithms):
        # The last member carries all where residents are left out; rents cannot be left out by weights.
        return np.array([0.0, 0.0, 0.0, 1.0]), 0.5 if logarithms.any() else np.inf

    monkeypatch.setattr(leave_one_out, "headlines", lambda: [SimpleNamespace(label="rate", has_threshold=False)])
    monkeypatch.setattr(leave_one_out, "squared_deviations", lambda *_: squares)
    monkeypatch.setattr(leave_one_out, "headline_values", lambda *_: values)
    monkeypatch.setattr(leave_one_out, "smoothed_weights", weights)
    monkeypatch.setattr(leave_one_out, "best_fit", fitted_anew)
    monkeypatch.setattr(leave_one_out, "_gaussian_values", gaussian)
    members: Any = SimpleNamespace(sizes={"member": 4})
    fit: Any = SimpleNamespace(point=None)
    found = leave_one_out.shifts(problem, members, fit, 1).set_index(["series", "scenario"])  # type: ignore[arg-type]
    # Each series alone, and the group that it makes up, in both scenarios.
    assert len(found) == 2 * 2 * 2
    spread = np.arange(4.0).std()
    for title, way, median, moved in (("residents", "weights", 1.0, 2.0), ("rents", "refit", 5.0, 1.0)):
        row: Any = found.loc[(title, "plan")]
        assert (row["way"], row["median"], row["moved"]) == (way, median, moved)
        assert row["deviations"] == pytest.approx(moved / spread)
    assert refitted == [["residents"], ["residents"]]
