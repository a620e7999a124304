"""Charts of who is left out: by group and district, and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from analysis.charts.files import save_each
from analysis.charts.frame import head_and_foot, source_line
from analysis.charts.marks import draw_band
from analysis.charts.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION, chart_style
from analysis.left_out.study import ALL
from analysis.left_out.words import service_name
from analysis.outcome.words import element_name, with_year, word
from scenarios import Scenario

#: Years whose cells are drawn.
YEARS: Final = (2025.0, 2035.0)
COLOURS: Final[Mapping[str, str]] = {
    "registered urban": BLUE,
    "rural at home": GREEN,
    "rural in town": ORANGE,
    "from province": VERMILION,
    "from other provinces": PURPLE,
}


def draw(table: pd.DataFrame, scenarios: Sequence[Scenario], facts: Mapping[str, str], folder: Path) -> list[Path]:
    """Draw ``left_out_cells_SCENARIO`` and ``left_out_time_SCENARIO`` in both languages."""
    files = []
    for scenario in scenarios:
        own = table[table["scenario"] == scenario.name]
        for name, chart in (("cells", cells), ("time", over_time)):
            files += save_each(partial(chart, own, scenario, facts), folder, f"left_out_{name}_{scenario.name}", facts)
    return files


def cells(own: pd.DataFrame, scenario: Scenario, facts: Mapping[str, str], language: str) -> Figure:
    """Draw the share that goes without as heat maps of group by district, one for each service and year."""
    services = list(dict.fromkeys(own["service"]))
    with chart_style():
        figure = Figure(figsize=(15, 1.6 + 1.75 * len(services)), layout="constrained")
        axes = figure.subplots(len(services), len(YEARS), squeeze=False)
        for row, service in zip(axes, services, strict=True):
            for ax, year in zip(row, YEARS, strict=True):
                now = own[(own["service"] == service) & (own["year"] == year)]
                shares = now.pivot(index="group", columns="district", values="unserved_share_median")
                shares = 100 * shares.loc[now["group"].unique(), now["district"].unique()]
                image = ax.imshow(shares.to_numpy(), cmap="Blues", vmin=0, vmax=100, aspect="auto")
                for (down, across), value in np.ndenumerate(shares.to_numpy()):
                    if pd.notna(value):
                        colour = "white" if value > 60 else BLACK
                        ax.text(across, down, f"{value:.0f}", ha="center", va="center", fontsize=7.5, color=colour)
                last = service == services[-1]
                names = [_name(name, "all districts", language) for name in shares.columns] if last else []
                ax.set_xticks(range(len(shares.columns)), names or [""] * len(shares.columns), rotation=35, ha="right")
                groups = [_name(name, "all groups", language) for name in shares.index] if year == YEARS[0] else []
                ax.set_yticks(range(len(shares)), groups or [""] * len(shares), fontsize=8)
                ax.grid(visible=False)
                ax.tick_params(length=0)
                ax.set_title(with_year(service_name(service, language), year, language), loc="left", fontsize=9)
        figure.colorbar(image, ax=axes, shrink=0.4, label=word("labels", "without", language))
        _frame(figure, "left_out_cells", "left out note", scenario, facts, language)
        return figure


def over_time(own: pd.DataFrame, scenario: Scenario, facts: Mapping[str, str], language: str) -> Figure:
    """Draw the share that goes without by group over time, and the shortfall of the city in places and movers."""
    services = list(dict.fromkeys(own["service"]))
    with chart_style():
        figure = Figure(figsize=(3.1 * len(services) + 0.5, 6.6), layout="constrained")
        axes = figure.subplots(2, len(services), sharex=True, squeeze=False)
        for (top, low), service in zip(axes.T, services, strict=True):
            rows = own[(own["service"] == service) & (own["district"] == ALL)]
            for group, colour in COLOURS.items():
                line = rows[rows["group"] == group]
                if len(line):
                    _band(top, line, "unserved_share", colour, 100.0, element_name(group, language))
            everyone = rows[rows["group"] == ALL]
            _band(top, everyone, "unserved_share", BLACK, 100.0, _name(ALL, "all groups", language))
            _band(low, everyone, "unserved", BLACK, 1e-4 if language == "zh" else 1e-3, None)
            top.set_title(service_name(service, language), loc="left", fontsize=9)
            for ax in (top, low):
                ax.set_ylim(bottom=0)
                ax.xaxis.set_major_locator(MultipleLocator(5))
        axes[0, 0].set_ylabel(word("labels", "without", language))
        axes[1, 0].set_ylabel(word("labels", "shortfall", language))
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
        _frame(figure, "left_out_time", "left out time note", scenario, facts, language)
        return figure


def _band(ax: Axes, rows: pd.DataFrame, measure: str, colour: str, size: float, label: str | None) -> None:
    low, middle, high = (size * rows[f"{measure}_{level}"].to_numpy() for level in ("p05", "median", "p95"))
    draw_band(ax, rows["year"].to_numpy(), middle, (low, high), colour, lw=1.8, label=label)


def _name(name: str, whole: str, language: str) -> str:
    return word("labels", whole, language) if name == ALL else element_name(name, language)


def _frame(figure: Figure, title: str, note: str, scenario: Scenario, facts: Mapping[str, str], language: str) -> None:
    head = f"{word('charts', title, language)} · {scenario.title[language]}"
    head_and_foot(figure, head, word("labels", note, language), source_line("reach source", facts, language))
