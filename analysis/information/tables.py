"""Output files of a study of information: tables and data; and what is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.information.study import Study
from analysis.information.value import Worth
from analysis.information.words import (
    FILE,
    basis_words,
    choice_sentences,
    digits,
    distinguishable_ranges,
    highest,
    ranges_words,
    say,
    utility_words,
    worth_sentences,
)
from analysis.outcome import files as result_files
from analysis.outcome.printing import make_table, print_sentences
from analysis.outcome.screen import screen_language
from analysis.outcome.words import LANGUAGES, screen_text_from, sentences_in

NAME: Final = "information"
screen_text: Final = partial(screen_text_from, FILE)
UNITS: Final = {"targets": "headline targets", "shortfall": "percent of thresholds"}


def tables(study: Study) -> dict[str, pd.DataFrame]:
    """Return the tables by name of file: value by weight, options, and the weights at which the leader changes.

    Each ends with the hashes and the seed of its manifest.
    """
    made = {key: study.facts[key] for key in ("model_hash", "posterior_hash", "study_seed", "utility")}
    choice, names = study.choice, list(study.scenarios)
    leads = [choice.leads(index) or (np.nan, np.nan) for index in range(len(names))]
    options = {
        "scenario": names,
        **{f"title_{each}": [one.title[each] for one in study.scenarios.values()] for each in LANGUAGES},
        "effort": [study.efforts[name] for name in names],
        "expected_gain": choice.expected,
        "standard_error": choice.error,
        "leads_from": [first for first, _ in leads],
        "leads_to": [last for _, last in leads],
        "tied_at": [ranges_words(ties, "en") for ties in choice.ties],
    }
    flips = {
        "weight": [flip.weight for flip in choice.flips],
        "low": [flip.low for flip in choice.flips],
        "high": [flip.high for flip in choice.flips],
        "below": [names[flip.before] for flip in choice.flips],
        "above": [names[flip.after] for flip in choice.flips],
    }
    frames = (pd.DataFrame(_worth_rows(study)), pd.DataFrame(options), pd.DataFrame(flips))
    return {name: table.assign(**made) for name, table in zip(file_names(), frames, strict=False)}


def dataset(study: Study) -> xr.Dataset:
    """Return the gain of every option in every member, its effort, and the value of each statistic there."""
    result = xr.Dataset({"gain": study.gain, "effort": ("scenario", list(study.efforts.values()))})
    result["gain"].attrs = {
        "units": UNITS[study.kind],
        "long_name": say("before effort", "en", utility=utility_words(study, "en")),
        "long_name_zh": say("before effort", "zh", utility=utility_words(study, "zh")),
    }
    result["effort"].attrs = {
        "units": "1",
        "long_name": say("effort name", "en"),
        "long_name_zh": say("effort name", "zh"),
    }
    for name, statistic in study.statistics.items():
        result[name] = (("member", f"{name}_part"), np.asarray(study.values[name]))
        result[name].attrs = {
            "units": "as in the model",
            "long_name": f"{statistic.title['en']}: {statistic.measured}",
            "long_name_zh": statistic.title["zh"],
        }
    result.attrs = {
        "Conventions": "CF-1.11",
        "title": say("data title", "en"),
        "title_zh": say("data title", "zh"),
        **study.facts,
    }
    return result


def file_names() -> list[str]:
    """Return the names of the files that `write` makes."""
    return [f"{NAME}.csv", f"{NAME}_choice.csv", f"{NAME}_flips.csv", f"{NAME}.nc"]


def write(study: Study, out: Path) -> list[Path]:
    """Write tables and data; return the files."""
    for name, table in tables(study).items():
        result_files.write_table(table, out / name, study.facts)
    result_files.write_run(dataset(study), out / f"{NAME}.nc")
    return [out / name for name in file_names()]


def print_information(console: Console, study: Study) -> None:
    """Print the leading options by weight and the assumptions, then the options and the value of information."""
    language = screen_language()
    first, *others = choice_sentences(study, language)
    for sentence in [first, basis_words(study, language), *others, utility_words(study, language)]:
        console.print(escape(sentence))
    console.print(_options_table(study))
    console.print(_worth_table(study))
    print_sentences(console, partial(worth_sentences, study))


def _items(study: Study) -> dict[str, tuple[Mapping[str, str], str, Sequence[Worth]]]:
    """What could be known: its names, what it measures of the model, and its value at each weight."""
    everything = sentences_in(FILE)["everything"]
    statistics = {
        name: (statistic.title, statistic.measured, study.worth.partial[name])
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
            "tells": measured,
            "value": worth.value,
            "raw_estimate": worth.estimate,
            "standard_error": worth.error,
            "distinguishable": "yes" if worth.distinguishable else "no",
            "share_of_perfect": worth.value / perfect.value if perfect.value > 0 else np.nan,
            "choice_changed": worth.changed,
            "unit": UNITS[study.kind],
        }
        for name, (title, measured, worths) in _items(study).items()
        for weight, worth, perfect in zip(study.worth.weights, worths, study.worth.perfect, strict=True)
    ]


def _basis(study: Study) -> str:
    return basis_words(study, screen_language())


def _options_table(study: Study) -> Table:
    table = make_table(screen_text("options"), f"{screen_text('options note')}\n{_basis(study)}")
    table.add_column(screen_text("scenario"), overflow="fold")
    for name in ("effort name", f"gain {study.kind}"):
        table.add_column(screen_text(name), justify="right", no_wrap=True)
    for name in ("leads at", "tied at"):
        table.add_column(screen_text(name), overflow="fold")
    choice = study.choice
    leads = [choice.leads(index) for index in range(len(study.scenarios))]
    efforts = list(study.efforts.values())
    # In the order in which they lead, then those that never do.
    for index in sorted(range(len(leads)), key=lambda index: (leads[index] or (np.inf, 0))[0]):
        own = leads[index]
        table.add_row(
            escape(study.title(index, screen_language())),
            f"{efforts[index]:.2f}",
            f"{choice.expected[index]:.3f} ±{choice.error[index]:.3f}",
            "—" if own is None else ranges_words([own], screen_language()),
            ranges_words(choice.ties[index], screen_language()) or "—",
        )
    return table


def _worth_table(study: Study) -> Table:
    note = screen_text("worth note", last=digits(study.worth.weights[-1]))
    table = make_table(screen_text("worth"), f"{note}\n{screen_text('standard error')}\n{_basis(study)}")
    table.add_column(screen_text("information"), overflow="fold")
    shown = [highest(study.worth.perfect)]
    if study.weight is not None:
        shown.append(study.worth.weights.index(study.weight))
    at_weights = (screen_text("at weight", weight=digits(study.worth.weights[at])) for at in shown)
    for heading in (screen_text("highest"), *at_weights):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(screen_text("above zero at"), overflow="fold")
    # What a statistic measures is told in the words of the model file, which are English.
    in_model = screen_language() == "en"
    if in_model:
        table.add_column(screen_text("measures"), overflow="fold")
    for title, measured, worths in _items(study).values():
        cells = [worths[highest(worths)], *(worths[at] for at in shown)]
        table.add_row(
            escape(title[screen_language()]),
            *(f"{worth.value:.3f} ±{worth.error:.3f}" + ("" if worth.distinguishable else " ?") for worth in cells),
            ranges_words(distinguishable_ranges(study.worth.weights, worths), screen_language()) or "—",
            *([escape(measured)] if in_model else []),
        )
    return table
