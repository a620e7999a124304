"""Draws whose stocks begin below zero are no members, and a rule of a pack asks no district for more than its land."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from calibration.cities.rules import BUILT_OUT, within_districts
from calibration.fit.calibrate import starts_whole
from model import load_model


def test_more_registered_residents_than_registered_people_are_no_whole_start():
    outsiders = xr.DataArray([1_660_000.0, 600_000.0], dims="run")
    priors = SimpleNamespace(settings=lambda _: {"UNREGISTERED RESIDENTS 2020": outsiders})
    whole = starts_whole(cast(Any, SimpleNamespace(priors=priors, model=load_model())), np.zeros((2, 1)))
    assert whole.tolist() == [True, False]


@pytest.mark.parametrize("published", [True, False])
def test_a_dense_district_is_built_up_to_a_share_of_its_published_area(published):
    urban = np.array([900_000.0, 300_000.0])
    city = SimpleNamespace(
        areas_published=published, land_area=np.array([60.0, 1000.0]), value=lambda *_: 130.0,
        census={2020: pd.DataFrame({"population_urban": urban})},
    )  # fmt: skip
    relative = within_districts(cast(Any, city), cast(Any, None), np.array([0.9, 1.2]))
    built = 130 * relative * urban / (relative * urban).sum()
    assert built.sum() == pytest.approx(130)
    assert (built[0] == pytest.approx(60 * BUILT_OUT)) == published
