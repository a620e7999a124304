"""A calibration command that is interrupted says so in a line and leaves nothing half-written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from calibration.__main__ import app
from calibration.census.derived_tables import block_text
from model.city import city


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [(signal.SIGTERM, 143, "Ended as asked (SIGTERM)"), (signal.SIGINT, 130, "Interrupted")],
)
def test_a_signal_in_mid_write_leaves_the_file_as_it_was(number, code, line, tmp_path, monkeypatch):
    tables = tmp_path / "tables.mdl"
    stale = block_text().encode()[:-200] + b"stale\n\n"
    tables.write_bytes(stale)
    # All of the new file is written, and has not yet taken the place of the old one.
    monkeypatch.setattr(os, "fsync", lambda _: signal.raise_signal(number))
    before = signal.getsignal(signal.SIGTERM)
    outcome = CliRunner().invoke(app, ["derived-tables", "--write", "--pack", str(tmp_path)])
    assert outcome.exit_code == code
    assert outcome.stderr.strip().count("\n") == 0
    assert line in outcome.stderr
    assert tables.read_bytes() == stale
    assert [path.name for path in tmp_path.iterdir()] == ["tables.mdl"]
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.skipif(os.name == "nt", reason="sends signals as Unix has them")
def test_a_running_command_ends_with_the_code_of_its_signal(tmp_path, root):
    # The fit takes minutes; what it has read by then does not matter.
    pack = tmp_path / city().name
    pack.mkdir()
    for name in ("city.yaml", "constants.csv", "districts.csv", "distances.csv", "tables.mdl"):
        shutil.copy(city().folder / name, pack / name)
    before = {path: path.read_bytes() for path in pack.iterdir()}
    command = [sys.executable, "-X", "importtime", "-m", "calibration", "first-fit", "--write", "--pack", str(pack)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        # Libraries are loaded within the command, so once scipy's is there the command has begun.
        end = time.monotonic() + 120
        while time.monotonic() < end and "scipy.optimize" not in process.stderr.readline():
            continue
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=120)
    assert process.returncode == 143, told
    assert "Ended as asked (SIGTERM)" in told
    assert "Traceback" not in told
    assert {path: path.read_bytes() for path in pack.iterdir()} == before
