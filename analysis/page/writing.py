"""The page put together into one file: model, members, texts, font and program, with rules against everything else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jinja2
import markupsafe

from analysis.briefing.writing.embedded_font import embedded_font
from analysis.page.draws import Draws, packed
from analysis.page.joining import joined
from analysis.page.libraries import PageError, chart_library

FOLDER: Final = Path(__file__).parent
BROWSER: Final = FOLDER / "browser"
#: Bytes that a page may have, so that it goes by mail.
MOST: Final = 6_000_000
#: The engine's own module, which the workers run.
ENGINE: Final = "engine.js"
#: Letters that a page shows whatever is in its files: what people type into names and numbers.
_USUAL: Final = "".join(map(chr, range(32, 127))) + "–—…·×±²³°％％≥≤≈→←↑↓↺✓●▲▼△▽＋－⋯☰⤓⎘"


@dataclass(frozen=True)
class Engine:
    """The model for the browser: its module of JavaScript, its WebAssembly, and what is said of its variables."""

    script: str
    wasm: bytes
    description: Mapping[str, Any]


def page(content: Mapping[str, Any], engine: Engine, draws: Mapping[str, Draws], language: str) -> str:
    """Return the page as the text of one HTML file.

    Parameters
    ----------
    content
        As from `analysis.page.content.content`.
    engine
        The model.
    draws
        Members by evidence.
    language
        In which it opens, unless a link says otherwise.

    Raises
    ------
    PageError
        If the page would be larger than can be sent.
    """
    chart_script, chart_style = chart_library()
    modules = {file.name: file.read_text(encoding="utf-8") for file in sorted(BROWSER.glob("*.js"))}
    script = f"{chart_script}\n{joined(modules, 'main.js')}"
    worker = joined({**modules, ENGINE: engine.script}, "worker.js")
    known = {**content, "draws": {seen: one.for_json() for seen, one in draws.items()}, "language": language}
    letters = _letters(json.dumps(known, ensure_ascii=False) + script)
    style = "\n".join(
        (
            f'@font-face {{ font-family: "Page Sans"; src: url("{embedded_font(letters)}"); font-display: block; }}',
            chart_style,
            (FOLDER / "page.css").read_text(encoding="utf-8"),
        )
    )
    text = _template().render(
        language="zh-CN" if language == "zh" else "en",
        title=content["words"]["title"][language],
        policy=content_policy(script, style),
        style=_safe(style),
        script=_safe(script),
        worker=_safe(worker),
        content=_safe(_json(known)),
        engine=_safe(_json(engine.description)),
        wasm=packed(engine.wasm),
        draws={seen: packed(one.content) for seen, one in draws.items()},
    )
    if (size := len(text.encode("utf-8"))) > MOST:
        message = f"The page would have {size:,} bytes, more than {MOST:,}: take fewer members with --members."
        raise PageError(message)
    return text


def content_policy(script: str, style: str) -> str:
    """Return the rules by which a browser refuses whatever is not the page's own.

    Only this script and this style sheet count; workers come from the page itself; nothing is fetched, sent or framed.
    WebAssembly needs ``wasm-unsafe-eval``, which allows no evaluation of text.

    Examples
    --------
    >>> "connect-src" in content_policy("", ""), "default-src 'none'" in content_policy("", "")
    (False, True)
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}' 'wasm-unsafe-eval'",
            f"style-src '{_hash(style)}'",
            "worker-src blob:",
            "img-src blob: data:",
            "font-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(_safe(text).encode("utf-8")).digest()).decode("ascii")


def _safe(text: str) -> str:
    """A text that does not end the element it stands in."""
    if re.search(r"</(script|style)", text, re.IGNORECASE) or "<!--" in text:
        message = "A part of the page would end the element that holds it."
        raise ValueError(message)
    return text


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=False, allow_nan=False)
    return text.replace("<", "\\u003c")


def _letters(text: str) -> str:
    return "".join(sorted(set(text) | set(_USUAL)))


def _template() -> jinja2.Template:
    # Everything that is filled in is checked or escaped by its kind: scripts and style sheets are no HTML.
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), autoescape=False, trim_blocks=True)
    environment.filters["attribute"] = markupsafe.escape
    return environment.get_template("page.html")
