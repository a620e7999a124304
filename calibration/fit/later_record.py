"""What was published of 2021-2023, for the ensemble that has seen it: values, errors, and the run they are compared to.

The policy run from the census of 2020 goes on under the policies of these years as far as they are known. States are
compared at the end of the year, flows over it, incomes and budgets on census day, as in the forecast; what the model
leaves out starts from nothing in 2020, as there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from calibration.fit.evidence import LATER_FILE, POLICIES_FILE, Evidence
from calibration.fit.forecast import BY_VARIABLE, Published, run_years
from calibration.fit.likelihood import History, Target, refuse_later, run_history
from calibration.observations import GRADES, LAST_YEAR, ObservationError
from model.definition import variables_by_name
from model.engine import CompiledModel
from model.files.strict_files import read_table, refusal, shown
from scenarios import load_scenario

COLUMNS: Final = ("variable", "year", "value", "unit", "source", "note", "grade")
#: Series of which only the mean of all years is used, and why.
MEAN_ONLY: Final = {
    "registered deaths": "deaths declared in 2022 hold those of earlier years, found when the register was cleaned; "
    "the three years together are a rate like that of 2010-2020",
}
#: Series that are not used, and why.
NOT_USED: Final = {
    "urban rural income ratio": "the quotient of two series that are used",
}
#: Published of 2021-2023 but no series of the forecast, or of another definition; not in the file, and why.
NOT_IN_FILE: Final = {
    "price index of new homes": "prices of new homes are filed with the city and their mix changes: since 2020 the "
    "index rose by 9.0 % while that of existing homes fell by 4.9 %; the model's one price is that of existing homes, "
    "and nothing says how the two will go together again, so no index of new homes is forecast",
    "mean price of homes sold": "not of the same homes from year to year; it rose while both volume and index fell",
    "residential investment, deposits, jobs, school places, beds": "no series of the model, or of another definition",
    "general budget spending": "not among the series that are forecast and scored",
    "net talent inflow": "counts whoever signs a contract, not residents",
    "actual population of the police": "another definition than residents",
    "students": "two figures of 2023 that differ by 9 %",
    "output of districts": "the High-tech Zone is counted apart from the districts it lies in",
}


@dataclass(frozen=True)
class LaterRecord:
    """What an ensemble has seen after 2020."""

    #: What is compared, by series.
    published: tuple[Published, ...]
    #: Levers of those years as the model's ``run`` takes them, as far as they are known.
    policies: Mapping[str, Any]

    @property
    def years(self) -> tuple[int, ...]:
        """The years from the first after the census to the last seen."""
        return tuple(range(LAST_YEAR + 1, max(max(one.years) for one in self.published) + 1))

    @property
    def variables(self) -> tuple[str, ...]:
        """The series that are compared."""
        return tuple(one.variable for one in self.published)

    def targets(self) -> tuple[Target, ...]:
        """What the policy run should meet."""
        return tuple(_target(one) for one in self.published)


def later_record(evidence: Evidence) -> LaterRecord | None:
    """Return what an ensemble has seen after 2020; None, and no file is looked at, for the record to 2020.

    Raises
    ------
    ObservationError
        If the file holds a later year, or a row that cannot be used, each named.

    Examples
    --------
    >>> later_record(Evidence.TO_2020) is None
    True
    >>> later_record(Evidence.TO_2023).years
    (2021, 2022, 2023)
    """
    if evidence is Evidence.TO_2020:
        return None
    table, published = read_later(evidence), []
    for variable, rows in table.groupby("variable", sort=False):
        name = str(variable)
        if name in NOT_USED:
            continue
        values = rows["value"].to_numpy(dtype=float)
        published.append(
            Published(
                name,
                tuple(map(int, rows["year"])),
                values.mean(keepdims=True) if name in MEAN_ONLY else values,
                str(rows["grade"].max()),
                "; ".join(dict.fromkeys(rows["source"])),
            )
        )
    record = LaterRecord(tuple(published), load_scenario(POLICIES_FILE).changed())
    refuse_later(record.targets(), evidence.last_year)
    return record


def run_record(
    model: CompiledModel, changes: Mapping[str, Any], later: LaterRecord | None, *, keep_non_finite: bool = False
) -> History:
    """Run what an ensemble's record is compared with: the history and, where more has been seen, the years after it."""
    history = run_history(model, changes, keep_non_finite=keep_non_finite)
    if later is None:
        return history
    policies = {**changes, **later.policies}
    return replace(
        history, later=run_years(model, policies, later.years, later.variables, keep_non_finite=keep_non_finite)
    )


def read_later(evidence: Evidence) -> pd.DataFrame:
    """Read what was published after 2020 and an ensemble has seen, by year; no rows for the record to 2020.

    Raises
    ------
    ObservationError
        If the file holds a later year, or a row that cannot be used, each named.
    """
    if evidence is Evidence.TO_2020:
        return pd.DataFrame(columns=list(COLUMNS))
    last = evidence.last_year
    table, problems = read_table(LATER_FILE)
    if table is None or list(table.columns) != list(COLUMNS):
        found = problems or [f"header: the columns must be {', '.join(COLUMNS)}"]
        raise ObservationError(refusal({LATER_FILE.name: found}))
    known = variables_by_name()
    year, value = (pd.to_numeric(table[column], errors="coerce") for column in ("year", "value"))
    mistakes = []
    for row in table.index:
        name = table.loc[row, "variable"]
        if name not in BY_VARIABLE:
            mistakes.append(f"row {row}: {shown(name)} is no series of the forecast")
        elif table.loc[row, "unit"] != known[name].unit:
            mistakes.append(f"row {row}: {name} is in {known[name].unit}")
        if not LAST_YEAR < year[row] <= last:
            mistakes.append(f"row {row}: {shown(table.loc[row, 'year'])} is not a year of {LAST_YEAR + 1}-{last}")
        if not (np.isfinite(value[row]) and value[row] > 0):
            mistakes.append(f"row {row}: {shown(table.loc[row, 'value'])} is not a number above zero")
        if table.loc[row, "grade"] not in GRADES:
            mistakes.append(f"row {row}: {shown(table.loc[row, 'grade'])} is not a grade A-E")
        if not table.loc[row, "source"].strip():
            mistakes.append(f"row {row}: the source is empty")
    mistakes += [f"row {row}: given a second time" for row in table.index[table[["variable", "year"]].duplicated()]]
    if mistakes:
        raise ObservationError(refusal({LATER_FILE.name: mistakes}))
    return table.assign(year=year.astype(int), value=value).sort_values("year", kind="stable")


def _target(published: Published) -> Target:
    forecast, unit = BY_VARIABLE[published.variable], variables_by_name()[published.variable].unit
    mean = published.values.size < len(published.years)
    span = f"{published.years[0]}-{published.years[-1]}"
    return Target(
        f"{published.variable}, {'mean of ' if mean else ''}{span} [{unit}]",
        published.values,
        forecast.relative,
        published.grade,
        published.source,
        lambda history: history.after_2020(published.variable, published.years) @ published.weights.T,
        years=published.years[-1:] if mean else published.years,
        memory=forecast.memory,
        reporting=forecast.reporting,
        stated=published.covariance,
    )
