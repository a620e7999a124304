"""Frontiers and the trade-offs between rates and budget in sentences, in Chinese and English."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

from analysis.effort.frontier.study import Frontier
from analysis.effort.frontier.tradeoffs import JUDGED, ROBUST, Tradeoffs
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import share_in_percent
from analysis.outcome.verdict import members_in_words
from analysis.outcome.words import say_from, screen_text_from, with_year
from calibration.fit.evidence import Evidence
from scenarios import ROUNDING

FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)
screen_text: Final = partial(screen_text_from, FILE)


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


def point_name(name: str, language: str) -> str:
    """Return the name of a point that is marked.

    Examples
    --------
    >>> point_name("balanced", "en")
    'balanced'
    """
    return say(f"point {name}", language)


def verdict(frontier: Frontier, fronts: Tradeoffs, evidence: Evidence) -> list[str]:
    """Return the knee, how far more effort leads, what is reached without any, and whether one thing costs another."""
    language, table, others = screen_language(), frontier.table, frontier.others

    def numbers(row: Any) -> dict[str, Any]:
        share = share_in_percent(round(row["probability_of_others"] * others), others)
        return {"effort": row["effort"], "levers": row["levers"], "share": share}

    title = with_year(frontier.target.title[language], frontier.target.year, language)
    knee = table[table["knee"]]
    most = say("verdict most", language, **numbers(table.sort_values("probability_of_others", kind="stable").iloc[-1]))
    if not table["reachable"].all():
        most += say("verdict unreachable", language)
    lines = [say("verdict knee", language, title=title, **numbers(knee.iloc[0])), most] if len(knee) else []
    lines = lines or [say("verdict titled", language, title=title, told=most)]
    without = say("verdict without", language, share=share_in_percent(frontier.others_without, others))
    year = fronts.years[-1]
    told = fronts.verdict(year)
    kind = "best" if told.best is not None else "better" if told.better else "neither"
    counts = {"year": year, "count": len(told.better), "settings": told.settings}
    trade = say(f"verdict {kind if told.settings else 'implausible'}", language, **counts)
    known = members_in_words(evidence, language)
    basis = say("verdict basis", language, searched=frontier.searched, others=others, known=known)
    return [*lines, without, trade, basis]
