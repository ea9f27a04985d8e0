"""The locks between real processes: never two at once, freed by death, a wait that a signal ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from breakeven.runner.errors import MachineBusy, SweepBusy
from breakeven.runner.locks import HostLock, SweepLock
from tests import commands
from tests.commands import Started, said
from tests.patience import PATIENCE_S

Start = Callable[..., Started]
HEAD = """
import os, signal, sys, time
from pathlib import Path
from breakeven.runner.errors import SweepBusy
from breakeven.runner.locks import HostLock, SweepLock
place = Path(sys.argv[1])
def say(text):
    os.write(1, f"{text}\\n".encode())  # a line in one piece, whoever else writes
"""
COUNT = """
def inside():
    descriptor = os.open(place.parent / "inside", os.O_CREAT | os.O_EXCL)  # fails where another one is inside
    counter = place.parent / "counter"
    counter.write_text(str(int(counter.read_text()) + 1))
    os.close(descriptor)
    os.unlink(place.parent / "inside")
"""
TAKE_TURNS = {
    "machine": HEAD
    + COUNT
    + """
for _ in range(50):
    with HostLock(place).held("mine", wait=True):
        inside()
""",
    "folder": HEAD
    + COUNT
    + """
for _ in range(50):
    while True:
        try:
            with SweepLock(place.parent).held():
                inside()
            break
        except SweepBusy:
            time.sleep(0.001)
""",
}
HOLD = {
    "machine": HEAD + "HostLock(place).acquire('mine', wait=True); say('held'); time.sleep(1000)",
    "folder": HEAD + "SweepLock(place.parent).acquire(); say('held'); time.sleep(1000)",
}
FORKED = (
    HEAD
    + """
HostLock(place).acquire("mine", wait=True)
SweepLock(place.parent, beat_seconds=1000).acquire()
child = os.fork()
say(child or "held")
time.sleep(1000)
"""
)
WAIT = (
    HEAD
    + """
signal.signal(signal.SIGTERM, signal.default_int_handler)
signal.signal(signal.SIGINT, signal.default_int_handler)
def waits(holder):
    global begin
    say(f"waits for {holder.sweep}")
    begin = time.process_time()  # what it took to find that out is not waiting
try:
    HostLock(place).acquire("other", wait=True, on_wait=waits)
except KeyboardInterrupt:
    say("interrupted")
    sys.exit(130)
used = time.process_time() - begin
say("held")
say(used)
"""
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a place for the machine's lock, in what serves as results folder as well."""
    (tmp_path / "counter").write_text("0")
    return tmp_path / "breakeven.lock"


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    """Start scripts; what still runs at the end is killed."""
    started: list[Started] = []

    def run(script: str) -> Started:
        command = commands.script(script, str(place))
        started.append(commands.start(command, added={"PYTHONWARNINGS": "ignore"}))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("lock", TAKE_TURNS)
def test_never_two_at_once(place: Path, start: Start, lock: str) -> None:
    """Eight processes take it fifty times each: nobody ever meets another inside, and each gets its turns."""
    processes = [start(TAKE_TURNS[lock]) for _ in range(8)]
    assert [process.wait(PATIENCE_S) for process in processes] == [0] * 8
    assert (place.parent / "counter").read_text() == "400"
    left = {path.name for path in place.parent.iterdir()}
    assert left == {"counter", *(["breakeven.lock"] if lock == "machine" else [])}


def test_the_machine_is_freed_by_the_death_of_its_holder(place: Path, start: Start) -> None:
    """The kernel takes the lock away from a process that was killed."""
    process = start(HOLD["machine"])
    assert said(process) == "held"
    with pytest.raises(MachineBusy, match=f"measuring mine for user .* \\(pid {process.pid}, since "):
        HostLock(place).acquire("other", wait=False)
    process.kill()
    process.wait()
    with HostLock(place).held("other", wait=False):
        pass


def test_a_folder_is_freed_by_the_death_of_its_writer(place: Path, start: Start) -> None:
    """A process that was killed leaves its file, which the next one takes over without a word."""
    process = start(HOLD["folder"])
    assert said(process) == "held"
    with pytest.raises(SweepBusy, match=f"being written by pid {process.pid} on host "):
        SweepLock(place.parent).acquire()
    process.kill()
    process.wait()
    assert (place.parent / ".writer").exists()
    with SweepLock(place.parent).held() as note:
        assert note is None
    assert not (place.parent / ".writer").exists()


def test_a_stopped_writer_keeps_its_folder(place: Path, start: Start) -> None:
    """A process that is only stopped is alive, even if it gave no sign for long."""
    process = start(HOLD["folder"])
    assert said(process) == "held"
    process.send_signal(signal.SIGSTOP)
    os.utime(place.parent / ".writer", (0, 0))
    with pytest.raises(SweepBusy):
        SweepLock(place.parent).acquire()


def test_a_forked_child_does_not_keep_the_locks(place: Path, start: Start) -> None:
    """What a writer forked holds nothing after its death."""
    process = start(FORKED)
    lines = {said(process), said(process)}
    child = int(next(text for text in lines if text != "held"))
    try:
        process.kill()
        process.wait()
        os.kill(child, 0)
        with HostLock(place).held("other", wait=False), SweepLock(place.parent).held():
            pass
    finally:
        os.kill(child, signal.SIGKILL)


def test_who_waits_gets_its_turn(place: Path, start: Start) -> None:
    """The one that waits says for whom, once, uses no CPU time, and goes on when the machine is free."""
    with HostLock(place).held("outputs/mine", wait=False):
        process = start(WAIT)
        assert said(process) == "waits for outputs/mine"
        time.sleep(1)
        assert process.poll() is None
    assert said(process) == "held"
    # of a second of waiting; who takes the lock then names itself, which is not waiting
    assert float(said(process)) < 0.25
    assert process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait(place: Path, start: Start, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM are heard while it waits; the lock stays with its holder."""
    with HostLock(place).held("outputs/mine", wait=False):
        process = start(WAIT)
        assert said(process) == "waits for outputs/mine"
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 130
        assert said(process) == "interrupted"
        with pytest.raises(MachineBusy):
            HostLock(place).acquire("third", wait=False)
