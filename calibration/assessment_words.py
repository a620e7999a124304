"""What an assessment found, in plain Chinese and English sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
import pandas as pd

from calibration.forecast import BASE_YEAR
from calibration.reweighting import LARGEST_K, LEAST_EFFECTIVE
from calibration.scores import BANDS, LEAST_PAST
from model.definition import variables_by_name

#: What stands for all series together in the tables.
ALL: Final = "all"
#: Below this probability something is called unlikely to be chance.
UNLIKELY: Final = 0.05
#: So many series are named where none stands out.
NAMED: Final = 3
#: How a target fares, with the Chinese words.
COURSES: Final = {
    "on course": "按计划推进",
    "slipping": "正在偏离",
    "unlikely from the start": "预测时就不大可能达到",
    "now likely": "转为可能达到",
    "not updated": "未更新",
}


def sentences(
    language: Literal["zh", "en"],
    points: pd.DataFrame,
    scores: pd.DataFrame,
    updates: pd.DataFrame,
    targets: pd.DataFrame,
    members: int,
) -> tuple[str, ...]:
    """State the findings in plain words.

    Parameters
    ----------
    language
        "zh" or "en".
    points, scores, updates, targets
        Tables of a `calibration.assessment.Assessment`.
    members
        Number of members of the ensemble.

    Returns
    -------
    tuple of str
        One sentence or two each, in the order to be read.

    Examples
    --------
    >>> sentences("en", *tables, members=1000)[0]  # doctest: +SKIP
    'Chapter 8 of the plan asks for yearly, mid-term and final evaluations. ...'
    """
    return (
        *_words_on_scores(language, points, scores),
        *_words_on_update(language, updates, members),
        *_words_on_targets(language, targets, int(points["year"].max())),
    )


def _words_on_scores(language: str, points: pd.DataFrame, scores: pd.DataFrame) -> list[str]:
    chinese = language == "zh"
    count, first, last = len(points), int(points["year"].min()), int(points["year"].max())
    series = scores[scores["variable"] != ALL]
    together = scores[scores["variable"] == ALL].iloc[0]
    bands = "/".join(f"{100 * band:.0f}" for band in BANDS)
    hits = "/".join(str(int(points[f"inside_{100 * band:.0f}"].sum())) for band in BANDS)
    wanted = "/".join(f"{count * band:.1f}" for band in BANDS)
    said = [
        f"规划第八章要求年度、中期和终期评估。本次用{first}—{last}年{len(series)}个指标的{count}个观测值检验2020年所作的预测。"
        if chinese
        else f"Chapter 8 of the plan asks for yearly, mid-term and final evaluations. This one holds the forecast made "
        f"with data to {BASE_YEAR} against {count} observation(s) of {len(series)} series, {first}-{last}.",
        f"预测的{bands}%区间应包含约{wanted}个观测值，实际包含{hits}个；CRPS平均为观测值的{together['crps_relative']:.2%}。"
        if chinese
        else f"The {bands} % bands hold {hits} of them and should hold about {wanted}; the CRPS is "
        f"{100 * together['crps_relative']:.2f} % of the observed value on average.",
    ]
    chance = float(together["pit_p_value"])
    if np.isnan(chance):
        said.append(
            "观测值太少，无法检验预测分布的形状。"
            if chinese
            else "There are too few observations to test the shape of the forecast's distribution."
        )
    else:
        usual = chance >= UNLIKELY
        said.append(
            f"观测值在预测分布中的位置{'与预测相符' if usual else '偏离预测'}"
            f"（预测正确时，偏离不小于此的概率为{chance:.1%}）。"
            if chinese
            else f"Where they lie within the forecast {'is as' if usual else 'is not as'} the forecast says (if it "
            f"were right, chance alone would put them as far off with probability {100 * chance:.1f} %)."
        )
    for reference, zh, en in (
        ("mase_random_walk", "带漂移的随机游走", "a random walk with drift"),
        ("mase_constant_growth", "固定增长率趋势", "growth at a constant rate"),
    ):
        scored = series[series[reference].notna()]
        better, worse = (
            _listed(scored.loc[chosen, "variable"], language)
            for chosen in (scored[reference] < 1, scored[reference] >= 1)
        )
        parts = [
            (f"误差较小的有{better}" if chinese else f"closer for {better}") if better else "",
            (f"误差不小的有{worse}" if chinese else f"not closer for {worse}") if worse else "",
        ]
        if scored.empty:
            continue
        told = ("；" if chinese else ", ").join(part for part in parts if part)
        said.append(f"与{zh}相比，预测中位数{told}。" if chinese else f"Compared with {en}, the median is {told}.")
    silent = series.loc[series["note"] != "", "variable"]
    if not silent.empty:
        names = _listed(silent, language)
        said.append(
            f"{names}：2020年及以前的观测值不足{LEAST_PAST}个，不与参照预测比较。"
            if chinese
            else f"Not compared with a reference, for want of {LEAST_PAST} values up to {BASE_YEAR}: {names}."
        )
    return said


def _words_on_update(language: str, updates: pd.DataFrame, members: int) -> list[str]:
    chinese = language == "zh"
    together = updates[updates["variable"] == ALL]
    final = together.iloc[-1]
    k, size, chance = (float(final[column]) for column in ("pareto_k", "effective_size", "chance"))
    contradicted = chance < UNLIKELY
    if final["accepted"]:
        said = [
            f"已按新观测值对{members}组参数重新加权：有效组数{size:.0f}，Pareto k为{k:.2f}，可以使用。"
            if chinese
            else f"The {members} members are re-weighted by the observations; they are worth {size:.0f} equal ones "
            f"(Pareto k {k:.2f}), which is enough."
        ]
    else:
        said = [
            f"没有更新参数组：权重集中到少数几组（有效组数{size:.0f}，Pareto k为{k:.2f}；"
            f"要求不少于{LEAST_EFFECTIVE:.0f}组、不大于{LARGEST_K}）。需要用新数据重新校准。"
            if chinese
            else f"The ensemble is not updated: the weights collapse on a few members (worth {size:.0f} equal ones, "
            f"Pareto k {k:.2f}; at least {LEAST_EFFECTIVE:.0f} and at most {LARGEST_K} are asked for). "
            "Recalibration is needed."
        ]
    if contradicted or not final["accepted"]:
        said.append(
            f"合起来看，新观测值{'与预测矛盾' if contradicted else '与预测并不矛盾'}"
            f"（预测正确时，走势不比这更可能的概率为{chance:.1%}）"
            f"{'。' if contradicted else '，只是信息太多，参数组不足以分辨。'}"
            if chinese
            else f"Taken together the observations {'contradict' if contradicted else 'do not contradict'} the "
            f"forecast (if it were right, a course no likelier would come with probability {100 * chance:.1f} %)"
            f"{'.' if contradicted else '; they say more than so few members can resolve.'}"
        )
        said += _words_on_series(language, updates[updates["variable"] != ALL])
    used = together.loc[together["accepted"].astype(bool), "data_to"]
    if not final["accepted"] and not used.empty:
        said.append(
            f"用到{used.iloc[-1]}年的数据仍可更新，以下以此为准。"
            if chinese
            else f"With data to {used.iloc[-1]} the update still holds; what follows rests on these."
        )
    return said


def _words_on_series(language: str, alone: pd.DataFrame) -> list[str]:
    """Name the series that contradict the forecast or, if none does, those that narrow the members most."""
    chinese = language == "zh"
    # So many series are looked at that one of them seems unlikely by chance.
    clashing = alone[alone["chance"] < UNLIKELY / len(alone)].sort_values(["chance", "effective_size"])
    chosen = alone.sort_values("effective_size").head(NAMED) if clashing.empty else clashing
    told = [
        f"{_term(str(row.variable), language)}（概率{float(str(row.chance)):.1%}，k {row.pareto_k:.2f}，"
        f"有效组数{row.effective_size:.0f}）"
        if chinese
        else f"{row.variable} (probability {100 * float(str(row.chance)):.1f} %, k {row.pareto_k:.2f}, "
        f"worth {row.effective_size:.0f})"
        for row in chosen.itertuples()
    ]
    if clashing.empty:
        return [
            f"没有单个指标与预测矛盾；约束最强的是{'；'.join(told)}。"
            if chinese
            else f"No series contradicts it by itself; those that narrow the members most: {'; '.join(told)}."
        ]
    return [
        f"与预测矛盾的指标，矛盾最大的在前：{'；'.join(told)}。"
        if chinese
        else f"Series that clash with the forecast, worst first: {'; '.join(told)}."
    ]


def _words_on_targets(language: str, targets: pd.DataFrame, last: int) -> list[str]:
    chinese = language == "zh"
    if targets.empty:
        return []
    if (targets["course"] == "not updated").all():
        return [
            "因此不给出目标的新概率。" if chinese else "So no new probabilities are given for the targets of the plan."
        ]
    said = []
    counts = targets["course"].value_counts()
    parts = [f"{word if chinese else course} {counts[course]}" for course, word in COURSES.items() if course in counts]
    if chinese:
        said.append(f"模型计算的{len(targets)}个目标：{'，'.join(parts)}。")
    else:
        said.append(f"Of {len(targets)} targets that the model computes: {', '.join(parts)}.")
    for row in targets[targets["course"].isin(["slipping", "now likely"])].itertuples():
        before, after = 100 * float(str(row.probability_before)), 100 * float(str(row.probability_after))
        slips = row.course == "slipping"
        if chinese:
            end = f"正在偏离，模型从{row.known_since}年的数据起就能看出" if slips else "转为可能达到"
            said.append(
                f"“{row.title_zh}”（{row.year}年）：达到的概率由{before:.0f}%变为{after:.0f}%"
                f"（数据到{row.data_to}年）；{end}。"
            )
        else:
            end = f"slipping, and the model could have known since the data of {row.known_since}"
            said.append(
                f"{row.title_en} ({row.year}): probability {before:.0f} % in the forecast, {after:.0f} % with data to "
                f"{row.data_to}; {end if slips else 'now likely'}."
            )
    if (targets["year"] <= last).any():
        said.append(
            "目标年份已过的，以公布数为准；这里的概率是模型各组参数的看法。"
            if chinese
            else "Where a target's year has passed, the published number decides; the probability is the members' view."
        )
    return said


def _term(name: str, language: str) -> str:
    """Name of a series: as in the model, or its Chinese term."""
    known = variables_by_name()
    return known[name].term or name if language == "zh" and name in known else name


def _listed(names: Iterable[str], language: str) -> str:
    return ("、" if language == "zh" else ", ").join(_term(name, language) for name in names)
