"""The plan's targets: what is to be reached, when, and what in the model says whether it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt
import xarray as xr

from model.changes import near
from model.definition import MODEL_FILE, Variable, variables_by_name
from model.errors import UserError
from scenarios.strict_yaml import read_yaml

FILE = Path(__file__).parent / "targets.yaml"
#: A margin this small, in the plan's unit, is rounding and not a miss.
ROUNDING: Final = 1e-9
_KEYS = ("id", "title", "section", "scope", "year", "threshold", "comparison", "unit")
_MODEL_KEYS = ("variable", "factor", "definition")
_OPTIONAL_KEYS = ("threshold_constant", "tolerance", "headline", "note")
_SCOPES = ("core", "extended", "tracking")
_COMPARISONS = ("at least", "at most", "about")


class TargetError(UserError):
    """The target file cannot be used; the message lists every mistake in it."""


@dataclass(frozen=True)
class Target:
    """One number, or stated condition, that the plan wants by a year."""

    id: str
    title: Mapping[str, str]
    section: str
    scope: str
    year: int
    #: In the plan's unit; for a qualitative target the value of a constant of the model.
    threshold: float | None
    comparison: str
    unit: str
    #: None for a target that is tracked but not modelled.
    variable: str | None = None
    #: One plan unit in units of the model's variable, such as 0.01 for a percentage of a share.
    factor: float = 1.0
    definition: Mapping[str, str] | None = None
    threshold_constant: str | None = None
    #: By how much, in the plan's unit, the threshold may be missed and still count as "about" it, or as "all".
    tolerance: float = 0.0
    headline: bool = False
    note: str = ""

    @property
    def modelled(self) -> bool:
        """Say whether the model computes this target."""
        return self.variable is not None

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


def load_targets(model_file: Path = MODEL_FILE, file: Path = FILE) -> dict[str, Target]:
    """Read the targets and check them against the model.

    Parameters
    ----------
    model_file
        The model file that computes the core and extended targets, and owns the thresholds of the qualitative ones.
    file
        The YAML file.

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
    entries, problems = read_yaml(file)
    if not isinstance(entries, list):
        problems = problems or ["The file must be a list of targets."]
        entries = []
    variables = variables_by_name(model_file)
    targets: dict[str, Target] = {}
    for number, entry in enumerate(entries, 1):
        wrong = _problems(entry, number, variables)
        if not wrong and entry["id"] in targets:
            wrong.append(f"{entry['id']!r} is listed twice.")
        problems += wrong
        if wrong:
            continue
        constant = entry.get("threshold_constant")
        owned = variables[constant].default if constant else None
        threshold = entry["threshold"] if owned is None else float(owned) / entry["factor"]
        targets[entry["id"]] = Target(**{**entry, "threshold": threshold})
    if problems:
        raise TargetError(f"{file.name} cannot be used:\n" + "\n".join(f" * {problem}" for problem in problems))
    return targets


def _problems(entry: Any, number: int, variables: Mapping[str, Variable]) -> list[str]:
    if not isinstance(entry, dict) or "id" not in entry:
        return [f"target no. {number} has no 'id'."]
    where = entry["id"]
    tracking = entry.get("scope") == "tracking"
    required = _KEYS if tracking else (*_KEYS, *_MODEL_KEYS)
    problems = [f"{where}: {key!r} is missing." for key in required if key not in entry]
    allowed = (*_KEYS, *_MODEL_KEYS, *_OPTIONAL_KEYS)
    problems += [
        f"{where}: {key!r} is not a key of a target.{near(str(key), allowed)}" for key in entry if key not in allowed
    ]
    if entry.get("scope") not in _SCOPES:
        problems.append(f"{where}: 'scope' must be one of {', '.join(_SCOPES)}.")
    if entry.get("comparison") not in _COMPARISONS:
        problems.append(f"{where}: 'comparison' must be one of {', '.join(_COMPARISONS)}.")
    if entry.get("comparison") == "about" and not entry.get("tolerance"):
        problems.append(f"{where}: 'about' needs a 'tolerance'.")
    if problems or tracking:
        return problems
    variable = entry["variable"]
    if variable not in variables:
        problems.append(f"{where}: {variable!r} is not a variable of the model.{near(str(variable), variables)}")
    elif variables[variable].dims:
        problems.append(f"{where}: {variable!r} has subscripts; a target needs a single number.")
    constant = entry.get("threshold_constant")
    if constant is None and not isinstance(entry["threshold"], (int, float)):
        problems.append(f"{where}: needs a 'threshold', or a 'threshold_constant' of the model.")
    if constant is not None and (constant not in variables or variables[constant].default is None):
        problems.append(f"{where}: {constant!r} is not a constant of the model.{near(str(constant), variables)}")
    return problems
