"""The words and tables of ``docs/calibration_studies.md``, from the results of the studies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from calibration.fit.calibrate import LEARNT, SEED
from calibration.fit.ensemble_runs import Headline, headlines, standard_points
from calibration.fit.likelihood import Array
from calibration.fit.priors import Priors, priors_hash
from calibration.fit.report import number
from calibration.observations import data_hash
from calibration.studies.equifinality import (
    EQUALLY_GOOD,
    FLIPS,
    flips,
    orders,
    pinned_combinations,
    pinned_count,
    reached_shares,
)
from calibration.studies.leave_one_out import DRAWS, GREATEST_K, SCENARIOS, largest
from calibration.studies.synthetic_truth import LEVELS, PROJECTED, coverage_table, suspect_parameters
from model.definition import model_hash
from model.files.markdown import markdown_table

#: Shares of intervals of nominal 90 % that count as calibrated.
WANTED: Final = (0.85, 0.95)
#: Scenarios whose medians are this close, in percentage points, are alike for any purpose.
ALIKE: Final = 0.05
#: Above this ratio of posterior to prior nothing is learnt; between it and `LEARNT` a little.
NOTHING: Final = 0.95


def coverage_text(results: pd.DataFrame, seed: int) -> str:
    """Print the coverage of experiments with synthetic truth."""
    count = results["experiment"].nunique()
    table = coverage_table(results)
    share = float(table.loc[table["quantity"] == "parameters learnt", "90 %"].iloc[0])
    met = "met" if WANTED[0] <= share <= WANTED[1] else "not met"
    learnt = results[results["kind"] == "learnt"]
    often = int((learnt.groupby("quantity").size() >= count / 2).sum())
    suspect = suspect_parameters(results).to_dict("records")
    by_name = ": " + ", ".join(f"{row['quantity']} ({percent(row['share'])})" for row in suspect) if suspect else ""
    projections = table[~table["quantity"].str.startswith("parameters")]
    outside = projections.query("low > 0.9 or high < 0.9")["quantity"].tolist()
    verdict = f"Chance alone does not explain: {', '.join(outside)}." if outside else "All agree with 90 %."
    shares = [f"{level:.0%}".replace("%", " %") for level in LEVELS]
    rows = [
        [row["quantity"], f"{row['intervals']:,}", *(percent(row[name]) for name in shares),
         f"{percent(row['low'])} to {percent(row['high'])}"]
        for row in table.to_dict("records")
    ]  # fmt: skip
    header = ["quantity", "intervals", *(f"in the {name} interval" for name in shares), "95 % interval"]
    return "\n\n".join([
        "## Synthetic truth: do intervals hold what they should?",
        _facts(seed),
        f"{count} times: a truth is drawn from the prior, the history run with it is observed at the real places with "
        "draws of the stated errors, the model is fitted to that from the middle of the prior, and intervals are taken "
        "from the Gaussian at the best fit, cut off by the constraints between parameters. The ensemble itself is "
        "sampled, not Gaussian: this tests errors, linearity and code, and the sampler only in that both agree "
        "(see Equifinality).",
        f"90 % intervals of the parameters that are learnt (posterior narrower than {LEARNT:g} of the prior, "
        f"{len(learnt) / count:.0f} of them in an experiment) hold the truth in **{percent(share)}** of cases; wanted "
        f"are {100 * WANTED[0]:.0f} to {100 * WANTED[1]:.0f} %: {met}.",
        markdown_table(header, rows),
        f"Projections are the baseline at the end of {PROJECTED:g}. {verdict} Their intervals are exact binomial ones; "
        "those of parameters are of the mean over experiments, as parameters of one experiment share their data.",
        f"Of {often} parameters learnt in at least half of the experiments, {len(suspect)} have a coverage that chance "
        f"explains with a probability below 0.01, about {often / 100:.1f} would by chance{by_name}.",
    ])  # fmt: skip


def leave_out_text(moves: pd.DataFrame, members: xr.Dataset, seed: int) -> str:
    """Print how far each series moves medians and probabilities."""
    names = list(dict.fromkeys(moves["series"]))
    refitted = moves.loc[moves["way"] == "refit", "series"].nunique()
    top = [
        [row["series"], row["headline"], row["scenario"], number(row["median"]), f"{row['moved']:+.3g}",
         f"{row['deviations']:+.2f}"]
        for row in largest(moves, 10).to_dict("records")
    ]  # fmt: skip
    parts = [
        "## Leave one series out: what each series decides",
        _facts(seed, members),
        "Each series is left out in turn, and then each group of series that tell of the same thing. In "
        f"{len(names) - refitted} cases the members could be re-weighted (Pareto k at most {GREATEST_K}). In the other "
        f"{refitted} a few members would have carried all weight, so the model was fitted anew and {DRAWS:,} draws of "
        "the Gaussians at both best fits were compared; medians then carry an error of about 0.05 standard deviations.",
        "Largest moves of a median, in standard deviations over the members:",
        markdown_table(["left out", "headline", "scenario", "median with all", "moves by", "standard deviations"], top),
    ]
    for scenario in SCENARIOS:
        parts += _moves(moves[moves["scenario"] == scenario], scenario, names)
    return "\n\n".join(parts)


def _moves(own: pd.DataFrame, scenario: str, names: Sequence[str]) -> list[str]:
    chosen = headlines()
    cells = {(row["series"], row["headline"]): row for row in own.to_dict("records")}
    with_all = {item.label: cells[_by_weights(own, names), item.label] for item in chosen}
    rows = [["*median with all series*", "", *(number(with_all[item.label]["median"]) for item in chosen)]]
    for name in names:
        one = cells[name, chosen[0].label]
        moved = [f"{cells[name, item.label]['moved']:+.3g}" for item in chosen]
        rows.append([name, f"{one['way']} ({one['k']:.2f})", *moved])
    parts = [
        f"### {scenario.capitalize()}: moves of the median, in the plan's unit",
        markdown_table(["left out", "way (k)", *(item.label for item in chosen)], rows),
    ]
    judged = [item.label for item in chosen if item.has_threshold]
    moving = [label for label in judged if max(abs(cells[name, label]["probability_moved"]) for name in names) >= 0.01]
    if moving:
        first = ["*probability with all series*", *(percent(with_all[label]["probability"]) for label in moving)]
        rows = [
            [name, *(f"{100 * cells[name, label]['probability_moved']:+.0f}" for label in moving)] for name in names
        ]
        parts += [
            f"### {scenario.capitalize()}: moves of the probability of reaching the target, in percentage points",
            markdown_table(["left out", *moving], [first, *rows]),
        ]
    still = [f"{label} ({percent(with_all[label]['probability'])})" for label in judged if label not in moving]
    if still:
        parts.append(f"Within one point of what all series say, whatever is left out: {', '.join(still)}.")
    return parts


def _by_weights(own: pd.DataFrame, names: Sequence[str]) -> str:
    """A series whose row tells the ensemble's own median, not that of a Gaussian."""
    weighted = own.loc[own["way"] == "weights", "series"].tolist()
    return str(weighted[0]) if weighted else names[0]


def pinned_text(priors: Priors, stored: xr.Dataset, slope: Array, gaussian: Array) -> list[str]:
    """Print which parameters and combinations the data pin: stored members beside the Gaussian at the best fit."""
    labels = priors.labels
    ratio = standard_points(priors, stored).std(axis=0)
    # Constraints between parameters narrow some priors before any data speak.
    before = priors.draw(4000, np.random.default_rng(SEED)).std(axis=0)
    learnt = ratio < LEARNT
    order = np.argsort(ratio)
    grouped: dict[str, list[float]] = {}
    for index in order[learnt[order]]:
        grouped.setdefault(labels[index].partition(" [")[0], []).append(float(ratio[index]))
    words = [
        f"{name} ({ratios[0]:.2f})" if len(ratios) == 1
        else f"{name} ({len(ratios)} elements, {min(ratios):.2f} to {max(ratios):.2f})"
        for name, ratios in grouped.items()
    ]  # fmt: skip
    by_constraint = [labels[index] for index in order if learnt[index] and ratio[index] > NOTHING * before[index]]
    differences = np.abs(ratio / gaussian - 1)
    farthest = [index for index in np.argsort(differences)[::-1] if learnt[index]][:5]
    wider = ", ".join(f"{labels[index]} ({100 * (ratio[index] / gaussian[index] - 1):+.0f} %)" for index in farthest)
    count, effective = pinned_count(slope)
    little = int(((ratio >= LEARNT) & (ratio < NOTHING)).sum())
    parts = [
        "### What the data pin",
        f"Of {len(labels)} parameters {int(learnt.sum())} are learnt (narrower than {LEARNT:g} of the prior), {little} "
        f"a little (up to {NOTHING:g}) and {int((ratio >= NOTHING).sum())} not at all: there the posterior is "
        "the prior. Learnt, with the ratio of the posterior's to the prior's standard deviation:",
        "; ".join(words) + ".",
        "Standard deviations over the members and in the Gaussian at the best fit differ by "
        f"{100 * np.median(differences):.0f} % in the median; of those learnt most for {wider}.",
        f"Data pin combinations rather than single parameters: {count} independent combinations are known better from "
        f"the data than from the prior, worth {effective:.0f} parameters in all. Those known best, with loadings on "
        "the standard scale; the last column is the share of the prior's standard deviation that is left:",
        markdown_table(
            ["combination", "share of the whole", "left"],
            [[row["loadings"], percent(row["share"]), f"{row['deviation']:.3f}"]
             for row in pinned_combinations(slope, labels).to_dict("records")],
        ),
    ]  # fmt: skip
    if by_constraint:
        names = ", ".join(by_constraint)
        parts.insert(3, f"Narrow by the constraints between parameters, hardly by data: {names}.")
    return parts


def conclusions_text(values: xr.DataArray, misfit: Array) -> list[str]:
    """Print which targets and rankings flip among equally good members."""
    chosen = headlines()
    shares = reached_shares(values, chosen)
    open_ones = []
    for label in shares:
        unsure = shares[label][flips(shares[label])]
        if len(unsure):
            where = "all scenarios" if len(unsure) == len(shares) else ", ".join(map(str, unsure.index))
            open_ones.append(f"{label} under {where} ({percent(unsure.min())} to {percent(unsure.max())})")
    rows = [[str(name), *map(percent, row)] for name, row in zip(shares.index, shares.to_numpy(), strict=True)]
    parts = [
        "### Which conclusions flip",
        f"{values.sizes['member']} members whose misfit lies in its central {100 * EQUALLY_GOOD:.0f} % "
        f"({misfit.min():.0f} to {misfit.max():.0f}, half the sum of squared deviations) count as equally good. A "
        f"conclusion is open when at least {100 * FLIPS:.0f} % of them contradict it.",
        "**Targets.** Share of these members that reach each:",
        markdown_table(["scenario", *shares.columns], rows),
        f"Open: {'; '.join(open_ones)}." if open_ones else "None is open.",
    ]
    for item in chosen:
        if "urbanization rate" in str(item.target.variable):
            parts += _ranking(values.sel(headline=item.label), item)
    return parts


def _ranking(values: xr.DataArray, item: Headline) -> list[str]:
    ranking = orders(values)
    unsure = ranking[flips(ranking["share"])]
    shown = unsure[unsure["gap"] >= ALIKE].to_dict("records")
    medians = values.median("member").to_series().sort_values(ascending=False, kind="stable")
    listed = ", ".join(f"{name} ({median:.1f})" for name, median in medians.items())
    rows = [[row["ahead"], row["behind"], percent(row["share"]), f"{row['gap']:.2f}"] for row in shown]
    rest = "; every other order holds in at least 95 % of the members"
    alike = f", {len(unsure) - len(shown)} of them less than {ALIKE:g} points apart and not listed"
    parts = [
        f"**Ranking by {item.label}**, best first by the median in percent: {listed}.",
        f"Of {len(ranking)} pairs {len(unsure)} are open{alike if len(shown) < len(unsure) else ''}{rest}"
        + (":" if shown else "."),
    ]
    if shown:
        parts.append(markdown_table(["ahead in the median", "behind", "members with this order", "gap [points]"], rows))
    return parts


def equifinality_text(members: xr.Dataset, parts: Sequence[str]) -> str:
    """Put the parts of the study together."""
    return "\n\n".join(
        ["## Equifinality: what equally good fits agree on, and what not", _facts(None, members), *parts]
    )


def with_part(page: str, name: str, text: str) -> str:
    """Put one study's part into the page, in the place of its older one if there is any."""
    part = f"<!-- {name} -->\n{text.strip()}\n<!-- end {name} -->"
    old = re.compile(rf"<!-- {re.escape(name)} -->\n.*?\n<!-- end {re.escape(name)} -->", re.DOTALL)
    if old.search(page):
        return old.sub(lambda _: part, page)
    return f"{page.rstrip()}\n\n{part}\n"


def percent(value: float) -> str:
    """A share in percent.

    Examples
    --------
    >>> percent(0.8837), percent(1.0)
    ('88.4 %', '100 %')
    """
    return f"{100 * value:.0f} %" if value < 0.0005 or value > 0.9995 else f"{100 * value:.1f} %"


def _facts(seed: int | None, members: xr.Dataset | None = None) -> str:
    facts = f"Model {model_hash()}, priors {priors_hash()}, data {data_hash()}"
    facts += "" if seed is None else f", seed {seed}"
    facts += (
        "" if members is None else f", ensemble of {members.sizes['member']} members of seed {members.attrs['seed']}"
    )
    return facts + "."
