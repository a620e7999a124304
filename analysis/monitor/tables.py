"""The monitor as a table of every indicator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from analysis.monitor.study import Indicator

#: The table, whatever the language; the page is named by its language.
TABLE: Final = "monitor.csv"


def page_file(language: str) -> str:
    """Return the name of the page.

    Examples
    --------
    >>> page_file("zh")
    'monitor_zh.html'
    """
    return f"monitor_{language}.html"


def as_table(indicators: Sequence[Indicator]) -> pd.DataFrame:
    """Return one row for each target of the plan, numbers in the plan's unit, empty where nothing is known."""
    rows = []
    for one in indicators:
        target = one.target
        row: dict[str, object] = {
            "target": target.id,
            "title_zh": target.title["zh"],
            "title_en": target.title["en"],
            "section": target.section,
            "modelled": "yes" if target.modelled else "no",
            "year": target.year,
            "comparison": target.comparison,
            "threshold": target.threshold,
            "unit": target.unit,
            "observed_year": None if one.observation is None else one.observation.year,
            "observed": None if one.observation is None else one.observation.value,
            "observed_source": "" if one.observation is None else one.observation.source,
        }
        for name, band in (("expected", one.expected), ("forecast", one.forecast)):
            ends = ("median", "low", "high")
            row |= {f"{name}_{end}": None if band is None else getattr(band, end) for end in ends}
        row |= {
            "expected_seen_to": None if one.expected is None else one.expected.seen,
            "place": one.place,
            "probability": one.probability,
            "status": one.status,
            "since": one.since,
            "or_before": "yes" if one.since_start and one.since is not None else "",
            "because_zh": "" if one.rule is None else one.rule.because["zh"],
            "because_en": "" if one.rule is None else one.rule.because["en"],
        }
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.astype({"observed_year": "Int64", "expected_seen_to": "Int64", "since": "Int64"})
