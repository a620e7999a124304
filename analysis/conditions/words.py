"""Conditions in sentences, in Chinese and English."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from analysis.conditions.discovery import LEVEL, Box, Condition, Limit
from analysis.conditions.study import Study
from analysis.outcome.futures import Input
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import Share
from analysis.outcome.target_words import shown_in
from analysis.outcome.units import plan_unit
from analysis.outcome.verdict import members_in_words
from analysis.outcome.words import SIGNS, say_from
from scenarios import Target

FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)
#: Targets that a verdict names, and limits of each.
NAMED, LIMITS = 3, 2


def sentence(target: Target, condition: Condition, inputs: Mapping[str, Input], language: str) -> str:
    """Return the condition of a target as one sentence with units.

    Examples
    --------
    >>> goal = Target("t", {"en": "rate"}, "1", "core", 2025, 65.0, "at least", "percent", "rate")
    >>> sentence(goal, Condition("met", "never", 0, 100), {}, "en")[:52]
    "The 2025 target 'rate' (≥ 65%) is met in none of 100"
    """
    title = target_words(target, language)
    box = condition.best
    if condition.status == "found" and box is not None:
        return box_sentence(title, condition, box, inputs, language)
    interval = Share(condition.met, condition.futures)
    few = "met" if condition.met * 2 < condition.futures else "missed"
    return say(
        condition.status,
        language,
        target=title,
        met=condition.met,
        futures=condition.futures,
        low=percent(interval.low, language, 1),
        high=percent(interval.high, language, 1),
        kind=say(f"few {few}", language),
        level=f"{LEVEL:g}",
    )


def box_sentence(target: str, condition: Condition, box: Box, inputs: Mapping[str, Input], language: str) -> str:
    """Return a box as one sentence; `target` is how it begins."""
    return say(
        "found",
        language,
        target=target,
        limits=say("and", language).join(limit_words(limit, inputs[limit.input], language) for limit in box.limits),
        outcome=say(condition.outcome, language),
        inside=tenths(box.held_out.density, language),
        outside=tenths(box.held_out.outside, language),
    )


def limit_words(limit: Limit, known: Input, language: str) -> str:
    """Return the limits of a box on one input."""
    open_below, open_above = math.isinf(limit.lower), math.isinf(limit.upper)
    kind = "at most" if open_below else "at least" if open_above else "between"
    low, high = (known.format_value(end, language) if math.isfinite(end) else "" for end in (limit.lower, limit.upper))
    return say(kind, language, name=known.titles[language], low=low, high=high)


def tenths(share_of_one: float, language: str) -> str:
    """Return how many of ten; a share that only rounds to none or all is given as fewer or more.

    Examples
    --------
    >>> tenths(0.78, "en"), tenths(0.02, "en"), tenths(1.0, "en")
    ('8', 'fewer than 1', '10')
    """
    number = round(10 * share_of_one)
    if number == 0 and share_of_one > 0:
        return "不到1" if language == "zh" else "fewer than 1"
    if number == 10 and share_of_one < 1:
        return "9种以上、不到10" if language == "zh" else "more than 9"
    return str(number)


def evidence(condition: Condition, inputs: Mapping[str, Input], language: str) -> str:
    """Return the evidence for a condition: density, coverage and p-value on held-out futures, and stability."""
    box = condition.best
    if condition.status != "found" or box is None:
        return ""
    held = box.held_out
    interval = Share(held.hits_inside, held.inside)
    first = say(
        "evidence",
        language,
        futures=held.futures,
        inside=held.inside,
        outcome=say(f"{condition.outcome} by them", language),
        density=percent(held.density, language),
        low=percent(interval.low, language),
        high=percent(interval.high, language),
        outside=percent(held.outside, language),
        base=percent(held.base, language),
        coverage=percent(held.coverage, language),
        p="< 0.0001" if held.p_value < 1e-4 else f"{held.p_value:.4f}",
    )
    if not box.searches:
        return first
    inputs_returned = say("list", language).join(
        f"{inputs[limit.input].titles[language]} {limit.returned}/{box.searches}" for limit in box.limits
    )
    stability = say("stability", language, searches=box.searches, inputs=inputs_returned)
    return first + ("" if language == "zh" else " ") + stability


def verdict(study: Study) -> list[str]:
    """Return the condition of each target in a line, three at most, and what they rest on."""
    language = screen_language()
    named = list(study.conditions)[:NAMED]
    lines = [_verdict_on(study.targets[name], study.conditions[name], study.inputs, language) for name in named]
    rest = [condition for name, condition in study.conditions.items() if name not in named]
    if rest:
        found = sum(condition.status == "found" for condition in rest)
        lines.append(
            say("verdict others" if found else "verdict others without", language, count=len(rest), found=found)
        )
    kind = "verdict basis levers" if study.with_levers else "verdict basis"
    known = members_in_words(study.facts["evidence"], language)
    basis = {"futures": f"{len(study.values):,}", "known": known, "level": f"{LEVEL:g}"}
    return [*lines, say(kind, language, scenario=study.scenario.title, **basis)]


def _verdict_on(target: Target, condition: Condition, inputs: Mapping[str, Input], language: str) -> str:
    interval, box = Share(condition.met, condition.futures), condition.best
    wanted = limit_of(target, language).replace(" ", "" if language == "zh" else " ")
    gaps: dict[str, object] = {"title": target.title, "year": target.year, "wanted": wanted}
    if condition.status == "found" and box is not None:
        told = [limit_words(limit, inputs[limit.input], language) for limit in box.limits[:LIMITS]]
        # Names of constants, which are capitals, are small letters on the screen.
        limits = say("and", language).join(
            re.sub(r"\b[A-Z]{2}[A-Z0-9 ]*\b", lambda name: name[0].lower(), one) for one in told
        )
        if len(box.limits) > LIMITS:
            limits += say("verdict more limits", language, count=len(box.limits) - LIMITS)
        shares = {"inside": tenths(box.held_out.density, language), "outside": tenths(box.held_out.outside, language)}
        return say("verdict found", language, limits=limits, outcome=say(condition.outcome, language), **shares, **gaps)
    few = "met" if condition.met * 2 < condition.futures else "missed"
    ends = {"low": percent(interval.low, language, 1), "high": percent(interval.high, language, 1)}
    numbers = {"met": condition.met, "futures": condition.futures, "kind": say(f"few {few}", language)}
    return say(f"verdict {condition.status}", language, **gaps, **ends, **numbers)


def limit_of(target: Target, language: str) -> str:
    """Return the limit that decides whether a target is met, not the one written: "all" and "about" have a tolerance.

    Examples
    --------
    >>> goal = Target("t", {"zh": "城镇化率"}, "1", "core", 2025, 65.0, "about", "percent", "rate", tolerance=5.0)
    >>> limit_of(goal, "zh")
    '≥ 60%'
    """
    sign = SIGNS["at most" if target.comparison == "at most" else "at least"]
    return f"{sign} {shown_in(target, target.limit, language):,.10g}{plan_unit(target.unit, language)}"


def target_words(target: Target, language: str) -> str:
    """Return a target with its year and threshold, as a sentence begins.

    Examples
    --------
    >>> goal = Target("t", {"zh": "城镇化率"}, "1", "core", 2025, 65.0, "about", "percent", "rate", tolerance=5.0)
    >>> target_words(goal, "zh")
    '2025年“城镇化率”目标（≥ 60%）'
    """
    what = {"title": target.title[language], "wanted": limit_of(target, language)}
    return say("target", language, year=target.year, **what)


def percent(value: float, language: str, digits: int = 0) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> percent(0.25, "en"), percent(0.25, "zh")
    ('25 %', '25%')
    """
    return f"{100 * value:.{digits}f}" + ("%" if language == "zh" else " %")
