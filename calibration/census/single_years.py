"""Single years of age from the census's five-year bands, keeping every band total to the person."""

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from calibration.census.vital_events import registered_events
from calibration.observations import AGE_BANDS, DISTRICTS, census_residents
from calibration.record import record

Vector = npt.NDArray[np.float64]

AGES: Final = 86
OPEN_AGE: Final = AGES - 1
#: First age of each census band, and one past the last.
BAND_STARTS: Final = (0, 1, *range(5, 90, 5))
BAND_SLICES: Final = tuple(slice(*ends) for ends in pairwise((*BAND_STARTS, AGES)))

#: Students and other young newcomers within the bands 15-19 and 20-24, by single age (grade E). Census day is
#: 1 November: freshmen are 18, three-year courses end at 21, four-year courses at 22, a fifth stay as graduates.
STUDENT_SHAPE_15_19: Final = (0.02, 0.03, 0.06, 0.37, 0.52)
STUDENT_SHAPE_20_24: Final = (1.00 / 2.75, 0.85 / 2.75, 0.45 / 2.75, 0.25 / 2.75, 0.20 / 2.75)
#: The observations of another city's cohorts, relative to those of age 9, where a city has too few births of its own.
COHORTS: Final = "relative size of birth cohort"
#: Weight of smooth against exact changes of the share of women: cohorts are met within some thousandths.
SMOOTHNESS: Final = 10.0


def birth_weights(observations: pd.DataFrame, year: int) -> Vector:
    """Relative size of birth cohorts by age at the census, 1 where nothing is known: all of 2010, from 10 in 2020.

    Age a in 2020 was born from November of 2019 - a to October of 2020 - a, so two twelfths of one calendar year and
    ten of the next; relative to age 9.
    """
    weights = np.ones(AGES)
    known = observations[(observations["variable"] == COHORTS) & (observations["year"] == year)]
    if len(known):
        weights[known["age"].astype(int)] = known["value"]
    elif year == 2020 and record().events is not None:
        births = registered_events(observations, "birth")
        cohort = np.array([births[2019 - a] * 2 / 12 + births[2020 - a] * 10 / 12 for a in range(10)])
        weights[:10] = cohort / cohort[9]
    return weights


def smooth_within_bands(totals: Vector, weights: Vector) -> Vector:
    """Single years whose ratio to `weights` is as smooth as the totals of the 19 census bands allow.

    Minimises the sum of squared second differences of x / weights over ages 1-84 under the band sums (a quadratic
    programme with a closed solution; the family of Beers and Sprague multipliers). A band in which that would fall
    below a tenth of its mean gets the weights alone.
    """
    inner = np.arange(1, OPEN_AGE)
    n = len(inner)
    second = np.diff(np.eye(n), n=2, axis=0)
    bands = range(1, len(BAND_STARTS) - 1)
    sums = np.zeros((len(bands), n))
    for row, band in enumerate(bands):
        sums[row, BAND_SLICES[band].start - 1 : BAND_SLICES[band].stop - 1] = 1
    sums *= weights[inner]
    system = np.block([[second.T @ second, sums.T], [sums, np.zeros((len(bands), len(bands)))]])
    ratio = np.linalg.solve(system, np.concatenate([np.zeros(n), totals[1:-1]]))[:n]
    result = np.empty(AGES)
    result[0], result[OPEN_AGE] = totals[0], totals[-1]
    result[inner] = ratio * weights[inner]
    for band in bands:
        part = BAND_SLICES[band]
        if result[part].min() < 0.1 * totals[band] / (part.stop - part.start):
            result[part] = totals[band] * weights[part] / weights[part].sum()
    return result


def whole_persons(values: Vector, total: int) -> npt.NDArray[np.int64]:
    """Round to integers that add up to `total`, by the largest remainders.

    Examples
    --------
    >>> whole_persons(np.array([1.4, 1.4, 1.2]), 4)
    array([2, 1, 1])
    """
    if values.min() < 0 or abs(values.sum() - total) > 0.5:
        message = f"cannot round: least value {values.min():.3f}, sum {values.sum():.3f}, total {total}"
        raise ValueError(message)
    floor = np.floor(values).astype(np.int64)
    order = np.argsort(-(values - floor).ravel(), kind="stable")
    result = floor.ravel()
    result[order[: total - floor.sum()]] += 1
    return result.reshape(values.shape)


def single_year_residents(observations: pd.DataFrame, year: int) -> xr.DataArray:
    """Residents by district and single year of age, whole persons; every band of every district as in the census.

    Newcomers aged 15-24 (the part of a band above its local cohort) follow the student shape, the rest is smoothed
    within bands, ages 0-9 of 2020 around the registered birth cohorts.
    """
    weights = birth_weights(observations, year)
    bands = census_residents(observations, year).sum("sex").to_numpy()
    local = _local_cohorts(observations, year)
    table = np.zeros((len(DISTRICTS), AGES), dtype=np.int64)
    for d in range(len(DISTRICTS)):
        values = _one_district(bands[d], local[d], weights)
        for band, part in enumerate(BAND_SLICES):
            table[d, part] = whole_persons(values[part], int(bands[d, band]))
    return xr.DataArray(
        table,
        coords={"district": list(DISTRICTS), "age": np.arange(AGES)},
        dims=("district", "age"),
        attrs={"units": "person", "grade": "C", "source": f"census_{year}_age_sex.csv"},
    )


def women_share(observations: pd.DataFrame, year: int) -> Vector:
    """Women's share of the city's residents by single age [Dmnl], smooth; the women of each band as in the census."""
    residents = single_year_residents(observations, year).sum("district").to_numpy().astype(float)
    women = census_residents(observations, year).sel(sex="female").sum("district").to_numpy()
    return np.asarray(smooth_within_bands(women, residents) / residents)


def women_share_change(then: Vector, now: Vector) -> Vector:
    """Change of a cohort's share of women in the year before each birthday, by moves and deaths.

    Parameters
    ----------
    then, now
        Women's share by single age of two censuses ten years apart.

    Returns
    -------
    numpy.ndarray
        Dmnl, 86 ages, none at age 0. The smoothest changes (least squared second differences, by `SMOOTHNESS`) whose
        sums over ten birthdays are what each cohort went through between the censuses; the open age stays apart from
        the one below as it is.

    Examples
    --------
    >>> fixed = np.full(AGES, 0.49)
    >>> bool(abs(women_share_change(fixed, fixed)).max() < 1e-12)
    True
    """
    between, birthdays = 10, OPEN_AGE - 1
    cohorts = np.arange(birthdays + 1 - between)
    sums = np.zeros((len(cohorts), birthdays))
    for age in cohorts:
        sums[age, age : age + between] = 1
    second = np.diff(np.eye(birthdays), n=2, axis=0)
    gone_through = now[cohorts + between] - then[cohorts]
    changes = np.linalg.solve(sums.T @ sums + SMOOTHNESS * second.T @ second, sums.T @ gone_through)
    return np.concatenate([[0.0], changes, [now[OPEN_AGE] - now[OPEN_AGE - 1]]])


def _local_cohorts(observations: pd.DataFrame, year: int) -> Vector:
    """Persons of the bands 15-19 and 20-24 who would be there without newcomers, by district.

    2020: the same cohorts at ages 5-14 in 2010. 2010: the lesser of the neighbouring bands and of the same cohort
    ten years later, when its students have gone.
    """
    then, now = (
        {band: bands.sel(age_band=band).to_numpy() for band in AGE_BANDS}
        for bands in (census_residents(observations, y).sum("sex") for y in (2010, 2020))
    )
    if year == 2020:
        return np.stack([then["5-9"], then["10-14"]], axis=1)
    teenagers = np.minimum(then["10-14"], now["25-29"])
    neighbours = (teenagers + then["25-29"]) / 2
    return np.stack([teenagers, np.minimum(neighbours, now["30-34"])], axis=1)


def _one_district(totals: Vector, local: Vector, weights: Vector) -> Vector:
    """Single years of one district: locals smoothed within bands, newcomers by the student shape."""
    newcomers = np.zeros(AGES)
    settled = totals.copy()
    shapes = (("15-19", STUDENT_SHAPE_15_19), ("20-24", STUDENT_SHAPE_20_24))
    for (label, shape), cohort in zip(shapes, local, strict=True):
        band = AGE_BANDS.index(label)
        excess = max(totals[band] - cohort, 0.0)
        settled[band] -= excess
        newcomers[BAND_SLICES[band]] = excess * np.array(shape)
    return smooth_within_bands(settled, weights) + newcomers
