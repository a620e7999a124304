"""What information is worth, in words, as tables, as a Dataset, on the screen and on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis import result_files
from analysis.information import figures as information_figures
from analysis.information.study import Study
from analysis.information.words import LANGUAGES, sentences, utility_said

NAME: Final = "information"
COLUMNS: Final = (
    "information",
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
    "expected_utility",
    "standard_error",
    "best_in_share",
    "chosen",
)
UNITS: Final = {"targets": "headline targets", "shortfall": "percent of thresholds"}


def tables(study: Study) -> dict[str, pd.DataFrame]:
    """Return the tables by name of file: worth of information, options, and the choice by weight of effort.

    Each ends with what made it.

    Examples
    --------
    >>> list(tables(study))  # doctest: +SKIP
    ['information.csv', 'information_choice.csv', 'information_weights.csv']
    """
    made = {key: study.facts[key] for key in ("model_hash", "posterior_hash", "study_seed", "utility", "effort_weight")}
    worth = pd.DataFrame(_worth_rows(study), columns=list(COLUMNS)).assign(**made)
    choice = pd.DataFrame(
        [
            {
                "scenario": name,
                "title_zh": scenario.title["zh"],
                "title_en": scenario.title["en"],
                "effort": study.efforts[name],
                "expected_utility": study.found.expected[place],
                "standard_error": study.found.expected_error[place],
                "best_in_share": study.found.best_in[place],
                "chosen": "yes" if place == study.found.chosen else "no",
            }
            for place, (name, scenario) in enumerate(study.scenarios.items())
        ],
        columns=list(CHOICE_COLUMNS),
    ).assign(**made)
    weights = pd.DataFrame(
        [{"weight": one.weight, "chosen": one.chosen, "perfect": one.perfect} for one in study.sweep]
    ).assign(**{key: value for key, value in made.items() if key != "effort_weight"})
    return {f"{NAME}.csv": worth, f"{NAME}_choice.csv": choice, f"{NAME}_weights.csv": weights}


def dataset(study: Study) -> xr.Dataset:
    """Return the utility of every option in every member, and what each statistic would say there.

    Examples
    --------
    >>> dataset(study)["utility"].dims  # doctest: +SKIP
    ('member', 'scenario')
    """
    unit = UNITS[study.kind]
    result = xr.Dataset({"utility": study.utility})
    result["utility"].attrs = {
        "units": unit,
        "long_name": utility_said(study, "en"),
        "long_name_zh": utility_said(study, "zh"),
    }
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
    return [f"{NAME}.csv", f"{NAME}_choice.csv", f"{NAME}_weights.csv", f"{NAME}.nc"]


def write(study: Study, out: Path) -> list[Path]:
    """Write tables, data and the chart in both languages; return the files.

    Examples
    --------
    >>> write(study, Path("outputs"))  # doctest: +SKIP
    """
    for name, table in tables(study).items():
        result_files.write_table(table, out / name, study.facts)
    result_files.write_run(dataset(study), out / f"{NAME}.nc")
    return [*(out / name for name in files()), *information_figures.draw(study, out / "figures")]


def print_information(console: Console, study: Study) -> None:
    """Print what the utility is, the options, what each statistic is worth and what it tells, in both languages.

    Examples
    --------
    >>> print_information(Console(), study)  # doctest: +SKIP
    """
    for language in LANGUAGES:
        console.print(escape(utility_said(study, language)))
    console.print(_options_table(study))
    console.print(_worth_table(study))
    for language in LANGUAGES:
        for told in sentences(study, language):
            console.print(escape(told))


def _worth_rows(study: Study) -> list[dict[str, Any]]:
    perfect = study.found.perfect
    rows: list[dict[str, Any]] = []
    known = {
        "everything": ({"zh": "全部不确定参数（EVPI）", "en": "everything uncertain (EVPI)"}, "all parameters", perfect)
    }
    known |= {
        name: (dict(statistic.title), statistic.told, study.found.partial[name])
        for name, statistic in study.statistics.items()
    }
    for name, (title, tells, worth) in known.items():
        rows.append(
            {
                "information": name,
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
        )
    return rows


def _options_table(study: Study) -> Table:
    table = Table(title="可选情景  Options", title_justify="left", title_style="bold")
    table.add_column("情景 scenario", overflow="fold")
    for heading in ("力度\neffort", "期望效用\nexpected utility", "最优的样本占比\nbest in"):
        table.add_column(heading, justify="right", no_wrap=True)
    order = np.argsort(-study.found.expected, kind="stable")
    names = list(study.scenarios)
    for place in order:
        scenario = study.scenarios[names[place]]
        mark = "* " if place == study.found.chosen else "  "
        table.add_row(
            mark + escape(f"{scenario.title['zh']} {scenario.title['en']}"),
            f"{study.efforts[names[place]]:.2f}",
            f"{study.found.expected[place]:.3f} ±{study.found.expected_error[place]:.3f}",
            f"{100 * study.found.best_in[place]:.0f}%",
        )
    return table


def _worth_table(study: Study) -> Table:
    table = Table(title="信息的价值  What information is worth", title_justify="left", title_style="bold")
    table.add_column("信息 information", overflow="fold")
    for heading in ("价值\nvalue", "标准误\nerror", "改变选择\nchanges choice"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("对应的模型量 tells of the model", overflow="fold")
    for row in _worth_rows(study):
        clear = row["distinguishable"] == "yes" or study.found.settled
        table.add_row(
            escape(f"{row['title_zh']} {row['title_en']}"),
            f"{row['value']:.3f}" + ("" if clear else " ?"),
            f"{row['standard_error']:.3f}",
            f"{100 * row['choice_changed']:.0f}%" if clear else "—",
            escape(row["tells"]),
        )
    table.caption = "?：与零无法区分  cannot be told from nil"
    table.caption_justify = "left"
    return table
