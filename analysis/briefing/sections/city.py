"""The course, the districts, the ages, the school places, and the ledger of people, land and money."""

from __future__ import annotations

from typing import Final

from analysis.briefing.content import (
    PAGE_AND_WORKBOOK,
    PAGE_ONLY,
    SLIDES_ONLY,
    WORKBOOK_ONLY,
    Chart,
    Number,
    Paragraph,
    Plot,
    Section,
    Table,
    Text,
)
from analysis.briefing.sections.author import Author
from analysis.briefing.sections.drawings import bars, fan, places
from analysis.briefing.settling import BALANCE, COSTS, INCOME
from analysis.charts.panels import CIRCLE, INDICATORS, Panel

#: How people of an age group are written: the unit of the languages differs in size.
AGE_FORMS: Final = {"zh": ",.0f", "en": ".2f"}
#: Levels of compulsory school by the gaps of sentences.
LEVELS: Final = {"primary": "primary", "junior": "junior secondary"}


def course_section(author: Author) -> Section:
    """Return the course of the main indicators, with every year and a chart of each in the workbook."""
    evidence = author.evidence
    name = evidence.scenario.name
    variables = [str(evidence.targets[target].variable) for target in evidence.headlines]
    last = author.results.definitions["last_year"]
    rates = [author.number(author.results.series[name, variable][int(last)].median) for variable in variables]
    takeaway = author.say("fans.takeaway", resident=rates[0], registered=rates[1])
    rows = []
    for panel in INDICATORS:
        unit, scale = author.unit(panel.unit)
        form = author.form(panel.unit)
        series = author.results.series[name, panel.variable]
        cells = [author.band(series[year], form, scale) for year in author.years]
        rows.append(((author.label(panel.label),), (unit,), *cells))
    columns = [*author.heads("quantity", "unit"), *author.year_headings(author.years)]
    widths = (2.0, 1.15, 2.1, *[2.5] * (len(author.years) - 1))
    shown = dict.fromkeys((name, "baseline"))
    headlines = [panel for panel in INDICATORS if panel.variable in variables]
    ends = [author.results.series[name, variable][int(last)] for variable in variables]
    told = {
        f"{rate}_{end}": author.number(value)
        for rate, spread in zip(("resident", "registered"), ends, strict=True)
        for end, value in (("middle", spread.median), ("low", spread.p05), ("high", spread.p95))
    }
    return author.section(
        "fans",
        takeaway,
        *(fan(author, f"fans.{panel.label.split()[0]}", panel, name) for panel in headlines),
        author.picture("indicators", name, "fans.indicators", PAGE_ONLY),
        Paragraph("fans.reading", author.say("fans.reading"), PAGE_AND_WORKBOOK),
        author.table(
            "fans.table", columns, rows, numeric=range(2, len(columns)), widths=widths, where=PAGE_AND_WORKBOOK
        ),
        *(_series(author, panel, scenario) for scenario in shown for panel in INDICATORS),
        notes=[author.say("notes.fans", **told)],
    )


def _series(author: Author, panel: Panel, scenario: str) -> Table:
    """Every year of an indicator, for the workbook, with a chart."""
    unit, scale = author.unit(panel.unit)
    form = author.form(panel.unit)
    targets = {
        target.year: author.results.targets[scenario, target.id].threshold
        for target in author.evidence.targets.values()
        if target.variable == panel.variable and target.factor == 1
    }
    rows: list[list[Text]] = []
    for year, spread in author.results.series[scenario, panel.variable].items():
        cells: list[Text] = [(author.count(author.results.years[year]),)]
        statistics = (spread.median, spread.p05, spread.p25, spread.p75, spread.p95)
        cells += [(author.number(statistic, form, scale),) for statistic in statistics]
        if targets:
            cells.append((author.number(targets[year], form, scale),) if year in targets else ())
        rows.append(cells)
    columns = author.heads("year", "median", "lower", "inner lower", "inner upper", "upper")
    marks: tuple[int, ...] = ()
    if targets:
        columns.append(author.say("fans.target"))
        marks = (len(columns) - 1,)
    name = f"{scenario}.{panel.label}".replace(" ", "_")
    title = author.title(author.evidence.material.scenarios[scenario].title)
    quantity = author.label(panel.label)
    return author.table(
        f"fans.{name}",
        columns,
        rows,
        title=author.say(
            "in unit", quantity=author.say("fans.series", quantity=quantity, scenario=title), unit=(unit,)
        ),
        where=WORKBOOK_ONLY,
        numeric=range(len(columns)),
        plots=(Plot(f"{quantity.text} · {title.text}", (1, 2, 5), marks, unit.text),),
    )


def district_section(author: Author) -> Section:
    """Return the resident rate of every district."""
    evidence = author.evidence
    name, last, districts = evidence.scenario.name, author.results.definitions["last_year"], author.results.districts
    ends = {district: one.years[int(last)].median for district, one in districts.items()}
    riser, lowest = max(districts, key=lambda one: districts[one].rise), min(districts, key=lambda one: ends[one])
    takeaway = author.say(
        "districts.takeaway",
        riser=author.element(riser),
        rise=author.percent(districts[riser].rise, ".1f"),
        lowest=author.element(lowest),
        rate=author.percent(ends[lowest], ".1f"),
    )
    compared = name != "baseline"
    rows = []
    for district, one in districts.items():
        cells: list[Text] = [(author.element(district),)]
        cells += [author.band(one.years[year], ".1f", 0.01) for year in author.years]
        if compared:
            cells.append((author.percent(one.gain, "+.1f"),))
        rows.append(cells)
    columns = [author.say("district"), *author.year_headings(author.years)]
    if compared:
        columns.append(author.say("districts.gain"))
    table = author.table("districts.table", columns, rows, where=PAGE_AND_WORKBOOK)
    first = districts[riser].years[min(districts[riser].years)]
    rise = {"before": first.median, "after": ends[riser]}
    spread = districts[lowest].years[int(last)]
    told = author.say(
        "notes.districts",
        riser=author.element(riser),
        lowest=author.element(lowest),
        **{gap: author.percent(value, ".1f") for gap, value in rise.items()},
        rate=author.percent(spread.median, ".1f"),
        low=author.percent(spread.p05, ".1f"),
        high=author.percent(spread.p95, ".1f"),
    )
    return author.section(
        "districts",
        takeaway,
        author.picture("district_map", name, "districts.map"),
        author.picture("districts", name, "districts.chart", PAGE_ONLY),
        table,
        notes=[told],
    )


def age_section(author: Author) -> Section:
    """Return the age profile, and broad ages with their intervals."""
    definitions, elders = author.results.definitions, author.results.ages["elders"]
    first, last = int(definitions["first_year"]), int(definitions["last_year"])
    _, scale = author.unit("people")
    form = AGE_FORMS[author.language]
    takeaway = author.say(
        "ages.takeaway",
        before=author.number(elders.people[first].median, form, scale),
        after=author.number(elders.people[last].median, form, scale),
        share_before=author.percent(elders.share[first].median, ".1f"),
        share_after=author.percent(elders.share[last].median, ".1f"),
    )
    rows = []
    for group, ages in author.results.ages.items():
        name = author.say(f"ages.{group}")
        people = [author.band(ages.people[year], form, scale) for year in author.years]
        shares = [author.band(ages.share[year], ".1f", 0.01) for year in author.years]
        rows += [(name, *people), (author.say("ages.share", group=name), *shares)]
    columns = [author.say("ages.group"), *author.year_headings(author.years)]
    table = author.table("ages.table", columns, rows, where=PAGE_AND_WORKBOOK)
    chart = author.picture("age_profile", author.evidence.scenario.name, "ages.chart", PAGE_ONLY)
    return author.section("ages", takeaway, chart, table)


def school_section(author: Author) -> Section:
    """Return the wave of children through the schools."""
    unit, scale = author.unit("places")
    gaps: dict[str, Number] = {}
    for gap, level in LEVELS.items():
        school = author.results.schools[level]
        worst = school.short[int(school.worst_year)]
        gaps |= {f"{gap}_year": author.count(school.worst_year), gap: author.number(worst.median, ".1f", scale)}
    short = [gap for gap in ("primary", "junior") if gaps[gap].value > 0]
    takeaway = author.say("schools.takeaway", **gaps) if len(short) == len(LEVELS) else author.say("schools.enough")
    if len(short) == 1:
        (gap,) = short
        named = author.say(f"advice.{LEVELS[gap]}")
        takeaway = author.say("schools.takeaway of one", level=named, year=gaps[f"{gap}_year"], short=gaps[gap])
    rows = []
    for level, school in author.results.schools.items():
        peak, last = int(school.peak_year), school.last_short_year
        rows.append(
            (
                (author.element(level),),
                (author.count(school.peak_year),),
                author.band(school.need[peak], ".1f", scale),
                author.band(school.capacity[peak], ".1f", scale),
                (author.count(school.worst_year),),
                author.band(school.short[int(school.worst_year)], ".1f", scale),
                author.say("none") if last is None else (author.count(last),),
            )
        )
    columns = ("level", "peak", "need", "places", "worst", "short", "last")
    table = author.table(
        "schools.table",
        author.heads(*(f"schools.{column}" for column in columns)),
        rows,
        title=author.say("schools.table", unit=unit),
        where=PAGE_AND_WORKBOOK,
        widths=(2.4, 1.2, 2.2, 2.2, 1.2, 2.2, 1.2),
    )
    chart = author.picture("service_places", author.evidence.scenario.name, "schools.chart", PAGE_ONLY)
    reading = Paragraph("schools.reading", author.say("schools.reading"), PAGE_AND_WORKBOOK)
    primary = author.results.schools["primary"]
    spreads = {kind: getattr(primary, kind)[int(primary.worst_year)] for kind in ("need", "capacity", "short")}
    told = {
        f"{kind}_{end}": author.number(getattr(spread, end), ".1f", scale)
        for kind, spread in spreads.items()
        for end in ("median", "p05", "p95")
    }
    notes = [author.say("notes.schools", year=author.count(primary.worst_year), **told), author.say("notes.reuse")]
    charts = [places(author, level) for level in ("primary", "junior secondary")]
    return author.section("schools", takeaway, *charts, chart, table, reading, notes=notes)


def ledger_section(author: Author) -> Section:
    """Return what settling earns and costs, by district."""
    units = [author.unit(panel.unit) for panel in CIRCLE]

    def cells(district: str) -> list[Text]:
        results = [author.results.ledger[panel.variable, district] for panel in CIRCLE]
        forms = [author.form(panel.unit) for panel in CIRCLE]
        return [
            (author.number(result, form, scale),)
            for result, form, (_, scale) in zip(results, forms, units, strict=True)
        ]

    rows = [[author.say("city"), *cells("city")]]
    rows += [[(author.element(name),), *cells(name)] for name in map(str, author.evidence.run["District"].to_numpy())]
    columns = [author.say("district")]
    columns += [
        author.say("in unit", quantity=author.label(panel.label), unit=unit)
        for panel, (unit, _) in zip(CIRCLE, units, strict=True)
    ]
    return author.section(
        "ledger",
        _settling_takeaway(author),
        _settling_bars(author),
        _settling_table(author),
        author.picture("people_land_money", author.evidence.scenario.name, "ledger.chart", PAGE_ONLY),
        Paragraph("ledger.caveat", author.say("ledger.caveat"), SLIDES_ONLY),
        Paragraph("ledger.reading", author.say("ledger.reading"), PAGE_AND_WORKBOOK),
        Paragraph("ledger.district", author.say("ledger.district"), PAGE_AND_WORKBOOK),
        author.table(
            "ledger.table",
            columns,
            rows,
            source=author.say("model source without intervals"),
            where=PAGE_AND_WORKBOOK,
            widths=(2.2, *[2.0] * len(CIRCLE)),
        ),
        notes=[author.say("notes.ledger"), author.say("ledger.reading")],
    )


def _settling_takeaway(author: Author) -> Text:
    """The account of settling in a sentence, with how sure its balance is."""
    people, money = (author.unit(unit)[1] for unit in ("people a year", "yuan a year"))
    forms = [author.form(unit) for unit in ("people a year", "yuan a year")]
    totals = {name: entry.total for name, entry in author.results.settling.items()}
    sign = "" if totals[BALANCE].p05 > 0 else "+"
    return author.say(
        "ledger.takeaway",
        people=author.number(totals["people"].median, forms[0], people),
        balance=author.number(totals[BALANCE].median, sign + forms[1], money),
        low=author.number(totals[BALANCE].p05, sign + forms[1], money),
        high=author.number(totals[BALANCE].p95, sign + forms[1], money),
    )


def _settling_bars(author: Author) -> Chart:
    money, form = author.unit("yuan a year")[1], author.form("yuan a year")
    names = (*INCOME, *COSTS, BALANCE)
    values = [author.number(author.results.settling[name].total.median, form, money) for name in names]
    labels = [author.say(f"ledger.{name}") for name in names]
    unit = author.unit("yuan a year")[0]
    return bars("ledger.bars", author.say("ledger.bars"), (unit,), labels, [(author.say("ledger.total"), values)])


def _settling_table(author: Author) -> Table:
    """The account of settling, entry by entry, in all and for each person."""
    money, form = author.unit("yuan a year")[1], author.form("yuan a year")
    entries = {name: author.results.settling[name] for name in (*INCOME, *COSTS, BALANCE)}
    rows = [
        (author.say(f"ledger.{name}"), author.band(one.total, form, money), author.band(one.person, ",.0f"))
        for name, one in entries.items()
        if one.person is not None
    ]
    columns = author.heads("ledger.entry", "ledger.total", "ledger.person")
    return author.table("ledger.account", columns, rows, widths=(4.0, 2.4, 2.4))
