"""What each changed lever contributes to the difference of two scenarios, by Shapley's value.

The players are the constants that two scenarios set differently. A coalition is the first scenario with the settings of
some of these constants taken from the second; its worth is what the model then computes. A lever's contribution is what
it adds on joining, averaged over all orders in which the levers can join, so that effects that need several levers
are shared among these, and all contributions sum to the difference; `analysis.comparison.shapley` has the method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from analysis.comparison.request import ComparisonError
from analysis.comparison.shapley import Masks, antithetic_orders, masks_needed, sampled_shapley, shapley
from model.engine import CompiledModel
from model.engine.pysd_model import ReferenceModel
from scenarios import Scenario, Target, is_reached
from scenarios.start import Setting, as_array

#: With more changed levers than this, orders are sampled: each further lever doubles the runs.
EXACT_UP_TO: Final = 12
#: Orders that are sampled, half of them the others backwards.
PERMUTATIONS: Final = 64
#: Runs of the model per call.
BATCH: Final = 512
SEED: Final = 2020


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
    #: Standard error of each member's contributions from sampling orders; zero where all coalitions were run.
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
    first, second
        The difference is the second minus the first.
    members
        Parameter sets of an ensemble, dim ``member``, as `Scenario.settings` takes them; None for the model's own.
    years
        Saved times at which they are compared.
    targets
        Modelled targets whose probability of being reached in time is traced too.
    exact_up_to
        Run all coalitions of up to so many levers; sample orders of more.
    permutations
        Orders to sample, an even number: every second one is the one before it backwards.

    Raises
    ------
    ComparisonError
        If the scenarios set everything alike, a year is not among the saved times, a target is not modelled, or too
        few orders are asked for.
    ChangeError
        If an indicator is not a variable of the model.
    """
    choices = _choices(model, first, second, members)
    levers = tuple(choices)
    problems = [f"{target.id} is not modelled." for target in targets if not target.modelled]
    exact = len(levers) <= exact_up_to
    problems += _not_traced(first, second, len(levers), None if exact else permutations)
    if not indicators and not targets:
        problems.append("No indicator and no target was asked for.")
    if problems:
        raise ComparisonError("\n".join(problems))
    orders = None if exact else antithetic_orders(len(levers), permutations, seed)
    masks = np.arange(2 ** len(levers)) if orders is None else masks_needed(orders)
    same = {name: value for name, value in first.settings(members).items() if name not in choices}
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
    alone = _less(worth.sel(coalition=ones).drop_vars("coalition"), nobody)
    last = _less(all_, worth.sel(coalition=everyone - ones).drop_vars("coalition"))
    return Comparison(
        first=first.name,
        second=second.name,
        levers=levers,
        values=xr.concat([nobody, all_], dim="scenario").assign_coords(scenario=[first.name, second.name]),
        contributions=contributions,
        sampling_error=error,
        alone=alone,
        last=last,
        permutations=None if orders is None else len(orders),
        coalitions=len(masks),
    )


def runs_per_member(
    model: CompiledModel | ReferenceModel,
    first: Scenario,
    second: Scenario,
    members: xr.Dataset | None,
    *,
    exact_up_to: int = EXACT_UP_TO,
    permutations: int = PERMUTATIONS,
    seed: int = SEED,
) -> int:
    """Return the coalitions that `compare` would run with every member, arguments as there."""
    levers = len(_choices(model, first, second, members))
    exact = levers <= exact_up_to
    if problems := _not_traced(first, second, levers, None if exact else permutations):
        raise ComparisonError("\n".join(problems))
    if exact:
        return int(2**levers)
    return len(masks_needed(antithetic_orders(levers, permutations, seed)))


def seconds_per_run(
    model: CompiledModel | ReferenceModel,
    first: Scenario,
    second: Scenario,
    members: xr.Dataset,
    indicators: Sequence[str],
    years: Sequence[float],
    *,
    targets: Sequence[Target] = (),
    batch: int = BATCH,
) -> float:
    """Return how long a run of `compare` takes at this moment, by one batch of them; arguments as there.

    The batch before it, in which the model's code is loaded, does not count.
    """
    choices = _choices(model, first, second, members)
    same = {name: value for name, value in first.settings(members).items() if name not in choices}
    question = _Question(model, choices, same, members.sizes["member"])
    masks = np.arange(min(2 ** len(choices), max(1, batch // question.members)))
    wanted, began = _Wanted(tuple(indicators), tuple(map(float, years)), tuple(targets)), 0.0
    for _ in range(2):
        began = perf_counter()
        _worth(question, masks, wanted, batch, lambda _done, _of: None)
    return (perf_counter() - began) / (len(masks) * question.members)


def _not_traced(first: Scenario, second: Scenario, levers: int, orders: int | None) -> list[str]:
    """Why so many levers cannot be traced by so many sampled orders, or by all coalitions where orders is None."""
    problems = []
    if not levers:
        problems.append(f"{first.name} and {second.name} set every constant alike; there is nothing to trace.")
    if orders is not None and (orders < 4 or orders % 2):
        problems.append(f"{orders} orders were asked for; an even number of at least 4 is needed.")
    return problems


@dataclass(frozen=True)
class _Question:
    """A model, the levers with their values in both scenarios, all that is the same in both, and how many members."""

    model: CompiledModel | ReferenceModel
    choices: Mapping[str, xr.DataArray]
    same: Mapping[str, Setting]
    members: int

    def settings(self, masks: Masks, members: Masks) -> dict[str, Any]:
        """The settings of one run for each coalition and member given."""
        runs = {"member": xr.DataArray(members, dims="run")}
        settings: dict[str, Any] = {
            name: value.rename(run="member").isel(runs)
            if isinstance(value, xr.DataArray) and "run" in value.dims
            else value
            for name, value in self.same.items()
        }
        for bit, (name, pair) in enumerate(self.choices.items()):
            chosen = {"chosen": xr.DataArray(masks >> bit & 1, dims="run")}
            settings[name] = pair.isel(chosen | runs if "member" in pair.dims else chosen)
        return settings


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
    def every_year(self) -> list[float]:
        return [*(self.years if self.indicators else ()), *(float(target.year) for target in self.targets)]

    def check(self, times: npt.NDArray[np.float64]) -> None:
        """Refuse years that are not saved."""
        missing = sorted({f"{year:g}" for year in self.every_year if year not in times})
        if missing or (self.indicators and not self.years):
            message = f"Not among the saved times {times[0]:g} to {times[-1]:g}: {', '.join(missing) or 'no year'}."
            raise ComparisonError(message)

    def read(self, run: xr.Dataset) -> xr.Dataset:
        results = {name: run[name].sel(time=list(self.years)) for name in self.indicators}
        for target in self.targets:
            reached = is_reached(target.margin(run[target.variable].sel(time=target.year, drop=True)))
            attributes = {"units": "probability", "year": target.year}
            results[target.id] = reached.astype(float).assign_attrs(attributes)
        return xr.Dataset(results)


def _worth(
    question: _Question, masks: Masks, wanted: _Wanted, batch: int, progress: Callable[[int, int], None]
) -> xr.Dataset:
    """What every coalition comes to, dims ``coalition, member`` and those of each indicator."""
    runs = len(masks) * question.members
    parts = []
    for begin in range(0, runs, batch):
        numbers = np.arange(begin, min(begin + batch, runs))
        settings = question.settings(masks[numbers // question.members], numbers % question.members)
        run = question.model.run(settings, outputs=wanted.outputs, final_time=max(wanted.every_year))
        if not begin:
            wanted.check(run["time"].to_numpy())
        parts.append(wanted.read(run).drop_vars("run", errors="ignore"))
        progress(min(begin + batch, runs), runs)
    every = xr.concat(parts, dim="run")
    index = pd.MultiIndex.from_product([masks, range(question.members)], names=["coalition", "member"])
    labelled = every.assign_coords(xr.Coordinates.from_pandas_multiindex(index, "run")).unstack("run")
    return labelled.transpose("coalition", "member", ...)


def _less(after: xr.Dataset, before: xr.Dataset) -> xr.Dataset:
    """The difference, with the units of what it is a difference of."""
    change = after - before
    return change.assign({name: change[name].assign_attrs(before[name].attrs) for name in before.data_vars})


def _choices(
    model: CompiledModel | ReferenceModel, first: Scenario, second: Scenario, members: xr.Dataset | None
) -> dict[str, xr.DataArray]:
    """The constants that two scenarios set differently, with both values."""
    settings = first.settings(members), second.settings(members)
    changed = dict.fromkeys(change.constant for scenario in (second, first) for change in scenario.changes)
    pairs = {name: _pair(model, name, *settings) for name in changed}
    return {name: pair for name, pair in pairs.items() if _differ(pair)}


def _pair(model: CompiledModel | ReferenceModel, name: str, *settings: Mapping[str, Setting]) -> xr.DataArray:
    """A constant's values in two scenarios, along a dim ``chosen``."""
    row = model.variables.loc[name]
    dims = tuple(row["dims"])
    default = xr.DataArray(np.asarray(row["default"], dtype=float), dims=dims)
    pair = [as_array(scenario.get(name, default)).astype(float) for scenario in settings]
    knots = np.unique([time for array in pair if "time" in array.dims for time in array["time"].to_numpy()])
    gridded = [_on_grid(array, knots.astype(float)) for array in pair]
    # The order of elements is the model's; labels that only one of the two carries would not be matched.
    bare = [array.drop_vars([dim for dim in dims if dim in array.coords]) for array in gridded]
    both = xr.concat(xr.broadcast(*bare), dim="chosen")
    return both.rename(run="member") if "run" in both.dims else both


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
