"""What is asked of ``conditions``: the usual values, and how many futures are enough."""

from __future__ import annotations

from typing import Final

from model.engine.errors import UserError

#: Searches of bootstrap resamples.
BOOTSTRAPS: Final = 50
#: The smallest number of futures, half of which are searched.
FEWEST_FUTURES: Final = 40
#: Default seed of all random numbers.
SEED: Final = 2035


class ConditionsError(UserError):
    """Conditions cannot be searched for as asked; the message says why."""


def check_size(futures: int) -> None:
    """Refuse too few futures."""
    if futures < FEWEST_FUTURES:
        message = (
            f"{futures} futures are too few to be split into a searched and a held-out half: {FEWEST_FUTURES} or more."
        )
        raise ConditionsError(message)
