"""Scenarios beside each other, and what each measure contributes to the difference."""

from __future__ import annotations

from analysis.briefing.charts import CONTRIBUTIONS
from analysis.briefing.content import BOOK_ONLY, PAGE_AND_SLIDES, Block, Paragraph, Place, Section, Table, Text
from analysis.briefing.likelihood import tone
from analysis.briefing.results import ordered_levers
from analysis.briefing.sections.answer import contribution_place, lever_title
from analysis.briefing.sections.author import Author
from analysis.briefing.sections.city import picture
from analysis.briefing.sections.targets import source
from analysis.briefing.words import word
from analysis.comparison.contributions import Comparison
from analysis.comparison.tables import TOTAL
from analysis.pages.answer import REGISTERED, RESIDENT

#: Levers that a slide and the page name; the workbook has all.
NAMED = 8
#: Points of both rates together that a lever must move to be named.
WORTH_A_ROW = 0.02


def compare_section(author: Author) -> Section:
    """Return contributions, and how likely the main targets are in each scenario."""
    comparison = author.evidence.comparison
    takeaway = author.say("compare.takeaway of baseline")
    blocks: list[Block] = [picture(author, "urbanization_rates", None, "compare.rates")]
    if comparison is not None:
        lever = ordered_levers(author.evidence)[0]
        takeaway = author.say(
            "compare.takeaway",
            lever=lever_title(author, lever),
            year=author.year(f"targets/{author.evidence.scenario.name}/{RESIDENT}/year"),
            resident=author.change("resident", contribution_place(author, RESIDENT, lever)),
            registered=author.change("registered", contribution_place(author, REGISTERED, lever)),
        )
        order = ordered_levers(author.evidence)
        named = [lever for lever in order[:NAMED] if _size(author, lever) > WORTH_A_ROW]
        rest = [f"rest/{len(named)}"] if len(named) < len(order) else []
        short = _table(author, "compare.table", [*named, *rest, TOTAL], PAGE_AND_SLIDES)
        whole = _table(author, "compare.all", [*order, TOTAL], BOOK_ONLY)
        blocks.append(picture(author, CONTRIBUTIONS, author.evidence.scenario.name, "compare.contributions"))
        blocks += [short, whole, Paragraph("compare.reading", _reading(author, comparison))]
    blocks.append(_odds(author))
    return Section("compare", word("compare.section", author.language), takeaway, tuple(blocks))


def _size(author: Author, lever: str) -> float:
    return sum(
        abs(author.results[f"{contribution_place(author, target, lever)}/mean"]) for target in (RESIDENT, REGISTERED)
    )


def _table(author: Author, block: str, levers: list[str], where: frozenset[Place]) -> Table:
    rows: list[tuple[Text, ...]] = []
    rates = [author.say(f"compare.{rate}") for rate in ("resident", "registered")]
    for lever in levers:
        if lever.startswith("rest/"):
            called = author.say("compare.rest", count=author.number(f"counts/{lever}", ".0f"))
        else:
            called = author.say("compare.total") if lever == TOTAL else (lever_title(author, lever),)
        cells: list[Text] = [called]
        for target in (RESIDENT, REGISTERED):
            place = contribution_place(author, target, lever)
            cells.append((author.number(f"{place}/mean", "+.2f"),))
            cells.append(author.interval(place, "+.2f") if f"{place}/p05" in author.results else author.say("none"))
        rows.append(tuple(cells))
    title = author.say(
        "compare.table",
        year=author.year(f"targets/{author.evidence.scenario.name}/{RESIDENT}/year"),
        baseline=author.title(author.evidence.baseline.title),
    )
    columns = [author.say("compare.lever")]
    for rate in rates:
        columns += [rate, author.say("compare.interval of", rate=rate, wide=author.wide())]
    return Table(
        block,
        title,
        tuple(columns),
        tuple(rows),
        where,
        numeric=frozenset(range(1, 5)),
        widths=(3.4, 1.3, 2.2, 1.3, 2.2),
        source=source(author),
    )


def _reading(author: Author, comparison: Comparison) -> Text:
    members = author.number("counts/study_members", ".0f")
    if comparison.permutations is None:
        return author.say("compare.reading exact", members=members)
    orders = author.number("counts/orders", ".0f")
    error = author.number("contributions/largest_error", ".3f")
    return author.say("compare.reading sampled", members=members, orders=orders, error=error)


def _odds(author: Author) -> Table:
    """How likely the headline targets are in every scenario."""
    headlines = [target for target in author.evidence.targets.values() if target.headline and target.modelled]
    rows, tones = [], {}
    for row, scenario in enumerate(author.evidence.material.scenarios.values()):
        cells: list[Text] = [(author.title(scenario.title),)]
        for column, target in enumerate(headlines, 1):
            place = f"targets/{scenario.name}/{target.id}"
            cells.append(author.odds(place))
            tones[row, column] = tone(author.results[f"{place}/probability"])
        rows.append(tuple(cells))
    return Table(
        "compare.odds",
        author.say("compare.odds"),
        (
            author.say("scenario"),
            *((author.title(t.title), " ", author.year(f"targets/baseline/{t.id}/year")) for t in headlines),
        ),
        tuple(rows),
        numeric=frozenset(range(1, 1 + len(headlines))),
        widths=(2.4, *[1.6] * len(headlines)),
        tones=tones,
        source=source(author),
    )
