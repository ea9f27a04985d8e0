"""Workers joined to the parent by a channel: the loop they run, and how the parent hands out tasks."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Sequence
from importlib import import_module
from threading import BrokenBarrierError
from time import perf_counter_ns, sleep
from typing import Any, ClassVar, Optional

from .. import channels
from ..board import OPENING, PASSED, Board
from ..boot import Ready
from ..channels import Channel
from ..channels._abc import FAILED, HELLO, STOP, SYNCHRONIZE, Port, Room
from ..errors import HookFailed, MessageTooLarge, TaskFailed
from ..failures import describe, leave
from ..patterns._abc import Exchange, OneWay
from ..seats import Seats
from ..spaces import SHARING_OBJECTS
from ..worker import Work, Worker
from ._abc import BARRIER_SECONDS, ChannelCosts, CrewSettings, Model, missing

_IN_PLACE = "; with this ipc.access its payload is a memoryview: write bytes(payload) where it needs bytes, or choose ipc.access=copy"


def serve(port: Port, worker: Worker, barrier: Any) -> bool:
    """Work until ordered to stop; return False if the parent was sent an error instead.

    Runs in every worker, process or thread.
    """
    if not _open(port, worker, barrier):
        return False
    try:
        _serve(port, worker, barrier)
    except HookFailed as error:
        leave(os.path.dirname(worker.board.geometry.path), worker.index, error)
        barrier.abort()  # where the parent waits
        return False
    except BaseException as error:  # noqa: BLE001  # a payload is the user's, and so may be what unpickles it
        told = f"a message to worker {worker.index} could not be read:\n{describe(error)}"
        port.send(FAILED, 0, told)
        return False
    port.close()
    worker.close()
    return True


def _open(port: Port, worker: Worker, barrier: Any) -> bool:
    """Open the worker's end of the channel and wait until all are open; return False if that fails in any worker."""
    try:
        for name in port.MODULES:
            import_module(name)
        before = perf_counter_ns()
        port.open(worker.recorder, worker.arrival)
    except Exception as error:  # noqa: BLE001  # whatever a transport raises, the parent reports it
        leave(os.path.dirname(worker.board.geometry.path), worker.index, error)
        barrier.abort()  # where the parent waits
        return False
    worker.header[OPENING] = perf_counter_ns() - before
    try:
        barrier.wait()
    except BrokenBarrierError:  # another worker could not
        return False
    worker.header[PASSED] += 1
    return True


def _serve(port: Port, worker: Worker, barrier: Any) -> None:
    while True:
        task, value, payload = port.receive()
        if task >= 0:
            _answer(port, worker, task, value, payload)
            if port.lends:
                payload = None
            # any other stays until the next message is here, as in a loop written by hand: if it went before, the
            # allocator would give the heap up to its end back to the kernel, and ask for it again, each time
        elif task == SYNCHRONIZE:
            worker.prepare()
            barrier.wait()
            worker.header[PASSED] += 1
        elif task == HELLO:
            port.send(HELLO, value, payload)
        elif task == FAILED:  # the parent could not pickle the payload
            port.send(FAILED, value, payload)
        else:
            break


def _answer(port: Port, worker: Worker, task: int, value: int, payload: Any) -> None:
    result = None
    try:
        result = worker.job(task, value, payload)
        port.send(task, *result)
    except BaseException as error:  # noqa: BLE001  # the user's task may raise anything; the parent reports it
        what = "raised in a worker" if result is None else "has a result that could not be sent back"
        remedy = _IN_PLACE * (type(payload) is memoryview)
        port.send(FAILED, task, f"task {task} {what}:\n{describe(error)}{remedy}")


def set_up(index: int, work: Work, board: Optional[Board], barrier: Any, ready: Ready) -> Optional[Worker]:
    """Return a new worker; if the user's code raises, or has, leave what it raised to the parent, and return None."""
    try:
        return Worker(index, work, board, ready)
    except BaseException as error:  # noqa: BLE001  # importing the user's module may raise anything
        leave(os.path.dirname(work.geometry.path), index, error)
        barrier.abort()  # where the parent waits
        return None


def joined(context: Any, settings: CrewSettings, work: Work) -> tuple[Channel, int]:
    """Return the channel, made of the primitives of ``context``, and how long it took to make."""
    folder = os.path.dirname(work.geometry.path)
    room = Room(settings.workers, settings.message_bytes, settings.name, folder, work.pattern.ONE_WAY)
    kind = channels.load(settings.ipc)
    for required in kind.REQUIRES:  # before the clock starts: a program imports it once, and uses it for long
        import_module(required.module)
    before = perf_counter_ns()
    channel = kind(context, room, settings.ipc_options)
    return channel, perf_counter_ns() - before


def seats_of(channel: Channel, primitives: Any, settings: CrewSettings, work: Work) -> Optional[Seats]:
    """Return the lines that join the workers to each other, if their pattern asks for them."""
    if not work.pattern.BETWEEN:
        return None
    producers = work.pattern.senders
    largest = settings.message_bytes - work.pattern.margin_bytes  # which is for what the parent gets
    lines = channel.lines(producers, settings.workers - producers, largest)
    window = work.pattern.window_of(settings.options.get("in_flight"))
    each = window if lines.ahead is None else min(window, lines.ahead)
    return Seats(lines, primitives.Semaphore, producers, each)


class Bare(Model):
    """A model whose workers are joined by a channel. A subclass creates and joins the workers.

    No more than ``in_flight`` messages are unanswered, if that is not None, and no more than the channel allows.
    """

    STREAMS = True
    BETWEEN = True
    OPTIONS: ClassVar[dict[str, str]] = {"in_flight": "count?"}
    DEFAULTS: ClassVar[dict[str, Any]] = {"in_flight": None}
    context: Any

    def __init__(self, settings: CrewSettings, work: Work, board: Board) -> None:
        super().__init__(settings, work, board)
        self.context = self._context()
        self.channel, self.constructing_ns = joined(self.context, settings, work)
        self.channel.watch(self.recorder, self.arrival)
        self.barrier = self.context.Barrier(settings.workers + 1)
        self.seats = seats_of(self.channel, self.context, settings, work)
        self.synchronized = 0

    @property
    def primitives(self) -> Any:
        """Return what the channel and the barrier are made of."""
        return self.context

    @abstractmethod
    def _context(self) -> Any:
        """Return the factory of queues, pipes, semaphores and barriers for workers of this kind."""

    def _work_of(self, worker: int) -> Work:
        """Return what a worker gets: the pattern has a seat of its own if the workers are joined to each other."""
        return self.work if self.seats is None else self.work.seated(self.seats.seat(worker))

    @abstractmethod
    def _make(self, worker: int) -> None:
        """Create and start one worker."""

    @abstractmethod
    def _join(self, worker: int) -> None:
        """Wait for the end of a worker that was ordered to stop."""

    def start(self) -> None:
        """Create one worker after the other, wait until all are ready and have opened their ends, and greet one."""
        for worker in range(self.settings.workers):
            self.created_ns.append(perf_counter_ns())
            self._make(worker)
        self._await_workers()
        self._await_workers()
        self._wait_until_passed()
        constructing = self.constructing_ns + max(self._header(OPENING))
        self.channel_costs = ChannelCosts(constructing, self._greet())

    def _greet(self) -> int:
        """Send the first message, an empty one, to a worker that waits for it; return the time until it is back.

        Whatever a channel sets up when it is first used is in it, such as the feeder threads of a queue.
        """
        before = perf_counter_ns()
        self.channel.send(HELLO, 0, b"")
        task, _, payload = self.channel.receive()
        spent = perf_counter_ns() - before
        if task != HELLO:
            raise TaskFailed(payload)
        return spent

    def prepare(self, payloads: Optional[Sequence[Any]]) -> None:
        """Let the channel prepare for the payloads."""
        self.channel.prepare(payloads)

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Keep as many tasks in flight as the channel allows, and collect the answers as they come."""
        try:
            return self._map(items)
        except (TaskFailed, MessageTooLarge, EOFError, ConnectionError):
            raise  # the worker's own, or its end
        except Exception as error:  # what unpickling runs is the user's
            raise _unreadable(error) from error

    def _map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        channel, total = self.channel, len(items)
        results: list[Any] = [None] * total
        sent = min(limit for limit in (channel.ahead, self.in_flight, total) if limit is not None)
        for task in range(sent):
            channel.send(task, *items[task])
        for _ in range(total):
            task, *result = channel.receive()
            if task < 0:
                raise TaskFailed(result[1])
            results[task] = tuple(result)
            if sent < total:
                channel.send(sent, *items[sent])
                sent += 1
        return results

    def exchange(self, item: tuple[int, Any]) -> tuple[int, Any]:
        """Send one task and wait for its answer."""
        return self.exchanger()(item)

    def exchanger(self) -> Exchange:
        """Return the function for this trial: each further call within it would be timed, too."""
        send, receive = self.channel.ends()

        def exchange(item: tuple[int, Any]) -> tuple[int, Any]:
            send((0, *item))
            task, value, payload = receive()
            if task < 0:
                raise TaskFailed(payload)
            return value, payload

        return exchange

    def one_way(self) -> OneWay:
        """Return the channel's ends; a worker that reports an error raises TaskFailed."""
        take = self.channel.receive

        def receive() -> tuple[int, int, Any]:
            message: tuple[int, int, Any] = take()
            if message[0] < 0:
                raise TaskFailed(message[2])
            return message

        return OneWay(
            self.channel.send, receive, self._at_most(self.channel.ahead), self.SPACE not in SHARING_OBJECTS
        )

    def stop(self) -> None:
        """Send every worker the order to stop, and join them."""
        self.stopped_ns = perf_counter_ns()
        for worker in range(self.settings.workers):
            self.channel.order(worker, STOP)
        for worker in range(self.settings.workers):
            self._join(worker)
            self.joined_ns.append(perf_counter_ns())
        self._close()

    def _close(self) -> None:
        self.channel.close()
        if self.seats is not None:
            self.seats.close()

    def _synchronize(self) -> None:
        for worker in range(self.settings.workers):
            self.channel.order(worker, SYNCHRONIZE)
        self._await_workers()
        self._wait_until_passed()

    def _await_workers(self) -> None:
        """Wait at the barrier together with the workers."""
        try:
            self.barrier.wait(BARRIER_SECONDS)
        except BrokenBarrierError as error:
            raise missing(self.board) from error

    def _wait_until_passed(self) -> None:
        """Wait until all workers have left the barrier: a late one would fall into the trial's time."""
        self.synchronized += 1
        end = perf_counter_ns() + int(BARRIER_SECONDS * 1e9)
        while min(self._header(PASSED)) < self.synchronized:
            if perf_counter_ns() > end:
                raise missing(self.board)
            sleep(0)  # yields the GIL to other threads and the CPU to other processes


def _unreadable(error: BaseException) -> TaskFailed:
    """Return the error for an input that cannot be sent, or a result that cannot be read, in the parent."""
    return TaskFailed(
        f"a task's input could not be sent, or its result not be read, in the parent:\n{describe(error)}"
    )
