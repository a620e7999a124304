"""Firefox as Debian has it, driven by WebDriver BiDi, which browsers share: Playwright drives only its own."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Coroutine, Mapping
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
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        lines = (f'user_pref("{name}", {json.dumps(value)});' for name, value in PREFERENCES.items())
        Path(self._profile.name, "user.js").write_text("\n".join(lines), encoding="utf-8")
        words = [FIREFOX, "--headless", "--no-remote", "--profile", self._profile.name, "--remote-debugging-port", "0"]
        # Into a file, as a pipe that nobody reads would fill up and hold the browser.
        self._log = Path(self._profile.name, "told.txt")
        with self._log.open("wb") as told:
            self._process = subprocess.Popen([*words, "about:blank"], stdout=told, stderr=told)
        # In a thread of its own, as Playwright has a loop that runs in this one.
        self._loop, self._numbers = asyncio.new_event_loop(), itertools.count(1)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._socket: WebSocketClientConnection | None = None
        #: What pages wrote as errors, and what they asked of a network.
        self.broken: list[str] = []
        self.outside: list[str] = []
        try:
            self._socket = self._wait_for(self._connect())
            self.ask("session.new", {"capabilities": {}})
            self.ask("session.subscribe", {"events": ["log.entryAdded", "network.beforeRequestSent"]})
            self._page = self.ask("browsingContext.getTree", {})["contexts"][0]["context"]
        except BaseException:
            self.close()
            raise

    async def _connect(self) -> WebSocketClientConnection:
        until = time.monotonic() + PATIENCE
        while (found := re.search(r"ws://[\d.]+:\d+", self._log.read_text(encoding="utf-8"))) is None:
            assert self._process.poll() is None, "Firefox has ended"
            assert time.monotonic() < until, "Firefox does not listen"
            await asyncio.sleep(0.1)
        return await websocket_connect(f"{found[0]}/session", max_message_size=256 * 1024 * 1024)

    def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        """Send a command, and return what comes back."""
        return self._wait_for(self._ask(method, params))

    def _wait_for(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        number = next(self._numbers)
        assert self._socket is not None
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
            "functionDeclaration": f"async (given) => JSON.stringify(await ({function})(...JSON.parse(given)) ?? null)",
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
        if self._socket is not None:
            self._loop.call_soon_threadsafe(self._socket.close)
        self._process.terminate()
        self._process.wait(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._profile.cleanup()
