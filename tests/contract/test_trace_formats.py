"""Every format of a trace: what is written is found again by a reader of its own."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.traces import FORMATS
from breakeven.analysis.traces._abc import COUNTERS, FLOWS, INSTANTS
from breakeven.analysis.traces.events import Counter, Group, Instant, Process, Sample, Slice, Thread
from breakeven.analysis.traces.nesting import layers
from breakeven.analysis.traces.numbers import Numbers
from tests.examples import at_most
from tests.traces import READERS, End, Found, Lasting, Line, Mark, as_facts

NAMES = st.one_of(
    st.sampled_from(
        ("compute", "send", "", '"', "\\", "\n", "\0", "</script>", "{}", "%s", "ü", "\U0001f40d", "a" * 300)
    ),
    st.text(max_size=8),
)
TIMES = st.one_of(st.integers(0, 12), st.integers(0, 2**52))
FACTS = st.dictionaries(
    NAMES,
    st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        NAMES,
    ),
    max_size=3,
)
IDS = st.one_of(st.integers(-2, 5), st.sampled_from((2**31, 2**40)))


class Lines(NamedTuple):
    """A trace as it is to be written."""

    groups: Sequence[Group]
    processes: Sequence[Process]
    threads: Sequence[Thread]
    counters: Sequence[Counter]
    slices: Sequence[Sequence[Slice]]
    instants: Sequence[Sequence[Instant]]
    samples: Sequence[Sequence[Sample]]


def _slices() -> st.SearchStrategy[list[Slice]]:
    made = st.builds(
        lambda start, length, *about: Slice(start, start + length, *about), TIMES, TIMES, NAMES, NAMES, FACTS
    )
    return st.lists(made, max_size=8)


@st.composite
def traces(draw: st.DrawFn) -> Lines:
    """Draw groups of processes, with threads on which slices touch, nest, cross and last no time, and messages between any two."""
    numbers = Numbers()
    groups = [Group(numbers.event(), draw(NAMES), rank) for rank in range(draw(st.integers(1, 2)))]
    processes = [
        Process(
            numbers.event(),
            group,
            numbers.pid(draw(IDS)),
            draw(NAMES),
            tuple(draw(st.lists(NAMES, max_size=2))),
        )
        for group in groups
        for _ in range(draw(st.integers(1, 2)))
    ]
    threads, slices = list[Thread](), list[list[Slice]]()
    for rank, process in enumerate(processes):
        for layer in layers(draw(_slices())):
            tid = numbers.tid(draw(st.one_of(st.none(), IDS)), process.pid)
            threads.append(Thread(numbers.event(), process, tid, draw(NAMES), rank, draw(st.booleans())))
            slices.append(layer)
    _send(draw, numbers, slices)
    marks = [
        sorted(
            draw(st.lists(st.builds(Instant, TIMES, NAMES, NAMES, FACTS), max_size=3)),
            key=lambda mark: mark.at_ns,
        )
        for _ in threads
    ]
    counters = [Counter(numbers.event(), process, draw(NAMES), draw(NAMES), 9) for process in processes]
    values = st.builds(Sample, TIMES, st.floats(allow_nan=False, allow_infinity=False))
    samples = [sorted(draw(st.lists(values, max_size=3)), key=lambda sample: sample.at_ns) for _ in counters]
    return Lines(groups, processes, threads, counters, slices, marks, samples)


def _send(draw: st.DrawFn, numbers: Numbers, slices: list[list[Slice]]) -> None:
    """Let messages leave and arrive with slices."""
    places = [(line, place) for line, layer in enumerate(slices) for place in range(len(layer))]
    if not places:
        return
    for out, back in draw(st.lists(st.tuples(st.sampled_from(places), st.sampled_from(places)), max_size=4)):
        number = numbers.event()
        one = slices[out[0]][out[1]]
        slices[out[0]][out[1]] = one._replace(departs=(*one.departs, number))
        one = slices[back[0]][back[1]]
        slices[back[0]][back[1]] = one._replace(arrives=(*one.arrives, number))


def _write(name: str, lines: Lines) -> bytes:
    file = io.BytesIO()
    with FORMATS[name](file) as trace:
        for group in lines.groups:
            trace.add_group(group)
        for process in lines.processes:
            trace.add_process(process)
        for thread, slices, instants in zip(lines.threads, lines.slices, lines.instants, strict=True):
            trace.add_thread(thread)
            half = _apart(slices)
            trace.write_slices(thread, slices[:half])
            trace.write_slices(thread, slices[half:])
            trace.write_instants(thread, instants)
        for counter, samples in zip(lines.counters, lines.samples, strict=True):
            trace.add_counter(counter)
            trace.write_samples(counter, samples)
        for thread in lines.threads[::2]:
            trace.finish(thread)
    return file.getvalue()


def _apart(slices: Sequence[Slice]) -> int:
    """Return where the slices of a thread may be handed over in two parts: all before have ended."""
    places = range(1, len(slices))
    apart = [at for at in places if max(one.end_ns for one in slices[:at]) <= slices[at].start_ns]
    return apart[-1] if apart else len(slices)


def _line(name: str, what: Thread | Counter) -> Line:
    """Return where a line is found in a format."""
    process = what.process
    return {
        "perfetto": (process.group.name, what.name),
        "chrome": (process.title, what.name),
        "speedscope": ("", f"{what.name} ({process.title})"),
    }[name]


def _expected(name: str, lines: Lines) -> Found:
    """Return what a reader must find: all that the format has a place for."""
    found, lacks = Found(), FORMATS[name].LACKS
    for thread, slices, instants in zip(lines.threads, lines.slices, lines.instants, strict=True):
        line = _line(name, thread)
        for place, one in enumerate(slices):
            about = ("", frozenset[Any]()) if name == "speedscope" else (one.category, as_facts(one.facts))
            around = sum(
                other.end_ns >= one.end_ns and other.end_ns > one.start_ns for other in slices[:place]
            )
            found.slices[line][Lasting(one.start_ns, one.end_ns, one.name, about[0], around, about[1])] += 1
            if FLOWS not in lacks:
                end = End(line, one.start_ns, one.name)
                found.departures.update(dict.fromkeys(one.departs, end))
                found.arrivals.update(dict.fromkeys(one.arrives, end))
        for mark in instants if INSTANTS not in lacks else ():
            found.marks[line][Mark(mark.at_ns, mark.name, mark.category, as_facts(mark.facts))] += 1
    for counter, samples in zip(lines.counters, lines.samples, strict=True):
        for sample in samples if COUNTERS not in lacks else ():
            found.samples[_line(name, counter), counter.unit][sample.at_ns, sample.value] += 1
    return found


@pytest.mark.parametrize("name", FORMATS)
@at_most(60)
@given(lines=traces())
def test_what_is_written_is_read_again(name: str, lines: Lines) -> None:
    """Slices with names, times, depth and facts; marks; values; both ends of each message."""
    assert READERS[name](_write(name, lines)) == _expected(name, lines)


@pytest.mark.parametrize("name", FORMATS)
def test_a_trace_without_events_can_be_read(name: str) -> None:
    """It is whole, and holds nothing."""
    assert READERS[name](_write(name, Lines([], [], [], [], [], [], []))) == Found()


@given(spans=st.lists(st.tuples(TIMES, TIMES), max_size=12))
def test_layers_hold_all_and_cross_nowhere(spans: list[tuple[int, int]]) -> None:
    """What follows one another or nests stays in one layer."""
    slices = [Slice(start, start + length, str(place)) for place, (start, length) in enumerate(spans)]
    found = layers(slices)
    assert sorted(one.name for layer in found for one in layer) == sorted(one.name for one in slices)
    for layer in found:
        assert layer == sorted(layer, key=lambda one: (one.start_ns, -one.end_ns))
        assert not any(_cross(one, other) for one in layer for other in layer)
    if not any(_cross(one, other) for one in slices for other in slices):
        assert len(found) <= 1


def _cross(one: Slice, other: Slice) -> bool:
    return one.start_ns < other.start_ns < one.end_ns < other.end_ns


@given(asked=st.lists(st.tuples(IDS, st.lists(st.one_of(st.none(), IDS), max_size=4)), max_size=4))
def test_no_two_have_one_id(asked: list[tuple[int, list[int | None]]]) -> None:
    """Whatever the system called them: only a main thread has the id of its process."""
    numbers = Numbers()
    taken = dict[int, str]()
    for pid, tids in asked:
        own = numbers.pid(pid)
        assert own not in taken
        taken[own] = "process"
        for tid in tids:
            found = numbers.tid(tid, own)
            assert 0 < found < 2**31
            assert found not in taken or (found == own and taken[own] == "process")
            taken[found] = "thread"
