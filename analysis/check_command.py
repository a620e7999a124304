"""The command `check`."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.markup import escape

from analysis.command_line import make_console
from model.definition import MODEL_FILE
from model.engine.errors import listed


def check() -> None:
    """Check the model itself: documentation, units, conservation, equal engines. Exit code 1 if a check fails."""
    # Not above, as these libraries take seconds to load.
    from model import checks

    console = make_console()
    failed = False
    for question, find in checks.CHECKS.items():
        if find is checks.check_units and not checks.UNITS_CAN_BE_READ:
            console.print(f"[yellow]–[/] {question}: not checked, as pysimlin has no release for this system")
            continue
        with Console(stderr=True).status(question):
            problems = find(MODEL_FILE)
        failed = failed or bool(problems)
        console.print(f"[red]✗[/] {question}: {len(problems)} problems" if problems else f"[green]✓[/] {question}")
        if problems:
            console.print(escape(listed(problems)), highlight=False)
    if failed:
        raise typer.Exit(1)
