"""Output files of a backcast: tables, data and the scenario that carries the answer out; and what is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.effort.backcast.study import CANDIDATES, Answer
from analysis.effort.backcast.words import say, screen_text, sentences, value_words
from analysis.effort.levers import effort_by_lever, scenario_document
from analysis.effort.plausible import describe_outside
from analysis.outcome import files as result_files
from analysis.outcome.printing import make_table, print_sentences, three_digits
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import share_in_percent
from analysis.outcome.target_words import shown_in, unit_of
from analysis.outcome.words import LANGUAGES, with_year
from model.files.atomic import replaced
from scenarios import Target
from scenarios.scenario import QUESTION_LENGTH

#: Another target is printed if its probability, or a headline's margin as a share of the threshold, moves so much.
NOTICEABLE: Final = 0.02


def name_of(target: Target) -> str:
    """Return the name of the scenario and the files of a target.

    Examples
    --------
    >>> name_of(Target("target.startup_area.2035", {}, "", "core", 2035, 80, "at least", "percent"))
    'backcast_startup_area_2035'
    """
    return "backcast_" + target.id.removeprefix("target.").replace(".", "_")


def print_answer(console: Console, answer: Answer, targets: Mapping[str, Target]) -> None:
    """Print the answer, the value of each lever, and the effect on other targets."""
    print_sentences(console, partial(sentences, answer))
    if answer.outside:
        return
    if len(answer.levers):
        console.print(_lever_table(answer))
    language = screen_language()
    console.print(screen_text("other targets"))
    others = answer.margins.shape[1] - answer.searched
    for row in answer.others[answer.others["target"] != answer.target.id].to_dict("records"):
        target = targets[row["target"]]
        size = abs(row["margin_change"]) / max(abs(target.threshold or 0.0), 1e-12)
        if abs(row["after"] - row["before"]) < NOTICEABLE and not (target.headline and size >= NOTICEABLE):
            continue
        title = with_year(target.title[language], target.year, language)
        before, after = (share_in_percent(round(row[k] * others), others) for k in ("before", "after"))
        units, moved = unit_of(target, language), shown_in(target, row["margin_change"], language)
        change = f"{screen_text('margin change')} {three_digits(moved, sign=True)} {units}"
        console.print(escape(f"  {title}: {before} → {after} (n = {others}); {change}"))


def _lever_table(answer: Answer) -> Table:
    table = make_table("", screen_text("levers note", ramp=answer.ramp))
    for heading in ("lever", "from", "to"):
        table.add_column(screen_text(heading), overflow="fold")
    table.add_column(screen_text("start"), no_wrap=True)
    table.add_column(screen_text("effort"), justify="right", no_wrap=True)
    units = unit_of(answer.target, screen_language())
    table.add_column(screen_text("lost without", unit=units), justify="right")
    measures = {measure.name: measure for measure in answer.measures}
    for row in answer.levers.to_dict("records"):
        measure = measures[row["lever"]]
        default, value = (value_words(measure, share, screen_language()) for share in (0.0, row["share"]))
        table.add_row(
            measure.lever.title[screen_language()],
            default,
            value + (f"\n[dim]{screen_text('bound')}[/]" if row["at_bound"] else ""),
            f"{row['start']}",
            f"{row['effort']:.2f}",
            three_digits(shown_in(answer.target, row["margin_lost_without"], screen_language())),
        )
    return table


def scenario_text(answer: Answer, facts: Mapping[str, str]) -> str:
    """Return the answer as a scenario file that ``run`` accepts, with its manifest in the comments."""
    target, wanted = answer.target, f"{100 * answer.probability:g}"
    title = f"scenario title {'furthest' if answer.verdict == 'not reachable' else 'least'}"
    what = {"title": target.title, "year": target.year, "wanted": wanted}
    words = {
        "title": {each: say(title, each, **what) for each in LANGUAGES},
        "question": {each: _question(sentences(answer, each), each, what) for each in LANGUAGES},
        "source": f"of {target.id} with probability {answer.probability:g}",
    }
    made = {**facts, "target": target.id, "probability": f"{answer.probability:g}", "search_seed": str(answer.seed)}
    comment = "".join(f"# {key}: {value}\n" for key, value in made.items() if key not in ("scenario", "scenario_hash"))
    content = scenario_document(name_of(target), answer.measures, answer.shares[1], answer.ramp, words)
    head = "# Written by: python run_scenarios.py backcast. A new call for the same target replaces it.\n"
    return head + comment + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110)


def _question(told: Sequence[str], language: str, what: Mapping[str, Any]) -> str:
    """The question, with as many sentences of the answer as a scenario file takes."""
    for count in range(len(told), -1, -1):
        answer = ("" if language == "zh" else " ").join(told[:count])
        question = say("scenario question", language, answer=answer, **what).strip()
        if len(question) <= QUESTION_LENGTH:
            break
    return question


def as_dataset(answer: Answer, facts: Mapping[str, str]) -> xr.Dataset:
    """Return shares, effort and margins, dims ``candidate, lever, member``."""
    spent = effort_by_lever(answer.measures, answer.shares)
    count = answer.margins.shape[1]
    dataset = xr.Dataset(
        {
            "share": (
                ("candidate", "lever"),
                answer.shares,
                {"units": "1", "long_name": "share of the way to the end"},
            ),
            "effort": (("candidate", "lever"), spent, {"units": "1", "long_name": "weighted effort"}),
            "margin": (("candidate", "member"), answer.margins, {"units": answer.target.unit, "long_name": "margin"}),
        },
        coords={
            "candidate": list(CANDIDATES),
            "lever": [measure.name for measure in answer.measures],
            "member": np.arange(1, count + 1),
            "searched_with": ("member", (np.arange(count) < answer.searched).astype(np.int8)),
        },
    )
    dataset.attrs = {
        **facts,
        "target": answer.target.id,
        "probability_asked_for": answer.probability,
        "verdict": answer.verdict,
        "plausible": "no" if answer.outside else "yes",
        "outside": describe_outside(answer.outside, "en"),
        "ramp": answer.ramp,
        "search_seed": answer.seed,
    }
    return dataset


def file_names(target: Target) -> list[str]:
    """Return the names of the files that `write` makes."""
    name = name_of(target)
    endings = (".yaml", ".csv", "_other_targets.csv", "_blocked.csv", "_trials.csv", ".nc")
    return [f"{name}{ending}" for ending in endings]


def write(answer: Answer, facts: Mapping[str, str], out: Path) -> None:
    """Write the tables and data as `file_names` has them, and the scenario unless the answer is not plausible."""
    text, levers, others, blocked, trials, data = (out / name for name in file_names(answer.target))
    result_files.write_run(as_dataset(answer, facts), data)
    tables = {levers: answer.levers, others: answer.others, blocked: answer.blocked, trials: answer.trace}
    for path, table in tables.items():
        result_files.write_table(table, path, facts)
    if answer.outside:
        # One from an earlier call would be taken for the answer to this one.
        text.unlink(missing_ok=True)
        return
    with replaced(text) as partial:
        partial.write_text(scenario_text(answer, facts), encoding="utf-8", newline="\n")
