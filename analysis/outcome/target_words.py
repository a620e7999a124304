"""What a target asks for, and the unit of its margin, in two languages."""

from __future__ import annotations

from analysis.outcome.printing import wanted
from analysis.outcome.units import plan_size, plan_unit
from analysis.outcome.words import word
from scenarios import Target


def asked_for(target: Target, language: str) -> str:
    """Return by when a target asks for what, with its unit in one language.

    Examples
    --------
    >>> from scenarios import load_targets
    >>> asked_for(load_targets()["target.urban_rural_gap.2035"], "zh")
    '2035年：≤ 2倍'
    """
    return f"{target.year}{'年：' if language == 'zh' else ': '}{wanted(target, language)}"


def unit_of(target: Target, language: str) -> str:
    """Return the unit of a target's margin in one language; of a percentage, points.

    Examples
    --------
    >>> from scenarios import load_targets
    >>> unit_of(load_targets()["target.urbanization.resident.2025"], "en")
    'percentage points'
    """
    if target.unit == "percent":
        return word("units", "points", language)
    return plan_unit(target.unit, language).strip()


def shown_in(target: Target, value: float, language: str) -> float:
    """Return a number of a target, in the plan's unit, in the one that `unit_of` names.

    Examples
    --------
    >>> from scenarios import load_targets
    >>> shown_in(load_targets()["target.talent_settled.2021_2025"], 411_000.0, "zh")
    41.1
    """
    return value / plan_size(target.unit, language)
