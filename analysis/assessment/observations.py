"""Observations that are newer than the model, read and checked, and the past of the same series for comparison."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from calibration.census.derivation import derive
from calibration.census.vital_events import known_years, registered_events
from calibration.fit.evidence import NEWEST, Evidence
from calibration.fit.forecast import BASE_YEAR, QUANTILES
from calibration.fit.later_record import read_later
from calibration.fit.likelihood import FIRST_YEAR, registered_estimates
from calibration.observations import CITY, GRADES, LAST_YEAR, ObservationError, city_value, read_observations
from calibration.record import OLD, record
from model.definition import variables_by_name
from model.engine.errors import near
from model.files.strict_files import read_number, read_table, refusal, shown
from scenarios.scenario_workbook import known_by, plain, workbook_words
from scenarios.workbooks import is_spreadsheet, read_sheet_as_table

COLUMNS: Final = ("variable", "year", "value", "unit", "source")
OPTIONAL_COLUMNS: Final = ("note", "grade")
#: A value so many times the forecast, or so small a part of it, is in another unit.
IMPLAUSIBLE: Final = 10.0
#: Every series and year of the forecast, many times over.
MOST_ROWS: Final = 5_000
_WORDS_OF_COUNT: Final = {"万": 1e4, "亿": 1e8, "万人": 1e4, "亿元": 1e8}
#: What official publications use and the model does not.
CONVERSIONS: Final = {
    "%": "divide by 100",
    "％": "divide by 100",
    "percent": "divide by 100",
    "万人": "multiply by 10,000",
    "10k persons": "multiply by 10,000",
    "亿元": "multiply by 100,000,000",
    "100 million yuan": "multiply by 100,000,000",
}


class AssessmentError(ObservationError):
    """Newer observations, or what they are compared with, cannot be used; the message lists every mistake."""


def read_newer_observations(path: Path, forecast: pd.DataFrame | None = None) -> pd.DataFrame:
    """Read and check a table of observations that are newer than the model, without running the model.

    Parameters
    ----------
    path
        CSV in UTF-8 or GBK, or a workbook, with `COLUMNS` and, if wanted, `OPTIONAL_COLUMNS`, in English or Chinese;
        names and units as in the model, or the Chinese ones of the template. Full-width digits, thousands signs, a
        percent sign behind a share and Chinese commas between columns are read as meant.
    forecast
        Quantiles as from `read_stored_forecast`, which are read if it is not given.

    Returns
    -------
    pandas.DataFrame
        variable, year, value, unit, source, note, grade; in the order of the forecast's variables, then by year.

    Raises
    ------
    AssessmentError
        With every mistake by its row, in a workbook by its cell: missing file or column, unknown variable, wrong unit,
        year outside the forecast, value that is not a finite number above zero or cannot be in its unit, the same
        observation twice, missing source, unknown grade.
    """
    if forecast is None:
        forecast = read_stored_forecast(NEWEST.forecast)
    table, problems, letters = read_observation_table(path)
    if table is None:
        raise AssessmentError(refusal({path.name: problems}))

    def place(row: Any, column: str = "") -> str:
        """Where a mistake is: in a workbook a cell, where the column is there, else a row."""
        return f"{letters[column]}{row}" if column in letters else f"row {row}"

    allowed = (*COLUMNS, *OPTIONAL_COLUMNS)
    in_chinese = {name: words["zh"] for name, words in workbook_words()["observations"].items()}
    mistakes = [
        f"{place(table.attrs['head'], column) if letters else 'header'}: {shown(column)} is not a column of this table."
        f"{near(column[:50], allowed if column.isascii() else in_chinese.values())}"
        for column in map(str, table.columns)
        if column not in allowed
    ]
    # A misspelt column is one mistake, not two.
    misspelt = "".join(mistakes)
    mistakes += [
        f"header: column {column!r} is missing (in Chinese {in_chinese[column]})"
        for column in COLUMNS
        if column not in table.columns and f"{column!r}?" not in misspelt
    ]
    table = table.reindex(columns=list(allowed), fill_value="")
    if letters:
        # Rows of the template that nobody has filled in.
        table = table[(table[["year", "value", "source", "note"]] != "").any(axis=1)]
    if table.empty:
        mistakes.append("it holds no observations")
    if len(table) > MOST_ROWS:
        mistakes.append(f"it has {len(table):,} rows; {MOST_ROWS:,} are the most")
    if not mistakes:
        table = _in_names_of_the_model(table, forecast)
        mistakes = [
            f"{place(row[0], column)}: {what}"
            for row in table.itertuples()
            for column, what in _row_mistakes(row, forecast)
        ]
        year = table["year"].map(read_number)
        again = table.assign(year=year)[["variable", "year"]].duplicated() & year.notna()
        mistakes += [
            f"{place(row, 'variable')}: {shown(table.loc[row, 'variable'])} of {table.loc[row, 'year'][:10]} "
            "is given a second time"
            for row in table.index[again]
        ]
    if mistakes:
        raise AssessmentError(refusal({path.name: mistakes}))
    table = table.assign(value=table["value"].map(read_number), year=table["year"].map(read_number))
    typed = table.astype({"value": float, "year": float}).astype({"year": int})
    order = pd.Series({name: number for number, name in enumerate(forecast["variable"].unique())})
    by_forecast = typed.sort_values("year").sort_values("variable", key=lambda names: names.map(order), kind="stable")
    return by_forecast.reset_index(drop=True)


def read_observation_table(path: Path) -> tuple[pd.DataFrame | None, list[str], Mapping[str, str]]:
    """Return the table of a CSV or workbook, its columns named in English, as far as it can be read as one.

    Returns
    -------
    tuple
        The table of texts, its index the rows of the file, or None; its problems; in a workbook the letters of columns.
    """
    named = known_by("observations")
    if is_spreadsheet(path) and path.suffix.lower() != ".csv":
        return read_sheet_as_table(path, workbook_words()["sheets"]["observations"].values(), named)
    table, problems = read_table(path, gbk=True)
    if table is not None:
        fresh = {column: named.get(plain(column), column) for column in table.columns}
        # One that is given in both languages stays, to be refused.
        table = table.rename(columns={column: name for column, name in fresh.items() if name not in table.columns})
    return table, problems, {}


def _in_names_of_the_model(table: pd.DataFrame, forecast: pd.DataFrame) -> pd.DataFrame:
    """The table with variables and units of the model where they are given as the template writes them in Chinese."""
    variables = variables_by_name()
    terms = {variables[name].term: name for name in forecast["variable"].unique() if name in variables}
    units = known_by("units")
    return table.assign(
        variable=table["variable"].map(lambda name: terms.get(name, name)),
        unit=table["unit"].map(lambda unit: units.get(plain(unit), unit)),
        year=table["year"].str.removesuffix("年"),
    )


def read_stored_forecast(file: Path) -> pd.DataFrame:
    """Read the stored quantiles of the forecast: variable, unit, year, and each quantile.

    Examples
    --------
    >>> int(read_stored_forecast(Evidence.TO_2020.forecast)["year"].min())
    2021
    """
    known = {one.forecast.name: one for one in Evidence}
    again = f"; make it with: {known[file.name].remedy}" if file.name in known else ""
    table, problems = read_table(file)
    if table is None:
        missing = "is missing" if not file.is_file() else f"cannot be used ({problems[0].removesuffix('.')})"
        message = f"{file.name} {missing}{again}"
        raise AssessmentError(message)
    wanted = ["variable", "unit", "year", *QUANTILES]
    numbers = table.reindex(columns=wanted).drop(columns=["variable", "unit"]).apply(pd.to_numeric, errors="coerce")
    if list(table.columns) != wanted or table.empty or not np.isfinite(numbers.to_numpy()).all():
        message = f"{file.name} cannot be used: it must hold {', '.join(wanted)}, all numbers finite{again}"
        raise AssessmentError(message)
    stored = table[["variable", "unit"]].join(numbers.astype({"year": int}))
    years = stored.groupby("variable")["year"].apply(tuple)
    if years.nunique() != 1 or len(set(years.iloc[0])) != len(years.iloc[0]):
        message = f"{file.name} cannot be used: its variables differ in their years{again}"
        raise AssessmentError(message)
    return stored.reset_index(drop=True)


def past_series(evidence: Evidence = Evidence.TO_2020) -> pd.DataFrame:
    """Return what has been seen of the forecast's variables, on the present boundary, in the model's units.

    Years that were only interpolated are left out.

    Examples
    --------
    >>> past_series().query("variable == 'residents'")["value"].tolist()
    [8112513.0, 9202432.0]
    """
    data = read_observations()

    def published(variable: str, scale: float = 1.0) -> pd.Series:
        chosen = (data["variable"] == variable) & (data["region"] == CITY.region) & (data["boundary"] == "new")
        years = sorted(year for year in data.loc[chosen, "year"] if year >= FIRST_YEAR)
        return pd.Series({year: city_value(data, variable, year) * scale for year in years}, dtype=float)

    def events(event: str) -> pd.Series:
        years = known_years(event)
        return registered_events(data, event)[years] if years else pd.Series(dtype=float)

    urban, residents = published("population_urban"), published("population_resident")
    registered = published("population_hukou_registered_yearend", 1e4)
    if CITY.merged_region is not None:
        registered = pd.concat([registered_estimates(), registered])
    revenue, used = published("general_public_budget_revenue", 1e8), record().series.get("budget revenue")
    series = {
        "residents": residents,
        "resident urbanization rate": urban / residents,
        "registered population": registered,
        "births in city": derive().residuals.births.loc[: LAST_YEAR - 1],
        "registered births": events("birth"),
        "registered deaths": events("death"),
        "urban income per head": published("income_per_capita_urban"),
        "rural income per head": published("income_per_capita_rural"),
        "urban rural income ratio": published("income_ratio_urban_rural"),
        "gross domestic product": published("gdp", 1e8),
        "budget revenue": revenue if used is None else revenue[list(used.years)],
        "net registered migration": published("hukou_net_migration_derived", 1e4),
        "homes sold": published("commodity_residential_sales_area", 1e4),
        "house price index": _existing_home_prices(data),
    }
    tables = [
        pd.DataFrame({"variable": name, "year": values.index, "value": values.to_numpy(dtype=float)})
        for name, values in series.items()
    ]
    later = read_later(evidence)[["variable", "year", "value"]]
    return pd.concat([*tables, *([later] if len(later) else [])], ignore_index=True)


def _existing_home_prices(data: pd.DataFrame) -> pd.Series:
    """Prices of existing homes at the ends of 2013-2020, the last 100, chained from December to December."""
    name, years = "house_price_index_secondhand_dec_yoy", range(2020, 2013, -1)
    known = set(data.loc[data["variable"] == name, "year"])
    level, levels = 100.0, {2020: 100.0} if known else {}
    for year in years:
        if year not in known:
            break
        level /= city_value(data, name, year, OLD if year < (CITY.merged_in or 0) else "new") / 100
        levels[year - 1] = level
    return pd.Series(levels).sort_index()


def values_in_years(run: xr.Dataset, name: str, years: pd.Series) -> npt.NDArray[np.float64]:
    """Return the values of a variable in the years of its observations, dims (member, year)."""
    chosen = run[name].sel(time=years.to_numpy(dtype=float)).transpose("member", "time")
    return np.asarray(chosen.to_numpy(), dtype=np.float64)


def fingerprint(observations: pd.DataFrame) -> str:
    """Return twelve hexadecimal digits that change whenever an observation does."""
    return hashlib.sha256(observations.to_csv(index=False).encode()).hexdigest()[:12]


def _row_mistakes(row: Any, forecast: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield the column and the words of every mistake in a row."""
    name, given_year, given, unit, source, grade = (
        str(getattr(row, column)) for column in (*COLUMNS, "grade")
    )  # fmt: skip
    years = forecast["year"]
    first, last = years.min(), years.max()
    year, value = read_number(given_year), read_number(given)
    in_forecast = year is not None and year in set(years)
    if year is None or year % 1 or "%" in given_year:
        yield "year", f"year {shown(given_year)} is not a year"
    elif not in_forecast:
        seen = " (--evidence 2020 forecasts it)" if BASE_YEAR < year < first else ""
        yield "year", f"year {year:.0f} is outside the forecast, {first}-{last}{seen}"
    usable = value is not None and np.isfinite(value) and value > 0
    if not usable:
        wrong = f"{shown(given)} is not a finite number above zero{_remedy(given)}" if given.strip() else "is empty"
        yield "value", f"value {wrong}"
    if not source:
        yield "source", "source is empty"
    if grade and grade not in GRADES:
        yield "grade", f"grade {shown(grade)} is none of {', '.join(GRADES)}"
    own = forecast[forecast["variable"] == name]
    if own.empty:
        known = forecast["variable"].unique().tolist()
        yield "variable", f"{shown(name)} is not a variable of the forecast.{_meant(name, known)}"
        return
    wanted = own["unit"].iloc[0]
    percent = given.endswith(("%", "％"))
    if unit != wanted:
        convert = f": {CONVERSIONS[unit]}" if unit in CONVERSIONS else ""
        yield "unit", f"unit {shown(unit)} of {name!r} must be {wanted!r}{convert}"
    elif percent and wanted != "Dmnl":
        yield "value", f"value {shown(given)} is a percentage, but {name!r} is in {wanted!r}"
    elif value is not None and usable and in_forecast:
        middle = float(own.loc[own["year"] == year, "median"].iloc[0])
        if not 1 / IMPLAUSIBLE < value / middle < IMPLAUSIBLE:
            about = f"{middle:,.0f}" if middle >= IMPLAUSIBLE else f"{middle:.2g}"
            what = f"{name!r} is {given[:40]}, forecast about {about} {wanted}; is the value in that unit?"
            yield "value", what


def _meant(name: str, known: Sequence[str]) -> str:
    """Name the nearest variable, which may be told by its Chinese name; all of them where none is near."""
    variables = variables_by_name()
    terms = {variables[one].term: one for one in known if one in variables}
    guess = near(name[:100], known)
    if not guess and (term := near(name[:100], terms)):
        guess = next(f"{term[:-1]} ({one})?" for word, one in terms.items() if repr(word) in term)
    return guess or f" It has: {', '.join(known)}."


def _remedy(given: str) -> str:
    """Say how to write a number that is given as in a Chinese bulletin."""
    for word, times in _WORDS_OF_COUNT.items():
        if given.endswith(word) and (number := read_number(given.removesuffix(word))) is not None:
            return f"; write {number * times:.15g}"
    return ""
