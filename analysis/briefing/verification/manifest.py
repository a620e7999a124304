"""What a briefing says that it was made from: whether that is still there, and whether each entry is true."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from analysis.briefing.content import Imprint
from analysis.briefing.request import BriefingError, read_imprint
from analysis.charts.boundaries import Boundaries
from analysis.outcome.words import LANGUAGES
from calibration.fit.evidence import Evidence
from model.city import city
from scenarios import ScenarioError, load_scenario

#: Facts without which a briefing cannot be made again.
NEEDED: Final = (
    "scenario", "scenarios", "members", "evidence", "language", "model_hash", "posterior_hash", "targets_hash",
)  # fmt: skip
#: Facts that must be the same now, and what they are of.
DECISIVE: Final = {
    "model_hash": "the model",
    "posterior_hash": "the calibrated ensemble (posterior)",
    "targets_hash": "the list of targets",
}
#: The hash of the ensemble is that of so many members: nothing shows which of the two is wrong.
MISMATCHED: Final = (
    "its manifest's entries members ({}) and posterior_hash ({}) do not belong together: so many members of the "
    "calibrated ensemble give {} now; one of the two entries was changed, or the ensemble was calibrated anew since"
)
#: Facts of the program itself.
PROGRAM: Final = ("code_hash", "briefing_hash")
#: Letters of a fact that a message quotes.
QUOTED: Final = 60
#: Facts that may differ from machine to machine, and what they are of.
MACHINE: Final = {"versions": "libraries that compute", "written_with": "libraries that write"}
#: Files of the user's that a briefing may speak of, beside those that are shipped.
OWN_FILE: Final = "if it is a file of your own, add --scenario PATH"

_VERSIONS: Final = re.compile(r"[A-Za-z][\w.-]* [0-9][\w.+!-]{0,30}(, [A-Za-z][\w.-]* [0-9][\w.+!-]{0,30})*", re.ASCII)


def scenarios_of(manifest: Mapping[str, str], given: str | None = None) -> list[str]:
    """Return the scenarios that a briefing speaks of; its own by a given path where it is not among those shipped.

    Raises
    ------
    BriefingError
        If one of them is not there any more, or has been changed since.
    """
    problems, names = [], []
    entries = dict(entry.split(" ") for entry in manifest["scenarios"].split(", ") if entry.count(" ") == 1)
    for needed in dict.fromkeys(["baseline", manifest["scenario"]]):
        if needed not in entries:
            problems.append(f"its manifest entry scenarios does not name {needed[:QUOTED]}")
    for name, known in entries.items():
        source = given if given is not None and name == manifest["scenario"] else name
        # A name leads to a shipped scenario only: a file is read where the user names it, not where a briefing does.
        if source == name and not name.replace("_", "").isalnum():
            problems.append(f"its manifest entry scenarios names {name[:QUOTED]!r}, which is no scenario's name")
            continue
        try:
            now = load_scenario(source)
        except ScenarioError as error:
            if source == given:
                problems.append(str(error))
            else:
                problems.append(f"scenario {name[:QUOTED]} is not among those shipped; {OWN_FILE}")
            continue
        if now.name != name:
            problems.append(f"--scenario is {now.name}, the briefing is about {name[:QUOTED]}")
        elif now.hash != known:
            problems.append(f"scenario {name} has been changed since ({known[:QUOTED]} then, {now.hash} now)")
        names.append(source)
    _refuse(problems)
    return names


def members_of(manifest: Mapping[str, str]) -> int:
    """Return how many members a briefing was made with.

    Raises
    ------
    BriefingError
        If the manifest lacks a fact without which the briefing cannot be made again, or states an impossible one.

    Examples
    --------
    >>> members_of({**dict.fromkeys(NEEDED, "1"), "members": "200", "evidence": "2020", "language": "zh"})
    200
    """
    problems = [f"its manifest lacks {name}" for name in NEEDED if not manifest.get(name)]
    if not problems:
        members, language, evidence = (manifest[name] for name in ("members", "language", "evidence"))
        if not re.fullmatch("[1-9][0-9]{0,6}", members) or int(members) < 2:
            problems.append(f"its manifest gives {members[:QUOTED]!r} as the number of members")
        if language not in LANGUAGES:
            known = " and ".join(LANGUAGES)
            problems.append(f"its manifest gives {language[:QUOTED]!r} as its language; a briefing is in {known}")
        if evidence not in tuple(Evidence):
            known = " and ".join(Evidence)
            problems.append(f"its manifest gives {evidence[:QUOTED]!r} as its evidence; there is that of {known}")
    _refuse(problems)
    return int(manifest["members"])


def evidence_of(manifest: Mapping[str, str]) -> Evidence:
    """Return what the ensemble of a briefing had seen; `members_of` has checked the entry."""
    return Evidence(manifest["evidence"])


def imprint_of(manifest: Mapping[str, str]) -> Imprint:
    """Return unit and date of a document, which nothing but the document itself tells."""
    return read_imprint(manifest.get("unit"), manifest.get("dated"))


def refuse_changed(then: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Refuse a file with the manifest `then` where the model, the ensemble or the targets are others `now`.

    Raises
    ------
    BriefingError
        Naming all that has changed.
    """
    _refuse(
        MISMATCHED.format(then.get("members", ""), then[fact][:QUOTED], now[fact])
        if fact == "posterior_hash"
        else f"{what} has been changed since ({then[fact][:QUOTED]} then, {now[fact]} now)"
        for fact, what in DECISIVE.items()
        if fact in then and fact in now and then[fact] != now[fact]
    )


def check_boundaries(then: Mapping[str, str], given: Boundaries | None) -> None:
    """Refuse a file whose map shows other boundaries than those given, or none where some are.

    Raises
    ------
    BriefingError
        Saying what to add, to leave out or to find.
    """
    known, now = then.get("boundaries"), None if given is None else given.hash
    if known is not None and now is None:
        _refuse([f"its map shows boundaries of the user's own ({known[:QUOTED]}): add --boundaries FILE"])
    elif known is None and now is not None:
        _refuse(["its map shows a tile for each district: leave --boundaries out"])
    elif known != now:
        _refuse([f"--boundaries is another file than that of its map ({str(known)[:QUOTED]} then, {now} now)"])


def wrong_facts(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return what a manifest states otherwise than the one of the briefing made again, in words.

    Examples
    --------
    >>> wrong_facts({"seed": "7"}, {"seed": "2020", "engine": "compiled"})
    ["manifest entry seed is '7' and should be '2020'", 'manifest entry engine is missing']
    """
    wrong = []
    for name, should in now.items():
        has = then.get(name)
        if has is None:
            wrong.append(f"manifest entry {name} is missing")
        elif has != should and not (name in MACHINE and _same_libraries(has, should)):
            wrong.append(f"manifest entry {name} is {has[:QUOTED]!r} and should be {should[:QUOTED]!r}")
            if name in PROGRAM:
                wrong[-1] += ": another version of the program wrote it, if this is true; verify it with that version"
    wrong += [f"manifest entry {name[:QUOTED]} was added" for name in then if name not in now]
    if not wrong and list(then) != list(now):
        wrong.append("manifest: its entries stand in another order")
    return wrong


def may_differ(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return which libraries are of other versions than when a file was written, which makes nothing wrong by itself.

    Examples
    --------
    >>> may_differ({"versions": "numpy 1"}, {"versions": "numpy 2"})
    ['Versions of libraries that compute: the file says numpy 1, here it is numpy 2; nothing shows that it was so.']
    """
    return [
        f"Versions of {what}: the file says {_set_apart(then[name], now[name])}, "
        f"here it is {_set_apart(now[name], then[name])}; nothing shows that it was so."
        for name, what in MACHINE.items()
        if name in then and name in now and then[name] != now[name] and _same_libraries(then[name], now[name])
    ]


def _set_apart(these: str, others: str) -> str:
    """Which of these versions the others are not."""
    return ", ".join(version for version in these.split(", ") if version not in others.split(", "))


def _same_libraries(has: str, should: str) -> bool:
    """Return whether two lists state versions of the same libraries."""
    names = [[version.partition(" ")[0] for version in versions.split(", ")] for versions in (has, should)]
    return bool(_VERSIONS.fullmatch(has)) and names[0] == names[1]


def _refuse(problems: Iterable[str]) -> None:
    """Say why a briefing cannot be verified, and what to do; pass where nothing is in the way."""
    if lines := "\n".join(f" * {problem}" for problem in problems):
        remedy = f"Make it anew with: python run_scenarios.py brief{city().option}"
        message = f"The briefing cannot be verified:\n{lines}\n{remedy}"
        raise BriefingError(message)
