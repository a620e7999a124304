"""The cost of delay: the probability of each target against the start year of each lever of a scenario.

A delayed lever takes the same path as many years later; until then it keeps its value without the scenario. Every start
is run with the same members, so that the error of a difference between two starts is that of paired runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.effort.delay.request import WANTED, check_wanted, levers_of
from analysis.effort.levers import FIRST_START
from analysis.outcome.futures import City
from analysis.outcome.shares import Share
from model.definition import Variable
from scenarios import ROUNDING, Scenario, Target, is_reached
from scenarios.start import START, Setting, as_array, at_year

#: All levers of the scenario, delayed by the same number of years.
ALL: Final = "all levers"
#: Years within which an abrupt measure takes effect; the model's time steps are longer.
JUMP: Final = 1e-3


@dataclass(frozen=True)
class Delays:
    """The cost of delay by target and lever."""

    scenario: Scenario
    targets: tuple[Target, ...]
    #: Probability by delay; ``start`` is a calendar year, empty in the rows without the lever.
    table: pd.DataFrame
    #: As from `last_starts`.
    last: pd.DataFrame


def delay_costs(
    city: City,
    scenario: Scenario,
    members: xr.Dataset,
    targets: Sequence[Target],
    variables: Mapping[str, Variable],
    *,
    wanted: float = WANTED,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Delays:
    """Run a scenario with each lever delayed alone, and with all of them delayed together, year by year.

    Starts go from the lever's own up to the year of the last target; for each target those up to its own year are
    given.
    """
    levers = levers_of(scenario)
    check_wanted(wanted)
    settings = scenario.settings(members)
    # Without its levers a scenario that starts later goes on as it was until then.
    alone: dict[str, Setting] = (
        {str(name): array.rename(member="run") for name, array in members.data_vars.items()}
        if scenario.until_then is None
        else dict(scenario.until_then.settings(members))
    )
    begin = float(scenario.starts - 1)
    starts = {name: own_start(settings[name], alone.get(name, _default(variables[name]))) for name in levers}
    starts[ALL] = min(starts.values())
    last = max(target.year for target in targets)
    jobs: list[tuple[str, int | None]] = []
    for name, start in starts.items():
        jobs += [(name, years) for years in range(1, last - start + 1)] + [(name, None)]

    outputs = list(dict.fromkeys(str(target.variable) for target in targets))

    def margins(moved: Sequence[str], years: int | None) -> dict[str, Any]:
        changed = dict(settings)
        for name in moved:
            if years is None:
                changed.pop(name)
                if name in alone:
                    changed[name] = alone[name]
            else:
                changed[name] = delayed(settings[name], alone.get(name, _default(variables[name])), years, begin)
        run = city.run(changed, outputs=outputs, final_time=float(last))
        return {target.id: target.margin(run[target.variable].sel(time=target.year)).to_numpy() for target in targets}

    at_once = margins((), 0)
    results: dict[tuple[str, int | None], dict[str, Any]] = {(name, 0): at_once for name in starts}
    for number, (name, years) in enumerate(jobs, 1):
        results[name, years] = margins(levers if name == ALL else (name,), years)
        progress(number, len(jobs))
    rows = [
        _row(target, name, years, starts[name], result[target.id], at_once[target.id])
        for target in targets
        for (name, years), result in sorted(results.items(), key=lambda item: (item[0][0], item[0][1] is None, item[0]))
        if years is None or starts[name] + years <= target.year
    ]
    table = pd.DataFrame(rows).astype({"delay": "Int64", "start": "Int64"})
    return Delays(scenario, tuple(targets), table, last_starts(table, wanted))


def own_start(setting: Setting, alone: Setting) -> int:
    """Return the calendar year in which a setting first differs from not moving the lever."""
    array, before = as_array(setting), as_array(alone)
    if "time" not in array.dims:
        return FIRST_START
    times = array["time"].to_numpy()
    if "time" in before.dims:
        times = np.union1d(times, before["time"].to_numpy())
    kept = list(takewhile(lambda year: bool((at_year(array, year) == at_year(before, year)).all()), times.tolist()))
    return max(FIRST_START, int(np.floor(kept[-1])) + 1) if kept else FIRST_START


def delayed(setting: Setting, alone: Setting, years: int, begin: float = START) -> xr.DataArray:
    """Return a setting that takes the same path some years later, and does not move the lever until then.

    Parameters
    ----------
    setting
        A number for the whole run, a path over ``time``, or either by subscript.
    alone
        The value of the constant where the lever is not moved.
    years
        How much later; a whole number above 0.
    begin
        The time from which the lever is moved.

    Returns
    -------
    xarray.DataArray
        With dim ``time``; the run begins at the end of 2020.

    Examples
    --------
    >>> delayed(5.0, 1.0, 2).to_series().round(3).to_dict()
    {2021.999: 1.0, 2022.0: 5.0}
    """
    array, before = as_array(setting), as_array(alone)
    if "time" not in array.dims:
        array = array.expand_dims(time=[begin])
    first = at_year(array, begin).expand_dims(time=[begin])
    path = xr.concat([first, array.sel(time=array["time"] > begin)], "time")
    path = path.assign_coords(time=path["time"] + years)
    until = begin + years - JUMP
    if "time" not in before.dims:
        still = before.expand_dims(time=[until])
    else:
        known = [START, *(year for year in before["time"].to_numpy().tolist() if START < year < until), until]
        still = xr.concat([at_year(before, year).expand_dims(time=[year]) for year in known], "time")
    both = xr.broadcast(still, path, exclude=["time"])
    return xr.concat(both, "time", coords="minimal", compat="override")


def _default(variable: Variable) -> xr.DataArray:
    coords = dict(zip(variable.dims, map(list, variable.axes), strict=True))
    return xr.DataArray(np.array(variable.default, dtype=float), dims=variable.dims, coords=coords)


def _row(target: Target, lever: str, years: int | None, start: int, margin: Any, at_once: Any) -> dict[str, object]:
    reached, before = is_reached(margin), is_reached(at_once)
    difference = reached.astype(float) - before.astype(float)
    return {
        "target": target.id,
        "lever": lever,
        "delay": years,
        "start": None if years is None else start + years,
        "members": len(margin),
        **Share(int(reached.sum()), len(margin)).columns(),
        "change": float(difference.mean()),
        "change_se": float(difference.std() / np.sqrt(len(margin))),
        "margin_median": float(np.median(margin)),
    }


def is_clear(row: Any, wanted: float) -> bool:
    """Return whether an estimate is clearly on one side of the wanted probability.

    It is not where that lies within one standard error or, where all or none of the members reach the target, within
    Wilson's interval, whose bound is what is printed then.
    """
    members = int(row["members"])
    share = Share(round(float(row["probability"]) * members), members)
    if share.number in (0, members):
        return not share.low < wanted < share.high
    return abs(share.probability - wanted) >= share.standard_error


def last_starts(table: pd.DataFrame, wanted: float) -> pd.DataFrame:
    """Return the last start which, like every earlier one, still gives a target its wanted probability.

    Returns
    -------
    pandas.DataFrame
        One row per target and lever. ``answer`` is "year" where starting at once is enough and a later start is not,
        with the last one that is; "any" where the lever need not start at all; "none" where no start is enough. A lever
        that works against a target makes it likelier the later it starts: "later" where only later starts are enough,
        with the first of them and, unless no start at all is enough too, the last; "without" where only no start at all
        is. The probability is that of the start in the answer, or of the earliest one where there is none. ``told`` is
        False where an estimate that the answer rests on does not support it (`is_clear`).
    """
    rows = []
    for (target, lever), group in table.groupby(["target", "lever"], sort=False):
        timed = group[group["delay"].notna()].sort_values("delay")
        without = group[group["delay"].isna()].iloc[0]
        enough = (timed["probability"] >= wanted - ROUNDING).to_numpy()
        alone = bool(without["probability"] >= wanted - ROUNDING)
        first = int(np.argmax(enough)) if enough.any() else len(enough)
        after = enough[first:]
        last = len(enough) - 1 if after.all() else first + int(np.argmin(after)) - 1
        ends_open = alone and last == len(enough) - 1
        if first == len(enough):
            answer, at = ("without", without) if alone else ("none", timed.iloc[0])
        elif first:
            answer, at = "later", timed.iloc[first]
        else:
            answer, at = ("any", without) if ends_open else ("year", timed.iloc[last])
        years = timed["start"]
        rests_on = {
            "year": timed.iloc[: last + 1],
            "later": timed.iloc[first : last + 1],
            "without": group[group["delay"].isna()],
        }.get(answer, group)
        rows.append(
            {
                "target": target,
                "lever": lever,
                "wanted": wanted,
                "answer": answer,
                "told": all(is_clear(row, wanted) for row in rests_on.to_dict("records")),
                "members": int(without["members"]),
                "first_start": years.iloc[first] if answer == "later" else None,
                "last_start": years.iloc[last] if answer in ("year", "later") and not ends_open else None,
                "probability": at["probability"],
                "probability_se": at["probability_se"],
                "probability_at_once": timed.iloc[0]["probability"],
                "probability_without": without["probability"],
                "probability_without_se": without["probability_se"],
            }
        )
    return pd.DataFrame(rows).astype({"first_start": "Int64", "last_start": "Int64"})
