"""The page's words and numbers, in the language of its reader."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from analysis.outcome import words as outcome_words
from analysis.outcome.words import terms, word
from model.city import city
from model.engine.errors import UserError
from model.files.schemas import Schema
from scenarios.word_files import Measured, Word, read_words, usable

FILE: Final = Path(__file__).with_name("words.yaml")
_KINDS: Final[Mapping[str, type[Schema]]] = {
    **dict.fromkeys(("chapters", "assumptions", "elements", "page"), Word),
    "districts": Measured,
}


class WordError(UserError):
    """The file of the page's words cannot be used."""


@cache
def words() -> Mapping[str, Any]:
    """Return the words by kind, name and language.

    Examples
    --------
    >>> words()["page"]["policies"]["zh"]
    '政策杠杆'
    """
    words = usable(FILE, *read_words(FILE, _KINDS, WordError), WordError)
    words["chapters"].update(city().chapters)
    return words


def say(name: str, language: str, **values: object) -> str:
    """Return a word or a sentence of the page.

    Examples
    --------
    >>> say("by year", "en", year=2030)
    'gradually, by 2030'
    """
    text = str(words()["page"][name][language])
    return text.format(**values) if values else text


def element_title(element: str, language: str) -> str:
    """Return what an element of a subscript is called.

    Examples
    --------
    >>> element_title("Lixia", "zh"), element_title("town sewage", "en")
    ('历下区', 'town sewage')
    """
    known = words()["elements"] | terms()["elements"]
    return str(known[element][language])


def unit_title(unit: str, language: str) -> str:
    """Return a unit of a lever of the model as a planner writes it.

    Examples
    --------
    >>> unit_title("person/Year", "zh")
    '万人/年'
    """
    return word("model units", unit, language)


def unit_size(unit: str, language: str) -> float:
    """Return how many of the model's unit one number on the page stands for.

    Examples
    --------
    >>> unit_size("yuan/Year", "zh")
    100000000.0
    """
    return outcome_words.unit_size(unit, language, "model units")


def plain(value: float) -> str:
    """Return a number as a person writes it, with four decimals at most.

    Examples
    --------
    >>> plain(0.9), plain(120_000.0), plain(0.0002)
    ('0.9', '120,000', '0.0002')
    """
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def number(value: float, spread: float | None = None) -> str:
    """Return a number with as many digits as it takes to tell values apart that are a hundredth of a spread apart.

    Examples
    --------
    >>> number(78.53), number(0.1234), number(1234567.8), number(0.0)
    ('78.5', '0.123', '1,234,568', '0')
    """
    size = abs(value) if spread is None else spread
    if value == 0:
        return "0"
    digits = 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{digits}f}"
