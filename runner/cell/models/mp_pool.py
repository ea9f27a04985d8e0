"""`multiprocessing.Pool`, used through one of its calls."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import pool
from queue import Empty, SimpleQueue
from threading import Thread, current_thread
from typing import Any, ClassVar, Optional

from ..contexts import context_of
from ..errors import TaskFailed
from ..patterns._abc import OneWay
from ..phases import SEND, WAIT
from ..pickling import guard, unguard
from ..spaces import PROCESSES
from ._pool import Pool, columns, reading, refuse_input, report_death, why_unread
from ._pooled import perform
from ._underway import MAP, SUBMIT, Gate

IMAP, IMAP_UNORDERED = "imap", "imap_unordered"
_PATIENCE_S = 5.0
_LOOK_S = 0.2  # between two looks at whether results are still read, while the parent waits

Item = tuple[int, Any]


class MpPool(Pool):
    """Processes that share two simple queues; threads of the parent feed one and read the other."""

    OPTIONS: ClassVar[dict[str, str]] = {
        **Pool.OPTIONS,
        "call": f"{MAP}|{IMAP}|{IMAP_UNORDERED}|{SUBMIT}",
    }
    SPACE = PROCESSES
    EQUIPS = True
    STREAMS = True
    START_METHODS = ("fork", "forkserver", "spawn")
    CHILDREN = False  # `multiprocessing.Pool` makes its workers daemonic

    def _context(self) -> Any:
        return context_of(self.settings.start_method)

    def _open(self, initargs: tuple[Any, ...]) -> None:
        self._unread = ""
        self.pool = _make(self._notice)(
            self.settings.workers, self._initializer, initargs, context=self.context
        )
        self._processes = list(self.pool._pool)  # noqa: SLF001  # those that it started, whichever replaces one
        self._guard = guard(self._is_feeder, refuse_input)

    def _all(self, items: list[Item]) -> list[Item]:
        """Use one of the pool's calls, with the library's chunk size unless one is configured."""
        calls = {
            MAP: self._starmap,
            IMAP: self._imap,
            IMAP_UNORDERED: self._imap_unordered,
            SUBMIT: self._apply,
        }
        return calls[self._call](items)

    def _starmap(self, items: list[Item]) -> list[Item]:
        asked = self.pool.starmap_async(self._perform, zip(*columns(items)), self._chunks(len(items)))
        results: list[Item] = self._await(asked.get)
        return results

    def _imap(self, items: list[Item]) -> list[Item]:
        return [(value, back) for _, value, back in self._each(self.pool.imap, items)]

    def _imap_unordered(self, items: list[Item]) -> list[Item]:
        results: list[Any] = [None] * len(items)
        for task, *result in self._each(self.pool.imap_unordered, items):
            results[task] = tuple(result)
        return results

    def _each(self, call: Callable[..., Any], items: list[Item]) -> Iterator[tuple[int, int, Any]]:
        """Yield results one by one, as ``call`` does; of chunks, it waits in a way that has no end (see `_await`)."""
        numbered = ((task, *item) for task, item in enumerate(items))
        size = self._chunks(len(items)) or 1
        if size == 1:
            yield from self._arriving(call(self._perform_numbered, numbered))
            return
        chunks = pool.Pool._get_tasks(self._perform_numbered, numbered, size)  # type: ignore[attr-defined]  # noqa: SLF001  # the lines of `Pool.imap`
        for chunk in self._arriving(call(pool.mapstar, chunks)):  # type: ignore[attr-defined]  # not in the stubs
            yield from chunk

    def _arriving(self, results: Any) -> Iterator[Any]:
        while True:
            try:
                yield self._await(results.next)
            except StopIteration:
                return

    def _apply(self, items: list[Item]) -> list[Item]:
        """Submit the tasks, as many at a time as may be under way, and take the results in order."""
        gate = self._gate()
        leave, asked = gate.leave, []
        for task, item in enumerate(items):
            self._await(partial(_entering, gate))
            asked.append(self.pool.apply_async(self._perform, (task, *item), {}, leave, leave))
        return [self._await(one.get) for one in asked]

    def exchange(self, item: tuple[int, Any]) -> tuple[int, Any]:
        """Use `Pool.apply`."""
        result: tuple[int, Any] = self._await(self.pool.apply_async(perform, (0, *item)).get)
        self.recorder.mark(WAIT)
        return result

    def one_way(self) -> OneWay:
        """Use `Pool.apply_async` for each message, and take results as its callbacks bring them."""
        brought: SimpleQueue[Any] = SimpleQueue()
        ask, notify = self.pool.apply_async, brought.put
        function, mark = self._perform_numbered, self.recorder.mark

        def send(number: int, value: int, payload: Any) -> None:
            ask(function, ((number, value, payload),), {}, notify, notify)
            mark(SEND)

        def receive() -> tuple[int, int, Any]:
            result = self._await(partial(_next, brought))
            if isinstance(result, BaseException):
                raise result
            mark(WAIT)
            message: tuple[int, int, Any] = result
            return message

        return OneWay(send, receive, self._at_most(None), self.apart)

    def _await(self, get: Callable[[float], Any]) -> Any:
        """Wait as `starmap` and `apply` do, but not for ever if the thread that reads results is gone."""
        while True:
            try:
                return get(_LOOK_S)
            except multiprocessing.TimeoutError:
                if self._unread:
                    raise TaskFailed(self._unread) from None
                if not self.lasting:  # nobody else looks at the workers
                    report_death(self._processes)

    def _notice(self, error: BaseException) -> None:
        """Note why a result could not be read: it ends the pool's thread, and nothing else reports it."""
        self._unread = why_unread(error)

    def _is_feeder(self) -> bool:
        """Return whether this is the thread that pickles the pool's tasks."""
        return getattr(self.pool, "_task_handler", None) is current_thread()

    def _sender(self) -> Optional[Thread]:
        """Return the pool's handler of tasks."""
        handler: Thread = self.pool._task_handler  # noqa: SLF001  # it has no public name
        return handler

    def _reader(self) -> Optional[Thread]:
        """Return the pool's handler of results."""
        handler: Thread = self.pool._result_handler  # noqa: SLF001  # as above
        return handler

    def _submit(self, task: Callable[[], None]) -> Callable[[], None]:
        waits: Callable[[], None] = self.pool.apply_async(task).get
        return waits

    def _kill(self) -> None:
        made: Any = (
            self.pool
        )  # its `terminate` waits for threads that are gone, and for locks that workers hold
        made._terminate.cancel()  # noqa: SLF001
        made._state = made._worker_handler._state = pool.TERMINATE  # noqa: SLF001  # else it would start others
        if made._change_notifier.empty():  # noqa: SLF001  # an unread notice wakes it as well, and a full pipe would block
            made._change_notifier.put(None)  # noqa: SLF001
        made._worker_handler.join(_PATIENCE_S)  # noqa: SLF001
        for process in made._pool:  # noqa: SLF001
            process.kill()
            process.join()
        unguard(self._guard)

    def _leave(self) -> None:
        self.pool.terminate()
        unguard(self._guard)

    def _close(self) -> None:
        self.pool.close()
        self.pool.join()
        unguard(self._guard)


def _next(brought: SimpleQueue[Any], seconds: float) -> Any:
    try:
        return brought.get(timeout=seconds)
    except Empty:
        raise multiprocessing.TimeoutError from None


def _entering(gate: Gate, seconds: float) -> None:
    if not gate.enter(seconds):
        raise multiprocessing.TimeoutError


def _make(notice: Callable[[BaseException], None]) -> Any:
    """Return the class of `multiprocessing.Pool`, which reports to ``notice`` what reading a result raises."""

    class Noticing(pool.Pool):
        """As `Pool`, but its thread does not end in silence."""

        def _setup_queues(self) -> None:
            super()._setup_queues()  # type: ignore[misc]  # not in the stubs
            self._quick_get = reading(self._outqueue._reader, notice)  # type: ignore[attr-defined]  # noqa: SLF001

    return Noticing
