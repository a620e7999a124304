"""What the frontiers leave behind: effort by probability and the trade-offs, in words, tables, data and charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import BboxBase
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.charts.figures import (
    BLACK,
    BLUE,
    LANGUAGES,
    ORANGE,
    VERMILION,
    YELLOW,
    Side,
    chart_style,
    head_and_foot,
    save,
    word,
)
from analysis.charts.wrapping import wrapped
from analysis.effort.frontier.study import Frontier
from analysis.effort.frontier.tradeoffs import ROBUST, Tradeoffs, verdict
from analysis.effort.levers import Measure, Values
from analysis.outcome import files as result_files
from analysis.reach.probability import share_in_percent
from scenarios import Target

#: Names of the points that are told.
NAMES: Final = {
    "resident rate": {"zh": "偏重常住率", "en": "resident rate first"},
    "registered rate": {"zh": "偏重户籍率", "en": "registered rate first"},
    "fiscal gap ratio": {"zh": "偏重财政", "en": "budget first"},
    "balanced": {"zh": "均衡", "en": "balanced"},
    "baseline": {"zh": "基准", "en": "baseline"},
}
RATES: Final = (("resident_rate", "常住率 resident"), ("registered_rate", "户籍率 registered"))


def name_of(target: Target) -> str:
    """Return the name of the files of a target's frontier.

    Examples
    --------
    >>> name_of(Target("target.startup_area.2035", {}, "", "core", 2035, 80, "at least", "percent"))
    'frontier_startup_area_2035'
    """
    return "frontier_" + target.id.removeprefix("target.").replace(".", "_")


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def print_frontier(console: Console, found: Frontier) -> None:
    """Print effort and number of levers by probability, and where the knee is."""
    target = found.target
    table = Table(
        title=escape(
            f"{target.title['zh']}（{target.year}年）：不同把握所需的最小力度\n"
            f"{target.title['en']}, {target.year}: least effort by probability"
        ),
        title_justify="left",
        title_style="bold",
        caption=(
            f"±为标准误（百分点）。100%：用于搜索的{found.searched}组样本无一例外。拐点：离首尾连线最远处。\n"
            f"±: standard error in points. 100 %: all {found.searched} members searched with. "
            "Knee: farthest from the line between the ends."
        ),
        caption_justify="left",
    )
    for heading in (
        "要求 asked",
        "力度 effort",
        "措施数 levers",
        f"所得 attained\nn = {found.searched}",
        f"其余样本 others\nn = {found.others}",
        "",
    ):
        table.add_column(heading, justify="right")
    for row in _records(found.table):
        note = "拐点 knee" if row["knee"] else "" if row["reachable"] else "不可达 not reachable"
        if row["outside"]:
            note = f"{note} 不可信 implausible: {row['outside']}".strip()
        table.add_row(
            f"{100 * row['probability_asked_for']:g} %",
            f"{row['effort']:.2f}",
            f"{row['levers']}",
            share_in_percent(round(row["probability"] * found.searched), found.searched),
            share_in_percent(round(row["probability_of_others"] * found.others), found.others),
            note,
        )
    console.print(table)


def print_tradeoffs(console: Console, found: Tradeoffs) -> None:
    """Print whether there is a trade-off, then the baseline and the knees of each year that has one."""
    for language in LANGUAGES:
        for told in tradeoff_sentences(found, language):
            console.print(escape(told))
    years = _with_tradeoff(found)
    if not years:
        return
    share = f"{100 * ROBUST:g}"
    table = Table(
        title=f"两个城镇化率与财政缺口的取舍：拐点  Rates against the budget: knees (of {share} % of members)",
        title_justify="left",
        title_style="bold",
        caption=(
            f"率：{share}%的样本至少达到；缺口：{share}%的样本不超过，占一般公共预算收入比例。括号内为未用于搜索的样本。\n"
            f"Rates that {share} % of members have at least; gap, of budget revenue, that {share} % do not exceed. "
            "In brackets: members not searched with."
        ),
        caption_justify="left",
    )
    for heading in (
        "年份 year",
        "拐点 knee",
        "常住率 resident, %",
        "户籍率 registered, %",
        "缺口 gap, %",
        "力度 effort",
    ):
        table.add_column(heading, overflow="fold")
    for row in _records(found.table[(found.table["name"] != "") & found.table["year"].isin(years)]):
        numbers = [
            f"{row[name]:.1f} ({row[f'{name}_of_others']:.1f})"
            for name in ("resident_rate", "registered_rate", "fiscal_gap_ratio")
        ]
        words = " ".join(NAMES[row["name"]].values())
        table.add_row(f"{row['year']}", words, *numbers, f"{row['effort']:.1f}")
    console.print(table)


def _with_tradeoff(found: Tradeoffs) -> list[int]:
    years = list(dict.fromkeys(found.table["year"].tolist()))
    return [year for year in years if verdict(found.table, year).settings and verdict(found.table, year).best is None]


def tradeoff_sentences(found: Tradeoffs, language: str) -> list[str]:
    """Return for each year whether one of the three has to be given up for another."""
    return [_tradeoff_said(found, year, language) for year in dict.fromkeys(found.table["year"].tolist())]


def _tradeoff_said(found: Tradeoffs, year: int, language: str) -> str:
    said, zh = verdict(found.table, year), language == "zh"
    rows = _records(found.table[found.table["year"] == year])
    if not said.settings:
        return (
            f"{year}年：没有一组措施处在抽样和观测的范围之内，不作取舍分析。"
            if zh
            else f"{year}: no setting of the levers is within the range sampled and observed, so nothing is traded off."
        )
    numbers = ""
    if options := ([said.best] if said.best is not None else list(said.better)):
        # Of those that better all three, the one that takes least effort.
        least: Any = min((rows[1 + option] for option in options), key=lambda row: row["effort"])
        now = rows[0]
        change = [f"{least[key] - now[key]:+.1f}" for key in ("resident_rate", "registered_rate", "fiscal_gap_ratio")]
        numbers = (
            f"如常住率{change[0]}个百分点、户籍率{change[1]}个百分点、缺口{change[2]}个百分点，力度{least['effort']:.1f}"
            if zh
            else f"such as resident rate {change[0]}, registered rate {change[1]}, gap {change[2]} points for an "
            f"effort of {least['effort']:.1f}"
        )
    if said.best is not None:
        return (
            f"{year}年：两个城镇化率与财政之间没有取舍：有一组措施在三方面同时最好，与基准相比{numbers}。代价是力度。"
            if zh
            else f"{year}: no trade-off between the two rates and the budget: one setting is best in all three, "
            f"compared with the baseline {numbers}. What it costs is effort."
        )
    if said.better:
        count = len(said.better)
        return (
            f"{year}年：从基准出发不必取舍：{said.settings}组措施中{count}组在三方面都好于基准，{numbers}；代价是力度。"
            "只有在这些措施之间才需取舍。"
            if zh
            else f"{year}: from the baseline nothing has to be given up: {count} of {said.settings} settings better it "
            f"in all three, {numbers}; what it costs is effort. Only among these settings one thing costs another."
        )
    return (
        f"{year}年：没有一组措施在三方面都好于基准，有得必有失。"
        if zh
        else f"{year}: no setting betters the baseline in all three, so one thing costs another."
    )


def file_names(target: Target) -> list[str]:
    """Return the files that `write` leaves.

    Examples
    --------
    >>> file_names(Target("target.x.2035", {}, "", "core", 2035, 80, "at least", "percent"))[0]
    'frontier_x_2035.csv'
    """
    name = name_of(target)
    return [f"{name}.csv", f"{name}.nc", "frontier_tradeoffs.csv", "frontier_tradeoffs.nc"]


def write(found: Frontier, fronts: Tradeoffs, facts: Mapping[str, str], out: Path) -> None:
    """Write tables and data as `file_names` has them."""
    table, data, other_table, other_data = (out / name for name in file_names(found.target))
    result_files.write_table(found.table, table, facts)
    result_files.write_table(fronts.table, other_table, facts)
    settings: dict[str, Any] = {"target": found.target.id, "members_searched_with": found.searched}
    settings |= {"search_seed": found.seed, "ramp": found.ramp}
    result_files.write_run(as_dataset(found.table, found.shares, found.measures, {**facts, **settings}), data)
    settings = {"members_searched_with": fronts.searched, "generations": fronts.generations, "share_of_members": ROBUST}
    settings |= {"search_seed": fronts.seed, "ramp": fronts.ramp}
    result_files.write_run(as_dataset(fronts.table, fronts.shares, fronts.measures, {**facts, **settings}), other_data)


def as_dataset(
    table: pd.DataFrame, shares: Values, measures: Sequence[Measure], facts: Mapping[str, Any]
) -> xr.Dataset:
    """Return a table with the share of every lever, dims ``point, lever``."""
    columns = {
        str(name): ("point", column.astype(np.int8) if column.dtype == bool else column.to_numpy())
        for name, column in table.drop(columns="point", errors="ignore").items()
        if column.dtype != object
    }
    texts = {str(name): ("point", column.astype(str).to_numpy()) for name, column in table.items() if name == "name"}
    found = xr.Dataset(
        {
            **columns,
            **texts,
            "share": (("point", "lever"), shares, {"units": "1", "long_name": "share of the way moved"}),
        },
        coords={"point": np.arange(len(table)), "lever": [measure.name for measure in measures]},
    )
    found.attrs = dict(facts)
    return found


def draw(found: Frontier, fronts: Tradeoffs, facts: Mapping[str, str], folder: Path) -> list[Path]:
    """Draw both charts in both languages, as ``frontier_TARGET_LANGUAGE.png`` and ``frontier_tradeoffs_LANGUAGE.png``.
    """
    files = []
    for language in LANGUAGES:
        charts = {name_of(found.target): effort_chart(found, facts, language)}
        charts["frontier_tradeoffs"] = tradeoff_chart(fronts, facts, language)
        for name, figure in charts.items():
            path = folder / f"{name}_{language}.png"
            save(figure, path, repr(sorted(facts.items())))
            files.append(path)
    return files


def effort_chart(found: Frontier, facts: Mapping[str, str], language: str) -> Figure:
    """Draw effort against the probability asked for and against that of the other members."""
    with chart_style():
        figure = Figure(figsize=(11, 5.5), layout="constrained")
        ax = figure.subplots()
        # What is not plausible is no answer, and so no point.
        shown = found.table[found.table["outside"] == ""]
        reached = shown[shown["reachable"]]
        missed = shown[~shown["reachable"]].drop_duplicates("effort")
        asked, spent = 100 * reached["probability_asked_for"], reached["effort"]
        ax.plot(asked, spent, "-o", color=BLUE, ms=4, lw=1.8, label=word("labels", "asked of the searched", language))
        error = 196 * shown["probability_of_others_se"]
        ax.errorbar(
            100 * shown["probability_of_others"],
            shown["effort"],
            xerr=error,
            fmt="s",
            color=ORANGE,
            ms=4,
            lw=1,
            label=word("labels", "found in the others", language),
        )
        if len(missed):
            text = word("labels", "not reachable", language)
            ax.plot(100 * missed["probability"], missed["effort"], "x", color=VERMILION, ms=9, mew=2, label=text)
        for row in _records(reached[reached["knee"]]):
            at = (100 * row["probability_asked_for"], row["effort"])
            ax.plot(*at, "*", color=YELLOW, mec=BLACK, ms=15, zorder=5)
            words = f"{word('labels', 'knee', language)}: {at[0]:g} %, {at[1]:.2f}"
            ax.annotate(words, at, xytext=(-10, 12), textcoords="offset points", ha="right", va="bottom")
        ax.set_xlim(-3, 103)
        ax.set_ylim(bottom=min(0.0, -0.03 * float(shown["effort"].max() if len(shown) else 0.0)))
        ax.set_xlabel(word("labels", "probability", language))
        ax.set_ylabel(word("labels", "effort", language))
        ax.legend(loc="upper left", fontsize=8)
        year = f"（{found.target.year}年）" if language == "zh" else f", {found.target.year}"
        title = f"{word('charts', 'frontier', language)} · {found.target.title[language]}{year}"
        note = word("labels", "frontier note", language).format(searched=found.searched, others=found.others)
        head_and_foot(figure, title, note, _source(facts, language))
        return figure


def tradeoff_chart(fronts: Tradeoffs, facts: Mapping[str, str], language: str) -> Figure:
    """Draw each rate against the fiscal gap, one panel for each rate and year."""
    years = list(dict.fromkeys(fronts.table["year"].tolist()))
    with chart_style():
        figure = Figure(figsize=(13, 1.4 + 4 * len(years)), layout="constrained")
        axes = figure.subplots(len(years), len(RATES), squeeze=False)
        colours = None
        for row, year in zip(axes, years, strict=True):
            for ax, (column, _) in zip(row, RATES, strict=True):
                if year in _with_tradeoff(fronts):
                    colours = _tradeoff_panel(ax, fronts, year, column, language)
                    continue
                ax.set_axis_off()
                ax.text(0, 0.5, wrapped(_tradeoff_said(fronts, year, language), language, 0.7), va="center", fontsize=9)
        if colours is not None:
            figure.colorbar(colours, ax=axes.ravel().tolist(), shrink=0.5, label=word("labels", "effort", language))
        note = word("labels", "tradeoff note", language).format(
            share=f"{100 * ROBUST:g}", searched=fronts.searched, others=fronts.others
        )
        said = wrapped((" " if language == "en" else "").join(tradeoff_sentences(fronts, language)), language, 1.9)
        head_and_foot(figure, word("charts", "tradeoffs", language), said, note, _source(facts, language))
        figure.draw_without_rendering()
        for row, year in zip(axes, years, strict=True):
            if year not in _with_tradeoff(fronts):
                continue
            table = fronts.table[fronts.table["year"] == year]
            told = table[(table["name"] == "baseline") | table["knee"]]
            for ax, (column, _) in zip(row, RATES, strict=True):
                points = table[["fiscal_gap_ratio", column]].to_numpy(dtype=float)
                named = [
                    (NAMES[name][language], (float(gap), float(rate)))
                    for name, gap, rate in zip(told["name"], told["fiscal_gap_ratio"], told[column], strict=True)
                ]
                name_points(ax, points, named)
        return figure


def _tradeoff_panel(ax: Axes, fronts: Tradeoffs, year: int, column: str, language: str) -> Any:
    table = fronts.table[fronts.table["year"] == year]
    front = table[table["name"] != "baseline"]
    highest = float(fronts.table["effort"].max()) or 1.0
    colours = ax.scatter(
        front["fiscal_gap_ratio"], front[column], c=front["effort"], cmap="viridis_r", s=28, vmin=0, vmax=highest
    )
    for row in _records(table[table["name"] == "baseline"]):
        ax.plot(row["fiscal_gap_ratio"], row[column], "D", color="white", mec=BLACK, ms=13, zorder=4)
    for row in _records(front[front["knee"]]):
        ax.plot(row["fiscal_gap_ratio"], row[column], "*", color=YELLOW, mec=BLACK, ms=14, zorder=5)
    when = f"（{year}年）" if language == "zh" else f", {year}"
    ax.set_title(word("labels", column.replace("_", " "), language) + when, loc="left")
    ax.set_xlabel(f"{word('labels', 'fiscal gap ratio', language)} (%)")
    ax.set_ylabel("%")
    ax.margins(0.16, 0.2)
    return colours


def name_points(ax: Axes, points: npt.NDArray[np.float64], named: Sequence[tuple[str, tuple[float, float]]]) -> None:
    """Write names beside their points where they cover no point and no other name; the figure has been laid out.

    Parameters
    ----------
    ax
        Where to.
    points
        All that is drawn, axes point, coordinate.
    named
        Each name with the point that it belongs to.

    Examples
    --------
    >>> figure = Figure()
    >>> ax = figure.subplots()
    >>> name_points(ax, np.array([[0.5, 0.5]]), [("balanced", (0.5, 0.5))])
    >>> ax.texts[0].get_text()
    'balanced'
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    # A dot's half width, so that a name keeps clear of its edge too.
    edge = 6 / 72 * figure.dpi
    dots = np.asarray(ax.transData.transform(points))
    inside, taken = ax.get_window_extent(), list[BboxBase]()
    for name, at in named:
        label = ax.annotate(
            name,
            at,
            xytext=(0, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            arrowprops={"arrowstyle": "-", "lw": 0.5, "color": BLACK, "shrinkA": 0, "shrinkB": 8},
            zorder=6,
        )
        found: list[tuple[int, int, int, Side, int]] = []
        for distance in (16, 26, 38, 52, 68):
            sides: tuple[tuple[Side, int], ...] = (("center", 0), ("left", distance), ("right", -distance))
            for side, across in sides:
                for up in (distance, -distance, *([0] if across else [])):
                    label.set_position((across, up))
                    label.set_horizontalalignment(side)
                    # The words alone, without the line that ties them to their point.
                    label.get_window_extent()
                    box = Text.get_window_extent(label)
                    hits = int(box.padded(edge).count_contains(dots))
                    hits += sum(bool(box.padded(4).overlaps(other)) for other in taken)
                    out = inside.x0 > box.x0 or inside.x1 < box.x1 or inside.y0 > box.y0 or inside.y1 < box.y1
                    found.append((hits + 1000 * out, distance, across, side, up))
        _, _, across, side, up = min(found, key=lambda option: option[:2])
        label.set_position((across, up))
        label.set_horizontalalignment(side)
        label.get_window_extent()
        taken.append(Text.get_window_extent(label))


def _source(facts: Mapping[str, str], language: str) -> str:
    basis = word("labels", "ensemble", language).format(members=facts["members"], seed=facts["seed"])
    return word("labels", "footer", language).format(
        model=facts["model_file"],
        hash=facts["model_hash"],
        scenario=word("labels", "levers moved", language),
        basis=basis,
    )
