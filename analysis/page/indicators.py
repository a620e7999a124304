"""What the page can show: indicators of the city, with the plan's targets for them, and of the districts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from analysis.charts.panels import COMPARISONS, INDICATORS
from analysis.outcome.units import plan_size, plan_unit
from analysis.outcome.words import LANGUAGES, terms
from analysis.page.words import words
from scenarios import Target

_PANELS: Final = {panel.variable: panel for panels in (INDICATORS, *COMPARISONS.values()) for panel in panels}


@dataclass(frozen=True)
class Indicator:
    """A variable as it is drawn."""

    variable: str
    title: Mapping[str, str]
    unit: Mapping[str, str]
    #: How many of the model's unit one of the axis stands for.
    size: Mapping[str, float]
    #: Targets of the plan for it.
    targets: tuple[Target, ...] = ()


def indicators(targets: Sequence[Target]) -> dict[str, Indicator]:
    """Return the indicators of the whole city by variable: those of the charts, then what only targets judge.

    Examples
    --------
    >>> from scenarios import load_targets
    >>> indicators(list(load_targets().values()))["residents"].unit["zh"]
    '万人'
    """
    modelled = [target for target in targets if target.modelled]
    shown = {}
    for variable in dict.fromkeys([*_PANELS, *(str(target.variable) for target in modelled)]):
        mine = tuple(target for target in modelled if target.variable == variable)
        if panel := _PANELS.get(variable):
            shown[variable] = Indicator(variable, terms()["labels"][panel.label], *_unit(panel.unit), mine)
        else:
            unit = {language: plan_unit(mine[0].unit, language).strip() for language in LANGUAGES}
            size = {language: mine[0].factor * plan_size(mine[0].unit, language) for language in LANGUAGES}
            shown[variable] = Indicator(variable, mine[0].title, unit, size, mine)
    return shown


def district_indicators() -> dict[str, Indicator]:
    """Return the indicators by district, by variable.

    Examples
    --------
    >>> district_indicators()["residents by district"].unit["en"]
    'million people'
    """
    return {
        variable: Indicator(variable, entry, *_unit(entry["unit"])) for variable, entry in words()["districts"].items()
    }


def _unit(unit: str) -> tuple[Mapping[str, str], Mapping[str, float]]:
    entry = terms()["units"][unit]
    return entry, {language: float(entry[f"{language}_size"]) for language in LANGUAGES}
