"""Turn the small part of Python that generated code and `functions` are written in into machine code, by LLVM.

What there is: numbers (float, int, bool), arrays without shapes that are read and written at a place, loops, branches,
and calls of functions of this part. Every name keeps its first kind. The code means what Python means by it, but that
whole numbers have 64 bits and that nothing is checked on the way.
"""

from __future__ import annotations

import ast
import functools
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
#: What LLVM calls the kinds of Python; unsigned ones come from np.uint64. An array is a pointer to its first number.
KINDS: Final[Mapping[str, str]] = {
    "float": "double",
    "int": "i64",
    "bool": "i1",
    "np.uint64": "u64",
    "None": "void",
    "Floats": "double*",
    "Integers": "i64*",
    "Flags": "i8*",
}
ARITHMETIC: Final = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul"}
BITWISE: Final = {ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor", ast.LShift: "shl", ast.RShift: "ashr"}
COMPARISONS: Final = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}
#: Functions of one or two numbers that LLVM knows itself, and those of the C library.
INTRINSICS: Final = {
    "math.cos": "cos", "math.exp": "exp", "math.log": "log", "math.sin": "sin", "math.sqrt": "sqrt",
    "np.floor": "floor", "np.rint": "rint", "np.sqrt": "sqrt", "np.trunc": "trunc", "abs": "fabs",
}  # fmt: skip
C_LIBRARY: Final = {
    "math.acos": "acos", "math.asin": "asin", "math.atan": "atan", "math.atan2": "atan2", "math.cosh": "cosh",
    "math.erfc": "erfc", "math.lgamma": "lgamma", "math.sinh": "sinh", "math.tan": "tan", "math.tanh": "tanh",
}  # fmt: skip
CONSTANTS: Final = {"np.inf": math.inf, "np.nan": math.nan, "np.pi": math.pi, "math.pi": math.pi}
#: What an array of `np.empty` is made by and given back to.
MEMORY: Final = "declare ptr @malloc(i64)\ndeclare void @free(ptr)\n"
ENTRY: Final = "run_block"


def native(*, flags: str = "", inline: bool = False) -> Callable[[Function], Function]:
    """Mark a function as one that generated code may call; it stays the Python that it is.

    Parameters
    ----------
    flags
        What LLVM may do to its arithmetic, such as "reassoc nsz" or "contract".
    inline
        Whether it is always written where it is called.

    Examples
    --------
    >>> native(flags="contract")(abs) is abs
    True
    """
    del flags, inline
    return lambda function: function


class NativeError(TypeError):
    """Code that is not of the part of Python that is compiled: a fault of this package, not of a model."""


@dataclass
class _Value:
    kind: str
    text: str


@dataclass
class _Source:
    """A module as it is written: its functions and its constants."""

    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    numbers: dict[str, int | float] = field(default_factory=dict)
    arrays: dict[str, tuple[int | float, ...]] = field(default_factory=dict)

    def add(self, text: str, known: Mapping[str, Any]) -> None:
        """Take in a module; `known` are constants that it only imports."""
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                self.functions[node.name] = node
            elif isinstance(node, ast.Assign):
                # Constants are worked out one after the other, as Python does.
                for name, value in _constants(node, {**known, **self.numbers}).items():
                    if isinstance(value, tuple):
                        self.arrays[name] = value
                    else:
                        self.numbers[name] = value


def _constants(node: ast.Assign, known: Mapping[str, Any]) -> dict[str, Any]:
    targets = [one for target in node.targets for one in (target.elts if isinstance(target, ast.Tuple) else [target])]
    try:
        value = _evaluate(node.value, known)
    except NativeError:
        # No constant of a number: what uses it will say so.
        return {}
    values = value if isinstance(value, tuple) and len(targets) > 1 else [value]
    return {one.id: each for one, each in zip(targets, values, strict=True) if isinstance(one, ast.Name)}


def _evaluate(node: ast.expr, known: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluate(node.operand, known)
    if isinstance(node, (ast.Tuple, ast.List)):
        return tuple(_evaluate(one, known) for one in node.elts)
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Div, ast.Pow)):
        left, right = _evaluate(node.left, known), _evaluate(node.right, known)
        return left / right if isinstance(node.op, ast.Div) else left**right
    message = f"{ast.unparse(node)} is no constant"
    raise NativeError(message)


def assembly(generated: str, helpers: str, known: Mapping[str, Any]) -> str:
    """Return a generated module, and what it calls of `functions`, in LLVM's language.

    Parameters
    ----------
    generated, helpers
        The text of both modules; only what `run_block` leads to is translated.
    known
        Constants of the helpers that they import, by name.
    """
    source = _Source()
    source.add(helpers, known)
    source.add(generated, known)
    module = _Module(source)
    module.need(ENTRY)
    written: list[str] = []
    while module.waiting:
        written.append(_Function(module, module.waiting.pop()).text())
    declared = [f"declare {kind} @{name}({kinds})" for name, (kind, kinds) in sorted(module.declared.items())]
    return "\n".join([MEMORY, *declared, *module.arrays.values(), *written])


class _Module:
    def __init__(self, source: _Source) -> None:
        self.source = source
        self.waiting: list[str] = []
        self.seen: set[str] = set()
        self.declared: dict[str, tuple[str, str]] = {}
        self.arrays: dict[str, str] = {}

    def need(self, name: str) -> ast.FunctionDef:
        """Return a function that is called, and have it translated."""
        node = self.source.functions.get(name)
        if node is None:
            message = f"{name} is no function that can be compiled"
            raise NativeError(message)
        if name not in self.seen:
            self.seen.add(name)
            self.waiting.append(name)
        return node

    def array(self, name: str) -> _Value:
        """Return a constant array."""
        values = self.source.arrays[name]
        kind = "i64" if all(isinstance(value, int) for value in values) else "double"
        listed = ", ".join(f"{kind} {value if kind == 'i64' else _double(float(value))}" for value in values)
        self.arrays[name] = f"@{name} = internal constant [{len(values)} x {kind}] [{listed}]"
        return _Value(f"{kind}*", f"@{name}")


class _Function:
    """Translates one function; names live in memory until LLVM finds registers for them."""

    def __init__(self, module: _Module, name: str) -> None:
        self.module = module
        self.node = module.source.functions[name]
        self.flags, self.inline = _marks(self.node)
        self.lines: list[str] = []
        self.head: list[str] = []
        self.count = 0
        self.names: dict[str, str] = {}
        self.returned = signature(self.node)[1]
        self.loops: list[tuple[str, str]] = []
        self.ended = False

    def text(self) -> str:
        """Return the function in LLVM's language."""
        kinds, returned = signature(self.node)
        given = []
        for argument, kind in zip(self.node.args.args, kinds, strict=True):
            # Arrays never overlap; the two of them that blocks share are always there as a whole.
            given.append(
                f"ptr noalias nocapture %{argument.arg}" if kind.endswith("*") else f"{_llvm(kind)} %{argument.arg}"
            )
            self._declare(argument.arg, kind)
            self.head.append(f"store {_llvm(kind)} %{argument.arg}, ptr %{argument.arg}.a")
        self._body(self.node.body)
        if not self.ended:
            self._put("ret void" if returned == "void" else f"ret {_llvm(returned)} {_nothing(returned)}")
        linkage = "" if self.node.name == ENTRY else "internal "
        attribute = "alwaysinline " if self.inline else ""
        head = f"define {linkage}{_llvm(returned)} @{self.node.name}({', '.join(given)}) {attribute}{ATTRIBUTES} {{"
        return "\n".join([head, "entry:", *self.head, *self.lines, "}", ""])

    # Statements.

    def _body(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            if self.ended:
                return
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            self._assign(node)
        elif isinstance(node, ast.AugAssign):
            read = ast.copy_location(_loaded(node.target), node)
            self._store(node.target, self._binary(node.op, self._value(read), self._value(node.value)))
        elif isinstance(node, ast.For):
            self._for(node)
        elif isinstance(node, ast.While):
            test, body, after = self._labels("while", "body", "after")
            self._jump(test)
            self._label(test)
            self._branch(self._truth(node.test), body, after)
            self._loop(body, node.body, test, after)
            self._label(after)
        elif isinstance(node, ast.If):
            self._if(node)
        elif isinstance(node, ast.Return):
            value = None if node.value is None else self._as(self._value(node.value), self.returned)
            self._put("ret void" if value is None else f"ret {_llvm(value.kind)} {value.text}")
            self.ended = True
        elif isinstance(node, (ast.Break, ast.Continue)):
            again, after = self.loops[-1]
            self._jump(after if isinstance(node, ast.Break) else again)
        elif isinstance(node, ast.Expr):
            if not isinstance(node.value, ast.Constant):
                self._value(node.value)
        elif not isinstance(node, ast.Pass):
            _refuse(node)

    def _assign(self, node: ast.Assign) -> None:
        if len(node.targets) != 1:
            _refuse(node)
        target = node.targets[0]
        if not isinstance(target, ast.Tuple):
            self._store(target, self._value(node.value))
            return
        if not isinstance(node.value, ast.Tuple):
            _refuse(node)
        # All are read before any is written.
        for each, value in zip(target.elts, [self._value(one) for one in node.value.elts], strict=True):
            self._store(each, value)

    def _store(self, target: ast.expr, value: _Value) -> None:
        if isinstance(target, ast.Name):
            kind = self.names.get(target.id)
            if kind is None:
                self._declare(target.id, value.kind)
                kind = value.kind
            value = self._as(value, kind)
            self._put(f"store {_llvm(kind)} {value.text}, ptr %{target.id}.a")
        elif isinstance(target, ast.Subscript):
            kind, place = self._place(target)
            value = self._as(value, kind)
            self._put(f"store {_llvm(kind)} {value.text}, ptr {place}")
        else:
            _refuse(target)

    def _for(self, node: ast.For) -> None:
        call, variable = node.iter, node.target
        if not (isinstance(call, ast.Call) and _spoken(call.func) == "range" and isinstance(variable, ast.Name)):
            _refuse(node)
        bounds = [self._as(self._value(one), "i64") for one in call.args]
        first, last = bounds if len(bounds) == 2 else (_Value("i64", "0"), bounds[0])
        counter = f"{variable.id}.{self._number()}"
        self._declare(counter, "i64")
        if variable.id not in self.names:
            self._declare(variable.id, "i64")
        test, body, again, after = self._labels("for", "body", "again", "after")
        self._put(f"store i64 {first.text}, ptr %{counter}.a")
        self._jump(test)
        self._label(test)
        now = self._new("i64", f"load i64, ptr %{counter}.a")
        self._branch(self._new("i1", f"icmp slt i64 {now.text}, {last.text}"), body, after)
        self._label(body)
        self._put(f"store i64 {now.text}, ptr %{variable.id}.a")
        self._loop(None, node.body, again, after)
        self._label(again)
        following = self._new("i64", f"add nsw i64 {now.text}, 1")
        self._put(f"store i64 {following.text}, ptr %{counter}.a")
        self._jump(test)
        self._label(after)

    def _loop(self, label: str | None, body: Sequence[ast.stmt], again: str, after: str) -> None:
        if label is not None:
            self._label(label)
        self.loops.append((again, after))
        self._body(body)
        self.loops.pop()
        self._jump(again)

    def _if(self, node: ast.If) -> None:
        then, other, after = self._labels("then", "else", "after")
        self._branch(self._truth(node.test), then, other)
        ends = []
        for label, body in ((then, node.body), (other, node.orelse)):
            self._label(label)
            self._body(body)
            ends.append(self.ended)
            self._jump(after)
        if all(ends):
            self.ended = True
        else:
            self._label(after)

    # Expressions.

    def _value(self, node: ast.expr) -> _Value:
        if isinstance(node, ast.Constant):
            return _literal(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Attribute):
            if (constant := CONSTANTS.get(_spoken(node))) is None:
                _refuse(node)
            return _Value("double", _double(constant))
        if isinstance(node, ast.BinOp):
            return self._binary(node.op, self._value(node.left), self._value(node.right))
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.BoolOp):
            return self._connect(node)
        if isinstance(node, ast.IfExp):
            return self._choose(node.test, lambda: self._value(node.body), lambda: self._value(node.orelse))
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Subscript):
            kind, place = self._place(node)
            read = self._new(kind, f"load {_llvm(kind)}, ptr {place}")
            return self._new("i1", f"icmp ne i8 {read.text}, 0") if kind == "i8" else read
        return _refuse(node)

    def _name(self, node: ast.Name) -> _Value:
        if node.id in self.names:
            kind = self.names[node.id]
            return self._new(kind, f"load {_llvm(kind)}, ptr %{node.id}.a")
        source = self.module.source
        if node.id in source.numbers:
            number = source.numbers[node.id]
            return _Value("double", _double(number)) if isinstance(number, float) else _Value("i64", str(number))
        if node.id in source.arrays:
            return self.module.array(node.id)
        return _refuse(node)

    def _place(self, node: ast.Subscript) -> tuple[str, str]:
        array = self._value(node.value)
        if not array.kind.endswith("*"):
            _refuse(node)
        kind = array.kind[:-1]
        index = self._as(self._value(node.slice), "i64")
        place = self._new("ptr", f"getelementptr inbounds {_llvm(kind)}, ptr {array.text}, i64 {index.text}")
        return kind, place.text

    def _binary(self, operator: ast.operator, left: _Value, right: _Value) -> _Value:
        if isinstance(operator, ast.Div):
            return self._floats("fdiv", left, right)
        if isinstance(operator, ast.Pow):
            left, right = self._as(left, "double"), self._as(right, "double")
            return self._declared_call("llvm.pow.f64", left, right)
        if (word := BITWISE.get(type(operator))) is not None:
            kind = "u64" if "u64" in (left.kind, right.kind) else left.kind
            if kind == "u64" and word == "ashr":
                word = "lshr"
            return self._new(kind, f"{word} {_llvm(kind)} {self._as(left, kind).text}, {self._as(right, kind).text}")
        if "double" in (left.kind, right.kind):
            if isinstance(operator, ast.Mod):
                return self._modulo(left, right)
            return self._floats(f"f{ARITHMETIC[type(operator)]}", left, right)
        kind = "u64" if "u64" in (left.kind, right.kind) else "i64"
        left, right = self._as(left, kind), self._as(right, kind)
        if isinstance(operator, ast.Mod):
            # Of whole numbers from nought on, as all of them here are.
            return self._new(kind, f"srem i64 {left.text}, {right.text}")
        sure = "" if kind == "u64" else "nsw "
        return self._new(kind, f"{ARITHMETIC[type(operator)]} {sure}i64 {left.text}, {right.text}")

    def _floats(self, word: str, left: _Value, right: _Value) -> _Value:
        left, right = self._as(left, "double"), self._as(right, "double")
        return self._new("double", f"{word} {self.flags}double {left.text}, {right.text}")

    def _modulo(self, left: _Value, right: _Value) -> _Value:
        """Return the remainder with the sign of the divisor."""
        left, right = self._as(left, "double"), self._as(right, "double")
        rest = self._new("double", f"frem double {left.text}, {right.text}")
        other = self._new("double", f"fadd double {rest.text}, {right.text}")
        product = self._new("double", f"fmul double {rest.text}, {right.text}")
        wrong = self._equal("lt", product, _Value("double", _double(0.0)))
        return self._new("double", f"select i1 {wrong.text}, double {other.text}, double {rest.text}")

    def _unary(self, node: ast.UnaryOp) -> _Value:
        if isinstance(node.op, ast.Not):
            return self._new("i1", f"xor i1 {self._truth(node.operand).text}, true")
        value = self._value(node.operand)
        if not isinstance(node.op, ast.USub):
            _refuse(node)
        if value.kind == "double":
            return self._new("double", f"fneg double {value.text}")
        return self._new("i64", f"sub nsw i64 0, {self._as(value, 'i64').text}")

    def _compare(self, node: ast.Compare) -> _Value:
        left, found = self._value(node.left), None
        for operator, right_node in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, ast.In) and isinstance(right_node, ast.Tuple):
                each = [self._equal("eq", left, self._value(one)) for one in right_node.elts]
                met = functools.reduce(lambda a, b: self._new("i1", f"or i1 {a.text}, {b.text}"), each)
            else:
                right = self._value(right_node)
                met, left = self._equal(COMPARISONS[type(operator)], left, right), right
            found = met if found is None else self._new("i1", f"and i1 {found.text}, {met.text}")
        assert found is not None
        return found

    def _equal(self, word: str, left: _Value, right: _Value) -> _Value:
        if "double" in (left.kind, right.kind):
            left, right = self._as(left, "double"), self._as(right, "double")
            # What is not a number is unequal to everything, and neither more nor less.
            return self._new("i1", f"fcmp {'une' if word == 'ne' else 'o' + word} double {left.text}, {right.text}")
        kind = "i1" if left.kind == right.kind == "i1" else "i64"
        signed = word if word in ("eq", "ne") else f"s{word}"
        return self._new("i1", f"icmp {signed} {kind} {self._as(left, kind).text}, {self._as(right, kind).text}")

    def _connect(self, node: ast.BoolOp) -> _Value:
        value = self._truth(node.values[0])
        for other in node.values[1:]:
            first = value
            if isinstance(node.op, ast.And):
                value = self._choose(first, functools.partial(self._truth, other), lambda: _Value("i1", "false"))
            else:
                value = self._choose(first, lambda: _Value("i1", "true"), functools.partial(self._truth, other))
        return value

    def _choose(self, test: ast.expr | _Value, first: Callable[[], _Value], second: Callable[[], _Value]) -> _Value:
        """Work out one of two values only; LLVM makes one instruction of it where that is quicker."""
        then, other, after = self._labels("then", "else", "after")
        self._branch(test if isinstance(test, _Value) else self._truth(test), then, other)
        name = f"chosen.{self._number()}"
        values = []
        for label, make in ((then, first), (other, second)):
            self._label(label)
            values.append((make(), len(self.lines)))
            self.lines.append("")
            self._jump(after)
        kinds = {value.kind for value, _ in values}
        kind = "double" if "double" in kinds else values[0][0].kind
        self._declare(name, kind)
        # Written behind the values when their kinds are known; constants are the only ones that are changed.
        for value, position in values:
            if value.kind != kind and not value.text.lstrip("-").isdigit():
                message = "the two sides of a choice are of different kinds"
                raise NativeError(message)
            text = value.text if value.kind == kind else _double(float(value.text))
            self.lines[position] = f"store {_llvm(kind)} {text}, ptr %{name}.a"
        self._label(after)
        return self._new(kind, f"load {_llvm(kind)}, ptr %{name}.a")

    def _call(self, node: ast.Call) -> _Value:
        name = _spoken(node.func)
        if name in ("np.empty", "np.zeros"):
            return self._array(node, name)
        values = [self._value(one) for one in node.args]
        if name == "release":
            self._put(f"call void @free(ptr {values[0].text})")
            return _Value("void", "")
        if name == "float":
            return self._as(values[0], "double")
        if name in ("int", "np.int64"):
            return self._as(values[0], "i64")
        if name == "np.uint64":
            return _Value("u64", self._as(values[0], "i64").text)
        if name in ("bits_of", "float_of"):
            here, there = ("double", "i64") if name == "bits_of" else ("i64", "double")
            return self._new(there, f"bitcast {here} {self._as(values[0], here).text} to {there}")
        if name in ("min", "max"):
            return functools.reduce(functools.partial(self._least, name), values)
        if name == "abs" and values[0].kind != "double":
            _refuse(node)
        if (intrinsic := INTRINSICS.get(name)) is not None:
            return self._declared_call(f"llvm.{intrinsic}.f64", *values)
        if (symbol := C_LIBRARY.get(name)) is not None:
            return self._declared_call(symbol, *values)
        kinds, returned = signature(self.module.need(name))
        given = [self._as(value, kind) for value, kind in zip(values, kinds, strict=True)]
        listed = ", ".join(f"{_llvm(value.kind)} {value.text}" for value in given)
        call = f"call {_llvm(returned)} @{name}({listed})"
        if returned == "void":
            self._put(call)
            return _Value("void", "")
        return self._new(returned, call)

    def _array(self, node: ast.Call, name: str) -> _Value:
        size = self._as(self._value(node.args[0]), "i64")
        length = self._new("i64", f"shl nsw i64 {size.text}, 3")
        kind = "i64*" if any(one.arg == "dtype" for one in node.keywords) else "double*"
        made = self._new(kind, f"call ptr @malloc(i64 {length.text})")
        if name == "np.zeros":
            self.module.declared["llvm.memset.p0.i64"] = ("void", "ptr, i8, i64, i1")
            self._put(f"call void @llvm.memset.p0.i64(ptr {made.text}, i8 0, i64 {length.text}, i1 false)")
        return made

    def _least(self, name: str, left: _Value, right: _Value) -> _Value:
        """Return what min and max of Python do: the first unless the second is beyond it."""
        kind = "double" if "double" in (left.kind, right.kind) else "i64"
        left, right = self._as(left, kind), self._as(right, kind)
        beyond = self._equal("lt" if name == "min" else "gt", right, left)
        return self._new(kind, f"select i1 {beyond.text}, {kind} {right.text}, {kind} {left.text}")

    def _declared_call(self, symbol: str, *values: _Value) -> _Value:
        given = [self._as(value, "double") for value in values]
        self.module.declared[symbol] = ("double", ", ".join(["double"] * len(given)))
        return self._new("double", f"call double @{symbol}({', '.join(f'double {one.text}' for one in given)})")

    def _truth(self, node: ast.expr) -> _Value:
        value = self._value(node)
        if value.kind != "i1":
            _refuse(node)
        return value

    def _as(self, value: _Value, kind: str) -> _Value:
        """Return a value as another kind, as Python would."""
        if value.kind == kind or {value.kind, kind} == {"i64", "u64"}:
            return _Value(kind, value.text)
        if kind == "double" and value.kind in ("i64", "u64"):
            if value.text.lstrip("-").isdigit():
                return _Value("double", _double(float(value.text)))
            word = "sitofp" if value.kind == "i64" else "uitofp"
            return self._new("double", f"{word} i64 {value.text} to double")
        if kind == "double" and value.kind == "i1":
            return self._new("double", f"uitofp i1 {value.text} to double")
        if kind == "i64" and value.kind == "double":
            return self._new("i64", f"fptosi double {value.text} to i64")
        if kind == "i64" and value.kind == "i1":
            return self._new("i64", f"zext i1 {value.text} to i64")
        message = f"{self.node.name}: {value.kind} stands where {kind} is needed"
        raise NativeError(message)

    # Lines.

    def _number(self) -> int:
        self.count += 1
        return self.count

    def _put(self, line: str) -> None:
        self.lines.append(line)

    def _new(self, kind: str, line: str) -> _Value:
        name = f"%t{self._number()}"
        self.lines.append(f"{name} = {line}")
        return _Value(kind, name)

    def _declare(self, name: str, kind: str) -> None:
        self.names[name] = kind
        self.head.insert(0, f"%{name}.a = alloca {_llvm(kind)}")

    def _labels(self, *words: str) -> list[str]:
        number = self._number()
        return [f"{word}{number}" for word in words]

    def _label(self, name: str) -> None:
        self.lines.append(f"{name}:")
        self.ended = False

    def _jump(self, label: str) -> None:
        if not self.ended:
            self._put(f"br label %{label}")
        self.ended = True

    def _branch(self, condition: _Value, first: str, second: str) -> None:
        self._put(f"br i1 {condition.text}, label %{first}, label %{second}")
        self.ended = True


ATTRIBUTES: Final = 'nounwind "no-stack-arg-probe"'


def signature(node: ast.FunctionDef) -> tuple[list[str], str]:
    """Return the kinds of what a function is given, and of what it returns."""
    kinds = []
    for argument in node.args.args:
        if argument.annotation is None or (kind := KINDS.get(ast.unparse(argument.annotation))) is None:
            message = f"{node.name}: of what kind is {argument.arg}?"
            raise NativeError(message)
        kinds.append(kind)
    returned = KINDS["None"] if node.returns is None else KINDS[ast.unparse(node.returns)]
    return kinds, returned


def _marks(node: ast.FunctionDef) -> tuple[str, bool]:
    """Return what the decorator of a function says: flags of its arithmetic, and whether it is always inlined."""
    flags, inline = "", False
    for one in node.decorator_list:
        for keyword in one.keywords if isinstance(one, ast.Call) else []:
            assert isinstance(keyword.value, ast.Constant)
            if keyword.arg == "flags":
                flags = f"{keyword.value.value!s} "
            elif keyword.arg == "inline":
                inline = bool(keyword.value.value)
    return flags, inline


def _spoken(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return _refuse(node)


def _loaded(target: ast.expr) -> ast.expr:
    """Return what an augmented assignment reads."""
    if isinstance(target, ast.Name):
        return ast.Name(target.id, ast.Load())
    if isinstance(target, ast.Subscript):
        return ast.Subscript(target.value, target.slice, ast.Load())
    return _refuse(target)


def _literal(node: ast.Constant) -> _Value:
    if isinstance(node.value, bool):
        return _Value("i1", "true" if node.value else "false")
    if isinstance(node.value, int):
        return _Value("i64", str(node.value))
    if isinstance(node.value, float):
        return _Value("double", _double(node.value))
    return _refuse(node)


def _double(value: float) -> str:
    """Return a number as LLVM reads it to the last bit."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def _llvm(kind: str) -> str:
    return "ptr" if kind.endswith("*") else "i64" if kind == "u64" else kind


def _nothing(kind: str) -> str:
    return "0.0" if kind == "double" else "null" if kind.endswith("*") else "false" if kind == "i1" else "0"


def _refuse(node: ast.AST) -> NoReturn:
    message = f"line {getattr(node, 'lineno', '?')}: {ast.unparse(node)} is not of the Python that is compiled"
    raise NativeError(message)
