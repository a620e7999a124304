"""What counts as the same where a machine may lawfully write other bytes: numbers, drawings, bitmaps and fonts."""

from __future__ import annotations

import base64
import binascii
import math
import re
import zlib
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
#: Bytes that every PNG bitmap begins with.
PNG_START: Final = b"\x89PNG\r\n\x1a\n"
#: Letters that a message quotes.
QUOTED: Final = 60

#: A number as spreadsheets and browsers read it: `float` would also take underscores, blanks and digits of any script.
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?")
#: A number of a drawing that stands alone: digits of a name or of a colour are words.
_DRAWN_NUMBER: Final = re.compile(rf"(?<![\w#.+-]){_NUMBER.pattern}")
#: Names that matplotlib gives to what is drawn more than once: made from its coordinates.
_DRAWN_NAME: Final = re.compile(r"\b[A-Za-z]?[0-9a-f]{10}\b")
_BITMAP: Final = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]*)")


def same_number(has: str, should: str) -> bool:
    """Return whether two numbers are the same but for the last digits of full precision.

    Examples
    --------
    >>> same_number("77.14999999999999", "77.15"), same_number("77.150001", "77.15"), same_number("7_7.15", "77.15")
    (True, False, False)
    """
    if has == should:
        return True
    if not (_NUMBER.fullmatch(has) and _NUMBER.fullmatch(should)):
        return False
    # A year is shown with as many digits as it is given.
    relative = 0.0 if should.lstrip("-").isdigit() else TOLERANCE
    return math.isclose(float(has), float(should), rel_tol=relative, abs_tol=TOLERANCE)


def same_drawing(has: bytes, should: bytes) -> bool:
    """Return whether two SVG drawings are the same within `POINTS`, and their bitmaps within `LEVELS`.

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
    """Return whether no pixel of two PNG bitmaps differs by more than `LEVELS`, and all that they say besides is equal.

    A gamma, a profile of colours, a resolution or a note that the picture is to be turned changes what is seen, though
    no pixel differs.
    """
    if has == should:
        return True
    if _besides_pixels(has) != _besides_pixels(should):
        return False
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


def _besides_pixels(png: bytes) -> list[tuple[bytes, bytes]] | None:
    """Return every chunk of a PNG bitmap in order, its packed pixels by name only; nothing if it is damaged."""
    if not png.startswith(PNG_START):
        return None
    chunks: list[tuple[bytes, bytes]] = []
    at = len(PNG_START)
    while at < len(png):
        length, kind = int.from_bytes(png[at : at + 4]), png[at + 4 : at + 8]
        content, checksum = png[at + 8 : at + 8 + length], png[at + 8 + length : at + 12 + length]
        if checksum != zlib.crc32(kind + content).to_bytes(4):
            return None
        # However many chunks the pixels are packed into, they are one.
        if kind != b"IDAT" or chunks[-1:] != [(b"IDAT", b"")]:
            chunks.append((kind, b"" if kind == b"IDAT" else content))
        at += 12 + length
    return chunks


def same_font(has: bytes, should: bytes) -> bool:
    """Return whether two fonts have the same tables, however they are packed."""
    if has == should:
        return True
    try:
        with TTFont(BytesIO(has)) as one, TTFont(BytesIO(should)) as other:
            return (
                one.sfntVersion == other.sfntVersion
                and one.reader.keys() == other.reader.keys()
                and all(
                    one.reader[table] == other.reader[table]
                    for table in other.reader.keys()  # noqa: SIM118
                )
            )
    except (TTLibError, OSError, ValueError, KeyError, EOFError):
        return False


def decode_address(address: str) -> bytes:
    """Return what a data address holds; nothing if it is damaged.

    Examples
    --------
    >>> decode_address("data:text/plain;base64,eWVz"), decode_address("data:image/png;base64,!")
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
    return _DRAWN_NUMBER.sub("#", text), _DRAWN_NUMBER.findall(text), bitmaps
