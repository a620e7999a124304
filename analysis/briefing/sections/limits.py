"""What binds where and when, what the model assumes, and what it is not."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from analysis.briefing.charts import BOTTLENECKS as CHART
from analysis.briefing.content import (
    PAGE_AND_WORKBOOK,
    PAGE_ONLY,
    Measure,
    Name,
    Paragraph,
    Part,
    Section,
    Table,
    Text,
)
from analysis.briefing.likelihood import tone
from analysis.briefing.results import Gain, Result
from analysis.briefing.sections.answer import lever_title, relief_words
from analysis.briefing.sections.author import WORTH_A_WORD, Author
from analysis.briefing.sections.drawings import bars
from analysis.briefing.words import join
from analysis.outcome.bottlenecks import BOTTLENECKS, RELIEFS, Bottleneck
from analysis.reach.probability import GROUPS, UNKNOWN_OF_2020
from model.city import city
from scenarios import load_levers

#: Bottlenecks named in the headline.
NAMED = 3
#: What stands where a measure is in no section of a plan.
NO_PLAN: Final = Name("—")
#: What the model is not, by the names of its sentences.
NOT = ("forecast", "probability", "map", "households", "judge", "unknown")


def _by_districts(author: Author) -> tuple[list[Bottleneck], dict[str, Result]]:
    """The bottlenecks, that of most districts in the year of the headline targets first, and in how many each binds."""
    goal = author.evidence.targets[author.evidence.headlines[0]]
    districts = {one.id: author.results.limits[one.id].districts[goal.year] for one in BOTTLENECKS}
    return sorted(BOTTLENECKS, key=lambda one: -districts[one.id]), districts


def widest(author: Author) -> Text:
    """Return what binds in most districts in the year of the headline targets, with how many these are."""
    order, districts = _by_districts(author)
    felt = [one for one in order if districts[one.id] > 0][:NAMED]
    names = []
    # Those of as many districts share the words for these.
    for _, alike in groupby(felt, lambda one: districts[one.id]):
        first, *others = alike
        told = join([(author.title(one.title),) for one in (first, *others)], author.language, "between items")
        number = author.count(districts[first.id])
        if others:
            names.append(author.say("limits.names", bottlenecks=told, districts=number))
        else:
            names.append(author.say("limits.name", bottleneck=told, districts=number))
    return join(names, author.language, "between items") or author.say("none")


def limit_section(author: Author) -> Section:
    """Return the bottleneck calendar and what relief brings."""
    results = author.results
    takeaway = author.say("limits.takeaway", names=widest(author))
    shown = [one for one in author.years if one > results.definitions["first_year"]]
    rows = []
    felt = [one for one in BOTTLENECKS if results.limits[one.id].first_felt is not None]
    never = join(
        [(author.title(one.title),) for one in BOTTLENECKS if one not in felt], author.language, "between items"
    )
    for one in felt or BOTTLENECKS:
        limit = results.limits[one.id]
        spans = [
            author.say("none") if end is None else (author.count(end),) for end in (limit.first_felt, limit.last_felt)
        ]
        counts = [(author.count(limit.districts[when]),) for when in shown]
        rows.append(((author.title(one.title),), *spans, *counts))
    columns = author.heads("limits.bottleneck", "limits.first", "limits.last") + author.year_headings(shown)
    return author.section(
        "limits",
        takeaway,
        author.picture(CHART, author.evidence.scenario.name, "limits.chart", PAGE_ONLY),
        author.table(
            "limits.table",
            columns,
            rows,
            source=author.say("model source without intervals"),
            widths=(4.0, *[1.2] * (2 + len(shown))),
            where=PAGE_AND_WORKBOOK,
        ),
        *(
            [Paragraph("limits.never", author.say("limits.never", names=never), PAGE_AND_WORKBOOK)]
            if felt and never
            else []
        ),
        Paragraph("limits.reading", author.say("limits.reading"), PAGE_AND_WORKBOOK),
        _reliefs(author),
    )


def _reliefs(author: Author) -> Table:
    titles = {bottleneck.id: author.title(bottleneck.title) for bottleneck in BOTTLENECKS}
    rows = []
    for relief in RELIEFS:
        cells = [_gain(author, author.results.gains[relief.constant, target]) for target in author.evidence.headlines]
        rows.append(
            ((titles[relief.bottleneck],), relief_words(author, relief.constant, author.evidence.headlines[0]), *cells)
        )
    return author.table(
        "limits.reliefs",
        author.heads("limits.bottleneck", "limits.relief", "compare.resident", "compare.registered"),
        rows,
        title=author.say("limits.relief table"),
        where=PAGE_AND_WORKBOOK,
        numeric=(2, 3),
        widths=(2.6, 4.0, 2.4, 2.4),
    )


def _gain(author: Author, gain: Gain) -> Text:
    largest = max(abs(end) for end in (gain.p05, gain.median, gain.p95))
    band = author.band(gain, "+.2f")
    return band if largest >= WORTH_A_WORD else Measure(author.say("almost none"), band.parts)


def assumption_section(author: Author) -> Section:
    """Return the grades of the inputs, the unknowns of the start year, and what the scenario sets."""
    rows = [
        ((Name(grade),), author.say(f"grade.{grade}"), (author.count(number),))
        for grade, number in sorted(author.results.grades.items())
    ]
    columns = author.heads("assumptions.grade", "assumptions.meaning", "assumptions.count")
    grades = author.table(
        "assumptions.grades", columns, rows, numeric=(2,), source=(), widths=(1.0, 3.0, 1.2), where=PAGE_AND_WORKBOOK
    )
    drawn = bars(
        "assumptions.bars",
        author.say("assumptions.grades"),
        author.say("chart.inputs"),
        [
            author.say("chart.grade", grade=Name(one), meaning=author.say(f"grade.{one}"))
            for one in sorted(author.results.grades)
        ],
        [
            (
                author.say("assumptions.count"),
                [author.count(author.results.grades[one]) for one in sorted(author.results.grades)],
            )
        ],
    )
    measures = [_measures(author)] if author.evidence.scenario.changes else []
    told = author.say("assumptions.reading" if city().chapters else "assumptions.reading without plan")
    reading = Paragraph("assumptions.reading", told, PAGE_AND_WORKBOOK)
    notes = [author.say("notes.assumptions"), told]
    notes += [author.say(f"not.{name}") for name in NOT]
    takeaway = author.say("assumptions.takeaway")
    return author.section("assumptions", takeaway, drawn, grades, _unknowns(author), *measures, reading, notes=notes)


def _unknowns(author: Author) -> Table:
    rows: list[tuple[Text, ...]] = []
    tones: dict[tuple[int, int], str] = {}
    for parameter in UNKNOWN_OF_2020:
        share = parameter == "REGISTERED URBAN SHARE 2020"
        form, scale = (".1f", 0.01) if share else (author.form("people"), author.unit("people")[1])
        unit: Text = ("%",) if share else (author.unit("people")[0],)
        blank = () if author.language == "zh" else (" ",)
        for third in range(1, GROUPS + 1):
            condition = author.results.conditions.get((parameter, third))
            if condition is None:
                continue
            ends = author.interval(condition.lowest, condition.highest, form, scale)
            shown = author.say("percent", number=tuple(ends)) if share else ends + blank + unit
            span = Measure(shown, [*ends.parts, Part(author.say("its unit"), unit)])
            tones[len(rows), 3] = tone(condition.probability)
            name = author.say(f"parameter.{parameter}")
            rows.append((name, author.say(f"third.{third}"), span, author.probability(condition)))
    columns = author.heads("assumptions.parameter", "assumptions.third", "assumptions.span", "board.odds")
    widths = (3.2, 1.0, 2.4, 2.0)
    source = author.say("model source without intervals")
    return author.table("assumptions.unknown", columns, rows, numeric=(2, 3), source=source, widths=widths, tones=tones)


def _measures(author: Author) -> Table:
    """What the scenario sets, against the model's own value; a constant with subscripts has a row per element."""
    levers, rows = load_levers(), []
    changes = {change.constant: change for change in author.evidence.scenario.changes}
    shown = author.years[1:2] + author.years[-1:]
    for setting in author.results.settings:
        change = changes[setting.constant]
        name: Text = (lever_title(change.constant, author.language),)
        if setting.element:
            name = author.say("assumptions.element", lever=name, element=author.element(setting.element))
        if all(float(value) == float(setting.default) for value in setting.years.values()):
            continue
        unit, scale = author.lever_unit(change.unit)
        values = (setting.default, *(setting.years[year] for year in shown))
        cells = [(author.number(value, ",.10g", scale),) for value in values]
        plan = (
            (Name(levers[change.constant].in_plan or NO_PLAN.text),)
            if change.policy
            else author.say("assumptions.no policy")
        )
        rows.append((name, unit, *cells, plan))
    before = author.title(author.evidence.baseline.title)
    columns = [*author.heads("assumptions.measure", "unit"), (before,), *author.year_headings(shown)]
    columns += author.heads("assumptions.plan")
    if not city().chapters and all(row[-1] == (NO_PLAN,) for row in rows):
        # A city without a plan has no sections of one.
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return author.table(
        "assumptions.measures",
        columns,
        rows,
        where=PAGE_AND_WORKBOOK,
        # Sections stand at the right, too, away from the numbers before them.
        numeric=range(2, len(columns)),
        source=(),
        widths=(4.0, 1.8, 1.5, 1.5, 1.5, 2.2)[: len(columns)],
    )


def not_section(author: Author) -> Section:
    """Return what the model is not."""
    every = all(target.modelled for target in author.evidence.targets.values())
    told = [name for name in NOT if name != "judge" or not every]
    blocks = (Paragraph(f"not.{name}", author.say(f"not.{name}"), PAGE_AND_WORKBOOK) for name in told)
    return author.section("not", author.say("not.takeaway"), *blocks)
