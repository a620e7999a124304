"""What the schemas of all files share: kinds of values, and the mistakes in a file in the words of its writer."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, PlainValidator, TypeAdapter, ValidationError

from model.engine.errors import near
from model.files.strict_files import Document, Where, read_number, shown

LANGUAGES: Final = ("zh", "en")
TITLE_LENGTH: Final = 150
#: Looking for the nearest of hundreds of names takes milliseconds; a screen holds no more of them than this.
GUESSES: Final = 30
_LARGEST: Final = 1e300
#: What planners write behind a number.
_TIMES: Final = {"万": 1e4, "亿": 1e8}

#: No key but those named; what a key holds is checked by its own type.
STRICT: Final = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class Schema(BaseModel):
    """A schema that knows its keys and no others."""

    model_config = STRICT


def number(value: object) -> float:
    """Return a value if it is a number that a model takes; a ValueError says what is wrong otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{shown(value)} is not a number.{_meant(value)}"
        raise ValueError(msg)
    if isinstance(value, float) and not math.isfinite(value):
        msg = f"{value} is not a finite number."
        raise ValueError(msg)
    if abs(value) > _LARGEST:
        msg = "a number of that size is not one that a model takes."
        raise ValueError(msg)
    return float(value)


def whole_year(value: object) -> int:
    """Return a value if it is a whole year."""
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"{shown(value)} is not a year."
        raise ValueError(msg)
    return value


def line_of_text(value: object) -> str:
    """Return a short text in one line; a number stands for its digits."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = shown(value)
    if not isinstance(value, str):
        msg = f"{shown(value)} is not a text."
        raise ValueError(msg)
    text = " ".join(value.split())
    if not text:
        msg = "it is empty."
        raise ValueError(msg)
    return text


def both_languages(limit: int) -> Callable[[object], dict[str, str]]:
    """Return what reads a text given in Chinese and in English, each of so many characters at most."""

    def read(value: object) -> dict[str, str]:
        given = value if isinstance(value, dict) else {}
        missing = [key for key in ("zh", "en") if given.get(key) is None or not str(given[key]).strip()]
        more = [shown(key) for key in given if key not in LANGUAGES]
        if not isinstance(value, dict) or missing or more:
            lack = f" It lacks {' and '.join(missing)}." if isinstance(value, dict) and missing else ""
            lack += f" {', '.join(more[:3])} is no language; quote a text with a comma." if more else ""
            msg = f"must be given in both languages, as {{zh: ..., en: ...}}.{lack}"
            raise ValueError(msg)
        texts = {language: line_of_text(value[language]) for language in ("zh", "en")}
        for language, text in texts.items():
            if len(text) > limit:
                msg = f"{language} has {len(text):,} characters; {limit} are the most."
                raise ValueError(msg)
        return texts

    return read


def one_of(*options: str) -> Callable[[object], str]:
    """Return what reads one of a few words."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in options:
            msg = f"must be one of {', '.join(options)}; not {shown(value)}."
            raise ValueError(msg)
        return value

    return read


Number = Annotated[float, PlainValidator(number)]
Year = Annotated[int, PlainValidator(whole_year)]
Line = Annotated[str, PlainValidator(line_of_text)]
Title = Annotated[Mapping[str, str], PlainValidator(both_languages(TITLE_LENGTH))]
Sentences = Annotated[Mapping[str, str], PlainValidator(both_languages(800))]


class Mistakes:
    """The mistakes in one file, in the order of its lines, each once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._lines: dict[str, int] = dict.fromkeys(document.problems, 0)
        self._guesses = 0

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, where: Sequence[Any], text: str) -> None:
        """Note a mistake and where in the file it is."""
        # What concerns the file as a whole has no line of its own.
        order, place = self._document.place(where) if where else (0, "")
        self._lines.setdefault(f"{place}: {text}" if place else text, order)

    def guess(self, name: object, known: Iterable[str]) -> str | None:
        """Return the known name that resembles another most, of the first names of each file."""
        self._guesses += 1
        if self._guesses > GUESSES or not isinstance(name, str) or len(name) > TITLE_LENGTH:
            return None
        by_fold = {item.casefold(): item for item in known}
        matches = difflib.get_close_matches(name.casefold(), by_fold, n=1)
        return by_fold[matches[0]] if matches else None

    def near(self, name: object, known: Iterable[str], titles: Mapping[str, str] | None = None) -> str:
        """Return " Did you mean ...?" when a known name, or the title of one, resembles another, else nothing."""
        self._guesses += 1
        if self._guesses > GUESSES or not isinstance(name, str) or len(name) > TITLE_LENGTH:
            return ""
        return near(name, known, titles)

    def listed(self) -> list[str]:
        """Return all of them as sentences, by line."""
        return sorted(self._lines, key=self._lines.__getitem__)


@cache
def _adapter(of: Any) -> TypeAdapter[Any]:
    return TypeAdapter(of)


def checked(
    schema: Any,
    value: object,
    mistakes: Mistakes,
    where: Where = (),
    *,
    what: str,
    keys: Collection[str] = (),
    label: str = "",
) -> tuple[Any, set[str]]:
    """Check a part of a file against its schema.

    Parameters
    ----------
    schema
        The class of this part, a `Schema` or a dataclass.
    value
        As it stands in the file.
    mistakes
        Takes what is wrong.
    where
        Where the part stands in the file.
    what
        What the part is, as in "is not a key of a target".
    keys
        Keys that it may have; none for the fields of the class.
    label
        What each mistake begins with, such as the name of the target.

    Returns
    -------
    tuple
        The checked value, None where anything is wrong; and the keys that are.
    """
    try:
        return _adapter(schema).validate_python(value), set()
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)
    head = f"{label}: " if label else ""
    if not keys:
        keys = schema.model_fields if issubclass(schema, BaseModel) else [field.name for field in fields(schema)]
    unknown = [key for key in value if key not in keys] if isinstance(value, dict) else []
    meant = {key: mistakes.near(key, keys) for key in unknown}
    failed = set()
    for fault in wrong:
        location = tuple(fault["loc"])
        key, kind = (location[0] if location else ""), fault["type"]
        failed.add(str(key))
        if kind == "missing" and any(f"{str(key)!r}?" in guess for guess in meant.values()):
            # The key stands there, misspelt, and is reported as such.
            continue
        if kind in ("extra_forbidden", "unexpected_keyword_argument"):
            message = f"{head}{shown(key)} is not a key {what}.{meant.get(key, '')}"
        elif not location:
            message = f"{label or 'It'} must hold keys and values: {', '.join(keys)}."
        else:
            message = head + _words(fault, location, value)
        mistakes.add((*where, *location), message)
    return None, failed


def checked_entries(
    schema: Any, document: Document, mistakes: Mistakes, key: str, noun: str, *, quoted: bool = False
) -> Iterator[tuple[int, str, Any, Any, set[str]]]:
    """Check a file that is a list of entries, each named by one of its keys, against the schema of an entry.

    Yields
    ------
    tuple
        Number, label in messages, entry as it stands in the file, and what `checked` returns of it.
    """
    entries = document.content if isinstance(document.content, list) else []
    if not entries and not mistakes:
        mistakes.add((), f"The file must be a list of {noun}s.")
    named: set[str] = set()
    for number, entry in enumerate(entries):
        name = entry.get(key) if isinstance(entry, dict) else None
        label = f"{noun} no. {number + 1}" if not isinstance(name, str) else repr(name[:80]) if quoted else name[:80]
        value, failed = checked(schema, entry, mistakes, (number,), what=f"of a {noun}", label=label)
        if isinstance(name, str):
            if name in named:
                mistakes.add((number, key), f"{name[:80]!r} is listed twice.")
            named.add(name)
        yield number, label, entry, value, failed


def _words(fault: Any, location: Where, value: Any) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    name = " in ".join(repr(part) if isinstance(part, str) else f"no. {part + 1}" for part in reversed(location))
    given = value
    for part in location:
        given = given.get(part) if isinstance(given, dict) else given[part] if isinstance(given, list) else None
    if kind == "value_error":
        message = str(context["error"])
        return f"{name} {message}" if message.startswith("must ") else f"{name}: {message}"
    if kind == "literal_error":
        options = re.sub(r"'([^']*)'", r"\1", context["expected"]).replace(" or ", ", ")
        return f"{name} must be one of {options}; not {shown(given)}."
    words = {
        ("missing",): "is missing.",
        ("bool_type", "bool_parsing"): f"must be true or false; not {shown(given)}.",
        ("list_type", "tuple_type"): "must be a list, such as [...].",
        ("dict_type", "mapping_type", "model_type", "dataclass_type"): "must hold keys and values.",
        ("string_type",): "must be a text; put quotes around it.",
    }
    wrong = next((text for kinds, text in words.items() if kind in kinds), "")
    return f"{name} {wrong}" if wrong else f"{name}: {shown(given)} cannot stand here ({fault['msg'][:60]})."


def outside(value: float, lowest: float | None, highest: float | None, unit: str) -> str:
    """Return that a value is outside its range, or nothing.

    Examples
    --------
    >>> outside(2.0, 0.0, 1.0, "Dmnl")
    '2 is outside 0 to 1 Dmnl.'
    """
    if (lowest is None or value >= lowest) and (highest is None or value <= highest):
        return ""
    low, high = ("any" if end is None else f"{end:.10g}" for end in (lowest, highest))
    return f"{value:.10g} is outside {low} to {high} {unit}."


def _meant(value: object) -> str:
    """Return the number that a text with full-width digits, thousands signs or a Chinese unit of count stands for."""
    if not isinstance(value, str) or len(value) > 30:
        return ""
    text = value.strip()
    if text.endswith(("%", "％")):
        # Whether 78.5 % is 78.5 or 0.785 depends on the unit.
        share = read_number(text.rstrip("%％"))
        return "" if share is None else f" Write {share / 100:.10g} for a share of one, {share:.10g} for percent."
    times = _TIMES.get(text[-1:], 1.0)
    meant = read_number(text.removesuffix(text[-1:]) if times != 1.0 else text)
    return "" if meant is None else f" Write {meant * times:.10g}."
