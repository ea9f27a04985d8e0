"""`mpire.WorkerPool`, kept alive between calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..member import Requirement
from ._foreign import Foreign, Item, Numbered, perform


class Mpire(Foreign):
    """Processes with a task queue each, which they ask a hundred times a second, and a result queue that they share."""

    OPTIONS: ClassVar[dict[str, str]] = {"chunksize": "count?"}
    REQUIRES = (Requirement("mpire", "mpire", "mpire"),)
    START_METHODS = ("fork", "forkserver", "spawn")
    TOLD_APART = True

    def _prepare(self) -> None:
        import mpire  # noqa: PLC0415  # what is measured; planning loads this class where it may be missing

        self._make = mpire.WorkerPool

    def _open(self) -> None:
        self._started = False
        self._pool = self._make(
            self.settings.workers, start_method=self.settings.start_method, keep_alive=True, daemon=False
        )

    def _each(self, function: Callable[..., None], *arguments: Any) -> None:
        """Make these the first task of each worker.

        They go to the workers that finished last, else in turn.
        """
        if self._started:
            self._pool._worker_comms.reset_progress()  # noqa: SLF001  # `map` does so afterwards, `apply` does not
        self._started = True
        self._pool.map(function, [arguments] * self.settings.workers, chunk_size=1)

    def _all(self, tasks: list[Numbered]) -> list[Item]:
        size = 1 if self.work.pattern.OWN_CHUNKS else self.settings.options["chunksize"]
        results: list[Item] = self._pool.map(perform, tasks, chunk_size=size)
        return results

    def _one(self, task: Numbered) -> Item:
        result: Item = self._pool.apply(perform, task)
        return result

    def _close(self) -> None:
        self._pool.stop_and_join()

    def _kill(self) -> None:
        self._pool.terminate()
