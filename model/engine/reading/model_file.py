"""Read a model file into typed quantities and equations; refuse whatever has no known meaning."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import listed
from .encodings import decode
from .expressions import Expression, Index, Interpolation, Loop, Read, walk
from .external import ExternalError, Tables, is_external, resolve_ranges
from .memory import Memory, is_undefined, kind_of
from .quantities import CONTROLS, Definition, Equation, Quantity, RefusedModelError
from .subscripts import Subscripts
from .syntax import Application, Element, Literal, ModelText, Name, Numbers, Part, Table, Tree, key_of, subtrees
from .translation import Scope
from .vensim import parse_vensim


def read_text(path: Path) -> ModelText:
    """Return what a Vensim (.mdl) or XMILE file says; its `faults` tell what could not be read."""
    content = decode(path.read_bytes())
    if path.suffix.lower() == ".mdl":
        return parse_vensim(content)
    from .xmile import parse_xmile

    return parse_xmile(content)


def read_model(path: Path) -> Definition:
    """Read a Vensim (.mdl) or XMILE file, or refuse it with every variable whose meaning this engine does not know."""
    text = read_text(path)
    if text.faults:
        message = f"The model cannot be read:\n{listed(text.faults)}"
        raise RefusedModelError(message)
    return _Reader(text, path.parent).read()


class _Reader(Memory):
    def __init__(self, text: ModelText, folder: Path) -> None:
        self.tables = Tables(folder)
        faults: list[tuple[str, str]] = []
        outside = resolve_ranges(text.ranges, self.tables, lambda name, reason: faults.append((name, reason)))
        super().__init__(text, Subscripts(text.ranges, outside))
        for name, reason in faults:
            self.refuse(name, reason)

    def _name_outputs(self) -> None:
        """Give the further results of macros variables of their own, each from a call of its own."""
        for element in list(self.text.elements.values()):
            for part in element.parts:
                for call in subtrees(part.tree):
                    macro = self.text.macros.get(call.key) if isinstance(call, Application) else None
                    if macro is None or not isinstance(call, Application):
                        continue
                    if len(call.outputs) > len(macro.outputs):
                        self.refuse(element.name, f"the macro {macro.name} has {len(macro.outputs)} further outputs")
                    for key, written in zip(macro.outputs, call.outputs, strict=False):
                        alike = f"{call.key}:{key}"
                        self.text.macros[alike] = replace(macro, name=key)
                        again = Part(
                            replace(call, key=alike, outputs=()), part.subscripts, part.excepted, line=part.line
                        )
                        known = self.text.elements.setdefault(key_of(written), Element(written))
                        known.parts[:] = [*(one for one in known.parts if not is_undefined(one.tree)), again]

    def _fill_in(self) -> None:
        """Put the numbers of tables beside the model where its equations ask for them."""
        for element in self.text.elements.values():
            parts: list[Part] = []
            for part in element.parts:
                if not is_external(part.tree):
                    parts.append(part)
                    continue
                names = [self.subscripts.canonical(name) for name in part.subscripts]
                boxes = [self.subscripts.items(name) for name in names]
                lengths = [len(box) for name, box in zip(names, boxes, strict=True) if name in self.subscripts.ranges]
                try:
                    parts += self.tables.resolve(part, lengths, list(itertools.product(*boxes)))
                except ExternalError as error:
                    self.refuse(element.name, str(error))
            element.parts[:] = parts

    def read(self) -> Definition:
        places = {item.name: f"line {item.line}: " for item in self.text.elements.values() if item.line}
        self._fill_in()
        self._name_outputs()
        if "saveper" not in self.text.elements and "time_step" in self.text.elements:
            saved = Part(Name("time_step", "TIME STEP"), text="TIME STEP")
            self.text.elements["saveper"] = Element("SAVEPER", [saved], self.text.elements["time_step"].unit)
        for name, reason in self.subscripts.faults:
            self.refuse(name, reason)
        self.quantities["time"] = Quantity("time", "Time", "time")
        elements = self.text.elements
        for key, element in elements.items():
            self._declare(key, element)
        names = {key: key for key in self.quantities}
        # Lookups first: what calls one must know how it is read.
        for key, element in sorted(elements.items(), key=lambda item: kind_of(*item) != "lookup"):
            self._define(key, element, names)
        if not self.drafts.refusals:
            self._refuse_undefined()
        for key in CONTROLS:
            if key not in self.quantities:
                self.refuse(key.upper().replace("_", " "), "the model does not define it")
        drafts = self.drafts
        if drafts.refusals:
            lines = [
                f"{places.get(name, '')}{name}: {reason}"
                for name, reasons in drafts.refusals.items()
                for reason in reasons
            ]
            message = f"The model cannot be compiled:\n{listed(lines)}"
            raise RefusedModelError(message)
        for key in drafts.flows:
            if self.quantities[key].kind == "auxiliary":
                self.quantities[key].kind = "flow"
        for key in drafts.structural:
            self.quantities[key].changeable = False
        return Definition(self.quantities, drafts.updates, drafts.pipes, self.subscripts.ranges, self.text.method)

    # Declaring: names, dims and kinds, before any equation is read.

    def _declare(self, key: str, element: Element) -> None:
        if not element.parts:
            # What was read from elsewhere, and refused.
            return
        lists = [[self.subscripts.canonical(name) for name in part.subscripts] for part in element.parts]
        known = self._known(element, lists)
        dims = self.subscripts.dims(lists) if known and element.dims is None else ()
        if known and element.dims is not None:
            dims = tuple(self.subscripts.canonical(dim) for dim in element.dims)
            if len(set(dims)) != len(dims) or any(dim not in self.subscripts.ranges for dim in dims):
                self.refuse(element.name, "its dimensions are not known, or the same twice")
                return
        if dims is None:
            self.refuse(element.name, "its subscripts belong to no common range")
            dims = ()
        quantity = Quantity(
            key,
            element.name,
            kind_of(key, element),
            dims,
            tuple(len(self.subscripts.ranges[dim]) for dim in dims),
            element.unit,
            element.low,
            element.high,
            " ".join(element.comment.split()),
            " | ".join(part.text for part in element.parts if part.text),
        )
        if quantity.kind == "lookup":
            # From here on it says how the lookup is read.
            quantity.text = ""
        quantity.changeable = quantity.kind == "constant" and all(part.sign != "==" for part in element.parts)
        self.quantities[key] = quantity

    def _known(self, element: Element, lists: Sequence[Sequence[str]]) -> bool:
        unknown = [name for one in lists for name in one if not self.subscripts.items(name)]
        if unknown:
            self.refuse(element.name, f"unknown subscript {', '.join(dict.fromkeys(unknown))}")
        elif len({len(one) for one in lists}) > 1:
            self.refuse(element.name, "its equations have different numbers of subscripts")
        elif any(one.count(name) > 1 for one in lists for name in one if not self.subscripts.is_element(name)):
            self.refuse(element.name, "the same range of subscripts twice on the left side")
        else:
            return True
        return False

    # Defining: every part becomes equations over rectangular boxes of its subscripts.

    def _define(self, key: str, element: Element, names: dict[str, str]) -> None:
        if element.name in self.drafts.refusals:
            return
        quantity = self.quantities[key]
        if quantity.kind in {"constant", "lookup"}:
            quantity.value = np.full(quantity.lengths, np.nan)
        defined = np.zeros(quantity.lengths, dtype=int)
        for part in element.parts:
            if is_undefined(part.tree):
                continue
            subscripts = [self.subscripts.canonical(name) for name in part.subscripts]
            box = self._box(subscripts)
            excluded = [self._box(self.subscripts.canonical(name) for name in hole) for hole in part.excepted]
            for piece in _without(box, excluded):
                self._component(quantity, part, subscripts, piece, names)
                orders = [self.subscripts.ranges[dim] for dim in quantity.dims]
                places = [[order.index(item) for item in items] for order, items in zip(orders, piece, strict=True)]
                defined[np.ix_(*places)] += 1
        if (defined > 1).any():
            self.refuse(element.name, self._named_elements(quantity, defined > 1) + "more than one equation")
        if all(is_undefined(part.tree) for part in element.parts):
            quantity.without_numbers = True
        elif (defined == 0).any():
            quantity.missing = defined == 0

    def _refuse_undefined(self) -> None:
        """Refuse what reads an element that no equation defines; what nothing reads need not be there."""
        equations = [
            (item, equation) for item in self.quantities.values() for equation in (*item.equations, *item.starts)
        ]
        equations += [(self.quantities[move.target], move) for group in self.drafts.updates for move in group]
        for item, equation in equations:
            for part in walk(equation.expression):
                if not isinstance(part, (Read, Interpolation)):
                    continue
                source = self.quantities[part.variable if isinstance(part, Read) else part.table]
                if source.missing is not None and len(part.indices) == len(source.dims):
                    met = _met(part.indices, source)
                    if met.any():
                        name = self._named_elements(source, met).removesuffix(": ")
                        self.refuse(item.name, f"reads {source.name} at {name}, which no equation defines")

    def _named_elements(self, quantity: Quantity, wrong: npt.NDArray[np.bool_]) -> str:
        """Name the first few elements, for a message."""
        if not quantity.dims:
            return ""
        named = [
            ", ".join(
                self.subscripts.ranges[dim][position] for dim, position in zip(quantity.dims, places, strict=True)
            )
            for places in np.argwhere(wrong)[:3]
        ]
        more = f" and {int(wrong.sum()) - 3} more" if wrong.sum() > 3 else ""
        return "; ".join(f"[{name}]" for name in named) + f"{more}: "

    def _box(self, subscripts: Iterable[str]) -> list[list[str]]:
        return [self.subscripts.items(name) for name in subscripts]

    def _component(
        self, quantity: Quantity, part: Part, subscripts: Sequence[str], box: list[list[str]], names: dict[str, str]
    ) -> None:
        tree = part.tree
        loops: dict[str, Loop] = {}
        indices: list[Index] = []
        full: list[int] = []
        for subscript, items, dim in zip(subscripts, box, quantity.dims, strict=True):
            order = self.subscripts.ranges[dim]
            if self.subscripts.is_element(subscript):
                indices.append(Index(None, (order.index(items[0]),)))
                continue
            everything = self.subscripts.ranges[subscript]
            full.append(len(everything))
            loops[subscript] = Loop(subscript, tuple(everything.index(item) for item in items))
            indices.append(Index(subscript, tuple(order.index(item) for item in items)))
        scope = Scope(quantity, loops, names)
        if quantity.kind == "constant" or isinstance(tree, Numbers):
            found = self._numbers_of(quantity, tree, full, scope, indices)
            if found is None:
                return
            expression = found
        elif quantity.kind == "lookup":
            assert isinstance(tree, Table)
            self.put_table(quantity, tree, indices)
            return
        elif quantity.kind == "stock":
            assert isinstance(tree, Application)
            self.stock(quantity, tree, scope, tuple(indices))
            return
        else:
            expression = self.translate(tree, scope)
        quantity.equations.append(Equation(quantity.key, scope.loop_list, tuple(indices), expression))

    def _numbers_of(
        self, quantity: Quantity, tree: Tree, full: Sequence[int], scope: Scope, indices: Sequence[Index]
    ) -> Expression | None:
        """Put numbers into a constant; return an expression that reads them where the variable is no constant."""
        assert isinstance(tree, (Literal, Numbers))
        values = np.asarray(tree.value if isinstance(tree, Literal) else tree.values, dtype=float)
        if values.size == 1:
            values = values.reshape(())
        if values.ndim and values.size != math.prod(full):
            self.refuse(quantity.name, f"{values.size} numbers for {math.prod(full)} elements")
            return None
        table = np.broadcast_to(values.reshape(full) if values.ndim else values, full)
        loops = scope.loop_list
        chosen = table[np.ix_(*[loop.positions for loop in loops])] if loops else table
        if quantity.kind == "constant":
            assert quantity.value is not None
            shape = [len(index.places) for index in indices]
            quantity.value[np.ix_(*[index.places for index in indices])] = np.reshape(chosen, shape)
            return None
        hidden = self.hidden("numbers", scope, "constant")
        hidden.value = np.array(chosen)
        return self.read_hidden(hidden, scope)


def _met(indices: Sequence[Index], source: Quantity) -> npt.NDArray[np.bool_]:
    """Return which of the elements that no equation defines are met at some place of the loops."""
    assert source.missing is not None
    loops = list(dict.fromkeys(index.loop for index in indices if index.loop is not None))
    places = []
    for index in indices:
        shape = [-1 if loop == index.loop else 1 for loop in loops]
        places.append(np.reshape(index.places, shape) if index.loop is not None else np.asarray(index.places[0]))
    met = np.zeros_like(source.missing)
    met[tuple(places)] = True
    return met & source.missing


def _without(box: list[list[str]], excluded: list[list[list[str]]]) -> list[list[list[str]]]:
    """Cut the excluded boxes out of a box, leaving boxes."""
    remaining = [box]
    for hole in excluded:
        pieces: list[list[list[str]]] = []
        for piece in remaining:
            inside = [[item for item in side if item in cut] for side, cut in zip(piece, hole, strict=True)]
            if not all(inside):
                pieces.append(piece)
                continue
            for k, (side, cut) in enumerate(zip(piece, hole, strict=True)):
                outside = [item for item in side if item not in cut]
                if outside:
                    pieces.append([*inside[:k], outside, *piece[k + 1 :]])
        remaining = pieces
    return remaining
