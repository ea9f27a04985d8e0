"""Small cells, runs and specifications for tests of the measuring side."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

from breakeven.runner.cell import channels, models
from breakeven.runner.cell.board import Geometry
from breakeven.runner.cell.compatibility import channel_for, why_not
from breakeven.runner.cell.models import Model
from breakeven.runner.cell.models._abc import Crewing
from breakeven.runner.cell.patterns._abc import Knobs, Pattern
from breakeven.runner.cell.patterns.map import Map
from breakeven.runner.cell.reference import Bench
from breakeven.runner.cell.worker import Work
from breakeven.runner.cell.workloads._abc import Sizes, Workload
from breakeven.runner.cell.workloads.echo import Echo
from breakeven.runner.config.cell import Cell, Measure
from breakeven.runner.engines import Run

QUICK = Measure(
    warmup=1, max_warmup=2, min_trials=2, max_trials=3, max_time_ns=200_000_000, rel_ci=0.5, traced=1
)
Pair = tuple[str, str | None, str]


def cell(**changes: Any) -> Cell:
    """Give a small cell: two processes and a queue, sixteen tasks of a fifth of a millisecond."""
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


def run(sweep: Path, executable: str, path: Path | None = None, **changes: Any) -> Run:
    """Give a run of a small cell."""
    return Run(
        cell=cell(**changes),
        cell_id="0123456789abcdef",
        round=0,
        order=0,
        sweep=sweep,
        path=path or Path.cwd(),
        executable=executable,
        engine="local",
        source=None,
        conditions={},
        config={"workers": 2},
        overrides=("workers=2",),
    )


def pairs(start_methods: bool = True) -> list[Pair]:
    """Give every (model, start method, channel) that can exist."""
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
    """Give a test's name for a pair."""
    return "-".join(part for part in pair if part)


def workers_for(model: str, most: int = 2) -> int:
    """Give how many workers a model may have, up to ``most``."""
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
    crewing = Crewing(workers, method, {}, ipc, {"slots": 2}, message_bytes)
    made = models.load(model)(crewing, work, geometry.create())
    made.start()
    made.gather(traced=False)
    yield made
    made.stop()


def bench(workload: Workload | None = None) -> Bench:
    """Give the parent's side of a workload."""
    return Bench(workload or Echo({}, Sizes(1024, 1024), 7))


def specification(folder: Path, **changes: Any) -> dict[str, Any]:
    """Give what the measured side is told, for a small cell."""
    told = asdict(cell(**changes))
    del told["interpreter"], told["time_limit_ns"], told["memory_limit_bytes"], told["label"]
    return told | {"folder": str(folder), "path": [], "parent": os.getpid(), "round": 0, "cell_id": "c"}
