"""The command `dashboard`: the live page, written and opened."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from analysis.command_line import OUTPUTS, Seen
from analysis.outcome.output_folder import Out
from analysis.outcome.screen import screen_language
from analysis.page.command import MEMBERS, write
from calibration.fit.evidence import NEWEST


def dashboard(
    members: Annotated[
        int, typer.Option(min=20, help="Members of the calibrated ensemble that the page holds and runs.")
    ] = MEMBERS,
    evidence: Seen = NEWEST,
    out: Out = OUTPUTS / "page",
) -> None:
    """Write the live page, as `page` does, and open it in the browser: move levers, and see targets and bands follow.

    No server is started: the page runs the model itself, and stays usable after the command has ended.
    """
    file = write(members, screen_language(), evidence, out)
    webbrowser.open(file.resolve().as_uri())
