"""Load generated modules, and have them compiled."""

from __future__ import annotations

import functools
import importlib.util
import sys
from pathlib import Path
from typing import Any

import llvmlite.binding

from .arrays import SIGNATURE

#: Copying out short loops takes most of the compiler's time and makes nothing faster here; what a vector loop leaves of
#: 86 ages is worth vectors too.
COMPILER_OPTIONS = ("-unroll-full-max-count=0", "-unroll-runtime=0", "-epilogue-vectorization-minimum-VF=4")


def load_module(name: str, entry: Path) -> Any:
    """Return the generated module of an entry of the cache, compiled."""
    module = sys.modules.get(_module_name(name)) or _execute(name, entry / f"{name}.py")
    if not module.run_block.signatures:
        _compile(module)
    return module


def compile_into_cache(name: str, source: Path) -> None:
    """Compile a generated module, which leaves it in Numba's cache beside the source.

    For a process of its own: the process that compiles would call the parts as first made, one that reads the cache the
    parts as linked and made better again, where sums run in another order. So all read the cache.
    """
    _compile(_execute(name, source))


def _compile(module: Any) -> None:
    _set_compiler_options()
    module.run_block.compile(SIGNATURE)


@functools.cache
def _set_compiler_options() -> None:
    for option in COMPILER_OPTIONS:
        llvmlite.binding.set_option("engine", option)


def _module_name(name: str) -> str:
    # Within this package, as generated modules import from it.
    return f"{__package__}.compiled_{name}"


def _execute(name: str, source: Path) -> Any:
    spec = importlib.util.spec_from_file_location(_module_name(name), source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module
