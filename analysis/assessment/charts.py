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
from analysis.charts.frame import head_and_foot
from analysis.charts.style import BANDS, BLUE, ORANGE, VERMILION, chart_style
from analysis.charts.words import terms, word
from model.definition import Variable, variables_by_name

COLUMNS: Final = 3
#: Axis unit of ``terms.yaml`` for the model's unit; ratios have none, and shares are told in percent.
AXES: Final = {"person": "people", "person/Year": "people a year", "yuan/Year": "yuan a year"}
RATIO: Final = "ratio"


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
    facts
        The manifest, and the scenario's ``title_zh`` and ``title_en``.
    folder
        Where to.
    unused
        Series that the weights do not rest on; their panels say so.

    Returns
    -------
    list of Path
        The files written.

    Examples
    --------
    >>> draw(found.points, forecast, None, facts, Path("outputs/assessment"))  # doctest: +SKIP
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
    """Draw one panel for each observed series; parameters as for `draw`.

    Examples
    --------
    >>> chart(found.points, forecast, None, facts, "en")  # doctest: +SKIP
    """
    names = list(dict.fromkeys(points["variable"]))
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    known = variables_by_name()
    with chart_style():
        figure = Figure(figsize=(5 + 3.6 * columns, 1.9 + 2.5 * rows), layout="constrained")
        axes = list(figure.subplots(rows, columns, squeeze=False).flat)
        for ax, name in zip(axes, names, strict=False):
            _panel(ax, points[points["variable"] == name], forecast[name], weights, known[name], language)
            if weights is not None and name in unused:
                ax.set_title(f"{ax.get_title(loc='left')}{word('labels', 'assessment unused', language)}", loc="left")
        for ax in axes[len(names) :]:
            ax.remove()
        figure.legend(handles=_keys(points, weights, language), loc="outside right upper", fontsize=8)
        basis = word("labels", "ensemble", language).format(members=facts["members"], seed=facts["seed"])
        source = word("labels", "assessment source", language).format(
            model=facts["model_file"],
            hash=facts["model_hash"],
            file=facts["observations_file"],
            basis=basis,
            scenario=facts[f"title_{language}"],
        )
        verdict = "assessment refused" if weights is None else "assessment weights"
        head_and_foot(figure, word("charts", "assessment", language), word("labels", verdict, language), source)
        return figure


def axis_unit(variable: Variable, language: str) -> tuple[str, float]:
    """Return the name of an axis unit and how many of the model's unit it stands for.

    Examples
    --------
    >>> axis_unit(variables_by_name()["resident urbanization rate"], "en")
    ('percent', 0.01)
    """
    if variable.unit in AXES or variable.unit == "Dmnl":
        kind = AXES.get(variable.unit) or (RATIO if RATIO in variable.name else "percent")
        found: Mapping[str, Any] = terms()["units"][kind]
    else:
        found = terms()["model units"][variable.unit]
    return str(found[language]), float(found[f"{language}_size"])


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
    for low, high, alpha in BANDS:
        ax.fill_between(years, *np.quantile(members, (low, high), axis=0), color=BLUE, alpha=alpha, lw=0)
    ax.plot(years, np.median(members, axis=0), color=BLUE, lw=1.8)
    if weights is not None:
        for level, width in ((0.05, 0.9), (0.5, 1.8), (0.95, 0.9)):
            ax.plot(years, _weighted_quantile(members, weights, level), color=ORANGE, lw=width, ls=(0, (4, 1.5)))
    for inside, fill in ((True, "white"), (False, VERMILION)):
        shown = points[points["inside_90"].astype(bool) == inside]
        ax.plot(shown["year"], shown["value"] / size, ls="", marker="o", ms=5, mec=VERMILION, mfc=fill, zorder=5)
    name = variable.term or variable.name if language == "zh" else variable.name
    ax.set_title(name[0].upper() + name[1:], loc="left")
    ax.set_ylabel(unit)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _weighted_quantile(
    members: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], level: float
) -> npt.NDArray[np.float64]:
    """Smallest value at each time that members of at least this share of the weight do not exceed."""
    return np.asarray(np.quantile(members, level, axis=0, weights=weights, method="inverted_cdf"))


def _keys(points: pd.DataFrame, weights: npt.NDArray[np.float64] | None, language: str) -> list[Any]:
    def dot(colour: str, term: str) -> Line2D:
        return Line2D([], [], ls="", marker="o", mec=VERMILION, mfc=colour, label=word("labels", term, language))

    inside = points["inside_90"].astype(bool)
    keys: list[Any] = [
        Line2D([], [], color=BLUE, lw=1.8, label=word("labels", "forecast of 2020", language)),
        Patch(color=BLUE, alpha=0.3, label=word("labels", "forecast bands", language)),
    ]
    if weights is not None:
        label = word("labels", "forecast weighted", language)
        keys.append(Line2D([], [], color=ORANGE, lw=1.8, ls=(0, (4, 1.5)), label=label))
    keys += [dot("white", "observed inside")] if inside.any() else []
    keys += [dot(VERMILION, "observed outside")] if not inside.all() else []
    return keys
