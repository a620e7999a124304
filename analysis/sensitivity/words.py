"""The results of a sensitivity study in plain words, in Chinese and English."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from analysis.outcome.screen import screen_language
from analysis.outcome.shares import whole_percent
from analysis.outcome.target_words import shown_in, unit_of
from analysis.outcome.verdict import members_in_words
from analysis.outcome.words import LANGUAGES, say_from, screen_text_from, with_elements
from analysis.sensitivity.study import DUMMY, OTHERS, RANKED_BY, Findings, drivers, select, single_inputs
from model.definition import Variable
from scenarios import Scenario, Target, load_levers
from scenarios.factors import GROUPS, Input

#: Inputs in a sentence.
NAMED: Final = 3
#: Inputs of a target in a verdict.
LEADING: Final = 2
#: Where a target is reached, or missed, at fewer points than this, an index rests on single points, intervals included.
FEW: Final = 10
#: Indices between 0 and 1; an estimate may lie outside by its error.
BOUNDED: Final = ("S1", "ST", "share", "PAWN", "RSA", "delta")
FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)
screen_text: Final = partial(screen_text_from, FILE)


def input_title(item: Input, others: Mapping[str, int], language: str, variables: Mapping[str, Variable]) -> str:
    """Return what an input, a group or the rest of a group is called.

    Examples
    --------
    >>> input_title(Input("policy", "policy", "policy"), {}, "en", {})
    'policy'
    """
    if item.name in GROUPS:
        return say(item.name, language)
    if item.name == DUMMY.name:
        return say("dummy", language)
    if item.name.startswith(OTHERS):
        group = say(item.group, language)
        return say("others", language, count=others.get(item.name, 0), group=group)
    levers = load_levers()
    if item.group == "policy" and item.constant in levers:
        return str(levers[item.constant].title[language])
    name = variables[item.constant].term if language == "zh" else item.constant.lower()
    return with_elements(name, item.element.split(", ") if item.element else [], language)


def in_words(findings: Findings, target: Target, variables: Mapping[str, Variable], language: str) -> list[str]:
    """Return sentences that say what a target's indicator rests on in the target's year."""
    variable, year, method = str(target.variable), float(target.year), findings.question.method
    index, what = RANKED_BY[method], {"title": target.title, "year": target.year}
    every = single_inputs(findings, variable, year, index)
    if every.empty:
        return [say("constant", language, **what)]
    top = drivers(findings, variable, year, index, NAMED)
    scale, unit = (
        (shown_in(target, 1.0 / target.factor, language), unit_of(target, language))
        if index == "mu_star"
        else (100.0, "%")
    )
    unit = say("unit", language, unit=unit)
    if top.empty:
        largest = f"{short_number(float(every['value'].iloc[0]) * scale)}{unit}"
        sentences = [say("no driver", language, count=len(every), largest=largest, **what)]
    else:
        parts = [
            f"{title_of(findings, row, variables, language)} "
            + quantity(row, index, scale, unit, findings.question.samples, language)
            for row in top.to_dict("records")
        ]
        sentences = [say(f"rests {method}", language, parts=say("parts", language).join(parts), **what)]
        if len(top) < min(NAMED, len(every)):
            sentences.append(say("the others by chance", language))
    sentences += _shares_in_words(findings, variable, year, language)
    return sentences + _yes_or_no(findings, target, variables, language)


def verdict(
    findings: Findings, scenario: Scenario, variables: Mapping[str, Variable], manifest: Mapping[str, str]
) -> list[str]:
    """Return the leading inputs of each target in a line, three targets at most, and what that rests on."""
    language, targets = screen_language(), findings.question.targets
    lines = [_verdict_on(findings, target, variables, language) for target in targets[:NAMED]]
    if len(targets) > NAMED:
        lines.append(say("verdict others", language, count=len(targets) - NAMED))
    reading = say(f"read verdict {findings.question.method}", language)
    basis = {
        "runs": findings.runs,
        "reading": reading,
        "members": manifest["members"],
        "known": members_in_words(manifest["evidence"], language) if findings.question.inputs == "posterior" else "",
    }
    return [*lines, say(f"verdict basis {findings.question.inputs}", language, scenario=scenario.title, **basis)]


def _verdict_on(findings: Findings, target: Target, variables: Mapping[str, Variable], language: str) -> str:
    variable, year, method = str(target.variable), float(target.year), findings.question.method
    index, what = RANKED_BY[method], {"title": target.title, "year": target.year}
    if single_inputs(findings, variable, year, index).empty:
        return say("verdict constant", language, **what)
    top = drivers(findings, variable, year, index, LEADING)
    if top.empty:
        return say("verdict no driver", language, **what)
    scale, unit = 100.0, say("unit", language, unit="%")
    if index == "mu_star":
        points = say("verdict points", language)
        scale = shown_in(target, 1.0 / target.factor, language)
        unit = points if target.unit == "percent" else say("unit", language, unit=unit_of(target, language))
    parts = say("verdict list", language).join(
        f"{title_of(findings, row, variables, language)} "
        + quantity(row, index, scale, unit, findings.question.samples, language)
        for row in top.to_dict("records")
    )
    return say("verdict rests", language, parts=parts, **what)


def _shares_in_words(findings: Findings, indicator: str, year: float, language: str) -> list[str]:
    rows, samples = select(findings, indicator, year, "share").to_dict("records"), findings.question.samples
    if not rows:
        return []
    resolved, unit = all(side_of(row) != "neither" for row in rows), say("unit", language, unit="%")
    # Where they are not resolved, all are given as estimates with intervals.
    index = "share" if resolved else "estimate"
    parts = say("list", language).join(
        f"{say(str(row['factor']), language)} {quantity(row, index, 100.0, unit, samples, language, whole=True)}"
        for row in rows
    )
    return [say("shares" if resolved else "shares not resolved", language, parts=parts, samples=samples)]


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

    The row has ``value``, ``low`` and ``high``, which are multiplied by the scale; indices in `BOUNDED` lie between 0
    and 1. Numbers are rounded to whole ones on request.

    Examples
    --------
    >>> quantity({"value": -0.02, "low": -0.08, "high": 0.034}, "share", 100.0, " %", 64, "en", whole=True)
    'below 4 %'
    """
    side = side_of(row) if index in BOUNDED else "inside"
    if side in ("inside", "neither"):
        ends = {name: float(row[name]) * scale for name in ("value", "low", "high")}
        written = {name: f"{end:z.0f}" if whole else short_number(end) for name, end in ends.items()}
        text = say("interval", language, unit=unit, **written)
        return text if side == "inside" else text + say("not resolved", language, samples=samples)
    bound = float(row["high" if side == "below" else "low"]) * scale
    rounded = max(1, math.ceil(bound)) if side == "below" else math.floor(bound)
    return say(side, language, number=rounded if whole else short_number(bound), unit=unit)


def _yes_or_no(findings: Findings, target: Target, variables: Mapping[str, Variable], language: str) -> list[str]:
    if target.id not in findings.share_reached:
        return []
    share, year, title = findings.share_reached[target.id], float(target.year), target.title
    index = "ST" if findings.question.method == "sobol" else "PAWN"
    points = 2 * findings.question.samples
    count = round(share * points)
    if 0 < min(count, points - count) < FEW:
        key, few = ("few", count) if share < 0.5 else ("nearly all", points - count)
        return [say(key, language, title=title, count=few, points=points)]
    if single_inputs(findings, target.id, year, index).empty:
        return [say("always" if share > 0.5 else "never", language, title=title)]
    rows = drivers(findings, target.id, year, index, NAMED)
    if rows.empty:
        return [say("no driver yes or no", language, title=title, share=whole_percent(share))]
    regional = select(findings, target.id, year, "RSA").set_index("factor")["value"]
    parts = []
    for row in rows.to_dict("records"):
        distance = regional.get(row["factor"])
        value = quantity(row, index, 1.0, "", findings.question.samples, language)
        if distance is not None:
            value += say("regional", language, distance=distance)
        parts.append(f"{title_of(findings, row, variables, language)} {value}")
    joined = say("parts", language).join(parts)
    return [say(f"yes or no {index}", language, title=title, share=whole_percent(share), parts=joined)]


def stability_in_words(findings: Findings, language: str) -> str:
    """Return a sentence on whether half the sample puts the same inputs first."""
    grown, target = findings.convergence, findings.question.targets[0]
    index = RANKED_BY[findings.question.method]
    named = drivers(findings, str(target.variable), float(target.year), index)["factor"]
    if named.empty:
        return say("no order", language, title=target.title)
    own = grown[(grown["indicator"] == target.variable) & (grown["index"] == index) & grown["factor"].isin(named)]
    sizes = sorted(own["samples"].unique())
    if len(sizes) < 2:
        return say("one sample", language)
    whole, half = (own[own["samples"] == size].set_index("factor")["value"] for size in (sizes[-1], sizes[-2]))
    change = float((whole - half).abs().max())
    same = list(whole.sort_values(ascending=False).index) == list(half.sort_values(ascending=False).index)
    what = {"count": len(whole), "title": target.title, "change": short_number(change)}
    return say("same order" if same else "other order", language, half=sizes[-2], whole=sizes[-1], **what)


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
    asked, screening = findings.question, findings.screening_runs
    basis = {"runs": findings.runs, "seed": asked.seed, "members": members, "broken": 100 * (broken or 0)}
    return {
        language: say(f"basis {asked.inputs}", language, **basis)
        + (say("screened", language, runs=screening, keep=asked.inputs_one_by_one) if screening else "")
        for language in LANGUAGES
    }
