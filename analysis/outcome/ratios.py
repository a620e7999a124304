"""Why a ratio differs between two scenarios: whether what stands above the line has moved, or what stands below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import xarray as xr

from analysis.outcome.ensembles import MEMBER_DIMS
from analysis.outcome.words import say
from model.engine import CompiledModel
from model.engine.pysd_model import ReferenceModel
from scenarios import Scenario, Target

#: A part that differs by less than this share has not moved.
FELT: Final = 5e-4


class Ratio(NamedTuple):
    """What stands above the line and what below it, by their names in the model."""

    above: str
    below: str


#: Variables that targets judge and that are ratios of two quantities of the city.
RATIOS: Final[Mapping[str, Ratio]] = {
    "target income ratio": Ratio("urban income per head", "rural income per head"),
    "target resident urbanization rate": Ratio("urban residents", "residents"),
    "target registered urbanization rate": Ratio("registered urban population", "registered population"),
}
#: What has to be run to take them apart.
VARIABLES: Final = tuple(dict.fromkeys(name for ratio in RATIOS.values() for name in ratio))


@dataclass(frozen=True)
class Moved:
    """By what share a ratio and its parts are higher in one scenario than in another, in the median of members."""

    target: Target
    ratio: float
    above: float
    below: float

    @property
    def better(self) -> bool:
        """Whether the target is nearer, or further exceeded, than in the other scenario."""
        if self.target.comparison == "about" or abs(self.ratio) < FELT:
            return False
        return self.ratio > 0 if self.target.comparison == "at least" else self.ratio < 0

    @property
    def reason(self) -> str:
        """Which part makes the ratio better: "above", "below" or "both"."""
        wanted = 1.0 if self.target.comparison == "at least" else -1.0
        parts = {"above": wanted * self.above, "below": -wanted * self.below}
        helping = [name for name, effect in parts.items() if effect >= FELT]
        return helping[0] if len(helping) == 1 else "both"

    @property
    def by_loss(self) -> bool:
        """Whether it is better, at least in part, because one of the two quantities is lower."""
        lower = self.below if self.target.comparison == "at least" else self.above
        return self.better and lower <= -FELT


def parts(city: CompiledModel | ReferenceModel, scenario: Scenario, parameters: xr.Dataset | None) -> xr.Dataset:
    """Return the parts of all ratios in a scenario, member by member or, without `parameters`, of the model file."""
    return city.run(scenario.settings(parameters), outputs=list(VARIABLES))


def moved(first: xr.Dataset, second: xr.Dataset, targets: Iterable[Target]) -> list[Moved]:
    """Return how ratios and their parts differ from one scenario to another in the years of targets that judge any."""
    differences = []
    for target in targets:
        ratio = RATIOS.get(str(target.variable))
        if ratio is None or float(target.year) not in first["time"].to_numpy():
            continue
        changes = [(second[name] / first[name]).sel(time=target.year) for name in ratio]
        differences.append(Moved(target, *(_median(change) for change in (changes[0] / changes[1], *changes))))
    return differences


def reason_in_words(one: Moved, scenarios: Iterable[Scenario], language: str) -> str:
    """Return why a ratio is better (`Moved.better`) in the second of two scenarios than in the first, in a sentence."""
    ratio = RATIOS[str(one.target.variable)]
    first, second = (scenario.title for scenario in scenarios)
    return say(
        "better",
        language,
        year=one.target.year,
        title=say(str(one.target.variable), language),
        first=first,
        second=second,
        above=_change_in_words(ratio.above, one.above, language),
        below=_change_in_words(ratio.below, one.below, language),
        warning=_loss_in_words(one, language),
    )


def _change_in_words(quantity: str, change: float, language: str) -> str:
    kind = "the same" if abs(change) < FELT else "higher" if change > 0 else "lower"
    return say(kind, language, quantity=say(quantity, language), percent=100 * abs(change))


def _loss_in_words(one: Moved, language: str) -> str:
    """A warning where a ratio is better because a quantity is lower; nothing otherwise."""
    if not one.by_loss:
        return ""
    ratio = RATIOS[str(one.target.variable)]
    lower = ratio.below if one.target.comparison == "at least" else ratio.above
    return say(f"by loss {'in part' if one.reason == 'both' else 'only'}", language, lower=say(lower, language))


def _median(change: xr.DataArray) -> float:
    members = [dim for dim in change.dims if dim in MEMBER_DIMS]
    return float(change.median(members)) - 1
