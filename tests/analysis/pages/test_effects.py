"""Effects are medians of differences, read against the width of the number's own interval."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from analysis.pages.effects import NARROWEST, Number, effects, most_moved, target_numbers
from scenarios import load_targets


def runs(values):
    """Every number the same for all years, a value for each member."""
    array = xr.DataArray(np.tile(np.asarray(values, dtype=float)[:, None], (1, 2)), dims=("run", "time"))
    return xr.Dataset(dict.fromkeys(target_numbers(), array), {"time": [2030.0, 2035.0]})


def test_all_numbers_that_targets_read_are_there():
    assert set(target_numbers()) == {target.variable for target in load_targets().values() if target.variable}


def test_a_change_is_told_against_the_width_of_the_interval():
    members = np.arange(101.0)
    table = effects(runs(members), runs(members + 9.0), (2030, 2035))
    assert len(table) == 2 * len(target_numbers())
    first = table.iloc[0]
    assert (first["change"], first["low"], first["high"]) == (9.0, 9.0, 9.0)
    assert first["width"] == pytest.approx(90.0)
    assert first["share"] == pytest.approx(0.1)


def test_a_change_is_taken_member_by_member():
    members = np.arange(101.0)
    table = effects(runs(members), runs(members * 1.1), (2030,))
    assert table.iloc[0]["change"] == pytest.approx(5.0)
    assert table.iloc[0]["high"] == pytest.approx(9.5)


def test_where_members_do_not_differ_the_interval_has_a_least_width():
    table = effects(runs([50.0] * 5), runs([51.0] * 5), (2030,))
    assert table.iloc[0]["width"] == pytest.approx(50.0 * NARROWEST)


def test_nothing_is_no_change_of_nothing():
    assert effects(runs([0.0] * 5), runs([1.0] * 5), (2030,)).iloc[0]["share"] == 0


def test_each_number_is_named_in_the_year_in_which_it_moves_most():
    table = effects(runs(np.arange(101.0)), runs(np.arange(101.0) + 9.0), (2030, 2035))
    table.loc[1, "share"] = 5.0
    named = most_moved(table, 2)
    assert named.iloc[0].name == 1
    assert named["variable"].is_unique


def test_a_rounded_change_has_no_negative_nought():
    assert Number("x", "percent", 1.0).change(-0.0001, -0.0002, 0.0) == "+0.000 (+0.000 to +0.000) points"
