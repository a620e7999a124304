"""Write the README's answer."""

from __future__ import annotations

from typing import Annotated

import typer

from analysis.command_line import (
    USUAL_MEMBERS,
    exit_on_mistakes,
)
from analysis.outcome import output_folder
from analysis.pages import answer as answer_page
from calibration.fit.ensemble import read_members


def answer(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 if the README is stale.")] = False,
) -> None:
    """Write the README's answer, its figure and the table of what is not known, from the calibrated ensemble."""
    with exit_on_mistakes():
        if not check:
            output_folder.take(answer_page.FIGURE.parent)
        fresh = answer_page.write(read_members(USUAL_MEMBERS), check=check)
    if check and not fresh:
        typer.echo("README.md or docs/images/answer.png does not match the ensemble: run `make docs`", err=True)
        raise typer.Exit(1)
