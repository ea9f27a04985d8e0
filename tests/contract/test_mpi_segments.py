"""The names of MPI's shared memory go as soon as all have mapped it, whoever removes them first."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from breakeven.runner.cell.models.mpi import unlink_segments

SHARED = Path("/dev/shm")  # where MPI makes it


@pytest.fixture
def segment() -> Iterator[Path]:
    """Return a segment that this process has mapped, named as MPICH does."""
    if not Path("/proc/self/maps").exists():
        pytest.skip("no /proc: there MPI's memory is not looked for")
    path = SHARED / f"mpich_shm_test-{os.getpid()}"
    path.write_bytes(bytes(mmap.PAGESIZE))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0):
        yield path
    path.unlink(missing_ok=True)


def test_what_is_mapped_goes_and_may_be_gone(segment: Path) -> None:
    """A second call finds it deleted."""
    unlink_segments()
    assert not segment.exists()
    unlink_segments()


def test_two_may_remove_it_at_once(segment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process was first after this one saw it."""
    unlink, seen = os.unlink, []

    def late(path: str) -> None:
        if path == str(segment):
            seen.append(path)
            unlink(path)
        unlink(path)

    monkeypatch.setattr(os, "unlink", late)
    unlink_segments()
    assert seen == [str(segment)]
    assert not segment.exists()
