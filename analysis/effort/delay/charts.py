"""Charts of the cost of delay: the probability of each target against the year in which levers start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.charts.files import save_each
from analysis.charts.frame import head_and_foot, panel_grid, source_line, title_with_hash
from analysis.charts.marks import draw_band
from analysis.charts.style import (
    BLACK,
    BLUE,
    DASHES,
    GREEN,
    LIGHT_GREY,
    ORANGE,
    PURPLE,
    REFERENCE_DASH,
    SKY,
    VERMILION,
    chart_style,
)
from analysis.effort.delay.study import ALL, Delays
from analysis.effort.delay.words import NAMED, lever_words
from analysis.outcome.words import with_year, word
from scenarios import Target, load_levers

#: Levers that are named in some panel take these in turn, then again with other marks and dashes; the rest are grey.
LINES: Final = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
MARKS: Final = "osD^vP"
COLUMNS: Final = 3


def draw(delays: Delays, facts: Mapping[str, str], folder: Path) -> list[Path]:
    """Draw the chart in both languages, as ``delay_SCENARIO_LANGUAGE.png``."""
    stem = f"delay_{delays.scenario.name}"
    return save_each(lambda language: chart(delays, facts, language), folder, stem, facts)


def chart(delays: Delays, facts: Mapping[str, str], language: str) -> Figure:
    """Draw one panel for each target: all levers delayed together, and each alone."""
    count, looks = len(delays.targets), lever_looks(delays)
    with chart_style():
        figure, axes = panel_grid(count, min(COLUMNS, count), (3, 1.3), (4.4, 3.3))
        for ax, target in zip(axes, delays.targets, strict=True):
            _panel(ax, delays, target, looks, language)
        # One legend for all panels, outside them, so that it lies over no line.
        shown = {
            str(label): handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
        }
        levers = load_levers()
        order = [lever_words(name, language, levers) for name in (ALL, *looks)]
        order += [word("labels", "other single levers", language)]
        labels = [label for label in order if label in shown]
        figure.legend([shown[label] for label in labels], labels, loc="outside right upper", fontsize=9)
        title = f"{word('charts', 'delay', language)} · {delays.scenario.title[language]}"
        source = source_line("footer", facts, language, scenario=title_with_hash(delays.scenario, language))
        wanted = 100 * float(delays.last["wanted"].iloc[0])
        head_and_foot(figure, title, word("labels", "delay lines", language).format(wanted=f"{wanted:g}"), source)
        return figure


def lever_looks(delays: Delays) -> dict[str, Mapping[str, Any]]:
    """Return how the line of each lever that is named anywhere looks: the same in all panels, no two alike."""
    single = delays.last[delays.last["lever"] != ALL]
    loss = (single["probability_at_once"] - single["probability_without"]).abs().groupby(single["lever"]).max()
    named = loss[loss >= NAMED].sort_values(ascending=False, kind="stable").index
    looks: dict[str, Mapping[str, Any]] = {}
    for position, name in enumerate(named):
        turn = position // len(LINES)
        looks[str(name)] = {
            "color": LINES[position % len(LINES)],
            "marker": MARKS[(position + turn) % len(MARKS)],
            "ls": DASHES[turn % len(DASHES)],
        }
    return looks


def _panel(ax: Axes, delays: Delays, target: Target, looks: Mapping[str, Mapping[str, Any]], language: str) -> None:
    levers = load_levers()
    table = delays.table[(delays.table["target"] == target.id) & delays.table["delay"].notna()]
    last = delays.last[delays.last["target"] == target.id].set_index("lever")
    loss = (last["probability_at_once"] - last["probability_without"]).drop(index=ALL).abs()
    named = set(loss[loss >= NAMED].index)
    for name, group in table.groupby("lever", sort=False):
        line = group.sort_values("delay")
        years, percent = line["start"].to_numpy(dtype=float), 100 * line["probability"].to_numpy(dtype=float)
        if name == ALL:
            low, high = (100 * line[f"probability_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
            label = lever_words(ALL, language, levers)
            draw_band(ax, years, percent, (low, high), BLACK, alpha=0.12, lw=3.2, label=label, zorder=4)
        elif name in named:
            label = lever_words(str(name), language, levers)
            ax.plot(years, percent, label=label, lw=1.4, ms=4, zorder=5, **looks[str(name)])
        else:
            label = word("labels", "other single levers", language)
            ax.plot(years, percent, label=label, zorder=2, color=LIGHT_GREY, lw=0.9)
    ax.axhline(100 * float(last["wanted"].iloc[0]), color=BLACK, lw=0.8, ls=REFERENCE_DASH)
    title = with_year(target.title[language], target.year, language)
    ax.set_title(_fold_once(title, 38 if language == "en" else 24), loc="left", fontsize=9)
    ax.set_ylabel(word("labels", "probability", language))
    ax.set_xlabel(word("labels", "start year", language))
    ax.set_ylim(-3, 103)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _fold_once(text: str, width: int) -> str:
    """Break a long title once, at a blank if there is one near the middle."""
    if len(text) <= width:
        return text
    blanks = [index for index, letter in enumerate(text) if letter == " "]
    middle = int(min(blanks, key=lambda index: abs(index - len(text) / 2))) if blanks else int(np.ceil(len(text) / 2))
    return text[:middle].rstrip() + "\n" + text[middle:].lstrip()
