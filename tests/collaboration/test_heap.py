"""A run leaves the heap as a plain program does, counts page faults, and the summary says what they take."""

from __future__ import annotations

import os
import subprocess
import sys
import weakref
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

import pytest

from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.frames.page_faults import LARGE, PAD, fault_shares
from breakeven.analysis.summary.page_faults import page_faults
from breakeven.runner.cell.channels._abc import STOP, Port
from breakeven.runner.cell.models import _bare
from breakeven.runner.cell.worker import Worker
from tests.analysis_samples import Sample
from tests.collaboration.host_runs import execute

ROOT = Path(__file__).parents[2]
MESSAGES = 100
PAYLOAD = 1 << 20
PLAIN = f"""
import multiprocessing, os, sys
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

def echo(connection):
    while (message := connection.recv()) is not None:
        connection.send(message)

first, *others = sorted(os.sched_getaffinity(0))
here, there = multiprocessing.get_context("fork").Pipe()
process = multiprocessing.get_context("fork").Process(target=echo, args=(there,))
process.start()
os.sched_setaffinity(process.pid, {{first}})
os.sched_setaffinity(0, {{others[0] if sys.argv[1] == "scatter" else first}})
payload = os.urandom({PAYLOAD})
for turn in range(3):
    before = getrusage(RUSAGE_SELF).ru_minflt
    for message in range({MESSAGES}):
        here.send((0, 0, payload))
        answer = here.recv()
    print((getrusage(RUSAGE_SELF).ru_minflt - before) / {MESSAGES})
here.send(None)
process.join()
print(getrusage(RUSAGE_CHILDREN).ru_minflt / {MESSAGES} / 3)
"""
needs_glibc = pytest.mark.skipif(sys.platform != "linux", reason="it is about glibc's allocator")
needs_two_cpus = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="parent and worker need a CPU each, and glibc's allocator",
)


TRIMMED = {"MALLOC_TRIM_THRESHOLD_": str(1 << 17), "MALLOC_MMAP_THRESHOLD_": str(1 << 25)}
"""With these, glibc gives memory back after each message, unless something lies above it.

As it is, it gives back what exceeds 2.25 payloads, about what a message takes: whether it does depends on how the
bytes happen to arrive, in the plain program as in a run.
"""

IMPORTED = ("json", "argparse", "logging", "decimal", "unittest")
"""What a program has imported decides whether its heap settles; with most modules it does."""
KEPT = 60
"""More faults than a message has in a heap that is kept, those of each trial's first messages included."""


def _by_hand(
    placement: str, environment: Mapping[str, str] = MappingProxyType({}), module: str = "os"
) -> float:
    """Return the page faults of both processes for a message, in a plain program that has imported a ``module``."""
    program = [sys.executable, "-c", f"import {module}\n{PLAIN}", placement]
    lines = subprocess.check_output(program, text=True, env={**os.environ, **environment}).split()
    *parents, worker = map(float, lines)
    return sorted(parents)[1] + worker


def _by_run(path: Path, **changes: Any) -> float:
    """Return the same, of a run."""
    cell: dict[str, Any] = {
        "pattern": "pingpong",
        "model": "process",
        "start_method": "fork",
        "ipc": "pipe",
        "workers": 1,
        "tasks": MESSAGES,
        "payload_bytes": PAYLOAD,
        "payload_out_bytes": PAYLOAD,
        "affinity": "scatter",
    }
    row = execute(path, **cell | changes).row
    assert row["reason"] is None
    assert row["page_fault_ns"] > 0
    assert row["cpu_per_task_ns"] > row["faults_per_task"] * row["page_fault_ns"] / 4  # which it includes
    return float(row["faults_per_task"])


@needs_two_cpus
def test_a_run_faults_like_the_plain_program(tmp_path: Path) -> None:
    """Nothing that the lab holds lies above the messages: memory is given back as in a hand-written loop."""
    pairs = [
        (_by_run(tmp_path / str(turn), environment=TRIMMED), _by_hand("scatter", TRIMMED))
        for turn in range(3)
    ]
    # medians, since one loop differs from the next by half
    ours, theirs = (median(found) for found in zip(*pairs, strict=True))
    assert theirs / 1.5 < ours < theirs * 1.5


@needs_glibc
def test_a_run_keeps_its_heap_if_plain_programs_do(tmp_path: Path) -> None:
    """On one CPU every message arrives in the same pieces, so that a heap settles: a worker that drops its message early has 700 faults for each."""
    found = [_by_hand("compact", module=module) for module in IMPORTED]
    if median(found) > KEPT:
        pytest.skip(f"most plain programs do not settle here: {found} faults a message")
    runs = (_by_run(tmp_path / str(turn), affinity="compact") for turn in range(3))
    assert any(found < KEPT for found in runs)  # others that use the CPU during one may change the pieces


FILLED = """
from breakeven.runner.cell.off_heap import age_heap
filled = [bytes(4096) for _ in range(2000)]
for gaps in range(2):
    age_heap() if gaps else None
    above = bytes(100_000)
    print(id(bytes(4097)) < id(above))
"""
"""A heap without a gap of 4 KiB, in which the next such piece comes from the top: above what was made last."""


@needs_glibc
def test_small_buffers_lie_in_gaps() -> None:
    """What the pickler takes for a message is not cut from the top of the heap, where the messages are."""
    assert subprocess.check_output([sys.executable, "-c", FILLED], text=True, cwd=ROOT) == "False\nTrue\n"


GIVEN_BACK = """
from breakeven.runner.cell.off_heap import age_heap
for aged in range(2):
    age_heap() if aged else None
    below, above = bytes(60_000), [bytes(60_000) for _ in range(5)]
    end = id(above[-1])
    above.clear()
    print(any(int(line.split("-")[1].split()[0], 16) > end for line in open("/proc/self/maps") if "[heap]" in line))
"""
"""Whether what was freed at the top of the heap, 300 kB, is still there."""


@needs_glibc
def test_memory_of_small_messages_is_kept() -> None:
    """As in programs that have imported much: 64 KiB fault no more from message to message, in any run."""
    assert subprocess.check_output([sys.executable, "-c", GIVEN_BACK], text=True, cwd=ROOT) == "False\nTrue\n"


class _Payload:
    """A payload that can be referred to weakly, as bytes cannot."""


class _Line(Port):
    """Brings two tasks and the order to stop; notes whether the first payload is there still when the second is asked for."""

    def __init__(self, *, lends: bool) -> None:
        self.lends = lends
        self.payloads = [_Payload(), _Payload()]
        self.first = weakref.ref(self.payloads[0])
        self.kept: list[bool] = []

    def receive(self) -> tuple[int, int, Any]:
        self.kept.append(self.first() is not None)
        return (0, 0, self.payloads.pop(0)) if self.payloads else (STOP, 0, None)

    def send(self, task: int, value: int, payload: Any) -> None:
        assert (task, value, payload) == (0, 0, None)


@pytest.mark.parametrize("lends", [False, True])
def test_a_worker_keeps_its_message_until_the_next_is_there(lends: bool) -> None:
    """As a loop written by hand does, unless the message lies in memory that the next one needs."""
    port = _Line(lends=lends)
    worker = cast("Worker", SimpleNamespace(job=lambda *_: (0, None)))
    _bare._serve(port, worker, None)  # what `serve` does once all ends are open
    assert port.kept == [True, not lends, False]


@needs_two_cpus
def test_kept_memory_does_not_fault(tmp_path: Path) -> None:
    """The variable that the summary names keeps the pages of the messages."""
    kept = {PAD: "16777216"}
    assert _by_run(tmp_path, environment=TRIMMED | kept) < _by_run(tmp_path, environment=TRIMMED) / 4


@needs_two_cpus
def test_faults_of_workers_are_counted_apart(tmp_path: Path) -> None:
    """Those that receive payloads fault in them; the same tasks alone, whose payload is there, do not."""
    factors: dict[str, Any] = {"pattern": "map", "model": "process", "start_method": "fork", "ipc": "pipe"}
    outcome = execute(
        tmp_path, **factors, workers=1, tasks=20, payload_bytes=PAYLOAD, task_ns=100_000, environment=TRIMMED
    )
    assert outcome.row["task_faults"] > 50 + 10 * outcome.row["task_faults_alone"]
    trials = outcome.tables["trials"].to_pandas()
    assert (trials["task_faults"] <= trials["minor_faults"]).all()


# --- in words ------------------------------------------------------------------------------------------------


def _lab(path: Path, faults: float | None, **run: Any) -> Lab:
    """Return a sweep of one cell whose messages take 1 ms of CPU time, and fault ``faults`` times at 1 us."""
    sample = Sample(path / "sweep", pairs=3, common=run)
    sample.add_pingpong(model="process", ipc="pipe", payload_bytes=PAYLOAD, latency_ns=1e6)
    lab = load(sample.path)
    lab.runs[["faults_per_task", "page_fault_ns", "cpu_per_task_ns"]] = [faults, 1_000, 1_000_000]
    return lab


@pytest.mark.parametrize("faults", [None, 0.0, 1000 * LARGE - 1])
def test_few_faults_are_not_remarked_upon(tmp_path: Path, faults: float | None) -> None:
    """Below the bound, and if nothing is known of them."""
    assert list(page_faults(_lab(tmp_path, faults))) == []


def test_many_faults_are_named_with_their_share_and_remedy(tmp_path: Path) -> None:
    """How many, what each takes, and what to set; the memory that it keeps follows from their number."""
    lab = _lab(tmp_path, 600)
    assert fault_shares(lab.runs).tolist() == [pytest.approx(0.6)]
    (told,) = page_faults(lab)
    assert told.text == (
        "in 1 of 1 cell page faults take about 60 % of the CPU time of a message (most: process, 1 MiB, 600 each, at 1.00 us): "
        f"freed memory goes back to the kernel and is asked for again; environment.{PAD}=null,33554432 "
        "measures with and without a heap that keeps it (glibc)"
    )


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ({"variables": f"{PAD}=1"}, f"compare with the cells that have environment.{PAD}"),
        ({"variables": PAD}, "keeps it"),
        ({"python_build": "GCC 12.2.0, -O3, free-threaded"}, "asked for again"),
    ],
)
def test_the_remedy_suits_the_cells(tmp_path: Path, run: dict[str, Any], said: str) -> None:
    """It is not suggested if it is set, but is if it was removed; other allocators do not know it."""
    (told,) = page_faults(_lab(tmp_path, 600, **run))
    assert said in told.text
    assert ("keeps it" in told.text) == (said == "keeps it")
