"""What is asked of ``delay``: a scenario with levers, targets, and the probability that is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from model.engine.errors import UserError
from scenarios import FIRST_YEAR, Scenario, Target, chosen_targets

#: A target counts as still within reach from this probability on.
WANTED: Final = 0.8
#: The year of the plan's second set of targets.
SECOND: Final = 2035


class DelayError(UserError):
    """The cost of delay cannot be computed; the message says why."""


def select_targets(
    targets: Mapping[str, Target], ids: Sequence[str] | None = None, start: int = FIRST_YEAR
) -> list[Target]:
    """Return the targets named, or headlines and all targets of 2035, if modelled and not due yet."""
    return chosen_targets(targets, ids, lambda target: target.headline or target.year == SECOND, start)


def levers_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the levers that a scenario moves, assumptions apart."""
    levers = tuple(change.constant for change in scenario.acting if change.policy)
    if not levers:
        message = f"{scenario.name} moves no lever, so there is nothing to delay."
        raise DelayError(message)
    return levers


def check_wanted(probability: float) -> None:
    """Refuse a wanted probability that is none."""
    if not 0 < probability <= 1:
        message = f"A probability lies above 0 and up to 1, not at {probability:g}."
        raise DelayError(message)
