"""Waterfall charts of a comparison: from one scenario to the other, lever by lever, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from analysis.charts import findings
from analysis.charts.files import save_each
from analysis.charts.frame import frame_figure, panel_grid, source_line
from analysis.charts.panels import Panel
from analysis.charts.style import BLUE, GREY, VERMILION, Size, chart_style
from analysis.comparison.contributions import Comparison
from analysis.comparison.request import HEADLINES
from analysis.comparison.study import lever_title, shown_years
from analysis.comparison.tables import decimals, waterfall
from analysis.outcome.printing import signed
from analysis.outcome.words import unit_name, unit_size, with_year, word
from model.definition import Variable
from scenarios import Scenario

#: Levers that have a bar of their own.
BARS: Final = 7
#: A contribution whose sign fewer members share is drawn hollow.
AGREED: Final = 0.9
#: Pixels left free between a number and the end of its axes.
GAP: Final = 4.0
#: Which indicators stand in a chart, and in how many years.
CHARTS: Final[Mapping[str, tuple[tuple[Panel, ...], int]]] = {
    "urbanization_rates": (HEADLINES[:2], 2),
    "other_indicators": (HEADLINES[2:], 1),
}


def draw(
    comparison: Comparison,
    scenarios: Sequence[Scenario],
    facts: Mapping[str, str],
    variables: Mapping[str, Variable],
    folder: Path,
) -> list[Path]:
    """Draw `CHARTS` in both languages, as ``compare_FIRST_SECOND_NAME_LANGUAGE.png``.

    A comparison holds the indicators of `CHARTS` and the years of `shown_years`.
    """
    files = []
    for name in CHARTS:
        stem = f"compare_{comparison.first}_{comparison.second}_{name}"
        files += save_each(partial(chart, comparison, name, scenarios, facts, variables), folder, stem, facts)
    return files


def chart(
    comparison: Comparison,
    name: str,
    scenarios: Sequence[Scenario],
    facts: Mapping[str, str],
    variables: Mapping[str, Variable],
    language: str,
    canvas: Size | None = None,
) -> Figure:
    """Draw one of `CHARTS`; arguments as for `draw`, and the inches of the chart."""
    panels, number = CHARTS[name]
    years = shown_years(max(scenario.starts for scenario in scenarios))[-number:]
    cells = [(panel, year) for panel in panels for year in years]
    with chart_style():
        figure, axes = panel_grid(len(cells), 2, (13, 1.2), (0, 3.7), canvas)
        largest: dict[str, dict[int, tuple[str, str]]] = {}
        for ax, (panel, year) in zip(axes, cells, strict=True):
            steps = waterfall(comparison, panel.variable, year, most=BARS)
            _steps(ax, steps, panel, scenarios, variables, language)
            told = _change(steps.iloc[1]["change"] / unit_size(panel.unit, language), steps, panel, language)
            lever = lever_title(str(steps.iloc[1]["step"]), language, variables)
            largest.setdefault(word("labels", panel.label, language), {})[int(year)] = lever, told
            ax.set_title(with_year(word("labels", panel.label, language), year, language), loc="left")
        first, second = (scenario.title[language] for scenario in scenarios)
        method = word("labels", "exact" if comparison.permutations is None else "sampled", language)
        method = method.format(orders=comparison.permutations)
        source = source_line("comparison source", facts, language, first=first, second=second, method=method)
        title = f"{word('charts', 'contributions', language)} · {first} → {second}"
        finding = findings.contributions(largest, language)
        frame_figure(figure, title, finding, word("labels", "contribution bars", language), source, language)
        figure.draw_without_rendering()
        for ax in axes:
            _make_room(ax)
        return figure


def _change(change: float, steps: pd.DataFrame, panel: Panel, language: str) -> str:
    """A contribution with its sign and its unit, in as many digits as beside the bars."""
    written = signed(change, decimals(steps["change"].iloc[1:-1] / unit_size(panel.unit, language)))
    if unit_name(panel.unit, language) == unit_name("percent", language):
        return findings.say("points", language, change=written)
    return findings.say("amount", language, change=written, unit=unit_name(panel.unit, language))


def _steps(
    ax: Axes,
    steps: pd.DataFrame,
    panel: Panel,
    scenarios: Sequence[Scenario],
    variables: Mapping[str, Variable],
    language: str,
) -> None:
    size = unit_size(panel.unit, language)
    digits = decimals(steps["change"].iloc[1:-1] / size)
    names = [scenarios[0].title[language]]
    levers = steps.iloc[1:-1]
    for position, row in enumerate(levers.to_dict("records"), 1):
        start, end, change = (row[key] / size for key in ("start", "end", "change"))
        colour = BLUE if change >= 0 else VERMILION
        agreed = row["same_sign"] >= AGREED
        ax.barh(position, change, left=start, height=0.62, color=colour if agreed else "white", edgecolor=colour)
        low, high = (start + row[key] / size for key in ("p05", "p95"))
        ax.plot([low, high], [position, position], color="black", lw=0.9)
        ax.plot(start + row["alone"] / size, position, "D", ms=3.5, mfc="white", mec="black", mew=0.8, zorder=4)
        ax.plot([end, end], [position, position + 1], color=GREY, lw=0.6)
        if row["kind"] == "others":
            names.append(word("labels", "other levers", language).format(count=row["step"]))
        else:
            names.append(lever_title(row["step"], language, variables))
        _write_beside(ax, signed(change, digits), max(low, high, start, end), position)
    names.append(scenarios[1].title[language])
    for position in (0, len(steps) - 1):
        middle, low, high = (float(steps[key].iloc[position]) / size for key in ("end", "p05", "p95"))
        ax.plot([low, high], [position, position], color=GREY, lw=5, alpha=0.35, solid_capstyle="butt")
        ax.plot(middle, position, "o", color=GREY, ms=5)
        _write_beside(ax, f"{middle:,.{digits}f}", max(low, high), position)
    first = steps["end"].iloc[0] / size
    ax.plot([first, first], [0, 1], color=GREY, lw=0.6)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlabel(unit_name(panel.unit, language), loc="left")
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.margins(x=0.08)


def _write_beside(ax: Axes, number: str, x: float, y: float) -> None:
    ax.annotate(number, (x, y), (6, 0), textcoords="offset points", va="center", size=7)


def _make_room(ax: Axes) -> None:
    """Move the right end so far out that every number ends inside the axes, which have been laid out."""
    low, high = ax.get_xlim()
    width = ax.get_window_extent().width
    for text in ax.texts:
        start = float(text.xy[0])  # type: ignore[attr-defined]
        beside = Text.get_window_extent(text).x1 - ax.transData.transform((start, 0.0))[0] + GAP
        high = max(high, low + (start - low) * width / (width - beside))
    ax.set_xlim(low, high)
