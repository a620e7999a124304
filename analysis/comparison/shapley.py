"""Shapley's value of the players of a game, exact from all coalitions or estimated from sampled orders.

Method: Shapley (1953), A value for n-person games; sampling over orders: Castro, Gomez and Tejada (2009), Polynomial
calculation of the Shapley value based on sampling. A coalition is a number whose bit i says whether player i is in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

Masks = npt.NDArray[np.int64]
Orders = npt.NDArray[np.int64]


def shapley(worth: xr.Dataset, levers: Sequence[str]) -> tuple[xr.Dataset, xr.Dataset]:
    """Return Shapley's values of all players, dim ``lever`` instead of ``coalition``, and a standard error of zero.

    Worth is that of every coalition, labelled with a number whose bit i says whether player i takes part; levers are
    the names of the players in the order of the bits.

    Examples
    --------
    >>> left_and_right_glove = xr.Dataset({"pairs": ("coalition", [0.0, 0, 0, 1])}, coords={"coalition": range(4)})
    >>> shapley(left_and_right_glove, ["left", "right"])[0]["pairs"].values
    array([0.5, 0.5])
    """
    count = len(levers)
    sizes = np.array([math.factorial(size) * math.factorial(count - size - 1) for size in range(count)], dtype=float)
    by_size = sizes / math.factorial(count)
    parts = []
    for player in range(count):
        without = np.array([mask for mask in range(2**count) if not mask >> player & 1])
        weights = xr.DataArray(by_size[[int(mask).bit_count() for mask in without]], dims="coalition")
        # Summed difference by difference, so that a lever without effect gets exactly nothing.
        parts.append((_added(worth, without, player) * weights).sum("coalition"))
    values = _by_lever(parts, levers, worth)
    return values, xr.zeros_like(values)


def sampled_shapley(worth: xr.Dataset, levers: Sequence[str], orders: Orders) -> tuple[xr.Dataset, xr.Dataset]:
    """Return estimates of Shapley's values from sampled orders (`antithetic_orders`), and their standard errors.

    Arguments and dims are as for `shapley`; worth is needed of the coalitions in `masks_needed` only. The estimates sum
    to the worth of all, as the gains of each order do. The errors are those of the means of pairs of orders.

    Examples
    --------
    >>> orders = antithetic_orders(2, 4, seed=1)
    >>> gloves = xr.Dataset({"pairs": ("coalition", [0.0, 0, 0, 1])}, coords={"coalition": range(4)})
    >>> sampled_shapley(gloves, ["left", "right"], orders)[0]["pairs"].values
    array([0.5, 0.5])
    """
    before = _masks_before(orders)
    means, errors = [], []
    for player in range(len(levers)):
        added = _added(worth, before[orders == player], player)
        pairs = (added.isel(coalition=slice(0, None, 2)) + added.isel(coalition=slice(1, None, 2))) / 2
        means.append(pairs.mean("coalition"))
        errors.append(pairs.std("coalition", ddof=1) / math.sqrt(len(orders) // 2))
    return _by_lever(means, levers, worth), _by_lever(errors, levers, worth)


def antithetic_orders(players: int, count: int, seed: int) -> Orders:
    """Return random orders of the players, each followed by itself backwards: axes order and position.

    Examples
    --------
    >>> antithetic_orders(3, 2, seed=1).sum(axis=0)
    array([2, 2, 2])
    """
    random = np.random.default_rng(seed)
    drawn = random.permuted(np.tile(np.arange(players), (count // 2, 1)), axis=1)
    return np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(-1, players)


def masks_needed(orders: Orders) -> Masks:
    """Return the coalitions that orders pass through, with those of one player and of all but one.

    Examples
    --------
    >>> masks_needed(np.array([[0, 1, 2]]))
    array([0, 1, 2, 3, 4, 5, 6, 7])
    """
    players = orders.shape[1]
    everyone = 2**players - 1
    ones = 1 << np.arange(players)
    return np.unique(np.concatenate([_masks_before(orders).ravel(), ones, everyone - ones, [everyone]]))


def _masks_before(orders: Orders) -> Masks:
    """The coalition that each player of each order joins."""
    bits = np.int64(1) << orders
    return np.asarray(np.cumsum(bits, axis=1) - bits)


def _added(worth: xr.Dataset, masks: Masks, player: int) -> xr.Dataset:
    """What a player adds to each of the coalitions given."""
    joined = worth.sel(coalition=masks | (1 << player)).drop_vars("coalition")
    return joined - worth.sel(coalition=masks).drop_vars("coalition")


def _by_lever(parts: Iterable[xr.Dataset], levers: Sequence[str], worth: xr.Dataset) -> xr.Dataset:
    effects = xr.concat(list(parts), dim="lever").assign_coords(lever=list(levers))
    for name, array in effects.data_vars.items():
        array.attrs = dict(worth[name].attrs)
    return effects
