"""Round trips between two processes, written by hand: the reference for others.

With `multiprocessing` alone, or with `plain_wires`.

    python -m benchmarks.plain_echo pipe 65536 [--seconds 0.5] [--placement none]

Prints the median round trip in ns, and the share of looks at which both processes were on one CPU. With --placement
they have one CPU (compact) or one each (scatter). One message ``(task, value, payload)`` is under way at a time, the
other process sends it back as it came, and each answer is compared with what was sent, which is not timed. Nothing of
the lab is imported, so that the two can only agree by both being right.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from benchmarks.plain_wires import WIRES, wires

Exchange = Callable[[Any], Any]
CHANNELS = ("pipe", "queue")
PLACEMENTS = ("none", "compact", "scatter")
WARM_UP, FEWEST = 0.2, 100  # seconds, timed round trips
LOOKS = 20
_PROCESSOR = 36  # words after the name, in /proc/PID/stat


def echo(receive: Callable[[], Any], send: Callable[[Any], None]) -> None:
    """Send every message back, until None comes."""
    while (message := receive()) is not None:
        send(message)


@contextmanager
def joined(channel: str, placement: str = "none") -> Iterator[Exchange]:
    """Start the other process and place both; yield a function that sends it a message and waits for the answer."""
    context = multiprocessing.get_context("fork")
    there: Any
    back: Any
    if channel in WIRES:
        (send, receive), other_wire = wires(channel)
        serve = (other_wire.receive, other_wire.send)
    elif channel == "pipe":
        here, other = context.Pipe()
        send, receive, serve = here.send, here.recv, (other.recv, other.send)
    else:
        there, back = context.Queue(), context.Queue()
        send, receive, serve = there.put, back.get, (there.get, back.put)
    process = context.Process(target=echo, args=serve, daemon=True)
    process.start()
    place(placement, process.pid or 0)

    def exchange(message: Any) -> Any:
        send(message)
        return receive()

    yield exchange
    send(None)
    process.join()


def place(placement: str, other: int) -> None:
    """Confine this process and the ``other`` to one CPU, or to one each; threads that they make later follow them."""
    if placement != "none":
        first, *more = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(other, {first})
        os.sched_setaffinity(0, {first if placement == "compact" else more[0]})


def cpu_of(process: int) -> int:
    """Return the CPU that a process's main thread runs on, or ran on before it went to sleep."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[_PROCESSOR])


def round_trips(exchange: Exchange, payload: bytes, seconds: float, fewest: int = 1) -> list[int]:
    """Send ``payload`` to and fro for ``seconds``, at least ``fewest`` times; return each time in ns."""
    taken: list[int] = []
    end = perf_counter_ns() + int(seconds * 1e9)
    while perf_counter_ns() < end or len(taken) < fewest:
        start = perf_counter_ns()
        answer = exchange((0, 0, payload))
        taken.append(perf_counter_ns() - start)
        if answer != (0, 0, payload):
            raise ValueError(f"message {len(taken)} of {len(payload)} bytes came back changed")
    return taken


def median_round_trip(
    channel: str, size: int, seconds: float, placement: str = "none"
) -> tuple[float, float]:
    """Return the median round trip of ``size`` random bytes in ns, and the share of looks on one CPU.

    It is measured after a warm-up.
    """
    payload = os.urandom(size)
    taken: list[int] = []
    shared: list[bool] = []
    with joined(channel, placement) as exchange:
        (other,) = multiprocessing.active_children()
        round_trips(exchange, payload, WARM_UP)
        for _ in range(LOOKS):
            taken += round_trips(exchange, payload, seconds / LOOKS, FEWEST // LOOKS)
            shared.append(cpu_of(os.getpid()) == cpu_of(other.pid or 0))
        return statistics.median(taken), statistics.fmean(shared)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("channel", choices=[*CHANNELS, *WIRES])
    parser.add_argument("size", type=int, help="bytes of a payload")
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--placement", choices=PLACEMENTS, default=PLACEMENTS[0])
    asked = parser.parse_args()
    print(*median_round_trip(asked.channel, asked.size, asked.seconds, asked.placement))


if __name__ == "__main__":
    main()
