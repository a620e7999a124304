"""Contributions of loops over time are differences of runs, told and drawn in both languages."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.pages.cuts import LOOPS
from analysis.pages.dominance import HORIZON, RATES, contributions, leaders, picture
from scenarios.scenario import load_scenario
from tests.support.city import city

YEARS = (2020, 2025)


@pytest.fixture(scope="module")
def table(members) -> pd.DataFrame:
    return contributions(city(), members, ["plan"], ["B7", "R1"], YEARS)


def test_a_contribution_is_what_the_rate_would_change_less(table, members):
    settings = load_scenario("plan").settings(members)
    name = RATES["registered rate"]
    cut = LOOPS["B7"].settings(city(), settings, 2025, 2025 + HORIZON)
    whole, without = (
        city().run(one, outputs=[name], final_time=2025 + HORIZON)[name] for one in (settings, settings | cut)
    )
    less = (whole.diff("time") - without.diff("time")).sel(time=slice(2026, None)).sum("time") / HORIZON
    row = table[(table["rate"] == "registered rate") & (table["year"] == 2025) & (table["loop"] == "B7")].iloc[0]
    assert row["change"] == pytest.approx(float(less.median()))
    assert row["low"] <= row["change"] <= row["high"]


def test_the_rate_itself_stands_beside_its_loops(table):
    assert set(table["loop"]) == {"", "B7", "R1"}
    assert (table[table["loop"] == ""]["change"] > 0).all()


def test_years_with_the_same_leader_are_told_as_one_span():
    made = pd.DataFrame(
        [
            ("plan", "resident rate", year, loop, change, change, change)
            for year, changes in ((2020, (2.0, -1.0)), (2021, (2.0, -1.0)), (2022, (1.0, -2.0)))
            for loop, change in zip(("R1", "B8"), changes, strict=True)
        ],
        columns=["scenario", "rate", "year", "loop", "change", "low", "high"],
    )
    assert leaders(made) == "- resident urbanization rate, `plan`: R1+ 2020-2021, B8- 2022"


@pytest.mark.parametrize(("language", "title"), [("zh", "服务均等化削弱落户动力"), ("en", "lower the gain")])
def test_every_loop_and_the_rate_have_a_row_in_each_panel(table, language, title):
    figure = picture(table, 10, language)
    panels = figure.axes[: len(RATES)]
    assert all(panel.get_title(loc="left") for panel in panels)
    labels = [label.get_text() for label in panels[0].get_yticklabels()]
    assert len(labels) == 3
    assert any(title in label for label in labels)
    assert len(panels[0].texts) == 3 * len(YEARS)
