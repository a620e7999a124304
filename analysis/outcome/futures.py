"""Futures that answers are searched in: members of the ensemble, crossed with draws of the levers where asked.

A future is one parameter set, with or without levers drawn uniformly over their ranges, under one scenario. Every
uncertain number of it is an input with a name in both languages and a unit, so that a condition can be put in words.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from analysis.outcome.words import terms, with_elements, word
from model.definition import Variable
from model.engine.errors import UserError
from scenarios import Lever, Scenario, Target
from scenarios.start import from_start_on

#: Futures run at a time: enough for two threads, few enough that the time left is shown often.
BLOCK: Final = 100
#: A constant of this year is where the run over the past starts from; the run from 2020 does not read it.
OF_THE_PAST: Final = " 2010"
#: A number without a unit is a share, written in percent, where its name holds one of these.
SHARES: Final = ("SHARE", "WILLINGNESS", "VACANCY", "COVERAGE", "ADEQUACY", "ENTITLEMENT", "RETENTION", "BUDGET")
#: Elements of an array whose values keep their proportions to this are one input.
PROPORTIONAL: Final = 1e-6

Values = npt.NDArray[np.float64]


class FuturesError(UserError):
    """The futures asked for cannot be made; the message lists every reason."""


class City(Protocol):
    """What can be run: the compiled model, or a stand-in with a known answer."""

    def run(self, changes: Mapping[str, Any], /, *, outputs: Any, final_time: float | None = None) -> xr.Dataset:
        """Return results with dims ``run`` and ``time``."""


@dataclass(frozen=True)
class Input:
    """One uncertain number of a future: a parameter, an element of one, or a lever."""

    #: The model's constant, with its element in brackets where it has some.
    name: str
    #: The model's constant.
    constant: str
    #: What it is called in Chinese and English.
    titles: Mapping[str, str]
    #: As in the model; "relative" for a table whose elements move together, as a factor on the model's own values.
    unit: str
    #: Whether a policy sets it.
    lever: bool = False

    def rounded(self, value: float, spread: float) -> float:
        """Return a limit with as many digits as matter: a fiftieth of the spread of its values.

        Examples
        --------
        >>> Input("SHARE", "SHARE", {}, "Dmnl").rounded(0.601234, 0.07)
        0.601
        """
        return float(round(value, ceil(-log10(spread / 50))))

    def format_value(self, value: float, language: str) -> str:
        """Return a value in the model's unit with the unit that a reader expects.

        Examples
        --------
        >>> Input("URBAN SHARE", "URBAN SHARE", {}, "Dmnl").format_value(0.601, "en")
        '60.1 %'
        >>> Input("RESIDENTS", "RESIDENTS", {}, "person").format_value(1_550_000, "zh")
        '155万人'
        """
        words = terms()["model units"][self.kind]
        if self.kind == "Year" and value > 1000:
            return f"{value:.6g}" + ("年" if language == "zh" else "")
        number = f"{value / float(words[f'{language}_size']):,.10g}"
        return number + words[language] if language == "zh" else f"{number} {words['en']}".strip()

    @property
    def kind(self) -> str:
        """The unit as `terms` lists it; a share is written in percent."""
        share = self.unit == "Dmnl" and any(word in self.constant for word in SHARES)
        return "share" if share else self.unit


def lever_draws(levers: Iterable[Lever], count: int, seed: int) -> dict[str, Values]:
    """Draw every lever uniformly over its range, one value for all years and for all elements of its subscripts."""
    random = np.random.default_rng(seed)
    return {lever.constant: random.uniform(lever.lowest, lever.highest, count) for lever in levers}


def settings(
    scenario: Scenario,
    members: xr.Dataset,
    variables: Mapping[str, Variable],
    drawn: Mapping[str, Values] | None = None,
    count: int | None = None,
) -> tuple[dict[str, Any], npt.NDArray[np.int_]]:
    """Return what the model is run with for each future, and which member each is.

    Parameters
    ----------
    scenario
        Its changes hold in every future, but for levers that are drawn.
    drawn
        As from `lever_draws`; None where the scenario's levers are kept.
    count
        Number of futures; members are taken again from the first one where there are fewer. As many as members if None.

    Returns
    -------
    tuple
        Changes as the model's ``run`` takes them, and the index of each future's member.

    Raises
    ------
    FuturesError
        If there are more futures than members and no levers are drawn, as these would be the same futures again.
    """
    available = members.sizes["member"]
    size = available if count is None else count
    if size > available and drawn is None:
        message = (
            f"--futures {size}: without --levers a future is a member of the ensemble, and {available} were asked for. "
            "Add --levers, or ask for fewer futures."
        )
        raise FuturesError(message)
    member = np.arange(size) % available
    changes: dict[str, Any] = dict(scenario.settings(members.isel(member=member)))
    for name, values in (drawn or {}).items():
        shape = [len(axis) for axis in variables[name].axes]
        full = np.broadcast_to(values.reshape(-1, *[1] * len(shape)), (size, *shape))
        coords = {dim: list(names) for dim, names in zip(variables[name].dims, variables[name].axes, strict=True)}
        changes[name] = xr.DataArray(full, dims=("run", *variables[name].dims), coords=coords)
    return changes, member


def held_until(
    start: int, drawn: Mapping[str, Any], resting: Mapping[str, Any], variables: Mapping[str, Variable]
) -> dict[str, Any]:
    """Return drawn levers that hold from the beginning of a year on, and are until then what they are without draws."""
    held = {}
    for name, values in drawn.items():
        variable = variables[name]
        default = xr.DataArray(
            np.array(variable.default, dtype=float),
            dims=variable.dims,
            coords=dict(zip(variable.dims, map(list, variable.axes), strict=True)),
        )
        held[name] = from_start_on(values, resting.get(name, default), start - 1.0)
    return held


def inputs(
    changes: Mapping[str, Any], variables: Mapping[str, Variable], drawn: Collection[str] = (), levers: Any = None
) -> tuple[pd.DataFrame, dict[str, Input]]:
    """Return the values of all numbers that differ between futures, one column each, and the `Input` of each column.

    Left out: what a scenario sets in every future, what does not differ, and constants of 2010, which only the run over
    the past reads. A table whose elements keep their proportions, such as mortality by age, is one column.
    """
    columns: dict[str, Values] = {}
    known: dict[str, Input] = {}
    for name, array in changes.items():
        if not isinstance(array, xr.DataArray) or "run" not in array.dims or "time" in array.dims:
            continue
        if name.endswith(OF_THE_PAST):
            continue
        variable = variables[name]
        lever = name in drawn and levers is not None
        titles = dict(levers[name].title) if lever else {"zh": variable.term, "en": name}
        flat = array.transpose("run", *variable.dims).to_numpy().reshape(array.sizes["run"], -1)
        if variable.dims and (factor := _factor(flat, variable)) is not None:
            if np.ptp(factor[0]) > 0:
                unit = factor[1]
                columns[name] = factor[0]
                if unit:
                    titles = {each: word("labels", "relative input", each).format(name=titles[each]) for each in titles}
                known[name] = Input(name, name, titles, unit or variable.unit, name in drawn)
            continue
        indices = list(np.ndindex(*(len(axis) for axis in variable.axes)))
        for index, values in zip(indices, flat.T, strict=True):
            if np.ptp(values) == 0:
                continue
            elements = [axis[i] for axis, i in zip(variable.axes, index, strict=True)]
            full = name + (f"[{', '.join(elements)}]" if elements else "")
            columns[full] = values
            own = {language: with_elements(title, elements, language) for language, title in titles.items()}
            known[full] = Input(full, name, own, variable.unit, name in drawn)
    return pd.DataFrame(columns), known


def judge(
    city: City,
    changes: Mapping[str, Any],
    targets: Sequence[Target],
    progress: Callable[[int, int], None] | None = None,
) -> xr.DataArray:
    """Run futures block by block and return each target's margin in its year and unit, dims ``target, future``."""
    size = max(array.sizes.get("run", 1) for array in changes.values() if isinstance(array, xr.DataArray))
    parts = []
    wanted = list(dict.fromkeys(str(target.variable) for target in targets))
    for first in range(0, size, BLOCK):
        block = slice(first, first + BLOCK)
        own = {
            name: value.isel(run=block) if isinstance(value, xr.DataArray) and "run" in value.dims else value
            for name, value in changes.items()
        }
        run = city.run(own, outputs=wanted)
        margins = [
            np.atleast_1d(target.margin(run[str(target.variable)].sel(time=target.year)).to_numpy())
            for target in targets
        ]
        parts.append(np.array(margins))
        if progress is not None:
            progress(min(first + BLOCK, size), size)
    return xr.DataArray(
        np.concatenate(parts, axis=1),
        dims=("target", "future"),
        coords={"target": [target.id for target in targets]},
    )


def _factor(flat: Values, variable: Variable) -> tuple[Values, str] | None:
    """The one number behind an array: its common value or a factor on the model's own table; None if neither."""
    if np.ptp(flat, axis=1).max() == 0:
        return flat[:, 0], ""
    if variable.default is None:
        return None
    own = np.broadcast_to(variable.default, [len(axis) for axis in variable.axes]).ravel()
    filled = own != 0
    if filled.sum() < 2 or flat[:, ~filled].any():
        return None
    ratio = flat[:, filled] / own[filled]
    middle = ratio.mean(axis=1)
    return (middle, "relative") if np.ptp(ratio, axis=1).max() <= PROPORTIONAL * abs(middle).max() else None
