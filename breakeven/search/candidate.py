"""What a race chooses among."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Candidate:
    """What can be chosen: a ``kind`` (model, channel and their knobs), ``workers``, and the tasks handed over at once.

    ``chunk`` is None if it cannot be set. ``most`` is the largest speedup that there can be: with few tasks, large
    chunks leave workers without any. ``serial`` is the program as it is, whose speedup is 1.
    """

    kind: str
    workers: int
    chunk: int | None = None
    most: float = inf
    serial: bool = False
