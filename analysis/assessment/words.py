"""What an assessment found, in plain Chinese and English sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import pandas as pd

from analysis.assessment.reweighting import LARGEST_K, LEAST_EFFECTIVE
from analysis.assessment.scores import BANDS, LEAST_PAST
from analysis.assessment.series import DEFINITION_MISMATCHES, REASONS, UNLIKELY
from calibration.fit.forecast import BASE_YEAR
from model.definition import variables_by_name

#: What stands for all series together in the tables.
ALL: Final = "all"
#: So many series are named where none stands out.
NAMED: Final = 3
#: How a target fares, with the Chinese words.
COURSES: Final = {
    "on course": "按计划推进",
    "slipping": "正在偏离",
    "unlikely from the start": "预测时就不大可能达到",
    "now likely": "转为可能达到",
    "about even": "达到与否各半",
    "not updated": "未更新",
}


def sentences(
    language: Literal["zh", "en"],
    points: pd.DataFrame,
    scores: pd.DataFrame,
    series: pd.DataFrame,
    updates: pd.DataFrame,
    targets: pd.DataFrame,
    members: int,
    scenario: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """State the findings in plain words: one verdict, then the numbers behind it.

    Parameters
    ----------
    language
        "zh" or "en".
    points, scores, series, updates, targets
        Tables of a `analysis.assessment.study.Assessment`.
    members
        Number of members of the ensemble.
    scenario
        Title by language of the scenario of the forecast, if it is not the baseline.

    Returns
    -------
    tuple of str
        One sentence or two each, in the order to be read.
    """
    return (
        verdict(language, series, updates),
        *_words_on_series(language, series),
        *_words_on_update(language, series, updates, members),
        *_words_on_targets(language, targets, int(points["year"].max())),
        *_words_on_scores(language, points, scores, scenario),
    )


def verdict(language: str, series: pd.DataFrame, updates: pd.DataFrame) -> str:
    """Say in one sentence with how many series the forecast agrees, and what becomes of the ensemble.
    """
    chinese = language == "zh"
    agreeing = series["agrees"].astype(bool)
    against = _listed(series.loc[~agreeing, "variable"], language)
    used = int(series["used"].sum())
    if chinese:
        first = f"结论：{len(series)}个指标中，预测与{int(agreeing.sum())}个相符" + (
            f"，与{against}不符。" if against else "。"
        )
    else:
        first = f"Verdict: the forecast agrees with {int(agreeing.sum())} of {len(series)} series" + (
            f", not with {against}. " if against else ". "
        )
    if not used:
        return first + (
            "没有可用于更新的指标，参数组不更新。" if chinese else "No series is left to update the ensemble from."
        )
    if updates.iloc[-1]["accepted"]:
        return first + (
            f"参数组按其中{used}个指标更新。" if chinese else f"The ensemble is updated from {used} series."
        )
    earlier = updates.loc[updates["accepted"].astype(bool), "data_to"]
    if not earlier.empty:
        return first + (
            f"用{used}个指标只能更新到{earlier.iloc[-1]}年的数据，再往后需要重新校准。"
            if chinese
            else f"From {used} series the ensemble can be updated with data to {earlier.iloc[-1]} only; later data "
            "need a recalibration."
        )
    return first + (
        f"用{used}个指标不能更新参数组，需要用新数据重新校准。"
        if chinese
        else f"The ensemble cannot be updated from {used} series. Recalibration is needed."
    )


def _words_on_series(language: str, series: pd.DataFrame) -> list[str]:
    """Name the series that are not used and why, and what is to be known of those that are."""
    chinese = language == "zh"
    said = []
    for row in series.to_dict("records"):
        name, reason = str(row["variable"]), str(row["reason"])
        mismatch = DEFINITION_MISMATCHES.get(name)
        if row["used"] and reason == "agrees" and mismatch is None:
            continue
        likely = percent(float(row["chance"]), language)
        told = REASONS[reason][language]
        term = _term(name, language)
        status = ("使用" if row["used"] else "未使用") if chinese else ("used" if row["used"] else "not used")
        end = f"；{getattr(mismatch, language)}" if mismatch and chinese else ""
        end = f"; {getattr(mismatch, language)}" if mismatch and not chinese else end
        said.append(
            f"{term}：{status}，{told}（单独看，预测正确时走势不比这更可能的概率为{likely}）{end}。"
            if chinese
            else f"{term}: {status}, {told} (by itself; a course no likelier has probability {likely} if the forecast "
            f"is right){end}."
        )
    return said


def _words_on_update(language: str, series: pd.DataFrame, updates: pd.DataFrame, members: int) -> list[str]:
    chinese = language == "zh"
    if updates.empty:
        return []
    final = updates.iloc[-1]
    k, size, likely = (float(final[column]) for column in ("pareto_k", "effective_size", "chance"))
    told = percent(likely, language)
    used = int(series["used"].sum())
    against = likely < UNLIKELY
    if used == 1:
        subject, predicate = "The series used", "contradicts" if against else "agrees with"
    else:
        subject, predicate = f"The {used} series used, taken together,", "contradict" if against else "agree with"
    said = [
        f"所用{used}个指标合起来{'与预测矛盾' if against else '与预测相符'}"
        f"（预测正确时，走势不比这更可能的概率为{told}）。"
        if chinese
        else f"{subject} {predicate} the forecast (a course no likelier has probability {told} if it is right)."
    ]
    if final["accepted"]:
        said.append(
            f"{members}组参数重新加权后相当于{size:.0f}组等权参数（Pareto k为{k:.2f}），可以使用。"
            if chinese
            else f"The {members} members are re-weighted and worth {size:.0f} equal ones (Pareto k {k:.2f}), "
            "which is enough."
        )
    else:
        said.append(
            f"权重集中到少数几组（有效组数{size:.0f}，Pareto k为{k:.2f}；"
            f"要求不少于{LEAST_EFFECTIVE:.0f}组、不大于{LARGEST_K}）"
            + ("。" if against else "：信息太多，参数组不足以分辨。")
            if chinese
            else f"The weights collapse on a few members (worth {size:.0f} equal ones, Pareto k {k:.2f}; at least "
            f"{LEAST_EFFECTIVE:.0f} and at most {LARGEST_K} are asked for)"
            + ("." if against else ": they say more than so few members can resolve.")
        )
        narrow = series[series["used"].astype(bool)].sort_values("effective_size").head(NAMED)
        names = _listed(narrow["variable"], language)
        said.append(
            f"对参数组约束最强的指标：{names}。" if chinese else f"Series that narrow the members most: {names}."
        )
    return said


def _words_on_scores(
    language: str, points: pd.DataFrame, scores: pd.DataFrame, scenario: Mapping[str, str] | None
) -> list[str]:
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
        f"不论是否使用，全部观测值中：预测的{bands}%区间应包含约{wanted}个，实际包含{hits}个；CRPS平均为观测值的"
        f"{together['crps_relative']:.2%}。"
        if chinese
        else f"Of all of them, used or not, the {bands} % bands hold {hits} and should hold about {wanted}; the CRPS "
        f"is {100 * together['crps_relative']:.2f} % of the observed value on average.",
    ]
    if scenario is not None:
        said.append(
            f"此处的预测以“{scenario['zh']}”为政策，与保存的基准预测用同一组参数，是看到新观测值之后所作。"
            if chinese
            else f"The forecast here supposes the policies of: {scenario['en']}. It has the members of the stored "
            "baseline forecast, but was made after the observations were known."
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


def percent(value: float, language: str) -> str:
    """Return a share of a thousand draws or so, which has no more digits than that.

    Examples
    --------
    >>> percent(0.724, "en"), percent(0.001, "zh")
    ('72.4 %', '≤0.1%')
    """
    told = f"{100 * value:.1f} %" if value >= 0.0015 else "≤0.1 %"
    return told.replace(" ", "") if language == "zh" else told


def _term(name: str, language: str) -> str:
    """Name of a series: as in the model, or its Chinese term."""
    known = variables_by_name()
    return known[name].term or name if language == "zh" and name in known else name


def _listed(names: Iterable[str], language: str) -> str:
    return ("、" if language == "zh" else ", ").join(_term(name, language) for name in names)
