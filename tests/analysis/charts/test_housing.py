"""The chart of the housing market shows its four quantities on one axis of time."""

from __future__ import annotations

import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.charts.housing import PANELS, housing_market
from tests.support.plain_runs import material, run, run_lines, upright


def market(sold: float = 1.2e6) -> xr.Dataset:
    values = {
        "homes sold": sold,
        "mean house price": [1.2e4, 1.4e4, 1.5e4],
        "unsold homes in years of sales": [1.0, 2.0, 1.5],
        "NORMAL UNSOLD TIME": 1.1,
        "land sale revenue": [4e10, 3e10, 2e10],
    }
    return run(values, spread=0.0)


def lines(figure: Figure, panel: str) -> list[Line2D]:
    return run_lines(figure.axes[list(PANELS).index(panel)])


@pytest.fixture(scope="module")
def drawn():
    return housing_market(material({"baseline": market(2.4e6), "housing_downturn": market()}), "housing_downturn", "en")


def test_each_panel_is_in_the_unit_of_its_axis(drawn):
    last = {panel: upright(lines(drawn, panel)[0])[-1] for panel in PANELS}
    expected = {"sales": 1.2, "months unsold": 18.0, "house price": 15_000.0, "land income": 20.0}
    assert last == pytest.approx(expected)


def test_the_baseline_is_beside_another_scenario_and_never_beside_itself(drawn):
    assert upright(lines(drawn, "sales")[1])[-1] == pytest.approx(2.4)
    alone = housing_market(material({"baseline": market()}), "baseline", "en")
    assert len(lines(alone, "sales")) == 1


def test_months_of_a_calm_market_are_marked(drawn):
    assert upright(lines(drawn, "months unsold")[-1]) == pytest.approx([13.2] * 3)


def test_all_panels_begin_at_nought_and_share_the_years(drawn):
    assert all(ax.get_ylim()[0] == 0 for ax in drawn.axes)
    assert {ax.get_xlim() for ax in drawn.axes} == {(2009.4, 2035.0)}


def test_the_legend_names_no_label_of_the_code(drawn):
    named = [text.get_text() for text in drawn.axes[0].get_legend().get_texts()]
    assert len(named) == 2
    assert not [text for text in named if text.startswith("_")]
