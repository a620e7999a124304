"""Newer observations, all of them made up, are scored, weighted and turned into which targets slip since when."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from analysis.assessment.observations import AssessmentError, past_series, read_newer_observations
from analysis.assessment.reweighting import (
    LEAST_EFFECTIVE,
    ForecastError,
    Reweighting,
    duplicate_members,
    forecast_errors,
    log_likelihood,
    reweight,
    tail_probability,
)
from analysis.assessment.scores import ALL, score
from analysis.assessment.series import chosen_series
from analysis.assessment.study import assess, check_stored, judge_targets
from analysis.assessment.tables import DATA_FILE, FILES, SUMMARY_FILE, as_dataset, write_assessment
from calibration.fit.ensemble import read_members
from calibration.fit.forecast import (
    FORECASTS,
    YEARS,
    Forecast,
    discrepancy_covariance,
    forecast_table,
    predict,
    simulate,
)
from model.definition import variables_by_name
from scenarios import Target, load_targets
from tests.support.city import city

MEMBERS = 1000
TIME = np.array(YEARS, dtype=float)
SERIES = {"residents": 9.2e6, "births in city": 8e4, "resident urbanization rate": 0.73}
ERRORS = {
    "residents": ForecastError(0.01, 5, 2020),
    "births in city": ForecastError(0.08, 4, 2020),
    "resident urbanization rate": ForecastError(0.005, 5),
}
NO_HISTORY = pd.DataFrame(
    {"variable": pd.Series(dtype=str), "year": pd.Series(dtype=int), "value": pd.Series(dtype=float)}
)
GOAL = Target(
    "t.2025", {"zh": "常住人口", "en": "residents"}, "1.4", "core", 2025, 930.0, "at least", "10k persons",
    "residents", 1e4,
)  # fmt: skip


def ensemble(members=MEMBERS, seed=5, errors=ERRORS):
    """A city that one unknown per series moves: growth rates are normal, what is left out follows the errors."""
    random = np.random.default_rng(seed)
    simulated, forecast = {}, {}
    for name, start in SERIES.items():
        growth = 0.004 * random.normal(size=(members, 1))
        course = start * np.exp(growth * (TIME - 2020))
        noise = random.multivariate_normal(np.zeros(TIME.size), errors[name].covariance(TIME), size=members)
        units = {"units": variables_by_name()[name].unit}
        simulated[name] = (("member", "time"), course, units)
        forecast[name] = (("member", "time"), course * np.exp(noise), units)
    return tuple(xr.Dataset(parts, {"time": TIME, "member": np.arange(members)}) for parts in (simulated, forecast))


@pytest.fixture(scope="module")
def made():
    return ensemble()


def observed(run, member, years, names=tuple(SERIES), factor=1.0):
    """Observations that are the course of one member, times a factor."""
    rows = [
        (name, year, factor * float(run[name].sel(time=year)[member]), run[name].attrs["units"], "made up")
        for name in names
        for year in years
    ]
    return pd.DataFrame(rows, columns=["variable", "year", "value", "unit", "source"])


def assessed(newer, made, **changed):
    simulated, forecast = made
    given = {
        "forecast": forecast, "simulated": simulated, "targets_run": simulated, "targets": [GOAL], "errors": ERRORS,
        "history": NO_HISTORY,
    }  # fmt: skip
    return assess(newer, **{**given, **changed})


# What a user hands in


def test_a_good_file_is_read_in_order_whatever_the_order_of_its_rows(made, tmp_path):
    path = tmp_path / "newer.csv"
    path.write_text(
        "source,unit,value,year,variable,grade\n"
        "made up,person/Year,81000.5,2022,births in city,C\n"
        "\n"
        "made up,person,9250000,2023,residents,\n"
        "made up,person,9210000,2021, residents ,A\n",
        encoding="utf-8-sig",
    )
    table = read_newer_observations(path, forecast_table(made[1]))
    assert table["variable"].tolist() == ["residents", "residents", "births in city"]
    assert table["year"].tolist() == [2021, 2023, 2022]
    assert table["value"].tolist() == [9_210_000.0, 9_250_000.0, 81_000.5]
    assert table["grade"].tolist() == ["A", "", "C"]


def test_every_mistake_in_a_file_is_told_at_once(made, tmp_path):
    path = tmp_path / "newer.csv"
    path.write_text(
        "variable,year,value,unit,source\n"
        "residnets,2021,9250000,person,made up\n"
        "residents,2020,9250000,person,made up\n"
        "residents,2036,9250000,person,made up\n"
        "residents,next,9250000,person,made up\n"
        "\n"
        "residents,2022,inf,person,made up\n"
        "residents,2023,many,person,made up\n"
        "residents,2024,930,万人,made up\n"
        "residents,2025,930,person,made up\n"
        "residents,2026,9250000,person,\n"
        "residents,2026.0,9260000,person,made up\n"
        "residents,2027,-5,person,made up\n"
        "residents,soon,9250000,person,made up\n"
    )
    with pytest.raises(AssessmentError) as caught:
        read_newer_observations(path, forecast_table(made[1]))
    assert str(caught.value).splitlines() == [
        "newer.csv cannot be used:",
        " * row 2: 'residnets' is not a variable of the forecast. Did you mean 'residents'?",
        " * row 3: year 2020 is outside the forecast, 2021-2035",
        " * row 4: year 2036 is outside the forecast, 2021-2035",
        " * row 5: year 'next' is not a year",
        " * row 7: value 'inf' is not a finite number above zero",
        " * row 8: value 'many' is not a finite number above zero",
        " * row 9: unit '万人' of 'residents' must be 'person': multiply by 10,000",
        " * row 10: 'residents' is 930, forecast about 9,203,100 person; is the value in that unit?",
        " * row 11: source is empty",
        " * row 13: value '-5' is not a finite number above zero",
        " * row 14: year 'soon' is not a year",
        " * row 12: 'residents' of 2026.0 is given a second time",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "The file does not exist"),
        ("", "The file is empty"),
        ("variable,year,value,unit,source\n", "it holds no observations"),
        ("variable,year,value,unit,source\n,,,,\n", "it holds no observations"),
        ("variable,year,value,unit\nresidents,2021,9e6,person\n", "column 'source' is missing"),
        (
            "variable,year,value,unit,source\nresidents,2021,9e6,person,x, y\n",
            "row 2: has 6 fields, the header 5; put quotes around a text with ',' in it",
        ),
        (
            "variable,year,value,unit,source\na,1,2,b,c\nresidents,2021,9e6,person,x, y\n",
            "row 3: has 6 fields, the header 5",
        ),
        (
            "variable,year,value,units,source\nresidents,2021,9e6,person,x\n",
            "'units' is not a column of this table. Did",
        ),
        (
            "variable,year,value,unit,source,grade\nresidents,2021,9e6,person,x,F\n",
            "grade 'F' is none of A, B, C, D, E",
        ),
        ("variable,year,value,unit,source\nvotes,2021,9e6,person,x\n", "forecast. It has: residents, births in city"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(text, complaint, made, tmp_path):
    path = tmp_path / "newer.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(AssessmentError, match=r"newer\.csv cannot be used") as caught:
        read_newer_observations(path, forecast_table(made[1]))
    assert complaint in str(caught.value)


def test_what_is_handed_in_must_fit_together(made):
    simulated, forecast = made
    newer = observed(forecast, 3, (2021, 2022), ["residents"])
    late = pd.DataFrame({"variable": ["residents"], "year": [2021], "value": [9e6]})
    with pytest.raises(AssessmentError) as caught:
        assessed(
            newer, made, errors={}, history=late, targets_run=simulated.isel(member=slice(40)).drop_vars("residents"),
            forecast=forecast.sel(time=slice(2022, None)),
        )  # fmt: skip
    message = str(caught.value)
    for part in (
        "they hold [1000, 1000, 40]",
        "at least 50 members are needed, there are 40",
        "forecast lacks a year of 'residents'",
        "there is no error for 'residents'",
        "targets_run lacks 'residents' of 2025",
        "the history holds 'residents' of 2021, after 2020",
    ):
        assert part in message


def test_only_the_stored_forecast_is_scored(made, tmp_path):
    _, forecast = made
    stored = tmp_path / "forecast.csv"
    with pytest.raises(AssessmentError, match="is missing"):
        check_stored(forecast, stored)
    forecast_table(forecast).to_csv(stored, index=False)
    check_stored(forecast, stored)
    with pytest.raises(AssessmentError, match="is not the forecast of the present model"):
        check_stored(forecast * 1.0001, stored)
    with pytest.raises(AssessmentError, match="is not the forecast of the present model"):
        check_stored(forecast.drop_vars("residents"), stored)


def test_the_past_ends_in_2020_and_is_of_the_forecast_variables_on_one_boundary():
    past = past_series()
    assert set(past["variable"]) <= {forecast.variable for forecast in FORECASTS}
    assert past["year"].max() == 2020
    assert list(past.columns) == ["variable", "year", "value"]
    assert not past.duplicated(["variable", "year"]).any()
    registered = past[past["variable"] == "registered population"].set_index("year")["value"]
    # A series that mixed the boundaries would jump by Laiwu's 1.3 million people.
    assert (abs(registered.diff().dropna()) < 200_000).all()
    assert (past.groupby("variable").size() >= 3).sum() == 5


# Weights


def test_errors_grow_from_nothing_as_in_the_stored_forecast():
    years = np.array([2021.0, 2023.0, 2030.0])
    error, forecast = ForecastError(0.03, 5, 2020), Forecast("urban income per head", 0.03, 5)
    np.testing.assert_allclose(error.covariance(years), discrepancy_covariance(forecast, years))
    declared, counted = ForecastError(0.03, 5, 2020, 0.1), Forecast("registered deaths", 0.03, 5, reporting=0.1)
    np.testing.assert_allclose(declared.covariance(years), discrepancy_covariance(counted, years))
    np.testing.assert_allclose(declared.covariance(years) - error.covariance(years), 0.01 * np.eye(3), atol=1e-15)
    np.testing.assert_allclose(ForecastError(0.03, 5).covariance(years)[0, 1], 0.03**2 * np.exp(-2 / 5))
    assert forecast_errors()["urban income per head"] == error
    with pytest.raises(ValueError, match="above zero"):
        ForecastError(0.03, 0)


def test_the_likelihood_is_that_of_normal_relative_errors(made):
    simulated, forecast = made
    newer = observed(forecast, 8, (2021, 2024, 2026))
    found = log_likelihood(newer, simulated, ERRORS)
    years = np.array([2021.0, 2024, 2026])
    for name, error in ERRORS.items():
        apart = np.log(forecast[name].sel(time=years)[8] / simulated[name].sel(time=years)[77])
        exact = stats.multivariate_normal(cov=error.covariance(years)).logpdf(apart)
        assert float(found.sel(variable=name, member=77)) == pytest.approx(exact)
    graded = log_likelihood(newer.assign(grade="E"), simulated, ERRORS)
    # An uncertain number parts the members less.
    assert (np.ptp(graded.to_numpy(), axis=1) < np.ptp(found.to_numpy(), axis=1)).all()


def test_weights_give_the_known_posterior_where_all_is_linear_and_normal():
    random = np.random.default_rng(2)
    unknown = random.normal(size=(20_000, 1))
    slope, years = 0.02 * np.arange(1.0, 5), np.arange(2021.0, 2025)
    error = ForecastError(0.05, 3)
    simulated = xr.Dataset({"residents": (("member", "time"), 9e6 * np.exp(unknown * slope))}, {"time": years})
    newer = pd.DataFrame({"variable": "residents", "year": years.astype(int), "value": 9e6 * np.exp(1.1 * slope)})
    step = reweight(log_likelihood(newer, simulated, {"residents": error})[0].to_numpy())
    precision = slope @ np.linalg.solve(error.covariance(years), slope)
    mean = step.weights @ unknown[:, 0]
    assert step.accepted
    # Some ten thousand effective draws of a posterior of size 0.6: four standard errors.
    assert mean == pytest.approx(1.1 * precision / (1 + precision), abs=0.03)
    assert step.weights @ (unknown[:, 0] - mean) ** 2 == pytest.approx(1 / (1 + precision), rel=0.05)
    assert step.weights.sum() == pytest.approx(1)
    # Closer members weigh more, so the sign that the library expects is right.
    assert step.weights[abs(unknown[:, 0] - 1.0).argmin()] > step.weights[abs(unknown[:, 0] + 2.0).argmin()]


@pytest.mark.parametrize("strength", [30.0, 1e3, 1e6, 1e12])
def test_weights_that_collapse_are_never_accepted(strength):
    step = reweight(-strength * np.random.default_rng(4).normal(size=1000) ** 2 - strength * np.arange(1000.0))
    assert not step.accepted
    assert step.effective_size < LEAST_EFFECTIVE
    assert np.isfinite(step.weights).all()


def test_weights_with_a_tail_too_long_are_not_accepted_however_many_members_count():
    # The exponential of an exponential variable has a Pareto tail; its shape is the factor.
    step = reweight(0.85 * np.random.default_rng(6).exponential(size=20_000))
    assert step.effective_size > LEAST_EFFECTIVE
    assert step.pareto_k == pytest.approx(0.85, abs=0.12)
    assert not step.accepted
    assert reweight(0.4 * np.random.default_rng(6).exponential(size=20_000)).accepted


def test_observations_that_say_nothing_leave_the_members_alike():
    step = reweight(np.full(200, -3.0))
    assert step.accepted
    np.testing.assert_allclose(step.weights, 1 / 200)
    assert step.effective_size == pytest.approx(200)


def test_duplicate_members_count_once():
    simulated, _ = ensemble(100)
    doubled = xr.concat([simulated, simulated], dim="member")
    assert reweight(np.zeros(200), duplicate_members(doubled)).effective_size == pytest.approx(100)
    likelihood = np.random.default_rng(3).normal(size=100)
    once, twice = reweight(likelihood), reweight(np.tile(likelihood, 2), duplicate_members(doubled))
    # A little apart, as the smoothed tail is longer; counted singly it would be twice as much.
    assert twice.effective_size == pytest.approx(once.effective_size, rel=0.15)


@pytest.mark.parametrize("sure", [1.0, 0.01])
def test_the_tail_probability_is_uniform_where_the_forecast_is_right(sure):
    errors = {name: ForecastError(sure * error.relative, error.memory, error.since) for name, error in ERRORS.items()}
    probabilities = []
    for seed in range(120):
        # With errors far below the distance of the members, each draw lies nearest to its own member.
        simulated, forecast = ensemble(101, seed, errors)
        newer = observed(forecast, 0, (2021, 2022, 2024))
        others = slice(1, None)
        probabilities.append(
            tail_probability(newer, forecast.isel(member=others), simulated.isel(member=others), errors)
        )
    # Standard error of a share of 120: at most 0.046.
    assert np.mean(np.array(probabilities) <= 0.5) == pytest.approx(0.5, abs=0.14)
    assert np.mean(np.array(probabilities) <= 0.1) == pytest.approx(0.1, abs=0.09)


# Targets


def goal_reached_by(share, members=1000):
    """A run in which the first members reach the goal, and members in order of that."""
    reached = np.arange(members) < share * members
    return xr.Dataset({"residents": (("member", "time"), np.where(reached, 940e4, 900e4)[:, None])}, {"time": [2025.0]})


def weighing(probability, run):
    """Weights that put a probability on the members that reach the goal."""
    reached = (run["residents"][:, 0] > 920e4).to_numpy()
    weights = np.where(reached, probability / reached.sum(), (1 - probability) / (~reached).sum())
    return Reweighting(weights, 0.1, 500.0)


@pytest.mark.parametrize(
    ("before", "path", "course", "known"),
    [
        (0.8, (0.75, 0.7, 0.65), "on course", None),
        (0.8, (0.45, 0.4, 0.3), "slipping", 2021),
        (0.8, (0.75, 0.4, 0.3), "slipping", 2022),
        (0.8, (0.4, 0.7, 0.3), "slipping", 2023),
        (0.8, (0.4, 0.3, 0.7), "on course", None),
        (0.9, (0.85, 0.65, 0.66), "slipping", 2022),
        (0.3, (0.3, 0.2, 0.1), "unlikely from the start", 2020),
        (0.3, (0.3, 0.2, 0.8), "now likely", None),
        (0.3, (0.6, 0.2, 0.1), "slipping", 2022),
    ],
)
def test_the_model_could_have_known_since_the_year_from_which_a_target_stays_unlikely(before, path, course, known):
    run = goal_reached_by(before)
    steps = {2021 + place: weighing(probability, run) for place, probability in enumerate(path)}
    table, yearly = judge_targets([GOAL], run, steps)
    assert table["course"].item() == course
    assert (None if pd.isna(table["known_since"].item()) else table["known_since"].item()) == known
    np.testing.assert_allclose(yearly["probability"], path)
    assert table["probability_before"].item() == pytest.approx(before)
    assert table["probability_before_se"].item() == pytest.approx(np.sqrt(before * (1 - before) / 1000))
    assert table["probability_after"].item() == pytest.approx(path[-1])


def test_a_year_whose_update_is_refused_has_no_probability_and_the_last_good_one_counts():
    run = goal_reached_by(0.8)
    steps = {2021: weighing(0.4, run), 2022: Reweighting(weighing(0.9, run).weights, 3.0, 2.0)}
    table, yearly = judge_targets([GOAL], run, steps)
    assert yearly["probability"].isna().tolist() == [False, True]
    assert table[["probability_after", "data_to", "known_since"]].iloc[0].tolist() == [pytest.approx(0.4), 2021, 2021]
    table, _ = judge_targets([GOAL], run, {2022: steps[2022]})
    assert table["course"].item() == "not updated"
    assert np.isnan(table["probability_after"].item())


# All together


def test_the_members_near_the_truth_gain_weight_and_the_target_follows(made):
    simulated, _ = made
    growth = np.log(simulated["residents"].sel(time=2035) / SERIES["residents"]) / 15
    slow = int(np.argmin(abs(growth.to_numpy() + 0.006)))
    # The truth grows by 0.6 % a year less than the middle of the forecast, and nothing else happens.
    found = assessed(observed(simulated, slow, range(2021, 2026), ["residents"]), made)
    assert found.accepted
    assert found.weights["weight"].sum() == pytest.approx(1)
    years = np.arange(2021.0, 2026)
    slope = years - 2020
    precision = slope @ np.linalg.solve(ERRORS["residents"].covariance(years), slope)
    wanted = -0.006 * precision / (precision + 1 / 0.004**2)
    # 300 effective members of size 0.001.
    assert found.weights["weight"].to_numpy() @ growth.to_numpy() == pytest.approx(wanted, abs=0.0004)
    before, after = found.targets[["probability_before", "probability_after"]].iloc[0]
    exact = stats.norm.sf(np.log(930e4 / SERIES["residents"]) / 5, 0, 0.004)
    assert before == pytest.approx(exact, abs=0.05)
    assert after < before - 0.2


def test_coverage_is_as_the_bands_say_when_the_truth_is_one_of_the_forecast():
    hits = []
    for seed in range(60):
        _, forecast = ensemble(201, seed)
        newer = observed(forecast, 0, (2021, 2024, 2027))
        scores = score(newer, forecast.isel(member=slice(1, None)), NO_HISTORY)[1].set_index("variable")
        hits.append(scores.loc[ALL, ["coverage_50", "coverage_80", "coverage_90"]].to_numpy(dtype=float))
    # 180 independent courses of three alike years each: three standard errors.
    np.testing.assert_allclose(np.mean(hits, axis=0), (0.5, 0.8, 0.9), atol=0.1)


def test_a_slip_is_seen_from_the_year_it_begins(made):
    simulated, _ = made
    middle = int(np.argmin(abs(simulated["residents"].sel(time=2035).to_numpy() - 9.9e6)))
    newer = observed(simulated, middle, range(2021, 2027), ["residents"])
    # On course for two years, then a loss of 1 % a year that the members know only as slower growth.
    newer["value"] *= np.exp(-0.01 * np.maximum(newer["year"] - 2022, 0))
    goal = Target("t.2030", {"zh": "目标", "en": "goal"}, "1", "core", 2030, 930.0, "at least", "10k", "residents", 1e4)
    found = assessed(newer, made, targets=[goal])
    fate = found.targets.iloc[0]
    assert fate["course"] == "slipping"
    assert fate["known_since"] in (2023, 2024)
    told = f"known since the data of {fate['known_since']}"
    assert any(told in sentence for sentence in found.sentences["en"])
    assert any(f"模型从{fate['known_since']}年的数据起就能看出" in sentence for sentence in found.sentences["zh"])


def test_a_series_that_contradicts_is_left_out_and_the_others_still_update(made):
    simulated, _ = made
    newer = observed(simulated, 12, range(2021, 2026))
    newer.loc[newer["variable"] == "residents", "value"] *= 1.12
    found = assessed(newer, made)
    judged = found.series.set_index("variable")
    assert judged["used"].to_dict() == {
        "residents": False, "births in city": True, "resident urbanization rate": True
    }  # fmt: skip
    assert judged.loc["residents", "reason"] == "contradicts"
    assert found.accepted
    # Put in, it takes the update away; the others left out do not.
    assert not judged.loc["residents", "other_accepted"]
    assert judged.loc["births in city", "other_accepted"]
    english, chinese = found.sentences["en"], found.sentences["zh"]
    assert english[0] == (
        "Verdict: the forecast agrees with 2 of 3 series, not with residents. The ensemble is updated from 2 series."
    )
    assert chinese[0] == "结论：3个指标中，预测与2个相符，与常住人口总数不符。参数组按其中2个指标更新。"
    assert english[1].startswith("residents: not used, contradicts the forecast (by itself: if the forecast is right,")
    # One verdict: nothing that follows says otherwise of what is used.
    assert "contradict" not in " ".join(english[2:])
    assert any("2 series used, taken together, agree with the forecast" in sentence for sentence in english)


def test_a_series_that_is_put_in_by_hand_is_used_and_the_words_say_what_follows(made, tmp_path):
    simulated, _ = made
    newer = observed(simulated, 12, range(2021, 2026))
    newer.loc[newer["variable"] == "residents", "value"] *= 1.12
    found = assessed(newer, made, forced_in=["residents"])
    assert not found.accepted
    assert found.series.set_index("variable").loc["residents", "reason"] == "put in"
    english, chinese = (" ".join(found.sentences[language]) for language in ("en", "zh"))
    assert "The ensemble cannot be updated from 3 series. Recalibration is needed." in english
    assert "3 series used, taken together, contradict the forecast" in english
    assert "agree with the forecast (if it is right" not in english
    assert "需要用新数据重新校准" in chinese
    assert "no new probabilities" in english
    write_assessment(found, tmp_path, {})
    assert pd.read_csv(tmp_path / "weights.csv").empty
    without = assessed(newer, made, forced_out=["births in city", "residents"])
    assert without.series.set_index("variable")["used"].tolist() == [False, False, True]
    assert without.series.set_index("variable").loc["births in city", "reason"] == "taken out"


def test_series_to_put_in_or_leave_out_must_be_observed_and_one_must_be_left():
    with pytest.raises(AssessmentError) as caught:
        chosen_series(["residents", "births in city"], ["residnets", "births in city"], ["births in city", "votes"])
    for part in (
        "--with 'residnets': not a series of the observations. Did you mean 'residents'?",
        "--without 'votes': not a series of the observations. They have: residents, births in city.",
        "'births in city' is asked for by both --with and --without",
    ):
        assert part in str(caught.value)
    with pytest.raises(AssessmentError, match="at least one must be left"):
        chosen_series(["residents"], [], ["常住人口总数"])
    assert chosen_series(["residents"], ["常住人口总数"]) == (("residents",), ())


def test_series_that_agree_one_by_one_but_not_together_lose_the_one_that_disturbs():
    # One unknown moves three series alike; the first was seen at the upper end, the others at the lower.
    random = np.random.default_rng(8)
    unknown = 0.05 * random.normal(size=(MEMBERS, 1)) * np.ones(TIME.size)
    errors = {name: ForecastError(0.004, 5) for name in SERIES}
    made = []
    for spread in (0.0, 0.004):
        made.append(
            xr.Dataset(
                {
                    name: (
                        ("member", "time"),
                        start * np.exp(unknown + spread * random.normal(size=(MEMBERS, 1))),
                        {"units": variables_by_name()[name].unit},
                    )
                    for name, start in SERIES.items()
                },
                {"time": TIME, "member": np.arange(MEMBERS)},
            )
        )
    rows = [
        (name, 2021, SERIES[name] * np.exp(apart), variables_by_name()[name].unit, "made up")
        for name, apart in zip(SERIES, (0.06, -0.03, -0.03), strict=True)
    ]
    newer = pd.DataFrame(rows, columns=["variable", "year", "value", "unit", "source"])
    found = assessed(newer, tuple(made), errors=errors)
    judged = found.series.set_index("variable")
    assert judged["agrees"].all()
    assert judged["reason"].tolist() == ["together", "agrees", "agrees"]
    assert found.updates["chance"].iloc[-1] >= 0.05
    assert any(
        "residents: not used, agrees by itself, but not together with the others" in said
        for said in found.sentences["en"]
    )


def test_declared_deaths_are_left_out_by_name_and_reason_and_others_are_used():
    simulated = simulate(city(), read_members(150))
    forecast = predict(simulated, seed=1)
    newer = observed(forecast, 7, (2021, 2022), ["residents", "registered deaths", "registered births"])
    given = {"targets": [GOAL], "errors": forecast_errors(), "history": past_series()}
    found = assessed(newer, (simulated, forecast), **given)
    judged = found.series.set_index("variable")
    assert judged.loc["registered deaths", ["used", "reason"]].tolist() == [False, "definition"]
    assert judged.loc["registered births", "used"]
    english = " ".join(found.sentences["en"])
    assert "registered deaths: not used, is not what the model means" in english
    assert "counted when they are declared" in english
    assert "户口清理" in " ".join(found.sentences["zh"])
    forced = assessed(newer, (simulated, forecast), **given, forced_in=["registered deaths"])
    assert forced.series.set_index("variable").loc["registered deaths", "used"]


def test_each_observation_stands_beside_its_bands_and_its_distance(made):
    _, forecast = made
    point = assessed(observed(forecast, 5, (2024,), ["residents"]), made).points.iloc[0]
    draws = forecast["residents"].sel(time=2024).to_numpy()
    for column, level in (("p05", 0.05), ("p25", 0.25), ("median", 0.5), ("p75", 0.75), ("p95", 0.95)):
        assert point[column] == pytest.approx(np.quantile(draws, level))
    exact = np.log(draws[5] / np.median(draws)) / np.log(draws).std(ddof=1)
    assert point["z"] == pytest.approx(exact)
    assert point["inside_50"] == (point["p25"] <= draws[5] <= point["p75"])


def test_a_probability_that_rises_by_a_point_to_one_half_is_no_news():
    run = goal_reached_by(0.49)
    table, _ = judge_targets([GOAL], run, {2021: weighing(0.505, run)})
    assert table["course"].item() == "about even"
    table, _ = judge_targets([GOAL], run, {2021: weighing(0.7, run)})
    assert table["course"].item() == "now likely"


def test_a_series_that_only_says_much_is_not_called_a_clash(made):
    simulated, _ = made
    newer = observed(simulated, 12, range(2021, 2036), ["residents"])
    sure = {"residents": ForecastError(0.0001, 0.01)}
    exact = simulated * np.exp(0.0001 * np.random.default_rng(1).normal(size=(MEMBERS, TIME.size)))
    found = assessed(newer, (simulated, exact.assign_attrs(simulated.attrs)), errors=sure)
    assert not found.accepted
    english = " ".join(found.sentences["en"])
    assert "the observations are more informative than so few members can resolve" in english
    assert "Series that narrow the members most: residents" in english
    assert "The series used agrees with the forecast" in english
    assert "contradict" not in english


def test_references_need_three_past_values_and_are_fitted_to_the_same_series(made):
    _, forecast = made
    past = pd.DataFrame(
        [("residents", year, 9.2e6 * 1.01 ** (year - 2020)) for year in range(2011, 2021)]
        + [("births in city", year, 8e4) for year in (2019, 2020)],
        columns=["variable", "year", "value"],
    )
    newer = observed(forecast, 5, (2021, 2023))
    newer.loc[newer["variable"] == "residents", "value"] = 9.2e6 * 1.01 ** np.array([1, 3])
    found = assessed(newer, made, history=past)
    scores = found.scores.set_index("variable")
    # The newer values go on exactly as the past went, so that trend cannot be beaten.
    assert scores.loc["residents", "mase_constant_growth"] > 1e6
    assert np.isfinite(scores.loc["residents", "mase_random_walk"])
    for name in ("births in city", "resident urbanization rate"):
        assert scores.loc[name, ["mase_random_walk", "mase_constant_growth"]].isna().all()
        assert "not scored" in scores.loc[name, "note"]
    assert any("不足3个" in sentence and "出生人口" in sentence for sentence in found.sentences["zh"])


def test_an_assessment_is_written_whole(made, tmp_path):
    _, forecast = made
    found = assessed(observed(forecast, 5, (2021, 2022, 2023)), made)
    written = write_assessment(found, tmp_path / "assessment", {"seed": "5"})
    tables = [name for name in FILES if name.endswith(".csv")]
    assert {path.name for path in (tmp_path / "assessment").iterdir()} == {
        *FILES,
        *(f"{name}-metadata.json" for name in tables),
    }
    assert {path.name for path in written} == set(FILES)
    points = pd.read_csv(tmp_path / "assessment" / "points.csv")
    pd.testing.assert_frame_equal(points, found.points, check_dtype=False)
    text = (tmp_path / "assessment" / SUMMARY_FILE).read_text(encoding="utf-8")
    for sentence in (*found.sentences["zh"], *found.sentences["en"], "seed: 5"):
        assert sentence in text


def test_the_data_file_holds_what_the_tables_say_and_its_manifest(made, tmp_path):
    _, forecast = made
    found = assessed(observed(forecast, 5, (2021, 2022, 2023)), made)
    write_assessment(found, tmp_path, {"seed": "5"})
    with xr.open_dataset(tmp_path / DATA_FILE) as data:
        data.load()
    assert data.attrs["seed"] == "5"
    np.testing.assert_allclose(data["weight"], found.weights["weight"])
    np.testing.assert_allclose(data["value"], found.points["value"])
    assert data["series"].values.tolist() == found.points["variable"].tolist()
    row = found.by_year.query("data_to == 2022").iloc[0]
    assert float(data["probability"].sel(target=row["target"], data_to=2022)) == row["probability"]
    collapsed = assessed(observed(forecast, 5, (2021, 2022), factor=0.5), made)
    refused = as_dataset(collapsed, {})
    assert refused.sizes["member"] == 0
    assert refused["probability"].isnull().all()


def test_the_city_assesses_what_one_of_its_members_foretold():
    simulated = simulate(city(), read_members(150))
    forecast = predict(simulated, seed=1)
    targets = load_targets()
    names = list(dict.fromkeys(str(target.variable) for target in targets.values() if target.modelled))
    constants = {str(name): array.rename(member="run") for name, array in read_members(150).data_vars.items()}
    run = city().run(constants, outputs=names, final_time=2035.0)
    newer = observed(forecast, 7, (2021, 2022), [forecast.variable for forecast in FORECASTS])
    found = assess(
        newer, forecast=forecast, simulated=simulated, targets_run=run, targets=targets.values(),
        errors=forecast_errors(), history=past_series(),
    )  # fmt: skip
    assert len(found.points) == 2 * len(FORECASTS)
    assert len(found.targets) == sum(target.modelled for target in targets.values())
    assert np.isfinite(found.scores["crps_relative"]).all()
    together = found.scores.set_index("variable").loc[ALL]
    assert together["coverage_50"] < together["coverage_90"]
    assert together["coverage_90"] > 0.6
    assert (found.updates["chance"] >= 0.05).all()
    assert found.series["used"].sum() >= len(FORECASTS) - 2
