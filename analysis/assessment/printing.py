"""An assessment as the command line prints it: observed against forecast, series judged, findings and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.assessment.scores import BANDS
from analysis.assessment.series import REASONS
from analysis.assessment.study import Assessment
from analysis.assessment.words import ALL, percent
from model.definition import variables_by_name
from scenarios import Target

LANGUAGES: Final = ("zh", "en")
#: What a row of observed against forecast shows, in order.
SHOWN: Final = ("value", "median", "p25", "p75", "p05", "p95")
#: From here on yuan are told in units of 10^8.
LONGEST: Final = 1e9
YI: Final = 1e8
#: A change of a probability that is worth a line.
LEAST_CHANGE: Final = 0.01
OBSERVED_NOTES: Final = (
    "z：观测值与预测中位数之比的对数，以预测的标准差计；金额很大时以亿为单位。",
    "z: logarithm of observed over median, in standard deviations of the forecast. Large sums are in units of 10^8.",
)
SERIES_NOTES: Final = (
    "概率：预测正确时，走势不比观测更可能的概率；有效组数：加权后相当于多少组等权参数。",
    "Probability: of a course no likelier than the observed one, if the forecast is right. Worth: number of equally "
    "weighted members that are worth as much.",
)
NOTES: Final = (
    "CRPS：与观测值的距离，占观测值的比例，越小越好；覆盖：落在区间内的比例；MASE：与参照预测误差之比，小于1为更准；",
    "—：没有足够的数值。",
    "CRPS: distance from the observations, as a share of them, lower is better. Coverage: share inside the bands.",
    "MASE: error relative to a reference forecast, below 1 is better. —: too few numbers.",
)


def print_assessment(console: Console, found: Assessment, targets: Mapping[str, Target]) -> None:
    """Print observed against forecast, the judgement of each series, the findings in words, and the scores.

    Parameters
    ----------
    console
        Where to.
    found
        What was found.
    targets
        The plan's targets, by id.
    """
    console.print(_observed_table(found.points))
    console.print(_series_table(found, targets))
    for language in ("zh", "en"):
        for sentence in found.sentences[language]:
            console.print(escape(sentence))
        console.print()
    console.print(_score_table(found.scores))


def _table(title: str, caption: Sequence[str] = ()) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        caption="\n".join(caption) or None,
        caption_justify="left",
    )


def _observed_table(points: pd.DataFrame) -> Table:
    table = _table("观测值与预测\nObserved against forecast", OBSERVED_NOTES)
    table.add_column("指标 series", overflow="fold")
    table.add_column("年份\nyear", no_wrap=True)
    table.add_column("观测 observed\n预测 median", justify="right", no_wrap=True)
    table.add_column("50%区间 band\n90%区间 band", justify="right", no_wrap=True)
    table.add_column("位置\nwhere", no_wrap=True)
    table.add_column("z", justify="right", no_wrap=True)
    last = ""
    for row in points.to_dict("records"):
        name, where = str(row["variable"]), "90%外\noutside"
        if row["inside_90"]:
            where = "50%内\ninside" if row["inside_50"] else "90%内\ninside"
        value, middle, *ends = (_value(float(row[key]), str(row["unit"])) for key in SHOWN)
        if last and name != last:
            table.add_section()
        title = _title(name) + f"\n[dim]{escape(_unit(str(row['unit'])))}[/]" if name != last else ""
        last = name
        bands = f"{ends[0]}…{ends[1]}\n{ends[2]}…{ends[3]}"
        table.add_row(title, str(row["year"]), f"{value}\n{middle}", bands, where, f"{row['z']:+.1f}")
    return table


def _series_table(found: Assessment, targets: Mapping[str, Target]) -> Table:
    table = _table("逐个指标判断\nSeries, judged one by one", SERIES_NOTES)
    table.add_column("指标 series", overflow="fold")
    table.add_column("概率\nprobability", justify="right", no_wrap=True)
    table.add_column("判断 judgement", overflow="fold")
    table.add_column("去掉（或加入）后\nwhen left out (or put in)", overflow="fold")
    for row in found.series.to_dict("records"):
        reason = REASONS[str(row["reason"])]
        status = ("使用", "used") if row["used"] else ("未使用", "not used")
        judged = "\n".join(
            f"{status[place]}{', ' if place else '，'}{reason[lang]}" for place, lang in enumerate(LANGUAGES)
        )
        table.add_row(_title(str(row["variable"])), percent(float(row["chance"]), "en"), judged, _what_if(row, targets))
    return table


def _what_if(row: Mapping[Any, Any], targets: Mapping[str, Target]) -> str:
    zh, en = ("去掉后", "left out") if row["used"] else ("加入后", "put in")
    if pd.isna(row["other_chance"]):
        return f"{zh}没有指标可用 {en}: no series is left"
    size = f"{row['other_effective_size']:.0f}"
    sure, likely = (percent(float(row["other_chance"]), language) for language in LANGUAGES)
    if not row["other_accepted"]:
        return f"{zh}不能更新（概率{sure}，有效组数{size}）\n{en}: no update (probability {likely}, worth {size})"
    told = f"{zh}可更新（概率{sure}，有效组数{size}）\n{en}: updated (probability {likely}, worth {size})"
    if row["other_target"] and not pd.isna(row["other_change"]) and abs(row["other_change"]) >= LEAST_CHANGE:
        target = targets[str(row["other_target"])]
        change = f"{100 * row['other_change']:+.0f}"
        name = {language: f"{escape(target.title[language])} {target.year}" for language in LANGUAGES}
        told += f"\n变化最大的目标：{name['zh']} {change}个百分点\nmost changed: {name['en']}, {change} points"
    return told


def _score_table(scores: pd.DataFrame) -> Table:
    bands = "/".join(f"{100 * band:.0f}" for band in BANDS)
    table = _table("预测得分\nScores of the forecast", NOTES)
    table.add_column("指标 series", overflow="fold")
    table.add_column("年份 years", no_wrap=True)
    table.add_column("CRPS", justify="right", no_wrap=True)
    table.add_column(f"覆盖 coverage\n{bands} %", justify="right", no_wrap=True)
    table.add_column("MASE\n随机游走 random walk", justify="right")
    table.add_column("MASE\n趋势 trend", justify="right")
    for row in scores.itertuples():
        table.add_row(*_cells(row))
    return table


def _value(value: float, unit: str) -> str:
    if unit == "Dmnl":
        return f"{value:.4f}"
    return f"{value:,.0f}" if abs(value) < LONGEST else f"{value / YI:,.1f}"


def _unit(unit: str) -> str:
    return {"Dmnl": "比例 ratio", "person": "人 people", "person/Year": "人/年 people a year"}.get(unit, unit)


def _title(name: str) -> str:
    return escape(f"{variables_by_name()[name].term} {name}")


def _cells(row: Any) -> list[str]:
    known = variables_by_name()
    name = "合计 all" if row.variable == ALL else f"{known[row.variable].term} {row.variable}"
    years = f"{row.first_year}-{row.last_year}" if row.first_year != row.last_year else str(row.first_year)
    coverage = "/".join(f"{100 * getattr(row, f'coverage_{100 * band:.0f}'):.0f}" for band in BANDS)
    return [
        escape(name),
        f"{years} ({row.points})",
        f"{100 * row.crps_relative:.2f} %",
        coverage,
        _number(row.mase_random_walk),
        _number(row.mase_constant_growth),
    ]


def _number(value: float) -> str:
    return "—" if pd.isna(value) else f"{value:.2f}"
