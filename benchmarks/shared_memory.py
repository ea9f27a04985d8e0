"""The lab's channel through shared memory beside loops written by hand: one message to and fro between two processes.

    python -m benchmarks.shared_memory [--size 1048576] [--sync semaphore] [--rounds 5] [--seconds 0.5]

Each round starts fresh processes in random order, the parent on one CPU and the worker on another: the lab with access
copy, view and resident and with a message of 64 bytes, and by hand the same copies (of bytes in and out, each way), the
wake-up alone (64 bytes), and four copies of memory in one process. Printed are the median of the rounds' medians, and
the least and largest. Goals at 1 MiB: copy takes at most 1.1 of the loop by hand, view at most 0.7 of copy, resident at
most 1.5 of the wake-up of the lab. Exits with 1 unless all are reached. Nothing of the lab is used by hand.
"""

from __future__ import annotations

import argparse
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.shared_memory import SharedMemory
from random import Random
from statistics import median
from time import perf_counter_ns
from typing import Any

from benchmarks.sweeps import ROOT, swept
from breakeven.analysis.frames.load import load

_HEADER = struct.Struct("=qqq")
_SMALL = 64
_WARM_UP = 0.2  # seconds
WAYS = ("copy", "view", "resident", "wake", "hand", "hand_wake", "memcpy")
GOALS = (("copy", "hand", 1.1), ("view", "copy", 0.7), ("resident", "wake", 1.5))


def by_hand(size: int, sync: str, seconds: float) -> float:
    """Return the median round trip in ns of bytes through one slot each way, by hand.

    The slots are mapped before.
    """
    context = get_context("fork")
    segment = SharedMemory(create=True, size=2 * (_HEADER.size + size))
    view = memoryview(segment.buf)  # type: ignore[arg-type]  # None only once it is closed
    view[:] = bytes(len(view))
    there, back = view[: len(view) // 2], view[len(view) // 2 :]
    (ring, wait), (answer, receive) = (_wake_up(sync, context) for _ in range(2))

    def serve() -> None:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        bytes(view[::4096])
        while True:
            wait()
            task, value, payload = _read(there)
            if task < 0:
                return
            _write(back, task, value, payload)
            answer()

    process = context.Process(target=serve, daemon=True)
    process.start()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    def exchange(payload: bytes) -> bytes:
        _write(there, 0, 0, payload)
        ring()
        receive()
        return _read(back)[2]

    taken = timed(exchange, os.urandom(size), seconds)
    _write(there, -1, 0, b"")
    ring()
    process.join()
    for part in (there, back, view):
        part.release()
    segment.close()
    segment.unlink()
    return taken


def _write(slot: memoryview, task: int, value: int, payload: bytes) -> None:
    _HEADER.pack_into(slot, 0, task, value, len(payload))
    slot[_HEADER.size : _HEADER.size + len(payload)] = payload


def _read(slot: memoryview) -> tuple[int, int, bytes]:
    task, value, length = _HEADER.unpack_from(slot)
    return task, value, bytes(slot[_HEADER.size : _HEADER.size + length])


def _wake_up(sync: str, context: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return functions that wake the other side and wait for it."""
    if sync == "pipe":
        reader, writer = os.pipe()
        return lambda: os.write(writer, b"x"), lambda: os.read(reader, 1)
    semaphore = context.Semaphore(0)
    return semaphore.release, semaphore.acquire


def timed(exchange: Callable[[bytes], bytes], payload: bytes, seconds: float) -> float:
    """Return the median of exchanges for so many seconds, after a warm-up.

    Each answer is compared, outside of its time.
    """
    for length in (_WARM_UP, seconds):
        taken: list[int] = []
        end = perf_counter_ns() + int(length * 1e9)
        while perf_counter_ns() < end:
            start = perf_counter_ns()
            answer = exchange(payload)
            taken.append(perf_counter_ns() - start)
            if answer != payload:
                raise ValueError("a message came back changed")
    return median(taken)


def copies(size: int, seconds: float) -> float:
    """Return the median time of four copies of memory in ns."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    there, back = memoryview(bytearray(size)), memoryview(bytearray(size))

    def exchange(payload: bytes) -> bytes:
        there[:] = payload
        there[:] = payload
        back[:] = there
        back[:] = there
        return payload

    return timed(exchange, os.urandom(size), seconds)


def by_the_lab(size: int, sync: str, access: str, seconds: float) -> float:
    """Return the median round trip of one run of the lab in ns."""
    asked = (
        *("pattern=pingpong", "model=process", "workers=1", "ipc=shared_memory", "affinity=scatter"),
        *("rounds=1", "measure.traced=0", f"measure.max_time={seconds}s", f"payload={size}B"),
        *(f"ipc.sync={sync}", f"ipc.access={access}"),
    )
    with swept(*asked) as folder:
        return float(load(folder).runs["latency_p50_ns"].median())


def measure(way: str, size: int, sync: str, seconds: float) -> float:
    """Return the median of one way in ns, in a fresh process."""
    if way in ("copy", "view", "resident"):
        return by_the_lab(size, sync, way, seconds)
    if way == "wake":
        return by_the_lab(_SMALL, sync, "copy", seconds)
    if way == "memcpy":
        return copies(size, seconds)
    return by_hand(size if way == "hand" else _SMALL, sync, seconds)


def _apart(way: str, arguments: argparse.Namespace) -> float:
    """Measure in a process of its own, which may pin itself."""
    command = [sys.executable, "-m", "benchmarks.shared_memory", "--only", way]
    for name in ("size", "sync", "seconds"):
        command += [f"--{name}", str(getattr(arguments, name))]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    """Measure all ways in turn and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=1 << 20)
    parser.add_argument("--sync", choices=("semaphore", "pipe"), default="semaphore")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument("--only", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(measure(arguments.only, arguments.size, arguments.sync, arguments.seconds))
        return 0
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    random = Random(1)
    for _ in range(arguments.rounds):
        for way in random.sample(WAYS, len(WAYS)):
            found[way].append(_apart(way, arguments) / 1e3)
    for way, times in found.items():
        print(f"{way:10} {median(times):8.1f} us  ({min(times):.1f} to {max(times):.1f})")
    missed = 0
    for way, base, most in GOALS:
        ratio = median(found[way]) / median(found[base])
        missed += ratio > most
        print(f"{way} / {base}: {ratio:.2f} (at most {most})")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
