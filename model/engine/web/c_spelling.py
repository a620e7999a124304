"""How generated code is spelt in C."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from ..reading.expressions import FUNCTIONS
from ..reading.syntax import NOT_AVAILABLE
from ..spelling import ARITHMETIC, COMPARISON, RUNGE_KUTTA, Calls, Kind, Running

#: The functions of the model language in C.
RUNTIME: Final = (Path(__file__).parent / "functions.c").read_text(encoding="utf-8")
#: What C calls otherwise than Python.
_NAMES: Final = {
    "abs": "fabs",
    "arccos": "acos",
    "arcsin": "asin",
    "arctan": "atan",
    "arctan2": "atan2",
    "gamma_ln": "lgamma",
    "integer": "trunc",
    "ln": "log",
}
_TYPES: Final = {"number": "const double", "truth": "const _Bool", "place": "const place", "total": "double"}
_KEYWORDS: Final = (
    "alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern false "
    "float for goto if inline int long main nullptr register restrict return short signed sizeof static struct switch "
    "thread_local true typedef typeof union unsigned void volatile while"
)


class CSpelling:
    """C as clang compiles it, in the terms of `functions.c`."""

    arithmetic: Mapping[str, str] = {**ARITHMETIC, "^": "power({}, {})", "pi": "PI"}
    comparison: Mapping[str, str] = COMPARISON
    logic: Mapping[str, str] = {"not": "(!{})", "and": "({} & {})", "or": "({} | {})"}
    divides_by_inverses = False
    loop_end: Sequence[str] = ("}",)

    def name(self, variable: str) -> str:
        """Name a variable as the layout does, but for what is taken; a bar ends other names only after a digit."""
        return f"{variable}_" if variable in _TAKEN else variable

    def literal(self, value: float) -> str:
        """Write a number in the fewest digits that give it back."""
        if math.isnan(value):
            return "MISSING"
        if math.isinf(value):
            return "INFINITE" if value > 0 else "(-INFINITE)"
        return repr(float(value)) if value >= 0 else f"({float(value)!r})"

    def function(self, function: str) -> str:
        """Name a function of `functions.c` or of C."""
        _, name = FUNCTIONS.get(function, (0, function))
        return _NAMES.get(function, name.rpartition(".")[2])

    def conditional(self, condition: str, first: str, second: str) -> str:
        """Write a conditional expression."""
        return f"({condition} ? {first} : {second})"

    def as_number(self, place: str) -> str:
        """Write a conversion."""
        return f"(double)({place})"

    def comment(self, text: str) -> str:
        """Write a comment; C would join a line that ends in a backslash with the next."""
        return f"// {text}".replace("\\", "|")

    def local(self, kind: Kind | Literal["total"], name: str, value: str) -> str:
        """Write a definition."""
        return f"{_TYPES[kind]} {name} = {value};"

    def assign(self, target: str, value: str) -> str:
        """Write an assignment."""
        return f"{target} = {value};"

    def loop(self, variable: str, length: int) -> str:
        """Write the head of a loop."""
        return f"for (place {variable} = 0; {variable} < {length}; {variable}++) {{"

    def block(self, name: str, lines: Sequence[str]) -> str:
        """Write a function; apart from the others, as what is called at two places would be copied."""
        return "\n".join([f"static __attribute__((noinline)) void {name}(double *w) {{", *lines, "}", ""])

    def run(self, running: Running) -> str:
        """Write the loops over runs and moments, and between moments a step of the method."""

        def calls(blocks: Calls, indent: int) -> str:
            pad = " " * indent
            return "\n".join(f"{pad}if (need[{number}])\n{pad}    {name}(w);" for number, name in blocks)

        step_number = running.step_number
        parts: dict[str, object] = {
            "time": running.time,
            "time_step": running.time_step,
            "this_run": ""
            if running.run_number is None
            else f"\n        w[{running.run_number}] = asked->first_run + run;",
            "this_step": "" if step_number is None else f"\n            w[{step_number}] = moment;",
            "no_step": "" if step_number is None else f"\n        w[{step_number}] = 0.0;",
            "starting": calls(running.starting, 8),
            "once": calls(running.once, 16),
            "step": calls(running.step, 12),
            "output": calls(running.output, 16),
        }
        if running.method == "euler":
            return RUN.format(
                room=0, tables="", rooms="", move=EULER.format(update=calls(running.updating, 12), **parts), **parts
            )
        weights, shares, nodes = RUNGE_KUTTA[running.method]
        tables = STAGE_TABLES.format(
            integrals=_pairs(running.integrals),
            moved=_pairs(running.moved),
            weights=", ".join(map(repr, weights)),
            shares=", ".join(map(repr, shares)),
            nodes=", ".join(map(repr, nodes)),
        )
        integrals, moved = (sum(size for _, size in rows) for rows in (running.integrals, running.moved))
        inner = {
            "stages": len(weights),
            "integrals": len(running.integrals),
            "moved": len(running.moved),
            "once_again": calls(running.once, 24),
            "step_again": calls(running.step, 20),
            "update": calls(running.updating, 16),
        }
        rooms = STAGE_ROOMS.format(integrals=integrals, moved=moved)
        room = 3 * integrals + 2 * moved
        return RUN.format(room=room, tables=tables, rooms=rooms, move=STAGES.format(**inner, **parts), **parts)

    def module(self, title: str, offsets: Mapping[str, int], blocks: Sequence[str], run: str) -> str:
        """Put all but the tables together."""
        starts = [f"    {name} = {offset}," for name, offset in offsets.items()]
        # C has no enumeration of nothing.
        named = ["// Where each variable starts in the work space w.", "enum {", *starts, "};", ""] if starts else []
        return "\n".join([f"// {title}.", "", *named, *blocks, run])


def runtime() -> str:
    """Return `functions.c` with its number filled in."""
    return RUNTIME.replace("@NOT_AVAILABLE@", repr(NOT_AVAILABLE))


def defined_functions() -> frozenset[str]:
    """Return the names of the functions that there are in C: those of `functions.c`, and those it takes from C itself.

    Examples
    --------
    >>> {"xidz", "log", "interpolate"} <= defined_functions()
    True
    """
    named = re.findall(
        r"\b(?:double|_Bool) (\w+)\(|\b(\w+)\(double(?:, double)*\)|^#define (\w+) __builtin", RUNTIME, re.M
    )
    return frozenset(name for names in named for name in names if name)


def _pairs(rows: Sequence[tuple[int, int]]) -> str:
    return ", ".join(f"{start}, {size}" for start, size in rows)


RUN = """{tables}// How many numbers the work space holds: the variables, and what the stages of a step keep.
EXPORT(work_space) place work_space(void) {{
    return SIZE + {room};
}}

// Makes runs, one after the other. Returns nought, or the room that the pipes of fixed delays would have needed.
EXPORT(run_block) place run_block(place runs, const struct request *asked, double *w, double *out, double *errors,
                                  int *failed) {{
    const double *times = asked->times;
    const byte *need = asked->need;
    place pointers[3 * PIPES + 1];{rooms}
    for (place run = 0; run < runs; run++) {{
        for (place k = 0; k < INPUTS; k++)
            w[k] = base[k];
        w[{time}] = times[0];{this_run}{no_step}
        put_changes(w, run, times[0], 0, asked);
{starting}
        const double time_step = w[{time_step}];
        const place needed = start_pipes(w, pipe_table, PIPES, time_step, pointers, asked->pipes, asked->pipe_room);
        if (needed > asked->pipe_room)
            return needed;
        double worst = 0.0;
        place count = 0;
        failed[run] = -1;
        for (place moment = 0; moment < asked->moments; moment++) {{
            w[{time}] = times[moment];{this_step}
            // What depends on changed constants alone is worked out anew where one of them has moved.
            if (moment == 0 || (asked->moving && put_changes(w, run, times[moment], 1, asked))) {{
{once}
            }}
{step}
            if (asked->saved[moment]) {{
{output}
                worst = largest(w, watched, WATCHED, worst);
                _Bool good = keep(w, asked, out + run * asked->kept_count * asked->labels + count);
                good = all_finite(w, asked) && good && worst * 0.0 == 0.0;
                count++;
                if (!good && failed[run] < 0) {{
                    failed[run] = (int)moment;
                    if (!asked->keep_going)
                        break;
                }}
            }}
            if (moment + 1 == asked->moments)
                break;
{move}
        }}
        errors[run] = worst;
    }}
    return 0;
}}
"""
EULER = """            move_pipes(w, pipe_table, PIPES, pointers, asked->pipes);
{update}"""
STAGE_TABLES = """// Start and size of the states that are integrated, and of those that are set anew after each step.
static const int integrals[] = {{{integrals}}};
static const int moved[] = {{{moved}}};
static const double weights[] = {{{weights}}};
static const double shares[] = {{{shares}}};
static const double nodes[] = {{{nodes}}};

"""
STAGE_ROOMS = """
    double *origin = w + SIZE, *before = origin + {integrals}, *total = before + {integrals};
    double *held = total + {integrals}, *after = held + {moved};"""
STAGES = """            copy_out(w, integrals, {integrals}, origin);
            copy_out(w, moved, {moved}, held);
            for (double *stage_total = total; stage_total < held; stage_total++)
                *stage_total = 0.0;
            for (place stage = 0; stage < {stages}; stage++) {{
                if (stage > 0) {{
                    w[{time}] = times[moment] + nodes[stage] * w[{time_step}];
                    if (asked->moving && put_changes(w, run, w[{time}], 1, asked)) {{
{once_again}
                    }}
{step_again}
                }} else
                    move_pipes(w, pipe_table, PIPES, pointers, asked->pipes);
                copy_out(w, integrals, {integrals}, before);
{update}
                if (stage == 0)
                    copy_out(w, moved, {moved}, after);
                copy_back(w, moved, {moved}, held);
                end_stage(w, integrals, {integrals}, origin, before, total, weights[stage], shares[stage]);
            }}
            copy_back(w, moved, {moved}, after);"""

_WORDS: Final = re.compile(r"[A-Za-z_]\w*")
#: Names that a variable cannot have: C's own, and whatever stands in the code around the equations.
_TAKEN: Final = frozenset(
    [
        *_KEYWORDS.split(),
        *(word for text in (RUNTIME, RUN, STAGE_TABLES, STAGE_ROOMS, STAGES) for word in _WORDS.findall(text)),
        *("base", "places", "pipe_table", "watched"),
    ]
)
