"""What each workload is bound by, measured: CPU time, waits, system calls and bytes of the kernel's counts, and the GIL."""

from __future__ import annotations

import gc
import operator
import pickle
import resource
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pytest

from breakeven.runner.cell import workloads
from breakeven.runner.cell.workloads._abc import Sizes, Task, Workload
from breakeven.runner.cell.workloads._resources import CPU, DISK, MEMORY, NETWORK, RESOURCES, SHARING, WAITING
from breakeven.runner.cell.workloads.file import BLOCK
from tests.patience import wait_for

PAGE = Path(__file__).parents[2] / "docs" / "members.md"
TASK_NS = 2_000_000
CALLS = 10
OURS = [name for name in workloads.REGISTRY if name != "function"]
OPTIONS: dict[str, dict[str, Any]] = {"matmul": {"side": 64}}  # so small that its library starts no threads
COMPUTES, WAITS = {CPU, MEMORY, SHARING}, {WAITING, DISK, NETWORK}
IO = Path("/proc/self/io")
DELAY = Path("/proc/thread-self/schedstat")
NETWORK_BYTES = Path("/proc/self/net/dev")
ON_CPU = 0.9  # a larger share of its time has no room for a wait
READINGS = 8  # what the kernel counts is read from files

KERNEL_COUNTS = pytest.mark.skipif(
    not IO.exists(), reason="only Linux counts the reads and writes of a process; run it there"
)


class Counts(NamedTuple):
    """What the kernel has counted.

    For this process; waits, and times without a CPU though ready, for this thread; network bytes for all of the machine's
    loopback.
    """

    waits: int
    interruptions: int
    reads_and_writes: int
    disk_bytes: int
    network_bytes: int
    cpu_ns: int
    wall_ns: int
    delay_ns: int


def _counts() -> tuple[int, ...]:
    """Return all but the times."""
    counts = dict(line.split(": ") for line in IO.read_text().splitlines())
    calls = int(counts["syscr"]) + int(counts["syscw"])
    disk = int(counts["read_bytes"]) + int(counts["write_bytes"])
    loopback = NETWORK_BYTES.read_text().partition("lo:")[2].split()
    switches = resource.getrusage(resource.RUSAGE_THREAD)
    return switches.ru_nvcsw, switches.ru_nivcsw, calls, disk, int(loopback[0])


def _times() -> tuple[int, int, int]:
    delay = int(DELAY.read_text().split()[1])
    return time.process_time_ns(), time.perf_counter_ns(), delay


def _used(task: Task, payload: bytes) -> list[Counts]:
    """Return what each call used that the kernel did not interrupt, to give the CPU to others."""
    return [wait_for(lambda: _used_undisturbed(task, payload)) for _ in range(CALLS)]


def _used_undisturbed(task: Task, payload: bytes) -> Counts | None:
    """Return what a call used, and the readings; times are read next to it. None if it was interrupted."""
    before = _counts() + _times()
    task(payload)
    times = _times()
    used = Counts(*map(operator.sub, _counts() + times, before))
    return None if used.interruptions else used


def _share_on_cpu(used: Counts) -> float:
    """Return the share of a call that it spent on a CPU; what it waited there for others does not count."""
    return used.cpu_ns / (used.wall_ns - used.delay_ns)


@pytest.fixture
def workload(request: pytest.FixtureRequest) -> Workload:
    """Return a workload with its amount of work; skip it if its package is missing here."""
    kind = workloads.load(request.param)
    lack: Any = kind.lacks({})
    if lack is not None:
        pytest.skip(f"needs {lack.what}: pip install 'breakeven[{lack.extra}]'")
    made = kind(OPTIONS.get(request.param, {}), Sizes(64, 64), 3)
    # A sleep is not calibrated: on a busy machine, where sleepers are woken late, it would be hardly any.
    made.amount = TASK_NS if request.param == "sleep" else made.calibrate(TASK_NS)
    return made


@pytest.mark.parametrize("name", workloads.REGISTRY)
def test_the_page_says_what_a_workload_declares(name: str) -> None:
    """Each has one row: what it is, what it is bound by, whether it holds the GIL, when it serves."""
    section = PAGE.read_text(encoding="utf-8").partition("## Workloads")[2]
    rows = [line.split("|") for line in section.splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1
    _, _, what, bound, gil, serves, *_ = (cell.strip() for cell in rows[0])
    kind = workloads.load(name)
    assert what
    assert serves
    assert name == "function" or bound == ", ".join(kind.BOUND)
    assert name == "function" or gil.startswith("released" if kind.RELEASES_GIL else "held")


@KERNEL_COUNTS
@pytest.mark.parametrize("workload", OURS, indirect=True)
def test_what_a_workload_is_bound_by_is_what_it_uses(workload: Workload) -> None:
    """One that computes is on a CPU without waiting, one that waits is not, and bytes are read and written by the others."""
    task, payload = workload.open(), workload.inputs()[0]
    task(payload)
    used = _used(task, payload)
    shares = sorted(map(_share_on_cpu, used))
    waits = sum(one.waits for one in used)
    bound = set(workload.BOUND)
    assert bound
    assert bound <= set(RESOURCES)
    if bound & COMPUTES and bound & WAITS:
        assert 0.2 < median(shares) < 0.8
    elif bound & WAITS:
        # How long a disk or a network takes is the machine's affair, which a fast one answers at once; a timer's is ours.
        assert median(shares) < (0.2 if WAITING in bound else ON_CPU)
    else:
        assert max(shares) > ON_CPU
        assert max(one.reads_and_writes for one in used) <= READINGS
    assert (waits >= CALLS) == bool(bound & WAITS)
    assert DISK not in bound or sum(one.disk_bytes for one in used) >= CALLS * 2 * BLOCK or _is_in_memory()
    assert NETWORK not in bound or sum(one.network_bytes for one in used) >= CALLS * workload.amount * 1024


def _is_in_memory() -> bool:
    """Return whether the folder of the file workload is no disk's, on which nothing is written then."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    kinds = dict(mounts)
    return next(kinds[place] for place in ("/var/tmp", "/var", "/") if place in kinds) in {"tmpfs", "ramfs"}


def test_copying_is_bound_by_memory() -> None:
    """The same copies take less time in a buffer that a cache holds: what is beyond is the memory's.

    Both take turns for a quarter of a second, since others use the memory and the caches as well, for moments.
    """
    copies = []
    for size in (64 << 10, 256 << 20):
        copy = workloads.load("copy")({"buffer": size}, Sizes(64, 64), 3)
        copy.amount = 4096
        copies.append((copy.open(), copy.inputs()[0]))
    turns = [[_elapsed_ns(task, payload) for task, payload in copies] for _ in range(100)]
    cached, beyond = map(min, zip(*turns, strict=True))
    assert beyond > 1.2 * cached


def _elapsed_ns(task: Task, payload: bytes) -> int:
    start = time.perf_counter_ns()
    task(payload)
    return time.perf_counter_ns() - start


def test_a_server_answers_nobody_without_its_key_and_ends_with_its_workload() -> None:
    """A stranger is disconnected without a word; the process of the server is gone with the last use."""
    for protocol in ("echo", "http"):
        served: Any = workloads.load("socket")({"protocol": protocol}, Sizes(64, 64), 3)
        task, payload = served.open(), served.inputs()[0]
        assert task(payload)
        port = served._address.port
        with socket.create_connection(("127.0.0.1", port)) as stranger:
            stranger.sendall(b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n" + b"x" * 64)
            with suppress(ConnectionResetError):  # what it sent was not read
                assert stranger.recv(100) == b""
        copied = pickle.loads(pickle.dumps(served))  # noqa: S301  # as a worker that is spawned gets it
        assert copied.open()(payload) == task(payload)
        del task, served
        gc.collect()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        assert copied.open()(payload), "a worker that reaches no server starts one"


@pytest.fixture
def _no_turns() -> Iterator[None]:
    """Have a thread hand over the GIL to others only by releasing it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(100)
    yield
    sys.setswitchinterval(before)


@pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="needs a GIL; run it with another build"
)
@pytest.mark.usefixtures("_no_turns")
@pytest.mark.parametrize("workload", OURS, indirect=True)
def test_whether_a_workload_releases_the_gil(workload: Workload) -> None:
    """A thread that wants to run during a task does so only if that releases the GIL."""
    task, payload = workload.open(), workload.inputs()[0]
    if workload.RELEASES_GIL:  # sooner or later: a busy machine may give the other thread no CPU meanwhile
        wait_for(lambda: _lets_others_run(task, payload))
    else:
        assert not any(_lets_others_run(task, payload) for _ in range(20))


def _lets_others_run(task: Any, payload: bytes) -> bool:
    gate, ran = threading.Lock(), []
    gate.acquire()
    other = threading.Thread(target=lambda: ran.append(gate.acquire()))
    other.start()
    gate.release()
    task(payload)
    let = bool(ran)
    other.join()
    return let
