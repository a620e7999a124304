"""Margins by which candidate lever settings reach targets in every ensemble member, run in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.effort.levers import RAMP, Measure, Values, lever_settings, total_effort
from analysis.effort.plausible import Gate, Outside
from analysis.outcome.futures import City
from scenarios import ROUNDING, Target, is_reached

#: Runs in one call of the engine: enough to keep every processor busy, few enough to hold in memory.
BATCH: Final = 2800
#: Digits of a share that is run; finer than what is written down.
PRECISION: Final = 6
TRACE_COLUMNS: Final = ("search", "start", "trial", "effort", "margin", "probability", "best_effort", "best_margin")


@dataclass
class Trials:
    """Candidates for the levers run with one and the same set of members, so that differences are the levers'."""

    city: City
    measures: Sequence[Measure]
    members: xr.Dataset
    targets: Sequence[Target]
    ramp: float = RAMP
    #: Called with the number of candidates after each batch.
    progress: Callable[[int], None] = lambda _: None
    #: Candidates run so far.
    count: int = field(default=0, init=False)

    def margins(self, shares: Values) -> Values:
        """Return margins in the plan's unit, 0 or more where a target is reached; axes candidate, target, member."""
        return self.evaluate(shares)[0]

    def evaluate(self, shares: Values, gate: Gate | None = None) -> tuple[Values, list[tuple[Outside, ...]]]:
        """Return the margins of candidates, and what is implausible about each; nothing without a gate."""
        outputs = list(dict.fromkeys(str(target.variable) for target in self.targets))
        outputs += [name for name in (gate.variables if gate else ()) if name not in outputs]
        last = float(max(target.year for target in self.targets))
        members = self.members.sizes["member"]
        step = max(1, BATCH // members)
        margins, outside = [], list[tuple[Outside, ...]]()
        for first in range(0, len(shares), step):
            part = shares[first : first + step]
            run = self.city.run(
                lever_settings(self.measures, part, self.members, self.ramp), outputs=outputs, final_time=last
            )
            columns = [
                target.margin(run[target.variable].sel(time=target.year)).to_numpy().reshape(len(part), members)
                for target in self.targets
            ]
            margins.append(np.stack(columns, axis=1))
            outside += gate.outside(run, len(part)) if gate else ()
            self.count += len(part)
            self.progress(len(part))
        return np.concatenate(margins), outside


def members_needed(probability: float, members: int) -> int:
    """Return how many of the members have to reach a target for at least a probability."""
    return max(1, int(np.ceil(probability * members - ROUNDING)))


def margin_at_probability(margins: Values, probability: float) -> Values:
    """Return the margin that at least a share of members has; along the last axis.

    It is not negative exactly where the target is reached with that probability, and unlike the probability itself it
    says how far a candidate is from that.

    Examples
    --------
    >>> float(margin_at_probability(np.array([-1.0, 0.5, 1.0, 2.0]), 0.75))
    0.5
    """
    members = margins.shape[-1]
    rank = members - members_needed(probability, members)
    return np.asarray(np.partition(margins, rank, axis=-1)[..., rank])


def round_shares(shares: Values) -> Values:
    """Return shares as precisely as they are run.

    Examples
    --------
    >>> round_shares(np.array([0.12345678]))
    array([0.123457])
    """
    return np.asarray(np.round(shares, PRECISION) + 0.0)


@dataclass
class SearchProblem:
    """One target with one probability; the result of every candidate is kept, so that none is run twice."""

    trials: Trials
    probability: float
    #: Margins by member of each candidate run; problems that differ only in the probability may share them.
    known: dict[bytes, Values] = field(default_factory=dict)
    #: Rows of `TRACE_COLUMNS` but the last two.
    log: list[tuple[str, int, int, float, float, float]] = field(default_factory=list, init=False)
    _tried: set[bytes] = field(default_factory=set, init=False)
    _best: tuple[float, float, Values] | None = field(default=None, init=False)

    @property
    def measures(self) -> Sequence[Measure]:
        """The levers."""
        return self.trials.measures

    def margins(self, shares: Values, search: str = "", start: int = 0) -> Values:
        """Return the margin that a share of members as large as the probability has, by candidate."""
        rows = {row.tobytes(): row for row in round_shares(shares)}
        new = [key for key in rows if key not in self.known]
        if new:
            margins = self.trials.margins(np.array([rows[key] for key in new]))[:, 0]
            self.known.update(zip(new, margins, strict=True))
        for key in [key for key in rows if key not in self._tried]:
            self._note(rows[key], search, start)
            self._tried.add(key)
        return np.array([self._margin(row) for row in round_shares(shares)])

    def probabilities(self, shares: Values) -> Values:
        """Return the share of members that reach the target, by candidate."""
        self.margins(shares)
        return np.array([is_reached(self.known[row.tobytes()]).mean() for row in round_shares(shares)])

    def _margin(self, row: Values) -> float:
        margin = float(margin_at_probability(self.known[row.tobytes()], self.probability))
        return 0.0 if abs(margin) <= ROUNDING else margin

    def _note(self, row: Values, search: str, start: int) -> None:
        margin, reached = self._margin(row), float(is_reached(self.known[row.tobytes()]).mean())
        trial = 1 + sum(entry[0] == search and entry[1] == start for entry in self.log)
        spent = float(total_effort(self.measures, row[None])[0])
        self.log.append((search, start, trial, spent, margin, reached))
        if self._best is None or (reached, margin) > self._best[:2]:
            self._best = (reached, margin, row)

    @property
    def surest(self) -> Values:
        """The candidate with the highest probability so far, and among equals the largest margin."""
        assert self._best is not None
        return self._best[2]

    def trace(self) -> pd.DataFrame:
        """Return `TRACE_COLUMNS`: every trial, and the best of its search from that start until then."""
        table = pd.DataFrame(self.log, columns=list(TRACE_COLUMNS[:-2]))
        groups = table.groupby(["search", "start"], sort=False)
        enough = table["effort"].where(is_reached(table["margin"].to_numpy()))
        table["best_effort"] = enough.groupby([table["search"], table["start"]], sort=False).cummin()
        table["best_effort"] = groups["best_effort"].ffill() if len(table) else table["best_effort"]
        table["best_margin"] = groups["margin"].cummax()
        return table
