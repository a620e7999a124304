"""What is wrong with a request, in the language of the screen, by a catalogue of the English sentences of the code.

The code says a mistake in English, where it finds it; here, where it is shown, each line is looked up by its pattern. A
line that the catalogue does not have is shown in English as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from analysis.outcome.screen import screen_language
from model.city import city

FILE: Final = Path(__file__).with_name("mistakes.yaml")
#: Sections of the file with what sentences begin and end with: where the mistake is, and which name is nearest.
BEGINNINGS, ENDINGS = "beginnings", "endings"

_GAP: Final = re.compile(r"\{(\w+)\}")
_QUOTED: Final = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_LISTED: Final = re.compile(r"'[^']*'(?:, '[^']*')*(?:,? (?:and|or) '[^']*')?")

_ITEMS: Final = re.compile(r"[\w.' -]+(?:, [\w.' -]+)+")
_EITHER: Final = re.compile(r"(?<=\d) or (?=\d)")
_STOP: Final = re.escape(".")
#: What is wrong with the options of this call, where the command is to tell it with what it finds itself.
wrong_options: ContextVar[tuple[str, ...]] = ContextVar("mistakes in options", default=())
#: How a line ends that was too long.
CUT_OFF: Final = " ..."
#: Gaps that hold a number.
_NUMBERS: Final = ("line", "row")
_NUMBER: Final = r"\d+"


class Pattern(NamedTuple):
    """A sentence with gaps, as a regular expression, and the same in Chinese."""

    english: re.Pattern[str]
    chinese: str
    ends: bool = False


class Reading(NamedTuple):
    """A line in Chinese, and how many of its letters stand in gaps."""

    chinese: str
    in_gaps: int


def in_screen_language(message: str) -> str:
    """Return a message in the language of the screen, line by line.

    Examples
    --------
    >>> print(in_screen_language("There is no command 'rnu'. Did you mean 'run'?"))
    没有“rnu”这个命令。您是否想写“run”？
    """
    if screen_language() != "zh":
        return message
    return "\n".join(_line(line) for line in message.split("\n"))


def _line(line: str) -> str:
    mark, text = re.fullmatch(r"(\s*(?:\* )?)(.*)", line, re.DOTALL).groups()  # type: ignore[union-attr]
    chinese = in_chinese(text)
    return line if chinese is None else mark + chinese


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Return the Chinese of every English sentence, by section of the file: what the code of a module can say."""
    # Read without the checks of other files; a test reads it with them.
    sections: Mapping[str, Mapping[str, str]] = yaml.load(
        FILE.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return sections


def in_chinese(text: str) -> str | None:
    """Return a line of a message in Chinese, or None where the catalogue does not have it.

    Examples
    --------
    >>> in_chinese("There is no command 'rnu'."), in_chinese("There is no such thing.")
    ('没有“rnu”这个命令。', None)
    """
    reading = _best(text)
    return None if reading is None else reading.chinese


@cache
def _best(text: str) -> Reading | None:
    """The reading of a line in which the catalogue has most of the words, and the gaps least."""
    return min(_readings(text), key=lambda reading: reading.in_gaps, default=None)


def _readings(text: str) -> Iterator[Reading]:
    beginnings, endings, whole = _patterns()
    for pattern in whole:
        if found := pattern.english.fullmatch(text):
            yield _filled(pattern, found)
    for pattern in (*beginnings, *endings):
        if (found := pattern.english.fullmatch(text)) and (rest := _best(found["rest"])):
            yield _filled(pattern, found, rest)
    # Sentences that the code puts together are looked up one by one.
    for end in re.finditer(r"(?<=[.?;]) (?=\S)", text):
        first, second = _best(text[: end.start()]), _best(text[end.end() :])
        if first and second:
            yield Reading(first.chinese + second.chinese, first.in_gaps + second.in_gaps)


def _filled(pattern: Pattern, found: re.Match[str], rest: Reading | None = None) -> Reading:
    gaps = {name: value for name, value in found.groupdict().items() if name != "rest"}
    present = city().title
    chinese = pattern.chinese.format(
        **{
            name: present["zh"] if (name, value) == ("city", present["en"]) else _value(value)
            for name, value in gaps.items()
        }
    )
    if rest is None and found.string.endswith(CUT_OFF):
        chinese = chinese.removesuffix("。") + "等。"
    in_gaps = sum(map(len, gaps.values()))
    if rest is None:
        return Reading(chinese, in_gaps)
    both = rest.chinese + chinese if pattern.ends else chinese + rest.chinese
    return Reading(both, in_gaps + rest.in_gaps)


def _value(value: str) -> str:
    """What stands in a gap: a text of the catalogue, names in Chinese quotation marks, lists as Chinese writes them."""
    for section in catalogue().values():
        if value in section:
            return section[value]
    if _LISTED.fullmatch(value):
        value = re.sub(r",? and (?=')", "和", re.sub(r",? or (?=')", "或", value))
    value = _EITHER.sub("或", value.removesuffix(","))
    if _ITEMS.fullmatch(value):
        value = value.replace(", ", "、")
    return _QUOTED.sub(lambda quoted: f"“{quoted[1] if quoted[1] is not None else quoted[2]}”", value)


@cache
def _patterns() -> tuple[Sequence[Pattern], Sequence[Pattern], Sequence[Pattern]]:
    sections = catalogue()
    whole = [one for name, section in sections.items() if name not in (BEGINNINGS, ENDINGS) for one in section.items()]
    return (
        [Pattern(re.compile(expression(one) + "(?P<rest>.+)"), two) for one, two in sections[BEGINNINGS].items()],
        [Pattern(re.compile("(?P<rest>.+)" + expression(one)), two, True) for one, two in sections[ENDINGS].items()],
        [Pattern(re.compile(_cut(expression(one))), two) for one, two in whole],
    )


def _cut(wanted: str) -> str:
    # A long list at the end of a line is cut off to fit.
    return f"{wanted.removesuffix(_STOP)}(?:{_STOP}|{re.escape(CUT_OFF)})" if wanted.endswith(f"){_STOP}") else wanted


def expression(english: str) -> str:
    """Return the regular expression of a sentence with gaps.

    Examples
    --------
    >>> expression("{a}={b}")
    '(?P<a>.+?)=(?P<b>.+?)'
    """
    pieces = _GAP.split(english)
    return "".join(
        re.escape(piece) if position % 2 == 0 else rf"(?P<{piece}>{_NUMBER if piece in _NUMBERS else '.+?'})"
        for position, piece in enumerate(pieces)
    )
