"""A comparison of two scenarios in plain words, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.comparison.contributions import Comparison
from analysis.comparison.request import HEADLINES
from analysis.comparison.study import lever_title
from analysis.comparison.tables import TOTAL, decimals, residual, summary, waterfall
from analysis.outcome.printing import make_table, say_no_interval, signed
from analysis.outcome.ratios import Moved, reason_in_words
from analysis.outcome.shares import change_in_points, count_in_words, has_interval, share_in_percent
from analysis.outcome.words import LANGUAGES, terms, word
from model.definition import Variable
from scenarios import Scenario, Target

#: A lever with less than this share of the largest contribution, in every year, is counted with the others.
LESSER: Final = 0.05
#: Levers that have a row of their own.
ROWS: Final = 8
#: Levers that a sentence names on either side.
NAMED: Final = 3


@dataclass(frozen=True)
class _Shown:
    """An indicator as it is printed: what it is called, its unit, and how many of the model's unit one of these is."""

    variable: str
    title: Mapping[str, str]
    unit: Mapping[str, str]
    size: float

    @property
    def in_ten_thousands(self) -> bool:
        """Whether people are counted in the Chinese unit of ten thousand."""
        return self.unit["en"] == word("units", "ten thousand people", "en")


def print_comparison(
    console: Console,
    comparison: Comparison,
    scenarios: Sequence[Scenario],
    targets: Sequence[Target],
    variables: Mapping[str, Variable],
    in_time: xr.Dataset,
    ratios: Sequence[Moved] = (),
) -> None:
    """Print the difference of two scenarios, and what each lever contributes to it, indicator by indicator.

    Indicators by district are left to the files. Probabilities are over the members of `in_time`, contributions over
    those that were traced. Where one of `ratios` is better for its target, the reason stands beside it.
    """
    table = summary(comparison)
    known = {target.id for target in targets}
    shown = [
        _shown(str(name), variables)
        for name, array in comparison.contributions.data_vars.items()
        if name not in known and set(array.dims) == {"lever", "member", "time"}
    ]
    members = comparison.values.sizes["member"]
    console.print(_differences(shown, table, scenarios, members))
    for one in shown:
        console.print(_contributions(one, comparison, table, variables))
        total = table[(table["indicator"] == one.variable) & (table["lever"] == TOTAL)].iloc[-1]
        levers = waterfall(comparison, one.variable, float(total["year"])).iloc[1:-1]
        for language in LANGUAGES:
            console.print(escape(_in_words(one, total, levers, scenarios, variables, members, language)))
            for each in ratios:
                if each.better and each.target.variable == one.variable:
                    console.print(escape(reason_in_words(each, scenarios, language)))
        console.print()
    if targets:
        console.print(_probabilities(comparison, targets, scenarios, variables, in_time))
    _say_basis(console, comparison, table[table["indicator"].isin([one.variable for one in shown])])


def _shown(name: str, variables: Mapping[str, Variable]) -> _Shown:
    panel = next((panel for panel in HEADLINES if panel.variable == name), None)
    if panel is None:
        unit = variables[name].unit
        return _Shown(name, {"zh": variables[name].term, "en": name}, {"zh": unit, "en": unit}, 1.0)
    unit = "points" if panel.unit.startswith("percent") else panel.unit
    return _Shown(
        name,
        {language: word("labels", panel.label, language) for language in LANGUAGES},
        {language: word("units", unit, language) for language in LANGUAGES},
        float(terms()["units"][panel.unit]["zh_size"]),
    )


def _differences(shown: Sequence[_Shown], table: pd.DataFrame, scenarios: Sequence[Scenario], members: int) -> Table:
    first, second = scenarios
    printed = make_table(
        f"{second.title['zh']}与{first.title['zh']}之差\n{second.title['en']} minus {first.title['en']}",
        f"样本平均值{'（90%区间）' if has_interval(members) else ''}，与中位数同号的样本数/样本数\n"
        f"mean over members{' (90 % interval)' if has_interval(members) else ''}, members with the sign of the median "
        "/ members",
    )
    totals = table[table["lever"] == TOTAL]
    printed.add_column("指标 indicator", overflow="fold", ratio=1)
    for year in totals.loc[totals["indicator"] == shown[0].variable, "year"] if shown else ():
        printed.add_column(f"{year:g}", justify="right")
    for one in shown:
        own = totals[totals["indicator"] == one.variable]
        digits = decimals(own["mean"] / one.size)
        name = f"{one.title['zh']}（{one.unit['zh']}）\n[dim]{escape(one.title['en'])}, {escape(one.unit['en'])}[/]"
        printed.add_row(name, *(_cell(row, one.size, digits, members) for row in own.to_dict("records")))
    return printed


def _contributions(
    one: _Shown, comparison: Comparison, table: pd.DataFrame, variables: Mapping[str, Variable]
) -> Table:
    rows = table[table["indicator"] == one.variable]
    means = rows[rows["lever"] != TOTAL].pivot_table(index="lever", columns="year", values="mean", sort=False)
    largest = means.abs().max()
    felt = ((means.abs() >= LESSER * largest) & (largest > 0)).any(axis=1)
    size = means[felt].abs() / largest
    order = size.max(axis=1).sort_values(ascending=False, kind="stable").index[:ROWS]
    lesser = [str(name) for name in means.index if name not in order]
    printed = make_table(
        f"{one.title['zh']}：各项措施的作用（{one.unit['zh']}）\n"
        f"{one.title['en']}: what each lever contributes, {one.unit['en']}"
    )
    printed.add_column("措施 lever", overflow="fold", ratio=1)
    for year in means.columns:
        printed.add_column(f"{year:g}", justify="right")
    digits = decimals(means.to_numpy().ravel() / one.size)
    members = comparison.values.sizes["member"]

    def cells(name: str) -> list[str]:
        return [_cell(row, one.size, digits, members) for row in rows[rows["lever"] == name].to_dict("records")]

    for name in order:
        titles = " ".join(lever_title(name, language, variables) for language in LANGUAGES)
        printed.add_row(escape(titles), *cells(name))
    if lesser:
        rest = comparison.contributions[one.variable].sel(lever=lesser).sum("lever")
        printed.add_row(
            " ".join(word("labels", "other levers", language).format(count=len(lesser)) for language in LANGUAGES),
            *(_cell(_over_members(rest.sel(time=year)), one.size, digits, members) for year in means.columns),
        )
    printed.add_section()
    printed.add_row("合计 total", *cells(TOTAL), style="bold")
    return printed


def _over_members(values: xr.DataArray) -> dict[str, float]:
    same = float((np.sign(values) == np.sign(values.median())).mean())
    ends = {f"p{100 * level:02.0f}": float(values.quantile(level)) for level in (0.05, 0.95)}
    return {"mean": float(values.mean()), "same_sign": same, **ends}


def _in_words(
    one: _Shown,
    total: pd.Series[Any],
    levers: pd.DataFrame,
    scenarios: Sequence[Scenario],
    variables: Mapping[str, Variable],
    members: int,
    language: str,
) -> str:
    """The last year's difference in a sentence: how much, how sure, through what, and how much is interaction."""
    zh = language == "zh"
    change = total["mean"] / one.size
    digits = decimals(levers["change"] / one.size)

    def as_text(value: float) -> str:
        # In English people are counted one by one, with no more digits than in ten thousands.
        number = round(value / one.size, digits)
        return signed(number * one.size, 0) if one.in_ten_thousands and not zh else signed(number, digits)

    low, high, alone = (as_text(value) for value in (total["p05"], total["p95"], levers["alone"].sum()))
    together = as_text(float(levers["change"].sum() - levers["alone"].sum()))
    sides = []
    for sign in (1, -1) if change >= 0 else (-1, 1):
        same = levers[np.sign(levers["change"]) == sign]
        same = same[same["change"].abs() >= LESSER * levers["change"].abs().max()].head(NAMED)
        named = (
            f"{lever_title(name, language, variables)} {as_text(value)}"
            for name, value in zip(same["step"], same["change"], strict=True)
        )
        sides.append(("、" if zh else ", ").join(named))
    first, second = (scenario.title[language] for scenario in scenarios)
    # Of a ratio, one is below another by so much, and not by so many times.
    unit = "" if one.unit["en"] == word("units", "ratio", "en") else one.unit[language]
    unit = "people" if one.in_ten_thousands and not zh else unit
    title = one.title[language]
    sure = []
    if has_interval(members):
        sure.append(f"90%区间{low}至{high}" if zh else f"90 % interval {low} to {high}")
    if members > 1:
        same = count_in_words(round(total["same_sign"] * members), members, language)
        sure.append(f"{same}与中位数同号" if zh else f"{same} agree on the sign")
    basis = ("，" if zh else "; ").join(sure)
    amount = f"{abs(change):.{digits}f}"
    if zh:
        return (
            f"{total['year']:g}年“{second}”的{title}比“{first}”{'高' if change >= 0 else '低'}{amount}{unit}"
            + (f"（{basis}）。" if basis else "。")
            + (f"主要来自{sides[0]}。" if sides[0] else "")
            + (f"起相反作用的有{sides[1]}。" if sides[1] else "")
            + f"各项单独实施的作用之和为{alone}，一起实施另有{together}（相互作用）。"
        )
    by = f"{as_text(total['mean'])} {unit}".strip()
    return (
        f"{title} in {total['year']:g}: {second} differs from {first} by {by}"
        + (f" ({basis})." if basis else ".")
        + (f" It comes mostly from {sides[0]}." if sides[0] else "")
        + (f" Against it work {sides[1]}." if sides[1] else "")
        + f" Each lever alone, summed, gives {alone}; acting together adds {together} (interaction)."
    )


def _probabilities(
    comparison: Comparison,
    targets: Sequence[Target],
    scenarios: Sequence[Scenario],
    variables: Mapping[str, Variable],
    in_time: xr.Dataset,
) -> Table:
    """How much likelier each target is, and through which levers, in percent of members."""
    members, traced = in_time.sizes["member"], comparison.values.sizes["member"]
    printed = make_table(
        f"目标达到的概率（%，{members}组样本）\nProbability of reaching the targets in time, % (n = {members})",
        "变化后为其标准误（同一批样本成对比较），没有样本或全部样本变化时为95%区间的界限；措施后为其作用（百分点）\n"
        "change with its standard error (the same members, in pairs), or the bound of the 95 % interval where none or\n"
        "all of them change; levers with their contribution in points",
    )
    printed.add_column("目标 target", overflow="fold", ratio=2)
    for scenario in scenarios:
        printed.add_column(f"{escape(scenario.title['zh'])}\n{escape(scenario.title['en'])}", justify="right")
    printed.add_column("变化\nchange", justify="right", no_wrap=True)
    printed.add_column(f"主要措施 main levers\nn = {traced}", overflow="fold", ratio=3)
    for target in targets:
        ends = in_time[target.id].astype(float)
        change = ends.isel(scenario=1) - ends.isel(scenario=0)
        error = float(change.std(ddof=1)) / members**0.5 if members > 1 else 0.0
        steps = waterfall(comparison, target.id).iloc[1:-1]
        named = [
            f"{lever_title(row['step'], 'zh', variables)} {lever_title(row['step'], 'en', variables)} "
            f"{signed(100 * row['change'], 1)}"
            for row in steps[steps["change"].abs() >= 0.005].head(NAMED).to_dict("records")
        ]
        printed.add_row(
            f"{target.year} {target.title['zh']} [dim]{escape(target.title['en'])}[/]",
            *(share_in_percent(int(ends.isel(scenario=number).sum()), members) for number in (0, 1)),
            change_in_points(float(change.mean()), error, members),
            escape("\n".join(named)) or "—",
        )
    return printed


def _say_basis(console: Console, comparison: Comparison, table: pd.DataFrame) -> None:
    members, count = comparison.values.sizes["member"], len(comparison.levers)
    left = f"{residual(comparison):.0e}"
    if comparison.permutations is None:
        zh = f"{count}项变化的全部{comparison.coalitions}种组合都已运行，作用值（沙普利值）没有抽样误差。"
        en = f"All {comparison.coalitions} combinations of {count} changes were run: Shapley values, no sampling error."
    else:
        levers = table[table["lever"] != TOTAL]
        size = levers.groupby(["indicator", "element", "year"])["mean"].transform(lambda values: values.abs().max())
        error = float((levers["sampling_error"] / size.where(size > 0)).max()) if len(levers) else 0.0
        zh = (
            f"{count}项变化，抽取{comparison.permutations}个实施次序（{comparison.coalitions}种组合）估计作用值（沙普利值）；"
            f"抽样标准误不超过同一指标最大作用的{100 * error:.2g}%，逐项见CSV。"
        )
        en = (
            f"{count} changes: Shapley values from {comparison.permutations} sampled orders ({comparison.coalitions} "
            f"combinations); their standard error is at most {100 * error:.2g} % of an indicator's largest "
            "contribution, each in the CSV."
        )
    console.print(zh + f"作用之和与差异的相对误差为{left}。")
    console.print(f"{en} They sum to the difference within {left} of the indicator.")
    if members == 1:
        console.print("参数为模型文件的取值，只有一组：不表示把握有多大。")
        console.print("One parameter set, that of the model file: nothing is said about how sure this is.")
        return
    console.print(f"区间和比例来自{members}组与2010—2020年观测相符的参数，以模型和先验范围为前提。")
    console.print(
        f"Intervals and shares are over {members} parameter sets that the observations of 2010-2020 support, "
        "conditional on the model and the priors."
    )
    say_no_interval(console, members)


def _cell(row: Mapping[Any, Any], size: float, digits: int, members: int) -> str:
    middle = signed(row["mean"] / size, digits)
    if row["p05"] == row["p95"]:
        return middle
    same = f"{round(row['same_sign'] * members)}/{members}"
    if not has_interval(members):
        return f"{middle} {same}"
    band = f"{signed(row['p05'] / size, digits)} … {signed(row['p95'] / size, digits)}"
    return f"{middle} ({band}) {same}"
