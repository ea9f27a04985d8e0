"""Records to JSON text and back: bound by the CPU, in C that holds the GIL.

Encoder and decoder are the worker's own, as `json.JSONEncoder()` makes them: those of `json.dumps` and `json.loads` are
shared by all threads.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, ClassVar

from ._looped import Passes
from ._resources import CPU

_TAGS = ("red", "green", "blue", "yellow")


class Json(Passes):
    """Encodes and decodes ``amount`` records, at most 64 in one text."""

    BOUND = (CPU,)
    ITEMS: ClassVar[int] = 64

    def prepare(self) -> list[dict[str, Any]]:
        """Return records with a number, texts, a fraction and a list, some 100 bytes of text each."""
        random = Random(self.seed)
        return [
            {
                "id": random.getrandbits(30),
                "name": f"user {random.getrandbits(20)}",
                "score": random.random(),
                "tags": random.sample(_TAGS, 2),
                "active": random.random() < 1 / 2,
            }
            for _ in range(self.ITEMS)
        ]

    def step(self) -> Callable[[list[Any]], int]:
        """Return the function that encodes, decodes and counts."""
        encode, decode = json.JSONEncoder().encode, json.JSONDecoder().raw_decode

        def there_and_back(records: list[Any]) -> int:
            text = encode(records)
            found, _ = decode(text)
            return len(text) + sum(int(record["id"]) for record in found)

        return there_and_back
