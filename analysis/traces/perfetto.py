"""Perfetto's own format: a stream of packets, in which each text stands once and is then named by a number.

A run is a track of its own with its lines below it, in order: the tracks of processes and threads are sorted by
Perfetto itself, by how much happens on them, and those of one run would be far apart. Processes and threads are
described as well, for queries.

Fields are those of Perfetto's `protos/perfetto/trace`. These are 40 of its 2000, so its package is not needed to write
them; the tests read them with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, ClassVar

from breakeven.analysis.traces._abc import Format
from breakeven.analysis.traces.events import (
    Counter,
    Facts,
    Group,
    Instant,
    Process,
    Sample,
    Slice,
    Thread,
    Value,
)
from breakeven.analysis.traces.nesting import edges
from breakeven.analysis.traces.wire import double, fixed, integer, message, text

_FOR_QUERIES = 2**62
"""Added to the number of a thread: the track that describes it, on which nothing happens."""


_PACKET = 1
"""The only field of `Trace` that is needed."""


class _Packet:
    """Fields of `TracePacket`, and the bits of its `sequence_flags`."""

    TIMESTAMP, SEQUENCE, EVENT, INTERNED, FLAGS, TRACK = 8, 10, 11, 12, 13, 60
    CLEARED, NEEDED = 1, 2


class _Track:
    """Fields of `TrackDescriptor`, and its choice of `ChildTracksOrdering`."""

    UUID, NAME, PROCESS, THREAD, PARENT, COUNTER, ORDERING, RANK, DESCRIPTION = 1, 2, 3, 4, 5, 8, 11, 12, 14
    EXPLICIT = 3


class _Process:
    """Fields of `ProcessDescriptor`."""

    PID, NAME, LABELS = 1, 6, 8


class _Thread:
    """Fields of `ThreadDescriptor`."""

    PID, TID, NAME = 1, 2, 5


class _Counter:
    """Fields of `CounterDescriptor`; counters of one group with the same key have the same axis."""

    UNIT_NAME, AXIS_KEY = 6, 7


class _Event:
    """Fields of `TrackEvent`, and its types."""

    CATEGORY_IIDS, FACTS, TYPE, NAME_IID, TRACK, VALUE, FLOWS, ENDING_FLOWS = 3, 4, 9, 10, 11, 44, 47, 48
    BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4


class _Fact:
    """Fields of `DebugAnnotation`."""

    NAME_IID, BOOL, INT, DOUBLE, TEXT_IID = 1, 2, 4, 5, 17


class _Interned:
    """Fields of `InternedData`, and those of a text within them."""

    CATEGORIES, NAMES, FACTS, TEXTS = 1, 2, 3, 29
    IID, TEXT = 1, 2


_EVENTS, _APART = integer(_Packet.SEQUENCE, 1), integer(_Packet.SEQUENCE, 2)
"""The two sequences of packets."""


class Perfetto(Format):
    """Packets of one sequence. A text is sent along with the first packet that names it."""

    SUFFIX: ClassVar[str] = ".pftrace"
    OPEN: ClassVar[str] = (
        "open https://ui.perfetto.dev and drop the file on it; it does not leave your browser"
    )

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._known: dict[tuple[int, str], bytes] = {}
        self._new: list[bytes] = []
        self._put(integer(_Packet.FLAGS, _Packet.CLEARED))
        self._describe(0, integer(_Track.ORDERING, _Track.EXPLICIT))

    def add_group(self, group: Group) -> None:
        """Describe a track for the group."""
        ordered = integer(_Track.ORDERING, _Track.EXPLICIT)
        self._describe(group.number, text(_Track.NAME, group.name), integer(_Track.RANK, group.rank), ordered)

    def add_process(self, process: Process) -> None:
        """Describe a process."""
        labels = (text(_Process.LABELS, label) for label in process.labels)
        about = (integer(_Process.PID, process.pid), text(_Process.NAME, process.title), *labels)
        self._describe_apart(process.number, message(_Track.PROCESS, *about))

    def add_thread(self, thread: Thread) -> None:
        """Describe a track for a thread, and the thread itself."""
        if not thread.native:
            self._add(thread)
            return
        pid = thread.process.pid
        about = (integer(_Thread.PID, pid), integer(_Thread.TID, thread.tid), text(_Thread.NAME, thread.name))
        self._describe_apart(thread.number + _FOR_QUERIES, message(_Track.THREAD, *about))
        where = ", ".join((f"process {pid}", f"thread {thread.tid}", *thread.process.labels))
        self._add(thread, text(_Track.DESCRIPTION, where))

    def add_counter(self, counter: Counter) -> None:
        """Describe a track for a counter."""
        about = (text(_Counter.UNIT_NAME, counter.unit), text(_Counter.AXIS_KEY, counter.unit))
        self._add(counter, message(_Track.COUNTER, *about))

    def write_slices(self, thread: Thread, slices: Iterable[Slice]) -> None:
        """Write a packet for each beginning and each end."""
        track = integer(_Event.TRACK, thread.number)
        begins = integer(_Event.TYPE, _Event.BEGIN) + track
        ends = message(_Packet.EVENT, integer(_Event.TYPE, _Event.END), track)
        for edge in edges(slices):
            self._put_event(edge.at_ns, self._begun(begins, edge.slice) if edge.begins else ends)

    def write_instants(self, thread: Thread, instants: Iterable[Instant]) -> None:
        """Write a packet for each mark."""
        head = integer(_Event.TYPE, _Event.INSTANT) + integer(_Event.TRACK, thread.number)
        for one in instants:
            about = (self._named(one.name, one.category), *self._facts(one.facts))
            self._put_event(one.at_ns, message(_Packet.EVENT, head, *about))

    def write_samples(self, counter: Counter, samples: Iterable[Sample]) -> None:
        """Write a packet for each value."""
        head = integer(_Event.TYPE, _Event.COUNTER) + integer(_Event.TRACK, counter.number)
        for at_ns, value in samples:
            self._put_event(at_ns, message(_Packet.EVENT, head, double(_Event.VALUE, value)))

    def end(self) -> None:
        """Do nothing: a trace ends with its last packet."""

    def _begun(self, head: bytes, one: Slice) -> bytes:
        flows = [fixed(_Event.FLOWS, number) for number in one.departs]
        flows += [fixed(_Event.ENDING_FLOWS, number) for number in one.arrives]
        about = (self._named(one.name, one.category), *self._facts(one.facts), *flows)
        return message(_Packet.EVENT, head, *about)

    def _named(self, name: str, category: str) -> bytes:
        named = self._text(_Event.NAME_IID, _Interned.NAMES, name)
        return named + self._text(_Event.CATEGORY_IIDS, _Interned.CATEGORIES, category) if category else named

    def _facts(self, facts: Facts) -> Iterator[bytes]:
        for name, value in facts.items():
            named = self._text(_Fact.NAME_IID, _Interned.FACTS, name)
            yield message(_Event.FACTS, named, self._value(value))

    def _value(self, value: Value) -> bytes:
        if isinstance(value, bool):
            return integer(_Fact.BOOL, value)
        if isinstance(value, int):
            return integer(_Fact.INT, value)
        if isinstance(value, float):
            return double(_Fact.DOUBLE, value)
        return self._text(_Fact.TEXT_IID, _Interned.TEXTS, value)

    def _text(self, field: int, kind: int, content: str) -> bytes:
        """Return a field that names a text by its number, and keep a new text for the next packet."""
        found = self._known.get((kind, content))
        if found is None:
            number = len(self._known) + 1
            found = self._known[kind, content] = integer(field, number)
            self._new.append(message(kind, integer(_Interned.IID, number), text(_Interned.TEXT, content)))
        return found

    def _add(self, line: Thread | Counter, *about: bytes) -> None:
        place = (integer(_Track.PARENT, line.process.group.number), integer(_Track.RANK, line.rank))
        self._describe(line.number, text(_Track.NAME, line.name), *about, *place)

    def _describe(self, number: int, *fields: bytes) -> None:
        self._put(message(_Packet.TRACK, integer(_Track.UUID, number), *fields))

    def _describe_apart(self, number: int, *fields: bytes) -> None:
        """Describe a track in a sequence of its own: that of the events would else be taken for the thread's."""
        self._put(message(_Packet.TRACK, integer(_Track.UUID, number), *fields), sequence=_APART)

    def _put_event(self, at_ns: int, event: bytes) -> None:
        """Write an event after the texts that it names first."""
        news = message(_Packet.INTERNED, *self._new) if self._new else b""
        self._new.clear()
        self._put(integer(_Packet.TIMESTAMP, at_ns), integer(_Packet.FLAGS, _Packet.NEEDED), news, event)

    def _put(self, *fields: bytes, sequence: bytes = _EVENTS) -> None:
        self.file.write(message(_PACKET, sequence, *fields))
