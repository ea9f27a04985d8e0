"""What pools have in common that are a `concurrent.futures.Executor` but for where they come from."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from ._foreign import Foreign, Item, Numbered, perform
from ._underway import SUBMIT, Gate, submit_each


class ForeignExecutor(Foreign):
    """A pool with ``submit``, ``map`` and ``shutdown``; a subclass makes ``_executor``."""

    _executor: Executor

    def _each(self, function: Callable[..., None], *arguments: Any) -> None:
        asked = [self._executor.submit(function, *arguments) for _ in range(self.settings.workers)]
        for future in asked:
            future.result()

    def _all(self, tasks: list[Numbered]) -> list[Item]:
        if self.settings.options.get("call") == SUBMIT:
            calls = ((perform, *task) for task in tasks)
            return submit_each(self._executor.submit, calls, Gate(self.in_flight))
        chunksize = self.settings.options.get("chunksize") or 1  # as by default
        return list(self._executor.map(perform, *zip(*tasks), chunksize=chunksize))

    def _one(self, task: Numbered) -> Item:
        result: Item = self._executor.submit(perform, *task).result()
        return result

    def _close(self) -> None:
        self._executor.shutdown(wait=True)
