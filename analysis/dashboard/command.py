"""Serve the live page."""
# Coverage: what serves and ends a page runs in the browser tests only (`make test-browser`).

from __future__ import annotations

import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from analysis.command_line import OUTPUTS, USUAL_MEMBERS, Seen, make_console
from analysis.progress import count_progress, step_in_words
from calibration.fit.ensemble_file import EnsembleError, check_members
from calibration.fit.evidence import NEWEST, Evidence
from model import load_model
from model.engine import children
from scenarios import load_scenarios, load_targets


def dashboard(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 5006,
    host: Annotated[
        str, typer.Option(help="Address to listen on. With another than 127.0.0.1 the page asks for a token.")
    ] = "127.0.0.1",
    members: Annotated[
        int, typer.Option(min=20, help="Members of the calibrated ensemble run at every move.")
    ] = USUAL_MEMBERS,
    evidence: Seen = NEWEST,
) -> None:
    """Serve a page with live levers: move one, and targets, bands and districts follow for every member.

    The page begins with this evidence, and leads to the other.
    """
    check_members(members, evidence)
    every, missing = [evidence], []
    for seen in (one for one in Evidence if one != evidence):
        try:
            check_members(members, seen)
            every.append(seen)
        except EnsembleError as error:
            missing.append(str(error))
    # Loaded after the checks, as these libraries take seconds.
    from analysis.dashboard import serving
    from analysis.dashboard.briefings import Briefings
    from analysis.outcome import files as result_files
    from analysis.outcome.words import screen_text
    from calibration.fit.ensemble import read_members

    console, city = make_console(), load_model()
    targets, ready = list(load_targets().values()), load_scenarios(["baseline", "plan"])
    port = serving.free_port(host, port)
    ensembles = {}
    for seen in every:
        try:
            drawn = read_members(members, seen)
        except EnsembleError as error:
            if seen == evidence:
                raise
            missing.append(str(error))
            continue
        with count_progress(step_in_words("ahead", members=members, evidence=seen)) as progress:
            shared = serving.make_shared_ensemble(city, drawn, targets, ready, progress)
        briefings = Briefings(partial(brief_command, seen), OUTPUTS)
        ensembles[seen] = serving.Served(shared, result_files.joint_manifest(ready, drawn), briefings)
    for why in missing:
        console.print(escape(screen_text("page offers", evidence=evidence, why=why)), soft_wrap=True)
    site = serving.site(ensembles, targets, host, port)
    for line in site.words():
        console.print(escape(line), soft_wrap=True)
    site.run()


def brief_command(evidence: Evidence, scenario: str, language: str, folder: Path) -> list[str]:
    """Return the command by which the live page has a briefing made."""
    # The file of the command line, wherever the project is installed.
    module = find_spec("run_scenarios")
    assert module is not None
    assert module.origin is not None
    options = ["--scenario", scenario, "--language", language, "--evidence", str(evidence), "--out", str(folder)]
    return [sys.executable, children.__file__, module.origin, "brief", *options]
