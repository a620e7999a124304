"""The command ``backcast``: the least effort that reaches a target."""

from __future__ import annotations

from typing import Annotated

import typer

from analysis.command_line import (
    OUTPUTS,
    USUAL_MEMBERS,
    Full,
    Seen,
    announce_replaced_files,
    announce_written_files,
    make_console,
)
from analysis.effort.levers import FIRST_START, RAMP
from analysis.effort.request import (
    EVALUATIONS,
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
from scenarios import chosen_targets, load_scenarios, load_targets


def backcast(
    target: Annotated[str, typer.Option(help="Id of the target to be reached.")],
    probability: Annotated[
        float, typer.Option(help="Share of ensemble members that are to reach it: above 0, up to 1.")
    ] = 0.8,
    levers: MovedLevers = None,
    start: FirstStart = FIRST_START,
    any_direction: AnyDirection = False,
    ramp: Ramp = RAMP,
    members: Annotated[
        int, typer.Option(help="Ensemble members to search with; all others test the answer.")
    ] = USUAL_MEMBERS,
    starts: Annotated[int, typer.Option(help="Number of searches, each from its own start.")] = STARTS,
    evaluations: Annotated[int, typer.Option(help="Largest number of model trials in one search.")] = EVALUATIONS,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random starts.")] = SEED,
    evidence: Seen = NEWEST,
    full: Full = False,
    out: Out = OUTPUTS,
) -> None:
    """Find the least policy effort that reaches a target with a given probability, or what blocks it.

    The levers are optimised over the calibrated ensemble; the answer is written as a scenario that `run` accepts.
    """
    goal, measures = target_and_measures(
        target,
        levers,
        start,
        lambda moved: check_request(probability, moved, members_held(evidence), members, ramp, starts, evaluations),
        any_direction=any_direction,
    )
    # Loaded after the checks, as these libraries take seconds.
    from analysis.effort.backcast import charts, tables
    from analysis.effort.backcast.study import backcast as find_least_effort
    from analysis.effort.backcast.words import screen_text, verdict
    from analysis.outcome import files as result_files
    from analysis.outcome.printing import levers_from_words, print_sentences
    from analysis.outcome.verdict import print_verdict
    from calibration.fit.ensemble import read_members

    targets = load_targets(milestones=True)
    console, details = make_console(), make_console(shown=full)
    parameters, city = read_members(evidence=evidence), load_model()
    every = list({each.id: each for each in (*chosen_targets(targets, None, lambda _: True, start), goal)}.values())
    facts = result_files.joint_manifest(load_scenarios(["baseline"]), parameters)
    name, first = tables.name_of(goal), min(measure.start for measure in measures)
    announce_replaced_files(console, out, tables.file_names(goal), f"{name}_*.png")
    with count_progress(step_in_words("trials", members=members)) as progress:
        answer = find_least_effort(
            city,
            goal,
            probability,
            measures,
            parameters,
            members,
            targets=every,
            ramp=ramp,
            starts=starts,
            evaluations=evaluations,
            seed=seed,
            gate=plausibility_gate(city, parameters, goal.year, any_direction=any_direction),
            progress=progress,
        )
    print_sentences(details, lambda language: [levers_from_words(first, language)])
    tables.print_answer(details, answer, targets)
    tables.write(answer, facts | ({"levers_from": str(first)} if first > FIRST_START else {}), out)
    drawn = charts.draw(answer, facts, out / "figures")
    text, *files = tables.file_names(goal)
    print_verdict(console, verdict(answer, evidence))
    usable = [] if answer.outside else [screen_text("for run", file=text)]
    announce_written_files(console, out, [*usable, *files], f"{name}_*.png" if drawn else "")
