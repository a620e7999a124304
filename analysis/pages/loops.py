"""What each feedback loop does: cut under every shipped scenario or in 2010-2020, it must move a number of a target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import xarray as xr

from analysis.pages.cuts import LOOPS, Settings
from analysis.pages.effects import effects, most_moved, target_numbers
from calibration.fit.ensemble import settings as member_settings
from model.engine import CompiledModel
from model.files.markdown import markdown_table
from scenarios.scenario import load_scenario, shipped_scenarios
from scenarios.start import START

YEARS: Final = (2025, 2030, 2035)
#: The observed decade, which members meet at its end; what it would have been without a loop.
EPISODE: Final = "2010-2020"
FIRST_YEAR, LAST_YEAR = 2010.0, 2020
#: The cut of this loop is worked out from the policy run.
NOT_IN_EPISODE: Final = ("R4",)
#: A loop stays if somewhere it moves a number by more than this part of the number's 90 % interval.
PASS: Final = 0.25


def loop_effects(
    city: CompiledModel, members: xr.Dataset, scenarios: Sequence[str], loops: Sequence[str] = tuple(LOOPS)
) -> pd.DataFrame:
    """Cut each loop from the start of the policy run in every member.

    Parameters
    ----------
    city
        The model.
    members
        Parameter sets, as from `calibration.fit.ensemble.read_members`.
    scenarios, loops
        Names of the shipped scenarios and of the loops.

    Returns
    -------
    pandas.DataFrame
        The rows of `effects` for each ``loop`` and ``scenario``.
    """
    names, tables = list(target_numbers()), []
    for scenario in scenarios:
        settings: Settings = load_scenario(scenario).settings(members)
        base = city.run(settings, outputs=names, final_time=YEARS[-1])
        for loop in loops:
            cut = LOOPS[loop].settings(city, settings, START, YEARS[-1])
            moved = city.run(settings | cut, outputs=names, final_time=YEARS[-1])
            tables.append(effects(base, moved, YEARS).assign(loop=loop, scenario=scenario))
    return pd.concat(tables, ignore_index=True)


def episode_effects(city: CompiledModel, members: xr.Dataset, loops: Sequence[str] = tuple(LOOPS)) -> pd.DataFrame:
    """Cut loops from 2010 on: the rows of `effects` for each ``loop``, at the end of the observed decade."""
    names, tables = list(target_numbers()), []
    settings: Settings = dict(member_settings(members))
    base = city.run(settings, outputs=names, initial_time=FIRST_YEAR, final_time=LAST_YEAR)
    for loop in (name for name in loops if name not in NOT_IN_EPISODE):
        cut = LOOPS[loop].settings(city, settings, FIRST_YEAR, LAST_YEAR)
        moved = city.run(settings | cut, outputs=names, initial_time=FIRST_YEAR, final_time=LAST_YEAR)
        tables.append(effects(base, moved, (LAST_YEAR,)).assign(loop=loop, scenario=EPISODE))
    return pd.concat(tables, ignore_index=True)


def study(city: CompiledModel, members: xr.Dataset) -> pd.DataFrame:
    """Return effects under every shipped scenario, as each can be chosen or can befall the city, and in 2010-2020."""
    forward = loop_effects(city, members, shipped_scenarios())
    return pd.concat([forward, episode_effects(city, members)], ignore_index=True)


def strongest(table: pd.DataFrame, loop: str) -> pd.Series:
    """Return the row of the scenario, number and year in which a loop acts most."""
    return most_moved(table[table["loop"] == loop], 1).iloc[0]


def failing(table: pd.DataFrame) -> list[str]:
    """Return the loops that nowhere move a number far enough to stay."""
    return [loop for loop in LOOPS if strongest(table, loop)["share"] <= PASS]


def loop_table(table: pd.DataFrame) -> str:
    """Return the table of loops in Markdown, and below it the loops that fail."""
    numbers, rows = target_numbers(), []
    for name, loop in LOOPS.items():
        most = strongest(table, name)
        passes = sum(most_moved(rows_of, 1)["share"].iloc[0] > PASS for _, rows_of in _by_scenario(table, name))
        number = numbers[most["variable"]]
        rows.append(
            [
                f"{name} {loop.title['en']}",
                loop.cut,
                f"`{most['scenario']}`",
                f"{number.title} {most['year']}",
                number.change(most["change"], most["low"], most["high"]),
                f"{most['share']:.2f}",
                "passes" if most["share"] > PASS else "**fails**",
                f"{passes}",
            ]
        )
    header = ["loop", "cut by", "acts most in", "on", "change (90 %)", "share of width", "rule", "passed in"]
    failed = failing(table)
    named = f"These fail and so have no place by the rule: {', '.join(failed)}." if failed else "No loop fails."
    return f"{markdown_table(header, rows)}\n\n{named}"


def _by_scenario(table: pd.DataFrame, loop: str) -> list[tuple[str, pd.DataFrame]]:
    return [(str(name), rows) for name, rows in table[table["loop"] == loop].groupby("scenario", sort=False)]
