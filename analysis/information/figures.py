"""The chart of what information is worth: by statistic, and by the weight of effort."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.figures import BLACK, BLUE, LANGUAGES, VERMILION, chart_style, head_and_foot, save, word
from analysis.information.study import Study
from analysis.information.words import sentences, utility_said
from analysis.wrapping import wrapped

GREY, LIGHT = "#9A9A9A", "#F2F2F2"
#: Ends of a 90 % interval in standard errors.
NINETY = 1.645


def draw(study: Study, folder: Path) -> list[Path]:
    """Draw the chart in each language; return the files.

    Examples
    --------
    >>> draw(study, Path("outputs/figures"))  # doctest: +SKIP
    """
    written = []
    for language in LANGUAGES:
        path = folder / f"information_{language}.png"
        save(information_chart(study, language), path, " ".join(sentences(study, language)))
        written.append(path)
    return written


def information_chart(study: Study, language: str) -> Figure:
    """Draw the worth of each statistic beside that of everything, and EVPI and the choice by weight of effort.

    Examples
    --------
    >>> information_chart(study, "zh")  # doctest: +SKIP
    """
    with chart_style():
        figure = Figure(figsize=(11, 5.6), layout="constrained")
        bars, weights = figure.subplots(1, 2, width_ratios=(1.15, 1))
        _bars(bars, study, language)
        _weights(weights, study, language)
        footer = word("labels", "footer", language).format(
            model=study.facts["model_file"],
            hash=study.facts["model_hash"],
            scenario=word("labels", "all scenarios", language),
            basis=word("labels", "ensemble", language).format(members=study.facts["members"], seed=study.facts["seed"]),
        )
        head_and_foot(
            figure,
            word("charts", "information", language),
            wrapped(utility_said(study, language), language, 1.6),
            word("labels", "information note", language),
            footer,
        )
        return figure


def _bars(ax: Axes, study: Study, language: str) -> None:
    order = sorted(study.found.partial, key=lambda name: study.found.partial[name].estimate)
    worths = [*(study.found.partial[name] for name in order), study.found.perfect]
    names = [*(study.statistics[name].title[language] for name in order), word("labels", "everything", language)]
    places = np.arange(len(worths))
    colours = [BLUE if worth.told_apart else GREY for worth in worths[:-1]] + [BLACK]
    ax.barh(places, [worth.value for worth in worths], color=colours, height=0.6)
    for place, worth in zip(places, worths, strict=True):
        # A worth is never below nil, though its error is told about the estimate.
        ends = np.clip(worth.estimate + np.array([-NINETY, NINETY]) * worth.error, 0, None)
        ax.plot(ends, [place, place], color=VERMILION, lw=1.6, solid_capstyle="butt")
    ax.set_yticks(places, [wrapped(name, language, 0.27) for name in names])
    ax.grid(visible=False, axis="y")
    ax.set_xlim(left=0, right=None if any(worth.value > 0 for worth in worths) else 1)
    ax.set_xlabel(word("labels", f"gain in {study.kind}", language))
    ax.set_title(word("labels", "worth by statistic", language), loc="left")


def _weights(ax: Axes, study: Study, language: str) -> None:
    at = [one.weight for one in study.sweep]
    gains = [one.perfect for one in study.sweep]
    ax.plot(at, gains, color=BLACK, lw=1.8)
    top = max(gains) or 1.0
    ax.set_ylim(0, top * 1.55)
    ax.set_xlim(at[0], at[-1])
    first = 0
    runs = []
    for place in range(1, len(at) + 1):
        if place == len(at) or study.sweep[place].chosen != study.sweep[first].chosen:
            runs.append((first, place - 1))
            first = place
    half = (at[1] - at[0]) / 2
    for number, (start, end) in enumerate(runs):
        left, right = max(at[start] - half, at[0]), min(at[end] + half, at[-1])
        ax.axvspan(left, right, color=LIGHT if number % 2 else "white", lw=0, zorder=0)
        title = study.scenarios[study.sweep[start].chosen].title[language]
        wide = (right - left) / (at[-1] - at[0])
        if wide > 0.04:
            ax.text(
                (left + right) / 2,
                top * 1.5,
                title,
                rotation=0 if wide > 0.35 else 90,
                ha="center",
                va="top",
                fontsize=8,
            )
    if at[0] <= study.weight <= at[-1]:
        ax.axvline(study.weight, color=VERMILION, lw=1.2, ls="--", label=word("labels", "weight used", language))
        ax.legend(loc="lower right", fontsize=8)
    ax.yaxis.set_major_locator(MaxNLocator(6))
    ax.set_xlabel(word("labels", f"weight in {study.kind}", language))
    ax.set_ylabel(word("labels", f"gain in {study.kind}", language))
    ax.set_title(word("labels", "worth by weight", language), loc="left")
