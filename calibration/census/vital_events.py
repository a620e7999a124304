"""Registered births and deaths of the city by calendar year, on the boundary of 2019."""

from typing import Final

import numpy as np
import pandas as pd

from calibration.observations import city_value

#: Years whose rate on the old boundary is in the data; years between are interpolated. The registered death rates of
#: 2010 and 2012 (8.4, 8.1 per mille) contradict the census and the neighbouring years and are left out of the data.
RATE_YEARS: Final = {"birth": (2010, 2011, 2012, 2016, 2018), "death": (2011, 2016, 2018)}
#: Years with a registered population of the old boundary.
REGISTERED_YEARS: Final = (2010, 2012, 2015, 2016, 2018)
#: Years whose count on the new boundary is published.
COUNTED_YEARS: Final = (2019, 2020)


def registered_events(observations: pd.DataFrame, event: str) -> pd.Series:
    """Registered births or deaths by calendar year.

    Parameters
    ----------
    event
        "birth" (2010-2020) or "death" (2011-2020).

    Returns
    -------
    pandas.Series
        person/year. 2011, 2019 and 2020 are published counts. 2010, 2012, 2016 and 2018 are the published rate of the
        old boundary times its registered population at mid-year, with Laiwu's rate in the ratio to Jinan's that it
        had in 2011 (grade C); other years take a rate on the straight line between (grade E).

    Raises
    ------
    ObservationError
        If a row is missing.

    Examples
    --------
    >>> from calibration.observations import read_observations
    >>> round(registered_events(read_observations(), "birth")[2020])
    83782
    """

    def rate(year: int, boundary: str) -> float:
        return city_value(observations, f"{event}_rate_registered", year, boundary)

    known = RATE_YEARS[event]
    years = np.arange(known[0], COUNTED_YEARS[-1] + 1)
    rates = np.interp(years, known, [rate(year, "old") for year in known])
    registered = [
        city_value(observations, "population_hukou_registered_yearend", year, "old") * 10_000
        for year in REGISTERED_YEARS
    ]
    at_mid_year = np.interp(years - 0.5, REGISTERED_YEARS, registered)
    laiwu = city_value(observations, "population_hukou_registered", 2010, "Laiwu city")
    ratio = rate(2011, "Laiwu city") / rate(2011, "old")
    events = pd.Series(rates / 1000 * (at_mid_year + ratio * laiwu), index=years)
    events[2011] = sum(city_value(observations, f"{event}s_registered", 2011, b) for b in ("old", "Laiwu city"))
    for year in COUNTED_YEARS:
        events[year] = city_value(observations, f"{event}s_registered", year)
    return events
