"""On which inputs the targets rest."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.markup import escape

from analysis.command_line import (
    OUTPUTS,
    announce_replaced_files,
    collect_mistakes,
    exit_on_mistakes,
    make_console,
    report_progress,
)
from analysis.outcome import files as result_files
from analysis.outcome.output_folder import Out
from analysis.outcome.targets import chosen_targets
from analysis.sensitivity import study, tables
from analysis.sensitivity.runs import refuse_silent
from calibration.fit.ensemble import read_members
from calibration.fit.prior_factors import broken_constraints, study_factors, study_points
from calibration.fit.priors import read_priors
from model.definition import variables_by_name
from scenarios import (
    load_scenario,
    load_targets,
)


def sensitivity(
    more_targets: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Further ids of targets.")] = None,
    method: Annotated[Literal["sobol", "morris", "pawn", "delta"], typer.Option(help="How.")] = "sobol",
    samples: Annotated[
        int | None,
        typer.Option(min=1, help="Base samples (a power of two for sobol); walks of morris. Usual: a few minutes."),
    ] = None,
    targets: Annotated[
        list[str] | None, typer.Option(help="Ids of targets, with spaces or commas between. Default: headlines.")
    ] = None,
    inputs: Annotated[
        Literal["priors", "posterior"], typer.Option(help="Where parameters come from; pawn and delta take either.")
    ] = "priors",
    vary: Annotated[
        list[str] | None, typer.Option(help="structure, parameters or policy; again for more. Default: all three.")
    ] = None,
    factors: Annotated[
        int, typer.Option(min=0, help="Inputs taken one by one, the others together; 0 for all one by one.")
    ] = study.USUAL_FACTORS,
    scenario: Annotated[str, typer.Option(help="Shipped name or path of a YAML file.")] = "baseline",
    seed: Annotated[int, typer.Option(min=0, help="Of all random numbers.")] = 1,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Scheduler of a Dask cluster.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted study.")] = False,
    out: Out = OUTPUTS,
) -> None:
    """Say on which parameters, policies and forms of the model the targets rest, year by year, with intervals."""
    console = make_console()
    with exit_on_mistakes():
        priors, count = read_priors(), samples or study.USUAL_SAMPLES[method]
        with collect_mistakes() as part:
            with part():
                base = load_scenario(scenario)
            with part():
                goals = tuple(chosen_targets(load_targets(), [*(targets or ()), *(more_targets or ())]))
            with part():
                families = study.families(vary)
            with part():
                study.refuse(method, count, inputs)
            with part():
                if cluster is not None:
                    refuse_silent(cluster)
        members = read_members() if inputs == "posterior" else None
        varied = study_factors(priors, members, families, [change.constant for change in base.changes])
        question = study.Question(method, count, seed, inputs, families, goals, factors)
        stem = out / "sensitivity" / study.name_of(question, base)
        announce_replaced_files(console, stem.parent, tables.files(stem.name), f"{stem.name}_*.png")
        tables.say_what_is_removed(console, stem, resume=resume)
        with report_progress() as progress:
            found = study.analyse(
                question, varied, base.settings(), stem, resume=resume, cluster=cluster, progress=progress
            )
        broken = broken_constraints(priors, study_points(priors, seed)) if members is None else None
        facts = result_files.joint_manifest([base], members) | tables.facts(found)
        tables.print_all(console, found, base, variables_by_name(), facts, broken)
        written = tables.write(found, base, variables_by_name(), facts, stem)
        console.print(f"Written to {escape(str(stem.parent))}: {', '.join(written)}.")
