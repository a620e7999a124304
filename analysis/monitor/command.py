"""The command `monitor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from analysis.assessment.request import ASSESSMENTS, check_file
from analysis.command_line import OUTPUTS, USUAL_MEMBERS, Members, Seen, collect_mistakes, make_console
from analysis.outcome import output_folder
from analysis.outcome.output_folder import Out
from analysis.outcome.screen import screen_language
from calibration.fit.ensemble_file import check_members
from calibration.fit.evidence import NEWEST
from model import load_model
from scenarios import load_scenario, load_targets
from scenarios.monitor import FILE, load_monitor


def monitor(
    observations: Annotated[
        Path | None,
        typer.Option(
            help="CSV or .xlsx of newer numbers, as `assess` takes it; a row may also name a target by its id, its "
            "value then in the plan's unit. Without it: the record that is shipped.",
            dir_okay=False,
        ),
    ] = None,
    scenario: Annotated[
        str, typer.Option(help="Scenario that the forecast assumes: shipped name or path of a YAML file.")
    ] = "baseline",
    members: Members = USUAL_MEMBERS,
    evidence: Seen = NEWEST,
    rules: Annotated[
        Path | None,
        typer.Option(
            help="YAML file of the rules that give each indicator its status; those shipped without it.", dir_okay=False
        ),
    ] = None,
    memory: Annotated[
        Path, typer.Option(help="Folder in which `assess` keeps its assessments.", file_okay=False)
    ] = ASSESSMENTS,
    out: Out = OUTPUTS / "monitor",
) -> None:
    """Put every indicator of the plan on one page: observed, forecast, on course or not, and since when."""
    language = screen_language()
    with collect_mistakes() as part:
        with part():
            policies = load_scenario(scenario)
        with part():
            check_members(members, evidence)
        with part():
            judged = load_monitor(rules or FILE)
        with part():
            if observations is not None:
                check_file(observations)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.assessment.memory import read_assessments
    from analysis.monitor import study, tables, words
    from analysis.monitor.observations import read_observed
    from analysis.monitor.page import page
    from analysis.outcome.files import joint_manifest, write_table
    from analysis.outcome.verdict import print_verdict
    from calibration.fit.ensemble import read_members
    from model.files.atomic import replaced

    targets = load_targets()
    observed = read_observed(observations, targets, judged)
    kept = read_assessments(memory)
    assessed = study.latest_assessment(memory, policies.name, evidence)
    output_folder.take(out)
    parameters = read_members(members, evidence)
    variables = list(dict.fromkeys(str(one.variable) for one in targets.values() if one.modelled))
    run = load_model().run(policies.settings(parameters), outputs=variables)
    indicators = study.monitor_indicators(targets, observed, run, judged, kept, evidence, policies.name, assessed)
    last = max([evidence.last_year, *(one[-1].year for one in observed.values())])
    assessable = max((each.year for one in observed.values() for each in one if each.series), default=0)
    question = words.Question(policies, evidence, members, last, assessed, assessable)
    facts = joint_manifest([policies], parameters) | {
        "observations_file": "" if observations is None else observations.name,
        "rules_file": (rules or FILE).name,
    }
    write_table(tables.as_table(indicators), out / tables.TABLE, facts)
    with replaced(out / tables.page_file(language)) as partial:
        partial.write_text(page(indicators, question, judged, facts, language), encoding="utf-8", newline="\n")
    console = make_console()
    print_verdict(console, words.verdict(indicators, question, language))
    files = [str(out / name) for name in (tables.page_file(language), tables.TABLE)]
    console.print(escape(words.say("written", language, files=", ".join(files))))
