"""The indices of a study as rows of its table: by variance (Sobol'), by elementary effects (Morris), from given data.

Each method says what it estimates for a variable in a year, from part of the samples, and for a target that is reached
or not; `estimate` asks it for every variable, year and target.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from analysis.sensitivity import indices, runs
from analysis.sensitivity.design import Array, PickFreeze, Trajectories
from scenarios import Target, is_reached
from scenarios.factors import GROUPS, Group, Input

if TYPE_CHECKING:
    from analysis.sensitivity.study import Question

COLUMNS: Final = ("indicator", "year", "factor", "group", "index", "value", "low", "high", "above_chance")
#: An input without influence, beside which the indices from given data are read: sampling makes none of them zero.
DUMMY: Final = Input("NO INFLUENCE", "parameters", "NO INFLUENCE")
#: Resamples of methods that take longer.
RESAMPLES: Final = {"sobol": indices.RESAMPLES, "morris": indices.RESAMPLES, "pawn": 100, "delta": 30}
#: Years of the methods that take longer, beside those of the targets.
YEARS: Final = (2025.0, 2030.0, 2035.0)
#: Leading inputs whose indices are worked out from part of the samples too.
TOP: Final = 5

Row = dict[str, Any]
Answers = npt.NDArray[np.bool_]
#: A variable, or the id of a target, and a year.
At = tuple[str, float]


@dataclass(frozen=True)
class Block:
    """Columns of the design that are analysed as one: a single input, a whole group, or the rest of a group."""

    name: str
    group: Group
    columns: tuple[int, ...] = ()
    single: bool = True


@dataclass(frozen=True)
class Estimates:
    """Rows of the tables of a study, and the share of points that reach each target, by id."""

    table: list[Row] = field(default_factory=list)
    convergence: list[Row] = field(default_factory=list)
    share_reached: dict[str, float] = field(default_factory=dict)


def estimate(
    question: Question,
    study: runs.Study,
    path: Path,
    blocks: Sequence[Block],
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Estimates:
    """Work out every index of a finished study; blocks are what the design takes together, in its order."""
    estimates = Estimates()
    method = METHODS[question.method](question, study, path, blocks)
    for number, variable in enumerate(question.outputs, 1):
        outcomes = runs.outcomes_of(study, path, variable)
        rows: list[Row] = []
        for year in outcomes["time"].to_numpy()[1:]:
            rows += method.rows((variable, year), outcomes.sel(time=year).to_numpy())
        for target in question.targets:
            if target.variable != variable:
                continue
            values = outcomes.sel(time=target.year).to_numpy()
            leading = method.leading(rows, (variable, target.year))
            for size in _halvings(question.samples, method.smallest):
                part = method.subsample_rows((variable, target.year), values, size, leading)
                estimates.convergence.extend({**row, "samples": size} for row in part)
            if method.judges_targets:
                reached = is_reached(target.margin(xr.DataArray(values)).to_numpy())
                estimates.share_reached[target.id] = float(reached[:, [0, -1]].mean())
                rows += method.target_rows((target.id, target.year), reached)
        estimates.table.extend(rows)
        progress(number, len(question.outputs))
    return estimates


class Method(ABC):
    """A way to estimate sensitivity indices from the runs of a study."""

    #: The index by which inputs are ranked.
    index: ClassVar[str]
    #: The smallest part of the samples from which indices are shown.
    smallest: ClassVar[int]
    judges_targets: ClassVar[bool] = True

    def __init__(self, question: Question, study: runs.Study, path: Path, blocks: Sequence[Block]) -> None:
        self.question, self.study, self.path = question, study, path
        self.blocks = tuple(blocks)
        #: What is ranked; the same, unless inputs are not what the design takes one by one.
        self.inputs = self.blocks

    @abstractmethod
    def rows(self, at: At, values: Array) -> list[Row]:
        """Return the indices of a variable in a year, from its values by sample and matrix."""

    @abstractmethod
    def subsample_rows(self, at: At, values: Array, size: int, leading: Sequence[str]) -> list[Row]:
        """Return the indices of the leading inputs from the first samples."""

    def target_rows(self, at: At, reached: Answers) -> list[Row]:
        """Return the indices of whether a target is reached in time."""
        raise NotImplementedError

    def weights(self, samples: int, resamples: int) -> Array:
        """Return bootstrap weights."""
        return indices.weights(samples, resamples, self.question.seed)

    def leading(self, rows: Sequence[Row], at: At) -> list[str]:
        """Return the names of the single inputs of the largest indices."""
        single = {block.name for block in self.inputs if block.single}
        own = [row for row in rows if (row["indicator"], row["year"], row["index"]) == (*at, self.index)]
        own = [row for row in own if row["factor"] in single]
        return [row["factor"] for row in sorted(own, key=lambda row: -row["value"])[:TOP]]

    def variance_rows(self, at: At, values: Array, weights: Array) -> list[Row]:
        """Return first and total order of every block, and the shares of the groups."""
        first, total = indices.sobol(values, weights)
        rows = [*index_rows(at, self.blocks, "S1", first)]
        rows += index_rows(at, self.blocks, "ST", total)
        return rows + self.share_rows(at, first, total)

    def share_rows(self, at: At, first: Array, total: Array) -> list[Row]:
        """Return the share of variance of each group."""
        groups = [number for number, block in enumerate(self.blocks) if block.name in GROUPS]
        if not groups or not np.isfinite(first[0, groups]).all():
            return []
        shares = indices.shares(first[:, groups], total[:, groups])
        return index_rows(at, [self.blocks[number] for number in groups], "share", shares)

    def regional_rows(self, at: At, inputs: Array, reached: Answers, blocks: Sequence[Block]) -> list[Row]:
        """Return PAWN and regional distances of single inputs between points that reach a target and the others."""
        if reached.all() or not reached.any():
            return []
        weights = self.weights(len(reached), RESAMPLES["pawn"])
        rows = self.pawn_rows(at, inputs, reached.astype(float), blocks, weights)
        distances = indices.regional(inputs, reached, weights)
        return [*rows, *index_rows(at, blocks, "RSA", distances)]

    def pawn_rows(self, at: At, inputs: Array, outcome: Array, blocks: Sequence[Block], weights: Array) -> list[Row]:
        """Return PAWN distances beside those of inputs without influence."""
        level = indices.pawn_by_chance(inputs, outcome, self.question.seed)
        return index_rows(at, blocks, "PAWN", indices.pawn(inputs, outcome, weights), level)


class Sobol(Method):
    """First and total order and shares of variance from a pick-freeze design."""

    index = "ST"
    smallest = 32

    def __init__(self, question: Question, study: runs.Study, path: Path, blocks: Sequence[Block]) -> None:
        super().__init__(question, study, path, blocks)
        assert isinstance(study.design, PickFreeze)
        self.cube = study.design.independent()
        self.counted = self.weights(question.samples, RESAMPLES["sobol"])

    def rows(self, at: At, values: Array) -> list[Row]:
        """Return the indices of a variable in a year."""
        return self.variance_rows(at, values, self.counted)

    def subsample_rows(self, at: At, values: Array, size: int, leading: Sequence[str]) -> list[Row]:
        """Return first and total order of the leading inputs."""
        weights = self.weights(size, RESAMPLES["sobol"] // 2)
        rows = self.variance_rows(at, values[:size], weights)
        return [row for row in rows if row["factor"] in leading]

    def target_rows(self, at: At, reached: Answers) -> list[Row]:
        """Return the indices of whether a target is reached in time."""
        # First order alone would say nothing of a yes or no that several inputs decide together.
        rows = self.variance_rows(at, reached.astype(float), self.counted)
        rows = [row for row in rows if row["index"] != "S1"]
        alone = [block for block in self.blocks if len(block.columns) == 1 and block.name not in GROUPS]
        inputs = self.cube[:, [block.columns[0] for block in alone]]
        return [*rows, *self.regional_rows(at, inputs, _both_samples(reached), alone)]


class Morris(Method):
    """Mean and spread of elementary effects along trajectories."""

    index = "mu_star"
    smallest = 4
    judges_targets = False

    def __init__(self, question: Question, study: runs.Study, path: Path, blocks: Sequence[Block]) -> None:
        super().__init__(question, study, path, blocks)
        assert isinstance(study.design, Trajectories)
        self.inputs = tuple(Block(factor.name, factor.group) for factor in study.factors)
        self.moved, self.steps = study.design.all_moves()
        self.counted = self.weights(question.samples, RESAMPLES["morris"])

    def rows(self, at: At, values: Array) -> list[Row]:
        """Return the indices of a variable in a year."""
        effects = indices.elementary_effects(values, self.moved, self.steps)
        by_index = zip(("mu_star", "mu", "sigma"), indices.morris(effects, self.counted), strict=True)
        return [row for index, values in by_index for row in index_rows(at, self.inputs, index, values)]

    def subsample_rows(self, at: At, values: Array, size: int, leading: Sequence[str]) -> list[Row]:
        """Return the mean absolute effect of the leading inputs along the first trajectories."""
        effects = indices.elementary_effects(values, self.moved, self.steps)[:size]
        star = indices.morris(effects, self.weights(size, RESAMPLES["morris"]))[0]
        rows = index_rows(at, self.inputs, self.index, star)
        return [row for row in rows if row["factor"] in leading]


class GivenData(Method):
    """PAWN or delta from any sample, dependent inputs included, and the shares of independent groups."""

    index = "PAWN"
    smallest = 128

    def __init__(self, question: Question, study: runs.Study, path: Path, blocks: Sequence[Block]) -> None:
        super().__init__(question, study, path, blocks)
        assert isinstance(study.design, PickFreeze)
        samples, cube = question.samples, study.design.independent()
        values = np.concatenate([f.input_values(cube[:, k]) for k, f in enumerate(study.factors)], axis=1)
        named = [Block(item.name, item.group) for factor in study.factors for item in factor.inputs]
        chosen = self._explaining(values, named)
        dummy = np.random.default_rng([question.seed, 1]).permutation((np.arange(2 * samples) + 0.5) / (2 * samples))
        self.values = np.column_stack([values[:, chosen], dummy])
        self.inputs = (*(named[k] for k in chosen), Block(DUMMY.name, DUMMY.group, single=False))
        self.counted = self.weights(samples, RESAMPLES["sobol"])

    def _explaining(self, values: Array, named: Sequence[Block]) -> list[int]:
        """The inputs that explain most of any target's variable in its year; structure always stays."""
        if not 0 < self.question.inputs_one_by_one < len(named):
            return list(range(len(named)))
        sizes = [
            indices.explained(values, _both_samples(_target_values(self.study, self.path, target)))
            for target in self.question.targets
        ]
        return largest(sizes, [block.group for block in named], self.question.inputs_one_by_one)

    def rows(self, at: At, values: Array) -> list[Row]:
        """Return the indices of a variable in a year."""
        rows = self.share_rows(at, *indices.sobol(values, self.counted))
        targets = {float(target.year) for target in self.question.targets if target.variable == at[0]}
        if at[1] in {*YEARS, *targets}:
            rows += self.input_rows(at, self.values, _both_samples(values), self.inputs)
        return rows

    def subsample_rows(self, at: At, values: Array, size: int, leading: Sequence[str]) -> list[Row]:
        """Return the distances of the leading inputs, and of one without influence."""
        chosen = [k for k, block in enumerate(self.inputs) if block.name in (*leading, DUMMY.name)]
        both = np.r_[0:size, self.question.samples : self.question.samples + size]
        inputs, outcome = self.values[np.ix_(both, chosen)], _both_samples(values)[both]
        return self.input_rows(at, inputs, outcome, [self.inputs[k] for k in chosen])

    def target_rows(self, at: At, reached: Answers) -> list[Row]:
        """Return the indices of whether a target is reached in time."""
        first, total = indices.sobol(reached.astype(float), self.counted)
        rows = self.share_rows(at, first, total)
        return rows + self.regional_rows(at, self.values, _both_samples(reached), self.inputs)

    def input_rows(self, at: At, inputs: Array, outcome: Array, blocks: Sequence[Block]) -> list[Row]:
        """Return the indices of single inputs; none where the outcome does not vary."""
        if not np.ptp(outcome) > 0:
            return []
        return self.pawn_rows(at, inputs, outcome, blocks, self.weights(len(outcome), RESAMPLES["pawn"]))


class Delta(GivenData):
    """Delta and first order from any sample."""

    index = "delta"

    def input_rows(self, at: At, inputs: Array, outcome: Array, blocks: Sequence[Block]) -> list[Row]:
        """Return the indices of single inputs; none where the outcome does not vary."""
        if not np.ptp(outcome) > 0:
            return []
        estimates = indices.delta(inputs, outcome, RESAMPLES["delta"], self.question.seed)
        levels = indices.delta_by_chance(outcome, self.question.seed)
        return [
            row
            for index, values, level in zip(("delta", "S1"), estimates, levels, strict=True)
            for row in index_rows(at, blocks, index, values, level)
        ]


METHODS: Final[dict[str, type[Method]]] = {"sobol": Sobol, "morris": Morris, "pawn": GivenData, "delta": Delta}


def index_rows(
    at: At,
    blocks: Sequence[Block],
    index: str,
    resampled: Array,
    level: indices.ChanceLevel | None = None,
) -> list[Row]:
    """Return a row of `COLUMNS` for each block whose index is a number; estimates have the dims ``resample, block``."""
    value, low, high = indices.interval(resampled)
    above = indices.beyond_chance(value, low, level)
    return [
        dict(
            zip(
                COLUMNS,
                (at[0], float(at[1]), block.name, block.group, index, *map(float, numbers), bool(exceeds)),
                strict=True,
            )
        )
        for block, *numbers, exceeds in zip(blocks, value, low, high, above, strict=True)
        if np.isfinite(numbers[0])
    ]


def screened(question: Question, study: runs.Study, path: Path) -> list[int]:
    """Return the factors of the largest elementary effects on any target in its year, in their own order."""
    assert isinstance(study.design, Trajectories)
    moved, steps = study.design.all_moves()
    sizes = [
        np.abs(indices.elementary_effects(_target_values(study, path, target), moved, steps)).mean(axis=0)
        for target in question.targets
    ]
    return largest(sizes, [factor.group for factor in study.factors], question.inputs_one_by_one)


def largest(sizes: Sequence[Array], groups: Sequence[str], count: int) -> list[int]:
    """Return structure, then the first of every target, the second of every target and so on, in the inputs' order."""
    ranks = np.min([np.argsort(np.argsort(-size, kind="stable"), kind="stable") for size in sizes], axis=0)
    part = np.max([size / size.sum() if size.sum() > 0 else size for size in sizes], axis=0)
    ranks = np.where([group == "structure" for group in groups], -1, ranks)
    return sorted(np.lexsort((-part, ranks))[:count].tolist())


def _target_values(study: runs.Study, path: Path, target: Target) -> Array:
    return runs.outcomes_of(study, path, str(target.variable)).sel(time=target.year).to_numpy()


def _halvings(samples: int, smallest: int) -> list[int]:
    """The number of samples and its halves, smallest first."""
    sizes = [samples]
    while sizes[-1] // 2 >= smallest:
        sizes.append(sizes[-1] // 2)
    return sizes[::-1]


def _both_samples(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The outcomes of A and B, which together are an ordinary sample."""
    return np.concatenate([values[:, 0], values[:, -1]])
