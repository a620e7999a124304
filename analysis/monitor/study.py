"""Each indicator of the plan: its latest observation, the forecast, its status by the rules, and since when."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.assessment.memory import NOT_JUDGED
from analysis.assessment.observations import read_stored_forecast
from analysis.monitor.observations import Observation, key, place_in
from analysis.outcome.ensembles import by_member
from analysis.outcome.targets import Judgement, judge
from calibration.fit.evidence import Evidence
from calibration.fit.forecast import QUANTILES
from model.definition import model_hash
from model.files.atomic import metadata_of
from scenarios import Target, is_reached
from scenarios.monitor import NO_DATA, Monitor, Observed, Rule, Standing, Status

#: The levels of the bands that are drawn and judged by.
LEVELS: Final[Mapping[str, float]] = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}


@dataclass(frozen=True)
class Band:
    """The middle and the 90 % band of a forecast of one year, in the plan's unit."""

    year: int
    low: float
    median: float
    high: float
    #: The record that the forecast had seen.
    seen: int


@dataclass(frozen=True)
class Indicator:
    """One row of the page."""

    target: Target
    observation: Observation | None
    #: Of the year of the observation, made before it.
    expected: Band | None
    #: Of the year of the target.
    forecast: Band | None
    probability: float | None
    #: Members that the probability is the share of; 0 where an assessment gives it.
    members: int
    #: Of the observation in `expected`: 0 at the worse end.
    place: float | None
    status: Status
    rule: Rule | None
    #: The year since when it has had this status; None where it has none.
    since: int | None
    #: Whether nothing earlier is known, so that it may have been so before.
    since_start: bool


@dataclass(frozen=True)
class Assessed:
    """The probabilities that the latest kept assessment gives, which has seen newer data than the ensemble."""

    data_to: int
    probabilities: Mapping[str, float]


def monitor_indicators(
    targets: Mapping[str, Target],
    observed: Mapping[str, Sequence[Observation]],
    run: xr.Dataset,
    rules: Monitor,
    kept: pd.DataFrame,
    evidence: Evidence,
    scenario: str,
    assessed: Assessed | None = None,
) -> list[Indicator]:
    """Judge every indicator.

    Parameters
    ----------
    targets
        Those of the plan, by id.
    observed
        As from `analysis.monitor.observations.read_observed`.
    run
        The targets' variables with dims ``run`` and ``time``.
    rules
        As from `scenarios.monitor.load_monitor`.
    kept
        Assessments, as from `analysis.assessment.memory.read_assessments`.
    evidence
        What the members have seen.
    scenario
        Name of the scenario that the run is of.
    assessed
        Newer probabilities, as from `latest_assessment`.
    """
    results = by_member(run)
    history = kept[(kept["scenario"] == scenario) & (kept["course"] != NOT_JUDGED)]
    # A city may have the record to 2020 alone.
    known = [one for one in Evidence if all(file.is_file() for file in one.later_files)]
    stored = {one: read_stored_forecast(one.forecast) for one in known}
    return [
        _indicator(target, observed.get(key(target), ()), results, rules, history, evidence, stored, assessed)
        for target in targets.values()
    ]


def latest_assessment(folder: Path, scenario: str, evidence: Evidence) -> Assessed | None:
    """Return the newest assessment of these members under a scenario, if it was made with the present model.

    Examples
    --------
    >>> latest_assessment(Path("no_such_folder"), "baseline", Evidence.TO_2023) is None
    True
    """
    newest: Assessed | None = None
    for file in sorted(folder.glob(f"{scenario}_evidence_{evidence}_data_to_*.csv")) if folder.is_dir() else []:
        made_from: Mapping[str, str] = {}
        with suppress(OSError, ValueError, KeyError, IndexError, TypeError):
            made_from = json.loads(metadata_of(file).read_text(encoding="utf-8"))["notes"][0]["made from"]
        if made_from.get("model_hash") != model_hash():
            continue
        # `read_assessments` has checked every file of the folder by now.
        table = pd.read_csv(file)
        judged = table[table["course"] != NOT_JUDGED].set_index("target")["probability_after"]
        data_to = int(table["data_to"].max())
        if len(judged) and data_to > evidence.last_year and (newest is None or data_to >= newest.data_to):
            newest = Assessed(data_to, {str(name): float(value) for name, value in judged.items()})
    return newest


def _indicator(
    target: Target,
    observations: Sequence[Observation],
    run: xr.Dataset,
    rules: Monitor,
    history: pd.DataFrame,
    evidence: Evidence,
    stored: Mapping[Evidence, pd.DataFrame],
    assessed: Assessed | None,
) -> Indicator:
    judgement = None if target.variable is None else judge(target, run[target.variable])
    newest = None if judgement is None else judgement.probability
    # The last year from which anything is known of it.
    last = max([evidence.last_year if judgement else 0, *(one.year for one in observations)])
    if assessed is not None and target.id in assessed.probabilities:
        newest, last = assessed.probabilities[target.id], max(last, assessed.data_to)

    def standing(year: int, probability: float | None) -> Standing:
        known = [one for one in observations if one.year <= year]
        if not known:
            return Standing(None, probability, None)
        _, place = _expected(target, known[-1], run, rules, evidence, stored)
        return Standing(_observed(target, known[-1]), probability, place)

    now = standing(last, newest)
    status, rule = rules.judge(now)
    course = _probabilities(history[history["target"] == target.id]) if judgement is not None else {}
    years = sorted(({*course} if judgement is not None else {one.year for one in observations}) - {last})
    past = [(year, rules.judge(standing(year, course.get(year)))[0]) for year in years if year < last]
    since, start = _since(status, [*past, (last, status)])
    observation = observations[-1] if observations else None
    expected, place = (None, None) if observation is None else _expected(
        target, observation, run, rules, evidence, stored
    )  # fmt: skip
    return Indicator(
        target=target,
        observation=observation,
        expected=expected,
        forecast=None if judgement is None else _band(judgement, target.year, evidence),
        probability=newest,
        members=0 if judgement is None or newest != judgement.probability else judgement.members,
        place=place,
        status=status,
        rule=rule,
        since=None if status == NO_DATA else since,
        since_start=start,
    )


def _observed(target: Target, observation: Observation) -> Observed:
    margin = float(
        target.limit - observation.value if target.comparison == "at most" else observation.value - target.limit
    )
    if is_reached(margin):
        return "reached"
    return "missed" if observation.year >= target.year else "short"


def _expected(
    target: Target,
    observation: Observation,
    run: xr.Dataset,
    rules: Monitor,
    evidence: Evidence,
    stored: Mapping[Evidence, pd.DataFrame],
) -> tuple[Band | None, float | None]:
    """The forecast of an observation, and its place there: one stored before it was known, or that of the members."""
    if observation.series:
        made = [one for one in stored if one.last_year < observation.year]
        if not made:
            return None, None
        seen = max(made, key=lambda one: one.last_year)
        table = stored[seen]
        row = table[(table["variable"] == observation.series) & (table["year"] == observation.year)]
        if row.empty:
            return None, None
        size = rules.series[target.variable or ""].factor / target.factor
        levels = {LEVELS[name]: float(row[name].iloc[0]) * size for name in QUANTILES}
        return _from_levels(levels, observation, target, seen.last_year)
    if target.variable is None or observation.year <= evidence.last_year:
        return None, None
    value = run[target.variable].sel(time=observation.year).to_numpy() / target.factor
    levels = {level: float(np.quantile(value, level)) for level in LEVELS.values()}
    return _from_levels(levels, observation, target, evidence.last_year)


def _from_levels(
    levels: Mapping[float, float], observation: Observation, target: Target, seen: int
) -> tuple[Band, float]:
    band = Band(observation.year, levels[0.05], levels[0.5], levels[0.95], seen)
    return band, place_in(observation.value, levels, target)


def _band(judgement: Judgement, year: int, evidence: Evidence) -> Band:
    return Band(year, judgement.low, judgement.median, judgement.high, evidence.last_year)


def _probabilities(history: pd.DataFrame) -> dict[int, float]:
    """What was thought of a target at the end of each year that an assessment speaks of; the last one counts."""
    course: dict[int, float] = {}
    for row in history.to_dict("records"):
        course.setdefault(int(row["evidence"]), float(row["probability_before"]))
        course[int(row["data_to"])] = float(row["probability_after"])
    return course


def _since(status: str, course: Sequence[tuple[int, str]]) -> tuple[int, bool]:
    """The first year of the unbroken row of the present status, and whether nothing earlier is known."""
    first = len(course) - 1
    while first > 0 and course[first - 1][1] == status:
        first -= 1
    return course[first][0], first == 0
