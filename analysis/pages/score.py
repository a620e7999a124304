"""The forecasts from 2020 against what was published of 2021-2023: the table of ``docs/forecast_score.md``.

Also what was forecast, what happened and what is expected now, in the first lines of README and limits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.assessment.memory import read_assessments
from analysis.assessment.observations import (
    AssessmentError,
    past_series,
    read_newer_observations,
    read_stored_forecast,
)
from analysis.assessment.scores import random_walk_with_drift
from analysis.outcome.words import LANGUAGES
from analysis.pages.blocks import rewrite_blocks
from analysis.pages.causes import causes, causes_table
from analysis.pages.score_chart import update_charts
from analysis.pages.words import say
from calibration.fit.evidence import LATER_FILE, Evidence
from calibration.fit.forecast import QUANTILES
from model import load_model
from model.city import city

Array = npt.NDArray[np.float64]

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "forecast_score.md"
README, LIMITS = ROOT / "README.md", ROOT / "docs" / "limits.md"
#: The last year of what is expected now.
LAST_YEAR: Final = 2035
#: What the statement shows: divisor of the model's unit and form of the number, by language.
_SHOWN: Final = {
    language: {
        "residents": (people, ",.1f" if language == "zh" else ",.2f"),
        "resident urbanization rate": (0.01, ".1f"),
        "registered urbanization rate": (0.01, ".1f"),
        "net registered migration": (migrants, ".1f"),
    }
    for language, people, migrants in (("zh", 1e4, 1e4), ("en", 1e6, 1e3))
}
ASSESSMENTS: Final = city().folder / "calibration" / "assessments"
FIRST_EDITION: Final = city().folder / "calibration" / "forecast_first_edition.csv"
#: Weight of each stored quantile, so that the weighted mean of their scores is the integral over all of them.
WEIGHTS: Final = (0.15, 0.225, 0.25, 0.225, 0.15)


def quantile_score(quantiles: Array, observed: Array) -> Array:
    """Approximate the CRPS of each observation from five quantiles, (observation, quantile), in the unit of the values.

    Notes
    -----
    Twice the integral of the quantile (pinball) score over the levels: Gneiting and Ranjan 2011, Comparing density
    forecasts using threshold- and quantile-weighted scoring rules, Journal of Business and Economic Statistics 29.

    Examples
    --------
    >>> quantile_score(np.array([[2.0] * 5]), np.array([3.0])).round(6).tolist()
    [1.0]
    """
    levels = np.array(list(QUANTILES.values()))
    short = observed[:, None] - quantiles
    pinball = np.where(short >= 0, levels * short, (levels - 1) * short)
    return np.asarray(2 * pinball @ np.array(WEIGHTS))


def score_table(observed: pd.DataFrame, forecasts: dict[str, pd.DataFrame], past: pd.DataFrame) -> pd.DataFrame:
    """Score each forecast by series.

    Returns
    -------
    pandas.DataFrame
        One row for each series and forecast, and for the last value and the drift of the past where there are any:
        ``variable``, ``forecast``, ``values`` (number), ``bias`` (median over observed, percent), ``inside`` (number
        within the 90 % band) and ``score`` (`quantile_score` over the mean observation, percent).
    """
    rows = []
    for variable, table in observed.groupby("variable", sort=False):
        truth, years = table["value"].to_numpy(dtype=float), table["year"].to_numpy()
        for name, forecast in forecasts.items():
            chosen = forecast[forecast["variable"] == variable].set_index("year")
            if chosen.empty:
                continue
            quantiles = chosen.loc[years, list(QUANTILES)].to_numpy(dtype=float)
            rows.append(_row(str(variable), name, quantiles, truth))
        known = past[past["variable"] == variable].sort_values("year")
        if len(known):
            then, values = known["year"].to_numpy(dtype=float), known["value"].to_numpy(dtype=float)
            last = np.full(truth.size, values[-1])
            rows.append(_row(str(variable), "last value", np.repeat(last[:, None], len(QUANTILES), axis=1), truth))
            if len(known) > 1:
                drift = random_walk_with_drift(then, values, years.astype(float))
                rows.append(_row(str(variable), "drift", np.repeat(drift[:, None], len(QUANTILES), axis=1), truth))
    return pd.DataFrame(rows)


def _row(variable: str, forecast: str, quantiles: Array, truth: Array) -> dict[str, object]:
    size = abs(truth).mean()
    return {
        "variable": variable,
        "forecast": forecast,
        "values": truth.size,
        "bias": float(100 * (quantiles[:, 2] - truth).mean() / size),
        "inside": int(((quantiles[:, 0] <= truth) & (truth <= quantiles[:, -1])).sum()),
        "score": float(100 * quantile_score(quantiles, truth).mean() / size),
    }


def tables() -> tuple[pd.DataFrame, dict[str, pd.DataFrame], pd.DataFrame]:
    """Return the record of 2021-2023, both stored forecasts of 2020 by edition, and the record to 2020."""
    editions = {"first": FIRST_EDITION, "second": Evidence.TO_2020.forecast}
    stored = {name: read_stored_forecast(file) for name, file in editions.items()}
    return read_newer_observations(LATER_FILE, stored["second"]), stored, past_series()


def scores() -> pd.DataFrame:
    """Score both stored forecasts of 2020 against the record of 2021-2023, as `score_table` gives it."""
    return score_table(*tables())


def page_table(table: pd.DataFrame) -> str:
    """Write the scores as a Markdown table, one line a series; the lower score of the two editions in bold."""
    lines = [
        "| series | values | bias, %: first / second edition | within 90 %: first / second | score, % of the value: "
        "first / second | last value | drift |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for variable, rows in table.groupby("variable", sort=False):
        by_name = rows.set_index("forecast")
        count = int(by_name["values"].iloc[0])
        editions = [name for name in ("first", "second") if name in by_name.index]
        best = by_name.loc[editions, "score"].idxmin()

        def cells(column: str, form: str, by_name: pd.DataFrame = by_name, best: object = best) -> str:
            shown = []
            for name in ("first", "second"):
                text = "–" if name not in by_name.index else format(by_name.loc[name, column], form)
                shown.append(f"**{text}**" if column == "score" and name == best else text)
            return " / ".join(shown)

        naive = [
            format(float(by_name["score"][name]), ".1f") if name in by_name.index else "–"
            for name in ("last value", "drift")
        ]
        lines.append(
            f"| {variable} | {count} | {cells('bias', '+.1f')} | {cells('inside', 'd')} | {cells('score', '.1f')} | "
            + " | ".join(naive)
            + " |"
        )
    return "\n".join(lines)


def summary(table: pd.DataFrame) -> str:
    """Say in one line in how many series the second edition scores better than the first, and the naive ones."""
    wide = table.pivot(index="variable", columns="forecast", values="score")
    both = wide.dropna(subset=["first", "second"])
    better = int((both["second"] < both["first"]).sum())
    naive = wide[["last value", "drift"]].min(axis=1)
    compared = wide[naive.notna()]
    beats = int((compared["second"] < naive[naive.notna()]).sum())
    second = table[table["forecast"] == "second"]
    inside, values = int(second["inside"].sum()), int(second["values"].sum())
    return (
        f"The second edition scores better than the first in {better} of {len(both)} series, and better than the last "
        f"value and the drift of the past in {beats} of {len(compared)}. Of {values} published values {inside} lie "
        f"within its 90 % band ({100 * inside / values:.0f} %)."
    )


def statement(table: pd.DataFrame, language: str, where: str = "") -> str:
    """Say what was forecast from 2020, what happened, and what the ensemble that has seen 2023 expects."""
    before, now = (read_stored_forecast(evidence.forecast) for evidence in (Evidence.TO_2020, Evidence.TO_2023))
    observed = read_newer_observations(LATER_FILE, before)
    last = int(observed["year"].max())
    gaps: dict[str, object] = {"last": last, "until": LAST_YEAR, "where": where}
    for name, (scale, form) in _SHOWN[language].items():
        key = name.replace(" ", "_")
        gaps[f"{key}_then"] = _band(before, name, last, scale, form, language)
        truth = observed[(observed["variable"] == name) & (observed["year"] == last)]["value"]
        gaps[f"{key}_was"] = format(float(truth.iloc[0]) / scale, form) if len(truth) else ""
        gaps[f"{key}_later"] = _band(now, name, LAST_YEAR, scale, form, language)
    second = table[table["forecast"] == "second"]
    gaps |= {"inside": int(second["inside"].sum()), "values": int(second["values"].sum())}
    return say("forecast and fact", language, **gaps)


def _band(forecast: pd.DataFrame, name: str, year: int, scale: float, form: str, language: str) -> str:
    """A median with its 90 % interval, in a unit."""
    row = forecast[(forecast["variable"] == name) & (forecast["year"] == year)].iloc[0]
    median, low, high = (format(float(row[key]) / scale, form) for key in ("median", "p05", "p95"))
    return f"{median}（{low}—{high}）" if language == "zh" else f"{median} ({low}–{high})"


def target_statement(file: Path | None = None) -> str:
    """Say how the targets fare by the newest assessment of the baseline that is kept, and since when they slip.

    Raises
    ------
    AssessmentError
        If none is kept.
    """
    kept = read_assessments(ASSESSMENTS if file is None else file)
    kept = kept[(kept["scenario"] == "baseline") & (kept["evidence"] == Evidence.TO_2020.last_year)]
    if kept.empty:
        message = f"No assessment of the baseline is kept; make one: assess --observations {LATER_FILE.name}"
        raise AssessmentError(message)
    last = kept[kept["data_to"] == kept["data_to"].max()]
    last = last[last["assessed_on"] == last["assessed_on"].max()]
    counts = ", ".join(f"{course} {count}" for course, count in last["course"].value_counts().items())
    lines = [f"With the record to {last['data_to'].iloc[0]}, of {len(last)} targets that the model computes: {counts}."]
    slipping = last[last["course"] == "slipping"]
    lines += [
        f"{row['title_en']} ({row['year']}): probability {100 * row['probability_before']:.0f} % in the forecast, "
        f"{100 * row['probability_after']:.0f} % now; slipping since the data of {row['known_since']}."
        for row in slipping.to_dict("records")
    ]
    if slipping.empty:
        lines.append("None has begun to slip since 2020: what is unlikely now was unlikely in the forecast already.")
    return " ".join(lines)


def update_page(*, write: bool) -> list[Path]:
    """Compare what is told of the forecasts with what the stored ones give, and write it; return the stale pages."""
    table = scores()
    stale = rewrite_blocks(
        PAGE,
        {
            "summary": summary(table),
            "scores": page_table(table),
            "causes": causes_table(causes(load_model())),
            "targets": target_statement(),
        },
        write=write,
    )
    stale += update_charts(*tables(), write=write)
    for page, where in ((README, "docs/"), (LIMITS, "")):
        told = {f"forecast {language}": statement(table, language, where) for language in LANGUAGES}
        stale += rewrite_blocks(page, told, write=write)
    return stale
