"""The command `compare`."""

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
    collect_mistakes,
    count_progress,
    make_console,
)
from analysis.comparison import request
from analysis.outcome.output_folder import Out
from calibration.fit.ensemble_file import check_members
from calibration.fit.evidence import NEWEST
from model import load_model
from model.definition import variables_by_name
from scenarios import chosen_targets, load_targets


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="Shipped name or path of a YAML file.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The difference is B minus A.")],
    members: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of members of the calibrated ensemble; without it as many as two minutes allow, 20 to 200.",
        ),
    ] = None,
    orders: Annotated[
        int, typer.Option(min=4, help="Orders to sample, an even number, where more than 12 levers differ.")
    ] = 32,
    indicators: Annotated[
        list[str] | None, typer.Option("--indicator", help="A variable of the model to compare too; may be repeated.")
    ] = None,
    evidence: Seen = NEWEST,
    full: Full = False,
    out: Out = OUTPUTS,
) -> None:
    """Say by how much two scenarios differ, how surely, and what each changed lever contributes to that."""
    variables = variables_by_name()
    with collect_mistakes() as part:
        with part():
            scenarios = request.two_scenarios(first, second)
        with part():
            compared = request.indicators(indicators or (), variables)
        with part():
            check_members(members, evidence)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.comparison import charts, contributions, study, tables, words
    from analysis.outcome import ratios
    from analysis.outcome.files import joint_manifest
    from analysis.outcome.printing import print_starts
    from analysis.outcome.verdict import print_verdict
    from calibration.fit.ensemble import read_members

    start = max(scenario.starts for scenario in scenarios)
    console, details = make_console(), make_console(shown=full)
    city, targets = load_model(), chosen_targets(load_targets(milestones=True), start=start)
    runs = contributions.runs_per_member(city, *scenarios, read_members(2, evidence), permutations=orders)
    parameters = read_members(study.usual_members(runs) if members is None else members, evidence)
    facts, stem = joint_manifest(scenarios, parameters), tables.file_stem(scenarios)
    files, drawn = tables.file_names(stem), f"{stem}_*.png"
    announce_replaced_files(console, out, files, drawn)
    with count_progress(f"{runs:,} combinations x {parameters.sizes['member']} members") as progress:
        comparison = contributions.compare(
            city, *scenarios, parameters, compared, study.YEARS, targets=targets, permutations=orders, progress=progress
        )
    # Probabilities are over the members of all other commands, however few are traced.
    judged = read_members(USUAL_MEMBERS if members is None else members, evidence)
    in_time = study.in_time(city, scenarios, judged, targets)
    parts = [ratios.parts(city, scenario, judged) for scenario in scenarios]
    reasons = ratios.moved(parts[0], parts[1], load_targets().values())
    print_starts(details, scenarios)
    words.print_comparison(details, comparison, scenarios, targets, variables, in_time, evidence, reasons)
    tables.write(comparison, facts, variables, out, stem)
    charts.draw(comparison, scenarios, facts, variables, out / "figures")
    print_verdict(console, words.verdict(comparison, scenarios, targets, in_time, evidence))
    announce_written_files(console, out, files, drawn)
