"""Charts of conditions: the box among the futures, and how it was peeled."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from analysis.charts.files import save_each
from analysis.charts.frame import head_and_foot, source_line, title_with_hash
from analysis.charts.style import BLACK, BLUE, ORANGE, VERMILION, chart_style
from analysis.charts.wrapping import wrapped
from analysis.conditions.discovery import Box, Condition
from analysis.conditions.study import Study
from analysis.conditions.words import sentence
from analysis.outcome.words import unit_size, word

GREY = "#9A9A9A"
#: Inputs in which a box is drawn.
SHOWN = 2


def draw(study: Study, folder: Path) -> list[Path]:
    """Draw a chart in each language for every target with a condition; return the files."""
    files = []
    for name, condition in study.conditions.items():
        if condition.status == "found":
            stem = f"{study.name}_{name.removeprefix('target.').replace('.', '_')}"
            describe = partial(sentence, study.targets[name], condition, study.inputs)
            files += save_each(partial(condition_chart, study, name), folder, stem, describe)
    return files


def condition_chart(study: Study, name: str, language: str) -> Figure:
    """Draw the box in its two strongest inputs, with the held-out futures, beside its peeling path."""
    condition, target = study.conditions[name], study.targets[name]
    box = condition.best
    assert box is not None
    with chart_style():
        figure = Figure(figsize=(11, 5.4), layout="constrained")
        cloud, path = figure.subplots(1, 2, width_ratios=(1.35, 1))
        _cloud(cloud, study, name, box, language)
        _path(path, condition, box, language)
        scenario = title_with_hash(study.scenario, language)
        footer = source_line("footer", study.facts, language, scenario=scenario)
        title = wrapped(sentence(target, condition, study.inputs, language), language)
        note = word("labels", "condition note", language)
        if len(box.limits) > SHOWN:
            note += word("labels", "more limits", language).format(count=len(box.limits) - SHOWN)
        head_and_foot(figure, title, note, footer)
        return figure


def _cloud(ax: Axes, study: Study, name: str, box: Box, language: str) -> None:
    condition = study.conditions[name]
    limited = [limit.input for limit in box.limits]
    shown = (limited + [other for other in condition.screened if other not in limited])[:SHOWN]
    if len(shown) < SHOWN:
        shown += [other for other in study.values.columns if other not in shown][:1]
    sizes = [unit_size(study.inputs[column].kind, language, "model units") for column in shown]
    across, up = (study.values[c].to_numpy() / size for c, size in zip(shown, sizes, strict=True))
    met = study.margin.sel(target=name).to_numpy() >= 0
    looks: dict[str, tuple[Any, dict[str, Any]]] = {
        "missed": (~met, {"color": ORANGE, "marker": "x", "s": 18, "lw": 0.9}),
        "met": (met, {"color": BLUE, "marker": "o", "s": 14, "lw": 0}),
    }
    for kind, (chosen, look) in looks.items():
        here = chosen & study.held_out
        ax.scatter(across[here], up[here], alpha=0.75, label=word("labels", kind, language), **look)
    ax.margins(0.03)
    _frame(ax, box, shown, sizes)
    for axis, column in ((ax.set_xlabel, shown[0]), (ax.set_ylabel, shown[1])):
        known = study.inputs[column]
        unit = word("model units", known.kind, language)
        axis(known.titles[language] + (f"（{unit}）" if language == "zh" else f" ({unit})") * bool(unit))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, fontsize=8, borderaxespad=0.2)


def _frame(ax: Axes, box: Box, shown: list[str], sizes: list[float]) -> None:
    """Draw the limits of the two inputs; an open side ends at the edge of the axes."""
    edges = np.array([ax.set_xlim(ax.get_xlim()), ax.set_ylim(ax.get_ylim())])
    low, high = edges.T
    ends = {limit.input: (limit.lower, limit.upper) for limit in box.limits}
    for axis, (column, size) in enumerate(zip(shown, sizes, strict=True)):
        lower, upper = ends.get(column, (-math.inf, math.inf))
        low[axis] = lower / size if math.isfinite(lower) else low[axis]
        high[axis] = upper / size if math.isfinite(upper) else high[axis]
    ax.add_patch(Rectangle((low[0], low[1]), *(high - low), fill=True, fc=BLUE, alpha=0.07, ec="none"))
    ax.add_patch(Rectangle((low[0], low[1]), *(high - low), fill=False, ec=BLACK, lw=1.6, clip_on=False))


def _path(ax: Axes, condition: Condition, box: Box, language: str) -> None:
    table = condition.trajectory
    assert table is not None
    ax.plot(100 * table["coverage"], 100 * table["density"], color=GREY, lw=1, zorder=1)
    image = ax.scatter(
        100 * table["coverage"], 100 * table["density"], c=table["inputs"], cmap="viridis", s=22, zorder=2
    )
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.7, label=word("labels", "inputs limited", language))
    bar.locator = MaxNLocator(integer=True)
    bar.update_ticks()
    held = box.held_out
    ax.plot(
        100 * held.coverage,
        100 * held.density,
        "*",
        ms=15,
        color=VERMILION,
        mec=BLACK,
        zorder=4,
        label=word("labels", "told box", language).format(method=box.method),
    )
    ax.axhline(100 * held.base, color=BLACK, lw=0.9, ls=":", label=word("labels", "base rate", language))
    ax.set_xlabel(word("labels", "coverage", language))
    ax.set_ylabel(word("labels", "density", language))
    ax.set_xlim(0, 104)
    ax.set_ylim(0, 104)
    ax.set_title(word("labels", "peeling", language), loc="left")
    ax.legend(loc="lower left", fontsize=8)
