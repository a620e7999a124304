"""What it is worth to know more."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from analysis.command_line import (
    OUTPUTS,
    announce_replaced_files,
    collect_mistakes,
    exit_on_mistakes,
    make_console,
    report_progress,
)
from analysis.information import study, tables
from analysis.information.collectable import load_collectables
from analysis.information.utility import Kind
from analysis.information.utility import check as check_utility
from analysis.information.value import RESAMPLES
from analysis.outcome.output_folder import Out
from analysis.outcome.targets import chosen_targets
from calibration.fit.ensemble import read_members
from model import load_model
from model.definition import variables_by_name
from scenarios import (
    load_levers,
    load_targets,
)


def information(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Options; all that set levers only if none.")
    ] = None,
    utility: Annotated[
        Kind, typer.Option(help="Targets reached, or shortfall from them; both less effort.")
    ] = "targets",
    effort_weight: Annotated[
        float | None, typer.Option(help="A weight of effort to tell values at besides, in targets or points.")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option(help="Id of a target; again for more. Default: headlines.")
    ] = None,
    members: Annotated[int | None, typer.Option(min=1, help="Members of the calibrated ensemble; all if none.")] = None,
    resamples: Annotated[int, typer.Option(min=2, help="Resampled ensembles that tell errors.")] = RESAMPLES,
    seed: Annotated[int, typer.Option(min=0, help="Of parts and resamples.")] = study.SEED,
    out: Out = OUTPUTS,
) -> None:
    """Say at which weights of effort the choice of a scenario flips, and what it is worth to know more before."""
    with exit_on_mistakes():
        with collect_mistakes() as part:
            with part():
                options = study.options(scenarios)
            with part():
                goals = chosen_targets(load_targets(), target)
                check_utility(utility, goals, effort_weight or 0.0)
            with part():
                parameters = read_members(members)
                study.check_size(parameters)
        variables, console = variables_by_name(), make_console()
        statistics = load_collectables(variables, parameters)
        announce_replaced_files(console, out, tables.files(), "information_*.png")
        with report_progress() as report:
            found = study.study(
                load_model(),
                options,
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
        tables.print_information(console, found)
        written = tables.write(found, out)
        console.print(f"Written to {escape(str(out))}: {', '.join(path.name for path in written)}.")
