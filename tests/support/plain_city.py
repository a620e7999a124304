"""A stand-in for the city whose answers are known: a rate that is linear in two levers and in what members draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from model.definition import Variable
from scenarios import Change, Lever, Scenario, Target

YEARS = np.arange(2020.0, 2036.0)
WORDS = {"zh": "词", "en": "word"}


def lever(name: str, default: float = 0.0, effort: float = 1.0, lowest: float = 0.0, highest: float = 1.0) -> Lever:
    return Lever(name, "Dmnl", lowest, highest, WORDS, WORDS, WORDS, "2.1", "city", effort, "either", default=default)


def constant(name: str, default: float = 0.0) -> Variable:
    return Variable(name, "constant", "s", "Dmnl", None, None, (), (), (), np.array(default), "", "", (), (), (), (), 1)


def goal(threshold: float, year: int = 2025, name: str = "target.goal", variable: str = "rate") -> Target:
    return Target(name, WORDS, "1.4(1)", "core", year, threshold, "at least", "percent", variable, 1.0)


def draws(count: int, seed: int) -> xr.Dataset:
    """Members that differ in one standard normal number."""
    return xr.Dataset(
        {"LUCK": ("member", np.random.default_rng(seed).normal(size=count))}, attrs={"seed": seed, "evidence": "2020"}
    )


class PlainScenario(Scenario):
    """Changes of constants that only the stand-in has."""

    def settings(self, members: Any = None, model_file: Any = None) -> dict[str, Any]:
        drawn = {} if members is None else {name: array.rename(member="run") for name, array in members.items()}
        own = {c.constant: pd.Series(c.value) if isinstance(c.value, dict) else c.value for c in self.changes}
        return drawn | own


def scenario(*changes: tuple[str, Any], policy: bool = True) -> Scenario:
    made = tuple(Change(name, value, "Dmnl", "s", "", policy, "try_out", None) for name, value in changes)
    return PlainScenario("try_out", WORDS, WORDS, "baseline", made, (), Path("try_out.yaml"))


@dataclass
class PlainCity:
    """rate = 70 + sum of weight x lever (summed over elements) + spread x LUCK + what `bend` adds."""

    weights: Mapping[str, float]
    spread: float = 1.0
    #: Of the levers' values by name, each with axes (run, time).
    bend: Any = None
    #: Weights of outputs that differ from the rate's, by output.
    others: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    runs: int = field(default=0, init=False)

    def run(self, changes: Mapping[str, Any], /, *, outputs: Any, final_time: float | None = None) -> xr.Dataset:
        years = YEARS if final_time is None else YEARS[final_time >= YEARS]
        luck = changes["LUCK"].to_numpy()
        self.runs += len(luck)
        values = {name: self._over_time(changes.get(name, 0.0), years, len(luck)) for name in self.weights}
        found = {}
        for name in outputs:
            weights = self.others.get(name, self.weights)
            rate = 70 + self.spread * luck[:, None] + sum(weights.get(each, 0.0) * values[each] for each in values)
            rate = rate if self.bend is None else rate + self.bend(values)
            found[name] = (("run", "time"), np.broadcast_to(rate, (len(luck), len(years))))
        return xr.Dataset(found, coords={"time": years})

    @staticmethod
    def _over_time(value: Any, years: np.ndarray, runs: int) -> np.ndarray:
        if isinstance(value, pd.Series):
            value = xr.DataArray(value.to_numpy(), dims="time", coords={"time": value.index.to_numpy(dtype=float)})
        array = value if isinstance(value, xr.DataArray) else xr.DataArray(float(value))
        extra = [dim for dim in array.dims if dim not in ("run", "time")]
        array = array.sum(extra)
        if "time" in array.dims:
            knots = array["time"].to_numpy()
            rows = array if "run" in array.dims else array.expand_dims(run=1)
            held = rows.transpose("run", "time").to_numpy()
            after = np.clip(np.searchsorted(knots, years, side="right"), 1, len(knots) - 1)
            part = np.clip((years - knots[after - 1]) / (knots[after] - knots[after - 1]), 0, 1)
            table = held[:, after - 1] * (1 - part) + held[:, after] * part
        else:
            table = np.reshape(array.to_numpy(), (-1, 1))
        return np.broadcast_to(table, (runs, len(years)))
