"""The checks of `benchmarks.faults`: each notices what it is there for."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults import inspecting, surroundings
from benchmarks.faults.inspecting import check_clean, leftovers, overlap
from benchmarks.faults.launches import Launch, Violated
from benchmarks.faults.scene import began
from benchmarks.faults.spoiling import check_in_turn, check_refused, measuring
from benchmarks.faults.surroundings import Surroundings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for shared memory where Linux has it")


def test_the_checks_notice_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that was there before is not laid to a launch that never had it; one put in its place is."""
    folder, temporary = tmp_path / "outputs" / "mine", tmp_path / "tmp"
    folder.mkdir(parents=True)
    temporary.mkdir()
    (tmp_path / "shm").mkdir()
    for module in (inspecting, surroundings):  # others may put something into the machine's own meanwhile
        monkeypatch.setattr(module, "SHARED", tmp_path / "shm")
    (folder / ".writer").touch()
    here = Surroundings()
    before = leftovers(folder, temporary, here)
    check_clean(leftovers(folder, temporary, here), before)
    (folder / "new").touch()
    (folder / "new").replace(folder / ".writer")
    for known in (before, set()):
        with pytest.raises(Violated, match=r"left behind: .*\.writer"):
            check_clean(leftovers(folder, temporary, here), known)


class Told(Launch):
    """A launch that was never made, with events and words of its own."""

    def __init__(self, pid: int, events: tuple[str, ...] = (), said: str = "") -> None:
        self._told, self._words, self._pid = events, said, pid

    @property
    def pid(self) -> int:
        """Return what it is said to be."""
        return self._pid

    def events(self) -> list[dict[str, Any]]:
        """Return those it is said to have written, a second apart."""
        return [
            {"event": event, "at": f"2026-01-31T14:05:{place:02}"} for place, event in enumerate(self._told)
        ]

    def said(self) -> str:
        """Return what it is said to have said."""
        return self._words


def test_the_checks_notice_two_at_once() -> None:
    """Two writers of one folder, runs at the same time, a refusal that names another process."""
    in_turn = ("sweep_began", "run_began", "run_ended", "sweep_ended")
    check_in_turn(Told(1, in_turn * 2))
    with pytest.raises(Violated, match="at the same time"):
        check_in_turn(Told(1, ("sweep_began", "sweep_began", "sweep_ended", "sweep_ended")))
    assert began(Told(1, in_turn))
    assert not began(Told(1, ("note",)))
    spans = measuring(Told(1, in_turn))
    assert spans == [("2026-01-31T14:05:01", "2026-01-31T14:05:03")]
    assert overlap([*spans, ("2026-01-31T14:05:02", "2026-01-31T14:05:09")])
    assert not overlap([*spans, ("2026-01-31T14:05:03", "2026-01-31T14:05:09")])
    with pytest.raises(Violated, match="pid 2"):
        check_refused(Told(1, said=f"is being written by pid 3 on host {socket.gethostname()}"), Told(2))
