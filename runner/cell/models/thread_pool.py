"""`concurrent.futures.ThreadPoolExecutor`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from ._executor import ExecutorPool
from ._threads import Context


class ThreadPool(ExecutorPool):
    """Threads that take work items from a queue by reference. A chunk size has no effect."""

    EQUIPS = True

    OPTIONS: ClassVar[dict[str, str]] = {
        name: kind for name, kind in ExecutorPool.OPTIONS.items() if name != "chunksize"
    }

    def _context(self) -> Any:
        return Context()

    def _kill(self) -> None:
        self.executor.shutdown(wait=False, cancel_futures=True)

    def _open(self, initargs: tuple[Any, ...]) -> None:
        self.executor = ThreadPoolExecutor(
            self.settings.workers, initializer=self._initializer, initargs=initargs
        )
