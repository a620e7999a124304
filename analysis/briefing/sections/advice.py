"""What the results suggest doing: nothing for which the model gives no number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from analysis.briefing.content import PAGE_AND_WORKBOOK, SLIDES_ONLY, Chart, Paragraph, Section, Table, Text
from analysis.briefing.results import Contribution, Result, School, Spread
from analysis.briefing.sections.answer import (
    LEVEL,
    bottleneck_title,
    gains_of_both,
    gap_stays,
    lever_title,
    relief_of,
    relief_words,
    unknown,
)
from analysis.briefing.sections.author import WORTH_A_CLAUSE, WORTH_A_WORD, Author
from analysis.briefing.sections.drawings import bars, shortened
from analysis.briefing.words import join
from analysis.outcome.bottlenecks import RELIEFS, Relief
from scenarios import Target

#: Measures and steps of relief that have bars on the slide.
BARS: Final = 4
#: The two rates, as sentences call them, in the order of the headline targets.
RATES: Final = ("resident", "registered")


def advice_section(author: Author) -> Section:
    """Return what to do, each point with the number that it rests on."""
    points = [*_levers(author), *_reliefs(author), *_schools(author), *_unknown(author)]
    if not points:
        points = [author.say("advice.none")]
    paragraphs = [
        Paragraph(f"advice.{name}", point, PAGE_AND_WORKBOOK) for name, point in zip(_names(), points, strict=False)
    ]
    rows = _rows(author)
    columns = author.heads("advice.point", "advice.moves", "advice.amount")
    table = author.table("advice.table", columns, rows, numeric=(2,), widths=(4.6, 3.4, 2.6), where=SLIDES_ONLY)
    reading = Paragraph("advice.reading", _reading(author))
    shown: list[Table | Chart] = [table, *_bars(author)] if rows else []
    return author.section("advice", _takeaway(author), *paragraphs, *shown, reading, notes=[*points, _reading(author)])


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
    levers = _decided(author)
    by_rate = {rate: contributions.by_target[target] for rate, target in _by_rate(author)}
    best = dict(_best(author))
    points: list[Text] = []
    for lever, raised in best.items():
        rates = join((author.say(f"rate.{rate}") for rate in raised), author.language, "between rates")
        sentence = "advice.lever too" if points else "advice.lever"
        points.append(author.say(sentence, rate=rates, **_told(author, lever)))
    harm = {
        lever: min((part[lever].mean for part in by_rate.values() if _is_clear(part[lever])), default=0.0)
        for lever in levers
        if lever not in best
    }
    worst = min(harm, key=lambda lever: harm[lever], default="")
    if worst and harm[worst] <= -LEVEL:
        points.append(author.say("advice.offset", **_told(author, worst)))
    return points


def _takeaway(author: Author) -> Text:
    """The first measure with what it adds to the rate that it moves most, or the first relief where none helps."""
    contributions = author.results.contributions
    if best := _best(author):
        assert contributions is not None
        lever, rates = best[0]
        parts = {rate: contributions.by_target[target][lever] for rate, target in _by_rate(author)}
        rate = max(rates, key=lambda rate: parts[rate].mean)
        one = parts[rate]
        ends = (one.p05 or one.mean, one.p95 or one.mean)
        sentence = "advice.takeaway"
        title: dict[str, Text] = {"lever": (lever_title(lever, author.language),)}
        numbers = {"gain": one.mean, "low": ends[0], "high": ends[1]}
    elif reliefs := _chosen(author):
        rate, target, relief = reliefs[0]
        gain = author.results.gains[relief.constant, target.id]
        sentence = "advice.takeaway of relief"
        title = {
            "bottleneck": (bottleneck_title(author, relief.bottleneck),),
            "relief": relief_words(author, relief.constant, target.id),
        }
        numbers = {"gain": gain.median, "low": gain.p05, "high": gain.p95}
    else:
        return author.say("advice.takeaway of none")
    shown = {name: author.number(value, ".2f") for name, value in numbers.items()}
    return author.say(sentence, rate=author.say(f"rate.{rate}"), **title, **shown)


def _bars(author: Author) -> list[Chart]:
    """What measures and steps of relief each add to both rates: the largest, so that a point of advice has its rank."""
    results, names = author.results, [name for _, name in _by_rate(author)]
    effects: list[tuple[Text, list[Result]]] = []
    if results.contributions is not None:
        parts = results.contributions.by_target
        effects += [
            ((lever_title(lever, author.language),), [parts[name][lever].mean for name in names])
            for lever in _decided(author)
        ]
    effects += [
        (
            relief_words(author, relief.constant, names[0]),
            [results.gains[relief.constant, name].median for name in names],
        )
        for relief in RELIEFS
    ]
    largest = sorted(effects, key=lambda one: -max(one[1]))[:BARS]
    largest = [one for one in largest if max(one[1]) >= WORTH_A_WORD]
    if not largest:
        return []
    labels = [author.capital(shortened(name, author.language)) for name, _ in largest]
    series = [
        (author.say(f"compare.{rate}"), [author.number(both[at], "+.2f") for _, both in largest])
        for at, rate in enumerate(RATES)
    ]
    return [bars("advice.bars", author.say("advice.bars"), author.say("chart.points"), labels, series)]


def _rows(author: Author) -> list[tuple[Text, ...]]:
    """The same points for a slide: what to do, what it moves, and by how much."""
    rows: list[tuple[Text, ...]] = []
    contributions = author.results.contributions
    year = author.count(author.target(author.evidence.headlines[0]).year)

    def moves(rate: str) -> Text:
        return author.capital(author.say("advice.moves rate", year=year, rate=author.say(f"rate.{rate}")))

    for number, (lever, rates) in enumerate(_best(author)):
        assert contributions is not None
        told = {"lever": (lever_title(lever, author.language),), "setting": _setting(author, lever)}
        point = author.say("advice.do lever too" if number else "advice.do lever", **told)
        for rate, target in _by_rate(author):
            one = contributions.by_target[target][lever]
            if rate in rates:
                middle = author.number(one.mean, "+.2f")
                if one.p05 is None or one.p95 is None:
                    amount: Text = (middle,)
                else:
                    low, high = author.number(one.p05, "+.2f"), author.number(one.p95, "+.2f")
                    amount = author.say("with range", middle=middle, low=low, high=high)
                rows.append((point, moves(rate), amount))
    for rate, goal, relief in _felt(author):
        point = author.say(
            "advice.do relief",
            bottleneck=bottleneck_title(author, relief.bottleneck),
            relief=relief_words(author, relief.constant, goal.id),
        )
        rows.append((point, moves(rate), author.band(author.results.gains[relief.constant, goal.id], "+.2f")))
    _, scale = author.unit("places")
    for level, school in _short_schools(author):
        assert school.last_short_year is not None
        named, last = author.say(f"advice.{level}"), author.count(school.last_short_year)
        moved = author.say("advice.moves places", year=author.count(school.worst_year))
        point = author.say("advice.do school", level=named, last=last)
        rows.append((point, moved, author.band(_worst(school), ".1f", scale)))
    if gaps := unknown(author):
        odds = author.say("advice.both odds", low=gaps["low_odds"], high=gaps["high_odds"])
        rows.append(
            (author.say("advice.do unknown", parameter=gaps["parameter"]), author.say("advice.moves odds"), odds)
        )
    return rows


def _is_clear(one: Contribution) -> bool:
    """Whether the whole interval lies on the side of the mean."""
    return one.p05 is None or one.p95 is None or one.p05 * one.p95 > 0


def _by_rate(author: Author) -> list[tuple[str, str]]:
    """The two rates, each with the headline target that is of it."""
    return list(zip(RATES, author.evidence.headlines, strict=True))


def _decided(author: Author) -> list[str]:
    """The levers that the scenario sets as a policy, that which moves the rates most first."""
    decided = {change.constant for change in author.evidence.scenario.changes if change.policy}
    contributions = author.results.contributions
    return [] if contributions is None else [lever for lever in contributions.levers if lever in decided]


def _best(author: Author) -> list[tuple[str, list[str]]]:
    """The policy that raises each rate most, where the number is clear: with the rates, the largest effect first."""
    contributions, levers = author.results.contributions, _decided(author)
    if contributions is None:
        return []
    best: dict[str, list[str]] = {}
    by_rate = {rate: contributions.by_target[target] for rate, target in _by_rate(author)}
    for rate, part in by_rate.items():
        lever = max(levers, key=lambda lever: part[lever].mean, default="")
        if lever and part[lever].mean >= LEVEL and _is_clear(part[lever]):
            best.setdefault(lever, []).append(rate)
    return sorted(best.items(), key=lambda one: -max(by_rate[rate][one[0]].mean for rate in one[1]))


def _chosen(author: Author) -> list[tuple[str, Target, Relief]]:
    """The step of relief that brings each rate most, where one brings it anything."""
    targets = [(rate, author.evidence.targets[name]) for rate, name in _by_rate(author)]
    return [(rate, target, relief) for rate, target in targets if (relief := relief_of(author, target)) is not None]


def _felt(author: Author) -> list[tuple[str, Target, Relief]]:
    """Those for which a slide has room: without the rate to which a relief of both adds next to nothing."""
    chosen = _chosen(author)
    if len({relief.constant for _, _, relief in chosen}) == len(chosen):
        return chosen
    gains = {rate: author.results.gains[relief.constant, target.id].median for rate, target, relief in chosen}
    return [one for one in chosen if gains[one[0]] >= WORTH_A_CLAUSE or gains[one[0]] == max(gains.values())]


def _short_schools(author: Author) -> list[tuple[str, School]]:
    """Compulsory schools in which places are short in the median, by level."""
    schools = [(level, author.results.schools[level]) for level in ("primary", "junior secondary")]
    return [(level, one) for level, one in schools if one.last_short_year is not None and _worst(one).median > 0]


def _worst(school: School) -> Spread:
    """The shortage of the year in which it is largest."""
    return school.short[int(school.worst_year)]


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
    return join(told, author.language, "between clauses")


def _effect(author: Author, rate: str, one: Contribution) -> Text:
    effect = author.change(rate, one)
    if one.p05 is None or one.p95 is None:
        return effect
    return author.say(
        "advice.effect", effect=effect, span=author.interval(one.p05, one.p95, ".2f" if one.p05 > 0 else "+.2f")
    )


def _reliefs(author: Author) -> list[Text]:
    """The step of relief that brings each rate most; both in one sentence where it is the same."""
    points: list[Text] = []
    chosen = _chosen(author)
    if len(chosen) == len(RATES) and chosen[0][1].year == chosen[1][1].year and chosen[0][2] == chosen[1][2]:
        relief, targets = chosen[0][2], [target for _, target, _ in chosen]
        gains, end = gains_of_both(author, targets, relief)
        text = author.say(
            "advice.relief both",
            bottleneck=bottleneck_title(author, relief.bottleneck),
            relief=relief_words(author, relief.constant, targets[0].id),
            year=author.count(author.target(targets[0].id).year),
            gains=gains,
        )
        return [text + end]
    for rate, target, relief in chosen:
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
    for level, school in _short_schools(author):
        worst = _worst(school)
        assert school.last_short_year is not None
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
