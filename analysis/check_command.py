"""The command `check`."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.markup import escape

from analysis.command_line import make_console
from analysis.language.mistakes import in_screen_language
from model.definition import MODEL_FILE
from model.engine.errors import listed


def check() -> None:
    """Check the model itself: documentation, units, conservation, equal engines. Exit code 1 if a check fails."""
    # Not above, as these libraries take seconds to load.
    from analysis.outcome.verdict import print_verdict
    from analysis.outcome.words import SENTENCES, screen_text, sentences_in
    from model import checks

    console = make_console()
    failed = 0
    for question, find in checks.CHECKS.items():
        named = f"check {question}"
        asked = screen_text(named) if named in sentences_in(SENTENCES) else question
        if find is checks.check_units and not checks.UNITS_CAN_BE_READ:
            console.print(f"[yellow]–[/] {asked}{screen_text('check not made')}")
            continue
        with Console(stderr=True).status(asked):
            problems = find(MODEL_FILE)
        failed += bool(problems)
        count = screen_text("check problems", count=len(problems)) if problems else ""
        console.print(f"[red]✗[/] {asked}{count}" if problems else f"[green]✓[/] {asked}")
        if problems:
            console.print(escape(in_screen_language(listed(problems))), highlight=False)
    every = len(checks.CHECKS)
    print_verdict(console, [screen_text("checks failed" if failed else "checks passed", count=every, failed=failed)])
    if failed:
        raise typer.Exit(1)
