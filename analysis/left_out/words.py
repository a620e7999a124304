"""Who is left out, in plain words, in Chinese and English."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.left_out.study import ALL, BOUNDS, FEWEST, HORIZON, RENTAL
from analysis.outcome.printing import make_table, say_no_interval
from analysis.outcome.shares import count_in_words, has_interval
from analysis.outcome.words import LANGUAGES, element_name, word
from model.definition import variables_by_name
from scenarios import Scenario

#: Shares this close are shown as equal.
TIED: Final = 1e-6
#: Where no more than this goes without, nobody is called worst off.
NOTHING: Final = 0.0005
#: So many with the same share are named.
NAMED: Final = 2
#: Years that are printed, as far as they were saved.
YEARS: Final = (2025.0, 2030.0, 2035.0)


def print_left_out(console: Console, table: pd.DataFrame, scenarios: Sequence[Scenario], members: int) -> None:
    """Print for each scenario what share of the need is not served, who is worst off, and the shortfall."""
    for scenario in scenarios:
        own = table[table["scenario"] == scenario.name]
        years = [year for year in YEARS if year in set(own["year"])]
        console.print(_shares(own, scenario, years, members))
        for service in dict.fromkeys(own["service"]):
            rows = own[(own["service"] == service) & (own["year"] == years[0])]
            for language in LANGUAGES:
                console.print(escape(in_words(rows, language, members)))
        console.print()
    for language in LANGUAGES:
        console.print(BOUNDS[language])
    console.print(
        "学位：缺口按每名儿童应有的位子数测算，不是排队人数；模型把区县学位平均分给当地有权益的孩子，没有名单和先后，"
        "因此没有等候时间；权益按比例计，不是逐条资格；民办学位不分开。"
    )
    console.print(
        "School places: the shortfall is against the places that the standard asks for, not children in a queue; the"
        " model shares a district's places evenly among those entitled there, without lists or turns, so there is no"
        " waiting time; entitlement is a share, not a rule; private schools are not told apart."
    )
    console.print(f"数字来自{members}组与2010—2020年观测相符的参数，以模型和先验范围为前提。")
    console.print(
        f"Numbers are over {members} parameter sets that the observations of 2010-2020 support, conditional on the"
        " model and the priors."
    )
    say_no_interval(console, members)


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
    name, zh = service_name(city["service"], language), language == "zh"
    share, low, high = (f"{100 * city[f'unserved_share_{level}']:.1f}" for level in ("median", "p05", "p95"))
    bound = city["service"] == RENTAL
    standard, short = standard_in_words(city["service"], language), _count(city["short_median"], language)
    barred = _count(city["not_entitled_median"], language)
    if zh:
        text = f"{city['year']:g}年{name}：按{standard}的标准，全市{'至多' if bound else ''}{share}%"
        text += f"{f'（90%区间{low}—{high}%）' if has_interval(members) else ''}的需要没有满足"
        text += f"，其中因没有权益缺{barred}个位子" if city["not_entitled_median"] >= FEWEST else ""
        if city["short_median"] >= FEWEST:
            text += f"，缺口至多{short}人" if bound else f"，有权益而当地位子不够的缺{short}个"
        if bound:
            text += f"；按当年竣工速度，{_closed(city, language, members)}"
        return text + "。" + _worst_in_words(rows, language, members)
    most = "at most " if bound else ""
    text = f"{name}, {city['year']:g}: by a standard of {standard}, {most}{share} % of the need in the city is not "
    text += f"served (90 % interval {low} to {high})" if has_interval(members) else "served"
    text += f"; {barred} places are missing for want of entitlement" if city["not_entitled_median"] >= FEWEST else ""
    if city["short_median"] >= FEWEST:
        text += f"; a shortfall of {most}{short} " + ("movers without a home" if bound else "places open to the child")
    if bound:
        text += f"; at that year's pace of completions {_closed(city, language, members)}"
    return text + "." + _worst_in_words(rows, language, members)


def standard_in_words(service: str, language: str) -> str:
    """Return the standard that a need is measured by, as the model file has it."""
    variables = variables_by_name()
    if service == RENTAL:
        area = variables["RENTED FLOOR AREA"].default
        assert area is not None
        return f"每名流动人口租住{float(area):g}平方米" if language == "zh" else f"{float(area):g} m2 a mover"
    places = variables["PLACES PER PERSON"]
    assert places.default is not None
    each = f"{float(places.default[places.axes[0].index(service)]):g}"
    if language == "zh":
        return f"每名儿童{each}个位子"
    return f"{each} {'place' if each == '1' else 'places'} a child"


def _closed(city: Any, language: str, members: int) -> str:
    """Whether the pace closes the shortfall within the model's horizon; nothing is said of later years."""
    number = round(city["closed_by_horizon"] * members)
    if number == 0:
        every = count_in_words(members, members, language)
        return (
            f"{every}在{HORIZON}年以前都补不齐" if language == "zh" else f"in {every} it is not closed before {HORIZON}"
        )
    some = count_in_words(number, members, language)
    return f"{some}在{HORIZON}年底前补齐" if language == "zh" else f"it is closed by {HORIZON} in {some}"


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
    zh = language == "zh"
    who = ("、" if zh else "; ").join(element_name(str(group), language) for group in groups)
    if len(groups) == len(set(rows["group"]) - {ALL}):
        who = word("labels", "all groups", language)
    where = element_name(str(districts[0]), language)
    if len(districts) > 1:
        where = f"{len(districts)}个区县" if zh else f"{len(districts)} districts alike"
    share, low, high = (f"{100 * worst[f'unserved_share_{level}']:.0f}" for level in ("median", "p05", "p95"))
    often = count_in_words(round(worst["among_worst_off"] * members), members, language)
    if zh:
        band = f"（{low}—{high}%）" if has_interval(members) else ""
        return f"最差的是{where}的{who}：{share}%{band}没有满足（在{often}中最差）。"
    band = f" ({low} to {high})" if has_interval(members) else ""
    return f" Worst off: {who} in {where}, {share} %{band} without (worst in {often})."


def _count(number: float, language: str) -> str:
    if language == "zh":
        return f"{number / 1e4:,.1f}万" if number >= 1e3 else f"{number:,.0f}"
    return f"{number / 1e3:,.0f} thousand" if number >= 1e3 else f"{number:,.0f}"


def _shares(own: pd.DataFrame, scenario: Scenario, years: Sequence[float], members: int) -> Table:
    """Shares without in the city, in the worst-off group and in the worst-off district."""
    zh, en = ("与90%区间", " and 90 % interval") if has_interval(members) else ("", "")
    table = make_table(
        f"谁没有得到服务：{scenario.title['zh']}\nWho is left out: {scenario.title['en']}",
        f"未满足的需要占比（%，{members}组样本的中位数{zh}）；组和区县为中位数最高者，数值相同的并列\n"
        f"share of the need not served (%, median{en}, n = {members}); group and district with the highest median,\n"
        "those with the same number together",
    )
    table.add_column("服务 service", overflow="fold", ratio=1)
    table.add_column("范围 of whom", overflow="fold", ratio=1)
    for year in years:
        table.add_column(f"{year:g}", justify="right", overflow="fold", ratio=1)
    for service in dict.fromkeys(own["service"]):
        rows = own[own["service"] == service]
        kinds: dict[str, list[str]] = {"全市 city": [], "最差的组 worst group": [], "最差的区县 worst district": []}
        for year in years:
            now = rows[rows["year"] == year]
            city = _share(now[(now["group"] == ALL) & (now["district"] == ALL)].iloc[0], members)
            groups = now[(now["group"] != ALL) & (now["district"] == ALL)]
            districts = now[(now["group"] == ALL) & (now["district"] != ALL)]
            cells = (city, _cell(groups, "group", members), _cell(districts, "district", members))
            for column, cell in zip(kinds.values(), cells, strict=True):
                column.append(cell)
        for number, (kind, column) in enumerate(kinds.items()):
            title = f"{service_name(service, 'zh')} {service_name(service, 'en')}" if number == 0 else ""
            table.add_row(escape(title), kind, *column)
        table.add_section()
    return table


def _cell(rows: pd.DataFrame, key: str, members: int) -> str:
    """The highest share, and whose it is; those whose share is printed alike stand together."""
    worst: Any = rows.sort_values("unserved_share_median", na_position="first").iloc[-1]
    if not worst["unserved_share_p95"] >= NOTHING:
        return _share(worst, members)
    printed = (100 * rows["unserved_share_median"]).round(1)
    alike = [str(name) for name in rows.loc[printed == printed.max(), key]]
    return f"{_share(worst, members)}\n{alike_in_words(alike, key)}"


def alike_in_words(names: Sequence[str], kind: str) -> str:
    """Return, in both languages, groups or districts that stand alike: up to two by name, more by their number."""
    if len(names) > NAMED:
        counted = {"group": "个群体", "district": "个区县"}[kind]
        return f"{len(names)}{counted}并列 {len(names)} {kind}s alike"
    return "\n".join(" ".join(element_name(name, language) for language in LANGUAGES) for name in names)


def _share(row: pd.Series[Any], members: int) -> str:
    middle, low, high = (100 * float(row[f"unserved_share_{level}"]) for level in ("median", "p05", "p95"))
    return f"{middle:.1f} ({low:.1f} – {high:.1f})" if has_interval(members) else f"{middle:.1f}"
