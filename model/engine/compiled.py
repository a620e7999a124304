"""A compiled model: run it once, as an ensemble in memory, or as one of any size on disk."""

from __future__ import annotations

import errno
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import llvmlite.binding
import numpy as np
import numpy.typing as npt
import xarray as xr

from .arrays import RunInputs, allocate_outputs, make_inputs, refuse_more_than_there_is, split_outputs
from .cache import cache_folder, is_whole, make_entry, model_digest
from .errors import near
from .explaining import Explanation, ExplanationError, explain
from .loading import Kernel
from .prepared import PREPARED, PreparedModel
from .reading.model_file import read_model
from .reading.quantities import Definition
from .replacing import NOTHING, Replaced, take_apart
from .requests import ChangeError, Reduction, Request, prepare, request_hash, time_arguments
from .results import BALANCE_TOLERANCE, BalanceError, NonFiniteError, balance_message, build_dataset
from .storing import FINISHED, NOT_FINITE, RunStore, clear, one_writer, refuse_names, report_progress, runs_per_chunk
from .threads import threads as threads_used
from .variables import DescribedModel, Variable

_LOADING = threading.Lock()


def compile_model(
    path: str | Path,
    *,
    balances: tuple[str, ...] = (),
    method: Literal["euler", "rk2", "rk4"] | None = None,
) -> CompiledModel:
    """Compile a Vensim (.mdl) or XMILE model.

    The first call for a model takes seconds; the result is kept in `cache_folder()` and reused as long as the text of
    the model and this engine stay the same.

    Parameters
    ----------
    path
        The model file.
    balances
        Endings of the names of variables that are zero in every run; a run in which one of them is not fails.
    method
        How stocks are integrated: by Euler, or by Runge and Kutta with two or four stages to a step; None for what the
        file asks for.

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
    return _compile(path, balances, method, NOTHING)


def _compile(path: Path, balances: tuple[str, ...], method: str | None, replaced: Replaced) -> CompiledModel:
    stem = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in path.stem)[:60]
    name = f"{stem}_{_fingerprint(path, method, replaced)}"
    entry = cache_folder() / name
    with _LOADING:
        if not is_whole(entry):
            # Missing, cut off or damaged: what reads the parts of an entry can end the process on damaged ones.
            from .compiling import compile_to_folder

            make_entry(entry, lambda folder: compile_to_folder(path, name, folder, method, replaced))
        prepared: PreparedModel = pickle.loads((entry / PREPARED).read_bytes())
        module = Kernel(name, entry)
    return CompiledModel(prepared, module, balances, path, method)


@lru_cache(maxsize=4)
def _read_once(path: Path, _fingerprint: str) -> Definition:
    """Read a model file; whoever explains many members reads it for each, which takes longer than to explain."""
    return read_model(path)


def _fingerprint(path: Path, method: str | None, replaced: Replaced) -> str:
    digest = model_digest(path)
    # Code for another processor is other code, and may round sums differently.
    processor = (llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten())
    versions = (llvmlite.__version__, np.__version__, sys.version)
    for text in (str(__package__), str(method), repr(replaced), *versions, *processor):
        digest.update(text.encode())
    return digest.hexdigest()[:16]


class CompiledModel(DescribedModel):
    """A compiled model: `run` returns results, `run_to_store` keeps those of large ensembles on disk."""

    def __init__(
        self,
        prepared: PreparedModel,
        module: Kernel,
        balances: tuple[str, ...],
        path: Path,
        method: str | None,
    ) -> None:
        super().__init__(prepared.variables, prepared.ranges, balances, prepared.lookups)
        self._path, self._method = path, method
        self._prepared = prepared
        self._module = module

    def __repr__(self) -> str:
        return f"<CompiledModel {self._prepared.name}: {len(self._prepared.variables)} variables>"

    def described(self, names: Iterable[str]) -> dict[str, Variable]:
        """Unit, comment and shape of some variables, as `RunStore.create` takes them."""
        return {name: self._prepared.variables[name] for name in names}

    @property
    def source(self) -> Path:
        """The generated Python module, every block under its variable's name and equation."""
        return self._module.source

    def run(
        self,
        changes: Mapping[str, Any] | None = None,
        *,
        outputs: Iterable[str] | None = None,
        initial_time: float | None = None,
        final_time: float | None = None,
        time_step: float | None = None,
        saveper: float | None = None,
        initial: Mapping[str, Any] | None = None,
        reduce: Mapping[str, Reduction] | None = None,
        keep_non_finite: bool = False,
    ) -> xr.Dataset:
        """Run the model once, or once for each entry of the changes' `run` dimension.

        Nothing carries over from one call to the next.

        Parameters
        ----------
        changes
            Constant name to a number, a pandas Series over time (linear in between, held at the ends), or a DataArray
            with any of the dims `run`, `time` and the constant's own subscript ranges. An element has its name in
            brackets, as in ``x[north]``; a DataArray with some elements leaves the others as they are. A computed
            variable is given likewise instead of its equation, a lookup as pairs of numbers for all runs; the first
            such call compiles the model anew.
        outputs
            Names of the variables wanted; None for all.
        initial_time, final_time, time_step, saveper
            Time settings instead of the model's own; everything that depends on them is worked out anew.
        initial
            Stock to its first value, given as a constant is.
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
            For unknown names, wrong dims and values that are not finite, all at once; and for more results than memory
            holds.
        NonFiniteError
            Naming run, variable and first time, if a value that is not finite arises.
        BalanceError
            Naming every balance of the model that is not zero, with its largest error and its time.

        Examples
        --------
        >>> tea = compile_model("tests/engine/models/teacup.mdl")
        >>> float(tea.run({"Room Temperature": 70.0})["Teacup Temperature"][0])
        180.0
        >>> round(float(tea.run(reduce={"Teacup Temperature": "final"})["Teacup Temperature"]), 1)
        75.4
        """
        settings = time_arguments(initial_time, final_time, time_step, saveper)
        model, changes = self._given(changes, initial)
        if model is not self:
            return model.run(
                changes,
                outputs=outputs,
                initial_time=initial_time,
                final_time=final_time,
                time_step=time_step,
                saveper=saveper,
                reduce=reduce,
                keep_non_finite=keep_non_finite,
            )
        return self.run_request(self.prepare(changes, outputs, settings, reduce), keep_non_finite=keep_non_finite)

    def _given(
        self, changes: Mapping[str, Any] | None, initial: Mapping[str, Any] | None
    ) -> tuple[CompiledModel, Mapping[str, Any] | None]:
        """Return the model that takes these changes, and them: itself, unless they replace what it works out."""
        replaced, given = take_apart(changes or {}, initial or {}, self._prepared.variables)
        if not replaced:
            return self, changes
        # The names of balances are their own endings.
        return _compile(self._path, self._balances, self._method, replaced), given

    def explain(
        self,
        variable: str,
        first: Mapping[str, Any] | None = None,
        second: Mapping[str, Any] | None = None,
        *,
        time: float | None = None,
        element: Mapping[str, str] | None = None,
        levels: int = 3,
    ) -> Explanation:
        """Say which inputs moved a variable from one run to another, by how much, and what moved these.

        Parameters
        ----------
        variable
            What is explained.
        first, second
            Changes of the two runs, as for `run`, without a run dim; None for the model as it is.
        time
            When; the end of the run if left out.
        element
            Which element, by subscript range, of a variable that has any.
        levels
            How far back: 1 for the inputs of the variable's own equation, 2 for theirs as well, and so on. A cause that
            hands everything on, as a total does, is followed further and counts as none.

        Returns
        -------
        Explanation
            `table` and `sentence`; what the inputs of a variable add sums to its difference.

        Raises
        ------
        ChangeError
            For unknown names, elements and times, and for more than one run.
        ExplanationError
            If the model's file has changed since it was compiled, or stocks are not integrated by Euler's method.

        Notes
        -----
        Integrated gradients along the straight line between the runs (Sundararajan, Taly and Yan 2017). Functions with
        memory and delays are seen through, but for fixed delays and those of several stages, which end a path.

        Examples
        --------
        >>> tea = compile_model("tests/engine/models/teacup.mdl")
        >>> found = tea.explain("Teacup Temperature", None, {"Room Temperature": 60.0}, levels=2)
        >>> found.table["input"].tolist()
        ['Heat Loss to Room', 'Room Temperature', 'Teacup Temperature', 'Heat Loss to Room']
        """
        definition = self._definition_read_again()
        key, place, at = self._place(variable, element or {}, time)
        courses = [self._course(changes, definition) for changes in (first, second)]
        times = courses[0]["time"].ravel()
        step = int(np.argmin(abs(times - (times[-1] if at is None else at))))
        causes = explain(definition, courses[0], courses[1], key, step, place, levels)
        here = [float(course[key][(step, *place)]) for course in courses]
        named = f"{variable}[{', '.join((element or {}).values())}]" if element else variable
        return Explanation(named, float(times[step]), self._variables[variable].unit, here[0], here[1], causes)

    def _definition_read_again(self) -> Definition:
        fingerprint = _fingerprint(self._path, self._method, NOTHING)
        definition = _read_once(self._path, fingerprint) if self._module.name.endswith(fingerprint) else None
        if definition is None or (self._method or definition.method) != "euler":
            changed = "its file has changed since it was compiled"
            why = changed if definition is None else "its stocks are not integrated by Euler's method"
            message = f"Runs of {self._prepared.name} cannot be explained: {why}"
            raise ExplanationError(message)
        return definition

    def _place(
        self, variable: str, element: Mapping[str, str], time: float | None
    ) -> tuple[str, tuple[int, ...], float | None]:
        """The key of a variable and the place of an element in it."""
        known = [name for name, one in self._variables.items() if one.kind != "lookup"]
        if variable not in known:
            message = f"{variable!r} is not a variable of the model.{near(variable, known)}"
            raise ChangeError(message)
        dims = self._variables[variable].dims
        mistakes = [f"{variable!r} needs an element of {dim}" for dim in dims if dim not in element]
        mistakes += [f"{variable!r} has no subscript range {dim!r}" for dim in element if dim not in dims]
        mistakes += [
            f"{element[dim]!r} is not in {dim}.{near(element[dim], self._ranges[dim])}"
            for dim in dims
            if dim in element and element[dim] not in self._ranges[dim]
        ]
        if mistakes:
            raise ChangeError("\n".join(mistakes))
        return self._prepared.keys[variable], tuple(self._ranges[dim].index(element[dim]) for dim in dims), time

    def _course(self, changes: Mapping[str, Any] | None, definition: Definition) -> dict[str, npt.NDArray[np.float64]]:
        """Every variable of one run at every step, hidden ones too, by key with axes (step, subscripts)."""
        prepared = self._prepared
        request = self.prepare(changes, None, {})
        if request.runs is not None:
            message = "Two single runs are compared: leave out the run dim of the changes"
            raise ChangeError(message)
        keys = [
            key
            for key, item in definition.quantities.items()
            if key in prepared.layout.offsets and item.kind != "lookup"
        ]
        inputs = make_inputs(prepared, request, every_step=True)
        inputs = inputs._replace(
            segments=prepared.segments(keys), needed_blocks=np.ones(len(prepared.blocks), dtype=np.uint8)
        )
        courses, reduced = allocate_outputs(inputs, 1)
        self._compute(inputs, courses, reduced, keep_going=True)
        found, start = {}, 0
        for key in keys:
            lengths, axes = prepared.lengths[key], prepared.layout.axes[key]
            flat = courses[0, :, start : start + prepared.size(key)]
            start += prepared.size(key)
            stored = flat.reshape(len(flat), *(lengths[axis] for axis in axes))
            found[key] = stored.transpose(0, *(1 + axes.index(axis) for axis in range(len(axes))))
        return found

    def prepare(
        self,
        changes: Mapping[str, Any] | None,
        outputs: Iterable[str] | None,
        settings: Mapping[str, float | None],
        reduce: Mapping[str, Reduction] | None = None,
    ) -> Request:
        """Check a request against this model; see `requests.prepare`."""
        return prepare(changes, outputs, self._prepared.variables, self._prepared.ranges, settings, reduce)

    def run_request(self, request: Request, *, keep_non_finite: bool = False) -> xr.Dataset:
        """Run a request that is already checked; result and errors are those of `run`."""
        prepared = self._prepared
        self._refuse_unknown_data(request, keep_non_finite=keep_non_finite)
        inputs = make_inputs(prepared, request, self._balances)
        count = 1 if request.runs is None else len(request.runs)
        refuse_more_than_there_is(inputs, count)
        courses, reduced = allocate_outputs(inputs, count)
        failed = self._compute(inputs, courses, reduced, keep_going=keep_non_finite)
        self._refuse_failures(request, reduced, failed, keep_non_finite=keep_non_finite)
        arrays = split_outputs(prepared, request, courses, reduced)
        if request.runs is None:
            arrays = {name: values[0] for name, values in arrays.items()}
        result = build_dataset(
            prepared.variables, prepared.ranges, arrays, inputs.labels, request.runs, request.reductions
        )
        if (failed >= 0).any():
            result.attrs["warning"] = f"{int((failed >= 0).sum())} runs hold values that are not finite"
        return result

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
        initial: Mapping[str, Any] | None = None,
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
        changes, outputs, initial_time, final_time, time_step, saveper, initial, reduce
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
        model, given = self._given(changes, initial)
        if model is not self:
            return model.run_to_store(
                given or {}, store, outputs=outputs, initial_time=initial_time, final_time=final_time,
                time_step=time_step, saveper=saveper, reduce=reduce, keep_non_finite=keep_non_finite, block=block,
                dtype=dtype, resume=resume, progress=progress,
            )  # fmt: skip
        with one_writer(Path(store)):
            return self._store(
                changes, Path(store), outputs, time_arguments(initial_time, final_time, time_step, saveper), reduce,
                keep_non_finite=keep_non_finite, block=block, dtype=dtype, resume=resume, progress=progress,
            )  # fmt: skip

    def _store(
        self,
        changes: Mapping[str, Any],
        path: Path,
        outputs: Iterable[str] | None,
        settings: Mapping[str, float | None],
        reduce: Mapping[str, Reduction] | None,
        *,
        keep_non_finite: bool,
        block: int | None,
        dtype: Literal["float64", "float32"],
        resume: bool,
        progress: bool | Callable[[int, int], None],
    ) -> Path:
        """Fill a store that no other call writes to; arguments as for `run_to_store`."""
        prepared = self._prepared
        request = self.prepare(changes, outputs, settings, reduce)
        refuse_names(request.outputs)
        if request.runs is None:
            message = "run_to_store is for ensembles: no change has a run dim"
            raise ChangeError(message)
        self._refuse_unknown_data(request, keep_non_finite=keep_non_finite)
        inputs = make_inputs(prepared, request, self._balances)
        count = len(request.runs)
        one = allocate_outputs(inputs, 1)
        # What is computed beside the outputs does not count: a store's layout follows from what it holds.
        chunk = runs_per_chunk(sum(array.nbytes for array in one) - 8 * self._size_of_balances)
        fingerprint = request_hash(request, self._module.name, dtype)
        if path.exists():
            if not resume:
                message = f"{path} exists; nothing is overwritten, resume=True goes on with it"
                raise FileExistsError(message)
            kept = RunStore.resume(path, fingerprint)
        else:
            clear(path)
            kept = RunStore.create(
                path,
                self.described(request.outputs),
                prepared.ranges,
                inputs.labels,
                request.runs,
                chunk,
                dtype,
                fingerprint,
                request.reductions,
            )
        length = min(count, -(-(block or chunk) // chunk) * chunk)
        courses, reduced = allocate_outputs(inputs, length)
        # A stopped call may have used another block, so what is missing is found chunk by chunk.
        done = next(
            (first for first in range(0, count, chunk) if (kept.state[first : first + chunk] == 0).any()), count
        )
        with report_progress(progress, count) as report:
            report(done)
            for first in range(done, count, length):
                here = min(length, count - first)
                part, ends = courses[:here], reduced[:here]
                failed = self._compute(inputs, part, ends, keep_going=keep_non_finite, first=first)
                self._refuse_failures(request, ends, failed, first, keep_non_finite=keep_non_finite)
                state = np.where(failed >= 0, NOT_FINITE, FINISHED).astype(np.int8)
                kept.write(first, split_outputs(prepared, request, part, ends), state)
                report(first + here)
        return path

    def _compute(
        self,
        inputs: RunInputs,
        courses: npt.NDArray[np.float64],
        reduced: npt.NDArray[np.float64],
        *,
        keep_going: bool,
        first: int = 0,
    ) -> npt.NDArray[np.int64]:
        """Fill both with runs from `first` on; return for each the number of its first time not finite, else -1."""
        count = len(courses)
        failed = np.full(count, -1, dtype=np.int64)
        inputs = inputs._replace(keep_going=keep_going)

        def part(start: int, stop: int) -> None:
            chosen = slice(start, stop)
            self._module.run_block(
                first + start, first + stop, inputs, courses[chosen], reduced[chosen], failed[chosen]
            )

        threads = min(threads_used(), count)
        if threads <= 1:
            part(0, count)
            return failed
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
        return failed

    def _refuse_unknown_data(self, request: Request, *, keep_non_finite: bool) -> None:
        """Refuse a run that reads data of which the model file gives no numbers, and that is given none."""
        prepared = self._prepared
        if keep_non_finite or not prepared.without_numbers:
            return
        given = {prepared.keys[change.name] for change in request.changes}
        needed = prepared.needed(prepared.keys[name] for name in (*request.outputs, *self._balances))
        unknown = [name for name, key in prepared.keys.items() if key in (prepared.without_numbers & needed) - given]
        if unknown:
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            message = (
                f"{', '.join(map(repr, unknown[:5]))}{more}: the model file names data without their numbers. Give "
                "them as changes, each a number or a pandas Series over time, or ask for outputs that do not read them"
            )
            raise ChangeError(message)

    def _refuse_failures(
        self,
        request: Request,
        reduced: npt.NDArray[np.float64],
        failed: npt.NDArray[np.int64],
        first: int = 0,
        *,
        keep_non_finite: bool,
    ) -> None:
        """Refuse runs, the first of them `first`, with a value that is not finite or a balance that is not zero."""
        if (failed >= 0).any() and not keep_non_finite:
            run = int(np.argmax(failed >= 0))
            raise NonFiniteError(self._diagnose(request, first + run, int(failed[run])))
        # The balances stand behind what was asked for.
        errors = reduced[:, reduced.shape[1] - self._size_of_balances :].max(axis=1, initial=0.0)
        wrong = np.flatnonzero((errors > BALANCE_TOLERANCE) & (failed < 0))
        if not len(wrong):
            return
        worst = int(wrong[np.argmax(errors[wrong])])
        again = Request(request.changes, request.runs, self._balances, request.controls)
        inputs = make_inputs(self._prepared, again, self._balances)
        courses, ends = allocate_outputs(inputs, 1)
        self._compute(inputs, courses, ends, keep_going=True, first=first + worst)
        arrays = {name: values[0] for name, values in split_outputs(self._prepared, again, courses, ends).items()}
        course = build_dataset(self._prepared.variables, self._prepared.ranges, arrays, inputs.labels, None, {})
        raise BalanceError(balance_message(request, course, first + worst, len(wrong), len(errors)))

    @property
    def _size_of_balances(self) -> int:
        return sum(self._prepared.size(self._prepared.keys[name]) for name in self._balances)

    def _diagnose(self, request: Request, run: int, last: int) -> str:
        """Repeat a failed run up to a time with everything kept, and name the first value that is not finite."""
        prepared = self._prepared
        known = tuple(name for name, item in prepared.variables.items() if item.kind != "lookup")
        everything = Request(request.changes, request.runs, known, request.controls)
        inputs = make_inputs(prepared, everything, self._balances, every_step=True)
        needed = prepared.needed(prepared.keys[name] for name in (*request.outputs, *self._balances))
        keys = [key for key in dict.fromkeys((*prepared.states, *prepared.order)) if key.partition("#")[0] in needed]
        times = inputs.times[: last + 1]
        inputs = inputs._replace(
            segments=prepared.segments(keys),
            needed_blocks=make_inputs(prepared, request, self._balances).needed_blocks,
            times=times,
            saved=inputs.saved[: last + 1],
            labels=times,
        )
        courses, reduced = allocate_outputs(inputs, 1)
        self._compute(inputs, courses, reduced, keep_going=True, first=run)
        which = "" if request.runs is None else f"run {request.runs[run]}, "
        names = {key: name for name, key in prepared.keys.items()}
        for step, time in enumerate(times):
            first = 0
            for key in keys:
                values = courses[0, step, first : first + prepared.size(key)]
                first += len(values)
                bad = ~np.isfinite(values)
                if bad.any():
                    element = self._element(key, int(np.argmax(bad)))
                    name = names.get(key, names.get(key.split("#")[0], key))
                    value = values[np.argmax(bad)]
                    return f"{which}{name}{element} is {value} at time {float(time):g}, the first such value"
        return f"{which}a value that is not finite arose by time {float(times[-1]):g}"

    def _element(self, key: str, position: int) -> str:
        """Name the element of a variable at a position of its stretch of the work space."""
        prepared = self._prepared
        name = next((name for name, other in prepared.keys.items() if other == key), None)
        if name is None or not prepared.variables[name].dims:
            return ""
        axes, lengths = prepared.layout.axes[key], prepared.lengths[key]
        stored = np.unravel_index(position, tuple(lengths[axis] for axis in axes))
        numbers = {axis: int(number) for axis, number in zip(axes, stored, strict=True)}
        dims = prepared.variables[name].dims
        return "[" + ", ".join(prepared.ranges[dim][numbers[axis]] for axis, dim in enumerate(dims)) + "]"
