"""The leading option by weight of effort and the value of information in sentences, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

import numpy as np

from analysis.information.study import Study
from analysis.information.value import Worth
from analysis.outcome.shares import count_in_words

LANGUAGES: Final = ("zh", "en")
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "no order": (
            "本结果不给出应选哪个情景：哪个情景的期望效用最高，取决于每单位力度折合多少{unit}（权重），而权重没有出处。"
        ),
        "basis": "n = {members}组样本；标准误和90%区间来自对这些样本的{resamples}次自助重抽样。",
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
        "flip": (
            "权重为{weight}时（90%区间{low}—{high}，{resamples}次重抽样），期望效用最高者由“{before}”变为“{after}”。"
        ),
        "leads": "不论权重多大，期望效用最高的都是“{first}”。",
        "first": "权重为0时，期望效用最高的是“{first}”。",
        "nothing": "“{title}”不采取任何措施，权重再大时总是它最高，这是效用定义的结果，不是建议。",
        "ties": "与最高者之差在误差之内：{listed}。",
        "tie": "“{title}”（权重{ranges}）",
        "no ties": "其余情景与最高者之差都超出误差。",
        "range": "{low}—{high}",
        "open": "{low}以上",
        "no value": "在所看的权重（0—{last}）内，没有信息能改变选择：信息的价值为0。",
        "perfect": (
            "事先知道一切的价值随权重变化：权重{at}时最大，期望效用增加{value}{unit}（标准误{error}），"
            "{changed}会改变选择；权重0时为{start}，{last}时为{end}。"
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
        "basis": (
            "n = {members} members; standard errors and 90 % intervals are over {resamples} bootstrap resamples "
            "of them."
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
            "At a weight of {weight} (90 % interval {low} to {high}, {resamples} resamples) the highest expected "
            "utility passes from '{before}' to '{after}'."
        ),
        "leads": "Whatever the weight, '{first}' has the highest expected utility.",
        "first": "At a weight of 0 '{first}' has the highest expected utility.",
        "nothing": (
            "'{title}' moves no lever: with a large enough weight it always comes first, which follows from how "
            "utility is defined and is no recommendation."
        ),
        "ties": "Within the error of the highest: {listed}.",
        "tie": "'{title}' (weights {ranges})",
        "no ties": "No other scenario is within the error of the highest.",
        "range": "{low} to {high}",
        "open": "from {low}",
        "no value": "At weights from 0 to {last} no information can change the choice: its value is zero.",
        "perfect": (
            "The value of perfect information depends on the weight: it is largest at {at}, where it adds {value} "
            "{unit} (standard error {error}) and changes the choice in {changed}; it is {start} at a "
            "weight of 0 and {end} at {last}."
        ),
        "partial": (
            "Knowing only the {name}: largest at a weight of {at}, {value} {unit} (standard error {error}), "
            "{share:.0f} % of the value of perfect information there; distinguishable from zero at weights {ranges}."
        ),
        "rest": "Not distinguishable from zero at any weight from 0 to {last}: {names}.",
    },
}


def utility_words(study: Study, language: str) -> str:
    """Return the definition of the utility."""
    words = WORDS[language]
    listed = words["list"].join(
        words["target"].format(title=target.title[language], year=target.year) for target in study.targets
    )
    return words[study.kind].format(count=len(study.targets), listed=listed) + words["gap"] + words["effort"]


def basis_words(study: Study, language: str) -> str:
    """Return how many members and how many resamples of them the numbers rest on."""
    members, resamples = study.gain.sizes["member"], len(study.worth.resampled)
    return WORDS[language]["basis"].format(members=members, resamples=resamples)


def choice_sentences(study: Study, language: str) -> list[str]:
    """Return that no scenario is recommended, the weights at which the leader changes, ties, and assumptions."""
    words, choice = WORDS[language], study.choice
    names = [study.title(option, language) for option in range(len(study.scenarios))]
    sentences = [words["no order"].format(unit=words[f"unit {study.kind}"])]
    first = names[choice.leaders[0][1]]
    sentences.append(words["first" if choice.flips else "leads"].format(first=first))
    sentences += [
        words["flip"].format(
            weight=digits(flip.weight),
            low=digits(flip.low),
            high=digits(flip.high),
            before=names[flip.before],
            after=names[flip.after],
            resamples=len(study.worth.resampled),
        )
        for flip in choice.flips
    ]
    last = choice.leaders[-1][1]
    if list(study.efforts.values())[last] == 0:
        sentences.append(words["nothing"].format(title=names[last]))
    ties = [
        words["tie"].format(title=name, ranges=ranges_words(ranges, language))
        for name, ranges in zip(names, choice.ties, strict=True)
        if ranges
    ]
    sentences.append(words["ties"].format(listed=words["list"].join(ties)) if ties else words["no ties"])
    sentences.append(words["assumed"].format(kind=words[f"assumed {study.kind}"], options=len(names)))
    return sentences


def worth_sentences(study: Study, language: str) -> list[str]:
    """Return the value of perfect information, and of each statistic, as a function of the weight."""
    words, worth = WORDS[language], study.worth
    last = digits(worth.weights[-1])
    if not any(each.value > 0 for each in worth.perfect):
        return [words["no value"].format(last=last)]
    unit, members = words[f"unit {study.kind}"], study.gain.sizes["member"]

    def at_highest(worths: Sequence[Worth]) -> dict[str, object]:
        index = highest(worths)
        largest, perfect = worths[index], worth.perfect[index].value
        return {
            "at": digits(worth.weights[index]),
            "value": f"{largest.value:.3f}",
            "error": f"{largest.error:.3f}",
            "changed": count_in_words(round(largest.changed * members), members, language),
            "share": 100 * largest.value / perfect if perfect else 0.0,
            "unit": unit,
        }

    ends = {"start": f"{worth.perfect[0].value:.3f}", "end": f"{worth.perfect[-1].value:.3f}", "last": last}
    sentences = [words["perfect"].format(**at_highest(worth.perfect), **ends)]
    titles = {name: study.statistics[name].title[language] for name in worth.partial}
    ranges = {name: distinguishable_ranges(worth.weights, each) for name, each in worth.partial.items()}
    clear = [name for name in ranges if ranges[name]]
    for name in sorted(clear, key=lambda name: -max(each.value for each in worth.partial[name])):
        numbers = at_highest(worth.partial[name])
        at_weights = ranges_words(ranges[name], language)
        sentences.append(words["partial"].format(name=titles[name], ranges=at_weights, **numbers))
    rest = [title for name, title in titles.items() if name not in clear]
    if rest:
        sentences.append(words["rest"].format(last=last, names=words["list"].join(rest)))
    return sentences


def highest(worths: Sequence[Worth]) -> int:
    """Return the index of the largest value among those distinguishable from zero, or among all where none is."""
    clear = [index for index, each in enumerate(worths) if each.distinguishable]
    return max(clear or range(len(worths)), key=lambda index: worths[index].value)


def distinguishable_ranges(weights: Sequence[float], worths: Sequence[Worth]) -> tuple[tuple[float, float], ...]:
    """Return the ranges of weights in which a value can be distinguished from zero.

    Examples
    --------
    >>> distinguishable_ranges((0.0, 0.1, 0.2), [Worth(1.0, 0.1, 0.5), Worth(1.0, 0.1, 0.5), Worth(0.0, 0.1, 0.0)])
    ((0.0, 0.1),)
    """
    runs = groupby(zip(weights, worths, strict=True), key=lambda pair: pair[1].distinguishable)
    ranges = [[weight for weight, _ in run] for distinguishable, run in runs if distinguishable]
    return tuple((run[0], run[-1]) for run in ranges)


def ranges_words(ranges: Sequence[tuple[float, float]], language: str) -> str:
    """Return ranges of weights in words.

    Examples
    --------
    >>> ranges_words([(0.0, 0.05), (0.1, float("inf"))], "en")
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
    """Return a weight with two significant digits.

    Examples
    --------
    >>> digits(0.01234), digits(0.0), digits(12.34)
    ('0.012', '0', '12')
    """
    return np.format_float_positional(weight, precision=2, fractional=False, trim="-") if weight else "0"
