"""How likely in words: the calibrated language of the IPCC guidance note (Mastrandrea et al., 2010)."""

from __future__ import annotations

from typing import Final, Literal

Tone = Literal["good", "open", "bad"]

#: From which probability on a word is used, from the likeliest down.
WORDS: Final = (
    (0.99, "certain"),
    (0.90, "very likely"),
    (0.66, "likely"),
    (0.33, "as likely as not"),
    (0.10, "unlikely"),
    (0.01, "very unlikely"),
    (0.0, "impossible"),
)
#: Below the lowest of these something is unlikely, from the highest on likely.
OPEN: Final = (0.33, 0.66)


def likelihood(probability: float, low: float, high: float) -> str:
    """Return the name of the word for a probability, a sentence of `words.yaml`.

    Where none or all of the members reach a target, the word is that of the end of the interval: more is not known.

    Examples
    --------
    >>> likelihood(0.5, 0.43, 0.57), likelihood(1.0, 0.981, 1.0), likelihood(0.0, 0.0, 0.0004)
    ('as likely as not', 'very likely', 'impossible')
    """
    known = high if probability == 0.0 else low if probability == 1.0 else probability
    return next(word for least, word in WORDS if known >= least)


def tone(probability: float) -> Tone:
    """Return whether a target is likely to be reached, open, or unlikely.

    Examples
    --------
    >>> tone(0.9), tone(0.5), tone(0.1)
    ('good', 'open', 'bad')
    """
    low, high = OPEN
    return "bad" if probability < low else "good" if probability >= high else "open"
