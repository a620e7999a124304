"""The runs of a sensitivity study: block by block into a Zarr store, on this machine or on a Dask cluster.

A block is a function of the study and its number, so blocks may be computed anywhere, in any order and more than once;
only one process writes. A study that was killed goes on from the blocks that the store has whole.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from analysis.sensitivity.design import Array, Design
from analysis.sensitivity.request import StudyError
from model import load_model
from model.definition import MODEL_FILE, variables_by_name
from model.engine.compiled import CompiledModel
from model.engine.requests import ChangeError
from model.engine.results import NonFiniteError
from model.engine.storing import FINISHED, WAITING, RunStore, clear
from scenarios.factors import Factor, settings

#: Runs of a block, which is also a file of the store.
BLOCK: Final = 2048
#: Blocks that wait for a worker of a cluster, so that none is idle and few results are on their way.
WAITING_PER_WORKER: Final = 2
#: Seconds to look for the scheduler of a cluster.
CONNECTING: Final = 5
#: A longer reason why no scheduler answers is cut.
LONGEST_REASON: Final = 200
#: Failed runs and inputs that a refusal names.
NAMED_RUNS, NAMED_INPUTS = 3, 6


@dataclass(frozen=True)
class Study:
    """What is run: all that a worker needs to compute any block."""

    #: One for each column of the design.
    factors: tuple[Factor, ...]
    #: Which points.
    design: Design
    #: Changes that all runs share, such as those of a scenario.
    fixed: Mapping[str, Any]
    #: Variables that are kept, over all saved times.
    outputs: tuple[str, ...]

    def changes(self, first: int, last: int) -> dict[str, Any]:
        """Return what the model takes for points `first` to `last` (not included)."""
        return {**self.fixed, **settings(self.factors, self.design.rows(first, last), variables_by_name())}

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.design.runs // BLOCK)

    def bounds(self, number: int) -> tuple[int, int]:
        """Return the first run of a block and the first behind it."""
        return number * BLOCK, min((number + 1) * BLOCK, self.design.runs)

    def request_hash(self) -> str:
        """Return a fingerprint of the model and of everything that decides a number of the study."""
        digest = hashlib.sha256(repr((_city().source.stem, self.design, self.outputs, BLOCK)).encode())
        probe = np.linspace(0.01, 0.99, 33)
        for factor in self.factors:
            digest.update(repr((factor.name, sorted(factor.cells.items()))).encode())
            for name, values in sorted(factor.values(probe).items()):
                digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
        for name, value in sorted(self.fixed.items()):
            digest.update(repr((name, xr.DataArray(value).to_dict())).encode())
        return digest.hexdigest()


def run_block(study: Study, number: int) -> tuple[str, dict[str, Array]]:
    """Return the name of the compiled model that ran, and outputs with dims run and time, finite or not."""
    city = _city()
    run = city.run(study.changes(*study.bounds(number)), outputs=study.outputs, keep_non_finite=True)
    return city.source.stem, {name: run[name].transpose("run", "time").to_numpy() for name in study.outputs}


def run_study(
    study: Study,
    path: Path,
    *,
    resume: bool = False,
    cluster: str | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Path:
    """Run a study into a Zarr store, which has the same bytes wherever and however often interrupted it is made.

    Parameters
    ----------
    study, path
        What to run, and the store. A finished or foreign one that is not to be resumed is the caller's to remove.
    resume
        Continue what an earlier call left.
    cluster
        Address of the scheduler of a Dask cluster; None runs here.

    Raises
    ------
    StudyError
        If a run gives a value that is not finite, naming the inputs; if a worker has another model.
    FileExistsError, ChangeError
        If the store exists and `resume` is not set; if the store to be resumed belongs to another study.
    """
    if cluster is not None:
        # Before anything is made, so that a mistyped address leaves nothing behind.
        check_scheduler(cluster)
    request = study.request_hash()
    if path.exists():
        if not resume:
            message = f"{path} exists; nothing is overwritten, resume=True goes on with it"
            raise FileExistsError(message)
        store = RunStore.resume(path, request)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        clear(path)
        store = _new_store(study, path, request)
    waiting = [number for number in range(study.blocks) if (store.state[slice(*study.bounds(number))] == WAITING).any()]
    done = study.design.runs - sum(np.ptp(study.bounds(number)) for number in waiting)
    progress(int(done), study.design.runs)
    here = ((number, run_block(study, number)) for number in waiting)
    computed = here if cluster is None else _run_on_cluster(study, waiting, cluster)
    for number, (model, outcomes) in computed:
        if model != _city().source.stem:
            message = "a worker runs another model file, version or kind of processor: results would differ from here"
            raise StudyError(message)
        first, last = study.bounds(number)
        _refuse_not_finite(study, first, outcomes)
        store.write(first, outcomes, np.full(last - first, FINISHED, dtype=np.int8))
        done += last - first
        progress(int(done), study.design.runs)
    return path


def unfinished(path: Path) -> tuple[int, int] | None:
    """Return how many runs of how many a store holds; None if there is no store that can be read.

    Examples
    --------
    >>> unfinished(Path("nowhere.zarr")) is None
    True
    """
    try:
        state = RunStore(path).state
    except (OSError, KeyError, ValueError):
        return None
    return int((state != WAITING).sum()), len(state)


def outcomes_of(study: Study, path: Path, name: str) -> xr.DataArray:
    """Return an output of a finished study, dims ``sample, matrix, time``; one output at a time fits in memory."""
    try:
        with xr.open_zarr(path, chunks=None) as stored:
            values, time = stored[name].to_numpy(), stored["time"].to_numpy()
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        message = f"{path} is damaged: its runs cannot be read. Remove it and start again"
        raise StudyError(message) from error
    shape = (study.design.samples, study.design.matrices, len(time))
    return xr.DataArray(values.reshape(shape), dims=("sample", "matrix", "time"), coords={"time": time})


@lru_cache(maxsize=1)
def _city() -> CompiledModel:
    city = load_model()
    assert isinstance(city, CompiledModel), MODEL_FILE
    return city


def _new_store(study: Study, path: Path, request: str) -> RunStore:
    city = _city()
    # One run shows the saved times, and refuses unknown outputs before the store is made.
    time = city.run(study.changes(0, 1), outputs=study.outputs, keep_non_finite=True)["time"].to_numpy()
    runs = np.arange(study.design.runs)
    return RunStore.create(
        path, city.described(study.outputs), city.subscripts, time, runs, BLOCK, "float64", request, {}
    )


def _run_on_cluster(
    study: Study, numbers: Iterable[int], address: str
) -> Iterator[tuple[int, tuple[str, dict[str, Array]]]]:
    """Blocks as workers finish them; one that dies leaves its blocks to the others."""
    # Takes a second to import, which only a study on a cluster needs.
    from distributed import Client, as_completed

    left = iter(numbers)
    with Client(address, timeout=CONNECTING, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        numbers_of: dict[Any, int] = {}

        def send(number: int) -> Any:
            future = client.submit(run_block, study, number, pure=False, retries=3)
            numbers_of[future.key] = number
            return future

        wanted = WAITING_PER_WORKER * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
        first = [send(number) for number in itertools.islice(left, wanted)]
        if not first:
            return
        under_way: Any = as_completed(first, loop=client.loop)  # type: ignore[no-untyped-call]
        for future in under_way:
            yield numbers_of.pop(future.key), future.result()
            for number in itertools.islice(left, 1):
                under_way.add(send(number))


def check_scheduler(address: str) -> None:
    """Refuse an address at which no scheduler answers within seconds."""
    # Not by a client, which goes on looking in the background and reports it long after it has given up.
    from distributed.core import rpc

    async def ask() -> str:
        async with asyncio.timeout(CONNECTING + 1):
            async with rpc(address, timeout=CONNECTING) as scheduler:  # type: ignore[no-untyped-call]
                return str((await scheduler.identity())["type"])

    try:
        answer = asyncio.run(ask())
        if answer != "Scheduler":
            message = f"a {answer} does"
            raise ValueError(message)
    # The library looks at an address in many places, each of which fails in its own way.
    except Exception as error:
        why = " ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__
        message = (
            f"--cluster {address!r}: no Dask scheduler answers there ({why}). "
            "Give the address that `dask scheduler` prints, such as tcp://HOST:8786."
        )
        raise StudyError(message) from None


def _refuse_not_finite(study: Study, first: int, outcomes: Mapping[str, Array]) -> None:
    """Refuse outcomes that are not finite: SALib would turn one into indices that are all zero or not a number."""
    bad = np.flatnonzero(~np.all([np.isfinite(values).all(axis=1) for values in outcomes.values()], axis=0))
    if not len(bad):
        return
    lines = []
    for number in bad[:NAMED_RUNS]:
        run = first + int(number)
        names = [name for name, values in outcomes.items() if not np.isfinite(values[number]).all()]
        cube = study.design.rows(run, run + 1)[0]
        extreme = np.argsort(-np.abs(cube - 0.5), kind="stable")[:NAMED_INPUTS]
        inputs = ", ".join(f"{study.factors[k].name} at {100 * cube[k]:.1f} %" for k in extreme)
        lines.append(
            f"run {run}: {', '.join(names)} not finite ({_first_fault(study, run)}); its most extreme inputs: {inputs}"
        )
    message = (
        f"{len(bad)} of {len(next(iter(outcomes.values())))} runs of a block gave values that are not finite, "
        "so no index is worked out. Percentages are quantiles of the input's distribution.\n"
        + "\n".join(f" * {line}" for line in lines)
    )
    raise StudyError(message)


def _first_fault(study: Study, run: int) -> str:
    """Return which variable of the model fails first."""
    try:
        _city().run(study.changes(run, run + 1), outputs=study.outputs)
    except (NonFiniteError, ChangeError) as error:
        return str(error)
    return "the repeated run was finite"


def remove_finished(stores: Iterable[Path], *, resume: bool) -> list[str]:
    """Remove finished stores unless they are to be resumed, and return their names; refuse where one is unfinished."""
    existing = {} if resume else {path: unfinished(path) for path in stores if path.exists()}
    broken = {path: state for path, state in existing.items() if state is None or state[0] < state[1]}
    if broken:
        lines = [
            f"{path} holds {'no readable study' if state is None else f'{state[0]:,} of {state[1]:,} runs of a study'}"
            for path, state in broken.items()
        ]
        message = "; ".join(lines) + ". Add --resume to go on with it, or remove it."
        raise StudyError(message)
    for path in existing:
        shutil.rmtree(path)
    return [path.name for path in existing]
