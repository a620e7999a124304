"""The findings of a sensitivity study in plain words, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.figures import LANGUAGES, TermError, element_name, terms, word
from analysis.reach.probability import whole_percent
from analysis.reach.words import unit_of
from analysis.sensitivity.study import DUMMY, OTHERS, RANKED_BY, Findings, leading
from model.definition import Variable
from scenarios import Scenario, Target, load_levers
from scenarios.factors import GROUPS, Input

#: Inputs in a table, and in a sentence.
ROWS: Final = 8
NAMED: Final = 3
#: Where a target is reached, or missed, at fewer points than this, an index rests on single points, intervals included.
FEW: Final = 10


def input_title(item: Input, others: Mapping[str, int], language: str, variables: Mapping[str, Variable]) -> str:
    """Return what an input, a group or the rest of a group is called.

    Examples
    --------
    >>> input_title(Input("policy", "policy", "policy"), {}, "en", {})
    'policy'
    """
    if item.name in GROUPS:
        return word("sensitivity", item.name, language)
    if item.name == DUMMY.name:
        return word("sensitivity", "dummy", language)
    if item.name.startswith(OTHERS):
        group = word("sensitivity", item.group, language)
        return word("sensitivity", "others", language).format(count=others.get(item.name, 0), group=group)
    levers = load_levers()
    if item.group == "policy" and item.constant in levers:
        return str(levers[item.constant].title[language])
    name = variables[item.constant].term if language == "zh" else item.constant.lower()
    if not item.element:
        return name
    elements = [_element(part, language) for part in item.element.split(", ")]
    return f"{name}（{'、'.join(elements)}）" if language == "zh" else f"{name} ({', '.join(elements)})"


def _element(name: str, language: str) -> str:
    try:
        return element_name(name, language)
    except (KeyError, TermError):
        return name


def print_findings(
    console: Console,
    findings: Findings,
    scenario: Scenario,
    variables: Mapping[str, Variable],
    notes: Mapping[str, str],
) -> None:
    """Print, for every target, what its indicator rests on, and how sure that is.

    Parameters
    ----------
    console
        Where to.
    findings
        As from `analysis.sensitivity.study.analyse`.
    scenario
        The scenario on which inputs were varied.
    variables
        The model's variables, for the words.
    notes
        What the study rests on, by language.

    Examples
    --------
    >>> print_findings(Console(), findings, scenario, variables_by_name(), {})  # doctest: +SKIP
    """
    for target in findings.question.targets:
        console.print(_table(findings, target, variables))
        for language in LANGUAGES:
            for sentence in in_words(findings, target, variables, language):
                console.print(escape(sentence))
        console.print()
    method = findings.question.method
    for language in LANGUAGES:
        title, basis = scenario.title[language], word("sensitivity", f"read {method}", language)
        console.print(escape(f"{word('sensitivity', 'scenario', language).format(title=title)}{basis}"))
        if language in notes:
            console.print(escape(notes[language]))
        console.print(escape(_stability(findings, language)))


def in_words(findings: Findings, target: Target, variables: Mapping[str, Variable], language: str) -> list[str]:
    """Return sentences that say what a target's indicator rests on in the target's year.

    Examples
    --------
    >>> in_words(findings, target, variables_by_name(), "en")  # doctest: +SKIP
    ['resident urbanization rate, 2025, rests most on ...']
    """
    zh = language == "zh"
    variable, year = str(target.variable), float(target.year)
    top = leading(findings, variable, year, NAMED)
    if top.empty:
        return [word("sensitivity", "constant", language).format(title=target.title[language], year=f"{year:g}")]
    method = findings.question.method
    scale = {"mu_star": 1.0 / target.factor}.get(RANKED_BY[method], 100.0)
    unit = unit_of(target, language) if RANKED_BY[method] == "mu_star" else "%"
    unit = unit if zh else f" {unit}"
    parts = [
        f"{_titled(findings, row, variables, language)} {_number(row['value'] * scale)}{unit}"
        + ("（{}—{}）" if zh else " ({} to {})").format(_number(row["low"] * scale), _number(row["high"] * scale))
        for row in top.to_dict("records")
    ]
    key = f"rests {method}"
    found = [
        word("sensitivity", key, language).format(
            title=target.title[language], year=f"{year:g}", parts=("；" if zh else "; ").join(parts)
        )
    ]
    found += _shares_in_words(findings, variable, year, language)
    return found + _yes_or_no(findings, target, variables, language)


def _shares_in_words(findings: Findings, indicator: str, year: float, language: str) -> list[str]:
    rows = _pick(findings, indicator, year, "share")
    if rows.empty:
        return []
    zh = language == "zh"
    parts = [
        f"{word('sensitivity', str(row['factor']), language)} {100 * row['value']:z.0f}"
        + ("%（{:z.0f}—{:z.0f}）" if zh else " % ({:z.0f} to {:z.0f})").format(100 * row["low"], 100 * row["high"])
        for row in rows.to_dict("records")
    ]
    return [word("sensitivity", "shares", language).format(parts=("、" if zh else ", ").join(parts))]


def _yes_or_no(findings: Findings, target: Target, variables: Mapping[str, Variable], language: str) -> list[str]:
    if target.id not in findings.reached:
        return []
    share = findings.reached[target.id]
    index = "ST" if findings.question.method == "sobol" else "PAWN"
    points = 2 * findings.question.samples
    count = round(share * points)
    if 0 < min(count, points - count) < FEW:
        key, few = ("few", count) if share < 0.5 else ("nearly all", points - count)
        return [word("sensitivity", key, language).format(title=target.title[language], count=few, points=points)]
    rows = _pick(findings, target.id, float(target.year), index)
    rows = rows[~rows["factor"].isin([*GROUPS, DUMMY.name]) & ~rows["factor"].str.startswith(OTHERS)]
    rows = rows.sort_values("value", ascending=False, kind="stable").head(NAMED)
    regional = _pick(findings, target.id, float(target.year), "RSA").set_index("factor")["value"]
    if rows.empty:
        key = "always" if share > 0.5 else "never"
        return [word("sensitivity", key, language).format(title=target.title[language])]
    zh = language == "zh"
    parts = []
    for row in rows.to_dict("records"):
        apart = regional.get(row["factor"])
        beside = "" if apart is None else f"{'，区域距离' if zh else ', regional distance '}{apart:.2f}"
        value = f"{row['value']:.2f}（{row['low']:.2f}—{row['high']:.2f}{beside}）"
        if not zh:
            value = f"{row['value']:.2f} ({row['low']:.2f} to {row['high']:.2f}{beside})"
        parts.append(f"{_titled(findings, row, variables, language)} {value}")
    joined = ("；" if zh else "; ").join(parts)
    return [
        word("sensitivity", f"yes or no {index}", language).format(
            title=target.title[language], share=whole_percent(share), parts=joined
        )
    ]


def _table(findings: Findings, target: Target, variables: Mapping[str, Variable]) -> Table:
    method = findings.question.method
    shown = {"sobol": ("ST", "S1"), "morris": ("mu_star", "sigma"), "pawn": ("PAWN",), "delta": ("delta", "S1")}[method]
    titles = [target.title[language] for language in LANGUAGES]
    printed = Table(
        title=escape(f"{target.year} {titles[0]}：取决于什么\n{target.year} {titles[1]}: what it rests on"),
        title_justify="left",
        title_style="bold",
    )
    printed.add_column("因素 input", overflow="fold", ratio=2)
    printed.add_column("类别 kind", overflow="fold")
    for index in shown:
        head = "\n".join(word("sensitivity", index, language) for language in LANGUAGES)
        printed.add_column(escape(head), justify="right", overflow="fold")
    scale = 1.0 / target.factor if method == "morris" else 1.0
    variable, year = str(target.variable), float(target.year)
    for row in leading(findings, variable, year, ROWS).to_dict("records"):
        names = " ".join(_titled(findings, row, variables, language) for language in LANGUAGES)
        cells = [_cell(_pick(findings, variable, year, index), str(row["factor"]), scale) for index in shown]
        kind = " ".join(word("sensitivity", str(row["group"]), language) for language in LANGUAGES)
        printed.add_row(escape(names), kind, *cells)
    rest = _pick(findings, variable, year, shown[0])
    for row in rest[rest["factor"].str.startswith(OTHERS) | (rest["factor"] == DUMMY.name)].to_dict("records"):
        names = " ".join(_titled(findings, row, variables, language) for language in LANGUAGES)
        cells = [_cell(_pick(findings, variable, year, index), str(row["factor"]), scale) for index in shown]
        printed.add_row(f"[dim]{escape(names)}[/]", "", *cells)
    return printed


def _stability(findings: Findings, language: str) -> str:
    """Whether half the sample names the same leading inputs."""
    grown, target = findings.convergence, findings.question.targets[0]
    own = grown[(grown["indicator"] == target.variable) & (grown["index"] == RANKED_BY[findings.question.method])]
    sizes = sorted(own["samples"].unique())
    if len(sizes) < 2:
        return word("sensitivity", "one sample", language)
    whole, half = (own[own["samples"] == size].set_index("factor")["value"] for size in (sizes[-1], sizes[-2]))
    change = float((whole - half).abs().max())
    same = list(whole.sort_values(ascending=False).index) == list(half.sort_values(ascending=False).index)
    key = "same order" if same else "other order"
    return word("sensitivity", key, language).format(
        count=len(whole), title=target.title[language], change=_number(change), half=sizes[-2], whole=sizes[-1]
    )


def _pick(findings: Findings, indicator: str, year: float, index: str) -> pd.DataFrame:
    table = findings.table
    return table[(table["indicator"] == indicator) & (table["year"] == year) & (table["index"] == index)]


def _titled(findings: Findings, row: Mapping[Any, Any], variables: Mapping[str, Variable], language: str) -> str:
    return input_title(findings.inputs[str(row["factor"])], findings.others, language, variables)


def _cell(rows: pd.DataFrame, factor: str, scale: float) -> str:
    row = rows[rows["factor"] == factor]
    if row.empty:
        return "—"
    value, low, high = (_number(float(row[key].iloc[0]) * scale) for key in ("value", "low", "high"))
    return f"{value} ({low} … {high})"


def _number(value: float) -> str:
    rounded = f"{value:.3g}" if abs(value) >= 0.1 else f"{value:.3f}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return "0" if float(rounded) == 0 else rounded


def notes_on(findings: Findings, broken: float | None, members: str) -> dict[str, str]:
    """Return what a study rests on, by language: its points, their independence, and what was put together.

    Examples
    --------
    >>> notes_on(findings, 0.2, "1")["en"]  # doctest: +SKIP
    """
    main, screening = findings.runs
    found = {}
    for language in LANGUAGES:
        text = word("sensitivity", f"basis {findings.question.inputs}", language).format(
            runs=f"{main:,}", seed=findings.question.seed, members=members, broken=f"{100 * (broken or 0):.0f}"
        )
        if screening:
            text += word("sensitivity", "screened", language).format(runs=f"{screening:,}", keep=findings.question.keep)
        found[language] = text
    return found


def describe(index: str, language: str) -> str:
    """Return what an index is called.

    Examples
    --------
    >>> describe("ST", "en")
    'total order'
    """
    return str(terms()["sensitivity"][index][language])
