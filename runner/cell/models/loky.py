"""`loky.ProcessPoolExecutor`."""

from __future__ import annotations

from typing import ClassVar

from ..member import Requirement
from ._foreign import name_semaphores
from ._foreign_executor import ForeignExecutor


class Loky(ForeignExecutor):
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

    def _kill(self) -> None:
        self._executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]  # loky's own has it
