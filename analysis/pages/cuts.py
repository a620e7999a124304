"""The named feedback loops of the model, and how each is cut: its coupling is taken away from a year on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr

from model.definition import variables_by_name
from model.engine import CompiledModel
from scenarios.start import JUMP, Setting, as_array

#: What the model's ``run`` takes, by constant.
Settings = dict[str, Setting]

#: Settings of a cut, from the model, the settings it comes on top of, the year it begins and the last year looked at.
Cut = Callable[[CompiledModel, Settings, float, float], Settings]
#: So much more room that no limit is felt.
AMPLE: Final = 100.0
#: How often a coupling that is replaced by its own course is worked out anew; the rest changes by less each time.
PASSES: Final = 2


@dataclass(frozen=True)
class Loop:
    """A feedback loop, named in both languages, and the settings by which its coupling is cut from a year on."""

    title: Mapping[str, str]
    #: What is taken away.
    cut: str
    settings: Cut


def own_value(name: str, settings: Settings) -> xr.DataArray:
    """Return a constant as settings leave it, with any of the dims ``run`` and ``time``."""
    if name in settings:
        return as_array(settings[name])
    variable = variables_by_name()[name]
    return xr.DataArray(np.asarray(variable.default, dtype=float), dims=variable.dims)


def changed_from(own: xr.DataArray, new: xr.DataArray | float, year: float) -> xr.DataArray:
    """Return the course of a constant that is its own until a year and then new; `new` may have its own ``time``.

    Examples
    --------
    >>> changed_from(xr.DataArray(2.0), 0.0, 2025).to_series().to_dict()
    {2025.0: 2.0, 2025.001: 0.0}
    """
    new = as_array(new)
    if "time" in new.dims:
        later = new["time"].to_numpy()
        after = at(new, np.append(year + JUMP, later[later > year + JUMP]))
    else:
        after = new.expand_dims(time=[year + JUMP])
    if "time" in own.dims:
        earlier = own["time"].to_numpy()
        before = at(own, np.append(earlier[earlier < year], year))
    else:
        before = own.expand_dims(time=[year])
    both = xr.broadcast(before, after, exclude=["time"])
    return xr.concat(both, "time", coords="minimal", compat="override")


def at(course: xr.DataArray, years: Iterable[float]) -> xr.DataArray:
    """Read a course as the model does: linear between its years, held at its ends.

    Examples
    --------
    >>> at(xr.DataArray([1.0, 2.0], {"time": [2020.0, 2030.0]}), [2025.0, 2040.0]).to_numpy()
    array([1.5, 2. ])
    """
    wanted = np.asarray(list(years), dtype=float)
    if "time" not in course.dims:
        return course.expand_dims(time=wanted)
    known = course["time"].to_numpy()
    if known.size == 1:
        return course.isel(time=0, drop=True).expand_dims(time=wanted)
    return course.interp(time=np.clip(wanted, known[0], known[-1])).assign_coords(time=wanted)


def _set(*names: str, factor: float = 0.0) -> Cut:
    """A cut that multiplies constants by a factor, by default nought."""

    def cut(_: CompiledModel, settings: Settings, year: float, __: float) -> Settings:
        owns = {name: own_value(name, settings) for name in names}
        return {name: changed_from(own, own * factor, year) for name, own in owns.items()}

    return cut


def _land_income_held(city: CompiledModel, settings: Settings, year: float, last: float) -> Settings:
    """Transfers make up for what land brings more or less than in the year of the cut, at constant prices."""
    name = "BASE TRANSFERS"
    own, share = own_value(name, settings), own_value("LAND SALE NET SHARE", settings)
    wanted = ["land sale revenue", "cost index", "transfers received", "settlement award by district", "tax kept now"]
    change: xr.DataArray | float = 0.0
    cut: Settings = {}
    for _ in range(PASSES):
        run = city.run(settings | cut, outputs=wanted, final_time=last)
        run = run.sel(time=run["time"] >= year)
        formula = run["transfers received"] + run["tax kept now"] - run["settlement award by district"].sum("District")
        before = at(own, run["time"].to_numpy())
        per_unit = formula / (before + change)
        net = share * run["land sale revenue"]
        held = net.isel(time=0) / run["cost index"].isel(time=0) * run["cost index"]
        change = (held - net) / per_unit
        cut = {name: changed_from(own, before + change, year)}
    return cut


def _loop(zh: str, en: str, cut: str, settings: Cut) -> Loop:
    return Loop({"zh": zh, "en": en}, cut, settings)


#: By the name that the comments of the model file tag the loop's links with.
LOOPS: Final[Mapping[str, Loop]] = {
    "R1": _loop(
        "就业、收入与迁移",
        "jobs, income, migration",
        "no pull of income and jobs on movers",
        _set("INCOME ELASTICITY", "JOB ELASTICITY", "INCOME WEIGHT"),
    ),
    "R3": _loop(
        "人地钱挂钩",
        "people, land, money",
        "settled people bring neither land nor award",
        _set("PEOPLE LAND LINK", "HOMESTEAD EXIT SHARE", "AWARD PER SETTLED PERSON"),
    ),
    "R4": _loop(
        "土地收入与设施",
        "land revenue, infrastructure",
        "land income stays as it was, at constant prices",
        _land_income_held,
    ),
    "B1": _loop(
        "住房价格",
        "house price",
        "cost and lack of homes move nobody and change no wish for space",
        _set("HOUSING ELASTICITY", "HOMES ELASTICITY", "HOUSING WEIGHT", "PRICE ELASTICITY OF FLOOR AREA"),
    ),
    "B2": _loop("服务拥挤", "service crowding", "no pull of services on movers", _set("SERVICE ELASTICITY")),
    "B3": _loop(
        "债务上限与支出削减",
        "debt and cuts of the budget",
        "the city borrows whatever it lacks",
        _set("DEBT CEILING", "BORROWING LIMIT", factor=AMPLE),
    ),
    "B4": _loop("农村土地权益的价值", "value of rural land rights", "rights lost do not count", _set("RIGHTS WEIGHT")),
    "B7": _loop(
        "服务均等化削弱落户动力",
        "equal services lower the gain from settling",
        "service gain does not count",
        _set("GAIN WEIGHT"),
    ),
    "B8": _loop(
        "务农人数减少与农业收入",
        "fewer farmers, higher farm income",
        "income ratio moves no villager, and fewer farmers earn no more",
        _set("INCOME ELASTICITY OF MIGRATION", "LABOUR SURPLUS ELASTICITY"),
    ),
}
