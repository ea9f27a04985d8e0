"""The interface of engines, which carry runs to machines.

An engine takes a `Run` and returns a future of its `RunResult`. A cluster engine differs from the local one
only in where `breakeven.runner.host.execute` is called; everything that is measured happens behind that
function.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import Future

from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult


class Engine(ABC):
    """Carries runs to a machine, one at a time on each."""

    @abstractmethod
    def submit(self, run: Run) -> Future[RunResult]:
        """Queue ``run``; the future raises only if the engine fails, never because the run did."""

    @abstractmethod
    def close(self) -> None:
        """End the current run and drop the queued ones; idempotent."""
