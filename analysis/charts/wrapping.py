"""Sentences broken to the width of a chart."""

from __future__ import annotations

import textwrap

#: Letters across a chart at the size of a title, and how many inches wide that chart is.
ENGLISH, CHINESE = 105, 62
TITLE_INCHES = 11
#: What a number is written with.
DIGITS = "0123456789.,+-"
#: What no line ends with.
OPENING = ("（", "“", "《")


def wrapped(text: str, language: str, width: float = 1.0) -> str:
    """Break a text into lines; Chinese breaks anywhere but around punctuation and inside a number or a Latin word.

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
    """
    if language == "en":
        return "\n".join(textwrap.wrap(text, int(ENGLISH * width)))
    lines = [""]
    for character in text:
        last = lines[-1][-1:]
        number = bool(last) and (
            (character in DIGITS and last in DIGITS) or ((character + last).isascii() and (character + last).isalnum())
        )
        held = number or character in "，。；：、）”》%—" or last in OPENING
        if len(lines[-1]) >= int(CHINESE * width) and not held:
            lines.append("")
        lines[-1] += character
    return "\n".join(lines)
