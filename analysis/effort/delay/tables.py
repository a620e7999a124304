"""What a cost of delay leaves behind: printed in words, as data with every start, and as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.charts.figures import LANGUAGES
from analysis.effort.delay.study import ALL, Delays
from analysis.outcome import files as result_files
from analysis.outcome.futures import chosen_targets as modelled_targets
from analysis.outcome.printing import three_digits
from analysis.reach.probability import share_in_percent
from analysis.reach.words import unit_of
from scenarios import ROUNDING, Lever, Target, load_levers

#: Instead of levers where none is named.
NONE_DECIDES: Final = "没有一项单独使概率变化2个百分点 none moves the probability by 2 points by itself"
#: A lever is named when leaving it alone moves the probability by at least this much.
NAMED: Final = 0.02
NOTES: Final = (
    "每格：年份为最晚开始的年初（其时概率±标准误，百分点），箭头后为取消该项措施时的概率。",
    "“不够”：何时开始都低于所要求的概率，列出按期开始时的概率和余量中位数（正为达到）及原因；随时：不开始也够。",
    "“起”：按期开始低于此值，从该年起（或在所列年份之间）才开始则够，即措施对这一目标不利；不采取：只有取消才够。",
    "单项推迟时其余措施按情景不变；所列为取消后概率变化至少2个百分点者。",
    "In each cell: the last start, at the beginning of the year (with the probability then ± its standard error),",
    "and after the arrow the probability without the lever. too low: whenever it starts, with the probability and",
    "the median margin (positive where reached) of starting on time, and why. any: need not start. from: too low on",
    "time, enough only from that year on (or between the years told), as the lever works against this target. left",
    "alone: enough only without it. One lever is delayed while the others stay; named are those without which the",
    "probability moves by 2 points or more.",
)
#: The year of the plan's second set of targets.
SECOND: Final = 2035


def chosen_targets(targets: Mapping[str, Target], ids: Sequence[str] | None = None) -> list[Target]:
    """Return the targets asked for, or the modelled headlines and all modelled targets of 2035.

    Raises
    ------
    TargetError
        Naming every id that is unknown or not modelled.
    """
    if ids:
        return modelled_targets(targets, ids)
    return [target for target in targets.values() if target.modelled and (target.headline or target.year == SECOND)]


def lever_words(name: str, language: str, levers: Mapping[str, Lever]) -> str:
    """Return what a lever is called, or all of them together.

    Examples
    --------
    >>> lever_words(ALL, "en", {})
    'all levers together'
    """
    if name == ALL:
        return "全部措施" if language == "zh" else "all levers together"
    return str(levers[name].title[language])


def print_delays(console: Console, delays: Delays) -> None:
    """Print, for every target, what starting at once gives, the last start, and which levers decide."""
    levers, members = load_levers(), int(delays.table["members"].iloc[0])
    wanted = f"{100 * float(delays.last['wanted'].iloc[0]):g}"
    title = delays.scenario.title
    shown = Table(
        title=escape(
            f"{title['zh']}：推迟的代价，达到概率仍有{wanted}%的最晚开始年份\n"
            f"{title['en']}: the cost of delay, the last start that still gives a probability of {wanted} %"
        ),
        title_justify="left",
        title_style="bold",
        caption="\n".join(NOTES),
        caption_justify="left",
    )
    shown.add_column("目标 target", overflow="fold", ratio=2)
    shown.add_column(f"按期开始\non time\nn = {members}", no_wrap=True)
    shown.add_column("全部推迟 all delayed", overflow="fold", ratio=2)
    shown.add_column("单项推迟 one lever delayed", overflow="fold", ratio=4)
    for target in delays.targets:
        rows = delays.last[delays.last["target"] == target.id].set_index("lever")
        at_once = delays.table[(delays.table["target"] == target.id) & (delays.table["delay"] == 0)].iloc[0]
        together: Any = rows.loc[ALL]
        single = [
            " ".join(lever_words(str(name), language, levers) for language in ("zh", "en"))
            + f": {last_start_words(row, members)}"
            for name, row in _deciding(rows.drop(index=ALL))
        ]
        shown.add_row(
            f"{target.title['zh']}（{target.year}） [dim]{target.title['en']}, {target.year}[/]",
            _percent(at_once["probability"], members),
            _together(target, delays.table, together, members),
            "\n".join(single) or NONE_DECIDES,
        )
    console.print(shown)


def _together(target: Target, table: pd.DataFrame, row: Any, members: int) -> str:
    """All levers together; where no start is enough, with the numbers of starting on time and the reason."""
    words = last_start_words(row, members)
    if row["answer"] != "none":
        return words
    own = table[(table["target"] == target.id) & (table["lever"] == ALL)]
    margins = {name: f"{three_digits(value, sign=True)}" for name, value in _margins(own).items()}
    zh, en = why_never_enough(own, row["wanted"])
    units = [unit_of(target, language) for language in LANGUAGES]
    return (
        f"{words}\n余量 {margins['on time']} → {margins['without']} {units[0]}：{zh}\n"
        f"[dim]margin {margins['on time']} → {margins['without']} {units[1]}: {en}[/]"
    )


def _margins(own: pd.DataFrame) -> dict[str, float]:
    """The median margin of starting on time and of leaving all levers alone."""
    return {
        "on time": float(own.loc[own["delay"] == 0, "margin_median"].iloc[0]),
        "without": float(own.loc[own["delay"].isna(), "margin_median"].iloc[0]),
    }


def why_never_enough(own: pd.DataFrame, wanted: float) -> tuple[str, str]:
    """Return why no start of a scenario's levers gives the probability, in Chinese and English.

    Parameters
    ----------
    own
        Rows of `analysis.effort.delay.study.COLUMNS` of one target and all levers together.
    wanted
        The probability that is asked for.

    Examples
    --------
    >>> rows = pd.DataFrame({"delay": [0, None], "probability": [0.3, 0.3], "margin_median": [-1.0, -1.0]})
    >>> why_never_enough(rows, 0.8)[1]
    'no lever of the scenario moves this target'
    """
    on_time, without = own[own["delay"] == 0].iloc[0], own[own["delay"].isna()].iloc[0]
    gain = float(on_time["margin_median"] - without["margin_median"])
    asked = f"{100 * wanted:g}"
    if abs(gain) <= ROUNDING and on_time["probability"] == without["probability"]:
        return "情景中没有一项措施影响这一目标", "no lever of the scenario moves this target"
    if gain <= 0 and on_time["probability"] <= without["probability"]:
        return "措施合起来对这一目标不利", "together the levers work against this target"
    if on_time["margin_median"] >= 0:
        return (
            f"按期开始时中位数达到，但把握不到{asked}%",
            f"started on time it is reached in the median, but less surely than {asked} %",
        )
    part = gain / (gain - float(on_time["margin_median"]))
    best = float(own.loc[own["delay"].notna(), "margin_median"].max())
    less = best <= float(on_time["margin_median"]) + ROUNDING
    return (
        f"按期开始也只补上差距的{100 * part:.0f}%" + ("，推迟不会更多" if less else ""),
        f"even on time the levers make up {100 * part:.0f} % of what is missing"
        + ("; a later start makes up no more" if less else ""),
    )


def _deciding(rows: pd.DataFrame) -> Iterable[tuple[str, Any]]:
    """Levers without which the probability moves, the most costly first."""
    loss = rows["probability_at_once"] - rows["probability_without"]
    for name in loss[loss.abs() >= NAMED].sort_values(ascending=False).index:
        yield str(name), rows.loc[name]


def last_start_words(row: Any, members: int) -> str:
    """Return one row of `analysis.effort.delay.study.last_starts` in both languages.

    Examples
    --------
    >>> row = {"answer": "year", "last_start": 2023, "probability": 0.83, "probability_without": 0.4}
    >>> last_start_words(row, 200)
    '2023: 83% ±3 → 40% ±3'
    >>> row = {"answer": "later", "first_start": 2024, "last_start": None, "probability": 0.83}
    >>> last_start_words(row | {"probability_without": 0.95}, 200)
    '2024起 from 2024: 83% ±3 → 95% ±2'
    """
    years = f"{row['last_start']}"
    if row["answer"] == "later":
        first = row["first_start"]
        years = f"{first}起 from {first}" if pd.isna(row["last_start"]) else f"{first}–{years}"
    last = {"none": "不够 too low", "any": "随时 any", "without": "不采取 left alone"}.get(row["answer"], years)
    at = f": {_percent(row['probability'], members)}" if row["answer"] in ("year", "later", "none") else ""
    return f"{last}{at} → {_percent(row['probability_without'], members)}"


def _percent(probability: float, members: int) -> str:
    return share_in_percent(round(probability * members), members)


def as_dataset(delays: Delays, facts: Mapping[str, str]) -> xr.Dataset:
    """Return every number, dims ``target, lever, delay``; a delay of -1 stands for the lever left alone."""
    table = delays.table.assign(delay=delays.table["delay"].fillna(-1).astype(int))
    values = ["probability", "probability_se", "probability_low", "probability_high", "change", "change_se"]
    found = table.set_index(["target", "lever", "delay"])[[*values, "margin_median"]].to_xarray()
    found["delay"].attrs = {
        "units": "year",
        "long_name": "years of delay; -1: the lever is left alone",
        "long_name_zh": "推迟年数；-1表示不采取该项措施",
    }
    for name in values:
        found[name].attrs = {"units": "1"}
    units = {target.id: target.unit for target in delays.targets}
    found = found.assign_coords(unit=("target", [units[str(name)] for name in found["target"].to_numpy()]))
    found["margin_median"].attrs = {"units": "unit of the target", "long_name": "median margin over members"}
    found.attrs = result_files.attributes(delays.scenario, facts)
    return found


def write(delays: Delays, facts: Mapping[str, str], out: Path) -> list[str]:
    """Write data and tables as ``delay_SCENARIO.nc``, ``.csv`` and ``_last_start.csv``; return the names."""
    data, table, last = names = file_names(delays.scenario.name)
    result_files.write_table(delays.table, out / table, facts)
    result_files.write_table(delays.last, out / last, facts)
    result_files.write_run(as_dataset(delays, facts), out / data)
    return names


def file_names(scenario: str) -> list[str]:
    """Return the files that `write` leaves.

    Examples
    --------
    >>> file_names("plan")
    ['delay_plan.nc', 'delay_plan.csv', 'delay_plan_last_start.csv']
    """
    return [f"delay_{scenario}.nc", f"delay_{scenario}.csv", f"delay_{scenario}_last_start.csv"]
