"""The monitor in sentences and cells, in one language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from analysis.monitor.study import Assessed, Band, Indicator
from analysis.outcome.shares import Share
from analysis.outcome.target_words import shown_in
from analysis.outcome.units import plan_unit
from analysis.outcome.verdict import members_in_words
from analysis.outcome.words import SIGNS, say_from
from calibration.fit.evidence import Evidence
from scenarios import Scenario, Target
from scenarios.monitor import STATUSES, Monitor

say: Final = partial(say_from, Path(__file__).with_name("words.yaml"))
say_shared: Final = partial(say_from, Path(__file__).parents[1] / "outcome" / "words.yaml")
#: The percents of all of something.
ALL: Final = 100.0
#: Targets that a sentence names before it says only how many there are.
NAMED: Final = 4
#: Of those that are off course.
NAMED_OFF: Final = 2
#: Above this a number is whole.
LARGE: Final = 100


@dataclass(frozen=True)
class Question:
    """What was asked, for the words."""

    scenario: Scenario
    evidence: Evidence
    members: int
    #: The last year of data.
    last: int
    assessed: Assessed | None
    #: The last year of series that an assessment could take up; 0 where there are none.
    assessable: int = 0


def verdict(indicators: Sequence[Indicator], question: Question, language: str) -> list[str]:
    """Return the answer in five lines at most: how many are where, what was observed, and what that rests on."""
    modelled = [one for one in indicators if one.target.modelled]
    tracked = [one for one in indicators if not one.target.modelled]
    numbers = Counter(one.status for one in modelled)
    between = say_shared("list", language)
    counts = between.join(
        say("count", language, status=say(status, language), number=numbers[status])
        for status in STATUSES
        if numbers[status]
    )
    lines = [say("verdict", language, modelled=len(modelled), counts=counts), _observed(modelled, language)]
    if longest := _longest(modelled, language):
        lines.append(longest)
    with_data = sum(one.observation is not None for one in tracked)
    if tracked:
        name = "tracked" if with_data else "none tracked"
        lines.append(say(name, language, tracked=len(tracked), with_data=with_data))
    return [*lines, basis(question, language)]


def basis(question: Question, language: str) -> str:
    """Return what the probabilities rest on."""
    if question.assessed is not None:
        assessed = say("by assessment", language, data_to=question.assessed.data_to)
    elif question.assessable > question.evidence.last_year:
        assessed = say("not assessed", language, data_to=question.assessable)
    else:
        assessed = ""
    known = members_in_words(question.evidence, language)
    return say("basis", language, members=question.members, known=known, assessed=assessed)


def number(value: float, target: Target, language: str, *, unit: bool = True, like: float | None = None) -> str:
    """Return a number, given in the plan's unit, as it is shown, with no more digits than a reader wants.

    With `like` it has as many digits as that other number would have, beside which it stands.

    Examples
    --------
    >>> from scenarios import load_targets
    >>> target = load_targets()["target.talent_settled.2021_2025"]
    >>> number(411234.0, target, "zh"), number(411234.0, target, "en", unit=False)
    ('41.1万人', '411')
    """
    size = abs(shown_in(target, value if like is None else like, language))
    value = shown_in(target, value, language)
    digits = 1 if target.unit == "percent" or 10 <= size < LARGE else 0 if size >= LARGE else 2
    written = f"{value:,.{digits}f}"
    if target.unit in ("count",) and value == round(value):
        written = f"{value:,.0f}"
    if not unit:
        return written
    return written + _short(plan_unit(target.unit, language), language)


def asked(target: Target, language: str) -> str:
    """Return what a target asks for, short; of what is all of something there cannot be more.

    Examples
    --------
    >>> from scenarios import load_targets
    >>> asked(load_targets()["target.urbanization.resident.2025"], "zh")
    '≥78.5%'
    """
    if target.threshold is None:
        return ""
    # How "about" and "all" are judged is said in the documents; the page has no room for it.
    gap = "" if language == "zh" else " "
    sign = SIGNS[target.comparison] + gap
    if target.unit == "percent" and target.comparison == "at least" and target.threshold == ALL:
        sign = ""
    threshold = shown_in(target, target.threshold, language)
    return f"{sign}{threshold:,.6g}{_short(plan_unit(target.unit, language), language)}"


def interval(band: Band, target: Target, language: str) -> str:
    """Return the 90 % band, without a unit."""
    ends = (band.low, band.high)
    low, high = (number(value, target, language, unit=False, like=band.median) for value in ends)
    return say("interval", language, low=low, high=high)


def probability(indicator: Indicator, language: str) -> str:
    """Return a probability in percent; where no or every member reaches the target, the bound that so many allow."""
    if indicator.probability is None:
        return ""
    if indicator.members:
        share = Share(round(indicator.probability * indicator.members), indicator.members)
        if share.number == 0:
            return say("below", language, bound=_bound(100 * share.high))
        if share.number == share.members:
            return say("above", language, bound=_bound(100 * share.low))
    return say("share", language, share=f"{100 * indicator.probability:.0f}")


def since(indicator: Indicator, language: str) -> str:
    """Return the year since when an indicator has its status."""
    if indicator.since is None:
        return "—"
    return say("by now" if indicator.since_start else "from year", language, year=indicator.since)


def rules_in_words(monitor: Monitor, language: str) -> str:
    """Return all rules in one sentence."""
    between = "；" if language == "zh" else "; "
    told = [
        say("rule", language, because=rule.because[language], status=say(rule.status, language))
        for rule in monitor.rules
    ]
    return say("rules", language, rules=between.join(told))


def _observed(modelled: Sequence[Indicator], language: str) -> str:
    seen = [one for one in modelled if one.observation is not None]
    if not seen:
        return say("none observed", language)
    items = []
    for one in seen[:NAMED]:
        assert one.observation is not None
        items.append(
            say(
                "observed item",
                language,
                title=one.target.title[language],
                year=one.observation.year,
                value=number(one.observation.value, one.target, language),
                year_due=one.target.year,
                wanted=asked(one.target, language),
                status=say(one.status, language),
            )
        )
    between = "；" if language == "zh" else "; "
    return say("one observed", language, observed=len(seen), items=between.join(items))


def _longest(modelled: Sequence[Indicator], language: str) -> str:
    off = [one for one in modelled if one.status == "off course" and one.since is not None]
    if not off:
        return ""
    first = min(one.since for one in off if one.since is not None)
    named = list(dict.fromkeys(one.target.title[language] for one in off if one.since == first))
    between = say_shared("list", language)
    more = ("等" if language == "zh" else " and others") if len(named) > NAMED_OFF else ""
    count = sum(one.since == first for one in off)
    return say("longest", language, year=first, number=count, titles=between.join(named[:NAMED_OFF]) + more)


def _short(text: str, language: str) -> str:
    """Leave away since when something is counted, and words that only say that a number is one."""
    for more in ("（2021", " people", " in all", " as a ratio", " as a score", " in number"):
        text = text.split(more)[0]
    # English writes a percent sign apart, as all other pages do.
    return " %" if text == "%" and language == "en" else text.replace(" t a day", " t/day")


def _bound(percent: float) -> str:
    """One digit behind the point near an end, where 99.4 and 99.9 are not the same."""
    return f"{percent:.1f}" if percent < 10 or percent > 90 else f"{percent:.0f}"
