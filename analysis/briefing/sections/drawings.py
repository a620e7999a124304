"""The charts of slides as data: what a program draws from them, its user can edit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import floor

from analysis.briefing.content import Chart, Line, Name, Number, Run, Text
from analysis.briefing.likelihood import tone
from analysis.briefing.results import Contributions, Probability, Quantiles, Result
from analysis.briefing.sections.author import Author
from analysis.charts.panels import Panel
from analysis.charts.record import FIRST_YEAR

#: Steps of a value axis that does not begin at nought.
STEP = 5
#: Letters of a category that stand beside a bar, by language.
LETTERS = {"zh": 22, "en": 46}


def fan(author: Author, block: str, panel: Panel, scenario: str) -> Chart:
    """Return the course of an indicator since the record began: dots, then the median with its bands, and targets."""
    unit, scale = author.unit(panel.unit)
    form = author.form(panel.unit)
    years = list(range(FIRST_YEAR, int(author.results.definitions["last_year"]) + 1))
    spreads = author.results.series[scenario, panel.variable]
    seen = author.results.record[panel.variable]
    wanted = {
        target.year: author.results.targets[scenario, target.id].threshold
        for target in author.evidence.targets.values()
        if target.variable == panel.variable and target.factor == 1
    }

    def numbers(values: Mapping[int, Result]) -> tuple[Number | None, ...]:
        return tuple(author.number(values[year], form, scale) if year in values else None for year in years)

    lines = [_spread(author, author.say("chart.median"), spreads, years, form, scale)]
    if seen:
        lines.append(Line(author.say("chart.observed"), numbers(seen), "dots"))
    if wanted:
        lines.append(Line(author.say("fans.target"), numbers(wanted), "dots", tones=("open",)))
    shown = [*(one.p05 for one in spreads.values()), *seen.values(), *wanted.values()]
    least = STEP * (floor(min(shown) / scale / STEP) - 1)
    return Chart(
        block, (author.label(panel.label),), (unit,), _years(author, years), tuple(lines), _bands(author), least=least
    )


def places(author: Author, level: str) -> Chart:
    """Return the places needed at a level of school, with bands, and those provided."""
    unit, scale = author.unit("places")
    school = author.results.schools[level]
    years = sorted(school.need)
    provided = tuple(author.number(school.capacity[year].median, ".1f", scale) for year in years)
    lines = (
        _spread(author, (author.label("need"),), school.need, years, ".1f", scale),
        Line((author.label("capacity"),), provided),
    )
    return Chart(
        f"schools.{level.split()[0]}",
        (author.element(level),),
        (unit,),
        _years(author, years),
        lines,
        _bands(author),
        least=0.0,
    )


def odds(
    author: Author, block: str, title: Text, shares: Iterable[tuple[Text, Probability]], *, whole: bool = False
) -> Chart:
    """Return probabilities as bars, each of the colour of what it means; names are `whole` where none stands beside."""
    rows = list(shares)
    values = tuple(author.percent(_known(one)) for _, one in rows)
    tones = tuple(tone(one.probability) for _, one in rows)
    signs = tuple({0.0: "<", 1.0: ">"}.get(float(one.probability), "") for _, one in rows)
    line = Line(author.say("board.odds"), values, "bar", tones=tones, signs=signs)
    names = tuple(author.capital(name if whole else shortened(name, author.language)) for name, _ in rows)
    return Chart(block, title, ("%",), names, (line,), least=0.0, most=100.0)


def _known(share: Probability) -> Result:
    """A probability, or the bound that it is within where none or all of the members have it."""
    bounds = {0.0: share.probability_high, 1.0: share.probability_low}
    return bounds.get(float(share.probability), share.probability)


def contribution_bars(author: Author, contributions: Contributions, levers: Sequence[tuple[str, Text]]) -> Chart:
    """Return what levers contribute to both rates as bars."""
    lines = tuple(
        Line(
            author.say(f"compare.{rate}"),
            tuple(author.number(contributions.by_target[target][lever].mean, "+.2f") for lever, _ in levers),
            "bar",
        )
        for rate, target in zip(("resident", "registered"), author.evidence.headlines, strict=True)
    )
    names = tuple(author.capital(shortened(name, author.language)) for _, name in levers)
    return Chart("compare.bars", author.say("compare.table"), (), names, lines)


def bars(
    block: str, title: Text, unit: Text, names: Sequence[Text], series: Sequence[tuple[Text, Sequence[Number]]]
) -> Chart:
    """Return numbers as bars, a series for each name."""
    lines = tuple(Line(name, tuple(values), "bar") for name, values in series)
    return Chart(block, title, unit, tuple(names), lines)


def shortened(name: Text, language: str) -> Text:
    """Return a name that fits beside a bar.

    Examples
    --------
    >>> shortened((Name("城镇基本公共服务覆盖全部未落户常住人口并逐步提高"),), "zh")
    (Name(text='城镇基本公共服务覆盖全部未落户常住人口并逐…'),)
    """
    room, runs = LETTERS[language], list[Run]()
    for run in name:
        text = run if isinstance(run, str) else run.text
        if len(text) > room:
            assert not isinstance(run, Number)
            cut = f"{text[: max(1, room - 1)]}…"
            return (*runs, Name(cut) if isinstance(run, Name) else cut)
        runs.append(run)
        room -= len(text)
    return tuple(runs)


def _years(author: Author, years: Iterable[int]) -> tuple[Text, ...]:
    return tuple((author.count(author.results.years[year]),) for year in years)


def _bands(author: Author) -> tuple[Text, ...]:
    return tuple(author.heads("chart.wide", "chart.narrow"))


def _spread(
    author: Author, name: Text, spreads: Mapping[int, Quantiles], years: Sequence[int], form: str, scale: float
) -> Line:
    """A median with the ends of its wide and its narrow interval."""

    def numbers(statistic: str) -> tuple[Number | None, ...]:
        return tuple(
            author.number(getattr(spreads[year], statistic), form, scale) if year in spreads else None for year in years
        )

    return Line(name, numbers("median"), bands=tuple(map(numbers, ("p05", "p25", "p75", "p95"))))
