"""What is known of each variable of a model file: its kind, unit, limits, numbers, equation and sources."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from .engine.errors import UserError

Kind = Literal["stock", "flow", "auxiliary", "constant", "table", "control", "subscript"]

#: Endings of the names of variables that are zero in every run, or something was created or lost.
BALANCES = (" balance error", " account error")
CHINESE = r"[\u4e00-\u9fff]"
TERM = re.compile(rf"([^.。]*{CHINESE}[^.。]*)[.。]\s*")
LABEL = re.compile(r"\b(Source|Grade|Loops?):\s*")


class DefinitionError(UserError):
    """The model file is missing or cannot be read; the message lists every fault found."""


@dataclass(frozen=True)
class Variable:
    """One variable of the model file, or one subscript range."""

    #: Name as written in the file.
    name: str
    #: ``stock`` (an ``INTEG``), ``flow`` (computed, appears in the rate of a stock, in a unit per year), ``constant``
    #: (numbers only), ``table`` (a table function), ``control`` (time settings), ``subscript`` (a range of elements) or
    #: ``auxiliary`` (all others).
    kind: Kind
    #: Name of the sector header it stands under.
    sector: str
    #: Unit as written.
    unit: str
    #: Limits of a reasonable value; None where the file leaves them open.
    low: float | None
    high: float | None
    #: Subscript ranges, in order.
    dims: tuple[str, ...]
    #: Elements along each of ``dims``.
    axes: tuple[tuple[str, ...], ...]
    #: Elements of a subscript range; empty for a variable.
    elements: tuple[str, ...]
    #: Numbers of a constant in the shape of ``axes``, read-only; None for other kinds and for several entries.
    default: npt.NDArray[np.float64] | None = field(compare=False)
    #: Text of the equation or equations, left side included.
    equation: str
    #: Whole comment, in one line.
    comment: str
    #: Names of the variables that the equation reads, in order of appearance.
    uses: tuple[str, ...]
    #: For a stock, the names that enter its rate with a plus and with a minus; a transfer stands in both.
    inflows: tuple[str, ...]
    outflows: tuple[str, ...]
    #: Numbers written inside the formula; empty for constants and tables.
    numbers: tuple[float, ...]
    #: Line of the file where the first equation starts.
    line: int
    #: Whether it is read only to set up the start: by the start of a stock or an ``INITIAL``, directly or not.
    only_at_start: bool = False
    #: Why a scenario may not change a constant, as the end of a sentence that starts with its name; empty where it may.
    #: Calibration may set any constant.
    why_fixed: str = ""

    @property
    def term(self) -> str:
        """Chinese term: what stands before the first full stop of the comment."""
        match = TERM.match(self.comment)
        return match[1].strip() if match else ""

    @property
    def meaning(self) -> str:
        """What the variable means, in English: the comment without its Chinese term and its labels."""
        text = LABEL.split(self.comment, maxsplit=1)[0]
        return TERM.sub("", text, count=1).strip()

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the equation or the number comes from."""
        parts = (part.strip().removesuffix(".") for part in self._label("Source").split(";"))
        return tuple(part for part in parts if part)

    @property
    def grade(self) -> str:
        """Letter A (official) to E (assumption), or an empty string."""
        match = re.match(r"[A-E]\b", self._label("Grade"))
        return match[0] if match else ""

    @property
    def loops(self) -> tuple[str, ...]:
        """Feedback loops that this variable is a link of, such as ``("R1", "B2")``."""
        return tuple(re.findall(r"\b[RB]\d+\b", self._label("Loop") + " " + self._label("Loops")))

    def _label(self, label: str) -> str:
        pieces = LABEL.split(self.comment)
        return " ".join(text for name, text in zip(pieces[1::2], pieces[2::2], strict=True) if name == label)


@dataclass(frozen=True)
class Sector:
    """One sector of the model file: its header and the variables under it, in the order of the file."""

    name: str
    header: str
    variables: tuple[Variable, ...]


def one_line(text: str) -> str:
    """Return a text of several lines, or with continued lines, as one."""
    return " ".join(text.replace("\\\n", " ").split())
