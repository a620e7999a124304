"""The pages and numbers of the documentation that are worked out from the model, the data and the ensemble."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import Annotated, Final

import typer

from analysis.command_line import exit_on_mistakes
from model.city import VARIABLE, city, require_usual
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

#: What writes them.
REMEDY: Final = "make pages" if city().is_usual else f"{VARIABLE}={city().name} python -m analysis.pages"
#: Pages that every city has; those of another than the usual one stand in its pack.
OF_EVERY_CITY: Final = (Page.MODEL, Page.HISTORY)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def update_pages(
    pages: Annotated[
        list[Page] | None,
        typer.Argument(
            help="model: docs/model.md; history: docs/history.md and its figures; behaviour: the tables and the "
            "picture of docs/behaviour.md; answer: answer, figure and table of README.md; score: the table of "
            "docs/forecast_score.md. All of them if left out. With URBANIZATION_CITY: model, history."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; the exit code is 1 if a page is out of date.")
    ] = False,
) -> None:
    """Write the pages that are worked out from the model, the data and the calibrated ensemble."""
    with exit_on_mistakes():
        require_repository("python -m analysis.pages")
        chosen = pages or (list(Page) if city().is_usual else OF_EVERY_CITY)
        for page in chosen:
            if page not in OF_EVERY_CITY:
                require_usual(page.value)
        stale = [path for page in chosen for path in import_module(MODULES[page]).update_page(write=not check)]
    for path in stale:
        typer.echo(f"{path.name} was out of date{f': run `{REMEDY}`' if check else ' and is written'}.", err=check)
    if check and stale:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
