"""The command `run`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from analysis.command_line import (
    OUTPUTS,
    USUAL_MEMBERS,
    Full,
    Seen,
    announce_written_files,
    collect_mistakes,
    make_console,
)
from analysis.map_option import Outlines, given_boundaries
from analysis.outcome import output_folder
from analysis.outcome.output_folder import Out
from analysis.progress import progress_bar, step_in_words
from calibration.fit.ensemble_file import check_members
from calibration.fit.evidence import NEWEST
from model.engine.errors import UserError
from scenarios import (
    FIRST_DEADLINE,
    Scenario,
    Target,
    load_scenarios,
    load_targets,
    shipped_scenarios,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from analysis.charts.boundaries import Boundaries

#: The table of all targets.
TABLE = "targets.csv"


def run(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SCENARIO", help="Shipped names or paths of YAML files. Without any: all shipped scenarios."
        ),
    ] = None,
    engine: Annotated[
        Literal["compiled", "pysd"], typer.Option(help="The fast compiled engine, or PySD as the slow reference.")
    ] = "compiled",
    evidence: Seen = NEWEST,
    full: Full = False,
    out: Out = OUTPUTS,
    members: Annotated[
        int,
        typer.Option(
            min=1, help="Number of members of the calibrated ensemble to run; 1 runs the model file's own values once."
        ),
    ] = USUAL_MEMBERS,
    boundaries: Outlines = None,
) -> None:
    """Run scenarios, print which targets they reach, and write data and charts.

    The baseline always runs too, for comparison. Charts of a single scenario are drawn for the scenarios named, and
    for the baseline and the plan when none is named. What an earlier run made from exactly the same things is kept.
    """
    with collect_mistakes() as part:
        with part():
            scenarios = load_scenarios(dict.fromkeys(["baseline", *(names or shipped_scenarios())]))
        with part():
            if engine == "pysd" and members > 1:
                msg = "--engine pysd is the slow reference, for one run of each scenario: add --members 1."
                raise UserError(msg)
            if members > 1:
                check_members(members, evidence)
        with part():
            outlines = given_boundaries(boundaries)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.outcome import files as result_files
    from analysis.outcome import limits, printing
    from analysis.outcome.targets import evaluate_targets
    from analysis.outcome.verdict import print_verdict, run_verdict
    from analysis.outcome.words import screen_text, terms
    from analysis.run import stored_runs
    from calibration.fit.ensemble import read_members

    parameters = read_members(members, evidence) if members > 1 else None
    judged = list(load_targets().values())
    starts = max(scenario.starts for scenario in scenarios)
    targets = load_targets(milestones=starts > FIRST_DEADLINE)
    detailed = [Path(name).stem for name in names or ("baseline", "plan")]
    # Before anything runs, so that a damaged file of words or a folder that cannot be written to is refused at once.
    terms()
    output_folder.take(out)
    console, details = make_console(), make_console(shown=full)
    facts = {scenario.name: result_files.manifest(scenario, engine, parameters) for scenario in scenarios}
    kept = stored_runs.stored(out, scenarios, judged, facts)
    missing = [scenario for scenario in scenarios if scenario.name not in kept]
    _announce_replaced_runs(console, out, list(kept), missing)
    printing.print_other_runs(console, out, stored_runs.others(out, facts, facts[scenarios[0].name]), members)
    if names:
        for scenario in scenarios:
            if scenario.name in detailed and scenario.changes:
                details.print(printing.changes_table(scenario))
    made = stored_runs.make(out, missing, judged, facts, engine, parameters)
    runs = {scenario.name: (kept | made)[scenario.name] for scenario in scenarios}
    table = evaluate_targets(targets.values(), runs)
    # Where a scenario starts later, what is printed is about later years; the table on disk has every target.
    ahead = {name: target for name, target in targets.items() if target.year >= starts}
    printing.print_starts(details, scenarios)
    printing.print_answers(details, table, ahead, scenarios, members, evidence)
    claimed = stored_runs.for_expectations(scenarios, runs, judged, engine, parameters)
    printing.print_expectations(console, scenarios, claimed)
    outside = {name: limits.from_text(run.attrs.get(limits.ATTRIBUTE, "[]")) for name, run in runs.items()}
    limits.print_outside(console, outside, scenarios, full=full)
    _write(out, scenarios, runs, table, judged, facts, detailed, outlines)
    about = next((one for one in scenarios if one.name in detailed and one.name != "baseline"), scenarios[0])
    print_verdict(console, run_verdict(table, ahead, scenarios, about, members, evidence))
    announce_written_files(console, out, [f"<{screen_text('scenario')}>.nc", TABLE], "*.png")


def _announce_replaced_runs(console: Console, out: Path, kept: Sequence[str], missing: Sequence[Scenario]) -> None:
    from analysis.outcome.words import screen_text

    if kept:
        console.print(escape(screen_text("kept", out=out, files=", ".join(f"{name}.nc" for name in kept))))
    files = [*(f"{scenario.name}.nc" for scenario in missing), *([TABLE] if missing else [])]
    old = [name for name in files if (out / name).exists()]
    if old:
        console.print(escape(screen_text("replacing", out=out, files=", ".join(old))))


def _write(
    out: Path,
    scenarios: Sequence[Scenario],
    runs: Mapping[str, xr.Dataset],
    table: pd.DataFrame,
    targets: Sequence[Target],
    facts: Mapping[str, Mapping[str, str]],
    detailed: Sequence[str],
    outlines: Boundaries | None,
) -> None:
    from analysis.charts import catalogue
    from analysis.charts.material import gather
    from analysis.outcome import files as result_files

    by_name = {scenario.name: scenario for scenario in scenarios}
    material = gather(by_name, runs, targets, facts, outlines)
    charts = [
        chart for chart in catalogue.list_charts(material, detailed) if not catalogue.is_drawn(chart, out / "figures")
    ]
    with progress_bar() as progress:
        task = progress.add_task(step_in_words("Drawing charts"), total=len(charts))
        for _ in catalogue.draw_figures(material, out / "figures", charts):
            progress.advance(task)
    # Last, so that a table of targets is never newer than what it sums up.
    result_files.write_table(table, out / TABLE, result_files.joined(list(facts.values())))
