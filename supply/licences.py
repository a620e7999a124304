"""The licence of every locked package: none under the GPL or AGPL, and all of them in ``THIRD_PARTY_NOTICES.md``.

The LGPL is allowed: a library under it may be imported, unchanged and replaceable, by a program under any licence. The
GPL is not, not even for tools, as `make run` installs these too. Of a choice of licences one that is allowed is enough.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, cast

from license_expression import ExpressionError, LicenseSymbol, LicenseWithExceptionSymbol, get_spdx_licensing

from model.engine.errors import UserError

ROOT: Final = Path(__file__).parents[1]
LOCK: Final = ROOT / "requirements.lock"
NOTICES: Final = ROOT / "THIRD_PARTY_NOTICES.md"
#: Classifiers of the index that name one licence, as SPDX identifiers; the vague ones stay in their words.
CLASSIFIERS: Final[Mapping[str, str]] = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "LicenseRef-BSD",
    "GNU General Public License (GPL)": "GPL-1.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-2.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
}
#: Read in the package, where its metadata leaves it open: which licence, and why.
READ: Final[Mapping[str, tuple[str, str]]] = {
    "axe-playwright-python": ("MIT AND MPL-2.0", "the texts of its LICENSE and of axe.min.js"),
    "graphemeu": ("MIT", "the text of its LICENSE"),
    "partd": ("BSD-3-Clause", "the text of its LICENSE.txt"),
}
_FORBIDDEN: Final = re.compile(r"(?<!L)GPL|(?<!lesser )(?<!library )general public licen", re.IGNORECASE)
_EXCEPTION: Final = re.compile(r"GPL-[\d.]+(-only|-or-later|\+)? WITH ", re.IGNORECASE)


class LicenceError(UserError):
    """A locked package may not be installed; the message lists every reason."""


@dataclass(frozen=True)
class Package:
    """A locked package, and the licence it states as an SPDX expression; none if it states none."""

    name: str
    version: str
    licence: str


def locked(lock: str) -> list[str]:
    """Return the names in a lock.

    Examples
    --------
    >>> locked("pip==26.3 " + chr(92) + chr(10) + "    --hash=sha256:00" + chr(10))
    ['pip']
    """
    return re.findall(r"^([A-Za-z0-9][\w.-]*)==", lock, re.MULTILINE)


def stated(facts: metadata.PackageMetadata) -> str:
    """Return the licence that a package states: its expression, else its classifiers, else its field of one line.

    Examples
    --------
    >>> stated(metadata.metadata("numpy")).startswith("BSD-3-Clause")
    True
    """
    if expression := facts.get_all("License-Expression"):
        return str(expression[0])
    if known := READ.get(str(facts["Name"]).lower()):
        return known[0]
    named = [one.rpartition(" :: ")[2] for one in facts.get_all("Classifier", []) if one.startswith("License ::")]
    classified = [CLASSIFIERS.get(one, one) for one in named if one != "OSI Approved"]
    # Several classifiers may mean all of them or a choice: the stricter is taken.
    if classified:
        return " AND ".join(classified)
    return str((facts.get_all("License") or [""])[0]).strip().partition("\n")[0]


def allowed(licence: str) -> bool:
    """Say whether a licence may be installed: stated, and neither the GPL nor the AGPL, or with a choice of another.

    Examples
    --------
    >>> [allowed(one) for one in ("MIT", "GPL-3.0-only", "Apache-2.0 OR GPL-2.0-only", "LGPL-2.1-only", "")]
    [True, False, True, True, False]
    """
    if not licence:
        return False
    licensing = get_spdx_licensing()
    try:
        tree = licensing.parse(licence)
    except ExpressionError:
        return not _FORBIDDEN.search(licence)
    return _allowed_part(tree)


def _allowed_part(part: object) -> bool:
    if isinstance(part, LicenseSymbol | LicenseWithExceptionSymbol):
        key = part.render("{symbol.key}")
        return bool(_EXCEPTION.search(key)) or not _FORBIDDEN.search(key)
    answers = [_allowed_part(argument) for argument in cast("Sequence[object]", part.args)]  # type: ignore[attr-defined]
    return any(answers) if str(part.operator).strip() == "OR" else all(answers)  # type: ignore[attr-defined]


def packages(names: Iterable[str]) -> list[Package]:
    """Return the locked packages as they are installed.

    Raises
    ------
    LicenceError
        If any is not installed, so that its licence cannot be read.

    Examples
    --------
    >>> [package.name for package in packages(["numpy"])]
    ['numpy']
    """
    installed, missing = [], []
    for name in names:
        try:
            facts = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
            continue
        installed.append(Package(str(facts["Name"]), str(facts["Version"]), stated(facts)))
    if missing:
        message = f"Locked but not installed: {', '.join(missing)}. `make` sets the environment up again."
        raise LicenceError(message)
    return installed


def check(installed: Iterable[Package]) -> None:
    """Refuse packages whose licence is forbidden or not stated.

    Raises
    ------
    LicenceError
        Naming each of them.

    Examples
    --------
    >>> check([Package("numpy", "2.4", "BSD-3-Clause")])
    """
    wrong = [
        f" * {package.name} {package.version}: {package.licence or 'states no licence'}"
        for package in installed
        if not allowed(package.licence)
    ]
    if wrong:
        message = (
            "These packages may not be installed, as they are under the GPL or AGPL or state no licence:\n"
            + "\n".join(wrong)
            + "\nUse another, or, where the package itself says more than its metadata, say so in supply/licences.py."
        )
        raise LicenceError(message)


def notices(installed: Iterable[Package]) -> str:
    """Return the page that names every package and its licence.

    Examples
    --------
    >>> notices([Package("numpy", "2.4", "BSD-3-Clause")]).splitlines()[-1]
    '| numpy | 2.4 | BSD-3-Clause |'
    """
    ordered = sorted(installed, key=lambda one: one.name.lower())
    rows = [f"| {one.name} | {one.version} | {one.licence} |" for one in ordered]
    return "\n".join([_HEAD.strip(), "", "| package | version | licence |", "|---|---|---|", *rows]) + "\n"


_HEAD: Final = """
# Third-party notices

Written by `make notices` from `requirements.lock` and from what each package states; a check in `make lint` keeps it
current and lets no package under the GPL or AGPL in.

The project contains none of these packages. `make` installs them, each with the text of its licence in its
`.dist-info` folder under `.venv/`. What the project does contain or write into its files:

- `docs/assets/`: scripts of the documentation site, with their licences in [LICENSES.txt](docs/assets/LICENSES.txt).
- Noto Sans SC and Noto Serif SC, under the SIL Open Font License 1.1: the letters that a document or a chart uses are
  embedded in it.

Packages under the LGPL are imported as they are and can be replaced by another version.
"""


def main(words: Sequence[str] | None = None) -> None:
    """Check licences and the page of notices, or write it.

    Examples
    --------
    >>> main(["--help"])
    Traceback (most recent call last):
    SystemExit: 0
    """
    parser = argparse.ArgumentParser(prog="python -m supply.licences", description=main.__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {NOTICES.name}")
    write = parser.parse_args(words).write
    try:
        installed = packages(locked(LOCK.read_text(encoding="utf-8")))
        check(installed)
    except LicenceError as error:
        parser.exit(2, f"{error}\n")
    page = notices(installed)
    if write:
        NOTICES.write_text(page, encoding="utf-8", newline="\n")
    elif not NOTICES.is_file() or NOTICES.read_text(encoding="utf-8") != page:
        parser.exit(2, f"{NOTICES.name} does not match what is installed: `make notices` writes it anew.\n")


if __name__ == "__main__":
    main()
