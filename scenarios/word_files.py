"""Files of words in Chinese and English: one reader, and a missing word is reported by its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Annotated, Any

from pydantic import PlainValidator

from model.city import city
from model.engine.errors import UserError
from model.files.schemas import LANGUAGES, Mistakes, Number, Schema, checked, number
from model.files.strict_files import Document, Where, read_yaml, refusal, shown

WORD_LENGTH = 1_000
CITY = city()


def _word(value: object) -> str:
    if not isinstance(value, str):
        msg = f"{shown(value)} is not a text; put quotes around it."
        raise ValueError(msg)
    if len(value) > WORD_LENGTH:
        msg = f"it has {len(value):,} characters; {WORD_LENGTH:,} are the most."
        raise ValueError(msg)
    try:
        gaps_of(value)
    except ValueError as error:
        msg = f"its braces do not match ({error})."
        raise ValueError(msg) from None
    return value


def _size(value: object) -> float:
    size = number(value)
    if size <= 0:
        msg = f"{size:g} is not above zero."
        raise ValueError(msg)
    return size


_Word = Annotated[str, PlainValidator(_word)]
_Size = Annotated[Number, PlainValidator(_size)]


class Word(Schema):
    """A word in both languages."""

    zh: _Word
    en: _Word


class Unit(Word):
    """The name of a unit, and how many of the model's unit it stands for."""

    zh_size: _Size
    en_size: _Size


class Measured(Word):
    """What is measured, and in which unit."""

    unit: _Word


class Words(dict[str, Any]):
    """Words by name; one that the file lacks is reported by its name instead of failing where it is used."""

    def __init__(self, file: str, error: type[UserError], content: Mapping[str, Any]) -> None:
        super().__init__(content)
        self._file, self._error = file, error

    def __missing__(self, name: str) -> Any:
        msg = f"{self._file} cannot be used:\n * It has no {shown(name)}."
        raise self._error(msg)


def gaps_of(text: str) -> set[str]:
    """Return the names in braces that a sentence leaves open.

    Examples
    --------
    >>> sorted(gaps_of("{low} to {high}"))
    ['high', 'low']
    """
    return {gap for _, gap, _, _ in Formatter().parse(text) if gap is not None}


def read_words(
    path: Path, kinds: Mapping[str, type[Schema]] | type[Schema], error: type[UserError]
) -> tuple[Words, Mistakes]:
    """Read a file of words.

    Parameters
    ----------
    path
        The YAML file.
    kinds
        What each of its sections holds, or what all names hold where there are no sections.
    error
        What is raised for a word that the file does not have.

    Returns
    -------
    tuple
        The words, and the mistakes in the file, for the caller to add to and to raise.

    Examples
    --------
    >>> words, mistakes = read_words(Path("analysis/briefing/words.yaml"), Word, UserError)
    >>> words["median"]["zh"], len(mistakes)
    ('中位数', 0)
    """
    document = read_yaml(path)
    mistakes = Mistakes(document)
    content = _filled(_mapping(document, document.content, (), mistakes))
    if not isinstance(kinds, Mapping):
        for name, entry in content.items():
            _check(kinds, entry, (name,), mistakes)
        return Words(path.name, error, content), mistakes
    for name in content:
        if name not in kinds:
            mistakes.add((name,), f"{shown(name)} is not a section of this file.{mistakes.near(name, kinds)}")
    sections = {}
    for section, kind in kinds.items():
        if section not in content and document.content is not None:
            mistakes.add((), f"The section {section!r} is missing.")
        entries = _mapping(document, content.get(section), (section,), mistakes)
        for name, entry in entries.items():
            _check(kind, entry, (section, name), mistakes)
        sections[section] = Words(path.name, error, entries)
    return Words(path.name, error, sections), mistakes


def usable(path: Path, words: Words, mistakes: Mistakes, error: type[UserError]) -> Words:
    """Return words without a mistake, or raise the error that lists all of them."""
    if mistakes:
        raise error(refusal({path.name: mistakes.listed()}))
    return words


def _mapping(document: Document, content: Any, where: Where, mistakes: Mistakes) -> Mapping[Any, Any]:
    if isinstance(content, dict):
        return content
    if content is not None and document.content is not None:
        mistakes.add(where, f"{shown(where[0]) if where else 'The file'} must hold names with words under them.")
    return {}


def _filled(content: Any, language: str = "") -> Any:
    """Return words with the gaps filled that tell the city: `{city}`, `{plan}`, `{merged}` and `{unknown}`."""
    if isinstance(content, dict):
        return {key: _filled(part, key if key in LANGUAGES else language) for key, part in content.items()}
    if not isinstance(content, str) or not language:
        return content
    for gap, titles in CITY.words.items():
        content = content.replace(f"{{{gap}}}", titles[language])
    return content


def _check(kind: type[Schema], entry: Any, where: Where, mistakes: Mistakes) -> None:
    what = "here (quote a text with a comma)"
    word, _ = checked(kind, entry, mistakes, where, what=what, label=shown(where[-1]))
    if isinstance(word, Word) and gaps_of(word.zh) != gaps_of(word.en):
        mistakes.add(where, f"{shown(where[-1])}: zh and en have different gaps.")
