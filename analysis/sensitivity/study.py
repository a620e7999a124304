"""On which unknowns, policies and forms of the model an indicator rests: studies by Sobol', Morris, PAWN and delta.

Factors come as data (`scenarios.factors`): names, groups and quantile functions. Sobol' and Morris need them
independent; PAWN, delta and first order from given data do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from analysis.outcome.futures import chosen_targets as modelled_targets
from analysis.sensitivity import indices
from analysis.sensitivity.design import Array, Design, PickFreeze, Trajectories, refuse_odd_sizes
from analysis.sensitivity.runs import Study, StudyError, outcomes_of, run_study
from model.engine.requests import near
from scenarios import Scenario, Target, is_reached
from scenarios.factors import GROUPS, Factor, Group, Input

Method = Literal["sobol", "morris", "pawn", "delta"]
Progress = Callable[[str, int, int], None]

METHODS: Final = ("sobol", "morris", "pawn", "delta")
#: What each method needs without being told: a few minutes on two processors.
USUAL_SAMPLES: Final = {"sobol": 1024, "morris": 20, "pawn": 2048, "delta": 1024}
LEAST_SAMPLES: Final = {"sobol": 2, "morris": 2, "pawn": 64, "delta": 64}
#: Inputs that are taken one by one; the others stand together.
USUAL_FACTORS: Final = 30
#: Walks that tell which inputs are taken one by one.
SCREENING_WALKS: Final = 10
#: Resamples of methods that take longer.
RESAMPLES: Final = {"sobol": indices.RESAMPLES, "morris": indices.RESAMPLES, "pawn": 100, "delta": 30}
#: The index by which inputs are ranked.
RANKED_BY: Final = {"sobol": "ST", "morris": "mu_star", "pawn": "PAWN", "delta": "delta"}
#: Years of the methods that take longer, beside those of the targets.
YEARS: Final = (2025.0, 2030.0, 2035.0)
#: An input without influence, beside which the indices from given data are read: none of them is nil for nothing.
DUMMY: Final = Input("NO INFLUENCE", "parameters", "NO INFLUENCE")
OTHERS: Final = "REST OF "
COLUMNS: Final = ("indicator", "year", "factor", "group", "index", "value", "low", "high", "above_chance")
#: Of the table by sample size, in which nothing is named.
GROWTH_COLUMNS: Final = (*COLUMNS[:5], "samples", *COLUMNS[5:8])
TOP: Final = 5
SMALLEST_SUBSAMPLE: Final = 32


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes
    ----------
    method
        One of `METHODS`.
    samples
        Base samples of Sobol', PAWN and delta; walks of Morris.
    seed
        Of every random number.
    inputs
        "priors" or "posterior": where parameters come from.
    vary
        Which of `scenarios.factors.GROUPS`.
    targets
        Modelled targets: their variables over the years, and whether they are reached in time.
    keep
        How many inputs are taken one by one where each costs runs or time; 0 for all.
    """

    method: Method
    samples: int
    seed: int
    inputs: str
    vary: tuple[str, ...]
    targets: tuple[Target, ...]
    keep: int = USUAL_FACTORS

    @property
    def outputs(self) -> tuple[str, ...]:
        """The variables of the targets."""
        return tuple(dict.fromkeys(str(target.variable) for target in self.targets))


@dataclass(frozen=True)
class Findings:
    """What a study found.

    Attributes
    ----------
    question
        What was asked.
    table
        `COLUMNS`; ``indicator`` is a variable, or a target's id where yes or no is meant. Rows of a whole group carry
        its name as ``factor``, and ``share`` is its share of the variance. ``above_chance`` says whether an index is
        larger than chance makes that of an input without influence (`analysis.sensitivity.indices.beyond_chance`).
    convergence
        The same over growing sub-samples, for the inputs that lead, with the column ``samples``.
    inputs
        Every input and group that the table names.
    reached
        Share of points that reach each target, by id.
    runs
        Runs behind the indices, and of the screening before.
    """

    question: Question
    table: pd.DataFrame
    convergence: pd.DataFrame
    inputs: dict[str, Input]
    reached: dict[str, float]
    runs: tuple[int, int]
    others: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Block:
    """A group of columns of the design."""

    name: str
    group: Group
    columns: tuple[int, ...]


def families(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return which groups of factors are varied, all of them unless some are named.

    Raises
    ------
    StudyError
        Naming every group that there is not.

    Examples
    --------
    >>> families(["policy", "structure"])
    ('structure', 'policy')
    """
    wanted = [part for text in names or GROUPS for part in text.split(",")]
    problems = [
        f"--vary {name}: one of {', '.join(GROUPS)}.{near(name, GROUPS)}" for name in wanted if name not in GROUPS
    ]
    if problems:
        raise StudyError("\n".join(problems))
    return tuple(group for group in GROUPS if group in wanted)


def refuse(method: str, samples: int, inputs: str) -> None:
    """Refuse what no study can answer, before anything runs.

    Raises
    ------
    StudyError, DesignError
        For Sobol' or Morris on dependent inputs; for a sample that is no power of two or too small.

    Examples
    --------
    >>> refuse("sobol", 64, "priors")
    """
    if inputs == "posterior" and method in ("sobol", "morris"):
        message = (
            f"--method {method} takes its inputs as independent, and the parameters of calibrated members are not: "
            "their indices would be wrong without a sign. Take --method pawn or --method delta, or --inputs priors."
        )
        raise StudyError(message)
    if method == "sobol":
        refuse_odd_sizes(samples)
    least = LEAST_SAMPLES[method]
    if samples < least:
        message = f"--samples {samples}: {method} needs at least {least}."
        raise StudyError(message)


def name_of(question: Question, scenario: Scenario) -> str:
    """Return what the files of a study are called."""
    parts = [] if question.vary == GROUPS else question.vary
    return "_".join([question.method, scenario.name, question.inputs, *parts])


def analyse(
    question: Question,
    factors: Sequence[Factor],
    fixed: Mapping[str, Any],
    stem: Path,
    *,
    resume: bool = False,
    cluster: str | None = None,
    progress: Progress = lambda task, done, of: None,
) -> Findings:
    """Run a study and work out its indices.

    Parameters
    ----------
    question
        What is asked.
    factors
        What is varied; names differ.
    fixed
        Changes that all runs share, such as those of a scenario.
    stem
        Stores are made beside this path: ``STEM.zarr``, and ``STEM_screening.zarr`` where inputs are screened.
    resume, cluster
        As for `analysis.sensitivity.runs.run_study`.
    progress
        Told a task, and how much of how much of it is done.

    Returns
    -------
    Findings
        Indices with intervals.

    Raises
    ------
    StudyError
        If an outcome is not finite, naming the inputs.
    """
    count, method = len(factors), question.method
    singles = list(range(count))
    screened = 0
    if method == "sobol" and 0 < question.keep < count:
        first = Study(tuple(factors), Trajectories(count, SCREENING_WALKS, question.seed), fixed, question.outputs)
        screened = first.design.runs
        singles = _screen(
            question, _run(first, stem.with_name(f"{stem.name}_screening"), resume, cluster, progress), first
        )
    kinds = _families(factors)
    blocks: list[_Block] = []
    design: Design
    if method == "morris":
        design = Trajectories(count, question.samples, question.seed)
    else:
        if method == "sobol":
            blocks += [_Block(factors[k].name, factors[k].group, (k,)) for k in singles]
            left = set(range(count)) - set(singles)
            rest = [_Block(f"{OTHERS}{b.name.upper()}", b.group, tuple(sorted(left & set(b.columns)))) for b in kinds]
            blocks += [block for block in rest if block.columns]
        blocks += kinds if len(kinds) > 1 else []
        design = PickFreeze(count, tuple(block.columns for block in blocks), question.samples, question.seed)
    study = Study(tuple(factors), design, fixed, question.outputs)
    path = _run(study, stem, resume, cluster, progress)
    analysis = {"sobol": _sobol, "morris": _morris, "pawn": _given, "delta": _given}[method]
    rows: list[dict[str, Any]] = []
    growth: list[dict[str, Any]] = []
    reached: dict[str, float] = {}
    named = {block.name: Input(block.name, block.group, block.name) for block in [*kinds, *blocks]}
    named |= {item.name: item for factor in factors for item in factor.inputs}
    named[DUMMY.name] = DUMMY
    asked = analysis(question, study, path, blocks, reached)
    for number, (found, grown) in enumerate(asked, 1):
        rows += found
        growth += grown
        progress("Working out indices", number, len(question.outputs))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    convergence = pd.DataFrame(growth, columns=list(GROWTH_COLUMNS))
    used = {name: named[name] for name in table["factor"].unique()}
    others = {block.name: len(block.columns) for block in blocks if block.name.startswith(OTHERS)}
    return Findings(question, table, convergence, used, reached, (design.runs, screened), others)


def stores(stem: Path) -> list[Path]:
    """Return where the runs of a study and of its screening are kept.

    Examples
    --------
    >>> [path.name for path in stores(Path("sobol"))]
    ['sobol.zarr', 'sobol_screening.zarr']
    """
    return [stem.with_name(f"{stem.name}.zarr"), stem.with_name(f"{stem.name}_screening.zarr")]


def chosen_targets(known: Mapping[str, Target], ids: Iterable[str]) -> tuple[Target, ...]:
    """Return the targets asked for, by id, several in a text with commas, or the headlines that the model computes.

    Raises
    ------
    TargetError
        As from `analysis.outcome.futures.chosen_targets`.

    Examples
    --------
    >>> chosen_targets({}, [])
    ()
    """
    return tuple(modelled_targets(known, [part for text in ids for part in text.split(",") if part]))


def leading(findings: Findings, indicator: str, year: float, count: int = TOP) -> pd.DataFrame:
    """Return the rows of the inputs that lead, by the method's own index, largest first; whole groups left out."""
    return single_inputs(findings, indicator, year, RANKED_BY[findings.question.method]).head(count)


def drivers(findings: Findings, indicator: str, year: float, index: str, count: int = TOP) -> pd.DataFrame:
    """Return the rows of inputs whose index chance does not explain, largest first; only these may be named."""
    rows = single_inputs(findings, indicator, year, index)
    return rows[rows["above_chance"].astype(bool)].head(count)


def single_inputs(findings: Findings, indicator: str, year: float, index: str) -> pd.DataFrame:
    """Return the rows of an index, one for each input, largest first; whole groups and the dummy left out."""
    table = findings.table
    rows = table[(table["indicator"] == indicator) & (table["year"] == year) & (table["index"] == index)]
    rows = rows[~rows["factor"].isin([*GROUPS, DUMMY.name]) & ~rows["factor"].str.startswith(OTHERS)]
    return rows.sort_values("value", ascending=False, kind="stable")


def as_dataset(findings: Findings, facts: dict[str, str]) -> xr.Dataset:
    """Return the findings as they are written to disk: value and interval by indicator, year, factor and index."""
    keys = ["indicator", "index", "factor", "year"]
    table = findings.table.assign(above_chance=findings.table["above_chance"].astype(float))
    found = table.set_index(keys)[["value", "low", "high", "above_chance"]].to_xarray()
    grown = findings.convergence.set_index([*keys, "samples"])[["value", "low", "high"]].to_xarray()
    grown = grown.rename({name: f"{name}_by_sample_size" for name in grown.data_vars})
    grown = grown.rename({name: f"leading_{name}" for name in keys})
    data = xr.merge([found, grown], join="outer")
    data = data.assign_coords(group=("factor", [findings.inputs[str(name)].group for name in data["factor"].values]))
    shown = {"value": "estimate", "low": "lower end of the interval", "high": "upper end of the interval"}
    for name, words in shown.items():
        told = f"sensitivity index, {words}, {100 * indices.CONFIDENCE:g} % bootstrap"
        data[name].attrs = {"units": "1, or per whole range of an input for mu and sigma", "long_name": told}
        data[f"{name}_by_sample_size"].attrs = data[name].attrs | {"long_name": f"{told}, from part of the samples"}
    data["above_chance"].attrs = {"units": "1", "long_name": "1 where the index is larger than chance makes it, else 0"}
    data["year"].attrs = {"units": "year", "long_name": "end of calendar year", "long_name_zh": "年末"}
    data.attrs = {"Conventions": "CF-1.11", "title": f"Global sensitivity by {findings.question.method}", **facts}
    return data


def _run(study: Study, stem: Path, resume: bool, cluster: str | None, progress: Progress) -> Path:
    path = stores(stem)[0]
    task = "Screening" if stem.name.endswith("_screening") else "Running"
    return run_study(study, path, resume=resume, cluster=cluster, progress=lambda done, of: progress(task, done, of))


def _families(factors: Sequence[Factor]) -> list[_Block]:
    found = [_Block(g, g, tuple(k for k, factor in enumerate(factors) if factor.group == g)) for g in GROUPS]
    return [block for block in found if block.columns]


def _screen(question: Question, path: Path, study: Study) -> list[int]:
    """The inputs with the largest effects on any target in its year, in their own order; structure always stays."""
    moved, steps = _moves(study.design)
    sizes = []
    for target in question.targets:
        values = outcomes_of(study, path, str(target.variable)).sel(time=target.year).to_numpy()
        sizes.append(np.abs(indices.elementary_effects(values, moved, steps)).mean(axis=0))
    return _largest(sizes, [factor.group for factor in study.factors], question.keep)


def _largest(sizes: Sequence[Array], groups: Sequence[str], keep: int) -> list[int]:
    """Structure, then the first of every target, the second of every target and so on, in the order of the inputs."""
    ranks = np.min([np.argsort(np.argsort(-size, kind="stable"), kind="stable") for size in sizes], axis=0)
    part = np.max([size / size.sum() if size.sum() > 0 else size for size in sizes], axis=0)
    ranks = np.where([group == "structure" for group in groups], -1, ranks)
    return sorted(np.lexsort((-part, ranks))[:keep].tolist())


def _moves(design: Design) -> tuple[npt.NDArray[np.int64], Array]:
    assert isinstance(design, Trajectories)
    walks = [design.moves(number) for number in range(design.samples)]
    return np.stack([moved for moved, _ in walks]), np.stack([steps for _, steps in walks])


def _subsamples(samples: int, smallest: int) -> list[int]:
    sizes = [samples]
    while sizes[-1] // 2 >= smallest:
        sizes.append(sizes[-1] // 2)
    return sizes[::-1]


def _row(
    indicator: str, year: float, name: str, group: str, index: str, values: tuple[Any, Any, Any], above: bool
) -> dict[str, Any]:
    value, low, high = (float(number) for number in values)
    return dict(zip(COLUMNS, (indicator, float(year), name, group, index, value, low, high, above), strict=True))


def _rows(
    indicator: str,
    year: float,
    blocks: Sequence[_Block],
    index: str,
    resampled: Array,
    chance: tuple[Array, Array] | None = None,
    stand_ins: int = 0,
) -> Iterable[dict[str, Any]]:
    ends = indices.interval(resampled)
    above = indices.beyond_chance(ends[0], ends[1], chance, stand_ins)
    for number, block in enumerate(blocks):
        value, low, high = (part[number] for part in ends)
        if np.isfinite(value):
            yield _row(indicator, year, block.name, block.group, index, (value, low, high), bool(above[number]))


def _top(rows: Sequence[dict[str, Any]], indicator: str, year: float, index: str) -> list[str]:
    own = [row for row in rows if (row["indicator"], row["year"], row["index"]) == (indicator, year, index)]
    own = [row for row in own if row["factor"] not in (*GROUPS, DUMMY.name) and not row["factor"].startswith(OTHERS)]
    return [row["factor"] for row in sorted(own, key=lambda row: -row["value"])[:TOP]]


def _sobol(
    question: Question, study: Study, path: Path, blocks: Sequence[_Block], reached: dict[str, float]
) -> Iterable[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    counted = indices.weights(question.samples, RESAMPLES["sobol"], question.seed)
    assert isinstance(study.design, PickFreeze)
    cube = study.design.independent()
    for variable in question.outputs:
        outcomes = outcomes_of(study, path, variable)
        rows: list[dict[str, Any]] = []
        grown: list[dict[str, Any]] = []
        for year in outcomes["time"].to_numpy()[1:]:
            rows += _variance_rows(variable, year, outcomes.sel(time=year).to_numpy(), blocks, counted, "S1", "ST")
        for target in (target for target in question.targets if target.variable == variable):
            values = outcomes.sel(time=target.year).to_numpy()
            top = _top(rows, variable, float(target.year), "ST")
            for size in _subsamples(question.samples, SMALLEST_SUBSAMPLE):
                part = indices.weights(size, RESAMPLES["sobol"] // 2, question.seed)
                for row in _variance_rows(variable, target.year, values[:size], blocks, part, "S1", "ST"):
                    if row["factor"] in top:
                        grown.append({**row, "samples": size})
            there = is_reached(target.margin(xr.DataArray(values)).to_numpy())
            reached[target.id] = float(there[:, [0, -1]].mean())
            # First order alone would say nothing of a yes or no that several inputs decide together.
            rows += _variance_rows(target.id, target.year, there.astype(float), blocks, counted, None, "ST")
            lone = [block for block in blocks if len(block.columns) == 1 and block.name not in GROUPS]
            columns = cube[:, [block.columns[0] for block in lone]]
            yes = np.concatenate([there[:, 0], there[:, -1]])
            rows += _regional_rows(question, target, columns, yes, lone)
        yield rows, grown


def _variance_rows(
    indicator: str, year: float, values: Array, blocks: Sequence[_Block], counted: Array, s1: str | None, st: str
) -> list[dict[str, Any]]:
    first, total = indices.sobol(values, counted)
    rows = [*_rows(indicator, year, blocks, s1, first)] if s1 else []
    rows += _rows(indicator, year, blocks, st, total)
    return rows + _share_rows(indicator, year, first, total, blocks)


def _share_rows(
    indicator: str, year: float, first: Array, total: Array, blocks: Sequence[_Block]
) -> list[dict[str, Any]]:
    places = [number for number, block in enumerate(blocks) if block.name in GROUPS]
    if not places or not np.isfinite(first[0, places]).all():
        return []
    found = indices.shares(first[:, places], total[:, places])
    return [*_rows(indicator, year, [blocks[place] for place in places], "share", found)]


def _regional_rows(
    question: Question, target: Target, inputs: Array, yes: npt.NDArray[np.bool_], named: Sequence[_Block]
) -> list[dict[str, Any]]:
    if yes.all() or not yes.any():
        return []
    counted = indices.weights(len(yes), RESAMPLES["pawn"], question.seed)
    rows = [*_pawn_rows(question, target.id, target.year, inputs, yes.astype(float), named, counted)]
    return [*rows, *_rows(target.id, target.year, named, "RSA", indices.regional(inputs, yes, counted))]


def _morris(
    question: Question, study: Study, path: Path, blocks: Sequence[_Block], reached: dict[str, float]
) -> Iterable[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    del blocks, reached
    moved, steps = _moves(study.design)
    named = [_Block(factor.name, factor.group, (k,)) for k, factor in enumerate(study.factors)]
    counted = indices.weights(question.samples, RESAMPLES["morris"], question.seed)
    for variable in question.outputs:
        outcomes = outcomes_of(study, path, variable)
        rows: list[dict[str, Any]] = []
        grown: list[dict[str, Any]] = []
        for year in outcomes["time"].to_numpy()[1:]:
            effects = indices.elementary_effects(outcomes.sel(time=year).to_numpy(), moved, steps)
            for index, found in zip(("mu_star", "mu", "sigma"), indices.morris(effects, counted), strict=True):
                rows += _rows(variable, year, named, index, found)
        for target in (target for target in question.targets if target.variable == variable):
            effects = indices.elementary_effects(outcomes.sel(time=target.year).to_numpy(), moved, steps)
            top = _top(rows, variable, float(target.year), "mu_star")
            for size in _subsamples(question.samples, 4):
                part = indices.weights(size, RESAMPLES["morris"], question.seed)
                found = indices.morris(effects[:size], part)[0]
                wanted = [row for row in _rows(variable, target.year, named, "mu_star", found) if row["factor"] in top]
                grown += [{**row, "samples": size} for row in wanted]
        yield rows, grown


def _given(
    question: Question, study: Study, path: Path, blocks: Sequence[_Block], reached: dict[str, float]
) -> Iterable[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    assert isinstance(study.design, PickFreeze)
    samples = question.samples
    cube = study.design.independent()
    inputs = np.concatenate([f.input_values(cube[:, k]) for k, f in enumerate(study.factors)], axis=1)
    named = [_Block(item.name, item.group, ()) for factor in study.factors for item in factor.inputs]
    loaded = {variable: outcomes_of(study, path, variable) for variable in question.outputs}
    chosen = _explaining(question, inputs, named, loaded)
    dummy = np.random.default_rng([question.seed, 1]).permutation((np.arange(2 * samples) + 0.5) / (2 * samples))
    inputs = np.column_stack([inputs[:, chosen], dummy])
    named = [*(named[k] for k in chosen), _Block(DUMMY.name, DUMMY.group, ())]
    counted = indices.weights(samples, RESAMPLES["sobol"], question.seed)
    for variable, outcomes in loaded.items():
        rows: list[dict[str, Any]] = []
        grown: list[dict[str, Any]] = []
        targets = [target for target in question.targets if target.variable == variable]
        years = sorted({*YEARS, *(float(target.year) for target in targets)} & set(outcomes["time"].to_numpy()))
        for year in outcomes["time"].to_numpy()[1:]:
            values = outcomes.sel(time=year).to_numpy()
            rows += _share_rows(variable, year, *indices.sobol(values, counted), blocks)
            if year in years:
                rows += _given_rows(question, variable, year, inputs, _sample(values), named)
        for target in targets:
            values = outcomes.sel(time=target.year).to_numpy()
            top = _top(rows, variable, float(target.year), RANKED_BY[question.method])
            places = [k for k, block in enumerate(named) if block.name in (*top, DUMMY.name)]
            for size in _subsamples(samples, 128):
                both = np.r_[0:size, samples : samples + size]
                part = _given_rows(
                    question,
                    variable,
                    target.year,
                    inputs[np.ix_(both, places)],
                    _sample(values)[both],
                    [named[k] for k in places],
                )
                grown += [{**row, "samples": size} for row in part]
            there = is_reached(target.margin(xr.DataArray(values)).to_numpy())
            reached[target.id] = float(there[:, [0, -1]].mean())
            yes = _sample(there)
            rows += _share_rows(target.id, target.year, *indices.sobol(there.astype(float), counted), blocks)
            rows += _regional_rows(question, target, inputs, yes, named)
        yield rows, grown


def _sample(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The outcomes of A and B, which are an ordinary sample."""
    return np.concatenate([values[:, 0], values[:, -1]])


def _given_rows(
    question: Question, indicator: str, year: float, inputs: Array, outcome: Array, named: Sequence[_Block]
) -> list[dict[str, Any]]:
    if not np.ptp(outcome) > 0:
        return []
    if question.method == "pawn":
        counted = indices.weights(len(outcome), RESAMPLES["pawn"], question.seed)
        return [*_pawn_rows(question, indicator, year, inputs, outcome, named, counted)]
    both = indices.delta(inputs, outcome, RESAMPLES["delta"], question.seed)
    chances = indices.delta_by_chance(outcome, question.seed)
    return [
        row
        for name, found, chance in zip(("delta", "S1"), both, chances, strict=True)
        for row in _rows(
            indicator,
            year,
            named,
            name,
            found,
            (np.full(len(named), chance[0]), np.full(len(named), chance[1])),
            indices.DELTA_STAND_INS,
        )
    ]


def _pawn_rows(
    question: Question,
    indicator: str,
    year: float,
    inputs: Array,
    outcome: Array,
    named: Sequence[_Block],
    counted: Array,
) -> Iterable[dict[str, Any]]:
    chance = indices.pawn_by_chance(inputs, outcome, question.seed)
    return _rows(indicator, year, named, "PAWN", indices.pawn(inputs, outcome, counted), chance, indices.SHUFFLES)


def _explaining(
    question: Question, inputs: Array, named: Sequence[_Block], outcomes: dict[str, xr.DataArray]
) -> list[int]:
    """The inputs that explain most of any target's variable in its year, in their own order; structure always stays."""
    if not 0 < question.keep < len(named):
        return list(range(len(named)))
    sizes = [
        indices.explained(inputs, _sample(outcomes[str(target.variable)].sel(time=target.year).to_numpy()))
        for target in question.targets
    ]
    return _largest(sizes, [block.group for block in named], question.keep)
