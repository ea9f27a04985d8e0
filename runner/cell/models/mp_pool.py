"""`multiprocessing.Pool`, used through `starmap`."""

from __future__ import annotations

import multiprocessing
from typing import Any

from ..phases import WAIT
from ._pool import Pool, columns, perform, rendezvous, sit


class MpPool(Pool):
    """Processes that share two simple queues; threads of the parent feed one and read the other."""

    START_METHODS = ("fork", "forkserver", "spawn")

    def _context(self) -> Any:
        return multiprocessing.get_context(self.crewing.start_method)

    def _open(self, initargs: tuple[Any, ...]) -> None:
        self.pool = self.context.Pool(self.crewing.workers, initializer=sit, initargs=initargs)

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Use `Pool.starmap`, with the library's chunk size unless another is asked for."""
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

    def _submit_rendezvous(self) -> list[Any]:
        return [self.pool.apply_async(rendezvous).get for _ in range(self.crewing.workers)]

    def _close(self) -> None:
        self.pool.close()
        self.pool.join()
