"""Ctrl-C and SIGTERM end a command in order: what is under way is unwound, and one line says what is kept."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

#: What is printed after Ctrl-C, and how it begins after SIGTERM, by language.
INTERRUPTED: Final = {
    "zh": "\n{what}：不留写了一半的文件，已写完的保留；再次运行同一命令即可继续。",
    "en": "\n{what}: no file is left half-written, and what was complete is kept; give the command again to go on.",
}
CTRL_C: Final = {"zh": "已中断", "en": "Interrupted"}
TERMINATED: Final = {"zh": "已按要求终止", "en": "Ended as asked (SIGTERM)"}


class Terminated(KeyboardInterrupt):
    """The system, or another program, has asked this one to end (SIGTERM)."""


@contextmanager
def exit_on_interrupts(language: str = "en") -> Iterator[None]:
    """Turn an interrupt into a line and exit code 130, and being told to end (SIGTERM) into exit code 143."""
    try:
        with _terminated_like_an_interrupt():
            yield
    except KeyboardInterrupt as error:
        ended = isinstance(error, Terminated)
        what = (TERMINATED if ended else CTRL_C)[language]
        print(INTERRUPTED[language].format(what=what), file=sys.stderr)
        raise SystemExit(128 + (signal.SIGTERM if ended else signal.SIGINT)) from None


@contextmanager
def _terminated_like_an_interrupt() -> Iterator[None]:
    """Let SIGTERM unwind what is under way as Ctrl-C does: the usual end at once leaves children and partial files."""
    # Only the main thread may say what a signal does.
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        # Some send it twice, to the process and to its group; a second one may not cut the unwinding short.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
