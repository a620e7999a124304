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
from analysis.assessment.reweighting import ForecastError, Reweighting, chance, log_likelihood, reweight
from model.definition import variables_by_name
from model.engine.errors import near

#: Below this probability something is called unlikely to be chance.
UNLIKELY: Final = 0.05
#: Why a series is used or not, with the words for it.
REASONS: Final = {
    "agrees": {"zh": "与预测相符", "en": "agrees with the forecast"},
    "definition": {"zh": "口径与模型不同", "en": "is not what the model means"},
    "contradicts": {"zh": "与预测矛盾", "en": "contradicts the forecast"},
    "together": {
        "zh": "单独看相符，与其他指标合起来不相符",
        "en": "agrees by itself, but not together with the others",
    },
    "put in": {"zh": "按要求使用（--with）", "en": "is used as asked for (--with)"},
    "taken out": {"zh": "按要求不用（--without）", "en": "is left out as asked for (--without)"},
}


@dataclass(frozen=True)
class DefinitionMismatch:
    """A published series that counts something else than the model's variable of that name.

    Attributes
    ----------
    left_out
        Whether it is left out unless it is asked for; else it is used while it agrees, with a word of caution.
    zh, en
        What the difference is.
    """

    left_out: bool
    zh: str
    en: str


#: Source: the statistics of the public security registers, in which births and deaths are counted when they are
#: declared; declared deaths of 2022 hold many of earlier years.
DEFINITION_MISMATCHES: Final = {
    "registered deaths": DefinitionMismatch(
        True,
        "公布的户籍死亡人口按申报（注销户口）统计，户口清理会把往年的死亡计入清理当年；模型计算的是当年实际死亡",
        "published deaths are counted when they are declared, and cleanings of the register put deaths of earlier "
        "years into one; the model means deaths of the year itself",
    ),
    "registered births": DefinitionMismatch(
        False,
        "公布的户籍出生人口按申报（登记户口）统计，含以前年份的补报；模型计算的是当年实际出生",
        "published births are counted when they are declared, late ones of earlier years among them; the model means "
        "births of the year itself",
    ),
}


@dataclass(frozen=True)
class SeriesJudgement:
    """Which series are used.

    Attributes
    ----------
    table
        One row per series: ``chance`` of a course no likelier by itself, ``agrees``, ``used``, ``reason`` (a key of
        `REASONS`), ``pareto_k`` and ``effective_size`` of an update by it alone; and under ``other_`` what the update
        becomes when a used series is left out or an unused one is put in: ``pareto_k``, ``effective_size``,
        ``accepted``, ``chance``, and the target whose probability it changes most (``target``, ``change``).
    used
        Names of the series the update is made from, in the order of the observations.
    """

    table: pd.DataFrame
    used: tuple[str, ...]


def chosen_series(
    observed: Iterable[str], forced_in: Sequence[str] = (), forced_out: Sequence[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the series that must and must not be used, by the model's name or its Chinese term.

    Raises
    ------
    AssessmentError
        Naming every one that is not observed or stands on both sides, and if nothing would be left.

    Examples
    --------
    >>> chosen_series(["residents"], ["residents"])
    (('residents',), ())
    """
    names = list(dict.fromkeys(observed))
    known = variables_by_name()
    terms = {known[name].term: name for name in names if name in known and known[name].term}
    mistakes, found = [], []
    for flag, wanted in (("--with", forced_in), ("--without", forced_out)):
        sure = [terms.get(name.strip(), name.strip()) for name in wanted]
        mistakes += [
            f"{flag} {name!r}: not a series of the observations."
            + (near(name, [*names, *terms]) or f" They have: {', '.join(names)}.")
            for name in sure
            if name not in names
        ]
        found.append(tuple(dict.fromkeys(name for name in sure if name in names)))
    inside, outside = found
    mistakes += [f"{name!r} is asked for by both --with and --without" for name in inside if name in outside]
    if not mistakes and set(names) <= set(outside):
        mistakes.append("--without names every series; at least one must be left")
    if mistakes:
        message = "The series cannot be chosen:\n" + "\n".join(f" * {mistake}" for mistake in mistakes)
        raise AssessmentError(message)
    return inside, outside


def judge_series(
    observations: pd.DataFrame,
    forecast: xr.Dataset,
    simulated: xr.Dataset,
    errors: Mapping[str, ForecastError],
    same: npt.NDArray[np.intp],
    probabilities: Callable[[Reweighting | None], pd.Series],
    forced_in: Collection[str] = (),
    forced_out: Collection[str] = (),
) -> SeriesJudgement:
    """Judge each series by itself, choose those that agree, and leave each out (or put it in) once.

    Parameters
    ----------
    observations, forecast, simulated, errors
        As for `analysis.assessment.study.assess`.
    same
        As from `analysis.assessment.reweighting.twins`.
    probabilities
        Of every target, by id; not a number where there is no update or it cannot be trusted.
    forced_in, forced_out
        Series that are used or left out whatever they say.

    Returns
    -------
    SeriesJudgement
        Series that agree one by one may contradict the forecast together; then the one without which the others agree
        best is left out, until they do.
    """
    names = [str(name) for name in dict.fromkeys(observations["variable"])]
    likelihood = log_likelihood(observations, simulated, errors)

    def update(chosen: Collection[str]) -> Reweighting | None:
        own = [name for name in names if name in chosen]
        return reweight(likelihood.sel(variable=own).sum("variable").to_numpy(), same) if own else None

    def together(chosen: Collection[str]) -> float:
        own = observations[observations["variable"].isin(list(chosen))]
        return chance(own, forecast, simulated, errors) if len(own) else float("nan")

    alone = {name: together([name]) for name in names}
    # So many series are looked at that one of them seems unlikely by chance.
    agrees = {name: probability >= UNLIKELY / len(names) for name, probability in alone.items()}
    reasons = {name: _reason(name, agrees[name], forced_in, forced_out) for name in names}
    used = [name for name in names if reasons[name] in ("agrees", "put in")]
    # What is put in against its own word must not cost the others their place.
    judged = [name for name in used if agrees[name]]
    while len(judged) > 1 and together(judged) < UNLIKELY:
        free = [name for name in judged if reasons[name] == "agrees"]
        if not free:
            break
        worst = max(free, key=lambda name: together([other for other in judged if other != name]))
        reasons[worst] = "together"
        judged.remove(worst)
        used.remove(worst)
    whole = probabilities(update(used))
    rows = []
    for name in names:
        single = update([name])
        assert single is not None
        changed = [other for other in names if (other in used) != (other == name)]
        other = update(changed)
        change = (probabilities(other) - whole).dropna()
        furthest = str(change.abs().idxmax()) if len(change) else ""
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
                "other_target": furthest,
                "other_change": float(change[furthest]) if furthest else np.nan,
            }
        )
    return SeriesJudgement(pd.DataFrame(rows), tuple(used))


def _reason(name: str, agrees: bool, forced_in: Collection[str], forced_out: Collection[str]) -> str:
    if name in forced_in:
        return "put in"
    if name in forced_out:
        return "taken out"
    if name in DEFINITION_MISMATCHES and DEFINITION_MISMATCHES[name].left_out:
        return "definition"
    return "agrees" if agrees else "contradicts"
