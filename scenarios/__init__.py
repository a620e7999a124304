"""What is asked of the model: scenarios, the levers they move and the targets they are judged by."""

from scenarios.levers import Lever, LeverError, load_levers
from scenarios.scenario import (
    Change,
    Expectation,
    Scenario,
    ScenarioError,
    load_bases,
    load_scenario,
    load_scenarios,
    scenarios_from,
    shipped_scenarios,
)
from scenarios.start import FIRST_YEAR
from scenarios.targets import (
    FIRST_DEADLINE,
    ROUNDING,
    Target,
    TargetError,
    chosen_targets,
    is_reached,
    load_targets,
)

__all__ = [
    "FIRST_DEADLINE",
    "FIRST_YEAR",
    "ROUNDING",
    "Change",
    "Expectation",
    "Lever",
    "LeverError",
    "Scenario",
    "ScenarioError",
    "Target",
    "TargetError",
    "chosen_targets",
    "is_reached",
    "load_bases",
    "load_levers",
    "load_scenario",
    "load_scenarios",
    "load_targets",
    "scenarios_from",
    "shipped_scenarios",
]
