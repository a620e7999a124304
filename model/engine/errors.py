"""The one base class of every mistake that a person can mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

#: Mistakes listed one by one, and letters of each: what fits on a screen.
MOST_LINES: Final = 20
LONGEST_LINE: Final = 400


class UserError(ValueError):
    """Something given cannot be used as it is; the message says what, where and how to mend it.

    The command line prints the message without a traceback and exits with code 2. Every exception that a person can
    meet is a subclass; anything else is a fault of the program.
    """


def listed(mistakes: Sequence[str]) -> str:
    """Return mistakes as the lines of a message, no more than fit on a screen.

    Examples
    --------
    >>> print(listed(["'A' is missing", "'B' is not finite"]))
     * 'A' is missing
     * 'B' is not finite
    """
    flat = [" ".join(mistake.split()) for mistake in mistakes[:MOST_LINES]]
    lines = [f" * {shortened(line, LONGEST_LINE)}" for line in flat]
    if len(mistakes) > MOST_LINES:
        lines.append(f" * and {len(mistakes) - MOST_LINES} more")
    return "\n".join(lines)


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters, cut between words where it has any.

    Examples
    --------
    >>> shortened("Shipped: baseline, plan, weak_inflow.", 30)
    'Shipped: baseline, plan, ...'
    """
    if len(text) <= most:
        return text
    end = text.rfind(" ", 0, most - 3)
    # Chinese has no spaces, and a long name may be all there is.
    return f"{text[: end if end > most // 2 else most - 4]} ..."


def near(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean ...?" when one of the known names resembles the given one, else nothing.

    Examples
    --------
    >>> near("fertilty support", ["FERTILITY SUPPORT", "RENT SUBSIDY"])
    " Did you mean 'FERTILITY SUPPORT'?"
    """
    by_fold = {item.casefold(): item for item in known}
    matches = difflib.get_close_matches(name.casefold(), by_fold, n=1)
    return f" Did you mean {by_fold[matches[0]]!r}?" if matches else ""
