"""What a search of levers is asked: options, the target, the levers that may be moved, and what is plausible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer
import xarray as xr

from analysis.command_line import collect_mistakes
from analysis.effort.levers import FIRST_START, Measure
from analysis.effort.levers import chosen as chosen_levers
from analysis.effort.plausible import Gate, observed
from analysis.effort.plausible import gate as plausible_ranges
from analysis.effort.trials import City
from analysis.outcome.targets import chosen_targets
from calibration.observations import read_observations
from model.definition import variables_by_name
from scenarios import (
    Target,
    load_levers,
    load_targets,
)

#: Which levers may be moved, and how: options of every command that searches them.
MovedLevers = Annotated[
    list[str] | None, typer.Option(help="A lever that may be moved, or LEVER@YEAR; may be repeated. Default: all.")
]
FirstStart = Annotated[int, typer.Option(help="Year from whose beginning levers are moved.")]
AnyDirection = Annotated[bool, typer.Option("--any-direction", help="Levers may also be moved against the plan.")]
Ramp = Annotated[float, typer.Option(help="Years until a lever works in full, an assumption.")]


def plausibility_gate(city: City, parameters: xr.Dataset, last: int, *, any_direction: bool) -> Gate:
    """Return the ranges that an answer of a search has to stay within."""
    record = observed(read_observations())
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
    """Return the target and the levers that are to reach it, or tell at once all that is wrong with a request."""
    targets, known, variables = load_targets(), load_levers(), variables_by_name()
    # Until they are known, any will do for the other checks.
    goal = next(each for each in targets.values() if each.modelled)
    measures = chosen_levers(known, variables, None, FIRST_START, goal.year, any_direction=any_direction)
    with collect_mistakes() as part:
        with part():
            (goal,) = chosen_targets(targets, [target])
        with part():
            measures = chosen_levers(known, variables, levers, start, goal.year, any_direction=any_direction)
        with part():
            check(measures)
    return goal, measures
