"""The sentences of a briefing: templates of `words.yaml`, in which no number is typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from string import Formatter

from analysis.briefing.content import Run, Text
from model.engine.errors import UserError
from model.files.strict_files import shown
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
    """Return a sentence of `words.yaml` with its gaps filled: each with a number, a name or a text.

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


def join(texts: Iterable[Text], language: str, between: str = "between sentences") -> Text:
    """Return texts one after another, with the blank between sentences or the comma ``between items`` of the language.

    Examples
    --------
    >>> join([("One.",), (), ("Two.",)], "en"), join([("a",), ("b",)], "zh", "between items")
    (('One.', ' ', 'Two.'), ('a', '、', 'b'))
    """
    separator, runs = word(between, language), list[Run]()
    for text in filter(None, texts):
        runs += [separator, *text] if runs and separator else text
    return tuple(runs)
