"""An ensemble that is checked once and then run again and again with a few constants changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from .compiled import CompiledModel
from .requests import ChangeError, Request


class Ensemble:
    """Parameter sets of a compiled model, ready to run.

    Bringing hundreds of constants of hundreds of runs into the engine's form takes as long as some fifty runs; here
    that is done once, and each call only checks what it changes.

    Parameters
    ----------
    model
        The compiled model.
    changes, outputs, time_step
        As for `CompiledModel.run`; one change at least has a ``run`` dim.

    Raises
    ------
    ChangeError
        As for `CompiledModel.run`.

    Examples
    --------
    >>> from model.engine import compile_model
    >>> tea = compile_model("tests/engine/models/teacup.mdl")
    >>> rooms = Ensemble(tea, {"Room Temperature": xr.DataArray([60.0, 70.0], dims="run")})
    >>> rooms.run({"Characteristic Time": 5.0})["Teacup Temperature"].sizes["run"]
    2
    """

    def __init__(
        self,
        model: CompiledModel,
        changes: Mapping[str, Any],
        *,
        outputs: Iterable[str] | None = None,
        time_step: float | None = None,
    ) -> None:
        self._model = model
        self._time_step = time_step
        self._request = self._checked(changes, outputs)

    def check(self, changes: Mapping[str, Any] | None = None) -> Request:
        """Check changes, for several ensembles of the same model to be run with; raises what `run` raises for them."""
        own = self._checked(changes or {}, ())
        # The time step is each ensemble's own.
        given = self._checked({}, ()).controls
        return replace(own, controls={name: value for name, value in own.controls.items() if name not in given})

    def run(self, changes: Mapping[str, Any] | Request | None = None, *, keep_non_finite: bool = False) -> xr.Dataset:
        """Run every parameter set with these constants changed in all of them.

        Parameters
        ----------
        changes
            As for `CompiledModel.run`, or what `check` made of them; with a ``run`` dim where they differ from one
            parameter set to the next. A constant that the parameter sets hold too takes the value given here.
        keep_non_finite
            As for `CompiledModel.run`.

        Returns
        -------
        xarray.Dataset
            The same, to the bit, as `CompiledModel.run` returns with all changes together.

        Raises
        ------
        ChangeError, NonFiniteError
            As for `CompiledModel.run`; also for changes of other runs than those of the parameter sets.
        """
        own = changes if isinstance(changes, Request) else self.check(changes)
        labels = self._request.runs
        if own.runs is not None and (labels is None or not np.array_equal(own.runs, labels)):
            message = f"The changes have a run dim of {len(own.runs)} runs that are not those of the ensemble"
            raise ChangeError(message)
        named = {change.name for change in own.changes}
        kept = tuple(change for change in self._request.changes if change.name not in named)
        both = {**self._request.controls, **own.controls}
        request = replace(self._request, changes=(*kept, *own.changes), controls=both)
        return self._model.run_request(request, keep_non_finite=keep_non_finite)

    def _checked(self, changes: Mapping[str, Any], outputs: Iterable[str] | None) -> Request:
        return self._model.prepare(changes, outputs, {"TIME STEP": self._time_step})
