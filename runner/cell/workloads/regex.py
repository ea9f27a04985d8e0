"""A regular expression over lines of a log: bound by the CPU, in C that holds the GIL."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from threading import get_ident
from typing import ClassVar

from ._looped import Passes
from ._resources import CPU

_LINE = "{}.{}.{}.{} - GET /items/{} [{}] {} ms\n"
_PATTERN = r"(\d{1,3}(?:\.\d{1,3}){3}) - (\w+) (\S+) \[(\w+)\] (\d+) ms"
_STATES = ("ok", "cached", "missing", "slow")


class Regex(Passes):
    """Searches ``amount`` characters, at most 8192 in one call, for requests, and adds up their times."""

    BOUND = (CPU,)
    ITEMS: ClassVar[int] = 8192

    def prepare(self) -> str:
        """Return the lines."""
        random, text = Random(self.seed), ""
        while len(text) < self.ITEMS:
            address = (random.randrange(1, 255) for _ in range(4))
            text += _LINE.format(
                *address, random.getrandbits(16), random.choice(_STATES), random.randrange(5000)
            )
        return text[: self.ITEMS]

    def step(self) -> Callable[[str], int]:
        """Return what searches, with a compiled expression of this thread's own.

        `re` keeps those that it compiled by their text.
        """
        find = re.compile(f"{_PATTERN}(?#{get_ident()})").finditer

        def search(text: str) -> int:
            total = 0
            for found in find(text):
                total += int(found[5])
            return total

        return search
