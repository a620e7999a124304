"""How many runs are computed at the same time."""

from __future__ import annotations

import os
from typing import Final

#: The environment variable that sets it for a process.
VARIABLE: Final = "ENGINE_THREADS"
_chosen: list[int] = []


def threads() -> int:
    """Return how many threads an ensemble is run on: as chosen, as ENGINE_THREADS says, or one for each processor.

    Examples
    --------
    >>> threads() >= 1
    True
    """
    if _chosen:
        return _chosen[-1]
    given = os.environ.get(VARIABLE, "")
    if given.isdigit() and int(given) >= 1:
        return int(given)
    # Those that this process may use, where the system says so.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def use_threads(count: int | None) -> None:
    """Have ensembles of this process run on so many threads; None for what `threads` says by itself.

    Raises
    ------
    ValueError
        If it is less than one.

    Examples
    --------
    >>> use_threads(1)
    >>> threads()
    1
    >>> use_threads(None)
    """
    if count is not None and count < 1:
        message = f"{count} threads; one is the fewest"
        raise ValueError(message)
    _chosen[:] = [] if count is None else [count]
