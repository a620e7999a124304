"""The README's answer, worked out anew: ``python -m analysis.answer [--check]``.

Writes the figure ``docs/images/answer.png`` and the parts of the README between ``<!-- name -->`` and
``<!-- end name -->``, from one run of every shipped scenario and a few runs over what is not known of 2020.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import xarray as xr
from PIL import Image

from analysis import figures
from analysis.target_table import NOT_MODELLED, evaluate_targets, first_year_reached
from model import load_model
from model.definition import MODEL_FILE, model_hash, variables_by_name
from scenarios import Target, load_scenarios, load_targets, shipped_scenarios

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FIGURE = ROOT / "docs" / "images" / "answer.png"
RESIDENT, REGISTERED = "target.urbanization.resident.2025", "target.urbanization.registered.2025"
LAST_YEAR = 2035
#: What no published source gives of 2020, and the start of every answer about registration depends on.
LATENT = ("UNREGISTERED RESIDENTS 2020", "REGISTERED URBAN SHARE 2020", "TALENT ALREADY RESIDENT SHARE")

#: By constant and value assumed: a rate in percent by target and scenario.
Rates = dict[tuple[str, float], dict[tuple[str, str], float]]


def run_scenarios() -> figures.Material:
    """One run of every shipped scenario, with the variables of the targets."""
    city, targets = load_model(), load_targets()
    wanted = dict.fromkeys(target.variable for target in targets.values() if target.variable)
    chosen = {scenario.name: scenario for scenario in load_scenarios(shipped_scenarios())}
    runs = {name: city.run(scenario.settings(), outputs=wanted) for name, scenario in chosen.items()}
    return figures.Material(chosen, runs, list(targets.values()), MODEL_FILE.name, model_hash())


def answer(material: figures.Material, rates: Rates, language: str) -> str:
    """The answer in one paragraph, in Chinese or in English; `rates` are those of `latent_rates`."""
    targets = {target.id: target for target in material.targets}
    table = evaluate_targets(material.targets, material.runs)
    zh = language == "zh"
    sentences = []
    for scenario in ("plan", "baseline"):
        run, title = material.runs[scenario], material.scenarios[scenario].title[language]
        resident, registered = (_against(targets[name], run, zh) for name in (RESIDENT, REGISTERED))
        own = table[table["scenario"] == scenario]
        ends = [_percent(targets[name], run, LAST_YEAR) for name in (RESIDENT, REGISTERED)]
        reached, modelled = (own["reached"] == "yes").sum(), (own["reached"] != NOT_MODELLED).sum()
        sentences.append(
            f"**{title}**：2025年常住人口城镇化率{resident}；户籍人口城镇化率{registered}。{LAST_YEAR}年两率为"
            f"{ends[0]}%和{ends[1]}%。模型计算的{modelled}个目标达到{reached}个。"
            if zh
            else f"**{title}:** the resident urbanization rate of 2025 is {resident}; the registered rate"
            f" is {registered}. In {LAST_YEAR} they are {ends[0]} % and {ends[1]} %. Of the {modelled} targets that the"
            f" model computes, {reached} are reached."
        )
    counts = [
        _names(material, table[(table["target"] == name) & (table["reached"] == "yes")], zh)
        for name in (RESIDENT, REGISTERED)
    ]
    total, tracked = len(material.scenarios), sum(not target.modelled for target in material.targets)
    plan = [row[REGISTERED, "plan"] for row in rates.values()]
    sentences.append(
        f"{total}个情景中，达到2025年常住目标的：{counts[0]}；达到户籍目标的：{counts[1]}。"
        f"2020年户籍人口城镇化率和非户籍常住人口没有查到公布值，在其取值范围内，规划情景2025年的户籍率为{min(plan):.1f}%至{max(plan):.1f}%。"
        f"规划的另外{tracked}个目标没有模拟。**每个情景只运行一次，参数是初步拟合值：这些数字不表示概率。**"
        if zh
        else f"Of {total} scenarios, these reach the resident target of 2025: {counts[0]}; the registered one:"
        f" {counts[1]}. The registered urban share and the number of unregistered residents of 2020 were not found:"
        f" over their ranges the plan's registered rate of 2025 lies between {min(plan):.1f} and {max(plan):.1f} %."
        f" The plan's other {tracked} targets are not modelled."
        " **Each scenario is one run with first-fit values: these numbers imply no probability.**"
    )
    return "\n".join(sentences)


def latent_rates() -> Rates:
    """Both rates of 2025 at the lowest, the model's and the highest value of each of `LATENT`, one at a time."""
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
                run = city.run(
                    {**scenario.settings(), name: value}, outputs=[str(target.variable) for target in judged]
                )
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
    return float(run[target.variable].sel(time=year)) / target.factor


def _percent(target: Target, run: xr.Dataset, year: int) -> str:
    return f"{_value(target, run, year):.1f}"


def _against(target: Target, run: xr.Dataset, zh: bool) -> str:
    """A target's value in its year, how far that is from the threshold, and when the threshold is reached."""
    series = run[target.variable]
    margin = float(target.margin(series.sel(time=target.year)))
    year = float(first_year_reached(target, series))
    value, far = _percent(target, run, target.year), f"{abs(margin):.1f}"
    if zh:
        when = f"{LAST_YEAR}年前达不到" if pd.isna(year) else f"{year:g}年底首次达到"
        return f"为{value}%，比目标{target.threshold:g}%{'高' if margin >= 0 else '低'}{far}个百分点（{when}）"
    when = f"not reached by {LAST_YEAR}" if pd.isna(year) else f"first reached at the end of {year:g}"
    side = "above" if margin >= 0 else "below"
    return f"{value} %, {far} points {side} the target of {target.threshold:g} % ({when})"


def _names(material: figures.Material, reached: pd.DataFrame, zh: bool) -> str:
    titles = [material.scenarios[name].title["zh" if zh else "en"] for name in reached["scenario"]]
    return ("、" if zh else ", ").join(titles) or ("无" if zh else "none")


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
    """What a figure says of itself, written into it by `figures.save`; nothing where there is none."""
    if not image.exists():
        return ""
    with Image.open(image) as opened:
        return str(opened.info.get("Description", ""))


def main() -> int:
    """Write figure and blocks, or say with ``--check`` whether the README is up to date."""
    parser = argparse.ArgumentParser(prog="python -m analysis.answer", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the README is stale")
    check = parser.parse_args().check
    material, rates = run_scenarios(), latent_rates()
    blocks = {f"answer {language}": answer(material, rates, language) for language in figures.LANGUAGES}
    old = README.read_text(encoding="utf-8")
    new = filled(old, {**blocks, "latent": latent_table(rates)})
    if check:
        fresh = old == new and described(FIGURE) == blocks["answer en"]
        if not fresh:
            print("README.md or docs/images/answer.png does not match the model: run `make docs`", file=sys.stderr)
        return int(not fresh)
    README.write_text(new, encoding="utf-8")
    figures.save(figures.comparison(material, "urbanization_rates", "zh"), FIGURE, blocks["answer en"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
