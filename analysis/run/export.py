"""What runs hold as tables for other programs: one row for each number's year, and the table of the IAMC."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.outcome import files as result_files
from analysis.outcome.ensembles import MEMBER_DIMS, QUANTILES
from analysis.outcome.words import terms
from analysis.run.stored_runs import COMPARABLE
from calibration.fit.evidence import Evidence
from calibration.observations import CITY, DISTRICTS
from model.engine.errors import UserError
from model.files.strict_files import refusal

SERIES, IAMC = "series.csv", "iamc.csv"
MODEL: Final = f"{CITY.title['en']} urbanization"
#: The city; a district stands below it.
REGION: Final = CITY.title["en"]
#: Names of the columns by quantile.
LEVELS: Final[Mapping[float, str]] = {0.5: "median", 0.05: "p05", 0.25: "p25", 0.75: "p75", 0.95: "p95"}
#: How the IAMC's scenario databases call a quantile behind the name of a variable; the median has the name alone.
PERCENTILES: Final[Mapping[str, str]] = {
    name: "" if name == "median" else f"|{level * 100:.1f}th Percentile" for level, name in LEVELS.items()
}
COLUMNS: Final = ("scenario", "variable", "element", "year", "unit", *LEVELS.values())
#: The columns as a person reads them, and the name in the model, which is put last.
HEADS: Final = {
    "zh": (
        "情景",
        "变量",
        "分项",
        "年份",
        "单位",
        "中位数",
        "5%分位数",
        "25%分位数",
        "75%分位数",
        "95%分位数",
        "模型变量",
    ),
    "en": (
        "scenario",
        "variable",
        "element",
        "year",
        "unit",
        "median",
        "5 %",
        "25 %",
        "75 %",
        "95 %",
        "name in the model",
    ),
}
#: Facts of a file that are no part of its manifest.
_DESCRIBED: Final = ("Conventions", "title", "title_zh", "comment")


class ExportError(UserError):
    """Results cannot be exported as asked."""


def runs_in(
    folder: Path, evidence: Evidence, members: int | None, names: Collection[str] = ()
) -> tuple[dict[str, Path], list[str]]:
    """Return the files of runs in a folder by scenario, and those that were left out with the reason.

    Parameters
    ----------
    evidence, members
        What their members have seen, and how many there are; None for any number.
    names
        The scenarios that are asked for; without any all of them.

    Raises
    ------
    ExportError
        If runs of different sizes, or of different states of the model, would stand in one table.
    """
    files, left_out, alike = {}, [], dict[tuple[str, ...], list[str]]()
    for path in sorted(folder.glob("*.nc")):
        facts = result_files.facts_of(path)
        # Other commands leave files too, which hold no run.
        if facts.get("scenario") != path.stem or (names and path.stem not in names):
            continue
        if facts.get("evidence") != str(evidence):
            left_out.append(f"{path.name} (evidence {facts.get('evidence')})")
        elif members is not None and facts.get("members") != str(members):
            left_out.append(f"{path.name} ({facts.get('members')} members)")
        else:
            files[path.stem] = path
            alike.setdefault(tuple(facts.get(key, "") for key in COMPARABLE), []).append(path.name)
    if len(alike) > 1:
        listed = [f"{', '.join(files)}: {key[0]} members, model {key[2]}" for key, files in alike.items()]
        remedy = "Name the scenarios, or choose with --members; `run` makes old ones anew."
        raise ExportError(refusal({str(folder): [*listed, remedy]}, "holds runs that must not stand in one table"))
    return files, left_out


def manifest_of(run: xr.Dataset) -> dict[str, str]:
    """Return what a described run says of what made it."""
    return {name: str(value) for name, value in run.attrs.items() if name not in _DESCRIBED}


def as_series(runs: Mapping[str, xr.Dataset], chosen: Collection[str] = (), *, full: bool = False) -> pd.DataFrame:
    """Return runs as a long table: `COLUMNS`, in the model's names and units.

    Parameters
    ----------
    runs
        Described runs (`analysis.outcome.files.describe_run`) by scenario.
    chosen
        Variables to take; without any, those of the whole city and those by district alone.
    full
        Whether, without `chosen`, every variable is taken that the runs hold.

    Raises
    ------
    ExportError
        If a chosen variable is in none of the runs.
    """
    held = {str(name) for run in runs.values() for name in run.data_vars}
    if missing := [name for name in chosen if name not in held]:
        what = "of so many numbers that no run keeps it" if len(missing) == 1 else "are kept by no run"
        message = f"{', '.join(map(repr, missing))}: {what}. `model.run(outputs=[...])` gives it in Python."
        raise ExportError(message)
    tables = [
        _table(scenario, str(name), array)
        for scenario, run in runs.items()
        for name, array in run.data_vars.items()
        if (name in chosen if chosen else full or _is_short(array))
    ]
    return pd.concat(tables, ignore_index=True)


def in_words(series: pd.DataFrame, runs: Mapping[str, xr.Dataset], language: str) -> pd.DataFrame:
    """Return a long table with names and columns as a person reads them; the name in the model stands last."""
    title, term = ("title_zh", "long_name_zh") if language == "zh" else ("title", "")
    scenarios = {name: run.attrs[title] for name, run in runs.items()}
    variables = {
        str(name): array.attrs.get(term) or str(name) for run in runs.values() for name, array in run.data_vars.items()
    }
    known = terms()["elements"]

    def words(element: str) -> str:
        parts = element.split(", ") if element else []
        return "、".join(known[part][language] if part in known else part for part in parts)

    elements = {element: words(element) for element in series["element"].unique()}
    if language == "en":
        elements = {element: said.replace("、", ", ") for element, said in elements.items()}
    named = series.assign(
        scenario=series["scenario"].map(scenarios),
        variable=series["variable"].map(variables),
        element=series["element"].map(elements),
        name=series["variable"],
    )
    return named.set_axis(list(HEADS[language]), axis="columns")


def as_iamc(series: pd.DataFrame) -> pd.DataFrame:
    """Return a long table as the IAMC's: Model, Scenario, Region, Variable, Unit and a column for each year.

    A district is a region below the city, any other element follows the variable's name after a bar, and so does a
    quantile, such as ``residents|5.0th Percentile``; the name alone is the median.
    """
    parts = {element: element.split(", ") if element else [] for element in series["element"].unique()}
    region = {
        element: "|".join([REGION, *(part for part in said if part in DISTRICTS)][:2])
        for element, said in parts.items()
    }
    # Where both ends of a move are districts, only the first is the region.
    behind = {
        element: "".join(
            f"|{part}" for number, part in enumerate(said) if part not in DISTRICTS or number != _first_district(said)
        )
        for element, said in parts.items()
    }
    keys = ["Model", "Scenario", "Region", "Variable", "Unit"]
    tables = []
    for level, ending in PERCENTILES.items():
        table = pd.DataFrame(
            {
                "Model": MODEL,
                "Scenario": series["scenario"],
                "Region": series["element"].map(region),
                "Variable": series["variable"] + series["element"].map(behind) + ending,
                "Unit": series["unit"],
                "year": series["year"],
                "value": series[level],
            }
        )
        tables.append(table.dropna(subset=["value"]))
    long = pd.concat(tables, ignore_index=True)
    wide = long.pivot(index=keys, columns="year", values="value").reset_index()
    return wide.set_axis([str(column) for column in wide.columns], axis="columns")


def _first_district(parts: Sequence[str]) -> int:
    return next((number for number, part in enumerate(parts) if part in DISTRICTS), -1)


def _subscripts(array: xr.DataArray) -> list[str]:
    return [str(dim) for dim in array.dims if dim not in (*MEMBER_DIMS, "quantile", "time")]


def _is_short(array: xr.DataArray) -> bool:
    return _subscripts(array) in ([], ["district"])


def _table(scenario: str, name: str, array: xr.DataArray) -> pd.DataFrame:
    """One variable of a run: a row for each element and year."""
    subscripts = _subscripts(array)
    values = dict(_levels(array, subscripts))
    years = array["time"].to_numpy().astype(int)
    labels = [", ".join(each) for each in _product(array, subscripts)]
    return pd.DataFrame(
        {
            "scenario": scenario,
            "variable": name,
            "element": np.repeat(labels, years.size),
            "year": np.tile(years, len(labels)),
            "unit": array.attrs["units"],
            **{column: values.get(level, np.nan) for level, column in LEVELS.items()},
        }
    )


def _levels(array: xr.DataArray, subscripts: Sequence[str]) -> Iterator[tuple[float, Any]]:
    """Each quantile over the members, elements by years in one line; the median alone where nothing else is kept."""
    order = [*subscripts, "time"]
    if "quantile" in array.dims:
        for level in QUANTILES:
            yield level, array.sel(quantile=level).transpose(*order).to_numpy().ravel()
        return
    member = next((dim for dim in MEMBER_DIMS if dim in array.dims), None)
    if member is None:
        yield 0.5, array.transpose(*order).to_numpy().ravel()
        return
    cells = array.transpose(member, *order).to_numpy().astype(float)
    for level, values in zip(QUANTILES, np.quantile(cells, QUANTILES, axis=0), strict=True):
        yield level, values.ravel()


def _product(array: xr.DataArray, subscripts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return product(*(map(str, array[dim].to_numpy().tolist()) for dim in subscripts))
