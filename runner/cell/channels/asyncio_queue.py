"""`asyncio.Queue`, one each way for all tasks of an event loop: the object itself, no copy and no lock."""

from __future__ import annotations

from typing import Any, Optional

from ..phases import SEND
from ..spaces import LOOP
from ._abc import Channel, Port, Room
from ._lines import Lines, Shared

Message = tuple[int, int, Any]


class AsyncioPort(Port):
    """Awaits the next message of the shared queue."""

    def __init__(self, tasks: Any, answers: Any) -> None:
        self.tasks = tasks
        self.answers = answers

    async def receive(self) -> Message:
        """Take the next message; a queue that is not empty lets no other task have its turn."""
        message: Message = await self.tasks.get()
        self.recorder.mark(self.arrival)
        return message

    def send(self, task: int, value: int, payload: Any) -> None:
        """Put an answer: the queue has no limit, so nothing is awaited."""
        self.answers.put_nowait((task, value, payload))
        self.recorder.mark(SEND)


class AsyncioQueue(Channel):
    """The parent's end of two queues without a limit; all tasks are put at once."""

    JOINS = frozenset({LOOP})
    BETWEEN = True

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        super().__init__(context, room, options)
        self.tasks, self.answers = context.Queue(), context.Queue()

    @classmethod
    def _why_apart(cls, space: str) -> str:
        return f"wakes tasks of an event loop, which workers in {space} are not"

    @property
    def ahead(self) -> Optional[int]:
        """Return no limit: putting an object never waits."""
        return None

    def port(self, worker: int) -> Port:
        """Return the same two queues to every worker."""
        del worker
        return AsyncioPort(self.tasks, self.answers)

    def lines(self, producers: int, consumers: int, message_bytes: int) -> Lines:
        """Return one more queue, which all share."""
        del producers, message_bytes
        queue = self.context.Queue()
        return Shared(lambda: AsyncioPort(queue, queue), consumers, lambda: None)

    def order(self, worker: int, task: int) -> None:
        """Put an order for whichever worker takes it."""
        del worker
        self.tasks.put_nowait((task, 0, None))

    def send(self, task: int, value: int, payload: Any) -> None:
        """Put a task."""
        self.tasks.put_nowait((task, value, payload))
        self.recorder.mark(SEND)

    async def receive(self) -> Message:
        """Await an answer."""
        message: Message = await self.answers.get()
        self.recorder.mark(self.arrival)
        return message
