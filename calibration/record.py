"""What of the observations to 2020 the calibration compares the history run with, as the pack of the city says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import PlainValidator

from calibration.observations import CITY, LAST_YEAR, ObservationError
from model.files.schemas import Line, Mistakes, Schema, checked, one_of, whole_year
from model.files.strict_files import read_yaml, refusal, shown

FILE: Final = CITY.folder / "record.yaml"
Grade = Literal["A", "B", "C", "D", "E"]
#: Boundary of counts that leave out a part which joined later.
OLD: Final = "old"
#: Series that a record may name, and the variable of the observations that holds each unless the record names another.
SERIES: Final[Mapping[str, str]] = {
    "registered population": "population_hukou_registered_yearend",
    "growth of the registered population": "population_hukou_registered_yearend",
    "registered births": "births_registered",
    "registered births, years of rates": "births_registered",
    "registered deaths": "deaths_registered",
    "net registered migration": "hukou_net_migration_derived",
    "registered urbanization rate": "hukou_urbanization_rate",
    "residents registered outside": "residents_hukou_outside",
    "urban income per head": "income_per_capita_urban",
    "growth of urban income per head": "income_per_capita_urban",
    "urban rural income ratio": "income_ratio_urban_rural",
    "gross domestic product": "gdp",
    "growth of gross domestic product": "gdp",
    "budget revenue": "general_public_budget_revenue",
    "growth of budget revenue": "general_public_budget_revenue",
    "growth of general budget spending": "general_public_budget_expenditure",
    "growth of mean price of homes sold": "commodity_residential_average_price",
    "homes sold": "commodity_residential_sales_area",
    "wave of homes sold": "commodity_residential_sales_area",
    "built-up area": "built_up_area",
    "large primary classes": "share_large_classes_primary",
}
#: Series that the history page may print beyond those, and the variables that hold them.
PRINTED: Final[Mapping[str, str]] = {"general budget spending": "general_public_budget_expenditure"}
#: Series of one year and level that the history page prints where the record names none; waves and prices have no run.
USUALLY_PRINTED: Final = (
    "registered population",
    "growth of the registered population",
    "registered births",
    "registered deaths",
    "urban income per head",
    "growth of urban income per head",
    "urban rural income ratio",
    "gross domestic product",
    "growth of gross domestic product",
    "budget revenue",
    "growth of budget revenue",
    "growth of general budget spending",
    "built-up area",
)
#: Births and deaths, whose observations `Events` says.
DECLARED: Final = ("birth", "death")


def _years(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        msg = "must be a list of years."
        raise ValueError(msg)
    years = tuple(map(whole_year, value))
    if list(years) != sorted(set(years)):
        msg = "years must go up, each once."
        raise ValueError(msg)
    if years[-1] > LAST_YEAR:
        msg = f"{years[-1]} is after {LAST_YEAR}: observations after {LAST_YEAR} are withheld."
        raise ValueError(msg)
    return years


def _rates(value: object) -> dict[str, tuple[int, ...]]:
    if not isinstance(value, dict) or set(value) != set(DECLARED):
        msg = "must read {birth: [YEARS], death: [YEARS]}."
        raise ValueError(msg)
    return {event: _years(value[event]) if value[event] else () for event in DECLARED}


Years = Annotated[tuple[int, ...], PlainValidator(_years)]


class Use(Schema):
    """How a series is used: which years, on which boundary, how good they are and where they are from."""

    years: Years
    boundary: Annotated[str, PlainValidator(one_of("new", OLD))] = "new"
    variable: Line = ""
    #: Years whose mean those of `years` are divided by, of a wave.
    over: Years = ()
    grade: Annotated[str, PlainValidator(one_of("A", "B", "C", "D", "E"))]
    source: Line


class Events(Schema):
    """Years in which registered births and deaths were counted, or given as a rate of a registered population."""

    counted: Years
    rates: Annotated[Mapping[str, tuple[int, ...]], PlainValidator(_rates)]
    registered: Years
    #: The year in which the part that joined later is compared with the rest.
    ratio: Annotated[int, PlainValidator(whole_year)] = 0


class Shown(Schema):
    """Years of a series that the page on the history run prints, by boundary, and what to know of them."""

    new: Years = ()
    old: Years = ()
    note: Line = ""


class Record(Schema):
    """The record of the city."""

    series: Mapping[str, Use]
    events: Events | None = None
    history: Mapping[str, Shown] = {}
    #: The first year in which urban income is that of another survey; 0 for none.
    survey: Annotated[int, PlainValidator(whole_year)] = 0
    #: Breaks of the series, in Markdown.
    breaks: str = ""

    @property
    def printed(self) -> Mapping[str, Shown]:
        """What the page on the history run prints: as the record says, else what is compared."""
        compared = [name for name in USUALLY_PRINTED if name in self.series]
        return self.history or {name: Shown.model_construct(new=self.series[name].years) for name in compared}

    def variable(self, name: str) -> str:
        """Return the variable of the observations that holds a series."""
        return (self.series[name].variable if name in self.series else "") or {**SERIES, **PRINTED}[name]


@cache
def record(file: Path = FILE) -> Record:
    """Read the record of the city.

    Raises
    ------
    ObservationError
        Listing every mistake: a series that the calibration does not know, a year after 2020, an empty source.

    Examples
    --------
    >>> record().series["registered population"].years
    (2018, 2019, 2020)
    """
    document = read_yaml(file)
    mistakes = Mistakes(document)
    content = document.content if isinstance(document.content, dict) else {}
    if not content and not mistakes:
        mistakes.add((), "The file must hold 'series'.")
    for key in content:
        if key not in Record.model_fields:
            mistakes.add((key,), f"{shown(key)} is not a key of this file.{mistakes.near(key, Record.model_fields)}")
    entries = content.get("series")
    series: dict[str, Any] = {}
    for name, entry in (entries if isinstance(entries, dict) else {}).items():
        if name not in SERIES:
            mistakes.add(
                ("series", name), f"{shown(name)} is no series of the calibration.{mistakes.near(name, SERIES)}"
            )
            continue
        use, _ = checked(Use, entry, mistakes, ("series", name), what="of a series", label=shown(name))
        if use is not None:
            series[name] = use
        if use is not None and use.boundary == OLD and CITY.merged_region is None:
            mistakes.add(("series", name), f"{shown(name)}: the boundary 'old' needs a 'merger' in city.yaml.")
        if use is not None and name.startswith("growth") and len(use.years) < 2:
            mistakes.add(("series", name), f"{shown(name)}: growth needs at least two years.")
        if use is not None and (name == "wave of homes sold") != bool(use.over):
            mistakes.add(("series", name), f"{shown(name)}: 'over' belongs to a wave, and a wave needs it.")
    events = None
    if content.get("events") is not None:
        events, _ = checked(Events, content["events"], mistakes, ("events",), what="of the events", label="events")
    printed: dict[str, Any] = {}
    held = content.get("history")
    for name, entry in (held if isinstance(held, dict) else {}).items():
        if name not in (*SERIES, *PRINTED):
            hint = mistakes.near(name, (*SERIES, *PRINTED))
            mistakes.add(("history", name), f"{shown(name)} is no series of the history.{hint}")
            continue
        one, _ = checked(Shown, entry, mistakes, ("history", name), what="of a series", label=shown(name))
        if one is not None:
            printed[name] = one
    if mistakes:
        raise ObservationError(refusal({file.name: mistakes.listed()}))
    return Record(
        series=series,
        events=events,
        history=printed,
        survey=content.get("survey") or 0,
        breaks=str(content.get("breaks") or ""),
    )
