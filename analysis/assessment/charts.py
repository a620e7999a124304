"""Charts of an assessment: the forecast's bands with the newer observations in them, and what the weights make of it.

What is drawn comes in as tables, as this layer may not import the calibration.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from analysis.charts.files import save_each
from analysis.charts.frame import head_and_foot, panel_grid, source_line
from analysis.charts.marks import draw_fan
from analysis.charts.style import BLUE, DASHES, ORANGE, VERMILION, chart_style
from analysis.outcome.units import axis_unit as axis_unit
from analysis.outcome.words import word
from model.definition import Variable, variables_by_name

COLUMNS: Final = 3


def draw(
    points: pd.DataFrame,
    forecast: xr.Dataset,
    weights: npt.NDArray[np.float64] | None,
    facts: Mapping[str, str],
    folder: Path,
    unused: Collection[str] = (),
) -> list[Path]:
    """Draw the chart in both languages, as ``assessment_LANGUAGE.png``.

    Parameters
    ----------
    points
        One row per observation: variable, year, value in the model's unit, and ``inside_90``.
    forecast
        The forecast that was stored, dims ``member, time``.
    weights
        Weight of each member after the observations, sum 1; None where the update is refused.
    unused
        Series that the weights do not rest on; their panels say so.
    """
    return save_each(
        lambda language: chart(points, forecast, weights, facts, language, unused), folder, "assessment", facts
    )


def chart(
    points: pd.DataFrame,
    forecast: xr.Dataset,
    weights: npt.NDArray[np.float64] | None,
    facts: Mapping[str, str],
    language: str,
    unused: Collection[str] = (),
) -> Figure:
    """Draw one panel for each observed series; parameters as for `draw`."""
    names = list(dict.fromkeys(points["variable"]))
    known = variables_by_name()
    with chart_style():
        figure, axes = panel_grid(len(names), min(COLUMNS, len(names)), (5, 1.9), (3.6, 2.5))
        for ax, name in zip(axes, names, strict=True):
            _panel(ax, points[points["variable"] == name], forecast[name], weights, known[name], language)
            if weights is not None and name in unused:
                ax.set_title(f"{ax.get_title(loc='left')}{word('labels', 'assessment unused', language)}", loc="left")
        figure.legend(handles=_keys(points, weights, language), loc="outside right upper", fontsize=8)
        gaps = {"file": facts["observations_file"], "scenario": facts[f"title_{language}"]}
        source = source_line("assessment source", facts, language, **gaps)
        verdict = "assessment refused" if weights is None else "assessment weights"
        head_and_foot(figure, word("charts", "assessment", language), word("labels", verdict, language), source)
        return figure


def _panel(
    ax: Axes,
    points: pd.DataFrame,
    forecast: xr.DataArray,
    weights: npt.NDArray[np.float64] | None,
    variable: Variable,
    language: str,
) -> None:
    unit, size = axis_unit(variable, language)
    years, members = forecast["time"].to_numpy(), forecast.transpose("member", "time").to_numpy() / size
    draw_fan(ax, forecast / size, BLUE)
    if weights is not None:
        for level, width in ((0.05, 0.9), (0.5, 1.8), (0.95, 0.9)):
            # Of each year, the smallest value that members of at least this share of the weight do not exceed.
            quantile = np.quantile(members, level, axis=0, weights=weights, method="inverted_cdf")
            ax.plot(years, quantile, color=ORANGE, lw=width, ls=DASHES[1])
    for inside, fill in ((True, "white"), (False, VERMILION)):
        shown = points[points["inside_90"].astype(bool) == inside]
        ax.plot(shown["year"], shown["value"] / size, ls="", marker="o", ms=5, mec=VERMILION, mfc=fill, zorder=5)
    name = variable.term or variable.name if language == "zh" else variable.name
    ax.set_title(name[0].upper() + name[1:], loc="left")
    ax.set_ylabel(unit)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _keys(points: pd.DataFrame, weights: npt.NDArray[np.float64] | None, language: str) -> list[Any]:
    def dot(colour: str, term: str) -> Line2D:
        return Line2D([], [], ls="", marker="o", mec=VERMILION, mfc=colour, label=word("labels", term, language))

    inside = points["inside_90"].astype(bool)
    keys: list[Any] = [
        Line2D([], [], color=BLUE, lw=1.8, label=word("labels", "forecast median", language)),
        Patch(color=BLUE, alpha=0.3, label=word("labels", "forecast bands", language)),
    ]
    if weights is not None:
        label = word("labels", "forecast weighted", language)
        keys.append(Line2D([], [], color=ORANGE, lw=1.8, ls=DASHES[1], label=label))
    keys += [dot("white", "observed inside")] if inside.any() else []
    keys += [dot(VERMILION, "observed outside")] if not inside.all() else []
    return keys
