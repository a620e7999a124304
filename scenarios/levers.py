"""The levers: the constants of the model that a policy sets, each with its range and meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

import numpy as np
from pydantic import ConfigDict, PlainValidator

from model.definition import MODEL_FILE, Variable, variables_by_name
from model.engine.errors import UserError
from model.files.schemas import STRICT, Line, Mistakes, Number, Sentences, Title, checked_entries, number, one_of
from model.files.strict_files import read_yaml, refusal, shown

Direction = Literal["raise", "lower", "either", "keep"]
Decider = Literal["city", "district", "province", "state"]

FILE = Path(__file__).parent / "levers.yaml"
#: The scale of effort is relative: no lever takes more than this many times the easiest.
MOST_EFFORT: Final = 10.0


class LeverError(UserError):
    """The lever file cannot be used; the message lists every mistake in it."""


def _one_or_by_element(value: object) -> float | dict[str, float]:
    if not isinstance(value, dict):
        return number(value)
    return {str(element): number(part) for element, part in value.items()}


@dataclass(frozen=True)
class Lever:
    """One constant that a policy sets."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    constant: Line
    unit: Line
    lowest: Number
    highest: Number
    #: The value in the model file, by element for a constant with subscripts.
    default: Annotated[float | Mapping[str, float], PlainValidator(_one_or_by_element)]
    title: Title
    meaning: Sentences
    guidance: Sentences
    #: Section of the plan that sets this lever, or the policy it stands for.
    section: Line
    #: Who can move it.
    decided_by: Annotated[Decider, PlainValidator(one_of(*get_args(Decider)))]
    #: Relative effort of moving the lever from one end of its range to the other, 1 = easiest.
    effort: Number
    #: The way in which moving it is in keeping with the plan.
    direction: Annotated[Direction, PlainValidator(one_of(*get_args(Direction)))]
    #: Where the sign of what it does is from: a study, a rule, or that it is a definition or an assumption.
    reference: Line = ""


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
    document = read_yaml(file)
    mistakes = Mistakes(document)
    variables = variables_by_name(model_file)
    constants = [name for name, variable in variables.items() if variable.kind == "constant"]
    levers: dict[str, Lever] = {}
    for index, label, entry, lever, failed in checked_entries(
        Lever, document, mistakes, "constant", "lever", quoted=True
    ):
        name = entry.get("constant") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            continue
        if name not in constants:
            mistakes.add(
                (index, "constant"), f"{label} is not a constant of the model.{mistakes.near(name, constants)}"
            )
            continue
        _check({k: v for k, v in entry.items() if k not in failed}, (index,), label, variables[name], mistakes)
        if lever is not None and not mistakes:
            levers[name] = lever
    if mistakes:
        raise LeverError(refusal({file.name: mistakes.listed()}))
    return levers


def _check(sound: Mapping[Any, Any], where: tuple[int], label: str, variable: Variable, mistakes: Mistakes) -> None:
    """Check what is right by itself against the other keys and the model."""

    def wrong(key: str, text: str) -> None:
        mistakes.add((*where, key), f"{label}{text}")

    if "unit" in sound and sound["unit"] != variable.unit:
        wrong("unit", f" is in {variable.unit!r}, the file says {shown(sound['unit'])}.")
    if not 0 < sound.get("effort", 1) <= MOST_EFFORT:
        wrong("effort", f": 'effort' {sound['effort']:.10g} is outside 0 (not itself) to {MOST_EFFORT:g}.")
    lowest, highest = sound.get("lowest"), sound.get("highest")
    if lowest is not None and highest is not None and not lowest < highest:
        wrong("lowest", f": 'lowest' {lowest:.10g} is not below 'highest' {highest:.10g}.")
        return
    for key, end in (("lowest", lowest), ("highest", highest)):
        below = end is not None and variable.low is not None and end < variable.low
        if below or (end is not None and variable.high is not None and end > variable.high):
            limits = " to ".join("any" if limit is None else f"{limit:g}" for limit in (variable.low, variable.high))
            wrong(key, f": {key!r} {end:.10g} is outside the limits of the model file, {limits}.")
    if variable.default is None:
        wrong("constant", " is not written as plain numbers in the model.")
    elif "default" in sound:
        _check_default(sound["default"], lowest, highest, variable, wrong)


def _check_default(default: Any, lowest: Any, highest: Any, variable: Variable, wrong: Any) -> None:
    own = variable.default
    assert own is not None
    if isinstance(default, dict):
        if len(variable.axes) != 1 or set(default) != set(variable.axes[0]):
            wrong("default", ": 'default' must be a number, or a number for each element.")
            return
        written = np.array([default[element] for element in variable.axes[0]], dtype=float)
    else:
        written = np.array(default, dtype=float)
    if not np.array_equal(np.broadcast_to(written, own.shape), own):
        stated = f"{default:g}" if written.ndim == 0 else shown(default)
        own_values = ", ".join(f"{value:g}" for value in np.unique(own)[:10])
        wrong("default", f": the default is {stated}, the model has {own_values}.")
    if (lowest is not None and written.min() < lowest) or (highest is not None and written.max() > highest):
        ends = " to ".join("any" if end is None else f"{end:.10g}" for end in (lowest, highest))
        wrong("default", f": the default is outside {ends}.")
