"""What is asked of ``compare``: two scenarios that differ, and indicators of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from analysis.charts.panels import Panel
from model.definition import Variable
from model.engine.errors import UserError, near
from scenarios import Scenario, load_scenarios

#: The indicators that are compared unless others are asked for.
HEADLINES: Final = (
    Panel("resident rate", "target resident urbanization rate", "percent of the plan"),
    Panel("registered rate", "target registered urbanization rate", "percent of the plan"),
    Panel("residents", "residents", "ten thousand people"),
    Panel("unregistered coverage", "target service coverage of unregistered", "percent of the plan"),
    Panel("income ratio", "target income ratio", "ratio"),
    Panel("rent burden", "rent burden", "percent"),
    Panel("fiscal gap ratio", "fiscal gap ratio", "percent"),
)


class ComparisonError(UserError):
    """Two scenarios cannot be compared as asked; the message lists every reason."""


def two_scenarios(first: str, second: str) -> tuple[Scenario, Scenario]:
    """Read two scenarios, by name or path.

    Raises
    ------
    ComparisonError
        If both are the same.
    ScenarioError
        If there is any mistake in their files.

    Examples
    --------
    >>> two_scenarios("plan", "plan")
    Traceback (most recent call last):
        ...
    analysis.comparison.request.ComparisonError: plan and plan are the same scenario; name two that differ.
    """
    scenarios = load_scenarios([first, second])
    if len(scenarios) < 2:
        message = f"{first} and {second} are the same scenario; name two that differ."
        raise ComparisonError(message)
    return scenarios[0], scenarios[1]


def indicators(extra: Sequence[str], variables: Mapping[str, Variable]) -> tuple[str, ...]:
    """Return the indicators to compare: the headlines and those named in addition.

    Raises
    ------
    ComparisonError
        Naming all that are unknown or not computed over time.

    Examples
    --------
    >>> len(indicators([], {})) == len(HEADLINES)
    True
    """
    computed = [name for name, known in variables.items() if known.kind in ("stock", "flow", "auxiliary")]
    terms = {variables[one].term: one for one in computed if variables[one].term}
    problems = [
        f"{name!r} is not a computed variable of the model.{near(name, computed, terms)}"
        for name in extra
        if name not in computed
    ]
    if problems:
        raise ComparisonError("\n".join(problems))
    return tuple(dict.fromkeys([*(panel.variable for panel in HEADLINES), *extra]))
