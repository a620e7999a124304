"""Start the live page and drive it in a real browser, as tests and measurements do."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

from analysis.dashboard.controls import css_class

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
#: Few, so that tests are quick; the page is the same with more.
MEMBERS = 40


class Served:
    """A server started as a user starts it."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "run_scenarios.py", "dashboard", "--port", "0", "--members", str(MEMBERS), *words]
        # Into a file, as a pipe that nobody reads would fill up and hold the server.
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        settings = {**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT, env=settings)
        while (announced := re.search(r"(http://[^\s/]+):(\d+)/(\S*)", self.said)) is None:
            assert self.process.poll() is None, self.said
            time.sleep(0.2)
        self.address, self.query = f"http://127.0.0.1:{announced[2]}/", announced[3]

    @property
    def said(self) -> str:
        """All that the server has printed."""
        self._log.seek(0)
        return self._log.read()

    def stop(self) -> None:
        """End the server as Ctrl-C does; it must end in order."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        text = self.said
        self._log.close()
        assert self.process.returncode == 0, text
        assert "Traceback" not in text, text


def ready(page: Any) -> None:
    """Wait until the page is complete."""
    page.locator('[data-state="complete"]').wait_for()


def lever(page: Any, constant: str) -> Any:
    """The number field of a lever."""
    return page.locator(f".{css_class(constant)} input").first
