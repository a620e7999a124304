"""The file of each scenario's run: what it holds, when it is still valid, and how missing ones are made.

What a file holds depends on its scenario alone, never on what is run beside it: every variable of few cells, and for
every member what charts show, what targets judge, what the shipped scenarios expect, and what its own scenario expects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from math import prod
from pathlib import Path
from typing import Final, Literal

import xarray as xr

from analysis.charts.panels import BY_MEMBER, VARIABLES
from analysis.outcome import files as result_files
from analysis.outcome import limits
from analysis.outcome.ensembles import condensed
from analysis.progress import progress_bar, step_in_words
from model import load_model
from model.definition import variables_by_name
from scenarios import Scenario, Target, load_bases, load_scenarios, shipped_scenarios

Engine = Literal["compiled", "pysd"]
#: A variable of more cells than this is kept only where a chart, a target or an expectation needs it.
CELLS_KEPT: Final = 100
#: What must be equal for results to be comparable.
COMPARABLE: Final = ("members", "posterior_hash", "model_hash", "engine")


def exact_variables(scenario: Scenario, targets: Iterable[Target]) -> list[str]:
    """Return the variables that a scenario's file holds for every member in double precision."""
    claimed = [claim.variable for one in (*_shipped(), scenario) for claim in one.expectations]
    judged = [target.variable for target in targets if target.variable is not None]
    return list(dict.fromkeys([*judged, *claimed]))


def stored(
    folder: Path, chosen: Iterable[Scenario], targets: Sequence[Target], facts: Mapping[str, Mapping[str, str]]
) -> dict[str, xr.Dataset]:
    """Return the results in a folder that a run with these manifests (`facts`) would repeat, by scenario."""
    variables, runs = variables_by_name(), {}
    for scenario in chosen:
        run = result_files.read_run(
            folder / f"{scenario.name}.nc",
            result_files.attributes(scenario, facts[scenario.name]),
            _names(scenario, targets),
            [*VARIABLES, *exact_variables(scenario, targets)],
            variables,
        )
        if run is not None:
            runs[scenario.name] = run
    return runs


def make(
    folder: Path,
    missing: Sequence[Scenario],
    targets: Sequence[Target],
    facts: Mapping[str, Mapping[str, str]],
    engine: Engine,
    members: xr.Dataset | None,
) -> dict[str, xr.Dataset]:
    """Run scenarios with a bar that shows the time left, write the file of each, and return what was written.

    Parameters
    ----------
    folder, missing, targets, facts
        As for `stored`.
    engine, members
        What runs, and on which parameter sets; None for one run with the values of the model file.
    """
    variables = variables_by_name()
    runs: dict[str, xr.Dataset] = {}
    if not missing:
        return runs

    def keep(scenario: Scenario, run: xr.Dataset) -> None:
        outside = limits.outside_limits(city, run)
        kept = condensed(run, exact_variables(scenario, targets), BY_MEMBER)
        kept.attrs[limits.ATTRIBUTE] = limits.as_text(outside)
        described = result_files.describe_run(kept, scenario, facts[scenario.name], variables)
        result_files.write_run(described, folder / f"{scenario.name}.nc")
        runs[scenario.name] = kept

    # What one run leaves is kept while the next is made, and no more than two are held whole.
    with progress_bar() as progress, ThreadPoolExecutor(1) as beside:
        task = progress.add_task(step_in_words("Loading the model"), total=len(missing))
        city = load_model(engine)
        keeping: Future[None] | None = None
        for done, scenario in enumerate(missing):
            progress.update(task, description=step_in_words(f"Running {scenario.name}"), completed=done)
            run = city.run(scenario.settings(members), outputs=_names(scenario, targets))
            if keeping is not None:
                keeping.result()
            keeping = beside.submit(keep, scenario, run)
        if keeping is not None:
            keeping.result()
    return runs


def for_expectations(
    chosen: Sequence[Scenario],
    runs: Mapping[str, xr.Dataset],
    targets: Sequence[Target],
    engine: Engine,
    members: xr.Dataset | None,
) -> dict[str, xr.Dataset]:
    """Return the runs with all that the expectations compare with.

    An expectation that names another scenario is read from both. Where the other's file does not hold the variable for
    every member, as nothing but this expectation needs it, that scenario is run once more, and its file stays as it is.
    A base that is not among the chosen ones is run for the expectation alone, and leaves no file.
    """
    by_name = {scenario.name: scenario for scenario in chosen}
    lacking: dict[str, set[str]] = {}
    for scenario in chosen:
        for claim in scenario.expectations:
            if not isinstance(claim.limit, str):
                continue
            other = by_name.get(claim.limit) or next(
                (base for base in load_bases(scenario) if base.name == claim.limit), None
            )
            if other is not None and (other.name not in runs or claim.variable not in exact_variables(other, targets)):
                by_name[other.name] = other
                lacking.setdefault(other.name, set()).add(claim.variable)
    complete = dict(runs)
    for name, wanted in lacking.items():
        run = load_model(engine).run(by_name[name].settings(members), outputs=sorted(wanted))
        more = condensed(run, wanted).drop_vars("member", errors="ignore")
        held = complete.get(name, xr.Dataset())
        complete[name] = held.drop_vars(wanted, errors="ignore").assign(more.data_vars)
    return complete


def others(folder: Path, chosen: Iterable[str], facts: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return files of a folder whose runs must not be compared with those made now, and what each was made from.

    That is "members" or "evidence" with how many or which, or "of another model".

    `chosen` are the scenarios that are run now, `facts` the manifest of one of them.
    """
    reasons = {}
    for path in sorted(folder.glob("*.nc")):
        held = result_files.facts_of(path) if path.stem not in set(chosen) else {}
        # Other commands leave files too, which hold no run.
        if held.get("scenario") != path.stem:
            continue
        if held.get("members") != facts["members"]:
            reasons[path.name] = ("members", str(held.get("members")))
        elif held.get("evidence") != facts["evidence"]:
            reasons[path.name] = ("evidence", str(held.get("evidence")))
        elif any(held.get(key) != facts[key] for key in COMPARABLE):
            reasons[path.name] = ("of another model", "")
    return reasons


@cache
def _shipped() -> tuple[Scenario, ...]:
    return load_scenarios(shipped_scenarios())


def _names(scenario: Scenario, targets: Sequence[Target]) -> list[str]:
    """Every variable that a scenario's file holds."""
    small = [
        name
        for name, variable in variables_by_name().items()
        if variable.kind in ("stock", "flow", "auxiliary") and prod(map(len, variable.axes)) <= CELLS_KEPT
    ]
    return list(dict.fromkeys([*small, *VARIABLES, *exact_variables(scenario, targets)]))
