"""The live page in a real browser, opened from a file as a user opens it; for tests and measurements."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from analysis.page.build import build_page
from calibration.fit.evidence import NEWEST, Evidence

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: What says that nothing more is being computed.
COMPLETE = "#status[data-state=complete]"
#: Milliseconds in which all members must be there, on a busy machine.
PATIENCE = 120_000


def write_page(file: Path, members: int) -> Path:
    """Write the page with so many members of each evidence, and return its file."""
    seen = [NEWEST, *(one for one in Evidence if one != NEWEST)]
    file.write_text(build_page(members, seen), encoding="utf-8")
    return file


def css_class(constant: str) -> str:
    """Return the class by which a constant's controls are found on the page.

    Examples
    --------
    >>> css_class("TALENT SUBSIDY")
    'lever-talent-subsidy'
    """
    return f"lever-{constant.lower().replace(' ', '-')}"


def link(file: Path, **choices: Any) -> str:
    """Return the address of a page with choices in it, as its own links have them.

    Examples
    --------
    >>> link(Path("/page.html"), base="plan", changes={"RENT SUBSIDY": 0.2})
    'file:///page.html#base=plan&changes=%7B%22RENT+SUBSIDY%22%3A+0.2%7D'
    """
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in choices.items()}
    return file.as_uri() + (f"#{urlencode(texts)}" if texts else "")


def ready(page: Any) -> None:
    """Wait until every member of what is asked is there."""
    page.wait_for_selector(COMPLETE, timeout=PATIENCE)


def set_lever(page: Any, constant: str, value: str) -> None:
    """Type a number beside a lever, and wait for all that follows."""
    field = page.locator(f".{css_class(constant)} input[type=number]").first
    field.fill(value)
    field.press("Enter")
    ready(page)


def values_of(page: Any, role: str = "page") -> list[float]:
    """Return what every member came to: by member, variable, element and year."""
    return list(page.evaluate("(role) => Array.from(livePage.role(role).outcome.values)", role))


def judged(page: Any, target: str) -> Mapping[str, int]:
    """Return how many of how many members reach a target, as its card says."""
    card = page.locator(f".cards [data-target='{target}'] .large")
    return {name: int(card.get_attribute(f"data-{name}")) for name in ("reached", "members")}


def saved(download: Any) -> str:
    """Return the text of a file that the page has given."""
    return re.sub("^\ufeff", "", Path(download.path()).read_text(encoding="utf-8"))
