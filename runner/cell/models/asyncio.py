"""`asyncio`: workers are tasks of one event loop, which runs in the parent's thread as long as a trial lasts.

A program would call `asyncio.run` once and do everything in it. So the loop is kept between the trials, and is the one
on which the parent awaits an async function in serial trials: what the function opened there stays usable.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from threading import BrokenBarrierError
from time import perf_counter_ns
from typing import Any

from ..awaiting import give_way, own_loop
from ..board import OPENING, PASSED, Board
from ..channels._abc import FAILED, HELLO, STOP, SYNCHRONIZE, Port
from ..errors import TaskFailed
from ..failures import describe, ends_with_run, leave
from ..patterns._abc import OneWay, OnLoop
from ..spaces import LOOP
from ..ticker import Ticker
from ..transport import loaded_probe
from ..worker import LoopWorker, Work
from ._abc import BARRIER_SECONDS, ChannelCosts, CrewSettings, Model, missing
from ._bare import joined, seats_of
from ._ticking import beside

_PATIENCE_S = 1.0  # for tasks that are cancelled


class Asyncio(Model):
    """One task of the loop per worker. A function that awaits nothing blocks the loop, and so all of them."""

    SPACE = LOOP
    STREAMS = True
    BETWEEN = True

    def __init__(self, settings: CrewSettings, work: Work, board: Board) -> None:
        super().__init__(settings, work, board)
        self.loop = own_loop()
        self.channel, self.constructing_ns = joined(asyncio, settings, work)
        self.channel.watch(self.recorder, self.arrival)
        self.seats = seats_of(self.channel, asyncio, settings, work)
        self._tasks: list[asyncio.Task[None]] = []
        self._synchronized = 0
        self._ending = False

    def start(self) -> None:
        """Create one task after the other, wait until all have opened their ends, and greet one."""
        self._run(self._start())

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Put all tasks, and collect the answers as they come."""
        results: list[tuple[int, Any]] = self._run(self._map(items))
        return results

    def map_beside(self, items: list[tuple[int, Any]], ticker: Ticker) -> list[tuple[int, Any]]:
        """Run the tasks while another task of the loop keeps the ticks."""
        results: list[tuple[int, Any]] = self._run(beside(self._map(items), ticker))
        return results

    def exchange(self, item: tuple[int, Any]) -> tuple[int, Any]:
        """Send one task and await its answer, in a coroutine of its own."""
        result: tuple[int, Any] = self._run(self._exchange(item))
        return result

    def on_loop(self) -> OnLoop:
        """Return how to exchange messages in one coroutine."""
        return OnLoop(self._exchange, self._run)

    def one_way(self) -> OneWay:
        """Return the channel's ends.

        What comes is awaited in a coroutine that `run` runs, and TaskFailed is raised there.
        """
        take = self.channel.receive

        async def receive() -> tuple[int, int, Any]:
            message: tuple[int, int, Any] = await take()
            if message[0] < 0:
                raise TaskFailed(message[2])
            return message

        return OneWay(self.channel.send, receive, self.channel.ahead, spins=False, run=self._run)

    def stop(self) -> None:
        """Send every worker the order to stop, and await its end."""
        self.stopped_ns = perf_counter_ns()
        self._run(self._stop())
        self.channel.close()
        if self.seats is not None:
            self.seats.close()

    def abandon(self) -> None:
        """Cancel the workers, unless they end with this process."""
        self._ending = True
        for task in self._tasks:
            task.cancel()
        if self._tasks and not ends_with_run():
            self._run(asyncio.wait(self._tasks, timeout=_PATIENCE_S))

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(coroutine)

    def _synchronize(self) -> None:
        probe = loaded_probe()
        if probe is not None:
            probe.forget()  # one thread has the lanes of all workers: what passes there would be anybody's
        self._run(self._meet_again())

    # --- in the loop: the parent -----------------------------------------------------------------------------------

    async def _start(self) -> None:
        self._meeting = Meeting(self.settings.workers + 1)
        for worker in range(self.settings.workers):
            self.created_ns.append(perf_counter_ns())
            self._tasks.append(asyncio.ensure_future(self._work(worker)))
        await self._meet()
        before = perf_counter_ns()
        self.channel.send(HELLO, 0, b"")
        await self.channel.receive()
        first_ns = perf_counter_ns() - before
        self.channel_costs = ChannelCosts(self.constructing_ns + max(self._header(OPENING)), first_ns)

    async def _meet_again(self) -> None:
        self._meeting = Meeting(self.settings.workers + 1)
        for worker in range(self.settings.workers):
            self.channel.order(worker, SYNCHRONIZE)
        await self._meet()

    async def _meet(self) -> None:
        """Meet the workers, and wait until all of them wait for a message.

        A late one would fall into the trial's time.
        """
        try:
            await asyncio.wait_for(self._meeting.wait(), BARRIER_SECONDS)
        except (BrokenBarrierError, asyncio.TimeoutError) as error:
            raise missing(self.board) from error
        self._synchronized += 1
        while min(self._header(PASSED)) < self._synchronized:
            await give_way()

    async def _map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        send, receive = self.channel.send, self.channel.receive
        results: list[Any] = [None] * len(items)
        for task, item in enumerate(items):
            send(task, *item)
        for _ in items:
            task, *result = await receive()
            if task < 0:
                raise TaskFailed(result[1])
            results[task] = tuple(result)
        return results

    async def _exchange(self, item: tuple[int, Any]) -> tuple[int, Any]:
        self.channel.send(0, *item)
        task, value, payload = await self.channel.receive()
        if task < 0:
            raise TaskFailed(payload)
        return value, payload

    async def _stop(self) -> None:
        for worker in range(self.settings.workers):
            self.channel.order(worker, STOP)
        for task in self._tasks:
            await task
            self.joined_ns.append(perf_counter_ns())

    # --- in the loop: the workers ----------------------------------------------------------------------------------

    async def _work(self, index: int) -> None:
        folder = os.path.dirname(self.work.geometry.path)
        try:
            work = self.work if self.seats is None else self.work.seated(self.seats.seat(index))
            worker = LoopWorker(index, work, self.board, self.users.load())
            port = self._open(worker)
            await self._pass(worker)
            await self._serve(port, worker)
        except BrokenBarrierError:
            return  # another worker left the reason
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # importing the user's module may raise anything, and so may hooks
            leave(folder, index, error)
            self._meeting.abort()

    def _open(self, worker: LoopWorker) -> Port:
        before = perf_counter_ns()
        port = self.channel.port(worker.index)
        port.open(worker.recorder, worker.arrival)
        worker.header[OPENING] = perf_counter_ns() - before
        return port

    async def _pass(self, worker: LoopWorker) -> None:
        await self._meeting.wait()
        worker.header[PASSED] += 1

    async def _serve(self, port: Port, worker: LoopWorker) -> None:
        while True:
            task, value, payload = await port.receive()
            if task >= 0:
                await self._answer(port, worker, (task, value, payload))
            elif task == SYNCHRONIZE:
                await worker.prepare_on_loop()
                await self._pass(worker)
            elif task == HELLO:
                port.send(HELLO, value, payload)
            else:
                return

    async def _answer(self, port: Port, worker: LoopWorker, message: tuple[int, int, Any]) -> None:
        task = message[0]
        try:
            result = await worker.job(*message)
        except BaseException as error:
            if self._ending:
                raise  # it is cancelled
            port.send(FAILED, task, f"task {task} raised in a worker:\n{describe(error)}")
        else:
            port.send(task, *result)


class Meeting:
    """A barrier for tasks of one event loop, which needs no lock; it serves once."""

    def __init__(self, parties: int) -> None:
        self._missing = parties
        self._met = asyncio.get_running_loop().create_future()

    async def wait(self) -> None:
        """Wait until all have arrived; raise BrokenBarrierError."""
        self._missing -= 1
        if not self._missing and not self._met.done():
            self._met.set_result(None)
        await asyncio.shield(self._met)

    def abort(self) -> None:
        """Break the barrier for all who wait or will."""
        if not self._met.done():
            self._met.set_exception(BrokenBarrierError())
