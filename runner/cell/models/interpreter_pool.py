"""`concurrent.futures.InterpreterPoolExecutor` (Python 3.14)."""

from __future__ import annotations

import sys
from typing import Any, ClassVar, Optional

from .. import interpreters
from ..boot import search_in
from ..gate import Door
from ..member import Lack
from ..spaces import INTERPRETERS
from ._foreign import set_up_alone
from ._foreign_executor import ForeignExecutor
from ._underway import MAP, SUBMIT, without_effect


class InterpreterPool(ForeignExecutor):
    """Threads of the parent that take calls from a queue, each with an interpreter in which it makes them.

    A call and its result travel as what interpreters share, else as pickles, made while the thread holds the parent's
    GIL.
    """

    SPACE = INTERPRETERS
    SINCE = (3, 14)
    OPTIONS: ClassVar[dict[str, str]] = {"call": f"{MAP}|{SUBMIT}", "in_flight": "count?"}
    DEFAULTS: ClassVar[dict[str, Any]] = {"call": MAP, "in_flight": None}
    SET_UP = staticmethod(set_up_alone)

    @classmethod
    def lacks(cls, options: dict[str, Any]) -> Optional[Lack]:
        """Return what this Python lacks."""
        return super().lacks(options) or interpreters.lacks()

    @classmethod
    def conflict(cls, options: dict[str, Any]) -> Optional[str]:
        """Return which knob has no effect on the chosen call; None if all have one."""
        return without_effect(options)

    def _prepare(self) -> None:
        from concurrent.futures import (  # type: ignore[attr-defined]  # noqa: PLC0415  # Python 3.14
            InterpreterPoolExecutor,
        )

        self._make = InterpreterPoolExecutor

    def _open(self) -> None:
        self._executor = self._make(
            self.settings.workers, initializer=Door(search_in), initargs=(list(sys.path),)
        )

    def _kill(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
