"""Contributions of levers as tables: over the members of an ensemble, and step by step from one scenario to another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.comparison.contributions import Comparison
from analysis.outcome.ensembles import QUANTILES

#: An effect smaller than this share of the indicator is rounding, and has no sign.
NO_EFFECT: Final = 1e-12
#: The row of `summary` that all contributions sum to.
TOTAL: Final = "total difference"
#: The columns of `summary`, in order.
COLUMNS: Final = (
    "indicator",
    "element",
    "year",
    "lever",
    "mean",
    "median",
    "p05",
    "p25",
    "p75",
    "p95",
    "same_sign",
    "sampling_error",
    "alone",
    "last",
)


def summary(comparison: Comparison) -> pd.DataFrame:
    """Return the contributions as a table, over the members.

    Parameters
    ----------
    comparison
        As from `compare`.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, one row per indicator, element of its subscripts, year and lever, and one for the `TOTAL`. Means
        sum to the mean of the total; medians and other quantiles need not. ``same_sign`` is the share of members whose
        contribution has the sign of the median (of those without effect, where the median is nil).
        ``sampling_error`` is the mean of the members' standard errors, at least that of the mean as they share
        orders. ``alone`` and ``last`` are means; they differ from ``mean`` as far as levers work through each other.
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
    comparison
        As from `compare`.
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

    Raises
    ------
    KeyError
        If the comparison does not hold the indicator, year or element.
    """
    chosen: dict[str, Any] = dict(element or {}) | ({} if year is None else {"time": year})
    parts = comparison.contributions[indicator].sel(chosen)
    ends = comparison.values[indicator].sel(chosen)
    alone = comparison.alone[indicator].sel(chosen).mean("member")
    error = comparison.sampling_error[indicator].sel(chosen).mean("member")
    order = np.argsort(-np.abs(parts.mean("member").to_numpy()), kind="stable")
    apart = len(order) if most is None or len(order) <= most + 1 else most
    groups = [[place] for place in order[:apart]] + ([list(order[apart:])] if apart < len(order) else [])
    rows = [_scenario_step(ends, comparison.first)]
    level = rows[0]["end"]
    scale = _scale(ends)
    for group in groups:
        part = parts.isel(lever=group).sum("lever")
        change = float(part.mean())
        named = {"step": comparison.levers[group[0]], "kind": "lever"}
        row = named if len(group) == 1 else {"step": str(len(group)), "kind": "others"}
        row |= {"start": level, "end": level + change, "change": change}
        row |= {"p05": float(part.quantile(0.05)), "p95": float(part.quantile(0.95))}
        row |= {"same_sign": float(_same_sign(part, scale)), "sampling_error": float(error.isel(lever=group).sum())}
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


def _summary(comparison: Comparison, name: str) -> pd.DataFrame:
    parts = comparison.contributions[name]
    ends = comparison.values[name]
    difference = ends.isel(scenario=1, drop=True) - ends.isel(scenario=0, drop=True)
    every = xr.concat([parts, difference.expand_dims(lever=[TOTAL])], dim="lever")
    columns = {"mean": every.mean("member"), "same_sign": _same_sign(every, _scale(ends))}
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


def _scale(values: xr.DataArray) -> xr.DataArray:
    """The size of an indicator, beside which rounding is judged."""
    return abs(values).max(["scenario", "member"])


def _same_sign(parts: xr.DataArray, scale: xr.DataArray) -> xr.DataArray:
    middle = parts.median("member")
    signs, sign = (np.sign(values.where(abs(values) > NO_EFFECT * scale, 0.0)) for values in (parts, middle))
    same: xr.DataArray = (signs == sign).mean("member")
    return same


def _scenario_step(ends: xr.DataArray, name: str) -> dict[str, Any]:
    values = ends.sel(scenario=name)
    mean = float(values.mean())
    band = {"p05": float(values.quantile(0.05)), "p95": float(values.quantile(0.95))}
    kept = {"same_sign": math.nan, "sampling_error": 0.0, "alone": math.nan}
    return {"step": name, "kind": "scenario", "start": 0.0, "end": mean, "change": mean, **band, **kept}
