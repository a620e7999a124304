"""The command ``delay``: the cost of starting policies later."""

from __future__ import annotations

from typing import Annotated

import typer

from analysis.command_line import (
    OUTPUTS,
    USUAL_MEMBERS,
    From,
    Full,
    Seen,
    announce_replaced_files,
    announce_written_files,
    collect_mistakes,
    make_console,
)
from analysis.effort.delay.request import WANTED, check_wanted, levers_of, select_targets
from analysis.outcome.output_folder import Out
from analysis.progress import count_progress, step_in_words
from calibration.fit.ensemble_file import check_members
from calibration.fit.evidence import NEWEST
from model import load_model
from model.definition import variables_by_name
from scenarios import load_scenario, load_targets, scenarios_from


def delay(
    scenario: Annotated[
        str, typer.Option(help="The scenario whose levers are delayed: a shipped name or the path of a YAML file.")
    ] = "plan",
    target: Annotated[
        list[str] | None,
        typer.Option(help="Id of a target; repeat it to name several. Without it: the headlines and all of 2035."),
    ] = None,
    probability: Annotated[
        float, typer.Option(help="Probability that the last start still gives: above 0, up to 1.")
    ] = WANTED,
    from_year: From = None,
    members: Annotated[int, typer.Option(min=2, help="Number of members of the calibrated ensemble.")] = USUAL_MEMBERS,
    evidence: Seen = NEWEST,
    full: Full = False,
    out: Out = OUTPUTS,
) -> None:
    """Compute the cost of delay: the probability of each target by the start year of a scenario's levers.

    Each lever is delayed alone, and all together; the last start year that still gives the probability is named.
    """
    chosen = load_scenario("baseline")
    with collect_mistakes() as part:
        with part():
            (chosen,) = scenarios_from([scenario], from_year)
            levers_of(chosen)
        with part():
            targets = select_targets(load_targets(milestones=True), target, chosen.starts)
        with part():
            check_wanted(probability)
        with part():
            check_members(members, evidence)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.effort.delay import charts, tables
    from analysis.effort.delay.study import delay_costs
    from analysis.effort.delay.words import verdict
    from analysis.outcome import files as result_files
    from analysis.outcome.printing import print_starts
    from analysis.outcome.verdict import print_verdict
    from calibration.fit.ensemble import read_members

    console, details, parameters = make_console(), make_console(shown=full), read_members(members, evidence)
    facts, files = result_files.joint_manifest([chosen], parameters), tables.file_names(chosen.name)
    announce_replaced_files(console, out, files, f"delay_{chosen.name}_*.png")
    with count_progress(step_in_words("delays", members=members)) as progress:
        delays = delay_costs(
            load_model(), chosen, parameters, targets, variables_by_name(), wanted=probability, progress=progress
        )
    print_starts(details, [chosen])
    tables.print_delays(details, delays)
    tables.write(delays, facts, out)
    charts.draw(delays, facts, out / "figures")
    print_verdict(console, verdict(delays, evidence))
    announce_written_files(console, out, files, f"delay_{chosen.name}_*.png")
