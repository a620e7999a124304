"""The command that compares newer observations with the stored forecast."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from analysis.assessment.request import ASSESSMENTS, check_file
from analysis.command_line import (
    OUTPUTS,
    Full,
    Seen,
    announce_replaced_files,
    announce_written_files,
    collect_mistakes,
    make_console,
)
from analysis.outcome.output_folder import Out
from analysis.outcome.words import LANGUAGES
from analysis.progress import report_progress
from calibration.fit.evidence import NEWEST
from model import load_model
from scenarios import load_scenario, load_targets


def assess(
    observations: Annotated[
        Path,
        typer.Option(
            help="CSV with the columns variable, year, value, unit, source; see docs/assessment.md.", dir_okay=False
        ),
    ],
    without: Annotated[
        list[str] | None, typer.Option(help="Series to leave out of the update even if it agrees. Repeat for more.")
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", help="Series to use in the update even if it disagrees. Repeat for more."),
    ] = None,
    scenario: Annotated[
        str, typer.Option(help="Scenario that the forecast assumes: shipped name or path of a YAML file.")
    ] = "baseline",
    evidence: Seen = NEWEST,
    full: Full = False,
    memory: Annotated[
        Path, typer.Option(help="Folder that keeps what each assessment said of the targets.", file_okay=False)
    ] = ASSESSMENTS,
    out: Out = OUTPUTS / "assessment",
) -> None:
    """Score the stored forecast with newer observations, re-weight the ensemble, and judge the targets anew."""
    with collect_mistakes() as part:
        with part():
            policies = load_scenario(scenario)
        with part():
            check_file(observations)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.assessment import charts, tables, words
    from analysis.assessment.memory import as_record, keep, read_assessments, sentences_on_memory
    from analysis.assessment.observations import fingerprint, read_newer_observations, read_stored_forecast
    from analysis.assessment.series import chosen_series
    from analysis.assessment.study import assess_stored_forecast
    from analysis.outcome import files as result_files
    from analysis.outcome.screen import screen_language
    from analysis.outcome.verdict import print_verdict
    from calibration.fit.ensemble import read_members

    console = make_console()
    kept = read_assessments(memory)
    newer = read_newer_observations(observations, read_stored_forecast(evidence.forecast))
    inside, outside = chosen_series(newer["variable"], with_ or [], without or [])
    parameters, targets = read_members(evidence=evidence), load_targets()
    facts = result_files.joint_manifest([policies], parameters) | {
        "observations_file": observations.name,
        "observations_hash": fingerprint(newer),
        "series_put_in": ", ".join(inside),
        "series_left_out": ", ".join(outside),
    }
    announce_replaced_files(console, out, tables.FILES, "assessment_*.png")
    with report_progress() as progress:
        assessment = assess_stored_forecast(
            newer,
            load_model(),
            parameters,
            targets,
            progress,
            None if policies.name == "baseline" else policies,
            inside,
            outside,
        )
    record = as_record(assessment, evidence.last_year, policies.name, date.today())
    told = {language: sentences_on_memory(language, kept, record) for language in LANGUAGES}
    assessment = replace(
        assessment, sentences={language: assessment.sentences[language] + told[language] for language in LANGUAGES}
    )
    tables.print_assessment(make_console(shown=full), assessment, targets)
    tables.write_assessment(assessment, out, facts)
    weights = assessment.weights["weight"].to_numpy() if assessment.accepted else None
    unused = assessment.series.loc[~assessment.series["used"].astype(bool), "variable"].tolist()
    titled = facts | {f"title_{language}": title for language, title in policies.title.items()}
    charts.draw(assessment.points, assessment.forecast, weights, titled, out / "figures", unused)
    told_now = told[screen_language()]
    parts = (assessment.points, assessment.series, assessment.updates, assessment.targets)
    print_verdict(console, words.verdict(*parts, told_now, facts))
    announce_written_files(console, out, tables.FILES, "assessment_*.png")
    # Only what was told in full is remembered.
    console.print(escape(words.screen_text("kept", file=keep(record, memory, facts))))
