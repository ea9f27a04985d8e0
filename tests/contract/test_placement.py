"""Where threads run: read from the kernel for real threads and processes, and summarised."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell import affinity
from breakeven.runner.cell.board import HEADER_WORDS, PID, THREAD
from breakeven.runner.cell.patterns._abc import Knobs
from breakeven.runner.cell.patterns.pingpong import LOOKS, PingPong
from breakeven.runner.cell.placement import Placement, seats, share_of_crowded, share_with_parent
from breakeven.runner.cell.reference import Reference
from breakeven.runner.cell.trace import Recorder
from breakeven.runner.results.warnings import notes
from tests.samples import reference, result, run

CPUS = st.integers(0, 3)
LOOKS_OF = st.integers(1, 4).flatmap(
    lambda workers: st.lists(st.tuples(*[CPUS] * (workers + 1)), min_size=1, max_size=9)
)
PLACED = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs and /proc"
)


def _header(thread: int) -> memoryview:
    header = memoryview(bytearray(8 * HEADER_WORDS)).cast("q")
    header[PID], header[THREAD] = os.getpid(), thread
    return header


@PLACED
def test_a_look_shows_where_pinned_threads_run() -> None:
    """Each thread is seen on the CPU that it was pinned to, a sleeping one where it ran last."""
    before = os.sched_getaffinity(0)
    first, second = sorted(before)[:2]
    asleep, done = threading.Event(), threading.Event()
    ids: list[int] = []

    def sleep_elsewhere() -> None:
        os.sched_setaffinity(0, {second})
        ids.append(threading.get_native_id())
        asleep.set()
        done.wait()

    thread = threading.Thread(target=sleep_elsewhere)
    thread.start()
    asleep.wait()
    os.sched_setaffinity(0, {first})
    try:
        with closing(Placement([_header(ids[0]), _header(threading.get_native_id())])) as placement:
            assert placement.look() == (second, first)
    finally:
        done.set()
        os.sched_setaffinity(0, before)
        thread.join()


def test_what_the_kernel_does_not_report_is_unknown() -> None:
    """Without /proc, or if a thread is gone, there is no look and no share, rather than a guess."""
    with closing(Placement([_header(threading.get_native_id()), _header(2**22 + 1)])) as placement:
        looks = [placement.look()] * 3
    assert looks == [()] * 3
    assert share_with_parent(looks) is None
    assert share_of_crowded(looks) is None
    assert seats(looks) == []


@given(LOOKS_OF)
def test_shares_are_those_of_a_count_by_hand(looks: list[tuple[int, ...]]) -> None:
    """Of parent and worker over all workers, and of looks at which two workers have one CPU."""
    workers = len(looks[0]) - 1
    met = sum(look[worker] == look[workers] for worker in range(workers) for look in looks)
    assert share_with_parent([*looks, ()]) == met / (workers * len(looks))
    crowded = share_of_crowded([*looks, ()])
    if workers == 1:
        assert crowded is None
    else:
        twice = [any(look[:-1].count(cpu) > 1 for cpu in look[:-1]) for look in looks]
        assert crowded == sum(twice) / len(looks)


@given(LOOKS_OF)
def test_a_seat_is_the_most_frequent_cpu(looks: list[tuple[int, ...]]) -> None:
    """No CPU was seen more often, and the share is that of the looks."""
    found = seats([(), *looks])
    assert len(found) == len(looks[0])
    for seat, cpus in zip(found, zip(*looks, strict=True), strict=True):
        assert seat.cpu in cpus
        assert seat.share == max(map(cpus.count, cpus)) / len(cpus)


class Watched:
    """Stands for one worker: notes what the pattern does with it, in order."""

    def __init__(self, recorder: Recorder, answer: Callable[[], tuple[int, object]]) -> None:
        self.recorder = recorder
        self.answer = answer
        self.done: list[str] = []

    def exchange(self, _: object) -> tuple[int, object]:
        """Answer a message."""
        self.done.append("message")
        return self.answer()

    def on_loop(self) -> None:
        """Return that no event loop carries it."""

    def exchanger(self) -> Callable[[object], tuple[int, object]]:
        """Answer every message alike."""
        return self.exchange

    def look(self) -> tuple[int, ...]:
        """Be on one CPU."""
        self.done.append("look")
        return (1, 1)


class Silent:
    """A recorder that is on or off, and records nothing."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def mark(self, _: int) -> None:
        """Record nothing."""


@pytest.mark.parametrize("tasks", [1, 7, 8, 16, 100, 1000])
@pytest.mark.parametrize("traced", [False, True])
def test_a_message_after_a_look_is_not_timed(tasks: int, traced: bool) -> None:
    """All messages are sent, few are followed by a look, and no timing follows the pause of one; none is traced."""
    known: Reference = reference()
    crew = Watched(Silent(traced), lambda: known.expected[0])  # type: ignore[arg-type]  # what the pattern calls of one
    outcome = PingPong({}, Knobs(1, tasks, 0)).parallel(known, crew)  # type: ignore[arg-type]
    after = [one for one, next_ in zip(crew.done, crew.done[1:], strict=False) if next_ == "message"]
    assert crew.done.count("message") == outcome.tasks == tasks
    assert len(outcome.looks) == crew.done.count("look") <= LOOKS
    assert len(outcome.latencies_ns) == tasks - after.count("look") >= tasks * 7 / 8 - 1
    assert bool(outcome.looks) == (tasks >= 8 and not traced)
    assert outcome.wall_ns <= outcome.end_ns - outcome.start_ns


@pytest.mark.parametrize(
    ("asked", "can", "noted"), [("scatter", False, True), ("none", False, False), ("scatter", True, False)]
)
def test_a_system_that_cannot_pin_says_so(
    monkeypatch: pytest.MonkeyPatch, asked: str, can: bool, noted: bool
) -> None:
    """Workers run anywhere there, as on macOS, and the run's notes say that the affinity had no effect."""
    monkeypatch.setattr(affinity, "CAN_PIN", can)
    if not can:
        assert affinity.cpus_for(asked) == ()
        with affinity.pinned(affinity.cpus_for(asked)):
            pass
    text = notes(run(sys.executable, affinity=asked), result()) or ""
    assert ("without effect, since this system cannot pin" in text) == noted


@PLACED
def test_helpers_stay_with_the_parent() -> None:
    """The threads that a pool keeps beside the parent are pinned with it; else only the parent is, and is freed afterwards."""
    before = os.sched_getaffinity(0)
    done = threading.Event()
    helper = threading.Thread(target=done.wait)
    helper.start()  # returns when the thread runs
    place = (min(before),)
    try:
        with affinity.pinned(place):
            assert (os.sched_getaffinity(0), os.sched_getaffinity(helper.native_id or 0)) == (
                {*place},
                before,
            )
        with affinity.pinned(place, helpers=True):
            assert os.sched_getaffinity(0) == os.sched_getaffinity(helper.native_id or 0) == {*place}
        assert os.sched_getaffinity(0) == before
    finally:
        done.set()
        helper.join()
