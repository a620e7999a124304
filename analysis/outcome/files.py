"""Results on disk: written whole or not at all, and each with the manifest of what made it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import netCDF4
import pandas as pd
import xarray as xr

from analysis.outcome.ensembles import KEPT
from calibration.fit.evidence import Evidence
from model.city import city
from model.definition import MODEL_FILE, Variable, model_hash
from model.files.atomic import replaced, write_csv
from model.files.sealed import is_whole, seal
from scenarios import FIRST_YEAR, Scenario

#: The packages whose versions can change a number.
PACKAGES = ("numpy", "numba", "pysd", "xarray")
#: Attributes of the dim of time, in every file.
YEARS: Final[Mapping[str, str]] = {
    "units": "year",
    "long_name": "end of calendar year",
    "long_name_zh": "年末",
    "axis": "T",
}
#: What the libraries raise that read a damaged netCDF file.
UNREADABLE = (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError, IndexError)


@cache
def code_hash() -> str:
    """Return twelve hexadecimal digits that change whenever the code between model file and results does."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for folder in (root / "model", root / "scenarios", root / "analysis", city().folder):
        for path in sorted(path for path in folder.rglob("*.*") if path.suffix in (".py", ".yaml")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def posterior_hash(members: xr.Dataset) -> str:
    """Return twelve hexadecimal digits that change whenever a value of the parameter sets does.

    Examples
    --------
    >>> one, other = (xr.Dataset({"LEVEL": ("member", [number])}) for number in (1.0, 2.0))
    >>> posterior_hash(one) == posterior_hash(other)
    False
    """
    digest = hashlib.sha256()
    for name, array in sorted(members.data_vars.items(), key=lambda item: str(item[0])):
        digest.update(repr((name, array.dims, array.shape)).encode() + array.to_numpy().tobytes())
    return digest.hexdigest()[:12]


def manifest(
    scenario: Scenario,
    engine: str,
    members: xr.Dataset | None = None,
    model_file: Path = MODEL_FILE,
    evidence: Evidence | None = None,
) -> dict[str, str]:
    """Return what has to be known to make a result again, as text only, so that it fits netCDF attributes.

    Parameters
    ----------
    engine
        "compiled" or "pysd".
    members
        The parameter sets, dim ``member``; None for one run with the values of the model file.
    evidence
        What has been seen, where no members say it; that of the model file's values, the record to 2020, if left out.
    """
    seen = (evidence or Evidence.TO_2020) if members is None else Evidence(members.attrs["evidence"])
    drawn = {
        "members": "1",
        "seed": "none: one run with the values of the model file",
        "posterior_hash": "none",
    }
    if members is not None:
        drawn = {
            "members": str(members.sizes["member"]),
            "seed": str(members.attrs["seed"]),
            "posterior_hash": posterior_hash(members),
            "kept": KEPT,
        }
    return {
        "model_file": model_file.name,
        "model_hash": model_hash(model_file),
        "scenario": scenario.name,
        "scenario_hash": scenario.hash,
        **({} if scenario.until_then is None else {"levers_from": str(scenario.starts)}),
        "engine": engine,
        **drawn,
        "code_hash": code_hash(),
        "versions": ", ".join(
            [f"python {platform.python_version()}", *(f"{package} {version(package)}" for package in PACKAGES)]
        ),
        "evidence": str(seen),
        "data_vintage": seen.vintage,
    }


def joint_manifest(
    scenarios: Sequence[Scenario], members: xr.Dataset | None, evidence: Evidence | None = None
) -> dict[str, str]:
    """Return the `manifest` of a result that several scenarios went into, run on the compiled engine."""
    return joined([manifest(scenario, "compiled", members, evidence=evidence) for scenario in scenarios])


def joined(each: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the manifests of several scenarios as one, of a result that all of them went into.

    Examples
    --------
    >>> joined([{"scenario": name, "scenario_hash": "0", "members": "2"} for name in ("baseline", "plan")])["scenario"]
    'baseline, plan'
    """
    keys = ["scenario", "scenario_hash", *(["levers_from"] if any("levers_from" in facts for facts in each) else [])]
    both = {key: ", ".join(facts.get(key, str(FIRST_YEAR)) for facts in each) for key in keys}
    # What is kept of a run says nothing of a result that is made from runs.
    return {key: value for key, value in ({**each[0], **both}).items() if key != "kept"}


def attributes(scenario: Scenario, facts: Mapping[str, str]) -> dict[str, str]:
    """Return the global attributes of a scenario's results; `facts` are its `manifest`."""
    return {
        "Conventions": "CF-1.11",
        "title": scenario.title["en"],
        "title_zh": scenario.title["zh"],
        "comment": scenario.question["en"],
        **facts,
    }


def describe_run(
    run: xr.Dataset, scenario: Scenario, facts: Mapping[str, str], variables: Mapping[str, Variable]
) -> xr.Dataset:
    """Return a run as it is written to disk: CF-style names, units, long names in both languages, manifest.

    An ensemble is given as condensed. Dims are in lower case; variables keep their names of the model file.
    """
    names = {str(dim): str(dim).lower() for dim in run.dims}
    described = run.rename({dim: name for dim, name in names.items() if dim != name})
    for name, array in described.data_vars.items():
        known = variables[str(name)]
        array.attrs = {"units": known.unit, "long_name": known.meaning or str(name), "long_name_zh": known.term}
        if "members" in facts and facts["members"] != "1" and "member" not in array.dims:
            array.attrs["statistic"] = "quantiles over members" if "quantile" in array.dims else "median of members"
    described["time"].attrs = dict(YEARS)
    if "quantile" in described.coords:
        described["quantile"].attrs = {"units": "1", "long_name": "quantile over members", "long_name_zh": "分位数"}
    if "member" in described.dims:
        numbers = range(1, described.sizes["member"] + 1)
        described = described.assign_coords(member=("member", list(numbers)))
        described["member"].attrs = {"units": "1", "long_name": "member of the ensemble", "long_name_zh": "样本编号"}
    described.attrs = attributes(scenario, facts)
    return described


def write_run(run: xr.Dataset, path: Path) -> None:
    """Write a described run as netCDF, replacing a file of that name only when the new one is complete."""
    packed = {
        name: {"zlib": True, "complevel": 1, "shuffle": True} for name, array in run.data_vars.items() if array.ndim
    }
    with replaced(path) as partial:
        run.to_netcdf(partial, engine="netcdf4", encoding=packed)
        seal(partial)


def read_run(
    path: Path,
    expected: Mapping[str, str],
    held: Iterable[str],
    wanted: Iterable[str],
    variables: Mapping[str, Variable],
) -> xr.Dataset | None:
    """Read variables of an earlier run, if it was made from exactly the same things and is as it was written.

    Parameters
    ----------
    expected
        The `attributes` that a run made now would carry; a single difference means that the file is no longer valid.
    held
        All variables that the file would hold if it were written now.
    wanted
        The variables to read.

    Returns
    -------
    xarray.Dataset or None
        Dims named as in the model; None if there is no such file, or it cannot be read, or it is not valid, or any of
        its bytes that hold something have changed.
    """
    if not path.is_file() or not is_whole(path):
        return None
    names = {dim.lower(): dim for variable in variables.values() for dim in variable.dims}
    try:
        if facts_of(path) != dict(expected):
            return None
        with netCDF4.Dataset(path) as file:
            # Labels of dims are no results.
            if set(held) != set(file.variables) - set(file.dimensions):
                return None
        with xr.open_dataset(path, engine="netcdf4", decode_cf=False) as stored:
            run_read = stored[list(dict.fromkeys(wanted))].load()
    except UNREADABLE:
        return None
    return run_read.rename({dim: names[str(dim)] for dim in run_read.dims if names.get(str(dim), dim) != dim})


def facts_of(path: Path) -> dict[str, str]:
    """Return what a result says of itself; nothing where that cannot be read."""
    try:
        if not is_whole(path):
            return {}
        with netCDF4.Dataset(path) as file:
            return {name: str(file.getncattr(name)) for name in file.ncattrs()}
    except UNREADABLE:
        return {}


def write_table(table: pd.DataFrame, path: Path, facts: Mapping[str, str]) -> None:
    """Write a table as CSV, and beside it its manifest, each only when complete and only where something changed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table(pd.DataFrame({"year": [2025]}), Path(folder) / "years.csv", {"members": "200"})
    ...     print(sorted(path.name for path in Path(folder).iterdir()))
    ['years.csv', 'years.csv-metadata.json']
    """
    write_csv(str(table.to_csv(index=False, float_format="%.10g", lineterminator="\n")), path, facts)
