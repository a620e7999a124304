"""Hold newer observations against the forecast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from analysis.assessment import charts
from analysis.command_line import (
    OUTPUTS,
    announce_replaced_files,
    exit_on_mistakes,
    make_console,
    report_progress,
)
from analysis.outcome import files as result_files
from analysis.outcome.output_folder import Out
from calibration.fit.ensemble import read_members
from model import load_model
from scenarios import (
    load_scenario,
    load_targets,
)


def assess(
    observations: Annotated[
        Path, typer.Option(help="CSV with variable, year, value, unit, source; see docs/assessment.md.", dir_okay=False)
    ],
    without: Annotated[
        list[str] | None, typer.Option(help="Series that is left out whatever it says; again for more.")
    ] = None,
    with_: Annotated[
        list[str] | None, typer.Option("--with", help="Series that is used whatever it says; again for more.")
    ] = None,
    scenario: Annotated[
        str, typer.Option(help="Policies of the forecast: shipped name or path of a YAML file.")
    ] = "baseline",
    out: Out = OUTPUTS / "assessment",
) -> None:
    """Hold newer observations against the stored forecast, update it from the series that fit, and say what slips."""
    from analysis.assessment import printing, runs, series, tables

    console = make_console()
    with exit_on_mistakes():
        newer = runs.read_observations_file(observations)
        inside, outside = series.chosen_series(newer["variable"], with_ or [], without or [])
        parameters, policies, targets = read_members(), load_scenario(scenario), load_targets()
        facts = result_files.joint_manifest([policies], parameters) | {
            "observations_file": observations.name,
            "observations_hash": runs.fingerprint(newer),
            "series_put_in": ", ".join(inside),
            "series_left_out": ", ".join(outside),
        }
        announce_replaced_files(console, out, tables.FILES, "assessment_*.png")
        with report_progress() as progress:
            made = runs.assess_ensemble(
                newer,
                load_model(),
                parameters,
                targets,
                progress,
                None if policies.name == "baseline" else policies,
                inside,
                outside,
            )
        printing.print_assessment(console, made.found, targets)
        tables.write_assessment(made.found, out, facts)
        weights = made.found.weights["weight"].to_numpy() if made.found.accepted else None
        judged = made.found.series
        unused = judged.loc[~judged["used"].astype(bool), "variable"].tolist()
        titled = facts | {f"title_{language}": title for language, title in policies.title.items()}
        charts.draw(made.found.points, made.forecast, weights, titled, out / "figures", unused)
        console.print(f"Written to {escape(str(out))}: {', '.join(tables.FILES)}, figures/assessment_*.png.")
