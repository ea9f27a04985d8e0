"""How many tasks a trial has with ``tasks=auto``: as many as its length holds, the same in all cells to be compared."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from math import ceil
from typing import Any

from breakeven.runner.config.cell import LEAST_EACH, Cell
from breakeven.runner.environment import cpu_count
from breakeven.runner.planning.calibration import Calibration

_MESSAGE_NS = {"pingpong": 60_000, "shared_pipe": 10_000}  # a round trip, or one way, without its payload
_NS_PER_BYTE = 1.0  # of a payload, out and back
_FEWEST_MESSAGES = 16
_SENT_NS = 16_000  # one of many messages that go one way
_FEWEST_SENT = 128
_MEMORY_SHARE = 8  # of the machine's, for the payloads of a trial
_HANDING_OVER_NS = 30_000  # a task to a worker and its result back, at least
_LONGEST = 4  # times the length of a trial may the parallel one take for handing tasks over
_PART_EACH, _PART_A_CPU = 4, 8  # inputs a worker, or a CPU, in a part of them: see `benchmarks.parts`
WAITS = 0.5
"""A call that keeps less of a CPU busy waits for something else most of its time."""

Group = tuple[Any, ...]


class TaskCounts:
    """The numbers of tasks for the cells of a sweep; cells of one group, which are compared, get the same.

    Each comes with what is known of a function's calls on its interpreter, None if that is nothing; the longest of a
    group count. A calibrated task has the length that was asked for.
    """

    def __init__(self, cells: Iterable[tuple[Cell, Calibration | None]]) -> None:
        self._workers: dict[Group, int] = {}
        self._lengths: dict[Group, int] = {}
        self._sizes: dict[Group, int] = {}
        self._waits: set[Group] = set()
        for cell, known in cells:
            group = _group(cell)
            self._workers[group] = max(cell.workers, self._workers.get(group, 0))
            self._lengths[group] = max(known.measured_ns if known else 0, self._lengths.get(group, 0))
            calls = known.calls if known else None
            self._sizes[group] = max(calls.largest_bytes if calls else 0, self._sizes.get(group, 0))
            if calls is not None and calls.cpus < WAITS:
                self._waits.add(group)

    def of(self, cell: Cell, inputs: int = 0) -> int:
        """Return the number of tasks for a cell; 0 while the length of a function is not known.

        A trial does all ``inputs`` that a user gives as a list, as often as its length holds, and once at least; a part
        of them if that would take longer than it may.
        """
        if cell.pattern == "stream":
            message = _SENT_NS + _NS_PER_BYTE / 2 * cell.payload_bytes
            return max(ceil(cell.trial_ns / message), _FEWEST_SENT)
        if cell.pattern in _MESSAGE_NS:
            message = _MESSAGE_NS[cell.pattern] + _NS_PER_BYTE * (cell.payload_bytes + cell.payload_out_bytes)
            return max(ceil(cell.trial_ns / message), _FEWEST_MESSAGES)
        group = _group(cell)
        length = cell.task_ns or self._lengths[group]
        if not length:
            return 0
        if inputs and cell.longest_trial_ns and (part := self._part(cell, length)) < inputs:
            return part
        fitting = _that_fit(cell, self._sizes[group])
        if inputs:
            return inputs * turns(cell.trial_ns, length * inputs, fitting // inputs)
        least = LEAST_EACH * self._workers[group]
        return max(min(ceil(cell.trial_ns / length), fitting), least)

    def _part(self, cell: Cell, length: int) -> int:
        """Return how many inputs a trial of a part of them does.

        No more than can be handed over in a few times its length.
        """
        group = _group(cell)
        least = least_part(self._workers[group], cpu_count(), waits=group in self._waits)
        handed_over = _handed_over(cell.longest_trial_ns, self._sizes[group])
        return max(min(ceil(cell.longest_trial_ns / length), handed_over), least)


def least_part(workers: int, cpus: int, *, waits: bool) -> int:
    """Return the least number of inputs in a trial of a part of them.

    So many let it end with few idle workers.

    Calls that keep a CPU busy share the CPUs until fewer are left than there are of these, however many ``workers``
    there are; of calls that wait each worker has its own.
    """
    by_workers = _PART_EACH * workers
    return by_workers if waits else min(by_workers, _PART_A_CPU * cpus)


def turns(trial_ns: int, list_ns: int, most: int) -> int:
    """Return how often a trial does a list of inputs that takes ``list_ns``: until it is long enough, at least once."""
    return max(min(ceil(trial_ns / list_ns), most), 1)


def _group(cell: Cell) -> Group:
    options = json.dumps(cell.workload_options, sort_keys=True)
    sizes = (cell.payload_bytes, cell.payload_out_bytes) if not cell.task_ns else ()
    return cell.pattern, cell.workload, options, cell.task_ns, cell.trial_ns, sizes


def _that_fit(cell: Cell, known_bytes: int) -> int:
    """Return the number of tasks that a trial can have; ``known_bytes`` is the size of a function's largest payload.

    Their payloads fit the memory with room to spare, since a map holds those of all at once; and a trial of tasks that
    take less than it takes to hand them and their payloads over stays a trial, and does not become a minute.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MEMORY_SHARE
    size = max(cell.payload_bytes + cell.payload_out_bytes, known_bytes)
    return max(min(memory // max(size, 1), _handed_over(cell.trial_ns, size)), 1)


def _handed_over(trial_ns: int, size: int) -> int:
    """Return how many tasks with payloads of ``size`` bytes can be handed over in a few times the length of a trial."""
    return int(_LONGEST * trial_ns / (_HANDING_OVER_NS + _NS_PER_BYTE * size))
