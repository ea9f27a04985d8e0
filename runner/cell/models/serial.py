"""The parent is the only worker and calls tasks in place: the baseline measured against itself."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any, Optional

from ..spaces import PLACE
from ..worker import Worker
from ._abc import Model


class Serial(Model):
    """No workers to create, no messages."""

    SPACE = PLACE
    TRANSPORT = "none"

    @classmethod
    def refuses_workers(cls, workers: int) -> Optional[str]:
        """Refuse more than one."""
        return None if workers == 1 else f"model=serial has one worker, not workers={workers}"

    def start(self) -> None:
        """Become the worker."""
        self.created_ns = [perf_counter_ns()]
        self.worker = Worker(0, self.work, self.board)

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Perform the items one after the other."""
        perform = self.worker.perform
        return [perform(task, value, payload) for task, (value, payload) in enumerate(items)]

    def exchange(self, item: tuple[int, Any]) -> tuple[int, Any]:
        """Perform one item."""
        return self.worker.perform(0, *item)

    def stop(self) -> None:
        """Note the time."""
        self.stopped_ns = perf_counter_ns()
        self.joined_ns = [self.stopped_ns]

    def _synchronize(self) -> None:
        self.worker.prepare()
