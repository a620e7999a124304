"""In which unit a number is shown: the one place that screens, charts, documents and the live page take it from."""

from __future__ import annotations

from typing import Final

from analysis.outcome.words import terms, unit_name, unit_size, word
from model.definition import Variable

#: Axis unit of ``terms.yaml`` for the model's unit; ratios have none, and shares are told in percent.
AXES: Final = {"person": "people", "person/Year": "people a year", "yuan/Year": "yuan a year"}
RATIO: Final = "ratio"


def plan_unit(unit: str, language: str) -> str:
    """Return a unit of the plan as it stands behind a number; one that is not listed stands as it is.

    Examples
    --------
    >>> plan_unit("percent", "en"), plan_unit("million t/day", "zh"), plan_unit("mu", "en")
    ('%', '万吨/日', ' mu')
    """
    known = terms()["plan units"].get(unit)
    return str(known[language]) if known else f" {unit}"


def plan_size(unit: str, language: str) -> float:
    """Return how many of a unit of the plan the one that is shown, `plan_unit`, stands for: numbers are divided by it.

    Examples
    --------
    >>> plan_size("million t/day", "zh"), plan_size("persons cumulative from 2021", "en"), plan_size("mu", "en")
    (0.01, 1000.0, 1.0)
    """
    return unit_size(unit, language, "plan units") if unit in terms()["plan units"] else 1.0


def axis_unit(variable: Variable, language: str) -> tuple[str, float]:
    """Return the unit in which a variable is shown, and how many of the model's unit it stands for.

    Examples
    --------
    >>> from model.definition import variables_by_name
    >>> axis_unit(variables_by_name()["residents"], "zh"), axis_unit(variables_by_name()["residents"], "en")
    (('万人', 10000.0), ('million people', 1000000.0))
    """
    if variable.unit in AXES or variable.unit == "Dmnl":
        kind = AXES.get(variable.unit) or (RATIO if RATIO in variable.name else "percent")
        return unit_name(kind, language), unit_size(kind, language)
    if variable.unit not in terms()["model units"]:
        return variable.unit, 1.0
    return word("model units", variable.unit, language), unit_size(variable.unit, language, "model units")
