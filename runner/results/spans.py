"""Turn a raw trace into the columns of ``spans``, lane by lane (a loop over spans would be slow).

A lane holds the marks of a thread: stamps and the phases that ended at them. A worker's time is its main thread's lane;
while that thread waits and the feeder of its queue pickles or sends on its behalf, or a pool's thread reads, the time
counts as that thread's phase. What the feeder does while the worker computes takes no separate time and shows as slower
compute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from breakeven.runner.cell.models._abc import Lifetime
from breakeven.runner.cell.phases import (
    COMPUTE,
    DESERIALIZE,
    IDLE,
    NAMES,
    RECEIVE,
    SEND,
    SERIALIZE,
    STARTUP,
    TEARDOWN,
    WAIT,
)
from breakeven.runner.cell.result import LaneRecord, Result, WorkerRecord

Ints = NDArray[np.int64]
_WAITING = (WAIT, IDLE)
_OUTBOUND = (SERIALIZE, SEND)
_PASSING = (*_OUTBOUND, RECEIVE, DESERIALIZE)
NO_TASK = -1
OWN = 0
UNTRACED = -1  # the trial of startup and teardown spans


@dataclass(frozen=True)
class Segments:
    """Consecutive phases from ``start`` on: each ends where the next begins.

    Arrays of equal length: ``ends`` in clock ns, ``phases``, ``tasks`` (-1 for none), ``on_cpu`` (-1 for
    unknown), ``threads`` (native thread of the feeder that executed it, 0 for the worker's own).
    """

    start: int
    ends: Ints
    phases: Ints
    tasks: Ints
    on_cpu: Ints
    threads: Ints

    @property
    def starts(self) -> Ints:
        """Return the start of each phase."""
        return np.concatenate(([self.start], self.ends[:-1])).astype(np.int64)


@dataclass(frozen=True)
class Lane:
    """One lane of one traced trial, as recorded."""

    trial: int
    start_ns: int
    end_ns: int
    worker: int
    feeder: bool
    thread_id: int
    stamps: Ints
    phases: Ints
    tasks: Ints
    on_cpu: Ints

    @classmethod
    def read(cls, about: LaneRecord, raw: bytes) -> Lane:
        """Extract the lane that ``about`` describes from the raw trace."""
        marks, computed, offset = about.marks, about.tasks, about.offset
        stamps = whole_ns(np.frombuffer(raw, np.float64, marks, offset))
        codes = np.frombuffer(raw, np.uint8, marks, offset + 8 * marks)
        pairs = np.frombuffer(raw, np.int64, 2 * computed, offset + 8 * marks + (marks + 7) // 8 * 8)
        return cls(
            trial=about.trial,
            start_ns=about.start_ns,
            end_ns=about.end_ns,
            worker=about.worker,
            feeder=about.feeder,
            thread_id=about.thread_id,
            stamps=stamps,
            phases=codes.astype(np.int64),
            tasks=pairs[0::2],
            on_cpu=pairs[1::2],
        )

    def segments(self) -> Segments:
        """Return the phases of the whole trial: cut to its bounds, with tasks, and idle up to its end."""
        computes = np.flatnonzero(self.phases == COMPUTE)
        places = np.arange(len(self.phases))
        following = np.searchsorted(computes, places, side="left")
        outbound = np.isin(self.phases, _OUTBOUND)
        which = following - outbound  # an outgoing message belongs to the task computed before it
        known = (which >= 0) & (which < min(len(computes), len(self.tasks)))
        tasks = _pick(self.tasks, which, known)
        on_cpu = np.where(self.phases == COMPUTE, _pick(self.on_cpu, which, known), -1)
        over = (self.phases == WAIT) & ~known & (self.worker >= 0)  # no task followed: no work was left
        phases = np.where(over, IDLE, self.phases)
        threads = np.full(len(phases), self.thread_id if self.feeder else OWN, np.int64)
        return _bounded(
            self.start_ns, self.end_ns, Segments(self.start_ns, self.stamps, phases, tasks, on_cpu, threads)
        )


def whole_ns(seconds: NDArray[np.float64]) -> Ints:
    """Return clock readings in ns, as `time.perf_counter_ns` gives them up to 2**51; see `cell/trace.py` beyond."""
    return np.rint(seconds * 1e9).astype(np.int64)


def _pick(values: Ints, which: Ints, known: NDArray[np.bool_]) -> Ints:
    picked = np.full(len(which), NO_TASK, np.int64)
    picked[known] = values[which[known]]
    return picked


def _bounded(start: int, end: int, all_: Segments) -> Segments:
    """Drop phases outside the trial, cut the one that crosses its end, and fill up to the end with idle."""
    inside = (all_.ends > start) & (all_.starts < end)
    ends = np.minimum(all_.ends[inside], end)
    columns = [column[inside] for column in (all_.phases, all_.tasks, all_.on_cpu, all_.threads)]
    if not len(ends) or ends[-1] < end:
        ends = np.append(ends, end)
        rest = (IDLE, NO_TASK, -1, OWN)
        columns = [np.append(column, fill) for column, fill in zip(columns, rest, strict=True)]
    return Segments(start, ends, *columns)


def overlay(main: Segments, feeder: Segments) -> Segments:
    """Return ``main`` with its waits replaced by what ``feeder`` did meanwhile; other phases are kept."""
    waits = np.isin(main.phases, _WAITING)
    edges = np.concatenate((feeder.starts, feeder.ends))
    edges = edges[(edges > main.start) & (edges < main.ends[-1])]
    edges = edges[waits[np.searchsorted(main.ends, edges, side="right")]]
    ends = np.union1d(main.ends, edges)
    ends = ends[ends > main.start]
    starts = np.concatenate(([main.start], ends[:-1]))
    place = np.searchsorted(main.ends, starts, side="right")
    other = np.minimum(np.searchsorted(feeder.ends, starts, side="right"), len(feeder.ends) - 1)
    taken = waits[place] & np.isin(feeder.phases[other], _PASSING)
    return Segments(
        main.start,
        ends,
        np.where(taken, feeder.phases[other], main.phases[place]),
        np.where(taken, feeder.tasks[other], main.tasks[place]),
        np.where(taken, -1, main.on_cpu[place]),
        np.where(taken, feeder.threads[other], main.threads[place]),
    )


def _with_tasks(feeder: Segments, tasks: Ints) -> Segments:
    """Assign a task to each message that the feeder sends: the n-th carries the n-th of ``tasks``.

    It carries none of them if there are more or fewer, as with a pool's chunks.
    """
    which = np.cumsum(feeder.phases == SERIALIZE) - 1
    alike = len(which) and which[-1] + 1 == len(tasks)
    numbers = _pick(tasks, which, (which >= 0) & bool(alike))
    return Segments(feeder.start, feeder.ends, feeder.phases, numbers, feeder.on_cpu, feeder.threads)


def spans(result: Result, raw: bytes) -> pa.Table:
    """Return the columns of ``spans``, except for the run's key, from one run's result and raw trace."""
    mains, feeders = _sorted(Lane.read(about, raw) for about in result.lanes)
    handed_out = {trial.trial: trial.tasks for trial in result.trials}
    parts = [_lifetimes(result.lifetimes, result.workers)]
    for lane in mains:
        segments = lane.segments()
        tasks = lane.tasks if lane.worker >= 0 else np.arange(handed_out[lane.trial])
        for feeder in reversed(
            feeders.get((lane.trial, lane.worker), [])
        ):  # a reader works, a sender may be blocked
            if len(feeder.stamps):
                segments = overlay(segments, _with_tasks(feeder.segments(), tasks))
        who = result.parent if lane.worker < 0 else result.workers[lane.worker]
        parts.append(_columns(lane, segments, who))
    return _table(parts)


def _sorted(lanes: Iterable[Lane]) -> tuple[list[Lane], dict[tuple[int, int], list[Lane]]]:
    """Return the lanes of workers and parent, and by trial and worker those of threads that send or read for them."""
    mains: list[Lane] = []
    feeders: dict[tuple[int, int], list[Lane]] = {}
    for lane in lanes:
        if lane.feeder:
            feeders.setdefault((lane.trial, lane.worker), []).append(lane)
        else:
            mains.append(lane)
    return mains, feeders


def _columns(lane: Lane, segments: Segments, who: WorkerRecord) -> dict[str, Ints]:
    starts, length = segments.starts, len(segments.ends)
    durations = segments.ends - starts
    real = durations > 0  # a phase shorter than a clock tick takes no time
    columns = {
        "trial": np.full(length, lane.trial),
        "worker": np.full(length, lane.worker),
        "pid": np.full(length, who.pid),
        "thread_id": np.where(segments.threads == OWN, who.thread_id, segments.threads),
        "task": segments.tasks,
        "phase": segments.phases,
        "start_ns": starts - lane.start_ns,
        "duration_ns": durations,
        "on_cpu_ns": np.minimum(segments.on_cpu, durations),
    }
    return {name: values[real] for name, values in columns.items()}


def _lifetimes(lifetimes: Sequence[Lifetime], workers: Sequence[WorkerRecord]) -> dict[str, Ints]:
    """Return the startup and teardown spans of all workers, counted from the first creation."""
    times = np.asarray(lifetimes, np.int64).reshape(-1, 4)
    created, ready, stopped, joined = times.T
    count = len(times)
    first = created.min()
    return {
        "trial": np.full(2 * count, UNTRACED),
        "worker": np.tile(np.arange(count), 2),
        "pid": np.tile([worker.pid for worker in workers], 2),
        "thread_id": np.tile([worker.thread_id for worker in workers], 2),
        "task": np.full(2 * count, NO_TASK),
        "phase": np.repeat([STARTUP, TEARDOWN], count),
        "start_ns": np.concatenate((created, stopped)) - first,
        "duration_ns": np.concatenate((ready - created, joined - stopped)),
        "on_cpu_ns": np.full(2 * count, -1),
    }


def _table(parts: Sequence[Mapping[str, Ints]]) -> pa.Table:
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    phase = columns.pop("phase").astype(np.int8)
    on_cpu = columns.pop("on_cpu_ns")
    arrays: dict[str, Any] = {name: pa.array(values) for name, values in columns.items()}
    arrays["phase"] = pa.DictionaryArray.from_arrays(pa.array(phase), pa.array(NAMES))
    arrays["on_cpu_ns"] = pa.array(on_cpu, mask=on_cpu < 0)
    return pa.table(arrays)


def cpu_per_task(result: Result, raw: bytes) -> list[float]:
    """Return for each traced trial the mean CPU time of a task on its worker's own thread, in ns."""
    parts: dict[int, list[Ints]] = {}
    for about in result.lanes:
        if about.worker >= 0 and not about.feeder:
            parts.setdefault(about.trial, []).append(Lane.read(about, raw).on_cpu)
    whole = [np.concatenate(times) for times in parts.values()]
    return [float(times.mean()) for times in whole if len(times)]
