"""Equifinality: what equally good fits agree on, and what they do not.

Parameters that the data do not pin, combinations that they do, and conclusions that flip among members whose fit to
the observations is about as good (Beven 2006; VALIDATION P1).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from calibration.fit.ensemble_runs import Headline
from calibration.fit.likelihood import Array

#: Members whose misfit lies within this central share count as equally good.
EQUALLY_GOOD: Final = 0.9
#: A conclusion flips when the smaller side has at least this share of the members.
FLIPS: Final = 0.05
#: Loadings printed for a combination of parameters.
LOADINGS: Final = 5


def equally_good(misfit: Array) -> Array:
    """Which members lie within the central share of the misfit."""
    low, high = np.quantile(misfit, [(1 - EQUALLY_GOOD) / 2, (1 + EQUALLY_GOOD) / 2])
    return np.asarray((misfit >= low) & (misfit <= high))


def pinned_combinations(slope: Array, labels: Sequence[str], count: int = 10) -> pd.DataFrame:
    """Combinations of parameters that the observations say most about, from the Jacobian J of the whitened deviations.

    ``information`` is the eigenvalue of J'J, how many times more the data say than the prior; ``deviation`` what is
    left of the combination's prior standard deviation, 1 / sqrt(1 + information); ``share`` that of the squared
    loadings printed.

    Examples
    --------
    >>> pinned_combinations(np.array([[3.0, 0.0], [0.0, 0.5]]), ["a", "b"], 1)["loadings"].tolist()
    ['+1.00 a']
    """
    values, vectors = np.linalg.eigh(slope.T @ slope)
    rows = []
    for index in np.argsort(values)[::-1][:count]:
        vector = vectors[:, index]
        order = np.argsort(np.abs(vector))[::-1][:LOADINGS]
        order = order[np.abs(vector[order]) > 1e-9]
        # The sign of an eigenvector is free: the largest loading is shown as positive.
        vector = vector * np.sign(vector[order[0]])
        words = ", ".join(f"{vector[k]:+.2f} {labels[k]}" for k in order)
        rows.append((values[index], 1 / np.sqrt(1 + values[index]), words, float((vector[order] ** 2).sum())))
    return pd.DataFrame(rows, columns=["information", "deviation", "loadings", "share"])


def pinned_count(slope: Array) -> tuple[int, float]:
    """How many combinations the data know better than the prior does, and the effective number of parameters learnt.

    Examples
    --------
    >>> pinned_count(np.array([[3.0, 0.0], [0.0, 0.5]]))
    (1, 1.1)
    """
    values = np.clip(np.linalg.eigvalsh(slope.T @ slope), 0, None)
    return int((values > 1).sum()), round(float((values / (1 + values)).sum()), 9)


def reached_shares(values: xr.DataArray, chosen: Sequence[Headline]) -> pd.DataFrame:
    """Share of members that reach each headline with a threshold, in columns, under each scenario, in rows."""
    shares = {}
    for item in chosen:
        if item.has_threshold:
            reached = item.target.margin(values.sel(headline=item.label)) >= 0
            shares[item.label] = reached.mean("member").to_series()
    return pd.DataFrame(shares).loc[values["scenario"].to_numpy()]


def orders(values: xr.DataArray, higher_is_better: bool = True) -> pd.DataFrame:
    """How surely one scenario ranks above another by one headline: a row for each pair, in the order of the medians.

    ``share`` is that of members with this order, equal values counted half; ``gap`` lies between the medians.
    """
    table = values.transpose("scenario", "member").to_numpy() * (1 if higher_is_better else -1)
    names = values["scenario"].to_numpy()
    ranked = np.argsort(-np.median(table, axis=1), kind="stable")
    rows = []
    for first, second in combinations(ranked, 2):
        gap = table[first] - table[second]
        share = float((gap > 0).mean() + (gap == 0).mean() / 2)
        rows.append((names[first], names[second], share, float(np.median(table[first]) - np.median(table[second]))))
    return pd.DataFrame(rows, columns=["ahead", "behind", "share", "gap"])


def flips(share: pd.Series) -> pd.Series:
    """Whether the smaller side is large enough for a conclusion to be called open."""
    return share.between(FLIPS, 1 - FLIPS)
