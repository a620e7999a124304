"""What information is worth, in sentences, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from analysis.information.study import Study
from analysis.information.value import Worth

LANGUAGES: Final = ("zh", "en")
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "targets": "效用 = 按时达到的目标数（共{count}个：{listed}）− {weight:g} × 力度。",
        "shortfall": ("效用 = −（各目标差额占其目标值的百分比之和，共{count}个目标：{listed}）− {weight:g} × 力度。"),
        "effort": (
            "力度：各政策杠杆偏离默认值的幅度占其范围的比例（2021—2035年平均）乘以 levers.yaml 中的权重，再求和。"
        ),
        "target": "{title}（{year}）",
        "list": "、",
        "gap": "",
        "unit targets": "个目标",
        "unit shortfall": "个百分点",
        "settled": "在全部{count}组样本中“{title}”都是最优选择，没有信息能改变它：信息的价值为0。",
        "chosen": "按现有信息应选“{title}”，它在{best:.0f}%的样本中最优。",
        "perfect": (
            "若事先知道一切，期望效用可增加{value:.3f}{unit}（标准误{error:.3f}），{changed:.0f}%的样本会改变选择。"
        ),
        "partial": (
            "仅知道“{name}”可增加{value:.3f}{unit}（标准误{error:.3f}），为全部信息价值的{share:.0f}%，"
            "{changed:.0f}%的样本会改变选择。"
        ),
        "rest": "与零无法区分：{names}。",
    },
    "en": {
        "targets": "Utility = number of targets reached in time, of {count} ({listed}), less {weight:g} x effort.",
        "shortfall": (
            "Utility = minus what is missing of each target in percent of its threshold, summed over {count} targets "
            "({listed}), less {weight:g} x effort."
        ),
        "effort": (
            "Effort: how far each lever is from its default as a share of its range (mean of 2021-2035), times its "
            "weight in levers.yaml, summed."
        ),
        "target": "{title} {year}",
        "list": ", ",
        "gap": " ",
        "unit targets": " targets",
        "unit shortfall": " points",
        "settled": (
            "'{title}' is best in every one of {count} members. No information can change the choice: its value is nil."
        ),
        "chosen": "Chosen on what is known now: '{title}', best in {best:.0f} % of members.",
        "perfect": (
            "Knowing everything first would add {value:.3f}{unit} (standard error {error:.3f}) and change the choice "
            "in {changed:.0f} % of members."
        ),
        "partial": (
            "Knowing only the {name} would add {value:.3f}{unit} (standard error {error:.3f}), {share:.0f} % of what "
            "everything is worth, and change the choice in {changed:.0f} % of members."
        ),
        "rest": "Cannot be told from nil: {names}.",
    },
}


def utility_said(study: Study, language: str) -> str:
    """Return what the utility is.

    Examples
    --------
    >>> utility_said(study, "en")  # doctest: +SKIP
    'Utility = number of targets reached in time, of 6 (...), less 0.1 x effort. Effort: ...'
    """
    words = WORDS[language]
    listed = words["list"].join(
        words["target"].format(title=target.title[language], year=target.year) for target in study.targets
    )
    first = words[study.kind].format(count=len(study.targets), listed=listed, weight=study.weight)
    return first + words["gap"] + words["effort"]


def sentences(study: Study, language: str) -> list[str]:
    """Return the answer: which scenario to choose now, what perfect information and each statistic would add.

    Examples
    --------
    >>> sentences(study, "en")[0]  # doctest: +SKIP
    "Chosen on what is known now: 'The plan', best in 63 % of members."
    """
    found, words = study.found, WORDS[language]
    title = study.scenarios[study.chosen].title[language]
    if found.settled:
        return [words["settled"].format(title=title, count=study.utility.sizes["member"])]

    def told(kind: str, worth: Worth, name: str = "") -> str:
        return words[kind].format(
            name=name,
            value=worth.value,
            error=worth.error,
            changed=100 * worth.changed,
            share=100 * worth.value / found.perfect.value,
            unit=words[f"unit {study.kind}"],
        )

    order = sorted(found.partial, key=lambda name: -found.partial[name].estimate)
    titles = {name: study.statistics[name].title[language] for name in order}
    clear = [name for name in order if found.partial[name].told_apart]
    rest = [titles[name] for name in order if name not in clear]
    return [
        words["chosen"].format(title=title, best=100 * found.best_in[found.chosen]),
        told("perfect", found.perfect),
        *(told("partial", found.partial[name], titles[name]) for name in clear),
        *([words["rest"].format(names=words["list"].join(rest))] if rest else []),
    ]
