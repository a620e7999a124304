"""What is told of the forecasts from 2020: scores by series, and the statement in README and limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.pages.causes import CAUSES, causes
from analysis.pages.score import page_table, quantile_score, score_table, scores, statement, summary, update_page
from calibration.fit.forecast import QUANTILES
from tests.support.city import city


def forecast(median: float, half: float) -> pd.DataFrame:
    spread = dict(zip(QUANTILES, (-half, -half / 2, 0.0, half / 2, half), strict=True))
    rows = [
        {"variable": "residents", "unit": "person", "year": year, **{name: median + by for name, by in spread.items()}}
        for year in (2021, 2022)
    ]
    return pd.DataFrame(rows)


OBSERVED = pd.DataFrame({"variable": "residents", "year": [2021, 2022], "value": [100.0, 100.0]})
PAST = pd.DataFrame({"variable": "residents", "year": [2010, 2020], "value": [80.0, 90.0]})


def test_a_sharp_forecast_that_is_right_scores_best_and_a_sharp_one_that_is_wrong_worst():
    truth = np.array([100.0])
    sharp, wide, wrong = (
        quantile_score(one[list(QUANTILES)].to_numpy()[:1], truth)[0]
        for one in (forecast(100, 1), forecast(100, 10), forecast(120, 1))
    )
    assert sharp < wide < wrong
    assert wrong == pytest.approx(20, abs=1)


def test_bias_coverage_and_the_naive_forecasts_are_counted_by_series():
    table = score_table(OBSERVED, {"first": forecast(110, 5), "second": forecast(101, 5)}, PAST).set_index("forecast")
    assert table.loc["first", "bias"] == pytest.approx(10)
    assert table["inside"].to_dict() == {"first": 0, "second": 2, "last value": 0, "drift": 0}
    assert table.loc["last value", "score"] == pytest.approx(10)
    # One more in each year: 91 and 92.
    assert table.loc["drift", "score"] == pytest.approx(8.5)
    text = summary(table.reset_index())
    assert "better than the first in 1 of 1 series" in text
    assert "2 lie within its 90 % band (100 %)" in text
    assert page_table(table.reset_index()).splitlines()[-1].startswith("| residents | 2 | +10.0 / +1.0 | 0 / 2 |")


@pytest.mark.parametrize(("language", "words"), [("zh", "预测与实际"), ("en", "Forecast and fact")])
def test_the_statement_tells_forecast_fact_and_what_is_expected(language, words):
    text = statement(scores(), language)
    assert words in text
    assert {"zh": "943.7万人", "en": "9.44"}[language] in text
    assert "2035" in text


def test_pages_tell_of_the_stored_forecasts():
    assert update_page(write=False) == [], "run `make pages`"


def test_the_parts_of_a_gap_add_up_to_it():
    table = causes(city())
    np.testing.assert_allclose(table[list(CAUSES)].sum(axis=1), table["gap"], rtol=1e-9, atol=1e-9)
    assert table["variable"].is_unique
    # Rebates of 2022 lowered the revenue of that year only, and nothing else.
    assert table.set_index("variable")["policies"].abs()["residents"] < 0.5
