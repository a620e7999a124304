"""On which unknowns, policies and forms of the model an indicator rests: studies by Sobol', Morris, PAWN and delta.

Factors come as data (`scenarios.factors`): names, groups and quantile functions. Sobol' and Morris need them
independent; PAWN, delta and first order from given data do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from analysis.sensitivity import estimates, runs
from analysis.sensitivity.design import Design, PickFreeze, Trajectories
from analysis.sensitivity.estimates import COLUMNS, TOP, Block
from analysis.sensitivity.request import USUAL_FACTORS, Method
from analysis.sensitivity.runs import Study
from scenarios import Scenario, Target
from scenarios.factors import GROUPS, Factor, Input

Progress = Callable[[str, int, int], None]

#: Walks that tell which inputs are taken one by one.
SCREENING_WALKS: Final = 10
#: The index by which inputs are ranked.
RANKED_BY: Final = {name: method.index for name, method in estimates.METHODS.items()}
DUMMY: Final = estimates.DUMMY
#: How the name of what is left of a group begins.
OTHERS: Final = "REST OF "
#: Columns of the table by sample size.
GROWTH_COLUMNS: Final = (*COLUMNS[:5], "samples", *COLUMNS[5:8])


@dataclass(frozen=True)
class Question:
    """What is asked."""

    #: "sobol", "morris", "pawn" or "delta".
    method: Method
    #: Base samples of Sobol', PAWN and delta; walks of Morris.
    samples: int
    #: Of every random number.
    seed: int
    #: "priors" or "posterior": where parameters come from.
    inputs: str
    #: Which of `scenarios.factors.GROUPS`.
    vary: tuple[str, ...]
    #: Modelled targets: their variables over the years, and whether they are reached in time.
    targets: tuple[Target, ...]
    #: How many inputs are taken one by one where each costs runs or time; 0 for all.
    inputs_one_by_one: int = USUAL_FACTORS

    @property
    def outputs(self) -> tuple[str, ...]:
        """The variables of the targets."""
        return tuple(dict.fromkeys(str(target.variable) for target in self.targets))


@dataclass(frozen=True)
class Findings:
    """The results of a study."""

    #: What was asked.
    question: Question
    #: `COLUMNS`; ``indicator`` is a variable, or a target's id where yes or no is meant. Rows of a whole group carry
    #: its name as ``factor``, and ``share`` is its share of the variance. ``above_chance`` says whether an index is
    #: larger than chance makes that of an input without influence (`analysis.sensitivity.indices.beyond_chance`).
    table: pd.DataFrame
    #: The same over growing sub-samples, for the inputs that lead, with the column ``samples``.
    convergence: pd.DataFrame
    #: Every input and group that the table names.
    inputs: dict[str, Input]
    #: Share of points that reach each target, by id.
    share_reached: dict[str, float]
    #: Runs behind the indices, and of the screening before.
    runs: int
    screening_runs: int = 0
    #: Number of inputs behind each rest of a group, by its name.
    others: dict[str, int] = field(default_factory=dict)


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
    question, factors, fixed
        What is asked, what is varied, and the changes that all runs share, such as those of a scenario.
    stem
        Stores are made beside this path: ``STEM.zarr``, and ``STEM_screening.zarr`` where inputs are screened.
    resume, cluster
        As for `analysis.sensitivity.runs.run_study`.
    """
    count = len(factors)
    single, screening_runs = list(range(count)), 0
    if question.method == "sobol" and 0 < question.inputs_one_by_one < count:
        screening = Study(tuple(factors), Trajectories(count, SCREENING_WALKS, question.seed), fixed, question.outputs)
        path = _run(screening, stem.with_name(f"{stem.name}_screening"), resume, cluster, progress)
        single, screening_runs = estimates.screened(question, screening, path), screening.design.runs
    groups = _groups(factors)
    blocks: list[Block] = []
    design: Design
    if question.method == "morris":
        design = Trajectories(count, question.samples, question.seed)
    else:
        if question.method == "sobol":
            blocks = [Block(factors[k].name, factors[k].group, (k,)) for k in single] + _rest(groups, single)
        blocks += groups if len(groups) > 1 else []
        design = PickFreeze(count, tuple(block.columns for block in blocks), question.samples, question.seed)
    study = Study(tuple(factors), design, fixed, question.outputs)
    path = _run(study, stem, resume, cluster, progress)
    results = estimates.estimate(
        question, study, path, blocks, lambda done, of: progress("Working out indices", done, of)
    )
    table = pd.DataFrame(results.table, columns=list(COLUMNS))
    named = {block.name: Input(block.name, block.group, block.name) for block in [*groups, *blocks]}
    named |= {item.name: item for factor in factors for item in factor.inputs} | {DUMMY.name: DUMMY}
    return Findings(
        question=question,
        table=table,
        convergence=pd.DataFrame(results.convergence, columns=list(GROWTH_COLUMNS)),
        inputs={name: named[name] for name in table["factor"].unique()},
        share_reached=results.share_reached,
        runs=design.runs,
        screening_runs=screening_runs,
        others={block.name: len(block.columns) for block in blocks if block.name.startswith(OTHERS)},
    )


def stores(stem: Path) -> list[Path]:
    """Return where the runs of a study and of its screening are kept."""
    return [stem.with_name(f"{stem.name}.zarr"), stem.with_name(f"{stem.name}_screening.zarr")]


def leading(findings: Findings, indicator: str, year: float, count: int = TOP) -> pd.DataFrame:
    """Return the rows of the inputs that lead, by the method's own index, largest first; whole groups left out."""
    return single_inputs(findings, indicator, year, RANKED_BY[findings.question.method]).head(count)


def drivers(findings: Findings, indicator: str, year: float, index: str, count: int = TOP) -> pd.DataFrame:
    """Return the rows of inputs whose index chance does not explain, largest first; only these may be named."""
    rows = single_inputs(findings, indicator, year, index)
    return rows[rows["above_chance"].astype(bool)].head(count)


def select(findings: Findings, indicator: str, year: float, index: str) -> pd.DataFrame:
    """Return the rows of an index in a year."""
    table = findings.table
    return table[(table["indicator"] == indicator) & (table["year"] == year) & (table["index"] == index)]


def single_inputs(findings: Findings, indicator: str, year: float, index: str) -> pd.DataFrame:
    """Return the rows of an index, one for each input, largest first; whole groups and the dummy left out."""
    rows = select(findings, indicator, year, index)
    rows = rows[~rows["factor"].isin([*GROUPS, DUMMY.name]) & ~rows["factor"].str.startswith(OTHERS)]
    return rows.sort_values("value", ascending=False, kind="stable")


def _run(study: Study, stem: Path, resume: bool, cluster: str | None, progress: Progress) -> Path:
    task = "Screening" if stem.name.endswith("_screening") else "Running points"
    return runs.run_study(
        study, stores(stem)[0], resume=resume, cluster=cluster, progress=lambda done, of: progress(task, done, of)
    )


def _groups(factors: Sequence[Factor]) -> list[Block]:
    """The groups that are varied, each with its columns."""
    columns = {group: tuple(k for k, factor in enumerate(factors) if factor.group == group) for group in GROUPS}
    return [Block(group, group, own, single=False) for group, own in columns.items() if own]


def _rest(groups: Sequence[Block], single: Sequence[int]) -> list[Block]:
    """What is left of each group when some inputs are taken one by one."""
    left = {group: tuple(sorted(set(group.columns) - set(single))) for group in groups}
    return [
        Block(f"{OTHERS}{group.name.upper()}", group.group, columns, single=False)
        for group, columns in left.items()
        if columns
    ]
