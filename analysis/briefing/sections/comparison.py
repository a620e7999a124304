"""Scenarios beside each other, and what each measure contributes to the difference."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.briefing.charts import CONTRIBUTIONS
from analysis.briefing.content import (
    PAGE_AND_WORKBOOK,
    PAGE_ONLY,
    WORKBOOK_ONLY,
    Block,
    Medium,
    Paragraph,
    Section,
    Table,
    Text,
)
from analysis.briefing.likelihood import tone
from analysis.briefing.results import Contribution, Contributions
from analysis.briefing.sections.answer import both_rates, lever_title
from analysis.briefing.sections.author import Author
from analysis.briefing.sections.drawings import contribution_bars, odds
from analysis.comparison.tables import TOTAL

#: Levers that a slide and the page name; the workbook has all.
NAMED = 8
#: Points of both rates together that a lever must move to be named.
WORTH_A_ROW = 0.02


def compare_section(author: Author) -> Section:
    """Return contributions, and how likely the main targets are in each scenario."""
    contributions = author.results.contributions
    registered = author.evidence.headlines[1]
    results, scenarios = author.results.targets, author.evidence.material.scenarios
    surest = max(scenarios, key=lambda name: results[name, registered].probability)
    most = author.probability(results[surest, registered])
    takeaway = author.say("compare.takeaway of baseline", surest=author.title(scenarios[surest].title), odds=most)
    blocks: list[Block] = [author.picture("urbanization_rates", None, "compare.rates", PAGE_ONLY)]
    notes = [author.say("notes.scenarios", surest=author.title(scenarios[surest].title), odds=most)]
    ranked = sorted(scenarios, key=lambda name: -results[name, registered].probability)
    likelihoods = [((author.title(scenarios[name].title),), results[name, registered]) for name in ranked]
    chances = odds(author, "compare.chances", author.say("compare.chances"), likelihoods)
    if contributions is not None:
        lever = contributions.levers[0]
        takeaway = author.say(
            "compare.takeaway",
            lever=lever_title(lever, author.language),
            effects=author.changes(both_rates(author, lever)),
        )
        named = [lever for lever in contributions.levers[:NAMED] if _size(author, contributions, lever) > WORTH_A_ROW]
        short = _table(author, contributions, "compare.table", named, PAGE_ONLY)
        whole = _table(author, contributions, "compare.all", contributions.levers, WORKBOOK_ONLY)
        titles = [(one, (lever_title(one, author.language),)) for one in named or contributions.levers[:1]]
        blocks.append(contribution_bars(author, contributions, titles))
        blocks.append(author.picture(CONTRIBUTIONS, author.evidence.scenario.name, "compare.contributions", PAGE_ONLY))
        blocks += [short, whole, Paragraph("compare.reading", _reading(author, contributions), PAGE_AND_WORKBOOK)]
        notes = [_spoken(author, contributions), _reading(author, contributions), *notes]
    blocks += [chances, _probabilities(author)]
    return author.section("compare", takeaway, *blocks, notes=notes)


def _spoken(author: Author, contributions: Contributions) -> Text:
    """What the largest contributor adds to the registered rate, with its interval, for a speaker."""
    lever = contributions.levers[0]
    one = contributions.by_target[author.evidence.headlines[1]][lever]
    gaps = {"mean": one.mean, "low": one.p05 or one.mean, "high": one.p95 or one.mean}
    numbers = {gap: author.number(value, "+.2f") for gap, value in gaps.items()}
    return author.say("notes.compare", lever=lever_title(lever, author.language), **numbers)


def _size(author: Author, contributions: Contributions, lever: str) -> float:
    return sum(contributions.by_target[target][lever].size for target in author.evidence.headlines)


def _table(
    author: Author, contributions: Contributions, block: str, levers: Sequence[str], where: frozenset[Medium]
) -> Table:
    """Contributions of the levers, of the others together, and of all."""
    by_target, others = contributions.by_target, contributions.number_of_others.get(len(levers))
    parts: list[tuple[Text, list[Contribution]]] = [
        ((lever_title(lever, author.language),), [by_target[target][lever] for target in author.evidence.headlines])
        for lever in levers
    ]
    if others is not None:
        of_both = [contributions.others[target][len(levers)] for target in author.evidence.headlines]
        parts.append((author.say("compare.rest", count=author.count(others)), of_both))
    parts.append((author.say("compare.total"), [by_target[target][TOTAL] for target in author.evidence.headlines]))
    rows: list[list[Text]] = []
    for name, both in parts:
        cells: list[Text] = [name]
        for one in both:
            cells.append((author.number(one.mean, "+.2f"),))
            if one.p05 is None or one.p95 is None:
                cells.append(author.say("none"))
            else:
                cells.append(author.interval(one.p05, one.p95, "+.2f"))
        rows.append(cells)
    columns = [author.say("compare.lever")]
    for rate in author.heads("compare.resident", "compare.registered"):
        columns += [rate, author.say("compare.interval of", rate=rate)]
    return author.table(
        block,
        columns,
        rows,
        title=author.say("compare.table"),
        source=author.say("model source of measures"),
        where=where,
        widths=(3.4, 1.3, 2.2, 1.3, 2.2),
    )


def _reading(author: Author, contributions: Contributions) -> Text:
    counts = author.results.counts
    if not counts["orders"] or contributions.largest_error is None:
        return author.say("compare.reading exact")
    error = author.number(contributions.largest_error, ".3f")
    return author.say("compare.reading sampled", error=error)


def _probabilities(author: Author) -> Table:
    """How likely the headline targets are in every scenario."""
    headlines = [target for target in author.evidence.targets.values() if target.headline and target.modelled]
    years = {target.id: author.results.targets["baseline", target.id].year for target in headlines}
    rows: list[list[Text]] = []
    tones = {}
    for row, scenario in enumerate(author.evidence.material.scenarios.values()):
        cells: list[Text] = [(author.title(scenario.title),)]
        for column, target in enumerate(headlines, 1):
            result = author.results.targets[scenario.name, target.id]
            cells.append(author.probability(result))
            tones[row, column] = tone(result.probability)
        rows.append(cells)
    columns = [author.say("scenario")]
    columns += [author.in_year(author.title(one.title), author.count(years[one.id])) for one in headlines]
    widths = (2.4, *[1.6] * len(headlines))
    source = author.say("model source without intervals")
    return author.table(
        "compare.odds", columns, rows, source=source, widths=widths, tones=tones, where=PAGE_AND_WORKBOOK
    )
