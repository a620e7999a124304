"""What counts as the same where a machine may lawfully write other bytes: numbers, drawings, bitmaps and fonts."""

from __future__ import annotations

import base64
import binascii
import math
import re
from io import BytesIO
from itertools import zip_longest
from typing import Final

import numpy as np
from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, UnidentifiedImageError

#: Numbers kept in full may differ by so much, relative or absolute: far less than any digit that is shown.
TOLERANCE: Final = 1e-9
#: Coordinates of a drawing may differ by so much, in points: 1/72 of an inch.
POINTS: Final = 1e-4
#: A pixel of a bitmap may differ by so many of 255 levels of a colour.
LEVELS: Final = 8
#: Letters that a message quotes.
QUOTED: Final = 60

_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
#: Names that matplotlib gives to what is drawn more than once: made from its coordinates.
_DRAWN_NAME: Final = re.compile(r"\b[A-Za-z]?[0-9a-f]{10}\b")
_BITMAP: Final = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]*)")


def same_number(has: str, should: str) -> bool:
    """Say whether two numbers are the same but for the last digits of full precision.

    Examples
    --------
    >>> same_number("77.14999999999999", "77.15"), same_number("77.150001", "77.15"), same_number("one", "1")
    (True, False, False)
    """
    try:
        return math.isclose(float(has), float(should), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except ValueError:
        return False


def same_drawing(has: bytes, should: bytes) -> bool:
    """Say whether two SVG drawings are the same within `POINTS`, and their bitmaps within `LEVELS`.

    Examples
    --------
    >>> same_drawing(b'<path d="M 1.00001 2"/>', b'<path d="M 1 2"/>'), same_drawing(b"<a/>", b"<b/>")
    (True, False)
    """
    if has == should:
        return True
    try:
        parts = [_drawing(text.decode()) for text in (has, should)]
    except (UnicodeDecodeError, binascii.Error):
        return False
    (words, numbers, bitmaps), (other_words, other_numbers, other_bitmaps) = parts
    return (
        words == other_words
        and len(numbers) == len(other_numbers)
        and len(bitmaps) == len(other_bitmaps)
        and all(_near(*pair) for pair in zip(numbers, other_numbers, strict=True))
        and all(same_bitmap(*pair) for pair in zip(bitmaps, other_bitmaps, strict=True))
    )


def same_bitmap(has: bytes, should: bytes) -> bool:
    """Say whether two PNG bitmaps are of one size and no pixel differs by more than `LEVELS`.

    Examples
    --------
    >>> same_bitmap(b"torn", b"png")
    False
    """
    if has == should:
        return True
    try:
        with Image.open(BytesIO(has), formats=["PNG"]) as one, Image.open(BytesIO(should), formats=["PNG"]) as other:
            frames = [getattr(image, "n_frames", 1) for image in (one, other)]
            # The size is looked at before anything is unpacked.
            if one.size != other.size or frames[0] != frames[1]:
                return False
            pixels = [np.asarray(image.convert("RGBA"), dtype=np.int16) for image in (one, other)]
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return False
    return int(np.abs(pixels[0] - pixels[1]).max(initial=0)) <= LEVELS


def same_font(has: bytes, should: bytes) -> bool:
    """Say whether two fonts have the same tables, however they are packed.

    Examples
    --------
    >>> same_font(b"torn", b"font")
    False
    """
    if has == should:
        return True
    try:
        with TTFont(BytesIO(has)) as one, TTFont(BytesIO(should)) as other:
            return one.reader.keys() == other.reader.keys() and all(
                one.reader[table] == other.reader[table]
                for table in other.reader.keys()  # noqa: SIM118
            )
    except (TTLibError, OSError, ValueError, KeyError, EOFError):
        return False


def decoded(address: str) -> bytes:
    """Return what a data address holds; nothing if it is damaged.

    Examples
    --------
    >>> decoded("data:text/plain;base64,eWVz"), decoded("data:image/png;base64,!")
    (b'yes', b'')
    """
    try:
        return base64.b64decode(address.partition("base64,")[2], validate=True)
    except (binascii.Error, ValueError):
        return b""


def contrast(has: str, should: str) -> str:
    """Return how a text differs from what it should be, cut to where it does.

    Examples
    --------
    >>> contrast("In 2025 it is 92 %.", "In 2025 it is 77 %.")
    "'In 2025 it is 92 %.' stands where 'In 2025 it is 77 %.' should"
    """
    first = next((at for at, (a, b) in enumerate(zip_longest(has, should)) if a != b), 0)
    start = max(0, first - QUOTED // 3)

    def cut(text: str) -> str:
        before, behind = "…" if start else "", "…" if len(text) > start + QUOTED else ""
        return repr(before + text[start : start + QUOTED] + behind)

    if not has:
        return f"{cut(should)} is missing"
    if not should:
        return f"{cut(has)} was added"
    return f"{cut(has)} stands where {cut(should)} should"


def _near(has: str, should: str) -> bool:
    return has == should or abs(float(has) - float(should)) <= POINTS


def _drawing(text: str) -> tuple[str, list[str], list[bytes]]:
    """A drawing taken apart: its words, its numbers and its bitmaps."""
    bitmaps = [base64.b64decode("".join(packed.split()), validate=True) for packed in _BITMAP.findall(text)]
    text = _BITMAP.sub("bitmap", text)
    order: dict[str, str] = {}
    text = _DRAWN_NAME.sub(lambda name: order.setdefault(name[0], f"name{chr(0x100 + len(order))}"), text)
    return _NUMBER.sub("#", text), _NUMBER.findall(text), bitmaps
