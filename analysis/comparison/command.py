"""By how much two scenarios differ, and what each lever contributes."""

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
from analysis.comparison import charts, contributions, study, words
from analysis.outcome import files as result_files
from analysis.outcome import ratios
from analysis.outcome.output_folder import Out
from analysis.outcome.targets import chosen_targets
from calibration.fit.ensemble import read_members
from model import load_model
from model.definition import variables_by_name
from scenarios import (
    load_targets,
)


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="Shipped name or path of a YAML file.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The difference is B less A.")],
    members: Annotated[
        int | None,
        typer.Option(min=1, help="Members of the ensemble; without it as many as two minutes allow, 20-200."),
    ] = None,
    orders: Annotated[
        int, typer.Option(min=4, help="Orders to sample, an even number, where more than 12 levers differ.")
    ] = 32,
    indicators: Annotated[
        list[str] | None, typer.Option("--indicator", help="A variable of the model to compare too; may be repeated.")
    ] = None,
    out: Out = OUTPUTS,
) -> None:
    """Say by how much two scenarios differ, how surely, and what each changed lever contributes to that."""
    console = make_console()
    city, variables, targets = load_model(), variables_by_name(), chosen_targets(load_targets())
    with collect_mistakes() as part:
        with part():
            chosen = study.two_scenarios(first, second)
        with part():
            asked = study.indicators(indicators or (), variables)
        with part():
            read_members(members)
    each = contributions.runs_per_member(city, *chosen, read_members(2), permutations=orders)
    parameters = read_members(study.usual_members(each) if members is None else members)
    facts, name = result_files.joint_manifest(chosen, parameters), "_".join(["compare", *(s.name for s in chosen)])
    announce_replaced_files(console, out, [f"{name}.nc", f"{name}.csv"], f"{name}_*.png")
    with count_progress(f"{each:,} combinations x {parameters.sizes['member']} members") as progress:
        found = contributions.compare(
            city,
            *chosen,
            parameters,
            asked,
            study.YEARS,
            targets=targets,
            permutations=orders,
            progress=progress,
        )
    # Probabilities are over the members of all other commands, however few are traced.
    judged = read_members(USUAL_MEMBERS if members is None else members)
    in_time = study.in_time(city, chosen, judged, targets)
    ends = [ratios.parts(city, one, judged) for one in chosen]
    reasons = ratios.moved(ends[0], ends[1], load_targets().values())
    words.print_comparison(console, found, chosen, targets, variables, in_time, reasons)
    result_files.write_table(study.as_table(found), out / f"{name}.csv", facts)
    result_files.write_run(study.as_dataset(found, facts, variables), out / f"{name}.nc")
    charts.draw(found, chosen, facts, variables, out / "figures")
    console.print(f"Written to {escape(str(out))}: {name}.nc, {name}.csv, figures/{name}_*.png.")
