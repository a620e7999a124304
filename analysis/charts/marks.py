"""What stands inside axes: bands, bars, stacked bars and stars."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes

from analysis.charts.material import Material
from analysis.charts.style import BANDS, BLACK, PART_COLOURS, YELLOW
from analysis.outcome.ensembles import has_members, quantile
from analysis.outcome.words import element_name
from scenarios import Target


def draw_fan(
    ax: Axes,
    series: xr.DataArray,
    colour: str,
    dash: Any = "-",
    *,
    bands: bool = True,
    width: float = 1.8,
    label: str | None = None,
) -> None:
    """Draw the median over time, and the 50 % and 90 % bands where there are members."""
    if bands and has_members(series):
        for low, high, alpha in BANDS:
            ends = quantile(series, low), quantile(series, high)
            ax.fill_between(series["time"], *ends, color=colour, alpha=alpha, lw=0)
    ax.plot(series["time"], quantile(series, 0.5), color=colour, ls=dash, lw=width, label=label)


def draw_band(
    ax: Axes,
    at: npt.ArrayLike,
    middle: npt.ArrayLike,
    ends: tuple[npt.ArrayLike, npt.ArrayLike],
    colour: str,
    *,
    alpha: float = 0.15,
    **line: Any,
) -> None:
    """Draw a line, and a band between two others; further settings are those of the line."""
    ax.fill_between(at, *ends, color=colour, alpha=alpha, lw=0)
    ax.plot(at, middle, color=colour, **line)


def draw_bars_at_end(ax: Axes, series: xr.DataArray, position: int, colour: str) -> tuple[float, float]:
    """Draw both bands of the last year as bars right of it; return where the median of the bars is."""
    last = series.isel(time=-1)
    middle, at = float(quantile(last, 0.5)), float(series["time"][-1])
    if not has_members(last):
        return at, middle
    at += 0.5 + 0.4 * position
    for (low, high, _), width in zip(BANDS, (1, 3.5), strict=True):
        ends = [float(quantile(last, level)) for level in (low, high)]
        ax.plot([at, at], ends, color=colour, lw=width, solid_capstyle="butt")
    ax.plot(at, middle, "o", color="white", mec=colour, ms=3.5, zorder=4)
    return at, middle


def stack_bars(ax: Axes, parts: xr.DataArray, language: str) -> None:
    """Stack yearly bars, gains upward and losses downward, without what a city has nothing of in any year."""
    dim = str(next(dim for dim in parts.dims if dim != "time"))
    up, down = np.zeros(parts.sizes["time"]), np.zeros(parts.sizes["time"])
    for name, colour in zip(elements_of(parts, dim), PART_COLOURS, strict=False):
        values, label = parts.sel({dim: name}).to_numpy(), element_name(name, language)
        if not values.any():
            continue
        bottom = np.where(values >= 0, up, down)
        ax.bar(parts["time"], values, bottom=bottom, color=colour, width=0.8, label=label)
        up += np.maximum(values, 0)
        down += np.minimum(values, 0)


def median_and_reach(array: xr.DataArray) -> tuple[xr.DataArray, list[Any]]:
    """Return the median, and how far the ends of the 90 % band are from it, as error bars want them."""
    middle = quantile(array, 0.5)
    return middle, [np.abs(quantile(array, level) - middle) for level in (0.05, 0.95)]


def targets_of(material: Material, variable: str) -> list[Target]:
    """Return the targets that name a threshold for a variable."""
    return [target for target in material.targets if target.variable == variable and target.threshold is not None]


def target_height(target: Target, size: float) -> float:
    """Return where a target stands on an axis whose unit is so many of the model's."""
    assert target.threshold is not None
    return target.threshold * target.factor / size


def mark_targets(ax: Axes, material: Material, variable: str, size: float) -> None:
    """Draw a star for every target of a variable."""
    star: dict[str, Any] = {"ms": 14, "color": YELLOW, "mec": BLACK, "mew": 1, "zorder": 5, "clip_on": False}
    for target in targets_of(material, variable):
        ax.plot(target.year, target_height(target, size), "*", **star)


def elements_of(array: xr.DataArray, dim: str) -> list[str]:
    """Return the names of the elements along a dim."""
    return [str(name) for name in array[dim].values]
