"""What the executors of `concurrent.futures` have in common."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from queue import SimpleQueue
from typing import Any

from ..patterns._abc import OneWay
from ..phases import SEND, WAIT
from ._pool import Pool, columns
from ._pooled import perform
from ._underway import SUBMIT, submit_each


class ExecutorPool(Pool):
    """A pool that is a `concurrent.futures.Executor`."""

    executor: Executor
    STREAMS = True

    def _all(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Use `Executor.map`, or `submit` and `as_completed`.

        The chunk size of `map` is the library's, 1, unless one is configured.
        """
        try:
            return self._submitted(items) if self._call == SUBMIT else self._mapped(items)
        except BrokenExecutor as error:
            raise self._why(error) from error

    def _mapped(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        size = self._chunks(len(items)) or 1
        return list(self.executor.map(self._perform, *columns(items), chunksize=size))

    def _submitted(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Submit the tasks, as many at a time as may be under way, and take results as they are completed."""
        calls = ((self._perform, task, *item) for task, item in enumerate(items))
        return submit_each(self.executor.submit, calls, self._gate())

    def exchange(self, item: tuple[int, Any]) -> tuple[int, Any]:
        """Use `Executor.submit` and wait for the result."""
        try:
            result = self.executor.submit(perform, 0, *item).result()
        except BrokenExecutor as error:
            raise self._why(error) from error
        self.recorder.mark(WAIT)
        return result

    def one_way(self) -> OneWay:
        """Submit a call for each message, and take results in the order in which they are completed."""
        completed: SimpleQueue[Future[tuple[int, int, Any]]] = SimpleQueue()
        submit, notify = self.executor.submit, completed.put
        function, mark = self._perform_numbered, self.recorder.mark

        def send(number: int, value: int, payload: Any) -> None:
            try:
                submit(function, (number, value, payload)).add_done_callback(notify)
            except BrokenExecutor as error:
                raise self._why(error) from error
            mark(SEND)

        def receive() -> tuple[int, int, Any]:
            try:
                result = completed.get().result()
            except BrokenExecutor as error:
                raise self._why(error) from error
            mark(WAIT)
            return result

        return OneWay(send, receive, self._at_most(None), self.apart)

    def _why(self, error: BrokenExecutor) -> Exception:
        """Return the error that says why the pool broke."""
        return error

    def _submit(self, task: Callable[[], None]) -> Callable[[], None]:
        return self.executor.submit(task).result

    def _close(self) -> None:
        self.executor.shutdown(wait=True)
