"""Compare the city on the compiled engine with PySD for many random parameter sets; `make equivalence`.

Every finished run adds a line to benchmarks/equivalence.csv, so the study may be stopped and taken up again, or run in
pieces at once; benchmarks/equivalence.md sums up the lines.
"""

from __future__ import annotations

import argparse
import ast
import csv
import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.draws import draws
from model import MODEL_FILE
from model.definition import model_hash
from model.engine import CompiledModel, compile_model
from model.engine import functions as engine_functions
from model.engine.pysd_model import ReferenceModel

HERE = Path(__file__).parent
RECORD = HERE / "equivalence.csv"
REPORT = HERE / "equivalence.md"
STARTS = (2020, 2010)
SETS = 100
SEED = 20201101
#: What engines may differ by: rounding, as they add up in another order.
BOUND = 1e-9
#: Share of a variable's largest value that counts as nil, where numbers cancel.
NIL = 1e-3


@dataclass(frozen=True)
class Comparison:
    """One parameter set from one start year on both engines.

    `worst` is the largest difference of all variables, elements and steps, relative to the value plus `NIL` of the
    variable's largest; `error` is the largest of the model's own balance errors, which are nil but for rounding.
    Where a variable differs by more than `BOUND`, `share` is the difference as a share of what the same variable of
    PySD itself moves by when every drawn constant is moved by its last binary digit: the largest of all such variables.
    At most one means that no digit of PySD's own answer is contradicted. Nil where nothing differs by more.
    """

    model: str
    code: str
    pysd: str
    start: int
    number: int
    constants: int
    variables: int
    values: int
    worst: float
    where: str
    error: float
    seconds: float
    share: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether nothing but rounding lies between the engines, its growth in PySD itself included."""
        return (self.worst <= BOUND or self.share <= 1.0) and self.error <= BOUND


def difference(mine: xr.Dataset, other: xr.Dataset) -> tuple[float, str, float]:
    """Return the largest relative difference, the variable it is in, and the largest balance error of both.

    Examples
    --------
    >>> a = xr.Dataset({"x": ("time", [1.0, 2.0]), "y error": ("time", [0.0, 0.0])})
    >>> worst, where, error = difference(a * 1.01, a)
    >>> round(worst, 4), where, error
    (0.01, 'x', 0.0)
    """
    if list(mine.data_vars) != list(other.data_vars):
        message = "the engines return other variables"
        raise ValueError(message)
    worst, where, error = 0.0, "", 0.0
    for name, expected in other.data_vars.items():
        if expected.dims != mine[name].dims or expected.shape != mine[name].shape:
            message = f"the engines return {name} with other dims"
            raise ValueError(message)
        if str(name).endswith(" error"):
            error = max(error, float(np.abs(mine[name]).max()), float(np.abs(expected).max()))
            continue
        largest = apart(mine[name], expected)
        # Not the other way round: what is not a number is worst of all.
        if not largest <= worst:
            worst, where = largest, str(name)
    return worst, where, error


def apart(mine: xr.DataArray, other: xr.DataArray) -> float:
    """Return the largest difference, relative to the other's value plus `NIL` of its largest.

    Examples
    --------
    >>> round(apart(xr.DataArray([1.01]), xr.DataArray([1.0])), 4)
    0.01
    """
    size = np.abs(other.values)
    scale = size + NIL * size.max()
    differ = np.abs(mine.values - other.values)
    return float(np.divide(differ, scale, out=np.where(differ > 0.0, np.inf, 0.0), where=scale > 0.0).max())


def last_digit_moved(changes: dict[str, xr.DataArray], seed: int) -> dict[str, xr.DataArray]:
    """Return the changes with every value moved by its last binary digit, up or down by chance.

    Examples
    --------
    >>> bool(last_digit_moved({"x": xr.DataArray(1.0)}, 1)["x"] == 1.0)
    False
    """
    random = np.random.default_rng(seed)
    side = {name: np.where(random.random(value.shape) < 0.5, -np.inf, np.inf) for name, value in changes.items()}
    return {name: value.copy(data=np.nextafter(value.values, side[name])) for name, value in changes.items()}


def code_hash(model: CompiledModel) -> str:
    """Return a hash of all code that a run consists of, the same until a change that could alter numbers."""
    functions = ast.parse(Path(str(engine_functions.__file__)).read_text(encoding="utf-8"))
    for node in ast.walk(functions):
        # What is only said of the code leaves numbers alone, as comments do.
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return hashlib.sha256(model.source.read_bytes() + ast.dump(functions).encode()).hexdigest()[:12]


def read_record() -> pd.DataFrame:
    """Return the comparisons made so far, one row each."""
    if not RECORD.exists():
        return pd.DataFrame(columns=[field.name for field in fields(Comparison)])
    return pd.read_csv(RECORD, dtype={"model": str, "code": str, "pysd": str, "where": str})


def add(comparison: Comparison) -> None:
    """Add a line to the record, in one write, as other pieces may be adding theirs."""
    row = asdict(comparison)
    with RECORD.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if file.tell() == 0:
            writer.writeheader()
        writer.writerow(row)


def compare(
    fast: CompiledModel, slow: ReferenceModel, changes: dict[str, xr.DataArray], start: int, number: int
) -> Comparison:
    """Run one parameter set on both engines, every variable kept at every step."""
    begin = time.perf_counter()
    step = float(fast.run(outputs=["TIME STEP"])["TIME STEP"][0])
    mine = fast.run(changes, initial_time=start, saveper=step)
    other = slow.run(changes, initial_time=start, saveper=step)
    np.testing.assert_array_equal(mine["time"], other["time"])
    worst, where, error = difference(mine, other)
    differ = {name: gap for name in other.data_vars if not (gap := apart(mine[name], other[name])) <= BOUND}
    differ = {name: gap for name, gap in differ.items() if not str(name).endswith(" error")}
    share = 0.0
    if differ:
        moved = [slow.run(last_digit_moved(changes, seed), initial_time=start, saveper=step) for seed in (1, 2)]
        own = {name: max(apart(run[name], other[name]) for run in moved) for name in differ}
        share = max(gap / own[name] if own[name] > 0.0 else np.inf for name, gap in differ.items())
    return Comparison(
        model_hash(),
        code_hash(fast),
        version("pysd"),
        start,
        number,
        len(changes),
        len(other.data_vars),
        sum(values.size for values in other.data_vars.values()),
        worst,
        where,
        error,
        round(time.perf_counter() - begin, 1),
        share,
    )


def report(record: pd.DataFrame, code: str) -> str:
    """Return the text of benchmarks/equivalence.md, on the present model and code."""
    model = model_hash()
    now = record[(record["model"] == model) & (record["code"] == code)].drop_duplicates(["start", "number"])
    lines = [
        "# The compiled engine against PySD",
        "",
        "Written by `make equivalence` from `benchmarks/equivalence.csv`; nothing here is typed by hand. Each",
        "parameter set draws every uncertain constant of the city, scalars over their range and elements of arrays",
        "near their value, and runs to the model's end on both engines; every variable is compared at every step. The",
        f"difference is relative to the value plus {NIL:g} of the variable's largest value; balance errors are what",
        "the model itself reports of people, homes, land and money made or lost, as shares of the whole. Where a",
        "variable differs by more than 1e-9, PySD is run again with every drawn constant moved by its last binary",
        "digit: the last column tells the difference of the engines as a share of what that moves PySD itself by.",
        "At most 1 means that rounding has grown, in both engines, and that no digit which PySD knows is contradicted.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}. Model {model}, compiled code {code}, "
        f"PySD {', '.join(sorted(set(now['pysd'])))}.",
        "",
        "| start | parameter sets | constants drawn | variables | values compared | worst difference | in "
        "| worst balance error | within 1e-9 | share of PySD's own rounding |",
        "|---:|---:|---:|---:|---:|---:|---|---:|---|---:|",
    ]
    for start, rows in now.groupby("start"):
        worst = rows.sort_values("worst").iloc[-1]
        good = int(((rows["worst"] <= BOUND) & (rows["error"] <= BOUND)).sum())
        lines.append(
            f"| {start} | {len(rows)} | {worst['constants']} | {worst['variables']} | {rows['values'].sum():,} "
            f"| {worst['worst']:.1e} | {worst['where']} | {rows['error'].max():.1e} | {good} of {len(rows)} "
            f"| {rows['share'].max():.2g} |"
        )
    others = len(record) - len(now)
    if others:
        lines += ["", f"{others} further comparisons were made of other versions of the model or of the compiled code."]
    return "\n".join(lines) + "\n"


def piece_of(text: str) -> tuple[int, int]:
    """Read K/N."""
    number, _, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        message = f"{text!r} is not K/N with K from 1 to N"
        raise argparse.ArgumentTypeError(message)
    return int(number), int(count)


def main(words: Sequence[str] | None = None) -> None:
    """Make the comparisons that are not in the record, write the summary, and fail if one is out of bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=SETS, help="parameter sets from each start year")
    parser.add_argument(
        "--piece", type=piece_of, default=(1, 1), help="K/N: only the K-th of N pieces, for several processes at once"
    )
    arguments = parser.parse_args(words)
    piece, pieces = arguments.piece
    fast, slow = compile_model(MODEL_FILE), ReferenceModel(MODEL_FILE)
    code, model = code_hash(fast), model_hash()
    # Always drawn whole, so that a set is the same whatever number is asked for up to SETS.
    changes = draws(max(SETS, arguments.sets), SEED)
    failures = 0
    for number in range(piece - 1, arguments.sets, pieces):
        for start in STARTS:
            record = read_record()
            rows = record[(record["model"] == model) & (record["code"] == code)]
            if ((rows["start"] == start) & (rows["number"] == number)).any():
                continue
            chosen = {name: values.isel(run=number) for name, values in changes.items()}
            comparison = compare(fast, slow, chosen, start, number)
            add(comparison)
            failures += not comparison.agrees
            print(
                f"set {number} from {start}: {comparison.worst:.1e} in {comparison.where}, "
                f"balance {comparison.error:.1e}, {comparison.seconds} s",
                file=sys.stderr,
                flush=True,
            )
            REPORT.write_text(report(read_record(), code), encoding="utf-8")
    REPORT.write_text(report(read_record(), code), encoding="utf-8")
    if failures:
        sys.exit(f"{failures} comparisons are out of bounds")


if __name__ == "__main__":
    main()
