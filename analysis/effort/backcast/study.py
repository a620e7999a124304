"""Backcast: the least effort with which the levers reach a target with a probability.

Levers are searched with some members of the ensemble (`analysis.effort.search`); the other members, not used in the
search, test the answer. Where no setting reaches the target, the answer is the setting of highest probability, the
levers at their bounds there, and the bottlenecks that bind (`analysis.reach.bottlenecks`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
import xarray as xr

from analysis.effort.levers import RAMP, Measure, Values, effort_by_lever, lever_settings, total_effort
from analysis.effort.plausible import Gate, Outside
from analysis.effort.request import EVALUATIONS, SEED, STARTS, check_request
from analysis.effort.search import drop_levers, least_effort, round_up_shares
from analysis.effort.trials import SearchProblem, Trials, margin_at_probability
from analysis.outcome.bottlenecks import BOTTLENECKS, Bottleneck, calendar, variables_needed
from analysis.outcome.futures import City
from analysis.outcome.shares import Share
from scenarios import Target, is_reached

Verdict = Literal["already", "reachable", "not reachable"]

#: A bottleneck is named if it binds in at least this share of districts and members.
BLOCKING: Final = 0.1
#: Out of reach, a lever is not moved if less than this share of the gain is lost without it.
IDLE: Final = 0.003
#: The three settings of the levers that are run with all members.
CANDIDATES: Final = ("baseline", "answer", "least effort")
BLOCKED_COLUMNS: Final = ("bottleneck", "kind", "binds", "districts", "shortfall_median")


@dataclass(frozen=True)
class Answer:
    """The levers to move, or the setting that comes closest."""

    target: Target
    probability: float
    verdict: Verdict
    measures: tuple[Measure, ...]
    ramp: float
    #: Axes `CANDIDATES`, lever.
    shares: Values
    #: Margins of the target, axes `CANDIDATES`, member; the first `searched` members were used in the search.
    margins: Values
    searched: int
    #: The levers that are moved, most effort first.
    levers: pd.DataFrame
    #: Effect on every modelled target, over the members not used in the search.
    others: pd.DataFrame
    #: `BLOCKED_COLUMNS` in the target's year, where it is not reachable.
    blocked: pd.DataFrame
    #: As from `analysis.effort.trials.SearchProblem.trace`.
    trace: pd.DataFrame
    seed: int
    #: Quantities outside the range sampled and observed; the answer is implausible where there are any.
    outside: tuple[Outside, ...] = ()

    @property
    def effort(self) -> float:
        """The effort of the answer."""
        return float(total_effort(self.measures, self.shares[1:2])[0])

    def reached(self, candidate: int, *, searched: bool) -> Share:
        """Return the probability of one of `CANDIDATES`, with its error, in the members searched with or the others."""
        margins = self.margins[candidate, : self.searched] if searched else self.margins[candidate, self.searched :]
        return Share(int(is_reached(margins).sum()), len(margins))

    def margin_at_probability(self, candidate: int, *, searched: bool = True) -> float:
        """Return the margin of the wanted share of members, in the plan's unit; arguments as for `reached`."""
        part = slice(self.searched) if searched else slice(self.searched, None)
        return float(margin_at_probability(self.margins[candidate, part], self.probability))


def backcast(
    city: City,
    target: Target,
    probability: float,
    measures: Sequence[Measure],
    members: xr.Dataset,
    searched: int,
    *,
    targets: Sequence[Target] = (),
    ramp: float = RAMP,
    starts: int = STARTS,
    evaluations: int = EVALUATIONS,
    seed: int = SEED,
    bottlenecks: Sequence[Bottleneck] = BOTTLENECKS,
    gate: Gate | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Answer:
    """Find the least effort that reaches a target with a probability, or the setting of highest probability.

    Parameters
    ----------
    members
        Parameter sets, dim ``member``: the first `searched` for the search, the others to test the answer.
    searched
        At least 2 and fewer than there are members.
    targets
        Other targets on which the effect is computed.
    starts, evaluations, seed
        Searches, the most trials of each, and the seed of their random starts.
    gate
        The ranges that a plausible answer stays within; None for any.

    Raises
    ------
    EffortError
        If there is no lever, or a number is out of range.
    """
    check_request(probability, measures, members.sizes["member"], searched, ramp, starts, evaluations)
    about = 2 * len(measures) + 1 + starts * evaluations
    sample = members.isel(member=slice(searched))
    trials = Trials(city, measures, sample, [target], ramp)
    trials.progress = lambda _: progress(min(trials.count, about), about)
    problem = SearchProblem(trials, probability)
    answer, cheapest, verdict = _search(problem, starts, evaluations, seed)
    rows = np.array([np.zeros(len(measures)), answer, cheapest])
    rest = members.isel(member=slice(searched, None))
    every = list({each.id: each for each in [target, *targets]}.values())
    unseen = Trials(city, measures, rest, every, ramp).margins(rows)
    seen, outside = Trials(city, measures, sample, [target], ramp).evaluate(rows, gate)
    margins = np.concatenate([seen[:, 0], unseen[:, 0]], axis=1)
    blocked = pd.DataFrame(columns=list(BLOCKED_COLUMNS))
    if verdict == "not reachable" and bottlenecks:
        changed = lever_settings(measures, answer[None], sample, ramp)
        run = city.run(changed, outputs=list(variables_needed(bottlenecks)), final_time=float(target.year))
        blocked = _blocked(run, target.year, bottlenecks)
    levers = _levers(problem, measures, answer, cheapest, ramp)
    progress(about, about)
    return Answer(
        target,
        probability,
        verdict,
        tuple(measures),
        ramp,
        rows,
        margins,
        searched,
        levers,
        _others(every, unseen),
        blocked,
        problem.trace(),
        seed,
        outside[1] if outside else (),
    )


def _search(problem: SearchProblem, starts: int, evaluations: int, seed: int) -> tuple[Values, Values, Verdict]:
    """The answer as it is written to the scenario, the least effort with all levers, and the verdict."""
    cheapest, reachable = least_effort(problem, starts, evaluations, seed)
    if not reachable:
        return _without_idle(problem, cheapest), cheapest, "not reachable"
    if not cheapest.any():
        return cheapest, cheapest, "already"
    return round_up_shares(problem, drop_levers(problem, cheapest, evaluations)), cheapest, "reachable"


def _without_idle(problem: SearchProblem, surest: Values) -> Values:
    """The setting of highest probability without the levers that gain next to nothing there."""
    moved = np.flatnonzero(surest)
    without = np.repeat(surest[None], len(moved), axis=0)
    without[np.arange(len(moved)), moved] = 0.0
    start, here = problem.margins(np.array([surest * 0, surest]), "without one lever")
    lost = here - problem.margins(without, "without one lever")
    few = surest.copy()
    few[moved[lost <= IDLE * (here - start)]] = 0.0
    (left,) = problem.margins(few[None], "without one lever")
    same = problem.probabilities(np.array([few, surest]))
    return few if here - left <= 10 * IDLE * (here - start) and same[0] >= same[1] else surest


def _levers(
    problem: SearchProblem, measures: Sequence[Measure], answer: Values, cheapest: Values, ramp: float
) -> pd.DataFrame:
    moved = np.flatnonzero(answer)
    without = np.repeat(answer[None], len(moved), axis=0)
    without[np.arange(len(moved)), moved] = 0.0
    here = problem.margins(answer[None], "without one lever")[0]
    lost = here - problem.margins(without, "without one lever") if len(moved) else np.zeros(0)
    chosen = [measures[index] for index in moved.tolist()]
    shares = answer[moved]
    table = pd.DataFrame(
        {
            "lever": [measure.name for measure in chosen],
            "unit": [measure.lever.unit for measure in chosen],
            "default": [_text(measure, measure.default) for measure in chosen],
            "value": [_text(measure, measure.value(share)) for measure, share in zip(chosen, shares, strict=True)],
            "share": shares,
            "start": [measure.start for measure in chosen],
            "in_full": [measure.start + ramp for measure in chosen],
            "effort": effort_by_lever(measures, answer[None])[0, moved],
            "at_bound": np.abs(shares) == 1.0,
            "margin_lost_without": lost,
            "share_of_least_effort": cheapest[moved],
        }
    )
    return table.sort_values("effort", ascending=False, ignore_index=True)


def _text(measure: Measure, values: Values) -> str:
    if not measure.elements:
        return f"{float(values):.10g}"
    return "; ".join(f"{name}: {number:.10g}" for name, number in zip(measure.elements, values, strict=True))


def _others(targets: Sequence[Target], margins: Values) -> pd.DataFrame:
    rows = []
    for index, target in enumerate(targets):
        before, after = (Share(int(is_reached(margins[k, index]).sum()), margins.shape[-1]).columns() for k in (0, 1))
        rows.append(
            {
                "target": target.id,
                "year": target.year,
                "unit": target.unit,
                "before": before["probability"],
                "before_se": before["probability_se"],
                "after": after["probability"],
                "after_se": after["probability_se"],
                "margin_change": float(np.median(margins[1, index]) - np.median(margins[0, index])),
            }
        )
    return pd.DataFrame(rows)


def _blocked(run: xr.Dataset, year: int, bottlenecks: Sequence[Bottleneck]) -> pd.DataFrame:
    """The bottlenecks that bind in a year, most widespread first."""
    table = calendar(run, bottlenecks)
    now = table[table["year"] == year]
    rows = [
        {
            "bottleneck": bottleneck.id,
            "kind": bottleneck.kind,
            "binds": float(group["probability"].mean()),
            "districts": int((group["probability"] >= 0.5).sum()),
            "shortfall_median": float(group["shortfall_median"].mean()),
        }
        for bottleneck in bottlenecks
        for group in [now[now["bottleneck"] == bottleneck.id]]
    ]
    blocked = pd.DataFrame(rows, columns=list(BLOCKED_COLUMNS))
    return blocked.sort_values("binds", ascending=False, ignore_index=True)
