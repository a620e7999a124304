"""The command ``information``: the value of information."""

from __future__ import annotations

from typing import Annotated

import typer

from analysis.command_line import (
    OUTPUTS,
    Full,
    Seen,
    announce_replaced_files,
    announce_written_files,
    collect_mistakes,
    make_console,
)
from analysis.information.request import SEED, Kind, check_size, check_utility, options
from analysis.information.value import RESAMPLES
from analysis.outcome.output_folder import Out
from analysis.outcome.shares import FEWEST_FOR_INTERVAL
from analysis.progress import report_progress
from calibration.fit.ensemble_file import check_members, members_held
from calibration.fit.evidence import NEWEST
from model import load_model
from model.definition import variables_by_name
from scenarios import chosen_targets, load_levers, load_targets


def information(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SCENARIO",
            help="Scenarios to choose among: shipped names or paths. Without any: all shipped that set levers only.",
        ),
    ] = None,
    utility: Annotated[
        Kind, typer.Option(help="Utility: number of targets reached, or shortfall from them; both less effort.")
    ] = "targets",
    effort_weight: Annotated[
        float | None, typer.Option(help="A weight of effort at which to value information too, in targets or points.")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option(help="Id of a target; repeat it to name several. Without it: the headlines.")
    ] = None,
    members: Annotated[
        int | None, typer.Option(min=1, help="Number of members of the calibrated ensemble. Without it: all.")
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=FEWEST_FOR_INTERVAL, help="Bootstrap resamples for standard errors and intervals.")
    ] = RESAMPLES,
    seed: Annotated[int, typer.Option(min=0, help="Seed of folds and resamples.")] = SEED,
    evidence: Seen = NEWEST,
    full: Full = False,
    out: Out = OUTPUTS,
) -> None:
    """Compute the value of perfect and partial information (EVPI, EVPPI) for the choice among scenarios.

    The weights of effort at which the choice changes are computed too.
    """
    with collect_mistakes() as part:
        with part():
            choice = options(scenarios)
        with part():
            goals = chosen_targets(load_targets(), target)
            check_utility(utility, goals, effort_weight or 0.0)
        with part():
            check_members(members, evidence)
            check_size(members or members_held(evidence))
    # Loaded after the checks, as these libraries take seconds.
    from analysis.information import charts, study, tables
    from analysis.information.collectable import load_collectables
    from analysis.information.words import verdict
    from analysis.outcome.verdict import print_verdict
    from calibration.fit.ensemble import read_members

    parameters = read_members(members, evidence)
    variables, console = variables_by_name(), make_console()
    statistics = load_collectables(variables, parameters)
    announce_replaced_files(console, out, tables.file_names(), "information_*.png")
    with report_progress() as report:
        result = study.study(
            load_model(),
            choice,
            goals,
            parameters,
            variables,
            load_levers(),
            statistics,
            kind=utility,
            weight=effort_weight,
            resamples=resamples,
            seed=seed,
            progress=report,
        )
    tables.print_information(make_console(shown=full), result)
    tables.write(result, out)
    charts.draw(result, out / "figures")
    print_verdict(console, verdict(result, evidence))
    announce_written_files(console, out, tables.file_names(), "information_*.png")
