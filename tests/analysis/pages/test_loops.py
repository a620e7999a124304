"""A loop passes where cutting it moves a number far enough."""

from __future__ import annotations

import pandas as pd

from analysis.pages.cuts import LOOPS
from analysis.pages.effects import target_numbers
from analysis.pages.loops import PASS, YEARS, failing, loop_effects, loop_table, strongest
from tests.support.city import city

RATE = "target resident urbanization rate"


def rows(shares):
    """A change of one number in two scenarios for every loop, of the given shares where given."""
    return pd.DataFrame(
        [
            (RATE, 2030, 1.0, 0.5, 1.5, 4.0, share, loop, scenario)
            for loop in LOOPS
            for scenario, share in zip(("baseline", "plan"), shares.get(loop, (0.9, 0.9)), strict=True)
        ],
        columns=["variable", "year", "change", "low", "high", "width", "share", "loop", "scenario"],
    )


def test_a_loop_passes_that_acts_somewhere_and_fails_where_it_acts_nowhere():
    table = rows({"R1": (PASS, 0.1), "B4": (0.1, PASS + 0.01)})
    assert failing(table) == ["R1"]
    assert strongest(table, "B4")["scenario"] == "plan"
    shown = loop_table(table)
    assert "**fails** | 0 |" in shown
    assert shown.endswith("by the rule: R1.")
    assert loop_table(rows({})).endswith("No loop fails.")


def test_cutting_a_loop_gives_every_number_of_every_year(members):
    table = loop_effects(city(), members, ["plan"], ["B7"])
    assert len(table) == len(target_numbers()) * len(YEARS)
    moved = table[table["variable"] == "target registered urbanization rate"].set_index("year")["change"]
    # Equal services leave less to gain by settling; without that, more people settle under the plan.
    assert moved[2035] > 0
