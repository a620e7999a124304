"""Tables on the console, alike in every question."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table


def titled_table(title: str, caption: str | None = None) -> Table:
    """Return an empty table with a bold title above it and a caption below, both at the left."""
    return Table(title=escape(title), title_justify="left", title_style="bold", caption=caption, caption_justify="left")
