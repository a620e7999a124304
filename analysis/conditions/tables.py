"""What was found of conditions, as tables, as a Dataset, on the screen and on disk."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.markup import escape

from analysis.conditions import charts as conditions_figures
from analysis.conditions.discovery import FALSE_DISCOVERIES, LEVEL, Box, Condition, Limit
from analysis.conditions.study import Study
from analysis.conditions.words import WORDS, box_sentence, evidence, sentence, target_said
from analysis.outcome import files as result_files
from analysis.outcome.futures import Input
from analysis.reach.probability import share
from scenarios import Scenario, Target

COLUMNS: Final = (
    "target",
    "scenario",
    "futures",
    "met",
    "probability",
    "probability_low",
    "probability_high",
    "status",
    "method",
    "outcome",
    "held_out_futures",
    "inside",
    "density",
    "density_low",
    "density_high",
    "outside",
    "base_rate",
    "coverage",
    "p_value",
    "borne_out",
    "sentence_zh",
    "sentence_en",
)
LIMIT_COLUMNS: Final = (
    "target",
    "scenario",
    "method",
    "input",
    "lever",
    "title_zh",
    "unit",
    "lower",
    "upper",
    "lower_p05",
    "lower_p95",
    "upper_p05",
    "upper_p95",
    "returned",
    "searches",
    "returned_share",
    "returned_low",
    "returned_high",
)


def tables(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all that was found: `COLUMNS`, one row per target and method, and `LIMIT_COLUMNS`, one per limit.

    Both end with what made them: fingerprints of model, scenario and parameter sets, and the seed.
    """
    rows: list[dict[str, Any]] = []
    limits: list[dict[str, Any]] = []
    scenario, inputs = study.scenario, study.inputs
    for name, condition in study.found.items():
        target = study.targets[name]
        head = {
            "target": name,
            "scenario": scenario.name,
            "futures": condition.futures,
            "met": condition.met,
            **{key: value for key, value in share(condition.met, condition.futures).items() if key != "probability_se"},
            "status": condition.status,
            "outcome": condition.outcome,
        }
        if not condition.boxes:
            rows.append(head | {f"sentence_{lang}": sentence(target, condition, inputs, lang) for lang in WORDS})
        for box in condition.boxes:
            rows.append(head | _box_row(target, condition, box, inputs))
            limits += [_limit_row(name, scenario, box, limit, inputs[limit.input]) for limit in box.limits]
    made = {key: study.facts[key] for key in ("model_hash", "scenario_hash", "posterior_hash", "study_seed")}
    return (
        pd.DataFrame(rows, columns=list(COLUMNS)).assign(**made),
        pd.DataFrame(limits, columns=list(LIMIT_COLUMNS)).assign(**made),
    )


def dataset(study: Study) -> xr.Dataset:
    """Return futures, margins, the searched and held-out halves, and the peeling paths, with their manifest."""
    found = study.found
    used = [name for name in study.values.columns if any(name in c.screened for c in found.values())]
    steps = max((len(c.trajectory) for c in found.values() if c.trajectory is not None), default=0)
    path = np.full((len(found), steps, 4), np.nan)
    for place, condition in enumerate(found.values()):
        if condition.trajectory is not None:
            table = condition.trajectory[["coverage", "density", "mass", "inputs"]].to_numpy()
            path[place, : len(table)] = table
    result = xr.Dataset(
        {
            "margin": study.margin.sel(target=list(found)),
            "input_value": (("input", "future"), study.values[used].to_numpy().T),
            "input_unit": ("input", [study.inputs[name].unit for name in used]),
            "input_name_zh": ("input", [study.inputs[name].titles["zh"] for name in used]),
            "held_out": ("future", study.judges.astype(np.int8)),
            "member": ("future", study.member + 1),
            "peeling": (("target", "step", "measure"), path),
        },
        coords={"target": list(found), "input": used, "measure": ["coverage", "density", "mass", "inputs limited"]},
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


def files(name: str) -> list[str]:
    """Return the tables and data that a study of this name writes.

    Examples
    --------
    >>> files("conditions_plan")
    ['conditions_plan.csv', 'conditions_plan_limits.csv', 'conditions_plan.nc']
    """
    return [f"{name}.csv", f"{name}_limits.csv", f"{name}.nc"]


def write(study: Study, out: Path) -> list[Path]:
    """Write tables, data and a chart for every condition found, in both languages; return the files."""
    written = [out / name for name in files(study.name)]
    for table, path in zip(tables(study), written, strict=False):
        result_files.write_table(table, path, study.facts)
    result_files.write_run(dataset(study), written[2])
    return written + conditions_figures.draw(study, out / "figures")


def print_conditions(console: Console, study: Study) -> None:
    """Print every condition in both languages, and what it rests on."""
    title = study.scenario.title
    console.print(f"[bold]{escape(title['zh'])}  {escape(title['en'])}[/]")
    if study.with_levers:
        console.print("政策杠杆在各自范围内均匀抽取，从起始年起保持不变；带分项的杠杆各项取同一值。")
        console.print(
            "Levers are drawn uniformly over their ranges and held from the start; all elements of a lever are equal."
        )
    for name, condition in study.found.items():
        for language in WORDS:
            console.print(escape(sentence(study.targets[name], condition, study.inputs, language)))
            told = evidence(condition, study.inputs, language)
            if told:
                console.print(f"[dim]{escape(told)}[/]")
        console.print()
    console.print(
        f"一半未来用于搜索（先按错误发现率{FALSE_DISCOVERIES:g}筛选输入），另一半用于检验；只有留出检验的密度在单侧置换检验"
        f"（水平{LEVEL:g}）中高于总体比例，才算找到条件。校准样本的各输入彼此相关，条件中的输入可能代表与之相关的输入。"
    )
    console.print(
        f"Half of the futures are searched (inputs screened at a false-discovery rate of {FALSE_DISCOVERIES:g}), the "
        f"other half judges: a condition counts only if its held-out density beats the base rate in a one-sided "
        f"permutation test at {LEVEL:g}. Inputs of a calibrated ensemble depend on one another; one that is named may "
        "stand for another that goes with it."
    )


def _box_row(target: Target, condition: Condition, box: Box, inputs: Mapping[str, Input]) -> dict[str, Any]:
    held = box.held_out
    interval = share(held.hits_inside, held.inside) if held.inside else {}
    row: dict[str, Any] = {
        "method": box.method,
        "held_out_futures": held.futures,
        "inside": held.inside if box.limits else 0,
        "base_rate": held.base,
        "borne_out": "yes" if box.holds else "no",
    }
    if box.limits:
        row |= {
            "density": held.density,
            "density_low": interval.get("probability_low", math.nan),
            "density_high": interval.get("probability_high", math.nan),
            "outside": held.outside,
            "coverage": held.coverage,
            "p_value": held.p_value,
        }
    for language in WORDS:
        told = target_said(target, language)
        none = Condition(condition.outcome, "none", condition.met, condition.futures)
        row[f"sentence_{language}"] = (
            box_sentence(told, condition, box, inputs, language)
            if box.holds
            else sentence(target, none, inputs, language)
        )
    return row


def _limit_row(name: str, scenario: Scenario, box: Box, limit: Limit, known: Input) -> dict[str, Any]:
    row: dict[str, Any] = {
        "target": name,
        "scenario": scenario.name,
        "method": box.method,
        "input": limit.input,
        "lever": "yes" if known.lever else "no",
        "title_zh": known.titles["zh"],
        "unit": known.unit,
        "lower": limit.lower if math.isfinite(limit.lower) else math.nan,
        "upper": limit.upper if math.isfinite(limit.upper) else math.nan,
        "lower_p05": limit.lower_range[0],
        "lower_p95": limit.lower_range[1],
        "upper_p05": limit.upper_range[0],
        "upper_p95": limit.upper_range[1],
    }
    if box.searches:
        again = share(limit.returned, box.searches)
        row |= {
            "returned": limit.returned,
            "searches": box.searches,
            "returned_share": again["probability"],
            "returned_low": again["probability_low"],
            "returned_high": again["probability_high"],
        }
    return row
