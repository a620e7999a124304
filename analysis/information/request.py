"""What is asked of ``information``: scenarios to choose among, a utility, and members enough."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Final, Literal

from analysis.information.value import FEWEST, InformationError
from model.engine.errors import UserError
from scenarios import Scenario, Target, load_scenarios, shipped_scenarios

Kind = Literal["targets", "shortfall"]

#: Default seed of folds and resamples.
SEED: Final = 2035


class UtilityError(UserError):
    """Scenarios cannot be weighed; the message lists every reason."""


def options(names: Sequence[str] | None = None) -> tuple[Scenario, ...]:
    """Return the scenarios to choose among: those named, or every shipped one that sets levers only.

    Raises
    ------
    UtilityError
        If a named scenario changes an assumption, or if there are fewer than two.
    """
    known = load_scenarios(names or shipped_scenarios())
    assumed = {s.name: [c.constant for c in s.changes if not c.policy] for s in known}
    if not names:
        return tuple(scenario for scenario in known if not assumed[scenario.name])
    problems = [
        f"{name} cannot be chosen: nobody decides {', '.join(constants)}."
        for name, constants in assumed.items()
        if constants
    ]
    if len(known) < 2:
        problems.append("Name two scenarios or more to choose from, or none for all that set levers only.")
    if problems:
        raise UtilityError("\n".join(problems))
    return known


def check_size(members: int) -> None:
    """Refuse an ensemble that is too small, before anything runs."""
    if members < FEWEST:
        message = f"{members} members are too few: {FEWEST} or more."
        raise InformationError(message)


def check_utility(kind: Kind, targets: Sequence[Target], weight: float) -> None:
    """Refuse a utility that is not defined, before anything runs."""
    problems = []
    if not isfinite(weight) or weight < 0:
        problems.append(f"The weight of effort must be 0 or more; it is {weight:g}.")
    zero = [target.id for target in targets if not target.threshold]
    if kind == "shortfall" and zero:
        problems.append(f"A shortfall is measured in percent of the threshold, which is 0 for: {', '.join(zero)}.")
    if problems:
        raise UtilityError("\n".join(problems))
