"""Run scenarios, and say which targets of the plan they reach."""

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
    collect_mistakes,
    exit_on_mistakes,
    make_console,
    progress_bar,
)
from analysis.outcome import output_folder
from analysis.outcome.output_folder import Out
from model.engine.errors import UserError
from scenarios import (
    Scenario,
    Target,
    load_scenarios,
    load_targets,
    shipped_scenarios,
)

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def run(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Shipped names or paths of YAML files.")
    ] = None,
    engine: Annotated[
        Literal["compiled", "pysd"], typer.Option(help="The fast engine or the slow reference.")
    ] = "compiled",
    out: Out = OUTPUTS,
    members: Annotated[
        int, typer.Option(min=1, help="Members of the calibrated ensemble; 1 runs the model file's own values once.")
    ] = USUAL_MEMBERS,
) -> None:
    """Run scenarios, print which targets they reach, and write data and charts.

    The baseline always runs too, for comparison. Charts of a single scenario are drawn for the scenarios named, and
    for the baseline and the plan when none is named. What an earlier run made from exactly the same things is kept.
    """
    with exit_on_mistakes():
        chosen: tuple[Scenario, ...] = ()
        parameters = None
        with collect_mistakes() as part:
            with part():
                chosen = load_scenarios(dict.fromkeys(["baseline", *(scenarios or shipped_scenarios())]))
            with part():
                if engine == "pysd" and members > 1:
                    msg = "--engine pysd is the slow reference, for one run of each scenario: add --members 1."
                    raise UserError(msg)
                # The usual members need not be read to tell of a scenario that cannot be run.
                if members > 1 and (chosen or members != USUAL_MEMBERS):
                    from calibration.fit.ensemble import read_members

                    parameters = read_members(members)
        # Loaded after the checks, as these libraries take seconds.
        from analysis.charts import figures
        from analysis.outcome import files as result_files
        from analysis.outcome import printing, stored_runs
        from analysis.outcome.stored_runs import make_with_progress
        from analysis.outcome.targets import evaluate_targets

        targets = load_targets()
        detailed = [Path(name).stem for name in scenarios or ("baseline", "plan")]
        figures.terms()
        # Before anything runs, so that a folder that cannot be written to is refused at once.
        output_folder.take(out)
        console = make_console()
        facts = {scenario.name: result_files.manifest(scenario, engine, parameters) for scenario in chosen}
        kept = stored_runs.stored(out, chosen, list(targets.values()), facts)
        _say_what_is_replaced(console, out, chosen, kept)
        printing.print_other_runs(console, out, stored_runs.others(out, facts, facts[chosen[0].name]), members)
        if scenarios:
            for scenario in chosen:
                if scenario.name in detailed and scenario.changes:
                    console.print(printing.changes_table(scenario))
        both = kept | make_with_progress(
            out,
            [scenario for scenario in chosen if scenario.name not in kept],
            list(targets.values()),
            facts,
            engine,
            parameters,
        )
        runs = {scenario.name: both[scenario.name] for scenario in chosen}
        table = evaluate_targets(targets.values(), runs)
        printing.print_answers(console, table, targets, chosen, members)
        claimed = stored_runs.for_expectations(chosen, runs, list(targets.values()), engine, parameters)
        printing.print_expectations(console, chosen, claimed)
        _write(out, chosen, runs, table, targets, facts, detailed)
        size = "of one run" if members == 1 else f"of {members} members each"
        console.print(
            f"Written to {escape(str(out))}, {size}: <scenario>.nc, targets.csv (all targets), figures/ (PNG)."
        )


def _say_what_is_replaced(
    console: Console, out: Path, chosen: Sequence[Scenario], kept: Mapping[str, xr.Dataset]
) -> None:
    if kept:
        console.print(f"Unchanged and kept in {escape(str(out))}: {', '.join(f'{name}.nc' for name in kept)}.")
    files = [out / f"{scenario.name}.nc" for scenario in chosen if scenario.name not in kept]
    files += [] if len(kept) == len(chosen) else [out / "targets.csv"]
    old = [file.name for file in files if file.exists()]
    if old:
        console.print(f"Replacing in {escape(str(out))}: {', '.join(old)}, and the charts of the same names.")


def _write(
    out: Path,
    chosen: Sequence[Scenario],
    runs: Mapping[str, xr.Dataset],
    table: pd.DataFrame,
    targets: Mapping[str, Target],
    facts: Mapping[str, Mapping[str, str]],
    detailed: Sequence[str],
) -> None:
    from analysis.charts import figures
    from analysis.outcome import files as result_files

    by_name = {scenario.name: scenario for scenario in chosen}
    material = figures.gather(by_name, runs, list(targets.values()), facts)
    charts = [chart for chart in figures.charts(material, detailed) if not figures.is_drawn(chart, out / "figures")]
    with progress_bar() as progress:
        task = progress.add_task("Drawing charts", total=len(charts))
        for _ in figures.draw_figures(material, out / "figures", charts):
            progress.advance(task)
    # Last, so that a table of targets is never newer than what it sums up.
    result_files.write_table(table, out / "targets.csv", result_files.joined(list(facts.values())))
