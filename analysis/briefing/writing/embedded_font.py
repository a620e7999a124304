"""The font of the page: the characters that it uses, cut out of Noto Sans SC, so that it reads right anywhere."""

from __future__ import annotations

import base64
from functools import cache
from io import BytesIO

from fontTools import subset
from fontTools.ttLib import TTFont

from analysis.charts.style import FONT


@cache
def embedded_font(characters: str) -> str:
    """Return a font that holds some characters, as a data address for a style sheet.

    Examples
    --------
    >>> embedded_font("济南")[:22]
    'data:font/woff;base64,'
    """
    options = subset.Options(flavor="woff", notdef_outline=True, drop_tables=["DSIG"], recalc_timestamp=False)
    with TTFont(FONT, recalcTimestamp=False) as font:
        cut = subset.Subsetter(options)
        cut.populate(text=characters)
        cut.subset(font)
        font.flavor = "woff"
        file = BytesIO()
        font.save(file)
    return "data:font/woff;base64," + base64.b64encode(file.getvalue()).decode("ascii")
