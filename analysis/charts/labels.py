"""Labels that cover nothing: targets beside their stars, titles beside their lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from scipy.optimize import isotonic_regression

from analysis.charts.findings import say
from analysis.charts.marks import target_height
from analysis.charts.material import Material
from analysis.charts.style import BLACK, darken
from analysis.outcome.words import SIGNS
from scenarios import Target

Side = Literal["right", "center", "left"]
#: Where a target's words may stand beside its star, and how many points from it.
SIDES: tuple[tuple[Side, int], ...] = (("right", -8), ("center", 0), ("left", 8))


def label_targets(ax: Axes, targets: Sequence[Target], size: float, language: str) -> None:
    """Write what each star wants where it lies on no line and no other text; the axes have been laid out."""
    crossed = [np.asarray(ax.transData.transform(_dense(line.get_xydata()))) for line in ax.lines]
    written: list[Bbox] = []
    for target in targets:
        height = target_height(target, size)
        label = ax.annotate(
            say("target of a year", language, year=target.year, sign=SIGNS[target.comparison], height=f"{height:g}"),
            (target.year, height),
            xytext=(0, 0),
            textcoords="offset points",
            arrowprops={"arrowstyle": "-", "lw": 0.6, "color": BLACK, "shrinkA": 0, "shrinkB": 6},
            va="center",
            zorder=6,
        )
        inside = ax.get_window_extent()
        options: list[tuple[int, int, Side, int, int]] = []
        for distance, (side, across), up in product((16, 28, 42, 58, 76), SIDES, (1, -1)):
            label.set_position((across, up * distance))
            label.set_horizontalalignment(side)
            # The words alone, without the line that ties them to the star.
            label.get_window_extent()
            box = Text.get_window_extent(label)
            out = not (inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1)
            wide = box.padded(3)
            hits = sum(int(wide.count_contains(points)) for points in crossed)
            hits += 1000 * any(wide.overlaps(other) for other in written)
            options.append((hits + 1000 * out, distance, side, across, up))
        _, distance, side, across, up = min(options, key=lambda option: option[:2])
        label.set_position((across, up * distance))
        label.set_horizontalalignment(side)
        label.get_window_extent()
        written.append(Text.get_window_extent(label))


def _dense(points: Any) -> npt.NDArray[np.float64]:
    """Points along a line, close enough that none of them misses a word that the line crosses."""
    corners = np.asarray(points, dtype=float)
    steps = np.linspace(0, len(corners) - 1, 20 * len(corners))
    return np.column_stack([np.interp(steps, np.arange(len(corners)), corners[:, axis]) for axis in (0, 1)])


def label_lines(ax: Axes, material: Material, ends: Mapping[str, tuple[float, float]], language: str) -> None:
    """Write each scenario's title right of its line, apart from one another and tied to the line's end."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    low, high = ax.get_ylim()
    ax.set_ylim(low, high)
    gap = 12 / 72 * figure.dpi / ax.get_window_extent().height
    heights = (np.array([end for _, end in ends.values()]) - low) / (high - low)
    for (name, end), height in zip(ends.items(), spread_apart(heights, gap, 0.0, 1.0), strict=True):
        look = material.styles[name]
        ax.annotate(
            material.scenarios[name].title[language],
            end,
            xytext=(1.05, height),
            textcoords="axes fraction",
            va="center",
            fontsize=8,
            color=darken(look["color"]),
            arrowprops={"arrowstyle": "-", "lw": 0.7, "shrinkA": 1, "shrinkB": 2, "relpos": (0, 0.5), **look},
            annotation_clip=False,
        )


def label_right(ax: Axes, texts: Sequence[tuple[str, float, str]], gap: float, lowest: float = -np.inf) -> None:
    """Write texts right of the axes, at least a gap apart; each is a text, its height and its colour."""
    heights = spread_apart(np.array([height for _, height, _ in texts]), gap, lowest)
    for (text, _, colour), height in zip(texts, heights, strict=True):
        ax.annotate(text, (1.01, height), xycoords=("axes fraction", "data"), va="center", color=colour)


def spread_apart(
    heights: npt.NDArray[np.float64], gap: float, lowest: float = -np.inf, highest: float = np.inf
) -> npt.NDArray[np.float64]:
    """Return heights at least a gap apart and within bounds, in the same order and as near as may be to those given.

    Examples
    --------
    >>> spread_apart(np.array([0.5, 0.5]), 0.2).round(9).tolist()
    [0.4, 0.6]
    """
    order = np.argsort(heights, kind="stable")
    gaps = gap * np.arange(heights.size)
    level = isotonic_regression(heights[order] - gaps).x.clip(lowest, max(lowest, highest - gap * (heights.size - 1)))
    spread = np.empty_like(heights, dtype=float)
    spread[order] = level + gaps
    return spread
