"""The words of charts and printed tables in Chinese and in English, `terms.yaml`, and the sentences, `words.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from analysis.outcome.screen import screen_language
from model.city import city
from model.engine.errors import UserError
from scenarios.word_files import Unit, Word, read_words, usable

LANGUAGES = ("zh", "en")
FILE = Path(__file__).with_name("terms.yaml")
#: Sentences that every question shares.
SENTENCES: Final = Path(__file__).with_name("words.yaml")
_KINDS: Mapping[str, type[Word]] = {
    **dict.fromkeys(("elements", "charts", "labels"), Word),
    **dict.fromkeys(("units", "model units", "plan units"), Unit),
}
#: How a comparison with a target is written.
SIGNS: Mapping[str, str] = {"at least": "≥", "at most": "≤", "about": "≈"}


class TermError(UserError):
    """The file of chart words cannot be used."""


@cache
def terms() -> Mapping[str, Any]:
    """Return the words of charts, by kind, term and language.

    Examples
    --------
    >>> terms()["elements"]["Lixia"]["zh"]
    '历下区'
    """
    words = usable(FILE, *read_words(FILE, _KINDS, TermError), TermError)
    words["elements"].update({district.name: district.title for district in city().districts})
    return words


def word(kind: str, term: str, language: str) -> str:
    """Return a word of ``terms.yaml``, such as a label, a unit or the title of a chart.

    Examples
    --------
    >>> word("labels", "residents", "zh")
    '常住人口'
    """
    return str(terms()[kind][term][language])


@cache
def sentences_in(file: Path) -> Mapping[str, Mapping[str, str]]:
    """Return the sentences of a file of words, by name and language."""
    return usable(file, *read_words(file, Word, TermError), TermError)


def say_from(file: Path, name: str, language: str, /, **gaps: object) -> str:
    """Return a sentence of a file of words with its gaps filled; a gap given by language takes its own.

    Examples
    --------
    >>> say_from(SENTENCES, "with year", "en", title={"zh": "出生人数", "en": "Births"}, year=2035)
    'Births, 2035'
    """
    own = {gap: value[language] if isinstance(value, Mapping) else value for gap, value in gaps.items()}
    return sentences_in(file)[name][language].format(**own)


def screen_text_from(file: Path, name: str, /, **gaps: object) -> str:
    """Return a sentence of a file of words in the language of the screen.

    Examples
    --------
    >>> from analysis.outcome.screen import printed_in
    >>> with printed_in("en"):
    ...     screen_text_from(SENTENCES, "willingness")
    'willingness to settle'
    """
    return say_from(file, name, screen_language(), **gaps)


say: Final = partial(say_from, SENTENCES)
screen_text: Final = partial(screen_text_from, SENTENCES)


def element_name(name: str, language: str) -> str:
    """Return the name of a district, group or service."""
    return word("elements", name, language)


def unit_name(unit: str, language: str) -> str:
    """Return the name of an axis unit."""
    return word("units", unit, language)


def unit_size(unit: str, language: str, kind: str = "units") -> float:
    """Return how many of the model's unit one axis unit stands for; ``kind`` may also be ``model units``.

    Of ``plan units``, how many of the plan's unit the one that is shown stands for.

    Examples
    --------
    >>> unit_size("people", "en")
    1000000.0
    """
    return float(terms()[kind][unit][f"{language}_size"])


def with_year(title: str, year: float, language: str) -> str:
    """Return a title followed by a year.

    Examples
    --------
    >>> with_year("Births", 2035.0, "en"), with_year("出生人数", 2035, "zh")
    ('Births, 2035', '出生人数（2035年）')
    """
    return say("with year", language, title=title, year=year)


def with_elements(title: str, elements: Sequence[str], language: str) -> str:
    """Return a title followed by elements in brackets, where there are any; those without a name stand as they are.

    Examples
    --------
    >>> with_elements("births", ["Lixia", "2"], "en")
    'births (Lixia, 2)'
    """
    if not elements:
        return title
    known = terms()["elements"]
    names = [known[name][language] if name in known else name for name in elements]
    return say("in brackets", language, title=title, inside=say("list", language).join(names))
