"""Levers moved by shares of their ranges: their effort, the model's settings and the scenario file that sets them.

A share of 1 is the highest value of a lever, -1 the lowest and 0 its default, which is the baseline's. All elements of
a lever with subscripts move by one share. Effort is the lever's weight in ``scenarios/levers.yaml`` times the part of
its range that is moved (the mean over elements).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from model.definition import Variable
from model.engine.errors import UserError, near
from scenarios import Lever
from scenarios.scenario import LAST_YEAR
from scenarios.start import as_array, from_start_on

if TYPE_CHECKING:
    import xarray as xr

Values = npt.NDArray[np.float64]

#: No lever can start before the plan.
FIRST_START: Final = 2021
#: Years from the start of a measure until it works in full; most measures of scenarios/plan.yaml take two.
RAMP: Final = 2.0
#: Digits of a share that is written to a file: a ten-thousandth of the range is below any policy's precision.
DIGITS: Final = 4


class EffortError(UserError):
    """The levers cannot be moved as requested; the message lists every reason."""


@dataclass(frozen=True)
class Measure:
    """A lever that may be moved, from the beginning of a year on."""

    lever: Lever
    dims: tuple[str, ...]
    elements: tuple[str, ...]
    default: Values
    start: int
    #: Whether it may be moved below, and above, its default.
    lowered: bool = True
    raised: bool = True

    @property
    def name(self) -> str:
        """The model constant that it sets."""
        return self.lever.constant

    @property
    def lowest_share(self) -> float:
        """-1, or 0 where the lever may not be lowered or the default is the lowest value already."""
        return -1.0 if self.lowered and (self.default > self.lever.lowest).any() else 0.0

    @property
    def highest_share(self) -> float:
        """1, or 0 where the lever may not be raised or the default is the highest value already."""
        return 1.0 if self.raised and (self.default < self.lever.highest).any() else 0.0

    def value(self, share: float | Values) -> Values:
        """Return the value in full effect; axes of `share`, then elements."""
        shares = np.asarray(share, dtype=float)
        wide = shares.reshape(shares.shape + (1,) * self.default.ndim)
        end = np.where(wide > 0, self.lever.highest, self.lever.lowest)
        # Weighted so that a share of 1 is the end itself and not a rounding beyond it.
        return np.asarray((1 - np.abs(wide)) * self.default + np.abs(wide) * end)

    def moved(self, share: float | Values) -> Values:
        """Return the part of the whole range that is moved, the mean over elements; never negative."""
        way = np.abs(self.value(share) - self.default) / (self.lever.highest - self.lever.lowest)
        return np.asarray(way.reshape(*np.shape(share), -1).mean(axis=-1))


def choose_levers(
    levers: Mapping[str, Lever],
    variables: Mapping[str, Variable],
    names: Sequence[str] | None = None,
    start: int = FIRST_START,
    last: int = LAST_YEAR,
    *,
    any_direction: bool = False,
) -> tuple[Measure, ...]:
    """Return the levers that may be moved.

    Parameters
    ----------
    names
        Constants; ``NAME@YEAR`` starts one in its own year. None for all but those to be kept.
    start
        Calendar year from whose beginning the others are moved.
    last
        The last year in which something can start and still count.
    any_direction
        Whether levers may also be moved against the plan, and those that are to be kept may be moved.

    Raises
    ------
    EffortError
        For an unknown or repeated name, a lever that is to be kept, or a year in which none can start.
    """
    kept = () if any_direction else tuple(name for name, lever in levers.items() if lever.direction == "keep")
    requested = [name for name in levers if name not in kept] if names is None else list(names)
    titles = {title: lever.constant for lever in levers.values() for title in lever.title.values()}
    measures: dict[str, Measure] = {}
    problems = [] if FIRST_START <= start <= last else [_no_start("--from", str(start), last)]
    for text in requested:
        name, at, year = (part.strip() for part in text.partition("@"))
        if name not in levers:
            hint = near(name, levers, titles) or " `list levers` names all of them."
            problems.append(f"{name!r} is not a lever.{hint}")
            continue
        if at and not (year.isascii() and year.isdigit() and FIRST_START <= int(year) <= last):
            problems.append(_no_start(repr(name), year, last))
            continue
        if name in kept:
            problems.append(f"{name!r}: to move it either way is against the plan; --any-direction allows it.")
        if name in measures:
            problems.append(f"{name!r} is named twice.")
        variable = variables[name]
        assert variable.default is not None
        direction = "either" if any_direction else levers[name].direction
        measures[name] = Measure(
            levers[name],
            tuple(variable.dims),
            tuple(variable.axes[0] if variable.axes else ()),
            np.array(variable.default, dtype=float),
            int(year) if at else start,
            lowered=direction in ("lower", "either"),
            raised=direction in ("raise", "either"),
        )
    if problems:
        raise EffortError("The levers cannot be moved:\n" + "\n".join(f" * {problem}" for problem in problems))
    return tuple(measures.values())


def _no_start(what: str, year: str, last: int) -> str:
    return f"{what}: {year!r} is not a year in which a lever can start; that is {FIRST_START} to {last}."


def share_bounds(measures: Sequence[Measure]) -> tuple[Values, Values]:
    """Return the lowest and the highest share of each lever."""
    return np.array([each.lowest_share for each in measures]), np.array([each.highest_share for each in measures])


def total_effort(measures: Sequence[Measure], shares: Values) -> Values:
    """Return the effort of each candidate; axes of `shares` are candidate and lever."""
    return np.asarray(effort_by_lever(measures, shares).sum(axis=1))


def effort_by_lever(measures: Sequence[Measure], shares: Values) -> Values:
    """Return the effort by candidate and lever; arguments as for `total_effort`."""
    columns = [each.lever.effort * each.moved(column) for each, column in zip(measures, shares.T, strict=True)]
    return np.column_stack(columns) if columns else np.zeros((len(shares), 0))


def lever_settings(
    measures: Sequence[Measure], shares: Values, members: xr.Dataset, ramp: float = RAMP
) -> dict[str, xr.DataArray]:
    """Return the settings that run every candidate with every member, in one dim ``run`` (candidate by candidate).

    A lever that a candidate does not move is not set: where members differ in it, they keep their own values. One that
    is moved starts from the model's default in every member, except before the first start of any, as in a scenario
    file, and takes the ramp, in years above 0, until its full value, linear in between.
    """
    first = first_start(measures, shares)
    candidates, count = len(shares), members.sizes["member"]
    import xarray as xr

    changes: dict[str, xr.DataArray] = {}
    for name, array in members.data_vars.items():
        dims = [str(dim) for dim in array.dims if dim != "member"]
        values = array.transpose("member", *dims).to_numpy()
        changes[str(name)] = xr.DataArray(np.tile(values, (candidates,) + (1,) * len(dims)), dims=("run", *dims))
    for index, measure in enumerate(measures):
        column = np.repeat(shares[:, index], count)
        if not column.any():
            continue
        after = measure.value(column)
        before = np.broadcast_to(measure.default, after.shape)
        drawn = changes.get(measure.name)
        if drawn is not None:
            own = drawn.transpose("run", *measure.dims).to_numpy()
            kept = (column == 0).reshape((-1,) + (1,) * measure.default.ndim)
            before, after = np.where(kept, own, before), np.where(kept, own, after)
        times = [measure.start - 1.0, measure.start - 1.0 + ramp]
        path = xr.DataArray(
            np.stack([before, after], axis=1), dims=("run", "time", *measure.dims), coords={"time": times}
        )
        changes[measure.name] = path if drawn is None else as_array(from_start_on(path, drawn, first - 1.0))
    return changes


def first_start(measures: Sequence[Measure], shares: Values) -> int:
    """Return the first start year of the levers that any candidate moves."""
    moved = np.flatnonzero(np.atleast_2d(shares).any(axis=0))
    return min((measures[int(index)].start for index in moved), default=FIRST_START)


def scenario_document(
    name: str, measures: Sequence[Measure], shares: Values, ramp: float, words: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a scenario that moves the levers by the shares of one candidate, as the content of a scenario file.

    Words are ``title`` and ``question`` by language, and ``source``, the reason why the levers are moved.
    """
    changes: dict[str, Any] = {}
    for measure, share in zip(measures, shares, strict=True):
        if share == 0:
            continue
        # The model's time is the end of a year: a year begins at the number of the year before.
        end_of_ramp = measure.start - 1 + ramp
        times = [measure.start - 1, int(end_of_ramp) if end_of_ramp == int(end_of_ramp) else end_of_ramp]
        value = measure.value(float(share))
        end = "highest" if share > 0 else "lowest"
        full = f"in full {ramp:g} years after the beginning of {measure.start}, an assumption"
        entry: dict[str, Any] = {"unit": measure.lever.unit}
        if measure.elements:
            entry["by"] = {
                element: {times[0]: "default", times[1]: float(number)}
                for element, number, own in zip(measure.elements, value, measure.default, strict=True)
                if number != own
            }
        else:
            entry["path"] = {times[0]: "default", times[1]: float(value)}
        entry["source"] = (
            f"backcast {words['source']}: {100 * abs(share):.{DIGITS - 2}f} % of the way from the default to the "
            f"{end} value; {full}"
        )
        changes[measure.name] = entry
    starts = first_start(measures, shares)
    return {
        "name": name,
        "title": dict(words["title"]),
        "question": dict(words["question"]),
        "base": "baseline",
        **({"starts": starts} if starts > FIRST_START else {}),
        "changes": changes,
        "expect": [],
    }
