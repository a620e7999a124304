"""The patient rule induction method: the boxes of another implementation, and what holds of every path."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from analysis.conditions.prim import Step, _pastes, prim_path

INFINITE = np.inf


def futures(kind: str, seed: int = 11, size: int = 400):
    """Five inputs, and an outcome that is frequent where the first is large and the last is small."""
    random = np.random.default_rng(seed)
    values = random.random((size, 5))
    if kind == "rounded":
        values = values.round(1)
    if kind == "drawn again":
        values = values[random.integers(size, size=size)]
    within = (values[:, 0] >= 0.55) & (values[:, 4] <= 0.6)
    return values, random.random(size) < np.where(within, 0.85, 0.1)


FIVE_SIDES = {
    0: (0.584025, INFINITE),
    1: (-INFINITE, 0.954406),
    2: (0.086111, INFINITE),
    3: (-INFINITE, 0.99265),
    4: (0.014464, 0.463975),
}
# Boxes, pastes and futures of `Prim(...).find_box()` of ema_workbench 2.5.3 on the same futures, with its defaults.
WORKBENCH = [
    ("continuous", 0.05, 36, 3, 73, 68, FIVE_SIDES),
    ("continuous", 0.1, 20, 0, 51, 51, {0: (0.578498, 0.83076), 2: (-INFINITE, 0.884786), 4: (-INFINITE, 0.463975)}),
    ("continuous", 0.2, 11, 0, 41, 41, {0: (0.594938, 0.849768), 2: (-INFINITE, 0.775562), 4: (-INFINITE, 0.450384)}),
    ("rounded", 0.05, 20, 0, 27, 27, {0: (0.65, INFINITE), 1: (0.15, 0.95), 2: (0.25, 0.75), 4: (-INFINITE, 0.45)}),
    ("rounded", 0.1, 13, 0, 35, 35, {0: (0.55, 0.85), 2: (-INFINITE, 0.85), 4: (0.15, 0.45)}),
    ("rounded", 0.2, 8, 0, 29, 29, {0: (0.65, 0.85), 2: (-INFINITE, 0.75), 4: (-INFINITE, 0.45)}),
    ("drawn again", 0.05, 29, 1, 84, 80, {0: (0.573931, 0.986099), 4: (-INFINITE, 0.432149)}),
    ("drawn again", 0.2, 12, 0, 32, 32, {0: (0.721246, 0.92264), 4: (-INFINITE, 0.357123)}),
]


@pytest.mark.parametrize(("kind", "peel", "boxes", "pastes", "inside", "hits_inside", "limits"), WORKBENCH)
def test_the_box_is_that_of_the_ema_workbench(kind, peel, boxes, pastes, inside, hits_inside, limits):
    path = prim_path(*futures(kind), peel=peel, smallest=0.05)
    last = path[-1]
    assert (len(path), last.size, last.hits) == (boxes, inside, hits_inside)
    assert sum(after.size > before.size for before, after in pairwise(path)) == pastes
    assert {
        column: pytest.approx(ends, abs=1e-6)
        for column, ends in enumerate(zip(last.lower, last.upper, strict=True))
        if np.isfinite(ends).any()
    } == limits


@pytest.mark.parametrize("kind", ["continuous", "rounded", "drawn again"])
@pytest.mark.parametrize("peel", [0.05, 0.2])
def test_every_box_is_denser_than_the_one_before_and_none_is_too_small(kind, peel):
    values, hits = futures(kind, seed=3)
    path = prim_path(values, hits, peel=peel, smallest=0.1)
    assert len(path) > 5
    for before, after in pairwise(path):
        assert after.density > before.density
        assert after.size >= 0.1 * len(values)
        # A peel only takes away, a paste only adds.
        assert not (after.within & ~before.within).any() or not (before.within & ~after.within).any()
        np.testing.assert_array_equal(after.within, ((values >= after.lower) & (values <= after.upper)).all(axis=1))
        assert after.hits == int((after.within & hits).sum())


def test_a_peel_takes_one_future_in_twenty_and_all_that_are_equal():
    column = np.arange(100.0)[:, np.newaxis]
    path = prim_path(column, column[:, 0] >= 50, peel=0.05, smallest=0.05)
    assert [step.size for step in path[:3]] == [100, 95, 90]
    ties = np.repeat(np.arange(10.0), 10)[:, np.newaxis]
    path = prim_path(ties, ties[:, 0] >= 5, peel=0.05, smallest=0.05)
    assert [step.size for step in path] == [100, 90, 80, 70, 60, 50]
    assert list(path[-1].lower) == [4.5]


def test_a_box_does_not_depend_on_the_unit_of_an_input():
    values, hits = futures("continuous", seed=5)
    path = prim_path(values, hits, peel=0.1, smallest=0.05)
    other = prim_path(np.exp(3 * values), hits, peel=0.1, smallest=0.05)
    assert len(path) > 5
    for one, same in zip(path, other, strict=True):
        np.testing.assert_array_equal(one.within, same.within)


@pytest.fixture
def cut_off():
    """A box of 40 of 100 futures of one input, the hits being the upper 60."""
    values = np.arange(100.0)[:, np.newaxis]
    return values, values[:, 0] >= 40, Step(np.array([59.5]), np.array([INFINITE]), values[:, 0] >= 60, 40)


def test_a_paste_takes_in_the_nearest_of_those_beyond_a_side(cut_off):
    values, hits, box = cut_off
    (pasted,) = _pastes(values, hits, box, share=0.1)
    # A tenth of the 60 futures beyond, counted from the side.
    assert (*pasted.lower, pasted.size, pasted.hits) == (53.5, 46, 46)


def test_a_paste_that_leaves_nothing_beyond_a_side_opens_it(cut_off):
    values, hits, box = cut_off
    (pasted,) = _pastes(values, hits, box, share=1.0)
    assert (*pasted.lower, pasted.inputs, pasted.size, pasted.hits) == (-INFINITE, 0, 100, 60)


def test_an_input_that_never_differs_is_not_limited():
    values, hits = futures("continuous")
    values[:, 1] = 7.0
    path = prim_path(values, hits, peel=0.1, smallest=0.05)
    assert len(path) > 5
    assert all(step.inputs <= 4 and np.isinf([step.lower[1], step.upper[1]]).all() for step in path)
