"""The tables of an assessment: printed for the reader, and written as CSV, netCDF and text with their manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.assessment.scores import ALL, BANDS
from analysis.assessment.study import Assessment
from analysis.assessment.words import percent, say, screen_text
from analysis.outcome.printing import make_table
from analysis.outcome.screen import screen_language
from analysis.outcome.units import axis_unit
from analysis.outcome.words import LANGUAGES
from model.definition import variables_by_name
from model.files.atomic import replaced, write_csv
from scenarios import Target

#: Tables of an `Assessment`, each with its file.
TABLES: Final = {
    name: "targets_by_year.csv" if name == "by_year" else f"{name}.csv"
    for name in ("points", "series", "scores", "updates", "weights", "targets", "by_year")
}
DATA_FILE: Final = "assessment.nc"
SUMMARY_FILE: Final = "summary.txt"
FILES: Final = (*TABLES.values(), DATA_FILE, SUMMARY_FILE)
#: Columns of the points that have the unit of their series.
IN_UNIT: Final = ("value", "median", "p05", "p25", "p75", "p95", "crps", "random_walk", "constant_growth")


#: What the data file says of each number.
LONG_NAMES: Final = {
    "value": "observation",
    "median": "median of the forecast",
    "p05": "5 % quantile of the forecast",
    "p25": "25 % quantile of the forecast",
    "p75": "75 % quantile of the forecast",
    "p95": "95 % quantile of the forecast",
    "z": "logarithm of the observation over the median, in standard deviations of the forecast's logarithm",
    "crps": "continuous ranked probability score, fair estimator",
    "pit": "place of the observation in the forecast's distribution",
    "random_walk": "random walk with drift from values seen before",
    "constant_growth": "growth at the constant rate of values seen before",
    "probability_before": "probability of reaching the target in time, as forecast",
    "probability_before_se": "standard error of it, from the number of members",
    "probability_after": "probability with the last observations that could be used",
    "probability_after_se": "standard error of it, from the weights of the members",
    "known_since": "year from whose data on the target slips",
    "probability": "probability with the observations up to a year",
    "probability_se": "standard error of it, from the weights of the members",
}
#: What a row of observed against forecast shows, in order.
SHOWN: Final = ("value", "median", "p25", "p75", "p05", "p95")
#: From here on numbers are printed without decimals.
LONG: Final = 1e3
#: A change of a probability, in percentage points, that is worth a line.
LEAST_POINTS: Final = 1.0


def print_assessment(console: Console, assessment: Assessment, targets: Mapping[str, Target]) -> None:
    """Print observations beside the forecast, the judgement of each series, the results in words, and the scores."""
    console.print(_observed_table(assessment.points))
    console.print(_series_table(assessment, targets))
    for sentence in assessment.sentences[screen_language()]:
        console.print(escape(sentence))
    console.print()
    console.print(_score_table(assessment.scores))


def write_assessment(assessment: Assessment, folder: Path, facts: Mapping[str, str]) -> list[Path]:
    """Write every table as CSV, all of them as netCDF, and the sentences as text, each whole or not at all.

    The folder is made if missing, and `FILES` in it are replaced. The facts, text only, say how to make the results
    again.
    """
    for name, file in TABLES.items():
        write_csv(str(getattr(assessment, name).to_csv(index=False, lineterminator="\n")), folder / file, facts)
    with replaced(folder / DATA_FILE) as partial:
        as_dataset(assessment, facts).to_netcdf(partial, engine="netcdf4")
    with replaced(folder / SUMMARY_FILE) as partial:
        text = "\n\n".join("\n".join(assessment.sentences[language]) for language in LANGUAGES)
        basis = "\n".join(f"{name}: {value}" for name, value in facts.items())
        partial.write_text(f"{text}\n\n{basis}\n", encoding="utf-8", newline="\n")
    return [folder / name for name in FILES]


def as_dataset(assessment: Assessment, facts: Mapping[str, str]) -> xr.Dataset:
    """Return an assessment as one Dataset, with the facts as its attributes.

    Dims are ``observation`` (each in its own unit, coordinate ``unit``), ``member`` (weights; none when the update is
    refused), ``target`` and ``data_to``, the last year of the observations used (NaN where refused).
    """
    points = assessment.points
    data: dict[str, tuple[object, ...]] = {
        name: ("observation", points[name].to_numpy(dtype=float), {"long_name": LONG_NAMES[name]})
        for name in (*IN_UNIT, "z", "pit")
    }
    members, weights = (assessment.weights[name].to_numpy() for name in ("member", "weight"))
    data["weight"] = ("member", weights, {"units": "1", "long_name": "weight after all observations"})
    coordinates: dict[str, object] = {
        "member": members,
        "series": ("observation", points["variable"].to_numpy(dtype=str)),
        "unit": ("observation", points["unit"].to_numpy(dtype=str)),
        "year": ("observation", points["year"].to_numpy(dtype=int), {"units": "year"}),
    }
    targets = assessment.targets
    if len(targets):
        coordinates |= {"target": targets["target"].to_numpy(dtype=str)}
        for name in ("probability_before", "probability_before_se", "probability_after", "probability_after_se"):
            data[name] = ("target", targets[name].to_numpy(dtype=float), {"units": "1", "long_name": LONG_NAMES[name]})
        since = targets["known_since"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        data["known_since"] = ("target", since, {"units": "year", "long_name": LONG_NAMES["known_since"]})
        years = assessment.by_year["data_to"].unique()
        coordinates["data_to"] = years
        for name in ("probability", "probability_se"):
            wide = assessment.by_year.pivot(index="target", columns="data_to", values=name)
            wide = wide.reindex(index=targets["target"], columns=years)
            described = {"units": "1", "long_name": LONG_NAMES[name]}
            data[name] = (("target", "data_to"), wide.to_numpy(dtype=float), described)
    return xr.Dataset(data, coordinates, {"Conventions": "CF-1.11", "title": "Assessment of the forecast", **facts})


def _observed_table(points: pd.DataFrame) -> Table:
    table = make_table(screen_text("observed"), screen_text("observed notes"))
    table.add_column(screen_text("one series"), overflow="fold")
    table.add_column(screen_text("year"), no_wrap=True)
    table.add_column(f"{screen_text('observation')}\n{screen_text('median')}", justify="right", no_wrap=True)
    table.add_column(f"{screen_text('half')}\n{screen_text('nine tenths')}", justify="right", no_wrap=True)
    table.add_column(screen_text("where"), no_wrap=True)
    table.add_column("z", justify="right", no_wrap=True)
    for key, rows in points.groupby(["variable", "unit"], sort=False):
        name, _ = map(str, key)
        unit, size = axis_unit(variables_by_name()[name], screen_language())
        title = f"{_title(name)}\n[dim]{escape(unit)}[/]"
        for row in rows.to_dict("records"):
            where = "inside half" if row["inside_50"] else "inside nine tenths" if row["inside_90"] else "outside"
            value, middle, *ends = (_value(float(row[key]) / size) for key in SHOWN)
            bands = f"{ends[0]}…{ends[1]}\n{ends[2]}…{ends[3]}"
            table.add_row(title, str(row["year"]), f"{value}\n{middle}", bands, screen_text(where), f"{row['z']:+.1f}")
            title = ""
        table.add_section()
    return table


def _series_table(assessment: Assessment, targets: Mapping[str, Target]) -> Table:
    table = make_table(screen_text("judged"), screen_text("judged notes"))
    table.add_column(screen_text("one series"), overflow="fold")
    table.add_column(screen_text("probability"), justify="right", no_wrap=True)
    table.add_column(screen_text("judgement"), overflow="fold")
    table.add_column(screen_text("changed"), overflow="fold")
    for row in assessment.series.to_dict("records"):
        status, reason = "used" if row["used"] else "not used", str(row["reason"])
        judged = screen_text("status and reason", status=_by_language(status), reason=_by_language(reason))
        probability = percent(float(row["chance"]), screen_language())
        table.add_row(_title(str(row["variable"])), probability, judged, _what_if(row, targets))
    return table


def _by_language(name: str) -> dict[str, str]:
    return {language: say(name, language) for language in LANGUAGES}


def _what_if(row: Mapping[Any, Any], targets: Mapping[str, Target]) -> str:
    """What the update becomes when a series that is used is left out, or one that is not is put in."""
    change = _by_language("left out" if row["used"] else "added")
    if pd.isna(row["other_chance"]):
        return screen_text("nothing left", change=change)
    text = screen_text(
        "can update" if row["other_accepted"] else "cannot update",
        change=change,
        probability={language: percent(float(row["other_chance"]), language) for language in LANGUAGES},
        size=row["other_effective_size"],
    )
    points = 100 * float(row["other_change"])
    if row["other_accepted"] and row["other_target"] and abs(points) >= LEAST_POINTS:
        target = targets[str(row["other_target"])]
        title = {language: escape(target.title[language]) for language in LANGUAGES}
        text += "\n" + screen_text("most changed", title=title, year=target.year, points=points)
    return text


def _score_table(scores: pd.DataFrame) -> Table:
    bands = "/".join(f"{100 * band:.0f}" for band in BANDS)
    table = make_table(screen_text("scores"), screen_text("scores notes"))
    table.add_column(screen_text("one series"), overflow="fold")
    table.add_column(screen_text("years"), no_wrap=True)
    table.add_column("CRPS", justify="right", no_wrap=True)
    table.add_column(f"{screen_text('coverage of bands')}\n{bands} %", justify="right", no_wrap=True)
    table.add_column(f"MASE\n{screen_text('by random walk')}", justify="right")
    table.add_column(f"MASE\n{screen_text('by trend')}", justify="right")
    for row in scores.to_dict("records"):
        first, last = row["first_year"], row["last_year"]
        table.add_row(
            screen_text("all") if row["variable"] == ALL else _title(str(row["variable"])),
            f"{first if first == last else f'{first}-{last}'} ({row['points']})",
            f"{100 * row['crps_relative']:.2f} %",
            "/".join(f"{100 * row[f'coverage_{100 * band:.0f}']:.0f}" for band in BANDS),
            *("—" if pd.isna(row[key]) else f"{row[key]:.2f}" for key in ("mase_random_walk", "mase_constant_growth")),
        )
    return table


def _value(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= LONG else f"{value:,.2f}"


def _title(name: str) -> str:
    return escape(variables_by_name()[name].term or name if screen_language() == "zh" else name)
