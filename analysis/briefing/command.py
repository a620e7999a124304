"""Write or verify a briefing."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from analysis.briefing.request import check_file, judged_targets, read_imprint
from analysis.command_line import (
    OUTPUTS,
    USUAL_MEMBERS,
    Seen,
    announce_replaced_files,
    announce_written_files,
    collect_mistakes,
    make_console,
)
from analysis.language.mistakes import in_screen_language
from analysis.map_option import Outlines, given_boundaries
from analysis.outcome import output_folder
from analysis.outcome.output_folder import Out
from analysis.outcome.words import LANGUAGES
from analysis.progress import report_progress
from calibration.fit.ensemble_file import check_members
from calibration.fit.evidence import NEWEST
from model import load_model
from scenarios import load_scenario, load_scenarios, shipped_scenarios

if TYPE_CHECKING:
    from analysis.briefing.study import Evidence
    from analysis.charts.boundaries import Boundaries


def brief(
    language: Annotated[Literal["zh", "en", "both"], typer.Option(help="Of the briefing.")] = "zh",
    scenario: Annotated[
        str | None, typer.Option(help="What it is about: a shipped name or a path; the plan if left out.")
    ] = None,
    members: Annotated[int, typer.Option(min=2, help="Members of the calibrated ensemble.")] = USUAL_MEMBERS,
    evidence: Seen = NEWEST,
    unit: Annotated[
        str | None, typer.Option(help="Whose documents they are; without it a field to be filled in.")
    ] = None,
    dated: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Date of the documents, such as 2026-11-29; without it a field, too."),
    ] = None,
    out: Out = OUTPUTS / "brief",
    verify: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write nothing: make this briefing again and compare it.")
    ] = None,
    boundaries: Outlines = None,
) -> None:
    """Write a briefing: one page (Word, PDF), report, slides, workbook, an HTML page and charts; or verify one.

    Runs that `run` has left in the folder above are used where they are what a run made now would repeat. The exit code
    of --verify is 1 if anything in the file differs, and 2 if the file cannot be verified.
    """
    with collect_mistakes() as part:
        with part():
            chosen = load_scenario(scenario or "plan")
        with part():
            imprint = read_imprint(unit, dated)
        with part():
            if verify is None:
                check_members(members, evidence)
            else:
                check_file(verify)
        with part():
            outlines = given_boundaries(boundaries)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.briefing.results import compute_results
    from analysis.briefing.writing import files
    from analysis.outcome.verdict import print_verdict, run_verdict
    from analysis.outcome.words import screen_text

    console = make_console()
    if verify is not None:
        if _verify_briefing(console, verify, scenario, outlines):
            raise typer.Exit(1)
        return
    about, languages = scenario or "plan", LANGUAGES if language == "both" else (language,)
    written = [file for one in languages for file in files.file_names(chosen.name, one)]
    announce_replaced_files(console, out, written, f"*_{languages[0]}.*")
    basis = _evidence([*shipped_scenarios(chosen.starts), about], about, members, evidence, out.parent, outlines)
    results = compute_results(basis)
    with report_progress() as report:
        for one in languages:
            files.write(basis, results, one, out, report, imprint)
    ahead = {name: target for name, target in basis.targets.items() if target.year >= chosen.starts}
    compared = list(basis.material.scenarios.values())
    print_verdict(console, run_verdict(basis.table, ahead, compared, basis.scenario, members, evidence))
    announce_written_files(console, out, written, "*.png, *.svg")
    console.print(screen_text("how to verify"))


def _evidence(
    names: Iterable[str], about: str, members: int, seen: Seen, folder: Path, outlines: Boundaries | None
) -> Evidence:
    """What a briefing rests on; runs that stand in the folder are used where they are still valid, others written."""
    from analysis.briefing.study import gather as gather_evidence
    from analysis.charts.material import gather
    from analysis.outcome import files as result_files
    from analysis.outcome.discrepancies import discrepancies
    from analysis.run import stored_runs
    from calibration.fit.ensemble import read_members

    chosen = load_scenarios(dict.fromkeys(names))
    targets = judged_targets(next(one for one in chosen if one.name == Path(about).stem))
    parameters = read_members(members, seen)
    facts = {scenario.name: result_files.manifest(scenario, "compiled", parameters) for scenario in chosen}
    kept = stored_runs.stored(folder, chosen, targets, facts)
    missing = [scenario for scenario in chosen if scenario.name not in kept]
    # Runs are read while others write, as each file is whole; to write some the folder is taken for that long.
    with output_folder.alone(folder) if missing else nullcontext():
        runs = {**kept, **stored_runs.make(folder, missing, targets, facts, "compiled", parameters)}
    by_name = {scenario.name: scenario for scenario in chosen}
    material = gather(by_name, {name: runs[name] for name in by_name}, targets, facts, outlines)
    with report_progress() as report:
        city = load_model()
        spreads = discrepancies([target for target in targets if target.modelled], city, parameters)
        return gather_evidence(city, by_name[Path(about).stem], material, parameters, spreads, report)


def _verify_briefing(console: Console, path: Path, given: str | None, outlines: Boundaries | None = None) -> list[str]:
    """Make a briefing again from its manifest, print what differs, and return it."""
    from analysis.briefing.study import targets_hash
    from analysis.briefing.verification import compare_file as comparison
    from analysis.briefing.verification import manifest
    from analysis.briefing.verification.open_file import open_briefing
    from analysis.outcome import files as result_files
    from calibration.fit.ensemble import read_members

    file = open_briefing(path)
    members, seen = manifest.members_of(file.manifest), manifest.evidence_of(file.manifest)
    names = manifest.scenarios_of(file.manifest, given)
    facts = result_files.manifest(load_scenarios(names)[0], "compiled", read_members(members, seen))
    now = {**facts, "targets_hash": targets_hash(judged_targets(load_scenario(given or file.manifest["scenario"])))}
    manifest.refuse_changed(file.manifest, now)
    manifest.check_boundaries(file.manifest, outlines)
    with TemporaryDirectory() as folder:
        basis = _evidence(names, given or file.manifest["scenario"], members, seen, Path(folder), outlines)
        outcome = comparison.verify(file, basis)
    console.print(escape(in_screen_language(outcome.words)), soft_wrap=True)
    return outcome.differences
