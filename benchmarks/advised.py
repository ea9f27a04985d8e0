"""Functions of twelve sorts, as people bring them, for `benchmarks.advice`; each comes with its inputs."""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

NUMBERS = list(range(64))


def primes(start: int) -> int:
    """Count primes by trial division: pure Python, about 1 ms."""
    first = 2000 + start % 7
    return sum(all(number % divisor for divisor in range(2, 40)) for number in range(first, first + 700))


def collatz(start: int) -> int:
    """Follow a few thousand sequences: pure Python, about 20 ms."""
    total = 0
    for number in range(start + 1, start + 1500):
        while number > 1:
            number = number // 2 if number % 2 == 0 else 3 * number + 1  # noqa: PLW2901  # the sequence itself
            total += 1
    return total


def fetch(number: int) -> int:
    """Wait as for an answer of a server: 5 ms."""
    time.sleep(0.005)
    return number


def half(number: int) -> int:
    """Compute for about 1 ms, then wait for as long."""
    found = sum(each * each for each in range(12_000))
    time.sleep(0.001)
    return found + number


def tiny(number: int) -> int:
    """Add: far less than it takes to hand a task over."""
    return number + 1


def product(number: int) -> float:
    """Multiply matrices: NumPy, whose library may use threads of its own."""
    matrix = np.full((160, 160), number, dtype=np.float64)
    return float((matrix @ matrix)[0, 0])


def scale(image: Any) -> Any:
    """Scale an array of 1 MiB that is sent and sent back: little work for its size."""
    return image * np.float32(0.5)


IMAGES = [np.full((512, 512), number, dtype=np.float32) for number in range(16)]


def uneven(length: int) -> int:
    """Compute for a time that differs twentyfold between inputs."""
    return sum(each * each for each in range(length))


LENGTHS = [2_000 * (1 + 20 * (number % 13 == 0)) for number in range(52)]


def digest(data: bytes) -> str:
    """Hash 1 MiB that is made here: releases the GIL."""
    return hashlib.sha256(data[:1] * (1 << 20)).hexdigest()


SEEDS = [bytes([number]) for number in range(32)]


def squeeze(text: str) -> int:
    """Compress a text: releases the GIL."""
    return len(zlib.compress(text.encode() * 400, 6))


TEXTS = [f"the {number} quick brown foxes jump over {number * 7} lazy dogs" for number in range(32)]


def sweep_memory(number: int) -> float:
    """Read and write 16 MiB: bound by the memory, releases the GIL."""
    array = np.full(2 << 20, number, dtype=np.float64)
    array += 1
    return float(array[-1])


def parse(text: str) -> int:
    """Parse JSON of some 60 KiB."""
    return len(json.loads(text))


def documents() -> Sequence[str]:
    """Return texts to parse."""
    return [
        json.dumps([{"id": one, "name": f"n{one}"} for one in range(2000 + number)]) for number in range(16)
    ]


ADVISED: dict[str, tuple[str, tuple[str, ...]]] = {
    "primes": ("NUMBERS", ()),
    "collatz": ("NUMBERS", ()),
    "fetch": ("NUMBERS", ()),
    "half": ("NUMBERS", ()),
    "tiny": ("NUMBERS", ()),
    "product": ("NUMBERS", ()),
    "product1": ("NUMBERS", ("environment.OMP_NUM_THREADS=1", "environment.OPENBLAS_NUM_THREADS=1")),
    "scale": ("IMAGES", ()),
    "uneven": ("LENGTHS", ()),
    "digest": ("SEEDS", ()),
    "sweep_memory": ("NUMBERS", ()),
    "parse": ("documents", ()),
}
"""The inputs of each, and what else is set; ``product1`` is ``product`` with one thread in the native library."""
