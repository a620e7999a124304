"""Frontiers and the trade-offs between rates and budget in sentences, in Chinese and English."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

from analysis.effort.frontier.study import Frontier
from analysis.effort.frontier.tradeoffs import JUDGED, ROBUST, Tradeoffs
from analysis.outcome.shares import share_in_percent
from analysis.outcome.words import say_from
from scenarios import ROUNDING

#: Names of the points that are marked.
NAMES: Final = {
    "resident rate": {"zh": "偏重常住率", "en": "resident rate first"},
    "registered rate": {"zh": "偏重户籍率", "en": "registered rate first"},
    "fiscal gap ratio": {"zh": "偏重财政", "en": "budget first"},
    "balanced": {"zh": "均衡", "en": "balanced"},
    "baseline": {"zh": "基准", "en": "baseline"},
}
FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)


def frontier_sentences(frontier: Frontier, language: str) -> list[str]:
    """Return what is reached without any lever, by the members not searched with first."""
    table = frontier.table
    sizes = {"searched": frontier.searched, "others": frontier.others}
    sentences = [
        say(
            "without",
            language,
            unseen=share_in_percent(frontier.others_without, frontier.others),
            seen=share_in_percent(frontier.searched_without, frontier.searched),
            **sizes,
        )
    ]
    idle = table[table["reachable"] & (table["effort"] <= ROUNDING)]
    if len(idle):
        sentences.append(say("some without", language, asked=100 * idle["probability_asked_for"].max(), **sizes))
    return sentences


def tradeoff_sentences(fronts: Tradeoffs, language: str) -> list[str]:
    """Return for each year whether one of the three has to be given up for another."""
    return [tradeoff_sentence(fronts, year, language) for year in fronts.years]


def tradeoff_sentence(fronts: Tradeoffs, year: int, language: str) -> str:
    """Return whether one of the three has to be given up for another in a year."""
    verdict = fronts.verdict(year)
    if not verdict.settings:
        return say("implausible", language, year=year)
    example = ""
    if options := ([verdict.best] if verdict.best is not None else list(verdict.better)):
        baseline, *front = fronts.table[fronts.table["year"] == year].to_dict("records")
        # Of those that better all three, the one that takes least effort.
        least: Any = min((front[option] for option in options), key=lambda row: row["effort"])
        columns = ("resident_rate", "registered_rate", "fiscal_gap_ratio")
        changes = {
            column: f"{least[judged] - baseline[judged]:+.1f}" for column, judged in zip(columns, JUDGED, strict=True)
        }
        example = say("example", language, effort=least["effort"], **changes)
    kind = "best" if verdict.best is not None else "better" if verdict.better else "neither"
    judged = say("judged", language, year=year, others=fronts.others, share=100 * ROBUST)
    numbers = {"count": len(verdict.better), "settings": verdict.settings}
    return say(kind, language, judged=judged, example=example, **numbers)
