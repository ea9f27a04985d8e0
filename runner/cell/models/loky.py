"""`loky.ProcessPoolExecutor`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..member import Requirement
from ._foreign import Foreign, Item, Numbered, name_semaphores, perform


class Loky(Foreign):
    """Fresh interpreters that share a call queue, fed by a thread, and a result queue, read by another."""

    OPTIONS: ClassVar[dict[str, str]] = {"chunksize": "count?"}
    REQUIRES = (Requirement("loky", "loky", "loky"),)
    TOLD_APART = True

    def _prepare(self) -> None:
        import loky  # noqa: PLC0415  # what is measured; planning loads this class where it may be missing

        name_semaphores(loky.backend.synchronize, self.settings.name)
        self._make = loky.ProcessPoolExecutor

    def _open(self) -> None:
        self._executor = self._make(self.settings.workers)

    def _each(self, function: Callable[..., None], *arguments: Any) -> None:
        asked = [self._executor.submit(function, *arguments) for _ in range(self.settings.workers)]
        for future in asked:
            future.result()

    def _all(self, tasks: list[Numbered]) -> list[Item]:
        chunksize = self.settings.options["chunksize"] or 1  # as by default
        return list(self._executor.map(perform, *zip(*tasks), chunksize=chunksize))

    def _one(self, task: Numbered) -> Item:
        result: Item = self._executor.submit(perform, *task).result()
        return result

    def _close(self) -> None:
        self._executor.shutdown(wait=True)

    def _kill(self) -> None:
        self._executor.shutdown(wait=True, kill_workers=True)
