"""Two queues that all workers share: one for tasks, one for answers."""

from __future__ import annotations

from typing import Any

from ..phases import SEND
from ._abc import Channel, Port, Room


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

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        super().__init__(context, room, options)
        self.tasks, self.answers = self._make(), self._make()

    def _make(self) -> Any:
        """Return a new queue."""
        return getattr(self.context, self.KIND)()

    def port(self, worker: int) -> Port:
        """Return the same two queues to every worker."""
        del worker
        return SharedPort(self.tasks, self.answers)

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
            for name in ("close", "join_thread"):
                getattr(queue, name, _nothing)()


def _nothing() -> None:
    """Do nothing: stands in for a method that queues between threads lack."""
