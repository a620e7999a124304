"""Plain JavaScript modules put together into one script, so that a page needs no bundler and nothing but itself.

The modules of `browser/` import from one another by name only, ``import { name } from "./file.js"``, and export what
they declare. Each becomes a function of its own, called once, behind those that it imports from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final

_IMPORT: Final = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+\.js)";?\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:(?:async )?function\*?|const|class) (\w+))", re.MULTILINE)
#: What would be left of a module system that is not understood here.
_REST: Final = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


class JoiningError(Exception):
    """Modules cannot be put together as they are: a fault of the program."""


def joined(modules: Mapping[str, str], entry: str) -> str:
    r"""Return one script that does what a module does, with all that it imports, each in a scope of its own.

    Parameters
    ----------
    modules
        Text of each module by the name of its file.
    entry
        The file that the script is for.

    Raises
    ------
    JoiningError
        If a module imports what there is not, or modules import in a circle.

    Examples
    --------
    >>> one = "export const one = 1\n"
    >>> two = 'import { one } from "./one.js"\nconst two = one + 1\n'
    >>> print(joined({"one.js": one, "two.js": two}, "two.js"))
    "use strict";
    (() => {
    const one_js = (() => {
    const one = 1
    return { one }
    })()
    const two_js = (() => {
    const { one } = one_js
    const two = one + 1
    return {  }
    })()
    })()
    """
    needed: dict[str, list[str]] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in modules:
            message = f"There is no module {name}."
            raise JoiningError(message)
        if name not in needed:
            needed[name] = sorted({file for _, file in _IMPORT.findall(modules[name])})
            waiting += needed[name]
    try:
        order = list(TopologicalSorter({name: needed[name] for name in sorted(needed)}).static_order())
    except CycleError as error:
        message = f"Modules import in a circle: {' -> '.join(error.args[1])}."
        raise JoiningError(message) from None
    exports = {name: _EXPORT.findall(modules[name]) for name in order}
    parts = [_scope(name, modules[name], exports) for name in order]
    return f'"use strict";\n(() => {{\n{"".join(parts)}}})()'


def _scope(name: str, text: str, exports: Mapping[str, list[str]]) -> str:
    def taken(found: re.Match[str]) -> str:
        names = [part.strip() for part in found[1].split(",") if part.strip()]
        for one in names:
            if one not in exports[found[2]]:
                message = f"{name} imports {one} from {found[2]}, which has none."
                raise JoiningError(message)
        return f"const {{ {', '.join(names)} }} = {_variable(found[2])}\n"

    own = _EXPORT.sub("", _IMPORT.sub(taken, text)).strip()
    if left := _REST.search(own):
        message = f"{name} has a line that cannot be put together: {left[0]}"
        raise JoiningError(message)
    return f"const {_variable(name)} = (() => {{\n{own}\nreturn {{ {', '.join(exports[name])} }}\n}})()\n"


def _variable(file: str) -> str:
    return re.sub(r"\W", "_", file)
