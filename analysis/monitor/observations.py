"""The latest observation of each indicator: of series as `assess` reads them, and of targets by their ids."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.assessment.observations import (
    COLUMNS,
    AssessmentError,
    read_newer_observations,
    read_observation_table,
    read_stored_forecast,
)
from calibration.fit.evidence import LATER_FILE, Evidence
from model.engine.errors import near
from model.files.strict_files import read_number, refusal, shown
from scenarios import Target
from scenarios.monitor import Monitor

#: The forecast whose variables and years may be observed: all years after the record to 2020.
WIDEST: Final = Evidence.TO_2020
#: The years in which an indicator can be observed.
FIRST_YEAR, LAST_YEAR = 2010, 2035
#: What ids of targets begin with, and may be left out.
PREFIX: Final = "target."
#: A share of 1 or less beside a target of this many percent was meant as a part of 1.
SURELY_PERCENT: Final = 10.0


@dataclass(frozen=True)
class Observation:
    """A published number of an indicator, in the plan's unit."""

    year: int
    value: float
    source: str
    #: The series of the forecast that it is from; none where it was given for the target itself.
    series: str = ""
    #: The same number in the unit of the series.
    in_series: float = math.nan


def read_observed(file: Path | None, targets: Mapping[str, Target], monitor: Monitor) -> dict[str, list[Observation]]:
    """Read the record that is shipped and a newer file.

    Parameters
    ----------
    file
        CSV or workbook as `assess` takes it, in which a row's variable may also be the id of a target, its value then
        in the plan's unit; None for the record alone.
    targets
        All targets of the plan, by id.
    monitor
        Says which series shows which target.

    Returns
    -------
    dict
        Observations by year for `key` of each indicator that has any. A newer file takes the place of the record.

    Raises
    ------
    AssessmentError
        Listing every mistake in the file.
    """
    forecast = read_stored_forecast(WIDEST.forecast)
    # A city may have no record after 2020 yet.
    parts = [(read_newer_observations(LATER_FILE, forecast), pd.DataFrame())] if LATER_FILE.exists() else []
    if file is not None:
        parts.append(_read_both(file, forecast, targets))
    held: dict[str, dict[int, Observation]] = {}
    for series, own in parts:
        for target in targets.values():
            link = monitor.series.get(target.variable or "")
            rows = series[series["variable"] == link.series] if link is not None else series.iloc[:0]
            for row in rows.to_dict("records"):
                assert link is not None
                number = float(row["value"])
                value = number * link.factor / target.factor
                seen = Observation(int(row["year"]), value, str(row["source"]), link.series, number)
                held.setdefault(key(target), {})[seen.year] = seen
        for row in own.to_dict("records"):
            seen = Observation(int(row["year"]), float(row["value"]), str(row["source"]))
            held.setdefault(key(targets[row["target"]]), {})[seen.year] = seen
    return {name: [years[year] for year in sorted(years)] for name, years in held.items()}


def key(target: Target) -> str:
    """Return what is observed where a target is: its variable, or its title where the model has none.

    The targets of two years for one quantity have one key.
    """
    return target.variable or f"{target.title['zh']} ({target.unit})"


def _read_both(file: Path, forecast: pd.DataFrame, targets: Mapping[str, Target]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of series, read as `assess` reads them, and rows of targets; the mistakes of both at once."""
    table, problems, letters = read_observation_table(file)
    if table is not None and letters and set(COLUMNS) <= set(table.columns):
        # Rows of the template that nobody has filled in.
        table = table[(table[["year", "value", "source"]] != "").any(axis=1)]
    if table is None:
        raise AssessmentError(refusal({file.name: problems}))
    if "variable" not in table.columns or table.empty:
        return read_newer_observations(file, forecast), pd.DataFrame()
    named = pd.Series([_target_meant(name, forecast, targets) for name in table["variable"]], table.index)
    own, mistakes = _targets_of(table[named != ""], named[named != ""], targets)
    rest, series = table[named == ""], pd.DataFrame(columns=list(COLUMNS))
    messages = []
    if not rest.empty or set(COLUMNS) - set(table.columns):
        try:
            series = _as_assess_reads(file, table, rest, forecast)
        except AssessmentError as error:
            messages.append(str(error))
    if mistakes:
        messages.append(refusal({file.name: mistakes}))
    if messages:
        raise AssessmentError("\n".join(messages))
    return series, own


def _as_assess_reads(file: Path, table: pd.DataFrame, rest: pd.DataFrame, forecast: pd.DataFrame) -> pd.DataFrame:
    """Hand on the rows of series under the file's name, each in its row, so that mistakes name the row of the file."""
    with TemporaryDirectory() as folder:
        # What is read as a table but is none of text is handed on as one.
        copy = Path(folder) / (file.name if file.suffix.lower() == ".csv" else f"{file.stem}.csv")
        with copy.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened)
            writer.writerow(table.columns)
            cells = dict(zip(rest.index, rest.to_numpy().tolist(), strict=True))
            for row in range(2, max(cells, default=1) + 1):
                writer.writerow(cells.get(row, [""] * len(table.columns)))
        try:
            return read_newer_observations(copy, forecast)
        except AssessmentError as error:
            raise AssessmentError(str(error).replace(copy.name, file.name, 1)) from None


def _target_meant(name: str, forecast: pd.DataFrame, targets: Mapping[str, Target]) -> str:
    """The id that a row names, or nothing where it names a series."""
    if name in targets:
        return name
    if f"{PREFIX}{name}" in targets:
        return f"{PREFIX}{name}"
    if name.startswith(PREFIX):
        return name
    titled = [one.id for one in targets.values() if name in one.title.values() and not one.modelled]
    return titled[0] if titled and name not in set(forecast["variable"]) else ""


def _targets_of(
    table: pd.DataFrame, named: pd.Series[str], targets: Mapping[str, Target]
) -> tuple[pd.DataFrame, list[str]]:
    rows, mistakes, seen = [], [], set()
    for number, row in zip(table.index, table.to_dict("records"), strict=True):
        name = named[number]
        cells = {str(column): str(cell) for column, cell in row.items()}
        wrong, year, value = _row_mistakes(name, cells, targets)
        mistakes += [f"row {number}: {what}" for what in wrong]
        if wrong:
            continue
        once = (key(targets[name]), year)
        if once in seen:
            mistakes.append(f"row {number}: {shown(cells['variable'])} of {year} is given a second time")
        seen.add(once)
        rows.append({"target": name, "year": year, "value": value, "source": cells["source"]})
    return pd.DataFrame(rows, columns=["target", "year", "value", "source"]), mistakes


def _row_mistakes(name: str, row: Mapping[str, str], targets: Mapping[str, Target]) -> tuple[list[str], int, float]:
    if name not in targets:
        return [f"there is no target {shown(name)}.{near(name, targets)}"], 0, math.nan
    target, wrong = targets[name], []
    year, value = read_number(row.get("year", "")), _value(row.get("value", ""), target)
    if year is None or year % 1 or not FIRST_YEAR <= year <= LAST_YEAR:
        wrong.append(f"year {shown(row.get('year', ''))} is not a year from {FIRST_YEAR} to {LAST_YEAR}")
    unit = row.get("unit", "")
    if unit not in _units(target):
        wrong.append(f"unit {shown(unit)} of {name} must be {target.unit!r}, that of the plan")
    if value is None or not np.isfinite(value):
        wrong.append(f"value {shown(row.get('value', ''))} is not a finite number")
    elif target.unit == "percent" and (target.threshold or 0) >= SURELY_PERCENT and 0 < value <= 1:
        wrong.append(f"value {value:g} of {name} is in percent; write {value * 100:g} if the share is meant")
    elif target.unit == "percent" and abs(value) > 100:
        wrong.append(f"value {value:g} of {name} is more than 100 percent")
    if not row.get("source"):
        wrong.append("source is empty")
    return wrong, int(year or 0), math.nan if value is None else value


def _value(cell: str, target: Target) -> float | None:
    """The number of a cell; in percent, 74.2% is 74.2."""
    text = cell.strip()
    return read_number(text.rstrip("%％").rstrip() if target.unit == "percent" else text)


def _units(target: Target) -> set[str]:
    return {target.unit, *({"%", "％"} if target.unit == "percent" else set())}


def place_in(value: float, levels: Mapping[float, float], target: Any) -> float:
    """Return where a value lies in a forecast: 0 at its worse end for the target, 1 at the better.

    Parameters
    ----------
    value
        Of the observation.
    levels
        Quantile to its value, in the same unit.
    target
        Whose comparison says which side is better.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> at_most = SimpleNamespace(comparison="at most")
    >>> levels = {0.05: 1.0, 0.5: 2.0, 0.95: 4.0}
    >>> place_in(2.0, levels, at_most), place_in(9.0, levels, at_most)
    (0.5, 0.0)
    """
    shares, values = list(levels), list(levels.values())
    place = float(np.interp(value, values, shares, left=0.0, right=1.0))
    return 1.0 - place if target.comparison == "at most" else place
