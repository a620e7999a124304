"""PySD as the slow, trusted engine, with the same call and the same result as the compiled one."""

from __future__ import annotations

import shutil
import tempfile
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pysd
import xarray as xr

from .limits import lookups_read
from .reading.encodings import decode, named_files
from .reading.model_file import read_model
from .reading.quantities import RefusedModelError, explain_unreadable
from .requests import FIXED_TIMES, Change, ChangeError, Reduction, Request, prepare, time_arguments
from .results import BALANCE_TOLERANCE, BalanceError, NonFiniteError, balance_message, build_dataset
from .variables import DescribedModel, list_variables


class ReferenceModel(DescribedModel):
    """A model run by PySD; variables whose names end as `balances` says are zero in every run, or it fails."""

    def __init__(self, path: str | Path, *, balances: tuple[str, ...] = ()) -> None:
        path = Path(path)
        with explain_unreadable(path):
            definition = read_model(path)
        if definition.method != "euler":
            message = f"{path.name} asks for {definition.method.upper()}; PySD integrates by Euler only"
            raise RefusedModelError(message)
        super().__init__(list_variables(definition), definition.ranges, balances, tuple(lookups_read(definition)))
        # PySD writes its translation beside the model, so it gets a copy elsewhere.
        folder = tempfile.mkdtemp(prefix="pysd-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        copy = Path(folder) / path.name
        shutil.copy(path, copy)
        for table in named_files(decode(path.read_bytes()), path.parent):
            beside = Path(folder) / table.relative_to(path.parent)
            beside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(table, beside)
        with explain_unreadable(path), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._model = pysd.read_vensim(copy) if path.suffix.lower() == ".mdl" else pysd.read_xmile(copy)

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
    ) -> xr.Dataset:
        """Run the model with PySD; parameters, result and errors are those of `CompiledModel.run`.

        Examples
        --------
        >>> ReferenceModel("tests/engine/models/teacup.mdl").run().sizes["time"]
        241
        """
        given = time_arguments(initial_time, final_time, time_step, saveper)
        request = prepare(changes, outputs, self._variables, self._ranges, given, reduce)
        count = 1 if request.runs is None else len(request.runs)
        asked = tuple(dict.fromkeys((*request.outputs, *self._balances)))
        tables = [self._one_run(request, asked, number) for number in range(count)]
        time = tables[0].index.to_numpy(dtype=float)
        if any(len(table) != len(time) for table in tables):
            raise ChangeError(FIXED_TIMES)
        self._check_balances(request, tables, time)
        arrays: dict[str, npt.NDArray[np.float64]] = {}
        for name in request.outputs:
            stacked = np.stack([self._array(name, table[name]) for table in tables])
            if not np.isfinite(stacked).all():
                raise NonFiniteError(self._first_bad(name, stacked, time, request.runs))
            if name in request.reductions:
                stacked = _reduced(stacked, time, request.reductions[name])
            arrays[name] = stacked if request.runs is not None else stacked[0]
        return build_dataset(self._variables, self._ranges, arrays, time, request.runs, request.reductions)

    def _check_balances(self, request: Request, tables: list[pd.DataFrame], time: npt.NDArray[np.float64]) -> None:
        if not self._balances:
            return
        runs = [{name: self._array(name, table[name]) for name in self._balances} for table in tables]
        errors = np.array([max(np.abs(values).max() for values in run.values()) for run in runs])
        if (errors > BALANCE_TOLERANCE).any():
            worst = int(np.nanargmax(errors))
            course = build_dataset(self._variables, self._ranges, runs[worst], time, None, {})
            wrong = int((errors > BALANCE_TOLERANCE).sum())
            raise BalanceError(balance_message(request, course, worst, wrong, len(runs)))

    def _one_run(self, request: Request, outputs: tuple[str, ...], number: int) -> pd.DataFrame:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._model.reload()
        settings = request.controls
        parameters = {change.name: self._parameter(change, number) for change in request.changes}
        initial: Any = "original"
        if "INITIAL TIME" in settings:
            # Set before PySD initialises, so that first values see the new start too.
            self._model.time.set_control_vars(initial_time=settings["INITIAL TIME"])
            initial = (settings["INITIAL TIME"], {})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table: pd.DataFrame = self._model.run(
                params=parameters or None,
                return_columns=list(outputs),
                initial_condition=initial,
                final_time=settings.get("FINAL TIME"),
                time_step=settings.get("TIME STEP"),
                saveper=settings.get("SAVEPER"),
                flatten_output=False,
            )
        return table

    def _parameter(self, change: Change, number: int) -> float | xr.DataArray | pd.Series | Callable[[], Any]:
        values = change.values[number if len(change.values) > 1 else 0]
        dims = self._variables[change.name].dims
        coordinates = {dim: self._ranges[dim] for dim in dims}
        if len(change.knots) == 1:
            return float(values[0]) if not dims else xr.DataArray(values[0], coordinates, dims)
        if not dims:
            return pd.Series(values, index=change.knots)
        flat = values.reshape(len(change.knots), -1)

        def path() -> xr.DataArray:
            now = self._model.time()
            read = [np.interp(now, change.knots, column) for column in flat.T]
            return xr.DataArray(np.reshape(read, values.shape[1:]), coordinates, dims)

        return path

    def _array(self, name: str, column: pd.Series) -> npt.NDArray[np.float64]:
        dims = self._variables[name].dims
        if not dims:
            return column.to_numpy(dtype=float)
        return np.stack([self._cell(cell, dims) for cell in column])

    def _cell(self, cell: Any, dims: tuple[str, ...]) -> npt.NDArray[np.float64]:
        if not isinstance(cell, xr.DataArray):
            return np.full([len(self._ranges[dim]) for dim in dims], float(cell))
        return np.asarray(cell.transpose(*dims).values, dtype=float)

    def _first_bad(self, name: str, values: npt.NDArray[np.float64], time: npt.NDArray[np.float64], runs: Any) -> str:
        position = np.argwhere(~np.isfinite(values))[0]
        which = "" if runs is None else f"run {runs[position[0]]}, "
        return f"{which}{name} is {values[tuple(position)]} at time {time[position[1]]:g}"


def _reduced(values: npt.NDArray[np.float64], time: npt.NDArray[np.float64], how: Reduction) -> npt.NDArray[np.float64]:
    """Reduce values with axes (run, time, subscripts) over time."""
    if how == "final":
        return values[:, -1]
    if how == "sum":
        return np.asarray(values.sum(axis=1))
    above = values > how.threshold
    return np.where(above.any(axis=1), time[above.argmax(axis=1)], np.nan)
