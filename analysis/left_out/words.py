"""Who is left out, in plain words, in Chinese and English."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.left_out.study import ALL, FEWEST, HORIZON, RENTAL
from analysis.outcome.printing import make_table, say_no_interval
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import count_in_words, has_interval
from analysis.outcome.verdict import basis_line, members_in_words
from analysis.outcome.words import LANGUAGES, element_name, say_from, screen_text_from, word
from calibration.fit.evidence import Evidence
from model.definition import variables_by_name
from scenarios import Scenario

FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)
screen_text: Final = partial(screen_text_from, FILE)
#: Shares this close are shown as equal.
TIED: Final = 1e-6
#: Where no more than this goes without, nobody is called worst off.
NOTHING: Final = 0.0005
#: So many with the same share are named.
NAMED: Final = 2
#: Years that are printed, as far as they were saved.
YEARS: Final = (2025.0, 2030.0, 2035.0)


def print_left_out(
    console: Console, table: pd.DataFrame, scenarios: Sequence[Scenario], members: int, evidence: Evidence
) -> None:
    """Print for each scenario what share of the need is not served, who is worst off, and the shortfall.

    `evidence` is what the members have seen.
    """
    for scenario in scenarios:
        own = table[table["scenario"] == scenario.name]
        years = [year for year in YEARS if year in set(own["year"])]
        console.print(_shares(own, scenario, years, members))
        for service in dict.fromkeys(own["service"]):
            rows = own[(own["service"] == service) & (own["year"] == years[0])]
            console.print(escape(in_words(rows, screen_language(), members)))
        console.print()
    known = members_in_words(evidence, screen_language())
    for name in ("rental homes", "school places", "members"):
        console.print(screen_text(name, members=members, known=known))
    say_no_interval(console, members)


def verdict(table: pd.DataFrame, scenarios: Sequence[Scenario], members: int, evidence: Evidence) -> list[str]:
    """Return which stage of school is shortest under the last scenario, and how the others compare."""
    language, about = screen_language(), scenarios[-1]
    year = next(year for year in YEARS if year in set(table["year"]))
    now = table[table["year"] == year]
    city = now[(now["group"] == ALL) & (now["district"] == ALL)].set_index(["scenario", "service"])
    own: Any = city.loc[about.name]
    service = str(own["unserved_share_median"].drop(RENTAL).idxmax())
    groups = now[(now["scenario"] == about.name) & (now["service"] == service) & (now["district"] == ALL)]
    groups = groups[groups["group"] != ALL].sort_values("unserved_share_median", na_position="first")
    what = {"title": about.title, "year": year, "service": service_name(service, language)}
    worst = {"who": element_name(str(groups["group"].iloc[-1]), language), "worst": _percent(groups.iloc[-1])}
    lines = [screen_text("verdict places", **what, **worst, **_city(own.loc[service], members))]
    others = [
        screen_text("verdict other", title=one.title, **_city(city.loc[(one.name, service)], members))
        for one in scenarios[:-1][:NAMED]
    ]
    if len(scenarios) - 1 > NAMED:
        others.append(screen_text("verdict more", count=len(scenarios) - 1 - NAMED))
    if others:
        lines.append(screen_text("verdict others", others=say("verdict list", language).join(others)))
    lines.append(
        screen_text("verdict homes", service=service_name(RENTAL, language), **_city(own.loc[RENTAL], members))
    )
    standard = say("verdict list", language).join(standard_in_words(name, language) for name in (service, RENTAL))
    return [
        *lines,
        screen_text("verdict standard", standard=standard),
        basis_line(members, evidence, probabilities=False),
    ]


def _city(row: Any, members: int) -> dict[str, str]:
    """The share without and its interval, as gaps of a sentence."""
    ends = {name: _percent(row, level) for name, level in (("low", "p05"), ("high", "p95"))}
    interval = screen_text("interval", **ends) if has_interval(members) else ""
    return {"share": _percent(row), "interval": interval}


def _percent(row: Any, level: str = "median") -> str:
    return f"{100 * float(row[f'unserved_share_{level}']):.1f}"


def service_name(service: str, language: str) -> str:
    """Return the name of a stage of school or of rental homes.

    Examples
    --------
    >>> service_name(RENTAL, "zh")
    '保障性租赁住房'
    """
    return word("labels", RENTAL, language) if service == RENTAL else element_name(service, language)


def in_words(rows: pd.DataFrame, language: str, members: int) -> str:
    """Return a sentence on a service in a year: the shortfall in the city, by which standard, and those worst off.

    The rows are those of `analysis.left_out.tables.as_table` of one scenario, service and year,
    over so many members.
    """
    city: Any = rows[(rows["group"] == ALL) & (rows["district"] == ALL)].iloc[0]
    kind = "homes" if city["service"] == RENTAL else "places"
    share, low, high = (f"{100 * city[f'unserved_share_{level}']:.1f}" for level in ("median", "p05", "p95"))
    parts = ""
    for name, column in (("not entitled", "not_entitled_median"), (f"short {kind}", "short_median")):
        if city[column] >= FEWEST:
            parts += say(name, language, count=_count(city[column], language))
    if kind == "homes":
        closed = round(city["closed_by_horizon"] * members)
        counted = count_in_words(closed or members, members, language)
        # Whether the pace closes it within the model's horizon; nothing is said of later years.
        parts += say("closed" if closed else "never closed", language, members=counted, year=HORIZON)
    text = say(
        kind,
        language,
        year=city["year"],
        service=service_name(city["service"], language),
        standard=standard_in_words(city["service"], language),
        share=share,
        interval=say("interval", language, low=low, high=high) if has_interval(members) else "",
        parts=parts,
    )
    return text + _worst_in_words(rows, language, members)


def standard_in_words(service: str, language: str) -> str:
    """Return the standard that a need is measured by, as the model file has it."""
    variables = variables_by_name()
    if service == RENTAL:
        area: Any = variables["RENTED FLOOR AREA"].default
        return say("floor area", language, number=f"{float(area):g}")
    places: Any = variables["PLACES PER PERSON"]
    each = f"{float(places.default[places.axes[0].index(service)]):g}"
    return say("place a child" if each == "1" else "places a child", language, number=each)


def _worst_in_words(rows: pd.DataFrame, language: str, members: int) -> str:
    """Name the cells of one group and district that go without most, as long as these are few."""
    cells = rows[rows["among_worst_off"] > 0]
    if not len(cells):
        return ""
    worst: Any = cells.sort_values(["among_worst_off", "unserved_share_median"]).iloc[-1]
    alike = cells[(cells["among_worst_off"] - worst["among_worst_off"]).abs() < TIED]
    alike = alike[(alike["unserved_share_median"] - worst["unserved_share_median"]).abs() < TIED]
    if worst["unserved_share_p95"] < NOTHING:
        return ""
    groups, districts = list(dict.fromkeys(alike["group"])), list(dict.fromkeys(alike["district"]))
    who = say("list", language).join(element_name(str(group), language) for group in groups)
    if len(groups) == len(set(rows["group"]) - {ALL}):
        who = word("labels", "all groups", language)
    where = element_name(str(districts[0]), language)
    if len(districts) > 1:
        where = say("districts", language, count=len(districts))
    share, low, high = (f"{100 * worst[f'unserved_share_{level}']:.0f}" for level in ("median", "p05", "p95"))
    interval = say("worst interval", language, low=low, high=high) if has_interval(members) else ""
    often = count_in_words(round(worst["among_worst_off"] * members), members, language)
    return say("worst off", language, where=where, who=who, share=share, interval=interval, members=often)


def _count(number: float, language: str) -> str:
    if number < 1e3:
        return f"{number:,.0f}"
    return say("many", language, number=number / (1e4 if language == "zh" else 1e3))


def _shares(own: pd.DataFrame, scenario: Scenario, years: Sequence[float], members: int) -> Table:
    """Shares without in the city, in the worst-off group and in the worst-off district."""
    interval = {language: say("note interval", language) if has_interval(members) else "" for language in LANGUAGES}
    table = make_table(
        screen_text("title", scenario=scenario.title), screen_text("note", members=members, interval=interval)
    )
    table.add_column(screen_text("service"), overflow="fold", ratio=1)
    table.add_column(screen_text("of whom"), overflow="fold", ratio=1)
    for year in years:
        table.add_column(f"{year:g}", justify="right", overflow="fold", ratio=1)
    for service in dict.fromkeys(own["service"]):
        rows = own[own["service"] == service]
        columns = []
        for year in years:
            now = rows[rows["year"] == year]
            city = _share(now[(now["group"] == ALL) & (now["district"] == ALL)].iloc[0], members)
            groups = now[(now["group"] != ALL) & (now["district"] == ALL)]
            districts = now[(now["group"] == ALL) & (now["district"] != ALL)]
            columns.append((city, _cell(groups, "group", members), _cell(districts, "district", members)))
        title = service_name(service, screen_language())
        for kind, *cells in zip(("city", "worst group", "worst district"), *columns, strict=True):
            table.add_row(escape(title) if kind == "city" else "", screen_text(kind), *cells)
        table.add_section()
    return table


def _cell(rows: pd.DataFrame, key: str, members: int) -> str:
    """The highest share, and whose it is; those whose share is printed alike stand together."""
    worst: Any = rows.sort_values("unserved_share_median", na_position="first").iloc[-1]
    if not worst["unserved_share_p95"] >= NOTHING:
        return _share(worst, members)
    printed = (100 * rows["unserved_share_median"]).round(1)
    alike = [str(name) for name in rows.loc[printed == printed.max(), key]]
    whose = [element_name(name, screen_language()) for name in alike]
    if len(alike) > NAMED:
        whose = [screen_text(f"alike {key}", count=len(alike))]
    return "\n".join([_share(worst, members), *whose])


def _share(row: pd.Series[Any], members: int) -> str:
    middle, low, high = (100 * float(row[f"unserved_share_{level}"]) for level in ("median", "p05", "p95"))
    return f"{middle:.1f} ({low:.1f} – {high:.1f})" if has_interval(members) else f"{middle:.1f}"
