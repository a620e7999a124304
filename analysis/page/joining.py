"""Plain JavaScript modules put together into one script, so that a page needs no bundler and nothing but itself.

The modules of `browser/` import from one another by name only, ``import { name } from "./file.js"``, and every name at
their top is theirs alone. So putting one behind the other, each behind what it imports from, gives the same program.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final

_IMPORT: Final = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+\.js)"\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?function|const|let|class)", re.MULTILINE)
_TOP: Final = re.compile(r"^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)
#: What would be left of a module system that is not understood here.
_REST: Final = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


class JoiningError(Exception):
    """Modules cannot be put together as they are: a fault of the program."""


def joined(modules: Mapping[str, str], entry: str) -> str:
    """Return one script that does what a module does, with all that it imports, in a scope of its own.

    Parameters
    ----------
    modules
        Text of each module by the name of its file.
    entry
        The file that the script is for.

    Raises
    ------
    JoiningError
        If a module imports what there is not, modules import in a circle, or two names at the top are alike.

    Examples
    --------
    >>> modules = {"one.js": "export const one = 1\\n", "two.js": 'import { one } from "./one.js"\\nconst two = one + 1\\n'}
    >>> print(joined(modules, "two.js"))
    "use strict";
    (() => {
    // one.js
    const one = 1
    // two.js
    const two = one + 1
    })()
    """
    needed: dict[str, set[str]] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            if name not in modules:
                message = f"There is no module {name}."
                raise JoiningError(message)
            needed[name] = {file for _, file in _IMPORT.findall(modules[name])}
            waiting += needed[name]
    try:
        order = list(TopologicalSorter({name: sorted(needed[name]) for name in sorted(needed)}).static_order())
    except CycleError as error:
        message = f"Modules import in a circle: {' -> '.join(error.args[1])}."
        raise JoiningError(message) from None
    _check_names({name: modules[name] for name in order})
    parts = []
    for name in order:
        own = _EXPORT.sub("", _IMPORT.sub("", modules[name]))
        if left := _REST.search(own):
            message = f"{name} has a line that cannot be put together: {left[0]}"
            raise JoiningError(message)
        parts.append(f"// {name}\n{own.strip()}\n")
    return f'"use strict";\n(() => {{\n{"".join(parts)}}})()'


def _check_names(modules: Mapping[str, str]) -> None:
    owners: dict[str, str] = {}
    for file, text in modules.items():
        for name in _TOP.findall(text):
            if owners.setdefault(name, file) != file:
                message = f"{owners[name]} and {file} both have {name} at the top."
                raise JoiningError(message)
    for file, text in modules.items():
        for names, other in _IMPORT.findall(text):
            for name in filter(None, (part.strip() for part in names.split(","))):
                if owners.get(name) != other:
                    message = f"{file} imports {name} from {other}, which has none."
                    raise JoiningError(message)
