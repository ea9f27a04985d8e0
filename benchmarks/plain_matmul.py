"""Products of matrices in several processes, by hand: the reference for oversubscription.

Each process has threads of its native library.

    OPENBLAS_NUM_THREADS=2 python -m benchmarks.plain_matmul 2 [--seconds 1] [--passes 5]

Prints how many products of two matrices of 256 x 256 all processes together had per second, the median over the passes.
In each pass they begin at the same time and go on until it is over, so the rate is the sum of their rates. Nothing of
the lab is imported, so that the two can only agree by both being right.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
from time import perf_counter
from typing import Any

import numpy as np

_SIDE, _LARGEST = 256, 16


def multiply(seed: int, seconds: float, passes: int, ready: Any, answers: Any) -> None:
    """Multiply until a pass is over, and answer with its number and the rate; the products must stay right."""
    random = np.random.default_rng(seed)
    one, other = (random.integers(_LARGEST, size=(_SIDE, _SIDE)).astype(float) for _ in range(2))
    product = np.empty((_SIDE, _SIDE))
    right = one @ other
    for turn in range(passes):
        ready.wait()
        count, start = 0, perf_counter()
        while perf_counter() < start + seconds:
            np.dot(one, other, product)
            count += 1
        took = perf_counter() - start
        if not np.array_equal(product, right):
            raise ValueError("a product is wrong")
        answers.put((turn, count / took))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("processes", type=int)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--passes", type=int, default=5)
    asked = parser.parse_args()
    context = multiprocessing.get_context("spawn")  # a library's threads do not survive a fork
    ready, answers = context.Barrier(asked.processes), context.SimpleQueue()
    rest = (asked.seconds, asked.passes, ready, answers)
    workers = [context.Process(target=multiply, args=(seed, *rest)) for seed in range(asked.processes)]
    for worker in workers:
        worker.start()
    rates = [0.0] * asked.passes
    for _ in range(asked.processes * asked.passes):
        turn, rate = answers.get()
        rates[turn] += rate
    for worker in workers:
        worker.join()
    print(statistics.median(rates))


if __name__ == "__main__":
    main()
