"""Which option leads at which weight of effort and what information is worth, in sentences, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from analysis.information.study import Study
from analysis.information.value import Worth

LANGUAGES: Final = ("zh", "en")
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "no order": (
            "本结果不给出应选哪个情景：哪个情景的期望效用最高，取决于每单位力度折合多少{unit}（权重），而权重没有出处。"
        ),
        "targets": "效用 = 按时达到的目标数（共{count}个：{listed}）− 权重 × 力度。",
        "shortfall": "效用 = −（各目标差额占其目标值的百分比之和，共{count}个目标：{listed}）− 权重 × 力度。",
        "effort": (
            "力度：各政策杠杆偏离默认值的幅度占其范围的比例（2021—2035年平均）乘以 levers.yaml 中的权重，再求和。"
        ),
        "assumed": "以下均为假设：{kind}；力度与偏离幅度成正比，各杠杆的权重由判断给出；只比较所列{options}个情景。",
        "assumed targets": "各目标同等重要，差一点与差很多都算未达到",
        "assumed shortfall": "各目标按差额占目标值的百分比同等计算，超过目标不加分",
        "target": "{title}（{year}）",
        "list": "、",
        "gap": "",
        "unit targets": "个目标",
        "unit shortfall": "个百分点",
        "flip": "权重为{weight}时（90%区间{low}—{high}），期望效用最高者由“{before}”变为“{after}”。",
        "leads": "不论权重多大，期望效用最高的都是“{first}”。",
        "first": "权重为0时，期望效用最高的是“{first}”。",
        "nothing": "“{title}”不采取任何措施，权重再大时总是它最高，这是效用定义的结果，不是建议。",
        "ties": "与最高者之差在误差之内：{listed}。",
        "tie": "“{title}”（权重{ranges}）",
        "no ties": "其余情景与最高者之差都超出误差。",
        "range": "{low}—{high}",
        "open": "{low}以上",
        "nil": "在所看的权重（0—{last}）内，没有信息能改变选择：信息的价值为0。",
        "perfect": (
            "事先知道一切的价值随权重变化：权重{at}时最大，期望效用增加{value}{unit}（标准误{error}），"
            "{changed:.0f}%的样本会改变选择；权重0时为{start}，{last}时为{end}。"
        ),
        "partial": (
            "仅知道“{name}”：权重{at}时最大，增加{value}{unit}（标准误{error}），为当时全部信息价值的{share:.0f}%；"
            "权重{ranges}时可与零区分。"
        ),
        "rest": "在所看的权重（0—{last}）内与零无法区分：{names}。",
    },
    "en": {
        "no order": (
            "This does not say which scenario to take: which one has the highest expected utility depends on how many "
            "{unit} a unit of effort is worth (the weight), for which there is no source."
        ),
        "targets": "Utility = number of targets reached in time, of {count} ({listed}), less weight x effort.",
        "shortfall": (
            "Utility = minus what is missing of each target in percent of its threshold, summed over {count} targets "
            "({listed}), less weight x effort."
        ),
        "effort": (
            "Effort: how far each lever is from its default as a share of its range (mean of 2021-2035), times its "
            "weight in levers.yaml, summed."
        ),
        "assumed": (
            "All of this is assumed: {kind}; effort grows in proportion to how far a lever is moved, and the weights "
            "of levers are judged; only the {options} scenarios listed are compared."
        ),
        "assumed targets": "every target counts alike, and missed by little counts like missed by far",
        "assumed shortfall": "a percent missing counts alike in every target, and more than enough counts nothing",
        "target": "{title} {year}",
        "list": ", ",
        "gap": " ",
        "unit targets": "targets",
        "unit shortfall": "points",
        "flip": (
            "At a weight of {weight} (90 % interval {low} to {high}) the highest expected utility passes from "
            "'{before}' to '{after}'."
        ),
        "leads": "Whatever the weight, '{first}' has the highest expected utility.",
        "first": "At a weight of nil '{first}' has the highest expected utility.",
        "nothing": (
            "'{title}' moves no lever: with a large enough weight it always comes first, which follows from how "
            "utility is defined and is no recommendation."
        ),
        "ties": "Within the error of the highest: {listed}.",
        "tie": "'{title}' (weights {ranges})",
        "no ties": "No other scenario is within the error of the highest.",
        "range": "{low} to {high}",
        "open": "from {low}",
        "nil": "At the weights looked at (0 to {last}) no information can change the choice: its value is nil.",
        "perfect": (
            "What knowing everything first is worth depends on the weight: most at {at}, where it adds {value} {unit} "
            "(standard error {error}) and changes the choice in {changed:.0f} % of members; {start} at a weight of 0 "
            "and {end} at {last}."
        ),
        "partial": (
            "Knowing only the {name}: most at a weight of {at}, {value} {unit} (standard error {error}), {share:.0f} % "
            "of what everything is worth there; it can be told from nil at weights {ranges}."
        ),
        "rest": "Cannot be told from nil at any of the weights looked at (0 to {last}): {names}.",
    },
}


def utility_said(study: Study, language: str) -> str:
    """Return what the utility is."""
    words = WORDS[language]
    listed = words["list"].join(
        words["target"].format(title=target.title[language], year=target.year) for target in study.targets
    )
    return words[study.kind].format(count=len(study.targets), listed=listed) + words["gap"] + words["effort"]


def choice_sentences(study: Study, language: str) -> list[str]:
    """Return what comes first: that there is no order, the weights of change, ties, and what is assumed."""
    words, choice = WORDS[language], study.choice
    names = [study.title(option, language) for option in range(len(study.scenarios))]
    told = [words["no order"].format(unit=words[f"unit {study.kind}"])]
    first = names[choice.leaders[0][1]]
    told.append(words["first" if choice.flips else "leads"].format(first=first))
    told += [
        words["flip"].format(
            weight=digits(flip.weight),
            low=digits(flip.low),
            high=digits(flip.high),
            before=names[flip.before],
            after=names[flip.after],
        )
        for flip in choice.flips
    ]
    last = choice.leaders[-1][1]
    if list(study.efforts.values())[last] == 0:
        told.append(words["nothing"].format(title=names[last]))
    ties = [
        words["tie"].format(title=name, ranges=ranges_said(ranges, language))
        for name, ranges in zip(names, choice.ties, strict=True)
        if ranges
    ]
    told.append(words["ties"].format(listed=words["list"].join(ties)) if ties else words["no ties"])
    told.append(words["assumed"].format(kind=words[f"assumed {study.kind}"], options=len(names)))
    return told


def worth_sentences(study: Study, language: str) -> list[str]:
    """Return what knowing everything, and each statistic, is worth as a function of the weight."""
    words, worth = WORDS[language], study.worth
    last = digits(worth.weights[-1])
    if not any(each.value > 0 for each in worth.perfect):
        return [words["nil"].format(last=last)]
    unit = words[f"unit {study.kind}"]

    def at_most(worths: Sequence[Worth]) -> dict[str, object]:
        place = highest(worths)
        found = worths[place]
        return {
            "at": digits(worth.weights[place]),
            "value": f"{found.value:.3f}",
            "error": f"{found.error:.3f}",
            "changed": 100 * found.changed,
            "share": 100 * found.value / worth.perfect[place].value if worth.perfect[place].value else 0.0,
            "unit": unit,
        }

    ends = {"start": f"{worth.perfect[0].value:.3f}", "end": f"{worth.perfect[-1].value:.3f}", "last": last}
    told = [words["perfect"].format(**at_most(worth.perfect), **ends)]
    titles = {name: study.statistics[name].title[language] for name in worth.partial}
    clear = {name: ranges for name in worth.partial if (ranges := told_apart(worth.weights, worth.partial[name]))}
    for name in sorted(clear, key=lambda name: -max(each.value for each in worth.partial[name])):
        apart = ranges_said(clear[name], language)
        told.append(words["partial"].format(name=titles[name], ranges=apart, **at_most(worth.partial[name])))
    rest = [title for name, title in titles.items() if name not in clear]
    if rest:
        told.append(words["rest"].format(last=last, names=words["list"].join(rest)))
    return told


def highest(worths: Sequence[Worth]) -> int:
    """Return the place of the largest value among those told apart from nil, or among all where none is."""
    clear = [place for place, each in enumerate(worths) if each.told_apart]
    return max(clear or range(len(worths)), key=lambda place: worths[place].value)


def told_apart(weights: Sequence[float], worths: Sequence[Worth]) -> tuple[tuple[float, float], ...]:
    """Return the ranges of weights looked at in which a worth can be told from nil.

    Examples
    --------
    >>> told_apart((0.0, 0.1, 0.2), [Worth(1.0, 0.1, 0.5), Worth(1.0, 0.1, 0.5), Worth(0.0, 0.1, 0.0)])
    ((0.0, 0.1),)
    """
    found: list[tuple[float, float]] = []
    before = False
    for weight, each in zip(weights, worths, strict=True):
        if each.told_apart:
            found[-1:] = [(found[-1][0], weight)] if before else [*found[-1:], (weight, weight)]
        before = each.told_apart
    return tuple(found)


def ranges_said(ranges: Sequence[tuple[float, float]], language: str) -> str:
    """Return ranges of weights in words.

    Examples
    --------
    >>> ranges_said([(0.0, 0.05), (0.1, float("inf"))], "en")
    '0 to 0.05, from 0.1'
    """
    words = WORDS[language]
    return words["list"].join(
        words["open"].format(low=digits(low))
        if np.isinf(high)
        else digits(low)
        if digits(low) == digits(high)
        else words["range"].format(low=digits(low), high=digits(high))
        for low, high in ranges
    )


def digits(weight: float) -> str:
    """Return a weight with two digits that count.

    Examples
    --------
    >>> digits(0.01234), digits(0.0), digits(12.34)
    ('0.012', '0', '12')
    """
    return np.format_float_positional(weight, precision=2, fractional=False, trim="-") if weight else "0"
