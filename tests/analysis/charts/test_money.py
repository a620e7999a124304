"""The chart of the three accounts: what comes in, what is owed, and what is cut."""

from __future__ import annotations

import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.text import Text

from analysis.charts.money import three_accounts
from analysis.charts.panels import FUNDED
from tests.support.plain_runs import material, run, run_lines, upright


def money(debt: float = 2e11) -> xr.Dataset:
    values = {
        "budget revenue": 9e10,
        "transfers received": 3e10,
        "committed spending": 4e10,
        "land sale revenue": 5e10,
        "land income for capital": [5e9, 0.0, -5e9],
        "Municipal Debt": debt,
        "DEBT CEILING": 2.0,
        "total public income": 1.7e11,
        **dict(zip(FUNDED, ([1.0, 0.5, 0.0], 1.0), strict=True)),
    }
    return run(values, spread=0.0)


@pytest.fixture(scope="module")
def drawn():
    return three_accounts(material({"baseline": money(1e11), "plan": money()}), "plan", "en")


def ends(ax: Axes) -> list[float]:
    return [upright(line)[-1] for line in run_lines(ax)]


def test_each_account_is_in_billion_yuan(drawn):
    budget, land, debt, funded = drawn.axes
    assert ends(budget) == pytest.approx([120.0, 90.0, 40.0])
    assert ends(land)[:2] == pytest.approx([50.0, -5.0])
    # Debt, its ceiling of two years of all public income, and the debt of the baseline.
    assert ends(debt) == pytest.approx([200.0, 340.0, 100.0])
    assert ends(funded)[:2] == pytest.approx([0.0, 100.0])


def test_a_loss_on_land_is_seen_below_a_line_at_nought(drawn):
    budget, land, *_ = drawn.axes
    assert land.get_ylim()[0] < -5.0
    assert ends(land)[-1] == 0.0
    assert budget.get_ylim()[0] == 0.0


def test_the_baseline_has_no_second_line_of_itself():
    alone = three_accounts(material({"baseline": money()}), "baseline", "zh")
    assert [len(run_lines(ax)) for ax in alone.axes] == [3, 3, 2, 2]


def test_no_name_of_a_line_hangs_below_its_panel(drawn):
    drawn.draw_without_rendering()
    for ax in drawn.axes:
        bottom = ax.get_window_extent().y0
        for text in ax.texts:
            box = Text.get_window_extent(text)
            assert (box.y0 + box.y1) / 2 >= bottom - 1, text.get_text()


def test_no_panel_has_more_than_five_lines(drawn):
    assert max(len(run_lines(ax)) for ax in drawn.axes) <= 5
