"""What of a Python file would not work on Windows, read from its syntax; uses that are guarded are allowed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Modules that Windows does not have.
MODULES: Final = frozenset(
    {"crypt", "fcntl", "grp", "nis", "posix", "pty", "pwd", "resource", "spwd", "syslog", "termios", "tty"}
)
#: Attributes that its modules lack there.
ATTRIBUTES: Final = {
    "os": _words(
        "chown chroot fork forkpty fchmod fchown getegid geteuid getgid getgroups getloadavg getpgid getpgrp "
        "getpriority getsid getuid initgroups killpg lchown mkfifo mknod nice openpty pathconf posix_fadvise "
        "posix_fallocate posix_spawn pread pwrite register_at_fork sched_getaffinity sched_setaffinity sched_yield "
        "sendfile setegid seteuid setgid setgroups setpgid setpriority setsid setuid statvfs sync sysconf "
        "sysconf_names tcgetpgrp ttyname uname wait wait3 wait4 waitid WEXITSTATUS WIFEXITED WIFSIGNALED WNOHANG "
        "WTERMSIG O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK EX_OK"
    ),
    "signal": _words(
        "SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2 SIGWINCH SIGXCPU "
        "ITIMER_REAL alarm getitimer pause pthread_kill pthread_sigmask set_wakeup_fd setitimer siginterrupt "
        "sigpending sigwait"
    ),
    "socket": frozenset({"AF_UNIX", "SO_REUSEPORT"}),
    "time": frozenset({"tzset", "clock_gettime_ns", "pthread_getcpuclockid"}),
}
#: Programs that are not there, as the first word of a command.
PROGRAMS: Final = frozenset(
    {"bash", "cat", "chmod", "cp", "env", "grep", "ionice", "kill", "ls", "mv", "nice", "nohup", "rm", "sed", "sh",
     "sudo", "timeout", "touch", "which", "xdg-open"}
)  # fmt: skip
#: Where files lie on Linux only.
PLACES: Final = tuple(f"/{name}/" for name in ("bin", "dev", "etc", "proc", "tmp", "usr", "var"))
#: What no name of a file may hold there.
UNNAMEABLE: Final = re.compile(r'[<>:"|?*\\]')
#: What makes a name of a file out of words.
NAMERS: Final = frozenset({"joinpath", "with_name", "with_stem", "with_suffix"})
#: What makes links, which a user there may not make.
LINKS: Final = frozenset({"symlink", "symlink_to", "hardlink_to", "link"})
#: What takes a text apart, or looks at its beginning or end.
CUTTERS: Final = frozenset({"split", "rsplit", "partition", "rpartition", "startswith", "endswith"})
#: Keywords of a process that Windows refuses.
KEYWORDS: Final = frozenset({"preexec_fn", "start_new_session", "process_group", "pass_fds", "umask", "user", "group"})
#: What tells systems apart, or whether a program is there.
TELL_APART: Final = frozenset({("sys", "platform"), ("os", "name"), ("platform", "system"), ("shutil", "which")})
#: What is caught where something is not there.
CAUGHT: Final = frozenset(
    {"ImportError", "ModuleNotFoundError", "AttributeError", "NotImplementedError", "OSError", "Exception"}
)
#: Calls that read or write text, and the place of the mode among their arguments.
OPENERS: Final = {"open": 1, "fdopen": 1}
PATH_OPENERS: Final = {"open": 0}
_MODULE: Final = re.compile(r"[a-z_]+(\.[a-z_]+)*")
CHILDREN: Final = frozenset({"run", "Popen", "check_output", "check_call", "call", "getoutput"})


def reachable(root: Path, modules: list[str]) -> list[Path]:
    """The files of the project that some modules import, at their top or inside a function, themselves included."""
    found: dict[str, Path] = {}
    ahead = list(modules)
    while ahead:
        name = ahead.pop()
        file = _file(root, name)
        if file is None or name in found:
            continue
        found[name] = file
        ahead += [name.rpartition(".")[0]] if "." in name else []
        ahead += _imported(file, name)
    return sorted(set(found.values()))


@cache
def faults_of(file: Path) -> list[str]:
    """What would not work on Windows of a file."""
    return faults(file.read_text(encoding="utf-8"))


def faults(text: str) -> list[str]:
    """What would not work on Windows, each with its line."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node  # type: ignore[attr-defined]
    documented = {id(node) for node in _docstrings(tree)}
    said = []
    for node in ast.walk(tree):
        if id(node) in documented:
            continue
        what = _fault(node)
        if what and not _is_guarded(node):
            said.append(f"line {getattr(node, 'lineno', 0)}: {what}")
    return said


def _fault(node: ast.AST) -> str:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        gone = [name for name in names if name.partition(".")[0] in MODULES]
        if gone:
            return f"imports {', '.join(gone)}"
        if isinstance(node, ast.ImportFrom) and node.module in ATTRIBUTES:
            taken = [alias.name for alias in node.names if alias.name in ATTRIBUTES[node.module or ""]]
            return f"imports {', '.join(taken)} of {node.module}" if taken else ""
    owner = node.value.id if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""
    if isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES.get(owner, ()):
        return f"{owner}.{node.attr} is not there"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if node.value.startswith(PLACES):
            return f"{node.value!r} is a place of Linux"
        if any(sign in node.value for sign in ("%-d", "%-m", "%-H")):
            return f"{node.value!r} is no format of a date there"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and (wrong := _unnameable(node.right)):
        return f"a file is called {wrong!r}"
    first = node.elts[0] if isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 1 else None
    if isinstance(first, ast.Constant) and first.value in PROGRAMS:
        return f"calls {first.value!r}"
    return _call_fault(node) if isinstance(node, ast.Call) else ""


def _unnameable(name: ast.expr) -> str:
    """What of a name written in the code, or of the form of a date or number in it, no file may be called there."""
    said = []
    for part in name.values if isinstance(name, ast.JoinedStr) else [name]:
        form = part.format_spec if isinstance(part, ast.FormattedValue) else part
        # A form that pads with a sign (":>4") leaves no such sign; one of a date does.
        parts = form.values if isinstance(form, ast.JoinedStr) else [form]
        texts = [one.value for one in parts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        said += [text for text in texts if form is part or "%" in text]
    return next((text for text in said if UNNAMEABLE.search(text)), "")


def _is_path_as_text(text: ast.expr) -> bool:
    """Whether a text is a path in the spelling of the system: ``str(path)``, ``os.fspath(path)``."""
    called = text.func if isinstance(text, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in ("str", "fspath", "normpath", "abspath", "realpath", "getcwd")


def _call_fault(call: ast.Call) -> str:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = function.value.id if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) else ""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    first = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    if name in ("get_context", "set_start_method") and first != "spawn":
        return f"{name} of another start method than spawn"
    if name in ("Process", "Pool") and owner in ("multiprocessing", "mp"):
        return f"{owner}.{name} starts as the system does: fork here, spawn there"
    if name == "ProcessPoolExecutor" and len(call.args) < 2 and "mp_context" not in keywords:
        return "ProcessPoolExecutor starts as the system does: fork here, spawn there"
    if "shell" in keywords or (owner == "os" and name in ("system", "popen")):
        return "is read by a shell, which is another there"
    if name in LINKS and isinstance(function, ast.Attribute):
        return f"{name} needs rights that a user there has not"
    if name == "NamedTemporaryFile" and not {"delete", "delete_on_close"} & set(keywords):
        return "NamedTemporaryFile cannot be opened by its name there"
    cut = name in CUTTERS and isinstance(function, ast.Attribute) and _is_path_as_text(function.value)
    if cut and isinstance(first, str) and "/" in first:
        return f"a path is taken apart at {first!r}"
    if name in NAMERS and (called := next(filter(None, map(_unnameable, call.args)), "")):
        return f"a file is called {called!r}"
    if owner == "subprocess" and (wrong := KEYWORDS & set(keywords)):
        return f"{', '.join(sorted(map(str, wrong)))} of a process"
    if owner == "subprocess" and name in CHILDREN:
        as_text = any(key in keywords for key in ("text", "universal_newlines"))
        return "reads a process without an encoding" if as_text and "encoding" not in keywords else ""
    if owner == "os" and name == "kill":
        return "os.kill ends a process there whatever the signal"
    if isinstance(function, ast.Attribute) and name in ("read_text", "write_text") and "encoding" not in keywords:
        return f"{name} without an encoding"
    if isinstance(function, ast.Attribute) and name == "write_text" and "newline" not in keywords:
        return "write_text without the ends of its lines"
    return _open_fault(call, name, owner, keywords)


def _open_fault(call: ast.Call, name: str, owner: str, keywords: dict[str | None, ast.expr]) -> str:
    """An `open` of text without an encoding; those of pictures, archives and addresses are other functions."""
    is_builtin = isinstance(call.func, ast.Name) and name in OPENERS
    is_path = isinstance(call.func, ast.Attribute) and name in PATH_OPENERS
    if not (is_builtin or is_path) or owner in ("Image", "os", "zipfile", "webbrowser", "tarfile", "gzip"):
        return ""
    place = OPENERS[name] if is_builtin else PATH_OPENERS[name]
    mode = keywords.get("mode") or (call.args[place] if len(call.args) > place else None)
    if mode is not None and not (isinstance(mode, ast.Constant) and isinstance(mode.value, str)):
        return ""
    binary = mode is not None and "b" in str(mode.value)
    if binary or "encoding" not in keywords:
        return "" if binary else "opens text without an encoding"
    writes = mode is not None and bool(set("wax") & set(str(mode.value)))
    return "writes text without the ends of its lines" if writes and "newline" not in keywords else ""


def _is_guarded(node: ast.AST) -> bool:
    """Whether it stands under a condition on the system, or where its absence is caught, or after a return for it."""
    inside: ast.AST | None = node
    while inside is not None:
        outer = getattr(inside, "parent", None)
        if isinstance(outer, ast.If | ast.IfExp) and inside is not outer.test and _asks(outer.test):
            return True
        if isinstance(outer, ast.BoolOp) and any(_asks(value) for value in outer.values if value is not inside):
            return True
        if isinstance(outer, ast.Try) and inside in outer.body and _caught(outer):
            return True
        if isinstance(outer, ast.With) and any(_suppresses(item.context_expr) for item in outer.items):
            return True
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) and inside in outer.body:
            before = outer.body[: outer.body.index(inside)]
            leaves = (ast.Return, ast.Raise)
            if any(isinstance(one, ast.If) and _asks(one.test) and isinstance(one.body[-1], leaves) for one in before):
                return True
        inside = outer
    return False


def _asks(test: ast.expr) -> bool:
    """Whether a condition tells systems apart: ``sys.platform``, ``os.name``, ``hasattr`` and the like."""
    for node in ast.walk(test):
        owner = node.value.id if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""
        if isinstance(node, ast.Attribute) and (owner, node.attr) in TELL_APART:
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("hasattr", "which"):
            return True
    return False


def _caught(node: ast.Try) -> bool:
    for handler in node.handlers:
        names = {one.id for one in ast.walk(handler.type or ast.Name("Exception")) if isinstance(one, ast.Name)}
        if names & CAUGHT:
            return True
    return False


def _suppresses(context: ast.expr) -> bool:
    is_suppress = isinstance(context, ast.Call) and getattr(context.func, "id", "") == "suppress"
    return is_suppress and any(getattr(one, "id", "") in CAUGHT for one in getattr(context, "args", []))


def _docstrings(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


@cache
def _imported(file: Path, name: str) -> tuple[str, ...]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return tuple(dict.fromkeys(_imports(tree, name, file.name == "__init__.py")))


@cache
def _file(root: Path, name: str) -> Path | None:
    place = root.joinpath(*name.split("."))
    for file in (place.with_suffix(".py"), place / "__init__.py"):
        if file.is_file():
            return file
    return None


def _imports(tree: ast.Module, name: str, is_package: bool) -> Iterator[str]:
    package = name if is_package else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            origin = ".".join(part for part in (base, node.module or "") if part)
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE.fullmatch(node.value):
            # Modules that are loaded by their names, such as those of the commands and of the engine.
            yield from (node.value, f"{package}.{node.value}")
