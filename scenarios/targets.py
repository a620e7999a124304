"""The plan's targets: what is to be reached, when, and what in the model says whether it is."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, NamedTuple, overload

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, PlainValidator, StrictBool

from model.city import city
from model.definition import MODEL_FILE, Variable, variables_by_name
from model.engine.errors import UserError, near
from model.files.schemas import STRICT, Line, Mistakes, Number, Sentences, Title, Year, checked_entries, one_of, outside
from model.files.strict_files import read_yaml, refusal, shown

if TYPE_CHECKING:
    import xarray as xr

FILE = city().folder / "targets.yaml"
#: What the plan says, row by row; the file of targets may not contradict it.
PLAN_FILE = city().folder / "plan" / "plan_quantities.csv"
#: The years of the plan.
FIRST_YEAR, LAST_YEAR = 2021, 2035
#: By what part of its threshold a target may be missed and still count as "about" it; in percent, by how many points.
ABOUT_PART: Final = 0.05
ABOUT_POINTS: Final = 5.0
#: By how many points 100 percent may be missed and still count as "all".
ALL_POINTS: Final = 1.0
#: A margin this small, in the plan's unit, is rounding and not a miss.
ROUNDING: Final = 1e-9
#: The scope of what is no target of the plan: a number for a year without one, whose title says who set it.
MILESTONE: Final = "milestone"
#: The section of what no plan sets.
NO_SECTION: Final = "none"
#: The plan's first deadline; who starts after it asks about later years, milestones among them.
FIRST_DEADLINE: Final = 2025
_MODEL_KEYS = ("variable", "factor", "definition")
_SIGNS: Final = {">=": "at least", "<=": "at most", "~": "about"}
_YEAR_AT_THE_END: Final = re.compile(r"(?<![0-9])20[0-9]{2}$")


class PlanUnit(NamedTuple):
    """A unit of the plan: what a threshold may be, and its size in units of the model."""

    lowest: float
    highest: float
    sizes: Mapping[str, float]


UNITS: Final[Mapping[str, PlanUnit]] = {
    "percent": PlanUnit(0, 100, {"percent": 1, "Dmnl": 0.01}),
    "count": PlanUnit(0, 1e5, {}),
    "score": PlanUnit(0, 1, {"Dmnl": 1}),
    "ratio": PlanUnit(0, 10, {"Dmnl": 1}),
    "persons": PlanUnit(0, 1e8, {"person": 1}),
    "10k persons": PlanUnit(0, 1e4, {"person": 1e4}),
    "million persons": PlanUnit(0, 100, {"person": 1e6}),
    "persons cumulative from 2021": PlanUnit(0, 1e7, {"person": 1}),
    "million t/day": PlanUnit(0, 50, {"million t/Day": 1}),
    "million m2 cumulative from 2021": PlanUnit(0, 1000, {"km2": 1}),
}


class TargetError(UserError):
    """The target file cannot be used; the message lists every mistake in it."""


def _identifier(value: object) -> str:
    if not isinstance(value, str) or len(value) > 80 or not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", value):
        msg = f"{shown(value)} must be made of small letters, digits, '_' and '.', such as target.urbanization.2025."
        raise ValueError(msg)
    return value


@dataclass(frozen=True)
class Target:
    """One number, or stated condition, that the plan wants by a year."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    id: Annotated[str, PlainValidator(_identifier)]
    title: Title
    section: Line
    scope: Annotated[str, PlainValidator(one_of("core", "extended", "tracking", MILESTONE))]
    year: Year
    #: In the plan's unit; for a qualitative target the value of a constant of the model.
    threshold: Number | None
    comparison: Annotated[str, PlainValidator(one_of("at least", "at most", "about"))]
    unit: Line
    #: None for a target that is tracked but not modelled.
    variable: Line | None = None
    #: One plan unit in units of the model's variable, such as 0.01 for a percentage of a share.
    factor: Number = 1.0
    definition: Sentences | None = None
    threshold_constant: Line | None = None
    #: By how much, in the plan's unit, the threshold may be missed and still count as "about" it, or as "all".
    tolerance: Number = 0.0
    headline: StrictBool = False
    note: Line = ""

    @property
    def modelled(self) -> bool:
        """Say whether the model computes this target."""
        return self.variable is not None

    @property
    def in_plan(self) -> str:
        """The section of the plan that sets it; empty for what no plan sets."""
        return "" if self.section == NO_SECTION else self.section

    @property
    def limit(self) -> float:
        """The value, in the plan's unit, that counts as reaching the target: "about" and "all" leave a tolerance.

        Raises
        ------
        ValueError
            If the target is not modelled.

        Examples
        --------
        >>> Target("t", {}, "1.4", "core", 2025, 100.0, "at least", "percent", "rate", 0.01, tolerance=1.0).limit
        99.0
        """
        if self.threshold is None:
            msg = f"{self.id} is not modelled"
            raise ValueError(msg)
        return self.threshold + (self.tolerance if self.comparison == "at most" else -self.tolerance)

    def margin(self, value: xr.DataArray) -> xr.DataArray:
        """Return by how much a value is better than the threshold; the target is reached where this is not negative.

        Parameters
        ----------
        value
            The model's variable, in the model's unit, any dims.

        Returns
        -------
        xarray.DataArray
            Same dims, in the plan's unit.

        Raises
        ------
        ValueError
            If the target is not modelled.

        Examples
        --------
        >>> goal = Target("t", {}, "1.4", "core", 2025, 78.5, "at least", "percent", "rate", 0.01)
        >>> import xarray as xr
        >>> goal.margin(xr.DataArray([0.78, 0.80])).round(6).values
        array([-0.5,  1.5])
        """
        better = value / self.factor - self.limit
        return -better if self.comparison == "at most" else better


@overload
def is_reached(margin: xr.DataArray) -> xr.DataArray: ...
@overload
def is_reached(margin: float) -> bool: ...
@overload
def is_reached(margin: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]: ...
def is_reached(margin: Any) -> Any:
    """Say where a target is reached: its margin, as from `Target.margin`, is not negative but for rounding.

    Examples
    --------
    >>> is_reached(np.array([-1.0, -1e-12, 0.5]))
    array([False,  True,  True])
    """
    return margin >= -ROUNDING


def load_targets(model_file: Path = MODEL_FILE, file: Path = FILE, *, milestones: bool = False) -> dict[str, Target]:
    """Read the targets and check them against the model.

    Parameters
    ----------
    model_file
        The model file that computes the core and extended targets, and owns the thresholds of the qualitative ones.
    file
        The YAML file.
    milestones
        Whether milestones of years for which the plan has no number are wanted too.

    Returns
    -------
    dict
        Target by id, in the file's order.

    Raises
    ------
    TargetError
        Listing every mistake in the file.

    Examples
    --------
    >>> load_targets()["target.urbanization.resident.2025"].threshold
    78.5
    """
    document = read_yaml(file)
    mistakes = Mistakes(document)
    variables = variables_by_name(model_file)
    targets: dict[str, Target] = {}
    for number, label, entry, target, failed in checked_entries(Target, document, mistakes, "id", "target"):
        if isinstance(entry, dict):
            # What one mistake hides is not reported twice: only keys that are right by themselves are checked further.
            sound = {key: value for key, value in entry.items() if key not in failed}
            _check(sound, entry, (number,), label, variables, mistakes)
        if target is not None and not mistakes:
            constant = target.threshold_constant
            owned = None if constant is None else variables[constant].default
            threshold = target.threshold if owned is None else float(owned) / target.factor
            targets[target.id] = Target(**{**vars(target), "threshold": threshold})
    if mistakes:
        raise TargetError(refusal({file.name: mistakes.listed()}))
    return {name: target for name, target in targets.items() if milestones or target.scope != MILESTONE}


def chosen_targets(
    targets: Mapping[str, Target],
    ids: Iterable[str] | None = None,
    usual: Callable[[Target], bool] = lambda target: target.headline,
    start: int = FIRST_YEAR,
) -> list[Target]:
    """Return the targets that are named, or those that are judged unless any is; only what the model computes.

    Parameters
    ----------
    targets
        All targets of the plan, by id.
    ids
        Some of these ids, several in a text with commas; the prefix ``target.`` may be left out.
    usual
        Which are judged unless any is named: the plan's headline targets.
    start
        The year from whose beginning levers act. Targets due before it are left out, and milestones come in after the
        plan's first deadline, unless any is named.

    Raises
    ------
    TargetError
        Listing every id that is unknown, with near matches, and every target that is not modelled or due too early.

    Examples
    --------
    >>> chosen_targets({}, [])
    []
    """
    named = [part for text in ids or () for part in text.split(",") if part]
    if not named:
        asked = [one for one in targets.values() if one.modelled and usual(one) and _is_asked(one, start)]
        if not asked and start > FIRST_YEAR:
            last = max((one.year for one in targets.values() if one.modelled), default=FIRST_YEAR)
            message = f"Levers that act from {start} on come too late for every target; the last is due in {last}."
            raise TargetError(message)
        return asked
    full = [name if name in targets else f"target.{name}" for name in named]
    titles = {title: target.id for target in targets.values() for title in target.title.values()}
    problems = [
        f"There is no target {given!r}."
        + (near(name, targets, titles) or near(given, targets, titles) or " `list targets` names all of them.")
        for given, name in zip(named, full, strict=True)
        if name not in targets
    ]
    problems += [
        f"{name} is tracked and not modelled, so nothing can be said about it."
        for name in full
        if name in targets and not targets[name].modelled
    ]
    due = [targets[name] for name in full if name in targets and targets[name].year < start]
    later = ", ".join(name for name, target in targets.items() if target.modelled and target.year >= start)
    problems += [
        f"{target.id} was due in {target.year}, before {start}, when levers first act. Due later: {later}."
        for target in due
    ]
    if problems:
        raise TargetError("\n".join(problems))
    return [targets[name] for name in dict.fromkeys(full)]


def _is_asked(target: Target, start: int) -> bool:
    return target.year >= start and (target.scope != MILESTONE or start > FIRST_DEADLINE)


def _check(
    sound: Mapping[Any, Any],
    entry: Mapping[Any, Any],
    where: tuple[int],
    label: str,
    variables: Mapping[str, Variable],
    mistakes: Mistakes,
) -> None:
    """Check what one key means beside the others, in the plan and in the model."""
    reported = set()

    def wrong(key: str, text: str) -> None:
        reported.add(key)
        mistakes.add((*where, key), f"{label}: {text}")

    if isinstance(year := sound.get("year"), int) and not FIRST_YEAR <= year <= LAST_YEAR:
        wrong("year", f"the year {year} is outside {FIRST_YEAR} to {LAST_YEAR}, the years of the plan.")
    unit = sound.get("unit")
    plan_unit = UNITS.get(unit) if isinstance(unit, str) else None
    if isinstance(unit, str) and plan_unit is None:
        wrong("unit", f"{shown(unit)} is not a unit of the plan ({', '.join(UNITS)}).{mistakes.near(unit, UNITS)}")
    threshold = sound.get("threshold")
    if threshold is not None and plan_unit and (beyond := outside(threshold, *plan_unit[:2], str(unit))):
        wrong("threshold", f"the threshold {beyond}")
    tracking = sound.get("scope") == "tracking"
    if tracking:
        for key in (*_MODEL_KEYS, "threshold_constant", "headline"):
            if key in entry:
                wrong(key, f"'tracking' targets are not modelled, so {key!r} has no meaning; delete it.")
        if threshold is None and "threshold" in sound:
            wrong("threshold", "needs a 'threshold'.")
    _check_tolerance(sound, threshold, wrong)
    if not tracking and "scope" in sound:
        for key in _MODEL_KEYS:
            if key not in entry:
                wrong(key, f"{key!r} is missing.")
        _check_variable(sound, variables, wrong, mistakes)
        _check_constant(sound, variables, wrong, mistakes)
    # A key that is wrong in itself is not held against the plan as well.
    _check_plan({key: value for key, value in sound.items() if key not in reported}, wrong)


@cache
def _plan() -> Mapping[str, Mapping[str, str]]:
    """The plan's targets by id, as they stand in `PLAN_FILE`; none where a city has no such file."""
    if not PLAN_FILE.is_file():
        return {}
    with PLAN_FILE.open(encoding="utf-8-sig", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file) if row["kind"] == "target"}


def _check_plan(sound: Mapping[Any, Any], wrong: Callable[[str, str], None]) -> None:
    """Hold a target against the plan's row of the same id, and its year against the one that ends its id."""
    name = str(sound.get("id"))
    row = _plan().get(name)
    if row is not None and sound.get("scope") == MILESTONE:
        wrong("scope", "a milestone is no target of the plan; give it an id of its own.")
        return
    if row is None:
        ending = _YEAR_AT_THE_END.search(name)
        if ending and "year" in sound and sound["year"] != int(ending[0]):
            wrong("year", f"the year {sound['year']} is not the one that its id ends in.")
        return
    here = {"year": row["year"], "section": row["section"]}
    if row["value"]:
        here |= {"threshold": row["value"], "unit": row["unit"], "comparison": _SIGNS[row["comparison"]]}
    for key, said in here.items():
        given = sound.get(key)
        same = given == float(said) if key in ("year", "threshold") else " ".join(str(given).split()) == said
        if key in sound and not same:
            wrong(
                key,
                f"{key!r} is {said} in the plan ({PLAN_FILE.name}), not {shown(given)}. "
                "A target of your own needs an id of its own.",
            )
    if not row["value"] and sound.get("threshold") is not None:
        wrong("threshold", f"the plan gives no number ({PLAN_FILE.name}); name a 'threshold_constant' of the model.")


def _check_tolerance(sound: Mapping[Any, Any], threshold: Any, wrong: Callable[[str, str], None]) -> None:
    tolerance = sound.get("tolerance", 0)
    if tolerance is None or not isinstance(tolerance, int | float):
        return
    if sound.get("comparison") == "about" and not tolerance and "tolerance" not in sound:
        wrong("comparison", "'about' needs a 'tolerance'.")
    elif tolerance == 0 and "tolerance" in sound:
        wrong("tolerance", "a 'tolerance' of 0 is none; delete it or give one.")
    elif tolerance < 0:
        wrong("tolerance", f"the tolerance {tolerance:g} is below zero.")
    elif tolerance and threshold is None and "threshold" in sound:
        wrong("tolerance", "a 'threshold_constant' takes no tolerance.")
    elif tolerance and isinstance(threshold, int | float) and {"comparison", "unit"} <= sound.keys():
        percent = sound["unit"] == "percent"
        if sound["comparison"] == "about":
            most = ABOUT_POINTS if percent else ABOUT_PART * abs(threshold)
        elif percent and threshold == 100 and sound["comparison"] == "at least":
            most = ALL_POINTS
        else:
            wrong("tolerance", "only 'about' and 'at least' 100 percent take a tolerance; delete it.")
            return
        if tolerance > most:
            wrong("tolerance", f"the tolerance {tolerance:.10g} is more than {most:g}, the most for such a target.")


def _check_variable(
    sound: Mapping[Any, Any], variables: Mapping[str, Variable], wrong: Any, mistakes: Mistakes
) -> None:
    name = sound.get("variable")
    if name is None:
        if "variable" in sound:
            wrong("variable", "'variable' is empty.")
        return
    variable = variables.get(str(name))
    if variable is None:
        known = [one.name for one in variables.values() if not one.dims]
        wrong("variable", f"{shown(name)} is not a variable of the model.{mistakes.near(name, known)}")
    elif variable.dims:
        wrong("variable", f"{shown(name)} has subscripts; a target needs a single number.")
    elif variable.kind not in ("stock", "flow", "auxiliary"):
        wrong("variable", f"{shown(name)} is a {variable.kind}; a target needs what the model works out.")
    elif (unit := UNITS.get(str(sound.get("unit")))) is not None:
        size = unit.sizes.get(variable.unit)
        if size is None:
            wrong("unit", f"{shown(name)} is in {variable.unit!r}, which is not {sound['unit']!r} of the plan.")
        elif sound.get("factor", size) != size:
            wrong("factor", f"one {sound['unit']!r} is {size:g} {variable.unit!r}; not {sound['factor']:.10g}.")


def _check_constant(
    sound: Mapping[Any, Any], variables: Mapping[str, Variable], wrong: Any, mistakes: Mistakes
) -> None:
    constant = sound.get("threshold_constant")
    if constant is None:
        if "threshold" in sound and sound["threshold"] is None:
            wrong("threshold", "needs a 'threshold', or a 'threshold_constant' of the model.")
        return
    variable = variables.get(str(constant))
    if variable is None or variable.default is None or variable.default.ndim:
        known = [one.name for one in variables.values() if one.default is not None and not one.dims]
        wrong(
            "threshold_constant",
            f"{shown(constant)} is not a constant of the model with one value.{mistakes.near(constant, known)}",
        )
    elif sound.get("threshold") is not None:
        wrong("threshold", "give either a 'threshold' or a 'threshold_constant', not both.")
    elif (judged := variables.get(str(sound.get("variable")))) and judged.unit != variable.unit:
        wrong(
            "threshold_constant",
            f"{shown(constant)} is in {variable.unit!r}, but {judged.name!r} is in {judged.unit!r}.",
        )
