"""The numbers of the model that are a city's own: from its census and series, and borrowed by head where neither says.

The reference city (the first pack) lends what nobody publishes: so much by resident, by urban resident or by yuan of
revenue, with a prior that is wider than its own. Nothing is fitted here; what the calibration learns starts at the
middle of its prior.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from calibration.cities.matching import Unit

#: How much wider a borrowed prior is than the reference city's own: of its half-width in logarithms.
WIDER: Final = 1.5
#: Beyond the ends of a borrowed prior, the limits of the model lie this factor away.
ROOM: Final = 1.5
#: Share of the moves to another county of the province that end within the same city: the reference city's is 0.28
#: (0.22-0.36, from its gravity allocation); wider elsewhere.
WITHIN_CITY: Final = (0.15, 0.28, 0.45)
#: Registered people living elsewhere are at least this share of the registered: a floor under the unregistered.
LEAST_ELSEWHERE: Final = 0.02
#: Rural-registered in town over residents registered in another township or district of the city (the reference city's:
#: 0.40 at the end of 2020, 0.31-0.49 over its prior).
TOWN_SHARE: Final = (0.28, 0.40, 0.55)
#: Disposable income per head of the country, urban and rural [yuan]: China Statistical Yearbook, recalled (D). To 2012
#: of the surveys of old, so that a step over 2013 is one of definition too; only growth between years is taken of it.
COUNTRY_INCOME: Final[dict[str, dict[int, int]]] = {
    "urban": {2010: 19109, 2011: 21810, 2012: 24565, 2013: 26467, 2014: 28844, 2015: 31195, 2016: 33616, 2017: 36396,
              2018: 39251, 2019: 42359, 2020: 43834},
    "rural": {2010: 5919, 2011: 6977, 2012: 7917, 2013: 9430, 2014: 10489, 2015: 11422, 2016: 12363, 2017: 13432,
              2018: 14617, 2019: 16021, 2020: 17131},
}  # fmt: skip
#: How far a city's income may move from the country's growth in a year, relative.
INCOME_DRIFT: Final = 0.02
#: Years from which an income may be moved on.
INCOME_REACH: Final = 5
#: Half-width of what is recalled from memory (grade D), and of what is lent without a prior of its own, relative.
RECALLED: Final = 0.2
LENT: Final = 0.5
#: Distance at which the lie of a district counts for little [km]: of the fit of the reference city's judged tables.
CENTRE_SPAN: Final = 20.0
#: Urban share of residents from which a unit counts as of the centre.
CENTRAL_SHARE: Final = 0.95
EARTH_RADIUS: Final = 6371.0
#: Half-width in points of what is known of a registered urban share before the record (10 years back, another rule).
LOG_SCALE: Final = ("lognormal", "loguniform")


@dataclass(frozen=True)
class Number:
    """One constant of the pack."""

    name: str
    values: tuple[float, ...]
    low: float | None
    high: float | None
    unit: str
    grade: str
    source: str
    #: Entry of the pack's priors, None where the constant is held fixed.
    prior: Mapping[str, Any] | None = None
    #: Why it is held fixed, where the common file does not say.
    fixed: str = ""
    by_district: bool = False

    @property
    def borrowed(self) -> bool:
        """Whether the reference city lends it."""
        return self.source.startswith("not known")


@dataclass(frozen=True)
class Lender:
    """The reference city: its constants, limits, priors and the totals that what it lends is counted by."""

    name: str
    values: Mapping[str, np.ndarray]
    limits: Mapping[str, tuple[float | None, float | None]]
    units: Mapping[str, str]
    priors: Mapping[str, Mapping[str, Any]]
    #: Constants whose priors every city has to have itself.
    own: tuple[str, ...]
    bases: Mapping[str, float]


@dataclass
class CityFacts:
    """What is known of a city: its units, their census rows by year, its series and the seats of its units."""

    units: Sequence[Unit]
    census: Mapping[int, pd.DataFrame]
    series: pd.DataFrame
    seats: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def value(self, variable: str, year: int, boundary: str = "new") -> float | None:
        """One value of a series, None where there is none."""
        if self.series.empty:
            return None
        rows = self.series
        rows = rows[(rows["variable"] == variable) & (rows["year"] == year) & (rows["boundary"] == boundary)]
        return float(rows["value"].iloc[0]) if len(rows) else None

    def nearest(self, variable: str, year: int, within: int = 3) -> tuple[float, int, str] | None:
        """The value nearest in time, present boundary first: value, year and boundary."""
        if self.series.empty:
            return None
        rows = self.series[self.series["variable"] == variable]
        rows = rows[(rows["year"] - year).abs() <= within]
        if rows.empty:
            return None
        order = rows.assign(apart=(rows["year"] - year).abs(), other=rows["boundary"] != "new")
        first = order.sort_values(["other", "apart"]).iloc[0]
        return float(first["value"]), int(first["year"]), str(first["boundary"])

    def grade(self, variable: str, year: int) -> str:
        """Grade of the value of a series on the present boundary; E where there is none."""
        if self.series.empty:
            return "E"
        rows = self.series
        rows = rows[(rows["variable"] == variable) & (rows["year"] == year) & (rows["boundary"] == "new")]
        return str(rows["grade"].iloc[0]) if len(rows) else "E"

    def income(self, kind: str, year: int) -> tuple[float, float, int] | None:
        """Income per head of a year, moved on from the nearest published one by the country's growth.

        Returns
        -------
        tuple of float, float and int
            The income [yuan], how far it may be off (relative) and the year that it is from; None where none is near.
        """
        found = self.nearest(f"income_per_capita_{kind}", year, INCOME_REACH)
        if found is None:
            return None
        value, at, _ = found
        growth = COUNTRY_INCOME[kind][year] / COUNTRY_INCOME[kind][at]
        return value * growth, INCOME_DRIFT * abs(year - at), at

    def total(self, variable: str, year: int) -> float:
        """A census count of the city."""
        return float(self.census[year][variable].sum())

    @cached_property
    def urban_share(self) -> np.ndarray:
        """Urban share of each district's residents, 2020."""
        now = self.census[2020]
        return (now["population_urban"] / now["population_resident"]).to_numpy()

    @cached_property
    def central(self) -> np.ndarray:
        """Whether each district is of the centre: nearly all its residents are urban; at least the most urban one."""
        return np.asarray(self.urban_share >= min(CENTRAL_SHARE, self.urban_share.max()))

    @cached_property
    def registered(self) -> dict[int, float]:
        """Registered population: census of 2010, end of 2020, or that of 2010 moved on with the residents [person]."""
        then = self.total("population_hukou_registered", 2010)
        known = self.value("population_hukou_registered_yearend", 2020)
        growth = self.total("population_resident", 2020) / self.total("population_resident", 2010)
        return {2010: then, 2020: known * 10_000 if known is not None else then * np.sqrt(growth)}

    @cached_property
    def in_province(self) -> dict[int, float]:
        """Residents registered in another county of the province, moves within the city included [person]."""
        return {
            2010: self.total("residents_hukou_elsewhere_other_county_same_province", 2010),
            2020: self.total("residents_hukou_in_other_county_same_province", 2020),
        }

    def unregistered(self, year: int) -> tuple[float, float, float]:
        """Residents registered outside the city: low, central and high [person]."""
        other = self.total("residents_hukou_in_other_province", year)
        floor = self.total("population_resident", year) - (1 - LEAST_ELSEWHERE) * self.registered[year]
        low, central, high = (other + (1 - share) * self.in_province[year] for share in reversed(WITHIN_CITY))
        ceiling = other + self.in_province[year]
        low, high = max(low, min(floor, 0.95 * ceiling)), max(high, min(1.05 * floor, 0.98 * ceiling))
        return low, float(np.clip(central, low + 0.2 * (high - low), high - 0.2 * (high - low))), high

    def least_unregistered(self, year: int) -> float:
        """Residents less all the registered: with fewer outsiders some registered people elsewhere would be missing."""
        return self.total("population_resident", year) - self.registered[year]

    def in_town(self, year: int) -> tuple[float, float, float]:
        """Rural-registered people of the city in one of its towns: low, central and high [person]."""
        column = {
            2010: "residents_hukou_elsewhere_same_county_or_city_districts",
            2020: "residents_hukou_in_other_township_same_county",
        }[year]
        other = self.total("residents_hukou_in_other_province", year)
        within = self.in_province[year] + other - self.unregistered(year)[1]
        moved = self.total(column, year) + within
        low, central, high = (share * moved for share in TOWN_SHARE)
        return low, central, high

    @cached_property
    def distances(self) -> np.ndarray:
        """Distance between seats as the crow flies, whole kilometres; None of a seat unknown is drawn."""
        names = [unit.name for unit in self.units]
        if all(name in self.seats for name in names):
            east, north = np.radians(np.array([self.seats[name] for name in names], dtype=float)).T
            half = (
                np.sin((north[:, None] - north) / 2) ** 2
                + np.cos(north[:, None]) * np.cos(north) * np.sin((east[:, None] - east) / 2) ** 2
            )
            apart = np.round(2 * EARTH_RADIUS * np.arcsin(np.sqrt(half)))
        else:
            reach = np.sqrt(self.land_area / np.pi)
            apart = np.round(reach[:, None] + reach)
        # Two seats in one street are still two places; the model tells them by a distance above nothing.
        apart = np.asarray(np.maximum(apart, 1.0))
        np.fill_diagonal(apart, 0.0)
        return apart

    @property
    def seats_known(self) -> bool:
        """Whether every district's seat is known."""
        return all(unit.name in self.seats for unit in self.units)

    @cached_property
    def from_centre(self) -> np.ndarray:
        """Distance of each district from the centre, the mean of the central districts by urban residents [km]."""
        weight = self.census[2020]["population_urban"].to_numpy() * self.central
        return np.asarray(self.distances @ weight / weight.sum())

    @property
    def areas_published(self) -> bool:
        """Whether the land area of every district is known."""
        return all(self.district_value("land_area", unit.name, 2020) is not None for unit in self.units)

    @property
    def grade_of_areas(self) -> str:
        """The worst grade of the districts' land areas."""
        rows = self.series[(self.series["variable"] == "land_area") & (self.series["year"] == 2020)]
        return str(rows.loc[rows["region"].isin([unit.name for unit in self.units]), "grade"].max())

    @cached_property
    def land_area(self) -> np.ndarray:
        """Land area by district [km2]: as published, else the city's, shared by what its residents may fill."""
        if self.areas_published:
            return np.array([self.district_value("land_area", unit.name, 2020) for unit in self.units], dtype=float)
        total = self.value("land_area", 2020)
        urban, rural = (self.census[2020][f"population_{kind}"].to_numpy() for kind in ("urban", "rural"))
        then = self.census[2010]["population_rural"].to_numpy()
        filled = 0.00018 * urban + 0.0012 * then + 0.0024 * rural
        return np.asarray(filled * (total / filled.sum() if total is not None else 1.3))

    def district_value(self, variable: str, name: str, year: int) -> float | None:
        """One value of one district, None where there is none."""
        if self.series.empty:
            return None
        rows = self.series
        rows = rows[(rows["variable"] == variable) & (rows["region"] == name) & (rows["year"] == year)]
        return float(rows["value"].iloc[0]) if len(rows) else None

    def share(self, variable: str, of: str, year: int) -> np.ndarray:
        """One census count over another, by district."""
        rows = self.census[year]
        return (rows[variable] / rows[of]).to_numpy()


def widened(low: float, high: float, shape: str, wider: float = WIDER) -> tuple[float, float]:
    """Widen a range about its middle, on the scale of its shape; one of positive ends stays positive.

    Examples
    --------
    >>> [round(end, 3) for end in widened(1.0, 4.0, "lognormal", 2.0)]
    [0.5, 8.0]
    """
    if shape in LOG_SCALE or low > 0:
        middle = np.sqrt(low * high)
        return float(middle * (low / middle) ** wider), float(middle * (high / middle) ** wider)
    middle, half = (low + high) / 2, (high - low) / 2
    return middle - wider * half, middle + wider * half


def scaled(ends: Sequence[float], ratio: float) -> tuple[float, float]:
    """Both ends of a range times a ratio."""
    return float(ends[0]) * ratio, float(ends[1]) * ratio


def short(value: float) -> float:
    """Four significant digits: what an estimate deserves.

    Examples
    --------
    >>> short(123456.0)
    123500.0
    """
    return float(f"{value:.4g}")


def lend(lender: Lender, name: str, ratio: float, by: str, wider: float = WIDER) -> Number:
    """Borrow a constant: the lender's times a ratio of the two cities, its prior scaled and widened."""
    own = np.atleast_1d(lender.values[name])
    values = tuple(short(v * ratio) for v in own.ravel())
    low, high = lender.limits[name]
    entry = lender.priors.get(name)
    prior: dict[str, Any] | None = None
    source = f"not known: {lender.name}'s by {by}"
    ends = list(values)
    if entry is not None:
        prior = {"shape": entry["shape"]}
        if "range" in entry:
            p05, p95 = widened(*scaled(entry["range"], ratio), entry["shape"], wider)
            prior |= {"range": [short(p05), short(p95)]}
            if entry["shape"] == "normal" and p05 > 0:
                prior["shape"] = "lognormal"
            ends += [p05, p95]
        else:
            p05, p95 = widened(*scaled(entry["factor"], 1.0), "lognormal", wider)
            prior |= {"factor": [short(p05), short(p95)], "each": bool(entry.get("each", False))}
            ends += [p05 * min(values), p95 * max(values)]
        prior |= {"grade": "E", "source": f"{lender.name}'s range by {by}, widened"}
    least = min(ends) / ROOM if low is None or low >= 0 else low
    low = min(least, low * ratio) if low is not None and low > 0 else (0.0 if low == 0 else low)
    # A lever of policy keeps the room that the lender's has: its range is the same in every city.
    room = max(ratio, 1.0) if entry is None else ratio
    # A share of a whole stays one.
    if high is not None and high > 0 and not (high == 1 and lender.units[name] == "Dmnl" and max(values) <= 1):
        high = max(max(ends) * ROOM, high * room)
    return Number(name, values, _or_none(low), _or_none(high), lender.units[name], "E", source, prior)


def _or_none(value: float | None) -> float | None:
    return None if value is None else short(value)


def estimate(
    lender: Lender, name: str, range_: Sequence[float], grade: str, source: str, *, shape: str = "normal",
    value: float | None = None, low: float | None = None, high: float | None = None,
) -> Number:  # fmt: skip
    """A constant known within a range; its default is the middle, its limits lie a little beyond both ends."""
    p05, p95 = map(float, range_)
    middle = (np.sqrt(p05 * p95) if shape in LOG_SCALE else (p05 + p95) / 2) if value is None else value
    room = p95 - p05
    lowest = low if low is not None else (max(p05 - room, p05 / 2) if p05 > 0 else p05 - room)
    highest = high if high is not None else p95 + room
    prior = {"shape": shape, "range": [short(p05), short(p95)], "grade": grade, "source": source}
    return Number(
        name, (float(f"{middle:.6g}"),), short(lowest), short(highest), lender.units[name], grade, source, prior
    )


def known(lender: Lender, name: str, value: float, grade: str, source: str) -> Number:
    """A constant that is published: no range, held fixed as in the common priors."""
    value = float(f"{value:.6g}")
    return Number(name, (value,), value, value, lender.units[name], grade, source)


def by_district(
    lender: Lender, name: str, values: np.ndarray, grade: str, source: str, prior: Mapping[str, Any] | None = None,
    low: float | None = None, high: float | None = None,
) -> Number:  # fmt: skip
    """A table by district; limits are the lender's, wider where a value lies beyond them."""
    least, most = lender.limits[name]
    rounded = tuple(float(f"{v:.4g}") for v in values)
    least = least if low is None else low
    most = most if high is None else high
    return Number(
        name,
        rounded,
        None if least is None else min(least, *rounded),
        None if most is None else max(most, *rounded),
        lender.units[name],
        grade,
        source,
        prior,
        by_district=True,
    )


def shares(values: np.ndarray, digits: int = 5) -> np.ndarray:
    """Shares of a total, rounded so that they add up to one.

    Examples
    --------
    >>> shares(np.array([1.0, 1.0, 1.0])).sum().round(12)
    np.float64(1.0)
    """
    rounded = np.round(values / values.sum(), digits)
    rounded[np.argmax(rounded)] += 1 - rounded.sum()
    return np.asarray(np.round(rounded, digits))


Rule = Callable[[CityFacts, Lender], list[Number]]
