"""How likely targets are in several scenarios, on what that rests, and what holds districts back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.outcome import bottlenecks
from analysis.outcome.discrepancies import Discrepancy
from analysis.reach.probability import Reach, reach
from model.engine import CompiledModel
from model.engine.pysd_model import ReferenceModel
from scenarios import Scenario, Target

#: Parameters named besides the unknowns of 2020, for each target and scenario.
FURTHER: Final = 3

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Reached:
    """What `analysis.reach.probability` and `analysis.outcome.bottlenecks` say of some scenarios."""

    targets: tuple[Target, ...]
    scenarios: tuple[Scenario, ...]
    tables: Reach
    #: Margin of every member in the target's year, in the plan's unit; dims ``target, scenario, member``.
    margins: xr.DataArray
    #: `CALENDAR_COLUMNS` and of which scenario.
    calendar: pd.DataFrame
    #: `GAIN_COLUMNS` and of which scenario.
    gains: pd.DataFrame


def examine(
    model: CompiledModel | ReferenceModel,
    targets: Sequence[Target],
    scenarios: Sequence[Scenario],
    members: xr.Dataset,
    *,
    detailed: Sequence[str],
    spreads: Mapping[str, Mapping[int, Discrepancy]] | None = None,
    progress: Progress = lambda _done, _of: None,
) -> Reached:
    """Run scenarios and say how likely targets are, when, on what that rests, and what holds them back.

    Parameters
    ----------
    model
        The city model.
    targets
        Modelled targets.
    scenarios
        The scenarios to judge.
    members
        Parameter sets of an ensemble, dim ``member``.
    detailed
        Names of scenarios whose bottlenecks are looked for.
    spreads
        Discrepancy of target variables, as `analysis.reach.probability.reach` takes it.
    progress
        Called with the steps done and their number: one for each run of all members.
    """
    # Each relief is run at its whole and at half its step, and once without.
    each = 2 * len(bottlenecks.RELIEFS) + 1
    steps = len(scenarios) + each * len(detailed)
    runs: dict[str, xr.Dataset] = {}
    calendars, reliefs = [], []
    variables = list(dict.fromkeys(str(target.variable) for target in targets))
    for scenario in scenarios:
        outputs = list(
            dict.fromkeys([*variables, *(bottlenecks.variables_needed() if scenario.name in detailed else ())])
        )
        run = model.run(scenario.settings(members), outputs=outputs)
        runs[scenario.name] = run[variables]
        if scenario.name in detailed:
            calendars.append(bottlenecks.calendar(run, bottlenecks.BOTTLENECKS).assign(scenario=scenario.name))
        progress(len(runs), steps)
    for number, scenario in enumerate(one for one in scenarios if one.name in detailed):
        before = len(runs) + number * each

        def report(done: int, of: int, before: int = before) -> None:
            progress(before + round(each * done / of), steps)

        reliefs.append(
            bottlenecks.gains(model, scenario, members, targets, bottlenecks.RELIEFS, report).assign(
                scenario=scenario.name
            )
        )
    own = {scenario.name: [change.constant for change in scenario.changes] for scenario in scenarios}
    return Reached(
        targets=tuple(targets),
        scenarios=tuple(scenarios),
        tables=reach(targets, runs, members, further=FURTHER, set_by_scenario=own, spreads=spreads),
        margins=_margins(targets, runs),
        calendar=_joined(calendars, bottlenecks.CALENDAR_COLUMNS),
        gains=_joined(reliefs, bottlenecks.GAIN_COLUMNS),
    )


def _margins(targets: Sequence[Target], runs: Mapping[str, xr.Dataset]) -> xr.DataArray:
    values = [
        [target.margin(run[target.variable].sel(time=target.year)).to_numpy() for run in runs.values()]
        for target in targets
    ]
    coords = {"target": [target.id for target in targets], "scenario": list(runs)}
    return xr.DataArray(np.array(values), dims=("target", "scenario", "member"), coords=coords)


def _joined(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    names = ["scenario", *columns]
    return pd.concat(tables, ignore_index=True)[names] if tables else pd.DataFrame(columns=names)
