"""`concurrent.futures.ProcessPoolExecutor`."""

from __future__ import annotations

import sys
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from threading import Thread, current_thread
from typing import Any, Optional

from ..contexts import context_of
from ..errors import TaskFailed
from ..member import Lack
from ..pickling import guard, unguard
from ..spaces import PROCESSES
from ._executor import ExecutorPool
from ._pool import reading, refuse_input, report_death, why_unread

_ADDS = "_adjust_process_count" if sys.implementation.name == "pypy" else "submit"


class ProcessPool(ExecutorPool):
    """Processes that share a call queue, fed by a thread, and a result pipe, read by another."""

    SPACE = PROCESSES
    EQUIPS = True
    START_METHODS = ("fork", "forkserver", "spawn")

    @classmethod
    def lacks(cls, options: dict[str, Any]) -> Optional[Lack]:
        """Return what this interpreter lacks.

        PyPy 3.9's executor calls a method that it does not have, unless it forks.
        """
        if options.get("start_method") in ("forkserver", "spawn") and not hasattr(ProcessPoolExecutor, _ADDS):
            return Lack(
                "a ProcessPoolExecutor that starts workers otherwise than by fork",
                "choose model.start_method=fork, or a newer one",
            )
        return super().lacks(options)

    def _context(self) -> Any:
        return context_of(self.settings.start_method)

    def _open(self, initargs: tuple[Any, ...]) -> None:
        self.executor = ProcessPoolExecutor(
            self.settings.workers, mp_context=self.context, initializer=self._initializer, initargs=initargs
        )
        self._processes = self.executor._processes  # noqa: SLF001  # as below
        self._guard = guard(self._is_feeder, refuse_input)
        self._unread = ""
        reader = self.executor._result_queue._reader  # type: ignore[attr-defined]  # noqa: SLF001  # the executor offers no other way to it
        reader.recv = reading(reader, self._notice)

    def _is_feeder(self) -> bool:
        """Return whether this is the thread that pickles the pool's calls: it drops one that raises IndexError."""
        calls = getattr(self.executor, "_call_queue", None)
        return getattr(calls, "_thread", None) is current_thread()

    def _reader(self) -> Optional[Thread]:
        """Return the thread that reads results, and tells the queue's feeder of calls."""
        manager: Optional[Thread] = self.executor._executor_manager_thread  # type: ignore[attr-defined]  # noqa: SLF001  # it has no public name
        return manager

    def _notice(self, error: BaseException) -> None:
        self._unread = why_unread(error)

    def _why(self, error: BrokenExecutor) -> Exception:
        """Return the error of reading a result: it breaks the pool, which ends its workers and does not say why."""
        if self._unread:
            return TaskFailed(self._unread)
        if not self.lasting:  # nobody else looks at them
            report_death(list(self._processes.values()), broken=True)
        return error

    def _kill(self) -> None:
        processes = getattr(self.executor, "_processes", None) or {}  # its `kill_workers` is of 3.14
        for process in tuple(processes.values()):
            process.kill()
        self._close()

    def _close(self) -> None:
        super()._close()
        unguard(self._guard)
