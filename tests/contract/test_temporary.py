"""The folder for temporary files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from breakeven.runner.sweep.temporary import find_temporary_folder


@pytest.mark.parametrize("named", ["TMPDIR", "TEMP", "TMP"])
def test_it_is_the_one_that_tempfile_would_choose(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first variable that names a usable folder decides; one that names none is passed over."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.setenv(named, str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    theirs = tempfile.gettempdir()
    monkeypatch.setattr(tempfile, "tempdir", None)
    find_temporary_folder()
    assert tempfile.tempdir == theirs == str(tmp_path)


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing is left by a process that is killed meanwhile."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr("os.open", None)  # a file that is opened fails the test
    find_temporary_folder()
    assert tempfile.tempdir == str(tmp_path)
