"""Parts of a page that are worked out anew, between ``<!-- name -->`` and ``<!-- end name -->``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from model.files.atomic import replaced


def rewrite_blocks(page: Path, blocks: Mapping[str, str], *, write: bool) -> list[Path]:
    """Compare blocks of a page with what they should be, write them if they differ, and return the page if they did.

    Raises
    ------
    ValueError
        If a mark is missing.
    """
    old = text = page.read_text(encoding="utf-8")
    for name, block in blocks.items():
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"\n<!-- end {name} -->")
        if not end:
            msg = f"no block {name!r} in {page.name}"
            raise ValueError(msg)
        text = before + start + block + end + after
    if old == text:
        return []
    if write:
        with replaced(page) as partial:
            partial.write_text(text, encoding="utf-8", newline="\n")
    return [page]
