"""Results on disk: written whole or not at all, and each with the manifest of what made it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import xarray as xr

from model.definition import MODEL_FILE, Variable, model_hash
from model.whole_files import replaced
from scenarios import Scenario

#: The packages whose versions can change a number.
PACKAGES = ("numpy", "numba", "pysd", "xarray")
#: Nothing observed after this year may enter the model; the plan is judged from here.
LAST_YEAR_OF_DATA = 2020


def manifest(scenario: Scenario, engine: str, model_file: Path = MODEL_FILE) -> dict[str, str]:
    """Return what has to be known to make a result again.

    Parameters
    ----------
    scenario
        The scenario that was run.
    engine
        "compiled" or "pysd".
    model_file
        The model file that was run.

    Returns
    -------
    dict
        Text only, so that it fits netCDF attributes.

    Examples
    --------
    >>> sorted(manifest(load_scenario("baseline"), "compiled"))[:2]  # doctest: +SKIP
    ['data_vintage', 'engine']
    """
    return {
        "model_file": model_file.name,
        "model_hash": model_hash(model_file),
        "scenario": scenario.name,
        "scenario_hash": scenario.hash,
        "engine": engine,
        "seed": "none: one member with the values of the model file",
        "versions": ", ".join(
            [f"python {platform.python_version()}", *(f"{package} {version(package)}" for package in PACKAGES)]
        ),
        "data_vintage": f"observations up to {LAST_YEAR_OF_DATA}",
    }


def describe_run(
    run: xr.Dataset, scenario: Scenario, facts: Mapping[str, str], variables: Mapping[str, Variable]
) -> xr.Dataset:
    """Return a run as it is written to disk: CF-style names, units, long names in both languages, manifest.

    Parameters
    ----------
    run
        A run of the model, dims ``time``, subscripts and perhaps ``run``.
    scenario
        What was run.
    facts
        Its `manifest`.
    variables
        The model's variables, for units and meanings.

    Returns
    -------
    xarray.Dataset
        Dims in lower case, ``run`` called ``member``; variables keep their names of the model file.

    Examples
    --------
    >>> describe_run(run, scenario, manifest(scenario, "compiled"), variables_by_name()).sizes  # doctest: +SKIP
    Frozen({'time': 16, 'district': 12})
    """
    names = {str(dim): "member" if dim == "run" else str(dim).lower() for dim in run.dims}
    described = run.rename({dim: name for dim, name in names.items() if dim != name})
    for name, array in described.data_vars.items():
        known = variables[str(name)]
        array.attrs = {"units": known.unit, "long_name": known.meaning or str(name), "long_name_zh": known.term}
    described["time"].attrs = {
        "units": "year",
        "long_name": "end of calendar year",
        "long_name_zh": "年末",
        "axis": "T",
    }
    described.attrs = {
        "Conventions": "CF-1.11",
        "title": scenario.title["en"],
        "title_zh": scenario.title["zh"],
        "comment": scenario.question["en"],
        **facts,
    }
    return described


def write_run(run: xr.Dataset, path: Path) -> None:
    """Write a described run as netCDF, replacing a file of that name only when the new one is complete.

    Examples
    --------
    >>> write_run(described, Path("outputs/plan.nc"))  # doctest: +SKIP
    """
    packed = {
        name: {"zlib": True, "complevel": 4, "shuffle": True} for name, array in run.data_vars.items() if array.ndim
    }
    with replaced(path) as partial:
        run.to_netcdf(partial, engine="netcdf4", encoding=packed)


def write_targets(table: pd.DataFrame, path: Path) -> None:
    """Write the target table as CSV, replacing a file of that name only when the new one is complete.

    Examples
    --------
    >>> write_targets(evaluate_targets(targets, runs), Path("outputs/targets.csv"))  # doctest: +SKIP
    """
    with replaced(path) as partial:
        table.to_csv(partial, index=False, float_format="%.10g", lineterminator="\n")
