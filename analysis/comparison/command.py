"""The command `compare`."""

from __future__ import annotations

import math
from functools import partial
from time import perf_counter
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
    make_console,
)
from analysis.comparison import request
from analysis.outcome.output_folder import Out
from analysis.progress import count_progress, step_in_words
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
        int | None,
        typer.Option(
            min=4,
            help="Orders to sample, an even number, where more than 12 levers differ. Without it 32, or fewer where "
            "two minutes allow no more.",
        ),
    ] = None,
    indicators: Annotated[
        list[str] | None, typer.Option("--indicator", help="A variable of the model to compare too; may be repeated.")
    ] = None,
    evidence: Seen = NEWEST,
    full: Full = False,
    out: Out = OUTPUTS,
) -> None:
    """Say by how much two scenarios differ, how surely, and what each changed lever contributes to that."""
    began, variables = perf_counter(), variables_by_name()
    with collect_mistakes() as part:
        with part():
            scenarios = request.two_scenarios(first, second)
        with part():
            compared = request.indicators(indicators or (), variables)
        with part():
            check_members(members, evidence)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.comparison import charts, contributions, study, tables, words
    from analysis.outcome import limits, ratios
    from analysis.outcome.files import joint_manifest
    from analysis.outcome.printing import print_starts
    from analysis.outcome.verdict import print_verdict
    from calibration.fit.ensemble import read_members

    start = max(scenario.starts for scenario in scenarios)
    console, details = make_console(), make_console(shown=full)
    city, targets = load_model(), chosen_targets(load_targets(milestones=True), start=start)
    few = read_members(study.FEWEST, evidence)

    def coalitions(exact_up_to: int, permutations: int) -> int:
        return contributions.runs_per_member(
            city, *scenarios, few, exact_up_to=exact_up_to, permutations=permutations if orders is None else orders
        )

    effort = study.Effort(members or 0, contributions.EXACT_UP_TO, orders or study.ORDERS[0], 0)
    end = math.inf
    if members is None:
        pace = contributions.seconds_per_run(city, *scenarios, few, compared, study.YEARS, targets=targets)
        end = began + study.SECONDS - study.LATER_RUNS * pace
        effort = study.affordable_effort(end - perf_counter(), pace, coalitions)
    parameters = read_members(effort.members, evidence)
    stem = tables.file_stem(scenarios)
    files, drawn = tables.file_names(stem), f"{stem}_*.png"
    announce_replaced_files(console, out, files, drawn)
    compare_members = partial(
        contributions.compare,
        city,
        *scenarios,
        indicators=compared,
        years=study.YEARS,
        targets=targets,
        exact_up_to=effort.exact_up_to,
        permutations=effort.orders if orders is None else orders,
    )
    with count_progress(step_in_words("combinations", members=effort.members)) as progress:
        if members is None:
            comparison = study.compare_until(
                lambda seconds: perf_counter() + seconds > end,
                lambda some, told: compare_members(some, progress=told),
                parameters,
                progress,
            )
            parameters = parameters.isel(member=slice(comparison.values.sizes["member"]))
            console.print(words.chosen_effort(comparison))
        else:
            comparison = compare_members(parameters, progress=progress)
    facts = joint_manifest(scenarios, parameters)
    # Probabilities are over the members of all other commands, however few are traced.
    judged = read_members(USUAL_MEMBERS if members is None else members, evidence)
    in_time = study.in_time(city, scenarios, judged, targets)
    outside = limits.outside_in_scenarios(city, scenarios, judged)
    parts = [ratios.parts(city, scenario, judged) for scenario in scenarios]
    reasons = ratios.moved(parts[0], parts[1], load_targets().values())
    print_starts(details, scenarios)
    words.print_comparison(details, comparison, scenarios, targets, variables, in_time, evidence, reasons)
    limits.print_outside(console, outside, scenarios, full=full)
    tables.write(comparison, facts, variables, out, stem, outside)
    charts.draw(comparison, scenarios, facts, variables, out / "figures")
    print_verdict(console, words.verdict(comparison, scenarios, targets, in_time, evidence))
    announce_written_files(console, out, files, drawn)
