"""Settling draws on people who want to register: the stock runs dry, and registering by itself keeps hardly anybody."""

from __future__ import annotations

from typing import Any

import pytest
import xarray as xr

from tests.support.city import city, full

DEPARTING = ("departures", "registered leaving")


def run(changes: dict[str, Any] | None = None, **settings: Any) -> xr.Dataset:
    """One run to 2035, everything summed to the city."""
    names = (
        *("settled people", "net registered migration", "residents", "registered urbanization rate", *DEPARTING),
        *("arrivals by origin", "settled by district", "Willing To Settle", "target talent settled"),
    )
    made = city().run(changes or {}, outputs=names, **settings)
    return xr.Dataset(
        {
            name: made[name] if name == "settled by district" else made[name].sum(set(made[name].dims) - {"time"})
            for name in names
        }
    )


@pytest.fixture(scope="module")
def base() -> xr.Dataset:
    return run()


def test_with_nobody_arriving_settling_dies_out(base):
    nobody: dict[str, Any] = {name: full(name, 0.0) for name in ("ARRIVAL RATE", "VILLAGE LEAVING RATE")}
    flow = run(nobody | {"RURAL RIGHTS RETENTION": 0.8}, final_time=2060)["settled people"]
    assert float(flow.sel(time=2060)) < 0.05 * float(flow.sel(time=2021))


def test_the_yearly_flow_falls_after_the_gate_opened(base):
    flow = base["net registered migration"]
    assert float(flow.sel(time=2025)) < 0.9 * float(flow.sel(time=2020))


def test_registering_everybody_who_wants_to_changes_departures_by_little(base):
    opened = run({"EASE OF SETTLEMENT": 1.0, "SETTLEMENT PROCESSING TIME": 0.5})
    before, after = (made[DEPARTING[0]] + made[DEPARTING[1]] for made in (base, opened))
    settled = float((opened["settled people"] - base["settled people"]).sel(time=slice(2020, 2022.75)).sum()) / 4
    spared = float((before - after).sel(time=2023))
    assert settled > 50_000
    assert abs(spared) < 0.03 * float(before.sel(time=2023))
    # A resident without registration leaves at some six to eight per cent a year; the spared are a small part of that.
    assert abs(spared) < 0.025 * settled


@pytest.mark.parametrize(("share", "sign"), [(0.0, -1), (1.0, 1)])
def test_people_come_and_stay_where_they_get_services(base, share, sign):
    changed = run({"PERMIT ENTITLEMENT": full("PERMIT ENTITLEMENT", share)})
    for name in ("arrivals by origin", "residents"):
        assert sign * float((changed[name] / base[name] - 1).sel(time=2035)) > 0.005, name


def test_services_taken_from_permit_holders_make_registering_worth_more(base):
    none = run({"PERMIT ENTITLEMENT": full("PERMIT ENTITLEMENT", 0.0)})
    assert float((none["settled people"] - base["settled people"]).sel(time=2023)) > 0


def test_an_open_door_brings_settling_forward_and_does_not_hold_it_up(base):
    opened = run({"EASE OF SETTLEMENT": 1.0, "SETTLEMENT PROCESSING TIME": 0.5})
    rates = opened["registered urbanization rate"] - base["registered urbanization rate"]
    assert float(rates.sel(time=2021)) > 0.01
    assert float(rates.sel(time=2035)) < 1.5 * float(rates.sel(time=2021))
    assert float(opened["settled people"].sel(time=2035)) < 1.2 * float(base["settled people"].sel(time=2035))


def test_a_larger_award_settles_more_where_no_land_is_earned():
    def more(link):
        linked = {"PEOPLE LAND LINK": full("PEOPLE LAND LINK", link)}
        before, after = (run(linked | award) for award in ({}, {"AWARD PER SETTLED PERSON": 5000.0}))
        return (after["settled by district"] / before["settled by district"] - 1).sel(time=2022)

    without, earning = more(0.0), more(1.0)
    assert float(without.min()) > 0.01
    # Land makes a district ready already, so that the award has less to move, in each of them.
    assert bool((earning < without).all())
    assert float(earning.mean()) < 0.6 * float(without.mean())


def test_land_for_settled_people_makes_the_centre_readier(base):
    link = run({"PEOPLE LAND LINK": full("PEOPLE LAND LINK", 1.0)})
    assert float((link["registered urbanization rate"] - base["registered urbanization rate"]).sel(time=2025)) > 0.003


def test_years_required_keep_services_and_people_away(base):
    longer = run({"YEARS REQUIRED": 5.0})
    assert float((longer["residents"] / base["residents"] - 1).sel(time=2035)) < -0.005


def test_an_offer_to_the_young_brings_some_and_costs_no_miracle(base):
    offered = run({"TALENT SUBSIDY": 50_000.0})
    gained = float((offered["residents"] - base["residents"]).sel(time=2035))
    assert 10_000 < gained < 0.03 * float(base["residents"].sel(time=2035))


def test_nobody_is_willing_twice():
    made = city().run({}, outputs=["Willing To Settle", "residents by district and group", "Settled Movers"])
    movers = made["residents by district and group"].sel(Group=list(made["Mover"].values)).rename(Group="Mover")
    assert bool((made["Willing To Settle"] <= movers * (1 + 1e-9)).all())
    assert float(made["Willing To Settle"].min()) >= 0
    assert float(made["Settled Movers"].min()) > 0
