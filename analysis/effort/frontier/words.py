"""Frontiers and the trade-offs between rates and budget in sentences, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from analysis.effort.frontier.study import Frontier
from analysis.effort.frontier.tradeoffs import JUDGED, ROBUST, Tradeoffs
from analysis.outcome.shares import share_in_percent
from scenarios import ROUNDING

#: Names of the points that are marked.
NAMES: Final = {
    "resident rate": {"zh": "偏重常住率", "en": "resident rate first"},
    "registered rate": {"zh": "偏重户籍率", "en": "registered rate first"},
    "fiscal gap ratio": {"zh": "偏重财政", "en": "budget first"},
    "balanced": {"zh": "均衡", "en": "balanced"},
    "baseline": {"zh": "基准", "en": "baseline"},
}
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "without": "不采取措施时，未用于搜索的{others}组样本中概率{unseen}，用于搜索的{searched}组中{seen}。",
        "some without": (
            "“要求”是对用于搜索的{searched}组样本而言，至{asked:g}%时其中不采取措施已够；实际把握以其余{others}组为准。"
        ),
        "judged": "{year}年（按未用于搜索的{others}组样本，各取{share:g}%的样本所及）：",
        "implausible": "{year}年：没有一组措施处在抽样和观测的范围之内，不作取舍分析。",
        "example": (
            "如常住率{resident_rate}个百分点、户籍率{registered_rate}个百分点、缺口{fiscal_gap_ratio}个百分点，"
            "力度{effort:.1f}"
        ),
        "best": (
            "{judged}两个城镇化率与财政之间没有取舍：有一组措施在三方面同时最好，与基准相比{example}。代价是力度。"
        ),
        "better": (
            "{judged}从基准出发不必取舍：{settings}组措施中{count}组在三方面都好于基准，{example}；代价是力度。"
            "只有在这些措施之间才需取舍。"
        ),
        "neither": "{judged}没有一组措施在三方面都好于基准，有得必有失。",
    },
    "en": {
        "without": (
            "Without any lever P = {unseen} over the {others} members not searched with, {seen} over the {searched} "
            "searched with."
        ),
        "some without": (
            "Asked for are probabilities over the {searched} members searched with, in which up to {asked:g} % takes "
            "no lever; go by the {others} others."
        ),
        "judged": "{year} (over the {others} members not searched with, by what {share:g} % of them have): ",
        "implausible": (
            "{year}: no setting of the levers is within the range sampled and observed, so nothing is traded off."
        ),
        "example": (
            "such as resident rate {resident_rate}, registered rate {registered_rate}, gap {fiscal_gap_ratio} points "
            "for an effort of {effort:.1f}"
        ),
        "best": (
            "{judged}no trade-off between the two rates and the budget: one setting is best in all three, compared "
            "with the baseline {example}. What it costs is effort."
        ),
        "better": (
            "{judged}from the baseline nothing has to be given up: {count} of {settings} settings better it in all "
            "three, {example}; what it costs is effort. Only among these settings one thing costs another."
        ),
        "neither": "{judged}no setting betters the baseline in all three, so one thing costs another.",
    },
}


def frontier_sentences(frontier: Frontier, language: str) -> list[str]:
    """Return what is reached without any lever, by the members not searched with first."""
    words, table = WORDS[language], frontier.table
    sizes = {"searched": frontier.searched, "others": frontier.others}
    told = [
        words["without"].format(
            unseen=share_in_percent(frontier.others_without, frontier.others),
            seen=share_in_percent(frontier.searched_without, frontier.searched),
            **sizes,
        )
    ]
    idle = table[table["reachable"] & (table["effort"] <= ROUNDING)]
    if len(idle):
        told.append(words["some without"].format(asked=100 * idle["probability_asked_for"].max(), **sizes))
    return told


def tradeoff_sentences(fronts: Tradeoffs, language: str) -> list[str]:
    """Return for each year whether one of the three has to be given up for another."""
    return [tradeoff_sentence(fronts, year, language) for year in fronts.years]


def tradeoff_sentence(fronts: Tradeoffs, year: int, language: str) -> str:
    """Return whether one of the three has to be given up for another in a year."""
    words, verdict = WORDS[language], fronts.verdict(year)
    if not verdict.settings:
        return words["implausible"].format(year=year)
    example = ""
    if options := ([verdict.best] if verdict.best is not None else list(verdict.better)):
        baseline, *front = fronts.table[fronts.table["year"] == year].to_dict("records")
        # Of those that better all three, the one that takes least effort.
        least: Any = min((front[option] for option in options), key=lambda row: row["effort"])
        columns = ("resident_rate", "registered_rate", "fiscal_gap_ratio")
        changes = {
            column: f"{least[judged] - baseline[judged]:+.1f}" for column, judged in zip(columns, JUDGED, strict=True)
        }
        example = words["example"].format(effort=least["effort"], **changes)
    kind = "best" if verdict.best is not None else "better" if verdict.better else "neither"
    judged = words["judged"].format(year=year, others=fronts.others, share=100 * ROBUST)
    return words[kind].format(judged=judged, example=example, count=len(verdict.better), settings=verdict.settings)
