"""Two queues that all workers share: one for tasks, one for answers."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from ..phases import SEND
from ._abc import Channel, Port, Room
from ._lines import Lines, Shared


class SharedPort(Port):
    """Takes from one queue and puts into the other."""

    def __init__(self, tasks: Any, answers: Any) -> None:
        self.tasks = tasks
        self.answers = answers

    def receive(self) -> tuple[int, int, Any]:
        """Take the next message from the shared queue."""
        message: tuple[int, int, Any] = self.tasks.get()
        self.recorder.mark(self.arrival)
        return message

    def send(self, task: int, value: int, payload: Any) -> None:
        """Put an answer."""
        self.answers.put((task, value, payload))
        self.recorder.mark(SEND)


class SharedQueues(Channel):
    """The parent's end of two queues; a subclass names their kind."""

    KIND: str
    BETWEEN = True
    PORT: ClassVar[type[SharedPort]] = SharedPort

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        super().__init__(context, room, options)
        self.tasks, self.answers = self._make(), self._make()

    def _make(self) -> Any:
        """Return a new queue."""
        return getattr(self.context, self.KIND)()

    def port(self, worker: int) -> Port:
        """Return the same two queues to every worker."""
        del worker
        return self.PORT(self.tasks, self.answers)

    def lines(self, producers: int, consumers: int, message_bytes: int) -> Lines:
        """Return one more queue, which all share."""
        del producers, message_bytes
        queue = self._make()
        return Shared(partial(self.PORT, queue, queue), consumers, partial(release, queue))

    def order(self, worker: int, task: int) -> None:
        """Put an order for whichever worker takes it."""
        del worker
        self.tasks.put((task, 0, None))

    def send(self, task: int, value: int, payload: Any) -> None:
        """Put a task."""
        self.tasks.put((task, value, payload))
        self.recorder.mark(SEND)

    def receive(self) -> tuple[int, int, Any]:
        """Take an answer."""
        message: tuple[int, int, Any] = self.answers.get()
        self.recorder.mark(self.arrival)
        return message

    def close(self) -> None:
        """Close both queues, and wait for their feeder threads if they have any."""
        for queue in (self.tasks, self.answers):
            release(queue)


def release(queue: Any) -> None:
    """Close a queue, and wait for its feeder thread if it has any."""
    for name in ("close", "join_thread"):
        getattr(queue, name, _nothing)()


def _nothing() -> None:
    """Do nothing: stands in for a method that queues between threads lack."""
