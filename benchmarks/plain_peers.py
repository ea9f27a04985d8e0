"""Messages from some processes to others, by hand: the reference for pattern.producers=N.

Written with `multiprocessing` alone.

    python -m benchmarks.plain_peers queue 65536 --producers 2 --consumers 2 [--load 0.5] [--seconds 1] [--placement
    none]

A queue that all share, or a pipe for each pair, which a producer takes in turn and a consumer waits for with
`multiprocessing.connection.wait`. Each producer has its part of a window of 16 messages, a `Semaphore` that who has
compared its message releases. Prints the messages per second of the median pass without a load and, with one, the
median and the 99th percentile in ns of the time from when a message was due until a consumer had it. Nothing of the lab
is imported, so that the two can only agree by both being right.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import wait
from time import perf_counter_ns, sleep
from typing import Any, NamedTuple

from benchmarks.plain_echo import CHANNELS

WINDOW = 16
PASSES = 5
SPUN_NS = 100_000
LEAD_NS = 5_000_000


class Order(NamedTuple):
    """One pass: so many messages, due so far apart from ``start`` on, as soon as there is room if that is 0."""

    messages: int
    start: int
    interval_ns: float


class Shared(NamedTuple):
    """What all processes have: the payload, the semaphores, the orders and the answers.

    There is one semaphore for each producer, and orders and answers for each process.
    """

    payload: bytes
    credits: list[Any]
    orders: list[Any]
    answers: Any


def spin(due: int) -> None:
    """Wait until the clock says so."""
    left = due - perf_counter_ns() - SPUN_NS
    if left > 0:
        sleep(left / 1e9)
    while perf_counter_ns() < due:
        pass


def produce(number: int, shared: Shared, puts: list[Callable[[Any], None]]) -> None:
    """Send every P-th message of each pass; when all were taken, say so."""
    credit, producers = shared.credits[number], len(shared.credits)
    while (order := shared.orders[number].recv()) is not None:
        spin(order.start)
        for turn, message in enumerate(range(number, order.messages, producers)):
            credit.acquire()
            due = order.start + round(message * order.interval_ns) if order.interval_ns else perf_counter_ns()
            spin(due)
            puts[turn % len(puts)]((message, due, shared.payload))
        for _ in range(WINDOW // producers):
            credit.acquire()
        for _ in range(WINDOW // producers):
            credit.release()
        shared.answers.put((number, []))


def consume(number: int, shared: Shared, get: Callable[[], Any]) -> None:
    """Take messages until None ends a pass; answer with number, latency and time of each.

    Who has had a None takes nothing more until the next pass: in a shared queue there is one for each.
    """
    while shared.orders[number].recv() is not None:
        taken: list[tuple[int, int, int]] = []
        while (message := get()) is not None:
            arrived = perf_counter_ns()
            which, due, payload = message
            if payload != shared.payload:
                raise ValueError(f"message {which} arrived damaged")
            shared.credits[which % len(shared.credits)].release()
            taken.append((which, arrived - due, arrived))
        shared.answers.put((number, taken))


def getter(ends: list[Any]) -> Callable[[], Any]:
    """Return a function that takes the next message of several pipes."""
    if len(ends) == 1:
        take: Callable[[], Any] = ends[0].recv
        return take
    ready: list[Any] = []

    def get() -> Any:
        if not ready:
            ready.extend(wait(ends))
        return ready.pop().recv()

    return get


class Crew:
    """Producers and consumers, which go on to the next pass when they are told."""

    def __init__(self, channel: str, payload: bytes, producers: int, consumers: int) -> None:
        context = multiprocessing.get_context("fork")
        pipes = [context.Pipe(duplex=False) for _ in range(producers + consumers)]
        room = [context.Semaphore(WINDOW // producers) for _ in range(producers)]
        shared = Shared(payload, room, [end for end, _ in pipes], context.Queue())
        self.answers, self.counts = shared.answers, (producers, consumers)
        self.orders: list[Any] = [end for _, end in pipes]
        puts: list[list[Callable[[Any], None]]]
        gets: list[Callable[[], Any]]
        if channel == "queue":
            line: Any = context.Queue()
            puts, gets = [[line.put]] * producers, [line.get] * consumers
            self.ends = [line.put] * consumers
        else:
            # Both ways, as ipc=pipe: such a pair of sockets holds more than a pipe does.
            mesh = [[context.Pipe() for _ in range(consumers)] for _ in range(producers)]
            puts = [[there.send for _, there in row] for row in mesh]
            gets = [getter([row[consumer][0] for row in mesh]) for consumer in range(consumers)]
            self.ends = [there.send for _, there in mesh[0]]
        self.processes = [
            *(context.Process(target=produce, args=(n, shared, put)) for n, put in enumerate(puts)),
            *(
                context.Process(target=consume, args=(n, shared, get))
                for n, get in enumerate(gets, producers)
            ),
        ]
        for process in self.processes:
            process.daemon = True
            process.start()

    def place(self) -> None:
        """Pin each process to a CPU, taking the CPUs in turn."""
        cpus = sorted(os.sched_getaffinity(0))
        for turn, process in enumerate(self.processes):
            os.sched_setaffinity(process.pid or 0, {cpus[turn % len(cpus)]})

    def passed(self, messages: int, interval_ns: float) -> tuple[float, list[int]]:
        """Send so many messages; return how many a second the consumers got, and how long each took."""
        producers, consumers = self.counts
        start = perf_counter_ns() + LEAD_NS
        for end in self.orders:
            end.send(Order(messages, start, interval_ns))
        for _ in range(producers):
            self.answers.get()
        for end in self.ends:
            end(None)
        taken = [one for _ in range(consumers) for one in self.answers.get()[1]]
        if sorted(which for which, *_ in taken) != list(range(messages)):
            raise ValueError(f"{len(taken)} messages came, not each of {messages} once")
        last = max(arrived for *_, arrived in taken)
        return messages * 1e9 / (last - start), [latency for _, latency, _ in taken]

    def end(self) -> None:
        """End the processes, which wait for their next order."""
        for process in self.processes:
            process.kill()
            process.join()


def measure(crew: Crew, load: float, seconds: float) -> tuple[float, list[int]]:
    """Return the rate of the median pass, and the sorted times of a last pass at that load; none without one."""
    first, _ = crew.passed(500, 0)
    messages = max(int(first * seconds / PASSES), 200)
    rate = sorted(crew.passed(messages, 0)[0] for _ in range(PASSES))[PASSES // 2]
    return rate, sorted(crew.passed(messages, 1e9 / (load * rate))[1]) if load else []


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("channel", choices=CHANNELS)
    parser.add_argument("size", type=int, help="bytes of a payload")
    parser.add_argument("--producers", type=int, default=2)
    parser.add_argument("--consumers", type=int, default=2)
    parser.add_argument("--load", type=float, default=0.0, help="share of the rate without a load")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--placement", choices=("none", "scatter"), default="none")
    asked = parser.parse_args()
    crew = Crew(asked.channel, os.urandom(asked.size), asked.producers, asked.consumers)
    if asked.placement == "scatter":
        crew.place()
    rate, taken = measure(crew, asked.load, asked.seconds)
    crew.end()
    print(rate, *(taken[int(share * len(taken))] for share in (0.5, 0.99) if taken))


if __name__ == "__main__":
    main()
