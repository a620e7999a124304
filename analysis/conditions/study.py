"""One study of conditions: futures of a scenario, run, judged by targets and searched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from analysis.conditions.discovery import BOOTSTRAPS, Condition, find_condition, held_out
from analysis.outcome import files as result_files
from analysis.outcome.futures import FuturesError, Input, Runnable, inputs, judge, lever_draws, settings
from model.definition import Variable
from scenarios import Lever, Scenario, Target, is_reached

#: With fewer, neither half has enough futures of either kind.
FEWEST_FUTURES: Final = 40
#: Of all random numbers, unless another is asked for.
SEED: Final = 2035


@dataclass(frozen=True)
class Study:
    """What was searched and what was found.

    Attributes
    ----------
    scenario
        Whose futures these are.
    targets, found
        Targets and conditions by id of the target.
    margin
        Dims ``target`` and ``future``, in each plan's unit.
    values, inputs
        What differs between futures, and what each column is.
    member, judges
        The place of each future's member, and whether it is held out.
    facts
        Manifest.
    """

    scenario: Scenario
    targets: Mapping[str, Target]
    found: Mapping[str, Condition]
    margin: xr.DataArray
    values: pd.DataFrame
    inputs: Mapping[str, Input]
    member: npt.NDArray[np.int_]
    judges: npt.NDArray[np.bool_]
    facts: Mapping[str, str]

    @property
    def with_levers(self) -> bool:
        """Whether levers were drawn."""
        return any(known.lever for known in self.inputs.values())

    @property
    def name(self) -> str:
        """How its files are called."""
        return name_of(self.scenario, with_levers=self.with_levers)


def name_of(scenario: Scenario, *, with_levers: bool) -> str:
    """Return how the files of a study are called."""
    return f"{'lever_' if with_levers else ''}conditions_{scenario.name}"


def check_size(members: xr.Dataset, count: int | None) -> int:
    """Return how many futures are searched and judged; arguments as for `study`.

    Raises
    ------
    FuturesError
        If there are fewer than `FEWEST_FUTURES`.

    Examples
    --------
    >>> check_size(xr.Dataset(coords={"member": range(200)}), None)
    200
    """
    size = int(members.sizes["member"]) if count is None else count
    if size < FEWEST_FUTURES:
        message = (
            f"{size} futures are too few to be split into a searched and a held-out half: {FEWEST_FUTURES} or more."
        )
        raise FuturesError(message)
    return size


def study(
    city: Runnable,
    scenario: Scenario,
    targets: Sequence[Target],
    members: xr.Dataset,
    variables: Mapping[str, Variable],
    *,
    levers: Mapping[str, Lever] | None = None,
    count: int | None = None,
    bootstraps: int = BOOTSTRAPS,
    seed: int = SEED,
    progress: Callable[[str, int, int], None] | None = None,
) -> Study:
    """Run the futures of a scenario and search the conditions under which each target is met.

    Parameters
    ----------
    city
        The model.
    scenario
        Its changes hold in every future, but for levers that are drawn.
    targets
        Modelled targets of the plan.
    members
        Parameter sets of the calibrated ensemble, dim ``member``.
    variables
        The model's variables, by name.
    levers
        Levers to draw uniformly over their ranges; None keeps the scenario's.
    count
        Number of futures; as many as members if None.
    bootstraps
        Resampled searches by which each limit's stability is told.
    seed
        Of lever draws, halves and resampling.
    progress
        Told the task, how much of it is done, and how much there is.

    Returns
    -------
    Study
        Everything that is printed, drawn and stored.

    Raises
    ------
    FuturesError
        If there are fewer futures than `FEWEST_FUTURES`, or more than there are members without levers drawn.
    """
    size = check_size(members, count)
    drawn = None if levers is None else lever_draws(levers.values(), size, seed)
    changes, member = settings(scenario, members, variables, drawn, size)

    def told(task: str) -> Callable[[int, int], None] | None:
        if progress is None:
            return None
        return lambda done, of: progress(task, done, of)

    margin = judge(city, changes, targets, told("Running futures"))
    values, known = inputs(changes, variables, tuple(drawn or ()), levers)
    judges = held_out(member, seed)
    rounded = {name: one.rounded for name, one in known.items()}
    found = {}
    for target in targets:
        found[target.id] = find_condition(
            values,
            is_reached(margin.sel(target=target.id).to_numpy()),
            judges,
            rounded=rounded,
            bootstraps=bootstraps,
            seed=seed,
            progress=told(f"Searching {target.id.removeprefix('target.')}"),
        )
    facts = result_files.manifest(scenario, "compiled", members) | {
        "study_seed": str(seed),
        "futures": str(size),
        "levers": "drawn uniformly over their ranges" if levers is not None else "as in the scenario",
        "resampled_searches": str(bootstraps),
    }
    return Study(scenario, {t.id: t for t in targets}, found, margin, values, known, member, judges, facts)
