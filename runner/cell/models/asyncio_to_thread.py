"""`asyncio.to_thread`: calls that would block an event loop go to the threads of its default executor."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ClassVar, Optional

from ..patterns._abc import OnLoop
from ..phases import WAIT
from ..ticker import Ticker
from ._ticking import beside
from .thread_pool import ThreadPool

TO_THREAD, RUN_IN_EXECUTOR = "to_thread", "run_in_executor"

Item = tuple[int, Any]


class AsyncioToThread(ThreadPool):
    """As many threads as workers, and a loop in the parent's thread that awaits all tasks at once.

    With ``in_flight`` each task passes an `asyncio.Semaphore` first.
    """

    OPTIONS: ClassVar[dict[str, str]] = {**ThreadPool.OPTIONS, "call": f"{TO_THREAD}|{RUN_IN_EXECUTOR}"}
    DEFAULTS: ClassVar[dict[str, Any]] = {**ThreadPool.DEFAULTS, "call": TO_THREAD}
    STREAMS = False  # its program awaits what it starts

    @classmethod
    def conflict(cls, options: dict[str, Any]) -> Optional[str]:
        """Return nothing: a semaphore bounds both calls."""
        del options
        return None

    def _open(self, initargs: tuple[Any, ...]) -> None:
        super()._open(initargs)
        self.loop = asyncio.new_event_loop()
        executor = self.executor
        if isinstance(executor, ThreadPoolExecutor):  # always, which the base class does not say
            self.loop.set_default_executor(executor)
        to_thread, in_executor = asyncio.to_thread, partial(self.loop.run_in_executor, None)
        begin: Any = to_thread if self._call == TO_THREAD else in_executor
        self._begin = partial(begin, self._perform)

    def _all(self, items: list[Item]) -> list[Item]:
        """Await all tasks with `asyncio.gather`."""
        results: list[Item] = self._run(self._gather(items))
        return results

    def map_beside(self, items: list[Item], ticker: Ticker) -> list[Item]:
        """Await all tasks while another coroutine of the loop keeps the ticks."""
        results: list[Item] = self._run(beside(self._gather(items), ticker))
        self.recorder.mark(WAIT)
        return results

    def exchange(self, item: Item) -> Item:
        """Await one task, in a coroutine of its own."""
        result: Item = self._run(self._exchange(item))
        return result

    def on_loop(self) -> OnLoop:
        """Return how to await one task after the other in one coroutine."""
        return OnLoop(self._exchange, self._run)

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(coroutine)

    async def _gather(self, items: list[Item]) -> list[Item]:
        limit = self.in_flight
        if limit is None:
            return list(await asyncio.gather(*(self._begin(task, *item) for task, item in enumerate(items))))
        free = asyncio.Semaphore(limit)

        async def bounded(task: int, item: Item) -> Item:
            async with free:
                result: Item = await self._begin(task, *item)
                return result

        return await asyncio.gather(*(bounded(task, item) for task, item in enumerate(items)))

    async def _exchange(self, item: Item) -> Item:
        result: Item = await self._begin(0, *item)
        self.recorder.mark(WAIT)
        return result

    def _kill(self) -> None:
        super()._kill()
        self.loop.close()

    def _close(self) -> None:
        """Shut the executor down as `asyncio.run` does at its end."""
        self._run(self.loop.shutdown_default_executor())
        self.loop.close()
