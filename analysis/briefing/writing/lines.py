"""Texts broken into lines as Chinese and English are, by the widths of the letters of a font."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import Final

import pylopdf_fonts_zh_cn
from fontTools.ttLib import TTFont
from fpdf.fonts import CORE_FONTS_CHARWIDTHS

#: Millimetres of a point.
POINT: Final = 25.4 / 72
#: Fonts: of headings and of running text in the PDF, and those of Word, Times New Roman beside a Chinese one.
SANS, SERIF, WORD = "sans", "serif", "word"
#: Ems that Word leaves between a Chinese letter and a Latin one.
BETWEEN: Final = 0.22
FIRST_CHINESE: Final = 0x2E80
#: What cannot begin a line, and what cannot end one.
_NO_START: Final = frozenset("，。、；：？！）》”’%％—…·,.;:?!)]")
_NO_END: Final = frozenset("（《“‘([")
#: A Latin word or a number stays whole.
_PIECE: Final = re.compile(r"[A-Za-z0-9.,+±<>\-/'’_()\[\]:;]+|\s+|.", re.DOTALL)


def broken(text: str, across: float, size: float, face: str, indent: float = 0.0) -> list[str]:
    """Return the lines of a text in so many millimetres, broken as Chinese and English are.

    Examples
    --------
    >>> broken("济南城镇化，", 5 * 10 * POINT, 10.0, SERIF)
    ['济南城镇', '化，']
    """
    lines, line, left = [], "", across - indent
    for piece in pieces(text):
        width = text_width(piece.rstrip(), size, face)
        if line and width > left:
            lines.append(line.rstrip())
            line, left, piece = "", across, piece.lstrip()
            width = text_width(piece, size, face)
        while width > left and len(piece) > 1:
            # A word longer than a line is cut.
            kept = next(n for n in range(len(piece), 0, -1) if n == 1 or text_width(piece[:n], size, face) <= left)
            lines.append(piece[:kept])
            piece, left = piece[kept:], across
            width = text_width(piece, size, face)
        line += piece
        left -= text_width(piece, size, face)
    return [*lines, line.rstrip()]


def pieces(text: str) -> list[str]:
    """Return the parts between which a line may end; what cannot begin or end one is joined to its neighbour."""
    parts: list[str] = []
    for piece in _PIECE.findall(text):
        joined = parts and (
            piece[0] in _NO_START
            or parts[-1][-1] in _NO_END
            or piece.startswith("\N{NO-BREAK SPACE}")
            or parts[-1].endswith("\N{NO-BREAK SPACE}")
            or (piece.isspace() and not parts[-1].endswith(" "))
        )
        if joined:
            parts[-1] += piece
        else:
            parts.append(piece)
    return parts or [""]


def text_width(text: str, size: float, face: str) -> float:
    """Return the millimetres of a text."""
    widths, units = _widths(face)
    ems = sum(widths.get(ord(letter), units) for letter in text) / units
    if face == WORD:
        ems += BETWEEN * sum(_is_apart(one, other) for one, other in pairwise(text))
    return ems * size * POINT


def _is_apart(one: str, other: str) -> bool:
    """Whether Word leaves room between two letters, one of them Chinese and the other Latin or a digit."""
    return one.isalnum() and other.isalnum() and (ord(one) < FIRST_CHINESE) != (ord(other) < FIRST_CHINESE)


@cache
def _widths(face: str) -> tuple[dict[int, int], int]:
    if face == WORD:
        times = CORE_FONTS_CHARWIDTHS["times"]
        # Curly quotation marks and the dash stand in the Chinese font.
        return {ord(letter): int(width) for letter, width in times.items() if ord(letter) < FIRST_CHINESE}, 1000
    with TTFont(font_file(face), lazy=True) as font:
        metrics, units = font["hmtx"].metrics, font["head"].unitsPerEm
        return {code: metrics[glyph][0] for code, glyph in font.getBestCmap().items()}, units


def font_file(face: str) -> str:
    """Return the file of a font, under the SIL Open Font License 1.1."""
    return str(pylopdf_fonts_zh_cn.sans_path() if face == SANS else pylopdf_fonts_zh_cn.serif_path())
