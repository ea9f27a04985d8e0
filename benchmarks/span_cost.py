"""The cost of recording one span, compared with two bare clock reads and a tracing profiler's cost per call.

    python -m benchmarks.span_cost [--rounds 15] [--calls 100000]

Each round times all of them in random order in one process; the ratios are of pairs within a round. Exits with 1 if
the median span costs more than 1.5 of two clock reads, or more than 0.75 of what the profiler adds to a call.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns

from viztracer import VizTracer

from breakeven.runner.cell.board import Geometry, Lane
from breakeven.runner.cell.phases import COMPUTE
from breakeven.runner.cell.trace import Recorder, clear

MOST_OF_TWO_READS = 1.5
MOST_OF_PROFILER = 0.75

Timed = Callable[[int], int]


def empty(calls: int) -> int:
    """Time the loop itself."""
    start = perf_counter_ns()
    for _ in range(calls):
        pass
    return perf_counter_ns() - start


def two_clock_reads(calls: int) -> int:
    """Time what a span costs at least where its start and its end are both read."""
    clock = perf_counter_ns
    start = clock()
    for _ in range(calls):
        clock()
        clock()
    return clock() - start


def span(lane: Lane) -> Timed:
    """Return a timer of one mark, that is one span."""

    def timed(calls: int) -> int:
        recorder = Recorder(lane)
        recorder.arm(traced=True)
        start = perf_counter_ns()
        for _ in range(calls):
            recorder.mark(COMPUTE)  # looked up each time, as channels and patterns do
        taken = perf_counter_ns() - start
        clear(lane, calls)
        return taken

    return timed


def _nothing() -> None:
    """Be called."""


def bare_calls(calls: int) -> int:
    """Time calls of an empty function."""
    start = perf_counter_ns()
    for _ in range(calls):
        _nothing()
    return perf_counter_ns() - start


def traced_calls(calls: int) -> int:
    """Time the same calls under viztracer, recording only."""
    tracer = VizTracer(tracer_entries=2 * calls + 1000, verbose=0)
    tracer.start()
    taken = bare_calls(calls)
    tracer.stop()
    tracer.clear()
    return taken


def measure(rounds: int, calls: int, lane: Lane) -> dict[str, list[float]]:
    """Return the ns per call of each, round by round, the loop taken off."""
    timers: dict[str, Timed] = {
        "two clock reads": two_clock_reads,
        "one span": span(lane),
        "bare call": bare_calls,
        "traced call": traced_calls,
    }
    found: dict[str, list[float]] = {name: [] for name in timers}
    for _ in range(rounds):
        loop = empty(calls)
        for name in random.sample(sorted(timers), len(timers)):
            found[name].append((timers[name](calls) - loop) / calls)
    return found


def _show(name: str, values: list[float], unit: str) -> None:
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"{name:44} min {low:8.2f}  median {middle:8.2f}  max {high:8.2f} {unit}")


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        board = Geometry(os.fspath(Path(folder, "board")), 1, arguments.calls + 1, 1).create()
        found = measure(arguments.rounds, arguments.calls, board.lane(0))
    for name, values in found.items():
        _show(name, values, "ns")
    reads, spans = found["two clock reads"], found["one span"]
    profiler = [traced - bare for traced, bare in zip(found["traced call"], found["bare call"], strict=True)]
    _show("viztracer's cost per call", profiler, "ns")
    of_reads = [a / b for a, b in zip(spans, reads, strict=True)]
    of_profiler = [a / b for a, b in zip(spans, profiler, strict=True)]
    _show("one span / two clock reads", of_reads, "x")
    _show("one span / viztracer's cost per call", of_profiler, "x")
    reached = (
        statistics.median(of_reads) <= MOST_OF_TWO_READS
        and statistics.median(of_profiler) <= MOST_OF_PROFILER
    )
    return int(not reached)


if __name__ == "__main__":
    sys.exit(main())
