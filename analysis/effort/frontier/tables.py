"""Output files of a frontier: effort by probability and the trade-offs, as tables and data; and what is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console

from analysis.effort.frontier.study import Frontier
from analysis.effort.frontier.tradeoffs import ROBUST, Tradeoffs
from analysis.effort.frontier.words import frontier_sentences, point_name, screen_text, tradeoff_sentences
from analysis.effort.levers import Measure, Values
from analysis.outcome import files as result_files
from analysis.outcome.printing import make_table, print_sentences
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import share_in_percent
from scenarios import Target


def name_of(target: Target) -> str:
    """Return the name of the files of a target's frontier.

    Examples
    --------
    >>> name_of(Target("target.startup_area.2035", {}, "", "core", 2035, 80, "at least", "percent"))
    'frontier_startup_area_2035'
    """
    return "frontier_" + target.id.removeprefix("target.").replace(".", "_")


def print_frontier(console: Console, frontier: Frontier) -> None:
    """Print effort and number of levers by probability, and where the knee is."""
    target = frontier.target
    print_sentences(console, partial(frontier_sentences, frontier))
    title = screen_text("frontier", title=target.title, year=target.year)
    table = make_table(title, screen_text("frontier note", searched=frontier.searched))
    sizes = {"attained": frontier.others, "attained searched": frontier.searched}
    attained = (screen_text(name, members=str(size)) for name, size in sizes.items())
    for heading in (*map(screen_text, ("asked", "effort", "levers")), *attained, ""):
        table.add_column(heading, justify="right")
    for row in frontier.table.to_dict("records"):
        note = screen_text("knee") if row["knee"] else "" if row["reachable"] else screen_text("not reachable")
        if row["outside"]:
            note = f"{note} {screen_text('not plausible')} {row['outside']}".strip()
        table.add_row(
            f"{100 * row['probability_asked_for']:g} %",
            f"{row['effort']:.2f}",
            f"{row['levers']}",
            share_in_percent(round(row["probability_of_others"] * frontier.others), frontier.others),
            share_in_percent(round(row["probability"] * frontier.searched), frontier.searched),
            note,
        )
    console.print(table)


def print_tradeoffs(console: Console, fronts: Tradeoffs) -> None:
    """Print whether there is a trade-off, then the baseline and the knees of each year that has one."""
    print_sentences(console, partial(tradeoff_sentences, fronts))
    years = fronts.years_with_tradeoff
    if not years:
        return
    what = {"share": f"{100 * ROBUST:g}", "others": fronts.others, "searched": fronts.searched}
    table = make_table(screen_text("tradeoffs", **what), screen_text("tradeoffs note", **what))
    for heading in ("year", "knee", "resident rate", "registered rate", "gap", "effort"):
        table.add_column(screen_text(heading), overflow="fold")
    named = fronts.table[(fronts.table["name"] != "") & fronts.table["year"].isin(years)]
    for row in named.to_dict("records"):
        numbers = [
            f"{row[f'{name}_of_others']:.1f} ({row[name]:.1f})"
            for name in ("resident_rate", "registered_rate", "fiscal_gap_ratio")
        ]
        name = point_name(row["name"], screen_language())
        table.add_row(f"{row['year']}", name, *numbers, f"{row['effort']:.1f}")
    console.print(table)


def file_names(target: Target) -> list[str]:
    """Return the names of the files that `write` makes."""
    name = name_of(target)
    return [f"{name}.csv", f"{name}.nc", "frontier_tradeoffs.csv", "frontier_tradeoffs.nc"]


def write(frontier: Frontier, fronts: Tradeoffs, facts: Mapping[str, str], out: Path) -> None:
    """Write tables and data as `file_names` has them."""
    table, data, other_table, other_data = (out / name for name in file_names(frontier.target))
    result_files.write_table(frontier.table, table, facts)
    result_files.write_table(fronts.table, other_table, facts)
    settings: dict[str, Any] = {"target": frontier.target.id, "members_searched_with": frontier.searched}
    settings |= {"search_seed": frontier.seed, "ramp": frontier.ramp}
    result_files.write_run(as_dataset(frontier.table, frontier.shares, frontier.measures, {**facts, **settings}), data)
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
    dataset = xr.Dataset(
        {
            **columns,
            **texts,
            "share": (("point", "lever"), shares, {"units": "1", "long_name": "share of the way moved"}),
        },
        coords={"point": np.arange(len(table)), "lever": [measure.name for measure in measures]},
    )
    dataset.attrs = dict(facts)
    return dataset
