"""Reach and bottlenecks of several scenarios: run, gathered, and written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.outcome.bottlenecks import (
    BOTTLENECKS,
    CALENDAR_COLUMNS,
    GAIN_COLUMNS,
    RELIEFS,
    calendar,
    gains,
    variables_needed,
)
from analysis.reach.probability import Reach, reach
from model.engine import CompiledModel
from model.engine.pysd_model import ReferenceModel
from scenarios import Scenario, Target

#: Parameters named besides the unknowns of 2020, for each target and scenario.
FURTHER: Final = 3
#: Ends of the names of the tables' files.
TABLES: Final = ("", "_curves", "_conditions", "_contrasts", "_bottlenecks", "_gains")

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
    spreads: Mapping[str, Mapping[int, float]] | None = None,
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
        Told the steps done and of how many: one for each run of all members.
    """
    # Each relief is run at its whole and at half its step, and once without.
    each = 2 * len(RELIEFS) + 1
    steps = len(scenarios) + each * len(detailed)
    runs: dict[str, xr.Dataset] = {}
    calendars, found = [], []
    variables = list(dict.fromkeys(str(target.variable) for target in targets))
    for scenario in scenarios:
        outputs = list(dict.fromkeys([*variables, *(variables_needed() if scenario.name in detailed else ())]))
        run = model.run(scenario.settings(members), outputs=outputs)
        runs[scenario.name] = run[variables]
        if scenario.name in detailed:
            calendars.append(calendar(run, BOTTLENECKS).assign(scenario=scenario.name))
        progress(len(runs), steps)
    for place, scenario in enumerate(one for one in scenarios if one.name in detailed):
        before = len(runs) + place * each

        def tell(done: int, of: int, before: int = before) -> None:
            progress(before + round(each * done / of), steps)

        found.append(gains(model, scenario, members, targets, RELIEFS, tell).assign(scenario=scenario.name))
    own = {scenario.name: [change.constant for change in scenario.changes] for scenario in scenarios}
    return Reached(
        targets=tuple(targets),
        scenarios=tuple(scenarios),
        tables=reach(targets, runs, members, further=FURTHER, set_by_scenario=own, spreads=spreads),
        margins=_margins(targets, runs),
        calendar=_joined(calendars, CALENDAR_COLUMNS),
        gains=_joined(found, GAIN_COLUMNS),
    )


def as_tables(reached: Reached) -> dict[str, pd.DataFrame]:
    """Return every table by the end of its file's name."""
    tables = reached.tables
    each = (tables.summary, tables.curves, tables.conditions, tables.contrasts, reached.calendar, reached.gains)
    return dict(zip(TABLES, each, strict=True))


def as_dataset(reached: Reached, facts: Mapping[str, str]) -> xr.Dataset:
    """Return margins by member, curves and the calendar of bottlenecks as they are written to disk.

    Parameters
    ----------
    reached
        As from `examine`.
    facts
        Its manifest.
    """
    margins = reached.margins.assign_coords(member=range(1, reached.margins.sizes["member"] + 1))
    found = {
        "margin": margins.assign_attrs(long_name="margin in the target's year, in the unit of `unit`; >= 0: reached")
    }
    curves = (
        reached.tables.curves.rename(columns={"year": "time"}).set_index(["target", "scenario", "time"]).to_xarray()
    )
    for name in ("not_yet", "not_yet_se", "low", "high"):
        told = "share of members that have not reached the target by then"
        label = name if name.startswith("not") else f"not_yet_{name}"
        found[label] = curves[name].assign_attrs(units="1", long_name=told)
    summary = reached.tables.summary.set_index(["target", "scenario"]).to_xarray()
    for column in map(str, summary.data_vars):
        if column.startswith("probability"):
            found[column] = summary[column].assign_attrs(units="1", long_name=column.replace("_", " "))
    if len(reached.calendar):
        binds = reached.calendar.rename(columns={"year": "time"})
        cells = binds.set_index(["scenario", "bottleneck", "district", "time"]).to_xarray()
        for name, told in (
            ("probability", "share of members in which the bottleneck binds"),
            ("shortfall_median", "median over members of the share by which it falls short"),
        ):
            found[f"bottleneck_{name}"] = (
                cells[name].rename(scenario="detailed").assign_attrs(units="1", long_name=told)
            )
    # Tables come back in the order of the alphabet; the margins keep the order asked for.
    dataset = xr.Dataset({name: _like(array, margins) for name, array in found.items()})
    dataset = dataset.assign_coords(
        unit=("target", [target.unit for target in reached.targets]),
        year=("target", [target.year for target in reached.targets]),
    )
    dataset["time"].attrs = {"units": "year", "long_name": "end of calendar year", "long_name_zh": "年末", "axis": "T"}
    dataset.attrs = {
        "Conventions": "CF-1.11",
        "title": "How likely the targets of the plan are reached, and when",
        **facts,
    }
    return dataset


def _like(array: xr.DataArray, margins: xr.DataArray) -> xr.DataArray:
    return array.reindex({dim: margins[dim] for dim in ("target", "scenario") if dim in array.dims})


def _margins(targets: Sequence[Target], runs: Mapping[str, xr.Dataset]) -> xr.DataArray:
    values = np.array(
        [
            [target.margin(run[target.variable].sel(time=target.year)).to_numpy() for run in runs.values()]
            for target in targets
        ]
    )
    ids = [target.id for target in targets]
    return xr.DataArray(values, dims=("target", "scenario", "member"), coords={"target": ids, "scenario": list(runs)})


def _joined(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    names = ["scenario", *columns]
    return pd.concat(tables, ignore_index=True)[names] if tables else pd.DataFrame(columns=names)
