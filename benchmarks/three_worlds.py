"""A model of World3's size: the small world three times over, 201 numbers a step where World3 has 209."""

from __future__ import annotations

import re
from collections.abc import Iterable


def three_worlds(text: str, names: Iterable[str]) -> str:
    r"""The model text with every equation three times, under names of their own; time settings stand once.

    Examples
    --------
    >>> print(three_worlds("a = b ~~|\nb = Time ~~|\nFINAL TIME = 1 ~~|", ["a", "b"]))
    a east = b east ~~|
    b east = Time ~~|
    a west = b west ~~|
    b west = Time ~~|
    a south = b south ~~|
    b south = Time ~~|
    FINAL TIME = 1 ~~|
    """
    start = re.search(r"^(INITIAL|FINAL) TIME", text, re.MULTILINE)
    assert start is not None
    mark, equations, settings = re.match(r"(\{UTF-8\}\n)?", text), text[: start.start()], text[start.start() :]
    assert mark is not None
    equations = equations[mark.end() :]
    longest_first = sorted(names, key=len, reverse=True)
    written = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?!\w)")
    copies = [written.sub(lambda name: f"{name[1]} {side}", equations) for side in ("east", "west", "south")]  # noqa: B023
    return mark[0] + "".join(copies) + settings
