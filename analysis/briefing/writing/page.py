"""The briefing as one HTML page that needs nothing outside itself."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from string import ascii_letters, digits, punctuation
from typing import Final

from markupsafe import Markup, escape

from analysis.briefing.content import Briefing, Number, Paragraph, Picture, Table, Text, every_text, plain
from analysis.briefing.words import templates, word
from analysis.briefing.writing.embedded_font import embedded_font
from analysis.outcome.html_template import html_template

TEMPLATE: Final = Path(__file__).with_name("page.html.jinja")


def page(briefing: Briefing, drawings: Mapping[str, str]) -> str:
    """Return the page of a briefing; `drawings` are the SVG texts of its pictures by their ids."""
    tests: dict[str, Callable[..., bool]] = {
        "paragraph": lambda block: isinstance(block, Paragraph),
        "table": lambda block: isinstance(block, Table),
        "picture": lambda block: isinstance(block, Picture),
    }
    written = "".join(plain(text) for _, text in every_text(briefing))
    written += "".join(section.title for section in briefing.topics) + "".join(briefing.manifest.values())
    written += "".join(sentence[briefing.language] for sentence in templates().values())
    characters = "".join(sorted(set(written + ascii_letters + digits + punctuation + " ±—–·")))
    return html_template(TEMPLATE, tests).render(
        briefing=briefing,
        html=marked,
        plain=plain,
        on_page=lambda section: [block for block in section.blocks if "page" in block.where],
        word=lambda name: word(name, briefing.language),
        drawing=lambda block: _address(drawings[block.id]),
        font=Markup(embedded_font(characters)),
    )


def marked(text: Text) -> Markup:
    """Return a text as HTML, each number with its key and its full value.

    Examples
    --------
    >>> marked(("about ", Number("n", 3.21, ".0f")))
    Markup('about <data value="3.21" data-key="n">3</data>')
    """
    parts = []
    for run in text:
        if isinstance(run, Number):
            parts.append(
                Markup('<data value="{}" data-key="{}">{}</data>').format(f"{run.shown:.12g}", run.key, run.text)
            )
        else:
            parts.append(escape(run if isinstance(run, str) else run.text))
    return Markup("").join(parts)


def bare(drawing: str) -> bytes:
    """Return an SVG drawing without the address of its document type and without its metadata.

    Examples
    --------
    >>> bare("<?xml?><!DOCTYPE svg PUBLIC 'http://...'><svg><metadata>by</metadata></svg>")
    b'<svg></svg>'
    """
    return re.sub("<metadata>.*?</metadata>", "", drawing[drawing.index("<svg") :], flags=re.DOTALL).encode()


def _address(drawing: str) -> Markup:
    return Markup("data:image/svg+xml;base64," + base64.b64encode(bare(drawing)).decode("ascii"))
