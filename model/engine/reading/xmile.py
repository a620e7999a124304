"""XMILE files, as Stella and others write them, read into the same form as Vensim's."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from lxml import etree

from .formulas import SIGNED, FormulaError, parse_formula, sorted_table
from .syntax import (
    Application,
    Element,
    Literal,
    Macro,
    ModelText,
    Name,
    Numbers,
    Operation,
    Part,
    Range,
    Table,
    Tree,
    key_of,
    subtrees,
)

KINDS: Final = ("aux", "flow", "gf", "stock")
LOOKUPS: Final = {"continuous": "interpolate", "extrapolate": "extrapolate", "discrete": "hold_backward"}
METHODS: Final = {"euler": "euler", "rk2": "rk2", "rk4": "rk4", "2": "rk2", "4": "rk4"}
#: Parts of stocks that are more than a level, and what of a conveyor has no meaning here.
STOCKS_OF_THEIR_OWN: Final = ("queue", "oven")
SPECIAL_FLOWS: Final = ("leak", "leak_integers", "overflow")
CONVEYOR_EXTRAS: Final = ("capacity", "in_limit", "sample", "arrest")
#: What XMILE calls the settings of a run.
SETTINGS: Final = {
    "dt": "time_step",
    "starttime": "initial_time",
    "stoptime": "final_time",
    "time_step": "time_step",
    "time": "time",
}
ARRAY_FUNCTIONS: Final = {
    "sum": "sum",
    "arraysum": "sum",
    "prod": "prod",
    "max": "vmax",
    "min": "vmin",
    "mean": "sum",
    "size": "sum",
}
#: Functions by name and number of arguments, as the shared names of both languages have them.
RENAMED: Final[Mapping[tuple[str, int], str]] = {
    ("init", 1): "initial",
    ("delay", 2): "delay_fixed",
    ("delay", 3): "delay_fixed",
    ("delay1", 2): "delay1",
    ("delay1", 3): "delay1i",
    ("delay3", 2): "delay3",
    ("delay3", 3): "delay3i",
    ("smth1", 2): "smooth",
    ("smth1", 3): "smoothi",
    ("smth3", 2): "smooth3",
    ("smth3", 3): "smooth3i",
    ("forcst", 3): "forecast",
    ("forcst", 4): "forecast",
    ("ramp", 2): "ramp_without_end",
    ("pulse", 2): "pulse_of_amount",
    ("pulse", 3): "pulses_of_amount",
    ("int", 1): "floor",
    ("logn", 1): "ln",
    ("arctan2", 2): "arctan2",
}
#: Functions that an expression of others says as well.
REWRITTEN: Final[Mapping[tuple[str, int], Callable[..., Tree]]] = {
    ("delayn", 3): lambda given, time, order: _call("delay_n", given, time, given, order),
    ("delayn", 4): lambda given, time, order, first: _call("delay_n", given, time, first, order),
    ("smthn", 3): lambda given, time, order: _call("smooth_n", given, time, given, order),
    ("smthn", 4): lambda given, time, order, first: _call("smooth_n", given, time, first, order),
    ("previous", 2): lambda given, first: _call("delay_fixed", given, Name("time_step", "DT"), first),
    ("log10", 1): lambda given: _call("log", given, Literal(10.0)),
    ("percent", 1): lambda given: Operation("*", (given, Literal(100.0))),
    ("sinwave", 2): lambda size, period: Operation("*", (size, _call("sin", _turns(period)))),
    ("coswave", 2): lambda size, period: Operation("*", (size, _call("cos", _turns(period)))),
    ("pulse", 1): lambda size: _call("pulse_of_amount", size, Name("initial_time", "STARTTIME")),
    ("safediv", 2): lambda above, below: _divided(above, below, Literal(0.0)),
    ("safediv", 3): lambda above, below, otherwise: _divided(above, below, otherwise),
    ("mod", 2): lambda left, right: Operation("mod", (left, right)),
}


def _call(key: str, *arguments: Tree) -> Application:
    return Application(key, key.replace("_", " "), arguments)


def _divided(above: Tree, below: Tree, otherwise: Tree) -> Tree:
    """Divide; only a divisor of nought itself gives what is said for it."""
    none = Operation("=", (below, Literal(0.0)))
    return _call("if_then_else", none, otherwise, Operation("/", (above, below)))


def _turns(period: Tree) -> Tree:
    return Operation("/", (Operation("*", (Literal(2 * np.pi), Name("time", "TIME"))), period))


def parse_xmile(text: str) -> ModelText:
    """Return what an XMILE file says; what could not be read stands in its `faults`, each with its line."""
    model = ModelText()
    body = re.sub(r"^\s*<\?xml[^>]*\?>", lambda found: "\n" * found.group().count("\n"), text)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True)
    try:
        root = etree.fromstring(body.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        model.faults.append(f"line {error.lineno}: not well-formed XML: {error.msg}")
        return model
    return _File(model).read(root)


def _local(node: Any) -> str:
    """Return the name of an element without its namespace; nothing for what a vendor has added."""
    if not isinstance(node.tag, str):
        return ""
    name = etree.QName(node)
    language = etree.QName(node.getroottree().getroot()).namespace
    return name.localname if name.namespace in (None, language) else ""


def _children(node: Any, *names: str) -> list[Any]:
    return [child for child in node if _local(child) in names]


def _child(node: Any, name: str) -> Any:
    return next(iter(_children(node, name)), None)


def _text(node: Any, name: str) -> str:
    found = _child(node, name)
    return "" if found is None else "".join(found.itertext()).strip()


def _limit(node: Any, name: str) -> float | None:
    text = node.get(name, "") if node is not None else ""
    return float(text) if re.fullmatch(SIGNED, text.strip()) else None


@dataclass
class _Variable:
    """A variable of one model of the file, or of one of its modules."""

    key: str
    name: str
    kind: str
    node: Any
    module: str
    dims: tuple[str, ...]
    table: Table | None = None
    element: Element = field(default_factory=lambda: Element(""))


class _File:
    def __init__(self, model: ModelText) -> None:
        self.model = model
        self.variables: dict[str, _Variable] = {}
        self.models: dict[str, Any] = {}
        self.from_zero = {"stock": False, "flow": False}
        self.inputs: dict[str, str] = {}

    def fault(self, node: Any, what: str, reason: str) -> None:
        line = f"line {node.sourceline}: " if node is not None and node.sourceline else ""
        self.model.faults.append(f"{line}{what}: {reason}")

    def read(self, root: Any) -> ModelText:
        models = _children(root, "model")
        specs = _child(root, "sim_specs")
        if specs is None and models:
            specs = _child(models[0], "sim_specs")
        if not models:
            self.model.faults.append("the file holds no <model>")
            return self.model
        for macro in _children(root, "macro"):
            self._macro(macro)
        for dimension in root.iter("{*}dim"):
            if dimension.getparent() is not None and _local(dimension.getparent().getparent()) not in KINDS:
                self._dimension(dimension)
        main = next((node for node in models if not node.get("name")), models[0])
        self.models = {key_of(node.get("name", "")): node for node in models if node is not main}
        self.from_zero = self._behaviour(root, main)
        self._collect(main, "", ())
        for variable in self.variables.values():
            self.model.entries += 1
            try:
                self._define(variable)
            except FormulaError as error:
                self.fault(variable.node, repr(variable.name), f"its equation cannot be read: {error}")
        self._limit_outflows()
        self._name_apart()
        order = [kind for kind in KINDS if kind != "gf"]
        for kind in (*order[:2], "gf", *order[2:]):
            for variable in self.variables.values():
                if variable.kind == kind and variable.element.parts:
                    self.model.elements[variable.key] = variable.element
        self._settings(specs)
        if not self.variables and not self.model.faults:
            self.model.faults.append("the file holds no variable")
        return self.model

    def _macro(self, node: Any) -> None:
        """Read a macro as a model of its own, with its result under its own name."""
        inner = ModelText()
        file = _File(inner)
        file._collect(node, "", ())
        name = node.get("name", "")
        parameters = tuple(key_of("".join(parameter.itertext())) for parameter in _children(node, "parm"))
        for variable in file.variables.values():
            try:
                file._define(variable)
            except FormulaError as error:
                file.fault(variable.node, repr(variable.name), f"its equation cannot be read: {error}")
        file._limit_outflows()
        elements = {key: variable.element for key, variable in file.variables.items() if key not in parameters}
        eqn = _without_comments(_text(node, "eqn"))
        if key_of(eqn) != key_of(name):
            result = _Variable(key_of(name), name, "aux", node, "", ())
            try:
                elements[key_of(name)] = Element(name, [Part(file._tree(eqn, result, ()), text=eqn)])
            except FormulaError as error:
                file.fault(node, f"the macro {name!r}", f"its equation cannot be read: {error}")
        self.model.faults += inner.faults
        self.model.macros[key_of(name)] = Macro(name, parameters, (), elements)

    # What stands where.

    def _dimension(self, node: Any) -> None:
        name = node.get("name", "")
        named = [child.get("name", "") for child in _children(node, "elem")]
        size = node.get("size", "")
        members = named or [str(number) for number in range(1, int(size or 0) + 1)]
        if key_of(name) in self.model.ranges:
            return
        if not members:
            self.fault(node, f"the dimension {name!r}", "it has no elements")
        self.model.ranges[key_of(name)] = Range(name, tuple(members), line=node.sourceline or 0)

    def _behaviour(self, *nodes: Any) -> dict[str, bool]:
        found = {"stock": False, "flow": False}
        for node in nodes:
            behaviour = _child(node, "behavior")
            if behaviour is None:
                continue
            for kind in found:
                own = _child(behaviour, kind)
                whole = _child(behaviour, "non_negative") is not None
                found[kind] |= whole or (own is not None and _child(own, "non_negative") is not None)
        return found

    def _collect(self, model: Any, module: str, above: tuple[Any, ...]) -> None:
        """Note the variables of a model, and of the modules in it under their names."""
        if model in above:
            self.fault(model, f"the module {module!r}", "it holds itself")
            return
        inner: list[Any] = []
        for node in self._inside(model):
            kind = _local(node)
            name = " ".join(node.get("name", "").replace("\\n", " ").split())
            if kind == "module":
                inner.append(node)
                continue
            key = _joined(module, key_of(name))
            if key in self.variables:
                self.fault(node, repr(name), "it is defined twice")
                continue
            dims = tuple(dim.get("name", "") for box in _children(node, "dimensions") for dim in _children(box, "dim"))
            element = Element(
                f"{module}.{name}" if module else name,
                unit=_text(node, "units"),
                comment=_text(node, "doc"),
                low=_limit(_child(node, "range"), "min"),
                high=_limit(_child(node, "range"), "max"),
                dims=dims,
            )
            self.variables[key] = _Variable(key, name, kind, node, module, dims, element=element)
        for node in inner:
            self._module(node, module, (*above, model))

    def _inside(self, model: Any) -> Iterator[Any]:
        boxes = [model, *_children(model, "variables")]
        for box in boxes:
            for node in box:
                kind = _local(node)
                if kind in (*KINDS, "module"):
                    yield node
                elif kind == "group":
                    yield from self._inside(node)

    def _module(self, node: Any, module: str, above: tuple[Any, ...]) -> None:
        name = " ".join(node.get("name", "").split())
        path = f"{module}.{name}" if module else name
        model = self.models.get(key_of(node.get("model", name)))
        if model is None:
            self.fault(node, f"the module {name!r}", "the file holds no model of this name")
            return
        if _child(model, "sim_specs") is not None:
            self.fault(model, f"the module {name!r}", "it has time settings of its own, which have no meaning here")
        self._collect(model, path, above)
        for connection in _children(node, "connect"):
            target, source = connection.get("to", ""), connection.get("from", "")
            inner = _joined(path, key_of(target.lstrip(".").split(".")[-1]))
            self.inputs[inner] = f"{module}|{source}"

    # Names.

    def _resolve(self, written: str, module: str) -> str:
        """Return the key of a name used in a module: its own first, then down or up from it, then of the main model."""
        key = ".".join(key_of(part) for part in _parts(written.lstrip(".")))
        if not written.startswith("."):
            places = module
            while True:
                own = _joined(places, key)
                if own in self.variables:
                    return own
                if not places:
                    break
                places = places.rpartition(".")[0]
        return key

    def _name_apart(self) -> None:
        """Call variables of modules by their own names where no other has the same."""
        counts: dict[str, int] = {}
        for variable in self.variables.values():
            own = key_of(variable.name)
            counts[own] = counts.get(own, 0) + 1
        for variable in self.variables.values():
            if variable.module and counts[key_of(variable.name)] == 1:
                variable.element.name = variable.name

    # Equations.

    def _define(self, variable: _Variable) -> None:
        node = variable.node
        boxes = _children(node, "element")
        for box in boxes or [node]:
            subscripts = tuple(part.strip() for part in box.get("subscript", "").split(",")) if boxes else variable.dims
            table_node = _child(box, "gf") if _child(box, "gf") is not None else _child(node, "gf")
            if variable.kind == "gf":
                table_node = box
            table = self._table(table_node) if table_node is not None else None
            variable.table = table
            texts = [_without_comments("".join(eqn.itertext())) for eqn in _children(box, "eqn")]
            if len(texts) > 1 and len(variable.dims) == 1:
                members = self.model.ranges[key_of(variable.dims[0])].members
                for member, text in zip(members, texts, strict=False):
                    self._put(variable, (member,), text, table, box)
                continue
            self._put(variable, subscripts, texts[0] if texts else "", table, box)

    def _put(self, variable: _Variable, subscripts: tuple[str, ...], text: str, table: Table | None, box: Any) -> None:
        node = variable.node
        source = self.inputs.get(variable.key)
        tree: Tree
        if variable.kind == "stock":
            tree = self._stock(variable, subscripts, text)
        elif source is not None:
            module, _, written = source.partition("|")
            found = self.variables.get(self._resolve(written, module))
            if found is None:
                self.fault(node, repr(variable.name), f"it is connected to {written!r}, which is not in the file")
                return
            if found.dims and not subscripts:
                variable.dims = variable.element.dims = subscripts = found.dims
            tree = Name(found.key, found.name, subscripts)
        elif variable.kind == "gf" or (table is not None and not text):
            if table is None:
                return
            tree = table
        elif variable.kind == "flow" and (drain := self._conveyor_of(variable)) is not None:
            tree = drain
        elif not text:
            self.fault(node, repr(variable.name), "it has no equation")
            return
        else:
            tree = self._tree(text, variable, subscripts)
            if table is not None:
                tree = _call("with_lookup", tree, table)
        if special := _children(node, *SPECIAL_FLOWS):
            message = f"a flow with <{_local(special[0])}>, which has no meaning here"
            raise FormulaError(message)
        if variable.kind == "flow" and self._is_from_zero(node, "flow"):
            tree = _call("max", tree, Literal(0.0))
        part = Part(tree, subscripts, text=" ".join(text.split()), line=box.sourceline or 0)
        variable.element.parts.append(part)

    def _is_from_zero(self, node: Any, kind: str) -> bool:
        own = _child(node, "non_negative")
        if own is None:
            return self.from_zero[kind]
        return "false" not in (own.text or "").lower()

    def _tree(self, text: str, variable: _Variable, subscripts: tuple[str, ...]) -> Tree:
        if re.fullmatch(rf"\s*{SIGNED}(\s*[,;]\s*{SIGNED})+\s*", text):
            return Numbers(np.array([float(number) for number in re.split(r"[,;]", text)]))
        try:
            tree = parse_formula(text, "xmile")
        except FormulaError:
            joined = self._spaced.sub(lambda found: re.sub(r"[\s_]+", "_", found.group()), text)
            if joined == text:
                raise
            tree = parse_formula(joined, "xmile")
        return self._adapted(tree, variable, subscripts, reducing=False)

    @functools.cached_property
    def _spaced(self) -> re.Pattern[str]:
        """What matches the names of several words, which some programs write without quotes or underscores."""
        names = sorted({variable.name for variable in self.variables.values() if " " in variable.name}, key=len)
        words = [r"[\s_]+".join(map(re.escape, name.split())) for name in reversed(names)]
        return re.compile(rf"(?<!\w)(?:{'|'.join(words) or '(?!)'})(?!\w)", re.I)

    def _table(self, node: Any) -> Table:
        y_node, x_node, scale = _child(node, "ypts"), _child(node, "xpts"), _child(node, "xscale")
        if y_node is None:
            message = "a graphical function without <ypts>"
            raise FormulaError(message)
        y = _numbers(y_node)
        if x_node is not None:
            x = _numbers(x_node)
        elif scale is not None:
            x = [float(number) for number in np.linspace(float(scale.get("min")), float(scale.get("max")), len(y))]
        else:
            message = "a graphical function without <xscale> or <xpts>"
            raise FormulaError(message)
        kind = node.get("type", "continuous").lower()
        if kind not in LOOKUPS or len(x) != len(y):
            message = f"a graphical function of kind {kind!r} with {len(x)} points x and {len(y)} points y"
            raise FormulaError(message)
        return sorted_table(x, y, LOOKUPS[kind])

    # What XMILE says in its own way.

    def _adapted(self, tree: Tree, variable: _Variable, subscripts: tuple[str, ...], *, reducing: bool) -> Tree:
        """Return a tree in the words of both languages: functions renamed, subscripts written out, modules found."""

        def adapt(part: Tree, *, inner: bool = reducing) -> Tree:
            return self._adapted(part, variable, subscripts, reducing=inner)

        if isinstance(tree, Operation) and tree.operator == "//":
            above, below = map(adapt, tree.arguments)
            return _divided(above, below, Literal(0.0))
        if isinstance(tree, Operation):
            return replace(tree, arguments=tuple(adapt(part) for part in tree.arguments))
        if isinstance(tree, Name):
            return self._name(tree, variable, subscripts, reducing=reducing)
        if not isinstance(tree, Application):
            return tree
        key, count = tree.key, len(tree.arguments)
        if key in ARRAY_FUNCTIONS and count == 1:
            body = adapt(tree.arguments[0], inner=True)
            if any(isinstance(part, Name) and _is_reduced(part) for part in subtrees(body)):
                whole = Application(ARRAY_FUNCTIONS[key], tree.written, (body,))
                counted = Application("sum", tree.written, (_ones(body),))
                return {"mean": Operation("/", (whole, counted)), "size": counted}.get(key, whole)
            if key in ("max", "min", "mean", "sum", "arraysum"):
                return body
        given = tuple(adapt(part) for part in tree.arguments)
        if key in ("max", "min") and count > 2:
            nested = given[0]
            for other in given[1:]:
                nested = Application(key, tree.written, (nested, other))
            return nested
        if key == "mean":
            total = given[0]
            for other in given[1:]:
                total = Operation("+", (total, other))
            return Operation("/", (total, Literal(float(count))))
        called = self.variables.get(self._resolve(tree.written, variable.module))
        if key == "lookup" and count == 2 and isinstance(tree.arguments[0], Name):
            called = self.variables.get(self._resolve(tree.arguments[0].written, variable.module))
            given = given[1:]
        if called is not None and len(given) == 1:
            return self._graph(called, given[0], tree.written)
        if (key, count) in REWRITTEN:
            return REWRITTEN[key, count](*given)
        return replace(tree, key=RENAMED.get((key, count), key), arguments=given)

    def _graph(self, called: _Variable, argument: Tree, written: str) -> Tree:
        node = _child(called.node, "gf")
        if called.kind == "gf":
            return Application(called.key, written, (argument,))
        if node is None:
            message = f"{written} is called like a graphical function but has none"
            raise FormulaError(message)
        return _call("with_lookup", argument, self._table(node))

    def _name(self, tree: Name, variable: _Variable, subscripts: tuple[str, ...], *, reducing: bool) -> Tree:
        if tree.key in SETTINGS and not tree.subscripts:
            return Name(SETTINGS[tree.key], tree.written)
        if tree.key == "pi" and self._resolve(tree.written, variable.module) not in self.variables:
            return _call("pi")
        if tree.key in ("inf", "nan") and self._resolve(tree.written, variable.module) not in self.variables:
            message = f"{tree.written} is no number"
            raise FormulaError(message)
        found = self.variables.get(self._resolve(tree.written, variable.module))
        if found is None:
            return tree
        given = [
            self._subscript(one, found, place, variable)
            if isinstance(one, str)
            else self._adapted(one, variable, subscripts, reducing=False)
            for place, one in enumerate(tree.subscripts)
        ]
        if not given and found.dims:
            own = dict(zip(map(key_of, variable.dims), subscripts, strict=False))
            given = [f"{dim}!" if reducing else own.get(key_of(dim), dim) for dim in found.dims]
        return Name(found.key, tree.written, tuple(given))

    def _subscript(self, one: str, found: _Variable, place: int, variable: _Variable) -> str | Tree:
        dim = found.dims[place] if place < len(found.dims) else ""
        if re.fullmatch(r"\s*[^:\s]+\s*:\s*[^:\s]+\s*", one) and dim:
            return self._span(one, dim)
        if one == "*" and dim:
            return f"{dim}!"
        qualifier, dot, element = one.rpartition(".")
        if dot and key_of(qualifier) in self.model.ranges:
            one = element
        range_of = self.model.ranges.get(key_of(dim))
        known = key_of(one.removesuffix("!")) in self.model.ranges or (
            range_of is not None and key_of(one) in map(key_of, range_of.members)
        )
        key = self._resolve(one, variable.module)
        # The name of a variable stands for the place that it gives.
        return Name(key, one) if not known and key in self.variables else one

    def _span(self, written: str, dim: str) -> str:
        """Return the name of a new range for a stretch of another, such as ``2:4``."""
        members = self.model.ranges[key_of(dim)].members
        ends = [end.strip() for end in written.split(":")]
        keys = [key_of(member) for member in members]
        places = [
            keys.index(key_of(end)) if key_of(end) in keys else int(end) - 1
            for end in ends
            if end.isdigit() or key_of(end) in keys
        ]
        if len(places) != 2 or not 0 <= places[0] <= places[1] < len(members):
            message = f"{written} is no stretch of {dim}"
            raise FormulaError(message)
        name = f"{dim} {members[places[0]]} to {members[places[1]]}"
        self.model.ranges.setdefault(key_of(name), Range(name, members[places[0] : places[1] + 1]))
        return f"{name}!"

    # Stocks.

    def _stock(self, variable: _Variable, subscripts: tuple[str, ...], text: str) -> Tree:
        node = variable.node
        for kind in STOCKS_OF_THEIR_OWN:
            if _child(node, kind) is not None:
                message = f"a stock that is a {kind}, which has no meaning here"
                raise FormulaError(message)
        flow: Tree | None = None
        for sign, name in [("+", name) for name in self._flows(node, "inflow")] + [
            ("-", name) for name in self._flows(node, "outflow")
        ]:
            one = self._flow(name, variable, subscripts)
            if flow is None:
                flow = one if sign == "+" else Operation("negative", (one,))
            else:
                flow = Operation(sign, (flow, one))
        if not text:
            message = "a stock without a first value"
            raise FormulaError(message)
        key = "integ_from_zero" if self._is_from_zero(node, "stock") and _child(node, "conveyor") is None else "integ"
        return _call(key, Literal(0.0) if flow is None else flow, self._tree(text, variable, subscripts))

    @staticmethod
    def _flows(node: Any, kind: str) -> list[str]:
        return [" ".join("".join(child.itertext()).split()) for child in _children(node, kind)]

    def _flow(self, written: str, variable: _Variable, subscripts: tuple[str, ...]) -> Name:
        found = self.variables.get(self._resolve(written, variable.module))
        if found is None:
            message = f"the flow {written!r} is not in the file"
            raise FormulaError(message)
        return Name(found.key, written, subscripts if found.dims else ())

    def _conveyor_of(self, flow: _Variable) -> Tree | None:
        """Return what leaves a conveyor: what came in so long ago, and before that an even share of what was on it."""
        for stock in self.variables.values():
            node = _child(stock.node, "conveyor") if stock.kind == "stock" else None
            if node is None:
                continue
            outflows = [self._resolve(name, stock.module) for name in self._flows(stock.node, "outflow")]
            if flow.key not in outflows:
                continue
            extra = [name for name in CONVEYOR_EXTRAS if _child(node, name) is not None]
            extra += [name for name, value in node.attrib.items() if value.strip().lower() == "true"]
            if len(outflows) > 1 or extra or _child(flow.node, "leak") is not None:
                what = extra[0] if extra else "a leak"
                message = f"the conveyor {stock.name!r} has {what}, which has no meaning here"
                raise FormulaError(message)
            if flow.dims:
                message = f"the conveyor {stock.name!r} is an array, which has no meaning here"
                raise FormulaError(message)
            inflow: Tree = Literal(0.0)
            for place, name in enumerate(self._flows(stock.node, "inflow")):
                one = self._flow(name, stock, ())
                inflow = one if place == 0 else Operation("+", (inflow, one))
            length = self._tree(_text(node, "len"), stock, ())
            first = self._tree(_without_comments(_text(stock.node, "eqn")), stock, ())
            return _call("delay_fixed", inflow, length, Operation("/", (first, length)))
        return None

    def _limit_outflows(self) -> None:
        """Let no stock that stays above zero give more than it holds and receives; the first outflow comes first."""
        for stock in self.variables.values():
            if stock.kind != "stock" or not stock.element.parts or not self._is_from_zero(stock.node, "stock"):
                continue
            if _child(stock.node, "conveyor") is not None:
                continue
            outflows = [self._resolve(name, stock.module) for name in self._flows(stock.node, "outflow")]
            inflows = [self._resolve(name, stock.module) for name in self._flows(stock.node, "inflow")]
            before = [key for key in inflows if not set(outflows) & self._reached(key)]
            for place, key in enumerate(outflows):
                flow = self.variables.get(key)
                if flow is not None:
                    self._limit(flow, stock, before, outflows[:place])

    def _limit(self, flow: _Variable, stock: _Variable, before: Sequence[str], earlier: Sequence[str]) -> None:
        parts = []
        for part in flow.element.parts:

            def at(key: str, subscripts: tuple[str, ...] = part.subscripts) -> Name:
                found = self.variables[key]
                return Name(key, found.name, subscripts if found.dims else ())

            left: Tree = Operation("/", (at(stock.key), Name("time_step", "DT")))
            for key in before:
                left = Operation("+", (left, at(key)))
            for key in earlier:
                left = Operation("-", (left, at(key)))
            parts.append(replace(part, tree=_call("min", part.tree, _call("max", left, Literal(0.0)))))
        flow.element.parts[:] = parts

    def _reached(self, key: str) -> set[str]:
        """Return the variables that one depends on at the same moment, itself included."""
        seen: set[str] = set()
        waiting = [key]
        while waiting:
            now = waiting.pop()
            variable = self.variables.get(now)
            if now in seen or variable is None:
                continue
            seen.add(now)
            if variable.kind != "stock":
                for part in variable.element.parts:
                    waiting += [name.key for name in subtrees(part.tree) if isinstance(name, Name)]
        return seen

    # Settings.

    def _settings(self, specs: Any) -> None:
        if specs is None:
            self.model.faults.append("the file holds no <sim_specs>, which say from when to when a run goes")
            return
        unit = specs.get("time_units", "")
        step = _child(specs, "dt")
        step_text = "1" if step is None else (step.text or "1").strip()
        if step is not None and (step.get("reciprocal") or "").lower() == "true":
            step_text = f"1/({step_text})"
        settings = {
            "INITIAL TIME": (_text(specs, "start"), "The initial time for the simulation."),
            "FINAL TIME": (_text(specs, "stop"), "The final time for the simulation."),
            "TIME STEP": (step_text, "The time step for the simulation."),
            "SAVEPER": ("time_step", "The save time step for the simulation."),
        }
        for name, (text, comment) in settings.items():
            try:
                tree = parse_formula(text, "xmile")
            except FormulaError:
                self.fault(specs, name, f"{text!r} is no number")
                continue
            part = Part(tree, text=text, line=specs.sourceline or 0)
            self.model.elements[key_of(name)] = Element(name, [part], unit, comment)
        method = (specs.get("method") or "euler").strip().lower()
        if method.replace(" ", "") not in METHODS:
            self.fault(specs, "the method of integration", f"{method!r} is not known; there are Euler, RK2 and RK4")
        self.model.method = METHODS.get(method, "euler")


def _numbers(node: Any) -> list[float]:
    text = node.text or ""
    separator = node.get("sep")
    pieces = text.split(separator) if separator else re.split(r"[,;\s]+", text.strip())
    return [float(piece) for piece in pieces if piece.strip()]


def _without_comments(text: str) -> str:
    return re.sub(r"\{[^{}]*\}", " ", text.replace("\\n", "_")).strip()


def _joined(module: str, key: str) -> str:
    return ".".join((*(key_of(part) for part in _parts(module)), key)) if module else key


def _parts(written: str) -> Iterable[str]:
    return (part for part in re.split(r'\.(?=(?:[^"]*"[^"]*")*[^"]*$)', written) if part)


def _is_reduced(name: Name) -> bool:
    return any(isinstance(one, str) and one.endswith("!") for one in name.subscripts)


def _ones(body: Tree) -> Tree:
    """Return one for each element that a reduction visits."""
    name = next(part for part in subtrees(body) if isinstance(part, Name) and _is_reduced(part))
    return Operation("+", (Literal(1.0), Operation("*", (Literal(0.0), name))))
