"""Assessments of earlier years, kept in a folder, and since when they say that a target slips."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd

from analysis.assessment.study import Assessment
from analysis.assessment.words import say
from model.engine.errors import UserError
from model.files.atomic import write_csv
from model.files.strict_files import read_number, read_table, refusal, shown

#: What an assessment as a whole is told apart by.
OF_ASSESSMENT: Final = ("assessed_on", "data_to", "evidence", "scenario")
COLUMNS: Final = (
    *OF_ASSESSMENT, "target", "title_zh", "title_en", "year", "probability_before", "probability_after", "course",
    "known_since",
)  # fmt: skip
YEARS: Final = ("data_to", "evidence", "year")
#: Courses on which a target is not likely to be reached, and others.
SLIPS: Final = frozenset({"slipping", "unlikely from the start"})
JUDGED: Final = SLIPS | {"on course", "now likely", "about even"}
NOT_JUDGED: Final = "not updated"
#: Facts of an assessment: where all of them are the same, so is the assessment.
ASKED: Final = ("scenario_hash", "posterior_hash", "observations_hash", "series_put_in", "series_left_out")


def read_assessments(folder: Path) -> pd.DataFrame:
    """Read all assessments that a folder keeps.

    Parameters
    ----------
    folder
        As filled by `keep`; a folder that is not there keeps none.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, one row for each target of each assessment, the first assessment first.

    Raises
    ------
    UserError
        Naming each file that is not such a table, with its row and the fault.

    Examples
    --------
    >>> read_assessments(Path("no_such_folder")).empty
    True
    """
    parts, problems = [], {}
    for file in sorted(folder.glob("*.csv")) if folder.is_dir() else []:
        table, mistakes = read_table(file)
        if table is not None:
            missing = [f"header: column {name!r} is missing" for name in COLUMNS if name not in table.columns]
            mistakes = missing or [
                f"row {number}: {what}"
                for number, row in zip(table.index, table.to_dict("records"), strict=True)
                for what in _mistakes({str(name): cell for name, cell in row.items()})
            ]
        if table is None or mistakes:
            problems[file.name] = [*mistakes, "Bring the file back as it was, or take it out of the folder."]
        else:
            parts.append(_typed(table[list(COLUMNS)]))
    if problems:
        raise UserError(refusal(problems))
    kept = pd.concat(parts) if parts else _typed(pd.DataFrame(columns=list(COLUMNS), dtype=str))
    return kept.sort_values(["assessed_on", "data_to"], kind="stable").reset_index(drop=True)


def as_record(assessment: Assessment, evidence: int, scenario: str, today: date) -> pd.DataFrame:
    """Return what is kept of an assessment: `COLUMNS`, one row for each target."""
    targets = assessment.targets.assign(
        assessed_on=today.isoformat(),
        data_to=int(assessment.points["year"].max()),
        evidence=evidence,
        scenario=scenario,
    )
    return targets[list(COLUMNS)]


def keep(record: pd.DataFrame, folder: Path, facts: Mapping[str, str]) -> Path:
    """Write an assessment into the folder, unless one of the same observations, members and scenario is there.

    Parameters
    ----------
    record
        As from `as_record`.
    facts
        What has to be known to make the assessment again; `ASKED` among them.

    Returns
    -------
    pathlib.Path
        The file that holds the assessment. The day of the first time stays.
    """
    data_to, evidence, scenario = (record[name].iloc[0] for name in OF_ASSESSMENT[1:])
    asked = hashlib.sha256(repr([facts.get(name, "") for name in ASKED]).encode()).hexdigest()[:8]
    file = folder / f"{scenario}_evidence_{evidence}_data_to_{data_to}_{asked}.csv"
    if not file.is_file():
        write_csv(str(record.to_csv(index=False, lineterminator="\n")), file, facts)
    return file


def since_when(kept: pd.DataFrame, record: pd.DataFrame) -> pd.DataFrame:
    """Say for each target since which assessment it has been judged to slip, without a break.

    Parameters
    ----------
    kept
        Earlier assessments, as from `read_assessments`. Those of other scenarios are passed over.
    record
        The present one, as from `as_record`.

    Returns
    -------
    pandas.DataFrame
        Index target; ``slips`` now, ``since`` and ``data_to``, the day and the last year of the data of the first
        assessment of the unbroken row, ``times`` in that row, and ``slipped_before`` for a target that was judged to
        slip last time and is not now. Assessments that could not judge break nothing.
    """
    rows = []
    earlier = kept[(kept["scenario"] == record["scenario"].iloc[0]) & (kept["course"] != NOT_JUDGED)]
    for now in record[record["course"] != NOT_JUDGED].to_dict("records"):
        before = earlier[earlier["target"] == now["target"]]
        slipped = before["course"].isin(SLIPS)
        if now["course"] in SLIPS:
            unbroken = [*before[slipped[::-1].cummin()[::-1]].to_dict("records"), now]
            first = unbroken[0]
            rows.append((now["target"], True, first["assessed_on"], int(first["data_to"]), len(unbroken), False))
        else:
            rows.append((now["target"], False, "", 0, 0, bool(slipped.tail(1).any())))
    columns = ["target", "slips", "since", "data_to", "times", "slipped_before"]
    return pd.DataFrame(rows, columns=columns).set_index("target")


def sentences_on_memory(language: str, kept: pd.DataFrame, record: pd.DataFrame) -> tuple[str, ...]:
    """Say how many assessments came before, and which targets slip since when or no longer.

    A target that was unlikely from the start is not named: no assessment found that out.
    """
    earlier = kept[kept["scenario"] == record["scenario"].iloc[0]]
    count = len(earlier[list(OF_ASSESSMENT)].drop_duplicates())
    if not count:
        return (say("first assessment", language),)
    lines = [say("earlier assessments", language, count=count, first=earlier["assessed_on"].min())]
    told = since_when(kept, record)
    for row in record[record["target"].isin(told.index)].to_dict("records"):
        course = told.loc[row["target"]]
        named = {"title": row[f"title_{language}"], "year": row["year"]}
        if row["course"] == "slipping" and course["times"] > 1:
            facts = {name: course[name] for name in ("since", "data_to", "times")}
            lines.append(say("slipping in a row", language, **named, **facts))
        elif course["slipped_before"]:
            lines.append(say("slips no longer", language, **named))
    return tuple(lines)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    numbers = {name: table[name].map(read_number).astype(float) for name in ("probability_before", "probability_after")}
    years = {name: table[name].map(read_number).astype(float).astype("Int64") for name in (*YEARS, "known_since")}
    return table.assign(**numbers, **years)


def _mistakes(row: Mapping[str, str]) -> list[str]:
    """What is wrong with a row of a file that is kept."""
    mistakes = [
        f"{name!r} holds {shown(row[name])}, no year" for name in YEARS if not re.fullmatch(r"\d{4}", row[name])
    ]
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["assessed_on"]):
        mistakes.append(f"'assessed_on' holds {shown(row['assessed_on'])}, no day as 2026-03-01")
    if row["course"] not in JUDGED | {NOT_JUDGED}:
        mistakes.append(f"'course' holds {shown(row['course'])}, none of {', '.join(sorted(JUDGED | {NOT_JUDGED}))}")
    return mistakes
