"""The chart library of the page, out of a wheel from PyPI that carries it, so that no JavaScript tools are needed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from model.engine.errors import UserError

#: The package that carries uPlot 1.6.31, and its files with their SHA-256, which are those of uPlot's own npm release.
PACKAGE: Final = "youplot"
FILES: Final[Mapping[str, str]] = {
    "vendor/uplot.iife.min.js": "2d27e8ad3d228164525ce213f9dc716f39b4e3aee0cc773fb3491c96cf4921a2",
    "vendor/uplot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
INSTALL: Final = "Install them with: pip install 'jinan-urbanization[page]'."


class PageError(UserError):
    """The live page cannot be written."""


def check_libraries() -> None:
    """Refuse to begin where a package is missing that only the page needs."""
    missing = [name for name in (PACKAGE, "ziglang") if find_spec(name) is None]
    if missing:
        message = f"The page needs packages that are not installed: {', '.join(missing)}. {INSTALL}"
        raise PageError(message)


def chart_library() -> tuple[str, str]:
    """Return the script and the style sheet of uPlot, as its makers released them.

    Raises
    ------
    PageError
        If the package is missing, or holds something else.
    """
    check_libraries()
    found = find_spec(PACKAGE)
    assert found is not None
    assert found.origin is not None
    texts = []
    for name, wanted in FILES.items():
        file = Path(found.origin).parent / name
        content = file.read_bytes() if file.is_file() else b""
        if hashlib.sha256(content).hexdigest() != wanted:
            message = f"The package {PACKAGE} does not hold the release of the chart library that is known. {INSTALL}"
            raise PageError(message)
        texts.append(content.decode("utf-8"))
    return texts[0], texts[1]
