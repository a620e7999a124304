"""Damage done to a good file, for tests that whatever comes in is read or refused in words."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from model.engine.errors import UserError
from model.files.strict_files import hidden_character

#: A screen, and the seconds of processor time that a person would call a hang.
LINES, COLUMNS, SECONDS = 25, 200, 10

#: What is written in the place of a value: other kinds, numbers that are none, and what only a program reads.
VALUES = (
    *("", "~", "true", "no", "{}", "[]", "[1, 2]", "{a: 1}", "{zh: 1}", "- a", "a: b: c", "{? [a] : b}"),
    *("&a [1]", "*a", "!!int x", "!!python/name:os.system x", "/dev/zero", "../../etc/passwd", "|", ">", "'", '"'),
    *("0", "-1", "1e9", "1e308", "1e999", ".inf", "-.inf", ".nan", "nan", "9" * 299, "9" * 5000),
    *("0x1f", "1:30", "010", "1_0", "2024-01-01", "2025.5", "soon", "50万", "7４.2%", "default"),
    *("x" * 500, "长" * 5000, "{" * 40, "[" * 3000, "\x1b[2J", "\ufffe"),
    *(r'"\0"', r'"\e[31mred"', r'"\ud800"', r'"\u202eabc"'),
    *("{2020: default, 2025: 1}", "{2020: 1}", "above plan", "is above", "residents", "plan"),
)
CELLS = (
    *("", "-", "nan", "inf", "1e999", "9" * 400, '"', "９３", "9,300", "74%", "2021.5", "，", ";", "=1+1"),
    *("x" * 5000, "\x00", "\x1b[0m"),
)


class HungError(Exception):
    """Reading took more processor time than a person waits."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise `HungError` when what is inside takes more processor time than this."""

    def stop(*_: object) -> None:
        raise HungError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def outcome(read: Callable[[Path], Any], path: Path) -> str:
    """Return "read", "refused", or what a person must not meet, in reading a file."""
    try:
        with within(SECONDS):
            read(path)
    except UserError as error:
        lines = str(error).split("\n")
        if len(lines) > LINES or max(map(len, lines)) > COLUMNS:
            return f"a message of {len(lines)} lines and {len(str(error))} characters: {str(error)[:300]!r}"
        if any(map(hidden_character, lines)):
            return f"a message that acts on the terminal: {str(error)[:300]!r}"
        return "refused"
    except HungError:
        return f"no answer within {SECONDS} s"
    except Exception as error:  # whatever it is, a person would see a traceback
        return f"{type(error).__name__}: {str(error)[:300]}"
    return "read"


def damaged(text: str, random: np.random.Generator) -> bytes:
    """Return a text with one to three things wrong."""
    table = text.startswith("variable,")
    for _ in range(random.integers(1, 4)):
        text = _cell(text, random) if table and random.random() < 0.6 else _line(text, random)
    content = text.encode("utf-8", "surrogatepass")
    if random.random() < 0.15 and content:
        at, end = sorted(random.integers(0, len(content) + 1, 2))
        noise = random.integers(0, 256, int(random.integers(0, 9)), dtype=np.uint8).tobytes()
        content = content[:at] + noise + (content[end:] if random.random() < 0.5 else content[at:])
    return content


def _line(text: str, random: np.random.Generator) -> str:
    lines = text.split("\n")
    at = int(random.integers(len(lines)))
    line, kind = lines[at], int(random.integers(10))
    value = VALUES[random.integers(len(VALUES))]
    if kind <= 3:
        lines[at] = re.sub(r"(: )[^{}\n]*$", lambda found: found[1] + value, line, count=1)
    elif kind == 4:
        spots = [found.span() for found in re.finditer(r"[^\s{}\[\],:]+", line)]
        if spots:
            start, end = spots[random.integers(len(spots))]
            lines[at] = line[:start] + value + line[end:]
    elif kind == 5:
        del lines[at]
    elif kind == 6:
        lines.insert(at, lines[random.integers(len(lines))])
    elif kind == 7:
        lines[at] = " " * int(random.integers(1, 5)) + line if random.random() < 0.5 else line.lstrip()
    elif kind == 8 and line:
        spot = int(random.integers(len(line)))
        lines[at] = line[:spot] + chr(random.integers(32, 127)) + line[spot + 1 :]
    elif kind == 9:
        lines = lines[:at] + [line] * int(random.choice([50, 5000])) + lines[at:]
    return "\n".join(lines)


def _cell(text: str, random: np.random.Generator) -> str:
    lines = text.split("\n")
    at = int(random.integers(len(lines)))
    cells = lines[at].split(",")
    cells[random.integers(len(cells))] = CELLS[random.integers(len(CELLS))]
    lines[at] = ",".join(cells)
    return "\n".join(lines)
