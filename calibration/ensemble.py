"""The calibrated ensemble: parameter sets that the data up to 2020 support, kept in ``posterior.nc``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from calibration.observations import data_hash
from calibration.priors import changes, priors_hash
from model.definition import MODEL_FILE, model_hash
from model.errors import UserError

POSTERIOR_FILE: Final = Path(__file__).parent / "posterior.nc"


class EnsembleError(UserError):
    """There is no ensemble that fits the model, or fewer members than asked for."""


def read_members(count: int | None = None, path: Path = POSTERIOR_FILE, model_file: Path = MODEL_FILE) -> xr.Dataset:
    """Read the members of the calibrated ensemble.

    Parameters
    ----------
    count
        Take the first so many; members are in random order. None for all.
    path
        The file that ``run_scenarios.py calibrate`` writes.
    model_file
        The model the members are for.

    Returns
    -------
    xarray.Dataset
        Constants of the model in its units, dims ``member`` and the constant's subscripts; the attributes tell the
        seed and the fingerprints of what the ensemble was made from.

    Raises
    ------
    EnsembleError
        If the file is missing, was made with another model, other priors or other observations, or holds too few
        members.

    Examples
    --------
    >>> read_members(3).sizes["member"]
    3
    """
    if not path.is_file():
        message = f"{path.name} is missing; make it with: python run_scenarios.py calibrate"
        raise EnsembleError(message)
    stored = xr.load_dataset(path, engine="netcdf4")
    present = {
        f"model {model_file.name}": ("model_hash", model_hash(model_file)),
        "priors": ("priors_hash", priors_hash()),
        "observations": ("data_hash", data_hash()),
    }
    stale = [what for what, (key, value) in present.items() if stored.attrs.get(key) != value]
    if stale:
        message = (
            f"{path.name} was calibrated with another state of: {', '.join(stale)}. "
            "Make it anew with: python run_scenarios.py calibrate"
        )
        raise EnsembleError(message)
    size = stored.sizes["member"]
    if count is not None and not 1 <= count <= size:
        message = f"--members {count}: the calibrated ensemble holds 1 to {size} members."
        raise EnsembleError(message)
    return changes(stored.isel(member=slice(count)).astype(np.float64), model_file)
