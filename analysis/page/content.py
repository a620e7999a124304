"""What the page says, as one table: levers, targets, scenarios, words, and what the rules of a scenario file need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr

from analysis.charts.district_map import CLASS_COLOURS, DARK, MAPS, TILES
from analysis.comparison.shapley import antithetic_orders
from analysis.language.mistakes import BEGINNINGS, ENDINGS, catalogue
from analysis.outcome.units import plan_size, plan_unit
from analysis.outcome.words import SIGNS, terms
from analysis.page.indicators import Indicator, district_indicators, indicators
from analysis.page.words import unit_size, unit_title, words
from calibration.fit.evidence import Evidence
from model.city import city
from model.definition import Variable, variables_by_name
from scenarios import Lever, Scenario, Target, load_levers, load_scenarios, shipped_scenarios
from scenarios.scenario import FORMER_NAMES
from scenarios.start import start_constants

LANGUAGES: Final = ("zh", "en")
#: Members and sampled orders from which contributions are worked out, and levers up to which every coalition is run.
MEMBERS_TRACED: Final = 16
ORDERS: Final = 8
EXACT_UP_TO: Final = 6
SEED: Final = 2020
#: The most levers whose sampled orders the page holds: more than a setting may change.
MOST_LEVERS: Final = 48
#: First and last year that a run keeps.
YEARS: Final = (2020, 2035)
#: Parts of the catalogue of mistakes that a scenario file can meet.
_RULES: Final = (
    BEGINNINGS,
    ENDINGS,
    "model/files/strict_files.py",
    "model/files/schemas.py",
    "scenarios/scenario.py",
    "yaml",
)


def content(
    targets: Sequence[Target], ensembles: Mapping[str, xr.Dataset], facts: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Return everything the page says and knows of the model, ready for JSON.

    Parameters
    ----------
    targets
        Those of the plan; only modelled ones are shown.
    ensembles
        Members by evidence, the one that the page opens with first.
    facts
        The manifest that all results share, by evidence.
    """
    shown, small = indicators(targets), district_indicators()
    variables = variables_by_name()
    levers = load_levers()
    scenarios = load_scenarios(shipped_scenarios())
    elements = {one.axes[0] for one in variables.values() if len(one.axes) == 1 and one.name in small}
    return {
        "city": city().name,
        "words": _page_words(),
        "chapters": words()["chapters"],
        "levers": [_lever(lever, variables[lever.constant], ensembles) for lever in by_section(levers.values())],
        "assumptions": [_assumption(name, variables[name], ensembles) for name in words()["assumptions"]],
        "elements": _elements(variables),
        "districts": list(next(iter(elements))),
        "tiles": {name: list(place) for name, place in TILES.items()},
        "map": {"colours": list(CLASS_COLOURS), "dark": DARK, "breaks": {m.variable: m.breaks for m in MAPS.values()}},
        "indicators": [_indicator(one) for one in shown.values()],
        "small": [_indicator(one) for one in small.values()],
        "targets": [_target(target) for target in targets if target.modelled],
        "signs": dict(SIGNS),
        "scenarios": {one.name: _scenario(one) for one in scenarios},
        "years": list(YEARS),
        "constants": {name: _variable(one) for name, one in variables.items()},
        "former": {name: list(now) for name, now in FORMER_NAMES.items()},
        "rules": {key: text for part in _RULES for key, text in catalogue()[part].items()},
        "orders": {
            str(count): antithetic_orders(count, ORDERS, SEED).tolist() for count in range(EXACT_UP_TO + 1, MOST_LEVERS)
        },
        "traced": MEMBERS_TRACED,
        "exact_up_to": EXACT_UP_TO,
        "evidence": {seen: members.sizes["member"] for seen, members in ensembles.items()},
        # The order of the table above is lost in a browser, as its keys look like numbers.
        "opens_with": next(iter(ensembles)),
        "facts": {
            seen: {key: value for key, value in one.items() if not key.startswith("scenario")}
            for seen, one in facts.items()
        },
    }


def _page_words() -> dict[str, Any]:
    """Words of the page; its last line says so where the ensemble is drawn from priors alone."""
    said = dict(words()["page"])
    prior = said.pop("prior foot")
    return said | {"foot": prior} if Evidence.TO_2020.uncalibrated.exists() else said


def by_section(levers: Iterable[Lever]) -> list[Lever]:
    """Return levers in the order of the plan's sections."""
    return sorted(levers, key=lambda lever: (lever.section[0], lever.section))


def outputs(targets: Sequence[Target]) -> list[str]:
    """Return the variables of the model that the page shows.

    Examples
    --------
    >>> "residents by district" in outputs([])
    True
    """
    return [*indicators(targets), *district_indicators()]


def changeable() -> list[str]:
    """Return the constants that a scenario, or a member of an ensemble, may set."""
    return [name for name, one in variables_by_name().items() if one.kind == "constant"]


def _lever(lever: Lever, variable: Variable, ensembles: Mapping[str, xr.Dataset]) -> dict[str, Any]:
    return {
        "constant": lever.constant,
        "title": lever.title,
        "meaning": lever.meaning,
        "guidance": lever.guidance,
        "section": lever.in_plan,
        "chapter": lever.section[0],
        "decided_by": lever.decided_by,
        "lowest": lever.lowest,
        "highest": lever.highest,
        **_measured(variable, ensembles),
    }


def _assumption(name: str, variable: Variable, ensembles: Mapping[str, xr.Dataset]) -> dict[str, Any]:
    spread = {
        seen: [float(members[name].quantile(level)) for level in (0.05, 0.95)] if name in members else None
        for seen, members in ensembles.items()
    }
    return {
        "constant": name,
        "title": words()["assumptions"][name],
        "meaning": {"zh": variable.term + "。", "en": variable.meaning},
        "lowest": variable.low,
        "highest": variable.high,
        "spread": spread,
        **_measured(variable, ensembles),
    }


def _measured(variable: Variable, ensembles: Mapping[str, xr.Dataset]) -> dict[str, Any]:
    """The unit of a constant, its elements, and what stands where nothing is set: the median of the members."""
    assert variable.default is not None
    usual, varies = {}, {}
    for seen, members in ensembles.items():
        drawn = variable.name in members
        values = members[variable.name].median("member").to_numpy() if drawn else variable.default
        usual[seen], varies[seen] = np.asarray(values, dtype=float).ravel().tolist(), drawn
    return {
        "unit": {language: unit_title(variable.unit, language) for language in LANGUAGES},
        "size": {language: unit_size(variable.unit, language) for language in LANGUAGES},
        "elements": list(variable.axes[0]) if variable.axes else None,
        "usual": usual,
        "varies": varies,
    }


def _elements(variables: Mapping[str, Variable]) -> dict[str, Any]:
    known = dict(terms()["elements"]) | dict(words()["elements"])
    used = {element for one in variables.values() for axis in one.axes for element in axis}
    return {name: entry for name, entry in known.items() if name in used}


def _indicator(indicator: Indicator) -> dict[str, Any]:
    return {
        "variable": indicator.variable,
        "title": {language: indicator.title[language] for language in LANGUAGES},
        "unit": {language: indicator.unit[language] for language in LANGUAGES},
        "size": {language: indicator.size[language] for language in LANGUAGES},
        "targets": [target.id for target in indicator.targets],
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "id": target.id,
        "title": target.title,
        "definition": target.definition or {language: "" for language in LANGUAGES},
        "section": target.in_plan,
        "year": target.year,
        "threshold": target.threshold,
        "limit": target.limit,
        "tolerance": target.tolerance,
        "comparison": target.comparison,
        "factor": target.factor,
        "variable": target.variable,
        "unit": {language: plan_unit(target.unit, language).strip() for language in LANGUAGES},
        "size": {language: plan_size(target.unit, language) for language in LANGUAGES},
        "headline": target.headline,
    }


def _scenario(scenario: Scenario) -> dict[str, Any]:
    return {
        "title": scenario.title,
        "question": scenario.question,
        # A list, as the keys of an object in JSON are texts, and those of a path are years.
        "changes": [
            {"constant": change.constant, "value": _pairs(change.value), "policy": change.policy}
            for change in scenario.changes
        ],
    }


def _pairs(value: Any) -> Any:
    """A number; a path as pairs of year and number; or either by element."""
    if not isinstance(value, Mapping):
        return float(value)
    if any(isinstance(key, str) for key in value):
        return {"by": {key: _pairs(part) for key, part in value.items()}}
    return {"path": [[float(year), float(number)] for year, number in value.items()]}


def _variable(variable: Variable) -> dict[str, Any]:
    """What the rules of a scenario file ask of a variable."""
    said: dict[str, Any] = {"kind": variable.kind, "term": variable.term}
    if variable.axes:
        said["axes"] = [list(axis) for axis in variable.axes]
    if variable.kind != "constant":
        return said
    plain = variable.default
    return said | {
        "unit": variable.unit,
        "low": variable.low,
        "high": variable.high,
        "default": None if plain is None else np.asarray(plain, dtype=float).ravel().tolist(),
        "fixed": variable.why_fixed,
        "at_once": variable.name in start_constants(),
    }
