"""What is computed for one user after a move: an estimate, then all members, then what each lever contributed."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from analysis.comparison.contributions import Comparison, compare
from analysis.comparison.request import ComparisonError
from analysis.dashboard.live_ensemble import LiveEnsemble, Outcome, Values
from analysis.dashboard.work_queue import Priority, WorkQueue
from model.engine.errors import UserError
from scenarios import Scenario

#: Outcomes kept for all sessions; one of 500 members takes some ten megabytes.
KEPT: Final = 24
#: Members, and sampled orders of many levers, from which contributions are worked out, so that they take seconds.
MEMBERS_TRACED: Final = 16
ORDERS: Final = 8
#: Changed levers up to which every coalition is run.
EXACT_UP_TO: Final = 6
#: Seconds without computing after a first redraw: the page needs the processors too, to draw it.
PAUSE: Final = 0.25
#: Runs between two looks at whether the lever has moved on.
BATCH: Final = 128


class SharedEnsemble:
    """What all sessions share: the ready ensemble, the processors, and outcomes, which depend on settings only."""

    def __init__(self, live: LiveEnsemble) -> None:
        self.live = live
        self.work_queue = WorkQueue()
        self._kept: OrderedDict[str, Outcome] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, outcome: Outcome) -> None:
        """Keep a complete outcome; the ones longest unused give way."""
        with self._lock:
            self._kept[outcome.scenario.hash] = outcome
            self._kept.move_to_end(outcome.scenario.hash)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def known(self, scenario: Scenario) -> Outcome | None:
        """The complete outcome of a setting, if it is still kept."""
        with self._lock:
            if scenario.hash in self._kept:
                self._kept.move_to_end(scenario.hash)
            return self._kept.get(scenario.hash)


@dataclass(frozen=True)
class Shown:
    """What a page can show at a moment."""

    #: By role: "page" first, then what it is held against.
    outcomes: Mapping[str, Outcome]
    #: What was asked for; an outcome may have been kept from somebody who called the same setting otherwise.
    roles: Mapping[str, Scenario]
    #: Seconds that the processors worked for it since the move.
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether all that is shown is exact."""
        return all(outcome.complete for outcome in self.outcomes.values())


@dataclass(frozen=True)
class Question:
    """What the difference of two scenarios is to be traced for."""

    first: Scenario
    second: Scenario
    indicator: str
    year: int


@dataclass
class _Task:
    """The work that one move gives."""

    move: int
    roles: dict[str, Scenario]
    question: Question | None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    #: Exact runs so far of the first outcome that is not complete.
    parts: list[Values] = field(default_factory=list)
    seconds: float = 0.0


class _MovedOnError(Exception):
    """The user has moved a lever again."""


class Session:
    """One user's computations, which begin from a complete reference; a new move ends what an earlier one began.

    The three functions are called from another thread: with what can be shown; with the contributions, or None where
    there is nothing to trace; with a sentence when a setting cannot be run.
    """

    def __init__(
        self,
        shared: SharedEnsemble,
        reference: Outcome,
        show: Callable[[Shown], None],
        show_contributions: Callable[[Question, Comparison | None], None],
        show_error: Callable[[str], None],
    ) -> None:
        self._shared = shared
        self._reference = reference
        self._show, self._show_contributions, self._show_error = show, show_contributions, show_error
        self._move = 0

    def ask(self, roles: Mapping[str, Scenario], question: Question | None) -> None:
        """Compute what these scenarios come to, the first of them first, and then what the question asks."""
        self._move += 1
        self._then(Priority.FIRST_REDRAW, self._first, _Task(self._move, dict(roles), question))

    def stop(self) -> None:
        """End all work for this user."""
        self._move += 1

    def _then(self, priority: Priority, step: Callable[[_Task], None], task: _Task, pause: float = 0.0) -> None:
        def work() -> None:
            if task.move != self._move:
                return
            try:
                step(task)
            except _MovedOnError:
                return
            except UserError as error:
                self._show_error(str(error))

        self._shared.work_queue.ask(priority, work, pause)

    def _first(self, task: _Task) -> None:
        started = time.perf_counter()
        by_hash: dict[str, Outcome] = {}
        for role, scenario in task.roles.items():
            known = by_hash.get(scenario.hash) or self._shared.known(scenario)
            outcome = known or self._shared.live.preliminary(scenario, self._reference)
            task.outcomes[role] = by_hash[scenario.hash] = outcome
        self._go_on(task, started, PAUSE)

    def _go_on(self, task: _Task, started: float, pause: float = 0.0) -> None:
        """Show what has changed, and queue what is still to be done."""
        task.seconds += time.perf_counter() - started
        if not task.parts:
            self._show(Shown(dict(task.outcomes), task.roles, task.seconds))
        self._reference = next((outcome for outcome in task.outcomes.values() if outcome.complete), self._reference)
        if any(not outcome.complete for outcome in task.outcomes.values()):
            self._then(Priority.ALL_MEMBERS, self._part, task, pause)
        elif task.question is not None:
            self._then(Priority.CONTRIBUTIONS, self._trace, task, pause)

    def _part(self, task: _Task) -> None:
        """Run the next part of the members of the first outcome that is not complete."""
        started, live = time.perf_counter(), self._shared.live
        unfinished = next(outcome for outcome in task.outcomes.values() if not outcome.complete)
        if not task.parts:
            task.parts = [unfinished.values[: live.pilots]]
        task.parts.append(live.exact(unfinished.scenario, len(task.parts)))
        if len(task.parts) == len(live.parts):
            whole = Outcome(unfinished.scenario, np.concatenate(task.parts), unfinished.rough, complete=True)
            self._shared.keep(whole)
            task.outcomes = {role: whole if old is unfinished else old for role, old in task.outcomes.items()}
            task.parts = []
        self._go_on(task, started)

    def _trace(self, task: _Task) -> None:
        asked, live = task.question, self._shared.live
        assert asked is not None

        def look(_done: int, _of: int) -> None:
            self._shared.work_queue.give_way(Priority.CONTRIBUTIONS)
            if task.move != self._move:
                raise _MovedOnError

        try:
            result = compare(
                live.model,
                asked.first,
                asked.second,
                live.members.isel(member=slice(MEMBERS_TRACED)),
                [asked.indicator],
                [asked.year],
                exact_up_to=EXACT_UP_TO,
                permutations=ORDERS,
                batch=BATCH,
                progress=look,
            )
        except ComparisonError:
            # Both set everything alike.
            result = None
        self._show_contributions(asked, result)
