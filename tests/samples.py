"""Small cells, runs and specifications for tests of the measuring side."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, get_type_hints

from breakeven.runner import host
from breakeven.runner.cell import channels, models
from breakeven.runner.cell.board import Geometry
from breakeven.runner.cell.compatibility import channel_for, why_not
from breakeven.runner.cell.models import Model
from breakeven.runner.cell.models._abc import CrewSettings, Lifetime
from breakeven.runner.cell.patterns._abc import Knobs, Pattern
from breakeven.runner.cell.patterns.map import Map
from breakeven.runner.cell.reference import Reference
from breakeven.runner.cell.result import Facts, Result, RoundTrips, TrialRecord, WorkerRecord
from breakeven.runner.cell.sampling import MAX_TIME, PARALLEL, RULE
from breakeven.runner.cell.specification import Specification
from breakeven.runner.cell.worker import Work
from breakeven.runner.cell.workloads._abc import Sizes, Workload
from breakeven.runner.cell.workloads.echo import Echo
from breakeven.runner.config.cell import Cell, Measure
from breakeven.runner.planning.run import Run

QUICK = Measure(
    warmup=1, max_warmup=2, min_trials=2, max_trials=3, max_time_ns=200_000_000, rel_ci=0.5, traced=1
)
Pair = tuple[str, str | None, str]


def cell(**changes: Any) -> Cell:
    """Return a small cell: two processes and a queue, sixteen tasks of a fifth of a millisecond."""
    known: dict[str, Any] = {
        "workload": "spin",
        "model": "process",
        "start_method": "fork",
        "ipc": "queue",
        "ipc_options": {"slots": 4},
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
        "time_limit_ns": 60 * 10**9,
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


def pairs(start_methods: bool = True) -> list[Pair]:
    """Return every (model, start method, channel) that can exist."""
    names = [*channels.REGISTRY, "native", "none"]
    found = []
    for model, ipc in product(models.REGISTRY, names):
        methods: tuple[str | None, ...] = models.load(model).START_METHODS or (None,)
        for method in methods if start_methods else methods[:1]:
            workers = 1 if channel_for(model, "auto") == "none" else 2
            if why_not(model=model, start_method=method, ipc=ipc, pattern="map", workers=workers) is None:
                found.append((model, method, ipc))
    return found


def named(pair: Pair) -> str:
    """Return a test's name for a pair."""
    return "-".join(part for part in pair if part)


def workers_for(model: str, most: int = 2) -> int:
    """Return how many workers a model may have, up to ``most``."""
    return 1 if models.load(model).refuses_workers(most) else most


@contextmanager
def crew(
    folder: Path,
    pair: Pair,
    workload: Workload | None = None,
    pattern: Pattern | None = None,
    message_bytes: int = 1 << 20,
) -> Iterator[Model]:
    """Start workers of a model, joined by a channel; stop them at the end."""
    model, method, ipc = pair
    workers = workers_for(model)
    pattern = pattern or Map({}, Knobs(workers, 16, 0))
    workload = workload or Echo({}, Sizes(1024, 1024), 7)
    geometry = Geometry(str(folder / "board"), workers, 4096, 512)
    work = Work(pattern, workload, geometry, (), ())
    settings = CrewSettings(workers, method, {}, ipc, {"slots": 2}, message_bytes)
    made = models.load(model)(settings, work, geometry.create())
    made.start()
    made.synchronize(traced=False)
    yield made
    made.stop()


def reference(workload: Workload | None = None) -> Reference:
    """Return the serial results of a workload."""
    return Reference(workload or Echo({}, Sizes(1024, 1024), 7))


def specification(folder: Path, **changes: Any) -> Specification:
    """Return what the measured process is asked to do for a small cell."""
    return host.specification(run(sys.executable, **changes), folder)


def trial(**changes: Any) -> TrialRecord:
    """Return a parallel trial of ten tasks, timed and undisturbed, of which the kernel counted nothing."""
    hints = get_type_hints(TrialRecord)
    counts: dict[str, Any] = {name: 0 if hint is int else None for name, hint in hints.items()}
    flags = {"warmup": False, "traced": False}
    known = {"kind": PARALLEL, "wall_ns": 500, "tasks": 10, "bytes": 1000}
    return TrialRecord(**counts | flags | known | changes)


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
        bytes_in=60,
        bytes_back=40,
        trace_crc32=0,
    )
    return made._replace(**changes)
