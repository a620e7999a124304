"""Whether what a briefing was made from is still there, so that it can be made again and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from analysis.briefing.evidence import BriefingError
from scenarios import ScenarioError, load_scenario

#: Facts without which a briefing cannot be made again.
NEEDED: Final = ("scenario", "scenarios", "members", "language", "model_hash", "posterior_hash", "targets_hash")
#: Facts that must be the same now, and what they are of.
DECISIVE: Final = {
    "model_hash": "the model",
    "posterior_hash": "the calibrated ensemble (posterior)",
    "targets_hash": "the list of targets",
}
#: Facts that may change a number; the numbers are compared all the same.
TELLING: Final = {"code_hash": "the program", "briefing_hash": "the wording of briefings", "versions": "the libraries"}


def scenarios_of(manifest: Mapping[str, str], given: str | None = None) -> list[str]:
    """Return the scenarios that a briefing speaks of, as names or paths.

    Parameters
    ----------
    manifest
        Of the file.
    given
        Path of the scenario that the briefing is about, where it is not among those shipped.

    Raises
    ------
    BriefingError
        If one of them is not there any more, or has been changed since.

    Examples
    --------
    >>> scenarios_of({"scenario": "plan", "scenarios": "baseline 0"})
    Traceback (most recent call last):
    ...
    analysis.briefing.evidence.BriefingError: ...
    """
    problems, names = [], []
    for entry in manifest["scenarios"].split(", "):
        name, _, known = entry.rpartition(" ")
        source = given if given is not None and name == manifest["scenario"] else name
        try:
            now = load_scenario(source)
        except ScenarioError as error:
            problems.append(f"scenario {name} is not there any more ({error}); a file of your own: --scenario PATH")
            continue
        if now.hash != known:
            problems.append(f"scenario {name} has been changed since ({known} then, {now.hash} now)")
        names.append(source)
    if problems:
        raise BriefingError(refusal(problems))
    return names


def members_of(manifest: Mapping[str, str]) -> int:
    """Return how many members a briefing was made with.

    Raises
    ------
    BriefingError
        If the manifest lacks a fact without which the briefing cannot be made again.

    Examples
    --------
    >>> members_of({**dict.fromkeys(NEEDED, "1"), "members": "200"})
    200
    """
    problems = [f"its manifest does not tell {name}" for name in NEEDED if not manifest.get(name)]
    if not problems and not (manifest["members"].isdecimal() and int(manifest["members"]) > 1):
        problems.append(f"its manifest tells {manifest['members']!r} as the number of members")
    if problems:
        raise BriefingError(refusal(problems))
    return int(manifest["members"])


def refuse_changed(then: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Refuse to compare where the model, the ensemble or the targets are not those of the briefing.

    Parameters
    ----------
    then, now
        The manifest of the file, and of what would be made now.

    Raises
    ------
    BriefingError
        Naming all that has changed.

    Examples
    --------
    >>> refuse_changed({"model_hash": "1"}, {"model_hash": "1"})
    """
    if problems := changed(then, now):
        raise BriefingError(refusal(problems))


def changed(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return what has changed since, so that a comparison would say nothing.

    Examples
    --------
    >>> changed({"model_hash": "1"}, {"model_hash": "2"})
    ['the model has been changed since (1 then, 2 now)']
    """
    return [
        f"{what} has been changed since ({then[fact]} then, {now[fact]} now)"
        for fact, what in DECISIVE.items()
        if fact in then and fact in now and then[fact] != now[fact]
    ]


def told(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return what has changed besides, in words, which may be why a number differs.

    Examples
    --------
    >>> told({"versions": "numpy 1"}, {"versions": "numpy 2"})
    ['the libraries changed since: numpy 1 then, numpy 2 now']
    """
    return [
        f"{what} changed since: {then.get(fact, 'not told')} then, {now[fact]} now"
        for fact, what in TELLING.items()
        if fact in now and then.get(fact) != now[fact]
    ]


def refusal(problems: Iterable[str]) -> str:
    """Return why a briefing cannot be verified, with what to do.

    Examples
    --------
    >>> refusal(["the model has been changed since"]).splitlines()[0]
    'The briefing cannot be verified:'
    """
    lines = "\n".join(f" * {problem}" for problem in problems)
    return f"The briefing cannot be verified:\n{lines}\nMake it anew with: python run_scenarios.py brief"
