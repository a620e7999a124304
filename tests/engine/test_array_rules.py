"""Random models of arrays mean what their elements say, each worked out by hand with loops over names."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.engine.plain import run_plainly

A = ["a1", "a2", "a3", "a4"]
B = ["b1", "b2", "b3"]
RANGES = """{UTF-8}
A: (a1-a4) ~~|
Middle: a2, a3 ~~|
Low: a1, a2 ~~|
High: a3, a4 ~~|
Next: (a2-a4) -> Before ~~|
Before: (a1-a3) -> Next ~~|
B: b1, b2, b3 ~~|
Turned: t1, t2, t3, t4 -> (A: a4, a3, a2, a1) ~~|
Half: h1, h2 -> (A: Low, High) ~~|
Twin <-> B ~~|
turned[Turned] = 10, 20, 30, 40 ~~|
half[Half] = 0.5, -0.25 ~~|
x[A] = 1, -2, 3, 0.5 ~~|
y[B] = 2, 5, -1 ~~|
z[A, B] = 1, 2, 3; 4, 5, 6; 7, 8, 9; -1, -2, -3; ~~|
"""
TIMES = "INITIAL TIME = 0 ~~|\nFINAL TIME = 1 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|\n"
#: What stands for what by the mappings above.
TURNED = dict(zip(A, [40.0, 30.0, 20.0, 10.0], strict=True))
HALF = {"a1": 0.5, "a2": 0.5, "a3": -0.25, "a4": -0.25}

Where = dict[str, str]
Value = Callable[[Where], float]


@dataclass
class Model:
    """The text of a model, and every element of every variable."""

    text: str = RANGES
    values: dict[str, dict[tuple[str, ...], float]] = field(
        default_factory=lambda: {
            "x": dict(zip(((a,) for a in A), [1.0, -2.0, 3.0, 0.5], strict=True)),
            "y": dict(zip(((b,) for b in B), [2.0, 5.0, -1.0], strict=True)),
            "z": dict(zip(itertools.product(A, B), [1.0, 2, 3, 4, 5, 6, 7, 8, 9, -1, -2, -3], strict=True)),
        }
    )

    def over(self, dims: tuple[str, ...]) -> list[str]:
        """Names of the variables with these dims."""
        sizes = {("A",): 4, ("B",): 3, ("A", "B"): 12, (): 1}
        firsts = {("A",): ("a1",), ("B",): ("b1",), ("A", "B"): ("a1", "b1"), (): ()}
        return [name for name, values in self.values.items() if len(values) == sizes[dims] and firsts[dims] in values]


def terms(model: Model, loops: dict[str, str]) -> list[tuple[str, Value]]:
    """What an equation may read whose left side has some ranges, and what that is at a place of them.

    `loops` says, for A and B, by which of their names the left side calls them.
    """
    values = model.values

    def cell(name: str, *dims: str) -> Value:
        return lambda at: values[name][tuple(at.get(dim, dim) for dim in dims)]

    found: list[tuple[str, Value]] = [("1.5", lambda at: 1.5), ("y[b2]", cell("y", "b2"))]
    found += [(name, cell(name)) for name in model.over(())]
    found.append(("SUM(z[A!, B!])", lambda at: sum(values["z"].values())))
    found.append(("VMAX(x[Middle!])", lambda at: max(values["x"][a,] for a in A[1:3])))
    if "A" in loops:
        own = loops["A"]
        found += [(f"{name}[{own}]", cell(name, "A")) for name in model.over(("A",))]
        found += [(f"{name}[{own}, b3]", cell(name, "A", "b3")) for name in model.over(("A", "B"))]
        found.append(
            (f"SUM(z[{own}, B!] * y[B!])", lambda at: sum(values["z"][at["A"], b] * values["y"][b,] for b in B))
        )
        found.append(("turned[Turned]", lambda at: TURNED[at["A"]]))
        found.append(("half[Half]", lambda at: HALF[at["A"]]))
    if "B" in loops:
        found += [(f"{name}[B]", cell(name, "B")) for name in model.over(("B",))]
        found.append(("VMIN(z[A!, B])", lambda at: min(values["z"][a, at["B"]] for a in A)))
        found.append(("SUM(y[Twin!]) - y[B]", lambda at: sum(values["y"].values()) - values["y"][at["B"],]))
    if "A" in loops and "B" in loops:
        found += [(f"{name}[{loops['A']}, B]", cell(name, "A", "B")) for name in model.over(("A", "B"))]
    return found


def expression(draw: st.DrawFn, model: Model, loops: dict[str, str]) -> tuple[str, Value]:
    """A sum, difference or product of two such terms."""
    choices = terms(model, loops)
    left, right = (draw(st.sampled_from(choices)) for _ in range(2))
    operator = draw(st.sampled_from("+-*"))
    meaning = {"+": float.__add__, "-": float.__sub__, "*": float.__mul__}[operator]
    return f"({left[0]}) {operator} ({right[0]})", lambda at: meaning(float(left[1](at)), float(right[1](at)))


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Models of six variables, each defined in one of the ways in which arrays can be."""
    model = Model()
    for number in range(6):
        name = f"v{number}"
        made: dict[tuple[str, ...], float] = {}

        def define(left: str, loops: dict[str, str], places: Sequence[tuple[str, ...]]) -> None:
            text, value = expression(draw, model, loops)
            model.text += f"{name}{left} = {text} ~~|\n"  # noqa: B023
            for place in places:
                made[place] = value({one[0].upper(): one for one in place})  # noqa: B023

        how = draw(st.integers(0, 6))
        a_places = [(a,) for a in A]
        if how == 0:
            define("", {}, [()])
        elif how == 1:
            define("[A]", {"A": "A"}, a_places)
        elif how == 2:
            define("[A, B]", {"A": "A", "B": "B"}, list(itertools.product(A, B)))
        elif how == 3:
            define("[A] :EXCEPT: [Middle]", {"A": "A"}, [("a1",), ("a4",)])
            define("[Middle]", {"A": "Middle"}, [("a2",), ("a3",)])
        elif how == 4:
            define("[B]", {"B": "B"}, [(b,) for b in B])
        elif how == 5:
            # Each element from the one before.
            define("[a1]", {}, [("a1",)])
            factor = draw(st.sampled_from(["0.5", "2", "-1"]))
            model.text += f"{name}[Next] = {name}[Before] * {factor} + x[Next] ~~|\n"
            for before, following in itertools.pairwise(A):
                made[following,] = made[before,] * float(factor) + model.values["x"][following,]
        else:
            define("[A, B] :EXCEPT: [a1, b2], [Middle, b3]", {"A": "A", "B": "B"}, list(itertools.product(A, B)))
            define("[a1, b2]", {}, [("a1", "b2")])
            define("[Middle, b3]", {"A": "Middle"}, [("a2", "b3"), ("a3", "b3")])
        model.values[name] = made
    return model


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(model=models())
def test_arrays_are_what_their_elements_are(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("arrays") / "arrays.mdl"
    path.write_text(model.text + TIMES, encoding="utf-8")
    found = run_plainly(path).isel(time=1)
    for name, elements in model.values.items():
        for place, value in elements.items():
            dims = [dim for dim in found[name].dims if dim != "time"]
            cell = found[name].sel(dict(zip(dims, place, strict=True)))
            np.testing.assert_allclose(cell, value, rtol=1e-12, atol=1e-12, err_msg=f"{name}{place} of\n{model.text}")
