"""`concurrent.futures.ProcessPoolExecutor`."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from ._executor import ExecutorPool
from ._pool import initialize_worker


class ProcessPool(ExecutorPool):
    """Processes that share a call queue, fed by a thread, and a result pipe, read by another."""

    START_METHODS = ("fork", "forkserver", "spawn")

    def _context(self) -> Any:
        return multiprocessing.get_context(self.settings.start_method)

    def _open(self, initargs: tuple[Any, ...]) -> None:
        self.executor = ProcessPoolExecutor(
            self.settings.workers, mp_context=self.context, initializer=initialize_worker, initargs=initargs
        )
