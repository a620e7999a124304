"""The course, the districts, the ages, the school places, and the ledger of people, land and money."""

from __future__ import annotations

from typing import Final

from analysis.briefing.content import (
    BOOK_ONLY,
    PAGE_AND_BOOK,
    Number,
    Paragraph,
    Picture,
    Plot,
    Section,
    Table,
    Text,
)
from analysis.briefing.sections.author import Author
from analysis.briefing.sections.targets import source
from analysis.briefing.settling import BALANCE, COSTS, INCOME
from analysis.briefing.study import AGE_GROUPS
from analysis.briefing.words import word
from analysis.charts import figures
from analysis.pages.answer import REGISTERED, RESIDENT

#: Years that tables show.
YEARS: Final = (2020, 2025, 2030, 2035)
STATISTICS: Final = ("median", "p05", "p25", "p75", "p95")
STATISTIC_WORDS: Final = ("median", "lower", "inner lower", "inner upper", "upper")


def picture(author: Author, name: str, scenario: str | None, block: str) -> Picture:
    """Return a chart of `analysis.charts.figures` as a block."""
    return Picture(block, name, scenario, str(figures.terms()["charts"][name][author.language]))


def years(author: Author) -> list[int]:
    """Return those of `YEARS` that the runs cover."""
    times = author.evidence.run["time"].to_numpy()
    return [year for year in YEARS if year in times]


def year_heading(author: Author, year: int) -> Text:
    """Return a year as a column heading."""
    return author.say("year heading", year=author.year(f"definition/year/{year}"))


def course_section(author: Author) -> Section:
    """Return the course of the main indicators, with every year and a chart of each in the workbook."""
    evidence = author.evidence
    name = evidence.scenario.name
    variables = [str(evidence.targets[target].variable) for target in (RESIDENT, REGISTERED)]
    last = int(author.results["definition/last_year"])
    rates = [author.number(f"series/{name}/{variable}/{last}/median") for variable in variables]
    takeaway = author.say(
        "fans.takeaway", year=author.year("definition/last_year"), resident=rates[0], registered=rates[1]
    )
    rows = []
    for panel in figures.INDICATORS:
        unit, scale = author.unit(panel.unit)
        form = author.form(panel.unit)
        cells = [author.band(f"series/{name}/{panel.variable}/{year}", form, scale) for year in years(author)]
        rows.append(((author.label(panel.label),), (unit,), *cells))
    table = Table(
        "fans.table",
        author.say("fans.table", wide=author.wide()),
        (author.say("quantity"), author.say("unit"), *(year_heading(author, year) for year in years(author))),
        tuple(rows),
        numeric=frozenset(range(2, 2 + len(years(author)))),
        widths=(2.6, 1.2, *[2.2] * len(years(author))),
        source=source(author),
    )
    shown = dict.fromkeys((name, "baseline"))
    series = [_series(author, panel, scenario) for scenario in shown for panel in figures.INDICATORS]
    return Section(
        "fans",
        word("fans.section", author.language),
        takeaway,
        (
            picture(author, "indicators", name, "fans.indicators"),
            Paragraph("fans.reading", author.say("fans.reading")),
            table,
            *series,
        ),
    )


def _series(author: Author, panel: figures.Panel, scenario: str) -> Table:
    """Every year of an indicator, for the workbook, with a chart."""
    unit, scale = author.unit(panel.unit)
    form = author.form(panel.unit)
    targets = {
        target.year: f"targets/{scenario}/{target.id}/threshold"
        for target in author.evidence.targets.values()
        if target.variable == panel.variable and target.factor == 1
    }
    rows: list[tuple[Text, ...]] = []
    for time in author.evidence.run["time"].to_numpy():
        year = int(time)
        place = f"series/{scenario}/{panel.variable}/{year}"
        cells: list[Text] = [(author.year(f"definition/year/{year}"),)]
        cells += [(author.number(f"{place}/{statistic}", form, scale),) for statistic in STATISTICS]
        if targets:
            cells.append((author.number(targets[year], form, scale),) if year in targets else ())
        rows.append(tuple(cells))
    gaps = {"wide": author.wide(), "narrow": author.number("definition/narrow_interval", ".0f")}
    columns = [author.say("year"), author.say("median")]
    columns += [
        author.say(name, **{gap: number for gap, number in gaps.items() if (gap == "narrow") == ("inner" in name)})
        for name in STATISTIC_WORDS[1:]
    ]
    marks: tuple[int, ...] = ()
    if targets:
        columns.append(author.say("fans.target"))
        marks = (len(columns) - 1,)
    place = f"{scenario}.{panel.label}".replace(" ", "_")
    title = author.title(author.evidence.material.scenarios[scenario].title)
    quantity = author.label(panel.label)
    return Table(
        f"fans.{place}",
        (*author.say("fans.series", quantity=quantity, scenario=title), " [", unit, "]"),
        tuple(columns),
        tuple(rows),
        BOOK_ONLY,
        numeric=frozenset(range(len(columns))),
        plots=(Plot(f"{quantity.text} · {title.text}", (1, 2, 5), marks, unit.text),),
        source=source(author),
    )


def district_section(author: Author) -> Section:
    """Return the resident rate of every district."""
    evidence = author.evidence
    name, last = evidence.scenario.name, int(author.results["definition/last_year"])
    districts = [str(district) for district in evidence.run["District"].to_numpy()]
    rise = {district: author.results[f"districts/{name}/{district}/rise"] for district in districts}
    ends = {district: author.results[f"districts/{name}/{district}/{last}/median"] for district in districts}
    riser, lowest = max(districts, key=lambda one: rise[one]), min(districts, key=lambda one: ends[one])
    takeaway = author.say(
        "districts.takeaway",
        riser=author.element(riser),
        rise=author.percent(f"districts/{name}/{riser}/rise", ".1f"),
        year=author.year("definition/last_year"),
        lowest=author.element(lowest),
        rate=author.percent(f"districts/{name}/{lowest}/{last}/median", ".1f"),
    )
    compared = name != "baseline"
    rows = []
    for district in districts:
        place = f"districts/{name}/{district}"
        cells: list[Text] = [(author.element(district),)]
        cells += [author.band(f"{place}/{year}", ".1f", 0.01) for year in years(author)]
        if compared:
            cells.append((author.percent(f"{place}/gain", "+.1f"),))
        rows.append(tuple(cells))
    columns = [author.say("district"), *(year_heading(author, year) for year in years(author))]
    if compared:
        baseline = author.title(evidence.baseline.title)
        columns.append(author.say("districts.gain", year=author.year("definition/last_year"), baseline=baseline))
    table = Table(
        "districts.table",
        author.say("districts.table", wide=author.wide()),
        tuple(columns),
        tuple(rows),
        PAGE_AND_BOOK,
        numeric=frozenset(range(1, len(columns))),
        source=source(author),
    )
    chart = picture(author, "districts", name, "districts.chart")
    return Section("districts", word("districts.section", author.language), takeaway, (chart, table))


def age_section(author: Author) -> Section:
    """Return the age profile, and broad ages with their intervals."""
    name = author.evidence.scenario.name
    first, last = (int(author.results[f"definition/{end}_year"]) for end in ("first", "last"))
    _, scale = author.unit("people")
    elders = f"ages/{name}/elders"
    form = ",.0f" if author.language == "zh" else ".2f"
    takeaway = author.say(
        "ages.takeaway",
        age=author.number("definition/elder_age", ".0f"),
        first=author.year("definition/first_year"),
        last=author.year("definition/last_year"),
        before=author.number(f"{elders}/{first}/people/median", form, scale),
        after=author.number(f"{elders}/{last}/people/median", form, scale),
        share_before=author.percent(f"{elders}/{first}/share/median", ".1f"),
        share_after=author.percent(f"{elders}/{last}/share/median", ".1f"),
    )
    bounds = {
        "children": {"last": author.number("definition/child_age", ".0f")},
        "working": {
            "first": author.number("definition/adult_age", ".0f"),
            "last": author.number("definition/last_working_age", ".0f"),
        },
        "elders": {"first": author.number("definition/elder_age", ".0f")},
    }
    rows = []
    for group in AGE_GROUPS:
        place, called = f"ages/{name}/{group}", author.say(f"ages.{group}", **bounds[group])
        people = [author.band(f"{place}/{year}/people", form, scale) for year in years(author)]
        shares = [author.band(f"{place}/{year}/share", ".1f", 0.01) for year in years(author)]
        rows += [(called, *people), (author.say("ages.share", group=called), *shares)]
    table = Table(
        "ages.table",
        author.say("ages.table", wide=author.wide()),
        ((), *(year_heading(author, year) for year in years(author))),
        tuple(rows),
        PAGE_AND_BOOK,
        numeric=frozenset(range(1, 1 + len(years(author)))),
        source=source(author),
    )
    chart = picture(author, "age_profile", name, "ages.chart")
    return Section("ages", word("ages.section", author.language), takeaway, (chart, table))


def school_section(author: Author) -> Section:
    """Return the wave of children through the schools."""
    name, results = author.evidence.scenario.name, author.results
    unit, scale = author.unit("places")
    gaps: dict[str, Number] = {}
    for gap, school in (("primary", "primary"), ("junior", "junior secondary")):
        place = f"places/{name}/{school}"
        worst = f"{results[f'{place}/worst_year']:.0f}"
        gaps |= {
            f"{gap}_year": author.year(f"{place}/worst_year"),
            gap: author.number(f"{place}/{worst}/short/median", ".1f", scale),
        }
    short = all(gaps[gap].value > 0 for gap in ("primary", "junior"))
    takeaway = author.say("schools.takeaway", **gaps) if short else author.say("schools.enough")
    rows = []
    for school in figures.SCHOOLS:
        place = f"places/{name}/{school}"
        peak, worst = (f"{results[f'{place}/{kind}_year']:.0f}" for kind in ("peak", "worst"))
        lasts = f"{place}/last_short_year" in results
        rows.append(
            (
                (author.element(school),),
                (author.year(f"{place}/peak_year"),),
                author.band(f"{place}/{peak}/need", ".1f", scale),
                author.band(f"{place}/{peak}/capacity", ".1f", scale),
                (author.year(f"{place}/worst_year"),),
                author.band(f"{place}/{worst}/short", ".1f", scale),
                (author.year(f"{place}/last_short_year"),) if lasts else author.say("none"),
            )
        )
    columns = ("level", "peak", "need", "places", "worst", "short", "last")
    table = Table(
        "schools.table",
        author.say("schools.table", unit=unit, wide=author.wide()),
        tuple(author.say(f"schools.{column}") for column in columns),
        tuple(rows),
        numeric=frozenset(range(1, len(columns))),
        widths=(2.4, 1.2, 2.2, 2.2, 1.2, 2.2, 1.2),
        source=source(author),
    )
    chart = picture(author, "service_places", name, "schools.chart")
    reading = Paragraph("schools.reading", author.say("schools.reading", last=author.year("definition/last_year")))
    return Section("schools", word("schools.section", author.language), takeaway, (chart, table, reading))


def ledger_section(author: Author) -> Section:
    """Return what settling earns and costs, by district."""
    name = author.evidence.scenario.name
    units = [author.unit(panel.unit) for panel in figures.LEDGER]

    def cell(place: str, column: int) -> Number:
        panel = figures.LEDGER[column]
        return author.number(
            f"ledger/{name}/{panel.variable}/{place}/median", author.form(panel.unit), units[column][1]
        )

    districts = ["city", *(str(district) for district in author.evidence.run["District"].to_numpy())]
    rows = tuple(
        (
            author.say("city") if district == "city" else (author.element(district),),
            *((cell(district, column),) for column in range(len(units))),
        )
        for district in districts
    )
    table = Table(
        "ledger.table",
        author.say(
            "ledger.table", first=author.year("definition/year_after_first"), last=author.year("definition/last_year")
        ),
        (
            author.say("district"),
            *(
                (author.label(panel.label), " [", unit, "]")
                for panel, (unit, _) in zip(figures.LEDGER, units, strict=True)
            ),
        ),
        rows,
        PAGE_AND_BOOK,
        numeric=frozenset(range(1, 1 + len(units))),
        source=source(author),
    )
    chart = picture(author, "ledger", name, "ledger.chart")
    reading = Paragraph("ledger.reading", author.say("ledger.reading", last=author.year("definition/last_year")))
    blocks = (_settling_table(author), reading, chart, table)
    return Section("ledger", word("ledger.section", author.language), _settling_takeaway(author), blocks)


def _settling_takeaway(author: Author) -> Text:
    """The account of settling in a sentence, with how sure its balance is."""
    people, money = (author.unit(unit)[1] for unit in ("people a year", "yuan a year"))
    forms = [author.form(unit) for unit in ("people a year", "yuan a year")]
    ends = {"low": "p05", "high": "p95"}
    return author.say(
        "ledger.takeaway",
        **{kind: author.number(f"settling/{kind}/total/median", forms[0], people) for kind in ("settled", "talent")},
        **{kind: author.number(f"settling/{kind}/total/median", forms[1], money) for kind in ("income", "cost")},
        **{gap: author.number(f"settling/{BALANCE}/total/{end}", f"+{forms[1]}", money) for gap, end in ends.items()},
        wide=author.wide(),
    )


def _settling_table(author: Author) -> Table:
    """The account of settling, entry by entry, in all and for each person."""
    money, form = author.unit("yuan a year")[1], author.form("yuan a year")
    rows = tuple(
        (
            author.say(f"ledger.{entry}"),
            author.band(f"settling/{entry}/total", form, money),
            author.band(f"settling/{entry}/person", ",.0f"),
        )
        for entry in (*INCOME, *COSTS, BALANCE)
    )
    first, last = author.year("definition/year_after_first"), author.year("definition/last_year")
    return Table(
        "ledger.account",
        author.say("ledger.account", first=first, last=last, wide=author.wide()),
        tuple(author.say(f"ledger.{column}") for column in ("entry", "total", "person")),
        rows,
        numeric=frozenset((1, 2)),
        widths=(4.0, 2.4, 2.4),
        source=source(author),
    )
