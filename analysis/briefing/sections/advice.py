"""What the results suggest doing: nothing for which the model gives no number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from analysis.briefing.content import Paragraph, Section, Text
from analysis.briefing.results import Contribution
from analysis.briefing.sections.answer import (
    LEVEL,
    bottleneck_title,
    gap_stays,
    lever_title,
    relief_of,
    relief_words,
    unknown,
)
from analysis.briefing.sections.author import Author
from analysis.briefing.words import join

#: The two rates, as sentences call them, in the order of the headline targets.
RATES: Final = ("resident", "registered")


def advice_section(author: Author) -> Section:
    """Return what to do, each point with the number that it rests on."""
    points = [*_levers(author), *_reliefs(author), *_schools(author), *_unknown(author)]
    if not points:
        points = [author.say("advice.none")]
    blocks = [Paragraph(f"advice.{name}", point) for name, point in zip(_names(), points, strict=False)]
    return author.section("advice", (), *blocks, Paragraph("advice.reading", _reading(author)))


def short_advice(author: Author) -> list[Text]:
    """Return the points for which a single page has room: measures, reliefs, and the figure to establish."""
    points = [*_levers(author), *_reliefs(author), *_unknown(author)]
    return points or [author.say("advice.none")]


def _names() -> Iterable[str]:
    """Names of points: letters, as words of a briefing hold no digits."""
    return iter("abcdefghijklmnopqrstuvwxyz")


def _reading(author: Author) -> Text:
    named = "advice.reading" if author.results.contributions is None else "advice.reading of measures"
    return author.say(named)


def _levers(author: Author) -> list[Text]:
    """The policy that raises each rate most, and the one that lowers a rate most, where the number is clear."""
    contributions = author.results.contributions
    if contributions is None:
        return []
    decided = {change.constant for change in author.evidence.scenario.changes if change.policy}
    levers = [lever for lever in contributions.levers if lever in decided]
    by_rate = {
        rate: contributions.by_target[target] for rate, target in zip(RATES, author.evidence.headlines, strict=True)
    }
    best: dict[str, list[str]] = {}
    for rate, part in by_rate.items():
        lever = max(levers, key=lambda lever: part[lever].mean, default="")
        if lever and part[lever].mean >= LEVEL and _is_clear(part[lever]):
            best.setdefault(lever, []).append(rate)
    order = sorted(best, key=lambda lever: -max(by_rate[rate][lever].mean for rate in best[lever]))
    points: list[Text] = []
    for lever in order:
        rates = join((author.say(f"rate.{rate}") for rate in best[lever]), author.language, "between rates")
        sentence = "advice.lever too" if points else "advice.lever"
        points.append(author.say(sentence, rate=rates, **_told(author, lever)))
    harm = {lever: min(part[lever].mean for part in by_rate.values()) for lever in levers if lever not in best}
    worst = min(harm, key=lambda lever: harm[lever], default="")
    if worst and harm[worst] <= -LEVEL:
        points.append(author.say("advice.offset", **_told(author, worst)))
    return points


def _is_clear(one: Contribution) -> bool:
    """Whether the whole interval lies on the side of the mean."""
    return one.p05 is None or one.p95 is None or one.p05 * one.p95 > 0


def _told(author: Author, lever: str) -> dict[str, Text]:
    return {
        "lever": (lever_title(lever, author.language),),
        "setting": _setting(author, lever),
        "effects": _effects(author, lever),
    }


def _setting(author: Author, lever: str) -> Text:
    """From what the scenario sets a lever to what by the year of the targets; nothing where districts differ."""
    settings = [one for one in author.results.settings if one.constant == lever]
    if len(settings) != 1 or settings[0].element:
        return ()
    change = next(one for one in author.evidence.scenario.changes if one.constant == lever)
    unit, scale = author.lever_unit(change.unit)
    year = author.evidence.targets[author.evidence.headlines[0]].year
    ends = {"before": settings[0].default, "after": settings[0].years[year]}
    share = change.unit == "Dmnl"
    return author.say(
        "advice.setting of share" if share else "advice.setting",
        **{name: author.number(end, ",.4g", scale) for name, end in ends.items()},
        **({} if share else {"unit": unit}),
    )


def _effects(author: Author, lever: str) -> Text:
    """By how much a lever moves both rates, with intervals; a rate that it does not move is left out."""
    contributions = author.results.contributions
    assert contributions is not None
    of_both = [contributions.by_target[target][lever] for target in author.evidence.headlines]
    told = [_effect(author, rate, one) for rate, one in zip(RATES, of_both, strict=True) if one.size >= LEVEL]
    return join(told, author.language, "between effects")


def _effect(author: Author, rate: str, one: Contribution) -> Text:
    effect = author.change(rate, one)
    if one.p05 is None or one.p95 is None:
        return effect
    return author.say(
        "advice.effect", effect=effect, span=author.interval(one.p05, one.p95, ".2f" if one.p05 > 0 else "+.2f")
    )


def _reliefs(author: Author) -> list[Text]:
    """The step of relief that brings each rate most; both in one sentence where it is the same."""
    targets = [author.evidence.targets[name] for name in author.evidence.headlines]
    chosen = [relief_of(author, target) for target in targets]
    points: list[Text] = []
    for rate, target, relief in zip(RATES, targets, chosen, strict=True):
        if relief is None:
            continue
        gain = author.results.gains[relief.constant, target.id]
        text = author.say(
            "advice.relief" if not points else "advice.relief too",
            bottleneck=bottleneck_title(author, relief.bottleneck),
            relief=relief_words(author, relief.constant, target.id),
            year=author.count(author.target(target.id).year),
            rate=author.say(f"rate.{rate}"),
            gain=author.number(gain.median, ".2f"),
            low=author.number(gain.p05, ".2f"),
            high=author.number(gain.p95, ".2f"),
        )
        points.append(text + gap_stays(author, target, gain))
    return points


def _schools(author: Author) -> list[Text]:
    """Places of compulsory schools, where they are short in the median: in which year most, and until when."""
    _, scale = author.unit("places")
    spans = []
    for level in ("primary", "junior secondary"):
        school = author.results.schools[level]
        worst = school.short[int(school.worst_year)]
        if school.last_short_year is None or worst.median <= 0:
            continue
        spans.append(
            author.say(
                "advice.school",
                level=author.say(f"advice.{level}"),
                year=author.count(school.worst_year),
                short=author.number(worst.median, ".1f", scale),
                low=author.number(worst.p05, ".1f", scale),
                high=author.number(worst.p95, ".1f", scale),
                last=author.count(school.last_short_year),
            )
        )
    return [author.say("advice.schools", spans=join(spans, author.language, "between effects"))] if spans else []


def _unknown(author: Author) -> list[Text]:
    """The figure of the start year which the registered target turns on most."""
    gaps = unknown(author)
    return [author.say("advice.unknown", **gaps)] if gaps else []
