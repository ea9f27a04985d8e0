"""Calls of functions that are async: their coroutines run on an event loop that the worker keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = (
    0x20,
    0x80,
    0x200,
)  # flags of code objects, as in the module inspect
Call = Callable[..., Any]


def runs_nothing(function: Any) -> Optional[str]:
    """Return what a function is whose call runs none of its code, None if a call runs it."""
    flags = _flags(function)
    if flags & _GENERATOR:
        return "a generator function"
    return "an async generator function" if flags & _ASYNC_GENERATOR else None


def complete(function: Call) -> Call:
    """Return a function that waits for the result if ``function`` is async, or returns something to await.

    Whether a function that is not declared so returns something to await shows at its first call.
    """
    if _flags(function) & _COROUTINE:
        return _on_a_loop(function)
    chosen: Optional[Call] = None

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal chosen
        if chosen is not None:
            return chosen(*args, **kwargs)
        result = function(*args, **kwargs)
        chosen = _on_a_loop(function) if hasattr(type(result), "__await__") else function
        return result if chosen is function else _on_a_loop(lambda: result)()

    return call


def _on_a_loop(function: Call) -> Call:
    import asyncio  # noqa: PLC0415  # takes tens of milliseconds, which a run without coroutines must not pay

    loop = asyncio.new_event_loop()  # of this worker alone, kept between calls as by asyncio.Runner
    asyncio.set_event_loop(loop)

    def call(*args: Any, **kwargs: Any) -> Any:
        return loop.run_until_complete(function(*args, **kwargs))

    return call


def _flags(function: Any) -> int:
    """Return the flags of the code that a call starts, through partial objects, methods and ``__call__``."""
    while hasattr(function, "func") and hasattr(function, "keywords"):
        function = function.func
    for candidate in (function, getattr(type(function), "__call__", None)):  # noqa: B004  # its code, not whether it exists
        code = getattr(getattr(candidate, "__func__", candidate), "__code__", None)
        if code is not None and not isinstance(function, type):
            return int(code.co_flags)
    return 0
