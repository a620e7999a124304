"""The command ``frontier``: least effort by probability, and trade-offs between targets and the budget."""

from __future__ import annotations

from typing import Annotated

import typer

from analysis.command_line import OUTPUTS, Full, Seen, announce_replaced_files, announce_written_files, make_console
from analysis.effort.levers import FIRST_START, RAMP
from analysis.effort.request import (
    EVALUATIONS,
    FRONTIER_MEMBERS,
    GENERATIONS,
    SEED,
    STARTS,
    AnyDirection,
    FirstStart,
    MovedLevers,
    Ramp,
    check_request,
    plausibility_gate,
    target_and_measures,
)
from analysis.outcome.output_folder import Out
from analysis.progress import count_progress, step_in_words
from calibration.fit.ensemble_file import members_held
from calibration.fit.evidence import NEWEST
from model import load_model
from scenarios import load_scenarios


def frontier(
    target: Annotated[str, typer.Option(help="Id of the target to be reached.")],
    levers: MovedLevers = None,
    start: FirstStart = FIRST_START,
    any_direction: AnyDirection = False,
    ramp: Ramp = RAMP,
    members: Annotated[
        int, typer.Option(help="Ensemble members to search with; all others test the result.")
    ] = FRONTIER_MEMBERS,
    evaluations: Annotated[
        int, typer.Option(help="Largest number of model trials for each probability.")
    ] = EVALUATIONS,
    generations: Annotated[int, typer.Option(min=1, help="Generations of NSGA-III for the trade-offs.")] = GENERATIONS,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the searches.")] = SEED,
    evidence: Seen = NEWEST,
    full: Full = False,
    out: Out = OUTPUTS,
) -> None:
    """Compute the least effort for each probability of reaching a target (the Pareto frontier), and trade-offs.

    The trade-offs are those between the resident rate, the registered rate and the fiscal gap.
    """
    goal, measures = target_and_measures(
        target,
        levers,
        start,
        lambda moved: check_request(1.0, moved, members_held(evidence), members, ramp, STARTS, evaluations),
        any_direction=any_direction,
    )
    # Loaded after the checks, as these libraries take seconds.
    from analysis.effort.frontier import charts, tables
    from analysis.effort.frontier.study import frontier as find_frontier
    from analysis.effort.frontier.tradeoffs import MEMBERS as TRADEOFF_MEMBERS
    from analysis.effort.frontier.tradeoffs import tradeoffs as find_tradeoffs
    from analysis.effort.frontier.tradeoffs import years_from
    from analysis.effort.frontier.words import verdict
    from analysis.outcome import files as result_files
    from analysis.outcome.printing import levers_from_words, print_sentences
    from analysis.outcome.verdict import print_verdict
    from calibration.fit.ensemble import read_members

    console, details = make_console(), make_console(shown=full)
    parameters, city = read_members(evidence=evidence), load_model()
    facts = result_files.joint_manifest(load_scenarios(["baseline"]), parameters)
    name, first = tables.name_of(goal), min(measure.start for measure in measures)
    announce_replaced_files(console, out, tables.file_names(goal), f"{name}_*.png")
    gate = plausibility_gate(city, parameters, max(goal.year, *years_from(start)), any_direction=any_direction)
    with count_progress(step_in_words("probabilities", members=members)) as progress:
        effort_frontier = find_frontier(
            city,
            goal,
            measures,
            parameters,
            members,
            ramp=ramp,
            evaluations=evaluations,
            seed=seed,
            gate=gate,
            progress=progress,
        )
    with count_progress(step_in_words("generations")) as progress:
        few = min(members, TRADEOFF_MEMBERS)
        fronts = find_tradeoffs(
            city,
            measures,
            parameters,
            few,
            years=years_from(start),
            ramp=ramp,
            generations=generations,
            seed=seed,
            gate=gate,
            progress=progress,
        )
    if first > FIRST_START:
        facts["levers_from"] = str(first)
    print_sentences(details, lambda language: [levers_from_words(first, language)])
    tables.print_frontier(details, effort_frontier)
    tables.print_tradeoffs(details, fronts)
    tables.write(effort_frontier, fronts, facts, out)
    charts.draw(effort_frontier, fronts, facts, out / "figures")
    print_verdict(console, verdict(effort_frontier, fronts, evidence))
    announce_written_files(console, out, tables.file_names(goal), "frontier_*.png")
