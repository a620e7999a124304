"""The levers: the constants of the model that a policy sets, each with its range and meaning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from model.changes import near
from model.definition import MODEL_FILE, Variable, variables_by_name
from model.errors import UserError
from scenarios.strict_yaml import read_yaml

Direction = Literal["raise", "lower", "either", "keep"]

FILE = Path(__file__).parent / "levers.yaml"
_KEYS = (
    "constant",
    "unit",
    "lowest",
    "highest",
    "default",
    "title",
    "meaning",
    "guidance",
    "section",
    "effort",
    "direction",
)


class LeverError(UserError):
    """The lever file cannot be used; the message lists every mistake in it."""


@dataclass(frozen=True)
class Lever:
    """One constant that a policy sets."""

    constant: str
    unit: str
    lowest: float
    highest: float
    #: The value in the model file, by element for a constant with subscripts.
    default: float | Mapping[str, float]
    title: Mapping[str, str]
    meaning: Mapping[str, str]
    guidance: Mapping[str, str]
    #: Section of the plan that sets this lever, or the policy it stands for.
    section: str
    #: Relative effort of moving the lever from one end of its range to the other, 1 = easiest.
    effort: float
    #: The way in which moving it is in keeping with the plan.
    direction: Direction = "either"


def load_levers(model_file: Path = MODEL_FILE, file: Path = FILE) -> dict[str, Lever]:
    """Read the levers and check them against the model.

    Parameters
    ----------
    model_file
        The model file; its constants, units and defaults must be those of the file.
    file
        The YAML file.

    Returns
    -------
    dict
        Lever by name of the model constant, in the file's order.

    Raises
    ------
    LeverError
        Listing every mistake in the file.

    Examples
    --------
    >>> load_levers()["FERTILITY SUPPORT"].unit
    'yuan/person'
    """
    entries, problems = read_yaml(file)
    if not isinstance(entries, list):
        problems = problems or ["The file must be a list of levers."]
        entries = []
    variables = variables_by_name(model_file)
    levers: dict[str, Lever] = {}
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or set(entry) != set(_KEYS):
            problems.append(f"lever no. {number} must have exactly these keys: {', '.join(_KEYS)}.")
            continue
        constant = entry["constant"]
        wrong = _problems(entry, variables)
        if isinstance(constant, str) and constant in levers:
            wrong.append(f"{constant!r} is listed twice.")
        problems += wrong
        if not wrong:
            levers[constant] = Lever(**entry)
    if problems:
        raise LeverError(f"{file.name} cannot be used:\n" + "\n".join(f" * {problem}" for problem in problems))
    return levers


def _problems(entry: Mapping[str, Any], variables: Mapping[str, Variable]) -> list[str]:
    constant = entry["constant"]
    constants = [name for name, variable in variables.items() if variable.kind == "constant"]
    if constant not in constants:
        return [f"{constant!r} is not a constant of the model.{near(str(constant), constants)}"]
    variable = variables[constant]
    problems = []
    if entry["unit"] != variable.unit:
        problems.append(f"{constant!r} is in {variable.unit!r}, the file says {entry['unit']!r}.")
    for key in ("title", "meaning", "guidance"):
        if not isinstance(entry[key], dict) or set(entry[key]) != {"zh", "en"}:
            problems.append(f"{constant!r}: {key!r} must be given in both languages, as {{zh: ..., en: ...}}.")
    if entry["direction"] not in get_args(Direction):
        problems.append(f"{constant!r}: 'direction' must be one of {', '.join(get_args(Direction))}.")
    numbers = [entry["lowest"], entry["highest"], entry["effort"]]
    if any(isinstance(n, bool) or not isinstance(n, (int, float)) or not math.isfinite(n) for n in numbers):
        return [*problems, f"{constant!r}: 'lowest', 'highest' and 'effort' must be numbers."]
    default = entry["default"]
    if isinstance(default, dict) and len(variable.axes) == 1 and set(default) == set(variable.axes[0]):
        written = np.array([default[element] for element in variable.axes[0]])
    elif isinstance(default, (int, float)) and not isinstance(default, bool):
        written = np.array(default)
    else:
        written = np.array(None)
    if not np.issubdtype(written.dtype, np.number):
        return [*problems, f"{constant!r}: 'default' must be a number, or a number for each element."]
    if variable.default is None:
        return [*problems, f"{constant!r} is not written as plain numbers in the model."]
    if not np.array_equal(np.broadcast_to(written, variable.default.shape), variable.default):
        has = ", ".join(f"{number:g}" for number in np.unique(variable.default))
        problems.append(f"{constant!r}: the default is {default}, the model has {has}.")
    if not (entry["lowest"] <= written.min() and written.max() <= entry["highest"]):
        problems.append(f"{constant!r}: the default is outside {entry['lowest']:g} to {entry['highest']:g}.")
    return problems
