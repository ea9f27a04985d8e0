"""Whose a folder, a segment or a process is: names and marks, and what is cleared by them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner import host
from breakeven.runner.environment.process_table import start_of
from breakeven.runner.host import cleanup, process_mark
from breakeven.runner.host.process_mark import Owner

OWNERS = st.builds(Owner, pid=st.integers(1, 2**22 - 1), started=st.integers(0, 2**39))


@given(OWNERS)
def test_a_mark_tells_its_owner(owner: Owner) -> None:
    """The limit is one that the system takes, larger than any that is meant, and read back whole."""
    assert 2**62 <= owner.mark < 2**63
    assert Owner.of_mark(owner.mark) == owner


@given(st.integers(-1, 2**62 - 1))
def test_a_limit_that_is_meant_is_no_mark(limit: int) -> None:
    """No limit of real-time CPU time, in microseconds, below a hundred thousand years is taken for one."""
    assert Owner.of_mark(limit) is None


@given(OWNERS, st.sampled_from(["", "-0a1b2c3d"]))
def test_a_name_tells_its_owner(owner: Owner, segment: str) -> None:
    """Of a folder and of a segment that belongs to it."""
    assert Owner.of_name(owner.name() + segment) == owner


@given(st.integers(1, 99_999))
def test_names_fit_where_they_must_be_short(pid: int) -> None:
    """MacOS takes 31 characters for shared memory, with a slash before them; it tells no start times."""
    assert len("/" + Owner(pid, 0).name() + "-0a1b2c3d") <= 31


@given(st.text(max_size=20))
def test_other_names_are_nobodys(name: str) -> None:
    """What we did not name we do not touch."""
    assert Owner.of_name(name) is None
    assert Owner.of_name(f"breakeven-{name}") is None or name[:1].isdigit()


def test_an_id_that_is_used_again_is_another_owner() -> None:
    """A runner is alive as long as a process of its id started when it did; one that was not reaped is gone."""
    assert not process_mark.own().is_gone()
    assert Owner(os.getpid(), process_mark.own().started + 1).is_gone()
    assert not Owner(os.getpid(), 0).is_gone()
    done = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, done.pid, os.WEXITED | os.WNOWAIT)
    assert Owner(done.pid, 0).is_gone()
    done.wait()


@pytest.fixture
def gone() -> Owner:
    """Return a runner that is no more."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    owner = Owner(done.pid, start_of(done.pid) or 0)
    done.wait()
    return owner


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in the place of /dev/shm."""
    monkeypatch.setattr(cleanup, "_bases", lambda: [tmp_path])
    return tmp_path


def test_what_runners_that_are_gone_left_is_cleared(shared: Path, gone: Owner) -> None:
    """Folders and segments of a dead process are removed, those of a living one and of others stay."""
    kept = [process_mark.own().name(), "breakeven-of-somebody", "other"]
    cleared = [gone.name(), gone.name()]
    for name in (*kept, *cleared):
        (shared / name / "within").mkdir(parents=True)
        (shared / f"{name}-0a1b2c3d").touch()
    host.clear_leftovers()
    assert {path.name for path in shared.iterdir()} == {*kept, *(f"{name}-0a1b2c3d" for name in kept)}


def test_a_folder_that_is_locked_is_in_use(shared: Path, gone: Owner) -> None:
    """Its runner may live in another container, where process ids are others; so are its segments."""
    folder = shared / gone.name()
    folder.mkdir()
    segment = shared / f"{folder.name}-0a1b2c3d"
    segment.touch()
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    host.clear_leftovers()
    assert (folder.exists(), segment.exists()) == (True, True)
    os.close(lock)
    host.clear_leftovers()
    assert (folder.exists(), segment.exists()) == (False, False)


def test_a_runs_folder_is_private_locked_and_removed(shared: Path) -> None:
    """Nobody else can read it, and whoever clears leftovers sees that it is used."""
    with cleanup.private_folder() as folder:
        assert folder.parent == shared
        assert folder.stat().st_mode & 0o777 == 0o700
        other = os.open(folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
        (folder / "file").touch()
    assert list(shared.iterdir()) == []
