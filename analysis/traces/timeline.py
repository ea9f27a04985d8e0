"""One run as events.

Its trials and what disturbed them, the phases of its workers, their messages, and who had a CPU.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from breakeven.analysis.traces._abc import Format
from breakeven.analysis.traces.cpus import share_on_cpu
from breakeven.analysis.traces.events import Instant, Sample, Slice
from breakeven.analysis.traces.facts import DISTURBANCE, RUN, TRIAL, WORKER, facts_of, facts_of_phase
from breakeven.analysis.traces.lines import Lines
from breakeven.analysis.traces.messages import arrows
from breakeven.analysis.traces.nesting import layers
from breakeven.analysis.traces.numbers import Numbers
from breakeven.analysis.traces.recorded import LIFETIMES, PARENT, Row, Span


@dataclass(frozen=True)
class Recorded:
    """What is stored of a run.

    Its row of ``runs``, those of ``trials`` and, by worker, ``workers``; its spans, trial by trial.

    It lasted from ``began_ns`` to ``ended_ns`` on its host's clock, to which ``shift_ns`` is added.
    """

    name: str
    run: Row
    trials: Sequence[Row]
    workers: Mapping[int, Row]
    spans: Iterable[list[Span]]
    began_ns: int
    ended_ns: int
    shift_ns: int


@dataclass
class Counts:
    """What was written: ``arrows`` are messages; ``unplaced`` are phases whose time is not known."""

    runs: int = 0
    phases: int = 0
    arrows: int = 0
    unplaced: int = 0


class _Placed(NamedTuple):
    """A span by its place in its trial: its slice is made when it is written, so that few are there at a time."""

    start_ns: int
    end_ns: int
    place: int


class Timeline:
    """Writes one run after another to a trace, and counts."""

    def __init__(self, trace: Format) -> None:
        self.counts = Counts()
        self._trace = trace
        self._numbers = Numbers()

    def write(self, recorded: Recorded) -> None:
        """Write a run."""
        lines = Lines(self._trace, self._numbers, recorded.name, recorded.workers)
        self._write_trials(lines, recorded)
        starts = _starts(recorded)
        for spans in _in_order(recorded.spans):
            start = starts.get(spans[0].trial)
            if start is None:
                self.counts.unplaced += len(spans)
                continue
            for place, span in enumerate(spans):
                spans[place] = span._replace(start_ns=span.start_ns + start)
            self._write_phases(lines, spans, recorded)
            self._write_shares(lines, spans)
        lines.finish()
        self.counts.runs += 1

    def _write_trials(self, lines: Lines, recorded: Recorded) -> None:
        """Write the run and, within it, its trials; those that were disturbed are marked where they begin."""
        shift = recorded.shift_ns
        ends = (recorded.began_ns + shift, recorded.ended_ns + shift)
        whole = Slice(*ends, recorded.name, "run", facts_of(recorded.run, RUN))
        trials = sorted(recorded.trials, key=lambda row: int(row["start_ns"]))
        for layer, slices in enumerate(layers([whole, *(_trial(row, shift) for row in trials)])):
            self._trace.write_slices(lines.trials(layer), slices)
        marks = [mark for row in trials for mark in _marks(row, shift)]
        self._trace.write_instants(lines.trials(), marks)

    def _write_phases(self, lines: Lines, spans: Sequence[Span], recorded: Recorded) -> None:
        """Write the phases of one trial, thread by thread."""
        departs, arrives = self._messages(spans, str(recorded.run["ipc"]))

        def slice_of(placed: _Placed) -> Slice:
            span, place = spans[placed.place], placed.place
            worker = recorded.workers.get(span.worker) if span.trial == LIFETIMES else None
            facts = facts_of_phase(span) if worker is None else facts_of(worker, WORKER)
            flows = departs.get(place, ()), arrives.get(place, ())
            return Slice(span.start_ns, span.end_ns, span.phase, "phase", facts, *flows)

        threads: dict[tuple[int, int, int], list[_Placed]] = defaultdict(list)
        for place, span in enumerate(spans):
            placed = _Placed(span.start_ns, span.end_ns, place)
            threads[span.worker, span.pid, span.thread_id].append(placed)
        for (worker, pid, thread_id), lasting in sorted(threads.items()):
            for layer, part in enumerate(layers(lasting)):
                self._trace.write_slices(lines.thread(worker, pid, thread_id, layer), map(slice_of, part))
        self.counts.phases += len(spans)

    def _messages(self, spans: Sequence[Span], ipc: str) -> tuple[dict[int, tuple[int, ...]], ...]:
        """Return the numbers of the messages that left, and of those that arrived, by the place of the span."""
        departs: dict[int, tuple[int, ...]] = defaultdict(tuple)
        arrives: dict[int, tuple[int, ...]] = defaultdict(tuple)
        for arrow in arrows(spans, ipc):
            number = self._numbers.event()
            departs[arrow.departs] += (number,)
            arrives[arrow.arrives] += (number,)
            self.counts.arrows += 1
        return departs, arrives

    def _write_shares(self, lines: Lines, spans: Sequence[Span]) -> None:
        """Write how much of a CPU each worker had in its tasks, and how much all of several together."""
        workers = {
            span.worker: span.pid for span in spans if span.worker != PARENT and span.on_cpu_ns is not None
        }
        for worker, pid in sorted(workers.items()):
            own = share_on_cpu([span for span in spans if span.worker == worker])
            percent = [Sample(at_ns, 100 * share) for at_ns, share in own]
            self._trace.write_samples(lines.counter(worker, pid), percent)
        if len(workers) > 1:
            self._trace.write_samples(lines.counter(None, 0), share_on_cpu(spans))


def _in_order(trials: Iterable[list[Span]]) -> Iterator[list[Span]]:
    """Yield the spans of trials, startup first and teardown last: a line is written from left to right.

    Teardown is stored with startup.
    """
    last: list[Span] = []
    for spans in trials:
        first = spans
        if spans[0].trial == LIFETIMES:
            first = [span for span in spans if span.phase != "teardown"]
            last += [span for span in spans if span.phase == "teardown"]
        if first:
            yield first
    if last:
        yield last


def _starts(recorded: Recorded) -> dict[int, int]:
    """Return the time of the trace from which the spans of each trial count; startup and teardown may lack one."""
    created = recorded.run.get("first_created_ns")
    known = {int(row["trial"]): int(row["start_ns"]) for row in recorded.trials}
    if not pd.isna(created):
        known[LIFETIMES] = int(created)
    return {trial: start + recorded.shift_ns for trial, start in known.items()}


def _trial(row: Row, shift: int) -> Slice:
    """Return a trial as a slice, such as ``parallel (warm-up, traced)``."""
    start = int(row["start_ns"]) + shift
    notes = [name for name, column in (("warm-up", "warmup"), ("traced", "traced")) if row[column]]
    name = f"{row['kind']} ({', '.join(notes)})" if notes else str(row["kind"])
    return Slice(start, start + int(row["wall_ns"]), name, "trial", facts_of(row, TRIAL))


def _marks(row: Row, shift: int) -> Iterator[Instant]:
    """Yield a mark for each cause by which a trial was disturbed."""
    causes: str = "" if pd.isna(row["disturbed_by"]) else str(row["disturbed_by"])
    for cause in filter(None, causes.split(", ")):
        yield Instant(
            int(row["start_ns"]) + shift, f"disturbed: {cause}", "disturbance", facts_of(row, DISTURBANCE)
        )
