"""The runs that an engine carries out at this moment."""

from __future__ import annotations

from concurrent.futures import Future
from queue import Empty, SimpleQueue

from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult

Ended = tuple[Run, Future[RunResult]]


class UnderWay:
    """Runs that began; those that end are taken out at a cost that does not depend on how many there are."""

    def __init__(self) -> None:
        self._runs: dict[Future[RunResult], Run] = {}
        self._ended: SimpleQueue[Future[RunResult]] = SimpleQueue()

    def __len__(self) -> int:
        """Return how many runs began and were not taken out."""
        return len(self._runs)

    @property
    def any_ended(self) -> bool:
        """Return whether `wait` would return at once."""
        return not self._ended.empty()

    def add(self, run: Run, result: Future[RunResult]) -> None:
        """Add a run that begins, whose future will have its result."""
        self._runs[result] = run
        result.add_done_callback(self._ended.put)

    def wait(self, seconds: float | None = None) -> list[Ended]:
        """Wait until a run has ended, at most ``seconds``, and take out all that have.

        Those whose futures raise come last.

        So what is measured is stored before anything ends the sweep.
        """
        try:
            ended = [self._ended.get(timeout=seconds)]
        except Empty:
            return []
        while self.any_ended:
            ended.append(self._ended.get())
        taken = [(self._runs.pop(result), result) for result in ended]
        return sorted(taken, key=lambda one: one[1].exception() is not None)
