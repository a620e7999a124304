"""Print ``docs/history.md`` and its figures: the history runs 2010-2020 of all members beside what was counted.

``python -m calibration history`` writes them.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import fill
from typing import Final

import numpy as np
import xarray as xr

from calibration.fit.ensemble import read_members, settings
from calibration.fit.evidence import Evidence
from calibration.fit.likelihood import FIRST_YEAR, History
from calibration.history.figures import FIGURES, draw, fingerprint, is_drawn
from calibration.history.series import (
    ALL_AGES,
    BAND,
    BROAD_AGES,
    Series,
    age_groups,
    city_series,
    district_series,
    ensemble_history,
    theil_shares,
)
from calibration.observations import CITY, DISTRICTS, LAST_YEAR
from calibration.record import record
from model import load_model
from model.definition import model_hash, variables_by_name
from model.engine import CompiledModel
from model.files.atomic import update_text
from model.files.markdown import markdown_table
from model.files.repository import ROOT
from model.files.schemas import LANGUAGES

#: Of the city that the project's documentation tells of; of another in its pack.
PAGE: Final = (ROOT / "docs" if CITY.is_usual else CITY.folder / "calibration") / "history.md"
IMAGES: Final = PAGE.parent / "images"
#: How far the record narrows the parameters: a page of the documentation, or the report of the pack.
REPORT: Final = "calibration.md" if CITY.is_usual else Evidence.TO_2020.report.name
#: A pack has a page of studies only where they have been run.
STUDIES: Final = (
    "the [studies](calibration_studies.md)" if CITY.is_usual else "the studies (`python -m calibration study`)"
)
#: Members run; as many as `make run` takes.
MEMBERS: Final = 200
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
    "general budget spending",
    "Municipal Debt",
    "floor area per head",
    "price to income ratio",
    "unregistered service coverage",
    "built up area",
    "cultivated land in city",
)
#: Letters of a line.
WIDTH: Final = 120
OPENING: Final = """\
# The history runs against the record, 2010-2020

Written by `python -m calibration history` from the model (hash {model}), the observations of the city and the first
{members} members of the calibrated ensemble. Each member starts from the census of 2010 and knows nothing of 2020
but through its parameters, which the record has narrowed ([how far]({report})). No observation after 2020 is
read.

**How to read it.** Every number of the run is the median over the members, with the 90 % band where it is printed. The
band is what the parameters leave open; it does not include errors of counting or what the model leaves out, so a value
outside it is no contradiction by itself. Error = median less observed. A series that was *fitted* had its say in the
parameters, and a close fit of it proves little; one *not fitted* is a test. Census day, 1 November, is treated as the
end of the year; births and deaths are those of the twelve months to October; incomes, output and budgets of a year
stand at its end.

{breaks}
"""
CLOSING: Final = """\
The mean error is that of absolute errors of the median. Theil's shares split the mean squared error into bias (a wrong
level), variance (a wrong amplitude) and covariance (the rest: wrong in no systematic way).
"""


def page_with(model: CompiledModel, members: xr.Dataset, history: History) -> str:
    """Print the whole page from the members' history runs."""
    cells = district_series(history)
    series = city_series(history)
    fitted, others = split(series)
    summarised = [*fitted, *others, *cells]
    parts = (
        OPENING.format(
            model=model_hash(), members=members.sizes["member"], breaks=_wrapped(record().breaks), report=REPORT
        ),
        _in_short(summarised, history),
        _summary("Size and kind of error, series of three values or more", summarised),
        CLOSING,
        _images("series", "City series: median and 50 % and 90 % bands of the members, and what was counted"),
        _series_section("City series that were fitted", fitted),
        _series_section("City series that were not fitted", others) if others else "",
        _images("census", "The census of 2020: residents by age, and errors by district and broad age"),
        _district_section(cells),
        _age_section(history),
        _joints(model, members),
    )
    return "\n".join(parts)


def _wrapped(breaks: str) -> str:
    """Return the breaks of the series in lines, as they stand behind their heading."""
    return fill(f"**Breaks.** {breaks}", WIDTH, break_long_words=False) if breaks else ""


def split(series: list[Series]) -> tuple[list[Series], list[Series]]:
    """Fitted values and the others apart, by boundary; a series may have all of them."""
    fitted: list[Series] = []
    others: list[Series] = []
    for item in series:
        # Fitted, and not fitted on the present and on the old boundary.
        kinds = [2 if year in item.fitted else int(year in item.old) for year in item.years]
        for kind in sorted(set(kinds)):
            wanted, into = (True, fitted) if kind == 2 else (False, others)
            positions = [position for position, of_value in enumerate(kinds) if of_value == kind]
            if positions:
                years = [item.years[position] for position in positions]
                into.append(
                    Series(item.name, years, item.observed[positions], item.simulated[:, positions],
                           years if wanted else (), [year for year in years if year in item.old], item.note)
                )  # fmt: skip
    return fitted, others


def _named(name: str) -> str:
    """The name with the model's unit, where it is a variable of the model."""
    known = variables_by_name()
    return f"{name} [{known[name].unit}]" if name in known else name


def _section(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f"## {title}\n\n{markdown_table(header, rows)}\n"


def _images(name: str, words: str) -> str:
    return f"![{words}](images/history_{name}_en.png)\n\n[中文图](images/history_{name}_zh.png)\n"


def _number(value: float) -> str:
    """Four significant digits: more would show rounding errors of another machine."""
    rounded = float(f"{value:.4g}")
    if abs(rounded) >= 1e9:
        return f"{float(f'{value / 1e9:.4g}'):,.10g} billion"
    return f"{rounded:,.0f}" if abs(rounded) >= 1_000 else f"{rounded:.4g}"


def _percent(simulated: float, observed: float) -> str:
    # Adding zero turns -0.0 into 0.0.
    return f"{round(100 * (simulated / observed - 1), 1) + 0.0:+.1f}"


def _in_short(series: list[Series], history: History) -> str:
    groups = age_groups(history)
    errors = {(d, ages): float(groups[d, ages].errors[1]) for d in DISTRICTS for ages, _, _ in BROAD_AGES}
    worst = max(errors, key=lambda cell: abs(errors[cell]))
    city = float(groups[CITY.region, ALL_AGES[0]].errors[1])
    present = [item for item in series if not item.fitted and not item.old]
    changes = [item for item in series if not item.fitted and item.old and item.name.startswith("growth")]
    lines = [f"- Fitted: {_hits([item for item in series if item.fitted])}."]
    if present:
        far = max(present, key=lambda item: item.error)
        lines.append(
            f"- Not fitted, on the present boundary: {_hits(present)}; worst is {far.name} of {far.years[0]}, "
            f"{100 * far.error:.1f} % ({far.note})."
        )
    if changes:
        lines.append(f"- Not fitted, change on the old boundary: {_hits(changes)}.")
    left = "So little of the record is left unfitted that" if present or changes else "No series is left unfitted, so"
    if any(item.old for item in series):
        left = f"Levels on the old boundary are printed for their course only. {left}"
    return "\n".join([
        "## In short",
        "",
        f"- The city of 2020 is met to {city:+.1f} %; the mean error of the {len(errors)} cells of district and "
        f"broad age is {float(np.mean(np.abs(list(errors.values())))):.1f} %, the largest "
        f"{errors[worst]:+.1f} % ({worst[0]}, {worst[1]}).",
        *lines,
        f"- {left} the tests that count are the forecast and {STUDIES}.",
        "",
    ])  # fmt: skip


def _hits(items: list[Series]) -> str:
    held, count = sum(item.inside for item in items), sum(item.observed.size for item in items)
    apart = np.concatenate([np.abs(item.median / item.observed - 1) for item in items])
    return f"{held} of {count} values lie within the members' 90 % band, mean error {100 * float(apart.mean()):.1f} %"


def _district_section(cells: list[Series]) -> str:
    header = ["District", "residents, census", "error [person]", "%", "90 % band"]
    header += ["urban, census", "error [person]", "%", "from other provinces, census", "%", "floor area [m2]", "%"]
    residents, urban, elsewhere, floor = cells
    totals = [(item.observed.sum(), item.simulated.sum(axis=1)) for item in (residents, urban, elsewhere)]
    totals.append((
        floor.observed @ residents.observed / residents.observed.sum(),
        (floor.simulated * residents.simulated).sum(axis=1) / residents.simulated.sum(axis=1),
    ))  # fmt: skip
    rows = []
    for d, name in enumerate((*DISTRICTS, CITY.region)):
        pairs = [(c.observed[d], c.simulated[:, d]) for c in cells] if d < len(DISTRICTS) else totals
        row = [name]
        for column, (observed, members) in enumerate(pairs):
            simulated = float(np.median(members))
            counted = f"{observed:.1f}" if column == len(pairs) - 1 else f"{observed:,.0f}"
            gap = [f"{round(simulated - observed, -2) + 0.0:+,.0f}"] if column < 2 else []
            row += [counted, *gap, _percent(simulated, observed)]
            if column == 0:
                low, high = np.quantile(members, (BAND[0], BAND[-1]))
                row.append(f"{_percent(low, observed)} to {_percent(high, observed)} %")
        rows.append(row)
    return _section("Districts at the census of 2020 (fitted)", header, rows)


def _age_section(history: History) -> str:
    groups = age_groups(history)
    header = ["District"]
    for label, _, _ in BROAD_AGES:
        header += [f"{label}, census", "error [person]", "%", "90 % band"]
    rows = []
    for name in (*DISTRICTS, CITY.region):
        row = [name]
        for label, _, _ in BROAD_AGES:
            observed = groups[name, label].observed
            low, median, high = np.quantile(groups[name, label].simulated, BAND)
            row += [f"{observed:,.0f}", f"{round(median - observed, -2) + 0.0:+,.0f}", _percent(median, observed),
                    f"{_percent(low, observed)} to {_percent(high, observed)} %"]  # fmt: skip
        rows.append(row)
    return _section("Districts by broad age at the census of 2020 (fitted in seven bands)", header, rows)


def _series_section(title: str, series: list[Series]) -> str:
    rows = []
    for item in series:
        for i, (low, middle, high) in enumerate(item.band.T):
            year, observed = item.years[i], item.observed[i]
            name, note = (_named(item.name), item.note) if i == 0 else ("", "")
            boundary = "old" if year in item.old else "present"
            rows.append([name, str(year), boundary, _number(observed), _number(middle),
                         f"{_number(low)} to {_number(high)}", _percent(middle, observed), note])  # fmt: skip
    header = ["Series", "year", "boundary", "observed", "history run", "90 % band", "%", "note"]
    return _section(title, header, rows)


def _summary(title: str, series: list[Series]) -> str:
    rows = []
    for item in series:
        if len(item.years) < 3:
            continue
        shares = [f"{share:.2f}" for share in theil_shares(item.observed, item.median)]
        boundary = "old" if len(item.old) and set(item.years) <= set(item.old) else "present"
        fitted = "yes" if item.fitted else "no"
        rows.append([_named(item.name), fitted, boundary, f"{len(item.years)}", f"{item.inside}",
                     f"{100 * item.error:.1f}", *shares])  # fmt: skip
    header = ["Series", "fitted", "boundary", "values", "within the 90 % band", "mean error [%]", "bias", "variance",
              "covariance"]  # fmt: skip
    return _section(title, header, rows)


def _joints(model: CompiledModel, members: xr.Dataset) -> str:
    """Where the policy run does not go on from where the history run ends."""
    outputs = [*JOINTS, "residents by group"]
    drawn = settings(members)
    end = model.run(
        drawn, outputs=outputs, initial_time=FIRST_YEAR, final_time=LAST_YEAR, saveper=LAST_YEAR - FIRST_YEAR
    ).isel(time=-1)
    start = model.run(drawn, outputs=outputs, final_time=LAST_YEAR + 1).isel(time=0)
    pairs = [(f"{name} [{end[name].attrs['units']}]", end[name], start[name]) for name in JOINTS]
    before, after = end["residents by group"], start["residents by group"]
    for group in before["Group"].to_numpy():
        pairs.append((f"residents, {group} [person]", before.sel(Group=group), after.sel(Group=group)))
    rows = []
    for name, past, present in pairs:
        step = 100 * (past / present - 1)
        low, middle, high = (f"{round(float(value), 1) + 0.0:+.1f}" for value in step.quantile(list(BAND)))
        rows.append([name, _number(float(past.median())), _number(float(present.median())), middle, f"{low} to {high}"])
    header = ["Variable", "history run, end of 2020", "policy run, start", "%, median", "%, 90 % band"]
    return _section("From the history run to the policy run of the same member", header, rows)


def update_page(evidence: Evidence = Evidence.TO_2020, *, write: bool) -> list[Path]:
    """Compare the page and its figures with what model, data and ensemble give; write what differs, if asked.

    The page is of the record to 2020, and so is its ensemble unless another is asked for.

    Returns
    -------
    list of pathlib.Path
        The files that were out of date.
    """
    members = read_members(MEMBERS, evidence)
    model = load_model()
    history = ensemble_history(model, members)
    text = page_with(model, members, history)
    mark = fingerprint(text)
    stale = update_text(PAGE, text, write=write)
    for name in FIGURES:
        for language in LANGUAGES:
            path = IMAGES / f"history_{name}_{language}.png"
            if not is_drawn(path, mark):
                stale.append(path)
                if write:
                    draw(name, history, language, path, mark)
    return stale
