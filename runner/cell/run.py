"""One run: workers are made, trials measured, workers joined; what was seen goes to the run's folder.

In: a specification, plain JSON. Out: ``result.json`` and ``trace.bin`` in ``specification["folder"]``. The trace holds,
for every lane of every traced trial, its stamps (int64), its codes (one byte each, padded to 8) and its tasks (pairs of
int64: number, on-CPU time); the result says where each begins.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from threading import get_native_id
from time import perf_counter_ns
from typing import Any, BinaryIO

from . import models, patterns, workloads
from .bench import Bench, size_of
from .board import COMPUTED, DROPPED, GIL, PID, THREAD, Board, Geometry
from .models._abc import Crewing
from .patterns._abc import Knobs, Outcome, Pattern
from .placement import cpus_for
from .sampling import SERIAL, TRACED, Rules, Sampler, Trial, describe, percentile
from .seat import Work, extend_path, gil_enabled
from .trace import clear, count_marks
from .workloads._abc import Sizes, Workload
from .workloads.echo import Echo

RESULT, TRACE, BOARD = "result.json", "trace.bin", "board"
_MARKS_PER_TASK = 8
_MARKS_APART = 64


def execute(specification: dict[str, Any]) -> None:
    """Carry out a run; raises what the task raises, WrongResult, WorkersMissing."""
    extend_path(tuple(specification["path"]))
    pattern = _pattern(specification)
    workload = _workload(specification, pattern)
    bench = Bench(workload)
    task_ns = _length(bench)
    work = _work(specification, pattern, workload, task_ns)
    board = work.geometry.create()
    crew = models.load(specification["model"])(_crewing(specification, pattern, bench), work, board)
    with open(os.path.join(specification["folder"], TRACE), "wb") as trace:
        recording = Recording(board, trace)
        crew.start()
        sampler = Sampler(pattern, bench, crew, work.cpus)
        try:
            _sample(specification, sampler, recording)
        except BaseException:
            crew.abandon()
            raise
        workers = _describe_workers(board)
        crew.stop()
    result = recording.result()
    result.update(
        facts=interpreter_facts(),
        workers=workers,
        lifetimes=crew.lifetimes(),
        stopped_by=sampler.stopped_by,
        task_ns=task_ns,
        bytes_in=bench.bytes_in,
        bytes_back=bench.bytes_back,
    )
    with open(os.path.join(specification["folder"], RESULT), "w", encoding="utf-8") as file:
        json.dump(result, file)


def _sample(specification: dict[str, Any], sampler: Sampler, recording: Recording) -> None:
    """Measure from the moment when all workers are ready."""
    sampler.crew.gather(traced=False)
    rules = Rules(**specification["measure"])
    for trial in sampler.trials(rules, f"{specification['seed']}/{specification['round']}"):
        recording.keep(trial, sampler.bench)


def _pattern(specification: dict[str, Any]) -> Pattern:
    knobs = Knobs(specification["workers"], specification["tasks"], specification["window_ns"])
    return patterns.load(specification["pattern"])(specification["pattern_options"], knobs)


def _workload(specification: dict[str, Any], pattern: Pattern) -> Workload:
    """Make the workload, calibrated to the length asked for; a pattern that echoes takes none."""
    kind = Echo if pattern.ECHOES else workloads.load(specification["workload"])
    sizes = Sizes(specification["payload_bytes"], specification["payload_out_bytes"])
    workload = kind(specification["workload_options"], sizes, specification["seed"])
    if kind.LENGTH:
        workload.calibrate(specification["task_ns"])
    return workload


def _length(bench: Bench) -> int:
    """Time the task as it is, the median of a few calls."""
    payload, task = bench.inputs[0], bench.task
    taken = []
    for _ in range(5):
        start = perf_counter_ns()
        task(payload)
        taken.append(perf_counter_ns() - start)
    return percentile(taken, 0.5)


def _work(specification: dict[str, Any], pattern: Pattern, workload: Workload, task_ns: int) -> Work:
    most = pattern.most_tasks(task_ns)
    geometry = Geometry(
        path=os.path.join(specification["folder"], BOARD),
        workers=specification["workers"],
        marks=most * _MARKS_PER_TASK + _MARKS_APART,
        tasks=most + 1,
    )
    cpus = cpus_for(specification["affinity"])
    return Work(pattern, workload, geometry, cpus, tuple(specification["path"]))


def _crewing(specification: dict[str, Any], pattern: Pattern, bench: Bench) -> Crewing:
    largest = max(bench.bytes_in, bench.bytes_back, *(size_of(back) for _, back in bench.expected))
    return Crewing(
        workers=specification["workers"],
        start_method=specification["start_method"],
        options=specification["model_options"],
        ipc=specification["ipc"],
        ipc_options=specification["ipc_options"],
        message_bytes=largest + pattern.margin_bytes,
        name=os.path.basename(specification["folder"]),
    )


class Recording:
    """What is kept of the trials: their rows, their activity, and the marks of traced ones, written out as they come."""

    def __init__(self, board: Board, trace: BinaryIO) -> None:
        self.board = board
        self.trace = trace
        self.trials: list[dict[str, Any]] = []
        self.activity: list[dict[str, Any]] = []
        self.lanes: list[dict[str, Any]] = []
        self.latencies: list[int] = []
        self.copies: list[int] = []

    def keep(self, trial: Trial, bench: Bench) -> None:
        """Note one trial. The next one has not begun, so nothing here is timed."""
        self.trials.append(describe(trial, bench.bytes_in + bench.bytes_back))
        self._keep_activity(trial.number, trial.outcome)
        if trial.kind == TRACED:
            self._keep_lanes(trial)
        elif not trial.warmup:
            (self.copies if trial.kind == SERIAL else self.latencies).extend(trial.outcome.latencies_ns)

    def _keep_activity(self, number: int, outcome: Outcome) -> None:
        for worker, calls in enumerate(outcome.activity):
            self.activity.append({"trial": number, "worker": worker, "calls": calls})

    def _keep_lanes(self, trial: Trial) -> None:
        workers = self.board.geometry.workers
        for place in range(self.board.geometry.lanes):
            lane = self.board.lane(place)
            marks, computed = count_marks(lane), lane.header[COMPUTED]
            offset = self.trace.tell()
            self.trace.write(lane.stamps[:marks])
            self.trace.write(bytes(lane.codes[:marks]) + bytes(-marks % 8))
            self.trace.write(lane.tasks[: 2 * computed])
            worker = place % (workers + 1)
            self.lanes.append(
                {
                    "trial": trial.number,
                    "start_ns": trial.outcome.start_ns,
                    "end_ns": trial.outcome.end_ns,
                    "worker": worker if worker < workers else -1,
                    "feeder": place > workers,
                    "thread_id": lane.header[THREAD],
                    "offset": offset,
                    "marks": marks,
                    "tasks": computed,
                    "dropped": lane.header[DROPPED],
                }
            )
            clear(lane, marks)

    def result(self) -> dict[str, Any]:
        """Give all but the trace."""
        return {
            "trials": self.trials,
            "activity": self.activity,
            "lanes": self.lanes,
            "latency_p50_ns": percentile(self.latencies, 0.5) if self.latencies else None,
            "latency_p99_ns": percentile(self.latencies, 0.99) if self.latencies else None,
            "copy_p50_ns": percentile(self.copies, 0.5) if self.copies else None,
        }


def _describe_workers(board: Board) -> list[dict[str, Any]]:
    headers = [board.lane(worker).header for worker in range(board.geometry.workers)]
    return [{"pid": header[PID], "thread_id": header[THREAD], "gil": bool(header[GIL])} for header in headers]


def interpreter_facts() -> dict[str, Any]:
    """Give what this interpreter is."""
    return {
        "python_version": platform.python_version(),
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "gil_enabled": gil_enabled(),
        "pid": os.getpid(),
        "thread_id": get_native_id(),
    }
