"""Fertility by age: the shape of a census table, the level left to the model."""

from typing import Final

import numpy as np
import pandas as pd

from calibration.census.single_years import AGES, Vector

#: The observations of fertility by age, and the region they are of where a city has none of its own.
FERTILITY: Final = "fertility by age"
FERTILITY_OF: Final = "Fuzhou"
#: Births per 1000 women aged 49, which the source does not show legibly; grade E, range 0-0.5 (at 48: 0.16).
RATE_AT_49: Final = 0.08


def fertility_shape(observations: pd.DataFrame) -> Vector:
    """Share of lifetime fertility by age of the mother [Dmnl], 86 ages: Fuzhou, census 2020, age 49 assumed."""
    rows = observations[observations["variable"] == FERTILITY]
    rates = np.zeros(AGES)
    rates[rows["age"].astype(int)] = rows["value"]
    rates[49] = RATE_AT_49
    return np.asarray(rates / rates.sum())
