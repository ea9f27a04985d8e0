"""Threads take turns: who computes at a time, for how long, and what it comes to."""

from __future__ import annotations

import pandas as pd

from breakeven.analysis.claims.cells import (
    PROCESSES,
    PURE,
    THREADS,
    estimated,
    intervals,
    observed,
    select,
    with_gil,
)
from breakeven.analysis.claims.claim import Claim, Figure
from breakeven.analysis.claims.expectation import SHARE, TIME, Within
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.claims.work import busy
from breakeven.analysis.findings import switching
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.slowed import BUSY

_MANY = 4
"""Number of threads from which the notes speak of many."""

_DEFAULT_NS = 5e6
"""The documented switch interval."""

_LONGEST_NS = 15e6
_ALIKE = 1.25
"""Work is about the same up to this factor."""

_TWO = 1.5
"""CPUs that are kept busy if work surely overlaps."""

_LEAST_TURNS = 0.5
"""Share of the mean that the worker with the least runs, if all have turns."""

_COMPUTING = ("window", "map")
_WINDOWS = "pattern=window workload=histogram model=thread workers=4,8,16"
_BOTH = "workload=spin model=thread,process workers=4 task=200us tasks=200"
_SWITCHING = "pattern=switching model=thread workers=2 affinity=scatter"


def _computing(lab: Lab, models: tuple[str, ...], workers: int) -> pd.DataFrame:
    """Return the cells of ``models`` that compute in pure Python, if there are two CPUs to overlap on."""
    cells = lab.estimates[lab.estimates["cpu_count"].gt(1)]
    return pd.concat([select(cells, pattern, models, PURE, workers) for pattern in _COMPUTING])


def _busy_threads(lab: Lab) -> list[Seen]:
    return intervals(busy(lab), with_gil(_computing(lab, THREADS, _MANY)))


def _busy_processes(lab: Lab) -> list[Seen]:
    return intervals(busy(lab), _computing(lab, PROCESSES, 2))


def _work_of_many(lab: Lab) -> list[Seen]:
    return estimated(select(lab.estimates, "window", THREADS, PURE, _MANY), "speedup")


def _work_of_some(lab: Lab) -> list[Seen]:
    return estimated(select(lab.estimates, "window", THREADS, PURE, 2), "speedup")


def _at_default(lab: Lab) -> pd.DataFrame:
    cells = switching.judge(lab)
    return cells[cells["model"].isin(THREADS) & cells["interval_ns"].eq(_DEFAULT_NS) & cells["workers"].gt(1)]


def _runs(lab: Lab) -> list[Seen]:
    return observed(_at_default(lab), switching.P99)


def _turns(lab: Lab) -> list[Seen]:
    return observed(with_gil(_at_default(lab)), switching.FAIRNESS)


_GIL = "threads with a GIL, on two CPUs or more: interpreter=3.13, or another build that has one"

C01 = Claim(
    id="C01",
    text="Within one process that has the GIL, no two threads run Python code at the same moment.",
    expects=(
        Within(
            "number of CPUs that four or more computing threads with a GIL keep busy",
            _busy_threads,
            _BOTH,
            high=BUSY,
            needs=_GIL,
        ),
    ),
    changes="code that releases the GIL (C extensions, I/O), or an interpreter without one",
    figure=Figure("timeline", "workers=4"),
)

C02 = Claim(
    id="C02",
    text="In a fixed time, 4, 8 or 16 computing threads together do about as much work as one.",
    expects=(
        Within(
            "work of four or more threads in a fixed time, divided by that of one serial worker",
            _work_of_many,
            _WINDOWS,
            low=1 / _ALIKE,
            high=_ALIKE,
        ),
    ),
    changes="an interpreter without a GIL, or a task that releases it",
    figure=Figure("activity", "pattern=window"),
)

C03 = Claim(
    id="C03",
    text="A thread runs for at most about 15 ms before another one has its turn.",
    expects=(
        Within(
            "99th percentile of a thread's turn, at the default switch interval of 5 ms",
            _runs,
            _SWITCHING,
            high=_LONGEST_NS,
            unit=TIME,
        ),
    ),
    changes="another switch_interval, C code that holds the GIL for longer, an interpreter without a GIL",
    figure=Figure("switching"),
)

C09 = Claim(
    id="C09",
    text="For work that computes, more threads can be slower than none, since they take turns.",
    expects=(
        Within(
            "work of two or more computing threads in a fixed time, divided by that of one serial worker",
            _work_of_some,
            _WINDOWS,
            high=1.0,
            some=True,
        ),
    ),
    changes="an interpreter without a GIL, tasks that release it, more threads or a shorter switch interval",
    figure=Figure("scaling", "pattern=window"),
)

C20 = Claim(
    id="C20",
    text="Concurrent threads interleave on one CPU's worth of time; parallel processes overlap.",
    expects=(
        Within(
            "number of CPUs that four or more computing threads with a GIL keep busy",
            _busy_threads,
            _BOTH,
            high=BUSY,
            needs=_GIL,
        ),
        Within(
            "running time of the thread that ran least, divided by the mean of all threads, with a GIL",
            _turns,
            _SWITCHING,
            low=_LEAST_TURNS,
            unit=SHARE,
            needs=_GIL,
        ),
        Within(
            "number of CPUs that two or more computing processes keep busy",
            _busy_processes,
            _BOTH,
            low=_TWO,
            some=True,
            cpus=2,
        ),
    ),
    changes="a single CPU, an interpreter without a GIL, tasks so short that handing them over takes most of the time",
    figure=Figure("timeline", "workers=4"),
)
