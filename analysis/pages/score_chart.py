"""The chart of both forecasts from 2020 against the record, for README and ``docs/forecast_score.md``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from analysis.assessment.charts import axis_unit
from analysis.charts.files import save
from analysis.charts.frame import head_and_foot, panel_grid
from analysis.charts.style import BLUE, DASHES, GREY, ORANGE, VERMILION, chart_style
from analysis.outcome.words import LANGUAGES
from analysis.pages.answer import read_description
from analysis.pages.words import say
from model.definition import variables_by_name

FIGURES: Final = {
    language: Path(__file__).parents[2] / "docs" / "images" / f"forecast_score_{language}.png" for language in LANGUAGES
}
COLUMNS: Final = 5
#: The first year shown of the record that the forecasts have seen.
FIRST_YEAR: Final = 2016


def chart(observed: pd.DataFrame, editions: Mapping[str, pd.DataFrame], past: pd.DataFrame, language: str) -> Figure:
    """Draw one panel for each published series: both forecasts, the record they had seen, and what came.

    Parameters
    ----------
    observed
        variable, year and value of what was published since, in the model's units.
    editions
        Stored quantiles, as from `analysis.assessment.observations.read_stored_forecast`, by "first" and "second".
    past
        variable, year and value of the record that the forecasts have seen.
    """
    names = list(dict.fromkeys(observed["variable"]))
    last = int(observed["year"].max())
    inside = 0
    with chart_style():
        figure, axes = panel_grid(len(names), COLUMNS, (0.3, 1.0), (2.6, 2.1))
        for ax, name in zip(axes, names, strict=True):
            truth, seen = (table[table["variable"] == name] for table in (observed, past))
            inside += _panel(
                ax, truth, {key: _of(table, name, last) for key, table in editions.items()}, seen, language
            )
        figure.legend(handles=_keys(language), loc="lower right", bbox_to_anchor=(0.99, 0.08), fontsize=9)
        gaps = {"inside": inside, "values": len(observed), "last": last, "share": f"{100 * inside / len(observed):.0f}"}
        head_and_foot(figure, say("score title", language, **gaps), say("score note", language))
        return figure


def update_charts(
    observed: pd.DataFrame, editions: Mapping[str, pd.DataFrame], past: pd.DataFrame, *, write: bool
) -> list[Path]:
    """Compare the charts with the tables they are drawn from, and draw them anew; return those that were stale."""
    drawn = "".join(table.to_csv(index=False) for table in (observed, *editions.values(), past))
    stale = []
    for language, file in FIGURES.items():
        words = say("score title", language, inside="", values="", last="", share="") + say("score note", language)
        description = f"forecasts and record {hashlib.sha256((drawn + words).encode()).hexdigest()[:12]}"
        if read_description(file) != description:
            stale.append(file)
            if write:
                save(chart(observed, editions, past, language), file, description)
    return stale


def _of(forecast: pd.DataFrame, name: str, last: int) -> pd.DataFrame:
    return forecast[(forecast["variable"] == name) & (forecast["year"] <= last)]


def _panel(
    ax: Axes, truth: pd.DataFrame, editions: Mapping[str, pd.DataFrame], seen: pd.DataFrame, language: str
) -> int:
    """Draw a series and return how many of its values lie within the second edition's 90 % band."""
    variable = variables_by_name()[str(truth["variable"].iloc[0])]
    unit, size = axis_unit(variable, language)
    second, first = editions["second"], editions["first"]
    for low, high, alpha in (("p05", "p95", 0.15), ("p25", "p75", 0.3)):
        ax.fill_between(second["year"], second[low] / size, second[high] / size, color=BLUE, alpha=alpha, lw=0)
    ax.plot(second["year"], second["median"] / size, color=BLUE, lw=1.8)
    ax.plot(first["year"], first["median"] / size, color=ORANGE, lw=1.4, ls=DASHES[1])
    recent = seen[seen["year"] >= FIRST_YEAR]
    ax.plot(recent["year"], recent["value"] / size, color=GREY, marker="o", ms=3, lw=0)
    quantiles = second.set_index("year").loc[truth["year"]]
    within = (quantiles["p05"].to_numpy() <= truth["value"]) & (truth["value"] <= quantiles["p95"].to_numpy())
    for hits, fill in ((True, "white"), (False, VERMILION)):
        shown = truth[within == hits]
        ax.plot(shown["year"], shown["value"] / size, ls="", marker="o", ms=5, mec=VERMILION, mfc=fill, zorder=5)
    name = variable.term or variable.name if language == "zh" else variable.name
    ax.set_title(f"{name[0].upper()}{name[1:]}\n{unit}", loc="left", fontsize=9)
    ax.set_xlim(FIRST_YEAR - 0.5, int(truth["year"].max()) + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(4))
    return int(within.sum())


def _keys(language: str) -> list[Line2D | Patch]:
    def dots(fill: str, edge: str, name: str, size: int = 5) -> Line2D:
        return Line2D([], [], ls="", marker="o", mec=edge, mfc=fill, ms=size, label=say(name, language))

    return [
        Line2D([], [], color=BLUE, lw=1.8, label=say("score second", language)),
        Patch(color=BLUE, alpha=0.3, label=say("score bands", language)),
        Line2D([], [], color=ORANGE, lw=1.4, ls=DASHES[1], label=say("score first", language)),
        dots(GREY, GREY, "score seen", 3),
        dots("white", VERMILION, "score inside"),
        dots(VERMILION, VERMILION, "score outside"),
    ]
