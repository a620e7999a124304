"""The sentences of a briefing: templates of `words.yaml`, in which no number is typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from string import Formatter

from analysis.briefing.content import Run, Text
from model.engine.errors import UserError
from scenarios.strict_files import shown
from scenarios.word_files import Word, read_words, usable

FILE = Path(__file__).parent / "words.yaml"


class WordsError(UserError):
    """The sentences cannot be used; the message lists every mistake."""


@cache
def templates() -> Mapping[str, Mapping[str, str]]:
    """Return every sentence by name and language.

    Raises
    ------
    WordsError
        If a sentence lacks a language, holds a digit, or names other gaps in one language than in the other.

    Examples
    --------
    >>> templates()["median"]["en"]
    'median'
    """
    sentences, mistakes = read_words(FILE, Word, WordsError)
    for name, sentence in () if mistakes else sentences.items():
        for language, template in sentence.items():
            if any(letter.isdecimal() for text, *_ in Formatter().parse(template) for letter in text):
                mistakes.add((name, language), f"{shown(name)}: a number is typed in the {language} sentence.")
    return usable(FILE, sentences, mistakes, WordsError)


def say(name: str, language: str, **gaps: Run | Text) -> Text:
    """Return a sentence with its gaps filled.

    Parameters
    ----------
    name
        Of the sentence in `words.yaml`.
    language
        "zh" or "en".
    gaps
        A number, a name or a text for each gap.

    Examples
    --------
    >>> say("median", "en")
    ('median',)
    """
    runs: list[Run] = []
    for literal, gap, _, _ in Formatter().parse(templates()[name][language]):
        if literal:
            # A percent sign stays on the line of its number.
            runs.append(literal.replace(" %", "\N{NO-BREAK SPACE}%"))
        if gap:
            filling = gaps[gap]
            runs.extend(filling if isinstance(filling, tuple) else (filling,))
    return tuple(runs)


def word(name: str, language: str) -> str:
    """Return a sentence without gaps as plain words.

    Examples
    --------
    >>> word("median", "zh")
    '中位数'
    """
    return templates()[name][language]


def listed(texts: Iterable[Text], language: str) -> Text:
    """Return texts in a row, with the commas of the language.

    Examples
    --------
    >>> listed([("a",), ("b",)], "zh")
    ('a', '、', 'b')
    """
    return _join(texts, word("between items", language))


def joined(texts: Iterable[Text], language: str) -> Text:
    """Return sentences one after another.

    Examples
    --------
    >>> joined([("One.",), ("Two.",)], "en")
    ('One.', ' ', 'Two.')
    """
    return _join((text for text in texts if text), word("between sentences", language))


def _join(texts: Iterable[Text], separator: str) -> Text:
    runs: list[Run] = []
    for index, text in enumerate(texts):
        if index and separator:
            runs.append(separator)
        runs.extend(text)
    return tuple(runs)
