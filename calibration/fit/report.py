"""The fit report of an ensemble: what was fitted, what was learnt, what was not, and the forecast."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from calibration.fit.calibrate import CONVERGED, ENOUGH, LEARNT, Calibration, Effort, fit_table, learnt_table
from calibration.fit.forecast import forecast_table
from calibration.fit.later_record import MEAN_ONLY, NOT_IN_FILE, NOT_USED
from calibration.fit.sampler import SUPERCHAINS
from model.files.atomic import replaced
from model.files.markdown import markdown_table

#: Years of the forecast that the report prints, those after the last seen.
PRINTED_YEARS: Final = (2021, 2022, 2023, 2024, 2025, 2026, 2030, 2035)
#: What the index is of.
PRICE_INDEX: Final = "The house price index is of existing homes, 100 at the end of 2020; there is none of new homes."


def write_report(calibration: Calibration, effort: Effort) -> None:
    """Write the fit report, whole or not at all."""
    with replaced(calibration.evidence.report) as partial:
        partial.write_text(report(calibration, effort), encoding="utf-8", newline="\n")


def report(calibration: Calibration, effort: Effort) -> str:
    """The fit report as Markdown."""
    learnt = learnt_table(calibration)
    known, unknown = learnt[learnt["learnt"]], learnt[~learnt["learnt"]]
    failed = known[(known["rhat"] >= CONVERGED) | (known["ess"] <= ENOUGH)]
    facts = calibration.members.attrs
    evidence = calibration.evidence
    parts = [
        f"# Calibration: what 2010-{evidence} says about the parameters",
        f"Written by `{evidence.remedy}`; nothing here is typed by hand. "
        f"Model {facts['model_hash']}, priors {facts['priors_hash']}, data {facts['data_hash']}, seed {facts['seed']}; "
        f"{facts['data_vintage']}.",
        "The history run from the census of 2010 is compared with the census of 2020 and the yearly record, and its "
        "end with the state from which the policy run of the same parameters starts. Errors are those of measurement, "
        "by grade, and of what the model leaves out, by series, which in yearly series last some years "
        "(`calibration/fit/likelihood.py`). Priors stand in `calibration/fit/priors.yaml`.",
        *_later(calibration),
        "## Best fits",
        _best_fits(calibration),
        "## Fit by series",
        "Root mean square of the deviations in units of their errors: 1 is as far off as the errors say, far below 1 "
        "means that the errors are generous or that free parameters follow the series.",
        _table(fit_table(calibration), {"best fit": "{:.2f}", "members": "{:.2f}"}),
        "## Sampling",
        f"{effort.chains} chains in {SUPERCHAINS} groups, each group from one point far from the others; "
        f"{effort.steps:,} steps after {effort.warm_up:,} thrown away, every {effort.thin}th kept; a chain moves in "
        f"{100 * calibration.draws.accepted:.0f} % of its steps. "
        f"Largest nested R-hat of the {len(known)} learnt parameters "
        f"{known['rhat'].max():.4f} (wanted below {CONVERGED}), smallest bulk effective sample size "
        f"{known['ess'].min():,.0f} (wanted above {ENOUGH}); of all {len(learnt)}, {learnt['rhat'].max():.4f} and "
        f"{learnt['ess'].min():,.0f}. "
        + ("All learnt parameters meet both." if failed.empty else f"Not met by: {', '.join(failed['parameter'])}."),
        f"## Learnt: posterior narrower than {LEARNT:g} of the prior",
        _parameters(known.sort_values("ratio")),
        "## Not learnt: the posterior equals the prior, or nearly",
        "The ratio of the posterior's to the prior's standard deviation follows each name. Results that rest on these "
        "rest on judgement.",
        ", ".join(f"{row.parameter} ({row.ratio:.2f})" for row in unknown.itertuples()) + ".",
        "## Baseline forecast",
        "Median and 90 % interval, what the model leaves out included (`calibration/fit/forecast.py`). "
        f"The stored table is `calibration/{evidence.forecast.name}`. " + PRICE_INDEX,
        _forecast(forecast_table(calibration.predicted)),
    ]
    return "\n\n".join(parts) + "\n"


def _later(calibration: Calibration) -> list[str]:
    """What was published after 2020, what members say of it, and what is not used; nothing for the record to 2020."""
    if (later := calibration.problem.later) is None:
        return []
    rows = []
    for one in later.published:
        simulated = calibration.simulated[one.variable].sel(time=list(one.years))
        values = simulated.transpose("member", "time").to_numpy() @ one.weights.T
        low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
        names = [str(year) for year in one.years] if len(one.years) == one.values.size else ["mean"]
        sizes = np.sqrt(np.diag(one.covariance))
        for k, name in enumerate(names):
            away = np.log(one.values[k] / middle[k]) / sizes[k]
            band = f"{number(middle[k])} ({number(low[k])} to {number(high[k])})"
            rows.append([one.variable, name, number(one.values[k]), band, f"{away:+.1f}", one.grade])
    header = ["series", "year", "published", "members, median (90 %)", "deviation", "grade"]
    left_out = MEAN_ONLY | NOT_USED | NOT_IN_FILE
    return [
        "## The record of 2021-2023",
        "Added to the record to 2020: `observed_2021_2023.csv` of the city against the policy run from the census of "
        "2020, with the levers of `policies_2021_2023.yaml`. Dated events that no lever explains are "
        "latent, with priors of their own (`calibration/fit/events.yaml`), and stand among the parameters below. The "
        "deviation is in units of its error.",
        markdown_table(header, rows),
        "Levels, flows and rates of the registered are tied by an account: their errors are taken as independent, "
        "which counts what they share more than once.",
        "Not used, or not as single years:",
        "\n".join(f"- {name}: {why}." for name, why in left_out.items()),
    ]


def _best_fits(calibration: Calibration) -> str:
    best, *others = calibration.fits
    text = (
        f"{len(calibration.fits)} starts by least squares end at half the sum of squares "
        f"{', '.join(f'{fit.cost:.2f}' for fit in calibration.fits)}, of which {best.misfit:.2f} at the best is "
        "misfit to the observations and the rest distance from the priors."
    )
    if others:
        gap = max(float(np.abs(fit.point - best.point).max()) for fit in others)
        text += f" Parameters differ between these optima by at most {gap:.2f} standard deviations of their priors."
    return text


def _parameters(table: pd.DataFrame) -> str:
    shown = pd.DataFrame(
        {
            "parameter": table["parameter"],
            "unit": table["unit"],
            "prior median (90 %)": _interval(table, "prior_median", "prior_p05", "prior_p95"),
            "posterior median (90 %)": _interval(table, "posterior_median", "posterior_p05", "posterior_p95"),
            "ratio": table["ratio"].map("{:.2f}".format),
            "R-hat": table["rhat"].map("{:.4f}".format),
            "size": table["ess"].map("{:,.0f}".format),
        }
    )
    return _table(shown, {})


def _forecast(table: pd.DataFrame) -> str:
    chosen = table[table["year"].isin(PRINTED_YEARS)].copy()
    chosen["shown"] = _interval(chosen, "median", "p05", "p95")
    wide = chosen.pivot(index=["variable", "unit"], columns="year", values="shown")
    order = list(dict.fromkeys(zip(table["variable"], table["unit"], strict=True)))
    return _table(wide.loc[order].reset_index(), {})


def _interval(table: pd.DataFrame, middle: str, low: str, high: str) -> pd.Series:
    return pd.Series(
        [
            f"{number(m)} ({number(a)} to {number(b)})"
            for m, a, b in zip(table[middle], table[low], table[high], strict=True)
        ],
        index=table.index,
    )


def number(value: float) -> str:
    """Four significant digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def _table(table: pd.DataFrame, formats: dict[str, str]) -> str:
    rows = [
        [formats.get(str(name), "{}").format(value) for name, value in record.items()]
        for record in table.to_dict("records")
    ]
    return markdown_table(table.columns.map(str).tolist(), rows)
