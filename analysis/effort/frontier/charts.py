"""Charts of the frontiers: effort against probability, and the urbanization rates against the budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import BboxBase

from analysis.charts.files import save
from analysis.charts.frame import head_and_foot, source_line
from analysis.charts.labels import Side
from analysis.charts.style import BLACK, BLUE, ORANGE, VERMILION, YELLOW, chart_style
from analysis.charts.wrapping import wrapped
from analysis.effort.frontier.study import Frontier
from analysis.effort.frontier.tables import name_of
from analysis.effort.frontier.tradeoffs import ROBUST, Tradeoffs
from analysis.effort.frontier.words import point_name, tradeoff_sentence, tradeoff_sentences
from analysis.outcome.words import LANGUAGES, with_year, word

RATES: Final = ("resident_rate", "registered_rate")
#: The columns that are drawn are those over the members not searched with.
GAP: Final = "fiscal_gap_ratio_of_others"


def draw(frontier: Frontier, fronts: Tradeoffs, facts: Mapping[str, str], folder: Path) -> list[Path]:
    """Draw ``frontier_TARGET_LANGUAGE.png`` and ``frontier_tradeoffs_LANGUAGE.png`` in both languages."""
    files = []
    for language in LANGUAGES:
        charts = {name_of(frontier.target): effort_chart(frontier, facts, language)}
        charts["frontier_tradeoffs"] = tradeoff_chart(fronts, facts, language)
        for name, figure in charts.items():
            path = folder / f"{name}_{language}.png"
            save(figure, path, repr(sorted(facts.items())))
            files.append(path)
    return files


def effort_chart(frontier: Frontier, facts: Mapping[str, str], language: str) -> Figure:
    """Draw effort against the probability in the members not searched with, and against that asked for."""
    with chart_style():
        figure = Figure(figsize=(11, 5.5), layout="constrained")
        ax = figure.subplots()
        # What is not plausible is no answer, and so no point.
        shown = frontier.table[frontier.table["outside"] == ""]
        reached = shown[shown["reachable"]]
        missed = shown[~shown["reachable"]].drop_duplicates("effort")
        spent = reached["effort"]
        ax.errorbar(
            100 * shown["probability_of_others"],
            shown["effort"],
            xerr=196 * shown["probability_of_others_se"],
            fmt="-o",
            color=BLUE,
            ms=4,
            lw=1.8,
            label=word("labels", "found in the others", language),
        )
        label = word("labels", "asked of the searched", language)
        ax.plot(100 * reached["probability_asked_for"], spent, "--s", color=ORANGE, ms=3, lw=1, label=label)
        if len(missed):
            text = word("labels", "not reachable", language)
            at_others = 100 * missed["probability_of_others"]
            ax.plot(at_others, missed["effort"], "x", color=VERMILION, ms=9, mew=2, label=text)
        for row in reached[reached["knee"]].to_dict("records"):
            at = (100 * row["probability_of_others"], row["effort"])
            ax.plot(*at, "*", color=YELLOW, mec=BLACK, ms=15, zorder=5)
            text = f"{word('labels', 'knee', language)}: {at[0]:.0f} %, {at[1]:.2f}"
            ax.annotate(text, at, xytext=(-10, 12), textcoords="offset points", ha="right", va="bottom")
        ax.set_xlim(-3, 103)
        ax.set_ylim(bottom=min(0.0, -0.03 * float(shown["effort"].max() if len(shown) else 0.0)))
        ax.set_xlabel(word("labels", "probability", language))
        ax.set_ylabel(word("labels", "effort", language))
        drawn = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
        # The members that judge come first; error bars are listed last by default.
        first = word("labels", "found in the others", language)
        labels = [first, *(label for label in drawn if label != first)]
        ax.legend([drawn[label] for label in labels], labels, loc="upper left", fontsize=8)
        goal = with_year(frontier.target.title[language], frontier.target.year, language)
        title = f"{word('charts', 'frontier', language)} · {goal}"
        note = word("labels", "frontier note", language).format(searched=frontier.searched, others=frontier.others)
        head_and_foot(
            figure,
            title,
            note,
            source_line("footer", facts, language, scenario=word("labels", "levers moved", language)),
        )
        return figure


def tradeoff_chart(fronts: Tradeoffs, facts: Mapping[str, str], language: str) -> Figure:
    """Draw each rate against the fiscal gap, one panel for each rate and year."""
    years = fronts.years
    with chart_style():
        figure = Figure(figsize=(13, 1.4 + 4 * len(years)), layout="constrained")
        axes = figure.subplots(len(years), len(RATES), squeeze=False)
        colours = None
        for row, year in zip(axes, years, strict=True):
            for ax, column in zip(row, RATES, strict=True):
                if year in fronts.years_with_tradeoff:
                    colours = _tradeoff_panel(ax, fronts, year, column, language)
                    continue
                ax.set_axis_off()
                text = wrapped(tradeoff_sentence(fronts, year, language), language, 0.7)
                ax.text(0, 0.5, text, va="center", fontsize=9)
        if colours is not None:
            figure.colorbar(colours, ax=axes.ravel().tolist(), shrink=0.5, label=word("labels", "effort", language))
        note = word("labels", "tradeoff note", language).format(
            share=f"{100 * ROBUST:g}", searched=fronts.searched, others=fronts.others
        )
        text = wrapped((" " if language == "en" else "").join(tradeoff_sentences(fronts, language)), language, 1.9)
        head_and_foot(
            figure,
            word("charts", "tradeoffs", language),
            text,
            note,
            source_line("footer", facts, language, scenario=word("labels", "levers moved", language)),
        )
        figure.draw_without_rendering()
        for row, year in zip(axes, years, strict=True):
            if year not in fronts.years_with_tradeoff:
                continue
            table = fronts.table[fronts.table["year"] == year]
            marked = table[(table["name"] == "baseline") | table["knee"]]
            for ax, column in zip(row, RATES, strict=True):
                points = table[[GAP, f"{column}_of_others"]].to_numpy(dtype=float)
                named = [
                    (point_name(name, language), (float(gap), float(rate)))
                    for name, gap, rate in zip(marked["name"], marked[GAP], marked[f"{column}_of_others"], strict=True)
                ]
                name_points(ax, points, named)
        return figure


def _tradeoff_panel(ax: Axes, fronts: Tradeoffs, year: int, column: str, language: str) -> Any:
    table = fronts.table[fronts.table["year"] == year]
    front, rate = table[table["name"] != "baseline"], f"{column}_of_others"
    highest = float(fronts.table["effort"].max()) or 1.0
    colours = ax.scatter(front[GAP], front[rate], c=front["effort"], cmap="viridis_r", s=28, vmin=0, vmax=highest)
    for row in table[table["name"] == "baseline"].to_dict("records"):
        ax.plot(row[GAP], row[rate], "D", color="white", mec=BLACK, ms=13, zorder=4)
    for row in front[front["knee"]].to_dict("records"):
        ax.plot(row[GAP], row[rate], "*", color=YELLOW, mec=BLACK, ms=14, zorder=5)
    ax.set_title(with_year(word("labels", column.replace("_", " "), language), year, language), loc="left")
    ax.set_xlabel(f"{word('labels', 'fiscal gap ratio', language)} (%)")
    ax.set_ylabel("%")
    ax.margins(0.16, 0.2)
    return colours


def name_points(ax: Axes, points: npt.NDArray[np.float64], named: Sequence[tuple[str, tuple[float, float]]]) -> None:
    """Write names beside their points where they cover no point and no other name; the figure has been laid out."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    # A dot's half width, so that a name keeps clear of its edge too.
    edge = 6 / 72 * figure.dpi
    dots = np.asarray(ax.transData.transform(points))
    inside, taken = ax.get_window_extent(), list[BboxBase]()
    for name, at in named:
        label = ax.annotate(
            name,
            at,
            xytext=(0, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            arrowprops={"arrowstyle": "-", "lw": 0.5, "color": BLACK, "shrinkA": 0, "shrinkB": 8},
            zorder=6,
        )
        options: list[tuple[int, int, int, Side, int]] = []
        for distance in (16, 26, 38, 52, 68):
            sides: tuple[tuple[Side, int], ...] = (("center", 0), ("left", distance), ("right", -distance))
            for side, across in sides:
                for up in (distance, -distance, *([0] if across else [])):
                    label.set_position((across, up))
                    label.set_horizontalalignment(side)
                    # The words alone, without the line that ties them to their point.
                    label.get_window_extent()
                    box = Text.get_window_extent(label)
                    hits = int(box.padded(edge).count_contains(dots))
                    hits += sum(bool(box.padded(4).overlaps(other)) for other in taken)
                    out = inside.x0 > box.x0 or inside.x1 < box.x1 or inside.y0 > box.y0 or inside.y1 < box.y1
                    options.append((hits + 1000 * out, distance, across, side, up))
        _, _, across, side, up = min(options, key=lambda option: option[:2])
        label.set_position((across, up))
        label.set_horizontalalignment(side)
        label.get_window_extent()
        taken.append(Text.get_window_extent(label))
