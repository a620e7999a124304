"""What is kept of an ensemble of runs, and how a band, a probability or a claim is read from it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Final, TypeVar

import numpy as np
import xarray as xr

from scenarios import Expectation

#: A dataset stays one, and so does an array.
Results = TypeVar("Results", xr.Dataset, xr.DataArray)
#: The median and the ends of the 50 % and 90 % bands.
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Dims that stand for the members of an ensemble.
MEMBER_DIMS: Final = ("run", "member")
#: A variable of more cells than this is kept as the median only.
CELLS_KEPT: Final = 100
#: What the files say of the choice made in `condensed`.
KEPT: Final = (
    "Variables of the whole city and those that targets, expectations and charts judge: every member. "
    "Other variables by district: quantiles over the members. Larger tables: the median, cell by cell."
)


def condensed(run: xr.Dataset, exact: Collection[str], whole: Collection[str] = ()) -> xr.Dataset:
    """Return what is worth keeping of an ensemble, dims ``run, time`` and subscripts; a single run is returned as is.

    Variables of the whole city, and by district if named as `whole`, are kept with dim ``member``, counted from 1;
    others by district with dim ``quantile``; those of more than `CELLS_KEPT` cells as the median. All are in single
    precision but for those named as `exact`, which are kept as they are.

    Examples
    --------
    >>> rate = xr.DataArray(np.ones((3, 2, 2)), dims=("run", "time", "District"))
    >>> condensed(xr.Dataset({"rate": rate}), [])["rate"].dims
    ('quantile', 'time', 'District')
    """
    if "run" not in run.dims:
        return run
    kept: dict[Hashable, xr.Variable] = {}
    for name in run.data_vars:
        # Bare variables: making a DataArray of each takes longer than all the arithmetic.
        array = run.variables[name]
        if "run" not in array.dims or name in exact:
            kept[name] = array
            continue
        short = array.transpose("run", ...).astype(np.float32)
        cells = array.size // (array.sizes["run"] * array.sizes.get("time", 1))
        if name in whole or "District" not in array.dims:
            kept[name] = short
        elif cells > CELLS_KEPT:
            kept[name] = xr.Variable(short.dims[1:], np.median(short.to_numpy(), axis=0), array.attrs)
        else:
            values = np.quantile(short.to_numpy(), QUANTILES, axis=0).astype(np.float32)
            kept[name] = xr.Variable(("quantile", *short.dims[1:]), values, array.attrs)
    condensed_run = xr.Dataset(kept, run.coords, run.attrs)
    if "quantile" in condensed_run.dims:
        condensed_run = condensed_run.assign_coords(quantile=list(QUANTILES))
    if not any("run" in array.dims for array in kept.values()):
        return condensed_run.drop_vars("run", errors="ignore")
    # Numbered as in the files, so that what was just made and what was read are compared member by member.
    return condensed_run.rename(run="member").assign_coords(member=np.arange(1, run.sizes["run"] + 1))


def by_member(results: Results) -> Results:
    """Return results with dim ``member``: the engine's ``run`` renamed, a single run as its only member.

    Examples
    --------
    >>> by_member(xr.DataArray([1.0, 2.0], dims="run")).dims, by_member(xr.DataArray(1.0)).dims
    (('member',), ('member',))
    """
    if "run" in results.dims:
        return results.rename(run="member")
    return results if "member" in results.dims else results.expand_dims("member")


def has_members(array: xr.DataArray) -> bool:
    """Say whether a band can be drawn or printed for a variable.

    Examples
    --------
    >>> has_members(xr.DataArray([1.0, 2.0], dims="time"))
    False
    """
    return any(array.sizes.get(dim, 1) > 1 for dim in (*MEMBER_DIMS, "quantile"))


def quantile(array: xr.DataArray, level: float) -> xr.DataArray:
    """Return a quantile, one of `QUANTILES`, over the members.

    The only run there is, or the median where nothing else is kept, is returned as it is, whatever the level.

    Examples
    --------
    >>> float(quantile(xr.DataArray([1.0, 2.0, 9.0], dims="run"), 0.5))
    2.0
    """
    if "quantile" in array.dims:
        return array.sel(quantile=level, drop=True)
    dim = next((dim for dim in MEMBER_DIMS if dim in array.dims), None)
    if dim is None:
        return array
    values = np.quantile(array.to_numpy(), level, axis=array.get_axis_num(dim))
    return array.isel({dim: 0}, drop=True).copy(data=values)


def share_held(claim: Expectation, run: xr.Dataset, runs: Mapping[str, xr.Dataset]) -> float:
    """Return the share of members in which an expectation of a scenario holds; 0 or 1 for a single run.

    The runs, by scenario, are those that it may compare with: the same members in the same order.

    Examples
    --------
    >>> run = xr.Dataset({"rate": (("run", "time"), [[0.7], [0.8]])}, coords={"time": [2025.0]})
    >>> share_held(Expectation("rate", (), 2025, "at least", 0.75), run, {})
    0.5
    """

    def series(of: xr.Dataset) -> xr.DataArray:
        array = of[claim.variable]
        subscripts = [dim for dim in array.dims if dim not in ("time", *MEMBER_DIMS)]
        array = array.sel(dict(zip(subscripts, claim.element, strict=True)))
        return array if claim.year is None else array.sel(time=claim.year)

    ours = series(run)
    limit = series(runs[claim.limit]) if isinstance(claim.limit, str) else claim.limit
    if claim.claim in ("above", "below"):
        held = ours > limit if claim.claim == "above" else ours < limit
    else:
        held = ~(ours > limit) if claim.claim in ("never above", "at most") else ~(ours < limit)
    over_time = held.all("time") if "time" in held.dims else held
    return float(over_time.mean())
