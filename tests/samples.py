"""Small cells, runs and specifications for tests of the measuring side."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from breakeven.runner import host
from breakeven.runner.cell.models._abc import Lifetime
from breakeven.runner.cell.reference import Reference
from breakeven.runner.cell.result import Facts, Result, RoundTrips, TrialRecord, WorkerRecord
from breakeven.runner.cell.sampling import MAX_TIME, PARALLEL, RULE
from breakeven.runner.cell.specification import Specification
from breakeven.runner.cell.workloads._abc import Sizes, Workload
from breakeven.runner.cell.workloads.echo import Echo
from breakeven.runner.config.cell import Cell, Measure
from breakeven.runner.planning.run import Run
from tests.options import options_of
from tests.patience import PATIENCE_NS

QUICK = Measure(
    warmup=1,
    max_warmup=2,
    min_trials=2,
    max_trials=3,
    max_time_ns=200_000_000,
    rel_ci=0.5,
    traced=1,
    fewest=2,
)


def cell(**changes: Any) -> Cell:
    """Return a small cell: two processes and a queue, sixteen tasks of a fifth of a millisecond; the defaults of another channel."""
    known: dict[str, Any] = {
        "workload": "spin",
        "model": "process",
        "start_method": "fork",
        "ipc": "queue",
        "ipc_options": options_of("ipc", changes.get("ipc", "queue")),
        "pattern": "map",
        "workers": 2,
        "payload_bytes": 1024,
        "payload_out_bytes": 1024,
        "tasks": 16,
        "task_ns": 200_000,
        "window_ns": 0,
        "interpreter": "",
        "affinity": "none",
        "seed": 7,
        "time_limit_ns": PATIENCE_NS,
        "measure": QUICK,
    }
    return Cell(**known | changes)


def run(executable: str, path: Path | None = None, **changes: Any) -> Run:
    """Return a run of a small cell."""
    return Run(
        cell=cell(**changes),
        cell_id="0123456789abcdef",
        round=0,
        order=0,
        path=path or Path.cwd(),
        executable=executable,
        engine="local",
        source=None,
        conditions={},
        config={"workers": 2},
        overrides=("workers=2",),
    )


def reference(workload: Workload | None = None) -> Reference:
    """Return the serial results of a workload."""
    return Reference(workload or Echo({}, Sizes(1024, 1024), 7))


def specification(folder: Path, **changes: Any) -> Specification:
    """Return what the measured process is asked to do for a small cell."""
    return host.specification(run(sys.executable, **changes), folder)


def trial(**changes: Any) -> TrialRecord:
    """Return a parallel trial of ten tasks, timed and undisturbed, of which the kernel counted nothing."""
    return _trial()._replace(**changes)


@cache  # a sweep of a test has thousands, and to read the types takes longer than all else
def _trial() -> TrialRecord:
    hints = get_type_hints(TrialRecord)
    counts: dict[str, Any] = {name: 0 if hint is int else None for name, hint in hints.items()}
    flags = {"warmup": False, "traced": False}
    known = {"kind": PARALLEL, "wall_ns": 500, "tasks": 10, "bytes": 1000}
    return TrialRecord(**counts | flags | known)


def worker(**changes: Any) -> WorkerRecord:
    """Return a worker that is a process, with a clock like the parent's."""
    known = WorkerRecord(pid=5, thread_id=6, gil=True, peak_bytes=7, pss_bytes=8, offset=(0, 0))
    return known._replace(**changes)


def result(*trials: TrialRecord, **changes: Any) -> Result:
    """Return the result of a run with two workers that gave ``trials``."""
    made = Result(
        trials=trials,
        activity=(),
        lanes=(),
        round_trips=RoundTrips(),
        workers=(worker(), worker(pid=6)),
        parent=worker(pid=1, thread_id=2),
        lifetimes=(Lifetime(0, 50, 900, 950), Lifetime(10, 100, 900, 1000)),
        facts=Facts("3.11.0", "cpython", None, 40, ("a 1", "b 2")),
        cpus=2,
        n_warmup=1,
        warmup_ended_by=RULE,
        stopped_by=MAX_TIME,
        task_ns=1000,
        first_call_ns=1500,
        changes="",
        bytes_in=60,
        bytes_back=40,
        trace_crc32=0,
    )
    return made._replace(**changes)
