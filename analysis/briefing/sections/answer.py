"""The answer in one paragraph: reached or not, how likely, by what margin, through what, and what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from analysis.briefing.content import PAGE_AND_WORKBOOK, SLIDES_ONLY, Name, Paragraph, Run, Section, Table, Text
from analysis.briefing.likelihood import likelihood
from analysis.briefing.results import Contribution, Gain
from analysis.briefing.sections.author import WORTH_A_WORD, Author
from analysis.briefing.sections.targets import board, reasons
from analysis.briefing.words import join
from analysis.comparison import study as comparison_results
from analysis.comparison.tables import TOTAL
from analysis.outcome.bottlenecks import BOTTLENECKS, RELIEFS, Relief
from analysis.reach.probability import GROUPS, UNKNOWN_OF_2020
from model.definition import variables_by_name
from scenarios import FIRST_DEADLINE, Target

#: A margin or a difference of probabilities smaller than this many percentage points is not worth a word.
LEVEL: Final = 0.05
#: How many of a language's unit one of the model's is, in steps of `analysis.reach.bottlenecks.RELIEFS`; shares else.
STEPS: Final = {
    "URBAN DEVELOPMENT BOUNDARY": {"zh": 1.0, "en": 1.0},
    "BASE LAND QUOTA": {"zh": 1.0, "en": 1.0},
    "AFFORDABLE RENTAL STARTS": {"zh": 1.0, "en": 1.0},
    "BASE TRANSFERS": {"zh": 1e8, "en": 1e9},
}


def answer_section(author: Author) -> Section:
    """Return the first section."""
    targets = author.evidence.targets
    resident, registered = (targets[name] for name in author.evidence.headlines)
    later = author.evidence.scenario.starts > FIRST_DEADLINE
    headline = answer_headline(author)
    rates = [_rate(author, resident), _rate(author, registered)]
    reliefs = [relief_of(author, target) for target in (resident, registered)]
    # What was tried is stated once.
    if reliefs[0] is not None and reliefs[0] == reliefs[1] and resident.year == registered.year:
        causes = [driver(author), _blocker_of_both(author, [resident, registered], reliefs[0])]
    else:
        causes = [driver(author), _blocker(author, resident, reliefs[0])]
        causes.append(_blocker(author, registered, reliefs[1], again=" too"))
    every = all(target.modelled for target in targets.values())
    sentence = "answer.sure later" if later else "answer.sure every" if every else "answer.sure"
    sure = author.say(sentence, parts=author.counted(surely=True))
    blocks: list[Paragraph | Table] = [
        Paragraph("answer.short", join(rates, author.language), SLIDES_ONLY),
        Paragraph("answer.answer", join(rates, author.language), PAGE_AND_WORKBOOK, strong=True),
        Paragraph("answer.causes", join(causes, author.language), PAGE_AND_WORKBOOK),
        Paragraph("answer.sure", sure, PAGE_AND_WORKBOOK),
    ]
    if gaps := unknown(author):
        blocks.append(Paragraph("answer.unsure", author.say("answer.unsure", **gaps), PAGE_AND_WORKBOOK))
    conditional = join([author.say("answer.conditional"), answer_published(author)], author.language)
    headlines = [target for target in targets.values() if target.headline and target.modelled]
    blocks += [board(author, "answer.table", headlines), *reasons(author, "answer.reasons", headlines)]
    blocks.append(Paragraph("answer.conditional", conditional, PAGE_AND_WORKBOOK))
    return author.section(
        "answer",
        headline,
        *blocks,
        notes=[*rates, *causes, sure, *([author.say("answer.unsure", **gaps)] if gaps else [])],
    )


def answer_headline(author: Author) -> Text:
    """Return how likely the two rates are, in one sentence without its full stop."""
    results = [author.target(target) for target in author.evidence.headlines]
    verdicts = [author.say(likelihood(one.probability, one.probability_low, one.probability_high)) for one in results]
    later = author.evidence.scenario.starts > FIRST_DEADLINE
    return author.say(
        "answer.headline later" if later else "answer.headline", resident=verdicts[0], registered=verdicts[1]
    )


def answer_published(author: Author, sentence: str = "answer.published") -> Text:
    """Return how likely published figures are to reach the two targets; nothing where that is not known."""
    published = [author.target(target).probability_with_discrepancy for target in author.evidence.headlines]
    if published[0] is None or published[1] is None:
        return ()
    return author.say(sentence, resident=author.chance(published[0]), registered=author.chance(published[1]))


def _name(author: Author, target: Target) -> Text:
    """What the rate of a headline target is called, be it the plan's or a milestone's."""
    resident = target.id == author.evidence.headlines[0]
    return author.say("rate in full.resident" if resident else "rate in full.registered")


def relief_words(author: Author, constant: str, target: str) -> Text:
    """Return a step of relief in words."""
    scale = STEPS.get(constant, {}).get(author.language, 0.01)
    step = author.results.gains[constant, target].step
    return author.say(f"relief.{constant}", step=author.number(step, ",.0f", scale))


@cache
def lever_title(constant: str, language: str) -> Name:
    """Return what a changed constant is called, lever or assumption; kept, as the levers' file is read each time."""
    return Name(comparison_results.lever_title(constant, language, variables_by_name()))


def _rate(author: Author, target: Target) -> Text:
    result = author.target(target.id)
    kind = "level" if result.distance < LEVEL else "above" if result.margin > 0 else "below"
    gaps: dict[str, Run | Text] = {
        "year": author.count(result.year),
        "rate": _name(author, target),
        "median": author.number(result.median),
        "low": author.number(result.p05),
        "high": author.number(result.p95),
        "goal": author.number(result.threshold, ".4g"),
    }
    if kind != "level":
        gaps["gap"] = author.number(result.distance)
    text = author.say(f"answer.{kind}", **gaps)
    if result.probability == 0.0:
        high = author.percent(result.probability_high, ".1f")
        text += author.say("answer.none", high=high)
    elif result.probability == 1.0:
        low = author.percent(result.probability_low, ".1f")
        text += author.say("answer.all", low=low)
    else:
        shares = {"odds": author.percent(result.probability), "error": author.percent(result.probability_se)}
        text += author.say("answer.some", **shares)
    if result.year_reached_median is not None:
        return text + author.say("answer.when", year=author.count(result.year_reached_median))
    return text + author.say("answer.never")


def driver(author: Author) -> Text:
    """Return what all changes do together, and the lever that does most."""
    contributions = author.results.contributions
    if contributions is None:
        return author.say("answer.driver of baseline")
    lever = contributions.levers[0]
    gaps = {gap: author.changes(both_rates(author, name)) for gap, name in (("effects", TOTAL), ("parts", lever))}
    return author.say("answer.driver", lever=lever_title(lever, author.language), **gaps)


def both_rates(author: Author, lever: str) -> dict[str, Contribution]:
    """Return what a lever, or all of them, contributes to each rate."""
    contributions = author.results.contributions
    assert contributions is not None
    return {
        rate: contributions.by_target[target][lever]
        for rate, target in zip(("resident", "registered"), author.evidence.headlines, strict=True)
    }


def relief_of(author: Author, target: Target) -> Relief | None:
    """Return the relief that brings most, if that is worth a word and its bottleneck is felt by the target's year."""
    results = author.results
    best = max(RELIEFS, key=lambda relief: results.gains[relief.constant, target.id].median)
    helps = results.gains[best.constant, target.id].median >= WORTH_A_WORD
    return best if helps and results.limits[best.bottleneck].districts[target.year] else None


def bottleneck_title(author: Author, bottleneck: str) -> Name:
    """Return what a bottleneck is called."""
    return author.title(next(one for one in BOTTLENECKS if one.id == bottleneck).title)


def gap_stays(author: Author, target: Target, gain: Gain) -> Text:
    """Return the end of a sentence on a gain: whether it falls short of the target."""
    misses = author.target(target.id).margin + gain.median < 0
    return author.say("answer.gap stays" if misses else "answer.full stop")


def gains_of_both(author: Author, targets: Sequence[Target], relief: Relief) -> tuple[Text, Text]:
    """Return what one step of relief adds to both rates, and the end of its sentence: which still misses its target."""
    gains = {
        author.say(f"rate.{rate}"): (target, author.results.gains[relief.constant, target.id])
        for rate, target in zip(("resident", "registered"), targets, strict=True)
    }
    told = [
        author.say(
            "answer.gain",
            rate=rate,
            **{gap: author.number(one, ".2f") for gap, one in (("gain", of.median), ("low", of.p05), ("high", of.p95))},
        )
        for rate, (_, of) in gains.items()
    ]
    missed = [rate for rate, (target, of) in gains.items() if author.target(target.id).margin + of.median < 0]
    end = (
        author.say("answer.gap stays of", rates=join(missed, author.language, "between rates"))
        if missed
        else author.say("answer.full stop")
    )
    return join(told, author.language, "between clauses"), end


def no_blocker(author: Author, target: Target, again: str = "") -> Text:
    """Return that no step of relief helps a rate; `again` is " too" where it has been said what was tried."""
    return author.say(
        f"answer.no blocker{again}", rate=_name(author, target), year=author.count(author.target(target.id).year)
    )


def _blocker_of_both(author: Author, targets: Sequence[Target], best: Relief) -> Text:
    gains, end = gains_of_both(author, targets, best)
    text = author.say(
        "answer.blocker both",
        bottleneck=bottleneck_title(author, best.bottleneck),
        year=author.count(author.target(targets[0].id).year),
        districts=author.count(author.results.limits[best.bottleneck].districts[targets[0].year]),
        relief=relief_words(author, best.constant, targets[0].id),
        gains=gains,
    )
    return text + end


def _blocker(author: Author, target: Target, best: Relief | None, again: str = "") -> Text:
    result, rate = author.target(target.id), _name(author, target)
    if best is None:
        return no_blocker(author, target, again)
    gain = author.results.gains[best.constant, target.id]
    text = author.say(
        f"answer.blocker{again}",
        rate=rate,
        bottleneck=bottleneck_title(author, best.bottleneck),
        year=author.count(result.year),
        districts=author.count(author.results.limits[best.bottleneck].districts[target.year]),
        relief=relief_words(author, best.constant, target.id),
        gain=author.number(gain.median, ".2f"),
        low=author.number(gain.p05, ".2f"),
        high=author.number(gain.p95, ".2f"),
    )
    return text + gap_stays(author, target, gain)


def unknown(author: Author) -> dict[str, Run | Text]:
    """Return the unknown of the start year on which the registered target turns most, as gaps; none if it does not."""
    conditions = author.results.conditions
    ends = {
        parameter: (conditions[parameter, 1], conditions[parameter, GROUPS])
        for parameter in UNKNOWN_OF_2020
        if {(parameter, 1), (parameter, GROUPS)} <= conditions.keys()
    }

    def spread(parameter: str) -> float:
        low, high = ends[parameter]
        return abs(low.probability - high.probability)

    parameter = max(ends, key=spread, default="")
    if not parameter or spread(parameter) < LEVEL:
        return {}
    low, high = ends[parameter]
    share = parameter == "REGISTERED URBAN SHARE 2020"
    unit, size = author.unit("people")
    form, scale = (".1f", 0.01) if share else (author.form("people"), size)
    limits = {"low": author.number(low.highest, form, scale), "high": author.number(high.lowest, form, scale)}
    words = {
        gap: author.say("percent", number=limit) if share else author.say("with unit", number=limit, unit=(unit,))
        for gap, limit in limits.items()
    }
    return {
        "parameter": author.say(f"parameter.{parameter}"),
        "low_odds": author.probability(low),
        "high_odds": author.probability(high),
        **words,
    }
