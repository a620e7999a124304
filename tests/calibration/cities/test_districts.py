"""Districts of 2020 foretold from 2010."""

import numpy as np
import pandas as pd
import pytest

from calibration.cities.districts import COLUMNS, constant_differences, equal_rise, hindcast, scores
from calibration.observations import DISTRICTS


def test_growth_differences_of_the_decade_before_go_on():
    shares = constant_differences(np.array([90.0, 110.0]), np.array([100.0, 100.0]))
    np.testing.assert_allclose(shares, np.array([81, 121]) / 202)


def test_an_equal_rise_meets_the_city_and_leaves_whole_towns_whole():
    before, weights = np.array([0.3, 0.6, 1.0]), np.array([0.5, 0.3, 0.2])
    after = equal_rise(before, weights, 0.7)
    assert after @ weights == pytest.approx(0.7)
    assert after[2] == 1
    odds = (after / (1 - after + 1e-300) / (before / (1 - before + 1e-300)))[:2]
    assert odds[0] == pytest.approx(odds[1])


def test_the_score_tells_which_forecast_is_nearer():
    rows = [["A", "share of residents", 0.5, 0.4, 0.45, 0.41, 0.39, 0.43],
            ["B", "share of residents", 0.5, 0.6, 0.55, 0.59, 0.57, 0.595]]  # fmt: skip
    found = scores(pd.DataFrame(rows, columns=list(COLUMNS))).iloc[0]
    assert found["model"] < found["simple rule"] < found["as in 2010"]
    assert found["within 90 %"] == 1


def test_the_hindcast_starts_from_2010_and_sums_to_the_city():
    table = hindcast(6)
    people = table[table["measure"] == "share of residents"]
    assert list(people["district"]) == list(DISTRICTS)
    for column in ("counted_2010", "counted_2020", "simple_rule"):
        assert people[column].sum() == pytest.approx(1)
    assert (table["p05"] <= table["p95"]).all()
    assert not np.allclose(people["median"], people["counted_2010"], rtol=0.01)
    # Parameters are drawn, not fitted: no district is met as closely as a fit would.
    assert np.abs(np.log(people["median"] / people["counted_2020"])).max() > 0.03
