"""What the two executors of `concurrent.futures` have in common."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor
from typing import Any

from ..phases import WAIT
from ._pool import Pool, columns, perform


class ExecutorPool(Pool):
    """A pool that is a `concurrent.futures.Executor`."""

    executor: Executor

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Use `Executor.map`, with the library's chunk size of 1 unless one is configured."""
        chunks = self._chunks(len(items)) or 1
        try:
            results = list(self.executor.map(perform, *columns(items), chunksize=chunks))
        except BrokenExecutor as error:
            raise self._why(error) from error
        self.recorder.mark(WAIT)
        return results

    def exchange(self, item: tuple[int, Any]) -> tuple[int, Any]:
        """Use `Executor.submit` and wait for the result."""
        try:
            result = self.executor.submit(perform, 0, *item).result()
        except BrokenExecutor as error:
            raise self._why(error) from error
        self.recorder.mark(WAIT)
        return result

    def _why(self, error: BrokenExecutor) -> Exception:
        """Return the error that says why the pool broke."""
        return error

    def _submit(self, task: Callable[[], None]) -> Callable[[], None]:
        return self.executor.submit(task).result

    def _close(self) -> None:
        self.executor.shutdown(wait=True)
