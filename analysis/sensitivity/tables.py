"""The tables of a sensitivity study: printed for the reader, and written as CSV and netCDF."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.outcome import files as result_files
from analysis.outcome.printing import make_table
from analysis.outcome.screen import screen_language
from analysis.sensitivity import charts, indices
from analysis.sensitivity.runs import remove_finished
from analysis.sensitivity.study import DUMMY, OTHERS, Findings, leading, select, stores
from analysis.sensitivity.words import (
    BOUNDED,
    in_words,
    notes_on,
    say,
    screen_text,
    short_number,
    side_of,
    stability_in_words,
    title_of,
)
from model.definition import Variable
from scenarios import Scenario, Target

#: Inputs in a printed table.
ROWS: Final = 8


def files(name: str) -> list[str]:
    """Return the names of what `write` makes, charts left out."""
    return [f"{name}.nc", f"{name}.csv", f"{name}_convergence.csv"]


def remove_old_runs(console: Console, stem: Path, *, resume: bool) -> None:
    """Remove finished runs of an earlier study and say which, or say that there are none to go on with."""
    if resume and not any(path.exists() for path in stores(stem)):
        console.print(escape(screen_text("nothing to resume", name=stem.name, out=stem.parent)))
    removed = remove_finished(stores(stem), resume=resume)
    if removed:
        console.print(escape(screen_text("runs made anew", names=", ".join(removed), out=stem.parent)))


def facts(findings: Findings) -> dict[str, str]:
    """Return what has to be known to make the study again, beside the manifest of its scenario."""
    question = findings.question
    return {
        "method": question.method,
        "samples": str(question.samples),
        "seed": str(question.seed),
        "inputs": question.inputs,
        "vary": ", ".join(question.vary),
        "inputs_one_by_one": str(question.inputs_one_by_one),
        "targets": ", ".join(target.id for target in question.targets),
        "runs": f"{findings.runs + findings.screening_runs:,}",
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
    """Print for every target what its indicator rests on and how sure that is, and what the study rests on and took."""
    notes = notes_on(findings, broken, manifest["members"])
    for target in findings.question.targets:
        console.print(_table(findings, target, variables))
        for sentence in in_words(findings, target, variables, screen_language()):
            console.print(escape(sentence))
        console.print()
    method = findings.question.method
    language = screen_language()
    title, basis = scenario.title[language], say(f"read {method}", language)
    console.print(escape(f"{say('scenario', language, title=title)}{basis}"))
    console.print(escape(notes[language]))
    console.print(escape(stability_in_words(findings, language)))
    # In kilobytes on Linux, in bytes on macOS.
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)
    console.print(f"[dim]{screen_text('memory', memory=memory)}[/]")


def write(
    findings: Findings, scenario: Scenario, variables: Mapping[str, Variable], manifest: dict[str, str], stem: Path
) -> list[str]:
    """Write data, tables and charts beside the runs; return what was written."""
    folder, name = stem.parent, stem.name
    result_files.write_table(findings.table, folder / f"{name}.csv", manifest)
    result_files.write_table(findings.convergence, folder / f"{name}_convergence.csv", manifest)
    result_files.write_run(as_dataset(findings, manifest), folder / f"{name}.nc")
    charts.draw(findings, scenario, manifest, variables, folder / "figures", name)
    return [*files(name), screen_text("the runs", name=name)]


def as_dataset(findings: Findings, facts: dict[str, str]) -> xr.Dataset:
    """Return the findings as they are written to disk: value and interval by indicator, year, factor and index."""
    keys = ["indicator", "index", "factor", "year"]
    table = findings.table.assign(above_chance=findings.table["above_chance"].astype(float))
    estimates = table.set_index(keys)[["value", "low", "high", "above_chance"]].to_xarray()
    grown = findings.convergence.set_index([*keys, "samples"])[["value", "low", "high"]].to_xarray()
    grown = grown.rename({name: f"{name}_by_sample_size" for name in grown.data_vars})
    grown = grown.rename({name: f"leading_{name}" for name in keys})
    data = xr.merge([estimates, grown], join="outer")
    data = data.assign_coords(group=("factor", [findings.inputs[str(name)].group for name in data["factor"].values]))
    shown = {"value": "estimate", "low": "lower end of the interval", "high": "upper end of the interval"}
    for name, words in shown.items():
        described = f"sensitivity index, {words}, {100 * indices.CONFIDENCE:g} % bootstrap"
        data[name].attrs = {"units": "1, or per whole range of an input for mu and sigma", "long_name": described}
        data[f"{name}_by_sample_size"].attrs = data[name].attrs | {
            "long_name": f"{described}, from part of the samples"
        }
    data["above_chance"].attrs = {"units": "1", "long_name": "1 where the index is larger than chance makes it, else 0"}
    data["year"].attrs = {"units": "year", "long_name": "end of calendar year", "long_name_zh": "年末"}
    data.attrs = {"Conventions": "CF-1.11", "title": f"Global sensitivity by {findings.question.method}", **facts}
    return data


def _table(findings: Findings, target: Target, variables: Mapping[str, Variable]) -> Table:
    method = findings.question.method
    shown = {"sobol": ("ST", "S1"), "morris": ("mu_star", "sigma"), "pawn": ("PAWN",), "delta": ("delta", "S1")}[method]
    printed = make_table(screen_text("table title", year=target.year, title=target.title))
    printed.add_column(screen_text("input"), overflow="fold", ratio=2)
    printed.add_column(screen_text("kind"), overflow="fold")
    for index in shown:
        printed.add_column(escape(screen_text(index)), justify="right", overflow="fold")
    scale = 1.0 / target.factor if method == "morris" else 1.0
    variable, year = str(target.variable), float(target.year)

    def cells(row: Mapping[Any, Any]) -> tuple[str, ...]:
        names = title_of(findings, row, variables, screen_language())
        rows = (select(findings, variable, year, index) for index in shown)
        return (names, *(_cell(each, str(row["factor"]), scale) for each in rows))

    for row in leading(findings, variable, year, ROWS).to_dict("records"):
        names, *numbers = cells(row)
        if not row["above_chance"]:
            names += screen_text("by chance")
        printed.add_row(escape(names), screen_text(str(row["group"])), *numbers)
    rest = select(findings, variable, year, shown[0])
    for row in rest[rest["factor"].str.startswith(OTHERS) | (rest["factor"] == DUMMY.name)].to_dict("records"):
        names, *numbers = cells(row)
        printed.add_row(f"[dim]{escape(names)}[/]", "", *numbers)
    return printed


def _cell(rows: pd.DataFrame, factor: str, scale: float) -> str:
    row = rows[rows["factor"] == factor]
    if row.empty:
        return "—"
    first = row.iloc[0].to_dict()
    side = side_of(first) if first["index"] in BOUNDED else "inside"
    value, low, high = (short_number(float(first[key]) * scale) for key in ("value", "low", "high"))
    if side in ("below", "above"):
        return f"< {high}" if side == "below" else f"> {low}"
    return f"{value} ({low} … {high})" + (f"\n{screen_text('unresolved')}" if side == "neither" else "")
