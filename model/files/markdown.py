"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown, without a line break at its end.

    Examples
    --------
    >>> print(markdown_table(["year", "residents"], [["2010", "8,112,513"]]))
    | year | residents |
    |---|---|
    | 2010 | 8,112,513 |
    """
    lines = [f"| {' | '.join(cells)} |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])
