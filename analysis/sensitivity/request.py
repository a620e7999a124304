"""What is asked of ``sensitivity``: the usual values, groups of factors, and whether a method can answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from model.engine.errors import UserError, near
from scenarios.factors import GROUPS

Method = Literal["sobol", "morris", "pawn", "delta"]

#: Samples that each method takes by default: a few minutes on two processors.
USUAL_SAMPLES: Final = {"sobol": 1024, "morris": 20, "pawn": 2048, "delta": 1024}
LEAST_SAMPLES: Final = {"sobol": 2, "morris": 2, "pawn": 64, "delta": 64}
#: Inputs that are taken one by one; the others stand together.
USUAL_FACTORS: Final = 30


class StudyError(UserError):
    """A study that cannot be run or analysed; the message says why and what would do."""


def chosen_groups(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return which groups of factors are varied, all of them unless some are named.

    Raises
    ------
    StudyError
        Naming every group that there is not.

    Examples
    --------
    >>> chosen_groups(["policy", "structure"])
    ('structure', 'policy')
    """
    wanted = [part for text in names or GROUPS for part in text.split(",")]
    problems = [
        f"--vary {name}: one of {', '.join(GROUPS)}.{near(name, GROUPS)}" for name in wanted if name not in GROUPS
    ]
    if problems:
        raise StudyError("\n".join(problems))
    return tuple(group for group in GROUPS if group in wanted)


def check_question(method: str, samples: int, inputs: str) -> None:
    """Check that a study can answer a question, before anything runs.

    Raises
    ------
    StudyError
        For Sobol' or Morris on dependent inputs; for a sample that is no power of two or too small.

    Examples
    --------
    >>> check_question("sobol", 64, "priors")
    """
    if inputs == "posterior" and method in ("sobol", "morris"):
        message = (
            f"--method {method} takes its inputs as independent, and the parameters of calibrated members are not: "
            "their indices would be wrong without a sign. Take --method pawn or --method delta, or --inputs priors."
        )
        raise StudyError(message)
    if method == "sobol":
        check_power_of_two(samples)
    least = LEAST_SAMPLES[method]
    if samples < least:
        message = f"--samples {samples}: {method} needs at least {least}."
        raise StudyError(message)


def check_power_of_two(samples: int) -> None:
    """Refuse a number of base samples that is no power of two, naming the nearest ones.

    Raises
    ------
    StudyError
        With the powers of two below and above.

    Examples
    --------
    >>> check_power_of_two(1024)
    """
    if samples < 2 or samples & (samples - 1):
        below = 2 ** max(1, int(np.log2(max(samples, 2))))
        near = f"{below:,}" if samples < 2 else f"{below:,} or {2 * below:,}"
        message = f"--samples {samples}: Sobol' points keep their balance only in powers of two; take {near}."
        raise StudyError(message)
