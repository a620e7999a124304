"""Utility of a scenario in each member: targets reached, or the shortfall from them, less weighted effort.

There is no published weighing of the plan's targets, so the utility is stated and can be chosen: the number of targets
reached in time, or the shortfall from the targets, each less the scenario's effort times a weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr

from analysis.information.request import Kind
from scenarios import Change, Lever, Scenario, Target, is_reached

#: The years over which effort is averaged.
YEARS: Final = range(2021, 2036)


def scenario_effort(scenario: Scenario, levers: Mapping[str, Lever]) -> float:
    """Return a scenario's effort: weight of each lever times the share of its range by which it is moved.

    The share is the mean over 2021-2035 and over the lever's elements of the distance from the default, whichever way;
    the weights are those of ``scenarios/levers.yaml``, 1 for the easiest lever through its whole range.
    """
    return sum(
        levers[change.constant].effort * _moved(change, levers[change.constant])
        for change in scenario.changes
        if change.constant in levers
    )


def utilities(
    kind: Kind,
    targets: Sequence[Target],
    margins: Mapping[str, xr.DataArray],
) -> xr.DataArray:
    """Return the utility of each scenario before effort, dims ``member`` and ``scenario``.

    "targets" is the number of targets reached in their years, "shortfall" minus the sum over targets of the shortfall
    in percent of the threshold, which is not 0; where a target is reached there is none.

    Examples
    --------
    >>> goal = Target("t", {}, "1", "core", 2025, 50.0, "at least", "percent", "rate")
    >>> margin = xr.DataArray([[-5.0]], dims=("target", "future"), coords={"target": ["t"]})
    >>> utilities("shortfall", [goal], {"plan": margin}).values.tolist()
    [[-10.0]]
    """
    sizes = np.array([abs(target.threshold or 0.0) for target in targets])[:, None]
    columns = []
    for margin in margins.values():
        own = margin.sel(target=[target.id for target in targets]).transpose("target", "future").to_numpy()
        if kind == "targets":
            columns.append(is_reached(own).sum(axis=0).astype(float))
        else:
            columns.append(-(np.where(is_reached(own), 0.0, -own) / sizes).sum(axis=0) * 100)
    return xr.DataArray(np.column_stack(columns), dims=("member", "scenario"), coords={"scenario": list(margins)})


def _moved(change: Change, lever: Lever) -> float:
    elements = lever.default if isinstance(lever.default, Mapping) else {"": lever.default}
    shares = []
    for element, usual in elements.items():
        level: Any = change.value
        if isinstance(level, dict) and any(isinstance(key, str) for key in level):
            # An element that a scenario does not name stays as it is.
            level = level.get(element, usual)
        path = sorted(level.items()) if isinstance(level, dict) else [(YEARS[0], level)]
        over = np.interp(list(YEARS), [year for year, _ in path], [value for _, value in path])
        shares.append(np.abs(over - usual).mean() / (lever.highest - lever.lowest))
    return float(np.mean(shares))
