"""The command `left-out`."""

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
    make_console,
)
from analysis.outcome.output_folder import Out
from analysis.progress import count_progress, step_in_words
from calibration.fit.ensemble_file import check_members
from calibration.fit.evidence import NEWEST
from model import load_model
from scenarios import load_scenarios


def left_out(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SCENARIO",
            help="Shipped names or paths of YAML files. Without any: the baseline and the plan.",
        ),
    ] = None,
    members: Annotated[
        int, typer.Option(min=1, help="Number of members of the calibrated ensemble to run.")
    ] = USUAL_MEMBERS,
    evidence: Seen = NEWEST,
    full: Full = False,
    out: Out = OUTPUTS,
) -> None:
    """Say how many school places and affordable homes are short by a standard, for which groups and districts."""
    with collect_mistakes() as part:
        with part():
            scenarios = load_scenarios(names or ("baseline", "plan"))
        with part():
            check_members(members, evidence)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.left_out import charts, study, tables, words
    from analysis.outcome.files import joint_manifest, write_run, write_table
    from analysis.outcome.verdict import print_verdict
    from calibration.fit.ensemble import read_members

    console, details, parameters = make_console(), make_console(shown=full), read_members(members, evidence)
    facts = joint_manifest(scenarios, parameters)
    announce_replaced_files(console, out, tables.FILES, tables.CHARTS)
    results, city = {}, load_model()
    with count_progress(step_in_words("Running scenarios")) as progress:
        for scenario in scenarios:
            run = city.run(scenario.settings(parameters), outputs=list(study.VARIABLES))
            results[scenario.name] = study.left_out(run)
            progress(len(results), len(scenarios))
    table = tables.as_table(results)
    words.print_left_out(details, table, scenarios, members, evidence)
    write_table(table, out / tables.TABLE, facts)
    write_run(tables.as_dataset(results, facts), out / tables.DATA)
    charts.draw(table, scenarios, facts, out / "figures")
    print_verdict(console, words.verdict(table, scenarios, members, evidence))
    announce_written_files(console, out, tables.FILES, tables.CHARTS)
