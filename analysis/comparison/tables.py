"""Contributions of levers as tables and files: over the members, and step by step from one scenario to the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.comparison.contributions import Comparison
from analysis.comparison.study import lever_title
from analysis.outcome.ensembles import QUANTILES
from analysis.outcome.files import YEARS, write_run, write_table
from analysis.outcome.limits import ATTRIBUTE, Outside, as_text
from analysis.outcome.words import LANGUAGES
from model.definition import Variable
from scenarios import Scenario

#: An effect smaller than this share of the indicator is rounding, and has no sign.
NO_EFFECT: Final = 1e-12
#: The row of `summary` that all contributions sum to.
TOTAL: Final = "total difference"
#: The columns of `summary`, in order: what a row is of, and its numbers.
KEYS: Final = ("indicator", "element", "year", "lever")
NUMBERS: Final = ("mean", "median", "p05", "p25", "p75", "p95", "same_sign", "sampling_error", "alone", "last")
COLUMNS: Final = (*KEYS, *NUMBERS)


def summary(comparison: Comparison) -> pd.DataFrame:
    """Return the contributions as a table, `COLUMNS`, over the members.

    One row is for each indicator, element of its subscripts, year and lever, and one for the `TOTAL`. Means sum to the
    mean of the total; medians and other quantiles need not. ``same_sign`` is the share of members whose contribution
    has the sign of the median (of those without effect, where the median is zero). ``sampling_error`` is the mean of
    the members' standard errors, at least that of the mean as they share orders. ``alone`` and ``last`` are means; they
    differ from ``mean`` as far as levers work through each other.
    """
    tables = [_summary(comparison, str(name)) for name in comparison.contributions.data_vars]
    return pd.concat(tables, ignore_index=True)


def waterfall(
    comparison: Comparison,
    indicator: str,
    year: float | None = None,
    element: Mapping[str, str] | None = None,
    *,
    most: int | None = None,
) -> pd.DataFrame:
    """Return the steps from the first scenario to the second, ready for a waterfall chart.

    Parameters
    ----------
    indicator
        One of its indicators, or a target's id.
    year
        One of its years; None for a target.
    element
        Element by subscript range, for an indicator with subscripts.
    most
        Levers that have a step of their own; the others are taken together in one, whose ``kind`` is "others" and
        whose ``step`` is their number. None for all; a single other keeps its name.

    Returns
    -------
    pandas.DataFrame
        ``step, kind, start, end, change, p05, p95, same_sign, sampling_error, alone``: first the first scenario, then
        the levers from the largest effect to the smallest, last the second scenario; ``kind`` is "scenario", "lever"
        or "others". Means over members, as only these sum; ``p05`` and ``p95`` are of the change, or of a scenario's
        value. ``alone`` is what it does when nothing else is changed; the errors of the others are added up.
    """
    chosen: dict[str, Any] = dict(element or {}) | ({} if year is None else {"time": year})
    parts = comparison.contributions[indicator].sel(chosen)
    ends = comparison.values[indicator].sel(chosen)
    alone = comparison.alone[indicator].sel(chosen).mean("member")
    error = comparison.sampling_error[indicator].sel(chosen).mean("member")
    order = np.argsort(-np.abs(parts.mean("member").to_numpy()), kind="stable")
    apart = len(order) if most is None or len(order) <= most + 1 else most
    groups = [[lever] for lever in order[:apart]] + ([list(order[apart:])] if apart < len(order) else [])
    rows = [_scenario_step(ends, comparison.first)]
    level = rows[0]["end"]
    for group in groups:
        part = parts.isel(lever=group).sum("lever")
        change = float(part.mean())
        named = {"step": comparison.levers[group[0]], "kind": "lever"}
        row = named if len(group) == 1 else {"step": str(len(group)), "kind": "others"}
        row |= {"start": level, "end": level + change, "change": change}
        row |= {"p05": float(part.quantile(0.05)), "p95": float(part.quantile(0.95))}
        row |= {"same_sign": float(_same_sign(part, ends)), "sampling_error": float(error.isel(lever=group).sum())}
        rows.append(row | {"alone": float(alone.isel(lever=group).sum())})
        level += change
    return pd.DataFrame([*rows, _scenario_step(ends, comparison.second)])


def decimals(values: Iterable[float]) -> int:
    """Return the decimals that leave the largest number two or three digits.

    Examples
    --------
    >>> decimals([64.27, -0.02]), decimals([-0.47]), decimals([0.03])
    (1, 2, 3)
    """
    largest = max((abs(float(value)) for value in values), default=0.0)
    return 1 if largest >= 10 else 2 if largest >= 0.1 or not largest else 3 if largest >= 0.01 else 4


def file_stem(scenarios: Iterable[Scenario]) -> str:
    """Return how the names of all files of a comparison begin."""
    return "_".join(["compare", *(scenario.name for scenario in scenarios)])


def file_names(stem: str) -> tuple[str, str]:
    """Return the file of every member's numbers, and that of the table."""
    return f"{stem}.nc", f"{stem}.csv"


def write(
    comparison: Comparison,
    facts: Mapping[str, str],
    variables: Mapping[str, Variable],
    folder: Path,
    stem: str,
    outside: Mapping[str, Sequence[Outside]],
) -> None:
    """Write the `file_names`; `facts` are the manifest, `outside` is what was outside its limits, by scenario."""
    data, table = (folder / name for name in file_names(stem))
    units = {str(name): str(array.attrs["units"]) for name, array in comparison.values.data_vars.items()}
    rows = summary(comparison)
    rows.insert(1, "unit", rows["indicator"].map(units))
    write_table(rows, table, facts)
    found = {f"{ATTRIBUTE}_{name}": as_text(each) for name, each in outside.items()}
    write_run(as_dataset(comparison, facts, variables).assign_attrs(found), data)


def residual(comparison: Comparison) -> float:
    """Return by how much, at most, contributions fail to sum to the difference, relative to the indicator."""
    worst = 0.0
    for name, parts in comparison.contributions.data_vars.items():
        ends = comparison.values[name]
        left = parts.sum("lever") - (ends.isel(scenario=1, drop=True) - ends.isel(scenario=0, drop=True))
        size = float(abs(ends).max())
        worst = max(worst, float(abs(left).max()) / size if size else 0.0)
    return worst


def as_dataset(comparison: Comparison, facts: Mapping[str, str], variables: Mapping[str, Variable]) -> xr.Dataset:
    """Return everything about a comparison as it is written to disk, for every member.

    For each indicator or target: its value (dim ``scenario``), and per ``lever`` the contribution to the difference,
    its error from sampling orders, the effect of the lever alone, and that of the lever added last.
    """
    parts = {
        "{}": (comparison.values, "{}"),
        "contribution to {}": (comparison.contributions, "Shapley's value: part of the difference of {}"),
        "sampling error of contribution to {}": (
            comparison.sampling_error,
            "standard error, from sampling orders, of the contribution to {}",
        ),
        "effect alone on {}": (comparison.alone, "effect of changing this lever only on {}"),
        "effect last on {}": (comparison.last, "effect of changing this lever after all others on {}"),
    }
    arrays: dict[str, xr.DataArray] = {}
    for label, (data, description) in parts.items():
        for name, array in data.data_vars.items():
            known = variables.get(str(name))
            meaning = (known.meaning if known else "") or str(name)
            attributes = {"units": comparison.values[name].attrs["units"], "long_name": description.format(meaning)}
            if known:
                attributes["long_name_zh"] = known.term
            lower = {str(dim): str(dim).lower() for dim in array.dims if str(dim) != str(dim).lower()}
            arrays[label.format(name)] = array.rename(lower).assign_attrs(attributes)
    dataset = xr.Dataset(arrays)
    dataset = dataset.assign_coords(member=range(1, dataset.sizes["member"] + 1))
    dataset["time"].attrs = dict(YEARS)
    zh, en = ([lever_title(name, language, variables) for name in comparison.levers] for language in LANGUAGES)
    dataset = dataset.assign_coords(lever_title=("lever", en), lever_title_zh=("lever", zh))
    method = "all coalitions" if comparison.permutations is None else f"{comparison.permutations} sampled orders"
    dataset.attrs = {
        "Conventions": "CF-1.11",
        "title": f"Difference {comparison.second} - {comparison.first} and the contribution of each lever",
        "method": f"Shapley's value from {method} ({comparison.coalitions} coalitions, each with every member)",
        "largest_residual": residual(comparison),
        **facts,
    }
    return dataset


def _summary(comparison: Comparison, name: str) -> pd.DataFrame:
    parts = comparison.contributions[name]
    ends = comparison.values[name]
    difference = ends.isel(scenario=1, drop=True) - ends.isel(scenario=0, drop=True)
    every = xr.concat([parts, difference.expand_dims(lever=[TOTAL])], dim="lever")
    columns = {"mean": every.mean("member"), "same_sign": _same_sign(every, ends)}
    for level in QUANTILES:
        label = "median" if level == 0.5 else f"p{100 * level:02.0f}"
        columns[label] = every.quantile(level, "member").drop_vars("quantile")
    levers = list(every["lever"].to_numpy())
    columns["sampling_error"] = comparison.sampling_error[name].mean("member").reindex(lever=levers, fill_value=0.0)
    for label, effects in (("alone", comparison.alone), ("last", comparison.last)):
        columns[label] = effects[name].mean("member").reindex(lever=levers)
    subscripts = [str(dim) for dim in parts.dims if dim not in ("lever", "member", "time")]
    leading = [*subscripts, *(["time"] if "time" in parts.dims else []), "lever"]
    ordered = {label: column.transpose(*leading) for label, column in columns.items()}
    table = xr.Dataset(ordered).to_dataframe(dim_order=leading).reset_index()
    table["indicator"] = name
    table["year"] = table["time"] if "time" in table else float(parts.attrs["year"])
    table["element"] = table[subscripts].agg(", ".join, axis=1) if subscripts else ""
    return table[list(COLUMNS)]


def _same_sign(parts: xr.DataArray, ends: xr.DataArray) -> xr.DataArray:
    """Share of members whose part has the sign of the median; rounding is judged beside the indicator's size."""
    rounding = NO_EFFECT * abs(ends).max(["scenario", "member"])
    signs, sign = (np.sign(part.where(abs(part) > rounding, 0.0)) for part in (parts, parts.median("member")))
    same: xr.DataArray = (signs == sign).mean("member")
    return same


def _scenario_step(ends: xr.DataArray, name: str) -> dict[str, Any]:
    values = ends.sel(scenario=name)
    mean = float(values.mean())
    band = {"p05": float(values.quantile(0.05)), "p95": float(values.quantile(0.95))}
    kept = {"same_sign": math.nan, "sampling_error": 0.0, "alone": math.nan}
    return {"step": name, "kind": "scenario", "start": 0.0, "end": mean, "change": mean, **band, **kept}
