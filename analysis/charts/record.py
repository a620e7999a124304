"""The record that stands before a run: what was counted in 2010-2020 and published of 2021-2023, as grey dots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from analysis.charts.style import GREY
from calibration.fit.evidence import LATER_FILE
from calibration.observations import CITY, DISTRICTS, district_values, read_observations

#: The first year of every chart that has a record to show.
FIRST_YEAR: Final = 2010

#: Names of the notes that say what hollow dots are.
OF_PARTS: Final = "record of parts"
OF_EARLIER_BOUNDARIES: Final = "record of earlier boundaries"

#: Labels of what is drawn of the record, which no legend names.
OBSERVED = ("_record", "_joined")


class Counted(NamedTuple):
    """Where the record of a variable stands: name to 2020, name since, and how many of the model's unit one is."""

    name: str
    later: str | None
    scale: float
    later_scale: float = 1.0


class Point(NamedTuple):
    """One observation, in the unit of the model; `old` where it is on a boundary before the present one."""

    year: int
    value: float
    old: bool


#: By variable of the model; only what counts the same thing.
COUNTED: Final[Mapping[str, Counted]] = {
    "target resident urbanization rate": Counted("urbanization_rate", "resident urbanization rate", 1.0, 100.0),
    "target registered urbanization rate": Counted("hukou_urbanization_rate", None, 1.0),
    "residents": Counted("population_resident", "residents", 1.0),
    "target income ratio": Counted("income_ratio_urban_rural", "urban rural income ratio", 1.0),
    "homes sold": Counted("commodity_residential_sales_area", "homes sold", 1e4),
    "mean house price": Counted("commodity_residential_average_price", None, 1.0),
    "budget revenue": Counted("general_public_budget_revenue", "budget revenue", 1e8),
}


@cache
def record(variable: str) -> tuple[Point, ...]:
    """Return the observations of a variable of the model for the whole city, in order; none where there are none.

    Examples
    --------
    >>> [point.year for point in record("residents")]
    [2010, 2020, 2021, 2022, 2023]
    """
    counted = COUNTED.get(variable)
    if counted is None:
        return ()
    rows = _observed()
    rows = rows[
        (rows["variable"] == counted.name) & (rows["region"] == CITY.region) & rows["boundary"].isin(["new", "old"])
    ]
    points = {
        (int(year), bool(boundary == "old")): float(value) * counted.scale
        for year, boundary, value in zip(rows["year"], rows["boundary"], rows["value"], strict=True)
        if year >= FIRST_YEAR
    }
    if counted.later is not None:
        later = _later()
        later = later[later["variable"] == counted.later]
        for year, value in zip(later["year"], later["value"], strict=True):
            points[int(year), False] = float(value) * counted.later_scale
    # What is counted in the present boundary needs no other beside it.
    return tuple(
        Point(year, value, old)
        for (year, old), value in sorted(points.items())
        if not (old and (year, False) in points)
    )


@cache
def record_note() -> str:
    """Return the name of the note below charts that show the record: it says what hollow dots are, where there are any.

    Examples
    --------
    >>> record_note()
    'record of parts'
    """
    if CITY.merged_region is not None:
        return OF_PARTS
    hollow = any(point.old for variable in COUNTED for point in record(variable))
    return OF_EARLIER_BOUNDARIES if hollow else "record"


@cache
def district_record() -> Mapping[str, Mapping[int, float]]:
    """Return the share of urban residents at both censuses, by district and year.

    Examples
    --------
    >>> sorted(district_record()["Lixia"])
    [2010, 2020]
    """
    rows, shares = _observed(), {}
    for year in (FIRST_YEAR, 2020):
        urban, rural = (district_values(rows, f"population_{kind}", year) for kind in ("urban", "rural"))
        shares[year] = urban / (urban + rural)
    return {
        district: {year: float(share.sel(district=district)) for year, share in shares.items()}
        for district in DISTRICTS
    }


def draw_record(ax: Axes, points: Sequence[Point], size: float) -> None:
    """Draw observations as grey dots that a thin line joins, hollow where they leave out a part that joined later."""
    joined = [point for point in points if not point.old]
    if len(joined) > 1:
        years, values = [point.year for point in joined], [point.value / size for point in joined]
        ax.plot(years, values, color=GREY, lw=0.8, ls=(0, (2, 2)), zorder=1.8, label="_joined")
    for old, fill in ((False, GREY), (True, "white")):
        chosen = [point for point in points if point.old == old]
        look: dict[str, Any] = {"ls": "", "marker": "o", "ms": 4.5, "mec": GREY, "mfc": fill, "zorder": 4.5}
        if chosen:
            ax.plot([point.year for point in chosen], [point.value / size for point in chosen], label="_record", **look)


def begin_with_record(*axes: Axes) -> None:
    """Let axes on which everything is drawn begin with the record."""
    for ax in axes:
        ax.set_xlim(FIRST_YEAR - 0.6, ax.get_xlim()[1])


@cache
def _observed() -> pd.DataFrame:
    return read_observations()


@cache
def _later() -> pd.DataFrame:
    return pd.read_csv(LATER_FILE) if LATER_FILE.is_file() else pd.DataFrame(columns=["variable", "year", "value"])
