"""What follows from patterns that observe more than times: one module each.

Each rule was written down before the data.

A module offers ``find``, which returns the findings of the cells of its pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from breakeven.analysis.findings import (
    contention,
    counter,
    deadlock,
    heartbeat,
    memory,
    oversubscription,
    pipeline,
    shared_pipe,
    stream,
    switching,
)
from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.frames.load import Lab

__all__ = ["RULES", "Finding", "findings"]

Find = Callable[[Lab], Sequence[Finding]]

RULES: tuple[tuple[str, Find], ...] = (
    (memory.PATTERN, memory.find),
    (oversubscription.PATTERN, oversubscription.find),
    (contention.PATTERN, contention.find),
    (counter.PATTERN, counter.find),
    (shared_pipe.PATTERN, shared_pipe.find),
    (deadlock.PATTERN, deadlock.find),
    (stream.PATTERN, stream.find),
    (heartbeat.PATTERN, heartbeat.find),
    (switching.PATTERN, switching.find),
    (pipeline.PATTERN, pipeline.find),
)
"""What finds out what follows from cells of a pattern."""


def findings(lab: Lab) -> list[Finding]:
    """Return what follows from a sweep's observations, pattern by pattern."""
    return lab.once(_findings)


def _findings(lab: Lab) -> list[Finding]:
    measured = lab.cells.loc[lab.cells["status"].eq("ok"), "pattern"].unique()
    return [finding for pattern, find in RULES if pattern in measured for finding in find(lab)]
