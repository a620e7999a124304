"""Members that need no calibrated ensemble: draws from the priors."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from calibration.fit.priors import changes, read_priors


@pytest.fixture(scope="session")
def members() -> xr.Dataset:
    """Ten parameter sets drawn from the priors."""
    priors = read_priors()
    return changes(priors.dataset(priors.draw(10, np.random.default_rng(1)))).assign_attrs(seed=1, evidence="2020")
