"""Which limit binds where and when: results made by hand, a model with a kink, then the city."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from analysis.outcome.bottlenecks import (
    BOTTLENECKS,
    CALENDAR_COLUMNS,
    GAIN_COLUMNS,
    RELIEFS,
    Relief,
    calendar,
    gains,
    shortfalls,
    variables_needed,
)
from analysis.reach.words import _calendar
from calibration.fit.ensemble import read_members
from model.engine.requests import ChangeError
from scenarios import Target, load_scenario, load_targets
from tests.support.city import city

BY_ID = {bottleneck.id: bottleneck for bottleneck in BOTTLENECKS}
CELLS = ("run", "time", "District")


def at_ease() -> xr.Dataset:
    """Two members, one year and three districts in which nothing binds."""
    ones = xr.DataArray(np.ones((2, 1, 3)), dims=CELLS, coords={"time": [2025.0], "District": ["a", "b", "c"]})
    movers, services = ["near", "far"], ["preschool", "primary", "junior secondary"]
    return xr.Dataset(
        {
            **{name: ones for name in ("approval share", "land share of orders", "funded share of orders")},
            **{name: ones for name in ("desired market starts", "market starts", "perceived housing burden")},
            "RELATIVE HOUSE PRICE": ones,
            "service coverage": ones.expand_dims(Service=services),
            "Capital Funded Share": ones.isel(District=0, drop=True),
            "willingness to settle": ones.expand_dims(Mover=movers),
            "ease now": ones.isel(District=0, drop=True),
            "residents by district and group": ones.expand_dims(Group=["home", "near", "far"]),
        }
    )


def with_values(**changes: Any) -> xr.Dataset:
    """The same, with other values by district: the names have underscores for blanks."""
    run = at_ease()
    for key, values in changes.items():
        name = key.replace("_", " ")
        run[name] = run[name].copy(data=np.broadcast_to(values, run[name].shape))
    return run


def short(run: xr.Dataset, name: str) -> list[float]:
    return [float(value) for value in shortfalls(run, [BY_ID[name]])[name].isel(member=0, time=0)]


def test_where_nothing_is_short_nothing_binds():
    assert calendar(at_ease())["probability"].max() == 0.0


@pytest.mark.parametrize(
    ("name", "changes", "answer"),
    [
        ("land.boundary", {"approval_share": [1.0, 0.4, 0.0]}, [0, 0.6, 1]),
        ("housing.starts", {"market_starts": [1.0, 0.25, 0.0]}, [0, 0.75, 1]),
        ("housing.burden", {"perceived_housing_burden": [0.5, 1.0, 2.0]}, [0, 0, 0.5]),
        ("money.squeeze", {"Capital_Funded_Share": 0.8}, [0.2, 0.2, 0.2]),
    ],
)
def test_a_shortfall_is_the_share_of_what_is_wanted(name, changes, answer):
    assert short(with_values(**changes), name) == pytest.approx(answer)


def test_land_and_money_for_services_do_not_both_hold_up_the_same_places():
    run = with_values(land_share_of_orders=[0.5, 0.9, 0.6], funded_share_of_orders=[0.8, 0.3, 0.6])
    assert short(run, "land.services") == pytest.approx([0.5, 0, 0])
    assert short(run, "money.services") == pytest.approx([0, 0.7, 0.4])


def test_a_district_where_nobody_wants_to_build_is_not_short_of_land():
    assert short(with_values(desired_market_starts=0.0, market_starts=0.0), "housing.starts") == [0, 0, 0]


def test_the_burden_is_judged_by_the_price_of_the_district_itself():
    run = with_values(RELATIVE_HOUSE_PRICE=[2.0, 1.0, 0.5], perceived_housing_burden=[2.0, 1.0, 1.0])
    assert short(run, "housing.burden") == pytest.approx([0, 0, 0.5])


def test_the_scarcer_of_both_kinds_of_school_counts_and_preschools_do_not():
    coverage = np.array([0.1, 0.9, 0.7])[:, None, None, None] * np.ones((3, 2, 1, 3))
    assert short(with_values(service_coverage=coverage), "places.schools") == pytest.approx([0.3] * 3)


def test_willingness_is_the_mean_of_the_movers():
    willing = np.array([0.2, 0.5])[:, None, None, None] * np.ones((2, 2, 1, 3))
    people = np.array([99.0, 3.0, 1.0])[:, None, None, None] * np.ones((3, 2, 1, 3))
    run = with_values(willingness_to_settle=willing, residents_by_district_and_group=people, ease_now=0.5)
    assert short(run, "willingness") == pytest.approx([1 - 0.275 / 0.5] * 3)
    assert short(with_values(ease_now=0.5), "willingness") == [0, 0, 0]


def test_the_calendar_counts_members():
    run = at_ease()
    run["approval share"] = (CELLS, [[[1.0, 0.5, 0.995]], [[1.0, 1.0, 0.2]]])
    table: Any = calendar(run, [BY_ID["land.boundary"]])
    assert tuple(table.columns) == CALENDAR_COLUMNS
    # A shortfall of half a percent is not felt.
    assert dict(zip(table["district"], table["probability"], strict=True)) == {"a": 0.0, "b": 0.5, "c": 0.5}
    assert set(table["year"]) == {2025.0}
    assert table["shortfall_median"].tolist() == pytest.approx([0, 0.25, 0.4025])


def test_a_single_run_has_a_calendar_too():
    table: Any = calendar(at_ease().isel(run=0, drop=True))
    assert set(table["members"]) == {1}


class Kinked:
    """A model of a rate that rises with land up to a limit, and with money in a straight line."""

    variables = pd.DataFrame(
        {"unit": ["km2", "yuan"], "dims": [(), ("District",)], "default": [4.0, np.array([1.0, 1.0])]},
        index=["LAND", "MONEY"],
    )

    def run(self, changes: Any, *, outputs: Any, final_time: Any) -> xr.Dataset:
        land, money = changes.get("LAND", 4.0), xr.DataArray(changes.get("MONEY", [1.0, 1.0]))
        rate = 0.01 * np.minimum(land, 5.0) + 0.02 * money.sum()
        return xr.Dataset({"rate": rate.expand_dims(time=[2025.0])})


def test_a_gain_is_that_of_a_unit_and_a_kink_within_the_step_is_told():
    goal = Target("goal", {}, "1.4(1)", "core", 2025, 78.5, "at least", "percent", "rate", 0.01)
    reliefs = [Relief("land.boundary", "LAND", 0.5), Relief("land.boundary", "LAND", 2.0), Relief("m", "MONEY", 0.1)]
    kinked: Any = Kinked()
    table: Any = gains(kinked, load_scenario("baseline"), None, [goal], reliefs)
    assert tuple(table.columns) == GAIN_COLUMNS
    assert table["median"].tolist() == pytest.approx([1.0, 0.5, 4.0])
    assert table["median_at_half_step"].tolist() == pytest.approx([1.0, 1.0, 4.0])
    assert table["agreement"].tolist() == [1.0, 0.0, 1.0]
    assert table["unit"].tolist() == ["percent per km2", "percent per km2", "percent per yuan"]


def test_every_condition_reads_what_the_model_computes_and_every_bottleneck_of_five_kinds_is_there():
    known = city().variables.index
    assert [name for name in variables_needed() if name not in known] == []
    assert [relief.constant for relief in RELIEFS if relief.constant not in known] == []
    assert {bottleneck.kind for bottleneck in BOTTLENECKS} == {"land", "housing", "places", "money", "willingness"}
    assert {relief.bottleneck for relief in RELIEFS} <= set(BY_ID)


def test_shortfalls_in_the_city_are_shares_and_land_without_quota_binds():
    members = read_members(3)
    settings = load_scenario("baseline").settings(members)
    run = city().run(settings, outputs=variables_needed())
    found = shortfalls(run)
    assert found.sizes == {"member": 3, "time": 16, "District": 12}
    for array in found.data_vars.values():
        assert 0.0 <= float(array.min()) <= float(array.max()) <= 1.0
    tight = city().run({**settings, "URBAN DEVELOPMENT BOUNDARY": 900.0}, outputs=variables_needed())
    usual, less = (shortfalls(one)["land.boundary"].sel(time=2030.0).mean() for one in (run, tight))
    assert float(less) > float(usual) + 0.1


def test_more_willing_people_bring_the_registered_target_nearer_by_what_a_run_by_hand_says():
    members, baseline = read_members(2), load_scenario("baseline")
    target = load_targets()["target.urbanization.registered.2025"]
    table: Any = gains(city(), baseline, members, [target], [Relief("willingness", "WILLINGNESS 2020", 0.02)])
    settings = baseline.settings(members)
    name = str(target.variable)
    more = {**settings, "WILLINGNESS 2020": members["WILLINGNESS 2020"].rename(member="run") + 0.02}
    ends = [city().run(one, outputs=[name])[name].sel(time=2025.0) for one in (settings, more)]
    assert table["median"].item() == pytest.approx(float((ends[1] - ends[0]).median()) / 0.02, rel=1e-9)
    assert table["agreement"].item() == 1.0


def test_an_unknown_relief_is_refused_by_the_model():
    target = load_targets()["target.urbanization.registered.2025"]
    with pytest.raises(ChangeError, match=r"Did you mean 'BASE LAND QUOTA'"):
        gains(city(), load_scenario("baseline"), None, [target], [Relief("x", "BASE LAND QUOTAS", 1.0)])


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ([1.0, 1.0, 1.0], "3个区县并列 10/10"),
        ([0.4, 0.4, 0.1], "槐荫区 4/10"),
        ([0.1, 0.2, 0.3], "0/3 济阳区 3/10"),
        ([0.0, 0.0, 0.0], "0/3"),
    ],
)
def test_districts_that_stand_alike_are_told_together(shares, told):
    rows = pd.DataFrame(
        {
            "bottleneck": [bottleneck.id for bottleneck in BOTTLENECKS for _ in shares],
            "district": ["Lixia", "Huaiyin", "Jiyang"] * len(BOTTLENECKS),
            "year": 2025.0,
            "probability": shares * len(BOTTLENECKS),
        }
    )
    table = _calendar(rows, load_scenario("plan"), 10)
    cells = [" ".join(str(cell).split()) for cell in table.columns[1].cells]
    assert all(cell.endswith(told) for cell in cells), cells
    assert all(("历下" in cell) == (shares[0] == 0.4) for cell in cells)
