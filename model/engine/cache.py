"""The folder in which compiled models are kept: entries that are whole, or made anew."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs

from .reading.encodings import decode, named_files

#: The environment variable that names another folder.
VARIABLE = "ENGINE_CACHE"
CHECKSUMS = "checksums.json"


def cache_folder() -> Path:
    """Return where compiled models are kept: the environment variable ENGINE_CACHE, or the platform's cache folder."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("system-dynamics-engine", appauthor=False))


def model_digest(path: Path) -> hashlib._Hash:
    """Return a hash, to be continued, of a model file, of the tables that it names, and of this engine."""
    content = path.read_bytes()
    digest = hashlib.sha256(content)
    for table in named_files(decode(content), path.parent):
        digest.update(table.read_bytes())
    for part in sorted(Path(__file__).parent.rglob("*.*")):
        if part.suffix in (".py", ".c"):
            digest.update(part.read_bytes())
    return digest


def is_whole(entry: Path) -> bool:
    """Say whether every part of an entry is as it was written."""
    try:
        sums = json.loads((entry / CHECKSUMS).read_text(encoding="utf-8"))
        return bool(sums) and all(_checksum(entry / part) == digest for part, digest in sums.items())
    except (OSError, ValueError, TypeError, AttributeError):
        return False


def make_entry(entry: Path, fill: Callable[[Path], None]) -> None:
    """Have a folder of its own filled, which takes its place in the cache when it is whole."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{entry.name}.", dir=entry.parent))
    try:
        fill(fresh)
        parts = sorted(part for part in fresh.rglob("*") if part.is_file())
        sums = {part.relative_to(fresh).as_posix(): _checksum(part) for part in parts}
        (fresh / CHECKSUMS).write_text(json.dumps(sums), encoding="utf-8", newline="\n")
        if entry.exists() and not is_whole(entry):
            shutil.rmtree(entry)
        try:
            fresh.rename(entry)
        except OSError:
            # Another process was quicker with the same.
            if not is_whole(entry):
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
