"""Measure how soon the live page answers a move, and write benchmarks/live_page.md; `make benchmark-page`."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.dashboard.serving import make_shared_ensemble
from analysis.dashboard.statistics import standings
from benchmarks.browser import ARGUMENTS, CHROMIUM, Served, lever, ready
from calibration.fit.ensemble import read_members
from model.definition import MODEL_FILE, model_hash
from model.engine import compile_model
from model.files.atomic import replaced
from scenarios import Change, Scenario, load_levers, load_scenario, load_scenarios, load_targets

REPORT = Path(__file__).parent / "live_page.md"
MEMBERS = 500
RESIDENT = "target.urbanization.resident.2025"
#: Milliseconds asked for: of computing until the first redraw, and of the whole way to the browser.
COMPUTE_WANTED, BROWSER_WANTED = 150, 400
#: Moves of one lever in the browser, a share of its range each.
SHARES = (0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 0.2, 0.35, 0.5, 0.65)
MOVED = ("EASE OF SETTLEMENT", "TALENT SUBSIDY")
#: Runs in the page: notes when its state changes after a key; what was complete before the key does not count.
WATCH = """
() => {
  const roots = new Set();
  const look = () => roots.forEach(root => root.querySelectorAll('[data-state]').forEach(place => {
    const state = place.dataset.state;
    if (state == 'complete' && !('preliminary' in window.seen)) return;
    window.seen[state] ??= performance.now() - window.pressed;
  }));
  const watch = root => {
    if (roots.has(root)) return;
    roots.add(root);
    const watcher = new MutationObserver(() => { search(root); look(); });
    watcher.observe(root, {subtree: true, childList: true, attributes: true});
    search(root);
  };
  const search = root => root.querySelectorAll('*').forEach(place => {
    if (place.shadowRoot) watch(place.shadowRoot);
  });
  window.pressed = performance.now();
  window.seen = {};
  watch(document);
}
"""


def moved(constant: str, value: float) -> Scenario:
    """The baseline with one lever at a value for the whole run."""
    unit = next(one.unit for one in load_levers().values() if one.constant == constant)
    change = Change(constant, value, unit, "benchmark", "", policy=True, stated_in="moved", replaces=None)
    return replace(load_scenario("baseline"), name="moved", changes=(change,))


def computing() -> dict[str, npt.NDArray[np.float64]]:
    """Milliseconds until the first redraw and until all members are exact, and what the first redraw misses."""
    targets = list(load_targets().values())
    shared = make_shared_ensemble(
        compile_model(MODEL_FILE), read_members(MEMBERS), targets, load_scenarios(["baseline", "plan"]), lambda *_: None
    )
    live, reference = shared.live, shared.known(load_scenario("baseline"))
    assert reference is not None
    measured: dict[str, list[float]] = {"first": [], "complete": [], "probability": [], "rate": []}
    for one in load_levers().values():
        if isinstance(one.default, Mapping):
            continue
        scenario = moved(one.constant, float(one.highest))
        started = time.perf_counter()
        rough = live.preliminary(scenario, reference)
        measured["first"].append(1e3 * (time.perf_counter() - started))
        started = time.perf_counter()
        exact = live.complete(scenario)
        measured["complete"].append(1e3 * (time.perf_counter() - started))
        guessed, true = (standings(live, outcome, targets) for outcome in (rough, exact))
        measured["probability"].append(
            100 * max(abs(guessed[name].judged.probability - true[name].judged.probability) for name in true)
        )
        measured["rate"].append(abs(guessed[RESIDENT].judged.median - true[RESIDENT].judged.median))
    return {name: np.array(values) for name, values in measured.items()}


def in_the_browser() -> dict[str, npt.NDArray[np.float64]]:
    """Milliseconds from a key in a lever's field to the first and to the complete redraw in Chromium."""
    from playwright.sync_api import sync_playwright

    levers = {one.constant: one for one in load_levers().values()}
    served = Served("--members", str(MEMBERS))
    measured: dict[str, list[float]] = {"preliminary": [], "complete": []}
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(served.address)
            ready(page)
            for constant in MOVED:
                low, high = float(levers[constant].lowest), float(levers[constant].highest)
                for share in SHARES:
                    field = lever(page, constant)
                    field.fill(f"{low + share * (high - low):.4g}")
                    page.evaluate(WATCH)
                    before = page.url
                    page.evaluate("window.pressed = performance.now(); window.seen = {}")
                    field.press("Enter")
                    page.wait_for_function("was => window.location.href != was", arg=before)
                    page.wait_for_function("() => 'complete' in window.seen && 'preliminary' in window.seen")
                    seen: dict[str, Any] = page.evaluate("window.seen")
                    for name, times in measured.items():
                        times.append(float(seen[name]))
                    # The contributions are traced after the redraw; the next move is to find the server free.
                    page.wait_for_timeout(4000)
            browser.close()
    finally:
        served.stop()
    return {name: np.array(values) for name, values in measured.items()}


def report(computed: dict[str, npt.NDArray[np.float64]], browsed: dict[str, npt.NDArray[np.float64]]) -> str:
    """The measurements as Markdown."""
    rows = [
        ("computing until the first redraw", computed["first"], COMPUTE_WANTED),
        ("computing until all members are exact", computed["complete"], None),
        ("from the key to the first redraw in Chromium", browsed["preliminary"], BROWSER_WANTED),
        ("from the key to the complete redraw in Chromium", browsed["complete"], None),
    ]
    lines = [
        "# How soon the live page answers",
        "",
        "Written by `make benchmark-page`; nothing here is typed by hand. The first redraw shows an estimate of all",
        f"{MEMBERS} members, marked as preliminary: each is run with a yearly step and corrected by its exact run",
        "before the move and by a few members run exactly (`analysis/dashboard/live_ensemble.py`). All are exact a",
        "moment later.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}. {os.cpu_count()} cores, {platform.system()}, Python"
        f" {platform.python_version()}, model {model_hash()}, one-minute load {os.getloadavg()[0]:.1f}.",
        "",
        "| what | moves | median, ms | 90th percentile, ms | wanted, ms | |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name, values, wanted in rows:
        median = float(np.median(values))
        judged = "" if wanted is None else "met" if median <= wanted else f"missed, {median / wanted:.1f} times"
        ninety = float(np.quantile(values, 0.9))
        lines.append(f"| {name} | {len(values)} | {median:.0f} | {ninety:.0f} | {wanted or ''} | {judged} |")
    rate, odds = computed["rate"], computed["probability"]
    lines += [
        "",
        "What the first redraw misses, each lever put to its upper end: the median resident urbanization rate of 2025",
        f"by {np.median(rate):.3f} points in the median over levers and {rate.max():.3f} at worst; the probability of",
        f"the target where it misses most by {np.median(odds):.1f} points in the median and {odds.max():.1f} at worst.",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure and write the report."""
    text = report(computing(), in_the_browser())
    with replaced(REPORT) as partial:
        partial.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
