"""Output files of `reach`: its tables as CSV, and every member's margins as netCDF."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import xarray as xr

from analysis.outcome.files import YEARS, write_run, write_table
from analysis.reach.study import Reached

#: The file of every member's margins.
DATA: Final = "reach.nc"
#: The files of the tables, in the order of `write`.
TABLES: Final = (
    "reach.csv",
    "reach_curves.csv",
    "reach_conditions.csv",
    "reach_contrasts.csv",
    "reach_bottlenecks.csv",
    "reach_gains.csv",
)
FILES: Final = (DATA, *TABLES)
CHARTS: Final = "reach_*.png"


def write(reached: Reached, facts: Mapping[str, str], folder: Path) -> None:
    """Write all `FILES`; `facts` are the manifest."""
    tables = reached.tables
    each = (tables.summary, tables.curves, tables.conditions, tables.contrasts, reached.calendar, reached.gains)
    for name, table in zip(TABLES, each, strict=True):
        write_table(table, folder / name, facts)
    write_run(as_dataset(reached, facts), folder / DATA)


def as_dataset(reached: Reached, facts: Mapping[str, str]) -> xr.Dataset:
    """Return margins by member, curves and the calendar of bottlenecks as they are written to disk."""
    margins = reached.margins.assign_coords(member=range(1, reached.margins.sizes["member"] + 1))
    arrays = {
        "margin": margins.assign_attrs(long_name="margin in the target's year, in the unit of `unit`; >= 0: reached")
    }
    curves = (
        reached.tables.curves.rename(columns={"year": "time"}).set_index(["target", "scenario", "time"]).to_xarray()
    )
    for name in ("not_yet", "not_yet_se", "low", "high"):
        meaning = "share of members that have not reached the target by then"
        label = name if name.startswith("not") else f"not_yet_{name}"
        arrays[label] = curves[name].assign_attrs(units="1", long_name=meaning)
    summary = reached.tables.summary.set_index(["target", "scenario"]).to_xarray()
    for column in map(str, summary.data_vars):
        if column.startswith("probability"):
            arrays[column] = summary[column].assign_attrs(units="1", long_name=column.replace("_", " "))
    if len(reached.calendar):
        binds = reached.calendar.rename(columns={"year": "time"})
        cells = binds.set_index(["scenario", "bottleneck", "district", "time"]).to_xarray()
        for name, meaning in (
            ("probability", "share of members in which the bottleneck binds"),
            ("shortfall_median", "median over members of the share by which it falls short"),
        ):
            array = cells[name].rename(scenario="detailed")
            arrays[f"bottleneck_{name}"] = array.assign_attrs(units="1", long_name=meaning)
    # Tables come back in the order of the alphabet; the margins keep the order asked for.
    dataset = xr.Dataset({name: _like(array, margins) for name, array in arrays.items()})
    dataset = dataset.assign_coords(
        unit=("target", [target.unit for target in reached.targets]),
        year=("target", [target.year for target in reached.targets]),
    )
    dataset["time"].attrs = dict(YEARS)
    dataset.attrs = {
        "Conventions": "CF-1.11",
        "title": "How likely the targets of the plan are reached, and when",
        **facts,
    }
    return dataset


def _like(array: xr.DataArray, margins: xr.DataArray) -> xr.DataArray:
    return array.reindex({dim: margins[dim] for dim in ("target", "scenario") if dim in array.dims})
