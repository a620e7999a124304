"""The rules by which indicators of the plan are called on course or not, and which observed series shows which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import ConfigDict, PlainValidator

from model.definition import MODEL_FILE, variables_by_name
from model.engine.errors import UserError
from model.files.schemas import STRICT, Line, Mistakes, Number, Title, checked, number, one_of
from model.files.strict_files import read_yaml, refusal, shown
from scenarios.targets import load_targets

FILE: Final = Path(__file__).parent / "monitor.yaml"
Status = Literal["off course", "watch", "on course", "reached", "no data"]
#: The status of an indicator to which no rule applies; no rule may give it.
NO_DATA: Final = "no data"
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
Observed = Literal["reached", "missed", "short"]
_KEYS: Final = ("rules", "series")
_LIMITS: Final = ("probability_at_least", "probability_below", "place_at_least", "place_below")


class MonitorError(UserError):
    """The file of rules cannot be used; the message lists every mistake in it."""


def _part(value: object) -> float:
    part = number(value)
    if not 0 <= part <= 1:
        msg = f"{part:.10g} is outside 0 to 1{'; write ' + format(part / 100, 'g') if 1 < part <= 100 else ''}."
        raise ValueError(msg)
    return part


Part = Annotated[Number, PlainValidator(_part)]


@dataclass(frozen=True)
class Standing:
    """What is known of an indicator; None where nothing is."""

    observed: Observed | None = None
    #: Of reaching the target in time.
    probability: float | None = None
    #: Of the latest observation in the forecast made before it: 0 at the worse end, 1 at the better.
    place: float | None = None


@dataclass(frozen=True)
class Rule:
    """Conditions, all of which must hold, and the status that they give."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    status: Annotated[str, PlainValidator(one_of(*(one for one in STATUSES if one != NO_DATA)))]
    because: Title
    observed: Annotated[str, PlainValidator(one_of(*get_args(Observed)))] | None = None
    probability_at_least: Part | None = None
    probability_below: Part | None = None
    place_at_least: Part | None = None
    place_below: Part | None = None

    def applies(self, standing: Standing) -> bool:
        """Say whether all conditions hold; what is not known meets none.

        Examples
        --------
        >>> low = Rule("off course", {}, probability_below=0.2)
        >>> low.applies(Standing(probability=0.1)), low.applies(Standing())
        (True, False)
        """
        if self.observed is not None:
            # What is missed is short of the target too.
            meant = {"short": ("short", "missed")}.get(self.observed, (self.observed,))
            if standing.observed not in meant:
                return False
        return all(
            _within(value, least, limit)
            for value, least, limit in (
                (standing.probability, self.probability_at_least, self.probability_below),
                (standing.place, self.place_at_least, self.place_below),
            )
        )


@dataclass(frozen=True)
class SeriesOfTarget:
    """The observed series that shows a variable which targets judge."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    variable: Line
    series: Line
    #: One unit of the series in units of the variable.
    factor: Number


@dataclass(frozen=True)
class Monitor:
    """All that the file holds."""

    rules: tuple[Rule, ...]
    #: By the variable that targets judge.
    series: Mapping[str, SeriesOfTarget]

    def judge(self, standing: Standing) -> tuple[Status, Rule | None]:
        """Return the status of an indicator, and the rule that gives it; None where nothing is known.

        Examples
        --------
        >>> load_monitor().judge(Standing(probability=0.9))[0], load_monitor().judge(Standing())
        ('on course', ('no data', None))
        """
        for rule in self.rules:
            if rule.applies(standing):
                return rule.status, rule  # type: ignore[return-value]
        return NO_DATA, None


def load_monitor(file: Path = FILE, model_file: Path = MODEL_FILE) -> Monitor:
    """Read the rules and check them against the targets and the model.

    Parameters
    ----------
    file
        The YAML file.
    model_file
        The model that computes the variables.

    Raises
    ------
    MonitorError
        Listing every mistake in the file.

    Examples
    --------
    >>> load_monitor().rules[0].status
    'reached'
    """
    document = read_yaml(file)
    mistakes = Mistakes(document)
    content = document.content if isinstance(document.content, dict) else {}
    if not content and not mistakes:
        mistakes.add((), "The file must hold 'rules' and 'series'.")
    for key in content:
        if key not in _KEYS:
            mistakes.add((key,), f"{shown(key)} is not a key of this file.{mistakes.near(key, _KEYS)}")
    rules = [one for one in _entries(Rule, content, "rules", "rule", document, mistakes) if one is not None]
    series = [one for one in _entries(SeriesOfTarget, content, "series", "series", document, mistakes) if one]
    if not mistakes:
        _check_rules(rules, mistakes)
        _check_series(series, model_file, mistakes)
    if mistakes:
        raise MonitorError(refusal({file.name: mistakes.listed()}))
    return Monitor(tuple(rules), {one.variable: one for one in series})


def _entries(
    schema: Any, content: Mapping[Any, Any], key: str, noun: str, document: Any, mistakes: Mistakes
) -> list[Any]:
    entries = content.get(key)
    if not isinstance(entries, list) or not entries:
        if content and document.content is not None:
            mistakes.add((key,) if key in content else (), f"{key!r} must be a list with one entry or more.")
        return []
    return [
        checked(schema, entry, mistakes, (key, place), what=f"of a {noun}", label=f"{noun} no. {place + 1}")[0]
        for place, entry in enumerate(entries)
    ]


def _check_rules(rules: Sequence[Rule], mistakes: Mistakes) -> None:
    for place, rule in enumerate(rules):
        label, where = f"rule no. {place + 1}", ("rules", place)
        if rule.observed is None and all(getattr(rule, name) is None for name in _LIMITS):
            mistakes.add(where, f"{label}: it has no condition; give it 'observed' or one of {', '.join(_LIMITS)}.")
        for what in ("probability", "place"):
            least, limit = getattr(rule, f"{what}_at_least"), getattr(rule, f"{what}_below")
            if least is not None and limit is not None and least >= limit:
                mistakes.add(where, f"{label}: no {what} is at least {least:g} and below {limit:g}.")
    if mistakes:
        return
    # Whatever is known, some rule must apply: a forecast may not end as "no data".
    tried = sorted(
        {0.0, 1.0, *(limit for rule in rules for name in _LIMITS if (limit := getattr(rule, name)) is not None)}
    )
    levels = sorted({*tried, *((low + high) / 2 for low, high in pairwise(tried))})
    for observed in (None, "short", "reached"):
        for probability in (None, *levels):
            places = (None,) if observed is None else (None, *levels)
            for at in places:
                standing = Standing(observed, probability, at)
                known = observed is not None or probability is not None
                if known and not any(rule.applies(standing) for rule in rules):
                    mistakes.add(("rules",), f"No rule applies to {_in_words(standing)}.")
                    return


def _check_series(series: Sequence[SeriesOfTarget], model_file: Path, mistakes: Mistakes) -> None:
    variables = variables_by_name(model_file)
    judged = {target.variable for target in load_targets(model_file, milestones=True).values() if target.variable}
    seen: set[str] = set()
    for place, one in enumerate(series):
        label, where = f"series no. {place + 1}", ("series", place)
        if one.variable not in judged:
            near = mistakes.near(one.variable, judged)
            mistakes.add((*where, "variable"), f"{label}: no target is judged by {shown(one.variable)}.{near}")
        if one.variable in seen:
            mistakes.add((*where, "variable"), f"{label}: {shown(one.variable)} is listed twice.")
        seen.add(one.variable)
        if one.series not in variables:
            near = mistakes.near(one.series, variables)
            mistakes.add((*where, "series"), f"{label}: {shown(one.series)} is not a variable of the model.{near}")
        if one.factor <= 0:
            mistakes.add((*where, "factor"), f"{label}: 'factor' {one.factor:g} is not above zero.")


def _within(value: float | None, least: float | None, limit: float | None) -> bool:
    if least is None and limit is None:
        return True
    return value is not None and (least is None or value >= least) and (limit is None or value < limit)


def _in_words(standing: Standing) -> str:
    parts = [
        f"{what} {value:g}" if isinstance(value, float) else f"{what} {value!r}"
        for what, value in vars(standing).items()
        if value is not None
    ]
    return " and ".join(parts)
