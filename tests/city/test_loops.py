"""The feedback loops: tagged in the model, cut as a whole, pushed at a link; and a city with all of them at rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from analysis.pages.cuts import LOOPS, Settings, changed_from, own_value
from scenarios.start import START
from tests.support.city import ROUNDING, STARTS, city, definition, full

LAST = 2035.0

#: Loop, a push to its first link, the indicator that feels it through the loop, and in which direction.
PUSHES: dict[str, tuple[Callable[[], dict[str, Any]], str, str]] = {
    "R1": (lambda: {"PRODUCTIVITY GROWTH": 0.08}, "arrivals by origin", "+"),
    "R3": (lambda: {"LAND STANDARD ADJUSTMENT": 0.1}, "built up area", "+"),
    "R4": (lambda: {"LAND PRICE SHARE": 0.5}, "fiscal gap ratio", "-"),
    # Prices rise with income from the first day, not first with what they rose before.
    "B1": (lambda: {"EXTRAPOLATION": 0.0}, "arrivals by origin", "-"),
    "B2": (lambda: {"CAPITAL BUDGET FOR SERVICES": 0.0}, "arrivals by origin", "-"),
    "B3": (lambda: {"OTHER SPENDING PER RESIDENT": 11_500.0}, "Capital Funded Share", "-"),
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


def test_every_loop_tagged_in_the_model_can_be_cut_and_every_cut_is_of_a_tagged_loop():
    tagged = {loop for variable in definition().values() for loop in variable.loops}
    assert tagged == set(LOOPS)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_that_is_cut_later_is_whole_until_then(loop):
    names = ["target resident urbanization rate", "target registered urbanization rate", "debt rate"]
    whole = city().run(outputs=names)
    cut = city().run(LOOPS[loop].settings(city(), {}, 2025.0, LAST), outputs=names)
    for name in names:
        before = whole["time"] <= 2025
        np.testing.assert_allclose(cut[name][before], whole[name][before], rtol=ROUNDING, err_msg=name)
    assert any(not np.allclose(cut[name], whole[name], rtol=ROUNDING) for name in names)


@pytest.mark.parametrize("loop", PUSHES)
def test_a_push_goes_through_its_loop_and_not_without_it(loop):
    push, indicator, sign = PUSHES[loop]
    calm: Settings = {}
    pushed: Settings = {name: changed_from(own_value(name, {}), value, START) for name, value in push().items()}
    effects = []
    for cut in (False, True):
        runs = []
        for settings in (calm, pushed):
            ended: Settings = LOOPS[loop].settings(city(), settings, START, LAST) if cut else {}
            runs.append(city().run(settings | ended, outputs=[indicator])[indicator])
        moved = (runs[1] - runs[0]).sum([dim for dim in runs[0].dims if dim != "time"])
        effects.append(float(moved.isel(time=slice(0, 11)).sum()))
    whole, without = (effect if sign == "+" else -effect for effect in effects)
    # What is left, or turned round, comes by other loops.
    assert whole > 0
    assert without < 0.3 * whole
