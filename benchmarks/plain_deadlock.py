"""Two workers that take two locks in opposite order, written by hand: the reference for pattern=deadlock.

    python -m benchmarks.plain_deadlock process [--order opposite] [--patience 0.005] [--seconds 0.05] [--passes 20]

Prints the deadlocks of a million pairs of locks and the time of a pair in ns, each the median over the passes. A worker
that waits for its second lock for longer than its patience takes that for a deadlock, gives its first one back and
pauses; the second worker is twice as patient, so that one of them gives way. Nothing of the lab is imported, so that
the two can only agree by both being right.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import threading
from time import perf_counter, sleep
from typing import Any

_PAUSE = 0.1


def take(worker: int, locks: list[Any], asked: argparse.Namespace, ready: Any, answers: Any) -> None:
    """Take pairs of locks, pass after pass, and answer with pairs, deadlocks and seconds of each."""
    if asked.model == "process" and asked.placement == "scatter":
        cpus = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cpus[worker % len(cpus)]})
    turned = asked.order == "opposite" and worker == 1
    first, second = reversed(locks) if turned else locks
    patience = asked.patience * (1 + turned)
    for turn in range(asked.passes):
        ready.wait()
        pairs = deadlocks = 0
        start = perf_counter()
        while perf_counter() < start + asked.seconds or not pairs:
            first.acquire()
            if second.acquire(timeout=patience):
                pairs += 1
                second.release()
                first.release()
            else:
                deadlocks += 1
                first.release()
                sleep(_PAUSE * patience)
        answers.put((turn, pairs, deadlocks, perf_counter() - start))


def measure(asked: argparse.Namespace) -> tuple[float, float]:
    """Return deadlocks per million pairs, and ns a pair at the sum of both rates: medians over the passes."""
    context: Any = multiprocessing.get_context("fork")
    apart = asked.model == "process"
    make, start = (context, context.Process) if apart else (threading, threading.Thread)
    answers = context.SimpleQueue()
    locks, ready = [make.Lock(), make.Lock()], make.Barrier(2)
    workers = [start(target=take, args=(worker, locks, asked, ready, answers)) for worker in range(2)]
    for worker in workers:
        worker.start()
    found: dict[int, list[tuple[int, int, float]]] = {}
    for _ in range(2 * asked.passes):
        turn, *counts = answers.get()
        found.setdefault(turn, []).append(tuple(counts))
    for worker in workers:
        worker.join()
    passes = list(found.values())
    lost = [1e6 * sum(each[1] for each in both) / sum(each[0] for each in both) for both in passes]
    took = [1e9 / sum(pairs / seconds for pairs, _, seconds in both) for both in passes]
    return statistics.median(lost), statistics.median(took)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", choices=("process", "thread"))
    parser.add_argument("--order", choices=("opposite", "same"), default="opposite")
    parser.add_argument("--patience", type=float, default=0.005, help="seconds")
    parser.add_argument("--seconds", type=float, default=0.05, help="length of a pass")
    parser.add_argument("--passes", type=int, default=20)
    parser.add_argument("--placement", choices=("none", "scatter"), default="none")
    print(*measure(parser.parse_args()))


if __name__ == "__main__":
    main()
