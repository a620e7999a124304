"""The chart of expected utility, and of what information is worth, as functions of the weight of effort."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.charts.files import save_each
from analysis.charts.frame import head_and_foot, source_line
from analysis.charts.marks import draw_band
from analysis.charts.style import BLACK, DASHES, LINE_COLOURS, REFERENCE_DASH, chart_style
from analysis.charts.wrapping import wrapped
from analysis.information.study import Study
from analysis.information.words import (
    basis_words,
    choice_sentences,
    distinguishable_ranges,
    utility_words,
    worth_sentences,
)
from analysis.outcome.words import word

GREY, LIGHT = "#B0B0B0", "#E4E4E4"
#: Ends of a 90 % interval in standard errors.
NINETY: Final = 1.645


def draw(study: Study, folder: Path) -> list[Path]:
    """Draw the chart in each language; return the files."""

    def describe(language: str) -> str:
        return " ".join(
            [*choice_sentences(study, language), basis_words(study, language), *worth_sentences(study, language)]
        )

    return save_each(partial(information_chart, study), folder, "information", describe)


def information_chart(study: Study, language: str) -> Figure:
    """Draw expected utilities by weight of effort beside what information is worth."""
    with chart_style():
        figure = Figure(figsize=(13, 6.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        _utilities(left, study, language)
        _worths(right, study, language)
        for ax in (left, right):
            ax.set_xlim(0, study.worth.weights[-1])
            ax.set_xlabel(word("labels", f"weight in {study.kind}", language))
            ax.yaxis.set_major_locator(MaxNLocator(6))
        scenario = word("labels", "all scenarios", language)
        footer = source_line("footer", study.facts, language, scenario=scenario)
        head_and_foot(
            figure,
            word("charts", "information", language),
            wrapped(utility_words(study, language), language, 1.9),
            wrapped(f"{word('labels', 'information note', language)} {basis_words(study, language)}", language, 1.9),
            footer,
        )
        return figure


def _utilities(ax: Axes, study: Study, language: str) -> None:
    """Every option a straight line, above that of least effort; the highest one drawn broad."""
    efforts, gains = np.array(list(study.efforts.values())), study.choice.expected
    weights = np.array(study.worth.weights)
    usual = int(np.lexsort((-gains, efforts))[0])
    lines = (gains - gains[usual])[:, None] - np.outer(efforts - efforts[usual], weights)
    for flip in study.choice.flips:
        ax.axvspan(flip.low, flip.high, color=LIGHT, lw=0, zorder=0)
        ax.axvline(flip.weight, color=BLACK, lw=0.9, ls=REFERENCE_DASH, zorder=1)
    turn = 0
    for option, line in enumerate(lines):
        if study.choice.leads(option) is None and not study.choice.ties[option]:
            ax.plot(weights, line, color=GREY, lw=0.9, zorder=1)
            continue
        colour, dash = LINE_COLOURS[turn % len(LINE_COLOURS)], DASHES[turn // len(LINE_COLOURS) % len(DASHES)]
        ax.plot(weights, line, color=colour, ls=dash, lw=1.7, label=study.title(option, language), zorder=3)
        turn += 1
    top = lines.max(axis=0)
    ax.plot(weights, top, color=BLACK, lw=5, alpha=0.25, zorder=2, label=word("labels", "highest", language))
    # Options far below the highest would flatten what is to be compared.
    height = float(np.ptp(top)) or float(top.max()) or 1.0
    ax.set_ylim(float(top.min()) - 1.2 * height, float(top.max()) + 0.15 * height)
    ax.legend(loc="lower left", fontsize=8, frameon=True, framealpha=0.9, edgecolor="none")
    title = study.title(usual, language)
    ax.set_ylabel(word("labels", f"utility above in {study.kind}", language).format(title=title))
    ax.set_title(word("labels", "utility by weight", language), loc="left")


def _worths(ax: Axes, study: Study, language: str) -> None:
    weights, perfect = np.array(study.worth.weights), study.worth.perfect
    middle = np.array([worth.value for worth in perfect])
    spread = NINETY * np.array([worth.error for worth in perfect])
    ends, label = (np.clip(middle - spread, 0, None), middle + spread), word("labels", "everything", language)
    draw_band(ax, weights, middle, ends, BLACK, alpha=0.12, lw=2, label=label)
    turn, silent = 0, word("labels", "not told apart", language)
    for name, worths in study.worth.partial.items():
        values = [worth.value for worth in worths]
        if distinguishable_ranges(study.worth.weights, worths):
            label = study.statistics[name].title[language]
            ax.plot(weights, values, color=LINE_COLOURS[turn % len(LINE_COLOURS)], lw=1.6, label=label, zorder=3)
            turn += 1
        else:
            ax.plot(weights, values, color=GREY, lw=0.9, label=silent)
            silent = "_"
    ax.set_ylim(bottom=0, top=None if middle.any() else 1)
    ax.set_ylabel(word("labels", f"gain in {study.kind}", language))
    ax.set_title(word("labels", "worth by weight", language), loc="left")
    ax.legend(loc="best", fontsize=8, frameon=True, framealpha=0.9, edgecolor="none")
