"""What is read of the kernel around a trial: parsed right, subtracted right, and null if it is not told."""

from __future__ import annotations

import mmap
import os
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from breakeven.runner.cell import meter
from breakeven.runner.cell.board import CPU, HEADER_WORDS, OWN, PID, THREAD
from breakeven.runner.cell.memory import own_peak_bytes, peak_bytes, proportional_bytes
from breakeven.runner.cell.meter import TICK_NS, Counts, Machine, MachineCounts, Reading, between
from breakeven.runner.cell.procfs import KernelFile, read_once
from breakeven.runner.cell.rusage import Threads, Usage, other_cpu_ns, usage_of, write_usage
from breakeven.runner.cell.worker import register

STAT = b"cpu  1 1 1 1 1 1 1 1 0 0\ncpu0 10 2 3 90 5 1 4 7 0 0\ncpu1 20 0 0 80 0 0 0 1 0 0\ncpu2 9 9 9 9 9 9 9 9 0 0\n"


def _header() -> memoryview:
    return memoryview(bytearray(8 * HEADER_WORDS)).cast("q")


def test_steal_and_use_are_those_of_our_cpus() -> None:
    """Ticks of the CPUs named are summed: steal apart, user, nice, system and interrupts as use."""
    assert meter._use(STAT, {b"cpu0", b"cpu1"}) == (8 * TICK_NS, 40 * TICK_NS)
    assert meter._use(None, {b"cpu0"}) == (None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"usage_usec 5\nnr_throttled 1\nthrottled_usec 7\n", 7000),
        (b"nr_periods 2\nnr_throttled 1\nthrottled_time 7\n", 7),
        (b"usage_usec 5\n", None),
        (None, None),
    ],
)
def test_throttling_of_both_cgroup_versions(text: bytes | None, expected: int | None) -> None:
    """Microseconds in the second version, nanoseconds in the first; a cgroup without a quota tells none."""
    assert meter._throttled(text) == expected


def test_pressure_and_run_queue() -> None:
    """The total of the line some is in microseconds; the queue is the word before the slash."""
    assert meter._pressure(b"some avg10=0.00 total=12\nfull avg10=0.00 total=3\n") == 12_000
    assert meter._runnable(b"0.1 0.2 0.3 4/123 99\n") == 4
    assert meter._pressure(None) is None
    assert meter._runnable(None) is None


def test_counts_between_two_readings() -> None:
    """Counts are subtracted, the run queue is the later one, what one reading lacks is null."""
    before = Reading(
        MachineCounts(steal_ns=5, psi_cpu_ns=None, runnable=9),
        Usage(1, 2, 3, 4, 5),
        [10, 20],
        [1, 1],
        (3, 4, 5),
        (7, 7, 7),
    )
    after = Reading(
        MachineCounts(steal_ns=8, psi_cpu_ns=4, runnable=2),
        Usage(11, 2, 4, 4, 5),
        [15, 50],
        [1, None],
        (2, 9, 25),
        (8, 9, 27),
    )
    found = between(before, after, alone=False)
    assert found == Counts(
        machine=MachineCounts(steal_ns=3, psi_cpu_ns=None, runnable=2),
        usage=Usage(cpu_ns=10, voluntary_switches=0, involuntary_switches=1, minor_faults=0, major_faults=0),
        run_delay_ns=35,
        longest_wait_ns=30,
        migrations=None,
        other_cpu_ns=5,  # of the workers; one that was counted a little later than its own thread is none
        task_faults=3,
    )
    alone = between(before, after, alone=True)
    assert (alone.run_delay_ns, alone.longest_wait_ns, alone.other_cpu_ns) == (30, 30, 20)
    assert alone.task_faults == 20


def test_this_machine_is_read() -> None:
    """On Linux every count that all kernels have is there, and only grows."""
    with closing(Machine()) as machine:
        before, after = machine.read(), machine.read()
    assert before.busy_ns is not None
    assert after.busy_ns is not None
    assert 0 < before.busy_ns <= after.busy_ns
    assert (after.runnable or 0) >= 1


def test_a_process_counts_itself() -> None:
    """CPU time, faults and switches of what it does appear on its lane."""
    header = _header()
    write_usage(header)
    before = usage_of([header])
    with mmap.mmap(-1, 64 * mmap.PAGESIZE) as pages:
        pages[:: mmap.PAGESIZE] = b"x" * 64
    time.sleep(0.001)
    write_usage(header)
    after = usage_of([header])
    assert after.cpu_ns > before.cpu_ns
    assert after.minor_faults > before.minor_faults
    assert after.voluntary_switches > before.voluntary_switches


def _counted(pid: int, thread: int, cpu: int, own: int) -> memoryview:
    header = _header()
    header[PID], header[THREAD], header[CPU], header[OWN] = pid, thread, cpu, own
    return header


def test_other_threads_are_what_is_left_of_a_process() -> None:
    """Of worker processes one by one; of threads and parent together; serial's worker is the parent and counts once."""
    parent = _counted(1, 1, 100, 30)
    apart = [_counted(2, 2, 50, 50), _counted(3, 3, 90, 40)]
    assert other_cpu_ns([*apart, parent], [*apart, parent]) == (0, 50, 70)
    threads = [_counted(1, 5, 0, 20), _counted(1, 6, 0, 40)]
    assert other_cpu_ns([parent], [*threads, parent]) == (10,)
    assert other_cpu_ns([parent], [parent, parent]) == (70,)


def test_threads_of_python_that_compute_beside_this_one_are_others() -> None:
    """A thread that computes while this one waits shows as CPU time of others, to a good part of it."""
    header = _header()
    register(header)
    write_usage(header)
    (before,) = other_cpu_ns([header], [header])
    thread = threading.Thread(target=sum, args=(range(3_000_000),))
    started = time.process_time_ns()
    thread.start()
    thread.join()
    write_usage(header)
    (after,) = other_cpu_ns([header], [header])
    assert after - before > 0.8 * (time.process_time_ns() - started)


def test_waiting_of_threads_is_read_once_for_each() -> None:
    """Two lanes of one thread, as serial has, count once; a thread that is gone tells nothing."""
    own, gone = _header(), _header()
    register(own)
    gone[0], gone[1] = own[0], 2**30
    with closing(Threads([own, own])) as threads:
        assert [delay is not None for delay in threads.delays_ns()] == [True]
        assert len(threads.migrations()) == 1
    with closing(Threads([own, gone])) as threads:
        assert threads.delays_ns()[1] is None


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    """Neither does an empty one, nor one that was closed."""
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("words")
    assert read_once(str(tmp_path / "absent")) is None
    assert read_once(str(tmp_path / "empty")) is None
    assert read_once(str(tmp_path / "text")) == b"words"
    file = KernelFile(str(tmp_path / "text"))
    file.close()
    file.close()
    assert file.read() is None


def test_memory_of_this_process() -> None:
    """Its share of the pages is some, the peak is at least that; another system's null is a process that is gone."""
    share = proportional_bytes(os.getpid())
    assert share is not None
    assert 1_000_000 < share <= own_peak_bytes()
    assert peak_bytes(2**30) is None
