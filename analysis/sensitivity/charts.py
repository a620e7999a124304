"""Charts of a sensitivity study: ranking, shares and leading inputs by year, convergence; in Chinese and in English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from analysis.charts.files import save_each
from analysis.charts.frame import head_and_foot, panel_grid
from analysis.charts.marks import draw_band
from analysis.charts.style import BLACK, BLUE, GREEN, GREY, LIGHT_GREY, ORANGE, PURPLE, SKY, VERMILION, chart_style
from analysis.outcome.target_words import shown_in, unit_of
from analysis.outcome.words import with_year
from analysis.sensitivity.study import DUMMY, RANKED_BY, Findings, leading, select
from analysis.sensitivity.words import input_title, say
from model.definition import Variable
from scenarios import Scenario, Target
from scenarios.factors import GROUPS

#: Targets and inputs that have room in a chart.
PANELS, BARS, LINES = 6, 10, 5
COLOURS: Final = {"structure": ORANGE, "parameters": BLUE, "policy": GREEN}
OF_INPUTS: Final = (BLUE, VERMILION, GREEN, PURPLE, SKY, BLACK)
#: Inches across of the whole chart, and down of what is not panels.
MARGINS: Final = (13, 1.2)
#: Letters of a title in one line, and of an input's name.
LONGEST_TITLE: Final = 56
WIDTH: Final = {"zh": 16, "en": 34}


def draw(
    findings: Findings,
    scenario: Scenario,
    facts: Mapping[str, str],
    variables: Mapping[str, Variable],
    folder: Path,
    stem: str,
) -> list[Path]:
    """Draw every chart in both languages, as ``STEM_NAME_LANGUAGE.png``."""
    files = []
    for name in CHARTS:
        files += save_each(partial(chart, findings, name, scenario, facts, variables), folder, f"{stem}_{name}", facts)
    return files


def chart(
    findings: Findings,
    name: str,
    scenario: Scenario,
    facts: Mapping[str, str],
    variables: Mapping[str, Variable],
    language: str,
) -> Figure:
    """Draw one of `CHARTS`; arguments as for `draw`."""
    with chart_style():
        figure, note = CHARTS[name](findings, variables, language)
        told = {**facts, "scenario": scenario.title, "inputs": say(facts["inputs"], language)}
        source = say("source", language, **told)
        divided = name != "by_year" or (findings.table["index"] == "share").any()
        title = say(f"{name if divided else 'leading'} title", language)
        reading = say(f"read {findings.question.method}", language)
        head_and_foot(figure, title, f"{note} {reading}", source)
        return figure


def _targets(findings: Findings) -> tuple[Target, ...]:
    return findings.question.targets[:PANELS]


def _ranking(findings: Findings, variables: Mapping[str, Variable], language: str) -> tuple[Figure, str]:
    targets, index = _targets(findings), RANKED_BY[findings.question.method]
    figure, axes = panel_grid(len(targets), 2, MARGINS, (0, 3.6))
    alone = findings.table[findings.table["index"] == "S1"]
    first = {(row["indicator"], row["year"], row["factor"]): row["value"] for row in alone.to_dict("records")}
    for ax, target in zip(axes, targets, strict=True):
        scale = shown_in(target, 1.0 / target.factor, language) if index == "mu_star" else 1.0
        rows = leading(findings, str(target.variable), float(target.year), BARS)
        for position, row in enumerate(rows.to_dict("records")):
            colour = COLOURS[row["group"]] if row["above_chance"] else LIGHT_GREY
            ax.barh(position, row["value"] * scale, height=0.62, color=colour, alpha=0.85)
            ax.plot([row["low"] * scale, row["high"] * scale], [position, position], color="black", lw=1.0)
            key = (row["indicator"], row["year"], row["factor"])
            if key in first:
                ax.plot(first[key], position, "D", ms=4, mfc="white", mec="black", zorder=4)
        names = [_name(findings, str(name), variables, language) for name in rows["factor"]]
        ax.set_yticks(range(len(names)), names)
        ax.invert_yaxis()
        every = select(findings, str(target.variable), float(target.year), index)
        for dummy in every.loc[every["factor"] == DUMMY.name, "value"]:
            ax.axvline(dummy, color=GREY, lw=1, ls=":")
        ax.set_title(_title(target, language), loc="left")
        ax.set_xlabel(_measure(target, index, language), loc="left")
        ax.xaxis.set_major_locator(MaxNLocator(6))
        ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
    handles: list[Patch | Line2D] = [Patch(color=COLOURS[group], label=say(group, language)) for group in GROUPS]
    if len(first):
        handles.append(Line2D([], [], marker="D", ls="", mfc="white", mec="black", ms=4, label=say("S1", language)))
    if (findings.table["factor"] == DUMMY.name).any():
        handles.append(Line2D([], [], color=GREY, ls=":", label=say("dummy", language)))
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))
    return figure, say("bars", language)


def _by_year(findings: Findings, variables: Mapping[str, Variable], language: str) -> tuple[Figure, str]:
    targets, index = _targets(findings), RANKED_BY[findings.question.method]
    unique = list({str(target.variable): target for target in targets}.values())
    divided = (findings.table["index"] == "share").any()
    figure, axes = panel_grid(len(unique) * (2 if divided else 1), 2, MARGINS, (0, 3.2))
    pairs = [axes[2 * k : 2 * k + 2] if divided else [axes[k]] for k in range(len(unique))]
    for target, own in zip(unique, pairs, strict=True):
        if divided:
            _shares(own[0], findings, target, language)
        rows = leading(findings, str(target.variable), float(target.year), LINES)
        _lines(own[-1], findings, findings.table, rows, "year", target, variables, language)
        own[-1].set_title(_headed(target.title[language], _measure(target, index, language)), loc="left")
        own[-1].set_xlabel(say("year", language), loc="left")
        own[-1].xaxis.set_major_locator(MaxNLocator(6, integer=True))
    notes = [say("areas", language)] if divided else []
    return figure, " ".join([*notes, say("bands", language)])


def _shares(ax: Axes, findings: Findings, target: Target, language: str) -> None:
    table = findings.table
    own = table[(table["indicator"] == target.variable) & (table["index"] == "share")]
    for group in (group for group in GROUPS if group in set(own["factor"])):
        line = own[own["factor"] == group].sort_values("year")
        years, ends = line["year"].to_numpy(dtype=float), (line["low"], line["high"])
        label = say(group, language)
        draw_band(ax, years, line["value"], ends, COLOURS[group], alpha=0.2, lw=1.8, label=label)
    for end in (0.0, 1.0):
        ax.axhline(end, color=GREY, lw=0.8, ls=":")
    ax.set_xlim(own["year"].min(), own["year"].max())
    ax.set_title(_headed(target.title[language], say("share", language)), loc="left")
    ax.set_xlabel(say("year", language), loc="left")
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _convergence(findings: Findings, variables: Mapping[str, Variable], language: str) -> tuple[Figure, str]:
    targets, index = _targets(findings), RANKED_BY[findings.question.method]
    figure, axes = panel_grid(len(targets), 2, MARGINS, (0, 3.2))
    for ax, target in zip(axes, targets, strict=True):
        rows = leading(findings, str(target.variable), float(target.year), LINES)
        _lines(ax, findings, findings.convergence, rows, "samples", target, variables, language)
        ax.set_xscale("log", base=2)
        sizes = sorted(findings.convergence["samples"].unique())
        ax.set_xticks(sizes, [f"{size:g}" for size in sizes])
        ax.set_title(_headed(_title(target, language), _measure(target, index, language)), loc="left")
        ax.set_xlabel(say("samples", language), loc="left")
    return figure, say("bands", language)


def _lines(
    ax: Axes,
    findings: Findings,
    table: pd.DataFrame,
    rows: pd.DataFrame,
    along: str,
    target: Target,
    variables: Mapping[str, Variable],
    language: str,
) -> None:
    index = RANKED_BY[findings.question.method]
    scale = shown_in(target, 1.0 / target.factor, language) if index == "mu_star" else 1.0
    own = table[(table["indicator"] == target.variable) & (table["index"] == index)]
    for colour, name in zip(OF_INPUTS, rows["factor"], strict=False):
        line = own[own["factor"] == name].sort_values(along)
        at, ends = line[along].to_numpy(dtype=float), (line["low"] * scale, line["high"] * scale)
        label = _name(findings, str(name), variables, language)
        draw_band(ax, at, line["value"] * scale, ends, colour, lw=1.5, marker="o", ms=3, label=label)
    if index != "mu_star":
        top = float(np.nanmax([own["high"].max(), 0.1])) if len(own) else 1.0
        ax.set_ylim(min(0.0, ax.get_ylim()[0]) if len(rows) else 0.0, min(top * 1.05, max(1.05, ax.get_ylim()[1])))
    if len(rows):
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)


def _name(findings: Findings, name: str, variables: Mapping[str, Variable], language: str) -> str:
    title = input_title(findings.inputs[name], findings.others, language, variables)
    return "\n".join(wrap(title, WIDTH[language], break_long_words=True))


def _measure(target: Target, index: str, language: str) -> str:
    unit = unit_of(target, language) if index == "mu_star" else ""
    return say("in unit", language, index=say(index, language), unit=unit) if unit else say(index, language)


def _headed(title: str, measure: str) -> str:
    return f"{title} · {measure}" if len(title) + len(measure) < LONGEST_TITLE else f"{title}\n{measure}"


def _title(target: Target, language: str) -> str:
    return with_year(target.title[language], target.year, language)


CHARTS: Final[Mapping[str, Callable[[Findings, Mapping[str, Variable], str], tuple[Figure, str]]]] = {
    "ranking": _ranking,
    "by_year": _by_year,
    "convergence": _convergence,
}
