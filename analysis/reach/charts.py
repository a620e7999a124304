"""Charts of `analysis.reach.study`: when targets are reached, by what margin, and what holds districts back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, MultipleLocator, StrMethodFormatter

from analysis.charts import findings
from analysis.charts.files import save_each
from analysis.charts.frame import frame_figure, head_and_foot, panel_grid, source_line
from analysis.charts.material import gather
from analysis.charts.style import DASHES, GREY, Size, chart_style
from analysis.charts.wrapping import TITLE_INCHES, wrapped
from analysis.outcome.bottlenecks import BOTTLENECKS
from analysis.outcome.shares import share_in_percent
from analysis.outcome.target_words import asked_for, unit_of
from analysis.outcome.units import plan_size
from analysis.outcome.words import element_name, word
from analysis.reach.study import Reached
from analysis.reach.words import in_percent
from scenarios import Scenario, Target

#: Targets that fit into a chart.
MOST: Final = 9
COLUMNS: Final = 3
WIDE: Final = ("baseline", "plan")
#: Where a bottleneck binds in at least this share of members, a title counts the district.
BINDING: Final = 0.5
_MARGINS: Final = [f"margin_{level}" for level in ("p05", "p25", "median", "p75", "p95")]


def draw(reached: Reached, facts: Mapping[str, str], folder: Path) -> list[Path]:
    """Draw every chart in both languages: ``reach_curves``, ``reach_margins``, ``reach_bottlenecks_SCENARIO``."""
    made: dict[str, Callable[[str], Figure]] = {
        "reach_curves": partial(curves, reached, facts),
        "reach_margins": partial(margins, reached, facts),
    }
    for name in map(str, dict.fromkeys(reached.calendar["scenario"])):
        made[f"reach_bottlenecks_{name}"] = partial(bottlenecks, reached, name, facts)
    files = []
    for stem, figure in made.items():
        files += save_each(figure, folder, stem, facts)
    return files


def shown(reached: Reached) -> list[Target]:
    """Return the targets that are drawn: all, or the headline ones where there are many."""
    if len(reached.targets) <= MOST:
        return list(reached.targets)
    return [target for target in reached.targets if target.headline][:MOST]


def curves(reached: Reached, facts: Mapping[str, str], language: str) -> Figure:
    """Draw by when which share of members has reached each target."""
    targets, styles = shown(reached), looks(reached.scenarios)
    with chart_style():
        figure, axes = panel_grid(len(targets), min(COLUMNS, len(targets)), (0.8, 1.1), (4.6, 3.1))
        for ax, target in zip(axes, targets, strict=True):
            for scenario in reached.scenarios:
                table = reached.tables.curves
                own = table[(table["target"] == target.id) & (table["scenario"] == scenario.name)]
                # Half a year more, so that the step of the last year can be seen.
                own, look = pd.concat([own, own.tail(1).assign(year=own["year"].max() + 0.5)]), styles[scenario.name]
                years = own["year"].to_numpy()
                share, low, high = (100 * (1 - own[name].to_numpy()) for name in ("not_yet", "high", "low"))
                if scenario.name in WIDE:
                    ax.fill_between(years, low, high, step="post", color=look["color"], alpha=0.15, lw=0)
                width = 2.2 if scenario.name in WIDE else 1.2
                ax.step(years, share, where="post", color=look["color"], ls=look["linestyle"], lw=width)
            ax.axvline(target.year, color=GREY, lw=1, ls=":")
            ax.set_title(_title(target, language, 0.5), loc="left", fontsize=9)
            ax.set_ylim(-3, 103)
            ax.xaxis.set_major_locator(MultipleLocator(5))
            ax.set_ylabel(word("labels", "reached share", language))
        handles = [
            Line2D([], [], lw=2.2 if scenario.name in WIDE else 1.2, **dict(styles[scenario.name]))
            for scenario in reached.scenarios
        ]
        names = [scenario.title[language] for scenario in reached.scenarios]
        figure.legend(handles, names, loc="outside right upper", fontsize=8)
        _frame(figure, "reach_curves", "curve note", facts, language)
        return figure


def margins(reached: Reached, facts: Mapping[str, str], language: str) -> Figure:
    """Draw the margin of each target by scenario as dots with bars, and write the probability beside it."""
    targets, styles = shown(reached), looks(reached.scenarios)
    names = [scenario.title[language] for scenario in reached.scenarios]
    with chart_style():
        height = 1.1 + 0.27 * len(names)
        figure, axes = panel_grid(len(targets), min(COLUMNS, len(targets)), (0.8, 1.1), (5.6, height))
        for ax, target in zip(axes, targets, strict=True):
            rows = reached.tables.summary[reached.tables.summary["target"] == target.id].set_index("scenario")
            for position, scenario in enumerate(reached.scenarios):
                row: Any = rows.loc[scenario.name, _MARGINS] / plan_size(target.unit, language)
                of_members: Any = rows.loc[scenario.name]
                colour = styles[scenario.name]["color"]
                for low, high, width in (("margin_p05", "margin_p95", 1.0), ("margin_p25", "margin_p75", 3.5)):
                    ax.plot([row[low], row[high]], [position, position], color=colour, lw=width, solid_capstyle="butt")
                ax.plot(row["margin_median"], position, "o", color="white", mec=colour, ms=5, zorder=4)
                odds = share_in_percent(of_members["reached"], of_members["members"])
                if pd.notna(straying := of_members["probability_with_discrepancy"]):
                    both = in_percent(straying, of_members["probability_with_discrepancy_se"])
                    odds += f" ({both})"
                ax.annotate(odds, (1.02, position), xycoords=("axes fraction", "data"), va="center", fontsize=7.5)
            ax.axvline(0, color=GREY, lw=1)
            ax.set_yticks(range(len(names)), names)
            ax.invert_yaxis()
            ax.xaxis.set_major_locator(MaxNLocator(5))
            if max(map(abs, ax.get_xlim())) >= 1000:
                ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            ax.set_title(_title(target, language, 0.6), loc="left", fontsize=9)
            ax.set_xlabel(unit_of(target, language), loc="left")
        _frame(figure, "reach_margins", "margin note", facts, language)
        return figure


def bottlenecks(
    reached: Reached, scenario: str, facts: Mapping[str, str], language: str, canvas: Size | None = None
) -> Figure:
    """Draw in what share of members each bottleneck binds, by district and year."""
    own = reached.calendar[reached.calendar["scenario"] == scenario]
    title = next(one.title[language] for one in reached.scenarios if one.name == scenario)
    with chart_style():
        figure = Figure(figsize=canvas or (15, 8.2), layout="constrained")
        axes = figure.subplots(2, 4, sharex=True, sharey=True).flat
        for ax, bottleneck in zip(axes, BOTTLENECKS, strict=True):
            rows = own[own["bottleneck"] == bottleneck.id]
            cells = rows.pivot(index="district", columns="year", values="probability").loc[rows["district"].unique()]
            image = _heat_map(ax, 100 * cells.to_numpy(), cells.columns.to_numpy())
            ax.set_yticks(range(len(cells)), [element_name(str(name), language) for name in cells.index])
            named = bottleneck.title[language]
            # On a smaller canvas a long name would run into the one beside it.
            ax.set_title(
                wrapped(named, language, 0.24 * canvas[0] / TITLE_INCHES) if canvas else named, loc="left", fontsize=9
            )
        figure.colorbar(image, ax=figure.axes, shrink=0.5, label=word("labels", "binds", language))
        last = own[own["year"] == own["year"].max()]
        felt = last[last["probability"] >= BINDING].groupby("bottleneck").size()
        binding = {one.title[language]: int(felt.get(one.id, 0)) for one in BOTTLENECKS}
        finding = findings.bottlenecks(binding, str(int(own["year"].max())), language)
        head = f"{word('charts', 'bottlenecks', language)} · {title}"
        note, source = word("labels", "bottleneck note", language), source_line("reach source", facts, language)
        frame_figure(figure, head, finding, note, source, language, 0.9)
        return figure


def _heat_map(ax: Axes, values: npt.NDArray[np.float64], years: npt.NDArray[np.float64]) -> AxesImage:
    """Fill axes with shares in percent, one row each, over years."""
    half = 0.5
    ends = (years[0] - half, years[-1] + half, len(values) - half, -half)
    image = ax.imshow(values, cmap="Blues", vmin=0.0, vmax=100.0, aspect="auto", extent=ends, interpolation="none")
    ax.xaxis.set_major_locator(MultipleLocator(5))
    ax.grid(visible=False)
    ax.tick_params(length=0)
    return image


def looks(scenarios: Sequence[Scenario]) -> Mapping[str, Mapping[str, Any]]:
    """Return colours and dashes as in every chart; where two scenarios would look alike, the later one is dashed.

    Elsewhere the scenarios that change the plan are drawn apart from those that change the baseline.

    Examples
    --------
    >>> from scenarios import load_scenarios
    >>> looks(load_scenarios(["weak_inflow"]))["weak_inflow"]["linestyle"]
    '-'
    """
    usual = gather({scenario.name: scenario for scenario in scenarios}, {}, [], {}).styles
    chosen: dict[str, Mapping[str, Any]] = {}
    for scenario in scenarios:
        look = usual[scenario.name]
        free = [dash for dash in DASHES if {**look, "linestyle": dash} not in chosen.values()]
        chosen[scenario.name] = {**look, "linestyle": free[0]} if look in chosen.values() and free else look
    return chosen


def _title(target: Target, language: str, width: float) -> str:
    return f"{wrapped(target.title[language], language, width)}\n{asked_for(target, language)}"


def _frame(figure: Figure, title: str, note: str, facts: Mapping[str, str], language: str) -> None:
    source = source_line("reach source", facts, language)
    head_and_foot(figure, word("charts", title, language), word("labels", note, language), source)
