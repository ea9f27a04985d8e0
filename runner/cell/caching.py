"""Whether a function answers from a cache of its own, such as that of `functools.lru_cache`."""

from __future__ import annotations

from typing import Any

_INNER = ("__wrapped__", "__func__", "func")  # through decorators, methods and partial objects
_CACHE = ("cache_info", "cache_clear", "__wrapped__")  # of functools, and of libraries that do as it does
_DEEPEST = 32  # a chain that is longer leads in a circle


def answers_from_cache(function: Any) -> bool:
    """Return whether a call was answered from the function's cache since that was last cleared.

    The cache counts so itself, so no time tells: a call that had to wait for a CPU is taken for nothing else.
    """
    for _ in range(_DEEPEST):
        if function is None or isinstance(function, type):
            return False
        if all(hasattr(function, name) for name in _CACHE):
            hits = getattr(function.cache_info(), "hits", 0)
            return isinstance(hits, int) and hits > 0
        inner = (getattr(function, name, None) for name in _INNER)
        function = next((each for each in inner if each is not None), None)
    return False
