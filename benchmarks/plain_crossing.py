"""The speedup of two processes over pipes, written by hand with `multiprocessing` alone: the reference for a bisection.

    python -m benchmarks.plain_crossing 180 [--payload 65536] [--results kept] [--messages pickled] [--seconds 0.3]

Prints the time of a task alone in ns, and the median speedup of pairs: the same tasks one after the other and by two
forked processes with a pipe each, in turns whose order alternates. A task is arithmetic for about so many microseconds,
and gives its payload back. Each process has one message at a time. Results are kept until the last one has come, as
`Pool.map` and ``list(executor.map(...))`` do, or dropped as they come; messages are Python objects, which
`Connection.send` pickles, or bare bytes. Nothing of the lab is imported.
"""

from __future__ import annotations

import argparse
import multiprocessing
import select
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from time import perf_counter_ns
from typing import Any

WORKERS = 2
RESULTS, MESSAGES = ("kept", "dropped"), ("pickled", "bytes")
_TRIAL_NS = 32_000_000
_PAIRS_BEFORE, _FEWEST = 2, 6  # warm-up, then at least as many
_STEPS, _TIMES = 2000, 15  # a call that is timed, and how often

Call = Callable[[], object]


def work(steps: int) -> int:
    """Return a number that takes ``steps`` steps to find."""
    found = 1
    for _ in range(steps):
        found = (found * 1103515245 + 12345) & 0x7FFFFFFF
    return found


def steps_for(length_ns: int) -> int:
    """Return the steps that take about ``length_ns``."""
    return max(
        1, round(length_ns * _STEPS / statistics.median(_time(lambda: work(_STEPS)) for _ in range(_TIMES)))
    )


def _time(call: Call) -> int:
    start = perf_counter_ns()
    results = call()
    taken = perf_counter_ns() - start
    del results  # to free them is no part of the work
    return taken


def ends(connection: Connection[Any, Any], messages: str) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    """Return how to receive from a pipe and how to send."""
    if messages == "bytes":
        return connection.recv_bytes, connection.send_bytes
    return connection.recv, connection.send


def serve(connection: Connection[Any, Any], messages: str, steps: int) -> None:
    """Do the work of every message and send it back, until an empty one comes."""
    receive, send = ends(connection, messages)
    while payload := receive():
        work(steps)
        send(payload)


@contextmanager
def joined(messages: str, steps: int) -> Iterator[list[Connection[Any, Any]]]:
    """Start the processes, and yield our ends of their pipes."""
    context = multiprocessing.get_context("fork")
    pairs = [context.Pipe() for _ in range(WORKERS)]
    processes = [context.Process(target=serve, args=(theirs, messages, steps)) for _, theirs in pairs]
    for process in processes:
        process.start()
    ours = [here for here, _ in pairs]
    yield ours
    for here in ours:
        ends(here, messages)[1](b"")
    for process in processes:
        process.join()


def alone(payloads: Sequence[bytes], steps: int) -> list[bytes]:
    """Do all tasks in this process, and return their results."""
    results = []
    for payload in payloads:
        work(steps)
        results.append(payload)
    return results


def together(
    payloads: Sequence[bytes], ours: Sequence[Connection[Any, Any]], messages: str, *, keep: bool
) -> list[bytes]:
    """Let the processes do all tasks, one at a time each, and return the results that are kept."""
    poll, ways = select.poll(), {}
    for connection in ours:
        poll.register(connection.fileno(), select.POLLIN)
        ways[connection.fileno()] = ends(connection, messages)
    waiting, results, under_way = iter(payloads), [], 0
    for _, send in ways.values():
        send(next(waiting))
        under_way += 1
    while under_way:
        receive, send = ways[poll.poll()[0][0]]
        result = receive()
        if keep:
            results.append(result)
        payload = next(waiting, None)
        if payload is None:
            under_way -= 1
        else:
            send(payload)
    return results


def pairs(asked: argparse.Namespace) -> Iterator[tuple[int, int]]:
    """Yield the times of all tasks alone and together, in ns."""
    steps, tasks = steps_for(asked.length * 1000), max(_TRIAL_NS // (asked.length * 1000), 2 * WORKERS)
    payloads = [bytes([number % 256]) * asked.payload for number in range(8)] * tasks
    payloads = payloads[:tasks]
    with joined(asked.messages, steps) as ours:
        keep = asked.results == "kept"
        ways: list[Call] = [
            lambda: alone(payloads, steps),
            lambda: together(payloads, ours, asked.messages, keep=keep),
        ]
        end, number = perf_counter_ns() + int(asked.seconds * 1e9), 0
        while perf_counter_ns() < end or number < _PAIRS_BEFORE + _FEWEST:
            order = (0, 1) if number % 2 else (1, 0)
            taken = {way: _time(ways[way]) for way in order}
            number += 1
            if number > _PAIRS_BEFORE:
                yield taken[0] // tasks, taken[1] // tasks


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("length", type=int, help="of a task, in microseconds")
    parser.add_argument("--payload", type=int, default=65536, help="bytes out and back")
    parser.add_argument("--results", choices=RESULTS, default=RESULTS[0])
    parser.add_argument("--messages", choices=MESSAGES, default=MESSAGES[0])
    parser.add_argument("--seconds", type=float, default=0.3)
    found = list(pairs(parser.parse_args()))
    print(
        round(statistics.median(one for one, _ in found)),
        statistics.median(one / both for one, both in found),
    )


if __name__ == "__main__":
    main()
