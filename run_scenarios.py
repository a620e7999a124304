"""Run scenarios of Jinan's urbanization and say which targets of the plan they reach."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import numpy as np
import pandas as pd
import typer
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from analysis import answer as readme_answer
from analysis import (
    assessment_figures,
    figures,
    model_checks,
    output_folder,
    printing,
    ratios,
    result_files,
    stored_runs,
)
from analysis.briefing import files as briefing_files
from analysis.briefing.evidence import Evidence, targets_hash
from analysis.briefing.evidence import gather as gather_evidence
from analysis.briefing.results import results as briefing_results
from analysis.briefing.verification import comparison as briefing_comparison
from analysis.briefing.verification import manifest as briefing_manifest
from analysis.briefing.verification.opening import opened as opened_briefing
from analysis.comparison import contributions
from analysis.comparison import figures as comparison_figures
from analysis.comparison import results as comparison_results
from analysis.comparison import words as comparison_words
from analysis.conditions import report as conditions_report
from analysis.conditions import study as conditions_study
from analysis.conditions.discovery import BOOTSTRAPS
from analysis.effort import backcast_figures, backcast_report, delay_figures, delay_report, frontier_report
from analysis.effort.backcast import EVALUATIONS, STARTS, check_request
from analysis.effort.backcast import SEED as SEARCH_SEED
from analysis.effort.backcast import backcast as find_least_effort
from analysis.effort.delay import WANTED, check_wanted, delay_costs, levers_of
from analysis.effort.frontier import MEMBERS as FRONTIER_MEMBERS
from analysis.effort.frontier import frontier as find_frontier
from analysis.effort.plausible import Gate, observed
from analysis.effort.plausible import gate as plausible_ranges
from analysis.effort.shares import FIRST_START, NOT_DECIDED, RAMP, Measure
from analysis.effort.shares import chosen as chosen_levers
from analysis.effort.tradeoffs import GENERATIONS
from analysis.effort.tradeoffs import MEMBERS as TRADEOFF_MEMBERS
from analysis.effort.tradeoffs import YEARS as TRADEOFF_YEARS
from analysis.effort.tradeoffs import tradeoffs as find_tradeoffs
from analysis.effort.trials import City
from analysis.futures import chosen_targets
from analysis.information import report as information_report
from analysis.information import study as information_study
from analysis.information.collectable import load_collectables
from analysis.information.utility import Kind
from analysis.information.utility import check as check_utility
from analysis.information.value import RESAMPLES
from analysis.left_out import figures as left_out_figures
from analysis.left_out import shortfalls as left_out
from analysis.left_out import words as left_out_words
from analysis.output_folder import Out
from analysis.reach import discrepancy
from analysis.reach import figures as reach_figures
from analysis.reach import results as reach_results
from analysis.reach import words as reach_words
from analysis.sensitivity import report as sensitivity_report
from analysis.sensitivity import study as sensitivity_study
from analysis.sensitivity.runs import refuse_silent
from analysis.target_table import evaluate_targets
from calibration.ensemble import POSTERIOR_FILE, EnsembleError, read_members
from calibration.forecast import FORECASTS, discrepancy_covariance
from calibration.observations import read_observations
from calibration.prior_factors import broken_constraints, study_factors, study_points
from calibration.priors import read_priors
from model import children, load_model
from model.definition import MODEL_FILE, variables_by_name
from model.errors import UserError, listed
from scenarios import (
    Scenario,
    Target,
    load_levers,
    load_scenario,
    load_scenarios,
    load_targets,
    shipped_scenarios,
)

#: Where results go, below the folder in which a command is called.
OUTPUTS = Path("outputs")
#: A pipe or a file has no width of its own.
PIPE_WIDTH = 120
#: Members of the calibrated ensemble that are run unless another number is asked for.
USUAL_MEMBERS = 200

#: Which levers may be moved, and how: options of every command that searches them.
MovedLevers = Annotated[
    list[str] | None, typer.Option(help="A lever that may be moved, or LEVER@YEAR; may be repeated. Default: all.")
]
FirstStart = Annotated[int, typer.Option(help="Year from whose beginning levers are moved.")]
AnyDirection = Annotated[bool, typer.Option("--any-direction", help="Levers may also be moved against the plan.")]
Ramp = Annotated[float, typer.Option(help="Years until a lever works in full, an assumption.")]

app = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Say which targets of Jinan's urbanization plan are reached by 2025 and 2035, under which policies.

    Without a command, every shipped scenario is run.
    """
    if context.invoked_subcommand is None:
        run()


@app.command()
def run(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Shipped names or paths of YAML files.")
    ] = None,
    engine: Annotated[
        Literal["compiled", "pysd"], typer.Option(help="The fast engine or the slow reference.")
    ] = "compiled",
    out: Out = OUTPUTS,
    members: Annotated[
        int, typer.Option(min=1, help="Members of the calibrated ensemble; 1 runs the model file's own values once.")
    ] = USUAL_MEMBERS,
) -> None:
    """Run scenarios, print which targets they reach, and write data and charts.

    The baseline always runs too, for comparison. Charts of a single scenario are drawn for the scenarios named, and
    for the baseline and the plan when none is named. What an earlier run made from exactly the same things is kept.
    """
    with _mistakes_end_politely():
        with _told_together() as part:
            with part():
                chosen = load_scenarios(dict.fromkeys(["baseline", *(scenarios or shipped_scenarios())]))
            with part():
                if engine == "pysd" and members > 1:
                    msg = "--engine pysd is the slow reference, for one run of each scenario: add --members 1."
                    raise EnsembleError(msg)
                parameters = None if members == 1 else read_members(members)
        targets = load_targets()
        detailed = [Path(name).stem for name in scenarios or ("baseline", "plan")]
        figures.terms()
        # Before anything runs, so that a folder that cannot be written to is refused at once.
        output_folder.take(out)
        console = _console()
        facts = {scenario.name: result_files.manifest(scenario, engine, parameters) for scenario in chosen}
        kept = stored_runs.stored(out, chosen, list(targets.values()), facts)
        _say_what_is_replaced(console, out, chosen, kept)
        printing.print_other_runs(console, out, stored_runs.others(out, facts, facts[chosen[0].name]), members)
        if scenarios:
            for scenario in chosen:
                if scenario.name in detailed and scenario.changes:
                    console.print(printing.changes_table(scenario))
        both = kept | _make_runs(
            out,
            [scenario for scenario in chosen if scenario.name not in kept],
            list(targets.values()),
            facts,
            engine,
            parameters,
        )
        runs = {scenario.name: both[scenario.name] for scenario in chosen}
        table = evaluate_targets(targets.values(), runs)
        printing.print_answers(console, table, targets, chosen, members)
        claimed = stored_runs.for_expectations(chosen, runs, list(targets.values()), engine, parameters)
        printing.print_expectations(console, chosen, claimed)
        _write(out, chosen, runs, table, targets, facts, detailed)
        size = "of one run" if members == 1 else f"of {members} members each"
        console.print(
            f"Written to {escape(str(out))}, {size}: <scenario>.nc, targets.csv (all targets), figures/ (PNG)."
        )


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="Shipped name or path of a YAML file.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The difference is B less A.")],
    members: Annotated[
        int | None,
        typer.Option(min=1, help="Members of the ensemble; without it as many as two minutes allow, 20-200."),
    ] = None,
    orders: Annotated[
        int, typer.Option(min=4, help="Orders to sample, an even number, where more than 12 levers differ.")
    ] = 32,
    indicators: Annotated[
        list[str] | None, typer.Option("--indicator", help="A variable of the model to compare too; may be repeated.")
    ] = None,
    out: Out = OUTPUTS,
) -> None:
    """Say by how much two scenarios differ, how surely, and what each changed lever contributes to that."""
    console = _console()
    with _mistakes_end_politely():
        city, variables, targets = load_model(), variables_by_name(), comparison_results.headline_targets()
        with _told_together() as part:
            with part():
                chosen = comparison_results.two_scenarios(first, second)
            with part():
                asked = comparison_results.indicators(indicators or (), variables)
            with part():
                read_members(members)
        each = contributions.runs_per_member(city, *chosen, read_members(2), permutations=orders)
        parameters = read_members(comparison_results.usual_members(each) if members is None else members)
        facts, name = result_files.joint_manifest(chosen, parameters), "_".join(["compare", *(s.name for s in chosen)])
        _say_what_is_overwritten(console, out, [f"{name}.nc", f"{name}.csv"], f"{name}_*.png")
        with _counting(f"{each:,} combinations x {parameters.sizes['member']} members") as progress:
            found = contributions.compare(
                city,
                *chosen,
                parameters,
                asked,
                comparison_results.YEARS,
                targets=targets,
                permutations=orders,
                progress=progress,
            )
        # Probabilities are over the members of all other commands, however few are traced.
        judged = read_members(USUAL_MEMBERS if members is None else members)
        in_time = comparison_results.in_time(city, chosen, judged, targets)
        ends = [ratios.parts(city, one, judged) for one in chosen]
        reasons = ratios.moved(ends[0], ends[1], load_targets().values())
        comparison_words.print_comparison(console, found, chosen, targets, variables, in_time, reasons)
        result_files.write_table(comparison_results.as_table(found), out / f"{name}.csv", facts)
        result_files.write_run(comparison_results.as_dataset(found, facts, variables), out / f"{name}.nc")
        comparison_figures.draw(found, chosen, facts, variables, out / "figures")
        console.print(f"Written to {escape(str(out))}: {name}.nc, {name}.csv, figures/{name}_*.png.")


@app.command()
def backcast(
    target: Annotated[str, typer.Option(help="Id of the target.")],
    probability: Annotated[float, typer.Option(help="How surely it is to be reached: above 0, up to 1.")] = 0.8,
    levers: MovedLevers = None,
    start: FirstStart = FIRST_START,
    any_direction: AnyDirection = False,
    ramp: Ramp = RAMP,
    members: Annotated[int, typer.Option(help="Members to search with; all others judge the answer.")] = USUAL_MEMBERS,
    starts: Annotated[int, typer.Option(help="Searches from different starts.")] = STARTS,
    evaluations: Annotated[int, typer.Option(help="Most trials of a search.")] = EVALUATIONS,
    seed: Annotated[int, typer.Option(min=0, help="Of the random starts.")] = SEARCH_SEED,
    out: Out = OUTPUTS,
) -> None:
    """Find the least that has to be done to reach a target surely enough, or say what blocks it."""
    console = _console()
    with _mistakes_end_politely():
        targets, parameters, city = load_targets(), read_members(), load_model()
        goal, measures = _goal_and_means(
            target,
            levers,
            start,
            lambda moved: check_request(
                probability, moved, parameters.sizes["member"], members, ramp, starts, evaluations
            ),
            any_direction=any_direction,
        )
        every = [each for each in targets.values() if each.modelled]
        facts = result_files.joint_manifest(load_scenarios(["baseline"]), parameters)
        name = backcast_report.name_of(goal)
        _say_what_is_overwritten(console, out, backcast_report.file_names(goal), f"{name}_*.png")
        with _counting(f"Trials x {members} members") as progress:
            found = find_least_effort(
                city,
                goal,
                probability,
                measures,
                parameters,
                members,
                targets=every,
                ramp=ramp,
                starts=starts,
                evaluations=evaluations,
                seed=seed,
                gate=_gate(city, parameters, goal.year, any_direction=any_direction),
                progress=progress,
            )
        backcast_report.print_answer(console, found, targets)
        backcast_report.write(found, facts, out)
        drawn = backcast_figures.draw(found, facts, out / "figures")
        files = [f"{name}.yaml (for `run`)", f"figures/{name}_*.png"] if drawn else []
        console.print(f"Written to {escape(str(out))}: {', '.join([f'{name}*.csv, .nc', *files])}.")


def _gate(city: City, parameters: xr.Dataset, last: int, *, any_direction: bool) -> Gate:
    """Return the ranges that an answer of a search has to stay within."""
    record = observed(read_observations())
    levers, variables = load_levers(), variables_by_name()
    return plausible_ranges(city, levers, variables, parameters, last, record, any_direction=any_direction)


def _goal_and_means(
    target: str,
    levers: list[str] | None,
    start: int,
    check: Callable[[Sequence[Measure]], None],
    *,
    any_direction: bool,
) -> tuple[Target, Sequence[Measure]]:
    """Return the target and the levers that are to reach it, or tell at once all that is wrong with a request."""
    targets, known, variables = load_targets(), load_levers(), variables_by_name()
    # Until they are known, any will do for the other checks.
    goal = next(each for each in targets.values() if each.modelled)
    measures = chosen_levers(known, variables, None, FIRST_START, goal.year, any_direction=any_direction)
    with _told_together() as part:
        with part():
            (goal,) = chosen_targets(targets, [target])
        with part():
            measures = chosen_levers(known, variables, levers, start, goal.year, any_direction=any_direction)
        with part():
            check(measures)
    return goal, measures


@app.command()
def frontier(
    target: Annotated[str, typer.Option(help="Id of the target.")],
    levers: MovedLevers = None,
    start: FirstStart = FIRST_START,
    any_direction: AnyDirection = False,
    ramp: Ramp = RAMP,
    members: Annotated[int, typer.Option(help="Members to search with; all others judge.")] = FRONTIER_MEMBERS,
    evaluations: Annotated[int, typer.Option(help="Most trials for each probability.")] = EVALUATIONS,
    generations: Annotated[int, typer.Option(min=1, help="Of the search for trade-offs.")] = GENERATIONS,
    seed: Annotated[int, typer.Option(min=0, help="Of the searches.")] = SEARCH_SEED,
    out: Out = OUTPUTS,
) -> None:
    """Say what more certainty takes, and what the urbanization rates and the budget cost each other."""
    console = _console()
    with _mistakes_end_politely():
        parameters, city = read_members(), load_model()
        goal, measures = _goal_and_means(
            target,
            levers,
            start,
            lambda moved: check_request(1.0, moved, parameters.sizes["member"], members, ramp, STARTS, evaluations),
            any_direction=any_direction,
        )
        facts = result_files.joint_manifest(load_scenarios(["baseline"]), parameters)
        name = frontier_report.name_of(goal)
        _say_what_is_overwritten(console, out, frontier_report.file_names(goal), f"{name}_*.png")
        gate = _gate(city, parameters, max(goal.year, *TRADEOFF_YEARS), any_direction=any_direction)
        with _counting(f"Probabilities x {members} members") as progress:
            found = find_frontier(
                city,
                goal,
                measures,
                parameters,
                members,
                ramp=ramp,
                evaluations=evaluations,
                seed=seed,
                gate=gate,
                progress=progress,
            )
        with _counting("Generations of trade-offs") as progress:
            few = min(members, TRADEOFF_MEMBERS)
            fronts = find_tradeoffs(
                city,
                measures,
                parameters,
                few,
                ramp=ramp,
                generations=generations,
                seed=seed,
                gate=gate,
                progress=progress,
            )
        frontier_report.print_frontier(console, found)
        frontier_report.print_tradeoffs(console, fronts)
        frontier_report.write(found, fronts, facts, out)
        frontier_report.draw(found, fronts, facts, out / "figures")
        console.print(f"Written to {escape(str(out))}: {name}.*, frontier_tradeoffs.*, figures/frontier_*.png.")


@app.command()
def delay(
    scenario: Annotated[str, typer.Option(help="Shipped name or path of a YAML file.")] = "plan",
    target: Annotated[
        list[str] | None,
        typer.Option(help="Id of a target; may be repeated. Without it: the headlines and all of 2035."),
    ] = None,
    probability: Annotated[float, typer.Option(help="What the last start still has to give.")] = WANTED,
    members: Annotated[int, typer.Option(min=2, help="Members of the calibrated ensemble.")] = USUAL_MEMBERS,
    out: Out = OUTPUTS,
) -> None:
    """Say what it costs to start a scenario's levers later, each alone and all together, and what the last start is."""
    console = _console()
    with _mistakes_end_politely():
        with _told_together() as part:
            with part():
                chosen = load_scenario(scenario)
                levers_of(chosen)
            with part():
                asked = delay_report.chosen_targets(load_targets(), target)
            with part():
                check_wanted(probability)
            with part():
                parameters = read_members(members)
        facts, files = result_files.joint_manifest([chosen], parameters), delay_report.file_names(chosen.name)
        _say_what_is_overwritten(console, out, files, f"delay_{chosen.name}_*.png")
        with _counting(f"Starts of levers x {members} members") as progress:
            found = delay_costs(
                load_model(), chosen, parameters, asked, variables_by_name(), wanted=probability, progress=progress
            )
        delay_report.print_delays(console, found)
        delay_report.write(found, facts, out)
        delay_figures.draw(found, facts, out / "figures")
        console.print(f"Written to {escape(str(out))}: {', '.join(files)}, figures/delay_{chosen.name}_*.png.")


@app.command()
def reach(
    target: Annotated[
        list[str] | None,
        typer.Option(help="Identifier of a target; may be repeated. Without it, all that are modelled."),
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="Shipped name or path of a YAML file; may be repeated. Without it, all shipped."),
    ] = None,
    members: Annotated[int, typer.Option(min=2, help="Members of the calibrated ensemble.")] = USUAL_MEMBERS,
    out: Out = OUTPUTS,
) -> None:
    """Say how likely each target is, by what margin, when, on what that rests, and what holds districts back.

    Bottlenecks are looked for in the scenarios named, and in the baseline and the plan when none is named.
    """
    console = _console()
    with _mistakes_end_politely():
        with _told_together() as part:
            with part():
                targets = chosen_targets(load_targets(), target) if target else _modelled()
            with part():
                chosen = load_scenarios(scenario or shipped_scenarios())
            with part():
                parameters = read_members(members)
        variables = variables_by_name()
        facts = result_files.joint_manifest(chosen, parameters)
        detailed = [one.name for one in chosen] if scenario else ["baseline", "plan"]
        files = [f"reach{end}" for end in (".nc", *(f"{name}.csv" for name in reach_results.TABLES))]
        _say_what_is_overwritten(console, out, files, "reach_*.png")
        with _counting(f"Running {len(chosen)} scenarios and what relief brings") as progress:
            spreads = _discrepancies(targets)
            found = reach_results.examine(
                load_model(), targets, chosen, parameters, detailed=detailed, spreads=spreads, progress=progress
            )
        reach_words.print_reached(console, found, variables)
        for name, table in reach_results.as_tables(found).items():
            result_files.write_table(table, out / f"reach{name}.csv", facts)
        result_files.write_run(reach_results.as_dataset(found, facts), out / "reach.nc")
        reach_figures.draw(found, facts, out / "figures")
        console.print(f"Written to {escape(str(out))}: {', '.join(files)}, figures/reach_*.png.")


@app.command("left-out")
def left_out_by_group(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Names or paths; baseline and plan without any.")
    ] = None,
    members: Annotated[int, typer.Option(min=1, help="Members of the calibrated ensemble.")] = USUAL_MEMBERS,
    out: Out = OUTPUTS,
) -> None:
    """Say how many school places and affordable homes are short by a standard, for which groups and districts."""
    console = _console()
    with _mistakes_end_politely():
        with _told_together() as part:
            with part():
                chosen = load_scenarios(scenarios or ("baseline", "plan"))
            with part():
                parameters = read_members(members)
        facts = result_files.joint_manifest(chosen, parameters)
        _say_what_is_overwritten(console, out, ["left_out.nc", "left_out.csv"], "left_out_*.png")
        results, city = {}, load_model()
        with _counting("Running scenarios") as progress:
            for scenario in chosen:
                run = city.run(scenario.settings(parameters), outputs=list(left_out.VARIABLES))
                results[scenario.name] = left_out.left_out(run)
                progress(len(results), len(chosen))
        table = left_out.as_table(results)
        left_out_words.print_left_out(console, table, chosen, members)
        result_files.write_table(table, out / "left_out.csv", facts)
        result_files.write_run(left_out.as_dataset(results, facts), out / "left_out.nc")
        left_out_figures.draw(table, chosen, facts, out / "figures")
        console.print(f"Written to {escape(str(out))}: left_out.nc, left_out.csv, figures/left_out_*.png.")


@app.command()
def brief(
    language: Annotated[Literal["zh", "en", "both"], typer.Option(help="Of the briefing.")] = "zh",
    scenario: Annotated[
        str | None, typer.Option(help="What it is about: a shipped name or a path; the plan if left out.")
    ] = None,
    members: Annotated[int, typer.Option(min=2, help="Members of the calibrated ensemble.")] = USUAL_MEMBERS,
    out: Out = OUTPUTS / "brief",
    verify: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write nothing: make this briefing again and compare it.")
    ] = None,
) -> None:
    """Write a briefing: slides, a workbook, one HTML page and the charts; or verify one.

    Runs that `run` has left in the folder above are used where they are what a run made now would repeat. The exit code
    of --verify is 1 if anything in the file differs, and 2 if that cannot be told.
    """
    console = _console()
    wrong: list[str] = []
    with _mistakes_end_politely():
        if verify is not None:
            wrong = _verify_briefing(console, verify, scenario)
        else:
            about, languages = scenario or "plan", figures.LANGUAGES if language == "both" else (language,)
            (chosen,) = load_scenarios([about])
            written = [file for one in languages for file in briefing_files.file_names(chosen.name, one)]
            _say_what_is_overwritten(console, out, written, f"*_{languages[0]}.*")
            evidence = _evidence([*shipped_scenarios(), about], about, members, out.parent)
            found = briefing_results(evidence)
            with _reporting() as report:
                for one in languages:
                    briefing_files.write(evidence, found, one, out, report)
            console.print(f"Written to {escape(str(out))}: {', '.join(written)}, figures/ (PNG, SVG).")
            console.print("Whether a file still says what the model gives: `brief --verify FILE`.")
    if wrong:
        raise typer.Exit(1)


@app.command()
def calibrate(
    draws: Annotated[int, typer.Option(min=2, help="Members of the ensemble.")] = 1000,
    seed: Annotated[int | None, typer.Option(min=0, help="Of all random numbers; always the same if left out.")] = None,
) -> None:
    """Fit the model to the observations up to 2020; write the ensemble, the forecast and the fit report.

    Takes about a quarter of an hour on two processors.
    """
    # The samplers take longer to import than most commands to run.
    from calibration.calibrate import SEED, Effort, write
    from calibration.calibrate import calibrate as find_ensemble
    from calibration.calibration_report import REPORT_FILE, write_report
    from calibration.forecast import FORECAST_FILE

    console = _console()
    with _mistakes_end_politely():
        output_folder.take(POSTERIOR_FILE.parent)
        replaced = [file.name for file in (POSTERIOR_FILE, FORECAST_FILE, REPORT_FILE) if file.exists()]
        if replaced:
            console.print(f"Will replace, when done: {', '.join(replaced)}.")
        with _reporting() as report:
            found = find_ensemble(draws, seed=SEED if seed is None else seed, progress=report)
        write(found)
        write_report(found, Effort())
        console.print(
            f"Written: {POSTERIOR_FILE.name} ({draws} members), {FORECAST_FILE.name}, docs/{REPORT_FILE.name}."
        )


@app.command()
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
    from calibration import assessment_files, assessment_printing, assessment_run, series_judgement

    console = _console()
    with _mistakes_end_politely():
        newer = assessment_run.read_observations_file(observations)
        inside, outside = series_judgement.chosen_series(newer["variable"], with_ or [], without or [])
        parameters, policies, targets = read_members(), load_scenario(scenario), load_targets()
        facts = result_files.joint_manifest([policies], parameters) | {
            "observations_file": observations.name,
            "observations_hash": assessment_run.fingerprint(newer),
            "series_put_in": ", ".join(inside),
            "series_left_out": ", ".join(outside),
        }
        _say_what_is_overwritten(console, out, assessment_files.FILES, "assessment_*.png")
        with _reporting() as progress:
            made = assessment_run.assess_ensemble(
                newer,
                load_model(),
                parameters,
                targets,
                progress,
                None if policies.name == "baseline" else policies,
                inside,
                outside,
            )
        assessment_printing.print_assessment(console, made.found, targets)
        assessment_files.write_assessment(made.found, out, facts)
        weights = made.found.weights["weight"].to_numpy() if made.found.accepted else None
        judged = made.found.series
        unused = judged.loc[~judged["used"].astype(bool), "variable"].tolist()
        titled = facts | {f"title_{language}": title for language, title in policies.title.items()}
        assessment_figures.draw(made.found.points, made.forecast, weights, titled, out / "figures", unused)
        console.print(f"Written to {escape(str(out))}: {', '.join(assessment_files.FILES)}, figures/assessment_*.png.")


@app.command()
def conditions(
    target: Annotated[
        list[str] | None, typer.Option(help="Id of a target; again for more. Default: headlines.")
    ] = None,
    scenario: Annotated[str, typer.Option(help="Shipped name or path of a YAML file.")] = "plan",
    members: Annotated[int | None, typer.Option(min=1, help="Members of the calibrated ensemble; all if none.")] = None,
    levers: Annotated[bool, typer.Option("--levers", help="Draw the levers over their ranges too.")] = False,
    futures: Annotated[
        int | None, typer.Option(min=1, help="Futures; with --levers, members are crossed with as many draws.")
    ] = None,
    bootstraps: Annotated[int, typer.Option(min=0, help="Resampled searches that tell stability.")] = BOOTSTRAPS,
    seed: Annotated[int, typer.Option(min=0, help="Of draws, halves and resampling.")] = conditions_study.SEED,
    out: Out = OUTPUTS,
) -> None:
    """Say under which conditions targets are met: by parameters, or by levers too, in one sentence each.

    Half of the futures are searched by PRIM and CART, the other half judges.
    """
    with _mistakes_end_politely():
        with _told_together() as part:
            with part():
                asked = load_scenario(scenario)
            with part():
                goals = chosen_targets(load_targets(), target)
            with part():
                parameters = read_members(members)
                conditions_study.check_size(parameters, futures)
        drawn = {name: one for name, one in load_levers().items() if name not in NOT_DECIDED} if levers else None
        console = _console()
        name = conditions_study.name_of(asked, with_levers=levers)
        _say_what_is_overwritten(console, out, conditions_report.files(name), f"{name}_*.png")
        with _reporting() as report:
            found = conditions_study.study(
                load_model(),
                asked,
                goals,
                parameters,
                variables_by_name(),
                levers=drawn,
                count=futures,
                bootstraps=bootstraps,
                seed=seed,
                progress=report,
            )
        conditions_report.print_conditions(console, found)
        written = conditions_report.write(found, out)
        console.print(f"Written to {escape(str(out))}: {', '.join(path.name for path in written)}.")


@app.command()
def information(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Options; all that set levers only if none.")
    ] = None,
    utility: Annotated[
        Kind, typer.Option(help="Targets reached, or shortfall from them; both less effort.")
    ] = "targets",
    effort_weight: Annotated[
        float | None, typer.Option(help="A weight of effort to tell values at besides, in targets or points.")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option(help="Id of a target; again for more. Default: headlines.")
    ] = None,
    members: Annotated[int | None, typer.Option(min=1, help="Members of the calibrated ensemble; all if none.")] = None,
    resamples: Annotated[int, typer.Option(min=2, help="Resampled ensembles that tell errors.")] = RESAMPLES,
    seed: Annotated[int, typer.Option(min=0, help="Of parts and resamples.")] = information_study.SEED,
    out: Out = OUTPUTS,
) -> None:
    """Say at which weights of effort the choice of a scenario flips, and what it is worth to know more before."""
    with _mistakes_end_politely():
        with _told_together() as part:
            with part():
                options = information_study.options(scenarios)
            with part():
                goals = chosen_targets(load_targets(), target)
                check_utility(utility, goals, effort_weight or 0.0)
            with part():
                parameters = read_members(members)
                information_study.check_size(parameters)
        variables, console = variables_by_name(), _console()
        statistics = load_collectables(variables, parameters)
        _say_what_is_overwritten(console, out, information_report.files(), "information_*.png")
        with _reporting() as report:
            found = information_study.study(
                load_model(),
                options,
                goals,
                parameters,
                variables,
                load_levers(),
                statistics,
                kind=utility,
                weight=effort_weight,
                resamples=resamples,
                seed=seed,
                progress=report,
            )
        information_report.print_information(console, found)
        written = information_report.write(found, out)
        console.print(f"Written to {escape(str(out))}: {', '.join(path.name for path in written)}.")


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 5006,
    host: Annotated[
        str, typer.Option(help="Address to listen on. With another than 127.0.0.1 the page asks for a token.")
    ] = "127.0.0.1",
    members: Annotated[
        int, typer.Option(min=20, help="Members of the calibrated ensemble run at every move.")
    ] = USUAL_MEMBERS,
) -> None:
    """Serve a page with live levers: move one, and targets, bands and districts follow for every member."""
    # Not above: the page's library takes seconds to load, which no other command should wait for.
    from analysis.dashboard import serving
    from analysis.dashboard.briefings import Briefings

    console = _console()
    with _mistakes_end_politely():
        targets, ready, drawn = (
            list(load_targets().values()),
            load_scenarios(["baseline", "plan"]),
            read_members(members),
        )
        port = serving.free_port(host, port)
        with _counting(f"Running {members} members ahead") as progress:
            kitchen = serving.make_kitchen(load_model(), drawn, targets, ready, progress)
        facts = result_files.joint_manifest(ready, drawn)
        site = serving.site(kitchen, targets, facts, host, port, briefings=Briefings(_brief_command, OUTPUTS))
        for line in site.words():
            console.print(escape(line), soft_wrap=True)
        site.run()


def _brief_command(scenario: str, language: str, folder: Path) -> list[str]:
    """Return the command by which the live page has a briefing made."""
    return [
        sys.executable,
        children.__file__,
        __file__,
        "brief",
        "--scenario",
        scenario,
        "--language",
        language,
        "--out",
        str(folder),
    ]


@app.command()
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
    ] = sensitivity_study.USUAL_FACTORS,
    scenario: Annotated[str, typer.Option(help="Shipped name or path of a YAML file.")] = "baseline",
    seed: Annotated[int, typer.Option(min=0, help="Of all random numbers.")] = 1,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Scheduler of a Dask cluster.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted study.")] = False,
    out: Out = OUTPUTS,
) -> None:
    """Say on which parameters, policies and forms of the model the targets rest, year by year, with intervals."""
    console = _console()
    with _mistakes_end_politely():
        priors, count = read_priors(), samples or sensitivity_study.USUAL_SAMPLES[method]
        with _told_together() as part:
            with part():
                base = load_scenario(scenario)
            with part():
                goals = sensitivity_study.chosen_targets(load_targets(), [*(targets or ()), *(more_targets or ())])
            with part():
                families = sensitivity_study.families(vary)
            with part():
                sensitivity_study.refuse(method, count, inputs)
            with part():
                if cluster is not None:
                    refuse_silent(cluster)
        members = read_members() if inputs == "posterior" else None
        varied = study_factors(priors, members, families, [change.constant for change in base.changes])
        question = sensitivity_study.Question(method, count, seed, inputs, families, goals, factors)
        stem = out / "sensitivity" / sensitivity_study.name_of(question, base)
        _say_what_is_overwritten(console, stem.parent, sensitivity_report.files(stem.name), f"{stem.name}_*.png")
        sensitivity_report.say_what_is_removed(console, stem, resume=resume)
        with _reporting() as progress:
            found = sensitivity_study.analyse(
                question, varied, base.settings(), stem, resume=resume, cluster=cluster, progress=progress
            )
        broken = broken_constraints(priors, study_points(priors, seed)) if members is None else None
        facts = result_files.joint_manifest([base], members) | sensitivity_report.facts(found)
        sensitivity_report.print_all(console, found, base, variables_by_name(), facts, broken)
        written = sensitivity_report.write(found, base, variables_by_name(), facts, stem)
        console.print(f"Written to {escape(str(stem.parent))}: {', '.join(written)}.")


@app.command()
def check() -> None:
    """Check the model itself: documentation, units, conservation, equal engines. Exit code 1 if a check fails."""
    console = _console()
    failed = False
    with _mistakes_end_politely():
        for question, find in model_checks.CHECKS.items():
            with Console(stderr=True).status(question):
                problems = find(MODEL_FILE)
            failed = failed or bool(problems)
            console.print(f"[red]✗[/] {question}: {len(problems)} problems" if problems else f"[green]✓[/] {question}")
            if problems:
                console.print(escape(listed(problems)), highlight=False)
    if failed:
        raise typer.Exit(1)


@app.command(hidden=True)
def answer(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 if the README is stale.")] = False,
) -> None:
    """Write the README's answer, its figure and the table of what is not known, from the calibrated ensemble."""
    with _mistakes_end_politely():
        if not check:
            output_folder.take(readme_answer.FIGURE.parent)
        fresh = readme_answer.write(read_members(USUAL_MEMBERS), check=check)
    if check and not fresh:
        typer.echo("README.md or docs/images/answer.png does not match the ensemble: run `make docs`", err=True)
        raise typer.Exit(1)


@contextmanager
def _mistakes_end_politely() -> Iterator[None]:
    """Turn a user's mistake into a message and exit code 2, and an interrupt into a line and exit code 130."""
    try:
        with output_folder.released_at_the_end():
            yield
    except (UserError, OSError) as error:
        typer.echo(output_folder.in_words(error), err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo(output_folder.INTERRUPTED, err=True)
        raise typer.Exit(130) from None


@contextmanager
def _told_together() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Read the parts of a request one by one, and tell what is wrong with all of them at once."""
    wrong: list[str] = []

    @contextmanager
    def part() -> Iterator[None]:
        try:
            yield
        except UserError as error:
            wrong.append(str(error))

    yield part
    if wrong:
        typer.echo("\n".join(wrong), err=True)
        raise typer.Exit(2)


def _console() -> Console:
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    # Titles are shown as typed: ":house:" is no picture.
    return Console(width=width, highlight=False, emoji=False)


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def _counting(task: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many of how many runs are done, and the time left."""
    with _progress() as progress:
        shown = progress.add_task(task, total=None)
        yield lambda done, of: progress.update(shown, completed=done, total=of)


def _modelled() -> list[Target]:
    return [target for target in load_targets().values() if target.modelled]


def _discrepancies(targets: Iterable[Target]) -> dict[str, dict[int, float]]:
    """How far published numbers stray from the model (standard deviation of the logarithm), where that is judged."""
    judged = {forecast.variable: forecast for forecast in FORECASTS}
    found: dict[str, dict[int, float]] = {}
    for target in targets:
        forecast = judged.get(discrepancy.restated(str(target.variable), variables_by_name()))
        if forecast is not None:
            variance = discrepancy_covariance(forecast, np.array([float(target.year)]))[0, 0]
            found.setdefault(str(target.variable), {})[target.year] = float(np.sqrt(variance))
    return found


def _say_what_is_overwritten(console: Console, out: Path, files: Iterable[str], charts: str) -> None:
    """Name the results of an earlier call that will be replaced; refuse a folder that cannot be written to now."""
    output_folder.take(out)
    old = [name for name in files if (out / name).exists()]
    old += [charts] if any((out / "figures").glob(charts)) else []
    if old:
        console.print(f"Will replace in {escape(str(out))}, when done: {', '.join(old)}.")


@contextmanager
def _reporting() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar with the time left for every task that is reported on."""
    with _progress() as progress:
        tasks: dict[str, TaskID] = {}

        def report(task: str, done: int, of: int) -> None:
            if task not in tasks:
                tasks[task] = progress.add_task(task, total=of)
            progress.update(tasks[task], completed=done)

        yield report


def _say_what_is_replaced(
    console: Console, out: Path, chosen: Sequence[Scenario], kept: Mapping[str, xr.Dataset]
) -> None:
    if kept:
        console.print(f"Unchanged and kept in {escape(str(out))}: {', '.join(f'{name}.nc' for name in kept)}.")
    files = [out / f"{scenario.name}.nc" for scenario in chosen if scenario.name not in kept]
    files += [] if len(kept) == len(chosen) else [out / "targets.csv"]
    old = [file.name for file in files if file.exists()]
    if old:
        console.print(f"Replacing in {escape(str(out))}: {', '.join(old)}, and the charts of the same names.")


def _make_runs(
    out: Path,
    missing: Sequence[Scenario],
    targets: Sequence[Target],
    facts: Mapping[str, Mapping[str, str]],
    engine: stored_runs.Engine,
    parameters: xr.Dataset | None,
) -> dict[str, xr.Dataset]:
    with _progress() as progress:
        task = progress.add_task("", total=None, visible=bool(missing))

        def tell(doing: str, done: int, of: int) -> None:
            progress.update(task, description=doing, completed=done, total=of)

        return stored_runs.make(out, missing, targets, facts, engine, parameters, tell)


def _evidence(names: Iterable[str], about: str, members: int, folder: Path) -> Evidence:
    """What a briefing rests on; runs that stand in the folder are used where they are still valid, others written."""
    chosen, targets = load_scenarios(dict.fromkeys(names)), list(load_targets().values())
    parameters = read_members(members)
    facts = {scenario.name: result_files.manifest(scenario, "compiled", parameters) for scenario in chosen}
    kept = stored_runs.stored(folder, chosen, targets, facts)
    missing = [scenario for scenario in chosen if scenario.name not in kept]
    # Runs are read while others write, as each file is whole; to write some the folder is taken for that long.
    with output_folder.alone(folder) if missing else nullcontext():
        runs = {**kept, **_make_runs(folder, missing, targets, facts, "compiled", parameters)}
    by_name = {scenario.name: scenario for scenario in chosen}
    material = figures.gather(by_name, {name: runs[name] for name in by_name}, targets, facts)
    with _reporting() as report:
        spreads = _discrepancies(_modelled())
        return gather_evidence(load_model(), by_name[Path(about).stem], material, parameters, spreads, report)


def _verify_briefing(console: Console, path: Path, given: str | None) -> list[str]:
    """Make a briefing again from its manifest, print what differs, and return it."""
    file = opened_briefing(path)
    members = briefing_manifest.members_of(file.manifest)
    names = briefing_manifest.scenarios_of(file.manifest, given)
    facts = result_files.manifest(load_scenarios(names)[0], "compiled", read_members(members))
    now = {**facts, "targets_hash": targets_hash(load_targets().values())}
    briefing_manifest.refuse_changed(file.manifest, now)
    with TemporaryDirectory() as folder:
        evidence = _evidence(names, given or file.manifest["scenario"], members, Path(folder))
        outcome = briefing_comparison.verify(file, evidence)
    console.print(escape(outcome.words), soft_wrap=True)
    return outcome.differences


def _write(
    out: Path,
    chosen: Sequence[Scenario],
    runs: Mapping[str, xr.Dataset],
    table: pd.DataFrame,
    targets: Mapping[str, Target],
    facts: Mapping[str, Mapping[str, str]],
    detailed: Sequence[str],
) -> None:
    by_name = {scenario.name: scenario for scenario in chosen}
    material = figures.gather(by_name, runs, list(targets.values()), facts)
    charts = [chart for chart in figures.charts(material, detailed) if not figures.is_drawn(chart, out / "figures")]
    with _progress() as progress:
        task = progress.add_task("Drawing charts", total=len(charts))
        for _ in figures.draw_figures(material, out / "figures", charts):
            progress.advance(task)
    # Last, so that a table of targets is never newer than what it sums up.
    result_files.write_table(table, out / "targets.csv", result_files.joined(list(facts.values())))


if __name__ == "__main__":
    app()
