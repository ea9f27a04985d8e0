"""A ring of slots in `multiprocessing.shared_memory` per worker and direction; a semaphore wakes the reader.

Payload bytes cross by memory copies alone: one into the slot, one out of it, never through a pickle or a
pipe. Other Python objects can travel too: pickled, with their buffers copied beside the pickle (see `_ring`).
"""

from __future__ import annotations

import os
import secrets
from collections import deque
from contextlib import suppress
from multiprocessing.shared_memory import SharedMemory as Segment
from typing import Any, ClassVar

from ..phases import RECEIVE, SEND, SERIALIZE, WAIT
from ..space import allocate, in_units, require
from ._abc import Channel, Port, Room
from ._ring import HEADER, Slot

_PLACE = "/dev/shm"  # noqa: S108  # where Linux keeps the segments
_MARGIN_BYTES = 8192  # for orders, tracebacks and the envelope of an object


class Ring:
    """Slots used in turn; there are never more messages in flight than slots."""

    def __init__(self, memory: memoryview, slots: int) -> None:
        size = len(memory) // slots
        self.slots = [Slot(memory[place * size : (place + 1) * size]) for place in range(slots)]
        self._next = 0

    def write(self, task: int, value: int, payload: Any) -> None:
        """Copy a message into the next slot; one that does not fit leaves the ring as it was."""
        self.slots[self._next].write(task, value, payload)
        self._turn()

    def read(self) -> tuple[int, int, Any]:
        """Copy the message out of the next slot."""
        message = self.slots[self._next].read()
        self._turn()
        return message

    def _turn(self) -> None:
        self._next = (self._next + 1) % len(self.slots)

    def release(self) -> None:
        """Release the memory."""
        for slot in self.slots:
            slot.view.release()


class RingPort(Port):
    """The worker's end: it attaches to the segment by name when it is opened."""

    def __init__(self, name: str, slots: int, worker: int, signals: tuple[Any, Any, Any]) -> None:
        self.name = name
        self.slots = slots
        self.worker = worker
        self.tasks_ready, self.answers_ready, self.answered = signals

    def open(self, recorder: Any, arrival: int) -> None:
        """Attach to the segment."""
        super().open(recorder, arrival)
        self.segment = Segment(self.name)
        self.inbox, self.outbox = _halves(self.segment, self.slots)

    def receive(self) -> tuple[int, int, Any]:
        """Wait for the semaphore, then copy the message out."""
        self.tasks_ready.acquire()
        self.recorder.mark(WAIT)
        message = self.inbox.read()
        self.recorder.mark(RECEIVE)
        return message

    def send(self, task: int, value: int, payload: Any) -> None:
        """Copy the answer in, then wake the parent."""
        self.outbox.write(task, value, payload)
        self.recorder.mark(SERIALIZE)
        self.answered.release()
        self.answers_ready.release()
        self.recorder.mark(SEND)

    def close(self) -> None:
        """Detach."""
        _release(self.segment, self.inbox, self.outbox)


class SharedMemory(Channel):
    """The parent's end. ``slots`` is how many messages may be in flight to one worker."""

    OPTIONS: ClassVar[dict[str, str]] = {"slots": "count"}
    ALWAYS_PICKLES = True
    PLAIN_BYTES = True

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        super().__init__(context, room, options)
        self.slots = int(options["slots"])
        slot_bytes = HEADER.size + room.message_bytes + _MARGIN_BYTES
        slot_bytes += -slot_bytes % 64  # so that no two slots share a cache line
        size = 2 * self.slots * slot_bytes
        require(
            _PLACE,
            size * room.workers,
            f"the slots of ipc=shared_memory ({in_units(slot_bytes)} x 2 x {self.slots} slots x {room.workers} workers)",
            "a smaller payload, fewer workers or slots, another ipc",
        )
        self.segments = [_make_segment(room.name, size) for _ in range(room.workers)]
        self.rings = [_halves(segment, self.slots) for segment in self.segments]
        self.tasks_ready = [context.Semaphore(0) for _ in range(room.workers)]
        self.answered = [context.Semaphore(0) for _ in range(room.workers)]
        self.answers_ready = context.Semaphore(0)
        self.free = deque(list(range(room.workers)) * self.slots)

    @property
    def ahead(self) -> int:
        """Return the number of slots: an answer uses the slot that its task frees."""
        return self.slots * self.room.workers

    def port(self, worker: int) -> Port:
        """Return the name of the worker's segment and the semaphores."""
        signals = (self.tasks_ready[worker], self.answers_ready, self.answered[worker])
        return RingPort(self.segments[worker].name, self.slots, worker, signals)

    def order(self, worker: int, task: int) -> None:
        """Put an order into the worker's ring."""
        self._leave(worker, task, 0, b"")

    def send(self, task: int, value: int, payload: Any) -> None:
        """Copy a task into the ring of the worker that has been free longest, then wake it."""
        self._leave(self.free[0], task, value, payload)
        self.free.popleft()

    def _leave(self, worker: int, task: int, value: int, payload: Any) -> None:
        self.rings[worker][0].write(task, value, payload)
        self.recorder.mark(SERIALIZE)
        self.tasks_ready[worker].release()
        self.recorder.mark(SEND)

    def receive(self) -> tuple[int, int, Any]:
        """Wait for any worker's answer, then copy it out."""
        self.answers_ready.acquire()
        worker = next(worker for worker, left in enumerate(self.answered) if left.acquire(False))
        self.recorder.mark(WAIT)
        message = self.rings[worker][1].read()
        self.recorder.mark(RECEIVE)
        self.free.append(worker)
        return message

    def close(self) -> None:
        """Detach and remove the segments."""
        for segment, rings in zip(self.segments, self.rings):
            _release(segment, *rings)
            segment.unlink()


def _make_segment(name: str, size: int) -> Segment:
    """Create a segment that only this user may open, named so that leftovers can be traced to their run."""
    segment = Segment(f"{name}-{secrets.token_hex(4)}", create=True, size=size)
    if os.path.isdir(_PLACE):
        allocate(segment._fd, size)  # type: ignore[attr-defined]  # noqa: SLF001  # a race with another program is an error, no SIGBUS
    return segment


def _halves(segment: Segment, slots: int) -> tuple[Ring, Ring]:
    """Return the ring towards the worker and the ring back."""
    memory = memoryview(segment.buf)  # type: ignore[arg-type]  # None only once it is closed
    middle = len(memory) // 2
    middle -= middle % slots
    return Ring(memory[:middle], slots), Ring(memory[middle : 2 * middle], slots)


def _release(segment: Segment, *rings: Ring) -> None:
    for ring in rings:
        ring.release()
    with suppress(BufferError):  # an error in the middle of reading a message holds a view of it
        segment.close()
