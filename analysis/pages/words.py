"""Sentences of the worked-out pages and their pictures, in Chinese and English."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from model.engine.errors import UserError
from scenarios.word_files import Word, Words, read_words, usable

WORDS_FILE = Path(__file__).parent / "words.yaml"


@cache
def templates() -> Words:
    """Return the sentences by name and language."""
    return usable(WORDS_FILE, *read_words(WORDS_FILE, Word, UserError), UserError)


def say(name: str, language: str, /, **gaps: object) -> str:
    """Return a sentence with its gaps filled.

    Examples
    --------
    >>> say("reached in", "en", year=2028)
    'The rate first reaches it at the end of 2028.'
    """
    return str(templates()[name][language]).format(**gaps)
