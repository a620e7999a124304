"""An assessment as the command line prints it: scores by series, then the findings in both languages."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from calibration.assessment import Assessment
from calibration.assessment_words import ALL
from calibration.scores import BANDS
from model.definition import variables_by_name

NOTES: Final = (
    "CRPS：与观测值的距离，占观测值的比例，越小越好；覆盖：落在区间内的比例；MASE：与参照预测误差之比，小于1为更准；",
    "PIT p：观测值在预测分布中的位置，由偶然造成如此偏离的概率；—：没有足够的数值。",
    "CRPS: distance from the observations, as a share of them, lower is better. Coverage: share inside the bands.",
    "MASE: error relative to a reference forecast, below 1 is better. PIT p: probability that chance alone puts the "
    "observations so far off. —: too few numbers.",
)


def print_assessment(console: Console, found: Assessment) -> None:
    """Print the scores, whether the members could be weighted, and which targets slip since when.

    Examples
    --------
    >>> print_assessment(Console(), found)  # doctest: +SKIP
    """
    bands = "/".join(f"{100 * band:.0f}" for band in BANDS)
    table = Table(
        title="预测得分\nScores of the forecast",
        title_justify="left",
        title_style="bold",
        caption="\n".join(NOTES),
        caption_justify="left",
    )
    table.add_column("指标 series", overflow="fold")
    table.add_column("年份 years", no_wrap=True)
    table.add_column("CRPS", justify="right", no_wrap=True)
    table.add_column(f"覆盖 coverage\n{bands} %", justify="right", no_wrap=True)
    table.add_column("MASE\n随机游走 random walk", justify="right")
    table.add_column("MASE\n趋势 trend", justify="right")
    table.add_column("PIT p", justify="right", no_wrap=True)
    for row in found.scores.itertuples():
        table.add_row(*_cells(row))
    console.print(table)
    for language in ("zh", "en"):
        for sentence in found.sentences[language]:
            console.print(escape(sentence))
        console.print()


def _cells(row: Any) -> list[str]:
    known = variables_by_name()
    name = "合计 all" if row.variable == ALL else f"{known[row.variable].term} {row.variable}"
    years = f"{row.first_year}-{row.last_year}" if row.first_year != row.last_year else str(row.first_year)
    coverage = "/".join(f"{100 * getattr(row, f'coverage_{100 * band:.0f}'):.0f}" for band in BANDS)
    return [
        escape(name),
        f"{years} ({row.points})",
        f"{100 * row.crps_relative:.2f} %",
        coverage,
        _number(row.mase_random_walk),
        _number(row.mase_constant_growth),
        _number(row.pit_p_value),
    ]


def _number(value: float) -> str:
    return "—" if pd.isna(value) else f"{value:.2f}"
