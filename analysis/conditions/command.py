"""The command ``conditions``: scenario discovery."""

from __future__ import annotations

from typing import Annotated

import typer

from analysis.command_line import (
    OUTPUTS,
    From,
    Full,
    Seen,
    announce_replaced_files,
    announce_written_files,
    collect_mistakes,
    make_console,
)
from analysis.conditions.request import BOOTSTRAPS, SEED, check_size
from analysis.outcome.output_folder import Out
from analysis.progress import report_progress
from calibration.fit.ensemble_file import check_members, members_held
from calibration.fit.evidence import NEWEST
from model import load_model
from model.definition import variables_by_name
from scenarios import chosen_targets, load_levers, load_scenario, load_targets, scenarios_from


def conditions(
    target: Annotated[
        list[str] | None, typer.Option(help="Id of a target; repeat it to name several. Without it: the headlines.")
    ] = None,
    scenario: Annotated[
        str, typer.Option(help="The scenario of all futures: a shipped name or the path of a YAML file.")
    ] = "plan",
    from_year: From = None,
    members: Annotated[
        int | None, typer.Option(min=1, help="Number of members of the calibrated ensemble. Without it: all.")
    ] = None,
    levers: Annotated[
        bool, typer.Option("--levers", help="Draw the policy levers at random over their ranges too.")
    ] = False,
    futures: Annotated[
        int | None,
        typer.Option(min=1, help="Number of futures; with --levers each has its own draw of the levers."),
    ] = None,
    bootstraps: Annotated[
        int, typer.Option(min=0, help="Bootstrap resamples that measure the stability of each limit.")
    ] = BOOTSTRAPS,
    seed: Annotated[int, typer.Option(min=0, help="Seed of draws, halves and resampling.")] = SEED,
    evidence: Seen = NEWEST,
    full: Full = False,
    out: Out = OUTPUTS,
) -> None:
    """Find the conditions under which targets are met (scenario discovery by PRIM and CART).

    The conditions are ranges of uncertain parameters, or of levers too; half of the futures are searched, the other
    half tests the result.
    """
    chosen = load_scenario("baseline")
    with collect_mistakes() as part:
        with part():
            (chosen,) = scenarios_from([scenario], from_year)
        with part():
            goals = chosen_targets(load_targets(milestones=True), target, start=from_year or chosen.starts)
        with part():
            check_members(members, evidence)
            check_size(futures or members or members_held(evidence))
    # Loaded after the checks, as these libraries take seconds.
    from analysis.conditions import charts, study, tables
    from analysis.conditions.words import verdict
    from analysis.outcome.verdict import print_verdict
    from calibration.fit.ensemble import read_members

    parameters = read_members(members, evidence)
    drawn = load_levers() if levers else None
    console = make_console()
    name = study.name_of(chosen, with_levers=levers)
    announce_replaced_files(console, out, tables.file_names(name), f"{name}_*.png")
    with report_progress() as report:
        result = study.study(
            load_model(),
            chosen,
            goals,
            parameters,
            variables_by_name(),
            levers=drawn,
            start=from_year or chosen.starts,
            count=futures,
            bootstraps=bootstraps,
            seed=seed,
            progress=report,
        )
    tables.print_conditions(make_console(shown=full), result)
    tables.write(result, out)
    figures = charts.draw(result, out / "figures")
    print_verdict(console, verdict(result))
    announce_written_files(console, out, tables.file_names(name), f"{name}_*.png" if figures else "")
