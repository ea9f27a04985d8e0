"""Lines between workers through slots of shared memory.

Each receiver has memory of its own, with a line from each sender.

Nothing comes back, so a sender knows by itself which slot is free: it has no more messages under way than there are
slots, and a receiver reads those of a line in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from ..phases import RECEIVE, SEND, SERIALIZE, WAIT
from ..trace import Recorder
from ._abc import Port
from ._lines import Lines, Outlet, Spread
from ._ring import COPY, NONE, touch
from ._sync import attach_bells

if TYPE_CHECKING:
    from ._slots import SlotChannel

Message = tuple[int, int, Any]


class _Attached(Port):
    """What attaches to the memory of one receiver, whose bells it rings or waits for."""

    def __init__(self, channel: SlotChannel, senders: Sequence[int]) -> None:
        self.senders = senders
        self.count = channel.slots
        self.kind = channel.SLOTS
        self.access = channel.access
        self.tasks = [copy(channel.tasks[sender]) for sender in senders]
        self.answers = copy(channel.answers)
        self.memory = copy(channel.memory)

    def open(self, recorder: Recorder, arrival: int) -> None:
        """Attach to the memory and map all pages of it."""
        super().open(recorder, arrival)
        parts = self.memory.attach()
        attach_bells(parts[0], self.senders, self.tasks, self.answers)
        self.halves = {sender: self.memory.half(sender, 1, self.kind, self.count) for sender in self.senders}
        for memory in parts:
            touch(memory)

    def close(self) -> None:
        """Detach."""
        for bells in (*self.tasks, self.answers):
            bells.detach()
        for half in self.halves.values():
            half.release()
        self.memory.detach()


class _From(_Attached):
    """A sender's end of one line: a message takes the slots in turn."""

    turn = 0

    def receive(self) -> Any:
        """Raise NotImplementedError: nothing comes back."""
        raise NotImplementedError("a sender's end receives nothing")

    def send(self, task: int, value: int, payload: Any) -> None:
        """Copy a message in, then wake the receiver."""
        (sender,) = self.senders
        line, slots = self.halves[sender]
        kind, length = slots.write(self.turn, payload)
        line.put((task, value, self.turn, kind, length, NONE))
        self.turn = (self.turn + 1) % self.count
        self.recorder.mark(SERIALIZE)
        self.answers.ring(sender)
        self.recorder.mark(SEND)


class _To(_Attached):
    """A receiver's end of its lines."""

    lent: Sequence[memoryview] = ()

    def receive(self) -> Message:
        """Wait for a message of any sender; copy its payload out, or lend it until the next one."""
        for view in self.lent:
            view.release()
        self.lent = ()
        line, slots = self.halves[self.answers.wait()]
        self.recorder.mark(WAIT)
        task, value, slot, kind, length, _ = line.take()
        if self.access == COPY or not length:
            payload: Any = slots.read(slot, kind, length)
        else:
            payload, self.lent = slots.lend(slot, kind, length)
        self.recorder.mark(RECEIVE)
        return task, value, payload

    def send(self, task: int, value: int, payload: Any) -> None:
        """Raise NotImplementedError: nothing goes back."""
        raise NotImplementedError("a receiver's end sends nothing")


class SlotLines(Lines):
    """``made`` are the channels of the receivers, of which the senders are the workers."""

    def __init__(self, made: Sequence[SlotChannel]) -> None:
        self._made = made
        self.ahead = made[0].slots

    def outlet(self, producer: int) -> Outlet:
        """Return an end that attaches to the memory of every receiver."""
        return Spread([_From(channel, [producer]) for channel in self._made])

    def inlet(self, consumer: int) -> Port:
        """Return an end that attaches to the memory of one receiver."""
        channel = self._made[consumer]
        return _To(channel, range(channel.room.workers))

    def close(self) -> None:
        """Remove all memory."""
        for channel in self._made:
            channel.close()
