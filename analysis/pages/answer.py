"""The README's answer, worked out anew: ``python -m analysis.pages answer [--check]``.

Writes the figure ``docs/images/answer.png`` and the parts of the README between ``<!-- name -->`` and
``<!-- end name -->``, from the ensemble's runs of every shipped scenario and over what is not known of 2020.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from PIL import Image

from analysis.charts.files import save
from analysis.charts.material import Material, gather
from analysis.charts.trends import comparison
from analysis.command_line import USUAL_MEMBERS
from analysis.outcome.ensembles import condensed, quantile
from analysis.outcome.files import manifest
from analysis.outcome.shares import share_in_words
from analysis.outcome.targets import NOT_MODELLED, evaluate_targets
from analysis.outcome.words import LANGUAGES
from analysis.pages.blocks import rewrite_blocks
from analysis.pages.words import say
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import NEWEST
from model import load_model
from model.definition import model_hash, variables_by_name
from model.files.markdown import markdown_table
from model.files.pictures import is_whole
from scenarios import Target, load_scenarios, load_targets, shipped_scenarios

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
FIGURE = ROOT / "docs" / "images" / "answer.png"
RESIDENT, REGISTERED = "target.urbanization.resident.2025", "target.urbanization.registered.2025"
LAST_YEAR = 2035
#: What no published source gives of 2020, and the start of every answer about registration depends on.
LATENT = ("UNREGISTERED RESIDENTS 2020", "REGISTERED URBAN SHARE 2020", "RURAL RESIDENTS IN TOWN 2020")

#: By constant and value assumed: a rate in percent by target and scenario.
Rates = dict[tuple[str, float], dict[tuple[str, str], float]]


def run_scenarios(members: xr.Dataset) -> Material:
    """Every shipped scenario over the members, with the variables of the targets."""
    city, targets = load_model(), load_targets()
    wanted = list(dict.fromkeys(target.variable for target in targets.values() if target.variable))
    chosen = {scenario.name: scenario for scenario in load_scenarios(shipped_scenarios())}
    runs = {
        name: condensed(city.run(scenario.settings(members), outputs=wanted), wanted)
        for name, scenario in chosen.items()
    }
    facts = {name: manifest(scenario, "compiled", members) for name, scenario in chosen.items()}
    return gather(chosen, runs, list(targets.values()), facts)


def answer(material: Material, rates: Rates, language: str) -> str:
    """Return the answer in three paragraphs, in Chinese or in English; `rates` are those of `latent_rates`."""
    targets = {target.id: target for target in material.targets}
    table = evaluate_targets(material.targets, material.runs)
    members = material.runs["plan"].sizes["member"]
    paragraphs = []
    for scenario in ("plan", "baseline"):
        own = table[table["scenario"] == scenario].set_index("target")
        run = material.runs[scenario]
        gaps = {
            rate: rate_in_words(targets[name], own.loc[name], members, language)
            for rate, name in (("resident", RESIDENT), ("registered", REGISTERED))
        }
        gaps["resident_end"], gaps["registered_end"] = (
            f"{_median(targets[name], run, LAST_YEAR):.1f}" for name in (RESIDENT, REGISTERED)
        )
        rates_of_2025 = say("rates", language, last=LAST_YEAR, **gaps)
        paragraphs.append(_opening(scenario, own, language) + ("" if language == "zh" else " ") + rates_of_2025)
    best = [_best(material, table[table["target"] == name], members, language) for name in (RESIDENT, REGISTERED)]
    plan = [row[REGISTERED, "plan"] for row in rates.values()]
    paragraphs.append(
        say(
            "all scenarios",
            language,
            scenarios=len(material.scenarios),
            resident=best[0],
            registered=best[1],
            low=f"{min(plan):.1f}",
            high=f"{max(plan):.1f}",
            tracked=sum(not target.modelled for target in material.targets),
            members=members,
            seen=NEWEST.last_year,
        )
    )
    return "\n\n".join(paragraphs)


def _opening(scenario: str, own: pd.DataFrame, language: str) -> str:
    """How many of the modelled targets a scenario reaches in time; for the plan after a yes or no."""
    reached, modelled = (own["reached"] == "yes").sum(), (own["reached"] != NOT_MODELLED).sum()
    counts = {"reached": reached, "modelled": modelled}
    if scenario != "plan":
        return say("baseline", language, **counts)
    key = "all reached" if reached == modelled else "some reached" if reached else "none reached"
    return say("plan", language, verdict=say(key, language), **counts)


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
                    row[target.id, scenario.name] = _median(target, run, target.year)
    return rates


def latent_table(rates: Rates) -> str:
    """The rates of `latent_rates` as a Markdown table."""
    header = ["assumed for 2020", "registered rate 2025, baseline", "plan", "resident rate 2025, baseline", "plan"]
    columns = [(target, scenario) for target in (REGISTERED, RESIDENT) for scenario in ("baseline", "plan")]
    rows = (
        [f"`{name}` {value:,.10g}", *(f"{row[column]:.1f} %" for column in columns)]
        for (name, value), row in rates.items()
    )
    return markdown_table(header, rows)


def _median(target: Target, run: xr.Dataset, year: int) -> float:
    return float(quantile(run[target.variable].sel(time=year), 0.5)) / target.factor


def rate_in_words(target: Target, row: Any, members: int, language: str) -> str:
    """Return a target's value in its year, how far that is from the threshold, how likely, and when it is reached."""
    year = row["year_reached_median"]
    return say(
        "above" if row["margin"] >= 0 else "below",
        language,
        **{name: f"{row[column]:.1f}" for name, column in (("median", "median"), ("low", "p05"), ("high", "p95"))},
        gap=f"{abs(row['margin']):.1f}",
        goal=f"{target.threshold:g}",
        probability=share_in_words(round(row["probability"] * members), members, language),
        when=say("not reached", language, last=LAST_YEAR)
        if pd.isna(year)
        else say("reached in", language, year=f"{year:.0f}"),
    )


def _best(material: Material, rows: pd.DataFrame, members: int, language: str) -> str:
    """The highest probability among the scenarios and whose it is."""
    highest = rows["probability"].max()
    probability = share_in_words(round(highest * members), members, language)
    if highest == 0:
        return say("same in all", language, probability=probability)
    best = rows.loc[rows["probability"] == highest, "scenario"]
    titles = say("between titles", language).join(material.scenarios[name].title[language] for name in best)
    return say("highest", language, probability=probability, titles=titles)


def read_description(image: Path) -> str:
    """What a figure says of itself, written into it by `save`; nothing where there is none, or no whole one."""
    if not is_whole(image):
        return ""
    with Image.open(image) as opened:
        return str(opened.info.get("Description", ""))


def update_page(members: xr.Dataset | None = None, *, write: bool) -> list[Path]:
    """Compare the README and its figure with what the ensemble gives, and write them if they differ.

    Returns the files that were out of date; `members` are the first `USUAL_MEMBERS` if left out.
    """
    members = read_members(USUAL_MEMBERS, NEWEST) if members is None else members
    material, rates = run_scenarios(members), latent_rates(members)
    blocks = {f"answer {language}": answer(material, rates, language) for language in LANGUAGES}
    stale = rewrite_blocks(README, {**blocks, "latent": latent_table(rates)}, write=write)
    # The figure prints the fingerprint of the model, which can change while the answer stays.
    description = f"{blocks['answer en']} ({model_hash()})"
    if read_description(FIGURE) != description:
        stale.append(FIGURE)
        if write:
            save(comparison(material, "urbanization_rates", "zh"), FIGURE, description)
    return stale
