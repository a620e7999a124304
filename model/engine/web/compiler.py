"""The C compiler that comes as a Python package."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..children import run_child
from ..errors import UserError

#: Rounding as the source says: no multiplication joined with an addition, nothing reordered but where it asks.
FLAGS: Final = (
    *("-std=c23", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-sanitize=undefined", "-Wall", "-Werror"),
    *("-Wno-unused-function", "-Wno-unused-const-variable", "-Wno-unused-variable"),
)
#: WebAssembly with vector instructions, which needs nothing of where it runs. Two vectors at a time, as exponentials
#: wait for their own sums, and no copies of short loops: 8 % faster and 5 % smaller than without these.
WEB: Final = (
    *("-target", "wasm32-wasi", "-msimd128", "-mexec-model=reactor", "-s", "-lm"),
    *("-mllvm", "-force-vector-interleave=2", "-mllvm", "-unroll-runtime=0", "-mllvm", "-unroll-full-max-count=0"),
)
#: A shared library for this processor.
NATIVE: Final = ("-march=native", "-shared", "-fPIC", "-fvisibility=hidden", "-s", "-lm")


class CompilerError(UserError, RuntimeError):
    """There is no C compiler, or it failed."""


def compiler_version() -> str:
    """Return the release of the compiler.

    Raises
    ------
    CompilerError
        If it is not installed, saying how to install it.
    """
    try:
        return importlib.metadata.version("ziglang")
    except importlib.metadata.PackageNotFoundError:
        message = (
            "Models are compiled for browsers by the package ziglang, which is not installed. It takes 100 MB to "
            "download and 400 MB on disk: pip install ziglang"
        )
        raise CompilerError(message) from None


def compile_c(source: Path, target: Path, flags: Sequence[str] = WEB) -> None:
    """Compile one C file.

    Raises
    ------
    CompilerError
        With what the compiler says.
    """
    compiler_version()
    command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, str(source), "-o", str(target), *flags]
    done = run_child(command, source.parent)
    if done.returncode or not target.is_file():
        reason = " ".join(done.stderr.split())[:600] or f"the compiler ended with {done.returncode}"
        message = f"{source.name} could not be compiled: {reason}"
        raise CompilerError(message)
