"""Print ``docs/history.md`` and its figures: the history runs 2010-2020 of all members beside what was counted.

``python -m calibration.history.report`` writes them, ``--check`` says whether they are fresh (exit code 1 if not).
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from calibration.census.derivation import derive
from calibration.fit.ensemble import read_members
from calibration.fit.ensemble_runs import settings
from calibration.fit.likelihood import FIRST_YEAR, Array, History
from calibration.history.figures import FIGURES, draw, fingerprint, is_drawn
from calibration.history.series import BAND, Series, city_series, district_series, ensemble_history, theil_shares
from calibration.observations import DISTRICTS, LAST_YEAR
from model import load_model
from model.definition import model_hash, variables_by_name
from model.engine import CompiledModel
from model.engine.errors import UserError
from model.files.atomic import replaced

PAGE: Final = Path(__file__).parents[2] / "docs" / "history.md"
IMAGES: Final = PAGE.parent / "images"
#: Members run; as many as `make run` takes.
MEMBERS: Final = 200
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
# The history runs against the record, 2010-2020

Printed by `python -m calibration.history.report` from `model/jinan.mdl` (hash {model}), `calibration/data` and the
first {members} members of the calibrated ensemble. Each member starts from the census of 2010 and knows nothing of 2020
but through its parameters, which the record has narrowed ([how far](calibration.md)). No observation after 2020 is
read.

**How to read it.** Every number of the run is the median over the members, with the 90 % band where it is printed. The
band is what the parameters leave open; it does not include errors of counting or what the model leaves out, so a value
outside it is no contradiction by itself. Error = median less observed. A series that was *fitted* had its say in the
parameters, and a close fit of it proves little; one *not fitted* is a test. Census day, 1 November, is treated as the
end of the year; births and deaths are those of the twelve months to October; incomes, output and budgets of a year
stand at its end.

**Breaks.** *Laiwu* joined in 2019: values marked "old" leave it out (16 % of the residents of 2010) while the run has
it throughout, so their level is no test and only their change is. *Census*: yearly resident counts of 2011-2019 were
re-based in 2020 and are not used. *Survey*: urban income changed its definition between 2014 and 2015. *Infants*: the
census of 2020 misses some, so the births behind its youngest are too few.
"""
CLOSING: Final = """\
The mean error is that of absolute errors of the median. Theil's shares split the mean squared error into bias (a wrong
level), variance (a wrong amplitude) and covariance (the rest: wrong in no systematic way).
"""


def page_text(model: CompiledModel, members: xr.Dataset) -> str:
    """Print the whole page.

    Parameters
    ----------
    model
        The city model.
    members
        As from `calibration.fit.ensemble.read_members`.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    ObservationError
        If the data are missing or faulty.
    """
    return page_with(model, members, ensemble_history(model, members))


def page_with(model: CompiledModel, members: xr.Dataset, history: History) -> str:
    """Print the whole page from the members' history runs."""
    cells = district_series(history)
    series = city_series(history)
    fitted, others = split(series)
    summarised = [*fitted, *others, *cells]
    parts = (
        OPENING.format(model=model_hash(), members=members.sizes["member"]),
        _in_short(summarised, history),
        _summary("Size and kind of error, series of three values or more", summarised),
        CLOSING,
        _images("series", "City series: median and 50 % and 90 % bands of the members, and what was counted"),
        _series_table("City series that were fitted", fitted),
        _series_table("City series that were not fitted", others),
        _images("census", "The census of 2020: residents by age, and errors by district and broad age"),
        _district_table(cells),
        _age_table(history),
        _joints(model, members),
    )
    return "\n".join(parts)


def split(series: list[Series]) -> tuple[list[Series], list[Series]]:
    """Fitted values and the others apart, by boundary; a series may have all of them."""
    fitted: list[Series] = []
    others: list[Series] = []
    for item in series:
        # Fitted, and not fitted on the present and on the old boundary.
        kinds = [2 if year in item.fitted else int(year in item.old) for year in item.years]
        for kind in sorted(set(kinds)):
            wanted, into = (True, fitted) if kind == 2 else (False, others)
            places = [place for place, found in enumerate(kinds) if found == kind]
            if places:
                years = [item.years[place] for place in places]
                into.append(
                    Series(item.name, years, item.observed[places], item.simulated[:, places],
                           years if wanted else (), [year for year in years if year in item.old], item.note)
                )  # fmt: skip
    return fitted, others


def _named(name: str) -> str:
    """The name with the model's unit, where it is a variable of the model."""
    known = variables_by_name()
    return f"{name} [{known[name].unit}]" if name in known else name


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"## {title}", "", f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


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
    census = derive().start[LAST_YEAR].residents
    ages = history.state("Population").sum(axis=2)
    errors = {
        (district, label): float(np.median(ages[:, d, a:b].sum(axis=1)) / census[d, a:b].sum() - 1)
        for d, district in enumerate(DISTRICTS)
        for label, a, b in BROAD_AGES
    }
    worst = max(errors, key=lambda cell: abs(errors[cell]))
    city = float(np.median(ages.sum(axis=(1, 2))) / census.sum() - 1)
    present = [item for item in series if not item.fitted and not item.old]
    changes = [item for item in series if not item.fitted and item.old and item.name.startswith("growth")]
    far = max(present, key=lambda item: item.error)
    return "\n".join([
        "## In short",
        "",
        f"- The city of 2020 is met to {100 * city:+.1f} %; the mean error of the {len(errors)} cells of district and "
        f"broad age is {100 * float(np.mean(np.abs(list(errors.values())))):.1f} %, the largest "
        f"{100 * errors[worst]:+.1f} % ({worst[0]}, {worst[1]}).",
        f"- Fitted: {_told([item for item in series if item.fitted])}.",
        f"- Not fitted, on the present boundary: {_told(present)}; worst is {far.name} of {far.years[0]}, "
        f"{100 * far.error:.1f} % ({far.note}).",
        f"- Not fitted, change on the old boundary: {_told(changes)}.",
        "- Levels on the old boundary are printed for their course only. So little of the record is left unfitted that "
        "the tests that count are the forecast and the [studies](calibration_studies.md).",
        "",
    ])  # fmt: skip


def _told(items: list[Series]) -> str:
    held, count = sum(item.inside for item in items), sum(item.observed.size for item in items)
    apart = np.concatenate([np.abs(item.median / item.observed - 1) for item in items])
    return f"{held} of {count} values lie within the members' 90 % band, mean error {100 * float(apart.mean()):.1f} %"


def _district_table(cells: list[Series]) -> str:
    header = ["District", "residents, census", "error [person]", "%", "90 % band"]
    header += ["urban, census", "error [person]", "%", "from other provinces, census", "%", "floor area [m2]", "%"]
    residents, urban, elsewhere, floor = cells
    totals = [(item.observed.sum(), item.simulated.sum(axis=1)) for item in (residents, urban, elsewhere)]
    totals.append((
        floor.observed @ residents.observed / residents.observed.sum(),
        (floor.simulated * residents.simulated).sum(axis=1) / residents.simulated.sum(axis=1),
    ))  # fmt: skip
    rows = []
    for d, name in enumerate((*DISTRICTS, "Jinan")):
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
    return _table("Districts at the census of 2020 (fitted)", header, rows)


def _age_table(history: History) -> str:
    census = derive().start[LAST_YEAR].residents
    simulated = history.state("Population").sum(axis=2)
    header = ["District"]
    for label, _, _ in BROAD_AGES:
        header += [f"{label}, census", "error [person]", "%", "90 % band"]
    rows = []
    for d, name in enumerate((*DISTRICTS, "Jinan")):
        one = [d] if d < len(DISTRICTS) else list(range(len(DISTRICTS)))
        row = [name]
        for _, a, b in BROAD_AGES:
            observed = float(census[one, a:b].sum())
            members: Array = simulated[:, one, a:b].sum(axis=(1, 2))
            run = float(np.median(members))
            low, high = np.quantile(members, (BAND[0], BAND[-1]))
            row += [f"{observed:,.0f}", f"{round(run - observed, -2) + 0.0:+,.0f}", _percent(run, observed),
                    f"{_percent(low, observed)} to {_percent(high, observed)} %"]  # fmt: skip
        rows.append(row)
    return _table("Districts by broad age at the census of 2020 (fitted in seven bands)", header, rows)


def _series_table(title: str, series: list[Series]) -> str:
    rows = []
    for item in series:
        for i, (low, middle, high) in enumerate(item.band.T):
            year, observed = item.years[i], item.observed[i]
            name, note = (_named(item.name), item.note) if i == 0 else ("", "")
            boundary = "old" if year in item.old else "present"
            rows.append([name, str(year), boundary, _number(observed), _number(middle),
                         f"{_number(low)} to {_number(high)}", _percent(middle, observed), note])  # fmt: skip
    header = ["Series", "year", "boundary", "observed", "history run", "90 % band", "%", "note"]
    return _table(title, header, rows)


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
    return _table(title, header, rows)


def _joints(model: CompiledModel, members: xr.Dataset) -> str:
    """Where the policy run does not go on from where the history run ends."""
    outputs = [*JOINTS, "residents by group"]
    drawn = settings(members)
    end = model.run(
        drawn,
        outputs=outputs,
        initial_time=FIRST_YEAR,
        final_time=LAST_YEAR,
        saveper=LAST_YEAR - FIRST_YEAR,
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
    return _table("From the history run to the policy run of the same member", header, rows)


def update_page(*, write: bool) -> list[Path]:
    """Compare the page and its figures with what the data and the ensemble give, and write what differs."""
    return [PAGE] if main([] if write else ["--check"]) else []


def main(arguments: list[str] | None = None) -> int:
    """Write or check the page and its figures.

    Parameters
    ----------
    arguments
        Command-line words; none means those of the process.

    Returns
    -------
    int
        0 if written or fresh, 1 if stale, 2 if the data or the ensemble cannot be used.
    """
    parser = argparse.ArgumentParser(prog="python -m calibration.history.report", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the page is stale")
    parser.add_argument("--ensemble", type=Path, help="file of another ensemble")
    options = parser.parse_args(arguments)
    try:
        members = read_members(MEMBERS, **({"path": options.ensemble} if options.ensemble else {}))
        model = load_model()
        history = ensemble_history(model, members)
        text = page_with(model, members, history)
        stale = [] if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text else [PAGE]
        mark = fingerprint(text)
        files = [
            (name, language, IMAGES / f"history_{name}_{language}.png") for name in FIGURES for language in ("zh", "en")
        ]
        missing = [(name, language, path) for name, language, path in files if not is_drawn(path, mark)]
        if options.check:
            if stale or missing:
                sys.stderr.write("docs/history.md is stale: run python -m calibration.history.report\n")
            return int(bool(stale or missing))
        for name, language, path in missing:
            draw(name, history, language, path, mark)
        for path in stale:
            with replaced(path) as partial:
                partial.write_text(text, encoding="utf-8")
    except (UserError, OSError) as error:
        sys.stderr.write(f"history report: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
