"""What workers cost before they work: time to start and to end them, and memory."""

from __future__ import annotations

import pandas as pd

from breakeven.analysis.claims.cells import PROCESSES, THREADS, observed, of_runs, pair, ratios
from breakeven.analysis.claims.claim import Claim, Figure
from breakeven.analysis.claims.expectation import SIZE, Within
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.findings.memory import memory_cells
from breakeven.analysis.frames.load import Lab

_OWN_BYTES = 2.0**20
"""A worker that adds less than this has hardly a memory of its own."""

_ADDED = "added_bytes"
_STARTS = "model=thread,process workers=2 tasks=8"
_MEMORY = "pattern=memory model=thread,process workers=2 window=40ms"


def _started(lab: Lab) -> list[Seen]:
    """Return how long processes take to start and to end, divided by the time for as many threads."""
    cells = lab.estimates[lab.estimates["pattern"].eq("map")]
    bare = [cells[cells["model"].eq(model)] for model in ("process", "thread")]
    alike = (
        "workers",
        "workload",
        "function",
        "payload_asked_bytes",
        "interpreter",
        "interpreter_flags",
        "affinity",
        "task_ns",
    )
    return ratios(pd.concat(bare), of_runs(lab, "startup_ns", "teardown_ns"), pair(bare[0], bare[1], alike))


def _added(lab: Lab, models: tuple[str, ...]) -> list[Seen]:
    """Return what each worker of ``models`` adds."""
    cells = memory_cells(lab)
    return observed(cells[cells["model"].isin(models)], _ADDED)


def _of_processes(lab: Lab) -> list[Seen]:
    return _added(lab, PROCESSES)


def _of_threads(lab: Lab) -> list[Seen]:
    return _added(lab, THREADS)


C06 = Claim(
    id="C06",
    text="Creating processes costs more than creating threads.",
    expects=(
        Within(
            "time to start and end processes, divided by the time for as many threads",
            _started,
            _STARTS,
            low=1.0,
        ),
    ),
    changes="a pool that is started once and kept, or another start method (it changes the ratio)",
    figure=Figure("startup"),
)

C18 = Claim(
    id="C18",
    text="Each process has a memory of its own, and that isolation has a price.",
    expects=(
        Within(
            "memory that each process adds", _of_processes, _MEMORY, low=_OWN_BYTES, unit=SIZE, needs="Linux"
        ),
        Within(
            "memory that each thread adds", _of_threads, _MEMORY, high=_OWN_BYTES, unit=SIZE, needs="Linux"
        ),
    ),
    changes="what a worker imports or receives and, after a fork, how many of its parent's pages it writes to",
    figure=Figure("memory"),
)
