"""What processes gain where they compute at once, and how it grows with their number."""

from __future__ import annotations

from functools import partial

import pandas as pd

from breakeven.analysis.claims.cells import (
    ALIKE,
    PROCESSES,
    PURE,
    THREADS,
    estimated,
    of_runs,
    pair,
    ratios,
    select,
)
from breakeven.analysis.claims.claim import Claim, Figure
from breakeven.analysis.claims.expectation import Within
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.frames.load import Lab

_NEARLY = 0.75
"""Share of its CPUs' worth of work that is nearly all of it."""

_MORE = 1.05
"""Work is surely more from this factor on."""

_BELOW = 0.95
"""Work is surely below linear up to this share of it."""

_FOUR, _EIGHT, _SIXTEEN = 4, 8, 16
_WINDOWS = "pattern=window workload=histogram model=thread,mp_pool workers=2,4,8,16"


def _windows(lab: Lab, models: tuple[str, ...], workers: int) -> pd.DataFrame:
    """Return the cells of so many ``workers`` that compute in a window."""
    cells = select(lab.estimates, "window", models, PURE, workers)
    return cells[cells["workers"].eq(workers)]


def _by_threads(lab: Lab, workers: int) -> list[Seen]:
    """Return the work of so many processes divided by that of as many threads, each by its own serial worker's."""
    mine, others = (_windows(lab, models, workers) for models in (PROCESSES, THREADS))
    enough = mine[mine["cpu_count"].ge(workers)]
    cells = pd.concat([enough, others])
    return ratios(cells, of_runs(lab, "speedup"), pair(enough, others))


def _by_fewer(lab: Lab, workers: int, fewer: int) -> list[Seen]:
    """Return the work of so many processes divided by that of ``fewer``, if there is a CPU for each."""
    mine, others = (_windows(lab, PROCESSES, count) for count in (workers, fewer))
    mine = mine[mine["cpu_count"].ge(workers)]
    alike = (*ALIKE, "model", "start_method", "ipc")
    return ratios(pd.concat([mine, others]), of_runs(lab, "speedup"), pair(mine, others, alike))


def _by_one(lab: Lab, workers: int) -> list[Seen]:
    """Return the work of so many processes divided by that of one serial worker."""
    cells = _windows(lab, PROCESSES, workers)
    return estimated(cells[cells["cpu_count"].ge(workers)], "speedup")


C04 = Claim(
    id="C04",
    text="Processes run Python at the same time: four do about four times the work of threads, and eight nearly eight times; sixteen do more than eight, but less than sixteen times.",
    expects=(
        Within(
            "work of two processes in a fixed time, divided by that of two threads",
            partial(_by_threads, workers=2),
            _WINDOWS,
            low=2 * _NEARLY,
            cpus=2,
        ),
        Within(
            "work of four processes in a fixed time, divided by that of four threads",
            partial(_by_threads, workers=_FOUR),
            _WINDOWS,
            low=_FOUR * _NEARLY,
            high=_FOUR / _NEARLY,
            cpus=_FOUR,
        ),
        Within(
            "work of eight processes in a fixed time, divided by that of eight threads",
            partial(_by_threads, workers=_EIGHT),
            _WINDOWS,
            low=_EIGHT * _NEARLY,
            cpus=_EIGHT,
        ),
        Within(
            "work of sixteen processes in a fixed time, divided by that of eight processes",
            partial(_by_fewer, workers=_SIXTEEN, fewer=_EIGHT),
            _WINDOWS,
            low=_MORE,
            cpus=_SIXTEEN,
        ),
        Within(
            "work of sixteen processes in a fixed time, divided by that of one serial worker",
            partial(_by_one, workers=_SIXTEEN),
            _WINDOWS,
            high=_SIXTEEN * _BELOW,
            cpus=_SIXTEEN,
        ),
    ),
    changes="fewer CPUs than workers, saturated memory bandwidth, an interpreter without a GIL (then threads do as much)",
    figure=Figure("scaling", "pattern=window"),
)
