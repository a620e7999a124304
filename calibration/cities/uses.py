"""Which of a city's series its history run is compared with: those that are there, on the present boundary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

#: Series of yearly growth: name in the record, variable, years wished for (the nearest on one boundary are taken).
_GROWTH: Final[tuple[tuple[str, str, tuple[int, ...]], ...]] = (
    ("growth of gross domestic product", "gdp", (2012, 2014, 2016)),
    ("growth of budget revenue", "general_public_budget_revenue", (2012, 2015, 2018)),
    ("growth of general budget spending", "general_public_budget_expenditure", (2012, 2015, 2018)),
    ("growth of mean price of homes sold", "commodity_residential_average_price", (2012, 2015, 2018)),
    ("growth of urban income per head", "income_per_capita_urban", (2015, 2017, 2019)),
)
_LEVELS: Final[tuple[tuple[str, str, tuple[int, ...]], ...]] = (
    ("registered population", "population_hukou_registered_yearend", (2016, 2018, 2019, 2020)),
    ("net registered migration", "hukou_net_migration_derived", (2019, 2020)),
    ("registered urbanization rate", "hukou_urbanization_rate", (2018, 2020)),
    ("urban income per head", "income_per_capita_urban", (2020,)),
    ("urban rural income ratio", "income_ratio_urban_rural", (2017, 2020)),
    ("gross domestic product", "gdp", (2020,)),
    ("budget revenue", "general_public_budget_revenue", (2020,)),
    ("homes sold", "commodity_residential_sales_area", (2019, 2020)),
    ("built-up area", "built_up_area", (2020,)),
)
#: The last year before a census of the economy moved the first-published output of 2018.
_LAST_FIRST_PUBLISHED: Final = 2018
#: Fewest years of counts from which births and deaths of other years may be drawn as lines.
_ENOUGH_COUNTS: Final = 3


def used_series(series: pd.DataFrame, region: str) -> dict[str, Any]:
    """Return the content of a record: what is compared, its years, grade and source.

    Parameters
    ----------
    series
        The city's own series, in the columns of its data, years and values as numbers.
    region
        The city in the column ``region``.
    """
    rows = series[(series["region"] == region) & (series["boundary"] == "new")] if len(series) else series

    def years_of(variable: str) -> list[int]:
        return sorted(int(year) for year in rows.loc[rows["variable"] == variable, "year"]) if len(rows) else []

    def use(variable: str, years: Sequence[int]) -> dict[str, Any]:
        chosen = rows[(rows["variable"] == variable) & rows["year"].isin(years)]
        source = "; ".join(dict.fromkeys(chosen["source"]))
        return {"years": list(years), "grade": max(chosen["grade"]), "source": source}

    entries: dict[str, Any] = {}
    for name, variable, wished in _LEVELS:
        if there := [year for year in wished if year in years_of(variable)]:
            entries[name] = use(variable, there)
    for name, variable, wished in _GROWTH:
        years = years_of(variable)
        there = [year for year in wished if year in years]
        if len(there) < 2:
            last = _LAST_FIRST_PUBLISHED if variable == "gdp" else 2020
            recent = [year for year in years if 2012 <= year <= last]
            there = [recent[0], recent[-1]] if len(recent) > 1 and recent[-1] - recent[0] > 1 else []
        if there:
            entries[name] = use(variable, there)
    registered = [year for year in (2011, 2012, 2016) if year in years_of("population_hukou_registered_yearend")]
    if len(registered) > 1:
        entries["growth of the registered population"] = use("population_hukou_registered_yearend", registered[-2:])
    sold = years_of("commodity_residential_sales_area")
    late, early = [2015, 2016, 2017, 2018], [2011, 2012, 2013, 2014]
    if set(late + early) <= set(sold):
        entries["wave of homes sold"] = use("commodity_residential_sales_area", late) | {"over": early}
    record: dict[str, Any] = {"series": entries}
    counted = sorted(set(years_of("births_registered")) & set(years_of("deaths_registered")))
    if len(counted) >= _ENOUGH_COUNTS and counted[-1] == 2020:
        compared = [year for year in counted if year > 2011]
        entries["registered births"] = use("births_registered", compared)
        entries["registered deaths"] = use("deaths_registered", compared)
        people = years_of("population_hukou_registered_yearend")
        record["events"] = {"counted": counted, "rates": {"birth": [], "death": []}, "registered": people}
    return record
