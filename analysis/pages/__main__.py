"""The pages and numbers of the documentation that are worked out from the model, the data and the ensemble."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import Annotated, Final

import typer

from analysis.command_line import exit_on_mistakes
from model.city import require_usual
from model.files.repository import require_repository


class Page(StrEnum):
    """A generated page, or a part of one."""

    MODEL = "model"
    HISTORY = "history"
    BEHAVIOUR = "behaviour"
    ANSWER = "answer"
    SCORE = "score"


#: The module of each page, which is loaded only when the page is made; its `update_page` returns the stale files.
MODULES: Final = {
    Page.MODEL: "model.reference_page",
    Page.HISTORY: "calibration.history.report",
    Page.BEHAVIOUR: "analysis.pages.behaviour",
    Page.ANSWER: "analysis.pages.answer",
    Page.SCORE: "analysis.pages.score",
}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def update_pages(
    pages: Annotated[
        list[Page] | None,
        typer.Argument(
            help="model: docs/model.md; history: docs/history.md and its figures; behaviour: the tables and the "
            "picture of docs/behaviour.md; answer: answer, figure and table of README.md; score: the table of "
            "docs/forecast_score.md. All of them if left out."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; the exit code is 1 if a page is out of date.")
    ] = False,
) -> None:
    """Write the pages that are worked out from the model, the data and the calibrated ensemble."""
    with exit_on_mistakes():
        require_repository("python -m analysis.pages")
        require_usual("python -m analysis.pages")
        stale = [
            path for page in pages or MODULES for path in import_module(MODULES[page]).update_page(write=not check)
        ]
    for path in stale:
        typer.echo(f"{path.name} was out of date{': run `make pages`' if check else ' and is written'}.", err=check)
    if check and stale:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
