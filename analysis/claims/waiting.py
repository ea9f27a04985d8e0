"""Threads that wait: for I/O, and beside a main thread that has something else to do."""

from __future__ import annotations

from functools import partial

import pandas as pd

from breakeven.analysis.claims.cells import THREADS, estimated, observed, select
from breakeven.analysis.claims.claim import Claim, Figure
from breakeven.analysis.claims.expectation import SHARE, Within
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.findings import heartbeat
from breakeven.analysis.frames.load import Lab

_GAIN = 1.1
"""Work is surely sped up from this factor on."""

_TICKS = "pattern=heartbeat model=thread workload=spin,sleep window=2s task=40ms"


def _waits(lab: Lab, workload: str) -> list[Seen]:
    """Return the speedups of threads that do ``workload``."""
    return estimated(select(lab.estimates, "map", THREADS, (workload,), 2), "speedup")


def _beats(lab: Lab) -> pd.DataFrame:
    """Return the cells of ticks beside background threads."""
    rows = heartbeat.judge(lab)
    return rows[rows["mechanism"].ne(heartbeat.ALONE) & rows["model"].isin(THREADS)]


def _late(lab: Lab) -> list[Seen]:
    """Return how many frames late 99 % of the ticks are at most."""
    rows = _beats(lab)
    frames = {f"late{end}": rows[f"{heartbeat.P99}{end}"] / rows["frame_ns"] for end in ("", "_low", "_high")}
    return observed(rows.assign(**frames), "late")


def _missed(lab: Lab) -> list[Seen]:
    return observed(_beats(lab), heartbeat.MISSED)


C07 = Claim(
    id="C07",
    text="Blocking I/O releases the GIL, so threads speed it up.",
    expects=tuple(
        Within(
            f"speedup of threads over serial, with tasks that {what}",
            partial(_waits, workload=workload),
            f"workload={workload} model=thread workers=4 task=4ms",
            low=_GAIN,
        )
        for workload, what in (
            ("sleep", "sleep"),
            ("file", "write and read files"),
            ("socket", "wait for a server over loopback sockets"),
        )
    ),
    changes="a shared disk, server or CPU that a single thread already keeps busy",
    figure=Figure("scaling", "model=thread,task=4ms"),
)

C08 = Claim(
    id="C08",
    text="A background thread keeps an interface responsive.",
    expects=(
        Within(
            "share of the main thread's ticks that come more than a frame late, while background threads run",
            _missed,
            _TICKS,
            high=heartbeat.MOST_MISSED,
            unit=SHARE,
        ),
        Within(
            "99th percentile of a tick's lateness, in frames (1/60 s by default)",
            _late,
            _TICKS,
            high=1.0,
        ),
    ),
    changes="background work that releases the GIL, a shorter switch_interval, fewer threads, a process instead",
    figure=Figure("heartbeat"),
)
