"""How long workers take to start, written by hand with the standard library alone: the reference for others.

    python benchmarks/plain_start.py process fork 2 [SECONDS MODULE ...]

Starts so many workers of a kind (thread, process, thread_pool, process_pool, mp_pool) as a plain program does that
makes a queue or a pool and starts its workers; prints two times from the first creation in ns: until the last worker
was ready for its first task by its own clock, which all processes of the host share, and until the parent heard of it.
A pool's workers are ready when they begin their first tasks, of which each waits for the others, so that every worker
has one. No line of the lab takes part, so that the two can only agree by both being right. MODULES are imported before,
without being used, and it works for so many SECONDS: the larger a program is, the longer it takes to fork, and the
scheduler places the threads of one that has worked otherwise than those of one that has only begun.
"""

from __future__ import annotations

import importlib
import multiprocessing
import queue
import sys
import threading
from collections.abc import Callable
from functools import partial
from time import perf_counter_ns
from typing import Any

_met: Any = None


def report(answers: Any, tasks: Any) -> None:
    """Say when this worker is ready, then wait for the order to stop."""
    answers.put(perf_counter_ns())
    tasks.get()


def keep(barrier: Any) -> None:
    """Store the barrier where tasks find it: the initializer of a pool."""
    global _met  # noqa: PLW0603  # a plain program's pool has no other place
    _met = barrier


def meet() -> int:
    """Return when this task began, once every worker has one."""
    began = perf_counter_ns()
    _met.wait()
    return began


def bare(make: Callable[..., Any], new_queue: Callable[[], Any], workers: int) -> tuple[int, int]:
    """Time workers that two queues join."""
    answers, tasks = new_queue(), new_queue()
    start = perf_counter_ns()
    started = [make(target=report, args=(answers, tasks)) for _ in range(workers)]
    for worker in started:
        worker.start()
    ready = max(answers.get() for _ in started)
    seen = perf_counter_ns()
    for _ in started:
        tasks.put(None)
    for worker in started:
        worker.join()
    return ready - start, seen - start


def executor(make: Callable[..., Any], barrier: Any, workers: int) -> tuple[int, int]:
    """Time the workers of an executor."""
    start = perf_counter_ns()
    with make(workers, initializer=keep, initargs=(barrier,)) as pool:
        began = [future.result() for future in [pool.submit(meet) for _ in range(workers)]]
        return max(began) - start, perf_counter_ns() - start


def mp_pool(context: Any, workers: int) -> tuple[int, int]:
    """Time the workers of `multiprocessing.Pool`, imported before as all else is."""
    from multiprocessing.pool import Pool  # noqa: PLC0415  # as a program does that needs no more

    barrier = context.Barrier(workers)
    start = perf_counter_ns()
    with Pool(workers, keep, (barrier,), context=context) as pool:
        began = [asked.get() for asked in [pool.apply_async(meet) for _ in range(workers)]]
        return max(began) - start, perf_counter_ns() - start


def work(seconds: float) -> None:
    """Work for so long, as a program does before it starts workers."""
    end = perf_counter_ns() + seconds * 1e9
    while perf_counter_ns() < end:
        sum(range(1000))


def times(model: str, method: str, workers: int) -> tuple[int, int]:
    """Return both times of one kind of workers."""
    context: Any = multiprocessing.get_context(None if method == "-" else method)
    if method != "-":  # what a program imports once is no part of what its workers take
        importlib.import_module(f"multiprocessing.popen_{'spawn_posix' if method == 'spawn' else method}")
    if model == "thread":
        return bare(threading.Thread, queue.Queue, workers)
    if model == "process":
        return bare(context.Process, context.SimpleQueue, workers)
    if model == "mp_pool":
        return mp_pool(context, workers)
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor  # noqa: PLC0415  # as a program imports it

    if model == "thread_pool":
        return executor(ThreadPoolExecutor, threading.Barrier(workers), workers)
    make = partial(ProcessPoolExecutor, mp_context=context)
    return executor(make, context.Barrier(workers), workers)


if __name__ == "__main__":
    for module in sys.argv[5:]:
        importlib.import_module(module)
    work(float(sys.argv[4]) if sys.argv[4:] else 0)
    print(*times(sys.argv[1], sys.argv[2], int(sys.argv[3])))
