"""A finer step tells the same story: what the board reports does not depend on how the run is computed."""

from __future__ import annotations

import pytest

from tests.support.city import STARTS, city, targets

HEADLINES = (
    "residents",
    "registered population",
    "urban income per head",
    "rural income per head",
    "price to income ratio",
    "built up area",
)
#: Relative change that a reader of the board would not notice.
ALLOWED = 0.001
#: The fiscal gap ratio passes through nil, so its change counts in parts of budget revenue.
ALLOWED_GAP = 0.001

#: Indicators by start year whose change is larger, and the most it may be; docs/behaviour.md says why.
LARGER = {
    ("target service coverage of unregistered", 2010.0): 0.003,
    ("target service coverage of unregistered", 2020.0): 0.0015,
    ("price to income ratio", 2010.0): 0.008,
    ("price to income ratio", 2020.0): 0.0015,
    ("target green buildings", 2010.0): 0.0035,
    ("target green buildings", 2020.0): 0.0045,
    # Young people settle out of the newcomers of the year, which a step of a quarter counts once more or less.
    ("target talent settled", 2010.0): 0.014,
    ("target talent settled", 2020.0): 0.011,
    ("target citizenization", 2010.0): 0.0016,
    ("target start up area built", 2010.0): 0.0023,
    ("target start up area built", 2020.0): 0.0022,
    ("residents", 2010.0): 0.0015,
    # Budgets cut within a year, and what they build follows.
    ("target shantytown renewal", 2010.0): 0.0045,
    ("target shantytown renewal", 2020.0): 0.004,
    ("target sewage capacity", 2020.0): 0.0042,
    ("target town sewage", 2010.0): 0.0025,
    ("target town sewage", 2020.0): 0.0025,
    ("target reclaimed water", 2010.0): 0.0021,
    ("target reclaimed water", 2020.0): 0.0043,
    ("target primary level care", 2010.0): 0.0015,
    ("target primary level care", 2020.0): 0.0033,
    ("target urban elder care", 2010.0): 0.0047,
    ("target rural elder care", 2010.0): 0.0036,
    ("target rural elder care", 2020.0): 0.0024,
    ("target elder care centres", 2010.0): 0.0042,
    ("target elder care centres", 2020.0): 0.0018,
    ("fiscal gap ratio", 2010.0): 0.014,
    ("fiscal gap ratio", 2020.0): 0.0075,
}


@pytest.fixture(scope="module", params=STARTS)
def halved(request):
    """Start year, run with a quarter of a year, run with an eighth."""
    outputs = [*targets(), *HEADLINES, "fiscal gap ratio"]
    runs = [city().run(outputs=outputs, initial_time=request.param, time_step=step) for step in (0.25, 0.125)]
    return request.param, *runs


def change(coarse, fine, name):
    """Largest change over the years, relative to the largest value: an indicator may start from nil."""
    return float(abs(coarse[name] - fine[name]).max() / abs(fine[name]).max())


def test_halving_the_step_changes_no_headline_indicator(halved):
    start, coarse, fine = halved
    found = {name: change(coarse, fine, name) for name in [*targets(), *HEADLINES]}
    allowed = {name: LARGER.get((name, start), ALLOWED) for name in found}
    assert {name: value for name, value in found.items() if not value <= allowed[name]} == {}


def test_halving_the_step_leaves_the_budget_gap(halved):
    start, coarse, fine = halved
    apart = float(abs(coarse["fiscal gap ratio"] - fine["fiscal gap ratio"]).max())
    assert apart <= LARGER.get(("fiscal gap ratio", start), ALLOWED_GAP)


def test_what_the_step_still_changes_shrinks_with_the_step(halved):
    # Half the change for half the step is what a first-order method promises; anything else would be a jump.
    start, coarse, fine = halved
    listed = [name for name, year in LARGER if year == start]
    finest = city().run(outputs=listed, initial_time=start, time_step=0.0625)
    for name in listed:
        assert change(fine, finest, name) < 0.7 * change(coarse, fine, name), name
