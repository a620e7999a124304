"""Chart of a backcast: what each lever takes, how the search came to it, and what it does to the members."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.charts.files import save_each
from analysis.charts.frame import head_and_foot, source_line
from analysis.charts.style import BLACK, BLUE, LINE_COLOURS, REFERENCE_DASH, VERMILION, chart_style
from analysis.effort.backcast.study import Answer
from analysis.effort.backcast.tables import name_of
from analysis.effort.backcast.words import probability_words, value_words
from analysis.outcome.target_words import shown_in, unit_of
from analysis.outcome.words import LANGUAGES, with_year, word

#: Levers with a bar of their own.
BARS: Final = 14
#: The search that is drawn, by verdict.
DRAWN: Final = {"reachable": "least effort", "not reachable": "furthest"}


def draw(answer: Answer, facts: Mapping[str, str], folder: Path) -> list[Path]:
    """Draw the chart in both languages, as ``backcast_TARGET_LANGUAGE.png``; none of what is not plausible."""
    if answer.outside:
        # One from an earlier call would be taken for the answer to this one.
        for language in LANGUAGES:
            (folder / f"{name_of(answer.target)}_{language}.png").unlink(missing_ok=True)
        return []
    return save_each(lambda language: chart(answer, facts, language), folder, name_of(answer.target), facts)


def chart(answer: Answer, facts: Mapping[str, str], language: str) -> Figure:
    """Draw levers, search and members side by side."""
    with chart_style():
        rows = min(BARS, max(1, len(answer.levers)))
        figure = Figure(figsize=(15, 2.6 + max(2.6, 0.36 * rows)), layout="constrained")
        bars, search, members = figure.subplots(1, 3, width_ratios=(1.35, 1, 1))
        _bars(bars, answer, language)
        _search(search, answer, language)
        _members(members, answer, language)
        target = answer.target
        verdict = word("labels", f"backcast {answer.verdict}", language).format(
            probability=f"{100 * answer.probability:g}",
            effort=f"{answer.effort:.2f}",
            others=probability_words(answer, 1, searched=False),
        )
        source = source_line("footer", facts, language, scenario=name_of(target))
        note = word("labels", "backcast note", language).format(
            searched=answer.searched, others=answer.margins.shape[1] - answer.searched, ramp=f"{answer.ramp:g}"
        )
        head_and_foot(figure, f"{with_year(target.title[language], target.year, language)} · {verdict}", note, source)
        return figure


def _bars(ax: Axes, answer: Answer, language: str) -> None:
    table, every = answer.levers.head(BARS), len(answer.levers)
    title = word("labels", "effort by lever", language)
    if every > BARS:
        title += word("labels", "largest of", language).format(shown=BARS, every=every)
    ax.set_title(title, loc="left")
    ax.set_xlabel(word("labels", "effort", language))
    measures = {measure.name: measure for measure in answer.measures}
    names = []
    for position, (name, share, spent) in enumerate(
        zip(table["lever"], table["share"].tolist(), table["effort"].tolist(), strict=True)
    ):
        measure = measures[name]
        ax.barh(position, spent, color=BLUE if share > 0 else VERMILION, height=0.7)
        change = f"{value_words(measure, 0.0, language)} → {value_words(measure, share, language)}"
        ax.annotate(change, (spent, position), xytext=(4, 0), textcoords="offset points", va="center", fontsize=7)
        names.append(f"{measure.lever.title[language]} ({measure.start})")
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    # Room for the words right of the longest bar.
    ax.set_xlim(0, 1.9 * max([*table["effort"].tolist(), 0.1]))


def _search(ax: Axes, answer: Answer, language: str) -> None:
    name = DRAWN.get(answer.verdict, "one by one")
    column = "best_effort" if answer.verdict == "reachable" else "best_margin"
    ax.set_title(word("labels", "search", language), loc="left")
    ax.set_xlabel(word("labels", "trials", language))
    label = word("labels", "effort" if column == "best_effort" else "assured margin", language)
    if column == "best_margin":
        label = f"{label.format(p=f'{100 * answer.probability:g}')} ({unit_of(answer.target, language)})"
    ax.set_ylabel(label)
    size = shown_in(answer.target, 1.0, language) if column == "best_margin" else 1.0
    trace = answer.trace[(answer.trace["search"] == name) & (answer.trace["start"] > 0)]
    for (start, group), colour in zip(trace.groupby("start"), cycle(LINE_COLOURS), strict=False):
        text = word("labels", "search from", language).format(start=start)
        ax.plot(group["trial"], size * group[column], color=colour, lw=1.4, drawstyle="steps-post", label=text)
    if column == "best_effort":
        ax.axhline(answer.effort, color=BLACK, lw=0.9, ls=REFERENCE_DASH, label=word("labels", "answer", language))
    elif answer.verdict == "not reachable":
        ax.axhline(0, color=BLACK, lw=0.9, ls=REFERENCE_DASH, label=word("labels", "target", language))
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    if ax.get_legend_handles_labels()[0]:
        ax.legend(fontsize=7, loc="best", frameon=True, framealpha=0.85, edgecolor="none")


def _members(ax: Axes, answer: Answer, language: str) -> None:
    ax.set_title(word("labels", "share of members", language), loc="left")
    ax.set_xlabel(f"{word('labels', 'margin', language)} ({unit_of(answer.target, language)})")
    ax.set_ylabel("%")
    looks: list[tuple[int, str, dict[str, Any]]] = [
        (0, "without levers", {"color": BLACK, "lw": 1.4}),
        (1, "with levers", {"color": BLUE, "lw": 1.8}),
    ]
    for candidate, term, look in looks:
        for part, dash in ((slice(None, answer.searched), "-"), (slice(answer.searched, None), (0, (3, 1.5)))):
            margins = shown_in(answer.target, 1.0, language) * np.sort(answer.margins[candidate, part])
            # Share of members whose margin is at least so large.
            above = 100 * (1 - np.arange(len(margins)) / len(margins))
            text = word("labels", term, language) if dash == "-" else None
            ax.plot(margins, above, ls=dash, drawstyle="steps-pre", label=text, **look)
    ax.axvline(0, color=VERMILION, lw=1)
    ax.axhline(100 * answer.probability, color=VERMILION, lw=0.8, ls=(0, (1, 1.5)))
    ax.set_ylim(0, 102)
    ax.legend(fontsize=7, loc="best", frameon=True, framealpha=0.85, edgecolor="none")
