"""Registered births and deaths of the city by calendar year, on the present boundary."""

import numpy as np
import pandas as pd

from calibration.observations import CITY, LAST_YEAR, ObservationError, city_value
from calibration.record import OLD, record

#: Years whose counts children of the census of 2020 were born in, and the first after the census of 2010.
FIRST_YEAR = {"birth": 2010, "death": 2011}


def known_years(event: str) -> list[int]:
    """Return the years whose births or deaths were counted or published as a rate; none where the record has no events.

    Examples
    --------
    >>> known_years("death")
    [2011, 2016, 2018, 2019, 2020]
    """
    known = record().events
    return [] if known is None else sorted({*known.rates[event], *known.counted} & {*range(FIRST_YEAR[event], 2021)})


def registered_events(observations: pd.DataFrame, event: str) -> pd.Series:
    """Registered births or deaths by calendar year.

    Parameters
    ----------
    event
        "birth" (2010-2020) or "death" (2011-2020).

    Returns
    -------
    pandas.Series
        person/year. Years that the record of the city calls counted are published counts, of both parts where one
        joined later. Other years are the published rate times the registered population at mid-year, with the rate of
        the part that joined later in the ratio to the rest's that it had in the year of the record (grade C); those
        without a rate take one on the straight line between (grade E).

    Raises
    ------
    ObservationError
        If a row is missing, or the record has no such events.

    Examples
    --------
    >>> from calibration.observations import read_observations
    >>> round(registered_events(read_observations(), "birth")[2020])
    83782
    """
    known = record().events
    if known is None:
        message = (
            f"record.yaml has no events, so registered {event}s of {CITY.region} are not known; add 'events' to it"
        )
        raise ObservationError(message)
    whole = "new" if CITY.merged_region is None else OLD

    def rate(year: int, boundary: str) -> float:
        return city_value(observations, f"{event}_rate_registered", year, boundary)

    def registered(year: int) -> float:
        return city_value(observations, "population_hukou_registered_yearend", year, whole) * 10_000

    def count(year: int) -> float:
        if CITY.merged_in is None or year >= CITY.merged_in:
            return city_value(observations, f"{event}s_registered", year)
        return sum(city_value(observations, f"{event}s_registered", year, b) for b in (OLD, str(CITY.merged_region)))

    years = np.arange(FIRST_YEAR[event], LAST_YEAR + 1)
    at_mid_year = np.interp(years - 0.5, known.registered, [registered(year) for year in known.registered])
    rates = {year: rate(year, whole) for year in known.rates[event]}
    if CITY.merged_region is None:
        # A count says the rate of its year to the years beside it.
        population = dict(zip(years, at_mid_year, strict=True))
        rates = {year: 1000 * count(year) / population[year] for year in known.counted if year in population} | rates
    of_years = np.interp(years, sorted(rates), [rates[year] for year in sorted(rates)])
    joined = 0.0
    if CITY.merged_region is not None:
        merged = city_value(observations, "population_hukou_registered", 2010, CITY.merged_region)
        joined = rate(known.ratio, CITY.merged_region) / rate(known.ratio, OLD) * merged
    events = pd.Series(of_years / 1000 * (at_mid_year + joined), index=years)
    for year in known.counted:
        if year in events.index:
            events[year] = count(year)
    return events
