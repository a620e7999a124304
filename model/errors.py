"""The one base class of every mistake that a person can mend."""

from __future__ import annotations


class UserError(ValueError):
    """Something given cannot be used as it is; the message says what, where and how to mend it.

    The command line prints the message without a traceback and exits with code 2. Every exception that a person can
    meet is a subclass; anything else is a fault of the program.
    """
