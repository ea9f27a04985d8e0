"""Rules of the locks: one holder, told to the others, gone with its process, robust against what others wrote."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.environment import files as kernel_files
from breakeven.runner.environment import process_table
from breakeven.runner.environment.process_table import start_of
from breakeven.runner.errors import LockUnusable, MachineBusy, NotStored, OutputsUnwritable, SweepBusy
from breakeven.runner.locks import Holder, HostLock, SweepLock, files, machine, writer
from breakeven.runner.locks import holder as who
from breakeven.runner.locks.holder import MOST_BYTES, boot, clock

HERE = "/outputs/mine"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


# --- who holds it ----------------------------------------------------------------------------------------


def test_a_holder_is_read_as_it_was_written() -> None:
    """Everything but fractions of a second survives."""
    myself = Holder.this_process(HERE)
    assert myself.pid == os.getpid()
    assert myself.since is not None
    assert Holder.read(myself.encoded()) == replace(myself, since=myself.since.replace(microsecond=0))


@given(data=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_text_is_read_without_a_crash(data: bytes) -> None:
    """Garbage tells nothing."""
    assert Holder.read(data) == Holder()


@given(
    told=st.dictionaries(st.sampled_from([*Holder().__dict__]), JSON | st.text("\x00\x1b[31m\n\u202e")),
)
def test_a_forged_holder_is_harmless(told: dict[str, Any]) -> None:
    """Whatever stands under the right names: one line without control characters can be made of it."""
    holder = Holder.read(json.dumps(told).encode())
    text = machine.describe_holder(holder)
    assert text.isprintable()
    assert holder.is_alive in (None, False, True)


def test_deep_nesting_is_garbage() -> None:
    """A text that is made to exhaust the reader tells nothing."""
    assert Holder.read(b"[" * MOST_BYTES) == Holder()
    assert Holder.read(b'{"pid": ' + b"9" * 4000 + b"}") == Holder()


def test_a_living_process_is_known_by_its_start() -> None:
    """The same id with another start is another process; one of another boot or container cannot be seen."""
    myself = Holder.this_process(HERE)
    assert myself.is_alive is True
    assert replace(myself, started=(myself.started or 0) + 1).is_alive is False
    assert replace(myself, pid=4194305).is_alive is False
    assert replace(myself, boot="another").is_alive is None
    assert replace(myself, processes="another").is_alive is None
    assert Holder().is_alive is None


def test_where_proc_does_not_tell_the_kernel_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without /proc a process is known to exist or not, and its start is unknown."""
    myself = Holder.this_process(HERE)
    monkeypatch.setattr(process_table, "PROC", str(tmp_path / "none"))
    assert start_of(os.getpid()) == 0
    assert start_of(4194305) is None
    assert myself.is_alive is True

    def refuse(_: int, __: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert start_of(1) == 0


def test_a_boot_without_an_id_is_the_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a system that has none of the kernel's files the host's name stands for it, and all processes are one set."""
    monkeypatch.setattr(kernel_files, "ROOT", tmp_path)
    monkeypatch.setattr(process_table, "PROC", str(tmp_path / "none"))
    assert boot.__wrapped__() == os.uname().nodename
    assert who._processes.__wrapped__() == ""


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may give a number that no file knows."""

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert Holder.this_process(HERE).user == str(os.getuid())


def test_a_moment_of_another_day_has_its_date() -> None:
    """Today is told by the clock alone."""
    now = datetime.now().astimezone()
    assert clock(now) == f"{now:%H:%M}"
    before = now - timedelta(days=3)
    assert clock(before) == f"{before:%Y-%m-%d %H:%M}"
    assert Holder().moment == "an unknown time"


# --- the machine -----------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a place for the machine's lock."""
    return tmp_path / "breakeven.lock"


def test_the_place_is_the_same_for_everybody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is a folder that all users may write, whatever TMPDIR says; /tmp where there is no other."""
    monkeypatch.delenv(machine.FOLDER)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert machine.place() in {Path("/run/lock/breakeven.lock"), Path("/tmp/breakeven.lock")}
    private, public = tmp_path / "private", tmp_path / "public"
    for folder, mode in ((private, 0o755), (public, 0o1777)):
        folder.mkdir()
        folder.chmod(mode)
    monkeypatch.setattr(machine, "_PLACES", (private, public))
    assert machine.place() == public / "breakeven.lock"
    monkeypatch.setattr(machine, "_PLACES", (tmp_path / "none", private))
    assert machine.place() == private / "breakeven.lock"


def test_another_place_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By a variable, which an empty value leaves unset; a folder that is not there is a line with the place."""
    monkeypatch.setenv(machine.FOLDER, str(tmp_path / "mine"))
    assert machine.place() == tmp_path / "mine" / "breakeven.lock"
    with pytest.raises(LockUnusable, match=r"mine/breakeven\.lock"), HostLock().held(HERE, wait=False):
        pass
    monkeypatch.setenv(machine.FOLDER, "")
    assert machine.place() in {Path("/run/lock/breakeven.lock"), Path("/tmp/breakeven.lock")}


def test_a_second_sweep_is_told_for_whom_the_machine_measures(file: Path) -> None:
    """The message names sweep, user, process and time, and what to do."""
    with HostLock(file).held(HERE, wait=False):
        holder = Holder.read(file.read_bytes())
        with pytest.raises(MachineBusy) as caught:
            HostLock(file).acquire("/outputs/other", wait=False)
        assert str(caught.value) == (
            f"this machine is measuring {HERE} for user {holder.user} (pid {os.getpid()}, since {holder.moment}); "
            "wait with on_busy=wait, or end that sweep"
        )
    assert file.read_bytes() == b""
    with HostLock(file).held("/outputs/other", wait=False):
        assert Holder.read(file.read_bytes()).sweep == "/outputs/other"


def test_it_is_taken_again_and_again(file: Path) -> None:
    """Several sweeps of one process measure one after another; to release twice is harmless."""
    lock, found = HostLock(file), []
    for _ in range(3):
        with lock.held(HERE, wait=True):
            found.append(Holder.read(file.read_bytes()).sweep)
    lock.release()
    assert (found, file.read_bytes()) == ([HERE] * 3, b"")


@pytest.mark.parametrize("text", [b"", b"\xff\x00", b"{}", b"[" * 9000])
def test_an_unreadable_holder_is_somebody(file: Path, text: bytes) -> None:
    """Garbage in the file, or the name of a process that is gone, does not hide that it is locked."""
    with HostLock(file).held(HERE, wait=False):
        file.write_bytes(text)
        with pytest.raises(MachineBusy, match=r"^this machine is measuring another sweep; wait with on_busy"):
            HostLock(file).acquire(HERE, wait=False)
        gone = replace(Holder.this_process("x"), pid=4194305)
        file.write_bytes(gone.encoded())
        with pytest.raises(MachineBusy, match=r"^this machine is measuring another sweep"):
            HostLock(file).acquire(HERE, wait=False)


def test_what_the_file_says_is_shown_harmlessly(file: Path) -> None:
    """Control characters that another user put there are written out."""
    with HostLock(file).held(HERE, wait=False):
        told = {"pid": os.getpid(), "sweep": "a\x1b[2Jb\nc", "user": "\u202e"}
        file.write_text(json.dumps(told))
        with pytest.raises(MachineBusy, match=re.escape(r"measuring a\x1b[2Jb\nc for user \u202e (pid")):
            HostLock(file).acquire(HERE, wait=False)


def test_everybody_may_open_the_file(file: Path) -> None:
    """It is made for all users whatever the umask, and not handed to children."""
    before = os.umask(0o077)
    try:
        with HostLock(file).held(HERE, wait=False) as _:
            assert stat.S_IMODE(file.stat().st_mode) == 0o666
    finally:
        os.umask(before)


def _planted(file: Path, what: str) -> None:
    other = file.with_name("other")
    other.write_text("precious")
    if what == "symlink":
        file.symlink_to(other)
    elif what == "hard link":
        file.hardlink_to(other)
    elif what == "pipe":
        os.mkfifo(file)
    else:
        file.mkdir()


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("symlink", "Too many levels of symbolic links"),
        ("hard link", "it is not a regular file with a single name"),
        ("pipe", "it is not a regular file with a single name"),
        ("folder", "Is a directory"),
    ],
)
def test_what_was_planted_is_not_used(file: Path, what: str, why: str) -> None:
    """A link would let us overwrite another file, a pipe would block: the message names the way out."""
    _planted(file, what)
    with pytest.raises(LockUnusable) as caught:
        HostLock(file).acquire(HERE, wait=True)
    assert str(caught.value) == (
        f"cannot use {file}, which keeps two sweeps from measuring at once: {why}; "
        "remove it, or let its owner do so"
    )
    assert file.with_name("other").read_text() == "precious"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A folder that is not there is no place for a lock."""
    with pytest.raises(LockUnusable, match=r"No such file or directory; remove it, or let its owner do so$"):
        HostLock(tmp_path / "none" / "lock").acquire(HERE, wait=False)


def test_a_file_that_may_only_be_read_is_locked_all_the_same(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another user's file cannot be written, nobody is named, and one measures."""
    file.write_text("")
    original = os.open

    def refuse(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)
    with (
        HostLock(file).held(HERE, wait=False),
        pytest.raises(MachineBusy, match="measuring another sweep"),
    ):
        HostLock(file).acquire(HERE, wait=False)


def test_a_file_that_may_not_be_opened_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried for a while, since a new file is opened to everybody a moment after it was made."""
    pauses = list[float]()
    monkeypatch.setattr(machine, "sleep", pauses.append)

    def refuse(path: Path, *_: int) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(LockUnusable, match="this user may not open it"):
        HostLock(file).acquire(HERE, wait=False)
    assert sum(pauses) == pytest.approx(1)


def test_a_file_system_without_locks_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Better no measurement than two at once."""

    def refuse(_: int, __: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(LockUnusable, match="its file system has no locks"):
        HostLock(file).acquire(HERE, wait=False)


def test_a_file_that_was_replaced_is_not_the_lock(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When somebody removes the file between opening and locking, the new one is locked."""
    original, removed = files.try_lock, list[int]()

    def lose(descriptor: int) -> bool | None:
        if not removed:
            removed.append(descriptor)
            file.unlink()
        return original(descriptor)

    monkeypatch.setattr(files, "try_lock", lose)
    with HostLock(file).held(HERE, wait=False):
        assert Holder.read(file.read_bytes()).sweep == HERE


# --- a results folder ------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide a results folder, outputs/mine from the current one; nothing of a lock may stay in it."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "outputs" / "mine"
    path.mkdir(parents=True)
    yield path
    assert not path.exists() or not list(path.iterdir())


def _left(folder: Path, *, age: float = 0, **changes: Any) -> Path:
    """Leave the lock of a writer that was killed, last touched ``age`` seconds ago."""
    path = folder / ".writer"
    path.write_bytes(replace(Holder.this_process("x"), pid=4194305, **changes).encoded())
    now = path.stat().st_mtime
    os.utime(path, (now - age, now - age))
    return path


def test_a_second_writer_is_refused(folder: Path) -> None:
    """The message names the folder, its writer and the ways out; afterwards the folder is free and clean."""
    with SweepLock(folder).held() as note:
        assert note is None
        assert [path.name for path in folder.iterdir()] == [".writer"]
        since = Holder.read((folder / ".writer").read_bytes()).moment
        with pytest.raises(SweepBusy) as caught:
            SweepLock(folder).acquire()
        assert str(caught.value) == (
            f"outputs/mine is being written by pid {os.getpid()} on host {os.uname().nodename} since {since}; "
            "wait for it, or choose another name with sweep=NAME"
        )
        assert [path.name for path in folder.iterdir()] == [".writer"]
    lock = SweepLock(folder)
    assert lock.acquire() is None
    lock.release()
    lock.release()


def test_the_lock_of_a_killed_writer_is_taken_over(folder: Path) -> None:
    """On the same machine the kernel tells that it is dead, however short ago."""
    _left(folder)
    with SweepLock(folder).held() as note:
        assert note is None
        assert Holder.read((folder / ".writer").read_bytes()).pid == os.getpid()


@pytest.mark.parametrize("age", [0, 30, 55, -30])
def test_a_writer_of_another_machine_lives_by_its_sign(folder: Path, age: float) -> None:
    """One that was touched within a minute is believed, though its lock does not reach us."""
    path = _left(folder, age=age, boot="another", host="n1")
    with pytest.raises(SweepBusy, match=r"^outputs/mine is being written by pid 4194305 on host n1 since "):
        SweepLock(folder).acquire()
    assert [file.name for file in folder.iterdir()] == [".writer"]
    path.unlink()


@pytest.mark.parametrize("age", [61, 10**6, -3600])
def test_a_writer_of_a_dead_machine_is_taken_over_and_told(folder: Path, age: float) -> None:
    """Without a sign for a minute, or with one from a future that a clock set back left, it is gone."""
    path = _left(folder, age=age, boot="another", host="n1")
    last = clock(datetime.fromtimestamp(path.stat().st_mtime).astimezone())
    with SweepLock(folder).held() as note:
        assert note == (
            "outputs/mine: removed the lock of pid 4194305 on host n1, which is gone; "
            f"its last sign of life was at {last}"
        )


def test_an_unreadable_lock_counts_while_it_is_fresh(folder: Path) -> None:
    """A file without text may be that of another machine."""
    path = folder / ".writer"
    path.write_bytes(b"")
    with pytest.raises(SweepBusy, match="by pid unknown on host unknown since an unknown time; wait for it"):
        SweepLock(folder).acquire()
    os.utime(path, (0, 0))
    with SweepLock(folder).held() as note:
        assert note is not None
        assert "pid unknown on host unknown, which is gone" in note


def test_a_writer_gives_signs_of_life(folder: Path) -> None:
    """Its file is touched again and again, by a thread that ends with the lock."""
    lock = SweepLock(folder, beat_seconds=0.01)
    lock.acquire()
    path = folder / ".writer"
    for _ in range(3):
        os.utime(path, (0, 0))
        while path.stat().st_mtime == 0:
            pass
    beating = lock._beating
    lock.release()
    assert beating is not None
    assert not beating.is_alive()


def _refuse_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int, __: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)


def test_without_locks_of_the_file_system_the_process_is_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A living writer of this machine is respected, a dead one is not, one of another machine by its sign."""
    _refuse_locks(monkeypatch)
    with SweepLock(folder).held(), pytest.raises(SweepBusy, match=f"pid {os.getpid()} "):
        SweepLock(folder).acquire()
    _left(folder)
    with SweepLock(folder).held() as note:
        assert note is None
    path = _left(folder, boot="another")
    with pytest.raises(SweepBusy):
        SweepLock(folder).acquire()
    path.unlink()


def test_another_error_of_locking_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not known to mean that there are no locks is not guessed about."""

    def fail(_: int, __: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("fcntl.flock", fail)
    with pytest.raises(OutputsUnwritable) as caught:
        SweepLock(folder).acquire()
    assert str(caught.value) == (
        f"cannot write results to {folder}: Input/output error; "
        "free or unlock that folder, or choose another with outputs=FOLDER"
    )


def test_a_file_system_without_links_will_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One such as exFAT has none; the lock works all the same."""

    def refuse(_: Path, __: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with SweepLock(folder).held():
        assert Holder.read((folder / ".writer").read_bytes()).pid == os.getpid()
        with pytest.raises(SweepBusy):
            SweepLock(folder).acquire()
    path = _left(folder)
    monkeypatch.setattr(Path, "exists", lambda _: False)
    with SweepLock(folder).held():
        assert Holder.read(path.read_bytes()).pid == os.getpid()


def test_a_folder_that_is_gone_cannot_be_locked(folder: Path) -> None:
    """The cause is told."""
    shutil.rmtree(folder)
    with pytest.raises(OutputsUnwritable, match="No such file or directory; free or unlock that folder"):
        SweepLock(folder).acquire()


def test_a_writer_notices_that_the_folder_is_no_longer_its_own(folder: Path) -> None:
    """Deleted, or taken over while it slept: it is to stop, and removes nothing that is not its own."""
    lock = SweepLock(folder)
    lock.check()
    lock.acquire()
    lock.check()
    path = folder / ".writer"
    path.unlink()
    path.write_text("another's")
    with pytest.raises(NotStored) as caught:
        lock.check()
    assert str(caught.value) == (
        "outputs/mine was deleted or taken over by another sweep while this one wrote it; "
        "what is stored there is kept"
    )
    lock.release()
    assert path.read_text() == "another's"
    path.unlink()


def test_a_lock_that_is_just_taken_over_is_looked_at_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead writer's file that is locked is in the hands of one who takes over; that one is named, at last."""
    path = _left(folder)
    taking = files.open_existing(path)
    assert files.try_lock(taking)
    pauses = list[float]()
    monkeypatch.setattr(writer, "sleep", pauses.append)
    with pytest.raises(SweepBusy, match="pid unknown"):
        SweepLock(folder).acquire()
    assert sum(pauses) == pytest.approx(2)
    monkeypatch.setattr(writer, "sleep", lambda _: files.close(taking))
    with SweepLock(folder).held():
        pass


def test_a_claim_whose_file_was_tidied_away_is_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder's writer may remove the file with which another one asks for it: that one is refused."""
    original = Path.hardlink_to

    def tidied(path: Path, target: Path) -> None:
        target.unlink()
        original(path, target)

    with SweepLock(folder).held():
        monkeypatch.setattr(Path, "hardlink_to", tidied)
        with pytest.raises(SweepBusy, match=f"pid {os.getpid()} "):
            SweepLock(folder).acquire()
