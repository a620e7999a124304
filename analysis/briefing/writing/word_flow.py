"""On which page of a Word file a heading stands, worked out from heights: a table of contents has to say so at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Laid:
    """What stands in one piece of text: the points of each of its lines or rows."""

    lines: tuple[float, ...]
    before: float = 0.0
    after: float = 0.0
    #: Whether it stays on the page of what follows.
    keep: bool = False
    #: Points of the row that is repeated on every page that a table runs over.
    repeated: float = 0.0
    #: Lines or rows at its beginning, and at its end, that stay on one page.
    first: int = 1
    last: int = 1
    mark: str = ""


class PageCounter:
    """Pages filled one after the other, as Word fills them."""

    def __init__(self, height: float) -> None:
        self.height, self.left = height, height
        self.page = 1
        #: The page of each piece that has a mark, and the points that each page leaves empty at its foot.
        self.marks: dict[str, int] = {}
        self.empty: dict[int, float] = {}
        self._kept: list[Laid] = []
        self._ordered = True

    def add(self, piece: Laid) -> None:
        """Put a piece behind the others; what is kept with the next waits for it.

        Examples
        --------
        >>> counter = PageCounter(100.0)
        >>> for piece in (Laid((60.0,)), Laid((20.0,), keep=True, mark="heading"), Laid((30.0,))):
        ...     counter.add(piece)
        >>> counter.marks
        {'heading': 2}
        """
        self._kept.append(piece)
        if piece.keep:
            return
        *kept, last = self._kept
        needed = (
            sum(one.before + sum(one.lines) + one.after for one in kept) + last.before + sum(last.lines[: last.first])
        )
        if needed > self.left and self.left < self.height:
            self.turn()
        for one in self._kept:
            self._place(one)
        self._kept = []

    def turn(self, *, ordered: bool = False) -> None:
        """Begin a page, as it is full or as a break is ordered."""
        self.empty[self.page] = self.left
        self.page, self.left, self._ordered = self.page + 1, self.height, ordered

    def _place(self, piece: Laid) -> None:
        # Word leaves no room above what happens to begin a page.
        self.left -= 0.0 if self.left == self.height and not self._ordered else piece.before
        self._ordered = False
        end = max(0, len(piece.lines) - piece.last)
        for number, height in enumerate(piece.lines):
            needed = sum(piece.lines[end:]) if number == end else height
            if needed > self.left and self.left < self.height:
                self.turn()
                self.left -= piece.repeated
            self.left -= height
            if number == 0 and piece.mark:
                self.marks[piece.mark] = self.page
        self.left -= piece.after


def rows_of(heights: Sequence[float], first: int, last: int) -> Laid:
    """Return a table from the points of its rows, the first of which is repeated, and of which some are not parted."""
    return Laid(tuple(heights), repeated=heights[0], first=first, last=last)
