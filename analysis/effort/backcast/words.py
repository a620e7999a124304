"""The answer of a backcast in sentences, in Chinese and English."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from analysis.effort.backcast.study import BLOCKING, Answer
from analysis.effort.levers import DIGITS, Measure, effort_by_lever
from analysis.effort.plausible import describe_outside
from analysis.outcome.bottlenecks import BOTTLENECKS
from analysis.outcome.futures import Input
from analysis.outcome.printing import three_digits
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import share_in_percent
from analysis.outcome.target_words import shown_in, unit_of
from analysis.outcome.verdict import members_in_words
from analysis.outcome.words import say_from, screen_text_from
from calibration.fit.evidence import Evidence

TITLES: Final = {bottleneck.id: bottleneck.title for bottleneck in BOTTLENECKS}
FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)
screen_text: Final = partial(screen_text_from, FILE)
#: Levers that a verdict names.
NAMED: Final = 3


def value_words(measure: Measure, share: float, language: str) -> str:
    """Return the value of a lever with its unit; lowest and highest where elements differ."""
    known = Input(measure.name, measure.name, measure.lever.title, measure.lever.unit)
    values = measure.value(share)
    return "–".join(
        dict.fromkeys(known.format_value(float(f"{end:.{DIGITS}g}"), language) for end in (values.min(), values.max()))
    )


def probability_words(answer: Answer, candidate: int, *, searched: bool) -> str:
    """Return the probability of one of `CANDIDATES` in percent, with its standard error in points."""
    reached = answer.reached(candidate, searched=searched)
    return share_in_percent(reached.number, reached.members)


def sentences(answer: Answer, language: str) -> list[str]:
    """Return the answer in sentences, or why it is not plausible."""
    target = answer.target
    title = say("title", language, title=target.title[language], year=target.year)
    wanted = say("percent", language, number=100 * answer.probability)
    outside = describe_outside(answer.outside, language)
    if outside and answer.verdict != "not reachable":
        return [say("implausible", language, title=title, wanted=wanted, outside=outside)]
    before, judged = (
        say(
            kind,
            language,
            searched=answer.searched,
            others=answer.margins.shape[1] - answer.searched,
            seen=probability_words(answer, candidate, searched=True),
            unseen=probability_words(answer, candidate, searched=False),
        )
        for candidate, kind in enumerate(("before", "judged"))
    )
    if outside:
        return [
            say("out of reach and implausible", language, title=title, wanted=wanted, judged=judged, outside=outside)
        ]
    missed, missed_unseen = (
        three_digits(shown_in(target, max(0.0, -answer.margin_at_probability(1, searched=searched)), language))
        for searched in (True, False)
    )
    optimistic = [say("optimistic", language, wanted=wanted)] * _optimistic(answer)
    first = say(
        answer.verdict,
        language,
        title=title,
        wanted=wanted,
        judged=judged,
        before=before,
        effort=answer.effort,
        count=len(answer.levers),
        least=float(effort_by_lever(answer.measures, answer.shares[2:3]).sum()),
        missed=missed,
        missed_unseen=missed_unseen,
        unit=unit_of(target, language),
    )
    if answer.verdict == "already":
        return [first, *optimistic]
    if answer.verdict == "reachable":
        return [first, *optimistic, *_against_the_plan(answer, language)]
    blocked = say("blocked", language, blockers=_blockers(answer, language), bounds=_at_bounds(answer, language))
    return [first, blocked, *_against_the_plan(answer, language)]


def verdict(answer: Answer, evidence: Evidence) -> list[str]:
    """Return whether the target is reached surely enough, by which levers or what blocks it, and the basis."""
    language, target = screen_language(), answer.target
    before, unseen = (probability_words(answer, candidate, searched=False) for candidate in (0, 1))
    gaps = {
        "title": say("title", language, title=target.title, year=target.year),
        "wanted": say("percent", language, number=100 * answer.probability),
        "unseen": unseen,
        "effort": answer.effort,
        "count": len(answer.levers),
    }
    others, known = answer.margins.shape[1] - answer.searched, members_in_words(evidence, language)
    last = say("verdict basis", language, searched=answer.searched, others=others, known=known)
    # The quantity furthest outside, in widths of its range.
    furthest = sorted(answer.outside, key=lambda each: -each.widths)[:1]
    outside = describe_outside(furthest, language)
    if outside and answer.verdict == "not reachable":
        blocked = say("verdict blocked", language, blockers=_blockers(answer, language))
        limit = say("verdict limit", language, outside=outside)
        return [say("verdict not reachable", language, **gaps), limit, blocked, last]
    if outside:
        return [say("verdict implausible", language, **gaps), say("verdict outside", language, outside=outside), last]
    reachable = answer.verdict == "reachable"
    short = reachable and answer.reached(1, searched=False).probability < answer.probability
    optimistic = reachable and _optimistic(answer)
    kind = "optimistic reachable" if optimistic else "nearly" if short else answer.verdict
    lines = [say(f"verdict {kind}", language, **gaps)]
    if answer.verdict == "already":
        return [*lines, last]
    if answer.verdict == "not reachable":
        lines.append(say("verdict blocked", language, blockers=_blockers(answer, language)))
    measures = {measure.name: measure for measure in answer.measures}
    levers = [
        say(
            "verdict lever",
            language,
            lever=measures[row["lever"]].lever.title,
            low=value_words(measures[row["lever"]], 0.0, language),
            high=value_words(measures[row["lever"]], row["share"], language),
        )
        for row in answer.levers.head(NAMED).to_dict("records")
    ]
    if levers:
        lines.append(say("verdict levers", language, levers=say("levers", language).join(levers)))
    lines.append(say("verdict optimistic", language) if optimistic else say("verdict before", language, before=before))
    return [*lines, last]


def _optimistic(answer: Answer) -> bool:
    unseen = answer.reached(1, searched=False)
    return unseen.probability + 2 * unseen.standard_error < answer.probability


def _blockers(answer: Answer, language: str) -> str:
    named = answer.blocked[answer.blocked["binds"] >= BLOCKING]
    blockers = [
        say("blocker", language, title=TITLES[name][language], share=100 * binds)
        for name, binds in zip(named["bottleneck"], named["binds"], strict=True)
    ]
    return say("blockers", language).join(blockers) or say("no blocker", language)


def _against_the_plan(answer: Answer, language: str) -> list[str]:
    """Name the levers that are moved against the plan, which only happens where that was allowed."""
    levers = {measure.name: measure.lever for measure in answer.measures}
    moved = [
        levers[name].title[language]
        for name, share in zip(answer.levers["lever"], answer.levers["share"], strict=True)
        if levers[name].direction not in ("either", "raise" if share > 0 else "lower")
    ]
    return [say("against", language, levers=say("levers", language).join(moved))] if moved else []


def _at_bounds(answer: Answer, language: str) -> str:
    titles = {measure.name: measure.lever.title[language] for measure in answer.measures}
    names = answer.levers[answer.levers["at_bound"]].sort_values("margin_lost_without", ascending=False)["lever"]
    return say("levers", language).join(titles[name] for name in names) or say("no lever", language)
