"""`concurrent.futures.InterpreterPoolExecutor` (Python 3.14)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Optional

from .. import interpreters
from ..boot import search_in
from ..gate import Door
from ..member import Lack
from ..spaces import INTERPRETERS
from ._foreign import Foreign, Item, Numbered, perform, set_up_alone


class InterpreterPool(Foreign):
    """Threads of the parent that take calls from a queue, each with an interpreter in which it makes them.

    A call and its result travel as what interpreters share, else as pickles, made while the thread holds the parent's GIL.
    """

    SPACE = INTERPRETERS
    SINCE = (3, 14)
    SET_UP = staticmethod(set_up_alone)

    @classmethod
    def lacks(cls, options: dict[str, Any]) -> Optional[Lack]:
        """Return what this Python lacks."""
        return super().lacks(options) or interpreters.lacks()

    def _prepare(self) -> None:
        from concurrent.futures import (  # type: ignore[attr-defined]  # noqa: PLC0415  # Python 3.14
            InterpreterPoolExecutor,
        )

        self._make = InterpreterPoolExecutor

    def _open(self) -> None:
        self._executor = self._make(
            self.settings.workers, initializer=Door(search_in), initargs=(list(sys.path),)
        )

    def _each(self, function: Callable[..., None], *arguments: Any) -> None:
        asked = [self._executor.submit(function, *arguments) for _ in range(self.settings.workers)]
        for future in asked:
            future.result()

    def _all(self, tasks: list[Numbered]) -> list[Item]:
        return list(self._executor.map(perform, *zip(*tasks)))

    def _one(self, task: Numbered) -> Item:
        result: Item = self._executor.submit(perform, *task).result()
        return result

    def _close(self) -> None:
        self._executor.shutdown(wait=True)

    def _kill(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
