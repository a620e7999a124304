"""The one base class of every mistake that a person can mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
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


def near(name: str, known: Iterable[str], titles: Mapping[str, str] | None = None) -> str:
    """Return " Did you mean ...?" when one of the known names resembles the given one, else nothing.

    Parameters
    ----------
    name
        What was given.
    known
        The names that there are.
    titles
        The name by title, in any language: somebody may know a thing by its title.

    Examples
    --------
    >>> near("fertilty support", ["FERTILITY SUPPORT", "RENT SUBSIDY"])
    " Did you mean 'FERTILITY SUPPORT'?"
    >>> near("生育支持力度", ["FERTILITY SUPPORT"], {"生育支持": "FERTILITY SUPPORT"})
    " Did you mean 'FERTILITY SUPPORT' (生育支持)?"
    >>> near("合费", ["hefei", "jinan"], {"合肥": "hefei", "济南": "jinan"})
    " Did you mean 'hefei' (合肥)?"
    """
    by_fold = {item.casefold(): item for item in known}
    called = {title.casefold(): title for title in titles or {}}
    given = name.casefold()
    # Of two signs, as the names of most cities have, one may be wrong.
    cutoff = 0.5 if len(given) == 2 else 0.6
    matches = difflib.get_close_matches(given, [*by_fold, *called], n=1, cutoff=cutoff)
    # A part of a title is often all that somebody remembers.
    matches = matches or [title for title in called if len(given) > 1 and given in title][:1]
    if not matches:
        return ""
    if matches[0] in by_fold:
        return f" Did you mean {by_fold[matches[0]]!r}?"
    title = called[matches[0]]
    return f" Did you mean {(titles or {})[title]!r} ({title})?"
