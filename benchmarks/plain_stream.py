"""Messages one way between two processes, by hand: the reference for pattern=stream.

Written with `multiprocessing` alone.

    python -m benchmarks.plain_stream pipe 65536 [--load 0.5] [--seconds 1] [--placement none]

Prints the messages per second without a load and, with one, the median and the 99th percentile in ns of the time from
when a message was due until the other process had it. No more than 16 messages are unanswered; the other process
compares each with what was sent and answers with its number and that time. Nothing of the lab is imported, so that the
two can only agree by both being right.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Callable
from time import perf_counter_ns, sleep
from typing import Any

from benchmarks.plain_echo import CHANNELS, PLACEMENTS, place

WINDOW = 16
PASSES = 5
SPUN_NS = 100_000


def consume(receive: Callable[[], Any], send: Callable[[Any], None], expected: bytes) -> None:
    """Answer each message, until None comes."""
    while (message := receive()) is not None:
        arrived = perf_counter_ns()
        number, due, payload = message
        if payload != expected:
            raise ValueError(f"message {number} arrived damaged")
        send((number, arrived - due))


def one_pass(
    send: Callable[[Any], None], receive: Callable[[], Any], payload: bytes, messages: int, interval_ns: float
) -> tuple[float, list[int]]:
    """Send so many messages; return how many a second the other side had, and how long each took."""
    taken = []
    start = perf_counter_ns()
    for number in range(messages):
        if number >= WINDOW:
            taken.append(receive()[1])
        due = start + round(number * interval_ns)
        if not interval_ns:
            due = perf_counter_ns()
        elif due - perf_counter_ns() > SPUN_NS:
            sleep((due - perf_counter_ns() - SPUN_NS) / 1e9)
        while perf_counter_ns() < due:
            pass
        send((number, due, payload))
    while len(taken) < messages:
        taken.append(receive()[1])
    return messages * 1e9 / (perf_counter_ns() - start), taken


def measure(channel: str, size: int, load: float, seconds: float, placement: str) -> tuple[float, list[int]]:
    """Return the rate of the median pass, and the sorted times of a last pass at that load; none without one."""
    context = multiprocessing.get_context("fork")
    payload = os.urandom(size)
    there: Any
    back: Any
    if channel == "pipe":
        here, other = context.Pipe()
        send, receive, ends = here.send, here.recv, (other.recv, other.send)
    else:
        there, back = context.Queue(), context.Queue()
        send, receive, ends = there.put, back.get, (there.get, back.put)
    process = context.Process(target=consume, args=(*ends, payload), daemon=True)
    process.start()
    place(placement, process.pid or 0)
    first, _ = one_pass(send, receive, payload, 500, 0)
    messages = max(int(first * seconds / PASSES), 200)
    rate = sorted(one_pass(send, receive, payload, messages, 0)[0] for _ in range(PASSES))[PASSES // 2]
    taken = sorted(one_pass(send, receive, payload, messages, 1e9 / (load * rate))[1]) if load else []
    send(None)
    process.join()
    return rate, taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("channel", choices=CHANNELS)
    parser.add_argument("size", type=int, help="bytes of a payload")
    parser.add_argument("--load", type=float, default=0.0, help="share of the rate without a load")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--placement", choices=PLACEMENTS, default=PLACEMENTS[0])
    asked = parser.parse_args()
    rate, taken = measure(asked.channel, asked.size, asked.load, asked.seconds, asked.placement)
    print(rate, *(taken[int(share * len(taken))] for share in (0.5, 0.99) if taken))


if __name__ == "__main__":
    main()
