"""The command for global sensitivity analysis."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

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
from analysis.progress import report_progress
from analysis.sensitivity.request import USUAL_FACTORS, USUAL_SAMPLES, check_question, chosen_groups
from calibration.fit.evidence import NEWEST
from model.definition import variables_by_name
from scenarios import chosen_targets, load_scenario, load_targets


def sensitivity(
    more_targets: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Ids of further targets.")] = None,
    method: Annotated[
        Literal["sobol", "morris", "pawn", "delta"], typer.Option(help="Method of sensitivity analysis.")
    ] = "sobol",
    samples: Annotated[
        int | None,
        typer.Option(min=1, help="Base samples (sobol: a power of two; morris: trajectories). Default: minutes."),
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option(help="Ids of targets, separated by spaces or commas. Default: headlines."),
    ] = None,
    inputs: Annotated[
        Literal["priors", "posterior"],
        typer.Option(help="Distribution of the parameters; posterior needs pawn or delta."),
    ] = "priors",
    vary: Annotated[
        list[str] | None,
        typer.Option(help="structure, parameters or policy; repeat for more. Default: all three."),
    ] = None,
    factors: Annotated[
        int,
        typer.Option(min=0, help="Inputs analysed one by one, the others as groups; 0 for all one by one."),
    ] = USUAL_FACTORS,
    scenario: Annotated[str, typer.Option(help="Scenario to vary: shipped name or path of a YAML file.")] = "baseline",
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 1,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler to run on.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted study.")] = False,
    evidence: Seen = NEWEST,
    full: Full = False,
    out: Out = OUTPUTS,
) -> None:
    """Rank the parameters, policies and model forms that the targets are sensitive to (Sobol', Morris, PAWN, delta)."""
    count = samples or USUAL_SAMPLES[method]
    with collect_mistakes() as part:
        with part():
            base = load_scenario(scenario)
        with part():
            goals = tuple(chosen_targets(load_targets(), [*(targets or ()), *(more_targets or ())]))
        with part():
            groups = chosen_groups(vary)
        with part():
            check_question(method, count, inputs)
        with part():
            if cluster is not None:
                from analysis.sensitivity.runs import check_scheduler

                check_scheduler(cluster)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.outcome import files as result_files
    from analysis.outcome.verdict import print_verdict
    from analysis.sensitivity import study, tables
    from analysis.sensitivity.words import verdict
    from calibration.fit.ensemble import read_members
    from calibration.fit.prior_factors import broken_constraints, study_factors, study_points
    from calibration.fit.priors import read_priors

    console, details, priors = make_console(), make_console(shown=full), read_priors(events=evidence.events)
    members = read_members(evidence=evidence) if inputs == "posterior" else None
    varied = study_factors(priors, members, groups, [change.constant for change in base.changes])
    question = study.Question(method, count, seed, inputs, groups, goals, factors)
    stem = out / "sensitivity" / study.name_of(question, base)
    announce_replaced_files(console, stem.parent, tables.files(stem.name), f"{stem.name}_*.png")
    tables.remove_old_runs(console, stem, resume=resume)
    with report_progress() as progress:
        findings = study.analyse(
            question, varied, base.settings(), stem, resume=resume, cluster=cluster, progress=progress
        )
    broken = broken_constraints(priors, study_points(priors, seed)) if members is None else None
    facts = result_files.joint_manifest([base], members, evidence) | tables.facts(findings)
    tables.print_all(details, findings, base, variables_by_name(), facts, broken)
    written = tables.write(findings, base, variables_by_name(), facts, stem)
    print_verdict(console, verdict(findings, base, variables_by_name(), facts))
    announce_written_files(console, stem.parent, written, f"{stem.name}_*.png")
