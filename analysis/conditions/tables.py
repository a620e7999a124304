"""Output files of a study of conditions: tables and data; and what is printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.markup import escape

from analysis.conditions.discovery import FALSE_DISCOVERIES, LEVEL, Box, Limit
from analysis.conditions.study import Study
from analysis.conditions.words import box_sentence, evidence, say, sentence, target_words
from analysis.outcome import files as result_files
from analysis.outcome.printing import print_sentences, print_starts
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import Share
from analysis.outcome.words import LANGUAGES

#: Columns of the peeling path.
MEASURES: Final = ("coverage", "density", "mass", "inputs")


def tables(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a table of conditions, one row per target and method, and one of limits, one row per limit.

    Both end with the hashes and the seed of the manifest.
    """
    made = {key: study.facts[key] for key in ("model_hash", "scenario_hash", "posterior_hash", "study_seed")}
    boxes = [(name, box) for name, condition in study.conditions.items() for box in condition.boxes or (None,)]
    limits = [(name, box, limit) for name, box in boxes if box for limit in box.limits]
    return (
        pd.DataFrame([_condition_row(study, name, box) for name, box in boxes]).assign(**made),
        _limit_table(study, limits).assign(**made),
    )


def dataset(study: Study) -> xr.Dataset:
    """Return futures, margins, the searched and held-out halves, and the peeling paths, with the manifest."""
    conditions = study.conditions
    used = [name for name in study.values.columns if any(name in each.screened for each in conditions.values())]
    trajectories = [
        np.zeros((0, 4)) if each.trajectory is None else each.trajectory[list(MEASURES)].to_numpy()
        for each in conditions.values()
    ]
    path = np.full((len(conditions), max(map(len, trajectories), default=0), 4), np.nan)
    for index, trajectory in enumerate(trajectories):
        path[index, : len(trajectory)] = trajectory
    result = xr.Dataset(
        {
            "margin": study.margin.sel(target=list(conditions)),
            "input_value": (("input", "future"), study.values[used].to_numpy().T),
            "input_unit": ("input", [study.inputs[name].unit for name in used]),
            "input_name_zh": ("input", [study.inputs[name].titles["zh"] for name in used]),
            "held_out": ("future", study.held_out.astype(np.int8)),
            "member": ("future", study.member + 1),
            "peeling": (("target", "step", "measure"), path),
        },
        coords={
            "target": list(conditions),
            "input": used,
            "measure": ["coverage", "density", "mass", "inputs limited"],
        },
    )
    described = {
        "margin": ("plan's unit", "margin in the target's year, not negative where met", "目标年余量"),
        "input_value": ("see input_unit", "value of each input that was searched", "输入取值"),
        "held_out": ("1", "1 where the future judges, 0 where it is searched", "留出检验"),
        "member": ("1", "member of the calibrated ensemble", "样本编号"),
        "peeling": ("1", "peeling path of PRIM on the searched half", "剥离轨迹"),
        "input_unit": ("1", "unit of each input", "输入单位"),
        "input_name_zh": ("1", "Chinese name of each input", "输入名称"),
    }
    for name, (units, long_name, long_name_zh) in described.items():
        result[name].attrs = {"units": units, "long_name": long_name, "long_name_zh": long_name_zh}
    result.attrs = result_files.attributes(study.scenario, study.facts)
    return result


def file_names(name: str) -> list[str]:
    """Return the names of the files that `write` makes for a study of this name."""
    return [f"{name}.csv", f"{name}_limits.csv", f"{name}.nc"]


def write(study: Study, out: Path) -> list[Path]:
    """Write tables and data; return the files."""
    written = [out / name for name in file_names(study.name)]
    for table, path in zip(tables(study), written, strict=False):
        result_files.write_table(table, path, study.facts)
    result_files.write_run(dataset(study), written[2])
    return written


def print_conditions(console: Console, study: Study) -> None:
    """Print every condition, with its evidence."""
    title = study.scenario.title
    language = screen_language()
    console.print(f"[bold]{escape(title[language])}[/]")
    if study.with_levers:
        print_sentences(console, lambda language: [say("levers drawn", language, year=study.start)])
    elif study.scenario.acting:
        print_starts(console, [study.scenario])
    for name, condition in study.conditions.items():
        console.print(escape(sentence(study.targets[name], condition, study.inputs, language)))
        if numbers := evidence(condition, study.inputs, language):
            console.print(f"[dim]{escape(numbers)}[/]")
        console.print()
    print_sentences(console, lambda language: [say("how", language, screened=FALSE_DISCOVERIES, level=LEVEL)])


def _condition_row(study: Study, name: str, box: Box | None) -> dict[str, Any]:
    """The row of a target and a box; without a box where the search was not made."""
    condition, target, inputs = study.conditions[name], study.targets[name], study.inputs
    met = Share(condition.met, condition.futures).columns()
    tested = box.held_out if box and box.limits else None
    interval = Share(tested.hits_inside, tested.inside).columns() if tested and tested.inside else {}
    row: dict[str, Any] = {
        "target": name,
        "scenario": study.scenario.name,
        "futures": condition.futures,
        "met": condition.met,
        "probability": met["probability"],
        "probability_low": met["probability_low"],
        "probability_high": met["probability_high"],
        "status": condition.status,
        "method": box.method if box else math.nan,
        "outcome": condition.outcome,
        "held_out_futures": box.held_out.futures if box else math.nan,
        "inside": tested.inside if tested else 0 if box else math.nan,
        "density": tested.density if tested else math.nan,
        "density_low": interval.get("probability_low", math.nan),
        "density_high": interval.get("probability_high", math.nan),
        "outside": tested.outside if tested else math.nan,
        "base_rate": box.held_out.base if box else math.nan,
        "coverage": tested.coverage if tested else math.nan,
        "p_value": tested.p_value if tested else math.nan,
        "borne_out": ("yes" if box.holds else "no") if box else math.nan,
    }
    none = replace(condition, status="none") if box else condition
    for language in LANGUAGES:
        row[f"sentence_{language}"] = (
            box_sentence(target_words(target, language), condition, box, inputs, language)
            if box and box.holds
            else sentence(target, none, inputs, language)
        )
    return row


def _limit_table(study: Study, limits: Sequence[tuple[str, Box, Limit]]) -> pd.DataFrame:
    inputs = [study.inputs[limit.input] for _, _, limit in limits]
    ends = np.array([(limit.lower, limit.upper) for _, _, limit in limits]).reshape(-1, 2)
    lower, upper = np.where(np.isfinite(ends), ends, np.nan).T
    returned = [Share(limit.returned, box.searches).columns() if box.searches else {} for _, box, limit in limits]
    return pd.DataFrame(
        {
            "target": [name for name, _, _ in limits],
            "scenario": study.scenario.name,
            "method": [box.method for _, box, _ in limits],
            "input": [limit.input for _, _, limit in limits],
            "lever": ["yes" if known.lever else "no" for known in inputs],
            "title_zh": [known.titles["zh"] for known in inputs],
            "unit": [known.unit for known in inputs],
            "lower": lower,
            "upper": upper,
            "lower_p05": [limit.lower_range[0] for _, _, limit in limits],
            "lower_p95": [limit.lower_range[1] for _, _, limit in limits],
            "upper_p05": [limit.upper_range[0] for _, _, limit in limits],
            "upper_p95": [limit.upper_range[1] for _, _, limit in limits],
            "returned": [limit.returned if box.searches else math.nan for _, box, limit in limits],
            "searches": [box.searches or math.nan for _, box, _ in limits],
            "returned_share": [each.get("probability", math.nan) for each in returned],
            "returned_low": [each.get("probability_low", math.nan) for each in returned],
            "returned_high": [each.get("probability_high", math.nan) for each in returned],
        }
    )
