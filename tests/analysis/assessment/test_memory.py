"""Assessments are kept, read again, and tell since when a target slips."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.assessment.memory import (
    COLUMNS,
    keep,
    read_assessments,
    sentences_on_memory,
    since_when,
)
from model.engine.errors import UserError

FACTS = {"scenario_hash": "s", "posterior_hash": "p", "observations_hash": "o"}


def record(day, courses, data_to=2022, scenario="baseline"):
    """An assessment that judges each target as told."""
    rows = [
        (day, data_to, 2020, scenario, name, f"{name}目标", f"goal {name}", 2025, 0.7, 0.3, course, 2021)
        for name, course in courses.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def kept_in(folder, *records):
    for number, one in enumerate(records):
        keep(one, folder, FACTS | {"observations_hash": str(number)})
    return read_assessments(folder)


def test_what_is_kept_comes_back_and_is_kept_once(tmp_path):
    first = record("2023-03-01", {"a": "slipping"})
    file = keep(first, tmp_path, FACTS)
    assert keep(record("2024-03-01", {"a": "slipping"}), tmp_path, FACTS) == file
    other = keep(record("2024-03-01", {"a": "slipping"}), tmp_path, FACTS | {"series_left_out": "residents"})
    back = read_assessments(tmp_path)
    assert file != other
    assert back["assessed_on"].tolist() == ["2023-03-01", "2024-03-01"]
    assert back.loc[0].to_dict() == first.loc[0].to_dict()


def test_a_target_slips_since_the_first_assessment_of_an_unbroken_row(tmp_path):
    courses = ("slipping", "on course", "slipping", "not updated", "unlikely from the start")
    days = [f"202{number}-03-01" for number in range(1, 6)]
    kept = kept_in(
        tmp_path,
        *(record(day, {"a": course}, data_to=2020 + number) for number, (day, course) in
          enumerate(zip(days, courses, strict=True))),
        record("2025-04-01", {"a": "on course"}, scenario="plan"),
    )  # fmt: skip
    now = record("2026-03-01", {"a": "slipping"}, data_to=2025)
    assert since_when(kept, now).loc["a"].to_dict() == {
        "slips": True, "since": "2023-03-01", "data_to": 2022, "times": 3, "slipped_before": False,
    }  # fmt: skip
    english, chinese = (sentences_on_memory(language, kept, now) for language in ("en", "zh"))
    assert english[0] == "Earlier assessments of this scenario that are kept: 5, the first of 2021-03-01."
    assert english[1] == (
        "goal a (2025): judged to slip 3 times in a row, since the assessment of 2023-03-01 (data to 2022)."
    )
    assert chinese[1] == "“a目标”（2025年）：自2023-03-01的评估（数据到2022年）起，连续3次判断为偏离。"
    better = sentences_on_memory("en", kept, record("2026-03-01", {"a": "on course"}))
    assert better[1] == "goal a (2025): judged to slip in the last assessment, and no longer in this one."


def test_the_first_assessment_says_so(tmp_path):
    said = sentences_on_memory("en", read_assessments(tmp_path / "none"), record("2026-03-01", {"a": "slipping"}))
    assert said == ("No earlier assessment of this scenario is kept; this is the first.",)


def test_a_file_that_is_none_of_them_is_named_with_its_faults(tmp_path):
    keep(record("2023-03-01", {"a": "slipping"}), tmp_path, FACTS)
    good = next(tmp_path.glob("*.csv"))
    text = good.read_text(encoding="utf-8")
    (tmp_path / "bad.csv").write_text(text.replace("slipping", "sliping").replace("2023-03-01", "March"), "utf-8")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(UserError) as told:
        read_assessments(tmp_path)
    for part in ("bad.csv", "'March', no day", "'sliping', none of", "other.csv", "column 'course' is missing"):
        assert part in str(told.value)
