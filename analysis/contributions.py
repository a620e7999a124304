"""What each changed lever contributes to the difference of two scenarios, by Shapley's value.

The players are the constants that two scenarios set differently. A coalition is the first scenario with the settings of
some of these constants taken from the second; its worth is what the model then computes. A lever's contribution is what
it adds on joining, averaged over all orders in which the levers can join, so that effects that need several levers
are shared among these, and all contributions sum to the difference. Method: Shapley (1953), A value for n-person games;
sampling over orders: Castro, Gomez and Tejada (2009), Polynomial calculation of the Shapley value based on sampling.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from analysis.ensemble_results import QUANTILES
from analysis.target_table import ROUNDING
from model.engine import CompiledModel
from model.reference import ReferenceModel
from scenarios import Scenario, Target

#: With more changed levers than this, orders are sampled: each further lever doubles the runs.
EXACT_UP_TO: Final = 12
#: Orders that are sampled, half of them the others backwards.
PERMUTATIONS: Final = 64
#: Runs of the model per call.
BATCH: Final = 512
SEED: Final = 2020
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

Masks = npt.NDArray[np.int64]
Orders = npt.NDArray[np.int64]


class ComparisonError(ValueError):
    """Two scenarios cannot be compared as asked; the message lists every reason."""


@dataclass(frozen=True)
class Comparison:
    """The difference of two scenarios and its parts, for each member of an ensemble.

    Every dataset holds one variable per indicator, in the model's unit, with dims ``member, time`` and the indicator's
    subscripts, and one per target asked for, without ``time``: whether it is reached (0 or 1), so that a mean over
    members is a probability.
    """

    first: str
    second: str
    levers: tuple[str, ...]
    #: What both scenarios come to; further dim ``scenario``.
    values: xr.Dataset
    #: Shapley's value of each lever; further dim ``lever``.
    contributions: xr.Dataset
    #: Standard error of each member's contributions from sampling orders; nil where all coalitions were run.
    sampling_error: xr.Dataset
    #: What each lever does when it alone is changed.
    alone: xr.Dataset
    #: What each lever adds when all others are changed already.
    last: xr.Dataset
    #: Sampled orders; None where all coalitions were run.
    permutations: int | None
    #: Coalitions that were run, each with every member.
    coalitions: int


def compare(
    model: CompiledModel | ReferenceModel,
    first: Scenario,
    second: Scenario,
    members: xr.Dataset | None,
    indicators: Sequence[str],
    years: Sequence[float],
    *,
    targets: Sequence[Target] = (),
    exact_up_to: int = EXACT_UP_TO,
    permutations: int = PERMUTATIONS,
    seed: int = SEED,
    batch: int = BATCH,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Trace the difference of two scenarios to the levers that they set differently.

    Parameters
    ----------
    model
        The city model.
    first, second
        The difference is the second minus the first.
    members
        Parameter sets of an ensemble, dim ``member``, as `Scenario.settings` takes them; None for the model's own.
    indicators
        Variables of the model.
    years
        Saved times at which they are compared.
    targets
        Modelled targets whose probability of being reached in time is traced too.
    exact_up_to
        Run all coalitions of up to so many levers; sample orders of more.
    permutations
        Orders to sample, an even number: every second one is the one before it backwards.
    seed
        Of the sampled orders.
    batch
        Runs per call of the model.
    progress
        Told the number of finished runs and of all.

    Returns
    -------
    Comparison
        The same members in the same order as given.

    Raises
    ------
    ComparisonError
        If the scenarios set everything alike, a year is not among the saved times, a target is not modelled, or too
        few orders are asked for.
    ChangeError
        If an indicator is not a variable of the model.

    Examples
    --------
    >>> compare(city, baseline, plan, read_members(50), ["residents"], [2025, 2035])  # doctest: +SKIP
    """
    settings = first.settings(members), second.settings(members)
    changed = dict.fromkeys(change.constant for scenario in (second, first) for change in scenario.changes)
    pairs = {name: _pair(model, name, *settings) for name in changed}
    choices = {name: pair for name, pair in pairs.items() if _differ(pair)}
    levers = tuple(choices)
    problems = [f"{target.id} is not modelled." for target in targets if not target.modelled]
    if not levers:
        problems.append(f"{first.name} and {second.name} set every constant alike; there is nothing to trace.")
    exact = len(levers) <= exact_up_to
    if not exact and (permutations < 4 or permutations % 2):
        problems.append(f"{permutations} orders were asked for; an even number of at least 4 is needed.")
    if not indicators and not targets:
        problems.append("No indicator and no target was asked for.")
    if problems:
        raise ComparisonError("\n".join(problems))
    orders = None if exact else antithetic_orders(len(levers), permutations, seed)
    masks = np.arange(2 ** len(levers)) if orders is None else masks_needed(orders)
    same = {name: value for name, value in settings[0].items() if name not in choices}
    worth = _worth(
        _Question(model, choices, same, 1 if members is None else members.sizes["member"]),
        masks,
        _Wanted(tuple(indicators), tuple(map(float, years)), tuple(targets)),
        batch,
        progress or (lambda _done, _of: None),
    )
    contributions, error = shapley(worth, levers) if orders is None else sampled_shapley(worth, levers, orders)
    everyone = 2 ** len(levers) - 1
    ones = xr.DataArray([1 << i for i in range(len(levers))], dims="lever", coords={"lever": list(levers)})
    nobody, all_ = worth.sel(coalition=0, drop=True), worth.sel(coalition=everyone, drop=True)
    alone = worth.sel(coalition=ones).drop_vars("coalition") - nobody
    last = all_ - worth.sel(coalition=everyone - ones).drop_vars("coalition")
    return Comparison(
        first=first.name,
        second=second.name,
        levers=levers,
        values=xr.concat([nobody, all_], dim="scenario").assign_coords(scenario=[first.name, second.name]),
        contributions=contributions,
        sampling_error=error,
        alone=_described(alone, worth),
        last=_described(last, worth),
        permutations=None if orders is None else len(orders),
        coalitions=len(masks),
    )


def shapley(worth: xr.Dataset, levers: Sequence[str]) -> tuple[xr.Dataset, xr.Dataset]:
    """Return Shapley's values of all players, and a standard error of nil.

    Parameters
    ----------
    worth
        Of every coalition; dim ``coalition`` labelled with a number whose bit i says whether player i takes part.
    levers
        Names of the players, in the order of the bits.

    Returns
    -------
    tuple of xarray.Dataset
        Dim ``lever`` instead of ``coalition``.

    Raises
    ------
    KeyError
        If a coalition is missing.

    Examples
    --------
    >>> left_and_right_glove = xr.Dataset({"pairs": ("coalition", [0.0, 0, 0, 1])}, coords={"coalition": range(4)})
    >>> shapley(left_and_right_glove, ["left", "right"])[0]["pairs"].values
    array([0.5, 0.5])
    """
    count = len(levers)
    sizes = np.array([math.factorial(size) * math.factorial(count - size - 1) for size in range(count)], dtype=float)
    by_size = sizes / math.factorial(count)
    parts = []
    for player in range(count):
        without = np.array([mask for mask in range(2**count) if not mask >> player & 1])
        weights = xr.DataArray(by_size[[int(mask).bit_count() for mask in without]], dims="coalition")
        # Summed difference by difference, so that a lever without effect gets exactly nothing.
        parts.append((_added(worth, without, player) * weights).sum("coalition"))
    found = _by_lever(parts, levers, worth)
    return found, xr.zeros_like(found)


def sampled_shapley(worth: xr.Dataset, levers: Sequence[str], orders: Orders) -> tuple[xr.Dataset, xr.Dataset]:
    """Return estimates of Shapley's values from sampled orders, and their standard errors.

    Parameters
    ----------
    worth
        As for `shapley`, of the coalitions in `masks_needed`.
    levers
        Names of the players, in the order of the bits.
    orders
        As from `antithetic_orders`.

    Returns
    -------
    tuple of xarray.Dataset
        Dim ``lever`` instead of ``coalition``. The estimates sum to the worth of all, as the gains of each order
        do. The errors are those of the means of pairs of orders.

    Raises
    ------
    KeyError
        If a coalition is missing.

    Examples
    --------
    >>> orders = antithetic_orders(2, 4, seed=1)
    >>> gloves = xr.Dataset({"pairs": ("coalition", [0.0, 0, 0, 1])}, coords={"coalition": range(4)})
    >>> sampled_shapley(gloves, ["left", "right"], orders)[0]["pairs"].values
    array([0.5, 0.5])
    """
    before = _masks_before(orders)
    means, errors = [], []
    for player in range(len(levers)):
        added = _added(worth, before[orders == player], player)
        pairs = (added.isel(coalition=slice(0, None, 2)) + added.isel(coalition=slice(1, None, 2))) / 2
        means.append(pairs.mean("coalition"))
        errors.append(pairs.std("coalition", ddof=1) / math.sqrt(len(orders) // 2))
    return _by_lever(means, levers, worth), _by_lever(errors, levers, worth)


def antithetic_orders(players: int, count: int, seed: int) -> Orders:
    """Return random orders of the players, each followed by itself backwards.

    Parameters
    ----------
    players, count
        Number of players and of orders.
    seed
        Of the random numbers.

    Returns
    -------
    numpy.ndarray
        Axes order and place, holding the numbers of the players.

    Examples
    --------
    >>> antithetic_orders(3, 2, seed=1).sum(axis=0)
    array([2, 2, 2])
    """
    random = np.random.default_rng(seed)
    drawn = random.permuted(np.tile(np.arange(players), (count // 2, 1)), axis=1)
    return np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(-1, players)


def masks_needed(orders: Orders) -> Masks:
    """Return the coalitions that orders pass through, with those of one player and of all but one.

    Examples
    --------
    >>> masks_needed(np.array([[0, 1, 2]]))
    array([0, 1, 2, 3, 4, 5, 6, 7])
    """
    players = orders.shape[1]
    everyone = 2**players - 1
    ones = 1 << np.arange(players)
    return np.unique(np.concatenate([_masks_before(orders).ravel(), ones, everyone - ones, [everyone]]))


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

    Examples
    --------
    >>> summary(comparison).query("lever == 'TALENT ARRIVALS'")  # doctest: +SKIP
    """
    tables = [_summary(comparison, str(name)) for name in comparison.contributions.data_vars]
    return pd.concat(tables, ignore_index=True)


def waterfall(
    comparison: Comparison, indicator: str, year: float | None = None, element: Mapping[str, str] | None = None
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

    Returns
    -------
    pandas.DataFrame
        ``step, kind, start, end, change, p05, p95, same_sign, sampling_error``: first the first scenario, then the
        levers from the largest effect to the smallest, last the second scenario; ``kind`` is "scenario" or "lever".
        Means over members, as only these sum; ``p05`` and ``p95`` are of the change, or of a scenario's value.

    Raises
    ------
    KeyError
        If the comparison does not hold the indicator, year or element.

    Examples
    --------
    >>> waterfall(comparison, "residents", 2035)[["step", "change"]]  # doctest: +SKIP
    """
    chosen: dict[str, Any] = dict(element or {}) | ({} if year is None else {"time": year})
    parts = comparison.contributions[indicator].sel(chosen)
    ends = comparison.values[indicator].sel(chosen)
    error = comparison.sampling_error[indicator].sel(chosen).mean("member")
    over = parts.mean("member")
    order = np.argsort(-np.abs(over.to_numpy()), kind="stable")
    rows = [_scenario_step(ends, comparison.first)]
    level = rows[0]["end"]
    scale = _scale(ends)
    for name in (comparison.levers[place] for place in order):
        part, change = parts.sel(lever=name), float(over.sel(lever=name))
        row = {"step": name, "kind": "lever", "start": level, "end": level + change, "change": change}
        row |= {"p05": float(part.quantile(0.05)), "p95": float(part.quantile(0.95))}
        row |= {"same_sign": float(_same_sign(part, scale)), "sampling_error": float(error.sel(lever=name))}
        rows.append(row)
        level += change
    return pd.DataFrame([*rows, _scenario_step(ends, comparison.second)])


@dataclass(frozen=True)
class _Question:
    """A model, the levers with their values in both scenarios, all that is the same in both, and how many members."""

    model: CompiledModel | ReferenceModel
    choices: Mapping[str, xr.DataArray]
    same: Mapping[str, float | pd.Series | xr.DataArray]
    members: int

    def settings(self, masks: Masks, members: Masks) -> dict[str, Any]:
        """The settings of one run for each coalition and member given."""
        runs = {"member": xr.DataArray(members, dims="run")}
        found: dict[str, Any] = {}
        for name, value in self.same.items():
            if isinstance(value, xr.DataArray) and "run" in value.dims:
                found[name] = value.rename({"run": "member"}).isel(runs)
            else:
                found[name] = value
        for place, (name, pair) in enumerate(self.choices.items()):
            chosen = {"chosen": xr.DataArray(masks >> place & 1, dims="run")}
            found[name] = pair.isel(chosen | runs if "member" in pair.dims else chosen)
        return found


@dataclass(frozen=True)
class _Wanted:
    """What is read from a run."""

    indicators: tuple[str, ...]
    years: tuple[float, ...]
    targets: tuple[Target, ...]

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.indicators, *(str(target.variable) for target in self.targets)]))

    @property
    def last_year(self) -> float:
        return max([*(self.years if self.indicators else ()), *(float(target.year) for target in self.targets)])

    def check(self, times: npt.NDArray[np.float64]) -> None:
        """Refuse years that are not saved."""
        asked = [*(self.years if self.indicators else ()), *(float(target.year) for target in self.targets)]
        missing = sorted({f"{year:g}" for year in asked if year not in times})
        if missing or (self.indicators and not self.years):
            message = f"Not among the saved times {times[0]:g} to {times[-1]:g}: {', '.join(missing) or 'no year'}."
            raise ComparisonError(message)

    def read(self, run: xr.Dataset) -> xr.Dataset:
        found = {name: run[name].sel(time=list(self.years)) for name in self.indicators}
        for target in self.targets:
            reached = target.margin(run[target.variable].sel(time=target.year, drop=True)) >= -ROUNDING
            attributes = {"units": "probability", "year": target.year}
            found[target.id] = reached.astype(float).assign_attrs(attributes)
        return xr.Dataset(found)


def _worth(
    question: _Question, masks: Masks, wanted: _Wanted, batch: int, progress: Callable[[int, int], None]
) -> xr.Dataset:
    """What every coalition comes to, dims ``coalition, member`` and those of each indicator."""
    runs = len(masks) * question.members
    parts = []
    for begin in range(0, runs, batch):
        numbers = np.arange(begin, min(begin + batch, runs))
        settings = question.settings(masks[numbers // question.members], numbers % question.members)
        run = question.model.run(settings, outputs=wanted.outputs, final_time=wanted.last_year)
        if not begin:
            wanted.check(run["time"].to_numpy())
        parts.append(wanted.read(run).drop_vars("run", errors="ignore"))
        progress(min(begin + batch, runs), runs)
    every = xr.concat(parts, dim="run")
    index = pd.MultiIndex.from_product([masks, range(question.members)], names=["coalition", "member"])
    labelled = every.assign_coords(xr.Coordinates.from_pandas_multiindex(index, "run")).unstack("run")
    return labelled.transpose("coalition", "member", ...)


def _pair(
    model: CompiledModel | ReferenceModel, name: str, *settings: Mapping[str, float | pd.Series | xr.DataArray]
) -> xr.DataArray:
    """A constant's values in two scenarios, along a dim ``chosen``."""
    row = model.variables.loc[name]
    dims = tuple(row["dims"])
    default = xr.DataArray(np.asarray(row["default"], dtype=float), dims=dims)
    pair = [_as_array(scenario.get(name, default)) for scenario in settings]
    knots = np.unique([time for array in pair if "time" in array.dims for time in array["time"].to_numpy()])
    gridded = [_on_grid(array, knots.astype(float)) for array in pair]
    # The order of elements is the model's; labels that only one of the two carries would not be matched.
    bare = [array.drop_vars([dim for dim in dims if dim in array.coords]) for array in gridded]
    both = xr.concat(xr.broadcast(*bare), dim="chosen")
    return both.rename(run="member") if "run" in both.dims else both


def _as_array(value: float | pd.Series | xr.DataArray) -> xr.DataArray:
    if isinstance(value, xr.DataArray):
        return value.astype(float)
    if isinstance(value, pd.Series):
        return xr.DataArray(
            value.to_numpy(dtype=float), dims="time", coords={"time": value.index.to_numpy(dtype=float)}
        )
    return xr.DataArray(float(value))


def _on_grid(array: xr.DataArray, knots: npt.NDArray[np.float64]) -> xr.DataArray:
    """Read a path at other times, as the model does: linear in between, held at the ends."""
    if "time" not in array.dims:
        return array
    own = array["time"].to_numpy().astype(float)
    read = np.apply_along_axis(lambda path: np.interp(knots, own, path), array.get_axis_num("time"), array.to_numpy())
    other = {name: coord for name, coord in array.coords.items() if name != "time"}
    return xr.DataArray(read, dims=array.dims, coords={**other, "time": knots})


def _differ(pair: xr.DataArray) -> bool:
    return bool((pair.isel(chosen=0) != pair.isel(chosen=1)).any())


def _masks_before(orders: Orders) -> Masks:
    """The coalition that each player of each order joins."""
    bits = np.int64(1) << orders
    return np.asarray(np.cumsum(bits, axis=1) - bits)


def _added(worth: xr.Dataset, masks: Masks, player: int) -> xr.Dataset:
    """What a player adds to each of the coalitions given."""
    joined = worth.sel(coalition=masks | (1 << player)).drop_vars("coalition")
    return joined - worth.sel(coalition=masks).drop_vars("coalition")


def _by_lever(parts: Iterable[xr.Dataset], levers: Sequence[str], worth: xr.Dataset) -> xr.Dataset:
    return _described(xr.concat(list(parts), dim="lever").assign_coords(lever=list(levers)), worth)


def _described(effects: xr.Dataset, worth: xr.Dataset) -> xr.Dataset:
    for name, array in effects.data_vars.items():
        array.attrs = dict(worth[name].attrs)
    return effects


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
    kept = {"same_sign": math.nan, "sampling_error": 0.0}
    return {"step": name, "kind": "scenario", "start": 0.0, "end": mean, "change": mean, **band, **kept}
