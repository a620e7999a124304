"""The patient rule induction method (PRIM): a box of inputs in which an outcome is frequent.

The box of Friedman and Fisher (1999) is peeled: one side at a time, a small share of the futures inside is removed.
Then it is pasted: one side at a time, a small share of those just outside is added. The candidate is taken whose share
of hits rises most per future added or removed (Kwakkel and Jaxa-Rozen 2016), as the share of hits alone favours inputs
of few distinct values, of which one peel removes more futures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

#: Share of the futures outside one side of the box that one paste adds.
PASTE: Final = 0.05

Flags = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """A box on the peeling and pasting path."""

    #: Limits by input, infinite where open.
    lower: Values
    upper: Values
    #: Which futures are inside.
    within: Flags
    #: Number of futures inside with the outcome.
    hits: int

    @property
    def size(self) -> int:
        """Number of futures inside."""
        return int(self.within.sum())

    @property
    def density(self) -> float:
        """Share of the futures inside with the outcome."""
        return self.hits / self.size

    @property
    def inputs(self) -> int:
        """Number of inputs limited."""
        return int((np.isfinite(self.lower) | np.isfinite(self.upper)).sum())


def prim_path(values: Values, hits: Flags, *, peel: float, smallest: float) -> list[Step]:
    """Peel a box until no peel makes hits more frequent, then paste as long as that does; return every box from all on.

    One peel removes its share of the futures inside, together with those of equal value; no box holds fewer than the
    smallest share of all futures. `Step.density` rises from each to the next.

    Examples
    --------
    >>> x = np.arange(100.0)[:, np.newaxis]
    >>> path = prim_path(x, x[:, 0] >= 60, peel=0.1, smallest=0.05)
    >>> path[0].density, path[-1].density, path[-1].lower
    (0.4, 1.0, array([59.5]))
    """
    open_side = np.full(values.shape[1], np.inf)
    path = [Step(-open_side, open_side, np.ones(len(values), dtype=bool), int(hits.sum()))]
    least = smallest * len(values)
    while (peeled := _best(path[-1], _peels(values, hits, path[-1], peel))) is not None and peeled.size >= least:
        path.append(peeled)
    while (pasted := _best(path[-1], _pastes(values, hits, path[-1], PASTE))) is not None and pasted.size >= least:
        path.append(pasted)
    return path


def _best(box: Step, candidates: Iterator[Step]) -> Step | None:
    """Return the candidate of most gain in density per future moved, None without gain; of equals, of fewer inputs."""
    best, most = None, (0.0, 0)
    for candidate in candidates:
        moved = abs(candidate.size - box.size)
        if moved and candidate.size and candidate.density > box.density:
            gain = ((candidate.density - box.density) / moved, -candidate.inputs)
            if best is None or gain > most:
                best, most = candidate, gain
    return best


def _peels(values: Values, hits: Flags, box: Step, share: float) -> Iterator[Step]:
    for column in range(values.shape[1]):
        for side in (1, 0):
            cut = _cut(values[box.within, column], share, from_above=side == 1)
            if cut is not None:
                yield _with_side(values, hits, box, column, side, cut)


def _pastes(values: Values, hits: Flags, box: Step, share: float) -> Iterator[Step]:
    for column in range(values.shape[1]):
        for side, ends in enumerate((box.lower, box.upper)):
            if not np.isfinite(ends[column]):
                continue
            opened = _with_side(values, hits, box, column, side, (-np.inf, np.inf)[side])
            beyond = values[opened.within & ~box.within, column]
            cut = _cut(beyond, share, from_above=side == 0) if beyond.size else None
            # What is left beyond the side is no more than one paste: the side is open.
            yield opened if cut is None else _with_side(values, hits, box, column, side, cut)


def _cut(values: Values, share: float, *, from_above: bool) -> float | None:
    """The limit halfway between a share of the values, with those equal to them, and the rest; None if none is left."""
    ordered = np.sort(-values if from_above else values)
    edge = ordered[int(share * (ordered.size - 1))]
    beyond = int(np.searchsorted(ordered, edge, side="right"))
    if beyond == ordered.size:
        return None
    middle = float(edge + ordered[beyond]) / 2
    return -middle if from_above else middle


def _with_side(values: Values, hits: Flags, box: Step, column: int, side: int, limit: float) -> Step:
    lower, upper = box.lower.copy(), box.upper.copy()
    (lower, upper)[side][column] = limit
    within: Flags = np.all((values >= lower) & (values <= upper), axis=1)
    return Step(lower, upper, within, int((within & hits).sum()))
