"""The README's answer, worked out anew: ``python run_scenarios.py answer [--check]``.

Writes the figure ``docs/images/answer.png`` and the parts of the README between ``<!-- name -->`` and
``<!-- end name -->``, from the ensemble's runs of every shipped scenario and over what is not known of 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from PIL import Image

from analysis.charts import figures
from analysis.outcome.ensembles import condensed, quantile
from analysis.outcome.files import manifest
from analysis.outcome.targets import NOT_MODELLED, evaluate_targets
from analysis.reach.probability import share_in_words
from model import load_model
from model.definition import variables_by_name
from model.files.atomic import replaced
from model.files.pictures import is_whole
from scenarios import Target, load_scenarios, load_targets, shipped_scenarios

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
FIGURE = ROOT / "docs" / "images" / "answer.png"
RESIDENT, REGISTERED = "target.urbanization.resident.2025", "target.urbanization.registered.2025"
LAST_YEAR = 2035
#: What no published source gives of 2020, and the start of every answer about registration depends on.
LATENT = ("UNREGISTERED RESIDENTS 2020", "REGISTERED URBAN SHARE 2020", "TALENT ALREADY RESIDENT SHARE")

#: By constant and value assumed: a rate in percent by target and scenario.
Rates = dict[tuple[str, float], dict[tuple[str, str], float]]


def run_scenarios(members: xr.Dataset) -> figures.Material:
    """Every shipped scenario over the members, with the variables of the targets."""
    city, targets = load_model(), load_targets()
    wanted = list(dict.fromkeys(target.variable for target in targets.values() if target.variable))
    chosen = {scenario.name: scenario for scenario in load_scenarios(shipped_scenarios())}
    runs = {
        name: condensed(city.run(scenario.settings(members), outputs=wanted), wanted)
        for name, scenario in chosen.items()
    }
    facts = {name: manifest(scenario, "compiled", members) for name, scenario in chosen.items()}
    return figures.gather(chosen, runs, list(targets.values()), facts)


def answer(material: figures.Material, rates: Rates, language: str) -> str:
    """The answer in one paragraph, in Chinese or in English; `rates` are those of `latent_rates`."""
    targets = {target.id: target for target in material.targets}
    table = evaluate_targets(material.targets, material.runs)
    zh = language == "zh"
    count = material.runs["plan"].sizes["member"]
    sentences = []
    for scenario in ("plan", "baseline"):
        title = material.scenarios[scenario].title[language]
        own = table[table["scenario"] == scenario].set_index("target")
        resident, registered = (_against(targets[name], own.loc[name], count, zh) for name in (RESIDENT, REGISTERED))
        run = material.runs[scenario]
        ends = [_percent(_value(targets[name], run, LAST_YEAR)) for name in (RESIDENT, REGISTERED)]
        reached, modelled = (own["reached"] == "yes").sum(), (own["reached"] != NOT_MODELLED).sum()
        sentences.append(
            f"**{title}**：2025年常住人口城镇化率{resident}；户籍人口城镇化率{registered}。{LAST_YEAR}年两率的中位数为"
            f"{ends[0]}%和{ends[1]}%。模型计算的{modelled}个目标按中位数达到{reached}个。"
            if zh
            else f"**{title}:** the resident urbanization rate of 2025 is {resident}; the registered rate"
            f" is {registered}. In {LAST_YEAR} their medians are {ends[0]} % and {ends[1]} %. Of the {modelled} targets"
            f" that the model computes, {reached} are reached in the median."
        )
    best = [_best(material, table[table["target"] == name], count, zh) for name in (RESIDENT, REGISTERED)]
    total, tracked = len(material.scenarios), sum(not target.modelled for target in material.targets)
    plan = [row[REGISTERED, "plan"] for row in rates.values()]
    sentences.append(
        f"{total}个情景中，2025年常住目标的达标概率{best[0]}；户籍目标的达标概率{best[1]}。"
        f"2020年户籍人口城镇化率和非户籍常住人口没有查到公布值，逐一取其范围两端时，规划情景2025年户籍率的中位数为"
        f"{min(plan):.1f}%至{max(plan):.1f}%。规划的另外{tracked}个目标没有模拟。概率是{count}组与2010—2020年观测相符的参数中"
        f"达到目标的比例，以模型、先验范围和情景政策不变为前提。"
        if zh
        else f"Of {total} scenarios, the probability of the resident target of 2025 is {best[0]}; that of the"
        f" registered one is {best[1]}. The registered urban share and the number of unregistered residents of 2020"
        f" were not found: at the ends of their ranges, one at a time, the median of the plan's registered rate of 2025"
        f" lies between {min(plan):.1f} and {max(plan):.1f} %. The plan's other {tracked} targets are not modelled. A"
        f" probability is the share of {count} parameter sets that the observations of 2010-2020 support; it is"
        " conditional on the model, the priors and unchanged policies."
    )
    return "\n\n".join(sentences)


def latent_rates(members: xr.Dataset) -> Rates:
    """Medians of both rates of 2025 at three values of each of `LATENT`, set in every member, one at a time."""
    city, targets, variables = load_model(), load_targets(), variables_by_name()
    judged = [targets[REGISTERED], targets[RESIDENT]]
    rates: Rates = {}
    for name in LATENT:
        variable = variables[name]
        own = None if variable.default is None else float(variable.default)
        for value in (variable.low, own, variable.high):
            if value is None:
                continue
            for scenario in load_scenarios(["baseline", "plan"]):
                outputs = [str(target.variable) for target in judged]
                run = city.run({**scenario.settings(members), name: value}, outputs=outputs)
                row = rates.setdefault((name, value), {})
                for target in judged:
                    row[target.id, scenario.name] = _value(target, run, target.year)
    return rates


def latent_table(rates: Rates) -> str:
    """The rates of `latent_rates` as a Markdown table."""
    lines = [
        "| assumed for 2020 | registered rate 2025, baseline | plan | resident rate 2025, baseline | plan |",
        "|---|---|---|---|---|",
    ]
    columns = [(target, scenario) for target in (REGISTERED, RESIDENT) for scenario in ("baseline", "plan")]
    for (name, value), row in rates.items():
        lines.append(f"| `{name}` {value:,.10g} | " + " | ".join(f"{row[column]:.1f} %" for column in columns) + " |")
    return "\n".join(lines)


def _value(target: Target, run: xr.Dataset, year: int) -> float:
    return float(quantile(run[target.variable].sel(time=year), 0.5)) / target.factor


def _percent(value: float) -> str:
    return f"{value:.1f}"


def _against(target: Target, row: Any, members: int, zh: bool) -> str:
    """A target's value in its year, how far that is from the threshold, how likely, and when it is reached."""
    value, low, high = (_percent(row[name]) for name in ("median", "p05", "p95"))
    far = f"{abs(row['margin']):.1f}"
    odds, when = (
        share_in_words(round(row["probability"] * members), members, "zh" if zh else "en"),
        row["year_reached_median"],
    )
    if zh:
        year = f"{LAST_YEAR}年前中位数达不到" if pd.isna(when) else f"中位数{when:.0f}年底首次达到"
        side = "高" if row["margin"] >= 0 else "低"
        return (
            f"中位数为{value}%（90%区间{low}%—{high}%），比目标{target.threshold:g}%{side}{far}个百分点，"
            f"按期达到的概率{odds}，{year}"
        )
    year = f"not by {LAST_YEAR}" if pd.isna(when) else f"in the median at the end of {when:.0f}"
    side = "above" if row["margin"] >= 0 else "below"
    return (
        f"{value} % in the median (90 % interval {low} to {high}), {far} points {side} the target of"
        f" {target.threshold:g} %, which is reached in time with a probability of {odds} and first {year}"
    )


def _best(material: figures.Material, rows: pd.DataFrame, members: int, zh: bool) -> str:
    """The highest probability among the scenarios and whose it is."""
    most = rows["probability"].max()
    titles = [
        material.scenarios[name].title["zh" if zh else "en"]
        for name in rows.loc[rows["probability"] == most, "scenario"]
    ]
    odds = share_in_words(round(most * members), members, "zh" if zh else "en")
    if most == 0:
        return f"都{odds}" if zh else f"{odds} in all of them"
    return f"最高{odds}，属于{'、'.join(titles)}" if zh else f"at most {odds}, under {'; '.join(titles)}"


def filled(text: str, blocks: Mapping[str, str]) -> str:
    r"""A text with each block put between its marks.

    Raises
    ------
    ValueError
        If a mark is missing.

    Examples
    --------
    >>> filled("<!-- sum -->\n3\n<!-- end sum -->", {"sum": "4"})
    '<!-- sum -->\n4\n<!-- end sum -->'
    """
    for name, block in blocks.items():
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"\n<!-- end {name} -->")
        if not end:
            msg = f"no block {name!r} in the text"
            raise ValueError(msg)
        text = before + start + block + end + after
    return text


def described(image: Path) -> str:
    """What a figure says of itself, written into it by `figures.save`; nothing where there is none, or no whole one."""
    if not is_whole(image):
        return ""
    with Image.open(image) as opened:
        return str(opened.info.get("Description", ""))


def write(members: xr.Dataset, *, check: bool = False) -> bool:
    """Write figure and blocks, or only look whether they are up to date.

    Parameters
    ----------
    members
        Parameter sets of the calibrated ensemble, dim ``member``.
    check
        Write nothing.

    Returns
    -------
    bool
        Whether README and figure already held what this ensemble gives.
    """
    material, rates = run_scenarios(members), latent_rates(members)
    blocks = {f"answer {language}": answer(material, rates, language) for language in figures.LANGUAGES}
    old = README.read_text(encoding="utf-8")
    new = filled(old, {**blocks, "latent": latent_table(rates)})
    fresh = old == new and described(FIGURE) == blocks["answer en"]
    if not check:
        with replaced(README) as partial:
            partial.write_text(new, encoding="utf-8")
        figures.save(figures.comparison(material, "urbanization_rates", "zh"), FIGURE, blocks["answer en"])
    return fresh
