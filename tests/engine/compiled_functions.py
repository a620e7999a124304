"""Expressions of compiled code on their own, as tests of single functions need them."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from model.engine.loading import load_code, machine_code, translated
from model.engine.native import ENTRY


def compiled(expression: str, a: npt.ArrayLike, b: npt.ArrayLike = ()) -> npt.NDArray[np.float64]:
    """What an expression of ``a[k]`` and ``b[k]`` gives for every k."""
    first, second = np.array(a, dtype=float), np.array(b, dtype=float)
    found = np.empty(len(first))
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (first, second, found)]
    ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * 3)(_code(expression).get_function_address(ENTRY))(
        len(first), *pointers
    )
    return found


@cache
def _code(expression: str) -> Any:
    body = f"    for k in range(count):\n        out[k] = {expression}\n"
    text = f"def {ENTRY}(count: int, a: Floats, b: Floats, out: Floats) -> None:\n{body}"
    return load_code(machine_code(translated(text)))
