"""From the bytes of a model file to its text, whatever program saved it."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Final

MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

#: Files whose content is part of what a model says, wherever its text names them.
NAMED_FILE: Final = re.compile(r"'([^'\n]{1,200}\.(?:csv|txt|tab|xlsx|xlsm))'", re.I)


def decode(content: bytes) -> str:
    """Return the text of a file in UTF-8 or UTF-16 with or without mark, in GBK, or in Windows' western code page.

    Examples
    --------
    >>> decode("人口 = 1".encode("gbk")), decode("température = 1".encode("cp1252"))
    ('人口 = 1', 'température = 1')
    """
    for mark, name in MARKS:
        if content.startswith(mark):
            return _lines(content.decode(name, errors="replace"))
    if content[1::2].count(0) > len(content) // 8:
        return _lines(content.decode("utf-16-le", errors="replace"))
    try:
        return _lines(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        if error.start >= len(content) - 3 and error.reason == "unexpected end of data":
            # Cut off within a letter.
            return _lines(content.decode("utf-8", errors="ignore"))
    if _looks_chinese(content):
        return _lines(content.decode("gb18030", errors="replace"))
    return _lines(content.decode("cp1252", errors="replace"))


def _looks_chinese(content: bytes) -> bool:
    """Say whether letters beyond ASCII stand in pairs of high bytes, as nearly all of GBK do and few of Latin."""
    pairs = alone = 0
    place = 0
    while place < len(content):
        if content[place] < 0x80:
            place += 1
        elif place + 1 < len(content) and content[place + 1] >= 0xA1:
            pairs += 1
            place += 2
        else:
            alone += 1
            place += 1
    return pairs > 4 * alone


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


def named_files(text: str, folder: Path) -> list[Path]:
    """Return the tables that a model's text names and that are there."""
    found = {folder / name.replace("\\", "/") for name in NAMED_FILE.findall(text)}
    return sorted(path for path in found if path.is_file())
