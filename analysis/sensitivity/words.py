"""The results of a sensitivity study in plain words, in Chinese and English."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from analysis.charts.figures import LANGUAGES, TermError, element_name, terms, word
from analysis.reach.probability import whole_percent
from analysis.reach.words import unit_of
from analysis.sensitivity.study import DUMMY, OTHERS, RANKED_BY, Findings, drivers, select, single_inputs
from model.definition import Variable
from scenarios import Target, load_levers
from scenarios.factors import GROUPS, Input

#: Inputs in a sentence.
NAMED: Final = 3
#: Where a target is reached, or missed, at fewer points than this, an index rests on single points, intervals included.
FEW: Final = 10
#: Indices between 0 and 1; an estimate may lie outside by its error.
BOUNDED: Final = ("S1", "ST", "share", "PAWN", "RSA", "delta")


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


def in_words(findings: Findings, target: Target, variables: Mapping[str, Variable], language: str) -> list[str]:
    """Return sentences that say what a target's indicator rests on in the target's year."""
    zh = language == "zh"
    variable, year = str(target.variable), float(target.year)
    every = single_inputs(findings, variable, year, RANKED_BY[findings.question.method])
    if every.empty:
        return [word("sensitivity", "constant", language).format(title=target.title[language], year=f"{year:g}")]
    method = findings.question.method
    top = drivers(findings, variable, year, RANKED_BY[method], NAMED)
    scale = {"mu_star": 1.0 / target.factor}.get(RANKED_BY[method], 100.0)
    unit = unit_of(target, language) if RANKED_BY[method] == "mu_star" else "%"
    unit = unit if zh else f" {unit}"
    if top.empty:
        largest = f"{short_number(float(every['value'].iloc[0]) * scale)}{unit}"
        sentence = word("sensitivity", "no driver", language).format(
            title=target.title[language], year=f"{year:g}", count=len(every), largest=largest
        )
        return [
            sentence,
            *_shares_in_words(findings, variable, year, language),
            *_yes_or_no(findings, target, variables, language),
        ]
    parts = [
        f"{title_of(findings, row, variables, language)} "
        + quantity(row, RANKED_BY[method], scale, unit, findings.question.samples, language)
        for row in top.to_dict("records")
    ]
    key = f"rests {method}"
    found = [
        word("sensitivity", key, language).format(
            title=target.title[language], year=f"{year:g}", parts=("；" if zh else "; ").join(parts)
        )
    ]
    if len(top) < min(NAMED, len(every)):
        found.append(word("sensitivity", "the others by chance", language))
    found += _shares_in_words(findings, variable, year, language)
    return found + _yes_or_no(findings, target, variables, language)


def _shares_in_words(findings: Findings, indicator: str, year: float, language: str) -> list[str]:
    rows = select(findings, indicator, year, "share")
    if rows.empty:
        return []
    own, samples = rows.to_dict("records"), findings.question.samples
    resolved = all(side_of(row) != "neither" for row in own)
    unit = "%" if language == "zh" else " %"
    parts = [
        f"{word('sensitivity', str(row['factor']), language)} "
        + (
            quantity(row, "share", 100.0, unit, samples, language, whole=True)
            if resolved
            else _with_interval(row, 100.0, unit, language, lambda value: f"{value:z.0f}")
        )
        for row in own
    ]
    joined = ("、" if language == "zh" else ", ").join(parts)
    key = "shares" if resolved else "shares not resolved"
    return [word("sensitivity", key, language).format(parts=joined, samples=samples)]


def side_of(row: Mapping[Any, Any]) -> str:
    """Return how an index between 0 and 1 is written: as it is ("inside"), "below" or "above" a bound, or "neither".

    Examples
    --------
    >>> [side_of({"value": v, "low": v - 0.1, "high": v + 0.1}) for v in (-0.5, -0.02, 0.5, 1.03)]
    ['neither', 'below', 'inside', 'above']
    """
    low, high = float(row["low"]), float(row["high"])
    if high < 0 or low > 1 or (low <= 0 and high >= 1):
        return "neither"
    if low <= 0:
        return "below"
    return "above" if high >= 1 and low < high else "inside"


def quantity(
    row: Mapping[Any, Any], index: str, scale: float, unit: str, samples: int, language: str, *, whole: bool = False
) -> str:
    """Return an index with its interval or, where it cannot be distinguished from 0 or 1, the bound that holds.

    Parameters
    ----------
    row
        With ``value``, ``low`` and ``high``.
    index
        Indices in `BOUNDED` lie between 0 and 1.
    scale, unit
        What the number is multiplied by, and what stands after it.
    samples
        Of the study.
    language
        "zh" or "en".
    whole
        Whether numbers are rounded to whole ones.

    Examples
    --------
    >>> quantity({"value": -0.02, "low": -0.08, "high": 0.034}, "share", 100.0, " %", 64, "en", whole=True)
    'below 4 %'
    """
    side = side_of(row) if index in BOUNDED else "inside"
    if side == "below":
        upper = float(row["high"]) * scale
        text = f"{max(1, math.ceil(upper))}" if whole else short_number(upper)
    elif side == "above":
        lower = float(row["low"]) * scale
        text = f"{math.floor(lower)}" if whole else short_number(lower)
    else:
        text = _with_interval(row, scale, unit, language, (lambda value: f"{value:z.0f}") if whole else short_number)
        if side == "neither":
            text += ("，" if language == "zh" else ", ") + word("sensitivity", "not resolved", language).format(
                samples=samples
            )
        return text
    return f"{word('sensitivity', side, language)}{'' if language == 'zh' else ' '}{text}{unit}"


def _with_interval(
    row: Mapping[Any, Any], scale: float, unit: str, language: str, write: Callable[[float], str]
) -> str:
    value, low, high = (write(float(row[name]) * scale) for name in ("value", "low", "high"))
    return f"{value}{unit}" + (f"（{low}—{high}）" if language == "zh" else f" ({low} to {high})")


def _yes_or_no(findings: Findings, target: Target, variables: Mapping[str, Variable], language: str) -> list[str]:
    if target.id not in findings.share_reached:
        return []
    share = findings.share_reached[target.id]
    index = "ST" if findings.question.method == "sobol" else "PAWN"
    points = 2 * findings.question.samples
    count = round(share * points)
    if 0 < min(count, points - count) < FEW:
        key, few = ("few", count) if share < 0.5 else ("nearly all", points - count)
        return [word("sensitivity", key, language).format(title=target.title[language], count=few, points=points)]
    every = single_inputs(findings, target.id, float(target.year), index)
    rows = drivers(findings, target.id, float(target.year), index, NAMED)
    regional = select(findings, target.id, float(target.year), "RSA").set_index("factor")["value"]
    if rows.empty and not every.empty:
        return [
            word("sensitivity", "no driver yes or no", language).format(
                title=target.title[language], share=whole_percent(share)
            )
        ]
    if every.empty:
        key = "always" if share > 0.5 else "never"
        return [word("sensitivity", key, language).format(title=target.title[language])]
    zh = language == "zh"
    parts = []
    for row in rows.to_dict("records"):
        apart = regional.get(row["factor"])
        beside = "" if apart is None else f"{'，区域距离' if zh else ', regional distance '}{apart:.2f}"
        value = quantity(row, index, 1.0, "", findings.question.samples, language) + beside
        parts.append(f"{title_of(findings, row, variables, language)} {value}")
    joined = ("；" if zh else "; ").join(parts)
    return [
        word("sensitivity", f"yes or no {index}", language).format(
            title=target.title[language], share=whole_percent(share), parts=joined
        )
    ]


def stability_in_words(findings: Findings, language: str) -> str:
    """Return a sentence on whether half the sample puts the same inputs first."""
    grown, target = findings.convergence, findings.question.targets[0]
    index = RANKED_BY[findings.question.method]
    named = drivers(findings, str(target.variable), float(target.year), index)["factor"]
    if named.empty:
        return word("sensitivity", "no order", language).format(title=target.title[language])
    own = grown[(grown["indicator"] == target.variable) & (grown["index"] == index) & grown["factor"].isin(named)]
    sizes = sorted(own["samples"].unique())
    if len(sizes) < 2:
        return word("sensitivity", "one sample", language)
    whole, half = (own[own["samples"] == size].set_index("factor")["value"] for size in (sizes[-1], sizes[-2]))
    change = float((whole - half).abs().max())
    same = list(whole.sort_values(ascending=False).index) == list(half.sort_values(ascending=False).index)
    key = "same order" if same else "other order"
    return word("sensitivity", key, language).format(
        count=len(whole), title=target.title[language], change=short_number(change), half=sizes[-2], whole=sizes[-1]
    )


def title_of(findings: Findings, row: Mapping[Any, Any], variables: Mapping[str, Variable], language: str) -> str:
    """Return what the input of a row is called."""
    return input_title(findings.inputs[str(row["factor"])], findings.others, language, variables)


def short_number(value: float) -> str:
    """Return a number with three digits or so.

    Examples
    --------
    >>> short_number(0.25), short_number(12345.6), short_number(0.0001)
    ('0.25', '12,346', '0')
    """
    rounded = f"{value:.3g}" if abs(value) >= 0.1 else f"{value:.3f}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return "0" if float(rounded) == 0 else rounded


def notes_on(findings: Findings, broken: float | None, members: str) -> dict[str, str]:
    """Return what a study rests on, by language: its points, their independence, and what was put together."""
    notes = {}
    for language in LANGUAGES:
        text = word("sensitivity", f"basis {findings.question.inputs}", language).format(
            runs=f"{findings.runs:,}", seed=findings.question.seed, members=members, broken=f"{100 * (broken or 0):.0f}"
        )
        if findings.screening_runs:
            text += word("sensitivity", "screened", language).format(
                runs=f"{findings.screening_runs:,}", keep=findings.question.inputs_one_by_one
            )
        notes[language] = text
    return notes


def describe(index: str, language: str) -> str:
    """Return what an index is called.

    Examples
    --------
    >>> describe("ST", "en")
    'total order'
    """
    return str(terms()["sensitivity"][index][language])
