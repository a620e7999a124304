"""Compile a model once, keep the compiled code in a cache folder, and run it as often as wanted."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import json
import os
import pickle
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import llvmlite.binding
import numba
import numpy as np
import numpy.typing as npt
import pandas as pd
import platformdirs
import pysd
import xarray as xr
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from .children import run_child
from .errors import UserError
from .functions import FINAL, FIRST_ABOVE, LARGEST, SUM
from .generating import Generator, Layout, lay_out
from .reading.expressions import Call, Expression, Number, Read
from .reading.model_file import CONTROLS, Pipe, Quantity, read_model, reading
from .reading.ordering import plan
from .requests import FIXED_TIMES, Change, ChangeError, Reduction, Request, prepare
from .results import (
    BALANCE_TOLERANCE,
    BalanceError,
    NonFiniteError,
    Variable,
    balance_message,
    build_dataset,
    list_variables,
    moments,
    variable_table,
)
from .storing import FINISHED, NOT_FINITE, RunStore, clear, refuse_names, runs_per_chunk

_LOADING = threading.Lock()

# Copying out short loops takes most of the compiler's time and makes nothing faster here; what a vector loop leaves of
# 86 ages is worth vectors too.
for _option in ("-unroll-full-max-count=0", "-unroll-runtime=0", "-epilogue-vectorization-minimum-VF=4"):
    llvmlite.binding.set_option("jinan-engine", _option)


#: Names within an entry of the cache.
PREPARED, CHECKSUMS = "prepared.pickle", "checksums.json"


class CompilationError(UserError, RuntimeError):
    """A model was read but could not be compiled on this machine."""


@dataclass(frozen=True)
class _Prepared:
    """What is kept beside the generated module, so that a cached model is not read again."""

    name: str
    variables: dict[str, Variable]
    ranges: dict[str, list[str]]
    layout: Layout
    keys: dict[str, str]
    lengths: dict[str, tuple[int, ...]]
    states: tuple[str, ...]
    needs: dict[str, set[str]]
    blocks: tuple[tuple[str, frozenset[str]], ...]
    order: tuple[str, ...]
    pipes: tuple[Pipe, ...]
    controls: dict[str, Expression]
    pipe_sizes: tuple[int, ...]


def cache_folder() -> Path:
    """Return where compiled models are kept: the environment variable JINAN_CACHE, or the platform's cache folder."""
    chosen = os.environ.get("JINAN_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("jinan-engine", appauthor=False))


def compile_model(path: str | Path, *, balances: tuple[str, ...] = ()) -> CompiledModel:
    """Compile a Vensim (.mdl) or XMILE model that PySD can read.

    The first call for a model takes seconds; the result is kept in `cache_folder()` and reused as long as the text of
    the model and this engine stay the same.

    Parameters
    ----------
    path
        The model file.
    balances
        Endings of the names of variables that are nil in every run; a run in which one of them is not fails.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RefusedModelError
        If the model uses what this engine does not know, listing every variable and reason.

    Examples
    --------
    >>> compile_model("tests/engine/models/teacup.mdl").run()["Teacup Temperature"].dims
    ('time',)
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    stem = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in path.stem)[:60]
    name = f"{stem}_{_fingerprint(path)}"
    with _LOADING:
        entry = cache_folder() / name
        if not _is_whole(entry):
            # Missing, cut off or damaged: what reads the parts of an entry can end the process on damaged ones.
            _make_entry(path, name, entry)
        prepared: _Prepared = pickle.loads((entry / PREPARED).read_bytes())
        module = _load(name, entry)
    watched = [item.name for item in prepared.variables.values() if item.name.endswith(balances)]
    return CompiledModel(prepared, module, watched)


def _fingerprint(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes())
    for part in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(part.read_bytes())
    # Code for another processor is other code, and may round sums differently.
    processor = (llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten())
    for version in (pysd.__version__, numba.__version__, np.__version__, sys.version, *processor):
        digest.update(version.encode())
    return digest.hexdigest()[:16]


def _make_entry(path: Path, name: str, entry: Path) -> None:
    """Compile a model in a folder of its own, which takes its place in the cache when it is whole."""
    with reading(path):
        prepared, text = _prepare_model(path, name)
    entry.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=entry.parent))
    try:
        (fresh / f"{name}.py").write_text(text, encoding="utf-8")
        (fresh / PREPARED).write_bytes(pickle.dumps(prepared))
        _compile_apart(name, fresh / f"{name}.py")
        parts = sorted(part for part in fresh.rglob("*") if part.is_file())
        sums = {part.relative_to(fresh).as_posix(): hashlib.sha256(part.read_bytes()).hexdigest() for part in parts}
        (fresh / CHECKSUMS).write_text(json.dumps(sums), encoding="utf-8")
        if entry.exists() and not _is_whole(entry):
            shutil.rmtree(entry)
        try:
            fresh.rename(entry)
        except OSError:
            # Another process was quicker with the same.
            if not _is_whole(entry):
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _is_whole(entry: Path) -> bool:
    """Say whether every part of an entry of the cache is as it was written."""
    try:
        sums = json.loads((entry / CHECKSUMS).read_text(encoding="utf-8"))
        return PREPARED in sums and all(
            hashlib.sha256((entry / part).read_bytes()).hexdigest() == digest for part, digest in sums.items()
        )
    except (OSError, ValueError, TypeError, AttributeError):
        return False


def _load(name: str, entry: Path) -> Any:
    module = sys.modules.get(_module_name(name)) or _execute(name, entry / f"{name}.py")
    if not module.run_block.signatures:
        # The process that compiles would call the parts as first made, one that reads the cache the parts as linked and
        # made better again, where sums run in another order: so all read the cache.
        module.run_block.compile(module.SIGNATURE)
    return module


def _compile_apart(name: str, source: Path) -> None:
    """Compile a generated module in a process of its own, which leaves it in Numba's cache."""
    text = "import sys; from pathlib import Path; from model.engine.children import end_with_input; end_with_input(); "
    text += "from model.engine.compiled import _execute; "
    text += "module = _execute(sys.argv[1], Path(sys.argv[2])); module.run_block.compile(module.SIGNATURE)"
    command = [sys.executable, "-c", text, name, str(source.resolve())]
    done = run_child(command, Path(__file__).parents[2])
    if done.returncode:
        told = re.sub("\x1b\\[[0-9;]*m", "", done.stderr).split("\n")
        # The last lines say what went wrong, those before them only where.
        reason = " ".join(" ".join(told[-12:]).split())[-600:] or f"the process ended with {done.returncode}"
        message = (
            f"{source.stem} could not be compiled: {reason}. Compiled models are kept in {cache_folder()}; "
            "see that there is room there and memory left, or name another folder in the variable JINAN_CACHE."
        )
        raise CompilationError(message)


def _module_name(name: str) -> str:
    return f"jinan_compiled_{name}"


def _execute(name: str, source: Path) -> Any:
    spec = importlib.util.spec_from_file_location(_module_name(name), source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


def _prepare_model(path: Path, name: str) -> tuple[_Prepared, str]:
    definition = read_model(path)
    controls = {key: definition.quantities[key].equations[0].expression for key in CONTROLS}
    for key in CONTROLS:
        # Time settings are worked out before a run, not within it.
        definition.quantities[key].equations.clear()
    ordered = plan(definition)
    layout = lay_out(ordered)
    generator = Generator(ordered, layout, definition.pipes)
    text = generator.module(f"The model {path.stem}, generated")
    blocks = {block.name: block for block in (*ordered.starting, *ordered.stepping, *ordered.updating)}
    sequence: list[str] = []
    for block in blocks.values():
        sequence += [statement.target for statement in block.statements]
    visible = {item.key: item.name for item in ordered.quantities.values()}
    prepared = _Prepared(
        path.name,
        list_variables(definition),
        definition.ranges,
        layout,
        {name: key for key, name in visible.items() if not ordered.quantities[key].hidden},
        {key: item.lengths for key, item in ordered.quantities.items()},
        tuple(key for key, item in ordered.quantities.items() if item.starts),
        ordered.needs,
        tuple((block.name, frozenset(block.variables)) for block in blocks.values()),
        tuple(dict.fromkeys(sequence)),
        tuple(definition.pipes),
        controls,
        tuple(_size(ordered.quantities[pipe.state]) for pipe in definition.pipes),
    )
    return prepared, text


def _spoken(key: str) -> str:
    return key.upper().replace("_", " ")


def _size(quantity: Quantity) -> int:
    return int(np.prod(quantity.lengths, dtype=np.int64))


class CompiledModel:
    """A compiled model: `run` returns results, `run_to_store` keeps those of large ensembles on disk."""

    def __init__(self, prepared: _Prepared, module: Any, balances: Iterable[str] = ()) -> None:
        self._prepared = prepared
        self._module = module
        self._balances = tuple(balances)

    def __repr__(self) -> str:
        return f"<CompiledModel {self._prepared.name}: {len(self._prepared.variables)} variables>"

    @property
    def variables(self) -> pd.DataFrame:
        """Name, kind, unit, comment, dims and default value of every variable, as a table."""
        return variable_table(self._prepared.variables.values())

    @property
    def subscripts(self) -> dict[str, list[str]]:
        """The elements of every subscript range."""
        return {name: list(items) for name, items in self._prepared.ranges.items()}

    def described(self, names: Iterable[str]) -> dict[str, Variable]:
        """Unit, comment and shape of some variables, as `RunStore.create` takes them."""
        return {name: self._prepared.variables[name] for name in names}

    @property
    def source(self) -> Path:
        """The generated Python module, every block under its variable's name and equation."""
        return Path(self._module.__file__)

    def run(
        self,
        changes: Mapping[str, Any] | None = None,
        *,
        outputs: Iterable[str] | None = None,
        initial_time: float | None = None,
        final_time: float | None = None,
        time_step: float | None = None,
        saveper: float | None = None,
        reduce: Mapping[str, Reduction] | None = None,
        keep_non_finite: bool = False,
    ) -> xr.Dataset:
        """Run the model once, or once for each entry of the changes' `run` dimension.

        Nothing carries over from one call to the next.

        Parameters
        ----------
        changes
            Constant name to a number, a pandas Series over time (linear in between, held at the ends), or a DataArray
            with any of the dims `run`, `time` and the constant's own subscript ranges.
        outputs
            Names of the variables wanted; None for all.
        initial_time, final_time, time_step, saveper
            Time settings instead of the model's own; everything that depends on them is worked out anew.
        reduce
            Output to what is kept of it instead of its course over the saved times: "final" for the last value, "sum"
            for the sum, `FirstAbove(threshold)` for the first time above a threshold (NaN if there is none). Values are
            reduced while a run goes on, so a large table wanted at the end only takes no memory for its course.
        keep_non_finite
            Keep values that are not finite and mark the result with the attribute `warning`, instead of stopping.

        Returns
        -------
        xarray.Dataset
            Dims run (only if a change has it), time (not on reduced outputs) and the subscript ranges; attributes
            units and comment.

        Raises
        ------
        ChangeError
            For unknown names, wrong dims and values that are not finite, all at once.
        NonFiniteError
            Naming run, variable and first time, if a value that is not finite arises.
        BalanceError
            Naming every balance of the model that is not nil, with its largest error and its time.

        Examples
        --------
        >>> tea = compile_model("tests/engine/models/teacup.mdl")
        >>> float(tea.run({"Room Temperature": 70.0})["Teacup Temperature"][0])
        180.0
        >>> round(float(tea.run(reduce={"Teacup Temperature": "final"})["Teacup Temperature"]), 1)
        75.4
        """
        given = {
            "initial_time": initial_time,
            "final_time": final_time,
            "time_step": time_step,
            "saveper": saveper,
        }
        prepared = self._prepared
        names = {_spoken(key): value for key, value in given.items()}
        request = prepare(changes, outputs, prepared.variables, prepared.ranges, names, reduce)
        return self._run(request, keep_non_finite=keep_non_finite)

    def _run(self, request: Request, *, keep_non_finite: bool) -> xr.Dataset:
        prepared = self._prepared
        inputs = self._inputs(request)
        count = 1 if request.runs is None else len(request.runs)
        out, reduced = self._room(inputs, count)
        failed = np.full(count, -1, dtype=np.int64)
        self._compute(inputs, out, reduced, failed, keep_going=keep_non_finite)
        if (failed >= 0).any() and not keep_non_finite:
            run = int(np.argmax(failed >= 0))
            raise NonFiniteError(self._diagnose(request, run, int(failed[run])))
        self._check_balances(request, reduced, failed)
        arrays = self._by_name(request, out, reduced)
        if request.runs is None:
            arrays = {name: values[0] for name, values in arrays.items()}
        result = build_dataset(
            prepared.variables, prepared.ranges, arrays, inputs["labels"], request.runs, request.reductions
        )
        if (failed >= 0).any():
            result.attrs["warning"] = f"{int((failed >= 0).sum())} runs hold values that are not finite"
        return result

    def _check_balances(
        self, request: Request, reduced: npt.NDArray[np.float64], failed: npt.NDArray[np.int64], first: int = 0
    ) -> None:
        """Refuse runs, the first of them `first`, in which a balance is not nil.

        Those with values that are not finite are told apart by `failed`.
        """
        # The balances stand behind what was asked for.
        errors = reduced[:, reduced.shape[1] - self._size_of_balances :].max(axis=1, initial=0.0)
        wrong = np.flatnonzero((errors > BALANCE_TOLERANCE) & (failed < 0))
        if not len(wrong):
            return
        worst = int(wrong[np.argmax(errors[wrong])])
        again = Request(request.changes, request.runs, self._balances, request.controls)
        inputs = self._inputs(again)
        out, ends = self._room(inputs, 1)
        self._compute(inputs, out, ends, np.full(1, -1, dtype=np.int64), keep_going=True, first=first + worst)
        arrays = {name: values[0] for name, values in self._by_name(again, out, ends).items()}
        course = build_dataset(self._prepared.variables, self._prepared.ranges, arrays, inputs["labels"], None, {})
        run = None if request.runs is None else request.runs[first + worst]
        shared = [change.name for change in request.changes if len(change.values) == 1]
        raise BalanceError(balance_message(course, run, len(wrong), len(errors), shared))

    @property
    def _size_of_balances(self) -> int:
        return sum(int(np.prod(self._prepared.variables[name].shape, dtype=np.int64)) for name in self._balances)

    @staticmethod
    def _room(inputs: Mapping[str, Any], count: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return room for courses with axes (run, time, element), and for what is reduced, (run, element)."""
        saved = int(inputs["kept"].sum())
        courses, reduced = (int(inputs[name][:, 1].sum()) for name in ("segments", "reductions"))
        return np.empty((count, saved, courses)), np.empty((count, reduced))

    def _by_name(
        self, request: Request, out: npt.NDArray[np.float64], reduced: npt.NDArray[np.float64]
    ) -> dict[str, npt.NDArray[np.float64]]:
        """Return the results of each variable with axes (run, time, subscripts), as views."""
        prepared = self._prepared
        arrays: dict[str, npt.NDArray[np.float64]] = {}
        next_course = next_reduced = 0
        for name in request.outputs:
            key = prepared.keys[name]
            lengths, axes = prepared.lengths[key], prepared.layout.axes[key]
            size = int(np.prod(lengths, dtype=np.int64))
            if name in request.reductions:
                flat = reduced[:, next_reduced : next_reduced + size]
                next_reduced += size
            else:
                flat = out[:, :, next_course : next_course + size]
                next_course += size
            leading = flat.shape[:-1]
            stored = flat.reshape(*leading, *(lengths[axis] for axis in axes))
            order = (len(leading) + axes.index(axis) for axis in range(len(axes)))
            arrays[name] = stored.transpose(*range(len(leading)), *order)
        return arrays

    def run_to_store(
        self,
        changes: Mapping[str, Any],
        store: str | Path,
        *,
        outputs: Iterable[str] | None = None,
        initial_time: float | None = None,
        final_time: float | None = None,
        time_step: float | None = None,
        saveper: float | None = None,
        reduce: Mapping[str, Reduction] | None = None,
        keep_non_finite: bool = False,
        block: int | None = None,
        dtype: Literal["float64", "float32"] = "float64",
        resume: bool = False,
        progress: bool | Callable[[int, int], None] = True,
    ) -> Path:
        """Run an ensemble of any size into a Zarr folder; memory does not grow with the number of runs.

        The bytes of a finished store are the same whatever the block, the threads and the interruptions. A call that
        was stopped leaves a folder that opens with `xarray.open_zarr`; its variable `run state` tells which runs are
        there.

        Parameters
        ----------
        changes, outputs, initial_time, final_time, time_step, saveper, reduce
            As for `run`; one change at least has a `run` dim.
        store
            The folder to make.
        keep_non_finite
            Keep runs with values that are not finite, marked 2 in `run state`, instead of stopping.
        block
            Runs between two writes, rounded up to whole files of the store; None for one file.
        dtype
            What values are stored as.
        resume
            Go on with a store that an earlier call of the same request left, if there is one.
        progress
            True for a bar with the time left, or a function told the number of finished runs and of all.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        FileExistsError
            If the folder exists and `resume` is not set.
        ChangeError, NonFiniteError
            As for `run`; also if the store to be resumed belongs to another request.

        Examples
        --------
        >>> tea = compile_model("tests/engine/models/teacup.mdl")
        >>> rooms = xr.DataArray([60.0, 70.0], dims="run")
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = tea.run_to_store({"Room Temperature": rooms}, f"{folder}/tea.zarr", progress=False)
        ...     xr.open_zarr(made, chunks=None)["Teacup Temperature"].dims
        ('run', 'time')
        """
        prepared, path = self._prepared, Path(store)
        given = {"initial_time": initial_time, "final_time": final_time, "time_step": time_step, "saveper": saveper}
        names = {_spoken(key): value for key, value in given.items()}
        request = prepare(changes, outputs, prepared.variables, prepared.ranges, names, reduce)
        refuse_names(request.outputs)
        if request.runs is None:
            message = "run_to_store is for ensembles: no change has a run dim"
            raise ChangeError(message)
        inputs = self._inputs(request)
        count = len(request.runs)
        one = self._room(inputs, 1)
        # What is computed beside the outputs does not count: a store's layout follows from what it holds.
        chunk = runs_per_chunk(sum(array.nbytes for array in one) - 8 * self._size_of_balances)
        mark = self._mark(request, dtype)
        if path.exists():
            if not resume:
                message = f"{path} exists; nothing is overwritten, resume=True goes on with it"
                raise FileExistsError(message)
            kept = RunStore.resume(path, mark)
        else:
            clear(path)
            wanted = {name: prepared.variables[name] for name in request.outputs}
            times, reductions = inputs["labels"], request.reductions
            kept = RunStore.create(path, wanted, prepared.ranges, times, request.runs, chunk, dtype, mark, reductions)
        length = min(count, -(-(block or chunk) // chunk) * chunk)
        out, reduced = self._room(inputs, length)
        # A stopped call may have used another block, so what is missing is found chunk by chunk.
        done = next(
            (first for first in range(0, count, chunk) if (kept.state[first : first + chunk] == 0).any()), count
        )
        with _reporting(progress, count) as report:
            report(done)
            for first in range(done, count, length):
                here = min(length, count - first)
                part, ends = out[:here], reduced[:here]
                failed = np.full(here, -1, dtype=np.int64)
                self._compute(inputs, part, ends, failed, keep_going=keep_non_finite, first=first)
                if (failed >= 0).any() and not keep_non_finite:
                    run = int(np.argmax(failed >= 0))
                    raise NonFiniteError(self._diagnose(request, first + run, int(failed[run])))
                self._check_balances(request, ends, failed, first)
                state = np.where(failed >= 0, NOT_FINITE, FINISHED).astype(np.int8)
                kept.write(first, self._by_name(request, part, ends), state)
                report(first + here)
        return path

    def _mark(self, request: Request, dtype: str) -> str:
        """Return a fingerprint of the model and of everything asked of it."""
        digest = hashlib.sha256(repr((self._module.__name__, request.outputs, request.controls, dtype)).encode())
        digest.update(repr(sorted(request.reductions.items())).encode())
        digest.update(repr(None if request.runs is None else request.runs.tolist()).encode())
        for change in request.changes:
            digest.update(repr((change.name, change.values.shape)).encode())
            digest.update(change.knots.tobytes())
            digest.update(change.values.tobytes())
        return digest.hexdigest()

    def _inputs(self, request: Request, *, every_step: bool = False) -> dict[str, Any]:
        """Turn a request into the arrays the compiled code takes."""
        prepared, layout = self._prepared, self._prepared.layout
        base = np.zeros(layout.size)
        base[: layout.inputs] = layout.base
        settings = self._settings(request)
        for key, value in settings.items():
            base[layout.offsets[key]] = value
        times, kept, labels = moments(
            settings["initial_time"], settings["final_time"], settings["time_step"], settings["saveper"]
        )
        if every_step:
            kept = np.ones_like(kept)
        balances = [prepared.keys[name] for name in self._balances]
        needed = self._needed([*(prepared.keys[name] for name in request.outputs), *balances])
        courses = [prepared.keys[name] for name in request.outputs if name not in request.reductions]
        reduced = [name for name in request.outputs if name in request.reductions]
        ways = [request.reductions[name] for name in reduced]
        codes = [_CODES[way] if isinstance(way, str) else FIRST_ABOVE for way in ways] + [LARGEST] * len(balances)
        thresholds = [np.nan if isinstance(way, str) else float(way.threshold) for way in ways] + [np.nan] * len(
            balances
        )
        ends = self._segments([*(prepared.keys[name] for name in reduced), *balances])
        blocks = [bool(variables & needed) for _, variables in prepared.blocks]
        table, knots, values = self._change_tables(request.changes)
        pipes = [
            (layout.offsets[pipe.state], layout.offsets[pipe.source], size, layout.offsets[pipe.delay])
            for pipe, size in zip(prepared.pipes, prepared.pipe_sizes, strict=True)
        ]
        return {
            "base": base,
            "places": layout.places,
            "moments": times,
            "kept": kept.astype(np.uint8),
            "labels": labels,
            "need": np.asarray(blocks, dtype=np.uint8),
            "moving": any(len(change.knots) > 1 for change in request.changes),
            "table": table,
            "knots": knots,
            "values": values,
            "pipes": np.asarray(pipes, dtype=np.int64).reshape(-1, 4),
            "segments": self._segments(courses),
            "reductions": np.column_stack([ends, np.asarray(codes, dtype=np.int64)]),
            "thresholds": np.asarray(thresholds, dtype=np.float64),
            "states": self._segments([key for key in prepared.states if key in needed]),
        }

    def _segments(self, keys: Iterable[str]) -> npt.NDArray[np.int64]:
        prepared = self._prepared
        rows = [(prepared.layout.offsets[key], int(np.prod(prepared.lengths[key], dtype=np.int64))) for key in keys]
        return np.asarray(rows, dtype=np.int64).reshape(-1, 2)

    def _needed(self, keys: Iterable[str]) -> set[str]:
        found: set[str] = set()
        waiting = list(keys)
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting.extend(self._prepared.needs.get(key, ()))
        return found

    def _settings(self, request: Request) -> dict[str, float]:
        prepared = self._prepared
        settings: dict[str, float] = {}
        constants = {change.name: change for change in request.changes}

        def value(expression: Expression) -> float:
            if isinstance(expression, Number):
                return expression.value
            if isinstance(expression, Read) and expression.variable in CONTROLS:
                return setting(expression.variable)
            if isinstance(expression, Read) and not expression.indices:
                name = next((name for name, key in prepared.keys.items() if key == expression.variable), "")
                variable = prepared.variables.get(name)
                if variable is not None and variable.default is not None:
                    change = constants.get(name)
                    if change is None:
                        return float(variable.default)
                    if change.values.size == 1:
                        return float(change.values.item())
            if isinstance(expression, Call) and expression.function in _ARITHMETIC:
                return float(_ARITHMETIC[expression.function](*(value(part) for part in expression.arguments)))
            raise ChangeError(FIXED_TIMES)

        def setting(key: str) -> float:
            if key not in settings:
                given = request.controls.get(_spoken(key))
                settings[key] = value(prepared.controls[key]) if given is None else given
            return settings[key]

        for key in CONTROLS:
            setting(key)
        return settings

    def _change_tables(
        self, changes: tuple[Change, ...]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        layout = self._prepared.layout
        rows: list[tuple[int, ...]] = []
        knots: list[npt.NDArray[np.float64]] = [np.zeros(0)]
        values: list[npt.NDArray[np.float64]] = [np.zeros(0)]
        first_knot = first_value = 0
        for change in changes:
            key = self._prepared.keys[change.name]
            stored = change.values.transpose(0, 1, *(2 + axis for axis in layout.axes[key]))
            size = int(np.prod(stored.shape[2:], dtype=np.int64))
            count = len(change.knots)
            stride = count * size if stored.shape[0] > 1 else 0
            rows.append((layout.offsets[key], size, first_knot, count, first_value, stride))
            knots.append(change.knots)
            values.append(stored.ravel())
            first_knot += count
            first_value += stored.size
        return np.asarray(rows, dtype=np.int64).reshape(-1, 6), np.concatenate(knots), np.concatenate(values)

    def _compute(
        self,
        inputs: Mapping[str, Any],
        out: npt.NDArray[np.float64],
        reduced: npt.NDArray[np.float64],
        failed: npt.NDArray[np.int64],
        *,
        keep_going: bool,
        first: int = 0,
    ) -> None:
        """Run `len(out)` runs from `first` on, in parallel, into `out` and `reduced`."""
        count = len(out)

        def part(start: int, stop: int) -> None:
            self._module.run_block(
                first + start,
                first + stop,
                inputs["base"],
                inputs["places"],
                inputs["moments"],
                inputs["kept"],
                inputs["labels"],
                inputs["need"],
                inputs["moving"],
                inputs["table"],
                inputs["knots"],
                inputs["values"],
                inputs["pipes"],
                inputs["segments"],
                inputs["reductions"],
                inputs["thresholds"],
                inputs["states"],
                keep_going,
                out[start:stop],
                reduced[start:stop],
                failed[start:stop],
            )

        threads = min(numba.get_num_threads(), count)
        if threads <= 1:
            part(0, count)
            return
        length = max(1, min(64, -(-count // (8 * threads))))
        with ThreadPoolExecutor(threads) as pool:
            tasks = [pool.submit(part, start, min(start + length, count)) for start in range(0, count, length)]
            try:
                for task in tasks:
                    task.result()
            except BaseException:
                # An interrupt ends after the blocks under way, not after all of them.
                pool.shutdown(cancel_futures=True)
                raise

    def _diagnose(self, request: Request, run: int, moment: int) -> str:
        """Repeat a failed run with everything kept and name the first value that is not finite."""
        prepared = self._prepared
        known = tuple(name for name, item in prepared.variables.items() if item.kind != "lookup")
        everything = Request(request.changes, request.runs, known, request.controls)
        inputs = self._inputs(everything, every_step=True)
        needed = self._needed(prepared.keys[name] for name in (*request.outputs, *self._balances))
        sequence = dict.fromkeys((*prepared.states, *prepared.order))
        keys = [key for key in sequence if key.partition("#")[0] in needed]
        inputs["segments"] = self._segments(keys)
        inputs["need"] = self._inputs(request)["need"]
        inputs["moments"] = inputs["moments"][: moment + 1]
        inputs["kept"] = inputs["kept"][: moment + 1]
        inputs["labels"] = inputs["moments"]
        out, reduced = self._room(inputs, 1)
        self._compute(inputs, out, reduced, np.full(1, -1, dtype=np.int64), keep_going=True, first=run)
        which = "" if request.runs is None else f"run {request.runs[run]}, "
        names = {key: name for name, key in prepared.keys.items()}
        for step in range(moment + 1):
            first = 0
            for key in keys:
                size = int(np.prod(prepared.lengths[key], dtype=np.int64))
                values = out[0, step, first : first + size]
                first += size
                bad = ~np.isfinite(values)
                if bad.any():
                    element = self._element(key, int(np.argmax(bad)))
                    name = names.get(key, names.get(key.split("#")[0], key))
                    time = float(inputs["moments"][step])
                    return f"{which}{name}{element} is {values[np.argmax(bad)]} at time {time:g}, the first such value"
        return f"{which}a value that is not finite arose by time {float(inputs['moments'][moment]):g}"

    def _element(self, key: str, place: int) -> str:
        prepared = self._prepared
        name = next((name for name, other in prepared.keys.items() if other == key), None)
        if name is None or not prepared.variables[name].dims:
            return ""
        axes, lengths = prepared.layout.axes[key], prepared.lengths[key]
        stored = np.unravel_index(place, tuple(lengths[axis] for axis in axes))
        found = {axis: int(number) for axis, number in zip(axes, stored, strict=True)}
        dims = prepared.variables[name].dims
        return "[" + ", ".join(prepared.ranges[dim][found[axis]] for axis, dim in enumerate(dims)) + "]"


@contextmanager
def _reporting(progress: bool | Callable[[int, int], None], count: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many runs are finished."""
    if callable(progress):
        yield lambda finished: progress(finished, count)
        return
    columns = (TextColumn("{task.completed:,} of {task.total:,} runs"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not progress) as bar:
        task = bar.add_task("", total=count)
        yield lambda finished: bar.update(task, completed=finished)


_CODES = {"final": FINAL, "sum": SUM}
_ARITHMETIC: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
    "negative": lambda a: -a,
    "min": min,
    "max": max,
}
