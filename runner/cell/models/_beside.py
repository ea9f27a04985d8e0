"""A thread that hands out the tasks of a trial, so that the main one is free."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any, Optional

Results = list[tuple[int, Any]]


class Beside(Thread):
    """A thread of the parent that hands out the tasks of one trial and collects the results.

    It is a daemon, so that the process can end: Ctrl-C reaches the main thread only, and this one may still wait for
    workers that are gone.
    """

    def __init__(self, carry_out: Callable[[], Results]) -> None:
        super().__init__(name="dispatcher", daemon=True)
        self._carry_out = carry_out
        self._results: Results = []
        self._error: Optional[BaseException] = None

    def run(self) -> None:
        """Carry out the tasks, and keep what that raises for the main thread."""
        try:
            self._results = self._carry_out()
        except BaseException as error:  # noqa: BLE001  # `result` raises it, whatever it is
            self._error = error

    def result(self) -> Results:
        """Wait for the results; raise what carrying out the tasks raised."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._results
