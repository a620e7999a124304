"""What a sensitivity study leaves: printed words, a table, data and charts."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from analysis.outcome import files as result_files
from analysis.sensitivity import charts as sensitivity_figures
from analysis.sensitivity import words as sensitivity_words
from analysis.sensitivity.runs import make_room
from analysis.sensitivity.study import Findings, as_dataset, stores
from model.definition import Variable
from scenarios import Scenario


def files(name: str) -> list[str]:
    """Return the names of what `write` makes, charts left out.

    Examples
    --------
    >>> files("sobol_plan_priors")[0]
    'sobol_plan_priors.nc'
    """
    return [f"{name}.nc", f"{name}.csv", f"{name}_convergence.csv"]


def say_what_is_removed(console: Console, stem: Path, *, resume: bool) -> None:
    """Make room for the runs of a study, and say which finished runs go for it, or that none are there to go on with.

    Examples
    --------
    >>> say_what_is_removed(Console(), Path("nowhere/sobol"), resume=False)
    """
    if resume and not any(path.exists() for path in stores(stem)):
        console.print(f"No runs of {stem.name} in {escape(str(stem.parent))} to go on with: it starts anew.")
    removed = make_room(stores(stem), resume=resume)
    if removed:
        console.print(f"Runs made anew in {escape(str(stem.parent))}: {', '.join(removed)} (--resume would keep them).")


def facts(findings: Findings) -> dict[str, str]:
    """Return what has to be known to make the study again, beside the manifest of its scenario."""
    question = findings.question
    return {
        "method": question.method,
        "samples": str(question.samples),
        "seed": str(question.seed),
        "inputs": question.inputs,
        "vary": ", ".join(question.vary),
        "inputs_one_by_one": str(question.keep),
        "targets": ", ".join(target.id for target in question.targets),
        "runs": f"{sum(findings.runs):,}",
        "SALib": version("SALib"),
    }


def print_all(
    console: Console,
    findings: Findings,
    scenario: Scenario,
    variables: Mapping[str, Variable],
    manifest: Mapping[str, str],
    broken: float | None,
) -> None:
    """Print the findings in words, what they rest on, and how much memory the study took."""
    notes = sensitivity_words.notes_on(findings, broken, manifest["members"])
    sensitivity_words.print_findings(console, findings, scenario, variables, notes)
    console.print(f"[dim]Peak memory of this process: {peak_memory():.2f} GB.[/]")


def peak_memory() -> float:
    """Return the most memory that this process has held, in GB.

    Examples
    --------
    >>> peak_memory() > 0
    True
    """
    # Linux tells kilobytes, macOS bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)


def write(
    findings: Findings, scenario: Scenario, variables: Mapping[str, Variable], manifest: dict[str, str], stem: Path
) -> list[str]:
    """Write data, tables and charts beside the runs; return what was written."""
    folder, name = stem.parent, stem.name
    result_files.write_table(findings.table, folder / f"{name}.csv", manifest)
    result_files.write_table(findings.convergence, folder / f"{name}_convergence.csv", manifest)
    result_files.write_run(as_dataset(findings, manifest), folder / f"{name}.nc")
    sensitivity_figures.draw(findings, scenario, manifest, variables, folder / "figures", name)
    return [*files(name), f"figures/{name}_*.png", f"{name}.zarr (the runs)"]
