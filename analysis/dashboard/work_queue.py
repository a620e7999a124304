"""The order in which sessions use the processors: one piece of work at a time, first redraws before all else."""

from __future__ import annotations

import itertools
import queue
import threading
import traceback
from collections.abc import Callable
from enum import IntEnum


class Priority(IntEnum):
    """Kinds of work, the most urgent first."""

    FIRST_REDRAW = 0
    ALL_MEMBERS = 1
    CONTRIBUTIONS = 2
    #: In a queue of their own, as they take minutes.
    BRIEFING = 3


class WorkQueue:
    """One thread that works off what all sessions ask for, in order of urgency and then of asking.

    The engine uses all processors for each piece, so two pieces at once would only make both late. A session asks for
    its next piece when it has the last one, so that sessions of the same urgency alternate.

    Examples
    --------
    >>> work_queue, done = WorkQueue(), threading.Event()
    >>> work_queue.ask(Priority.FIRST_REDRAW, done.set)
    >>> done.wait(5)
    True
    """

    def __init__(self) -> None:
        self._waiting: queue.PriorityQueue[tuple[int, int, Callable[[], None]]] = queue.PriorityQueue()
        self._order = itertools.count()
        threading.Thread(target=self._work, daemon=True, name="work queue").start()

    def ask(self, priority: Priority, work: Callable[[], None], pause: float = 0.0) -> None:
        """Have a piece of work done after a pause in seconds; it says itself, to whom it concerns, how it ended."""
        if pause:
            timer = threading.Timer(pause, self.ask, (priority, work))
            timer.daemon = True
            timer.start()
        else:
            self._waiting.put((priority, next(self._order), work))

    def give_way(self, priority: Priority) -> None:
        """Do all that is more urgent, from within a long piece of work; only that may call this."""
        while not self._waiting.empty():
            waiting = self._waiting.get()
            if waiting[0] >= priority:
                self._waiting.put(waiting)
                return
            self._do(waiting[2])

    def _work(self) -> None:
        while True:
            self._do(self._waiting.get()[2])

    @staticmethod
    def _do(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            # A mistake in one session must not take the page from all others.
            traceback.print_exc()
