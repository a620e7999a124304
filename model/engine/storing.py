"""Keep the runs of a large ensemble on disk as they are made, so that memory stays small and nothing is lost.

A store is a Zarr folder that xarray opens: one array per output, and `run state`, which says which runs are there.
"""

from __future__ import annotations

import os
import shutil
import time as clock
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from .requests import ChangeError, Reduction
from .results import describe
from .variables import Variable

STATE = "run state"
WAITING, FINISHED, NOT_FINITE = 0, 1, 2
# Bytes of the runs written together, before packing; a store's layout depends on nothing else.
CHUNK_BYTES = 32 * 2**20
LONGEST_CHUNK = 1024
# How often, and after how many seconds again, a half-made store is removed.
ATTEMPTS, PAUSE = 50, 0.02


def runs_per_chunk(bytes_per_run: int) -> int:
    """Return how many runs lie in one file: a power of two, so that it depends on little.

    Examples
    --------
    >>> runs_per_chunk(100), runs_per_chunk(2**20), runs_per_chunk(2**40)
    (1024, 32, 1)
    """
    fitting = max(1, min(LONGEST_CHUNK, CHUNK_BYTES // max(bytes_per_run, 1)))
    return int(2 ** int(np.log2(fitting)))


class RunStore:
    """The store of one request; made whole or not at all, and filled chunk by chunk in the order of the runs."""

    def __init__(self, path: Path) -> None:
        self._group: Any = zarr.open_group(path, mode="r+")
        self.state: npt.NDArray[np.int8] = np.array(self._group[STATE], dtype=np.int8)

    @classmethod
    def create(
        cls,
        path: Path,
        variables: Mapping[str, Variable],
        ranges: Mapping[str, list[str]],
        time: npt.NDArray[np.float64],
        runs: npt.NDArray[Any],
        chunk: int,
        dtype: str,
        request: str,
        reductions: Mapping[str, Reduction],
    ) -> RunStore:
        """Make a store in which every run is still waiting.

        Parameters
        ----------
        variables, ranges
            The outputs, and the elements of the model's subscript ranges.
        time, runs
            Labels of these dims.
        chunk
            Runs in one file.
        dtype
            "float64" or "float32".
        request
            Fingerprint of the model and all inputs, by which a resumed call knows its own store.
        reductions
            Outputs kept without their course over time.
        """
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        try:
            group = zarr.open_group(partial, mode="w", attributes={"request": request})

            def add(name: str, shape: tuple[int, ...], chunks: tuple[int, ...], kind: Any, **settings: Any) -> Any:
                return group.create_array(name, shape=shape, chunks=chunks, dtype=kind, **settings)

            labels: dict[str, npt.NDArray[Any]] = {"time": time, "run": runs}
            for variable in variables.values():
                labels.update({dim: np.asarray(ranges[dim]) for dim in variable.dims})
            for name, values in labels.items():
                kind = values.dtype if values.dtype.kind in "iuf" else str
                array = add(name, values.shape, values.shape, kind, dimension_names=(name,))
                array[:] = values if kind is not str else values.astype(str).astype(object)
            meaning = {"flag_values": [WAITING, FINISHED, NOT_FINITE], "flag_meanings": "waiting finished not_finite"}
            add(STATE, runs.shape, (chunk,), "int8", fill_value=WAITING, dimension_names=("run",), attributes=meaning)
            for name, variable in variables.items():
                over_time = {} if name in reductions else {"time": len(time)}
                shape = (*over_time.values(), *variable.shape)
                add(
                    name,
                    (len(runs), *shape),
                    (chunk, *shape),
                    dtype,
                    fill_value=np.nan,
                    dimension_names=("run", *over_time, *variable.dims),
                    attributes=describe(variables, name, reductions.get(name)),
                )
            with warnings.catch_warnings():
                # One file with all shapes is what xarray looks for; Zarr warns that other readers may not.
                warnings.simplefilter("ignore")
                zarr.consolidate_metadata(partial)
        except BaseException:
            _remove(partial)
            raise
        partial.rename(path)
        return cls(path)

    @classmethod
    def resume(cls, path: Path, request: str) -> RunStore:
        """Open a store that an earlier call of the same request left, and clear away what it was writing.

        Raises
        ------
        ChangeError
            If the store belongs to another request, or is damaged.
        """
        try:
            group = zarr.open_group(path, mode="r")
            own = group.attrs.get("request") == request
            store = cls(path) if own else None
        except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
            message = f"{path} is damaged: its runs cannot be read. Remove it and start again"
            raise ChangeError(message) from error
        if store is None:
            message = f"{path} holds the runs of another model or of other changes, outputs or settings"
            raise ChangeError(message)
        for leftover in path.rglob("*.partial"):
            leftover.unlink()
        return store

    def write(self, first: int, arrays: Mapping[str, npt.NDArray[np.float64]], state: npt.NDArray[np.int8]) -> None:
        """Keep runs from `first` on; they count as there only once everything else is written."""
        stretch = slice(first, first + len(state))
        for name, values in arrays.items():
            self._group[name][stretch] = values
        self._group[STATE][stretch] = state
        self.state[stretch] = state


@contextmanager
def one_writer(path: Path) -> Iterator[None]:
    """Hold a store for one call; another call, of this process or another, is refused.

    Raises
    ------
    ChangeError
        If another call writes to it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        message = f"{path} is being written by another call: wait until it has finished, or name another folder"
        raise ChangeError(message) from None
    try:
        yield
    finally:
        # While it is held, so that nobody takes a lock that is about to go. Windows keeps it until it is released.
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()


def refuse_names(names: tuple[str, ...]) -> None:
    """Refuse outputs whose names cannot be those of folders, all at once."""
    wrong = [name for name in names if "/" in name or name.startswith(("__", ".")) or name in {STATE, "run", "time"}]
    if wrong:
        message = f"These outputs cannot be stored under their names: {', '.join(map(repr, wrong))}"
        raise ChangeError(message)


def _remove(folder: Path) -> None:
    # Zarr writes in threads of its own, which may still be making files after one of them has failed.
    for _ in range(ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        clock.sleep(PAUSE)


def clear(path: Path) -> None:
    """Remove what calls that were stopped while making a store have left beside it."""
    for leftover in path.parent.glob(f"{path.name}.*.partial"):
        shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def report_progress(progress: bool | Callable[[int, int], None], count: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many runs are finished."""
    if callable(progress):
        yield lambda finished: progress(finished, count)
        return
    columns = (TextColumn("{task.completed:,} of {task.total:,} runs"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not progress) as bar:
        task = bar.add_task("", total=count)
        yield lambda finished: bar.update(task, completed=finished)
