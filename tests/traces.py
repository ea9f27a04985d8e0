"""Readers of traces that share nothing with what writes them: what lies on which line, arrow by arrow."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as pb

Facts = frozenset[tuple[str, Any]]
Line = tuple[str, str]
"""What it lies in, and its name."""

FEW = (
    "tasks=6",
    "task=200us",
    "rounds=1",
    "measure.max_time=300ms",
    "measure.max_trials=3",
    "progress=quiet",
)
"""Knobs of a sweep that is over soon."""


class Lasting(NamedTuple):
    """A slice as a reader finds it; ``depth`` is how many are around it."""

    start_ns: int
    end_ns: int
    name: str
    category: str
    depth: int
    facts: Facts


class Mark(NamedTuple):
    """An instant."""

    at_ns: int
    name: str
    category: str
    facts: Facts


class End(NamedTuple):
    """One end of a message: the slice that it is bound to."""

    line: Line
    start_ns: int
    name: str


@dataclass
class Found:
    """All that a trace holds, by line. Two lines of one name are one here."""

    slices: dict[Line, Counter[Lasting]] = field(default_factory=lambda: defaultdict(Counter))
    marks: dict[Line, Counter[Mark]] = field(default_factory=lambda: defaultdict(Counter))
    samples: dict[tuple[Line, str], Counter[tuple[int, float]]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    departures: dict[int, End] = field(default_factory=dict)
    arrivals: dict[int, End] = field(default_factory=dict)


def as_facts(known: Mapping[str, Any]) -> Facts:
    """Return facts so that True is not 1, nor 1 the same as 1.0."""
    return frozenset((name, (type(value).__name__, value)) for name, value in known.items())


class _Sequence(NamedTuple):
    """The texts that a sequence of packets has named so far."""

    names: dict[int, str]
    categories: dict[int, str]
    facts: dict[int, str]
    texts: dict[int, str]


def read_perfetto(data: bytes) -> Found:
    """Read a trace with the messages that Perfetto publishes."""
    return _PerfettoReader().read(data)


class _PerfettoReader:
    def __init__(self) -> None:
        self.found = Found()
        self.tracks: dict[int, Any] = {}
        self.known: dict[int, _Sequence] = {}
        self.open: dict[int, list[tuple[int, Any, str, str, Facts]]] = defaultdict(list)
        self.now: dict[int, int] = {}

    def read(self, data: bytes) -> Found:
        for packet in pb.Trace.FromString(data).packet:
            assert packet.trusted_packet_sequence_id
            if packet.HasField("track_descriptor"):
                assert packet.track_descriptor.uuid not in self.tracks
                self.tracks[packet.track_descriptor.uuid] = packet.track_descriptor
            elif packet.HasField("track_event"):
                self._read_event(packet, self._learn(packet))
            else:
                assert packet.sequence_flags == pb.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
                self.known[packet.trusted_packet_sequence_id] = _Sequence({}, {}, {}, {})
        assert not any(self.open.values())
        self._check_ids()
        return self.found

    def _learn(self, packet: Any) -> _Sequence:
        assert packet.sequence_flags == pb.TracePacket.SEQ_NEEDS_INCREMENTAL_STATE
        known = self.known[packet.trusted_packet_sequence_id]
        new = packet.interned_data
        known.names.update({one.iid: one.name for one in new.event_names})
        known.categories.update({one.iid: one.name for one in new.event_categories})
        known.facts.update({one.iid: one.name for one in new.debug_annotation_names})
        known.texts.update({one.iid: one.str.decode() for one in new.debug_annotation_string_values})
        return known

    def _read_event(self, packet: Any, known: _Sequence) -> None:
        event, at_ns = packet.track_event, packet.timestamp
        track = self.tracks[event.track_uuid]
        line = (self.tracks[track.parent_uuid].name, track.name)
        if event.type == pb.TrackEvent.TYPE_COUNTER:
            self.found.samples[line, track.counter.unit_name][at_ns, event.double_counter_value] += 1
            return
        if event.type == pb.TrackEvent.TYPE_INSTANT:
            name, category, facts = self._about(event, known)
            self.found.marks[line][Mark(at_ns, name, category, facts)] += 1
            return
        assert self.now.get(track.uuid, 0) <= at_ns
        self.now[track.uuid] = at_ns
        around = self.open[track.uuid]
        if event.type == pb.TrackEvent.TYPE_SLICE_BEGIN:
            name, category, facts = self._about(event, known)
            around.append((at_ns, line, name, category, facts))
            self.found.departures.update({one: End(line, at_ns, name) for one in event.flow_ids})
            self.found.arrivals.update({one: End(line, at_ns, name) for one in event.terminating_flow_ids})
        else:
            assert event.type == pb.TrackEvent.TYPE_SLICE_END
            start, _, name, category, facts = around.pop()
            self.found.slices[line][Lasting(start, at_ns, name, category, len(around), facts)] += 1

    def _about(self, event: Any, known: _Sequence) -> tuple[str, str, Facts]:
        category = known.categories[event.category_iids[0]] if event.category_iids else ""
        facts = {known.facts[one.name_iid]: self._value(one, known) for one in event.debug_annotations}
        return known.names[event.name_iid], category, as_facts(facts)

    def _value(self, annotation: Any, known: _Sequence) -> Any:
        which = annotation.WhichOneof("value")
        value = getattr(annotation, which)
        return known.texts[value] if which == "string_value_iid" else value

    def _check_ids(self) -> None:
        """Check that no two processes, nor two threads, have one id, and that each thread is in a process."""
        pids = [track.process.pid for track in self.tracks.values() if track.HasField("process")]
        threads = [track.thread for track in self.tracks.values() if track.HasField("thread")]
        tids = [thread.tid for thread in threads]
        assert len(set(pids)) == len(pids)
        assert len(set(tids)) == len(tids)
        assert {thread.pid for thread in threads} <= set(pids)


def read_chrome(data: bytes) -> Found:
    """Read a trace by the rules of the Trace Event Format, its times without loss."""
    found = Found()
    events = json.loads(data, parse_float=Decimal)["traceEvents"]
    about: dict[tuple[str, int, int], str] = {}
    for one in events:
        if one["ph"] == "M":
            place = (one["name"], one["pid"], one["tid"])
            assert place not in about
            about[place] = next(iter(one["args"].values()))
    last: dict[tuple[int, int], tuple[End, int]] = {}
    around: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for one in events:
        if one["ph"] == "M":
            continue
        at_ns, title = _ns(one["ts"]), about["process_name", one["pid"], one["pid"]]
        facts = as_facts({name: _plain(value) for name, value in one.get("args", {}).items()})
        if one["ph"] == "C":
            ((unit, value),) = one["args"].items()
            found.samples[(title, one["name"]), unit][at_ns, float(value)] += 1
            continue
        thread = (one["pid"], one["tid"])
        line = (title, about["thread_name", *thread])
        if one["ph"] == "X":
            end_ns = at_ns + _ns(one["dur"])
            stack = around[thread]
            while stack and stack[-1][1] <= at_ns:
                stack.pop()
            assert not stack or (stack[-1][0] <= at_ns and end_ns <= stack[-1][1])
            found.slices[line][
                Lasting(at_ns, end_ns, one["name"], one.get("cat", ""), len(stack), facts)
            ] += 1
            stack.append((at_ns, end_ns))
            last[thread] = (End(line, at_ns, one["name"]), at_ns)
        elif one["ph"] == "i":
            found.marks[line][Mark(at_ns, one["name"], one.get("cat", ""), facts)] += 1
        else:
            bound, start_ns = last[thread]
            assert start_ns == at_ns
            ends = {"s": found.departures, "f": found.arrivals}[one["ph"]]
            assert one["id"] not in ends
            assert one["ph"] == "s" or one["bp"] == "e"
            ends[one["id"]] = bound
    return found


def _ns(us: Decimal | int) -> int:
    ns = Decimal(us) * 1000
    assert ns == int(ns)
    return int(ns)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def read_speedscope(data: bytes) -> Found:
    """Read a file by the rules of speedscope's specification of evented profiles."""
    found = Found()
    whole = json.loads(data)
    assert whole["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = [frame["name"] for frame in whole["shared"]["frames"]]
    assert len(set(frames)) == len(frames)
    for profile in whole["profiles"]:
        assert (profile["type"], profile["unit"]) == ("evented", "nanoseconds")
        line = ("", profile["name"])
        now, around = profile["startValue"], list[tuple[int, int]]()
        for event in profile["events"]:
            assert now <= event["at"] <= profile["endValue"]
            now = event["at"]
            if event["type"] == "O":
                around.append((event["frame"], now))
            else:
                frame, start = around.pop()
                assert (event["type"], event["frame"]) == ("C", frame)
                found.slices[line][Lasting(start, now, frames[frame], "", len(around), frozenset())] += 1
        assert not around
    return found


READERS: dict[str, Callable[[bytes], Found]] = {
    "perfetto": read_perfetto,
    "chrome": read_chrome,
    "speedscope": read_speedscope,
}
"""A reader of each format; one that is registered and not here fails its tests."""


def lasting(found: Found) -> Iterable[Lasting]:
    """Yield all slices, as often as they are there."""
    for line in found.slices.values():
        yield from line.elements()
