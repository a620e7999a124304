"""The commands `page` and `dashboard`: the live page as one file, written only, or written and opened."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.markup import escape

from analysis.command_line import OUTPUTS, Seen, announce_replaced_files, make_console
from analysis.language.mistakes import in_screen_language
from analysis.outcome.output_folder import Out
from analysis.outcome.screen import screen_language
from analysis.outcome.words import screen_text
from analysis.page.libraries import check_libraries
from calibration.fit.ensemble_file import EnsembleError, check_members
from calibration.fit.evidence import NEWEST, Evidence
from model.city import city

#: Members of each ensemble in a page: the file stays below what goes by mail.
MEMBERS: Final = 500
#: Name of the page's file.
FILE: Final = f"{city().name}.html"


def page(
    members: Annotated[
        int, typer.Option(min=20, help="Members of the calibrated ensemble that the page holds and runs.")
    ] = MEMBERS,
    language: Annotated[
        Literal["zh", "en"], typer.Option(help="The language in which it opens; both are in it.")
    ] = "zh",
    evidence: Seen = NEWEST,
    out: Out = OUTPUTS / "page",
) -> None:
    """Write the live page as one HTML file: it opens from a disk and runs the model in the browser, offline.

    It opens with this evidence and holds the other too. Needs the packages of the extra "page", as the README says.
    """
    write(members, language, evidence, out)


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


def write(members: int, language: str, evidence: Evidence, out: Path) -> Path:
    """Write the page into a folder, and say where and how large it is."""
    check_libraries()
    check_members(members, evidence)
    every, missing = [evidence], []
    for seen in (one for one in Evidence if one != evidence and one.is_recorded):
        try:
            check_members(members, seen)
            every.append(seen)
        except EnsembleError as error:
            missing.append(in_screen_language(str(error)))
    console = make_console()
    for why in missing:
        console.print(escape(screen_text("page offers", evidence=evidence, why=why)), soft_wrap=True)
    announce_replaced_files(console, out, [FILE])
    # Loaded after the checks, as these libraries take seconds.
    from analysis.page.build import build_page
    from model.files.atomic import replaced

    text = build_page(members, every, language)
    with replaced(out / FILE) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
    size = len(text.encode("utf-8")) / 1e6
    console.print(
        escape(screen_text("page written", file=(out / FILE).resolve(), size=f"{size:.1f}", members=members)),
        soft_wrap=True,
    )
    return out / FILE
