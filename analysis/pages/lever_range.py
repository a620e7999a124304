"""What each lever moves over its whole range: both ends, from 2021 on, with all else as in the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import xarray as xr

from analysis.pages.cuts import own_value
from analysis.pages.effects import effects, most_moved, target_numbers
from model.engine import CompiledModel
from model.files.markdown import markdown_table
from scenarios.levers import Lever, load_levers
from scenarios.scenario import load_scenario
from scenarios.start import from_start_on

YEARS: Final = (2030, 2035)
#: Numbers named for each end of a lever.
NAMED: Final = 2
#: A lever has no effect if nowhere it moves a number by this part of the number's 90 % interval.
IDLE: Final = 0.1
#: The numbers with a past: a lever has absurd leverage if alone it moves one of them within the years to come by more
#: than all causes together did from 2010 to 2020.
PAST: Final = (
    "target resident urbanization rate",
    "target registered urbanization rate",
    "target income ratio",
)
DECADE: Final = (2010.0, 2020.0)


@dataclass(frozen=True)
class LeverStudy:
    """What every lever moves, and what would be too much."""

    #: As from `lever_effects`.
    effects: pd.DataFrame
    #: By how much each number of `PAST` changed over the decade, median over the members in the plan's unit.
    past: Mapping[str, float]


def study(city: CompiledModel, members: xr.Dataset) -> LeverStudy:
    """Return the effects of all levers and the changes of the decade before, of the same members."""
    first, last = DECADE
    history = city.run(
        {str(name): one.rename(member="run") for name, one in members.items()},
        outputs=PAST,
        initial_time=first,
        final_time=last,
    )
    numbers = target_numbers()
    past = {name: history[name].sel(time=last) - history[name].sel(time=first) for name in PAST}
    return LeverStudy(
        lever_effects(city, members),
        {name: abs(float(change.median()) / numbers[name].factor) for name, change in past.items()},
    )


def lever_effects(city: CompiledModel, members: xr.Dataset, levers: Sequence[str] | None = None) -> pd.DataFrame:
    """Set each lever to each end of its range, for every element alike, in every member.

    Parameters
    ----------
    city
        The model.
    members
        Parameter sets, as from `calibration.fit.ensemble.read_members`.
    levers
        Constants; all levers if left out.

    Returns
    -------
    pandas.DataFrame
        The rows of `effects` for each ``lever`` and each ``end`` of its range ("lowest" or "highest"), with ``value``.
    """
    known, names = load_levers(), list(target_numbers())
    settings = load_scenario("baseline").settings(members)
    base = city.run(settings, outputs=names, final_time=YEARS[-1])
    tables = []
    for lever in levers or known:
        own = own_value(lever, settings)
        for end in ("lowest", "highest"):
            value = float(getattr(known[lever], end))
            moved = settings | {lever: from_start_on(xr.full_like(own.isel(run=0, missing_dims="ignore"), value), own)}
            run = city.run(moved, outputs=names, final_time=YEARS[-1])
            tables.append(effects(base, run, YEARS).assign(lever=lever, end=end, value=value))
    return pd.concat(tables, ignore_index=True)


def idle(table: pd.DataFrame) -> list[str]:
    """Return the levers that nowhere move a number by `IDLE` of its interval."""
    largest = table.groupby("lever", sort=False)["share"].max()
    return [str(lever) for lever in largest.index[largest < IDLE]]


def absurd(found: LeverStudy) -> pd.DataFrame:
    """Return the rows with absurd leverage: of each lever and number the largest change."""
    table = found.effects.assign(size=found.effects["change"].abs())
    beyond = table[table["size"] > table["variable"].map(found.past)]
    ordered = beyond.sort_values("size", ascending=False, kind="stable")
    return ordered.drop_duplicates(["lever", "variable"])


def lever_table(found: LeverStudy) -> str:
    """Return the table of levers in Markdown, and below it those without effect and those with absurd leverage."""
    table, rows = found.effects, []
    levers, numbers = load_levers(), target_numbers()
    for name, lever in levers.items():
        of_lever = table[table["lever"] == name]
        cells = [_end(of_lever[of_lever["end"] == end], lever) for end in ("lowest", "highest")]
        rows.append([f"{lever.title['en']}, {lever.decided_by}", *cells, lever.reference])
    without = ", ".join(levers[name].title["en"] for name in idle(table))
    beyond = "; ".join(
        f"{levers[row['lever']].title['en']} at {row['value']:,.10g}, which moves {_told(row)}"
        for _, row in absurd(found).iterrows()
    )
    past = ", ".join(f"{numbers[name].title} {numbers[name].size(change)}" for name, change in found.past.items())
    return "\n\n".join(
        [
            markdown_table(["lever, who decides", "at its lowest", "at its highest", "reference for the sign"], rows),
            f"Without effect by the rule: {without}." if without else "No lever is without effect.",
            f"All causes together moved in 2010-2020: {past}. "
            + (f"With absurd leverage by the rule: {beyond}." if beyond else "No lever alone moves as much."),
        ]
    )


def _end(rows: pd.DataFrame, lever: Lever) -> str:
    """The value at one end of a lever's range and what it moves most, each number on a line of its own."""
    value = float(rows["value"].iloc[0])
    own = set(lever.default.values()) if isinstance(lever.default, Mapping) else {lever.default}
    unit = "" if lever.unit == "Dmnl" else f" {lever.unit}".replace("*", r"\*")
    head = f"**{value:,.0f}{unit}**" if abs(value) >= 1000 else f"**{value:g}{unit}**"
    if own == {value}:
        return f"{head}, as it is"
    most = [_told(row) for _, row in most_moved(rows[rows["share"] >= IDLE], NAMED).iterrows()]
    return "<br>".join([head, *(most or ["nothing"])])


def _told(row: pd.Series) -> str:
    number = target_numbers()[row["variable"]]
    return f"{number.title} {row['year']}: {number.change(row['change'], row['low'], row['high'])}"
