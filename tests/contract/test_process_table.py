"""Processes as the kernel lists them: an id alone names none, its start does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from breakeven.runner.environment import process_table
from breakeven.runner.environment.process_table import is_running, namespace_of, start_of, stat

NOBODY = 4194305  # above PID_MAX_LIMIT of the kernel


def test_a_process_is_known_by_its_id_and_its_start() -> None:
    """Another start is another process; an unknown start is believed."""
    started = start_of(os.getpid())
    assert started is not None
    assert is_running(os.getpid(), started)
    assert is_running(os.getpid(), 0)
    assert not is_running(NOBODY, 0)
    assert not started or not is_running(os.getpid(), started + 1)


def test_processes_of_one_namespace_count_alike() -> None:
    """This process is of its own namespace; of a process that is gone nothing is known."""
    assert namespace_of() == namespace_of(os.getpid())
    assert namespace_of(NOBODY) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells that a process waits to be reaped")
def test_a_process_that_ended_does_not_run() -> None:
    """It is still listed until its parent takes note of its end."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert stat(child.pid)[0] == "Z"
        assert not is_running(child.pid, 0)


def test_without_proc_a_process_exists_or_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where /proc is missing or hides a process the kernel is asked; start and namespace stay unknown."""
    monkeypatch.setattr(process_table, "PROC", str(tmp_path))
    assert (stat(os.getpid()), namespace_of()) == ([], "")
    assert start_of(os.getpid()) == 0
    assert is_running(os.getpid(), 7)
    assert start_of(NOBODY) is None
    assert start_of(10**20) is None


def test_the_name_of_a_process_does_not_mislead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A command may be called anything, with blanks, brackets and bytes that are no text."""
    (tmp_path / "7").mkdir()
    fields = " ".join(["S", *map(str, range(1, 45))])
    (tmp_path / "7" / "stat").write_bytes(b"7 (a) Z 1 (\xff) " + fields.encode() + b"\n")
    monkeypatch.setattr(process_table, "PROC", str(tmp_path))
    assert stat(7)[0] == "S"
    assert start_of(7) == 19
