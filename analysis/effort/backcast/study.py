"""The question put backwards: what is the least that has to be done for a target to be reached surely enough.

The levers are searched with some members of the ensemble (`least_effort`); the answer is then judged by the
others, which it has not seen. Where no setting of the levers is enough, the answer is the surest one found, the levers
that stand at their bounds there, and what binds (`analysis.reach.bottlenecks`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
import xarray as xr

from analysis.effort.levers import RAMP, EffortError, Measure, Values, effort, parts, settings
from analysis.effort.plausible import Gate, Outside
from analysis.effort.search import bearing, fewest, furthest, least, rounded
from analysis.effort.trials import City, Question, Trials, assured
from analysis.reach.bottlenecks import BOTTLENECKS, Bottleneck, calendar, variables_needed
from analysis.reach.probability import share
from scenarios import Target, is_reached

Verdict = Literal["already", "reachable", "not reachable"]

#: Searches from different starts, the most trials of each, and the seed of the random starts.
STARTS, EVALUATIONS, SEED = 3, 120, 2020
#: A bottleneck is named if it binds in at least this share of districts and members.
BLOCKING: Final = 0.1
#: Out of reach, a lever without which less than this share of the gain is lost is not asked to move.
IDLE: Final = 0.003
#: The three settings of the levers that are judged.
CANDIDATES: Final = ("baseline", "answer", "least effort")
LEVER_COLUMNS: Final = (
    "lever",
    "unit",
    "default",
    "value",
    "share",
    "start",
    "in_full",
    "effort",
    "at_bound",
    "margin_lost_without",
    "share_of_least_effort",
)
OTHER_COLUMNS: Final = ("target", "year", "unit", "before", "before_se", "after", "after_se", "margin_change")
BLOCKED_COLUMNS: Final = ("bottleneck", "kind", "binds", "districts", "shortfall_median")


@dataclass(frozen=True)
class Answer:
    """What has to be done, or how far one gets."""

    target: Target
    probability: float
    verdict: Verdict
    measures: tuple[Measure, ...]
    ramp: float
    #: Axes `CANDIDATES`, lever.
    shares: Values
    #: Margins of the target, axes `CANDIDATES`, member; the first so many members were searched with.
    margins: Values
    searched: int
    #: `LEVER_COLUMNS`, the levers that are moved, most effort first.
    levers: pd.DataFrame
    #: `OTHER_COLUMNS`: what the answer does to every modelled target, over the members not searched with.
    others: pd.DataFrame
    #: `BLOCKED_COLUMNS` in the target's year, where it is not reachable.
    blocked: pd.DataFrame
    #: As from `analysis.effort.trials.Question.trace`.
    trace: pd.DataFrame
    seed: int
    #: What lies outside the range sampled and observed; where anything does, it is not given as an answer.
    outside: tuple[Outside, ...] = ()

    @property
    def effort(self) -> float:
        """The effort of the answer."""
        return float(effort(self.measures, self.shares[1:2])[0])

    def reached(self, candidate: int, *, searched: bool) -> dict[str, float]:
        """Return the probability of one of `CANDIDATES` with its error, over the members searched with or the others.
        """
        part = slice(None, self.searched) if searched else slice(self.searched, None)
        margins = self.margins[candidate, part]
        return share(int(is_reached(margins).sum()), len(margins))


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
    """Find the least effort with which a target is reached with a probability, or the surest way there is.

    Parameters
    ----------
    city
        The model.
    target
        A modelled target.
    probability
        Above 0 and up to 1; 1 asks for all members.
    measures
        The levers that may be moved, as from `analysis.effort.levers.chosen`.
    members
        Parameter sets, dim ``member``: the first `searched` for the search, the others to judge the answer by.
    searched
        At least 2 and fewer than there are.
    targets
        Targets that the answer is to be held against besides.
    ramp
        Years from a lever's start until it works in full; an assumption.
    starts, evaluations, seed
        Searches, the most trials of each, and the seed of their random starts.
    bottlenecks
        What may bind.
    gate
        The ranges that an answer has to stay within; None for no matter which.
    progress
        Called with the trials made and about how many there will be.

    Raises
    ------
    EffortError
        If there is no lever, or a number cannot be used.
    """
    check_request(probability, measures, members.sizes["member"], searched, ramp, starts, evaluations)
    about = 2 * len(measures) + 1 + starts * evaluations
    sample = members.isel(member=slice(searched))
    trials = Trials(city, measures, sample, [target], ramp)
    trials.progress = lambda _: progress(min(trials.count, about), about)
    question = Question(trials, probability)
    answer, cheapest, verdict = _search(question, starts, evaluations, seed)
    rows = np.array([np.zeros(len(measures)), answer, cheapest])
    rest = members.isel(member=slice(searched, None))
    every = list({each.id: each for each in [target, *targets]}.values())
    judged = Trials(city, measures, rest, every, ramp).margins(rows)
    seen, outside = Trials(city, measures, sample, [target], ramp).judged(rows, gate)
    margins = np.concatenate([seen[:, 0], judged[:, 0]], axis=1)
    blocked = pd.DataFrame(columns=list(BLOCKED_COLUMNS))
    if verdict == "not reachable" and bottlenecks:
        changed = settings(measures, answer[None], sample, ramp)
        run = city.run(changed, outputs=list(variables_needed(bottlenecks)), final_time=float(target.year))
        blocked = _blocked(run, target.year, bottlenecks)
    levers = _levers(question, measures, answer, cheapest, ramp)
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
        _others(every, judged),
        blocked,
        question.trace(),
        seed,
        outside[1] if outside else (),
    )


def check_request(
    probability: float,
    measures: Sequence[Measure],
    members: int,
    searched: int,
    ramp: float,
    starts: int,
    evaluations: int,
) -> None:
    """Refuse what cannot be searched for, with every reason; arguments as for `backcast`."""
    problems = []
    if not 0 < probability <= 1:
        problems.append(f"A probability lies above 0 and up to 1, not at {probability:g}.")
    if not measures:
        problems.append("There is no lever to move.")
    if not 2 <= searched < members:
        problems.append(
            f"{searched} members cannot be searched with: the ensemble holds {members}, and some of them are to judge "
            f"the answer. Take 2 to {members - 1}."
        )
    if not 0 < ramp < np.inf:
        problems.append(f"A lever takes more than 0 years until it works in full, not {ramp:g}.")
    # COBYQA builds its first model from twice as many trials as there are levers.
    least_trials = 2 * len(measures) + 3
    if starts < 1 or evaluations < least_trials:
        problems.append(f"At least 1 search of {least_trials} trials is needed for {len(measures)} levers.")
    if problems:
        raise EffortError("\n".join(problems))


def _search(question: Question, starts: int, evaluations: int, seed: int) -> tuple[Values, Values, Verdict]:
    """The answer as it is written down, the least effort with all levers, and the verdict."""
    alone = np.zeros(len(question.measures))
    if question.margins(alone[None], "one by one")[0] >= 0:
        return alone, alone, "already"
    first = bearing(question)
    corner = furthest(question, first, starts, evaluations, seed)
    if question.margins(corner[None])[0] < 0:
        surest = question.surest
        return _without_idle(question, surest), surest, "not reachable"
    cheapest = least(question, first, corner, starts, evaluations, seed)
    few = rounded(question, fewest(question, cheapest, evaluations))
    return few, cheapest, "reachable"


def _without_idle(question: Question, surest: Values) -> Values:
    """The surest setting without the levers that bring next to nothing there."""
    moved = np.flatnonzero(surest)
    without = np.repeat(surest[None], len(moved), axis=0)
    without[np.arange(len(moved)), moved] = 0.0
    start, here = question.margins(np.array([surest * 0, surest]), "without one lever")
    lost = here - question.margins(without, "without one lever")
    few = surest.copy()
    few[moved[lost <= IDLE * (here - start)]] = 0.0
    (left,) = question.margins(few[None], "without one lever")
    same = question.probabilities(np.array([few, surest]))
    return few if here - left <= 10 * IDLE * (here - start) and same[0] >= same[1] else surest


def _levers(
    question: Question, measures: Sequence[Measure], answer: Values, cheapest: Values, ramp: float
) -> pd.DataFrame:
    moved = np.flatnonzero(answer)
    without = np.repeat(answer[None], len(moved), axis=0)
    without[np.arange(len(moved)), moved] = 0.0
    here = question.margins(answer[None], "without one lever")[0]
    lost = here - question.margins(without, "without one lever") if len(moved) else np.zeros(0)
    spent = parts(measures, answer[None])[0]
    rows = []
    for place, less in zip(moved.tolist(), lost.tolist(), strict=True):
        measure = measures[place]
        rows.append(
            {
                "lever": measure.name,
                "unit": measure.lever.unit,
                "default": _text(measure, measure.default),
                "value": _text(measure, measure.value(float(answer[place]))),
                "share": float(answer[place]),
                "start": measure.start,
                "in_full": measure.start + ramp,
                "effort": float(spent[place]),
                "at_bound": bool(abs(answer[place]) == 1.0),
                "margin_lost_without": float(less),
                "share_of_least_effort": float(cheapest[place]),
            }
        )
    table = pd.DataFrame(rows, columns=list(LEVER_COLUMNS))
    return table.sort_values("effort", ascending=False, ignore_index=True)


def _text(measure: Measure, values: Values) -> str:
    if not measure.elements:
        return f"{float(values):.10g}"
    return "; ".join(f"{name}: {number:.10g}" for name, number in zip(measure.elements, values, strict=True))


def _others(targets: Sequence[Target], margins: Values) -> pd.DataFrame:
    rows = []
    for place, target in enumerate(targets):
        before, after = (share(int(is_reached(margins[k, place]).sum()), margins.shape[-1]) for k in (0, 1))
        rows.append(
            {
                "target": target.id,
                "year": target.year,
                "unit": target.unit,
                "before": before["probability"],
                "before_se": before["probability_se"],
                "after": after["probability"],
                "after_se": after["probability_se"],
                "margin_change": float(np.median(margins[1, place]) - np.median(margins[0, place])),
            }
        )
    return pd.DataFrame(rows, columns=list(OTHER_COLUMNS))


def _blocked(run: xr.Dataset, year: int, bottlenecks: Sequence[Bottleneck]) -> pd.DataFrame:
    """What binds in a year, most widespread first."""
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
    found = pd.DataFrame(rows, columns=list(BLOCKED_COLUMNS))
    return found.sort_values("binds", ascending=False, ignore_index=True)


def assured_margin(answer: Answer, candidate: int) -> float:
    """Return the margin that the asked-for share of the members searched with has, in the plan's unit."""
    return float(assured(answer.margins[candidate, : answer.searched], answer.probability))
