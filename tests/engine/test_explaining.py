"""What moved a variable between two runs: what its inputs add sums to the difference, on every level."""

from __future__ import annotations

import numpy as np
import pytest

from model.engine import ChangeError, compile_model
from model.engine.explaining import _DERIVATIVES, _OPERATIONS, OTHERS, ExplanationError, _no_slope
from tests.engine.test_language import FEATURES
from tests.support.city import city


def by_input(explanation):
    return {cause.path[-1]: cause.contribution for cause in explanation.causes}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("explained") / "small.mdl"
    path.write_text(
        "{UTF-8}\n"
        "Region: north, south ~~|\n"
        "wide = 2 ~ m ~ |\nhigh = 3 ~ m ~ |\n"
        "area = wide * high ~ m2 ~ |\n"
        "larger = MAX(wide, high) ~ m ~ |\n"
        "chosen = IF THEN ELSE(wide > 3, high, 10) ~ m ~ |\n"
        "share[Region] = 1, 2 ~ Dmnl ~ |\n"
        "part[Region] = area * share[Region] ~ m2 ~ |\n"
        "all parts = SUM(part[Region!]) ~ m2 ~ |\n"
        "Pool = INTEG(area - Pool / 4, high) ~ m2 ~ |\n"
        "seen = SMOOTH(Pool, 2) ~ m2 ~ |\n"
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 8 ~~|\nTIME STEP = 0.5 ~~|\nSAVEPER = 1 ~~|\n",
        encoding="utf-8",
    )
    return compile_model(path)


def test_a_product_is_shared_by_what_each_factor_adds_on_the_way(small):
    # From 2 x 3 to 4 x 5: two more of width at a mean height of 4, two more of height at a mean width of 3.
    found = small.explain("area", None, {"wide": 4.0, "high": 5.0})
    assert by_input(found) == pytest.approx({"wide": 8.0, "high": 6.0}, rel=1e-12)
    assert (found.first, found.second, found.difference) == (6.0, 20.0, 14.0)
    assert found.sentence.startswith("area is 14 m2 higher at 8 (6 to 20), through wide +8, high +6")
    assert found.table["end"].all()


def test_three_factors_and_a_quotient_are_shared_as_the_integral_says(tmp_path):
    path = tmp_path / "factors.mdl"
    path.write_text(
        "{UTF-8}\n"
        "a = 1 ~ Dmnl ~ |\nb = 2 ~ Dmnl ~ |\nc = 3 ~ Dmnl ~ |\n"
        "product = a * b * c ~ Dmnl ~ |\nquotient = a / b ~ Dmnl ~ |\n"
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 1 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|\n",
        encoding="utf-8",
    )
    model = compile_model(path)
    # Of a: 2 (2 + 3t)(3 + t) from 0 to 1, and the others alike.
    found = model.explain("product", None, {"a": 3.0, "b": 5.0, "c": 4.0})
    assert by_input(found) == pytest.approx({"a": 25.0, "b": 3 * (3 + 3.5 + 2 / 3), "c": 2 + 3.5 + 2.0}, rel=1e-12)
    # Of a: 2 / (2 + 3t).
    found = model.explain("quotient", None, {"a": 3.0, "b": 5.0})
    assert by_input(found)["a"] == pytest.approx(2 / 3 * np.log(2.5), rel=1e-6)


def test_a_sum_over_elements_is_followed_to_what_each_reads(small):
    found = small.explain("all parts", None, {"share[south]": 5.0, "wide": 4.0}, levels=3)
    assert by_input(found) == pytest.approx({"part": 12 * 6 - 6 * 3})
    (part,) = found.causes
    assert {cause.path[-1]: cause.contribution for cause in part.causes} == pytest.approx({"area": 27.0, "share": 27.0})
    south = small.explain("part", None, {"share[south]": 5.0}, element={"Region": "south"}, levels=1)
    assert by_input(south) == pytest.approx({"share": 18.0})


def test_a_jump_is_given_to_what_is_read(small):
    found = small.explain("chosen", None, {"wide": 4.0, "high": 5.0})
    assert found.difference == -5.0
    assert sum(by_input(found).values()) == pytest.approx(-5.0)
    assert small.explain("larger", None, {"wide": 5.0}).sentence.startswith("larger is 2 m higher at 8 (3 to 5)")


def test_a_stock_is_explained_by_its_first_value_and_all_that_flowed(small):
    found = small.explain("Pool", None, {"high": 5.0}, levels=1)
    keep = (1 - 0.5 / 4) ** 16
    # What flowed out of the stock is the stock's own doing, and belongs to what filled it.
    assert by_input(found) == pytest.approx({"high": 2 * keep, "area": 4 * (1 - keep) / (0.5 / 4) * 0.5})
    seen = small.explain("seen", None, {"high": 5.0}, levels=1)
    assert by_input(seen) == pytest.approx({"Pool": seen.difference})


def test_what_only_moves_within_a_stock_explains_nothing(tmp_path):
    path = tmp_path / "ageing.mdl"
    path.write_text(
        "{UTF-8}\n"
        "Age: young, middle, old ~~|\n"
        "before: young, middle ~~|\n"
        "later: middle, old -> before ~~|\n"
        "entry = 10 ~ person/Year ~ |\nstay = 2 ~ Year ~ |\n"
        "leaving age[before] = People[before] / stay ~~|\nleaving age[old] = 0 ~ person/Year ~ |\n"
        "entering age[young] = 0 ~~|\n"
        "entering age[later] = leaving age[before] ~ person/Year ~ |\n"
        "arrivals[Age] = entry ~ person/Year ~ |\n"
        "People[Age] = INTEG(arrivals[Age] + entering age[Age] - leaving age[Age], 100) ~ person ~ |\n"
        "all people = SUM(People[Age!]) ~ person ~ |\n"
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 8 ~~|\nTIME STEP = 0.5 ~~|\nSAVEPER = 1 ~~|\n",
        encoding="utf-8",
    )
    found = compile_model(path).explain("all people", None, {"entry": 12.0}, levels=1)
    # Three ages, two more a year, eight years; the total is no level of its own, and growing older changes no total.
    assert list(found.table["input"]) == ["People", "arrivals", "entry"]
    assert found.table["contribution"].tolist() == pytest.approx([48.0] * 3)


def test_equal_runs_have_nothing_to_explain(small):
    found = small.explain("Pool", {"high": 4.0}, {"high": 4.0})
    assert found.causes == ()
    assert found.table.empty
    assert found.sentence == "Pool is the same in both runs at 8."


@pytest.mark.parametrize("feature", FEATURES)
def test_what_the_inputs_add_sums_to_the_difference_in_every_model(feature, models):
    model = compile_model(models / f"{feature}.mdl")
    table = model.variables
    constants = table[(table["kind"] == "constant") & table["default"].notna()]
    changes = {str(name): row["default"] * 1.07 for name, row in constants.iterrows() if not row["dims"]}
    explained = 0
    for label, row in table[table["kind"].isin(["stock", "flow", "auxiliary"])].iterrows():
        name = str(label)
        element = {dim: model.subscripts[dim][-1] for dim in row["dims"]}
        found = model.explain(name, None, changes, element=element, levels=2)
        if found.causes:
            explained += 1
            size = max(abs(cause.contribution) for cause in found.causes)
            assert sum(by_input(found).values()) == pytest.approx(found.difference, rel=1e-9, abs=1e-9 * size), name
    # One file compares numbers only, and the changed ones stay on their side.
    assert explained or feature == "comparisons" or not changes


def test_the_city_is_explained_on_every_level():
    changes = {"EASE OF SETTLEMENT": 0.5, "BASE LAND QUOTA": 30.0}
    for name in ("registered urbanization rate", "residents", "mean house price", "budget revenue", "Municipal Debt"):
        found = city().explain(name, None, changes, time=2035, levels=4)
        assert abs(found.difference) > 0
        assert sum(by_input(found).values()) == pytest.approx(found.difference, rel=1e-9)

        def check(causes):
            for cause in causes:
                if cause.causes:
                    assert sum(one.contribution for one in cause.causes) == pytest.approx(cause.contribution, rel=1e-7)
                    check(cause.causes)

        check(found.causes)


@pytest.mark.parametrize("name", [name for name, slopes in _DERIVATIVES.items() if slopes is not _no_slope])
def test_how_fast_a_function_grows_is_what_small_steps_say(name):
    """Shares are made to sum, so a wrong slope would go unseen there."""
    count = next(n for n in (1, 2, 3) if _takes(name, n))
    values = [np.array([0.7, 2.3]), np.array([1.9, 0.4]), np.array([3.1, 5.2])][:count]
    for place, slope in enumerate(_DERIVATIVES[name](*values)):
        if slope is None:
            continue
        high, low = ([*values[:place], values[place] + step, *values[place + 1 :]] for step in (1e-6, -1e-6))
        rise = (np.asarray(_OPERATIONS[name](*high), float) - np.asarray(_OPERATIONS[name](*low), float)) / 2e-6
        np.testing.assert_allclose(np.broadcast_to(slope, rise.shape), rise, rtol=1e-6, atol=1e-8)


def _takes(name, count):
    try:
        _DERIVATIVES[name](*[np.ones(1)] * count)
        return name in _OPERATIONS and bool(_OPERATIONS[name](*[np.ones(1)] * count).size)
    except TypeError:
        return False


def test_small_inputs_stand_together(monkeypatch, small):
    found = small.explain("area", None, {"wide": 4.0, "high": 3.0001})
    assert list(by_input(found)) == ["wide", OTHERS]


def test_what_cannot_be_explained_is_told(small, tmp_path):
    with pytest.raises(ChangeError, match="Did you mean 'area'"):
        small.explain("aera")
    with pytest.raises(ChangeError, match="needs an element of Region"):
        small.explain("part")
    with pytest.raises(ChangeError, match="'east' is not in Region"):
        small.explain("part", element={"Region": "east"})
    path = tmp_path / "changed.mdl"
    path.write_text("{UTF-8}\na = 1 ~~|\nb = a ~~|\nINITIAL TIME = 0 ~~|\nFINAL TIME = 1 ~~|\nTIME STEP = 1 ~~|\n")
    model = compile_model(path)
    path.write_text(path.read_text().replace("b = a", "b = 2 * a"))
    with pytest.raises(ExplanationError, match="its file has changed"):
        model.explain("b", None, {"a": 2.0})
    assert np.isfinite(model.run()["b"]).all()
