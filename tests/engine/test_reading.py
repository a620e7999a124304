"""Model files are read whole, each entry with its place, and what cannot be read is told at once with its line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import MODEL_FILE
from model.engine import ChangeError, RefusedModelError, compile_model
from model.engine.pysd_model import ReferenceModel
from model.engine.reading.encodings import decode
from model.engine.reading.formulas import FormulaError, parse_formula
from model.engine.reading.syntax import Application, Literal, Name, Operation, Tree
from model.engine.reading.vensim import parse_vensim, read_entries
from tests.engine.plain import run_plainly

# Operators from the loosest to the tightest, as the manual of Vensim lists them.
BINDING = {":OR:": 1, ":AND:": 2, ":NOT:": 3, "=": 4, "<>": 4, "<": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6}
BINDING |= {"negative": 7, "^": 8}
VALUES = {"a": 0.0, "b": 1.0, "c": 2.5, "d": -3.0}
MEANING: dict[str, Any] = {
    ":or:": lambda x, y: float(bool(x) or bool(y)),
    ":and:": lambda x, y: float(bool(x) and bool(y)),
    "not": lambda x: float(not x),
    "=": lambda x, y: float(x == y),
    "<>": lambda x, y: float(x != y),
    "<": lambda x, y: float(x < y),
    ">=": lambda x, y: float(x >= y),
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / (1 + abs(y)),
    "^": lambda x, y: abs(x) ** (y % 2),
    "negative": lambda x: -x,
}


@st.composite
def formulas(draw: st.DrawFn, depth: int = 4) -> tuple[str, int, float]:
    """A formula with no more brackets than it needs, how tightly it binds, and what it is."""
    if depth == 0 or draw(st.booleans()):
        name = draw(st.sampled_from(sorted(VALUES)))
        return name, 9, VALUES[name]
    operator = draw(st.sampled_from(sorted(BINDING)))
    own = BINDING[operator]
    text, binding, value = draw(formulas(depth=depth - 1))
    if operator in (":NOT:", "negative"):
        sign = "-" if operator == "negative" else ":NOT: "
        inner = text if binding >= own else f"({text})"
        return f"{sign}{inner}", own, MEANING["not" if operator == ":NOT:" else operator](value)
    other, other_binding, other_value = draw(formulas(depth=depth - 1))
    # Comparisons and powers stand alone; all others are read from the left.
    alone = own in (4, 8)
    left = text if binding > own or (binding == own and not alone) else f"({text})"
    right = other if other_binding > own else f"({other})"
    return f"{left} {operator} {right}", own, MEANING[operator.lower()](value, other_value)


def value_of(tree: Tree) -> float:
    """What a tree is, by the same rules."""
    if isinstance(tree, Literal):
        return tree.value
    if isinstance(tree, Name):
        return VALUES[tree.key]
    assert isinstance(tree, Operation)
    found: float = MEANING[tree.operator](*map(value_of, tree.arguments))
    return found


@settings(max_examples=2_000, deadline=None, derandomize=True, database=None)
@given(formula=formulas())
def test_operators_bind_as_the_manual_says(formula):
    text, _, value = formula
    assert value_of(parse_formula(text, "vensim")) == pytest.approx(value, rel=1e-12), text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2^3^2", "read in two ways"),
        ("a < b < c", "two comparisons in a row"),
        ("a + * b", r"'\* b' is not understood"),
        ("MAX(a, b", "'b' is not understood"),
        ("a b +", "it breaks off"),
    ],
)
def test_a_formula_that_can_be_read_in_two_ways_or_in_none_is_refused(text, message):
    with pytest.raises(FormulaError, match=message):
        parse_formula(text, "vensim")


def test_xmile_has_its_own_words_and_reads_powers_from_the_right():
    tree = parse_formula("IF x > 1 AND NOT y THEN 2^3^2 ELSE Sub.level MOD 3", "xmile")
    assert isinstance(tree, Application)
    assert [type(part).__name__ for part in tree.arguments] == ["Operation"] * 3
    power = tree.arguments[1]
    assert isinstance(power, Operation)
    assert power.arguments[1] == Operation("^", (Literal(3.0), Literal(2.0)))


TEXT = """{UTF-8}
a = 1 {one} + {and a {nested} one} 2 ~ $/person [0,?] ~ from 5~10, says "Li" | b = "a|b" * \\
    2 ~~ :SUPPLEMENTARY |
"a|b" = 3 ~~|
******
.Group one
******~
 What it holds |
reality :THE CONDITION: a > 5 :IMPLIES: b > 2 ~~|
D: d1, d2, (e1-e3) -> (E: x, y, z, u, v) ~~|
E: x, y, z, u, v ~~|
"""


def test_every_entry_is_kept_with_its_line_unit_limits_and_comment():
    model = parse_vensim(TEXT)
    assert model.faults == []
    assert model.entries == 7
    assert [entry.line for entry in read_entries(TEXT)] == [2, 2, 4, 5, 9, 10, 11]
    a = model.elements["a"]
    assert (a.unit, a.low, a.high) == ("$/person", 0.0, None)
    assert a.comment == 'from 5~10, says "Li"'
    assert model.elements["b"].parts[0].tree == Operation("*", (Name("a|b", '"a|b"'), Literal(2.0)))
    assert model.aside == ["reality"]
    assert model.ranges["d"].members == ("d1", "d2", "e1", "e2", "e3")
    assert model.ranges["d"].mappings == (("E", ("x", "y", "z", "u", "v")),)


def test_no_entry_of_a_file_is_lost(models):
    files = [MODEL_FILE, *models.glob("*.mdl")]
    for path in files:
        text = path.read_text(encoding="utf-8")
        model = parse_vensim(text)
        variables = [
            *model.elements.values(),
            *(one for macro in model.macros.values() for one in macro.elements.values()),
        ]
        parts = sum(len(variable.parts) for variable in variables)
        banners = sum(entry.is_banner for entry in read_entries(text))
        # None of these files has a bar in a name.
        assert parts + len(model.ranges) + banners == model.entries == text.count("|"), path.name
    assert len(files) > 15


BROKEN = """{UTF-8}
a = 1 +
  * 2 ~~|
b = 2 ~~|
c = (b ~~|
d((0,1),(1)) ~~|
D: (x1-y3) ~~|
e = 4 ~~
"""


def test_everything_that_cannot_be_read_is_told_at_once_with_file_line_and_entry(tmp_path):
    path = tmp_path / "broken.mdl"
    path.write_text(BROKEN, encoding="utf-8")
    with pytest.raises(RefusedModelError) as caught:
        compile_model(path)
    message = str(caught.value)
    for expected in (
        "broken.mdl: The model cannot be read:",
        "line 3: 'a' cannot be read: '* 2' is not understood",
        "line 5: 'c' cannot be read: it breaks off",
        "line 6: 'd((0,1),(1))' cannot be read",
        "line 7: 'D: (x1-y3)' cannot be read: (x1-y3) is no row of numbered subscripts",
        "line 8: the file is cut off: no '|' closes 'e = 4",
    ):
        assert expected in message
    assert "'b'" not in message


def test_a_refusal_names_the_line_of_each_variable(write_model):
    with pytest.raises(RefusedModelError, match=r"(?s)line 3: y: the function NETWORK is not known.*line 5: z: 'no'"):
        compile_model(write_model("x = 1 ~~|\ny = NETWORK(x)\n ~~|\nz = no + 1 ~~|"))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("人口 = 1", "utf-8"),
        ("人口 = 1", "utf-8-sig"),
        ("人口 = 1", "utf-16"),
        ("人口 = 1", "utf-16-le"),
        ("人口增长率与城镇化 = 1", "gbk"),
        ("température à l'été = 1, größe = 2", "cp1252"),
        ("température à l'été = 1", "utf-8"),
    ],
)
def test_a_file_is_read_in_whatever_it_was_saved(text, encoding):
    assert decode(text.encode(encoding)) == text


# What only a whole model shows.

FEATURES = """
:MACRO: SPLIT(total, most : rest)
SPLIT = MIN(total, most) ~~|
rest = total - SPLIT ~~|
:END OF MACRO:
:MACRO: LAG(given, time, stages)
LAG = DELAY N(given, time, given, stages) ~~|
:END OF MACRO:

lagged = LAG(Time, 2, stages * 1) - DELAY3(Time, 2) ~~|
stages = 3 ~~|
part = SPLIT(10, 4 : left over) ~~|
doubled = left over * 2 ~~|
D: d1, d2, d3, d4 ~~|
v[D] = 3, 1, 3, 2 ~~|
rising[D] = VECTOR SORT ORDER(v[D], 1) ~~|
falling[D] = VECTOR SORT ORDER(v[D], -1) ~~|
rank[D] = VECTOR RANK(v[D], 1) ~~|
moved[D] = VECTOR ELM MAP(v[d1], rising[D]) ~~|
beyond = VECTOR ELM MAP(v[d4], 1) ~~|
s[D] = 1, 0, 1, 0 ~~|
chosen = VECTOR SELECT(s[D!], v[D!] + Time, -1, 0, 0) ~~|
largest = VECTOR SELECT(1 - s[D!], v[D!], -1, 3, 0) ~~|
none = VECTOR SELECT(s[D!] * 0, v[D!], -1, 0, 0) ~~|
table((0, 0), (1, 10), (3, 20)) ~~|
inverse = LOOKUP INVERT(table, 15) ~~|
area = LOOKUP AREA(table, 0.5, 4) ~~|
further = LOOKUP EXTRAPOLATE(table, 5) ~~|
before = LOOKUP BACKWARD(table, 2.9) ~~|
worth = NPV(10, 0.1, 0, 1) ~~|
sloped = TIME BASE(3, 2) ~~|
"""


def test_functions_of_vectors_lookups_and_macros_give_what_the_manual_says(write_model):
    course = run_plainly(write_model(FEATURES))
    assert (course["lagged"] == 0).all()
    found = course.isel(time=0)
    single = {
        "part": 4,
        "left over": 6,
        "doubled": 12,
        "chosen": 6,
        "largest": 2,
        "none": -1,
        "beyond": -(2.0**109),
        "inverse": 2,
        # A triangle's half, a trapezium, and one step held at the end.
        "area": (5 + 10) / 2 * 0.5 + (10 + 20) / 2 * 2 + 20,
        "further": 30,
        "before": 10,
        "worth": 10 * 0.25,
        "sloped": 3,
    }
    assert {name: float(found[name]) for name in single} == pytest.approx(single)
    arrays = {"rising": [1, 3, 0, 2], "falling": [0, 2, 3, 1], "rank": [3, 1, 4, 2], "moved": [1, 2, 3, 3]}
    for name, expected in arrays.items():
        np.testing.assert_array_equal(found[name], expected, err_msg=name)


SHARED = """
D: d1, d2, d3, d4 ~~|
P: ptype, ppriority, pwidth, pextra ~~|
asked[D] = 3, 6, 2.5, 2 ~~|
priority[D] = 10, 9, 7, 2 ~~|
first[D] = ALLOCATE BY PRIORITY(asked[D], priority[D], 4, 3, 4) ~~|
enough[D] = ALLOCATE BY PRIORITY(asked[D], priority[D], 4, 3, 20) ~~|
curve[D, P] = 1, 10, 2, 0; 2, 10, 2, 0; 3, 10, 2, 0; 4, 10, 2, 0; ~~|
half[D] = ALLOCATE AVAILABLE(asked[D], curve[D, ptype], 6.75) ~~|
level[D, P] = 1, 10, 4, 0; 2, 10, 4, 0; 3, 12, 1, 0; 4, 0, 1, 0; ~~|
some[D] = ALLOCATE AVAILABLE(asked[D], level[D, ptype], 8.5) ~~|
E: e1, e2, e3 ~~|
F <-> E ~~|
matrix[E, F] = 2, 1, 0; 1, 3, 1; 0, 1, 5; ~~|
inverse[E, F] = INVERT MATRIX(matrix[E, F], 3) ~~|
"""


def test_what_is_scarce_is_shared_by_priority_and_matrices_are_inverted(write_model):
    found = run_plainly(write_model(SHARED)).isel(time=0)
    # The first has 1 before the second begins at a gap of a third of the width; then they share 3 as 3 to 6.
    np.testing.assert_allclose(found["first"], [2, 2, 0, 0], rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found["enough"], found["asked"])
    # All curves give half at the priority they have in common.
    np.testing.assert_allclose(found["half"], found["asked"] / 2, rtol=1e-12)
    assert float(found["some"].sum()) == pytest.approx(8.5, rel=1e-12)
    assert (found["some"][2] > 2.4) & (found["some"][3] < 0.01)
    np.testing.assert_allclose(found["matrix"].values @ found["inverse"].values, np.eye(3), atol=1e-14)


def test_data_without_numbers_must_be_given_and_then_are_read(write_model):
    model = compile_model(write_model("wanted :INTERPOLATE: ~~|\nseen := ~~|\nb = wanted + 1 ~~|\nc = Time ~~|"))
    with pytest.raises(ChangeError, match="'wanted', 'seen': the model file names data without their numbers"):
        model.run()
    assert model.run(outputs=["c"])["c"].sizes["time"] == 41
    given = model.run({"wanted": 2.0, "seen": 0.0})
    assert (given["b"] == 3.0).all()
    assert math.isnan(float(model.run(keep_non_finite=True)["b"][0]))


def test_an_element_that_nothing_defines_is_refused_only_where_it_is_read(write_model):
    text = "D: a, b, c ~~|\nx[a] = 1 ~~|\nx[b] = Time ~~|\n"
    assert np.isnan(run_plainly(write_model(text))["x"].sel(D="c")).all()
    with pytest.raises(RefusedModelError, match=r"line 5: y: reads x at \[c\], which no equation defines"):
        compile_model(write_model(text + "y[D] = x[D] ~~|"))


def test_a_true_circle_of_elements_is_refused_by_name(write_model):
    text = "D: a, b ~~|\nx[a] = y[b] ~~|\nx[b] = 1 ~~|\ny[a] = 2 ~~|\ny[b] = x[a] ~~|"
    with pytest.raises(RefusedModelError, match=r"depend on each other: .*x\[0\].*y\[1\]"):
        compile_model(write_model(text))


def test_steps_of_a_tenth_meet_the_times_that_are_written(tmp_path):
    path = tmp_path / "tenths.mdl"
    equations = "after = IF THEN ELSE(Time > 0.7, 1, 0) ~~|\nfrom then = IF THEN ELSE(Time >= 2.3, 1, 0) ~~|\n"
    equations += "tenths = INTEGER(Time * 10) ~~|\n"
    times = "INITIAL TIME = 0 ~~|\nFINAL TIME = 3 ~~|\nTIME STEP = 0.1 ~~|\nSAVEPER = TIME STEP ~~|\n"
    path.write_text(equations + times, encoding="utf-8")
    found = run_plainly(path)
    np.testing.assert_array_equal(found["time"], [number / 10 for number in range(31)])
    np.testing.assert_array_equal(found["after"].sel(time=[0.7, 0.8]), [0, 1])
    np.testing.assert_array_equal(found["from then"].sel(time=[2.2, 2.3]), [0, 1])
    np.testing.assert_array_equal(found["tenths"], range(31))


@pytest.mark.parametrize(
    ("method", "factor"),
    [
        ("euler", 1 - 0.25),
        ("rk2", 1 - 0.25 + 0.25**2 / 2),
        ("rk4", 1 - 0.25 + 0.25**2 / 2 - 0.25**3 / 6 + 0.25**4 / 24),
    ],
)
def test_the_caller_may_say_how_to_integrate(method, factor, write_model):
    path = write_model(
        "x = INTEG(-x, 1) ~~|\nhalf = SAMPLE IF TRUE(Time >= 5, x, 0) ~~|\nlate = DELAY FIXED(x, 1, 7) ~~|"
    )
    found = run_plainly(path, method=method)
    np.testing.assert_allclose(found["x"][1:], found["x"][:-1].values * factor, rtol=1e-12)
    np.testing.assert_array_equal(found["half"].sel(time=[4.75, 5, 10]), found["x"].sel(time=[5, 5, 10]) * [0, 1, 1])
    np.testing.assert_array_equal(found["late"].sel(time=[0, 0.75, 1, 9]), [7, 7, *found["x"].sel(time=[0, 8]).values])


def test_pysd_is_not_asked_for_what_it_integrates_in_another_way(tmp_path, models):
    text = (models / "stocks.mdl").read_text(encoding="utf-8")
    path = tmp_path / "rk4.mdl"
    path.write_text(f"{text}\n\\\\\\---/// Sketch\n///---\\\\\\\n15:0,0,0,1,0,0\n", encoding="utf-8")
    with pytest.raises(RefusedModelError, match="asks for RK4; PySD integrates by Euler only"):
        ReferenceModel(path)


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("SAVEPER = Time ~~|\nTIME STEP = 1 ~~|", "must be the same for all runs and moments"),
        ("SAVEPER = TIME STEP ~~|\nTIME STEP = SAVEPER ~~|", "depends on itself"),
    ],
)
def test_time_settings_that_are_no_numbers_are_refused_at_once(equations, message, tmp_path):
    path = tmp_path / "times.mdl"
    path.write_text("INITIAL TIME = 0 ~~|\nFINAL TIME = 9 ~~|\n" + equations, encoding="utf-8")
    with pytest.raises(RefusedModelError, match=message):
        compile_model(path)


EXTERNAL = """
a = GET DIRECT CONSTANTS('none.csv', ',', 'B2') ~~|
b = GET DIRECT CONSTANTS('there.csv', ',', 'C9') ~~|
c = GET DIRECT CONSTANTS('there.csv', ',', 'somewhere') ~~|
d = GET XLS CONSTANTS('old.xls', 'S', 'B2') ~~|
"""


def test_numbers_that_are_not_beside_the_model_are_refused_by_name(write_model, tmp_path):
    (tmp_path / "there.csv").write_text("x,1\n", encoding="utf-8")
    with pytest.raises(RefusedModelError) as caught:
        compile_model(write_model(EXTERNAL))
    for expected in (
        "a: none.csv is not beside the model",
        "b: there.csv holds no number at C9",
        "c: 'somewhere' is no cell of there.csv",
        "d: old.xls is no .csv, .txt, .xlsx or .xlsm",
    ):
        assert expected in str(caught.value)


def test_a_changed_table_beside_the_model_is_read_anew(write_model, tmp_path):
    path = write_model("a = GET DIRECT CONSTANTS('there.csv', ',', 'B1') ~~|", "tables")
    for number in (3.0, 4.0):
        (tmp_path / "there.csv").write_text(f"x,{number}\n", encoding="utf-8")
        assert float(compile_model(path).run()["a"][0]) == number


def test_arrays_from_a_workbook_equal_pysd(write_model, tmp_path, assert_same):
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "S"
    for row in (["t", 0, 5, 10], ["y", 1, 2, 9], ["z", 3, None, 7], ["c", 10, 20, 30], ["d", 40, 50, 60]):
        sheet.append(row)
    book.save(tmp_path / "data.xlsx")
    equations = """
    D: d1, d2, d3 ~~|
    E: e1, e2 ~~|
    row[D] = GET DIRECT CONSTANTS('data.xlsx', 'S', 'B4') ~~|
    table[E, D] = GET DIRECT CONSTANTS('data.xlsx', 'S', 'B4') ~~|
    turned[D, E] = GET DIRECT CONSTANTS('data.xlsx', 'S', 'B4*') ~~|
    curve[E] = GET DIRECT LOOKUPS('data.xlsx', 'S', '1', 'B2') ~~|
    read[E] = curve[E](Time) ~~|
    held:HOLD BACKWARD::= GET DIRECT DATA('data.xlsx', 'S', '1', 'B2') ~~|
    ahead:LOOK FORWARD::= GET DIRECT DATA('data.xlsx', 'S', '1', 'B2') ~~|
    """
    path = write_model(equations, "workbook")
    found = assert_same(path)
    np.testing.assert_array_equal(found["turned"].isel(time=0), [[10, 40], [20, 50], [30, 60]])
    path.write_text(
        path.read_text(encoding="utf-8")
        + """
        at = GET DATA AT TIME(held, 7.5) ~~|
        before = GET DATA BETWEEN TIMES(held, Time + 1, -1) ~~|
        after = GET DATA BETWEEN TIMES(held, Time + 1, 1) ~~|
        ends = GET DATA LAST TIME(held) - GET DATA FIRST TIME(held) ~~|
        later = GET TIME VALUE(0, 2, 0) ~~|
        """,
        encoding="utf-8",
    )
    at_four = run_plainly(path).sel(time=4.5)
    expected = {"at": 5.5, "before": 2.0, "after": 9.0, "ends": 10.0, "later": 6.5}
    assert {name: float(at_four[name]) for name in expected} == expected


# XMILE.

XMILE = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<sim_specs method="{method}"><start>0</start><stop>6</stop><dt>0.5</dt></sim_specs>
{body}</xmile>
"""


@pytest.fixture
def write_xmile(tmp_path):
    """A function that writes an XMILE file, with time from 0 to 6 in steps of a half."""

    def write(body, method="Euler"):
        path = tmp_path / "small.xmile"
        path.write_text(XMILE.format(body=body, method=method), encoding="utf-8")
        return path

    return write


ARRAYS = """
<dimensions><dim name="Region" size="2"><elem name="North"/><elem name="South"/></dim>
<dim name="Age" size="3"/></dimensions>
<model><variables>
<stock name="Pop"><dimensions><dim name="Region"/><dim name="Age"/></dimensions><eqn>10</eqn>
<inflow>births</inflow><outflow>deaths</outflow></stock>
<flow name="births"><dimensions><dim name="Region"/><dim name="Age"/></dimensions><eqn>0.1*Pop[Region,Age]</eqn></flow>
<flow name="deaths"><dimensions><dim name="Region"/><dim name="Age"/></dimensions><eqn>Pop*rate[Region]</eqn></flow>
<aux name="rate"><dimensions><dim name="Region"/></dimensions>
<element subscript="North"><eqn>0.05</eqn></element><element subscript="South"><eqn>0.02</eqn></element></aux>
<aux name="total\\nPop"><eqn>SUM(Pop[*,*])</eqn></aux>
<aux name="mean pop"><eqn>MEAN(Pop[*,1])</eqn></aux>
<aux name="biggest"><eqn>MAX(Pop)</eqn></aux>
<aux name="count"><eqn>SIZE(rate)</eqn></aux>
<aux name="some"><eqn>SUM(Pop[South,2:3])</eqn></aux>
<aux name="one"><eqn>Pop[South, 2] + total Pop * 0</eqn></aux>
<aux name="three"><eqn>MAX(total_Pop, mean_pop, 500)</eqn></aux>
<aux name="before"><eqn>PREVIOUS(total_Pop, 7)</eqn></aux>
<aux name="curve"><eqn>TIME</eqn><gf><xscale min="0" max="4"/><ypts>0,1,4,9,16</ypts></gf></aux>
<aux name="looked up"><eqn>LOOKUP(curve, 2.5) {a comment}</eqn></aux>
</variables></model>"""


def test_arrays_of_xmile_are_read_with_stars_stretches_and_numbers(write_xmile):
    found = run_plainly(write_xmile(ARRAYS))
    start, later = found.isel(time=0), found.isel(time=1)
    expected: dict[str, float] = {
        "total Pop": 60,
        "mean pop": 10,
        "biggest": 10,
        "count": 2,
        "some": 20,
        "one": 10,
        "three": 500,
    }
    expected |= {"before": 7, "curve": 0, "looked up": 6.5}
    assert {name: float(start[name]) for name in expected} == expected
    np.testing.assert_allclose(later["Pop"].sel(Region="South"), 10 * 1.04)
    assert float(later["before"]) == 60


def test_subscripts_that_are_worked_out_read_the_element_of_that_number_or_nought(write_xmile):
    body = """<dimensions><dim name="Age" size="4"/></dimensions><model><variables>
    <aux name="p"><dimensions><dim name="Age"/></dimensions><eqn>10*Age + TIME</eqn></aux>
    <aux name="before"><dimensions><dim name="Age"/></dimensions><eqn>p[Age-1]</eqn></aux>
    <aux name="k"><eqn>2</eqn></aux><aux name="some"><eqn>p[k] + p[k+1] + p[3]</eqn></aux>
    <aux name="safe"><eqn>SAFEDIV(1, 1e-9) + SAFEDIV(1, 0, 7) + 4//2 + 3//0</eqn></aux></variables></model>"""
    found = run_plainly(write_xmile(body)).sel(time=1)
    np.testing.assert_array_equal(found["before"], [0, 11, 21, 31])
    assert float(found["some"]) == 21 + 31 + 31
    assert float(found["safe"]) == pytest.approx(1e9 + 9, rel=1e-15)


MODULES = """<model><variables>
<module name="A"><connect to="A.rate" from=".speed"/></module>
<module name="B"><connect to="B.rate" from=".A.level"/></module>
<aux name="speed"><eqn>5</eqn></aux><aux name="sum of both"><eqn>A.level + B.level</eqn></aux></variables></model>
<model name="A"><variables><stock name="level"><eqn>0</eqn><inflow>fill</inflow></stock>
<flow name="fill"><eqn>rate</eqn></flow><aux name="rate" access="input"><eqn>1</eqn></aux></variables></model>
<model name="B"><variables><stock name="level"><eqn>1</eqn><inflow>fill</inflow></stock>
<flow name="fill"><eqn>rate*2</eqn></flow><aux name="rate" access="input"/></variables></model>"""


def test_modules_read_each_other_and_keep_their_names_apart(write_xmile):
    found = run_plainly(write_xmile(MODULES)).sel(time=1)
    assert float(found["A.level"]) == 5
    # Half a step of nothing, and half a step of 2.5 twice.
    assert float(found["B.level"]) == 1 + 0.5 * 2 * 2.5
    assert float(found["sum of both"]) == 8.5


def test_macros_second_order_and_variables_directly_under_the_model_of_xmile(write_xmile):
    macro = """<macro name="glide"><parm>inp</parm><parm>tau</parm><eqn>out</eqn><variables>
    <stock name="out"><eqn>inp</eqn><inflow>change</inflow></stock><flow name="change"><eqn>(inp-out)/tau</eqn></flow>
    </variables></macro><model><aux name="a"><eqn>glide(TIME + 1, 2)</eqn></aux>
    <stock name="S"><eqn>1</eqn><inflow>f</inflow></stock><flow name="f"><eqn>-S</eqn></flow></model>"""
    found = run_plainly(write_xmile(macro, "RK2"))
    # Heun: from 1 at rates 0 and 0.25 over half a step.
    assert float(found["a"][1]) == pytest.approx(1 + 0.5 * (0 + 0.5 / 2) / 2)
    assert float(found["S"][1]) == 1 - 0.5 + 0.125


REFUSED = """<model><variables>
<stock name="Q"><eqn>1</eqn><queue/></stock>
<aux name="a"><eqn>b +* 3</eqn></aux>
<aux name="b"/>
<stock name="Line"><eqn>0</eqn><inflow>i</inflow><outflow>o</outflow><outflow>lost</outflow><conveyor/></stock>
<flow name="i"><eqn>1</eqn></flow><flow name="o"/><flow name="lost"><leak/></flow>
<module name="None"/>
</variables></model>"""


def test_what_has_no_meaning_in_xmile_is_refused_by_name_and_line(write_xmile):
    with pytest.raises(RefusedModelError) as caught:
        compile_model(write_xmile(REFUSED, "RK45"))
    for expected in (
        "line 5: 'Q': its equation cannot be read: a stock that is a queue",
        "line 6: 'a': its equation cannot be read: '* 3' is not understood",
        "line 7: 'b': it has no equation",
        "line 9: 'o': its equation cannot be read: the conveyor 'Line' has a leak",
        "line 10: the module 'None': the file holds no model of this name",
        "the method of integration: 'rk45' is not known",
    ):
        assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<xmile><model>", "not well-formed XML"),
        ("<xmile/>", "the file holds no <model>"),
        ("<xmile><model/></xmile>", "the file holds no <sim_specs>"),
    ],
)
def test_a_file_that_is_no_model_is_never_an_empty_one(text, message, tmp_path):
    path = tmp_path / "empty.xmile"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RefusedModelError, match=message):
        compile_model(path)


def test_a_range_with_an_alias_is_a_number_like_any_other(write_model):
    path = write_model("Row: r1, r2, r3 ~~|\nAlt <-> Row ~~|\nx[Row] = Row * 2 ~~|\ny[Row] = x[Row] + Row ~~|")
    np.testing.assert_array_equal(run_plainly(path)["y"].isel(time=0), [3, 6, 9])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_lookup_is_read_in_its_own_way_wherever_it_stands(order, write_model, write_xmile):
    lines = ["a = effect(Time) ~~|", "effect((0,1),(5,1),(5,9),(10,9)) ~~|"]
    found = run_plainly(write_model("\n".join(lines[place] for place in order)))["a"]
    # At the first of two points with the same x.
    assert float(found.sel(time=5.0)) == 1.0
    parts = [
        '<aux name="a"><eqn>effect(TIME * 2)</eqn></aux>',
        '<gf name="effect" type="discrete"><xpts>0,1.5,3.2</xpts><ypts>5,7,9</ypts></gf>',
    ]
    body = "".join(parts[place] for place in order)
    found = run_plainly(write_xmile(f"<model><variables>{body}</variables></model>"))["a"]
    np.testing.assert_array_equal(found.sel(time=[0.0, 0.5, 1.0]), [5, 5, 7])


def test_tables_of_one_array_that_are_read_in_different_ways_are_refused(write_xmile):
    tables = "".join(
        f'<element subscript="{item}"><gf type="{kind}"><xpts>0,1</xpts><ypts>0,1</ypts></gf></element>'
        for item, kind in (("a", "continuous"), ("b", "discrete"))
    )
    body = '<dimensions><dim name="D"><elem name="a"/><elem name="b"/></dim></dimensions><model><variables>'
    body += f'<aux name="t"><dimensions><dim name="D"/></dimensions>{tables}</aux></variables></model>'
    with pytest.raises(RefusedModelError, match="its elements are read in different ways"):
        run_plainly(write_xmile(body))


def test_a_poisson_number_of_a_large_mean_is_near_it_and_whole(write_model):
    drawn = run_plainly(write_model("x = RANDOM POISSON(0, 1e12, 1e8, 0, 1, 3) ~~|"))["x"].to_numpy()
    # Five standard errors of the mean of 41 draws with a variance of 1e8.
    assert abs(drawn.mean() - 1e8) < 5 * 1e4 / np.sqrt(len(drawn))
    np.testing.assert_array_equal(drawn, drawn.round())
