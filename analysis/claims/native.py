"""Libraries with threads of their own, and workers on top."""

from __future__ import annotations

from breakeven.analysis.claims.cells import PROCESSES, estimated
from breakeven.analysis.claims.claim import Claim, Figure
from breakeven.analysis.claims.expectation import Within
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.findings.oversubscription import demanding
from breakeven.analysis.frames.load import Lab

_NOTHING = 1.1
"""A gain below this is none."""


def _on_top(lab: Lab) -> list[Seen]:
    """Return the speedups of processes whose tasks' native threads and themselves are more than the CPUs."""
    cells = demanding(lab)
    over = cells[cells["over"].astype("bool") & cells["model"].isin(PROCESSES) & cells["workers"].gt(1)]
    return estimated(over, "speedup")


C16 = Claim(
    id="C16",
    text="Libraries with native threads gain nothing from processes on top, and may lose.",
    expects=(
        Within(
            "speedup of processes over serial, if the library's threads in all the processes together want more CPUs than there are",
            _on_top,
            "workload=matmul model=process workers=2 task=4ms environment.OPENBLAS_NUM_THREADS=2",
            high=_NOTHING,
            cpus=2,
            needs="NumPy in the measured interpreter, and tasks of which one alone keeps more than 1.2 CPUs busy",
        ),
    ),
    changes="fewer threads in the library (OPENBLAS_NUM_THREADS=1), matrices too small to be divided among threads",
    figure=Figure("oversubscription"),
)
