"""What is asked of ``compare-versions``: two folders of results, or commits, told apart before anything is loaded."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from model.engine.errors import UserError
from model.files.repository import ROOT

#: The table of all targets that `run` leaves.
TARGETS: Final = "targets.csv"
#: Digits of a commit's name in messages and folders.
SHORT: Final = 12


class VersionError(UserError):
    """Two versions cannot be compared; the message says why, and what to do."""


@dataclass(frozen=True)
class Given:
    """What one of the two names stands for: a folder of results or a commit."""

    name: str
    folder: Path | None = None
    commit: str = ""

    @property
    def label(self) -> str:
        """How tables and sentences name it."""
        return self.name if self.folder is not None or self.commit.startswith(self.name) else self._with_commit()

    def _with_commit(self) -> str:
        return f"{self.name} ({self.commit[:SHORT]})"


def given(name: str) -> Given:
    """Return what a name stands for; a folder or its table of targets goes before a commit of the same name.

    Raises
    ------
    VersionError
        If it is neither, or a folder in which `run` has left nothing.

    Examples
    --------
    >>> given("no_such_folder")
    Traceback (most recent call last):
    ...
    analysis.versions.request.VersionError: 'no_such_folder' is neither a folder nor a commit of this repository.
    """
    path = Path(name)
    if path.name == TARGETS and path.is_file():
        path = path.parent
    if path.is_dir():
        return Given(name, folder=_with_results(path))
    if path.exists():
        msg = f"{name} is a file; name the folder that `run --out` has written to, or a commit."
        raise VersionError(msg)
    done = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if done.returncode != 0:
        why = _no_commit(name, done.stderr)
        raise VersionError(why)
    return Given(name, commit=done.stdout.strip())


def refuse_same(first: Given, second: Given) -> None:
    """Refuse to compare a version with itself.

    Raises
    ------
    VersionError
        If both names stand for one folder or one commit.
    """
    if first.folder is not None and second.folder is not None:
        same = first.folder.resolve() == second.folder.resolve()
    else:
        same = bool(first.commit) and first.commit == second.commit
    if same:
        what = "folder" if first.folder is not None else "commit"
        msg = f"{first.name} and {second.name} are the same {what}; name two that may differ."
        raise VersionError(msg)


def git(*words: str) -> subprocess.CompletedProcess[str]:
    """Ask git about the repository of the project.

    Raises
    ------
    VersionError
        If there is no git on this machine.
    """
    command = ["git", "-C", str(ROOT), *words]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL,
            check=False,
        )  # fmt: skip
    except OSError:
        msg = "Commits need the program git, which is not there: install it, or compare two folders of results."
        raise VersionError(msg) from None


def _with_results(folder: Path) -> Path:
    if (folder / TARGETS).is_file():
        return folder
    below = sorted(path.parent for path in folder.glob(f"*/{TARGETS}"))
    near = f" Did you mean {below[0]}?" if below else ""
    msg = f"{folder} holds no {TARGETS}, which `run --out {folder}` writes.{near}"
    raise VersionError(msg)


def _no_commit(name: str, said: str) -> str:
    if not (ROOT / ".git").exists():
        return f"{name!r} is no folder, and this copy of the project has no history: name two folders of results."
    if "dubious ownership" in said:
        return f"git does not read the history in {ROOT}, which belongs to another user: name two folders of results."
    known = git("for-each-ref", "--format=%(refname:short)").stdout.split()
    here = [str(path) for path in Path().iterdir() if (path / TARGETS).is_file()]
    near = get_close_matches(name, [*known, *here], n=1)
    return f"{name!r} is neither a folder nor a commit of this repository." + (
        f" Did you mean {near[0]!r}?" if near else ""
    )
