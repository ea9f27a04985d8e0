"""Every fault that is injected, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.faults import killing, spoiling
from benchmarks.faults.scene import Came, Scene


@dataclass(frozen=True)
class Fault:
    """A fault: its name, in words what it is, what injects it, and how often that is done beside the others."""

    inject: Callable[[Scene], Came]
    words: str
    weight: int

    @property
    def name(self) -> str:
        """Return the name that ``--only`` takes."""
        return str(getattr(self.inject, "__name__", self.words))


_ALL = (
    Fault(killing.kill_runner, "SIGKILL of the runner", 6),
    Fault(killing.kill_group, "SIGKILL of the runner's process group", 4),
    Fault(killing.interrupt, "SIGINT once", 3),
    Fault(killing.interrupt_twice, "SIGINT twice", 3),
    Fault(killing.terminate, "SIGTERM", 3),
    Fault(killing.kill_measured, "SIGKILL of the measured process", 2),
    Fault(killing.kill_worker, "SIGKILL of a worker", 2),
    Fault(killing.stop_worker, "SIGSTOP of a worker", 2),
    Fault(spoiling.truncate, "truncated Parquet file", 3),
    Fault(spoiling.flip, "flipped bit in a Parquet file", 3),
    Fault(spoiling.stale_lock, "stale locks", 3),
    Fault(spoiling.two_writers, "two sweeps of one folder", 2),
    Fault(spoiling.two_sweeps, "two sweeps on one machine", 2),
)
FAULTS = {fault.name: fault for fault in _ALL}
"""Every fault by its name."""
