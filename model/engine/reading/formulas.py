"""Grammars of Vensim's and XMILE's equations, and the trees made of what they match.

The grammars cut equations into operands and operators; which operator binds more tightly is decided here.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from parsimonious.exceptions import ParseError, VisitationError
from parsimonious.grammar import Grammar
from parsimonious.nodes import Node, NodeVisitor

from .syntax import NOT_AVAILABLE, Application, Literal, Name, Numbers, Operation, Table, Text, Tree, key_of

#: Letters of names: all but what has a meaning of its own in equations.
LETTER: Final = r"(?:[\w\x27$]|[^\x00-\x7f\s])"
NUMBER: Final = r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
SIGNED: Final = rf"[-+]?\s*{NUMBER}"
#: Brackets, functions and choices within each other.
DEEPEST: Final = 20_000

SHARED: Final = r"""
expression = (sign _)* operand (_ operator _ (sign _)* operand)*
parens     = "(" _ expression _ ")"
quoted     = ~r"\x22(?:\\.|[^\x22\\])*\x22"
text       = ~r"'[^']*'"
_          = ~r"\s*"
end        = ~r"\Z"
"""

VENSIM: Final = rf"""
formula    = _ expression _ end
numbers_of_target = _ target _ "=" end
left       = _ (statement / lookup / alias / range / aside / name_alone) _ end
statement  = target _ keyword? _ ~r"==|:=|=" _ right?
lookup     = target _ "(" _ (points / pairs_of_lists / expression) _ ")"
alias      = name _ "<->" _ name
range      = name _ ":" _ !"=" members _ mappings? _ &end
aside      = ~r".*:(?:THE\s+CONDITION|TEST\s+INPUT|IMPLIES):.*"si
name_alone = target _ keyword?
target     = name _ subscripts? _ (~r":EXCEPT:"i _ subscripts _ ("," _ subscripts _)*)?
keyword    = ~r":(?:INTERPOLATE|RAW|HOLD\s+BACKWARD|LOOK\s+FORWARD):"i
right      = lists / expression
members    = source / (member (_ "," _ member)*)
source     = ~r"GET\s+(?:XLS|DIRECT)\s+SUBSCRIPT"i _ "(" _ text (_ "," _ text)* _ ")"
member     = ~r"\(\s*{LETTER}+(?:\s+{LETTER}+)*\s*-\s*{LETTER}+(?:\s+{LETTER}+)*\s*\)" / name
mappings   = "->" _ mapping (_ "," _ mapping)*
mapping    = pairs / name
pairs      = "(" _ name _ ":" _ member (_ "," _ member)* _ ")"
operand    = tabbed / points_in / lists_in / parens / number / text / missing / named
named      = name (_ subscripts)? (_ arguments)?
subscripts = "[" _ index (_ "," _ index)* _ "]"
index      = name _ "!"?
arguments  = "(" _ (expression (_ "," _ expression)*)? (_ ",")? (_ ":" _ name (_ "," _ name)*)? _ ")"
tabbed     = ~r"TABBED\s+ARRAY\s*\([^()]*\)"i
points_in  = "(" _ points _ ")"
lists_in   = "(" _ pairs_of_lists _ ")"
pairs_of_lists = ~r"(?:\[[^\]]*\]\s*,?\s*)?" lists
points     = ~r"(?:\[[^\]]*\]\s*,?\s*)?(?:\(\s*{SIGNED}\s*,\s*{SIGNED}\s*\)\s*,?\s*)+"
lists      = ~r"{SIGNED}(?:\s*[,;]\s*{SIGNED})+\s*[,;]?(?!\s*[-+*/^<>=:(])"
missing    = ~r":NA:"i
number     = ~r"{NUMBER}(?!\s*{LETTER})"
name       = quoted / ~r"{LETTER}+(?:[\s_]+{LETTER}+)*"
operator   = ~r":AND:|:OR:|<>|<=|>=|[-+*/^=<>]"i
sign       = ~r":NOT:|[-+]"i
{SHARED}"""

XMILE: Final = rf"""
formula    = _ expression _ end
operand    = choice / parens / number / text / named
choice     = ~r"IF\b"i _ expression _ ~r"THEN\b"i _ expression _ ~r"ELSE\b"i _ expression
named      = name (_ subscripts)? (_ arguments)?
subscripts = "[" _ index (_ "," _ index)* _ "]"
index      = span / star / marked / expression
marked     = name _ "!"
span       = expression _ ":" _ expression
star       = "*"
arguments  = "(" _ (expression (_ "," _ expression)*)? _ ")"
name       = dotted / quoted / ~r"(?!(?:AND|OR|NOT|MOD|IF|THEN|ELSE)\b)(?:{LETTER}|\.(?={LETTER}))+"i
number     = ~r"{NUMBER}(?!{LETTER})"
dotted     = ~r"(?:{LETTER}+|\x22[^\x22]*\x22)(?:\.(?:{LETTER}+|\x22[^\x22]*\x22))+"
operator   = ~r"AND\b|OR\b|MOD\b|//|<>|<=|>=|==|!=|&&|\|\||[-+*/^=<>%≠≤≥]"i
sign       = ~r"NOT\b|[-+!]"i
{SHARED}"""

#: Operators by how tightly they bind, the loosest first; what stands between them in Vensim and in XMILE.
LEVELS: Final[Mapping[str, Mapping[str, int]]] = {
    "vensim": {
        ":or:": 1, ":and:": 2, "not": 3, "=": 4, "<>": 4, "<": 4, "<=": 4, ">": 4, ">=": 4,
        "+": 5, "-": 5, "*": 6, "/": 6, "sign": 7, "^": 8,
    },
    "xmile": {
        ":or:": 1, ":and:": 2, "=": 3, "<>": 3, "<": 4, "<=": 4, ">": 4, ">=": 4,
        "+": 5, "-": 5, "*": 6, "/": 6, "mod": 6, "//": 6, "not": 7, "sign": 7, "^": 8,
    },
}  # fmt: skip
COMPARISONS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
SPELLINGS: Final[Mapping[str, str]] = {
    "and": ":and:", "&&": ":and:", "or": ":or:", "||": ":or:", "==": "=", "!=": "<>", "≠": "<>", "≤": "<=", "≥": ">=",
    "%": "mod", ":not:": "not", "!": "not",
}  # fmt: skip


class FormulaError(ValueError):
    """An equation that the grammar does not know; `position` says where in its text."""

    def __init__(self, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.position = position


@functools.cache
def grammar_of(language: str) -> Grammar:
    """Return the grammar of a language, made once."""
    return Grammar(VENSIM if language == "vensim" else XMILE)


def parse_formula(text: str, language: str) -> Tree:
    """Return the tree of an equation's right side.

    Examples
    --------
    >>> parse_formula("-a^2", "vensim").operator
    'negative'
    >>> parse_formula("IF a > 1 THEN 2 ELSE 3", "xmile").key
    'if_then_else'
    """
    tree: Tree = match(text, language, "formula", Formula(language))
    return tree


def match(text: str, language: str, rule: str, visitor: NodeVisitor) -> Any:
    """Match a text with a rule, and return what a visitor makes of it.

    Raises
    ------
    FormulaError
        Naming what stands where nothing known can.
    """
    try:
        with deep_recursion():
            return visitor.visit(grammar_of(language)[rule].parse(text))
    except ParseError as error:
        rest = " ".join(text[error.pos : error.pos + 40].split())
        reason = f"{rest!r} is not understood" if rest else "it breaks off"
        raise FormulaError(reason, error.pos) from None
    except VisitationError as error:
        if isinstance(error.__cause__, FormulaError):
            raise error.__cause__ from None
        raise


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Allow for equations as deep as people write; Python's own limit is a thousand calls."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEEPEST))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


class Formula(NodeVisitor):  # type: ignore[misc]
    """Makes trees of equations."""

    unwrapped_exceptions = (FormulaError,)

    def __init__(self, language: str) -> None:
        self.language = language

    def generic_visit(self, node: Node, visited: Sequence[Any]) -> Any:
        return visited or node.text

    def visit_formula(self, _: Node, visited: Sequence[Any]) -> Tree:
        tree: Tree = visited[1]
        return tree

    def visit_expression(self, _: Node, visited: Sequence[Any]) -> Tree:
        signs, operand, more = visited
        items: list[Any] = [[pair[0] for pair in _many(signs)], operand]
        for _space, operator, _gap, inner, right in _many(more):
            items += [operator, [pair[0] for pair in _many(inner)], right]
        return _Fold(items, LEVELS[self.language], self.language).whole()

    def visit_operand(self, _: Node, visited: Sequence[Any]) -> Tree:
        tree: Tree = visited[0]
        return tree

    def visit_operator(self, node: Node, _: Sequence[Any]) -> str:
        text = node.text.lower()
        return SPELLINGS.get(text, text)

    def visit_sign(self, node: Node, _: Sequence[Any]) -> str:
        text = node.text.lower()
        return SPELLINGS.get(text, text)

    def visit_parens(self, _: Node, visited: Sequence[Any]) -> Tree:
        tree: Tree = visited[2]
        return tree

    def visit_number(self, node: Node, _: Sequence[Any]) -> Literal:
        return Literal(float(node.text))

    def visit_missing(self, _: Node, __: Sequence[Any]) -> Literal:
        return Literal(NOT_AVAILABLE)

    def visit_text(self, node: Node, _: Sequence[Any]) -> Text:
        return Text(node.text[1:-1])

    def visit_name(self, node: Node, _: Sequence[Any]) -> str:
        return " ".join(node.text.split())

    def visit_index(self, _: Node, visited: Sequence[Any]) -> Any:
        if self.language == "vensim":
            return visited[0] + ("!" if _many(visited[2]) else "")
        tree = visited[0]
        return tree.written if isinstance(tree, Name) and not tree.subscripts else tree

    def visit_marked(self, _: Node, visited: Sequence[Any]) -> str:
        return f"{visited[0]}!"

    def visit_span(self, node: Node, _: Sequence[Any]) -> str:
        return str(node.text)

    def visit_subscripts(self, _: Node, visited: Sequence[Any]) -> tuple[Any, ...]:
        return (visited[2], *(more[3] for more in _many(visited[3])))

    def visit_arguments(self, _: Node, visited: Sequence[Any]) -> tuple[tuple[Tree, ...], tuple[str, ...]]:
        given: tuple[Tree, ...] = ()
        for first, more in _many(visited[2]):
            given = (first, *(each[3] for each in _many(more)))
        outputs: tuple[str, ...] = ()
        if self.language == "vensim":
            for group in _many(visited[4]):
                outputs = (group[3], *(each[3] for each in _many(group[4])))
        return given, outputs

    def visit_named(self, _: Node, visited: Sequence[Any]) -> Tree:
        written, subscripts, arguments = visited
        indices = next((tuple(group[1]) for group in _many(subscripts)), ())
        for group in _many(arguments):
            given, outputs = group[1]
            return Application(key_of(written), written, given, indices, outputs)
        return Name(key_of(written), written, indices)

    def visit_choice(self, _: Node, visited: Sequence[Any]) -> Tree:
        return Application("if_then_else", "IF THEN ELSE", (visited[2], visited[6], visited[10]))

    def visit_tabbed(self, node: Node, _: Sequence[Any]) -> Numbers:
        rows = [row.split() for row in node.text.partition("(")[2].rstrip(")").splitlines() if row.strip()]
        return Numbers(np.array([float(number) for row in rows for number in row]))

    def visit_points_in(self, _: Node, visited: Sequence[Any]) -> Table:
        table: Table = visited[2]
        return table

    visit_lists_in = visit_points_in

    def visit_pairs_of_lists(self, _: Node, visited: Sequence[Any]) -> Table:
        numbers = [float(number) for number in visited[1].values]
        half, odd = divmod(len(numbers), 2)
        if odd:
            message = f"a lookup of {len(numbers)} numbers, which is no list of x and one of y of the same length"
            raise FormulaError(message)
        return sorted_table(numbers[:half], numbers[half:])

    def visit_points(self, node: Node, _: Sequence[Any]) -> Table:
        return table_of_points(node.text)

    def visit_lists(self, node: Node, _: Sequence[Any]) -> Numbers:
        return numbers_of(node.text)


def table_of_points(text: str) -> Table:
    """Return the table of a text such as ``[(0,0)-(9,9)], (0,1), (2,5)``."""
    body = re.sub(r"^\s*\[[^\]]*\]", "", text)
    found = [re.sub(r"\s", "", number) for number in re.findall(SIGNED, body)]
    return sorted_table([float(number) for number in found[::2]], [float(number) for number in found[1::2]])


def sorted_table(x: Sequence[float], y: Sequence[float], method: str = "interpolate") -> Table:
    """Return a table with its points in the order of x; points of the same x keep theirs."""
    order = sorted(range(len(x)), key=lambda place: x[place])
    return Table(tuple(x[place] for place in order), tuple(y[place] for place in order), method)


def numbers_of(text: str) -> Numbers:
    """Return the numbers of a list; semicolons end rows, which need not be told apart."""
    return Numbers(np.array([float("".join(number.split())) for number in re.split(r"[,;]", text) if number.strip()]))


def _many(node: Any) -> Sequence[Any]:
    """Return what an optional or repeated part of a rule matched."""
    return node if isinstance(node, (list, tuple)) else ()


class _Fold:
    """Puts operands and the operators between them together, the tightest first."""

    def __init__(self, items: Sequence[Any], levels: Mapping[str, int], language: str) -> None:
        self.items = items
        self.levels = levels
        self.language = language
        self.place = 0

    def whole(self) -> Tree:
        return self._from(0)

    def _from(self, loosest: int) -> Tree:
        left = self._signed(list(self.items[self.place]))
        compared = ""
        while self.place < len(self.items):
            operator = self.items[self.place]
            level = self.levels[operator]
            if level < loosest:
                break
            if operator in COMPARISONS:
                if compared:
                    message = f"two comparisons in a row ({compared} and {operator}); set brackets"
                    raise FormulaError(message)
                compared = operator
            elif level < self.levels["<"]:
                compared = ""
            self.place += 1
            if operator == "^":
                right = self._from(level if self.language == "xmile" else level + 1)
                if self.language == "vensim" and self.place < len(self.items) and self.items[self.place] == "^":
                    message = "^ twice in a row is read in two ways, as (a^b)^c and as a^(b^c); set brackets"
                    raise FormulaError(message)
            else:
                right = self._from(level + 1)
            left = Operation(operator, (left, right))
        return left

    def _signed(self, signs: list[str]) -> Tree:
        if not signs:
            self.place += 2
            operand: Tree = self.items[self.place - 1]
            return operand
        sign = signs.pop(0)
        # A sign binds less tightly than the power behind it: -a^2 is -(a^2).
        self.items = [*self.items[: self.place], signs, *self.items[self.place + 1 :]]
        operand = self._from(self.levels["not" if sign == "not" else "sign"])
        if sign == "+":
            return operand
        if sign == "not":
            return Operation("not", (operand,))
        if isinstance(operand, Literal):
            return Literal(-operand.value)
        return Operation("negative", (operand,))
