"""Why a ratio differs between two scenarios: whether what stands above the line has moved, or what stands below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import xarray as xr

from analysis.outcome.ensembles import MEMBER_DIMS
from model.engine import CompiledModel
from model.engine.pysd_model import ReferenceModel
from scenarios import Scenario, Target

#: A part that differs by less than this share has not moved.
FELT: Final = 5e-4


@dataclass(frozen=True)
class Ratio:
    """A variable that is one quantity over another, each with its name in the model and in two languages."""

    title: Mapping[str, str]
    above: str
    below: str
    above_words: Mapping[str, str]
    below_words: Mapping[str, str]


#: Variables that targets judge and that are ratios of two quantities of the city.
RATIOS: Final[Mapping[str, Ratio]] = {
    "target income ratio": Ratio(
        {"zh": "城乡居民人均收入之比", "en": "the ratio of urban to rural income"},
        "urban income per head",
        "rural income per head",
        {"zh": "城镇居民人均收入", "en": "urban income per head"},
        {"zh": "农村居民人均收入", "en": "rural income per head"},
    ),
    "target resident urbanization rate": Ratio(
        {"zh": "常住人口城镇化率", "en": "the resident urbanization rate"},
        "urban residents",
        "residents",
        {"zh": "城镇常住人口", "en": "the number of urban residents"},
        {"zh": "常住人口", "en": "the number of residents"},
    ),
    "target registered urbanization rate": Ratio(
        {"zh": "户籍人口城镇化率", "en": "the registered urbanization rate"},
        "registered urban population",
        "registered population",
        {"zh": "城镇户籍人口", "en": "the registered urban population"},
        {"zh": "户籍人口", "en": "the registered population"},
    ),
}
#: What has to be run to take them apart.
VARIABLES: Final = tuple(dict.fromkeys(name for ratio in RATIOS.values() for name in (ratio.above, ratio.below)))


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
        changes = [(second[name] / first[name]).sel(time=target.year) for name in (ratio.above, ratio.below)]
        differences.append(Moved(target, *(_median(change) for change in (changes[0] / changes[1], *changes))))
    return differences


def reason_in_words(one: Moved, scenarios: Iterable[Scenario], language: str) -> str:
    """Return why a ratio is better (`Moved.better`) in the second of two scenarios than in the first, in a sentence."""
    ratio = RATIOS[str(one.target.variable)]
    first, second = (scenario.title[language] for scenario in scenarios)
    causes = [
        change_in_words(words[language], change, language)
        for words, change in ((ratio.above_words, one.above), (ratio.below_words, one.below))
    ]
    title, warning = ratio.title[language], loss_in_words(one, language)
    if language == "zh":
        return (
            f"{one.target.year}年“{second}”的{title}比“{first}”对目标更有利，原因：{causes[0]}，{causes[1]}。{warning}"
        )
    return (
        f"In {one.target.year} {title} is better for the target under {second} than under {first} because "
        f"{causes[0]} and {causes[1]}.{' ' if warning else ''}{warning}"
    )


def change_in_words(called: str, change: float, language: str) -> str:
    """Return by how much a quantity is higher or lower."""
    if abs(change) < FELT:
        return f"{called}不变" if language == "zh" else f"{called} is the same"
    if language == "zh":
        return f"{called}{'高' if change > 0 else '低'}{100 * abs(change):.1f}%"
    return f"{called} is {100 * abs(change):.1f} % {'higher' if change > 0 else 'lower'}"


def loss_in_words(one: Moved, language: str) -> str:
    """Return a warning where a ratio is better because a quantity is lower; nothing otherwise."""
    if not one.by_loss:
        return ""
    ratio = RATIOS[str(one.target.variable)]
    lower = (ratio.below_words if one.target.comparison == "at least" else ratio.above_words)[language]
    whole = one.reason != "both"
    if language == "zh":
        return f"指标{'只' if whole else '部分'}因{lower}较低而改善，{'这' if whole else '这一部分'}不是进展。"
    return f"It is better {'only' if whole else 'in part'} because {lower} is lower, which is no progress."


def _median(change: xr.DataArray) -> float:
    members = [dim for dim in change.dims if dim in MEMBER_DIMS]
    return float(change.median(members)) - 1
