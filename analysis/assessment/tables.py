"""An assessment on disk: tables, one netCDF file with its manifest, and the findings in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.assessment.study import Assessment
from model.files.atomic import replaced, write_csv

TABLES: Final = (
    "points.csv",
    "series.csv",
    "scores.csv",
    "updates.csv",
    "weights.csv",
    "targets.csv",
    "targets_by_year.csv",
)
DATA_FILE: Final = "assessment.nc"
SUMMARY_FILE: Final = "summary.txt"
FILES: Final = (*TABLES, DATA_FILE, SUMMARY_FILE)
#: Columns of the points that have the unit of their series.
IN_UNIT: Final = ("value", "median", "p05", "p25", "p75", "p95", "crps", "random_walk", "constant_growth")


def write_assessment(found: Assessment, folder: Path, facts: Mapping[str, str]) -> list[Path]:
    """Write every table as CSV, all of them as netCDF, and the sentences as text, each whole or not at all.

    Parameters
    ----------
    found
        What to write.
    folder
        Made if missing. `FILES` in it are replaced.
    facts
        What has to be known to make the results again; text only.

    Returns
    -------
    list of Path
        The files written.
    """
    tables = (found.points, found.series, found.scores, found.updates, found.weights, found.targets, found.by_year)
    for name, table in zip(TABLES, tables, strict=True):
        write_csv(str(table.to_csv(index=False, lineterminator="\n")), folder / name, facts)
    with replaced(folder / DATA_FILE) as partial:
        as_dataset(found, facts).to_netcdf(partial, engine="netcdf4")
    with replaced(folder / SUMMARY_FILE) as partial:
        text = "\n\n".join("\n".join(found.sentences[language]) for language in ("zh", "en"))
        basis = "\n".join(f"{name}: {value}" for name, value in facts.items())
        partial.write_text(f"{text}\n\n{basis}\n", encoding="utf-8")
    return [folder / name for name in FILES]


def as_dataset(found: Assessment, facts: Mapping[str, str]) -> xr.Dataset:
    """Return an assessment as one Dataset.

    Parameters
    ----------
    found
        What was found.
    facts
        Its global attributes.

    Returns
    -------
    xarray.Dataset
        Dims ``observation`` (each in its own unit, coordinate ``unit``), ``member`` (weights; no entries when the
        update is refused), ``target`` and ``data_to``, the last year of the observations used (NaN where refused).
    """
    points = found.points
    data: dict[str, tuple[object, ...]] = {
        name: ("observation", points[name].to_numpy(dtype=float), {"long_name": LONG_NAMES[name]})
        for name in (*IN_UNIT, "z", "pit")
    }
    members, weights = (found.weights[name].to_numpy() for name in ("member", "weight"))
    data["weight"] = ("member", weights, {"units": "1", "long_name": "weight after all observations"})
    coordinates: dict[str, object] = {
        "member": members,
        "series": ("observation", points["variable"].to_numpy(dtype=str)),
        "unit": ("observation", points["unit"].to_numpy(dtype=str)),
        "year": ("observation", points["year"].to_numpy(dtype=int), {"units": "year"}),
    }
    targets = found.targets
    if len(targets):
        coordinates |= {"target": targets["target"].to_numpy(dtype=str)}
        for name in ("probability_before", "probability_before_se", "probability_after", "probability_after_se"):
            data[name] = ("target", targets[name].to_numpy(dtype=float), {"units": "1", "long_name": LONG_NAMES[name]})
        since = targets["known_since"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        data["known_since"] = ("target", since, {"units": "year", "long_name": LONG_NAMES["known_since"]})
        years = found.by_year["data_to"].unique()
        coordinates["data_to"] = years
        for name in ("probability", "probability_se"):
            wide = _wide(found.by_year, name).reindex(index=targets["target"], columns=years)
            told = {"units": "1", "long_name": LONG_NAMES[name]}
            data[name] = (("target", "data_to"), wide.to_numpy(dtype=float), told)
    return xr.Dataset(data, coordinates, {"Conventions": "CF-1.11", "title": "Assessment of the forecast", **facts})


def _wide(table: pd.DataFrame, column: str) -> pd.DataFrame:
    return table.pivot(index="target", columns="data_to", values=column)


LONG_NAMES: Final = {
    "value": "observation",
    "median": "median of the forecast",
    "p05": "5 % quantile of the forecast",
    "p25": "25 % quantile of the forecast",
    "p75": "75 % quantile of the forecast",
    "p95": "95 % quantile of the forecast",
    "z": "logarithm of the observation over the median, in standard deviations of the forecast's logarithm",
    "crps": "continuous ranked probability score, fair estimator",
    "pit": "place of the observation in the forecast's distribution",
    "random_walk": "random walk with drift from values up to 2020",
    "constant_growth": "growth at the constant rate of values up to 2020",
    "probability_before": "probability of reaching the target in time, as forecast",
    "probability_before_se": "standard error of it, from the number of members",
    "probability_after": "probability with the last observations that could be used",
    "probability_after_se": "standard error of it, from the weights of the members",
    "known_since": "year from whose data on the target slips",
    "probability": "probability with the observations up to a year",
    "probability_se": "standard error of it, from the weights of the members",
}
