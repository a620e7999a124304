"""How likely targets are, on what that rests and what holds them back, in plain words, in Chinese and English."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.outcome import shares
from analysis.outcome.bottlenecks import AGREEMENT, BOTTLENECKS
from analysis.outcome.printing import make_table, signed, three_digits, wanted
from analysis.outcome.target_words import unit_of
from analysis.outcome.words import LANGUAGES, element_name
from analysis.reach.study import Reached
from model.definition import Variable
from scenarios import Scenario, Target, load_levers

#: A bottleneck that binds in more members than this holds a district back.
USUAL: Final = 0.5
#: Years of the calendar that are printed, as far as they were saved.
YEARS: Final = (2025.0, 2030.0, 2035.0)
#: A probability below this is written as a bound.
SMALL: Final = 0.001


def print_reached(console: Console, reached: Reached, variables: Mapping[str, Variable]) -> None:
    """Print each headline target by scenario and what it rests on, then all targets, bottlenecks and gains."""
    summary, members = reached.tables.summary, reached.margins.sizes["member"]
    # Where few targets are named, all are described in full.
    few = len(reached.targets) <= 3
    for target in reached.targets:
        if target.headline or few:
            rows = summary[summary["target"] == target.id]
            console.print(_by_scenario(target, rows, reached.scenarios))
            _say_in_words(console, target, rows, reached.scenarios)
            rests = _rests_on(target, reached, variables)
            if rests.row_count:
                console.print(rests, "")
    if not few:
        console.print(_board(reached), "")
    if len(reached.calendar):
        for scenario in reached.scenarios:
            own = reached.calendar[reached.calendar["scenario"] == scenario.name]
            if len(own):
                console.print(_calendar(own, scenario, members), "")
                console.print(_gains(reached, scenario, variables, members), "")
    _say_basis(console, summary, members)


def in_percent(probability: float, error: float) -> str:
    """Return a probability that is no count of members, with its standard error.

    Examples
    --------
    >>> in_percent(0.0025, 0.0006), in_percent(0.51, 0.03), in_percent(1e-9, 0.0)
    ('0.2% ±0.1', '51% ±3', '<0.1%')
    """
    if pd.isna(probability):
        return "—"
    if probability < SMALL:
        return f"<{100 * SMALL:g}%"
    if probability > 1 - SMALL:
        return f">{100 - 100 * SMALL:g}%"
    return shares.percent_with_error(probability, error)


def _by_scenario(target: Target, rows: pd.DataFrame, scenarios: Sequence[Scenario]) -> Table:
    titles = {scenario.name: f"{scenario.title['zh']} {scenario.title['en']}" for scenario in scenarios}
    table = make_table(f"{target.title['zh']}  {target.title['en']}\n{target.year}: {wanted(target)}")
    members = rows["members"].iloc[0]
    _add_columns(
        table,
        "情景 scenario",
        f"概率（{members}组）\nprobability, n = {members}",
        "95%区间\n95 % interval",
        "含模型遗漏\nwith discrepancy",
        "余量 (90%)\nmargin (90 %)",
        "过半达到\nhalf reach it",
        f"到{rows['last_year'].iloc[0]:g}年达到\never by {rows['last_year'].iloc[0]:g}",
    )
    for row in rows.to_dict("records"):
        low, middle, high = (signed(row[f"margin_{level}"], _decimals(row)) for level in ("p05", "median", "p95"))
        table.add_row(
            escape(titles[row["scenario"]]),
            shares.share_in_percent(row["reached"], row["members"]),
            f"{100 * row['probability_low']:.0f} – {100 * row['probability_high']:.0f}%",
            in_percent(row["probability_with_discrepancy"], row["probability_with_discrepancy_se"]),
            f"{middle}\n({low} … {high})" if shares.has_interval(members) else middle,
            f"{row['year_reached_median']:.0f}" if pd.notna(row["year_reached_median"]) else "—",
            shares.share_in_percent(round(row["reached_by_last_year"] * row["members"]), row["members"]),
        )
    return table


def _decimals(row: Any) -> int:
    """Decimals of a target's margins in one scenario."""
    size = max(abs(row["margin_p05"]), abs(row["margin_p95"]))
    return 0 if size >= 1000 else 1 if size >= 10 else 2


def _say_in_words(console: Console, target: Target, rows: pd.DataFrame, scenarios: Sequence[Scenario]) -> None:
    """Say the likeliest scenario in a sentence, and what its second probability adds."""
    best = rows.sort_values(["probability", "margin_median"]).iloc[-1]
    title = next(scenario.title for scenario in scenarios if scenario.name == best["scenario"])
    count, of = int(best["reached"]), int(best["members"])
    margin, last, year = signed(best["margin_median"], _decimals(best)), best["last_year"], best["year_reached_median"]
    zh = f"最有可能的是“{title['zh']}”：{target.year}年达到的概率{shares.share_in_words(count, of, 'zh')}，"
    zh += f"余量中位数{margin}{unit_of(target, 'zh')}，"
    en = f"Likeliest under {title['en']}: {shares.share_in_words(count, of, 'en')} in {target.year}, "
    en += f"median margin {margin} {unit_of(target, 'en')}; "
    if pd.isna(year):
        zh += f"到{last:g}年达到的样本不到一半。"
        en += f"fewer than half of the members reach it by {last:g}."
    else:
        zh += f"到{year:g}年底有一半样本达到。"
        en += f"half of the members have reached it by the end of {year:g}."
    if pd.notna(best["probability_with_discrepancy"]):
        both = in_percent(best["probability_with_discrepancy"], best["probability_with_discrepancy_se"])
        zh += f"再计入单个年份偏离模型的程度，按各样本离目标的远近推算，得{both}。"
        en += f" With how far single years stray from the model, by each member's distance from the target: {both}."
    if best["reached_then_lost"] > 0:
        lost = round(best["reached_then_lost"] * of)
        zh += f"{shares.count_in_words(lost, of, 'zh')}提前达到，到期又失去。"
        en += f" Reached early and lost by then in {shares.count_in_words(lost, of, 'en')}."
    console.print(escape(zh))
    console.print(escape(en) + "\n")


def _rests_on(target: Target, reached: Reached, variables: Mapping[str, Variable]) -> Table:
    """How the probability changes from the lower to the upper third of a parameter."""
    detailed = list(dict.fromkeys(reached.calendar["scenario"])) or [reached.scenarios[0].name]
    titles = {scenario.name: scenario.title["zh"] for scenario in reached.scenarios}
    table = make_table(
        f"取决于什么：{target.title['zh']}\nWhat it rests on: {target.title['en']}, {target.year}",
        "概率：参数处于样本的下、中、上三分之一时；余量变化：上三分之一减下三分之一\n"
        "probability in the lower, middle and upper third of the members by the parameter; "
        "change in margin: upper less lower",
    )
    parts = ("情景\nscenario", "下\nlower", "中\nmiddle", "上\nupper", "变化（点）\nchange, points", "余量变化\nmargin")
    _add_columns(table, "参数 parameter", *parts)
    contrasts, conditions = (
        one[one["target"] == target.id] for one in (reached.tables.contrasts, reached.tables.conditions)
    )
    for scenario in detailed:
        for row in contrasts[contrasts["scenario"] == scenario].to_dict("records"):
            own = (conditions["scenario"] == scenario) & (conditions["parameter"] == row["parameter"])
            groups = conditions[own].set_index("group")
            cells = [
                shares.share_in_percent(groups.loc[group, "reached"], groups.loc[group, "members"])
                if group in groups.index
                else "—"
                for group in (1, 2, 3)
            ]
            change = shares.change_in_points(row["difference"], row["difference_se"], int(groups["members"].min()))
            table.add_row(
                _parameter(row["parameter"], variables),
                escape(titles[scenario]),
                *cells,
                change,
                three_digits(row["margin_difference"], sign=True),
            )
    return table


def _add_columns(table: Table, first: str, *others: str) -> None:
    """Add a column as wide as there is room for, and columns of numbers."""
    table.add_column(first, overflow="fold", ratio=1)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)


def _parameter(name: str, variables: Mapping[str, Variable]) -> str:
    known = variables.get(name.split("[")[0])
    return escape(f"{known.term if known else ''} {name}".strip())


def _board(reached: Reached) -> Table:
    """Every target, one row each, scenarios in numbered columns; bounds instead of none and all."""
    numbers = "\n".join(
        escape(f"{number:>2} {scenario.title['zh']} {scenario.name}")
        for number, scenario in enumerate(reached.scenarios, 1)
    )
    table = make_table(
        f"按期达到的概率，%（{reached.margins.sizes['member']}组样本）  "
        f"Probability of reaching each target in time, % (n = {reached.margins.sizes['member']})",
        f"0和100表示{reached.margins.sizes['member']}组样本中没有或全部达到  0 and 100: none or all members\n{numbers}",
    )
    table.add_column("目标 target", overflow="fold", ratio=1)
    table.add_column("年份\nyear", no_wrap=True)
    for number in range(1, len(reached.scenarios) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    odds = reached.tables.summary.set_index(["target", "scenario"])["probability"]
    for target in reached.targets:
        cells = [shares.whole_percent(odds[target.id, scenario.name]) for scenario in reached.scenarios]
        table.add_row(f"{target.title['zh']} [dim]{escape(target.title['en'])}[/]", str(target.year), *cells)
    return table


def _calendar(own: pd.DataFrame, scenario: Scenario, members: int) -> Table:
    """Where each bottleneck binds: how many districts, and in which one most surely."""
    table = make_table(
        f"瓶颈日历：{scenario.title['zh']}\nWhat holds districts back: {scenario.title['en']}",
        "受限区县数（过半样本受限），及受限样本最多的区县（数目相同的并列）和其中受限的样本数/样本数\n"
        "districts in which it binds in over half of the members; the one with the most such members, or those that\n"
        "have as many, and that number / members",
    )
    table.add_column("瓶颈 bottleneck", overflow="fold", ratio=1)
    years = [year for year in YEARS if year in set(own["year"])]
    for year in years:
        table.add_column(f"{year:g}", justify="right", overflow="fold")
    for bottleneck in BOTTLENECKS:
        cells = []
        for year in years:
            rows = own[(own["bottleneck"] == bottleneck.id) & (own["year"] == year)]
            highest = float(rows["probability"].max())
            worst = [str(name) for name in rows.loc[rows["probability"] == highest, "district"]]
            count = int((rows["probability"] > USUAL).sum())
            where = f"\n{_districts(worst)} {round(highest * members)}/{members}" if highest > 0 else ""
            cells.append(f"{count}/{len(rows)}{where}")
        table.add_row(f"{bottleneck.title['zh']} [dim]{escape(bottleneck.title['en'])}[/]", *cells)
    return table


def _districts(names: Sequence[str]) -> str:
    """Districts that stand alike: two by name, more by their number."""
    if len(names) > 2:
        return f"{len(names)}个区县并列 {len(names)} districts alike:"
    return "\n".join(" ".join(element_name(name, language) for language in LANGUAGES) for name in names)


def _gains(reached: Reached, scenario: Scenario, variables: Mapping[str, Variable], members: int) -> Table:
    """What a step of relief brings the headline targets, and whether half a step brings half of it."""
    headline = [target for target in reached.targets if target.headline][:2] or list(reached.targets[:2])
    interval = shares.has_interval(members)
    table = make_table(
        f"放宽瓶颈的作用：{scenario.title['zh']}\nWhat relief brings: {scenario.title['en']}",
        f"每步使余量增加多少（中位数{'，90%区间' if interval else ''}）；半步与整步每单位作用相差不到"
        f"{100 * AGREEMENT:.0f}%的样本数/样本数\n"
        f"gain in margin per step (median{', 90 % interval' if interval else ''}); members in which half "
        f"a step confirms it within {100 * AGREEMENT:.0f} % / members",
    )
    table.add_column("放宽 relief", overflow="fold", ratio=1)
    table.add_column("一步\nstep", justify="right", overflow="fold")
    for target in headline:
        table.add_column(
            f"{target.title['zh']} {target.year}\n{escape(target.title['en'])}", justify="right", overflow="fold"
        )
    levers = load_levers()
    own = reached.gains[reached.gains["scenario"] == scenario.name].set_index(["bottleneck", "constant", "target"])
    ends = ["p05", "median", "p95"]
    decimals = {}
    for target in headline:
        steps: Any = own.xs(target.id, level="target")
        largest = float((steps[ends].abs().max(axis=1) * steps["step"]).max())
        decimals[target.id] = max(0, 2 - math.floor(math.log10(largest))) if largest > 0 else 0
    for bottleneck, constant in dict.fromkeys((key[0], key[1]) for key in own.index):
        cells, step = [], 0.0
        for target in headline:
            row: Any = own.xs((bottleneck, constant, target.id))
            step = float(row["step"])
            low, middle, high = (signed(row[name] * step, decimals[target.id]) for name in ends)
            band = f" ({low} … {high})" if interval else ""
            cells.append(f"{middle}{band} {round(row['agreement'] * members)}/{members}")
        known, lever = variables[constant], levers.get(constant)
        title = f"{lever.title['zh']} {lever.title['en']}" if lever else f"{known.term} {constant.lower()}"
        table.add_row(escape(title), f"+{step:,.10g} {known.unit}", *cells)
    return table


def _say_basis(console: Console, summary: pd.DataFrame, members: int) -> None:
    console.print(
        f"概率：{members}组与2010—2020年观测相符的参数中按期达到的比例，以模型、先验范围和情景政策不变为前提；没有或全部达到时给出"
        "95%区间的界限。没有达到的样本按截尾处理，不从年份中剔除。"
    )
    console.print(
        f"Probability: share of {members} parameter sets that the observations of 2010-2020 support, conditional on "
        "the model, the priors and unchanged policies; for none or all of them the bound of the 95 % interval. Members "
        "that do not get there count as later (censored), never as missing."
    )
    if not shares.has_interval(members):
        for language in LANGUAGES:
            console.print(shares.no_interval_in_words(members, language))
    if summary["probability_with_discrepancy"].notna().any():
        console.print(
            "含模型遗漏：另计公布值与模型之间的年际差异（与存储的预测相同，见calibration/forecast.py）；没有判断过该差异的目标为“—”。"
        )
        console.print(
            "With discrepancy: also counts how far published numbers of single years stray from any model's course, as "
            "the stored forecast does; '—' where that has not been judged for the target's variable."
        )
