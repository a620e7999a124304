"""Which newer series agree with the forecast, and what the update becomes without each of them or with it.

A series that contradicts the forecast must not take the others with it: each is judged by itself, those that agree
are used together, and each is left out (or put in) once to show what hangs on it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from analysis.assessment.observations import AssessmentError
from analysis.assessment.reweighting import ForecastError, Reweighting, log_likelihood, reweight, tail_probability
from model.definition import variables_by_name
from model.engine.errors import near

#: Observations less probable than this contradict the forecast.
UNLIKELY: Final = 0.05
#: Published series that count something else than the model's variable of that name, and whether they are left out
#: unless they are put in; ``words.yaml`` says what differs. Source: the statistics of the public security registers, in
#: which births and deaths are counted when they are declared; declared deaths of 2022 hold many of earlier years.
DEFINITION_DIFFERS: Final = {"registered deaths": True, "registered births": False}


@dataclass(frozen=True)
class SeriesSelection:
    """Which series are used."""

    #: One row per series: ``chance`` (`tail_probability` of the series by itself), ``agrees``, ``used``, ``reason``
    #: (its words are in ``words.yaml``), ``pareto_k`` and ``effective_size`` of an update by it alone; and under
    #: ``other_`` what the update becomes when a used series is left out or an unused one is put in: ``pareto_k``,
    #: ``effective_size``, ``accepted``, ``chance``, and the target whose probability it changes most (``target``,
    #: ``change``).
    table: pd.DataFrame
    #: Names of the series the update is made from, in the order of the observations.
    used: tuple[str, ...]


def chosen_series(
    observed: Iterable[str], forced_in: Sequence[str] = (), forced_out: Sequence[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the series that must and must not be used, by the model's name or its Chinese term.

    Refused are those not observed or on both sides, and if nothing would be left.

    Examples
    --------
    >>> chosen_series(["residents"], ["residents"])
    (('residents',), ())
    """
    names = list(dict.fromkeys(observed))
    known = variables_by_name()
    terms = {known[name].term: name for name in names if name in known and known[name].term}
    mistakes, chosen = [], []
    for flag, wanted in (("--with", forced_in), ("--without", forced_out)):
        known_as = [terms.get(name.strip(), name.strip()) for name in wanted]
        mistakes += [
            f"{flag} {name!r}: not a series of the observations."
            + (near(name, [*names, *terms]) or f" They have: {', '.join(names)}.")
            for name in known_as
            if name not in names
        ]
        chosen.append(tuple(dict.fromkeys(name for name in known_as if name in names)))
    inside, outside = chosen
    mistakes += [f"{name!r} is asked for by both --with and --without" for name in inside if name in outside]
    if not mistakes and set(names) <= set(outside):
        mistakes.append("--without names every series; at least one must be left")
    if mistakes:
        message = "The series cannot be chosen:\n" + "\n".join(f" * {mistake}" for mistake in mistakes)
        raise AssessmentError(message)
    return inside, outside


def select_series(
    observations: pd.DataFrame,
    forecast: xr.Dataset,
    simulated: xr.Dataset,
    errors: Mapping[str, ForecastError],
    duplicates: npt.NDArray[np.intp],
    probabilities: Callable[[Reweighting | None], pd.Series],
    forced_in: Collection[str] = (),
    forced_out: Collection[str] = (),
) -> SeriesSelection:
    """Judge each series by itself, choose those that agree, and leave each out (or put it in) once.

    Series that agree one by one may contradict the forecast together; then the one without which the others agree best
    is left out, until they do. Observations, runs and errors are as for `analysis.assessment.study.assess`;
    `probabilities` gives that of every target by id, NaN where there is no update or it cannot be trusted.
    """
    names = [str(name) for name in dict.fromkeys(observations["variable"])]
    likelihood = log_likelihood(observations, simulated, errors)

    def update(chosen: Collection[str]) -> Reweighting | None:
        own = [name for name in names if name in chosen]
        return reweight(likelihood.sel(variable=own).sum("variable").to_numpy(), duplicates) if own else None

    def together(chosen: Collection[str]) -> float:
        own = observations[observations["variable"].isin(list(chosen))]
        return tail_probability(own, forecast, simulated, errors) if len(own) else float("nan")

    alone = {name: together([name]) for name in names}
    # So many series are looked at that one of them seems unlikely by chance.
    agrees = {name: probability >= UNLIKELY / len(names) for name, probability in alone.items()}
    reasons = {name: _reason(name, agrees[name], forced_in, forced_out) for name in names}
    used = [name for name in names if reasons[name] in ("agrees", "put in")]
    # A series that is put in although it contradicts must not cost the others their place.
    consistent = [name for name in used if agrees[name]]
    while len(consistent) > 1 and together(consistent) < UNLIKELY:
        free = [name for name in consistent if reasons[name] == "agrees"]
        if not free:
            break
        worst = max(free, key=lambda name: together([other for other in consistent if other != name]))
        reasons[worst] = "together"
        consistent.remove(worst)
        used.remove(worst)
    whole = probabilities(update(used))
    rows = []
    for name in names:
        single = update([name])
        assert single is not None
        changed = [other for other in names if (other in used) != (other == name)]
        other = update(changed)
        change = (probabilities(other) - whole).dropna()
        most_changed = str(change.abs().idxmax()) if len(change) else ""
        rows.append(
            {
                "variable": name,
                "points": int((observations["variable"] == name).sum()),
                "chance": alone[name],
                "agrees": agrees[name],
                "used": name in used,
                "reason": reasons[name],
                "pareto_k": single.pareto_k,
                "effective_size": single.effective_size,
                "accepted": single.accepted,
                "other_pareto_k": np.nan if other is None else other.pareto_k,
                "other_effective_size": np.nan if other is None else other.effective_size,
                "other_accepted": other is not None and other.accepted,
                "other_chance": together(changed),
                "other_target": most_changed,
                "other_change": float(change[most_changed]) if most_changed else np.nan,
            }
        )
    return SeriesSelection(pd.DataFrame(rows), tuple(used))


def _reason(name: str, agrees: bool, forced_in: Collection[str], forced_out: Collection[str]) -> str:
    if name in forced_in:
        return "put in"
    if name in forced_out:
        return "taken out"
    if DEFINITION_DIFFERS.get(name):
        return "definition"
    return "agrees" if agrees else "contradicts"
