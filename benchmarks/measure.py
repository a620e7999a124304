"""Measure the engine against PySD, pysimlin and hand-written C, and write docs/performance.md; `make benchmark`."""

from __future__ import annotations

import argparse
import ctypes
import math
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from benchmarks.smaller_city import smaller_city
from benchmarks.three_worlds import three_worlds
from model import MODEL_FILE
from model.engine import CompiledModel, compile_model, use_threads
from model.engine.pysd_model import ReferenceModel
from model.engine.threads import threads as available_threads
from run_scenarios import COMMANDS

HERE = Path(__file__).parent
ROOT = HERE.parent
REPORT = ROOT / "docs" / "performance.md"
WORLD = ROOT / "tests" / "engine" / "models" / "world.mdl"
TEACUP = WORLD.with_name("teacup.mdl")
CONTROLS = ("INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER")
OUTPUTS = 50
COHORT_RUNS = 2000
COHORT_LEVELS = {"FERTILITY": 0.045, "MORTALITY": 0.004, "MOBILITY": 0.05}


@dataclass(frozen=True)
class Row:
    """One measurement: what ran, how many runs on how many threads, in how many seconds, under which load.

    `busy` is processor time over all threads: what the work takes whatever else the machine does.
    """

    what: str
    runs: int
    threads: int
    seconds: float
    busy: float
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    @property
    def rate(self) -> float:
        """Runs per second."""
        return self.runs / self.seconds


def timed(call: Callable[[], Any], repeats: int = 1) -> tuple[float, float]:
    """Return the shortest wall time of some repeats, and the processor time of that one."""
    times = []
    for _ in range(repeats):
        start, busy = time.perf_counter(), time.process_time()
        call()
        times.append((time.perf_counter() - start, time.process_time() - busy))
    return min(times)


def drawn(model: CompiledModel, runs: int) -> dict[str, xr.DataArray]:
    """Every scalar constant but whole numbers below ten and years drawn within a hundredth of its default."""
    table = model.variables
    scalars = table[(table["kind"] == "constant") & table["dims"].map(len).eq(0)]["default"].astype(float)
    movable = scalars[(scalars != scalars.round()) | ((scalars >= 10) & ~scalars.between(1800, 2200))]
    random = np.random.default_rng(1)
    return {
        str(name): xr.DataArray(value * random.uniform(0.99, 1.01, runs), dims="run") for name, value in movable.items()
    }


def fifty(model: CompiledModel) -> list[str]:
    """Scalar variables spread evenly over the model, so that nearly all of it must be worked out."""
    table = model.variables
    names = table.index[table["kind"].isin(["stock", "flow", "auxiliary"]) & table["dims"].map(len).eq(0)]
    positions = np.linspace(0, len(names) - 1, min(OUTPUTS, len(names))).astype(int)
    return [str(names[position]) for position in positions]


def with_threads(threads: int, call: Callable[[], Any], repeats: int = 1) -> tuple[float, float]:
    """Time a call with the engine held to some threads."""
    use_threads(threads)
    try:
        return timed(call, repeats)
    finally:
        use_threads(None)


def measure_engine(path: Path, name: str, sizes: list[int], threads: list[int]) -> list[Row]:
    """Time ensembles of a model with 50 outputs."""
    model = compile_model(path)
    outputs = fifty(model)
    rows = []
    for size in sizes:
        changes = drawn(model, size)
        for count in threads:
            say(f"{name}, {size} runs, {count} threads")

            def call(changes: dict[str, xr.DataArray] = changes) -> Any:
                return model.run(changes, outputs=outputs)

            rows.append(Row(name, size, count, *with_threads(count, call, 3 if size <= 10 else 1)))
    return rows


COMPILE = "import sys, time; from model.engine import compile_model; t = time.process_time(); "
COMPILE += "compile_model(sys.argv[1]); print(time.process_time() - t)"
SIMLIN = "import sys, time; import simlin; t = time.process_time(); "
SIMLIN += "simlin.load(sys.argv[1]).simulate().run_to_end(); print(time.process_time() - t)"


def measure_compiling(path: Path) -> tuple[float, float]:
    """Return processor seconds to load a model in a new process with an empty cache, and with what that left."""
    say(f"compiling {path.name}")
    with tempfile.TemporaryDirectory() as cache:
        settings = {**os.environ, "ENGINE_CACHE": cache}
        command = [sys.executable, "-c", COMPILE, str(path)]
        cold, cached = (
            float(subprocess.run(command, env=settings, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
            for _ in range(2)
        )
    return cold, cached


def measure_simlin_loading(path: Path) -> float:
    """Return processor seconds in which pysimlin loads a model and runs it once; NaN where it cannot."""
    command = [sys.executable, "-c", SIMLIN, str(path)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    return float(done.stdout) if done.returncode == 0 else math.nan


#: Requests that cannot be met, by command; `broken.yaml` names a constant that there is not.
REFUSED: Mapping[str, tuple[str, ...]] = {
    "run": ("broken.yaml",),
    "reach": ("--scenario", "plann"),
    "compare": ("baseline", "plann"),
    "conditions": ("--scenario", "plann"),
    "sensitivity": ("--scenario", "plann"),
    "backcast": ("--target", "urbanization.registered.2026"),
    "frontier": ("--target", "urbanization.registered.2026"),
    "delay": ("--scenario", "plann"),
    "left-out": ("plann",),
    "information": ("plan", "plann"),
    "brief": ("--scenario", "plann"),
    "page": ("--members", "100000"),
    "dashboard": ("--members", "100000"),
    "assess": ("--observations", "none.csv", "--scenario", "plann"),
    "calibrate": ("--draws", "1"),
    "check": ("everything",),
}
#: Seconds of processor time.
ANSWERED = 0.5
BAD_OPTION = ("--such-option",)
BROKEN = """name: broken
title: {zh: 例, en: Example}
question: {zh: 例？, en: Example?}
base: baseline
changes:
  RENT SUBSIDI: {value: 1, unit: Dmnl, source: "assumption: an example"}
expect:
  - {variable: residents, year: 2030, is: above baseline}
"""


def measure_start_up() -> dict[tuple[str, ...], float]:
    """Return seconds of processor time of short calls by their words; without words, of Python doing nothing."""
    say("start-up")
    calls: list[tuple[str, ...]] = [("--help",), ("rnu",)]
    calls += [(name, *words) for name in COMMANDS for words in (("--help",), BAD_OPTION, REFUSED[name])]
    with working_folder() as folder:
        (folder / "broken.yaml").write_text(BROKEN, encoding="utf-8")

        def best(words: list[str]) -> float:
            # The first call fills the caches.
            return min(processor_time(words, folder) for _ in range(3))

        return {(): best(["-c", "pass"])} | {call: best([str(ROOT / "run_scenarios.py"), *call]) for call in calls}


def processor_time(words: list[str], folder: Path) -> float:
    """Return seconds of processor time, of user and system, that Python takes for some words."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], cwd=folder, check=False, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def start_up_section(seconds: Mapping[tuple[str, ...], float]) -> str:
    """Return the section on start-up."""
    idle, slowest = seconds[()], max(seconds.values())
    lines = [
        "## Start-up",
        "",
        "Processor time, of user and system, until a call that runs nothing has answered: the best of three, so that",
        f"caches are filled. Wanted are {ANSWERED:g} s at most. Other work on the same cores raises it: the load was",
        f"{os.getloadavg()[0]:.1f}, and `python -c pass` took {idle:.3f} s.",
        "`python -m benchmarks.measure --start-up` measures this alone.",
        "",
        f"`--help` of the whole takes {seconds['--help',]:.2f} s, a misspelt command {seconds['rnu',]:.2f} s; the",
        f"slowest call of all takes {slowest:.2f} s ({'met' if slowest <= ANSWERED else 'missed'}).",
        "",
        "| command | `--help`, s | a bad option, s | refused, s | what is refused |",
        "|---|---:|---:|---:|---|",
    ]
    for name in COMMANDS:
        words = REFUSED[name]
        times = [seconds[name, *call] for call in (("--help",), BAD_OPTION, words)]
        lines.append(f"| `{name}` | {' | '.join(f'{each:.2f}' for each in times)} | `{' '.join(words)}` |")
    return "\n".join(lines) + "\n"


def measure_pysd(path: Path, name: str) -> Row:
    """Time one run with PySD."""
    say(f"{name}, PySD")
    model = ReferenceModel(path)
    outputs = fifty(compile_model(path))
    return Row(f"{name}: PySD", 1, 1, *timed(lambda: model.run(outputs=outputs)))


def measure_simlin(folder: Path) -> list[Row]:
    """Time pysimlin and the engine on the copy of the city that pysimlin can address."""
    import simlin

    copy = folder / "seven_districts.mdl"
    copy.write_text(smaller_city(MODEL_FILE.read_text(encoding="utf-8")), encoding="utf-8")
    rows = measure_engine(copy, "seven districts", [10], [1])
    for path, name in ((copy, "seven districts"), (HERE / "cohorts.mdl", "cohort loops")):
        say(f"{name}, pysimlin")
        runner = simlin.load(str(path)).simulate()

        def call(runner: Any = runner) -> None:
            runner.reset()
            runner.run_to_end()

        call()
        rows.append(Row(f"{name}: pysimlin", 1, 1, *timed(call, 3)))
    return rows


def build_kernel(folder: Path) -> Callable[[npt.NDArray[np.float64], int, bool], npt.NDArray[np.float64]]:
    """Build cohorts.c and return it as a function of levels (run, 3), threads and whether loops are fused by hand."""
    library = folder / "cohorts.so"
    command = ["gcc", "-O3", "-march=native", "-fopenmp", "-shared", "-fPIC", "-o", str(library)]
    subprocess.run([*command, str(HERE / "cohorts.c"), "-lm"], check=True)
    entry = ctypes.CDLL(str(library)).run
    entry.restype = None

    def run(levels: npt.NDArray[np.float64], threads: int, fused: bool) -> npt.NDArray[np.float64]:
        out = np.empty((len(levels), 16, 14))
        pointer = ctypes.POINTER(ctypes.c_double)
        entry(len(levels), threads, int(fused), levels.ctypes.data_as(pointer), out.ctypes.data_as(pointer))
        return out

    return run


def measure_kernel(folder: Path, threads: list[int]) -> list[Row]:
    """Time the cohort loops in C and in the engine, once their results are the same."""
    say("cohort loops, C and engine")
    kernel = build_kernel(folder)
    model = compile_model(HERE / "cohorts.mdl")
    random = np.random.default_rng(2)
    levels = np.array(list(COHORT_LEVELS.values())) * random.uniform(0.8, 1.2, (COHORT_RUNS, 3))
    changes = {name: xr.DataArray(levels[:, k].copy(), dims="run") for k, name in enumerate(COHORT_LEVELS)}
    outputs = ["residents", "births in city", "deaths in city"]
    mine = model.run(changes, outputs=outputs)
    table = np.concatenate([mine["residents"], mine[outputs[1:]].to_array().transpose("run", "time", ...)], axis=-1)
    for fused in (False, True):
        # Rounding: sums are added in another order.
        np.testing.assert_allclose(table, kernel(levels, 1, fused), rtol=1e-9)
    calls: dict[str, Callable[[int], Any]] = {
        "cohort loops": lambda _: model.run(changes, outputs=outputs),
        "cohort loops: C, the same loops": lambda count: kernel(levels, count, False),
        "cohort loops: C, fused by hand": lambda count: kernel(levels, count, True),
    }
    return [
        Row(what, COHORT_RUNS, count, *with_threads(count, partial(call, count), 3))
        for count in threads
        for what, call in calls.items()
    ]


@contextmanager
def working_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def say(what: str) -> None:
    """Tell on the error stream what is being measured."""
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def rate(rows: list[Row], what: str, threads: int | None = None) -> float:
    """Return the best rate of a measurement."""
    return max(row.rate for row in rows if row.what == what and threads in (None, row.threads))


def verdict(name: str, sign: str, value: float, goal: float, unit: str) -> str:
    """Return one line of the list of targets; the sign is "at least" or "at most"."""
    times = goal / value if sign == "at least" else value / goal
    judged = f"missed, {times:.1f} times off" if times > 1 else "met"
    return f"| {name} | {sign} {goal:,g} {unit} | {value:,.3g} {unit} | {judged} |"


def report(
    rows: list[Row],
    compiling: dict[str, tuple[float, float, float]],
    start_up: Mapping[tuple[str, ...], float],
    threads: int,
) -> str:
    """Return the text of docs/performance.md."""
    best = rate(rows, "city")
    versions = ", ".join(f"{name} {version(name)}" for name in ("llvmlite", "numpy", "pysd", "pysimlin"))
    gcc = subprocess.run(["gcc", "-dumpfullversion"], check=True, capture_output=True, text=True).stdout.strip()
    bases = {row.what.partition(":")[0] for row in rows if ":" in row.what}
    lines = [
        "# Performance",
        "",
        "Written by `make benchmark`; nothing here is typed by hand. Load is the machine's one-minute mean after each",
        "measurement: above the threads in use, other work shared the processors and the rates are too low. Processor",
        "ms are what a run takes of all threads together, which other work hardly changes.",
        "Machines of one name differ in speed from day to day: the rows of C, whose code stays, tell by how much.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}. {os.cpu_count()} cores ({processor()}), {platform.system()}, "
        f"Python {platform.python_version()}, {versions}, gcc {gcc}.",
        "",
        f"`city` is `model/urbanization.mdl` from 2020 to 2035 with {OUTPUTS} outputs and every scalar constant drawn.",
        "`seven districts` is its copy that pysimlin can address. `world` is a model with many lookups, smooths and",
        "third-order delays (`tests/engine/models/world.mdl`), with 67 numbers a step a third of World3 (209);",
        "`three worlds` holds it three times.",
        "`cohort loops` is `benchmarks/cohorts.mdl`, births, deaths, ageing and moves of 12 x 5 x 86 cells; the C is",
        "`benchmarks/cohorts.c` with `-O3 -march=native -fopenmp`, and agrees with the engine to 1e-9.",
        "",
        "| what | runs | threads | seconds | runs per second | processor ms per run | engine is faster by | load |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        base = row.what.partition(":")[0]
        ratio = ""
        if base in bases and ":" in row.what:
            ratio = f"{rate(rows, base, row.threads) / row.rate:,.2f}"
        lines.append(
            f"| {row.what} | {row.runs:,} | {row.threads} | {row.seconds:,.3f} | {row.rate:,.2f} "
            f"| {1000 * row.busy / row.runs:,.3f} | {ratio} "
            f"| {row.load:.1f} |"
        )
    lines += [
        "",
        "Processor seconds, libraries loaded: from the model file to compiled code, to what an earlier call compiled,",
        "and what pysimlin takes to load it and to run it once, where it can.",
        "",
        "| model | first compile, s | from cache, s | pysimlin, s |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {cold:.2f} | {cached:.2f} | {'' if math.isnan(other) else f'{other:.2f}'} |"
        for name, (cold, cached, other) in compiling.items()
    ]
    cold, cached, _ = compiling["city"]
    each = min(row.busy / row.runs for row in rows if row.what == "three worlds")
    large = max(row.runs for row in rows if row.what == "city")
    scaling = {row.threads: row for row in rows if row.what == "city" and row.runs == large}
    free = threads * large / scaling[threads].busy
    pysd = next(row for row in rows if row.what == "city: PySD").busy
    one, both = (pysd / (scaling[count].busy / large / count) for count in (1, threads))
    freed = threads * scaling[1].busy / scaling[threads].busy
    over_c = rate(rows, "cohort loops: C, the same loops", threads) / rate(rows, "cohort loops", threads)
    targets: list[tuple[str, str, float, float, str]] = [
        ("city, best rate", "at least", best, 1200, "runs/s"),
        ("the same were all processors free (from processor time)", "at least", free, 1200, "runs/s"),
        ("city against PySD, one thread each (processor time)", "at least", one, 10_000, "x"),
        ("city against PySD, all threads (processor time)", "at least", both, 10_000, "x"),
        ("city, all threads against one", "at least", scaling[threads].rate / scaling[1].rate, 1.8, "x"),
        ("the same were all processors free (from processor time)", "at least", freed, 1.8, "x"),
        ("cohort loops, time of the engine over C with the same loops", "at most", over_c, 1.5, "x"),
        ("three worlds, as large as World3, per second of one processor", "at least", 1 / each, 9_000, "runs/s"),
        ("city, first compile (processor time)", "at most", cold, 10, "s"),
        ("three worlds, first compile (processor time)", "at most", compiling["three worlds"][0], 5, "s"),
        ("teacup, first compile (processor time)", "at most", compiling["teacup"][0], 1, "s"),
        ("city, from cache", "at most", cached, 1, "s"),
    ]
    lines += [
        "",
        start_up_section(start_up),
        "## Targets",
        "",
        "| target | wanted | measured | |",
        "|---|---:|---:|---|",
        *(verdict(*row) for row in targets),
    ]
    return "\n".join(lines) + "\n"


def processor() -> str:
    """Return the processor's name where the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    return next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), "unknown")


def main() -> None:
    """Measure everything and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 1000, 20_000], help="runs of the city model")
    parser.add_argument("--start-up", action="store_true", help="measure start-up only, and rewrite its section")
    arguments = parser.parse_args()
    start_up = measure_start_up()
    if arguments.start_up:
        old = REPORT.read_text(encoding="utf-8")
        section = start_up_section(start_up)
        REPORT.write_text(
            re.sub(r"(?s)(## Start-up\n.*?)?(?=## Targets)", lambda _: f"{section}\n", old, count=1), encoding="utf-8"
        )
        return
    sizes = arguments.sizes
    threads = sorted({1, available_threads()})
    with tempfile.TemporaryDirectory() as folder:
        worlds = Path(folder) / "three_worlds.mdl"
        names = [name for name in compile_model(WORLD).variables.index if name not in CONTROLS]
        worlds.write_text(three_worlds(WORLD.read_text(encoding="utf-8"), names), encoding="utf-8")
        models = {"teacup": TEACUP, "world": WORLD, "three worlds": worlds, "city": MODEL_FILE}
        compiling = {name: (*measure_compiling(path), measure_simlin_loading(path)) for name, path in models.items()}
        rows = [
            *measure_kernel(Path(folder), threads),
            *measure_engine(WORLD, "world", [20_000], threads),
            *measure_engine(worlds, "three worlds", [10_000], threads),
            measure_pysd(WORLD, "world"),
            *measure_simlin(Path(folder)),
            *measure_engine(MODEL_FILE, "city", sizes, threads),
            measure_pysd(MODEL_FILE, "city"),
        ]
    text = report(rows, compiling, start_up, threads[-1])
    REPORT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
