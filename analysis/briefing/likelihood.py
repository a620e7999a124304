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


def likelihood(probability: float) -> str:
    """Return the name of the word for a probability, a sentence of `words.yaml`.

    Examples
    --------
    >>> likelihood(0.5), likelihood(0.995), likelihood(0.0)
    ('as likely as not', 'certain', 'impossible')
    """
    return next(word for least, word in WORDS if probability >= least)


def tone(probability: float) -> Tone:
    """Return whether a target is likely to be reached, open, or unlikely.

    Examples
    --------
    >>> tone(0.9), tone(0.5), tone(0.1)
    ('good', 'open', 'bad')
    """
    low, high = OPEN
    return "bad" if probability < low else "good" if probability >= high else "open"
