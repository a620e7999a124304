"""Levers at both ends: what they move, which move nothing, and which too much."""

from __future__ import annotations

import pandas as pd

from analysis.pages.lever_range import IDLE, PAST, YEARS, LeverStudy, absurd, idle, lever_effects, lever_table, study
from scenarios.levers import load_levers
from tests.support.city import city

RESIDENT = "target resident urbanization rate"


def rows(changes):
    """A change of the resident rate at both ends of every lever."""
    return pd.DataFrame(
        [
            (RESIDENT, 2035, change, change, change, 4.0, abs(change) / 4, name, end, getattr(lever, end))
            for name, lever in load_levers().items()
            for end, change in zip(("lowest", "highest"), changes.get(name, (1.0, 1.0)), strict=True)
        ],
        columns=["variable", "year", "change", "low", "high", "width", "share", "lever", "end", "value"],
    )


def test_a_lever_that_moves_nothing_is_named():
    table = rows({"SKILLS TRAINING": (3 * IDLE, -3 * IDLE)})
    assert idle(table) == ["SKILLS TRAINING"]
    assert "Without effect by the rule: skills training." in lever_table(LeverStudy(table, {RESIDENT: 9.0}))


def test_a_lever_that_moves_more_than_a_decade_of_all_causes_is_named():
    found = LeverStudy(rows({"RENT SUBSIDY": (-10.0, 12.0)}), {RESIDENT: 9.0})
    assert absurd(found)[["lever", "change"]].to_numpy().tolist() == [["RENT SUBSIDY", 12.0]]
    assert "rent subsidy at 0.5, which moves resident urbanization rate 2035: +12.0" in lever_table(found)
    assert "No lever alone moves as much." in lever_table(LeverStudy(rows({}), {RESIDENT: 9.0}))


def test_every_lever_has_a_row_and_says_where_its_sign_is_from():
    shown = lever_table(LeverStudy(rows({}), {RESIDENT: 9.0}))
    for lever in load_levers().values():
        assert lever.reference, lever.constant
        assert f"| {lever.title['en']}, {lever.decided_by} |" in shown


def test_a_lever_is_moved_to_both_ends_in_every_element(members):
    table = lever_effects(city(), members, ["PERMIT ENTITLEMENT"])
    served = table[(table["variable"] == "target pupils in public schools") & (table["year"] == YEARS[-1])]
    by_end = served.set_index("end")["change"]
    assert by_end["lowest"] < 0 < by_end["highest"]


def test_what_the_decade_before_brought_is_of_the_same_members(members, monkeypatch):
    monkeypatch.setattr("analysis.pages.lever_range.lever_effects", lambda *_: pd.DataFrame())
    past = study(city(), members).past
    assert set(past) == set(PAST)
    # The census counted 62.4 and 73.5 percent; draws from the priors start from what the model has of 2010.
    assert 8 < past[RESIDENT] < 14
