"""Read a model file, write its code, and compile it in a process of its own."""

from __future__ import annotations

import pickle
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .arrays import time_settings
from .cache import VARIABLE, cache_folder
from .children import run_child
from .errors import UserError
from .generating import Generator
from .layout import lay_out
from .prepared import PREPARED, PreparedModel
from .reading.expressions import Expression, Interpolation, Read, rebuild, sources, walk
from .reading.formulas import deep_recursion
from .reading.model_file import read_model
from .reading.ordering import Plan, plan
from .reading.quantities import CONTROLS, Definition, Quantity, RefusedModelError, explain_unreadable
from .replacing import NOTHING, Replaced
from .requests import ChangeError, prepare
from .spelling import PYTHON, Spelling
from .variables import list_variables


class CompilationError(UserError, RuntimeError):
    """A model was read but could not be compiled on this machine."""


def compile_to_folder(
    path: Path, name: str, folder: Path, method: str | None = None, replaced: Replaced = NOTHING
) -> None:
    """Leave in a folder all that a compiled model consists of."""
    with explain_unreadable(path):
        prepared, text = prepare_model(path, method, replaced)
    source = folder / f"{name}.py"
    source.write_text(text, encoding="utf-8")
    (folder / PREPARED).write_bytes(pickle.dumps(prepared))
    assert __package__
    text = (
        f"import sys; from pathlib import Path; from {__package__}.children import end_with_input; end_with_input(); "
        f"from {__package__}.loading import compile_into_cache; compile_into_cache(sys.argv[1], Path(sys.argv[2]))"
    )
    root = Path(__file__).parents[len(__package__.split("."))]
    done = run_child([sys.executable, "-c", text, name, str(source.resolve())], root)
    if done.returncode:
        lines = re.sub("\x1b\\[[0-9;]*m", "", done.stderr).split("\n")
        # The last lines say what went wrong, those before them only where.
        reason = " ".join(" ".join(lines[-12:]).split())[-600:] or f"the process ended with {done.returncode}"
        message = (
            f"{name} could not be compiled: {reason}. Compiled models are kept in {cache_folder()}; see that there is "
            f"room there and memory left, or name another folder in the variable {VARIABLE}."
        )
        raise CompilationError(message)


def prepare_model(path: Path, method: str | None = None, replaced: Replaced = NOTHING) -> tuple[PreparedModel, str]:
    """Return what is kept of a model, and the source text of its code."""
    written = write_model(path, method, replaced)
    return written.prepared, written.text


@dataclass(frozen=True)
class Written:
    """What is kept of a model, its code, and the plan that the code follows."""

    prepared: PreparedModel
    plan: Plan
    text: str


def write_model(
    path: Path,
    method: str | None = None,
    replaced: Replaced = NOTHING,
    *,
    spelling: Spelling = PYTHON,
    keep: Callable[[str], bool] | None = None,
) -> Written:
    """Read a model and write its code.

    Parameters
    ----------
    path
        The model file.
    method
        How stocks are integrated; None for what the file asks for.
    replaced
        What a run gives instead of equations.
    spelling
        The language of the code.
    keep
        Says by name which variables are wanted; what none of them depends on is left out. None for all.
    """
    with deep_recursion():
        return _written(path, method, replaced, spelling, keep)


def _written(
    path: Path, method: str | None, replaced: Replaced, spelling: Spelling, keep: Callable[[str], bool] | None
) -> Written:
    definition = read_model(path)
    replaced.apply(definition)
    lookups = tuple(_lookups_read(definition))
    controls = {key: _written_out(definition.quantities[key], definition.quantities) for key in CONTROLS}
    for key in CONTROLS:
        # Time settings are worked out before a run, not within it.
        definition.quantities[key].equations.clear()
    ordered = plan(definition)
    if keep is not None:
        _leave_out(ordered, {key for key, item in ordered.quantities.items() if keep(item.name)})
    layout = lay_out(ordered)
    text = Generator(ordered, layout, definition.pipes, method or definition.method, spelling).module(
        f"The model {path.stem}, generated"
    )
    blocks = {block.name: block for block in (*ordered.starting, *ordered.stepping, *ordered.updating)}.values()
    quantities = ordered.quantities
    prepared = PreparedModel(
        name=path.name,
        variables=list_variables(definition),
        ranges=definition.ranges,
        layout=layout,
        keys={item.name: key for key, item in quantities.items() if not item.hidden},
        lengths={key: item.lengths for key, item in quantities.items()},
        states=tuple(key for key, item in quantities.items() if item.starts),
        order=tuple(dict.fromkeys(statement.target for block in blocks for statement in block.statements)),
        needs=ordered.needs,
        blocks=tuple(frozenset(block.variables) for block in blocks),
        pipes=tuple(definition.pipes),
        pipe_sizes=tuple(quantities[pipe.state].size for pipe in definition.pipes),
        controls=controls,
        lookups=lookups,
        without_numbers=frozenset(key for key, item in quantities.items() if item.without_numbers),
        missing={key: item.missing for key, item in quantities.items() if item.missing is not None},
    )
    try:
        time_settings(prepared, prepare(None, [], prepared.variables, prepared.ranges, {}))
    except ChangeError as error:
        message = f"The model cannot be compiled: {error}"
        raise RefusedModelError(message) from None
    return Written(prepared, ordered, text)


def _leave_out(ordered: Plan, keys: set[str]) -> None:
    """Leave out the blocks that some variables do not depend on."""
    needed = sources(ordered.needs, keys)
    for blocks in (ordered.starting, ordered.stepping, ordered.updating):
        blocks[:] = [block for block in blocks if block.variables & needed]


def _lookups_read(definition: Definition) -> Iterator[tuple[str, str, float, float]]:
    """Lookups that are read at a variable as it is: the names of table and variable, and the ends of the table."""
    quantities, told = definition.quantities, set()
    for item in quantities.values():
        for equation in item.equations:
            for part in walk(equation.expression):
                if not (isinstance(part, Interpolation) and isinstance(part.argument, Read)):
                    continue
                table, argument = quantities[part.table], quantities[part.argument.variable]
                if part.method != "interpolate" or argument.hidden or argument.kind == "time" or not table.tables:
                    continue
                # A table that stands in an equation has the name of what it gives.
                found = (item.name if table.hidden else table.name, argument.name)
                if found not in told:
                    told.add(found)
                    yield (*found, *_ends(table))


def _ends(table: Quantity) -> tuple[float, float]:
    """The first and last x that all tables of a lookup have points at."""
    return max(float(x[0]) for x, _ in table.tables), min(float(x[-1]) for x, _ in table.tables)


def _written_out(quantity: Quantity, quantities: dict[str, Quantity], above: tuple[str, ...] = ()) -> Expression:
    """Return the one equation of a time setting with those of the variables it reads in their place."""
    if len(quantity.equations) != 1:
        message = f"The model cannot be compiled: {quantity.name} must have one equation"
        raise RefusedModelError(message)

    def written(expression: Expression) -> Expression:
        if isinstance(expression, Read) and expression.variable not in (*CONTROLS, *above):
            source = quantities[expression.variable]
            if len(source.equations) == 1 and not source.dims and not source.starts:
                return _written_out(source, quantities, (*above, source.key))
        return rebuild(expression, written)

    return written(quantity.equations[0].expression)
