"""The feedback loops: each one matters, and a city with all of them at rest stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.pages import loops
from analysis.pages.loops import HEADLINES, LOOPS, PAGE, YEARS, update_page
from scenarios.scenario import load_scenario
from tests.support.city import ROUNDING, STARTS, city, full

#: Smallest relative change of any headline that counts as an effect; rounding is a million times smaller.
EFFECT = 0.00001

#: Loop, a push to its first link, the indicator that feels it through the loop, and in which direction.
PUSHES: dict[str, tuple[Callable[[], dict[str, Any]], str, str]] = {
    "R1": (lambda: {"PRODUCTIVITY GROWTH": 0.08}, "arrivals by origin", "+"),
    "R2": (lambda: {"TALENT SUBSIDY": 200_000.0}, "network ratio", "+"),
    "R3": (lambda: {"LAND STANDARD ADJUSTMENT": 0.1}, "built up area", "+"),
    "R4": (lambda: {"LAND PRICE SHARE": 0.5}, "fiscal gap ratio", "-"),
    # Prices rise with income from the first day, not first with what they rose before.
    "B1": (lambda: {"EXTRAPOLATION": 0.0}, "arrivals by origin", "-"),
    "B2": (lambda: {"CAPITAL BUDGET FOR SERVICES": 0.0}, "arrivals by origin", "-"),
    "B4": (lambda: {"RURAL RIGHTS RETENTION": 1.0}, "settled people", "+"),
    "B7": (lambda: {"PERMIT ENTITLEMENT": full("PERMIT ENTITLEMENT", 1.0)}, "willingness to settle", "-"),
    "B8": (lambda: {"FARM OUTPUT GROWTH": 0.06}, "leaving village", "-"),
}

#: Everything that changes who is where, switched off.
AT_REST: dict[str, Any] = {
    **{name: 0.0 for name in ("FERTILITY 2010", "TWO CHILD WAVE", "FERTILITY 2020", "LONG RUN FERTILITY")},
    **{name: 0.0 for name in ("REGISTERED LEAVING RATE", "REGISTERED RETURN RATE", "DEREGISTRATION RATE")},
    "VILLAGE RETURN RATE": 0.0,
    **{name: 0.0 for name in ("ELSEWHERE NATURAL RATE", "EASE OF SETTLEMENT", "EASE OF SETTLEMENT 2010")},
    **{name: 0.0 for name in ("CONVERSION SHARE", "REGISTRATION FOLLOWS PLACE", "LAND RECLASSIFICATION")},
}
AT_REST_TABLES = (
    *("ARRIVAL RATE", "DEPARTURE RATE", "VILLAGE LEAVING RATE", "BASE MOVE RATE", "RECLASSIFICATION RATE"),
    *("MORTALITY 2010", "MORTALITY 2020"),
)


@pytest.mark.parametrize("start", STARTS)
def test_a_city_at_rest_stays_as_it_is(start):
    still = AT_REST | {name: full(name, 0.0) for name in AT_REST_TABLES}
    names = ("residents by district and group", "Registered Elsewhere", "urban residents by district")
    run = city().run(still, outputs=names, initial_time=start)
    for name in names:
        first = run[name].isel(time=0)
        np.testing.assert_allclose(run[name], first.broadcast_like(run[name]), rtol=ROUNDING, atol=1e-6, err_msg=name)


def test_a_land_stock_at_rest_stays_as_it_is():
    quotas = ("BASE LAND QUOTA", "START UP AREA BUILD RATE", "REDEVELOPMENT RATE")
    still: dict[str, Any] = dict.fromkeys(quotas, 0.0)
    still |= dict.fromkeys(("HOMESTEAD EXIT SHARE", "APPROVED START 2020"), 0.0)
    still |= {"PEOPLE LAND LINK": full("PEOPLE LAND LINK", 0.0), "OUT OF USE RATE": full("OUT OF USE RATE", 0.0)}
    names = ("Urban Land", "Underused Land", "Village Land", "Cultivated Land", "Other Land")
    run = city().run(still, outputs=names)
    for name in names:
        first = run[name].isel(time=0)
        np.testing.assert_allclose(run[name], first.broadcast_like(run[name]), rtol=ROUNDING, err_msg=name)


@pytest.mark.parametrize("loop", LOOPS)
def test_cutting_a_loop_changes_what_the_city_reaches(loop):
    # The loops through the budget speak only where the gap is larger than tolerated, as when money is tight.
    largest = 0.0
    for scenario in ("baseline", "tight_finance"):
        settings, names = load_scenario(scenario).settings(), [variable for _, variable, _ in HEADLINES]
        base = city().run(settings, outputs=names)
        cut = city().run(settings | LOOPS[loop].settings(city()), outputs=names)
        for name in names:
            largest = max(largest, float(abs(cut[name] / base[name] - 1).sel(time=list(YEARS)).max()))
    assert largest > EFFECT


@pytest.mark.parametrize("loop", PUSHES)
def test_a_push_goes_through_its_loop_and_not_without_it(loop):
    push, indicator, sign = PUSHES[loop]
    cut = LOOPS[loop].settings(city())
    whole_city: dict[str, Any] = {}
    effects = []
    for settings in (whole_city, cut):
        calm, pushed = (city().run(settings | changes, outputs=[indicator])[indicator] for changes in ({}, push()))
        moved = (pushed - calm).sum([dim for dim in pushed.dims if dim != "time"])
        effects.append(float(moved.isel(time=slice(0, 11)).sum()))
    whole, without = effects
    assert whole > 0 if sign == "+" else whole < 0
    # What is left may come round by other loops.
    assert abs(without) < 0.3 * abs(whole)


def test_the_page_tells_the_loops_as_they_are():
    assert update_page(write=False) == [], "run `make pages`"


def test_a_stale_table_is_reported_or_written(monkeypatch, tmp_path):
    stale = tmp_path / "behaviour.md"
    text = PAGE.read_text(encoding="utf-8")
    stale.write_text(text.replace("| R1 jobs", "| R1 work"), encoding="utf-8")
    monkeypatch.setattr(loops, "PAGE", stale)
    assert update_page(write=False) == [stale]
    assert update_page(write=True) == [stale]
    assert stale.read_text(encoding="utf-8") == text
