"""The answer of a backcast in sentences, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from analysis.effort.backcast.study import BLOCKING, Answer
from analysis.effort.levers import DIGITS, Measure, effort_by_lever
from analysis.effort.plausible import describe_outside
from analysis.outcome.bottlenecks import BOTTLENECKS
from analysis.outcome.futures import Input
from analysis.outcome.printing import three_digits
from analysis.outcome.shares import share_in_percent
from analysis.outcome.target_words import unit_of

TITLES: Final = {bottleneck.id: bottleneck.title for bottleneck in BOTTLENECKS}
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "title": "{title}（{year}年）",
        "percent": "{number:g}%",
        "judged": "未用于搜索的{others}组样本中概率{unseen}（±标准误，百分点），用于搜索的{searched}组中{seen}。",
        "before": "不采取措施时，未用于搜索的{others}组样本中{unseen}，用于搜索的{searched}组中{seen}。",
        "already": "{title}：不采取任何措施，用于搜索的样本已有{wanted}达到。{judged}",
        "reachable": ("{title}：最小力度{effort:.2f}，动用{count}项措施（不限项数时{least:.2f}）。{judged}{before}"),
        "optimistic": "未用于搜索的样本低于所要求的{wanted}，应以其为准：可增加用于搜索的样本，或要求更高的概率。",
        "not reachable": (
            "{title}：不可达，概率到不了{wanted}，最好的结果是{judged}{before}"
            "{wanted}的样本与目标相差不超过：未用于搜索的{missed_unseen}{unit}，用于搜索的{missed}{unit}。"
        ),
        "blocked": "受制于：{blockers}。已到上下限的措施：{bounds}。",
        "blocker": "{title}（{share:.0f}%）",
        "blockers": "、",
        "no blocker": "没有瓶颈普遍存在",
        "levers": "、",
        "no lever": "无",
        "against": "与规划方向相反的措施（因 --any-direction 而允许）：{levers}。",
        "implausible": (
            "{title}：没有可信的答案。{candidate}会使{outside}。超出抽样和观测范围的结果不作为答案，也不写成情景。"
        ),
        "furthest": "概率到不了{wanted}，走到最远的一组措施",
        "least": "以{wanted}的概率达到它的最小力度",
    },
    "en": {
        "title": "{title}, {year}",
        "percent": "{number:g} %",
        "judged": (
            "P = {unseen} (± standard error in points) over the {others} members not searched with, {seen} over the "
            "{searched} searched with."
        ),
        "before": (
            "Without any lever {unseen} over the {others} members not searched with, {seen} over the {searched} "
            "searched with."
        ),
        "already": "{title}: without any lever {wanted} of the members searched with reach it already. {judged}",
        "reachable": (
            "{title}: least effort {effort:.2f} with {count} levers ({least:.2f} if every lever may be used). {judged} "
            "{before}"
        ),
        "optimistic": (
            "The members not searched with fall short of the {wanted} asked for, and theirs is the number to go by: "
            "search with more members, or ask for a higher probability."
        ),
        "not reachable": (
            "{title}: not reachable with {wanted}: best attainable {judged} {before} {wanted} of the members miss "
            "it by at most {missed_unseen} {unit} (not searched with) and {missed} {unit} (searched with)."
        ),
        "blocked": "Blocked by: {blockers}. Levers at their bounds: {bounds}.",
        "blocker": "{title} ({share:.0f} % of districts and members)",
        "blockers": "; ",
        "no blocker": "no bottleneck that is widespread",
        "levers": ", ",
        "no lever": "none",
        "against": "Moved against the plan, as --any-direction allows: {levers}.",
        "implausible": (
            "{title}: no plausible answer. {candidate} would lead to: {outside}. What lies outside the range sampled "
            "and observed is not given as an answer, nor written as a scenario."
        ),
        "furthest": "It is not reachable with {wanted}, and the furthest setting found",
        "least": "The least effort found for {wanted}",
    },
}


def value_words(measure: Measure, share: float, language: str) -> str:
    """Return the value of a lever with its unit; lowest and highest where elements differ."""
    known = Input(measure.name, measure.name, measure.lever.title, measure.lever.unit)
    values = measure.value(share)
    return "–".join(
        dict.fromkeys(known.format_value(float(f"{end:.{DIGITS}g}"), language) for end in (values.min(), values.max()))
    )


def probability_words(answer: Answer, candidate: int, *, searched: bool) -> str:
    """Return the probability of one of `CANDIDATES` in percent, with its standard error in points."""
    return share_in_percent(*answer.count_reached(candidate, searched=searched))


def sentences(answer: Answer, language: str) -> list[str]:
    """Return the answer in sentences, or why it is not plausible."""
    words, target = WORDS[language], answer.target
    title = words["title"].format(title=target.title[language], year=target.year)
    wanted = words["percent"].format(number=100 * answer.probability)
    if answer.outside:
        kind = "furthest" if answer.verdict == "not reachable" else "least"
        candidate, outside = words[kind].format(wanted=wanted), describe_outside(answer.outside, language)
        return [words["implausible"].format(title=title, candidate=candidate, outside=outside)]
    before, judged = (
        words[kind].format(
            searched=answer.searched,
            others=answer.margins.shape[1] - answer.searched,
            seen=probability_words(answer, candidate, searched=True),
            unseen=probability_words(answer, candidate, searched=False),
        )
        for candidate, kind in enumerate(("before", "judged"))
    )
    missed, missed_unseen = (
        three_digits(max(0.0, -answer.margin_at_probability(1, searched=searched))) for searched in (True, False)
    )
    optimistic = [words["optimistic"].format(wanted=wanted)] * _optimistic(answer)
    first = words[answer.verdict].format(
        title=title,
        wanted=wanted,
        judged=judged,
        before=before,
        effort=answer.effort,
        count=len(answer.levers),
        least=float(effort_by_lever(answer.measures, answer.shares[2:3]).sum()),
        missed=missed,
        missed_unseen=missed_unseen,
        unit=unit_of(target, language),
    )
    if answer.verdict == "already":
        return [first, *optimistic]
    if answer.verdict == "reachable":
        return [first, *optimistic, *_against_the_plan(answer, language)]
    blocked = words["blocked"].format(blockers=_blockers(answer, language), bounds=_at_bounds(answer, language))
    return [first, blocked, *_against_the_plan(answer, language)]


def _optimistic(answer: Answer) -> bool:
    unseen = answer.reached(1, searched=False)
    return unseen.probability + 2 * unseen.standard_error < answer.probability


def _blockers(answer: Answer, language: str) -> str:
    words = WORDS[language]
    named = answer.blocked[answer.blocked["binds"] >= BLOCKING]
    blockers = [
        words["blocker"].format(title=TITLES[name][language], share=100 * binds)
        for name, binds in zip(named["bottleneck"], named["binds"], strict=True)
    ]
    return words["blockers"].join(blockers) or words["no blocker"]


def _against_the_plan(answer: Answer, language: str) -> list[str]:
    """Name the levers that are moved against the plan, which only happens where that was allowed."""
    levers = {measure.name: measure.lever for measure in answer.measures}
    moved = [
        levers[name].title[language]
        for name, share in zip(answer.levers["lever"], answer.levers["share"], strict=True)
        if levers[name].direction not in ("either", "raise" if share > 0 else "lower")
    ]
    words = WORDS[language]
    return [words["against"].format(levers=words["levers"].join(moved))] if moved else []


def _at_bounds(answer: Answer, language: str) -> str:
    titles = {measure.name: measure.lever.title[language] for measure in answer.measures}
    names = answer.levers[answer.levers["at_bound"]].sort_values("margin_lost_without", ascending=False)["lever"]
    words = WORDS[language]
    return words["levers"].join(titles[name] for name in names) or words["no lever"]
