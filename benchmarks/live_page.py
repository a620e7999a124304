"""Measure the live page in Chromium, opened from a file, and write benchmarks/live_page.md; `make benchmark-page`."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from analysis.page.command import MEMBERS
from benchmarks.browser import ARGUMENTS, CHROMIUM, link, ready, write_page
from model.definition import MODEL_FILE, model_hash
from model.files.atomic import replaced

REPORT = Path(__file__).parent / "live_page.md"
#: What was asked for: bytes; seconds; milliseconds; bytes.
FILE_WANTED, OPEN_WANTED, FIRST_WANTED, SLOW_WANTED, ALL_WANTED, MEMORY_WANTED = 6e6, 2000, 150, 250, 1200, 400e6
MOVED = ("EASE OF SETTLEMENT", "SETTLEMENT PROCESSING TIME")
#: Shares of a lever's range.
SHARES = (0.15, 0.45, 0.75, 0.3, 0.6)
#: Moves one lever, and returns milliseconds until the first redraw and until all members are exact.
MOVE = """
([constant, share]) => new Promise((resolve) => {
  const page = livePage
  const lever = page.known.levers.find((one) => one.constant === constant)
  const began = performance.now()
  const seen = {}
  const watch = new MutationObserver(() => {
    const state = page.status.dataset.state
    if (state === "preliminary" || state === "complete") seen.first ??= performance.now() - began
    if (state === "complete") {
      watch.disconnect()
      resolve([seen.first, performance.now() - began])
    }
  })
  watch.observe(page.status, {attributes: true, childList: true, characterData: true, subtree: true})
  page.move(constant, null, lever.lowest + share * (lever.highest - lever.lowest))
})
"""
MOVES = """
async (count) => {
  for (let turn = 0; turn < count; turn += 1) {
    livePage.move("EASE OF SETTLEMENT", null, 0.2 + (0.7 * turn) / count)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
"""


def processor() -> str:
    """Return the name of the processor."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def resident(browser_process: str = "renderer") -> float:
    """Return the bytes of memory that the page's process holds for itself."""
    sizes = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            # Chromium writes its words with spaces between.
            called = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
            if f"--type={browser_process}".encode() in called and b"chromium" in called:
                for line in (folder / "smaps_rollup").read_text(encoding="utf-8").splitlines():
                    if line.startswith("Private_Dirty"):
                        sizes.append(float(line.split()[1]) * 1024)
        except OSError:
            continue
    return max(sizes, default=float("nan"))


def in_the_browser(file: Path) -> dict[str, Any]:
    """Measure one page in one browser."""
    from playwright.sync_api import sync_playwright

    found: dict[str, Any] = {"size": file.stat().st_size}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        opened = []
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            began = time.perf_counter()
            page.goto(link(file))
            page.wait_for_selector("#status[data-state=preliminary], #status[data-state=complete]", timeout=120_000)
            opened.append(1000 * (time.perf_counter() - began))
            if len(opened) < 5:
                page.close()
        found["open"] = opened
        ready(page)
        moves = [page.evaluate(MOVE, [name, share]) for name in MOVED for share in SHARES]
        found["first"], found["all"] = ([move[number] for move in moves] for number in (0, 1))
        found["workers"] = page.evaluate("livePage.pool.workers.length")
        ready(page)
        page.wait_for_timeout(3000)
        found["memory"] = resident()
        page.evaluate(MOVES, 1000)
        ready(page)
        page.wait_for_timeout(3000)
        found["memory later"] = resident()
        found["by workers"] = {count: all_members(browser, file, count) for count in (1, 2)}
        browser.close()
    return found


def all_members(browser: Any, file: Path, workers: int) -> float:
    """Return milliseconds until all members are exact, in the median of some moves, with so many workers."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(f"Object.defineProperty(navigator, 'hardwareConcurrency', {{value: {workers}}})")
    page.goto(link(file))
    ready(page)
    moves = [page.evaluate(MOVE, [MOVED[0], share])[1] for share in SHARES[:3]]
    page.close()
    return float(np.median(moves))


def report(found: Mapping[str, Any]) -> str:
    """Return the report as Markdown."""

    def row(what: str, value: float, wanted: float, unit: str, size: float = 1.0, digits: int = 0) -> str:
        if np.isnan(value):
            return f"| {what} | not measured | {wanted / size:,.{digits}f} {unit} | |"
        verdict = "met" if value <= wanted else f"missed, {value / wanted:.1f} times"
        return f"| {what} | {value / size:,.{digits}f} {unit} | {wanted / size:,.{digits}f} {unit} | {verdict} |"

    first, every = np.array(found["first"]), np.array(found["all"])
    scaling = ", ".join(
        f"{count} worker{'s' * (count > 1)} {value:,.0f} ms" for count, value in found["by workers"].items()
    )
    lines = [
        "# The live page: how large, how soon",
        "",
        "Written by `make benchmark-page`; nothing here is typed by hand. The page is one file, opened from a disk in",
        f"Chromium; it holds {MEMBERS} members for each evidence. The first redraw is of 64 members, then all follow.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}. {processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, model {model_hash(MODEL_FILE)}, load {os.getloadavg()[0]:.1f}.",
        "",
        "| what | measured | wanted | |",
        "|---|---:|---:|---|",
        row("size of the file", found["size"], FILE_WANTED, "MB", 1e6, 2),
        row("open to first picture, median of 5", float(np.median(found["open"])), OPEN_WANTED, "ms"),
        row(f"lever to first redraw, median of {len(first)}", float(np.median(first)), FIRST_WANTED, "ms"),
        row("lever to first redraw, 95th percentile", float(np.quantile(first, 0.95)), SLOW_WANTED, "ms"),
        row(
            f"lever to all members exact, {found['workers']} workers, median", float(np.median(every)), ALL_WANTED, "ms"
        ),
        row("memory of the page", found["memory"], MEMORY_WANTED, "MB", 1e6),
        row("memory after 1,000 more moves", found["memory later"], MEMORY_WANTED, "MB", 1e6),
        "",
        f"All members exact: {scaling}.",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Measure, and write the report."""
    with tempfile.TemporaryDirectory() as folder:
        file = write_page(Path(folder) / "jinan.html", MEMBERS)
        text = report(in_the_browser(file))
    with replaced(REPORT) as partial:
        partial.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
