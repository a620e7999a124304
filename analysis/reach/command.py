"""How likely each target is."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from analysis.command_line import (
    OUTPUTS,
    USUAL_MEMBERS,
    announce_replaced_files,
    collect_mistakes,
    count_progress,
    make_console,
)
from analysis.outcome import files as result_files
from analysis.outcome.discrepancies import discrepancies
from analysis.outcome.output_folder import Out
from analysis.outcome.targets import chosen_targets
from analysis.reach import charts, study, words
from calibration.fit.ensemble import read_members
from model import load_model
from model.definition import variables_by_name
from scenarios import (
    load_scenarios,
    load_targets,
    shipped_scenarios,
)


def reach(
    target: Annotated[
        list[str] | None,
        typer.Option(help="Identifier of a target; may be repeated. Without it, all that are modelled."),
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="Shipped name or path of a YAML file; may be repeated. Without it, all shipped."),
    ] = None,
    members: Annotated[int, typer.Option(min=2, help="Members of the calibrated ensemble.")] = USUAL_MEMBERS,
    out: Out = OUTPUTS,
) -> None:
    """Say how likely each target is, by what margin, when, on what that rests, and what holds districts back.

    Bottlenecks are looked for in the scenarios named, and in the baseline and the plan when none is named.
    """
    console = make_console()
    with collect_mistakes() as part:
        with part():
            targets = chosen_targets(load_targets(), target, usual=lambda _: True)
        with part():
            chosen = load_scenarios(scenario or shipped_scenarios())
        with part():
            parameters = read_members(members)
    variables = variables_by_name()
    facts = result_files.joint_manifest(chosen, parameters)
    detailed = [one.name for one in chosen] if scenario else ["baseline", "plan"]
    files = [f"reach{end}" for end in (".nc", *(f"{name}.csv" for name in study.TABLES))]
    announce_replaced_files(console, out, files, "reach_*.png")
    with count_progress(f"Running {len(chosen)} scenarios and what relief brings") as progress:
        spreads = discrepancies(targets)
        found = study.examine(
            load_model(), targets, chosen, parameters, detailed=detailed, spreads=spreads, progress=progress
        )
    words.print_reached(console, found, variables)
    for name, table in study.as_tables(found).items():
        result_files.write_table(table, out / f"reach{name}.csv", facts)
    result_files.write_run(study.as_dataset(found, facts), out / "reach.nc")
    charts.draw(found, facts, out / "figures")
    console.print(f"Written to {escape(str(out))}: {', '.join(files)}, figures/reach_*.png.")
