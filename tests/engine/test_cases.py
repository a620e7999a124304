"""Small models, each with one thing that real files hold, give what the manuals say: worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from model.engine import compile_model
from tests.engine.plain import run_plainly

CASES = Path(__file__).parent / "cases"
MISSING = -(2.0**109)
E2 = math.e**2
#: For each model, what some of its variables are at some times.
EXPECTED: dict[str, dict[str, dict[float, float]]] = {
    # Encodings, comments, names and marks of the format.
    "05_inline_comment.mdl": {"a": {0: 42}, "b[A2]": {0: 2}},
    "07_tildes_in_comment.mdl": {"a": {0: 1}, "b": {0: 7}},
    "08a_gbk_no_header.mdl": {"人口": {4: 146.41}},
    "08b_bom.mdl": {"人口": {4: 146.41}},
    "08d_utf16.mdl": {"人口": {4: 146.41}},
    "09a_fullwidth.mdl": {"人口（万人）": {0: 100}, "面积㎡": {0: 5}},
    "09b_quoted.mdl": {'"A+B"': {0: 2}, '"人口(万人)"': {0: 4}, "time's up": {0: 7}},
    "35_units_odd.mdl": {"d": {0: 4}},
    "36_groups_supplementary.mdl": {"a": {0: 1}},
    "42_names_clash.mdl": {"人口_总数 2": {0: 2}, "gdp per head": {0: 1}},
    # 1,000 people grow by 2 % a year.
    "n10e_chinese_gbk_nohead.mdl": {"人口": {2: 1040.4}, "区人口[西]": {0: 600}, "份额[东]": {10: 0.4}},
    "n24_comments.mdl": {"a": {0: 5}, "b[d1]": {0: 1}, "b[d2]": {0: 2}, "c": {7: 7}},
    # Operators and logic: NOT binds before AND, and AND before OR.
    "02_and_or.mdl": {"x": {0: 1}, "y": {0: 1}, "z": {0: 0}},
    "17a_minus_power.mdl": {"c": {0: -9}, "d": {0: 1 / 9}, "e": {0: math.exp(-4.5)}, "f": {0: -6}, "g": {0: 8}},
    "n08b_logic.mdl": {
        "t1": {0: 1, 10: 1},
        "t2": {0: 1},
        "t3": {0: 0, 10: 0},
        "t4": {0: 1, 10: 1},
        "t5": {0: 1, 6: 0},
        "v": {3: 0, 4: 1},
    },
    # What is missing is a number like others.
    "04_na.mdl": {"is missing": {0: 1}, "used": {0: 3}},
    "n19_na.mdl": {"x": {5: 1, 6: MISSING}, "y": {5: 1, 6: 0}},
    # Integration: the exact answers are cos 10 and e^5 = 148.41; the fourth order comes near at these steps.
    "01_rk4.mdl": {"x": {10: -0.839188}},
    "x1_rk4.xmile": {"x": {10: -0.839188}, "y": {10: 0.543717}},
    "n23_rk4.mdl": {"P": {1: 1 + 0.5 + 0.125 + 0.5**3 / 6 + 0.5**4 / 24, 10: 148.158}},
    # Pulses: on where start < Time + TIME STEP / 2 < start + width, for one step at least, the end of a train included.
    "03_pulse_zero_width.mdl": {
        "p": {1.75: 0, 2: 1, 2.25: 0},
        "q": {1.75: 0, 2: 1, 2.75: 1, 3: 0},
        "r": {1: 1, 1.25: 0, 3: 1},
        "count p": {5: 1},
        "count r": {5: 2},
    },
    "n29_pulse_dt01.mdl": {
        "p": {4.9: 0, 5: 1, 5.9: 1, 6: 0},
        "p0": {5: 1, 5.1: 0},
        "q": {2.9: 0, 3: 1, 3.3: 1, 3.4: 0},
        "pt": {13: 1, 14: 0, 15: 1, 15.1: 0, 17: 0},
        "area": {20: 1.0},
        "area0": {20: 0.1},
        "areat": {20: 5.1},
        "areat0": {20: 0.6},
    },
    # Time: labels as written, and moments that are met although tenths do not add up.
    "21c_step_256th.mdl": {"x": {0.00390625: 0.00390625, 0.0625: 0.0625}},
    "21d_equality_on_tenths.mdl": {"hit": {0.2: 0, 0.3: 1, 0.4: 0}, "hits": {1: 1}, "late": {0.2: 0, 0.3: 1}},
    "21e_saveper_reads_dt.mdl": {"x": {0.5: 0.5, 2: 2}},
    "n16_controls.mdl": {"S": {2000.5: 0.5, 2020: 20}, "t": {2000: 500}, "left": {2000: 20, 2020: 0}},
    # Lookups.
    "06_lookup_x_then_y.mdl": {"v": {0: 0.35}, "w": {0: 1.1}},
    "18_lookup_per_element.mdl": {"sum of all": {0: 25}, "y[A1]": {0: 2}},
    "22_lookup_unsorted.mdl": {"v": {0: 15}},
    "n07b_lookup_dup.mdl": {"a": {4: 1, 5: 1, 6: 9}},
    "n07f_lookup_forward.mdl": {"a": {0: 1, 2: 1, 3: 10, 7: 10, 8: 30, 16: 30}},
    # Subscripts: mappings, parts of arrays, order by element, and names in any case.
    "10a_recurrence.mdl": {"x[A1]": {0: 1}, "x[A2]": {0: 2}, "x[A3]": {0: 4}},
    "11_partial_array.mdl": {"h[A1]": {0: 8}, "h[A2]": {0: math.nan}, "k": {0: 9}},
    "14_mapping_explicit.mdl": {"b[B1]": {0: 30}, "b[B2]": {0: 20}, "b[B3]": {0: 10}},
    "37_subscript_numeric_range.mdl": {"总数": {0: 10, 1: 20, 4: 50}},
    "n01d_map_sum.mdl": {"t": {0: 3, 10: 33}, "n": {0: 3}},
    "n18_case.mdl": {"y[Young]": {0: 2}, "y[Old People]": {0: 4}, "t": {0: 6}},
    "n21_element_circle.mdl": {"x[d3]": {0: 3, 1: 7}, "y[d2]": {0: 2}, "y[d3]": {10: 86}},
    "n22_partial.mdl": {"t": {0: 0, 10: 30}, "p": {10: 10}},
    # Memory. Vensim itself gives these numbers for a delay shorter than the step.
    "15_delay_shorter_than_step.mdl": {"d": {6: 10, 7: -260, 8: 1360}},
    "38_sample_delay_fixed.mdl": {"s": {2: 2, 3: 2, 4: 4}, "d": {0: -5, 1: -5, 2: 0, 4: 2}},
    # A ramp through three stages of 2/3 or 4/3 steps each.
    "n20_delays_by_element.mdl": {
        "df[a]": {2: 0, 3: 1, 10: 8},
        "df[b]": {4: 0, 5: 1, 10: 6},
        "d3[a]": {3: 0, 4: 1.5**3},
        "d3[b]": {3: 0, 4: 0.75**3},
        "s3[b]": {4: 0.75**3},
        "i[a]": {3: 0, 4: 43 / 27},
    },
    # Macros.
    "16_macro_time_step.mdl": {"g": {0: 1, 1: 1, 2: 2}},
    "n25_macro_dollar.mdl": {"x": {0: 3.5, 10: 13.5}},
    # Numbers from tables beside the model.
    "23_get_direct_constants.mdl": {"c": {0: 5}},
    "n09_external.mdl": {"c1": {0: 7}, "d1": {0: 1, 5: 2, 10: 9}, "a": {0: 9, 5: 11, 10: 25}},
    "n09b_external_csv.mdl": {"a": {0: 7, 10: 17}},
    # Stella.
    "n17_nonneg.xmile": {
        "gf cont": {5: 16},
        "gf ext": {5: 23},
        "gf disc": {0.75: 0, 1: 1, 1.75: 1},
        "Tank": {3.25: 0.25, 3.5: 0, 10: 0},
        "Sink": {3.5: 10, 5.25: 10, 10: 14.75},
        "drain": {3: 3, 3.25: 1, 3.5: 0, 6: 1},
        "i1": {0: -6, 10: 4},
        "sd": {5: 9},
        "pu": {2: 20, 2.25: 0, 5: 20},
        "mn": {10: 4},
    },
    "n17e_mod.xmile": {"m1": {0: 1, 1: 2, 2: 0, 10: 2}},
    "x10a_extrapolate.xmile": {"f": {4: 40}, "g": {1: 0, 2: 10}},
    "x2_non_negative.xmile": {"Tank": {1: 1, 2: 0, 4: 0}, "drain": {0: 4, 1: 1, 2: 0}},
    "x3_modules.xmile": {"seen": {2: 20}, "level": {2: 10}},
    "x3b_module_input.xmile": {"level": {2: 10}},
    "x4_conveyor.xmile": {"Line": {1: 3, 2: 6, 4: 6}, "leave": {1: 0, 2: 3}},
    "x5_two_dims.xmile": {"总人口": {0: 21}, "各区[市中]": {0: 15}},
    "x6_array_lookup.xmile": {"f[历下]": {2: 20}, "f[市中]": {2: 2}},
    "x9_stella_words.xmile": {"a": {1: 0, 2: 1, 3: 0}, "c": {0: 3}, "d": {0: 9}, "f": {3: 1}},
}
#: Models that are told of rather than run in silence, or tested elsewhere.
TOLD = {"21a_saveper_not_multiple.mdl", "n06c_saveper_odd.mdl", "n11_random.mdl"}
#: One of each form of generated code, compiled always.
COMPILED = [
    "01_rk4.mdl",
    "10a_recurrence.mdl",
    "11_partial_array.mdl",
    "n07b_lookup_dup.mdl",
    "n09_external.mdl",
    "n20_delays_by_element.mdl",
    "n29_pulse_dt01.mdl",
    "x2_non_negative.xmile",
]


def assert_expected(found, expected):
    """Compare single elements at single times; what is worked out by hand has some six digits."""
    for variable, course in expected.items():
        name, _, rest = variable.partition("[") if not variable.startswith('"') else (variable, "", "")
        values = found[name]
        for dim, element in zip(
            [dim for dim in values.dims if dim != "time"], rest.rstrip("]").split(","), strict=False
        ):
            values = values.sel({dim: element})
        for time, value in course.items():
            np.testing.assert_allclose(
                values.sel(time=time), value, rtol=1e-5, atol=1e-9, err_msg=f"{variable} at {time}"
            )


def test_every_case_is_tested():
    files = {path.name for path in CASES.iterdir() if path.suffix in (".mdl", ".xmile")}
    assert files == set(EXPECTED) | TOLD


@pytest.mark.parametrize("name", EXPECTED)
def test_a_case_gives_what_the_manuals_say(name):
    assert_expected(run_plainly(CASES / name), EXPECTED[name])


@pytest.mark.parametrize("name", COMPILED)
def test_a_case_gives_the_same_compiled(name):
    assert_expected(compile_model(CASES / name).run(), EXPECTED[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(EXPECTED) - set(COMPILED)))
def test_every_other_case_gives_the_same_compiled(name):
    assert_expected(compile_model(CASES / name).run(), EXPECTED[name])


def test_a_saving_interval_that_is_no_multiple_of_the_step_warns_and_takes_the_nearest_steps():
    with pytest.warns(UserWarning, match="SAVEPER 1 is no multiple of TIME STEP 0.3"):
        found = run_plainly(CASES / "21a_saveper_not_multiple.mdl")
    np.testing.assert_allclose(found["time"], [0, 0.9, 2.1, 3.0], rtol=0, atol=0)
    with (
        pytest.warns(UserWarning, match=r"ends at 9.9, its last whole step"),
        pytest.warns(UserWarning, match=r"SAVEPER 0.5 is no multiple of TIME STEP 0.3"),
    ):
        found = run_plainly(CASES / "n06c_saveper_odd.mdl")
    assert float(found["time"][-1]) <= 9.9


def test_random_numbers_follow_from_seed_variable_run_and_step_alone():
    path = CASES / "n11_random.mdl"
    first, again, other = run_plainly(path), run_plainly(path), run_plainly(path, run=1)
    np.testing.assert_array_equal(first["r"], again["r"])
    assert not np.isclose(first["r"], other["r"]).any()
    assert ((first["r"] > 0) & (first["r"] < 1)).all()
    assert (abs(first["n"]) <= 3).all()
    compiled = compile_model(path).run()
    # Logarithms of another library.
    np.testing.assert_allclose(compiled["n"], first["n"], rtol=1e-12)
    np.testing.assert_array_equal(compiled["r"], first["r"])
    np.testing.assert_allclose(first["S"].diff("time"), (first["r"] + first["n"])[:-1], rtol=1e-9, atol=1e-12)
