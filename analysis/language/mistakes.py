"""What is wrong with a request, in the language of the screen, by a catalogue of the English sentences of the code.

The code says a mistake in English, where it finds it; here, where it is shown, each line is looked up by its pattern. A
line that the catalogue does not have is shown in English as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from analysis.outcome.screen import screen_language

FILE: Final = Path(__file__).with_name("mistakes.yaml")
#: Sections of the file with what sentences begin and end with: where the mistake is, and which name is nearest.
BEGINNINGS, ENDINGS = "beginnings", "endings"

_GAP: Final = re.compile(r"\{(\w+)\}")
_QUOTED: Final = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_LISTED: Final = re.compile(r"'[^']*'(?:, '[^']*')*(?:,? (?:and|or) '[^']*')?")


class Pattern(NamedTuple):
    """A sentence with gaps, as a regular expression, and the same in Chinese."""

    english: re.Pattern[str]
    chinese: str


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
    return next(_readings(text), None)


def _readings(text: str) -> Iterator[str]:
    beginnings, endings, whole = _patterns()
    yield from _matches(text, whole)
    for pattern in endings:
        if (found := pattern.english.fullmatch(text)) and (rest := in_chinese(found["rest"])) is not None:
            yield rest + _filled(pattern, found)
    for pattern in beginnings:
        if (found := pattern.english.fullmatch(text)) and (rest := in_chinese(found["rest"])) is not None:
            yield _filled(pattern, found) + rest
    # Sentences that the code puts together are looked up one by one.
    for end in re.finditer(r"(?<=[.?:]) (?=\S)", text):
        for before in _matches(text[: end.start()], whole):
            if (after := in_chinese(text[end.end() :])) is not None:
                yield before + after


def _matches(text: str, patterns: Sequence[Pattern]) -> Iterator[str]:
    for pattern in patterns:
        if found := pattern.english.fullmatch(text):
            yield _filled(pattern, found)


def _filled(pattern: Pattern, found: re.Match[str]) -> str:
    gaps = {name: _value(value) for name, value in found.groupdict().items() if name != "rest"}
    return pattern.chinese.format(**gaps)


def _value(value: str) -> str:
    """What stands in a gap: names in Chinese quotation marks, and lists of names as Chinese writes them."""
    if _LISTED.fullmatch(value):
        value = re.sub(r",? and (?=')", "和", re.sub(r",? or (?=')", "或", value)).replace("', '", "'、'")
    return _QUOTED.sub(lambda quoted: f"“{quoted[1] if quoted[1] is not None else quoted[2]}”", value)


@cache
def _patterns() -> tuple[Sequence[Pattern], Sequence[Pattern], Sequence[Pattern]]:
    whole = {english: chinese for name, section in catalogue().items() for english, chinese in section.items()}
    first, last = catalogue()[BEGINNINGS], catalogue()[ENDINGS]
    return (
        [Pattern(re.compile(expression(english) + "(?P<rest>.+)"), chinese) for english, chinese in first.items()],
        [Pattern(re.compile("(?P<rest>.+)" + expression(english)), chinese) for english, chinese in last.items()],
        # The most particular first: the one with most words of its own.
        [
            Pattern(re.compile(expression(english)), chinese)
            for english, chinese in sorted(whole.items(), key=lambda one: -len(_GAP.sub("", one[0])))
            if english not in first and english not in last
        ],
    )


def expression(english: str) -> str:
    """Return the regular expression of a sentence with gaps.

    Examples
    --------
    >>> expression("{a}={b}")
    '(?P<a>.+?)=(?P<b>.+?)'
    """
    pieces = _GAP.split(english)
    return "".join(f"(?P<{piece}>.+?)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces))
