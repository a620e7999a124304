"""How charts look: font, palette, and the settings of matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib as mpl
import pylopdf_fonts_zh_cn
from matplotlib import font_manager

#: Inches of a chart, across and down; each chart has its own where none is asked for.
Size = tuple[float, float]

# Okabe and Ito's palette (Color Universal Design, 2008); its yellow, lost on white as a line, fills the target stars.
BLACK, BLUE, ORANGE, GREEN = "#000000", "#0072B2", "#E69F00", "#009E73"
VERMILION, PURPLE, SKY, YELLOW = "#D55E00", "#CC79A7", "#56B4E9", "#F0E442"
#: Lines that only guide the eye, and text that may be overlooked; what stands behind the rest.
GREY, LIGHT_GREY = "#555555", "#BBBBBB"
#: Parts of a whole, and lines without a meaning of their own, take these in turn.
PART_COLOURS = (BLUE, GREEN, ORANGE, SKY, VERMILION, PURPLE)
LINE_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION)
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))
#: Dashes of a level that is asked for, or at which something changes.
REFERENCE_DASH = (0, (4, 2))
#: Lower and upper quantile of each band, and how dense it is drawn.
BANDS = ((0.05, 0.95, 0.15), (0.25, 0.75, 0.25))

# Noto Sans SC is under the SIL Open Font License 1.1, which allows any use in documents
# (package pylopdf-fonts-zh-cn; the font is from github.com/notofonts/noto-cjk).
FONT = pylopdf_fonts_zh_cn.sans_path()
#: For letters that Noto Sans SC lacks, such as Arabic ones; comes with matplotlib.
SECOND_FONT = "DejaVu Sans"


@contextmanager
def chart_style() -> Iterator[None]:
    """Return the context in which charts are made: fonts, sizes, grid, and every text shown as it was typed.

    Examples
    --------
    >>> with chart_style():
    ...     float(mpl.rcParams["font.size"])
    9.0
    """
    style: Any = {
        "font.family": [_font_family(), SECOND_FONT],
        "font.size": 9,
        # A title may hold dollar signs: they are money, not formulas.
        "text.parse_math": False,
        "axes.titlesize": 10,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": "#E5E5E5",
        "legend.frameon": False,
        "figure.dpi": 130,
        "savefig.dpi": 130,
        "hatch.linewidth": 0.6,
    }
    with mpl.rc_context(style), warnings.catch_warnings():
        # What no font has, such as an emoji in a title, is drawn as a box; the chart is no worse for it.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font", category=UserWarning)
        yield


@cache
def _font_family() -> str:
    """Make the font known to matplotlib, once, and return its name."""
    font_manager.fontManager.addfont(FONT)
    return str(font_manager.FontProperties(fname=FONT).get_name())


def darken(colour: str) -> str:
    """Darken a fill so that a label in its colour can be read."""
    red, green, blue = (int(colour[first : first + 2], 16) * 3 // 4 for first in (1, 3, 5))
    return f"#{red:02x}{green:02x}{blue:02x}"
