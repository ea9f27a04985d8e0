"""The speedup of a pool of two processes, written by hand with `multiprocessing.Pool` alone: the reference for others.

    python -m benchmarks.plain_pool [--seconds 1]

Prints the median speedup of pairs: the same calls one after the other, and through `Pool.map`, in turns whose
order alternates. Nothing of the lab is imported.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
from collections.abc import Callable, Iterator
from time import perf_counter_ns
from typing import Any

WORKERS, TASKS, STEPS = 2, 64, 10_000
_PAIRS_BEFORE, _FEWEST = 3, 6  # warm-up, then at least as many

Map = Callable[[Callable[[Any], Any], list[Any]], list[Any]]


def work(steps: int) -> int:
    """Return a number that takes ``steps`` steps to find."""
    found = 1
    for step in range(steps):
        found = (found * 31 + step) % 251
    return found


def _time(carry_out: Callable[[], list[int]], expected: list[int]) -> int:
    start = perf_counter_ns()
    found = carry_out()
    taken = perf_counter_ns() - start
    if found != expected:
        raise ValueError("the results differ from those of the first calls")
    return taken


def speedups(mapped: Map, seconds: float) -> Iterator[float]:
    """Yield the ratio of each pair: time alone by time in the pool whose map is ``mapped``."""
    steps = [STEPS] * TASKS
    expected = [work(STEPS)] * TASKS
    ways = [lambda: [work(each) for each in steps], lambda: mapped(work, steps)]
    end, number = perf_counter_ns() + int(seconds * 1e9), 0
    while perf_counter_ns() < end or number < _PAIRS_BEFORE + _FEWEST:
        order = (0, 1) if number % 2 else (1, 0)
        taken = {way: _time(ways[way], expected) for way in order}
        number += 1
        if number > _PAIRS_BEFORE:
            yield taken[0] / taken[1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=1.0)
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        print(statistics.median(speedups(pool.map, parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
