"""Files that are written whole or not at all, and what is said where a disk does not take them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from model.engine.errors import UserError

#: What a disk answers that does not take a file, and what a person can do about it.
REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    errno.ENOSPC: ("the disk is full", "Free some space, or choose a folder on another disk"),
    errno.EDQUOT: ("your share of the disk (quota) is used up", "Free some space, or choose a folder on another disk"),
    errno.EFBIG: ("the disk takes no file of this size", "Choose a folder on another disk"),
    errno.EROFS: ("the disk is read-only", "Choose a folder that can be written to"),
    # Windows says so of a file, too, that another program has open.
    errno.EACCES: (
        "writing there is not permitted",
        "Close the file in other programs, choose a folder that can be written to, or have it permitted",
    ),
    errno.EPERM: ("writing there is not permitted", "Choose a folder that can be written to, or have it permitted"),
    errno.EIO: ("the disk reports a fault", "Choose a folder on another disk, and have this one examined"),
}
#: Bytes written to learn why a library could not write, as several do not pass on what the disk answered.
PROBE: Final = 2**20
#: How the libraries that write files quote what the disk answered.
QUOTED: Final = re.compile(r"(?:errno ?= ?|\[Errno )(\d+)")


class WritingError(UserError):
    """A file cannot be written, because of the disk or the folder."""


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a temporary name in the same folder; take it for the real name once everything is written.

    Raises
    ------
    WritingError
        If the disk does not take the file; what stood under the name before is kept.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replaced(Path(folder) / "answer.txt") as partial:
    ...         _ = partial.write_text("42")
    ...     print([path.name for path in Path(folder).iterdir()])
    ['answer.txt']
    """
    partial = path.with_name(f".{path.stem}.{os.getpid()}-{secrets.token_hex(4)}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        _flush(partial)
        partial.replace(path)
        flush_folder(path.parent)
    except Exception as error:
        refusal = None if isinstance(error, UserError) else refusal_of(error, path.parent)
        if refusal is None:
            raise
        answer = OSError(refusal, os.strerror(refusal))
        raise WritingError(not_written(path.name, path.parent, answer)) from answer
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes were writing with `replaced`; only for who alone writes to the folder."""
    for leftover in folder.glob(".*.partial*"):
        with suppress(OSError):
            leftover.unlink()


def refusal_of(error: BaseException, folder: Path) -> int | None:
    """Return the error number with which a disk refused to take a file, or None if something else went wrong.

    Libraries that write HDF5 and images hide what the disk answered, so some bytes are written to the folder to learn
    it.
    """
    cause: BaseException | None = error
    while cause is not None:
        number = cause.errno if isinstance(cause, OSError) else None
        quoted = QUOTED.search(str(cause))
        for code in (number, int(quoted[1]) if quoted else None):
            if code in REFUSALS:
                return code
        cause = cause.__cause__ or cause.__context__
    # Others than these are mistakes of the program, whatever the state of the disk.
    return _answer_of_disk(folder) if isinstance(error, (OSError, RuntimeError)) else None


def refused(error: OSError) -> tuple[str, str]:
    """Return why a disk did not take a file, and what a person can do about it, in words.

    Examples
    --------
    >>> refused(OSError(errno.EROFS, "Read-only file system"))[0]
    'the disk is read-only'
    """
    usual = (error.strerror or str(error), "Choose another folder")
    return usual if error.errno is None else REFUSALS.get(error.errno, usual)


def not_written(name: str, folder: Path, error: OSError) -> str:
    """Return a message: what was not written, why, what is kept, and what to do."""
    why, remedy = refused(error)
    return (
        f"{name} was not written to {folder}: {why}. Nothing half-written is left, and the files that were complete "
        f"before are kept. {remedy}, and give the same command again: it goes on from what is there."
    )


def update_text(path: Path, text: str, *, write: bool) -> list[Path]:
    """Return the file if it does not hold a text, after writing it if asked; nothing if it does."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return []
    if write:
        with replaced(path) as partial:
            partial.write_text(text, encoding="utf-8", newline="\n")
    return [path]


def write_csv(text: str, path: Path, facts: Mapping[str, str]) -> None:
    """Write a table, and beside it what made it, each only where the file does not hold the same already.

    The second file is ``NAME.csv-metadata.json``, where the W3C's "CSV on the Web" has readers look for it. A comment
    in the table itself would be taken for its head by spreadsheets.

    Parameters
    ----------
    text
        The table as CSV, its first line the names of the columns.
    path
        Of the table.
    facts
        What has to be known to make the table again.
    """
    content = text.encode()
    described = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": path.name,
        "dialect": {"encoding": "utf-8", "header": True},
        "notes": [{"made from": dict(facts), "sha256": hashlib.sha256(content).hexdigest()}],
    }
    metadata = f"{json.dumps(described, ensure_ascii=False, indent=2)}\n".encode()
    for file, wanted in ((path, content), (metadata_of(path), metadata)):
        if not (file.is_file() and file.read_bytes() == wanted):
            with replaced(file) as partial:
                partial.write_bytes(wanted)


def metadata_of(table: Path) -> Path:
    """Return the file beside a table that says what made it.

    Examples
    --------
    >>> metadata_of(Path("targets.csv")).name
    'targets.csv-metadata.json'
    """
    return table.with_name(f"{table.name}-metadata.json")


def flush_folder(folder: Path) -> None:
    """Have the names of a folder's files on the disk, where the system can do that."""
    if os.name == "nt":
        return
    # Not every file system can do it for a folder, and the files themselves are safe.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _answer_of_disk(folder: Path) -> int | None:
    """Write some bytes, and return how the disk refuses them, if it does."""
    probe = folder / f".{os.getpid()}-{secrets.token_hex(4)}.partial"
    try:
        with probe.open("wb") as file:
            file.write(bytes(PROBE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno if error.errno in REFUSALS else None
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return None
