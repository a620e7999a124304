"""The folder of a command's results: checked when it is named, and written to by one command at a time."""

from __future__ import annotations

import errno
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from filelock import FileLock, Timeout

from model.engine.errors import UserError
from model.files.atomic import REFUSALS, WritingError, not_written, refused, remove_leftovers, replaced

#: Held while a command writes; the system frees it when the process ends, however that happens.
LOCK: Final = ".writing.lock"
#: Who holds it. Not in the lock itself, which Windows lets nobody else read.
WRITER: Final = ".writing.json"
#: Where charts go, below the folder of a command.
FIGURES: Final = "figures"
#: Seconds that the end of another command may take.
GRACE: Final = 0.5
#: A longer command is cut where another one shows it.
LONGEST: Final = 120

#: What the command that runs has taken until its end.
_HELD: ContextVar[tuple[ExitStack, set[Path]]] = ContextVar("folders held")
NOTHING_HELD: Final[tuple[None, frozenset[Path]]] = (None, frozenset())


class OutputFolderError(UserError):
    """The folder for results cannot be used."""


def output_folder(text: str | Path) -> Path:
    """Return the folder that ``--out`` names, or refuse in words what can be none.

    Raises
    ------
    typer.BadParameter
        If it is empty, or a file stands in its way, or the system knows no such path.

    Examples
    --------
    >>> output_folder("outputs").name
    'outputs'
    """
    name = str(text)
    if not name.strip():
        msg = "the name of the folder is empty; name one, such as outputs, or leave --out away."
        raise typer.BadParameter(msg)
    if name.startswith("--"):
        msg = f"the name of the folder is missing; what follows is the option {name[:LONGEST]!r}."
        raise typer.BadParameter(msg)
    if not name.isprintable():
        msg = f"{name[:LONGEST]!r} holds a character that no name of a folder may have."
        raise typer.BadParameter(msg)
    folder = Path(name)
    try:
        for path in (folder, *folder.parents):
            # A link that leads nowhere is no folder, and none can be made in its place.
            if (path.exists() or path.is_symlink()) and not path.is_dir():
                msg = f"{path} is not a folder; name one, or a new one beside it."
                raise typer.BadParameter(msg)
        if folder.anchor and not Path(folder.anchor).exists():
            msg = f"there is no drive {folder.anchor}; name a folder on one that is there."
            raise typer.BadParameter(msg)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        msg = f"{name[:LONGEST]} cannot be a folder: {why}."
        raise typer.BadParameter(msg) from None
    return folder


#: The option of every command that leaves files.
Out = Annotated[
    Path, typer.Option("--out", help="Folder for data, tables and charts.", parser=output_folder, metavar="DIRECTORY")
]


@contextmanager
def released_at_the_end() -> Iterator[None]:
    """Give back, when a command ends, all folders that it took with `take`."""
    with ExitStack() as held:
        before = _HELD.set((held, set()))
        try:
            yield
        finally:
            held.close()
            _HELD.reset(before)


def take(folder: Path) -> None:
    """Make a folder, and keep it for the command that runs in `released_at_the_end` until that ends."""
    stack, folders = _HELD.get()
    path = folder.resolve()
    if path not in folders:
        stack.enter_context(alone(folder))
        folders.add(path)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Write to a folder while no other command does; made if missing, and gone afterwards if nothing was written.

    What killed commands were writing in it is removed.

    Raises
    ------
    OutputFolderError
        If another command writes to it, naming that command; if the folder cannot be made or written to.
    """
    if folder.resolve() in _HELD.get(NOTHING_HELD)[1]:
        yield
        return
    made = [path for path in (folder / FIGURES, folder, *folder.parents) if not path.exists()]
    lock = FileLock(folder / LOCK, timeout=GRACE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        for each in (folder, folder / FIGURES):
            remove_leftovers(each)
        with replaced(folder / WRITER) as partial:
            partial.write_text(json.dumps(_this_command()), encoding="utf-8", newline="\n")
    except Timeout:
        raise OutputFolderError(_in_use(folder)) from None
    except (OSError, WritingError) as error:
        _give_back(lock, folder, made)
        cause = error if isinstance(error, OSError) else error.__cause__
        assert isinstance(cause, OSError)
        why, remedy = refused(cause)
        msg = f"{folder} cannot be written to: {why}. {remedy} (--out), and give the same command again."
        raise OutputFolderError(msg) from None
    except BaseException:
        _give_back(lock, folder, made)
        raise
    try:
        yield
    finally:
        _give_back(lock, folder, made)


def in_words(error: UserError | OSError) -> str:
    """Return the message for a mistake, or for a file or disk that cannot be used.

    Examples
    --------
    >>> in_words(OSError(28, "No space left on device", "plan.nc"))[:27]
    'plan.nc was not written to '
    """
    if not isinstance(error, OSError):
        return str(error)
    # Some give the file as bytes, or none at all.
    file = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes, os.PathLike)) else None
    # A file that may not be read is refused alike.
    if error.errno in REFUSALS and error.errno not in (errno.EACCES, errno.EPERM):
        return not_written("A file" if file is None else file.name, Path() if file is None else file.parent, error)
    if file is None:
        return str(error)
    done = "read" if isinstance(error, FileNotFoundError) else "used"
    return f"{file} cannot be {done}: {error.strerror}."


def _give_back(lock: FileLock, folder: Path, made: list[Path]) -> None:
    if lock.is_locked:
        # A child that the signal reached too could not remove what it was writing.
        for each in (folder, folder / FIGURES):
            remove_leftovers(each)
        # Removed before the lock is freed: whoever opened the same file meanwhile finds that it has no name any more.
        for name in (WRITER, LOCK):
            with suppress(OSError):
                (folder / name).unlink(missing_ok=True)
        lock.release()
    for path in made:
        # Only an empty folder is removed by this.
        with suppress(OSError):
            path.rmdir()


def _this_command() -> dict[str, str]:
    command = shlex.join(sys.argv[1:])
    return {
        "process": str(os.getpid()),
        "computer": platform.node(),
        "command": command if len(command) <= LONGEST else f"{command[:LONGEST]}…",
        "since": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
    }


def _in_use(folder: Path) -> str:
    advice = "Wait until it has ended, or choose another folder with --out."
    try:
        writer = json.loads((folder / WRITER).read_text(encoding="utf-8"))
        who = "`{command}` (process {process} on {computer}, since {since})".format(**writer)
    except (OSError, ValueError, KeyError, TypeError):
        # It has only just begun.
        who = "another command"
    return f"{who} is writing to {folder}, and one command at a time may. {advice}"
