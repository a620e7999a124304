"""The calibrated ensembles: parameter sets that the record to 2020, or to 2023, supports (``posterior_*.nc``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from calibration.fit.ensemble_file import (
    EnsembleError,
    check_count,
    damaged,
    remake,
    require_whole,
)
from calibration.fit.evidence import NEWEST, Evidence
from calibration.fit.priors import Parameter, Priors, changes, priors_hash, read_priors
from calibration.observations import data_hash
from model.definition import MODEL_FILE, model_hash
from model.engine.errors import listed

#: Draws of an unlimited prior lie within so many standard deviations.
_MOST_DEVIATIONS: Final = 6.0
#: Rounding to single precision, which is what the file keeps.
_SINGLE: Final = 1e-6


def read_members(
    count: int | None = None, evidence: Evidence = NEWEST, *, path: Path | None = None, model_file: Path = MODEL_FILE
) -> xr.Dataset:
    """Read the members of a calibrated ensemble.

    Parameters
    ----------
    count
        Take the first so many; members are in random order. None for all.
    evidence
        What the ensemble has seen.
    path
        Its file, which ``run_scenarios.py calibrate`` writes, if it stands elsewhere.
    model_file
        The model the members are for.

    Returns
    -------
    xarray.Dataset
        Constants of the model in its units, dims ``member`` and the constant's subscripts; the attributes hold the
        seed, the evidence, and the fingerprints of what the ensemble was made from.

    Raises
    ------
    EnsembleError
        If the file is missing or damaged, was made with another model, other priors or other observations, holds what
        the priors do not allow, or too few members.

    Examples
    --------
    >>> read_members(3).sizes["member"]
    3
    """
    file = path or evidence.posterior
    stored = read_stored(evidence, file)
    present = {
        f"model {model_file.name}": ("model_hash", model_hash(model_file)),
        "priors": ("priors_hash", priors_hash(events=evidence.events)),
        "observations": ("data_hash", data_hash(evidence.later_files)),
        "knowledge (what it has seen)": ("data_vintage", evidence.vintage),
    }
    stale = [what for what, (key, value) in present.items() if stored.attrs.get(key) != value]
    if stale:
        message = f"{file.name} was calibrated with another state of: {', '.join(stale)}. {remake(evidence)}"
        raise EnsembleError(message)
    wrong = _mistakes(stored, read_priors(model_file=model_file, events=evidence.events))
    if wrong:
        message = f"{file.name} does not hold draws from the priors:\n{listed(wrong)}\n{remake(evidence)}"
        raise EnsembleError(message)
    if count is not None:
        check_count(count, stored.sizes["member"], evidence)
    members = changes(stored.isel(member=slice(count)).astype(np.float64), model_file)
    return members.assign_attrs(evidence=str(evidence))


def read_stored(evidence: Evidence = NEWEST, path: Path | None = None) -> xr.Dataset:
    """Read a file as it stands, as ``calibrate`` wrote it: draws from the priors, factors not multiplied out.

    Examples
    --------
    >>> read_stored()["MORTALITY 2020"].attrs["role"]
    'factor'
    """
    file = path or evidence.posterior
    require_whole(file, evidence)
    try:
        return xr.load_dataset(file, engine="netcdf4")
    except (OSError, ValueError, RuntimeError) as error:
        raise damaged(file, evidence) from error


def settings(members: xr.Dataset) -> dict[str, xr.DataArray]:
    """Members as the model's ``run`` takes them."""
    return {str(name): array.rename(member="run") for name, array in members.data_vars.items()}


def batches(members: xr.Dataset, size: int) -> Iterator[tuple[int, xr.Dataset]]:
    """Members in pieces that fit in memory together with their tables, each with how many are done after it."""
    for first in range(0, members.sizes["member"], size):
        part = members.isel(member=slice(first, first + size))
        yield first + part.sizes["member"], part


def _mistakes(stored: xr.Dataset, priors: Priors) -> list[str]:
    """What of a file cannot have been drawn from the priors."""
    if not stored.sizes.get("member"):
        return ["it holds no members"]
    known = {parameter.name for parameter in priors.parameters}
    mistakes = [f"{name!r} is missing" for name in known - set(stored.data_vars)]
    mistakes += [f"{name!r} is no parameter of the priors" for name in set(stored.data_vars) - known]
    present = [parameter for parameter in priors.parameters if parameter.name in stored]
    mistakes = sorted(mistakes) + [line for parameter in present for line in _of_parameter(stored, parameter)]
    if mistakes:
        return mistakes
    members = np.concatenate([stored[name].to_numpy().reshape(stored.sizes["member"], -1) for name in known], axis=1)
    distinct = len(np.unique(members, axis=0))
    if 2 * distinct < len(members):
        return [f"only {distinct} of its {len(members)} members differ from each other"]
    return []


def _of_parameter(stored: xr.Dataset, parameter: Parameter) -> list[str]:
    name, array = parameter.name, stored[parameter.name]
    dims = ("member", *parameter.dims)
    if array.dims != dims:
        return [
            f"{name!r} has the dims {', '.join(map(str, array.dims)) or 'of one number'} instead of {', '.join(dims)}"
        ]
    if array.dtype.kind != "f":
        return [f"{name!r} holds {array.dtype} instead of floating-point numbers"]
    if array.attrs.get("role") != parameter.role:
        return [f"{name!r} says it holds a {array.attrs.get('role')}; in the priors it is a {parameter.role}"]
    for dim, elements in zip(parameter.dims, parameter.elements, strict=True):
        if dim not in array.coords or tuple(map(str, array[dim].to_numpy())) != elements:
            return [f"{name!r} has other elements of {dim} than the model"]
    values = array.to_numpy().astype(np.float64).reshape(len(array), -1)
    if not np.isfinite(values).all():
        return [f"{name!r} holds values that are not finite"]
    lowest, highest = (parameter.values(np.full(parameter.size, end)) for end in (-_MOST_DEVIATIONS, _MOST_DEVIATIONS))
    slack = _SINGLE * np.maximum(np.abs(lowest), np.abs(highest))
    beyond = (values < lowest - slack) | (values > highest + slack)
    if beyond.any():
        first = np.argwhere(beyond)[0]
        ends = f"{lowest[first[1]]:.4g} to {highest[first[1]]:.4g}"
        return [f"{name!r} is {values[tuple(first)]:.6g} in member {first[0] + 1}; its prior goes from {ends}"]
    return []
