"""Print ``docs/history.md``: how far the history run 2010-2020 lies from what was counted.

``python -m calibration.history_report`` writes the page, ``--check`` says whether it is fresh (exit code 1 if not).
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from calibration.derivation import derive
from calibration.evidence import FIRST_YEAR, History, run_history, targets
from calibration.history_series import Series, city_series, district_series, theil_shares
from calibration.observations import DISTRICTS, LAST_YEAR, ObservationError
from model import MODEL_FILE
from model.engine import CompiledModel, compile_model

PAGE: Final = Path(__file__).parent.parent / "docs" / "history.md"
BROAD_AGES: Final = (("0-14", 0, 15), ("15-59", 15, 60), ("60+", 60, 86))
#: City variables whose step from one run to the other is shown.
JOINTS: Final = (
    "residents",
    "urban residents",
    "registered population",
    "resident urbanization rate",
    "registered urbanization rate",
    "births in city",
    "deaths in city",
    "urban income per head",
    "urban rural income ratio",
    "gross domestic product",
    "job seekers per job",
    "budget revenue",
    "land sale revenue",
    "public spending",
    "Municipal Debt",
    "floor area per head",
    "price to income ratio",
    "unregistered service coverage",
    "built up area",
    "cultivated land in city",
)
OPENING: Final = """\
# The history run against the record, 2010-2020

Printed by `python -m calibration.history_report` from `model/jinan.mdl` and `calibration/data`. The run starts from the
census of 2010 and knows nothing of 2020 but through its fitted constants (`calibration/first_fit.py`: one best point by
least squares, no distribution; a close fit of a fitted number proves little). No observation after 2020 is read.

How to read it. Error = history run less observed. Census day, 1 November, is treated as the end of the year; births and
deaths are those of the twelve months to October; incomes, output and budgets of a year stand at its end.

Breaks. *Laiwu*: joined in 2019; rows marked "old boundary" leave it out (16 % of the residents of 2010) while the run
has it throughout, so their level is no test and only their change is. *Census*: yearly resident counts of 2011-2019
were re-based in 2020 and are not used. *Survey*: urban income changed its definition between 2014 and 2015. *Infants*:
the census of 2020 misses some, so the births behind its youngest are too few.
"""
CLOSING: Final = """\
The mean error is that of absolute errors. Theil's shares split the mean squared error into bias (a wrong level),
variance (a wrong amplitude) and covariance (the rest: wrong in no systematic way).
"""


def page_text(model: CompiledModel) -> str:
    """Print the whole page.

    Parameters
    ----------
    model
        The city model.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    ObservationError
        If the data are missing or faulty.
    """
    history = run_history(model)
    ends = model.run(initial_time=FIRST_YEAR, final_time=LAST_YEAR, saveper=LAST_YEAR - FIRST_YEAR)
    start = model.run(final_time=LAST_YEAR + 1).isel(time=0)
    cells = district_series(history)
    series = city_series(history)
    parts = (
        OPENING,
        _district_table(cells),
        _age_table(history),
        _series_table(series),
        _summary([*series, *cells]),
        CLOSING,
        _targets_table(model, history),
        _joints(ends.isel(time=-1), start),
    )
    return "\n".join(parts)


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"## {title}", "", f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


def _number(value: float) -> str:
    """Five significant digits: more would show rounding errors of another machine."""
    rounded = float(f"{value:.5g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 10_000 else f"{rounded:.5g}"


def _percent(simulated: float, observed: float) -> str:
    # Adding zero turns -0.0 into 0.0.
    return f"{round(100 * (simulated / observed - 1), 1) + 0.0:+.1f}"


def _district_table(cells: list[Series]) -> str:
    header = ["District", "residents, census", "error [person]", "%"]
    header += ["urban, census", "error [person]", "%", "from other provinces, census", "%", "floor area [m2]", "%"]
    residents, urban, elsewhere, floor = cells
    totals = [(values.observed.sum(), values.simulated.sum()) for values in (residents, urban, elsewhere)]
    totals.append((
        floor.observed @ residents.observed / residents.observed.sum(),
        floor.simulated @ residents.simulated / residents.simulated.sum(),
    ))  # fmt: skip
    rows = []
    for d, name in enumerate((*DISTRICTS, "Jinan")):
        pairs = [(c.observed[d], c.simulated[d]) for c in cells] if d < len(DISTRICTS) else totals
        row = [name]
        for column, (observed, simulated) in enumerate(pairs):
            counted = f"{observed:.1f}" if column == len(pairs) - 1 else f"{observed:,.0f}"
            gap = [f"{round(simulated - observed, -1) + 0.0:+,.0f}"] if column < 2 else []
            row += [counted, *gap, _percent(simulated, observed)]
        rows.append(row)
    return _table("Districts at the census of 2020 (fitted)", header, rows)


def _age_table(history: History) -> str:
    census = derive().start[LAST_YEAR].residents
    simulated = history.state("Population")[0].sum(axis=1)
    header = ["District"]
    for label, _, _ in BROAD_AGES:
        header += [f"{label}, census", "error [person]", "%"]
    rows = []
    for name, counted, found in zip(
        (*DISTRICTS, "Jinan"), np.vstack([census, census.sum(0)]), np.vstack([simulated, simulated.sum(0)]), strict=True
    ):
        row = [name]
        for _, a, b in BROAD_AGES:
            observed, run = counted[a:b].sum(), found[a:b].sum()
            row += [f"{observed:,.0f}", f"{round(run - observed, -1) + 0.0:+,.0f}", _percent(run, observed)]
        rows.append(row)
    return _table("Districts by broad age at the census of 2020 (fitted in seven bands)", header, rows)


def _series_table(series: list[Series]) -> str:
    rows = []
    for item in series:
        for i, year in enumerate(item.years):
            observed, simulated = item.observed[i], item.simulated[i]
            name, note = (item.name, item.note) if i == 0 else ("", "")
            cells = [str(year), _number(observed), _number(simulated), _percent(simulated, observed)]
            rows.append([name, *cells, "yes" if year in item.fitted else "no", note])
    return _table("City series", ["Series", "year", "observed", "history run", "%", "fitted", "note"], rows)


def _summary(series: list[Series]) -> str:
    rows = []
    for item in series:
        if len(item.years) < 3:
            continue
        error = float(np.abs(item.simulated / item.observed - 1).mean())
        shares = [f"{share:.2f}" for share in theil_shares(item.observed, item.simulated)]
        fitted = sum(year in item.fitted for year in item.years)
        rows.append([item.name, f"{len(item.years)}", f"{fitted}", f"{100 * error:.1f}", *shares])
    header = ["Series", "points", "fitted", "mean error [%]", "bias", "variance", "covariance"]
    return _table("Size and kind of error, series of three points or more", header, rows)


def _targets_table(model: CompiledModel, history: History) -> str:
    rows = []
    for target in targets(model):
        apart = target.residuals(history)[0]
        unit = "" if target.absolute else " %"
        error = target.error * (1 if target.absolute else 100)
        rows.append([target.name, str(apart.size), f"{error:g}{unit}", f"{np.sqrt((apart**2).mean()):.1f}",
                     f"{np.abs(apart).max():.1f}", target.grade, target.source])  # fmt: skip
    header = ["Target", "values", "stated error", "root mean square, in errors", "worst, in errors", "grade", "source"]
    return _table("What was fitted, and how closely", header, rows)


def _joints(end: xr.Dataset, start: xr.Dataset) -> str:
    """Where the policy run does not go on from where the history run ends."""
    groups = [
        (f"residents, {name}", float(end["residents by group"][i]), float(start["residents by group"][i]))
        for i, name in enumerate(end["Group"].to_numpy())
    ]
    values = [(name, float(end[name]), float(start[name])) for name in JOINTS]
    rows = [
        [f"{name} [{end[name].attrs['units'] if name in end else 'person'}]", _number(a), _number(b), _percent(a, b)]
        for name, a, b in (*values, *groups)
    ]
    header = ["Variable", "history run, end of 2020", "policy run, start", "%"]
    return _table("From the history run to the policy run", header, rows)


def main(arguments: list[str] | None = None) -> int:
    """Write or check the page.

    Parameters
    ----------
    arguments
        Command-line words; none means those of the process.

    Returns
    -------
    int
        0 if written or fresh, 1 if stale, 2 if the data cannot be used.
    """
    parser = argparse.ArgumentParser(prog="python -m calibration.history_report", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the page is stale")
    options = parser.parse_args(arguments)
    try:
        text = page_text(compile_model(MODEL_FILE))
    except (ObservationError, OSError) as error:
        sys.stderr.write(f"history report: {error}\n")
        return 2
    fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
    if options.check and not fresh:
        sys.stderr.write("docs/history.md is stale: run python -m calibration.history_report\n")
        return 1
    if not fresh:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
