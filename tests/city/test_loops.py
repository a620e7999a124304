"""The feedback loops: each one matters, and a city with all of them at rest stays as it is.

The table of knock-outs in docs/behaviour.md is written by ``python -m tests.city.test_loops``.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from scenarios.scenario import load_scenario
from tests.conftest import ROOT
from tests.support.city import ROUNDING, STARTS, city, default, full, scaled

PAGE = ROOT / "docs" / "behaviour.md"
BEGIN, END = "<!-- loops: begin -->", "<!-- loops: end -->"

#: What the table reports: heading, variable, decimals.
HEADLINES = [
    ("resident rate, %", "target resident urbanization rate", 3),
    ("registered rate, %", "target registered urbanization rate", 3),
    ("services of unregistered, %", "target service coverage of unregistered", 3),
    ("citizenization score", "target citizenization", 3),
    ("income ratio", "target income ratio", 3),
    ("residents, thousand", "residents", 1),
    ("price to income, years", "price to income ratio", 2),
]
YEARS = (2025, 2035)
#: Smallest relative change of any headline that counts as an effect; rounding is a million times smaller.
EFFECT = 0.00001

#: A pool so large that arrivals do not empty it.
ENDLESS = 1000.0


def land_income_as_transfer():
    """Land sales bring the budget nothing, and a transfer of the same size in the first year takes their place."""
    first = city().run(outputs=["land sale revenue", "cost index"], final_time=2021).isel(time=0)
    sold = float(first["land sale revenue"] * default("LAND SALE NET SHARE") / first["cost index"])
    return {"LAND SALE NET SHARE": 0.0, "BASE TRANSFERS": float(default("BASE TRANSFERS")) + sold}


#: Loop, its name, and how its coupling is cut.
LOOPS = {
    "R1": (
        "jobs, income, migration",
        "no pull of income and jobs on movers",
        lambda: {"INCOME ELASTICITY": 0.0, "JOB ELASTICITY": 0.0, "INCOME WEIGHT": 0.0},
    ),
    "R2": ("family and network migration", "no pull of those who came before", lambda: {"NETWORK ELASTICITY": 0.0}),
    "R3": (
        "people, land, money",
        "settled people earn neither land nor award",
        lambda: {
            "PEOPLE LAND LINK": full("PEOPLE LAND LINK", 0.0),
            "HOMESTEAD EXIT SHARE": 0.0,
            "AWARD PER SETTLED PERSON": 0.0,
        },
    ),
    "R4": (
        "land revenue, infrastructure",
        "land income replaced by a transfer of the same first size",
        land_income_as_transfer,
    ),
    "B1": (
        "house price",
        "homes' cost moves nobody and changes no wish for space",
        lambda: {"HOUSING ELASTICITY": 0.0, "HOUSING WEIGHT": 0.0, "PRICE ELASTICITY OF FLOOR AREA": 0.0},
    ),
    "B2": ("service crowding", "no pull of services on movers", lambda: {"SERVICE ELASTICITY": 0.0}),
    "B3": (
        "cost of settling on the budget",
        "settled people cost nothing",
        lambda: {"SERVICE COST OF SETTLED PERSON": 0.0},
    ),
    "B4": ("value of rural land rights", "rights lost do not count", lambda: {"RIGHTS WEIGHT": 0.0}),
    "B5": (
        "origin depletion",
        "endless pools with the same arrivals at first",
        lambda: {
            "MIGRANT POOL 2020": scaled("MIGRANT POOL 2020", ENDLESS),
            "ARRIVAL RATE": scaled("ARRIVAL RATE", 1 / ENDLESS),
            "POOL CHANGE": 0.0,
        },
    ),
    "B6": (
        "development boundary and farmland",
        "boundary ten times as wide, no protected fields",
        lambda: {"URBAN DEVELOPMENT BOUNDARY": scaled("URBAN DEVELOPMENT BOUNDARY", 10.0), "CULTIVATED FLOOR": 0.0},
    ),
    "B7": ("equal services lower the gain from settling", "service gain does not count", lambda: {"GAIN WEIGHT": 0.0}),
    "B8": (
        "fewer farmers, higher farm income",
        "income ratio moves no villager",
        lambda: {"INCOME ELASTICITY OF MIGRATION": 0.0},
    ),
}

#: Loop, a push to its first link, the indicator that feels it through the loop, and in which direction.
PUSHES = {
    "R1": (lambda: {"PRODUCTIVITY GROWTH": 0.08}, "arrivals by origin", "+"),
    "R2": (lambda: {"REFERENCE COMMUNITY": scaled("REFERENCE COMMUNITY", 0.5)}, "arrivals by origin", "+"),
    "R3": (lambda: {"LAND STANDARD ADJUSTMENT": 0.1}, "built up area", "+"),
    "R4": (lambda: {"LAND PRICE SHARE": 0.5}, "fiscal gap ratio", "-"),
    "B1": (lambda: {"HOUSE PRICE 2020": scaled("HOUSE PRICE 2020", 2.0)}, "arrivals by origin", "-"),
    "B2": (lambda: {"INITIAL ADEQUACY 2020": scaled("INITIAL ADEQUACY 2020", 0.5)}, "arrivals by origin", "-"),
    "B4": (lambda: {"RURAL RIGHTS RETENTION": 1.0}, "settled people", "+"),
    "B7": (lambda: {"PERMIT ENTITLEMENT": full("PERMIT ENTITLEMENT", 1.0)}, "settled people", "-"),
    "B8": (lambda: {"FARM INCOME GROWTH": 0.06}, "leaving village", "-"),
}

#: Everything that changes who is where, switched off.
AT_REST: dict[str, Any] = {
    **{name: 0.0 for name in ("FERTILITY 2010", "TWO CHILD WAVE", "FERTILITY 2020", "LONG RUN FERTILITY")},
    **{name: 0.0 for name in ("TALENT ARRIVALS", "TALENT ARRIVALS 2010", "VILLAGE RETURN RATE")},
    **{name: 0.0 for name in ("REGISTERED LEAVING RATE", "REGISTERED RETURN RATE", "DEREGISTRATION RATE")},
    **{name: 0.0 for name in ("ELSEWHERE NATURAL RATE", "EASE OF SETTLEMENT", "EASE OF SETTLEMENT 2010")},
    **{name: 0.0 for name in ("CONVERSION SHARE", "REGISTRATION FOLLOWS PLACE", "LAND RECLASSIFICATION")},
}
AT_REST_TABLES = (
    *("ARRIVAL RATE", "DEPARTURE RATE", "VILLAGE LEAVING RATE", "BASE MOVE RATE", "RECLASSIFICATION RATE"),
    *("MORTALITY 2010", "MORTALITY 2020"),
)


@functools.cache
def change(loop):
    """Change of each headline when the loop is cut, with dim time."""
    names = [variable for _, variable, _ in HEADLINES]
    base = city().run(outputs=names).sel(time=list(YEARS))
    cut = city().run(LOOPS[loop][2](), outputs=names).sel(time=list(YEARS))
    return base, cut - base


def table():
    """The knock-out table as lines of Markdown: change in 2025 / change in 2035."""
    lines = [
        "| loop | cut by | " + " | ".join(heading for heading, *_ in HEADLINES) + " |",
        "|---|---|" + "---:|" * len(HEADLINES),
    ]
    for loop, (name, how, _) in LOOPS.items():
        cells = []
        for heading, variable, decimals in HEADLINES:
            values = change(loop)[1][variable].to_numpy() / (1000 if "thousand" in heading else 1)
            # Adding nil turns a rounded -0 into 0.
            cells.append(" / ".join(f"{round(value, decimals) + 0.0:+.{decimals}f}" for value in values))
        lines.append(f"| {loop} {name} | {how} | " + " | ".join(cells) + " |")
    return lines


def written():
    """The lines between the marks of the page."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip().splitlines()


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
        cut = city().run(settings | LOOPS[loop][2](), outputs=names)
        for name in names:
            largest = max(largest, float(abs(cut[name] / base[name] - 1).sel(time=list(YEARS)).max()))
    assert largest > EFFECT


@pytest.mark.parametrize("loop", PUSHES)
def test_a_push_goes_through_its_loop_and_not_without_it(loop):
    push, indicator, sign = PUSHES[loop]
    cut = LOOPS[loop][2]()
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
    assert written() == table(), "docs/behaviour.md is stale: run python -m tests.city.test_loops"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text("\n".join([before + BEGIN, *table(), END]) + after, encoding="utf-8")
