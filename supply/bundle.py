"""A folder and a zip with the project and the wheels of its packages, to be set up without a network (`make bundle`).

Wheels are taken by hash from the index that pip is set to, for Windows and Linux and two releases of Python. What has
no wheel for one of them is left out of the bundle's lock and named.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from model.engine.errors import UserError
from supply.licences import LOCK, ROOT

#: Where the bundle goes, and how its folder of wheels and the lock in it are called; start.bat looks for both.
DIST: Final = ROOT / "dist"
WHEELS: Final = "wheels"
PYTHONS: Final = ("3.11", "3.12")
PLATFORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "win_amd64": ("win_amd64",),
    # pip does not take the older of these for the newer.
    "manylinux": ("manylinux2014_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 26, 24, 17, 12, 5))),
}
#: What pip says of a package that has no such wheel.
_NONE: Final = re.compile(r"No matching distribution found for ([A-Za-z0-9][A-Za-z0-9._-]*)")
_ENTRY: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+).*(?:\n[ \t]+.*)*", re.MULTILINE)


class BundleError(UserError):
    """The bundle cannot be made."""


@dataclass(frozen=True)
class Wheels:
    """What was found for one platform and release of Python."""

    platform: str
    python: str
    #: Packages without such a wheel.
    missing: tuple[str, ...]


def entries(lock: str) -> dict[str, str]:
    r"""Return the entry of each locked package, with its hashes, by its name.

    Examples
    --------
    >>> entries("numpy==2.0 \\\n    --hash=sha256:0\n# a comment\npip==24.0\n")["pip"]
    'pip==24.0'
    """
    return {canonicalize_name(match[1]): match[0] for match in _ENTRY.finditer(lock)}


def environment(platform: str, python: str) -> dict[str, str]:
    """Return the markers of a platform, by which packages say what they need there.

    Examples
    --------
    >>> environment("win_amd64", "3.11")["sys_platform"]
    'win32'
    """
    windows = platform.startswith("win")
    return {
        "implementation_name": "cpython",
        "os_name": "nt" if windows else "posix",
        "platform_machine": "AMD64" if windows else "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": "Windows" if windows else "Linux",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "win32" if windows else "linux",
    }


def needed(dependencies: Iterable[str], where: Mapping[str, str], locked: Iterable[str]) -> list[str]:
    """Return what is needed to run the project somewhere: its dependencies, and theirs, as far as they are locked.

    Examples
    --------
    >>> needed(["PyYAML"], environment("win_amd64", "3.11"), ["pyyaml"])
    ['pyyaml']
    """
    known, found = set(locked), set()
    ahead = [Requirement(text) for text in dependencies]
    while ahead:
        requirement = ahead.pop()
        extras = requirement.extras or {""}
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or any(
            requirement.marker.evaluate({**where, "extra": extra}) for extra in {"", *extras}
        )
        if not applies or name not in known:
            continue
        fresh = name not in found
        found.add(name)
        if not fresh and not requirement.extras:
            continue
        for text in metadata.requires(name) or []:
            further = Requirement(text)
            asked = further.marker is None or any(
                further.marker.evaluate({**where, "extra": extra}) for extra in {"", *requirement.extras}
            )
            if asked and not (canonicalize_name(further.name) in found and not further.extras):
                further.marker = None
                ahead.append(further)
    return sorted(found)


def download(lock: Mapping[str, str], names: Sequence[str], platform: str, python: str, folder: Path) -> Wheels:
    """Take the wheels of some locked packages into a folder, and say for which there are none."""
    left, missing = list(names), []
    tag = "cp" + python.replace(".", "")
    chosen = [word for each in PLATFORMS[platform] for word in ("--platform", each)]
    with TemporaryDirectory() as own:
        while left:
            wanted = Path(own) / "wanted.lock"
            wanted.write_text("\n".join(lock[name] for name in left) + "\n", encoding="utf-8", newline="\n")
            words = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
            words += ["--only-binary=:all:", *chosen, "--python-version", python, "--implementation", "cp"]
            words += ["--abi", tag, "--abi", "abi3", "--abi", "none", "--dest", str(folder), "-r", str(wanted)]
            done = subprocess.run(
                [sys.executable, "-m", "pip", *words], capture_output=True, encoding="utf-8", check=False
            )
            if done.returncode == 0:
                break
            none = [canonicalize_name(name) for name in _NONE.findall(done.stderr)]
            gone = [name for name in left if name in none]
            if not gone:
                last = "\n".join(done.stderr.strip().splitlines()[-4:])
                msg = f"The wheels of {platform}, Python {python}, could not be taken:\n{last}"
                raise BundleError(msg)
            missing += gone
            left = [name for name in left if name not in gone]
    return Wheels(platform, python, tuple(missing))


def make_bundle(out: Path, platforms: Sequence[str], pythons: Sequence[str]) -> tuple[Path, list[Wheels]]:
    """Make the folder and its zip, and return the zip and what was found.

    Raises
    ------
    BundleError
        If this is no clone of the repository, or a platform is not known, or the index does not answer.
    """
    unknown = [name for name in platforms if name not in PLATFORMS]
    if unknown:
        msg = f"There are no wheels for {', '.join(unknown)}; there are for {', '.join(PLATFORMS)}."
        raise BundleError(msg)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = entries(LOCK.read_text(encoding="utf-8"))
    name = f"{project['name']}-{project['version']}"
    with TemporaryDirectory() as work:
        folder = Path(work) / name
        for file in _kept_files():
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, target)
        wheels = folder / WHEELS
        wheels.mkdir()
        found, wanted = [], set()
        for platform in platforms:
            for python in pythons:
                names = needed(project["dependencies"], environment(platform, python), lock)
                found.append(download(lock, names, platform, python, wheels))
                wanted |= set(names)
        lacking = {each for one in found for each in one.missing}
        kept = sorted(wanted - lacking)
        (wheels / LOCK.name).write_text("\n".join(lock[each] for each in kept) + "\n", encoding="utf-8", newline="\n")
        out.mkdir(parents=True, exist_ok=True)
        packed = out / f"{name}.zip"
        partial = packed.with_name(f".{packed.name}.partial")
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as into:
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                # Wheels are packed already.
                how = zipfile.ZIP_STORED if file.suffix == ".whl" else zipfile.ZIP_DEFLATED
                into.write(file, file.relative_to(folder.parent).as_posix(), how)
        partial.replace(packed)
    return packed, found


def wheels_of(packed: Path) -> dict[str, set[str]]:
    """Return which packages a bundle holds a wheel of, by platform: ``any``, ``win_amd64`` or ``manylinux``."""
    held: dict[str, set[str]] = {}
    with zipfile.ZipFile(packed) as bundle:
        for name in (Path(each).name for each in bundle.namelist() if each.endswith(".whl")):
            package, _, _, tags = parse_wheel_filename(name)
            for tag in tags:
                kind = next((one for one in PLATFORMS if tag.platform.startswith(one.split("_")[0])), tag.platform)
                held.setdefault(kind, set()).add(package)
    return held


def _kept_files() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        msg = "A bundle is made from a clone of the repository, with git; this is none."
        raise BundleError(msg)
    return [Path(name) for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def main(words: Sequence[str] | None = None) -> int:
    """Make the bundle and say what is in it; 2 if it cannot be made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DIST, help="folder of the zip")
    parser.add_argument("--platform", action="append", choices=tuple(PLATFORMS), help="again for more; all by default")
    parser.add_argument("--python", action="append", help="again for more; 3.11 and 3.12 by default")
    asked = parser.parse_args(words)
    try:
        packed, found = make_bundle(asked.out, asked.platform or tuple(PLATFORMS), asked.python or PYTHONS)
    except BundleError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Written: {packed} ({packed.stat().st_size / 1e6:,.0f} MB).")
    for one in found:
        told = f"none for {', '.join(one.missing)}" if one.missing else "complete"
        print(f"Wheels for {one.platform}, Python {one.python}: {told}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
