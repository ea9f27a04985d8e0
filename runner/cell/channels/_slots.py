"""Both ends of a channel through slots of shared memory.

`_ring` says what lies there, `_sync` how a reader is woken.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from copy import copy
from typing import Any, ClassVar, Optional

from ..errors import InputsUnusable, plural
from ..member import Lack
from ..phases import RECEIVE, SEND, SERIALIZE, WAIT
from ..space import in_units, require
from ..spaces import BY_HANDLE
from ._abc import FAILED, Channel, Port, Room
from ._lines import Lines
from ._memory import Memory, in_pages
from ._ring import BYTES, COPY, NONE, OBJECT, RESIDENT, SAME, Free, Header, Line, Slots, touch
from ._slot_lines import SlotLines
from ._sync import CHOICES, KINDS, Bells, attach_bells, lack_of, size_of

VIEW, IN_PLACE = "view", "resident"
_RESIDENT = -9  # the task number with which the parent says where the resident payloads are
_ALL = -2  # the number of all resident payloads, as a list
_KEPT = (
    "the function keeps its payload, which ipc.access={} lends to it for one call: keep a copy, such as bytes(payload), or "
    "choose ipc.access=copy"
)
_MARGIN_BYTES = 8192  # for orders, tracebacks and the envelope of an object


class SlotPort(Port):
    """The worker's end."""

    def __init__(self, worker: int, channel: SlotChannel) -> None:
        self.worker = worker
        self.count = channel.slots
        self.access = channel.access
        self.lends = self.access != COPY
        self.kind = channel.SLOTS
        self.tasks, self.answers = copy(channel.tasks[worker]), copy(channel.answers)
        self.memory = copy(channel.memory)
        self.resident: Optional[Memory] = None
        self.residents: list[memoryview] = []

    def open(self, recorder: Any, arrival: int) -> None:
        """Attach to the memory and map all pages of it."""
        super().open(recorder, arrival)
        parts = self.memory.attach()
        attach_bells(parts[0], [self.worker], [self.tasks], self.answers)
        self.inbox, self.outbox = (
            self.memory.half(self.worker, way, self.kind, self.count) for way in (0, 1)
        )
        for memory in parts:
            touch(memory)
        self.held: Any = None  # what the task was handed that lies in the memory
        self.lent: Sequence[memoryview] = ()  # the views of a slot in it
        self.number = NONE  # of it, if it is resident
        self.slot = 0
        self.kept = False

    def receive(self) -> tuple[int, int, Any]:
        """Wait for a message; copy its payload out, or return a view of it. Report it if a task kept the last one."""
        self._release()
        self.tasks.wait()
        self.recorder.mark(WAIT)
        task, value, self.slot, kind, length, number = self.inbox.line.take()
        self.length = length
        if task == _RESIDENT:
            self._attach_residents(length)
            return self.receive()
        if self.kept and task >= 0:
            return FAILED, task, _KEPT.format(self.access)
        payload = self._payload(kind, length, number)
        self.recorder.mark(RECEIVE)
        return task, value, payload

    def _payload(self, kind: int, length: int, number: int) -> Any:
        self.number = number
        if number == _ALL:
            self.held = self.residents
        elif kind == RESIDENT:
            self.held = self.residents[number]
        elif self.access == COPY or not length:
            return self.inbox.slots.read(self.slot, kind, length)
        else:
            self.held, self.lent = self.inbox.slots.lend(self.slot, kind, length)
        return self.held

    def send(self, task: int, value: int, payload: Any) -> None:
        """Copy the answer in, unless it is the payload that is there already; then wake the parent."""
        kind, length, number = SAME, 0, NONE
        if type(payload) is not memoryview or payload is not self.held:
            kind, length = self.outbox.slots.write(self.slot, payload)
        elif self.number != NONE:
            kind, number = RESIDENT, self.number
        else:
            length = self.length
        self.outbox.line.put((task, value, self.slot, kind, length, number))
        self.recorder.mark(SERIALIZE)
        self.answers.ring(self.worker)
        self.recorder.mark(SEND)

    def _release(self) -> None:
        """Release the views of a slot, which the next message will overwrite."""
        self.held, lent, self.lent = None, self.lent, ()
        if lent and not all(map(_is_released, lent)):  # an array, for example, still has it
            gc.collect()
            self.kept = not all(map(_is_released, lent))

    def _attach_residents(self, length: int) -> None:
        """Map the payloads that all tasks take, and confirm."""
        resident: Memory = self.inbox.slots.read(self.slot, OBJECT, length)
        self.resident = resident
        self.residents = [part.toreadonly() for part in resident.attach()]
        for part in self.residents:
            touch(part)
        self.send(_RESIDENT, 0, b"")

    def close(self) -> None:
        """Detach."""
        self._release()
        self.tasks.detach()
        self.answers.detach()
        self.inbox.release()
        self.outbox.release()
        self.memory.detach()
        if self.resident is not None:
            self.residents = []
            self.resident.detach()


def _is_released(view: memoryview) -> bool:
    try:
        view.release()
    except BufferError:
        return False
    return True


class SlotChannel(Channel):
    """The parent's end. ``slots`` is how many messages may be in flight to one worker."""

    JOINS = BY_HANDLE
    OPTIONS: ClassVar[dict[str, str]] = {"slots": "count", "sync": CHOICES}
    DEFAULTS: ClassVar[dict[str, Any]] = {"sync": "semaphore"}
    ALWAYS_PICKLES = True
    PLAIN_BYTES = True
    BETWEEN = True
    NAME: ClassVar[str]
    MEMORY: ClassVar[type[Memory]]
    SLOTS: ClassVar[type[Slots]] = Slots
    ACCESS = COPY  # where it is no option
    resident: Optional[Memory] = None

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        super().__init__(context, room, options)
        self.slots = int(options["slots"])
        self.access = options.get("access", self.ACCESS)
        bells = KINDS[options.get("sync", "semaphore")]
        slot_bytes = in_pages(room.message_bytes + _MARGIN_BYTES)
        self._require(slot_bytes, room)
        one_way = (Line.size(self.slots), self.slots * slot_bytes)
        counters = size_of(room.workers) + room.workers * size_of(1)
        self.memory = self.MEMORY(context, room, (counters, *one_way * 2 * room.workers))
        parts = self.memory.attach()
        self.tasks = [bells(context, 1) for _ in range(room.workers)]
        self.answers: Bells = bells(context, room.workers)
        attach_bells(parts[0], range(room.workers), self.tasks, self.answers)
        self.there, self.back = (
            [self.memory.half(worker, way, self.SLOTS, self.slots) for worker in range(room.workers)]
            for way in (0, 1)
        )
        for memory in parts:
            touch(memory)
        self.free = Free(room.workers, self.slots)
        self.numbers: dict[int, int] = {}  # of resident payloads, by what they are
        self.residents: list[memoryview] = []

    def _require(self, slot_bytes: int, room: Room) -> None:
        require(
            self.MEMORY.place(room),
            2 * self.slots * slot_bytes * room.workers,
            f"the slots of ipc={self.NAME} ({in_units(slot_bytes)} x 2 x {self.slots} slots x {plural(room.workers, 'worker')})",
            "a smaller payload, fewer workers or slots, another ipc",
        )

    @classmethod
    def lacks(cls, options: dict[str, Any]) -> Optional[Lack]:
        """Return what is lacking for the way to wake a reader."""
        return lack_of(options.get("sync", "semaphore")) or super().lacks(options)

    @classmethod
    def refuses_payload(cls, options: dict[str, Any], *, there: bool) -> Optional[str]:
        """Return why nothing can be resident; None if there is something, or nothing need be."""
        if there or options.get("access") != IN_PLACE:
            return None
        return (
            "ipc.access=resident needs a payload that lies in shared memory; choose one, such as payload=1MiB"
        )

    @property
    def ahead(self) -> int:
        """Return the number of slots: an answer uses the slot beside its task's."""
        return self.slots * self.room.workers

    def port(self, worker: int) -> Port:
        """Return what attaches to the memory."""
        return SlotPort(worker, self)

    @classmethod
    def refuses_between(cls, options: dict[str, Any]) -> Optional[str]:
        """Return why workers cannot send to each other: what is resident is the parent's."""
        if options.get("access") == IN_PLACE:
            return "with ipc.access=resident has nothing but what the parent sends (choose ipc.access=copy)"
        return super().refuses_between(options)

    def lines(self, producers: int, consumers: int, message_bytes: int) -> Lines:
        """Return memory for each consumer, with slots for each producer."""
        room = self.room._replace(workers=producers, message_bytes=message_bytes)
        return SlotLines([type(self)(self.context, room, self.options) for _ in range(consumers)])

    def prepare(self, payloads: Optional[Sequence[Any]]) -> None:
        """Refuse payloads that cannot be seen in place, and move resident ones into memory of their own."""
        if self.access == self.ACCESS:
            return
        for payload in payloads or [None]:
            self._refuse_object(payload)
        if self.access == IN_PLACE and payloads:
            self._place(payloads)

    def _refuse_object(self, payload: Any) -> None:
        if type(payload) is not bytes:
            raise InputsUnusable(
                f"ipc.access={self.access} shows a worker its payload where it lies, so it must be bytes, "
                f"not {type(payload).__name__}; choose ipc.access=copy or ipc=pickle5"
            )

    def _place(self, payloads: Sequence[Any]) -> None:
        """Copy all payloads into memory that every worker maps, before any trial."""
        sizes = [len(payload) for payload in payloads]
        what = f"the resident payloads of ipc={self.NAME}"
        require(
            self.MEMORY.place(self.room), sum(map(in_pages, sizes)), what, "a smaller payload, fewer inputs"
        )
        self.resident = self.MEMORY(self.context, self.room, sizes)
        for number, (part, payload) in enumerate(zip(self.resident.attach(), payloads)):
            part[:] = payload
            self.numbers[id(payload)] = number
            self.residents.append(part.toreadonly())
        self.numbers[id(payloads)] = _ALL
        self.lasting = payloads  # so that no other object gets the identity of one of them
        for worker in range(self.room.workers):
            kind, length = self.there[worker].slots.write(0, self.resident)
            self._leave(worker, (_RESIDENT, 0, 0, kind, length, NONE))
        for _ in range(self.room.workers):
            self.back[self.answers.wait()].line.take()

    def order(self, worker: int, task: int) -> None:
        """Send an order, which takes no slot."""
        self._leave(worker, (task, 0, 0, BYTES, 0, NONE))

    def send(self, task: int, value: int, payload: Any) -> None:
        """Copy a task into a slot of the worker, or name a resident payload; then wake the worker.

        The slot is the one that has been free longest.
        """
        worker, slot = self.free.next()
        number = self.numbers.get(id(payload), NONE)
        kind, length = RESIDENT, 0
        if number == NONE:
            if self.access != self.ACCESS and task >= 0:
                self._refuse_object(payload)
            kind, length = self.there[worker].slots.write(slot, payload)
        self.free.take()
        self._leave(worker, (task, value, slot, kind, length, number))

    def _leave(self, worker: int, header: Header) -> None:
        self.there[worker].line.put(header)
        self.recorder.mark(SERIALIZE)
        self.tasks[worker].ring(0)
        self.recorder.mark(SEND)

    def receive(self) -> tuple[int, int, Any]:
        """Wait for any worker's answer, then copy it out; one that is resident stays where it is."""
        worker = self.answers.wait()
        self.recorder.mark(WAIT)
        task, value, slot, kind, length, number = self.back[worker].line.take()
        if kind == RESIDENT:
            payload: Any = self.residents if number == _ALL else self.residents[number]
        elif kind == SAME:
            payload = self.there[worker].slots.read(slot, self.there[worker].slots.PLAIN, length)
        else:
            payload = self.back[worker].slots.read(slot, kind, length)
        self.recorder.mark(RECEIVE)
        self.free.put(worker, slot)
        return task, value, payload

    def close(self) -> None:
        """Detach and remove all memory."""
        for bells in (*self.tasks, self.answers):
            bells.detach()
            bells.close()
        for one in (*self.there, *self.back):
            one.release()
        self.residents = []
        for memory in (self.memory, self.resident):
            if memory is not None:
                memory.detach()
                memory.remove()
