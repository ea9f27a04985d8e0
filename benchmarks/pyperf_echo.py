"""The loop of `benchmarks.plain_echo`, 64 KiB over a pipe and back, timed by pyperf with its defaults.

    python -m benchmarks.pyperf_echo [option of pyperf ...]

pyperf starts this module again in each of its processes.
"""

from __future__ import annotations

import os
from time import perf_counter

import pyperf

from benchmarks.plain_echo import Exchange, joined

SIZE = 64 * 1024


def timed(loops: int, exchange: Exchange, payload: bytes) -> float:
    """Return the seconds of ``loops`` round trips."""
    numbers = range(loops)
    start = perf_counter()
    for _ in numbers:
        exchange((0, 0, payload))
    return perf_counter() - start


def main() -> None:
    """Let pyperf measure."""
    runner = pyperf.Runner(program_args=("-m", "benchmarks.pyperf_echo"))
    with joined("pipe") as exchange:
        runner.bench_time_func("64 KiB over a pipe and back", timed, exchange, os.urandom(SIZE))


if __name__ == "__main__":
    main()
