"""The cost of delay in words, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from analysis.effort.delay.study import ALL
from analysis.outcome.printing import three_digits
from analysis.outcome.shares import share_in_percent
from analysis.outcome.target_words import unit_of
from analysis.outcome.words import LANGUAGES
from scenarios import ROUNDING, Lever, Target, load_levers

#: A lever is named when the probability without it differs by at least this much.
NAMED: Final = 0.02
#: Printed where no lever is named.
NONE_DECIDES: Final = "没有一项单独使概率变化2个百分点 none moves the probability by 2 points by itself"
NOTES: Final = (
    "每格：年份为最晚开始的年初（其时概率±标准误，百分点，n为样本数），箭头后为取消该项措施时的概率。",
    "“样本太少，说不准”：所要求的概率在估计的一个标准误之内（或全部、无一达到时在95%界限之内），增加--members或可断定。",
    "“不够”：何时开始都低于所要求的概率，列出按期开始时的概率和余量中位数（正为达到）及原因；随时：不开始也够。",
    "“起”：按期开始低于此值，从该年起（或在所列年份之间）才开始则够，即措施对这一目标不利；不采取：只有取消才够。",
    "单项推迟时其余措施按情景不变；所列为取消后概率变化至少2个百分点者，“不利”：取消后概率反而更高。",
    "In each cell: the last start, at the beginning of the year (with the probability then ± its standard error, of n",
    "members), and after the arrow the probability without the lever. too few members to tell: the wanted probability",
    "lies within one standard error of an estimate (or within the 95 % bound where all or none reach it); more",
    "--members may tell. too low: whenever it starts, with the probability and the median margin (positive where",
    "reached) of starting on time, and why. any: need not start. from: too low on time, enough only from that year on",
    "(or between the years told), as the lever works against this target. left alone: enough only without it. One",
    "lever is delayed while the others stay; named are those without which the probability moves by 2 points or more.",
    "works against: the probability is higher without it.",
)


def lever_words(name: str, language: str, levers: Mapping[str, Lever]) -> str:
    """Return the title of a lever, or of all levers together.

    Examples
    --------
    >>> lever_words(ALL, "en", {})
    'all levers together'
    """
    if name == ALL:
        return "全部措施" if language == "zh" else "all levers together"
    return str(levers[name].title[language])


def last_start_words(row: Any, members: int) -> str:
    """Return one row of `analysis.effort.delay.study.last_starts` in both languages."""
    years = f"{row['last_start']}"
    if row["answer"] == "later":
        first = row["first_start"]
        years = f"{first}起 from {first}" if pd.isna(row["last_start"]) else f"{first}–{years}"
    without = percent(row["probability_without"], members)
    probability = f"{percent(row['probability'], members)} (n = {members})"
    if not row["told"]:
        # An estimate that does not support its answer is given as an estimate only, of the start that it is for.
        start = {"none": "按期 on time ", "any": "不采取 left alone ", "without": "不采取 left alone "}.get(
            row["answer"], f"{years} "
        )
        return f"样本太少，说不准 too few members to tell: {start}{probability} → {without}"
    start = {"none": "不够 too low", "any": "随时 any", "without": "不采取 left alone"}.get(row["answer"], years)
    estimate = f": {probability}" if row["answer"] in ("year", "later", "none") else ""
    return f"{start}{estimate} → {without}" + ("" if estimate else f" (n = {members})")


def single_lever_words(row: Any, members: int) -> str:
    """Return the row of one lever, and whether it works against the target."""
    against = row["probability_without"] - row["probability_at_once"] >= NAMED
    return last_start_words(row, members) + ("，对这一目标不利 works against this target" if against else "")


def percent(probability: float, members: int) -> str:
    """Return a probability in percent with its standard error, or the bound where no or every member reaches it."""
    return share_in_percent(round(probability * members), members)


def all_levers_words(target: Target, table: pd.DataFrame, row: Any, members: int) -> str:
    """Return the row of all levers together; where no start is enough, with the margins and the reason."""
    words = last_start_words(row, members)
    if row["answer"] != "none" or not row["told"]:
        return words
    of_target = table[table["target"] == target.id]
    own = of_target[of_target["lever"] == ALL]
    on_time, without = (
        three_digits(float(own.loc[rows, "margin_median"].iloc[0]), sign=True)
        for rows in (own["delay"] == 0, own["delay"].isna())
    )
    reasons = why_never_enough(own, row["wanted"], levers_against(of_target))
    zh, en = (f"{on_time} → {without} {unit_of(target, language)}" for language in LANGUAGES)
    return f"{words}\n余量 {zh}：{reasons[0]}\n[dim]margin {en}: {reasons[1]}[/]"


def levers_against(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the levers that work against a target, with the probability on time and without each, in percent."""
    against = []
    for name, group in rows[rows["lever"] != ALL].groupby("lever", sort=False):
        on_time, without = group[group["delay"] == 0].iloc[0], group[group["delay"].isna()].iloc[0]
        if without["probability"] - on_time["probability"] >= NAMED:
            change = " → ".join(percent(each["probability"], int(each["members"])) for each in (on_time, without))
            against.append((str(name), change))
    return against


def why_never_enough(own: pd.DataFrame, wanted: float, against: Sequence[tuple[str, str]] = ()) -> tuple[str, str]:
    """Return why no start of a scenario's levers gives the probability, in Chinese and English.

    A lever of the scenario that works against the target (`levers_against`) is part of the reason.
    """
    zh, en = _why_together(own, wanted, alone=not against)
    if not against:
        return zh, en
    levers = load_levers()
    chinese = "、".join(f"{lever_words(name, 'zh', levers)}（取消后概率{change}）" for name, change in against)
    english = ", ".join(f"{lever_words(name, 'en', levers)} (without it {change})" for name, change in against)
    verb = "works" if len(against) == 1 else "work"
    return f"{zh}；其中对这一目标不利：{chinese}", f"{en}; {verb} against this target: {english}"


def _why_together(own: pd.DataFrame, wanted: float, *, alone: bool) -> tuple[str, str]:
    on_time, without = own[own["delay"] == 0].iloc[0], own[own["delay"].isna()].iloc[0]
    gain = float(on_time["margin_median"] - without["margin_median"])
    if alone and abs(gain) <= ROUNDING and on_time["probability"] == without["probability"]:
        return "情景中没有一项措施影响这一目标", "no lever of the scenario moves this target"
    if gain <= 0 and on_time["probability"] <= without["probability"]:
        return "措施合起来对这一目标不利", "together the levers work against this target"
    if on_time["margin_median"] >= 0:
        return (
            f"按期开始时中位数达到，但把握不到{100 * wanted:g}%",
            f"started on time it is reached in the median, but less surely than {100 * wanted:g} %",
        )
    percent_of_gap = f"{100 * gain / (gain - float(on_time['margin_median'])):.0f}"
    best = float(own.loc[own["delay"].notna(), "margin_median"].max())
    later = (
        ("", "")
        if not alone or best > on_time["margin_median"] + ROUNDING
        else ("，推迟不会更多", "; a later start makes up no more")
    )
    return (
        f"按期开始也只补上差距的{percent_of_gap}%{later[0]}",
        f"even on time the levers make up {percent_of_gap} % of what is missing{later[1]}",
    )
