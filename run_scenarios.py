"""Run scenarios of Jinan's urbanization and say which targets of the plan they reach."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from analysis import figures, model_checks, result_files
from analysis.target_table import NOT_MODELLED, evaluate_targets
from model import ChangeError, load_model
from model.definition import MODEL_FILE, DefinitionError, model_hash, variables_by_name
from model.engine.reading import RefusedModelError
from model.engine.results import NonFiniteError
from scenarios import (
    LeverError,
    Scenario,
    ScenarioError,
    Target,
    TargetError,
    load_levers,
    load_scenarios,
    load_targets,
    shipped_scenarios,
)

#: A variable of more cells than this is kept only where a chart or a target needs it.
CELLS_KEPT = 100
#: A pipe or a file has no width of its own.
PIPE_WIDTH = 120
SIGNS = {"at least": "≥", "at most": "≤", "about": "≈"}
BAD_INPUT = (
    ScenarioError,
    LeverError,
    TargetError,
    figures.TermError,
    ChangeError,
    DefinitionError,
    RefusedModelError,
    NonFiniteError,
)

app = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Say which targets of Jinan's urbanization plan are reached by 2025 and 2035, under which policies.

    Without a command, every shipped scenario is run.
    """
    if context.invoked_subcommand is None:
        run()


@app.command()
def run(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Shipped names or paths of YAML files.")
    ] = None,
    engine: Annotated[
        Literal["compiled", "pysd"], typer.Option(help="The fast engine or the slow reference.")
    ] = "compiled",
    out: Annotated[Path, typer.Option(help="Folder for data and charts.", file_okay=False)] = Path("outputs"),
    members: Annotated[int, typer.Option(help="Members of the ensemble; only 1 for now.")] = 1,
) -> None:
    """Run scenarios, print which targets they reach, and write data and charts.

    The baseline always runs too, for comparison. Charts of a single scenario are drawn for the scenarios named, and
    for the baseline and the plan when none is named.
    """
    with _mistakes_end_politely():
        if members != 1:
            msg = f"--members {members}: there is no calibrated ensemble yet, so only one member can be run."
            raise ScenarioError(msg)
        chosen = load_scenarios(dict.fromkeys(["baseline", *(scenarios or shipped_scenarios())]))
        targets = load_targets()
        detailed = [Path(name).stem for name in scenarios or ("baseline", "plan")]
        figures.terms()
        # Before anything runs, so that a folder that cannot be written to is refused at once.
        (out / "figures").mkdir(parents=True, exist_ok=True)
        console = _console()
        _say_what_is_replaced(console, out, chosen)
        if scenarios:
            for scenario in chosen:
                if scenario.name in detailed and scenario.changes:
                    console.print(_changes_table(scenario))
        runs = _run_all(chosen, list(targets.values()), engine)
        table = evaluate_targets(targets.values(), runs)
        _print_answers(console, table, targets, chosen)
        _print_expectations(console, chosen, runs)
        _write(out, chosen, runs, table, targets, engine, detailed)
        console.print(
            f"Written to {escape(str(out))}: <scenario>.nc, targets.csv (all targets), figures/ (PNG and SVG)."
        )


@app.command()
def check() -> None:
    """Check the model itself: documentation, units, conservation, equal engines. Exit code 1 if a check fails."""
    console = _console()
    failed = False
    with _mistakes_end_politely():
        for question, find in model_checks.CHECKS.items():
            with Console(stderr=True).status(question):
                problems = find(MODEL_FILE)
            failed = failed or bool(problems)
            console.print(f"[red]✗[/] {question}: {len(problems)} problems" if problems else f"[green]✓[/] {question}")
            for problem in problems:
                console.print(f"    {escape(problem)}", highlight=False)
    if failed:
        raise typer.Exit(1)


@contextmanager
def _mistakes_end_politely() -> Iterator[None]:
    """Turn a user's mistake into a message and exit code 2."""
    try:
        yield
    except (*BAD_INPUT, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _console() -> Console:
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(width=width, highlight=False)


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _say_what_is_replaced(console: Console, out: Path, chosen: Sequence[Scenario]) -> None:
    files = [out / f"{scenario.name}.nc" for scenario in chosen] + [out / "targets.csv"]
    old = [file.name for file in files if file.exists()]
    if old:
        console.print(f"Replacing in {escape(str(out))}: {', '.join(old)}, and the charts of the same names.")


def _run_all(
    chosen: Sequence[Scenario], targets: Sequence[Target], engine: Literal["compiled", "pysd"]
) -> dict[str, xr.Dataset]:
    small = [
        name
        for name, variable in variables_by_name().items()
        if variable.kind in ("stock", "flow", "auxiliary") and prod(map(len, variable.axes)) <= CELLS_KEPT
    ]
    claimed = [claim.variable for scenario in chosen for claim in scenario.expectations]
    judged = [target.variable for target in targets if target.variable is not None]
    wanted = dict.fromkeys([*small, *figures.VARIABLES, *judged, *claimed])
    runs = {}
    with _progress() as progress:
        task = progress.add_task("Loading the model", total=len(chosen))
        city = load_model(engine)
        for scenario in chosen:
            progress.update(task, description=f"Running {scenario.name}")
            runs[scenario.name] = city.run(scenario.settings(), outputs=list(wanted))
            progress.advance(task)
    return runs


def _write(
    out: Path,
    chosen: Sequence[Scenario],
    runs: Mapping[str, xr.Dataset],
    table: pd.DataFrame,
    targets: Mapping[str, Target],
    engine: str,
    detailed: Sequence[str],
) -> None:
    material = figures.Material(
        {scenario.name: scenario for scenario in chosen},
        runs,
        list(targets.values()),
        MODEL_FILE.name,
        model_hash(),
    )
    with _progress() as progress:
        task = progress.add_task("Writing data", total=len(chosen))
        for scenario in chosen:
            facts = result_files.manifest(scenario, engine)
            described = result_files.describe_run(runs[scenario.name], scenario, facts, variables_by_name())
            result_files.write_run(described, out / f"{scenario.name}.nc")
            progress.advance(task)
        task = progress.add_task("Drawing charts", total=figures.count_figures(detailed))
        for _ in figures.draw_figures(material, out / "figures", detailed):
            progress.advance(task)
    # Last, so that a table of targets is never newer than what it sums up.
    result_files.write_targets(table, out / "targets.csv")


def _print_answers(
    console: Console, table: pd.DataFrame, targets: Mapping[str, Target], chosen: Sequence[Scenario]
) -> None:
    headlines = [target for target in targets.values() if target.headline]
    for target in headlines:
        console.print(_target_table(target, table[table["target"] == target.id], chosen))
        _say_in_words(console, target, table[table["target"] == target.id], chosen)
    console.print(_board(table, targets, chosen))
    console.print("每个情景只运行一次，参数未校准：不表示概率。")
    console.print("One run per scenario, with values that are not calibrated yet: no probability is implied.\n")


def _print_expectations(console: Console, chosen: Sequence[Scenario], runs: Mapping[str, xr.Dataset]) -> None:
    """Say which expectations of the scenario files the runs do not meet, and which could not be judged."""
    lines = []
    for scenario in chosen:
        for claim in scenario.expectations:
            try:
                if not claim.holds(runs[scenario.name], runs):
                    lines.append(f"✗ {scenario.name}: {claim}")
            except KeyError as missing:
                lines.append(f"? {scenario.name}: {claim} (not judged: {missing.args[0]!r} is not among the results)")
    if lines:
        console.print("与情景文件的预期不符  Not as the scenario files expect:")
    for line in lines:
        console.print(f"  {escape(line)}")


def _wanted(target: Target) -> str:
    if target.threshold is None:
        return ""
    unit = {"percent": "%"}.get(target.unit, "" if target.unit == "qualitative" else f" {target.unit}")
    allowed = f" (±{target.tolerance:g})" if target.tolerance else ""
    return f"{SIGNS[target.comparison]} {target.threshold:,g}{unit}{allowed}"


def _target_table(target: Target, rows: pd.DataFrame, chosen: Sequence[Scenario]) -> Table:
    titles = {scenario.name: escape(f"{scenario.title['zh']} {scenario.title['en']}") for scenario in chosen}
    table = Table(
        title=f"{target.title['zh']}  {target.title['en']}\n{target.year}: {_wanted(target)}",
        title_justify="left",
        title_style="bold",
        expand=False,
    )
    table.add_column("情景 scenario", no_wrap=True)
    for heading in ("数值\nvalue", "余量\nmargin", "达到\nreached", "首次达到\nfirst year"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows.to_dict("records"):
        year = "—" if pd.isna(row["year_reached_median"]) else f"{row['year_reached_median']:g}"
        reached = "[green]是 yes[/]" if row["reached"] == "yes" else "[red]否 no[/]"
        table.add_row(titles[row["scenario"]], _rounded(row["median"]), _rounded(row["margin"], "+"), reached, year)
    return table


def _say_in_words(console: Console, target: Target, rows: pd.DataFrame, chosen: Sequence[Scenario]) -> None:
    reached = set(rows.loc[rows["reached"] == "yes", "scenario"])
    zh = "、".join(escape(s.title["zh"]) for s in chosen if s.name in reached) or "无"
    en = ", ".join(escape(s.title["en"]) for s in chosen if s.name in reached) or "none"
    count = f"{len(reached)}/{len(chosen)}"
    console.print(f"{target.year}年“{target.title['zh']}”达到目标的情景（{count}）：{zh}。")
    console.print(f"Scenarios that reach it by {target.year} ({count}): {en}.\n")


def _board(table: pd.DataFrame, targets: Mapping[str, Target], chosen: Sequence[Scenario]) -> Table:
    """Return every target of the plan, one row each; scenarios stand in numbered columns."""
    numbers = "\n".join(
        escape(f"{place:>2} {scenario.title['zh']} {scenario.name}") for place, scenario in enumerate(chosen, 1)
    )
    board = Table(
        title="规划全部目标  Every target of the plan",
        title_justify="left",
        title_style="bold",
        caption=f"✓ 达到 reached   ✗ 未达到 missed   · 未模拟 {NOT_MODELLED}\n{numbers}",
        caption_justify="left",
    )
    board.add_column("目标 target", overflow="fold", ratio=1)
    board.add_column("年份\nyear", no_wrap=True)
    board.add_column("要求\nwanted", overflow="fold")
    for place in range(1, len(chosen) + 1):
        board.add_column(str(place), justify="center", no_wrap=True)
    marks = {"yes": "[green]✓[/]", "no": "[red]✗[/]", NOT_MODELLED: "[dim]·[/]"}
    found = table.set_index(["target", "scenario"])["reached"]
    for target in targets.values():
        cells = [marks[str(found[target.id, scenario.name])] for scenario in chosen]
        board.add_row(f"{target.title['zh']} [dim]{target.title['en']}[/]", str(target.year), _wanted(target), *cells)
    return board


def _changes_table(scenario: Scenario) -> Table:
    """Return what a scenario's own file changes and what it takes over, policies kept apart from assumptions."""
    levers = load_levers()
    table = Table(
        title=escape(
            f"{scenario.title['zh']} {scenario.title['en']}\n{scenario.question['zh']}\n{scenario.question['en']}"
        ),
        title_justify="left",
        title_style="bold",
    )
    for heading in ("变化 change", "取值 value", "来源 source"):
        table.add_column(heading, overflow="fold")
    own = [change for change in scenario.changes if change.stated_in == scenario.name]
    for change in sorted(own, key=lambda change: not change.policy):
        kind = levers[change.constant].title["zh"] if change.policy else "[yellow]假设 assumption[/]"
        instead = f"\n[dim]replaces that of {change.replaces}[/]" if change.replaces else ""
        table.add_row(
            f"{change.constant}\n{kind}{instead}", f"{_spoken(change.value)} {change.unit}", escape(change.source)
        )
    taken = [change for change in scenario.changes if change.stated_in != scenario.name]
    if taken:
        bases = ", ".join(dict.fromkeys(change.stated_in for change in taken))
        table.caption = f"以及 {bases} 的{len(taken)}项变化  and {len(taken)} changes of {bases}"
        table.caption_justify = "left"
    return table


def _spoken(value: object) -> str:
    if isinstance(value, dict):
        parts = (f"{key if isinstance(key, str) else f'{key:g}'}: {_spoken(part)}" for key, part in value.items())
        return ("\n" if any(isinstance(key, str) for key in value) else ", ").join(parts)
    return f"{value:,.10g}"


def _rounded(number: float, sign: str = "") -> str:
    """Write a number with two decimals, or whole where it is large."""
    return f"{number:{sign},.0f}" if abs(number) >= 1000 else f"{number:{sign}.2f}"


if __name__ == "__main__":
    app()
