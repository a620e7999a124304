"""The command `reach`."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from analysis.command_line import (
    OUTPUTS,
    USUAL_MEMBERS,
    From,
    Full,
    Members,
    Seen,
    announce_replaced_files,
    announce_written_files,
    collect_mistakes,
    make_console,
)
from analysis.outcome.output_folder import Out
from analysis.progress import count_progress, step_in_words
from calibration.fit.ensemble_file import check_members
from calibration.fit.evidence import NEWEST
from model import load_model
from model.definition import variables_by_name
from scenarios import chosen_targets, load_scenarios, load_targets, scenarios_from

#: Scenarios whose bottlenecks are looked for where none is named.
DETAILED: Final = ("baseline", "plan", "plan_carried_on_2026")


def reach(
    target: Annotated[
        list[str] | None,
        typer.Option(help="Id of a target; may be repeated. Without it: all targets that the model computes."),
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="Shipped name or path of a YAML file; may be repeated. Without it: all shipped scenarios."),
    ] = None,
    from_year: From = None,
    members: Members = USUAL_MEMBERS,
    evidence: Seen = NEWEST,
    full: Full = False,
    out: Out = OUTPUTS,
) -> None:
    """Say how likely each target is, by what margin, when, on what that rests, and what holds districts back.

    Bottlenecks are looked for in the scenarios named, and in the baseline and the plan when none is named. Of scenarios
    that start in 2026 the targets and milestones of 2030 and 2035 are judged, unless others are named.
    """
    scenarios = load_scenarios(["baseline"])
    with collect_mistakes() as part:
        with part():
            scenarios = scenarios_from(scenario, from_year)
        with part():
            starts = [one.starts for one in scenarios]
            start = from_year or (min(starts) if target else max(starts))
            targets = chosen_targets(load_targets(milestones=True), target, usual=lambda _: True, start=start)
        with part():
            check_members(members, evidence)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.outcome.discrepancies import discrepancies
    from analysis.outcome.files import joint_manifest
    from analysis.outcome.printing import print_starts
    from analysis.outcome.verdict import print_verdict
    from analysis.reach import charts, tables, words
    from analysis.reach.study import examine
    from calibration.fit.ensemble import read_members

    console, details, parameters = make_console(), make_console(shown=full), read_members(members, evidence)
    facts, city = joint_manifest(scenarios, parameters), load_model()
    detailed = [one.name for one in scenarios if scenario or one.name in DETAILED]
    announce_replaced_files(console, out, tables.FILES, tables.CHARTS)
    with count_progress(step_in_words("reliefs", count=len(scenarios))) as progress:
        reached = examine(
            city,
            targets,
            scenarios,
            parameters,
            detailed=detailed,
            spreads=discrepancies(targets, city, parameters),
            progress=progress,
        )
    print_starts(details, scenarios)
    words.print_reached(details, reached, variables_by_name(), evidence)
    tables.write(reached, facts, out)
    charts.draw(reached, facts, out / "figures")
    print_verdict(console, words.verdict(reached, evidence))
    announce_written_files(console, out, tables.FILES, tables.CHARTS)
