"""A study of conditions: futures of a scenario are run, compared with targets and searched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from analysis.conditions.discovery import Condition, find_condition, hold_out
from analysis.conditions.request import BOOTSTRAPS, SEED, check_size
from analysis.outcome import files as result_files
from analysis.outcome.futures import City, Input, held_until, inputs, judge, lever_draws, settings
from model.definition import Variable
from scenarios import FIRST_YEAR, Lever, Scenario, Target, is_reached


@dataclass(frozen=True)
class Study:
    """Request and result of a study."""

    #: The scenario of all futures.
    scenario: Scenario
    #: Targets and conditions by id of the target.
    targets: Mapping[str, Target]
    conditions: Mapping[str, Condition]
    #: Dims ``target`` and ``future``, in the plan's units.
    margin: xr.DataArray
    #: The inputs that differ between futures, one column each, and the description of each column.
    values: pd.DataFrame
    inputs: Mapping[str, Input]
    #: Index of the member of each future, and whether it is held out.
    member: npt.NDArray[np.int_]
    held_out: npt.NDArray[np.bool_]
    #: Manifest.
    facts: Mapping[str, str]
    #: The year from whose beginning levers act.
    start: int = FIRST_YEAR

    @property
    def with_levers(self) -> bool:
        """Whether levers were drawn."""
        return any(known.lever for known in self.inputs.values())

    @property
    def name(self) -> str:
        """Name of its files, without endings."""
        return name_of(self.scenario, with_levers=self.with_levers)


def name_of(scenario: Scenario, *, with_levers: bool) -> str:
    """Return the name of the files of a study, without endings."""
    return f"{'lever_' if with_levers else ''}conditions_{scenario.name}"


def study(
    city: City,
    scenario: Scenario,
    targets: Sequence[Target],
    members: xr.Dataset,
    variables: Mapping[str, Variable],
    *,
    levers: Mapping[str, Lever] | None = None,
    start: int = FIRST_YEAR,
    count: int | None = None,
    bootstraps: int = BOOTSTRAPS,
    seed: int = SEED,
    progress: Callable[[str, int, int], None] = lambda task, done, of: None,
) -> Study:
    """Run the futures of a scenario and search for the conditions under which each target is met.

    Levers that are given are drawn uniformly over their ranges and hold from the beginning of the start year on; there
    are as many futures as members unless counted.
    """
    size = int(members.sizes["member"]) if count is None else count
    check_size(size)
    drawn = None if levers is None else lever_draws(levers.values(), size, seed)
    changes, member = settings(scenario, members, variables, drawn, size)
    run_with = changes
    if start > FIRST_YEAR and drawn is not None:
        resting = scenario.settings(members.isel(member=member))
        run_with = changes | held_until(start, {name: changes[name] for name in drawn}, resting, variables)
    margin = judge(city, run_with, targets, partial(progress, "Running futures"))
    values, known = inputs(changes, variables, tuple(drawn or ()), levers)
    held_out = hold_out(member, seed)
    rounding = {name: one.rounded for name, one in known.items()}
    conditions = {
        target.id: find_condition(
            values,
            is_reached(margin.sel(target=target.id).to_numpy()),
            held_out,
            rounding=rounding,
            bootstraps=bootstraps,
            seed=seed,
            progress=partial(progress, f"Searching {target.id.removeprefix('target.')}"),
        )
        for target in targets
    }
    facts = result_files.manifest(scenario, "compiled", members) | {
        "study_seed": str(seed),
        "futures": str(size),
        "levers": "drawn uniformly over their ranges" if levers is not None else "as in the scenario",
        "resampled_searches": str(bootstraps),
    }
    if start > FIRST_YEAR:
        facts["levers_from"] = str(start)
    return Study(
        scenario, {t.id: t for t in targets}, conditions, margin, values, known, member, held_out, facts, start
    )
