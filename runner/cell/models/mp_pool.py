"""`multiprocessing.Pool`, used through `starmap`."""

from __future__ import annotations

import multiprocessing
from typing import Any

from ..phases import WAIT
from ._pool import Pool, columns, initialize_worker, perform, wait_at_barrier


class MpPool(Pool):
    """Processes that share two simple queues; threads of the parent feed one and read the other."""

    START_METHODS = ("fork", "forkserver", "spawn")
    CHILDREN = False  # `multiprocessing.Pool` makes its workers daemonic

    def _context(self) -> Any:
        return multiprocessing.get_context(self.settings.start_method)

    def _open(self, initargs: tuple[Any, ...]) -> None:
        self.pool = self.context.Pool(self.settings.workers, initializer=initialize_worker, initargs=initargs)

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Use `Pool.starmap`, with the library's chunk size unless one is configured."""
        results: list[tuple[int, Any]] = self.pool.starmap(
            perform, zip(*columns(items)), self._chunks(len(items))
        )
        self.recorder.mark(WAIT)
        return results

    def exchange(self, item: tuple[int, Any]) -> tuple[int, Any]:
        """Use `Pool.apply`."""
        result: tuple[int, Any] = self.pool.apply(perform, (0, *item))
        self.recorder.mark(WAIT)
        return result

    def _submit_barrier_waits(self) -> list[Any]:
        return [self.pool.apply_async(wait_at_barrier).get for _ in range(self.settings.workers)]

    def _close(self) -> None:
        self.pool.close()
        self.pool.join()
