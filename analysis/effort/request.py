"""Options of the commands that search levers: the target, the levers that may be moved, and the plausible ranges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, Annotated, Final

import typer

from analysis.command_line import collect_mistakes
from analysis.effort.levers import FIRST_START, EffortError, Measure, choose_levers
from model.definition import variables_by_name
from scenarios import Target, chosen_targets, load_levers, load_targets

if TYPE_CHECKING:
    import xarray as xr

    from analysis.effort.plausible import Gate
    from analysis.outcome.futures import City

#: Searches from different starts, the most trials of each, and the seed of the random starts.
STARTS, EVALUATIONS, SEED = 3, 120, 2020
#: Members that a frontier is searched with, and generations of its trade-offs.
FRONTIER_MEMBERS: Final = 100
GENERATIONS: Final = 30

#: Options of every command that searches levers.
MovedLevers = Annotated[
    list[str] | None,
    typer.Option(
        help="A policy lever that may be moved, or LEVER@YEAR for one with its own start year; repeat it to name "
        "several. Without it, all levers may be moved."
    ),
]
FirstStart = Annotated[
    int,
    typer.Option("--from", "--start", help="The year from whose beginning levers act; until then as in the baseline."),
]
AnyDirection = Annotated[
    bool, typer.Option("--any-direction", help="Allow levers to be moved against the direction of the plan too.")
]
Ramp = Annotated[float, typer.Option(help="Years from a lever's start until it works in full (linear; an assumption).")]


def plausibility_gate(city: City, parameters: xr.Dataset, last: int, *, any_direction: bool) -> Gate:
    """Return the ranges that a plausible search result stays within."""
    from analysis.effort.plausible import observed_record, plausible_ranges
    from calibration.observations import read_observations

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
    targets, known, variables = load_targets(milestones=True), load_levers(), variables_by_name()
    # Any target and levers serve the other checks where these are mistaken.
    goal = max((each for each in targets.values() if each.modelled), key=lambda each: each.year)
    measures = choose_levers(known, variables, None, FIRST_START, goal.year, any_direction=any_direction)
    with collect_mistakes() as part:
        with part():
            (goal,) = chosen_targets(targets, [target], start=start)
        with part():
            measures = choose_levers(known, variables, levers, start, goal.year, any_direction=any_direction)
        with part():
            check(measures)
    return goal, measures


def check_request(
    probability: float,
    measures: Sequence[Measure],
    members: int,
    searched: int,
    ramp: float,
    starts: int,
    evaluations: int,
) -> None:
    """Refuse a search that cannot be made, with every reason; the ensemble holds so many `members`."""
    problems = []
    if not 0 < probability <= 1:
        problems.append(f"A probability lies above 0 and up to 1, not at {probability:g}.")
    if not measures:
        problems.append("There is no lever to move.")
    if not 2 <= searched < members:
        problems.append(
            f"{searched} members cannot be searched with: the ensemble holds {members}, and some of them are to judge "
            f"the answer. Take 2 to {members - 1}."
        )
    if not 0 < ramp < inf:
        problems.append(f"A lever takes more than 0 years until it works in full, not {ramp:g}.")
    if starts < 1:
        problems.append(f"--starts {starts} makes no search. Take --starts 1 or more.")
    # COBYQA builds its first model from twice as many trials as there are levers.
    least_trials, most_levers = 2 * len(measures) + 3, (evaluations - 3) // 2
    if measures and evaluations < least_trials:
        fewer = f", or name at most {most_levers} with --levers" if most_levers > 0 else ""
        count = f"{len(measures)} lever{'s' if len(measures) > 1 else ''}"
        problems.append(
            f"--evaluations {evaluations} is too few: to search over {count} takes at least {least_trials} "
            f"model trials. Take --evaluations {least_trials} or more{fewer}."
        )
    if problems:
        raise EffortError("\n".join(problems))
