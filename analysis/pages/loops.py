"""What each feedback loop does: the table of ``docs/behaviour.md`` in which one loop after the other is cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from analysis.pages.blocks import rewrite_blocks
from model import load_model
from model.definition import variables_by_name
from model.engine import CompiledModel

PAGE: Final = Path(__file__).parents[2] / "docs" / "behaviour.md"

#: What the table reports: heading, variable, decimals.
HEADLINES: Final = (
    ("resident rate, %", "target resident urbanization rate", 3),
    ("registered rate, %", "target registered urbanization rate", 3),
    ("services of unregistered, %", "target service coverage of unregistered", 3),
    ("citizenization score", "target citizenization", 3),
    ("income ratio", "target income ratio", 3),
    ("residents, thousand", "residents", 1),
    ("price to income, years", "price to income ratio", 2),
)
YEARS: Final = (2025, 2035)
#: A pool so large that arrivals do not empty it.
ENDLESS: Final = 1000.0

Settings = dict[str, Any]


@dataclass(frozen=True)
class Loop:
    """A feedback loop, and the settings by which its coupling is cut."""

    title: str
    cut: str
    settings: Callable[[CompiledModel], Settings]


def scale(name: str, factor: float) -> xr.DataArray | float:
    """Return a constant times a factor, as the model's ``run`` takes it."""
    variable = variables_by_name()[name]
    values = np.asarray(variable.default, dtype=float) * factor
    return xr.DataArray(values, dims=variable.dims) if values.ndim else float(values)


def _land_income_as_transfer(city: CompiledModel) -> Settings:
    """Land sales bring the budget nothing, and a transfer of the same size in the first year takes their place."""
    first = city.run(outputs=["land sale revenue", "cost index"], final_time=2021).isel(time=0)
    share, transfers = (
        float(np.asarray(variables_by_name()[name].default)) for name in ("LAND SALE NET SHARE", "BASE TRANSFERS")
    )
    sold = float(first["land sale revenue"] * share / first["cost index"])
    return {"LAND SALE NET SHARE": 0.0, "BASE TRANSFERS": transfers + sold}


LOOPS: Final[Mapping[str, Loop]] = {
    "R1": Loop(
        "jobs, income, migration",
        "no pull of income and jobs on movers",
        lambda _: {"INCOME ELASTICITY": 0.0, "JOB ELASTICITY": 0.0, "INCOME WEIGHT": 0.0},
    ),
    "R2": Loop(
        "family and network migration", "no pull of those who came before", lambda _: {"NETWORK ELASTICITY": 0.0}
    ),
    "R3": Loop(
        "people, land, money",
        "settled people earn neither land nor award",
        lambda _: {
            "PEOPLE LAND LINK": scale("PEOPLE LAND LINK", 0.0),
            "HOMESTEAD EXIT SHARE": 0.0,
            "AWARD PER SETTLED PERSON": 0.0,
        },
    ),
    "R4": Loop(
        "land revenue, infrastructure",
        "land income replaced by a transfer of the same first size",
        _land_income_as_transfer,
    ),
    "B1": Loop(
        "house price",
        "homes' cost moves nobody and changes no wish for space",
        lambda _: {"HOUSING ELASTICITY": 0.0, "HOUSING WEIGHT": 0.0, "PRICE ELASTICITY OF FLOOR AREA": 0.0},
    ),
    "B2": Loop("service crowding", "no pull of services on movers", lambda _: {"SERVICE ELASTICITY": 0.0}),
    "B3": Loop(
        "cost of settling on the budget",
        "settled people cost nothing",
        lambda _: {"SERVICE COST OF SETTLED PERSON": 0.0},
    ),
    "B4": Loop("value of rural land rights", "rights lost do not count", lambda _: {"RIGHTS WEIGHT": 0.0}),
    "B5": Loop(
        "origin depletion",
        "endless pools with the same arrivals at first",
        lambda _: {
            "MIGRANT POOL 2020": scale("MIGRANT POOL 2020", ENDLESS),
            "ARRIVAL RATE": scale("ARRIVAL RATE", 1 / ENDLESS),
            "POOL CHANGE": 0.0,
        },
    ),
    "B6": Loop(
        "development boundary and farmland",
        "boundary ten times as wide, no protected fields",
        lambda _: {"URBAN DEVELOPMENT BOUNDARY": scale("URBAN DEVELOPMENT BOUNDARY", 10.0), "CULTIVATED FLOOR": 0.0},
    ),
    "B7": Loop(
        "equal services lower the gain from settling", "service gain does not count", lambda _: {"GAIN WEIGHT": 0.0}
    ),
    "B8": Loop(
        "fewer farmers, higher farm income",
        "income ratio moves no villager",
        lambda _: {"INCOME ELASTICITY OF MIGRATION": 0.0},
    ),
}


def knock_out_table(city: CompiledModel) -> str:
    """Return the table in Markdown: how each headline changes in each of `YEARS` when a loop is cut."""
    lines = [
        "| loop | cut by | " + " | ".join(heading for heading, *_ in HEADLINES) + " |",
        "|---|---|" + "---:|" * len(HEADLINES),
    ]
    names = [variable for _, variable, _ in HEADLINES]
    base = city.run(outputs=names).sel(time=list(YEARS))
    for name, loop in LOOPS.items():
        change = city.run(loop.settings(city), outputs=names).sel(time=list(YEARS)) - base
        cells = []
        for heading, variable, decimals in HEADLINES:
            values = change[variable].to_numpy() / (1000 if "thousand" in heading else 1)
            # Adding zero turns a rounded -0 into 0.
            cells.append(" / ".join(f"{round(value, decimals) + 0.0:+.{decimals}f}" for value in values))
        lines.append(f"| {name} {loop.title} | {loop.cut} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def update_page(*, write: bool) -> list[Path]:
    """Compare the table of the page with what the model gives, and write it if it differs; return the stale page."""
    return rewrite_blocks(PAGE, {"loops": knock_out_table(load_model())}, write=write)
