"""Places and homes that are short."""

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
from analysis.left_out import charts, study, words
from analysis.outcome import files as result_files
from analysis.outcome.output_folder import Out
from calibration.fit.ensemble import read_members
from model import load_model
from scenarios import (
    load_scenarios,
)


def left_out(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Names or paths; baseline and plan without any.")
    ] = None,
    members: Annotated[int, typer.Option(min=1, help="Members of the calibrated ensemble.")] = USUAL_MEMBERS,
    out: Out = OUTPUTS,
) -> None:
    """Say how many school places and affordable homes are short by a standard, for which groups and districts."""
    console = make_console()
    with collect_mistakes() as part:
        with part():
            chosen = load_scenarios(scenarios or ("baseline", "plan"))
        with part():
            parameters = read_members(members)
    facts = result_files.joint_manifest(chosen, parameters)
    announce_replaced_files(console, out, ["left_out.nc", "left_out.csv"], "left_out_*.png")
    results, city = {}, load_model()
    with count_progress("Running scenarios") as progress:
        for scenario in chosen:
            run = city.run(scenario.settings(parameters), outputs=list(study.VARIABLES))
            results[scenario.name] = study.left_out(run)
            progress(len(results), len(chosen))
    table = study.as_table(results)
    words.print_left_out(console, table, chosen, members)
    result_files.write_table(table, out / "left_out.csv", facts)
    result_files.write_run(study.as_dataset(results, facts), out / "left_out.nc")
    charts.draw(table, chosen, facts, out / "figures")
    console.print(f"Written to {escape(str(out))}: left_out.nc, left_out.csv, figures/left_out_*.png.")
