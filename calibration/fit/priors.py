"""The uncertain constants of the model and their prior distributions.

``priors.yaml`` holds shape, range, source and grade, that of a city's pack those of its own constants; the model file
holds defaults and limits. ``events.yaml`` holds
the same for dated events after 2020, and is read only where something is known of them. Calibration moves on a scale on
which every prior is a standard normal: a value is the prior's quantile of the normal distribution function.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from pydantic import PlainValidator, StrictBool
from scipy.special import ndtr, ndtri

from model.building import kept_file
from model.city import city
from model.definition import MODEL_FILE, Variable, variables_by_name
from model.engine.errors import UserError
from model.files.schemas import Line, Mistakes, Schema, checked, number
from model.files.strict_files import Where, read_yaml, refusal, shown

Array = npt.NDArray[np.float64]

#: Priors that all cities share, with the places of those that are a city's own.
SHARED_FILE: Final = Path(__file__).parent / "priors.yaml"
CITY_FILE: Final = city().folder / "priors.yaml"
#: The line of a constant, what it says of one whose prior each city has for itself, and what follows the parameters.
LINE: Final = re.compile(r"^  ([A-Z][A-Z0-9 ]*): (\{.*\}|city)$")
OWN: Final = "city"
END: Final = "# What must hold"
Shape = Literal["normal", "lognormal", "uniform", "loguniform"]
#: A factor beyond this says that the model's own table is of another unit.
MOST_FACTOR: Final = 100.0
#: Quantile of the standard normal at the ends of a range: 5 and 95 percent.
RANGE_QUANTILE: Final = float(ndtri(0.95))
_SECTIONS: Final = ("parameters", "constraints", "held_fixed")


class PriorError(UserError):
    """The file of priors cannot be used; the message lists every mistake in it."""


def filled_text(shared: Path = SHARED_FILE, of_city: Path = CITY_FILE) -> str:
    """Return the priors that all cities share, with those of a city in their places.

    Raises
    ------
    PriorError
        If the city lacks a prior of its own, or its file is not of that form.

    Examples
    --------
    >>> "BUILT UP AREA 2010: {shape: normal" in filled_text()
    True
    """
    documents = {file: read_yaml(file) for file in (shared, of_city)}
    problems = {_place(file): document.problems for file, document in documents.items() if document.problems}
    if problems:
        raise PriorError(refusal(problems))
    lines = shared.read_text(encoding="utf-8").split("\n")
    own = {
        found[1]: found[0] for text in of_city.read_text(encoding="utf-8").splitlines() if (found := LINE.match(text))
    }
    common = {found[1]: found[2] for text in lines if (found := LINE.match(text))}
    faults = [
        f"{name!r} is missing; add a line for it, as in the packs of other cities."
        for name, said in common.items()
        if said == OWN and name not in own
    ]
    entries = documents[of_city].content
    written = entries.get("parameters") if isinstance(entries, dict) else None
    if not isinstance(written, dict) or set(written) - own.keys() or len(entries) > 1:
        faults.append("it must hold 'parameters' with one line for each constant, and nothing else.")
    if faults:
        raise PriorError(refusal({_place(of_city): faults}))
    text = "\n".join(
        own.get(found[1], line) if (found := LINE.match(line)) else line for line in lines if not line.startswith("#!")
    )
    added = [line for name, line in own.items() if name not in common]
    if added:
        text = text.replace(f"\n{END}", "\n" + "\n".join(added) + f"\n{END}", 1)
        head, mark, fixed = text.partition("held_fixed:")
        for name in own.keys() - common.keys():
            fixed = re.sub(rf"(?<=[\[ ,]){re.escape(name)}(?:,\s*|(?=\]))", "", fixed, count=1)
        text = head + mark + re.sub(r",\s*\]", "]", fixed)
    return text


def _place(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


#: All priors of this process's city.
PRIORS_FILE: Final = kept_file(SHARED_FILE.name, filled_text())


@dataclass(frozen=True)
class Parameter:
    """One uncertain constant."""

    #: As in the model.
    name: str
    #: One of `Shape`.
    shape: str
    #: 5th and 95th percentile before the bounds cut off, or the ends of a uniform shape.
    p05: float
    p95: float
    #: "value", in the model's unit, or "factor" on the model's own table.
    role: Literal["value", "factor"]
    #: Subscripts along which draws are independent; empty for a scalar and for one factor for all elements.
    dims: tuple[str, ...]
    elements: tuple[tuple[str, ...], ...]
    #: Limits of each element, in the unit of `p05`.
    lower_bound: Array
    upper_bound: Array
    #: Of the range.
    grade: str
    source: str

    @property
    def size(self) -> int:
        """Number of independent draws."""
        return int(np.prod([len(names) for names in self.elements], dtype=int))

    @cached_property
    def element_names(self) -> list[str]:
        """Element of each draw; empty for a scalar and for one factor for all elements."""
        return [", ".join(names) for names in product(*self.elements)]

    @cached_property
    def labels(self) -> list[str]:
        """Name of each draw, with its element."""
        return [f"{self.name} [{element}]" if element else self.name for element in self.element_names]

    def values(self, standard: Array) -> Array:
        """Turn standard normal numbers, last axis the draws, into values or factors.

        Examples
        --------
        >>> share = read_priors().parameter("REGISTERED URBAN SHARE 2020")
        >>> share.values(np.zeros(1)).round(3)
        array([0.598])
        """

        def scale(limit: float | Array) -> Array:
            with np.errstate(divide="ignore"):
                return np.asarray(np.log(np.maximum(limit, 0)) if self.shape.startswith("log") else limit)

        p05, p95 = scale(self.p05), scale(self.p95)
        lower, upper = scale(self.lower_bound), scale(self.upper_bound)
        if self.shape in ("uniform", "loguniform"):
            bottom, top = np.maximum(p05, lower), np.minimum(p95, upper)
            scaled = bottom + ndtr(standard) * (top - bottom)
        else:
            mean, deviation = (p05 + p95) / 2, (p95 - p05) / (2 * RANGE_QUANTILE)
            below, above = ndtr((lower - mean) / deviation), ndtr((upper - mean) / deviation)
            scaled = mean + deviation * ndtri(below + ndtr(standard) * (above - below))
            # Rounding of the quantile function at the very ends.
            scaled = np.clip(scaled, lower, upper)
        return np.asarray(np.exp(scaled) if self.shape.startswith("log") else scaled)


@dataclass(frozen=True)
class Constraint:
    """A sum of parameters and numbers that another may not fall below."""

    text: str
    smaller: tuple[str, ...]
    larger: tuple[str, ...]


@dataclass(frozen=True)
class Priors:
    """All priors, in the order of the file, the constraints that every member meets, and why others are held fixed."""

    parameters: tuple[Parameter, ...]
    constraints: tuple[Constraint, ...]
    held_fixed: Mapping[str, str]

    def parameter(self, name: str) -> Parameter:
        """The parameter of a name."""
        return next(parameter for parameter in self.parameters if parameter.name == name)

    @cached_property
    def size(self) -> int:
        """Number of independent draws, the length of a point."""
        return sum(parameter.size for parameter in self.parameters)

    @cached_property
    def labels(self) -> list[str]:
        """Name of each draw."""
        return [label for parameter in self.parameters for label in parameter.labels]

    @cached_property
    def _slices(self) -> dict[str, slice]:
        ends = np.cumsum([parameter.size for parameter in self.parameters])
        return {p.name: slice(end - p.size, end) for p, end in zip(self.parameters, ends, strict=True)}

    def values(self, points: Array) -> dict[str, Array]:
        """Values or factors by parameter, (run, draw), of points on the standard scale, (run, draw)."""
        return {p.name: p.values(points[:, self._slices[p.name]]) for p in self.parameters}

    def dataset(self, points: Array) -> xr.Dataset:
        """The same as a Dataset, dims ``member`` and subscripts; the attribute ``role`` is that of `Parameter`."""
        arrays = {}
        known = variables_by_name()
        for parameter, values in zip(self.parameters, self.values(points).values(), strict=True):
            shape = (len(points), *(len(names) for names in parameter.elements))
            unit = known[parameter.name].unit if parameter.role == "value" else "Dmnl"
            arrays[parameter.name] = xr.DataArray(
                values.reshape(shape),
                dims=("member", *parameter.dims),
                coords={dim: list(names) for dim, names in zip(parameter.dims, parameter.elements, strict=True)},
                attrs={"role": parameter.role, "units": unit},
            )
        return xr.Dataset(arrays)

    def settings(self, points: Array) -> dict[str, xr.DataArray]:
        """What the model's ``run`` takes for points on the standard scale, dims ``run`` and the constants' subscripts.

        The same numbers as ``changes(priors.dataset(points))``, without the cost of labels.
        """
        arrays = {}
        for parameter, values in zip(self.parameters, self.values(points).values(), strict=True):
            shape = (len(points), *(len(names) for names in parameter.elements))
            variable = variables_by_name()[parameter.name]
            table = values.reshape(shape)
            if parameter.role == "factor":
                own = np.asarray(variable.default)
                table = (table if parameter.dims else table.reshape(-1, *[1] * own.ndim)) * own
            elif not parameter.dims:
                table = table.reshape(len(points))
            arrays[parameter.name] = xr.DataArray(table, dims=("run", *variable.dims))
        return arrays

    def allowed(self, points: Array) -> npt.NDArray[np.bool_]:
        """Whether each point meets all constraints."""
        values = self.values(points)

        def total(terms: tuple[str, ...]) -> Array:
            return np.asarray(sum(values[term][:, 0] if term in values else float(term) for term in terms))

        held = [total(rule.smaller) <= total(rule.larger) for rule in self.constraints]
        return np.asarray(np.all(np.broadcast_arrays(np.ones(len(points), dtype=bool), *held), axis=0))

    def draw(self, count: int, random: np.random.Generator) -> Array:
        """Points from the prior that meet the constraints, by rejection."""
        points = np.empty((0, self.size))
        while len(points) < count:
            tried = random.standard_normal((2 * count, self.size))
            points = np.concatenate([points, tried[self.allowed(tried)]])
        return points[:count]


def changes(members: xr.Dataset, model_file: Path = MODEL_FILE) -> xr.Dataset:
    """Members, as from `Priors.dataset`, with every factor multiplied out by the table of the model file that owns it.

    All variables are then values that the model takes, in its units, dims ``member`` and the constants' own subscripts.
    """
    known = variables_by_name(model_file)
    arrays = {}
    for name, array in members.data_vars.items():
        variable = known[str(name)]
        if array.attrs["role"] == "factor":
            coords = {dim: list(names) for dim, names in zip(variable.dims, variable.axes, strict=True)}
            array = array * xr.DataArray(variable.default, dims=variable.dims, coords=coords)
        arrays[name] = array.transpose("member", *variable.dims).assign_attrs(units=variable.unit, role="value")
    return xr.Dataset(arrays, attrs=members.attrs)


def priors_hash(path: Path = PRIORS_FILE, events: Path | None = None) -> str:
    """Twelve hexadecimal digits that change with any change of the file of priors, and of that of events if given."""
    content = path.read_bytes() if events is None else path.read_bytes() + events.read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]


def read_priors(path: Path = PRIORS_FILE, model_file: Path = MODEL_FILE, events: Path | None = None) -> Priors:
    """Read the priors and check them against the model.

    Parameters
    ----------
    path
        The file of priors.
    model_file
        The model, which owns names, units, defaults and limits.
    events
        The file of dated events, which the file of priors holds fixed; None where nothing is known of them.

    Raises
    ------
    PriorError
        Listing every mistake: a constant that is missing, unknown or listed twice; a shape, range or grade that makes
        no sense; a range beyond the model's limits; a constraint that cannot be read.

    Examples
    --------
    >>> read_priors().parameter("POOL CHANGE").p05
    -0.03
    """
    document = read_yaml(path)
    mistakes = Mistakes(document)
    content = document.content if isinstance(document.content, dict) else {}
    if not content and not mistakes:
        mistakes.add((), "The file must hold 'parameters', 'constraints' and 'held_fixed'.")
    for key in content:
        if key not in _SECTIONS:
            mistakes.add((key,), f"{shown(key)} is not a key of this file.{mistakes.near(key, _SECTIONS)}")
    known = {name: v for name, v in variables_by_name(model_file).items() if v.kind == "constant"}
    entries = _section(content, "parameters", dict, mistakes)
    reasons = _reasons(content, entries, known, mistakes)
    parameters = _parameters(entries, known, mistakes)
    for name in known:
        if content and name not in entries and name not in reasons:
            mistakes.add((), f"{name!r} stands neither among the parameters nor among those held fixed.")
    constraints = _constraints(content, parameters, entries, mistakes)
    if mistakes:
        raise PriorError(refusal({path.name: mistakes.listed()}))
    priors = Priors(tuple(parameters), tuple(constraints), reasons)
    return priors if events is None else _with_events(priors, events, known)


def _with_events(priors: Priors, path: Path, known: Mapping[str, Variable]) -> Priors:
    """The same priors with those of dated events, which are no longer held fixed."""
    document = read_yaml(path)
    mistakes = Mistakes(document)
    content = document.content if isinstance(document.content, dict) else {}
    for key in content:
        if key != "parameters":
            mistakes.add((key,), f"{shown(key)} is not a key of this file.{mistakes.near(key, ['parameters'])}")
    entries = _section(content, "parameters", dict, mistakes)
    if not entries and not mistakes:
        mistakes.add((), "The file must hold 'parameters'.")
    parameters = _parameters(entries, known, mistakes)
    for name in entries:
        if name in known and name not in priors.held_fixed:
            mistakes.add(("parameters", name), f"{name!r} is a parameter of {PRIORS_FILE.name} already.")
    if mistakes:
        raise PriorError(refusal({path.name: mistakes.listed()}))
    fixed = {name: reason for name, reason in priors.held_fixed.items() if name not in entries}
    return Priors((*priors.parameters, *parameters), priors.constraints, fixed)


def _parameters(entries: Mapping[Any, Any], known: Mapping[str, Variable], mistakes: Mistakes) -> list[Parameter]:
    """The parameters of a file's entries, as far as they make sense."""
    parameters = []
    for name, entry in entries.items():
        where = ("parameters", name)
        if name not in known:
            mistakes.add(where, f"{shown(name)} is no constant of the model.{mistakes.near(name, known)}")
        if _entry(entry, where, mistakes) and name in known:
            if (variable := known[name]).default is None:
                mistakes.add(where, f"{name!r} is not written as plain numbers in the model.")
                continue
            parameter = _parameter(name, entry, variable)
            if (parameter.p95 <= parameter.lower_bound).any() or (parameter.p05 >= parameter.upper_bound).any():
                mistakes.add(where, f"{name!r}: the range lies beyond the limits in the model file.")
            parameters.append(parameter)
    return parameters


def _two_numbers(value: object) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        msg = "must be two numbers."
        raise ValueError(msg)
    return number(value[0]), number(value[1])


class _Entry(Schema):
    """What stands under a parameter."""

    shape: Shape
    range: Annotated[tuple[float, float] | None, PlainValidator(_two_numbers)] = None
    factor: Annotated[tuple[float, float] | None, PlainValidator(_two_numbers)] = None
    each: StrictBool = False
    grade: Literal["A", "B", "C", "D", "E"]
    source: Line


def _section(content: Mapping[Any, Any], key: str, kind: type, mistakes: Mistakes) -> Any:
    part = content.get(key)
    if part is not None and not isinstance(part, kind):
        mistakes.add((key,), f"{key!r} must hold {'a list' if kind is list else 'names with entries under them'}.")
        part = None
    return kind() if part is None else part


def _reasons(
    content: Mapping[Any, Any], entries: Mapping[Any, Any], known: Mapping[str, Variable], mistakes: Mistakes
) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for reason, names in _section(content, "held_fixed", dict, mistakes).items():
        where = ("held_fixed", reason)
        if not isinstance(names, list):
            mistakes.add(where, f"{shown(reason)} must hold a list of constants.")
            continue
        for index, name in enumerate(names):
            if not isinstance(name, str) or name not in known:
                mistakes.add((*where, index), f"{shown(name)} is no constant of the model.{mistakes.near(name, known)}")
            elif name in reasons or name in entries:
                mistakes.add((*where, index), f"{name!r} stands twice.")
            else:
                reasons[name] = str(reason)
    return reasons


def _entry(entry: Any, where: Where, mistakes: Mistakes) -> bool:
    """Whether a parameter's entry makes sense by itself."""
    before, label = len(mistakes), shown(where[-1])
    checked_entry, failed = checked(_Entry, entry, mistakes, where, what="here", label=label)
    if not isinstance(entry, dict):
        return False
    given = [key for key in ("range", "factor") if key in entry]
    if len(given) != 1:
        mistakes.add(where, f"{label}: needs either a range or a factor.")
    elif given[0] not in failed and entry[given[0]] is not None:
        low, high = entry[given[0]]
        if not low < high:
            mistakes.add((*where, given[0]), f"{label}: {given[0]} [{low:g}, {high:g}] must go up.")
        if str(entry.get("shape")).startswith("log") and low <= 0:
            mistakes.add((*where, given[0]), f"{label}: a logarithmic shape needs a range above zero.")
        if given[0] == "factor" and not (low > 0 and high <= MOST_FACTOR):
            mistakes.add((*where, "factor"), f"{label}: a factor must be above 0 and at most {MOST_FACTOR:g}.")
        if "each" in entry and given[0] == "range":
            mistakes.add(
                (*where, "each"),
                f"{label}: 'each' belongs to a factor; elements of a range are always drawn one by one.",
            )
    return checked_entry is not None and len(mistakes) == before


def _constraints(
    content: Mapping[Any, Any], parameters: Sequence[Parameter], entries: Mapping[Any, Any], mistakes: Mistakes
) -> list[Constraint]:
    scalars = {p.name: p for p in parameters if p.size == 1 and p.role == "value"}
    constraints = []
    for index, text in enumerate(_section(content, "constraints", list, mistakes)):
        where = ("constraints", index)
        sides = str(text).split("<=")
        terms = [tuple(term.strip() for term in side.split("+")) for side in sides]
        wrong = [term for side in terms for term in side if term not in scalars and not _is_number(term)]
        if len(sides) == 2 and wrong and all(term in entries for term in wrong):
            # The parameter's own mistake is reported where it stands.
            continue
        if len(sides) != 2 or wrong:
            mistakes.add(
                where,
                f"the constraint {shown(text)} must read 'A + B <= C' with parameters or numbers."
                + "".join(mistakes.near(term, scalars) for term in wrong[:3]),
            )
            continue
        constraint = Constraint(str(text), *terms)
        least = sum(_end(term, scalars, -1.0) for term in constraint.smaller)
        if least > sum(_end(term, scalars, 1.0) for term in constraint.larger):
            mistakes.add(where, f"the constraint {shown(text)} can hardly ever hold within the ranges.")
        else:
            constraints.append(constraint)
    return constraints


def _end(term: str, scalars: Mapping[str, Parameter], sign: float) -> float:
    """What a term comes to at the far end of its range, where one draw in thirty thousand lies."""
    return float(scalars[term].values(np.array([4.0 * sign]))[0]) if term in scalars else float(term)


def _parameter(name: str, entry: Mapping[str, Any], variable: Variable) -> Parameter:
    factor = "factor" in entry
    p05, p95 = map(float, entry["factor" if factor else "range"])
    separate = not factor or bool(entry.get("each"))
    dims = variable.dims if separate else ()
    axes = variable.axes if separate else ()
    lower = np.asarray(-np.inf if variable.low is None else variable.low, dtype=float)
    upper = np.asarray(np.inf if variable.high is None else variable.high, dtype=float)
    if factor:
        table = np.asarray(variable.default, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            # A factor of nothing is free; limits below zero do not occur among tables.
            lower, upper = np.where(table > 0, lower / table, 0.0), np.where(table > 0, upper / table, np.inf)
        if not separate:
            lower, upper = lower.max(), upper.min()
    shape = tuple(len(names) for names in axes)
    return Parameter(
        name,
        entry["shape"],
        p05,
        p95,
        "factor" if factor else "value",
        tuple(dims),
        tuple(map(tuple, axes)),
        np.broadcast_to(lower, shape or (1,)).ravel(),
        np.broadcast_to(upper, shape or (1,)).ravel(),
        entry["grade"],
        entry["source"],
    )


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
