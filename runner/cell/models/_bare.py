"""Workers joined to the parent by a channel: the loop they run, and how the parent hands out tasks."""

from __future__ import annotations

import traceback
from abc import abstractmethod
from threading import BrokenBarrierError
from time import perf_counter_ns, sleep
from typing import Any

from .. import channels
from ..board import PASSED, Board
from ..channels import Channel
from ..channels._abc import FAILED, STOP, SYNCHRONIZE, Port, Room
from ..errors import TaskFailed
from ..worker import Work, Worker
from ._abc import BARRIER_SECONDS, CrewSettings, Model, missing

_MOST_TEXT = 4000


def serve(port: Port, worker: Worker, barrier: Any) -> None:
    """Work until ordered to stop. Runs in every worker, process or thread."""
    port.open(worker.recorder, worker.arrival)
    while True:
        task, value, payload = port.receive()
        if task >= 0:
            _answer(port, worker, task, value, payload)
        elif task == SYNCHRONIZE:
            worker.prepare()
            barrier.wait()
            worker.header[PASSED] += 1
        else:
            break
    port.close()


def _answer(port: Port, worker: Worker, task: int, value: int, payload: Any) -> None:
    try:
        port.send(task, *worker.job(task, value, payload))
    except Exception:  # noqa: BLE001  # the user's task, or its result, may raise anything; the parent reports it
        port.send(FAILED, task, traceback.format_exc()[-_MOST_TEXT:])


class Bare(Model):
    """A model whose workers are joined by a channel. A subclass creates and joins the workers."""

    context: Any

    def __init__(self, settings: CrewSettings, work: Work, board: Board) -> None:
        super().__init__(settings, work, board)
        self.context = self._context()
        room = Room(settings.workers, settings.message_bytes, settings.name)
        self.channel: Channel = channels.load(settings.ipc)(self.context, room, settings.ipc_options)
        self.channel.watch(self.recorder, self.arrival)
        self.barrier = self.context.Barrier(settings.workers + 1)
        self.synchronized = 0

    @abstractmethod
    def _context(self) -> Any:
        """Return the factory of queues, pipes, semaphores and barriers for workers of this kind."""

    @abstractmethod
    def _make(self, worker: int) -> None:
        """Create and start one worker."""

    @abstractmethod
    def _join(self, worker: int) -> None:
        """Wait for the end of a worker that was ordered to stop."""

    def start(self) -> None:
        """Create one worker after the other."""
        for worker in range(self.settings.workers):
            self.created_ns.append(perf_counter_ns())
            self._make(worker)

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Keep as many tasks in flight as the channel allows, and collect the answers as they come."""
        channel, total = self.channel, len(items)
        results: list[Any] = [None] * total
        ahead = channel.ahead
        sent = total if ahead is None else min(ahead, total)
        for task in range(sent):
            channel.send(task, *items[task])
        for _ in range(total):
            task, *result = channel.receive()
            if task < 0:
                raise _failure(result)
            results[task] = tuple(result)
            if sent < total:
                channel.send(sent, *items[sent])
                sent += 1
        return results

    def exchange(self, item: tuple[int, Any]) -> tuple[int, Any]:
        """Send one task and wait for its answer."""
        self.channel.send(0, *item)
        task, value, payload = self.channel.receive()
        if task < 0:
            raise _failure([value, payload])
        return value, payload

    def stop(self) -> None:
        """Send every worker the order to stop, and join them."""
        self.stopped_ns = perf_counter_ns()
        for worker in range(self.settings.workers):
            self.channel.order(worker, STOP)
        for worker in range(self.settings.workers):
            self._join(worker)
            self.joined_ns.append(perf_counter_ns())
        self.channel.close()

    def _synchronize(self) -> None:
        for worker in range(self.settings.workers):
            self.channel.order(worker, SYNCHRONIZE)
        try:
            self.barrier.wait(BARRIER_SECONDS)
        except BrokenBarrierError as error:
            raise missing(self.settings.workers) from error
        self._wait_until_passed()

    def _wait_until_passed(self) -> None:
        """Wait until all workers have left the barrier: a late one would fall into the trial's time."""
        self.synchronized += 1
        end = perf_counter_ns() + int(BARRIER_SECONDS * 1e9)
        while min(self._header(PASSED)) < self.synchronized:
            if perf_counter_ns() > end:
                raise missing(self.settings.workers)
            sleep(0)  # yields the GIL to other threads and the CPU to other processes


def _failure(result: list[Any]) -> TaskFailed:
    task, text = result
    return TaskFailed(f"task {task} raised in a worker:\n{text}")
