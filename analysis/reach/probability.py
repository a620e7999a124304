"""How likely each target is to be reached in time, by what margin, when, and what that rests on.

A probability is the share of members of an ensemble, so it is conditional on the model, the priors and unchanged
policies; where the discrepancy between model and record has been judged, a second probability includes it. A member
that does not reach a target by the last saved time is not left out: all that is known is that the year lies later (it
is censored). `analysis.outcome.shares` has the intervals.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from analysis.outcome.discrepancies import Discrepancy, probability_with
from analysis.outcome.ensembles import MEMBER_DIMS, QUANTILES, by_member
from analysis.outcome.shares import SHARE_COLUMNS, Share, share_columns
from analysis.outcome.targets import first_year_reached, middle_year
from analysis.reach.drivers import Screen
from model.engine.errors import UserError
from scenarios import Target, is_reached

#: What no published source gives of 2020, and every answer about registration rests on.
UNKNOWN_OF_2020: Final = ("REGISTERED URBAN SHARE 2020", "UNREGISTERED RESIDENTS 2020")
#: The lower, middle and upper third of the members by a parameter.
GROUPS: Final = 3

_WHOSE: Final = ("target", "scenario")
_SHARE: Final = ("reached", *SHARE_COLUMNS)
SUMMARY_COLUMNS: Final = (
    *(*_WHOSE, "year", "threshold", "unit", "members", *_SHARE),
    *("probability_with_discrepancy", "probability_with_discrepancy_se"),
    *(f"margin_{level}" for level in ("p05", "p25", "median", "p75", "p95")),
    *("year_reached_median", "reached_by_last_year", "last_year", "reached_then_lost"),
)
CURVE_COLUMNS: Final = (*_WHOSE, "year", "first_reached", "not_yet", "not_yet_se", "low", "high")
CONDITION_COLUMNS: Final = (*_WHOSE, "parameter", "group", "lowest", "highest", "members", *_SHARE, "margin_median")
CONTRAST_COLUMNS: Final = (*_WHOSE, "parameter", "difference", "difference_se", "margin_difference", "rank_correlation")

Values = npt.NDArray[np.float64]


class ReachError(UserError):
    """It cannot be said how likely targets are to be reached; the message lists every reason."""


@dataclass(frozen=True)
class Reach:
    """The answer by modelled target and scenario; margins are in the plan's unit, positive when better than needed."""

    #: `SUMMARY_COLUMNS`; ``year_reached_median`` is empty where fewer than half of the members get there,
    #: ``probability_with_discrepancy`` where the discrepancy of the target's variable is not known.
    summary: pd.DataFrame
    #: `CURVE_COLUMNS`, one row per saved time: the share of members that have not reached the target by then.
    curves: pd.DataFrame
    #: `CONDITION_COLUMNS`, one row per parameter and third of the members.
    conditions: pd.DataFrame
    #: `CONTRAST_COLUMNS`: the upper third of a parameter less the lower one; ``rank_correlation`` is with the margin.
    contrasts: pd.DataFrame


def reach(
    targets: Iterable[Target],
    runs: Mapping[str, xr.Dataset],
    members: xr.Dataset,
    *,
    parameters: Sequence[str] = UNKNOWN_OF_2020,
    further: int = 0,
    set_by_scenario: Mapping[str, Collection[str]] | None = None,
    spreads: Mapping[str, Mapping[int, Discrepancy]] | None = None,
) -> Reach:
    """Judge every scenario by every modelled target over an ensemble.

    Parameters
    ----------
    targets
        Of the plan; those that are not modelled are passed over.
    runs
        Results by scenario: the targets' variables with dims ``time`` and ``member`` or ``run``.
    members
        The parameter sets of these runs, dim ``member``, in the same order.
    parameters
        Constants by which members are grouped; one with subscripts is taken element by element.
    further
        Number of further parameters: those whose rank correlation with a target's margin is largest.
    set_by_scenario
        Names of constants that a scenario sets itself, by its name; members are not grouped by these there.
    spreads
        By target variable and year: how far published values stray from modelled ones.

    Returns
    -------
    Reach
        Four tables.

    Raises
    ------
    ReachError
        If a result lacks a target's variable or year, holds values that are not finite, or has another number of
        members; if a parameter is not among those of the members, or all members share its value.

    Examples
    --------
    >>> goal = Target("t", {}, "1.4", "core", 2025, 78.5, "at least", "percent", "rate", 0.01)
    >>> run = xr.Dataset({"rate": (("member", "time"), [[0.77], [0.78], [0.79], [0.80]])}, coords={"time": [2025.0]})
    >>> drawn = xr.Dataset({"BIRTHS": ("member", [1.0, 2.0, 3.0, 4.0])})
    >>> reach([goal], {"plan": run}, drawn, parameters=["BIRTHS"]).summary["probability"].item()
    0.5
    """
    modelled = [target for target in targets if target.modelled]
    columns, problems = _parameters(members, parameters)
    problems += [
        problem
        for name, run in runs.items()
        for target in modelled
        for problem in _problems(target, name, run, members.sizes["member"])
    ]
    if problems:
        raise ReachError("\n".join(dict.fromkeys(problems)))
    every = (_parameters(members, [str(name) for name in members.data_vars])[0] if further else {}) | columns
    screen, set_here, known = Screen.of(every), set_by_scenario or {}, spreads or {}
    summary: list[dict[str, object]] = []
    curves: list[pd.DataFrame] = []
    conditions: list[dict[str, object]] = []
    contrasts: list[dict[str, object]] = []
    for target in modelled:
        for name, run in runs.items():
            series = by_member(run[target.variable]).transpose("member", "time")
            label: dict[str, Any] = {"target": target.id, "scenario": name}
            summary.append(label | _summary(target, series, known.get(str(target.variable), {}).get(target.year)))
            curves.append(not_yet_reached(target, series).assign(**label))
            margin = target.margin(series.sel(time=target.year)).to_numpy()
            correlations = screen.correlations(margin)
            free = [each for each in screen.names if each.split("[")[0] not in set_here.get(name, ())]
            named = [each for each in free if each in columns]
            more = screen.strongest(correlations, further, among=[each for each in free if each not in columns])
            for parameter in [*named, *more]:
                groups = _groups(margin, every[parameter])
                conditions += [label | {"parameter": parameter} | group for group in groups]
                contrast = _contrast(groups) | {"rank_correlation": correlations[parameter]}
                contrasts.append(label | {"parameter": parameter} | contrast)
    return Reach(
        summary=pd.DataFrame(summary, columns=list(SUMMARY_COLUMNS)),
        curves=pd.concat(curves, ignore_index=True)[list(CURVE_COLUMNS)]
        if curves
        else pd.DataFrame(columns=list(CURVE_COLUMNS)),
        conditions=pd.DataFrame(conditions, columns=list(CONDITION_COLUMNS)),
        contrasts=pd.DataFrame(contrasts, columns=list(CONTRAST_COLUMNS)),
    )


def not_yet_reached(target: Target, series: xr.DataArray) -> pd.DataFrame:
    """Return by saved time how many members first reach a target, and the share that has not, with error and interval.

    All members are followed to the same last time, so this is the product-limit estimate of Kaplan and Meier (1958),
    and its standard error (Greenwood's) is that of a share. Reaching it once counts, whatever follows.

    Examples
    --------
    >>> goal = Target("t", {}, "1.4", "core", 2025, 78.5, "at least", "percent", "rate", 0.01)
    >>> rate = xr.DataArray([[0.7, 0.79], [0.7, 0.7]], dims=("member", "time"), coords={"time": [2020.0, 2025.0]})
    >>> not_yet_reached(goal, rate)["not_yet"].tolist()
    [1.0, 0.5]
    """
    first = first_year_reached(target, series).fillna(np.inf)
    years, count = series["time"].to_numpy().astype(float), by_member(series).sizes["member"]
    reached = np.array([int((first == year).sum()) for year in years])
    left = count - np.cumsum(reached)
    table = pd.DataFrame(share_columns(left, count))
    table.columns = pd.Index(["not_yet", "not_yet_se", "low", "high"])
    table.insert(0, "year", years)
    table.insert(1, "first_reached", reached)
    return table


def _summary(target: Target, series: xr.DataArray, stray: Discrepancy | None) -> dict[str, object]:
    value = series.sel(time=target.year)
    with_it = (np.nan, np.nan)
    if stray is not None:
        with_it = probability_with(target, value.to_numpy(), stray.spread, stray.mean)
    margin = target.margin(value).to_numpy()
    in_time = is_reached(margin)
    first = first_year_reached(target, series)
    early = (first < target.year).to_numpy()
    curve = not_yet_reached(target, series)
    quantiles = {
        "margin_median" if level == 0.5 else f"margin_p{100 * level:02.0f}": float(np.quantile(margin, level))
        for level in QUANTILES
    }
    return {
        "year": target.year,
        "threshold": target.threshold,
        "unit": target.unit,
        "members": len(margin),
        "reached": int(in_time.sum()),
        **Share(int(in_time.sum()), len(margin)).columns(),
        **dict(zip(("probability_with_discrepancy", "probability_with_discrepancy_se"), with_it, strict=True)),
        **quantiles,
        "year_reached_median": middle_year(first),
        "reached_by_last_year": 1.0 - float(curve["not_yet"].iloc[-1]),
        "last_year": float(curve["year"].iloc[-1]),
        "reached_then_lost": float((early & ~in_time).mean()),
    }


def _groups(margin: Values, values: Values) -> list[dict[str, Any]]:
    """Probability and margin by third of a parameter; equal values stay in one group."""
    edges = np.quantile(values, np.arange(1, GROUPS) / GROUPS)
    groups = np.searchsorted(edges, values, side="left")
    rows: list[dict[str, Any]] = []
    for group in np.unique(groups):
        inside = groups == group
        reached = int(is_reached(margin[inside]).sum())
        rows.append(
            {
                "group": int(group) + 1,
                "lowest": float(values[inside].min()),
                "highest": float(values[inside].max()),
                "members": int(inside.sum()),
                "reached": reached,
                **Share(reached, int(inside.sum())).columns(),
                "margin_median": float(np.median(margin[inside])),
            }
        )
    return rows


def _contrast(groups: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The highest group less the lowest; the standard error is that of Agresti and Caffo (2000)."""
    low, high = groups[0], groups[-1]
    # One success and one failure more in each group: else the error of two groups without a success would be zero.
    added = [((group["reached"] + 1) / (group["members"] + 2), group["members"] + 2) for group in (low, high)]
    return {
        "difference": high["probability"] - low["probability"],
        "difference_se": float(np.sqrt(sum(p * (1 - p) / n for p, n in added))),
        "margin_difference": high["margin_median"] - low["margin_median"],
    }


def _parameters(members: xr.Dataset, names: Sequence[str]) -> tuple[dict[str, Values], list[str]]:
    """The members' values of each parameter, element by element, and what is wrong with the names."""
    values: dict[str, Values] = {}
    problems = []
    for name in names:
        if name not in members:
            problems.append(f"{name!r} is not among the parameters of the members.")
            continue
        array = members[name]
        dims = [str(dim) for dim in array.dims if dim != "member"]
        if not dims:
            values[name] = array.to_numpy()
            continue
        for index in np.ndindex(*(array.sizes[dim] for dim in dims)):
            cell = array.isel(dict(zip(dims, index, strict=True)))
            element = ", ".join(str(cell[dim].item()) if dim in cell.coords else "" for dim in dims)
            values[f"{name}[{element}]"] = cell.to_numpy()
    problems += [f"All members share the value of {name!r}." for name, each in values.items() if np.ptp(each) == 0.0]
    return values, problems


def _problems(target: Target, name: str, run: xr.Dataset, count: int) -> list[str]:
    if target.variable not in run:
        return [f"The results of {name} lack {target.variable!r}."]
    series = run[target.variable]
    dims = [str(dim) for dim in series.dims if dim in MEMBER_DIMS]
    if len(dims) != 1 or set(series.dims) != {"time", *dims}:
        return [f"{target.variable!r} of {name} has the dims {', '.join(map(str, series.dims))}; wanted: member, time."]
    if series.sizes[dims[0]] != count:
        return [f"The results of {name} are of {series.sizes[dims[0]]} members, the parameters of {count}."]
    problems = []
    if target.year not in series["time"]:
        problems.append(f"The results of {name} are not saved in {target.year}, the year of {target.id}.")
    finite = np.isfinite(series.transpose(dims[0], "time").to_numpy())
    if not finite.all():
        bad = np.flatnonzero(~finite.all(axis=1))
        problems.append(f"{target.variable!r} of {name} is not finite in members {', '.join(map(str, bad[:10]))}.")
    return problems
