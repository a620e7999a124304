"""What information is worth, in words, as tables, as a Dataset, on the screen and on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.information import charts as information_figures
from analysis.information.study import Study
from analysis.information.value import Worth
from analysis.information.words import (
    LANGUAGES,
    choice_sentences,
    digits,
    highest,
    ranges_said,
    told_apart,
    utility_said,
    worth_sentences,
)
from analysis.outcome import files as result_files

NAME: Final = "information"
COLUMNS: Final = (
    "information",
    "weight",
    "title_zh",
    "title_en",
    "tells",
    "value",
    "raw_estimate",
    "standard_error",
    "distinguishable",
    "share_of_perfect",
    "choice_changed",
    "unit",
)
CHOICE_COLUMNS: Final = (
    "scenario",
    "title_zh",
    "title_en",
    "effort",
    "expected_gain",
    "standard_error",
    "leads_from",
    "leads_to",
    "tied_at",
)
FLIP_COLUMNS: Final = ("weight", "low", "high", "below", "above")
UNITS: Final = {"targets": "headline targets", "shortfall": "percent of thresholds"}


def tables(study: Study) -> dict[str, pd.DataFrame]:
    """Return the tables by name of file: worth by weight, options, and the weights at which the leader changes.

    Each ends with what made it.
    """
    made = {key: study.facts[key] for key in ("model_hash", "posterior_hash", "study_seed", "utility")}
    choice, names = study.choice, list(study.scenarios)
    options = []
    for place, (name, scenario) in enumerate(study.scenarios.items()):
        leads = choice.leads(place) or (np.nan, np.nan)
        options.append(
            {
                "scenario": name,
                "title_zh": scenario.title["zh"],
                "title_en": scenario.title["en"],
                "effort": study.efforts[name],
                "expected_gain": choice.expected[place],
                "standard_error": choice.error[place],
                "leads_from": leads[0],
                "leads_to": leads[1],
                "tied_at": ranges_said(choice.ties[place], "en"),
            }
        )
    flips = [
        {"weight": f.weight, "low": f.low, "high": f.high, "below": names[f.before], "above": names[f.after]}
        for f in choice.flips
    ]
    found = (
        pd.DataFrame(_worth_rows(study), columns=list(COLUMNS)),
        pd.DataFrame(options, columns=list(CHOICE_COLUMNS)),
        pd.DataFrame(flips, columns=list(FLIP_COLUMNS)),
    )
    return {name: table.assign(**made) for name, table in zip(files(), found, strict=False)}


def dataset(study: Study) -> xr.Dataset:
    """Return the gain of every option in every member, its effort, and what each statistic would say there."""
    result = xr.Dataset({"gain": study.gain, "effort": ("scenario", list(study.efforts.values()))})
    result["gain"].attrs = {
        "units": UNITS[study.kind],
        "long_name": "utility before effort is taken off. " + utility_said(study, "en"),
        "long_name_zh": "扣除力度之前的效用。" + utility_said(study, "zh"),
    }
    result["effort"].attrs = {"units": "1", "long_name": "effort", "long_name_zh": "力度"}
    for name, statistic in study.statistics.items():
        result[name] = (("member", f"{name}_part"), np.asarray(study.told[name]))
        result[name].attrs = {
            "units": "as in the model",
            "long_name": f"{statistic.title['en']}: {statistic.told}",
            "long_name_zh": statistic.title["zh"],
        }
    result.attrs = {
        "Conventions": "CF-1.11",
        "title": "Value of information for the choice among scenarios",
        "title_zh": "情景选择中信息的价值",
        **study.facts,
    }
    return result


def files() -> list[str]:
    """Return the tables and data that a study writes.

    Examples
    --------
    >>> files()[0]
    'information.csv'
    """
    return [f"{NAME}.csv", f"{NAME}_choice.csv", f"{NAME}_flips.csv", f"{NAME}.nc"]


def write(study: Study, out: Path) -> list[Path]:
    """Write tables, data and the chart in both languages; return the files."""
    for name, table in tables(study).items():
        result_files.write_table(table, out / name, study.facts)
    result_files.write_run(dataset(study), out / f"{NAME}.nc")
    return [*(out / name for name in files()), *information_figures.draw(study, out / "figures")]


def print_information(console: Console, study: Study) -> None:
    """Print who leads at which weight and what is assumed, then the options and what information is worth."""
    for language in LANGUAGES:
        for told in choice_sentences(study, language):
            console.print(escape(told))
        console.print(escape(utility_said(study, language)))
    console.print(_options_table(study))
    console.print(_worth_table(study))
    for language in LANGUAGES:
        for told in worth_sentences(study, language):
            console.print(escape(told))


def _known(study: Study) -> dict[str, tuple[Mapping[str, str], str, Sequence[Worth]]]:
    """What could be known: its names, what of the model it tells, and its worth at each weight."""
    everything = {"zh": "全部不确定参数（EVPI）", "en": "everything uncertain (EVPI)"}
    statistics = {
        name: (statistic.title, statistic.told, study.worth.partial[name])
        for name, statistic in study.statistics.items()
    }
    return {"everything": (everything, "all parameters", study.worth.perfect), **statistics}


def _worth_rows(study: Study) -> list[dict[str, Any]]:
    return [
        {
            "information": name,
            "weight": weight,
            "title_zh": title["zh"],
            "title_en": title["en"],
            "tells": tells,
            "value": worth.value,
            "raw_estimate": worth.estimate,
            "standard_error": worth.error,
            "distinguishable": "yes" if worth.told_apart else "no",
            "share_of_perfect": worth.value / perfect.value if perfect.value > 0 else np.nan,
            "choice_changed": worth.changed,
            "unit": UNITS[study.kind],
        }
        for name, (title, tells, worths) in _known(study).items()
        for weight, worth, perfect in zip(study.worth.weights, worths, study.worth.perfect, strict=True)
    ]


def _options_table(study: Study) -> Table:
    table = Table(title="可选情景  Options", title_justify="left", title_style="bold")
    table.add_column("情景 scenario", overflow="fold")
    gain = {"targets": "达到的目标数\ntargets reached", "shortfall": "差额（负）\nshortfall (minus)"}[study.kind]
    for heading in ("力度\neffort", gain):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("期望效用最高的权重\nhighest at weights", overflow="fold")
    table.add_column("与最高者之差在误差内\nwithin its error at", overflow="fold")
    choice = study.choice
    leads = [choice.leads(place) for place in range(len(study.scenarios))]
    # In the order in which they lead, then those that never do.
    for place in sorted(range(len(leads)), key=lambda place: (leads[place] or (np.inf, 0))[0]):
        name = list(study.scenarios)[place]
        own = leads[place]
        table.add_row(
            escape(f"{study.title(place, 'zh')} {study.title(place, 'en')}"),
            f"{study.efforts[name]:.2f}",
            f"{choice.expected[place]:.3f} ±{choice.error[place]:.3f}",
            "—" if own is None else ranges_said([own], "en"),
            ranges_said(choice.ties[place], "en") or "—",
        )
    table.caption = "±：标准误；—：在任何权重下都不是  ±: standard error; —: at no weight"
    table.caption_justify = "left"
    return table


def _worth_table(study: Study) -> Table:
    table = Table(title="信息的价值  What information is worth", title_justify="left", title_style="bold")
    table.add_column("信息 information", overflow="fold")
    shown = [highest(study.worth.perfect)]
    if study.weight is not None:
        shown.append(study.worth.weights.index(study.weight))
    headings = ["最大值\nhighest", *(f"权重{digits(study.worth.weights[at])}\nat weight" for at in shown)]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("可与零区分的权重\ntold from nil at weights", overflow="fold")
    table.add_column("对应的模型量 tells of the model", overflow="fold")
    for title, tells, worths in _known(study).values():
        cells = [worths[highest(worths)], *(worths[at] for at in shown)]
        table.add_row(
            escape(f"{title['zh']} {title['en']}"),
            *(f"{worth.value:.3f} ±{worth.error:.3f}" + ("" if worth.told_apart else " ?") for worth in cells),
            ranges_said(told_apart(study.worth.weights, worths), "en") or "—",
            escape(tells),
        )
    table.caption = (
        f"权重看到{digits(study.worth.weights[-1])}为止；?：与零无法区分；—：在任何权重下都无法区分\n"
        f"weights up to {digits(study.worth.weights[-1])}; ?: cannot be told from nil; —: at no weight"
    )
    table.caption_justify = "left"
    return table
