"""The circle of people, land and money by district, and the waiting against the registering, show what was run."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import same_color
from matplotlib.lines import Line2D

from analysis.charts.panels import CIRCLE, SCHOOLS
from analysis.charts.settling import people_land_money, settlement
from analysis.charts.style import BLUE, GREEN, VERMILION
from tests.support.plain_runs import across, material, run, upright

SETTLED, BRINGS, COSTS, READY = (panel.variable for panel in CIRCLE)
AWARD = "AWARD PER SETTLED PERSON"


def circle(**changes: object) -> xr.Dataset:
    """The first six districts gain by settling people, the others lose."""
    brings = np.tile([9e3] * 6 + [3e3] * 6, (3, 1))
    values = {SETTLED: 2e3, BRINGS: brings, COSTS: 5e3, READY: 1.2, AWARD: 2e3, "capacity completed": 500.0}
    return run(values | {name.replace("_", " "): value for name, value in changes.items()})


@pytest.fixture(scope="module")
def drawn():
    runs = {"baseline": circle(), "people_land_money": circle(settled_by_district=3e3)}
    return people_land_money(material(runs), "people_land_money", "en")


def dots(ax: Axes) -> list[Line2D]:
    return [line for line in ax.lines if line.get_marker() == "o"]


def test_what_one_brings_is_award_and_land_and_what_he_costs_stands_beside(drawn):
    bars = drawn.axes[1].patches
    award, land = ([bar for bar in bars if same_color(bar.get_facecolor()[:3], colour)] for colour in (BLUE, GREEN))
    assert [bar.get_width() for bar in award] == pytest.approx([2.0] * 24)
    # A thousand yuan in a district that loses, seven in one that gains; in both years.
    assert [bar.get_width() for bar in land] == pytest.approx(([7.0] * 6 + [1.0] * 6) * 2)
    assert all(bar.get_x() == pytest.approx(2.0) for bar in land)
    assert [across(line).tolist() for line in drawn.axes[1].lines] == [pytest.approx([5.0] * 12)] * 2


def test_a_district_that_loses_is_told_apart_by_its_colour(drawn):
    net = dots(drawn.axes[2])
    values = [across(dot)[0] for dot in net]
    assert values == pytest.approx(([4.0] * 6 + [-2.0] * 6) * 2)
    for dot, value in zip(net, values, strict=True):
        assert same_color(dot.get_markeredgecolor(), GREEN if value > 0 else VERMILION)


def test_the_first_year_is_hollow_and_the_last_is_full(drawn):
    fills = [dot.get_markerfacecolor() for dot in dots(drawn.axes[0])]
    assert fills[:12] == ["white"] * 12
    assert "white" not in fills[12:]


def test_whiskers_reach_over_the_members(drawn):
    (first, *_) = drawn.axes[0].collections
    low, high = sorted(point[0] for point in first.get_segments()[0])
    # Members stand a tenth below and above the middle; of three of them the 5 and 95 % points lie nine tenths out.
    assert (low, high) == pytest.approx((3 * 0.91, 3 * 1.09))


def test_the_baseline_is_marked_where_another_scenario_is_drawn(drawn):
    def strokes(figure):
        return [line for ax in figure.axes for line in ax.lines if line.get_marker() == "|"]

    assert len(strokes(drawn)) == 4
    assert across(strokes(drawn)[0]) == pytest.approx([2.0] * 12)
    alone = people_land_money(material({"baseline": circle()}), "baseline", "en")
    assert not strokes(alone)
    told = [" ".join(figure.get_suptitle().split()) for figure in (drawn, alone)]
    assert ["Against the baseline" in title for title in told] == [True, False]


def test_school_places_are_those_of_the_levels_of_school(drawn):
    assert across(dots(drawn.axes[4])[0])[0] == pytest.approx(0.5 * len(SCHOOLS))


def test_districts_stand_from_the_top_in_the_order_of_the_model(drawn):
    names = [text.get_text() for text in drawn.axes[0].get_yticklabels()]
    assert (names[0], names[-1], len(names)) == ("Lixia", "Shanghe", 12)
    low, high = drawn.axes[0].get_ylim()
    assert low > high


def waiting(registering: float = 100.0) -> xr.Dataset:
    origins = np.broadcast_to([1e3, 2e3, 3e3], (3, 12, 3))
    values = {
        "Willing To Settle": origins,
        "settled by district and group": registering,
        "changes of mind": -50.0,
        "willingness to settle": 0.25,
        "newcomers": 800.0,
    }
    return run(values, spread=0.0)


def test_stock_and_flows_of_each_origin_are_sums_over_districts():
    runs = {"baseline": waiting(), "plan": waiting(300.0)}
    axes = settlement(material(runs), "plan", "en").axes
    stocks = [upright(ax.lines[0])[0] for ax in axes[:3]]
    assert stocks == pytest.approx([12.0, 24.0, 36.0])
    named = {line.get_label(): upright(line)[-1] for line in axes[3].lines}
    assert named["register"] == pytest.approx(3.6)
    assert named["Baseline"] == pytest.approx(1.2)
    assert named["change their mind, net"] == pytest.approx(-0.6)
    # A quarter of 800 newcomers in each of twelve districts.
    assert named["newcomers who want to"] == pytest.approx(2.4)
