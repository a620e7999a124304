"""Pages that need nothing outside themselves are filled in from templates beside the code that writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template


def html_template(file: Path, tests: Mapping[str, Callable[..., bool]] | None = None) -> Template:
    """Return a template of HTML; text that is put into it is escaped, and a gap without a value is an error.

    Parameters
    ----------
    file
        The template.
    tests
        What it may ask of a value, by the word that stands behind ``is``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "one.jinja"
    ...     _ = file.write_text("<p>{{ text }}</p>")
    ...     html_template(file).render(text="a < b")
    '<p>a &lt; b</p>'
    """
    environment = Environment(
        loader=FileSystemLoader(file.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests |= tests or {}
    return environment.get_template(file.name)
