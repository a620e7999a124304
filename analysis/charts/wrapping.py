"""Sentences broken to the width of a chart."""

from __future__ import annotations

import re
import textwrap
from math import ceil
from typing import Final

#: Letters across a chart at the size of a title, and how many inches wide that chart is.
ENGLISH, CHINESE = 105, 62
TITLE_INCHES = 11
#: What no line begins with, what none ends with, and what counts the number before it.
CLOSING, OPENING, COUNTED = "，。；：、）”》%—", "（“《", "个百分点|[年月日个万亿倍]"
#: What stays together: a Latin word, or a number with its unit, and the signs around it.
_PIECE: Final = re.compile(rf"[{OPENING}]*(?:[A-Za-z0-9.,+-]+(?:{COUNTED})?|.)[{CLOSING}]*", re.DOTALL)


def wrapped(text: str, language: str, width: float = 1.0) -> str:
    """Break a text into lines.

    Chinese breaks anywhere but around punctuation, inside a Latin word, and between a number and its unit.

    Parameters
    ----------
    text
        One paragraph.
    language
        "zh" or "en".
    width
        In widths of a chart at the size of its title.

    Examples
    --------
    >>> wrapped("a sentence of some length", "en", 0.1).count(chr(10))
    2
    >>> wrapped("常住人口到2035年。", "zh", 0.1).splitlines()
    ['常住人口到', '2035年。']
    """
    if language == "en":
        return "\n".join(textwrap.wrap(text, int(ENGLISH * width)))
    lines = _filled(text, int(CHINESE * width))
    # Lines about as long as each other rather than a word alone on the last.
    even = _filled(text, ceil(len(text) / len(lines)) + 2)
    return "\n".join(even if len(even) == len(lines) else lines)


def _filled(text: str, room: int) -> list[str]:
    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip(CLOSING)) > room:
            lines.append("")
        lines[-1] += piece
    return lines
