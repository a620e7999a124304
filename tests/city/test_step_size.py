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
    ("price to income ratio", 2010.0): 0.014,
    ("price to income ratio", 2020.0): 0.007,
    ("target green buildings", 2010.0): 0.0025,
    ("target green buildings", 2020.0): 0.003,
    ("target talent settled", 2010.0): 0.0015,
    # The budget of 2010 cuts at once: capital of a year is more than its income and limit give.
    ("target shantytown renewal", 2010.0): 0.0015,
    ("target urban elder care", 2010.0): 0.002,
    ("target rural elder care", 2010.0): 0.0015,
    ("target elder care centres", 2010.0): 0.0015,
    ("fiscal gap ratio", 2010.0): 0.025,
    ("target pupils in public schools", 2020.0): 0.0015,
    ("fiscal gap ratio", 2020.0): 0.007,
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
