"""Calls of functions that are async: their coroutines run on an event loop that each thread keeps between calls.

Workers that are tasks of that loop await them instead (`awaiting`, `count_cpu`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from time import thread_time_ns
from types import AsyncGeneratorType, GeneratorType, coroutine
from typing import Any, Optional
from weakref import finalize

from .errors import RunsNothing

# flags of code objects, as in the module inspect, whose import takes milliseconds
_GENERATOR, _COROUTINE, _AWAITABLE_GENERATOR, _ASYNC_GENERATOR = 0x20, 0x80, 0x100, 0x200
Call = Callable[..., Any]
Awaited = Callable[..., Coroutine[Any, Any, Any]]
_NEEDS_LOOP = "no running event loop", "There is no current event loop"  # of asyncio.create_task and gather
_mine = threading.local()  # what each thread keeps


def runs_nothing(function: Any) -> Optional[str]:
    """Return what a function is whose call runs none of its code, None if a call runs it."""
    flags = _flags(function)
    if flags & _GENERATOR and not flags & _AWAITABLE_GENERATOR:
        return "a generator function"
    return "an async generator function" if flags & _ASYNC_GENERATOR else None


def is_declared_async(function: Any) -> bool:
    """Return whether a function's definition says that a call returns something to await."""
    return bool(_flags(function) & (_COROUTINE | _AWAITABLE_GENERATOR))


def complete(function: Call, *, makes: bool = False) -> Call:
    """Return a function that waits for the result if ``function`` is async, or returns something to await.

    Whether a function that is not declared so returns something to await shows at its first call. Raise RunsNothing
    if the first result has its work still to do (`postponed`), unless the function ``makes`` an input, which may be so.
    """
    chosen: Optional[Call] = None

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal chosen
        if chosen is not None:
            return chosen(*args, **kwargs)
        called, result = _first(function, args, kwargs)
        if not makes:
            _refuse_postponed(result)
        chosen = called
        return result

    return call


def _first(function: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Call, Any]:
    """Call a function for the first time; return how to call it from now on, and what came of it."""
    looped = _on_a_loop(function)
    if is_declared_async(function):
        return looped, looped(*args, **kwargs)
    try:
        result = function(*args, **kwargs)
    except RuntimeError as error:
        if not str(error).startswith(_NEEDS_LOOP):
            raise
        return looped, looped(*args, **kwargs)
    return (looped, _await(result)) if is_awaitable(result) else (function, result)


def _await(result: Any) -> Any:
    """Return what an awaitable results in; a future is bound to a loop already."""
    return _run(_wait_for(result), result.get_loop() if hasattr(result, "get_loop") else own_loop())


def is_awaitable(result: Any) -> bool:
    """Return whether a result is to be awaited, as `inspect.isawaitable` does."""
    if hasattr(type(result), "__await__"):
        return True
    return isinstance(result, GeneratorType) and bool(result.gi_code.co_flags & _AWAITABLE_GENERATOR)


def postponed(result: Any) -> Optional[str]:
    """Return what a result is that does its work only as its items are taken; None if it is anything else.

    Known types alone: iterators may also be files, cursors of databases or rows that are read already.
    """
    if isinstance(result, (GeneratorType, AsyncGeneratorType)):
        return None if is_awaitable(result) else "a generator"
    kind = type(result)
    if isinstance(result, _POSTPONING) or (kind.__module__ == "itertools" and hasattr(kind, "__next__")):
        return f"an iterator ({kind.__name__})"
    return None


_CALLABLE_ITERATOR = type(iter(int, 1))  # that of re.finditer, too
_POSTPONING = (map, filter, zip, enumerate, reversed, _CALLABLE_ITERATOR)


def _refuse_postponed(result: Any) -> None:
    what = postponed(result)
    if what is not None:
        raise RunsNothing(
            f"the function returns {what}, whose work is done only as its items are taken, so no call does it; "
            "return what it yields, such as list(...)"
        )


def awaiting(function: Call) -> Awaited:
    """Return a coroutine function that calls ``function`` on the running loop.

    The call blocks the loop until something is to be awaited.
    """

    async def wait(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)  # within the loop, which asyncio.gather and create_task need
        return await result if is_awaitable(result) else result

    return wait


@coroutine
def count_cpu(waiting: Any, spend: Callable[[int], None]) -> Generator[Any, Any, Any]:
    """Await a coroutine, and report the CPU time of each of its steps: in between the thread has that of others."""
    resume, sent = waiting.send, None
    while True:
        before = thread_time_ns()
        try:
            waits = resume(sent)
        except StopIteration as end:
            return end.value
        finally:
            spend(thread_time_ns() - before)
        try:
            sent, resume = (yield waits), waiting.send
        except BaseException as error:  # noqa: BLE001  # whatever is thrown in, such as a cancellation, is the coroutine's
            sent, resume = error, waiting.throw


@coroutine
def give_way() -> Generator[None, None, None]:
    """Let the other tasks of the loop have their turn, as ``asyncio.sleep(0)`` does."""
    yield


def _on_a_loop(function: Call) -> Call:
    wait = awaiting(function)

    def call(*args: Any, **kwargs: Any) -> Any:
        return _run(wait(*args, **kwargs), own_loop())

    return call


def _run(waiting: Any, loop: Any) -> Any:
    """Run a coroutine on a loop, or on that of another thread if this one is in the middle of running its own."""
    if not loop.is_running():
        return loop.run_until_complete(waiting)
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # seldom: what compares results is async as well

    with ThreadPoolExecutor(1) as other:
        return other.submit(lambda: own_loop().run_until_complete(waiting)).result()


async def _wait_for(result: Any) -> Any:
    return await result


def own_loop() -> Any:
    """Return the event loop of this thread, which all calls share: what they open on it stays usable.

    It is what `asyncio.Runner` of Python 3.11 keeps. One that was made before a fork belongs to the other process.
    """
    kept: Optional[_Kept] = getattr(_mine, "kept", None)
    if kept is None or kept.process != os.getpid() or kept.loop.is_closed():
        kept = _mine.kept = _Kept()
    return kept.loop


def has_loop() -> bool:
    """Return whether a call in this thread needed an event loop."""
    return getattr(_mine, "kept", None) is not None


class _Kept:
    """A new event loop, closed at the end of its thread or of the process."""

    def __init__(self) -> None:
        import asyncio  # noqa: PLC0415  # takes tens of milliseconds, which a run without coroutines must not pay

        self.process = os.getpid()
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        finalize(self, _close, self.loop, self.process)


def _close(loop: Any, process: int) -> None:
    """Close a loop, but not one that a fork copied, nor that of a thread which still runs at exit."""
    if process == os.getpid() and not loop.is_running():
        loop.close()


def _flags(function: Any) -> int:
    """Return the flags of the code that a call starts, through partial objects, methods and ``__call__``."""
    while isinstance(function, partial):
        function = function.func
    for candidate in (function, getattr(type(function), "__call__", None)):  # noqa: B004  # its code, not whether it exists
        code = getattr(getattr(candidate, "__func__", candidate), "__code__", None)
        if code is not None and not isinstance(function, type):
            return int(getattr(code, "co_flags", 0))
    return 0
