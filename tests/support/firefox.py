"""Firefox as Debian has it, driven by the standard that browsers share (WebDriver BiDi): Playwright drives only its own."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

FIREFOX = "/usr/bin/firefox-esr"
PATIENCE = 180.0
#: No page of a first start, no updates, nothing sent.
PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}


class Firefox:
    """A browser without a window, and one page in it."""

    def __init__(self) -> None:
        self._profile = tempfile.TemporaryDirectory()
        lines = (f'user_pref("{name}", {json.dumps(value)});' for name, value in PREFERENCES.items())
        Path(self._profile.name, "user.js").write_text("\n".join(lines), encoding="utf-8")
        words = [FIREFOX, "--headless", "--no-remote", "--profile", self._profile.name, "--remote-debugging-port", "0"]
        self._process = subprocess.Popen([*words, "about:blank"], stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        address = None
        for line in self._process.stderr:
            if found := re.search(r"ws://[\d.]+:\d+", line):
                address = found[0]
                break
        assert address, "Firefox does not listen"
        self._loop, self._numbers = asyncio.new_event_loop(), itertools.count(1)
        self._socket: WebSocketClientConnection = self._loop.run_until_complete(
            websocket_connect(f"{address}/session", max_message_size=256 * 1024 * 1024)  # type: ignore[arg-type]
        )
        #: What pages wrote as errors, and what they asked of a network.
        self.broken: list[str] = []
        self.outside: list[str] = []
        self.ask("session.new", {"capabilities": {}})
        self.ask("session.subscribe", {"events": ["log.entryAdded", "network.beforeRequestSent"]})
        self._page = self.ask("browsingContext.getTree", {})["contexts"][0]["context"]

    def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        """Send a command, and return what comes back."""
        return self._loop.run_until_complete(self._ask(method, params))

    async def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        number = next(self._numbers)
        await self._socket.write_message(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            text = await asyncio.wait_for(self._socket.read_message(), PATIENCE)
            assert text is not None, "Firefox has gone"
            told = json.loads(text)
            if told.get("type") == "event":
                self._note(told["method"], told["params"])
            elif told.get("id") == number:
                assert told["type"] == "success", told
                return told["result"]

    def _note(self, event: str, params: Mapping[str, Any]) -> None:
        if event == "log.entryAdded" and params["level"] == "error":
            self.broken.append(str(params["text"]))
        if event == "network.beforeRequestSent":
            url = params["request"]["url"]
            if url.startswith(("http", "ws")):
                self.outside.append(url)

    def open(self, address: str, width: int, height: int) -> None:
        """Go to a page, at a size."""
        self.ask("browsingContext.setViewport", {"context": self._page, "viewport": {"width": width, "height": height}})
        self.ask("browsingContext.navigate", {"context": self._page, "url": "about:blank", "wait": "complete"})
        self.ask("browsingContext.navigate", {"context": self._page, "url": address, "wait": "complete"})

    def run(self, function: str, *given: Any) -> Any:
        """Return what a function of JavaScript returns, by way of JSON."""
        params = {
            "functionDeclaration": f"async (given) => JSON.stringify(await ({function})(...JSON.parse(given))) ?? 'null'",
            "arguments": [{"type": "string", "value": json.dumps(given)}],
            "awaitPromise": True,
            "target": {"context": self._page},
        }
        answer = self.ask("script.callFunction", params)
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])

    def wait(self, selector: str) -> None:
        """Wait until something is on the page."""
        until = time.monotonic() + PATIENCE
        while not self.run("(selector) => document.querySelector(selector) !== null", selector):
            assert time.monotonic() < until, f"nothing is {selector}"
            time.sleep(0.1)

    def picture(self) -> bytes:
        """Return what is seen, as a PNG file."""
        return base64.b64decode(self.ask("browsingContext.captureScreenshot", {"context": self._page})["data"])

    def close(self) -> None:
        """End it."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(30)
        self._profile.cleanup()
