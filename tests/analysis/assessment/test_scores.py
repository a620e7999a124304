"""Scores of a forecast have the values that theory gives them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.assessment.scores import (
    BANDS,
    LEAST_FOR_SHAPE,
    constant_growth,
    crps,
    inside,
    mase,
    pit,
    pit_uniformity,
    random_walk_with_drift,
)


@pytest.fixture
def random():
    return np.random.default_rng(11)


def alike(random, size, years=12, memory=5.0):
    """Courses that stay alike for some years, as forecasts do: (draw, year)."""
    apart = abs(np.subtract.outer(np.arange(years), np.arange(years)))
    return random.multivariate_normal(np.zeros(years), np.exp(-apart / memory), size=size)


@pytest.mark.parametrize("observed", [-1.5, 0.0, 0.4, 3.0])
def test_the_crps_of_a_normal_forecast_is_its_closed_form(random, observed):
    draws = 2 + 0.5 * random.normal(size=(200_000, 1))
    exact = 0.5 * (observed * (2 * stats.norm.cdf(observed) - 1) + 2 * stats.norm.pdf(observed) - 1 / np.sqrt(np.pi))
    # Standard error of a mean distance from 200,000 draws: about 0.001.
    assert crps(draws, np.array([2 + 0.5 * observed]))[0] == pytest.approx(exact, abs=0.004)


def test_the_crps_does_not_reward_more_members(random):
    means = [crps(random.normal(size=(count, 40_000)), random.normal(size=40_000)).mean() for count in (2, 5, 50)]
    # The score of the true distribution itself, half the mean distance of two draws; the fair estimator has no bias.
    np.testing.assert_allclose(means, 1 / np.sqrt(np.pi), atol=0.02)


def test_the_crps_of_one_member_is_refused():
    with pytest.raises(ValueError, match="two members"):
        crps(np.ones((1, 1)), np.ones(1))


def test_a_calibrated_forecaster_is_covered_as_its_bands_say(random):
    points = 20_000
    # A single forecast of many independent points: three standard errors are 0.011 at most.
    hits = [inside(random.normal(size=(1000, points)), random.normal(size=points), band).mean() for band in BANDS]
    np.testing.assert_allclose(hits, BANDS, atol=0.012)


def test_a_forecaster_who_is_too_sure_is_not_covered(random):
    assert inside(0.5 * random.normal(size=(1000, 4000)), random.normal(size=4000), 0.9).mean() < 0.7


def test_a_reference_has_the_mase_of_itself():
    years, ahead = np.arange(2011.0, 2021), np.arange(2021.0, 2026)
    past, observed = 100 + 3 * (years - 2010) + np.cos(years), np.array([132.0, 137, 137, 142, 150])
    for reference in (random_walk_with_drift(years, past, ahead), constant_growth(years, past, ahead)):
        assert mase(reference, reference, observed) == 1.0
        assert mase(observed, reference, observed) == 0.0
        assert mase((reference + observed) / 2, reference, observed) == pytest.approx(0.5)
        assert np.isnan(mase(reference, observed, observed))


def test_references_go_on_as_the_past_went():
    years, ahead = np.array([2010.0, 2013, 2018, 2020]), np.array([2021.0, 2030])
    np.testing.assert_allclose(random_walk_with_drift(years, 5 + 2 * years, ahead), 5 + 2 * ahead)
    np.testing.assert_allclose(constant_growth(years, 7 * 1.03 ** (years - 2010), ahead), 7 * 1.03 ** (ahead - 2010))


def test_the_pit_of_a_calibrated_forecaster_is_uniform(random):
    places = pit(random.normal(size=(99, 5000)), random.normal(size=5000))
    assert ((places > 0) & (places < 1)).all()
    # The hundred ranks are as good as continuous beside 5,000 points.
    assert stats.kstest(places, "uniform").pvalue > 0.01
    assert stats.kstest(pit(0.5 * random.normal(size=(99, 5000)), random.normal(size=5000)), "uniform").pvalue < 1e-6


def test_ties_take_the_middle_of_their_places():
    np.testing.assert_allclose(pit(np.full((9, 1), 4.0), np.array([4.0])), 0.5)
    np.testing.assert_allclose(pit(np.array([[1.0], [2.0], [2.0]]), np.array([2.0])), 0.625)


def test_the_check_of_uniformity_allows_for_years_that_are_alike(random):
    chances, naive = [], []
    for _ in range(300):
        courses = alike(random, 200)
        chances.append(pit_uniformity(courses[1:], courses[0])[1])
        naive.append(stats.kstest(pit(courses[1:], courses[0]), "uniform").pvalue)
    # Under a right forecast a fifth lies below 0.2; three standard errors are 0.07. The usual test is fooled.
    assert np.mean(np.array(chances) <= 0.2) == pytest.approx(0.2, abs=0.07)
    assert np.mean(np.array(naive) <= 0.2) > 0.4


def test_the_check_of_uniformity_sees_a_shift_and_is_silent_about_few_points(random):
    courses = alike(random, 400)
    assert pit_uniformity(courses, np.full(12, 4.0))[1] < 0.02
    few = LEAST_FOR_SHAPE - 1
    assert np.isnan(pit_uniformity(courses[:, :few], np.zeros(few))).all()
