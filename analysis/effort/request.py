"""Options of the commands that search levers: the target, the levers that may be moved, and the plausible ranges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer
import xarray as xr

from analysis.command_line import collect_mistakes
from analysis.effort.levers import FIRST_START, Measure, choose_levers
from analysis.effort.plausible import Gate, observed_record, plausible_ranges
from analysis.outcome.futures import City
from analysis.outcome.targets import chosen_targets
from calibration.observations import read_observations
from model.definition import variables_by_name
from scenarios import Target, load_levers, load_targets

#: Options of every command that searches levers.
MovedLevers = Annotated[
    list[str] | None,
    typer.Option(
        help="A policy lever that may be moved, or LEVER@YEAR for one with its own start year; repeat it to name "
        "several. Without it, all levers may be moved."
    ),
]
FirstStart = Annotated[int, typer.Option(help="The year from whose beginning the levers are moved.")]
AnyDirection = Annotated[
    bool, typer.Option("--any-direction", help="Allow levers to be moved against the direction of the plan too.")
]
Ramp = Annotated[float, typer.Option(help="Years from a lever's start until it works in full (linear; an assumption).")]


def plausibility_gate(city: City, parameters: xr.Dataset, last: int, *, any_direction: bool) -> Gate:
    """Return the ranges that a plausible search result stays within."""
    record = observed_record(read_observations())
    levers, variables = load_levers(), variables_by_name()
    return plausible_ranges(city, levers, variables, parameters, last, record, any_direction=any_direction)


def target_and_measures(
    target: str,
    levers: list[str] | None,
    start: int,
    check: Callable[[Sequence[Measure]], None],
    *,
    any_direction: bool,
) -> tuple[Target, Sequence[Measure]]:
    """Return the target and the levers that may be moved, or report every mistake of the request at once."""
    targets, known, variables = load_targets(), load_levers(), variables_by_name()
    # Any target and levers serve the other checks where these are mistaken.
    goal = next(each for each in targets.values() if each.modelled)
    measures = choose_levers(known, variables, None, FIRST_START, goal.year, any_direction=any_direction)
    with collect_mistakes() as part:
        with part():
            (goal,) = chosen_targets(targets, [target])
        with part():
            measures = choose_levers(known, variables, levers, start, goal.year, any_direction=any_direction)
        with part():
            check(measures)
    return goal, measures
