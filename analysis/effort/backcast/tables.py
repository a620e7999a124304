"""What a backcast leaves behind: the answer in words, the scenario that carries it out, data and tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.charts.figures import LANGUAGES
from analysis.effort.backcast.study import BLOCKING, CANDIDATES, Answer, assured_margin
from analysis.effort.levers import DIGITS, Measure, parts, scenario
from analysis.effort.plausible import outside_said
from analysis.outcome import files as result_files
from analysis.outcome.futures import Input
from analysis.outcome.printing import three_digits
from analysis.reach.bottlenecks import BOTTLENECKS
from analysis.reach.probability import share_in_percent
from analysis.reach.words import unit_of
from model.files.atomic import replaced
from scenarios import Target, is_reached

TITLES: Final = {bottleneck.id: bottleneck.title for bottleneck in BOTTLENECKS}
#: Another target is told of where its probability, or a headline's margin as a share of the threshold, moves so much.
TOLD: Final = 0.02


def name_of(target: Target) -> str:
    """Return the name of the scenario and the files of a target.

    Examples
    --------
    >>> name_of(Target("target.startup_area.2035", {}, "", "core", 2035, 80, "at least", "percent"))
    'backcast_startup_area_2035'
    """
    return "backcast_" + target.id.removeprefix("target.").replace(".", "_")


def value_words(measure: Measure, share: float, language: str) -> str:
    """Return what a lever is set to, with its unit; lowest and highest where elements differ."""
    told = Input(measure.name, measure.name, measure.lever.title, measure.lever.unit)
    values = measure.value(share)
    ends = dict.fromkeys(told.said(float(f"{end:.{DIGITS}g}"), language) for end in (values.min(), values.max()))
    return "–".join(ends)


def sentences(answer: Answer, language: str) -> list[str]:
    """Return the answer in words."""
    if answer.outside:
        return _implausible(answer, language)
    return _chinese(answer) if language == "zh" else _english(answer)


def _implausible(answer: Answer, language: str) -> list[str]:
    """Say why what was found is not given as an answer."""
    title, far = f"{answer.target.title[language]}", answer.verdict == "not reachable"
    wanted = f"{100 * answer.probability:g}"
    if language == "zh":
        found = f"概率到不了{wanted}%，走到最远的一组措施" if far else f"以{wanted}%的概率达到它的最小力度"
        return [
            f"{title}（{answer.target.year}年）：没有可信的答案。{found}会使{outside_said(answer.outside, 'zh')}。"
            "超出抽样和观测范围的结果不作为答案，也不写成情景。"
        ]
    found = (
        f"It is not reachable with {wanted} %, and the furthest setting found"
        if far
        else f"The least effort found for {wanted} %"
    )
    return [
        f"{title}, {answer.target.year}: no plausible answer. {found} would lead to: "
        f"{outside_said(answer.outside, 'en')}. What lies outside the range sampled and observed is not given as an "
        "answer, nor written as a scenario."
    ]


def chance(answer: Answer, candidate: int, *, searched: bool) -> str:
    """Return the probability of one of `CANDIDATES` in words, with its standard error in points."""
    part = slice(None, answer.searched) if searched else slice(answer.searched, None)
    margins = answer.margins[candidate, part]
    return share_in_percent(int(is_reached(margins).sum()), len(margins))


def _english(answer: Answer) -> list[str]:
    target, wanted = answer.target, f"{100 * answer.probability:g} %"
    title = f"{target.title['en']}, {target.year}"
    before = f"{chance(answer, 0, searched=True)} (n = {answer.searched})"
    seen, unseen = (chance(answer, 1, searched=searched) for searched in (True, False))
    others = answer.margins.shape[1] - answer.searched
    judged = (
        f"P = {seen} (± standard error in points) over the {answer.searched} members searched with, "
        f"{unseen} over {others} others."
    )
    if answer.verdict == "already":
        return [f"{title}: reached with {wanted} already, without any lever. {judged}"]
    if answer.verdict == "reachable":
        least = float(parts(answer.measures, answer.shares[2:3]).sum())
        told = [
            f"{title}: least effort {answer.effort:.2f} with {len(answer.levers)} levers "
            f"({least:.2f} if every lever may be used). {judged} Without any lever {before}."
        ]
        told += ["Over the others it falls short of that: ask for more to be safe."] * _optimistic(answer)
        return told + _against(answer, "en")
    return [
        f"{title}: not reachable with {wanted}: best attainable {judged} Without any lever {before}. "
        f"In {wanted} of the members searched with it is missed by at most {three_digits(-assured_margin(answer, 1))} "
        f"{unit_of(target, 'en')}.",
        f"Blocked by: {_blockers(answer, 'en')}. Levers at their bounds: {_bounds(answer, 'en')}.",
        *_against(answer, "en"),
    ]


def _chinese(answer: Answer) -> list[str]:
    target, wanted = answer.target, f"{100 * answer.probability:g}%"
    title, missed = f"{target.title['zh']}（{target.year}年）", three_digits(-assured_margin(answer, 1))
    before = f"{chance(answer, 0, searched=True)} (n = {answer.searched})"
    seen, unseen = (chance(answer, 1, searched=searched) for searched in (True, False))
    others = answer.margins.shape[1] - answer.searched
    judged = f"用于搜索的{answer.searched}组样本中概率{seen}（±标准误，百分点），其余{others}组中{unseen}。"
    if answer.verdict == "already":
        return [f"{title}：不采取任何措施，概率已达到{wanted}。{judged}"]
    if answer.verdict == "reachable":
        least = float(parts(answer.measures, answer.shares[2:3]).sum())
        told = [
            f"{title}：最小力度{answer.effort:.2f}，动用{len(answer.levers)}项措施（不限项数时{least:.2f}）。{judged}"
            f"不采取措施时{before}。"
        ]
        told += ["在未用于搜索的样本中低于要求：为稳妥，可要求更高的概率。"] * _optimistic(answer)
        return told + _against(answer, "zh")
    return [
        f"{title}：不可达，概率到不了{wanted}，最好的结果是{judged}不采取措施时{before}。"
        f"用于搜索的样本中有{wanted}与目标相差不超过{missed}{unit_of(target, 'zh')}。",
        f"受制于：{_blockers(answer, 'zh')}。已到上下限的措施：{_bounds(answer, 'zh')}。",
        *_against(answer, "zh"),
    ]


def _optimistic(answer: Answer) -> bool:
    unseen = answer.reached(1, searched=False)
    return unseen["probability"] + 2 * unseen["probability_se"] < answer.probability


def _blockers(answer: Answer, language: str) -> str:
    named = answer.blocked[answer.blocked["binds"] >= BLOCKING]
    words = [
        f"{TITLES[row['bottleneck']]['zh']}（{100 * row['binds']:.0f}%）"
        if language == "zh"
        else f"{TITLES[row['bottleneck']]['en']} ({100 * row['binds']:.0f} % of districts and members)"
        for row in _records(named)
    ]
    none = ("没有瓶颈普遍存在", "no bottleneck that is widespread")
    return ("、" if language == "zh" else "; ").join(words) or none[language == "en"]


def _against(answer: Answer, language: str) -> list[str]:
    """Name what is moved against the plan, which only happens where that was allowed."""
    ways = {measure.name: measure.lever for measure in answer.measures}
    moved = [
        ways[row["lever"]].title[language]
        for row in _records(answer.levers)
        if ways[row["lever"]].direction not in ("either", "raise" if row["share"] > 0 else "lower")
    ]
    if not moved:
        return []
    if language == "zh":
        return [f"与规划方向相反的措施（因 --any-direction 而允许）：{'、'.join(moved)}。"]
    return [f"Moved against the plan, as --any-direction allows: {', '.join(moved)}."]


def _bounds(answer: Answer, language: str) -> str:
    titles = {measure.name: measure.lever.title[language] for measure in answer.measures}
    at = answer.levers[answer.levers["at_bound"]].sort_values("margin_lost_without", ascending=False)
    return ("、" if language == "zh" else ", ").join(titles[name] for name in at["lever"]) or ("无", "none")[
        language == "en"
    ]


def print_answer(console: Console, answer: Answer, targets: Mapping[str, Target]) -> None:
    """Print the answer, what each lever is set to, and what it does to other targets."""
    for language in ("zh", "en"):
        for sentence in sentences(answer, language):
            console.print(escape(sentence))
    if answer.outside:
        return
    if len(answer.levers):
        console.print(_lever_table(answer))
    console.print("对其他目标的影响（未用于搜索的样本）  What it does to other targets (members not searched with):")
    for row in _records(answer.others[answer.others["target"] != answer.target.id]):
        target = targets[row["target"]]
        size = abs(row["margin_change"]) / max(abs(target.threshold or 0.0), 1e-12)
        if abs(row["after"] - row["before"]) < TOLD and not (target.headline and size >= TOLD):
            continue
        title = f"{target.title['zh']} {target.title['en']}, {target.year}"
        others = answer.margins.shape[1] - answer.searched
        before, after = (share_in_percent(round(row[k] * others), others) for k in ("before", "after"))
        units = " ".join(unit_of(target, language) for language in LANGUAGES)
        change = f"余量中位数变化 change of the median margin {three_digits(row['margin_change'], sign=True)} {units}"
        console.print(escape(f"  {title}: {before} → {after} (n = {others}); {change}"))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _lever_table(answer: Answer) -> Table:
    table = Table(
        caption=(
            "力度＝权重×移动的范围占全部范围的比例（scenarios/levers.yaml），权重是假设。"
            f"生效：从开始年年初起{answer.ramp:g}年内线性到位，是假设。\n"
            "Effort: weight x share of the whole range moved (scenarios/levers.yaml); the weights are assumptions. "
            f"In full {answer.ramp:g} years after the beginning of the start year, an assumption."
        ),
        caption_justify="left",
    )
    table.add_column("措施 lever", overflow="fold")
    table.add_column("由 from", overflow="fold")
    table.add_column("到 to", overflow="fold")
    table.add_column("开始\nstart", no_wrap=True)
    table.add_column("力度\neffort", justify="right", no_wrap=True)
    zh, en = (unit_of(answer.target, language) for language in LANGUAGES)
    table.add_column(f"不用则差（{zh}）\nlost without, {en}", justify="right")
    measures = {measure.name: measure for measure in answer.measures}
    for row in _records(answer.levers):
        measure = measures[row["lever"]]
        bound = "\n[dim]上下限 bound[/]" if row["at_bound"] else ""
        table.add_row(
            f"{measure.lever.title['zh']} {measure.lever.title['en']}",
            "\n".join(value_words(measure, 0.0, language) for language in ("zh", "en")),
            "\n".join(value_words(measure, row["share"], language) for language in ("zh", "en")) + bound,
            f"{row['start']}",
            f"{row['effort']:.2f}",
            three_digits(row["margin_lost_without"]),
        )
    return table


def scenario_text(answer: Answer, facts: Mapping[str, str]) -> str:
    """Return the answer as a scenario file that ``run`` accepts, with what made it in its comments."""
    target, wanted = answer.target, f"{100 * answer.probability:g}"
    title = {language: f"{target.title[language]}" for language in ("zh", "en")}
    far = answer.verdict == "not reachable"
    words = {
        "title": {
            "zh": f"{'最大可能' if far else '最小力度'}：{title['zh']}（{target.year}年）",
            "en": f"{'Furthest' if far else 'Least effort'}: {title['en']}, {target.year}",
        },
        "question": {
            "zh": f"要以{wanted}%的概率达到{title['zh']}（{target.year}年），至少要做什么？"
            + "".join(sentences(answer, "zh")),
            "en": f"What has to be done at least to reach {title['en']} of {target.year} with {wanted} %? "
            + " ".join(sentences(answer, "en")),
        },
        "source": f"of {target.id} with probability {answer.probability:g}",
    }
    made = {**facts, "target": target.id, "probability": f"{answer.probability:g}", "search_seed": str(answer.seed)}
    comment = "".join(f"# {key}: {value}\n" for key, value in made.items() if key not in ("scenario", "scenario_hash"))
    content = scenario(name_of(target), answer.measures, answer.shares[1], answer.ramp, words)
    head = "# Written by: python run_scenarios.py backcast. A new call for the same target replaces it.\n"
    return head + comment + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110)


def as_dataset(answer: Answer, facts: Mapping[str, str]) -> xr.Dataset:
    """Return shares, effort and margins, dims ``candidate, lever, member``."""
    spent = parts(answer.measures, answer.shares)
    count = answer.margins.shape[1]
    found = xr.Dataset(
        {
            "share": (
                ("candidate", "lever"),
                answer.shares,
                {"units": "1", "long_name": "share of the way to the end"},
            ),
            "effort": (("candidate", "lever"), spent, {"units": "1", "long_name": "weighted effort"}),
            "margin": (("candidate", "member"), answer.margins, {"units": answer.target.unit, "long_name": "margin"}),
        },
        coords={
            "candidate": list(CANDIDATES),
            "lever": [measure.name for measure in answer.measures],
            "member": np.arange(1, count + 1),
            "searched_with": ("member", (np.arange(count) < answer.searched).astype(np.int8)),
        },
    )
    found.attrs = {
        **facts,
        "target": answer.target.id,
        "probability_asked_for": answer.probability,
        "verdict": answer.verdict,
        "plausible": "no" if answer.outside else "yes",
        "outside": outside_said(answer.outside, "en"),
        "ramp": answer.ramp,
        "search_seed": answer.seed,
    }
    return found


def file_names(target: Target) -> list[str]:
    """Return the files that `write` leaves.

    Examples
    --------
    >>> file_names(Target("target.x.2035", {}, "", "core", 2035, 80, "at least", "percent"))[0]
    'backcast_x_2035.yaml'
    """
    name = name_of(target)
    endings = (".yaml", ".csv", "_other_targets.csv", "_blocked.csv", "_trials.csv", ".nc")
    return [f"{name}{ending}" for ending in endings]


def write(answer: Answer, facts: Mapping[str, str], out: Path) -> None:
    """Write the tables and data as `file_names` has them, and the scenario unless the answer is not plausible."""
    text, levers, others, blocked, trials, data = (out / name for name in file_names(answer.target))
    result_files.write_run(as_dataset(answer, facts), data)
    tables = ((answer.levers, levers), (answer.others, others), (answer.blocked, blocked), (answer.trace, trials))
    for table, path in tables:
        result_files.write_table(table, path, facts)
    if answer.outside:
        # One from an earlier call would be taken for the answer to this one.
        text.unlink(missing_ok=True)
        return
    with replaced(text) as partial:
        partial.write_text(scenario_text(answer, facts), encoding="utf-8")
