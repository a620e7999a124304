"""Measure C as the engine's native backend against LLVM, on the same blocks: `python -m benchmarks.backends`.

Prints a table; docs/decisions.md says what follows from it.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.metadata
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measure import ROOT, WORLD, drawn, fifty, processor, say, timed
from model import MODEL_FILE
from model.definition import BALANCES
from model.engine import CompiledModel, compile_model, use_threads
from model.engine.arrays import RunInputs, allocate_outputs, make_inputs
from model.engine.compiling import write_model
from model.engine.results import BALANCE_TOLERANCE
from model.engine.web import compile_to_wasm, engine_script
from model.engine.web.c_spelling import CSpelling
from model.engine.web.compiler import NATIVE, compile_c
from model.engine.web.web_model import complete_source

#: The packages that each needs, and their compiled parts.
PACKAGES = {"LLVM": ("llvmlite",), "C": ("ziglang",)}
RUNS = {"city": 400, "world": 20_000}
REPEATS = 5
#: Runs that a thread takes at a time, as the engine does.
BLOCK = 64

Pointer = ctypes.c_void_p


class Request(ctypes.Structure):
    """`struct request` of functions.c."""

    _fields_ = [
        *((name, Pointer if kind == "*" else ctypes.c_ssize_t) for name, kind in (
            ("times", "*"), ("moments", ""), ("saved", "*"), ("labels", ""), ("need", "*"), ("moving", ""),
            ("changes", "*"), ("change_count", ""), ("knots", "*"), ("values", "*"), ("kept", "*"), ("kept_count", ""),
            ("states", "*"), ("state_count", ""), ("pipes", "*"), ("pipe_room", ""), ("first_run", ""),
            ("keep_going", ""),
        )),
    ]  # fmt: skip


class NativeModel:
    """A model's C as a shared library, called with what the engine's own code is called with."""

    def __init__(self, library: Path, inputs: RunInputs) -> None:
        self.code = ctypes.CDLL(str(library))
        for name in ("work_space", "run_block"):
            getattr(self.code, name).restype = ctypes.c_ssize_t
        self.size = self.code.work_space()
        rows = inputs.changes.reshape(-1, 6)
        moving = (rows[:, 3:4] > 1).astype(np.int32)
        kept = np.concatenate([np.arange(start, start + size) for start, size in inputs.segments.reshape(-1, 2)])
        self.arrays: dict[str, npt.NDArray[Any]] = {
            "times": inputs.times,
            "saved": inputs.saved,
            "need": inputs.needed_blocks,
            "changes": np.hstack([rows.astype(np.int32), moving]),
            "knots": inputs.knots,
            "values": inputs.values,
            "kept": kept.astype(np.int32),
            "states": inputs.states.reshape(-1, 2).astype(np.int32),
            "pipes": np.zeros(1 << 16),
        }
        self.labels = int(inputs.saved.sum())
        self.strides = rows[:, 5]

    def run(self, count: int, threads: int) -> npt.NDArray[np.float64]:
        """Return the outputs of all runs with axes (run, element, label)."""
        out = np.empty((count, len(self.arrays["kept"]), self.labels))
        if threads == 1:
            self._part(out, 0, count)
            return out
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda start: self._part(out, start, min(start + BLOCK, count)), range(0, count, BLOCK)))
        return out

    def _part(self, out: npt.NDArray[np.float64], first: int, last: int) -> None:
        arrays = dict(self.arrays)
        # Runs are counted from where a part begins.
        arrays["changes"] = arrays["changes"].copy()
        arrays["changes"][:, 4] += (first * self.strides).astype(np.int32)
        arrays["pipes"] = arrays["pipes"].copy()
        request = Request(
            **{name: array.ctypes.data for name, array in arrays.items()},
            moments=len(arrays["times"]),
            labels=self.labels,
            change_count=len(arrays["changes"]),
            kept_count=len(arrays["kept"]),
            state_count=len(arrays["states"]),
            pipe_room=arrays["pipes"].size,
            first_run=first,
        )
        work, errors = np.zeros(self.size), np.empty(last - first)
        failed = np.empty(last - first, dtype=np.int32)
        addresses = [Pointer(array.ctypes.data) for array in (work, out[first:last], errors, failed)]
        lacking = self.code.run_block(ctypes.c_ssize_t(last - first), ctypes.byref(request), *addresses)
        assert lacking == 0
        assert (failed < 0).all()


def measure(path: Path, name: str, balances: tuple[str, ...]) -> list[str]:
    """Return the lines of one model: rates on one and two threads, agreement, and compile times."""
    model = compile_model(path, balances=balances)
    outputs, count = fifty(model), RUNS[name]
    request = model.prepare(drawn(model, count), outputs, {})
    inputs = make_inputs(model._prepared, request, model._balances)
    courses, reduced = allocate_outputs(inputs, count)
    compiled = compile_to_wasm(path, balances=balances)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "model.so"
        compile_c(compiled.source, library, NATIVE)
        native = NativeModel(library, inputs)
        results = native.run(count, 1)
        model._compute(inputs, courses, reduced, keep_going=False)
        largest = np.abs(courses).max(axis=(0, 1))
        # What is zero but for rounding is left out.
        apart = (np.abs(results.transpose(0, 2, 1) - courses).max(axis=(0, 1)) / largest)[largest > BALANCE_TOLERANCE]
        for threads in (1, 2):
            say(f"{name}, {threads} threads")
            wall, busy = timed(partial(_with_llvm, model, inputs, courses, reduced, threads), REPEATS)
            lines.append(_line(f"{name}, LLVM", threads, count, wall, busy))
            wall, busy = timed(partial(native.run, count, threads), REPEATS)
            lines.append(_line(f"{name}, C native", threads, count, wall, busy))
        wall, busy = in_node(compiled.wasm, compiled.description, request, outputs, Path(folder))
        lines.append(_line(f"{name}, WebAssembly in node", 1, count, wall, busy))
    lines.append(f"{name}: C and LLVM {float(apart.max()):.1e} of the largest value apart at most")
    return lines


def _with_llvm(model: CompiledModel, inputs: RunInputs, courses: Any, reduced: Any, threads: int) -> None:
    use_threads(threads)
    try:
        model._compute(inputs, courses, reduced, keep_going=False)
    finally:
        use_threads(None)


def _line(what: str, threads: int, count: int, wall: float, busy: float) -> str:
    return f"| {what} | {threads} | {count / wall:,.0f} | {1000 * busy / count:.3f} | {os.getloadavg()[0]:.1f} |"


NODE_SCRIPT = """
import { readFileSync } from "node:fs";
import { createEngine } from "./engine.mjs";
const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const engine = await createEngine(readFileSync("model.wasm"), read("model.json"));
const asked = read("asked.json");
// So that the code is as fast as it gets.
engine.run(asked);
let best = [Infinity, Infinity];
for (let turn = 0; turn < 3; turn += 1) {
  const wall = performance.now(), busy = process.cpuUsage();
  engine.run(asked);
  const used = process.cpuUsage(busy);
  const now = [(performance.now() - wall) / 1e3, (used.user + used.system) / 1e6];
  if (now[0] < best[0]) best = now;
}
console.log(JSON.stringify(best));
"""


def in_node(
    wasm: bytes, description: dict[str, Any], request: Any, outputs: list[str], folder: Path
) -> tuple[float, float]:
    """Return wall and processor seconds of the same runs in node."""
    node = shutil.which("node")
    assert node, "node is not installed"
    inputs = [{"name": change.name, "values": change.values.ravel().tolist()} for change in request.changes]
    asked = {"inputs": inputs, "members": len(request.runs), "outputs": outputs}
    (folder / "model.wasm").write_bytes(wasm)
    (folder / "model.json").write_text(json.dumps(description), encoding="utf-8")
    (folder / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    (folder / "engine.mjs").write_text(engine_script(), encoding="utf-8")
    (folder / "time.mjs").write_text(NODE_SCRIPT, encoding="utf-8")
    done = subprocess.run([node, "time.mjs"], cwd=folder, check=True, capture_output=True, text=True)
    wall, busy = json.loads(done.stdout)
    return wall, busy


LLVM_COLD = "import sys; from model.engine import compile_model; compile_model(sys.argv[1])"
C_COLD = "import sys; from pathlib import Path; from benchmarks.backends import compile_natively; "
C_COLD += "compile_natively(Path(sys.argv[1]), Path(sys.argv[2]))"


def compile_natively(path: Path, folder: Path) -> None:
    """Write the C of a model into a folder and compile it for this processor."""
    written = write_model(path, spelling=CSpelling())
    source, library = folder / "model.c", folder / "model.so"
    source.write_text(complete_source(written, {}, ()), encoding="utf-8")
    compile_c(source, library, NATIVE)


def compile_times(path: Path) -> dict[str, float]:
    """Return processor seconds from the model file to compiled code, in a process of its own with empty caches."""
    found = {}
    for what, code in (("LLVM", LLVM_COLD), ("C, the first time", C_COLD), ("C", C_COLD)):
        say(f"compiling {path.name}, {what}")
        with tempfile.TemporaryDirectory() as name:
            settings = {**os.environ, "ENGINE_CACHE": name}
            if what != "C":
                # The compiler keeps what it makes of its own libraries.
                settings["ZIG_GLOBAL_CACHE_DIR"] = f"{name}/zig"
            command = [sys.executable, "-c", code, str(path), name]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, env=settings, cwd=ROOT, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            found[what] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return found


def installed(packages: tuple[str, ...]) -> float:
    """Return the size of some packages in MB."""
    files = [file for name in packages for file in importlib.metadata.files(name) or []]
    return sum(Path(str(file.locate())).stat().st_size for file in files if Path(str(file.locate())).is_file()) / 1e6


def main() -> None:
    """Measure, and print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("llvmlite", "ziglang"))
    print(f"{os.cpu_count()} cores ({processor()}), {versions}")
    print("\n| what | threads | runs per second | processor ms per run | load |\n|---|---:|---:|---:|---:|")
    said = []
    for name, path, balances in (("city", MODEL_FILE, BALANCES), ("world", WORLD, ())):
        *rows, apart = measure(path, name, balances)
        print("\n".join(rows))
        said.append(apart)
    print("\n| compiling, processor s | city | world |\n|---|---:|---:|")
    times = [compile_times(path) for path in (MODEL_FILE, WORLD)]
    for what in times[0]:
        print(f"| {what} | {times[0][what]:.1f} | {times[1][what]:.1f} |")
    print("\n" + "\n".join(said))
    print(", ".join(f"{what} takes {installed(packages):.0f} MB installed" for what, packages in PACKAGES.items()))


if __name__ == "__main__":
    main()
