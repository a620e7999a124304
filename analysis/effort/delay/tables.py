"""Output files of a study of delay: tables and data of every start; and what is printed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import xarray as xr
from rich.console import Console

from analysis.effort.delay.study import ALL, Delays
from analysis.effort.delay.words import NAMED, all_levers_words, both, lever_words, percent, say, single_lever_words
from analysis.outcome import files as result_files
from analysis.outcome.printing import make_table
from analysis.outcome.words import LANGUAGES
from scenarios import load_levers


def print_delays(console: Console, delays: Delays) -> None:
    """Print for every target the probability of starting on time, the last start, and the levers that decide."""
    levers, members = load_levers(), int(delays.table["members"].iloc[0])
    wanted = f"{100 * float(delays.last['wanted'].iloc[0]):g}"
    table = make_table(both("title", "\n", scenario=delays.scenario.title, wanted=wanted), both("notes", "\n"))
    table.add_column(both("target"), overflow="fold", ratio=2)
    table.add_column(both("on time", "\n") + f"\nn = {members}", no_wrap=True)
    table.add_column(both("all delayed"), overflow="fold", ratio=2)
    table.add_column(both("one delayed"), overflow="fold", ratio=4)
    for target in delays.targets:
        rows = delays.last[delays.last["target"] == target.id].set_index("lever")
        on_time = delays.table[(delays.table["target"] == target.id) & (delays.table["delay"] == 0)].iloc[0]
        # Levers without which the probability differs, the largest loss first.
        loss = (rows["probability_at_once"] - rows["probability_without"]).drop(index=ALL)
        single = [
            " ".join(lever_words(str(name), language, levers) for language in LANGUAGES)
            + f": {single_lever_words(rows.loc[name], members)}"
            for name in loss[loss.abs() >= NAMED].sort_values(ascending=False).index
        ]
        table.add_row(
            f"{target.title['zh']}（{target.year}） [dim]{target.title['en']}, {target.year}[/]",
            percent(on_time["probability"], members),
            all_levers_words(target, delays.table, rows.loc[ALL], members),
            "\n".join(single) or both("none decides"),
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
