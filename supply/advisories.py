"""Known vulnerabilities of the locked packages, as pip-audit finds them in the index that pip is set to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from supply.licences import LOCK

#: What pip-audit says when it gets no answer, or that of a mirror that holds packages but no advisories.
UNREACHABLE: Final = ("Could not connect", "Failed to establish", "Max retries", "timed out", "not found on PyPI")


def main(lock: Path = LOCK) -> int:
    """Print what is known; 1 if a package is vulnerable, 2 if the scan failed, 0 too if there is no network.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     (Path(folder) / "requirements.txt").touch()
    ...     main(Path(folder) / "requirements.txt")
    No known vulnerabilities found
    0
    """
    scan = ["-m", "pip_audit", "--requirement", str(lock), "--disable-pip", "--require-hashes", "--strict"]
    done = subprocess.run(
        [sys.executable, *scan, "--progress-spinner", "off"], capture_output=True, text=True, check=False
    )
    said = (done.stdout + done.stderr).strip()
    if done.returncode and not done.stdout.strip():
        if any(words in said for words in UNREACHABLE):
            print("Skipped: no advisories could be read, so nothing is known of vulnerabilities:\n" + said)
            return 0
        print(f"The scan failed:\n{said}")
        return 2
    print(said)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
