"""A ratio that is better for a bad reason says so, and the account of settling is told in full or not at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from analysis.briefing.compose import compose
from analysis.briefing.content import Number, every_text, plain
from analysis.briefing.results import compute_results
from analysis.briefing.settling import COSTS, INCOME, VARIABLES, settling_account
from analysis.outcome import ratios
from scenarios import load_scenarios, load_targets

GAP, RESIDENT = "target.urban_rural_gap.2035", "target.urbanization.resident.2025"
SCENARIOS = load_scenarios(["baseline", "tight_finance"])


def run(**levels: float) -> xr.Dataset:
    """A run of two years with parts of ratios that stay as they are."""
    given = {name: levels.get(name.replace(" ", "_"), 1.0) for name in ratios.VARIABLES}
    return xr.Dataset({name: ("time", [level, level]) for name, level in given.items()}, {"time": [2025.0, 2035.0]})


def judged(target: str, first: xr.Dataset, second: xr.Dataset) -> ratios.Moved:
    (found,) = ratios.moved(first, second, [load_targets()[target]])
    return found


@pytest.mark.parametrize(
    ("target", "levels", "by_loss", "words"),
    [
        (GAP, {"urban_income_per_head": 0.9}, True, "only because urban income per head is lower"),
        (GAP, {"urban_income_per_head": 0.9, "rural_income_per_head": 1.1}, True, "in part because urban income"),
        (GAP, {"urban_income_per_head": 0.8, "rural_income_per_head": 0.9}, True, "only because urban income"),
        (GAP, {"rural_income_per_head": 1.1}, False, "rural income per head is 10.0 % higher"),
        (RESIDENT, {"residents": 0.9}, True, "only because the number of residents is lower"),
        (RESIDENT, {"urban_residents": 1.1}, False, "the number of residents is the same"),
    ],
)
def test_a_ratio_that_is_better_names_the_part_that_has_moved(target, levels, by_loss, words):
    one = judged(target, run(), run(**levels))
    assert one.better
    assert one.by_loss == by_loss
    assert words in ratios.reason_in_words(one, SCENARIOS, "en")
    assert ("不属于实质进展" in ratios.reason_in_words(one, SCENARIOS, "zh")) == by_loss


def test_a_ratio_that_is_worse_or_the_same_is_not_told_as_better():
    assert not judged(GAP, run(), run(urban_income_per_head=1.1)).better
    assert not judged(GAP, run(), run()).better
    assert not judged(RESIDENT, run(), run(urban_residents=0.9)).better


def test_the_briefing_tells_beside_the_headline_that_the_poorer_city_has_the_narrower_gap(written):
    poorer = ratios.Moved(load_targets()[GAP], -0.15, -0.186, -0.044)
    evidence = replace(written.evidence, ratios=[poorer])
    for language, words in (("en", "only because urban income per head is lower"), ("zh", "仅因城镇居民人均收入偏低")):
        texts = dict(every_text(compose(evidence, compute_results(evidence), language)))
        assert words in plain(texts["answer.reasons"])
        assert "18.6" in plain(texts["answer.reasons"])


def test_the_briefing_tells_no_reason_where_no_ratio_is_better(written):
    evidence = replace(written.evidence, ratios=[ratios.Moved(load_targets()[GAP], 0.1, 0.1, 0.0)])
    places = [place for place, _ in every_text(compose(evidence, compute_results(evidence), "en"))]
    assert len(places) > 300
    assert not [place for place in places if place.endswith(".reasons")]


def test_the_account_of_settling_counts_every_entry_once_and_talent_too():
    places = {"District": ["a", "b"], "time": [2020.0, 2021.0, 2022.0]}
    sizes = {"time": 3, "District": 2, "Quota source": 4, "Mover": 1}
    sources = ["base quota", "settlement linked", "homestead exchange", "start up area"]
    values = {
        "settled people": (("time",), 10.0),
        "talent settled in year": (("time",), 3.0),
        "settlement award by district": (("time", "District"), 500.0),
        "land supplied by quota": (("time", "District", "Quota source"), 1.0),
        "land supplied": (("time", "District"), 4.0),
        "land sale revenue": (("time",), 800.0),
        "LAND SALE NET SHARE": (("time",), 0.5),
        "service cost of settled by district": (("time", "District"), 50.0),
        "settled by district and group": (("time", "District", "Mover"), 2.0),
        "PAYMENT FOR RURAL RIGHTS": (("time",), 25.0),
        "TALENT SUBSIDY": (("time",), 30.0),
        "cost index": (("time",), 2.0),
    }
    assert set(values) == set(VARIABLES)
    arrays = {name: (dims, np.full([sizes[dim] for dim in dims], value)) for name, (dims, value) in values.items()}
    account = settling_account(xr.Dataset(arrays, {**places, "Quota source": sources, "Mover": ["rural in town"]}))
    # Four of eight units of land are opened by settling, at a net price of 800 x 0.5 / 8 = 50.
    expected = {"award": 1000, "land": 200, "services": 100, "rights": 100, "talent subsidy": 180, "people": 10}
    assert {name: float(account[name]) for name in expected} == pytest.approx(expected)
    assert float(account["balance"]) == pytest.approx(1200 - 380)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_briefing_tells_the_whole_account_with_intervals_and_what_is_left_out(written, language):
    texts = dict(every_text(compose(written.evidence, compute_results(written.evidence), language)))
    told = [run for place, text in texts.items() if place.startswith("ledger.account[") for run in text]
    keys = {run.key for run in told if isinstance(run, Number)}
    for entry in (*INCOME, *COSTS, "balance"):
        assert {f"settling/{entry}/{kind}/median" for kind in ("total", "person")} <= keys
    assert {f"settling/balance/{kind}/{end}" for kind in ("total", "person") for end in ("p05", "p95")} <= keys
    assert any(
        isinstance(run, Number) and run.key == "settling/people/total/median" for run in texts["ledger.takeaway"]
    )
    assert {"zh": "未计入", "en": "Not counted"}[language] in plain(texts["ledger.reading"])
    assert {"zh": "奖励足以", "en": "awards cover"}[language] not in "".join(map(plain, texts.values()))
