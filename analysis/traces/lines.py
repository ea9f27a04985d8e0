"""The processes, threads and counters of one run, which are added to the trace when something happens on them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from breakeven.analysis.traces._abc import Format
from breakeven.analysis.traces.events import Counter, Group, Process, Thread
from breakeven.analysis.traces.numbers import Numbers
from breakeven.analysis.traces.recorded import PARENT, Row

_EACH = 100
"""Places of one worker: its thread, those that help it, its counter."""
_TRIALS, _ALL_COUNTERS, _PARENT = 0, 1, 2
_Place = tuple[int, int, int, int]
"""The worker, its process and thread, and the layer of slices that cross."""


class Lines:
    """What the events of a run lie on.

    The parent's process is the run's own, with its trials and with workers that are threads; a worker in a process of
    its own has one beside it. ``workers`` are the rows of that table, by worker.
    """

    def __init__(self, trace: Format, numbers: Numbers, name: str, workers: Mapping[int, Row]) -> None:
        self._trace, self._numbers, self._workers = trace, numbers, workers
        self._processes: dict[int, Process] = {}
        self._threads: dict[_Place, Thread] = {}
        self._trials: dict[int, Thread] = {}
        self._counters: dict[int | None, Counter] = {}
        self._main = int(workers[PARENT]["pid"]) if PARENT in workers else 0
        number = numbers.event()
        self._group = Group(number, name, number)
        trace.add_group(self._group)

    def trials(self, layer: int = 0) -> Thread:
        """Return the line of the run and its trials."""
        if layer not in self._trials:
            self._trials[layer] = self._add(
                self._process(PARENT, self._main), None, _name("trials", layer), _TRIALS
            )
        return self._trials[layer]

    def thread(self, worker: int, pid: int, thread_id: int, layer: int = 0) -> Thread:
        """Return a thread that did something for ``worker``: its own one is named after it."""
        place = (worker, pid, thread_id, layer)
        if place not in self._threads:
            helping = thread_id != self._own(worker, thread_id)
            name = _name(f"{_title(worker)}, helping thread" if helping else _title(worker), layer)
            asked = None if layer else thread_id
            rank = _rank(worker) + 1 + 2 * helping + (layer > 0)
            self._threads[place] = self._add(self._process(worker, pid), asked, name, rank)
        return self._threads[place]

    def counter(self, worker: int | None, pid: int) -> Counter:
        """Return the counter of a worker, or that of all of them together."""
        if worker not in self._counters:
            name = "workers on a CPU" if worker is None else f"{_title(worker)} on a CPU"
            rank = _ALL_COUNTERS if worker is None else _rank(worker) + _EACH - 1
            process = self._process(PARENT, self._main) if worker is None else self._process(worker, pid)
            unit = "workers" if worker is None else "%"
            counter = Counter(self._numbers.event(), process, name, unit, rank)
            self._trace.add_counter(counter)
            self._counters[worker] = counter
        return self._counters[worker]

    def finish(self) -> None:
        """Say that the run is over."""
        for thread in (*self._trials.values(), *self._threads.values()):
            self._trace.finish(thread)

    def _process(self, worker: int, pid: int) -> Process:
        if pid not in self._processes:
            name = "" if pid == self._main else _title(worker)
            number = self._numbers.event()
            process = Process(number, self._group, self._numbers.pid(pid), name, self._labels(pid))
            self._trace.add_process(process)
            self._processes[pid] = process
        return self._processes[pid]

    def _labels(self, pid: int) -> tuple[str, ...]:
        """Return the state of the GIL in a process, as a worker in it saw it."""
        known = [row["gil_enabled"] for row in self._workers.values() if row["pid"] == pid]
        states = [bool(state) for state in known if not pd.isna(state)]
        return (f"GIL {'on' if any(states) else 'off'}",) if states else ()

    def _own(self, worker: int, thread_id: int) -> int:
        return int(self._workers[worker]["thread_id"]) if worker in self._workers else thread_id

    def _add(self, process: Process, thread_id: int | None, name: str, rank: int) -> Thread:
        tid = self._numbers.tid(thread_id, process.pid)
        thread = Thread(self._numbers.event(), process, tid, name, rank, native=tid == thread_id)
        self._trace.add_thread(thread)
        return thread


def _title(worker: int) -> str:
    return "parent" if worker == PARENT else f"worker {worker}"


def _rank(worker: int) -> int:
    return _PARENT if worker == PARENT else _EACH * (worker + 1)


def _name(name: str, layer: int) -> str:
    return f"{name} ({layer + 1})" if layer else name
