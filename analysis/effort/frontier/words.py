"""Trade-offs between the urbanization rates and the budget in sentences, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from analysis.effort.frontier.tradeoffs import Tradeoffs

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
        "implausible": "{year}年：没有一组措施处在抽样和观测的范围之内，不作取舍分析。",
        "example": (
            "如常住率{resident_rate}个百分点、户籍率{registered_rate}个百分点、缺口{fiscal_gap_ratio}个百分点，"
            "力度{effort:.1f}"
        ),
        "best": (
            "{year}年：两个城镇化率与财政之间没有取舍：有一组措施在三方面同时最好，与基准相比{example}。代价是力度。"
        ),
        "better": (
            "{year}年：从基准出发不必取舍：{settings}组措施中{count}组在三方面都好于基准，{example}；代价是力度。"
            "只有在这些措施之间才需取舍。"
        ),
        "neither": "{year}年：没有一组措施在三方面都好于基准，有得必有失。",
    },
    "en": {
        "implausible": (
            "{year}: no setting of the levers is within the range sampled and observed, so nothing is traded off."
        ),
        "example": (
            "such as resident rate {resident_rate}, registered rate {registered_rate}, gap {fiscal_gap_ratio} points "
            "for an effort of {effort:.1f}"
        ),
        "best": (
            "{year}: no trade-off between the two rates and the budget: one setting is best in all three, compared "
            "with the baseline {example}. What it costs is effort."
        ),
        "better": (
            "{year}: from the baseline nothing has to be given up: {count} of {settings} settings better it in all "
            "three, {example}; what it costs is effort. Only among these settings one thing costs another."
        ),
        "neither": "{year}: no setting betters the baseline in all three, so one thing costs another.",
    },
}


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
        changes = {column: f"{least[column] - baseline[column]:+.1f}" for column in columns}
        example = words["example"].format(effort=least["effort"], **changes)
    kind = "best" if verdict.best is not None else "better" if verdict.better else "neither"
    return words[kind].format(year=year, example=example, count=len(verdict.better), settings=verdict.settings)
