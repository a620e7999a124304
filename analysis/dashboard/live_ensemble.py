"""All members of an ensemble, run again at every move: roughly at once, then exactly.

Each member is run with a yearly time step first, which takes a quarter of the work. What the move does is the
difference of two such runs, and the error of the long step nearly cancels in it; it is added to the member's exact run
of the setting before. A few pilot members are run exactly at once: they show what of the error is left on average,
which is taken off all others. Method: multilevel control variates, Giles (2008), Multilevel Monte Carlo path
simulation, here with every member on the rough level. The exact runs of all members then replace the estimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from model.engine import CompiledModel, Ensemble
from model.engine.requests import Request
from model.engine.results import BalanceError
from scenarios import Scenario, load_scenario

#: Members run exactly before the first redraw.
PILOTS: Final = 8
#: Members between two looks at whether the lever has moved on.
PART: Final = 125
#: Years; two of the model's own steps. With four, prices and budgets swing from step to step.
LONG_STEP: Final = 0.5

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What all members come to under one setting; arrays with axes member, time, column."""

    scenario: Scenario
    values: Values
    #: The same from the long step; None where such a run left the numbers.
    rough: Values | None
    #: Whether every member was run with the model's own step; else most of `values` are estimates.
    complete: bool


class LiveEnsemble:
    """A model and the members of an ensemble, made ready for many settings.

    `outputs` are variables of the model, of the whole city or by district.
    """

    def __init__(self, model: CompiledModel, members: xr.Dataset, outputs: Iterable[str]) -> None:
        self.model = model
        self.members = members
        self.outputs = tuple(outputs)
        count = members.sizes["member"]
        pilots = min(PILOTS, count)
        pieces = -(-(count - pilots) // PART)
        ends = np.linspace(pilots, count, pieces + 1).astype(int) if pieces else np.array([pilots])
        bounds = [0, *(int(end) for end in ends)]
        self._slices = tuple(slice(first, last) for first, last in pairwise(bounds))
        every = load_scenario("baseline").settings(members)
        self.pilots = pilots
        #: Exact runs of the pilots, then of the others a part at a time.
        self.parts = tuple(Ensemble(model, _some(every, some), outputs=self.outputs) for some in self._slices)
        self._rough = Ensemble(model, every, outputs=self.outputs, time_step=LONG_STEP)
        self._last: tuple[Scenario, Request, tuple[Request, ...]] | None = None
        one = self.parts[0].run()
        self.times: tuple[float, ...] = tuple(map(float, one["time"].to_numpy()))
        self.axes = {name: tuple(map(str, one[name].dims[2:])) for name in self.outputs}
        self.elements = {str(dim): tuple(map(str, one[dim].to_numpy())) for dim in one.dims if dim in one.coords}
        widths = [one[name].size // (pilots * len(self.times)) for name in self.outputs]
        starts = np.cumsum([0, *widths])
        self._columns = {
            name: slice(int(first), int(last))
            for name, first, last in zip(self.outputs, starts[:-1], starts[1:], strict=True)
        }

    def exact(self, scenario: Scenario, part: int) -> Values:
        """Run one of `parts` with the model's own step; a member that leaves the numbers is a `NonFiniteError`."""
        return self._flat(self.parts[part].run(self._checked(scenario)[1][part]))

    def preliminary(self, scenario: Scenario, reference: Outcome) -> Outcome:
        """Estimate all members from the long step, the pilots, and a complete reference: the nearer, the better.

        The pilots are exact. Where the long step left the numbers, the others are those of the reference.
        """
        pilots = self.exact(scenario, 0)
        rough = self.rough(scenario)
        values = reference.values.copy()
        if rough is not None and reference.rough is not None:
            values += rough - reference.rough
            values += (pilots - values[: len(pilots)]).mean(axis=0)
        values[: len(pilots)] = pilots
        return Outcome(scenario, values, rough, complete=len(pilots) == len(values))

    def complete(self, scenario: Scenario) -> Outcome:
        """Run all members with both steps."""
        values = np.concatenate([self.exact(scenario, part) for part in range(len(self.parts))])
        return Outcome(scenario, values, self.rough(scenario), complete=True)

    def rough(self, scenario: Scenario) -> Values | None:
        """Run all members with the long step; None if one of them leaves the numbers or swings beyond its balances."""
        try:
            run = self._rough.run(self._checked(scenario)[0], keep_non_finite=True)
        except BalanceError:
            return None
        return None if "warning" in run.attrs else self._flat(run)

    def series(self, outcome: Outcome, name: str) -> Values:
        """One variable with axes member, time and its subscript, if it has one."""
        values = outcome.values[:, :, self._columns[name]]
        return values if self.axes[name] else values[:, :, 0]

    def _checked(self, scenario: Scenario) -> tuple[Request, tuple[Request, ...]]:
        """The scenario's changes in the engine's form, of all members and of each part, kept for the next run."""
        if self._last is None or self._last[0] is not scenario:
            # At the start a changed constant is what it is in each member, so changes may differ between these.
            own = scenario.changed(self.members)
            parts = zip(self.parts, self._slices, strict=True)
            checked = tuple(part.check(_some(own, some)) for part, some in parts)
            self._last = scenario, self._rough.check(own), checked
        return self._last[1:]

    def _flat(self, run: xr.Dataset) -> Values:
        arrays = (run[name].to_numpy() for name in self.outputs)
        return np.concatenate([array.reshape(*array.shape[:2], -1) for array in arrays], axis=2)


def _some(settings: Mapping[str, Any], members: slice) -> dict[str, Any]:
    return {
        name: value.isel(run=members) if isinstance(value, xr.DataArray) and "run" in value.dims else value
        for name, value in settings.items()
    }
