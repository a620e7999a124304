"""The answer in one paragraph: reached or not, how likely, by what margin, through what, and what stands in the way."""

from __future__ import annotations

from functools import cache
from typing import Final

from analysis.briefing.content import Name, Paragraph, Run, Section, Table, Text
from analysis.briefing.likelihood import likelihood
from analysis.briefing.results import ordered_levers
from analysis.briefing.sections.author import WORTH_A_WORD, Author
from analysis.briefing.sections.targets import glance, reasons
from analysis.briefing.words import joined
from analysis.comparison import study as comparison_results
from analysis.comparison.tables import TOTAL
from analysis.pages.answer import REGISTERED, RESIDENT
from analysis.reach.bottlenecks import BOTTLENECKS, RELIEFS, Relief
from analysis.reach.probability import GROUPS, UNKNOWN_OF_2020
from model.definition import variables_by_name
from scenarios import Target

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
    resident, registered = targets[RESIDENT], targets[REGISTERED]
    name = author.evidence.scenario.name
    odds = ("probability", "probability_low", "probability_high")
    verdicts = [
        author.say(likelihood(*(author.results[f"targets/{name}/{target.id}/{end}"] for end in odds)))
        for target in (resident, registered)
    ]
    headline = author.say(
        "answer.headline",
        year=author.year(f"targets/{name}/{RESIDENT}/year"),
        resident=verdicts[0],
        registered=verdicts[1],
    )
    whole = [_rate(author, resident), _rate(author, registered), _driver(author)]
    reliefs = [_relief(author, target) for target in (resident, registered)]
    # What was tried is told once.
    again = "answer.blocker too" if reliefs[0] else "answer.blocker"
    whole += [_blocker(author, resident, reliefs[0], "answer.blocker"), _blocker(author, registered, reliefs[1], again)]
    blocks: list[Paragraph | Table] = [
        Paragraph("answer.answer", joined(whole, author.language), strong=True),
        Paragraph("answer.sure", _sure(author)),
    ]
    if unsure := _unsure(author):
        blocks.append(Paragraph("answer.unsure", unsure))
    conditional = author.say(
        "answer.conditional",
        members=author.number("counts/members", ".0f"),
        data=author.year("definition/first_year"),
    )
    if f"targets/{name}/{RESIDENT}/probability_with_discrepancy" in author.results:
        published = {
            gap: author.percent(f"targets/{name}/{target}/probability_with_discrepancy")
            for gap, target in (("resident", RESIDENT), ("registered", REGISTERED))
        }
        year = author.year(f"targets/{name}/{RESIDENT}/year")
        conditional = joined([conditional, author.say("answer.published", year=year, **published)], author.language)
    headlines = [target for target in targets.values() if target.headline]
    blocks += [glance(author, "answer.table"), *reasons(author, "answer.reasons", headlines)]
    blocks.append(Paragraph("answer.conditional", conditional))
    return Section("answer", _plain(author, "answer.section"), headline, tuple(blocks))


def relief_words(author: Author, constant: str, target: str) -> Text:
    """Return a step of relief in words."""
    scale = STEPS.get(constant, {}).get(author.language, 0.01)
    return author.say(f"relief.{constant}", step=author.number(f"gains/{constant}/{target}/step", ",.0f", scale))


def lever_title(author: Author, constant: str) -> Name:
    """Return what a changed constant is called, a lever or an assumption."""
    return Name(_lever_title(constant, author.language))


@cache
def _lever_title(constant: str, language: str) -> str:
    """Kept, as the levers' file is read for each title."""
    return comparison_results.lever_title(constant, language, variables_by_name())


def contribution_place(author: Author, target: str, lever: str) -> str:
    """Return where the results keep a lever's contribution to a target's variable in the target's year."""
    goal = author.evidence.targets[target]
    return f"contributions/{goal.variable}/{goal.year}/{lever}"


def _plain(author: Author, name: str) -> str:
    (words,) = author.say(name)
    assert isinstance(words, str)
    return words


def _rate(author: Author, target: Target) -> Text:
    place = f"targets/{author.evidence.scenario.name}/{target.id}"
    results, number = author.results, author.number
    margin = results[f"{place}/margin"]
    kind = "level" if abs(margin) < LEVEL else "above" if margin > 0 else "below"
    gaps: dict[str, Run] = {
        "year": author.year(f"{place}/year"),
        "rate": author.title(target.title),
        "median": number(f"{place}/median"),
        "wide": author.wide(),
        "low": number(f"{place}/p05"),
        "high": number(f"{place}/p95"),
        "goal": number(f"{place}/threshold", ".4g"),
    }
    if kind != "level":
        gaps["gap"] = number(f"{place}/distance")
    said = author.say(f"answer.{kind}", **gaps)
    odds = results[f"{place}/probability"]
    confidence = number("definition/confidence", ".0f")
    members = number("counts/members", ".0f")
    if odds == 0.0:
        high = author.percent(f"{place}/probability_high", ".1f")
        said += author.say("answer.none", members=members, confidence=confidence, high=high)
    elif odds == 1.0:
        low = author.percent(f"{place}/probability_low", ".1f")
        said += author.say("answer.all", members=members, confidence=confidence, low=low)
    else:
        error = author.percent(f"{place}/probability_se")
        said += author.say("answer.some", odds=author.percent(f"{place}/probability"), members=members, error=error)
    if f"{place}/year_reached_median" in results:
        return said + author.say("answer.when", year=author.year(f"{place}/year_reached_median"))
    return said + author.say("answer.never", year=author.year("definition/last_year"))


def _driver(author: Author) -> Text:
    evidence = author.evidence
    if evidence.comparison is None:
        return author.say("answer.driver of baseline", scenario=author.title(evidence.scenario.title))
    lever = ordered_levers(evidence)[0]
    gaps = {
        f"{rate}{suffix}": author.change(rate, contribution_place(author, target, name))
        for rate, target in (("resident", RESIDENT), ("registered", REGISTERED))
        for suffix, name in (("", TOTAL), ("_part", lever))
    }
    return author.say(
        "answer.driver",
        scenario=author.title(evidence.scenario.title),
        baseline=author.title(evidence.baseline.title),
        year=author.year(f"targets/{evidence.scenario.name}/{RESIDENT}/year"),
        lever=lever_title(author, lever),
        **gaps,
    )


def _relief(author: Author, target: Target) -> Relief | None:
    """The relief that brings most, if that is worth a word and its bottleneck is felt anywhere by the target's year."""
    results = author.results
    best = max(RELIEFS, key=lambda relief: results[f"gains/{relief.constant}/{target.id}/median"])
    brings = results[f"gains/{best.constant}/{target.id}/median"] >= WORTH_A_WORD
    return best if brings and results[f"limits/{best.bottleneck}/city/{target.year}/districts"] else None


def _blocker(author: Author, target: Target, best: Relief | None, sentence: str) -> Text:
    results = author.results
    place = f"targets/{author.evidence.scenario.name}/{target.id}"
    rate = author.title(target.title)
    if best is None:
        return author.say("answer.no blocker", rate=rate, year=author.year(f"{place}/year"))
    gain = f"gains/{best.constant}/{target.id}"
    bottlenecks = {bottleneck.id: bottleneck for bottleneck in BOTTLENECKS}
    said = author.say(
        sentence,
        rate=rate,
        bottleneck=author.title(bottlenecks[best.bottleneck].title),
        year=author.year(f"{place}/year"),
        districts=author.number(f"limits/{best.bottleneck}/city/{target.year}/districts", ".0f"),
        relief=relief_words(author, best.constant, target.id),
        gain=author.number(f"{gain}/median", ".2f"),
        wide=author.wide(),
        low=author.number(f"{gain}/p05", ".2f"),
        high=author.number(f"{gain}/p95", ".2f"),
    )
    misses = results[f"{place}/margin"] + results[f"{gain}/median"] < 0
    return said + author.say("answer.gap stays" if misses else "answer.full stop")


def _sure(author: Author) -> Text:
    keys = {"yes": "sure_yes", "no": "sure_no"}
    keys |= {name: name for name in ("modelled", "likely", "unlikely", "open", "tracked")}
    return author.say("answer.sure", **{gap: author.number(f"counts/{key}", ".0f") for gap, key in keys.items()})


def _unsure(author: Author) -> Text:
    """The unknown of the start year on which the registered target turns most, if it turns at all."""
    name = author.evidence.scenario.name

    def spread(parameter: str) -> float:
        ends = [f"conditions/{name}/{REGISTERED}/{parameter}/{third}/probability" for third in (1, GROUPS)]
        return abs(author.results.get(ends[0], 0.0) - author.results.get(ends[1], 0.0))

    parameter = max(UNKNOWN_OF_2020, key=spread)
    if spread(parameter) < LEVEL:
        return ()
    low, high = (f"conditions/{name}/{REGISTERED}/{parameter}/{third}" for third in (1, GROUPS))
    share = parameter == "REGISTERED URBAN SHARE 2020"
    form, scale = (".1f", 0.01) if share else (",.0f", 1.0)
    limits = {"low": author.number(f"{low}/highest", form, scale), "high": author.number(f"{high}/lowest", form, scale)}
    said = {gap: author.say("percent", number=limit) if share else (limit,) for gap, limit in limits.items()}
    return author.say(
        "answer.unsure",
        parameter=author.parameter(parameter),
        low_odds=author.odds(low),
        high_odds=author.odds(high),
        **said,
    )
