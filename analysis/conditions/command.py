"""Under which conditions targets are met."""

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
from analysis.conditions import study, tables
from analysis.conditions.discovery import BOOTSTRAPS
from analysis.effort.levers import NOT_DECIDED
from analysis.outcome.output_folder import Out
from analysis.outcome.targets import chosen_targets
from calibration.fit.ensemble import read_members
from model import load_model
from model.definition import variables_by_name
from scenarios import (
    load_levers,
    load_scenario,
    load_targets,
)


def conditions(
    target: Annotated[
        list[str] | None, typer.Option(help="Id of a target; again for more. Default: headlines.")
    ] = None,
    scenario: Annotated[str, typer.Option(help="Shipped name or path of a YAML file.")] = "plan",
    members: Annotated[int | None, typer.Option(min=1, help="Members of the calibrated ensemble; all if none.")] = None,
    levers: Annotated[bool, typer.Option("--levers", help="Draw the levers over their ranges too.")] = False,
    futures: Annotated[
        int | None, typer.Option(min=1, help="Futures; with --levers, members are crossed with as many draws.")
    ] = None,
    bootstraps: Annotated[int, typer.Option(min=0, help="Resampled searches that tell stability.")] = BOOTSTRAPS,
    seed: Annotated[int, typer.Option(min=0, help="Of draws, halves and resampling.")] = study.SEED,
    out: Out = OUTPUTS,
) -> None:
    """Say under which conditions targets are met: by parameters, or by levers too, in one sentence each.

    Half of the futures are searched by PRIM and CART, the other half judges.
    """
    with exit_on_mistakes():
        with collect_mistakes() as part:
            with part():
                asked = load_scenario(scenario)
            with part():
                goals = chosen_targets(load_targets(), target)
            with part():
                parameters = read_members(members)
                study.check_size(parameters, futures)
        drawn = {name: one for name, one in load_levers().items() if name not in NOT_DECIDED} if levers else None
        console = make_console()
        name = study.name_of(asked, with_levers=levers)
        announce_replaced_files(console, out, tables.files(name), f"{name}_*.png")
        with report_progress() as report:
            found = study.study(
                load_model(),
                asked,
                goals,
                parameters,
                variables_by_name(),
                levers=drawn,
                count=futures,
                bootstraps=bootstraps,
                seed=seed,
                progress=report,
            )
        tables.print_conditions(console, found)
        written = tables.write(found, out)
        console.print(f"Written to {escape(str(out))}: {', '.join(path.name for path in written)}.")
