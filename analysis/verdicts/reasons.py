"""Why a candidate is not as fast as its workers allow: the part of their time that explains most of what is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from breakeven.analysis.frames.rows import Row
from breakeven.analysis.units import format_time
from breakeven.analysis.verdicts.parts import (
    COUNTS,
    CPU,
    FAULTS,
    GIL,
    LOCK,
    LOOP,
    NATIVE_THREADS,
    ONE_TASK,
    PARTS,
    SERIALISING,
    SLOWED,
    STARTING,
    STRAGGLING,
    TRANSPORT,
    WORK,
)

MOST = 0.5
"""A part is given as the reason if it takes at least this share of what is missing."""

WORTH = 0.1
"""If less than this share of the workers' time is missing, nothing needs a reason."""


class Reason(NamedTuple):
    """Why a candidate is not as fast as its workers allow.

    ``kind`` is one of `PARTS`, ``explains`` its share of what is missing, ``text`` a clause whose subject is the
    workers, such as ``wait for the GIL 50 % of their time in a task``.
    """

    kind: str
    explains: float
    text: str


def find_reason(cell: Row) -> Reason | None:
    """Return the reason for ``cell``; None if no part explains most.

    ``cell`` is a row of `lost` with ``workers`` and ``cpu_count``.
    """
    parts = np.array([cell[part] for part in PARTS], np.float64)
    missing = float(np.nansum(parts))
    if not missing > WORTH * cell["total"]:
        return None
    most = int(np.nanargmax(parts))
    kind, explains = PARTS[most], float(parts[most]) / missing
    return Reason(kind, explains, _TEXTS[kind](cell)) if explains >= MOST else None


def _percent(share: float) -> str:
    return f"{100 * min(share, 1):.0f} %"


def _in_a_task(cell: Row) -> str:
    return f"{_percent(cell['waits'] / cell['inside'])} of their time in a task"


def _of_all(cell: Row, kind: str) -> str:
    return f"{_percent(cell[kind] / cell['total'])} of their time"


def _for_cpus(cell: Row) -> str:
    cpus, workers = int(cell["cpu_count"]), int(cell["workers"])
    if workers > cpus:
        return f"share {cpus} CPU{'s' if cpus > 1 else ''} and wait for a CPU {_of_all(cell, CPU)}"
    return f"wait for a CPU {_of_all(cell, CPU)}: the parent or other programs have it"


def _handing_over(cell: Row, kind: str, doing: str) -> str:
    both = cell[SERIALISING] + cell[TRANSPORT]
    most = f", most of it {doing}" if cell[kind] > MOST * both else ""
    return f"spend {format_time(both)} on handing over a task of {format_time(cell['task'])}{most}"


def _on_one_loop(cell: Row) -> str:
    at_once = cell["workers"] * cell["inside"] / cell["total"]
    why = (
        "a task that awaits nothing blocks it" if at_once <= ONE_TASK else "its thread computes all the time"
    )
    return f"wait for their event loop {_of_all(cell, LOOP)}: {why}"


_TEXTS: dict[str, Callable[[Row], str]] = {
    GIL: lambda cell: f"wait for the GIL {_in_a_task(cell)}",
    LOOP: _on_one_loop,
    CPU: _for_cpus,
    STARTING: lambda cell: (
        f"start and end {_of_all(cell, STARTING)}: each trial has a pool of its own (model.lifetime=per_map)"
    ),
    LOCK: lambda cell: f"wait for a lock, or for what all of them use, {_in_a_task(cell)}",
    NATIVE_THREADS: lambda cell: (
        f"share the CPUs with native threads: a task alone keeps {cell['cpus_alone']:.1f} of {cell['cpu_count']:.0f} busy"
    ),
    FAULTS: lambda cell: (
        f"take {cell['task_faults']:.0f} page faults for a task, alone it takes {cell['task_faults_alone']:.0f}: freed memory goes back to the kernel"
    ),
    SLOWED: lambda cell: (
        f"need {1 + cell[SLOWED] / cell['alone_on_cpu']:.1f} times as much CPU time for a task as it takes alone: they share memory bandwidth, caches or a core"
    ),
    COUNTS: lambda cell: (
        f"need {1 + cell[COUNTS] / cell['alone_on_cpu']:.1f} times as much CPU time for a task as it takes alone: they fight over the reference counts of what they share"
    ),
    STRAGGLING: lambda cell: (
        f"wait for the last of them {_of_all(cell, STRAGGLING)}: tasks are uneven, and so are the shares that they get"
    ),
    SERIALISING: lambda cell: _handing_over(cell, SERIALISING, "pickling"),
    TRANSPORT: lambda cell: _handing_over(cell, TRANSPORT, "sending and copying"),
    WORK: lambda cell: f"wait for work {_of_all(cell, WORK)}: tasks are few, or unequal",
}
