"""Conditions in sentences, in Chinese and English."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from analysis.conditions.discovery import LEVEL, Box, Condition, Limit
from analysis.outcome.futures import Input
from analysis.outcome.printing import plan_unit
from analysis.outcome.shares import Share
from analysis.outcome.words import SIGNS
from scenarios import Target

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "target": "{year}年“{title}”目标（{wanted}）",
        "found": "{target}：当{limits}时，10种未来中有{inside}种{outcome}，否则10种中有{outside}种。",
        "met": "达到",
        "missed": "未达到",
        "met by them": "达到",
        "missed by them": "未达到",
        "evidence": (
            "留出检验的{futures}种未来：条件内{inside}种，其中{density}{outcome}（95%区间{low}—{high}），"
            "条件外{outside}，留出的全部未来中{base}；条件覆盖了{coverage}；偶然得到的概率{p}。"
        ),
        "stability": "重复抽样{searches}次搜索中再次得到该限制的次数：{inputs}。",
        "never": "{target}：{futures}种未来中没有一种达到（95%区间：概率不高于{high}），没有条件可找。",
        "always": "{target}：{futures}种未来全部达到（95%区间：概率不低于{low}），没有条件可找。",
        "too few": "{target}：{futures}种未来中有{met}种达到，{kind}太少，无法搜索条件。",
        "none": (
            "{target}：{futures}种未来中有{met}种达到；未找到条件：留出检验的密度没有超过总体比例（检验水平{level}）。"
        ),
        "few met": "达到的",
        "few missed": "未达到的",
        "and": "且",
        "at least": "{name}不低于{low}",
        "at most": "{name}不高于{high}",
        "between": "{name}在{low}至{high}之间",
        "list": "、",
    },
    "en": {
        "target": "The {year} target '{title}' ({wanted})",
        "found": "{target} is {outcome} in {inside} of 10 futures when {limits}, otherwise in {outside} of 10.",
        "met": "met",
        "missed": "missed",
        "met by them": "meet it",
        "missed by them": "miss it",
        "evidence": (
            "Of {futures} futures held out, {inside} lie inside; {density} of these {outcome} (95 % interval {low} to "
            "{high}), {outside} outside, {base} of all those held out; the condition covers {coverage}; probability by "
            "chance {p}."
        ),
        "stability": "Found again in searches of {searches} resamples: {inputs}.",
        "never": (
            "{target} is met in none of {futures} futures (95 % interval: probability at most {high}); there is no "
            "condition to find."
        ),
        "always": (
            "{target} is met in all of {futures} futures (95 % interval: probability at least {low}); there is no "
            "condition to find."
        ),
        "too few": "{target} is met in {met} of {futures} futures; too few {kind} to search for a condition.",
        "none": (
            "{target} is met in {met} of {futures} futures; no condition found: held-out density does not beat the "
            "base rate (level {level})."
        ),
        "few met": "meet it",
        "few missed": "miss it",
        "and": " and ",
        "at least": "{name} is at least {low}",
        "at most": "{name} is at most {high}",
        "between": "{name} is between {low} and {high}",
        "list": ", ",
    },
}


def sentence(target: Target, condition: Condition, inputs: Mapping[str, Input], language: str) -> str:
    """Return the condition of a target as one sentence with units.

    Examples
    --------
    >>> goal = Target("t", {"en": "rate"}, "1", "core", 2025, 65.0, "at least", "percent", "rate")
    >>> sentence(goal, Condition("met", "never", 0, 100), {}, "en")[:52]
    "The 2025 target 'rate' (≥ 65%) is met in none of 100"
    """
    words = WORDS[language]
    title = target_words(target, language)
    box = condition.best
    if condition.status == "found" and box is not None:
        return box_sentence(title, condition, box, inputs, language)
    interval = Share(condition.met, condition.futures)
    few = "met" if condition.met * 2 < condition.futures else "missed"
    return words[condition.status].format(
        target=title,
        met=condition.met,
        futures=condition.futures,
        low=percent(interval.low, language, 1),
        high=percent(interval.high, language, 1),
        kind=words[f"few {few}"],
        level=f"{LEVEL:g}",
    )


def box_sentence(target: str, condition: Condition, box: Box, inputs: Mapping[str, Input], language: str) -> str:
    """Return a box as one sentence; `target` is how it begins."""
    words = WORDS[language]
    return words["found"].format(
        target=target,
        limits=words["and"].join(limit_words(limit, inputs[limit.input], language) for limit in box.limits),
        outcome=words[condition.outcome],
        inside=tenths(box.held_out.density, language),
        outside=tenths(box.held_out.outside, language),
    )


def limit_words(limit: Limit, known: Input, language: str) -> str:
    """Return the limits of a box on one input."""
    open_below, open_above = math.isinf(limit.lower), math.isinf(limit.upper)
    kind = "at most" if open_below else "at least" if open_above else "between"
    low, high = (known.format_value(end, language) if math.isfinite(end) else "" for end in (limit.lower, limit.upper))
    return WORDS[language][kind].format(name=known.titles[language], low=low, high=high)


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
    box, words = condition.best, WORDS[language]
    if condition.status != "found" or box is None:
        return ""
    held = box.held_out
    interval = Share(held.hits_inside, held.inside)
    first = words["evidence"].format(
        futures=held.futures,
        inside=held.inside,
        outcome=words[f"{condition.outcome} by them"],
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
    inputs_returned = words["list"].join(
        f"{inputs[limit.input].titles[language]} {limit.returned}/{box.searches}" for limit in box.limits
    )
    stability = words["stability"].format(searches=box.searches, inputs=inputs_returned)
    return first + ("" if language == "zh" else " ") + stability


def target_words(target: Target, language: str) -> str:
    """Return a target with its year and threshold, as a sentence begins.

    Examples
    --------
    >>> goal = Target("t", {"zh": "城镇化率"}, "1", "core", 2025, 65.0, "about", "percent", "rate", tolerance=5.0)
    >>> target_words(goal, "zh")
    '2025年“城镇化率”目标（≥ 60%）'
    """
    # The limit that decides, not the one written: the plan's "all" and "about" leave a tolerance.
    sign = SIGNS["at most" if target.comparison == "at most" else "at least"]
    wanted = f"{sign} {target.limit:,g}{plan_unit(target.unit, language)}"
    return WORDS[language]["target"].format(year=target.year, title=target.title[language], wanted=wanted)


def percent(value: float, language: str, digits: int = 0) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> percent(0.25, "en"), percent(0.25, "zh")
    ('25 %', '25%')
    """
    return f"{100 * value:.{digits}f}" + ("%" if language == "zh" else " %")
