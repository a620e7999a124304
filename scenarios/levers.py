"""The levers: the constants of the model that a policy sets, each with its range and meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

import numpy as np
from pydantic import ConfigDict, PlainValidator

from model.city import city
from model.definition import MODEL_FILE, Variable, variables_by_name
from model.engine.errors import UserError
from model.files.schemas import (
    STRICT,
    Line,
    Mistakes,
    Number,
    Schema,
    Sentences,
    Title,
    checked,
    checked_entries,
    one_of,
)
from model.files.strict_files import Document, read_yaml, refusal, shown

Direction = Literal["raise", "lower", "either", "keep"]
Decider = Literal["city", "district", "province", "state"]

FILE = Path(__file__).parent / "levers.yaml"
#: What differs in the city.
CITY_FILE = city().folder / "levers.yaml"
#: The scale of effort is relative: no lever takes more than this many times the easiest.
MOST_EFFORT: Final = 10.0


class LeverError(UserError):
    """The lever file cannot be used; the message lists every mistake in it."""


def _from_the_model(value: object) -> float:
    msg = "stands in the model; delete it here."
    raise ValueError(msg)


@dataclass(frozen=True)
class Lever:
    """One constant that a policy sets."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    constant: Line
    unit: Line
    lowest: Number
    highest: Number
    title: Title
    meaning: Sentences
    guidance: Sentences
    #: Section of the plan that sets this lever, or the policy it stands for; its first figure is the lever's subject.
    section: Line
    #: Who can move it.
    decided_by: Annotated[Decider, PlainValidator(one_of(*get_args(Decider)))]
    #: Relative effort of moving the lever from one end of its range to the other, 1 = easiest.
    effort: Number
    #: The way in which moving it is in keeping with the plan.
    direction: Annotated[Direction, PlainValidator(one_of(*get_args(Direction)))]
    #: Where the sign of what it does is from: a study, a rule, or that it is a definition or an assumption.
    reference: Line = ""
    #: The model's own value, by element for a constant with subscripts.
    default: Annotated[float | Mapping[str, float], PlainValidator(_from_the_model)] = 0.0

    @property
    def in_plan(self) -> str:
        """The section of the city's plan; empty where no plan of the city has been read."""
        return self.section if city().chapters else ""


class _OfCity(Schema):
    """What differs in a city."""

    lowest: Number | None = None
    highest: Number | None = None
    guidance: Sentences | None = None
    section: Line | None = None


def load_levers(model_file: Path = MODEL_FILE, file: Path = FILE, of_city: Path = CITY_FILE) -> dict[str, Lever]:
    """Read the levers and check them against the model.

    Parameters
    ----------
    model_file
        The model file; its constants and units must be those of the file.
    file
        The YAML file.
    of_city
        The file of what differs in a city; it need not be there.

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
    own, absent = _of_city(of_city, document.content)
    for index, label, entry, lever, failed in checked_entries(
        Lever, _with_own(document, own), mistakes, "constant", "lever", quoted=True
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
        if lever is not None and not mistakes and name not in absent:
            levers[name] = replace(lever, default=_default(variables[name]))
    if mistakes:
        raise LeverError(refusal({file.name: mistakes.listed()}))
    return levers


def _of_city(file: Path, levers: Any) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return what differs in a city by lever, and the levers that it does not have."""
    if not file.exists():
        return {}, []
    document = read_yaml(file)
    mistakes = Mistakes(document)
    content = document.content if isinstance(document.content, dict) else {}
    names = [entry["constant"] for entry in levers or () if isinstance(entry, dict) and "constant" in entry]
    own: dict[str, dict[str, Any]] = {}
    for key in content:
        if key not in ("levers", "absent"):
            mistakes.add((key,), f"{shown(key)} is not a key of this file.{mistakes.near(key, ('levers', 'absent'))}")
    entries, absent = content.get("levers") or {}, content.get("absent") or []
    if not isinstance(entries, dict) or not isinstance(absent, list):
        mistakes.add((), "'levers' must hold names with entries under them, and 'absent' a list of names.")
        entries, absent = {}, []
    for name in (*entries, *absent):
        if name not in names:
            where = ("levers", name) if name in entries else ("absent",)
            mistakes.add(where, f"{shown(name)} is no lever.{mistakes.near(name, names)}")
    for name, entry in entries.items():
        checked_entry, _ = checked(_OfCity, entry, mistakes, ("levers", name), what="here", label=shown(name))
        if checked_entry is not None:
            own[name] = entry
    if mistakes:
        raise LeverError(refusal({f"{file.parent.name}/{file.name}": mistakes.listed()}))
    return own, absent


def _with_own(document: Document, own: Mapping[str, dict[str, Any]]) -> Document:
    """Return a document of levers with what differs in a city."""
    if not isinstance(document.content, list) or not own:
        return document
    content = [
        {**entry, **own.get(str(entry.get("constant")), {})} if isinstance(entry, dict) else entry
        for entry in document.content
    ]
    return Document(content, document.problems, document.lines)


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
    own = variable.default
    if own is None:
        wrong("constant", " is not written as plain numbers in the model.")
    elif (lowest is not None and own.min() < lowest) or (highest is not None and own.max() > highest):
        ends = " to ".join("any" if end is None else f"{end:.10g}" for end in (lowest, highest))
        wrong("lowest", f": the model's own value is outside {ends}.")


def _default(variable: Variable) -> float | dict[str, float]:
    values = np.asarray(variable.default)
    if len(variable.axes) != 1:
        return float(values)
    return dict(zip(variable.axes[0], map(float, values), strict=True))
