"""Output files of a study of delay: tables and data of every start; and what is printed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import xarray as xr
from rich.console import Console
from rich.markup import escape

from analysis.effort.delay.study import ALL, Delays
from analysis.effort.delay.words import (
    NAMED,
    all_levers_words,
    lever_words,
    percent,
    say,
    screen_text,
    single_lever_words,
)
from analysis.outcome import files as result_files
from analysis.outcome.printing import make_table
from analysis.outcome.screen import screen_language
from analysis.outcome.words import with_year
from scenarios import load_levers


def print_delays(console: Console, delays: Delays) -> None:
    """Print for every target the probability of starting on time, the last start, and the levers that decide."""
    levers, language, members = load_levers(), screen_language(), int(delays.table["members"].iloc[0])
    wanted = f"{100 * float(delays.last['wanted'].iloc[0]):g}"
    table = make_table(screen_text("title", scenario=delays.scenario.title, wanted=wanted), screen_text("notes"))
    table.add_column(screen_text("target"), overflow="fold", ratio=2)
    table.add_column(screen_text("on time") + f"\nn = {members}", no_wrap=True)
    table.add_column(screen_text("all delayed"), overflow="fold", ratio=2)
    table.add_column(screen_text("one delayed"), overflow="fold", ratio=4)
    for target in delays.targets:
        rows = delays.last[delays.last["target"] == target.id].set_index("lever")
        on_time = delays.table[(delays.table["target"] == target.id) & (delays.table["delay"] == 0)].iloc[0]
        # Levers without which the probability differs, the largest loss first.
        loss = (rows["probability_at_once"] - rows["probability_without"]).drop(index=ALL)
        single = [
            lever_words(str(name), language, levers) + f": {single_lever_words(rows.loc[name], members)}"
            for name in loss[loss.abs() >= NAMED].sort_values(ascending=False).index
        ]
        table.add_row(
            escape(with_year(target.title[language], target.year, language)),
            percent(on_time["probability"], members),
            all_levers_words(target, delays.table, rows.loc[ALL], members),
            "\n".join(single) or screen_text("none decides"),
        )
    console.print(table)


def as_dataset(delays: Delays, facts: Mapping[str, str]) -> xr.Dataset:
    """Return every number, dims ``target, lever, delay``; a delay of -1 stands for no start at all."""
    table = delays.table.assign(delay=delays.table["delay"].fillna(-1).astype(int))
    values = ["probability", "probability_se", "probability_low", "probability_high", "change", "change_se"]
    dataset = table.set_index(["target", "lever", "delay"])[[*values, "margin_median"]].to_xarray()
    dataset["delay"].attrs = {"units": "year", "long_name": say("delay", "en"), "long_name_zh": say("delay", "zh")}
    for name in values:
        dataset[name].attrs = {"units": "1"}
    units = {target.id: target.unit for target in delays.targets}
    dataset = dataset.assign_coords(unit=("target", [units[str(name)] for name in dataset["target"].to_numpy()]))
    dataset["margin_median"].attrs = {"units": "unit of the target", "long_name": "median margin over members"}
    dataset.attrs = result_files.attributes(delays.scenario, facts)
    return dataset


def write(delays: Delays, facts: Mapping[str, str], out: Path) -> None:
    """Write data and tables as `file_names` has them."""
    data, table, last = file_names(delays.scenario.name)
    result_files.write_table(delays.table, out / table, facts)
    result_files.write_table(delays.last, out / last, facts)
    result_files.write_run(as_dataset(delays, facts), out / data)


def file_names(scenario: str) -> list[str]:
    """Return the names of the files that `write` makes."""
    return [f"delay_{scenario}.nc", f"delay_{scenario}.csv", f"delay_{scenario}_last_start.csv"]
