"""Functions that are async run on an event loop of their thread; those that leave their work for later are refused."""

from __future__ import annotations

import asyncio
import csv
import inspect
import io
import itertools
import os
import re
import sqlite3
import time
import types
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from breakeven.runner.cell.awaiting import awaiting, complete, count_cpu, give_way, own_loop, runs_nothing
from breakeven.runner.cell.errors import RunsNothing


async def _double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


class _Callable:
    async def __call__(self, number: int) -> int:
        return await _double(number)

    async def method(self, number: int) -> int:
        return await _double(number)


class _Awaitable:
    def __await__(self) -> Any:
        return _double(2).__await__()


@types.coroutine
def _old(number: int) -> Generator[None, None, int]:
    yield
    return 2 * number


def _generator() -> Iterator[int]:
    yield 1


async def _async_generator() -> AsyncIterator[int]:
    yield 1


def _returns_one() -> Iterator[int]:
    """Return a generator, which a look at this function does not show."""
    return (number for number in (1,))


class _Generating:
    def __call__(self) -> Iterator[int]:
        yield 1


@pytest.mark.parametrize(
    "function",
    [
        partial(_double, 2),
        partial(partial(_double), number=2),
        partial(_Callable(), 2),
        partial(_Callable().method, 2),
        partial(_old, 2),
        partial(lambda number: _old(number), 2),  # noqa: PLW0108  # declared as nothing
        lambda: _double(2),
        _Awaitable,
        lambda: asyncio.get_running_loop().create_task(_double(2)),
        lambda: 4,
    ],
)
def test_a_call_returns_what_was_awaited(function: Callable[[], Any]) -> None:
    """Once and again, in any thread."""
    with ThreadPoolExecutor(1) as pool:
        here, there = complete(function), complete(function)
        assert [here(), here()] == [4, 4]
        assert [pool.submit(there).result(), pool.submit(there).result()] == [4, 4]


def test_a_thread_keeps_one_loop_for_all_its_calls() -> None:
    """What a call opened stays usable, but not in another thread."""

    async def loop() -> Any:
        return asyncio.get_running_loop()

    with ThreadPoolExecutor(1) as pool:
        first = complete(loop)
        kept = [pool.submit(call).result() for call in (first, first, complete(loop))]
        assert kept[0] is kept[1] is kept[2]
        assert kept[0] is not complete(loop)()


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (_generator, "a generator function"),
        (partial(_generator), "a generator function"),
        (_Generating(), "a generator function"),
        (_async_generator, "an async generator function"),
        (_double, None),
        (_old, None),
        (len, None),
        (_Callable, None),
        (MagicMock(), None),
    ],
)
def test_what_runs_nothing_is_known_before_a_call(function: Any, kind: str | None) -> None:
    """Through partial objects and ``__call__``."""
    assert runs_nothing(function) == kind


def test_a_generator_that_a_function_returns_is_refused_at_the_first_call() -> None:
    """It is an input only where inputs are made."""
    with pytest.raises(RunsNothing, match="return what it yields"):
        complete(_returns_one)()
    assert next(complete(_returns_one, makes=True)()) == 1


class _Sequence:
    def __len__(self) -> int:
        return 1

    def __getitem__(self, place: int) -> int:
        return place


def _sent(result: Any) -> Callable[[], Any]:
    async def later() -> Any:
        return result

    return later


_LAZY = (
    map(str, [1]),
    filter(None, [1]),
    zip([1]),
    enumerate([1]),
    iter(lambda: 1, 1),
    re.finditer("a", "a"),
    reversed(_Sequence()),
    *(
        kind(*arguments)
        for kind, arguments in (
            (itertools.islice, ([1], 1)),
            (itertools.chain, ([1],)),
            (itertools.starmap, (str, [(1,)])),
            (itertools.takewhile, (bool, [1])),
            (itertools.accumulate, ([1],)),
            (itertools.product, ([1], [2])),
            (itertools.count, ()),
        )
    ),
    itertools.tee([1])[0],
    (number for number in [1]),
)


@pytest.mark.parametrize(
    "wrap", [lambda result: lambda: result, _sent, lambda result: partial(lambda one: _sent(one)(), result)]
)
@pytest.mark.parametrize("result", _LAZY, ids=lambda result: type(result).__name__)
def test_a_result_whose_work_is_still_to_do_is_refused(
    result: Any, wrap: Callable[[Any], Callable[[], Any]]
) -> None:
    """Of async functions as well, declared so or not; as an input it is what any other iterable is."""
    kind = "generator" if inspect.isgenerator(result) else type(result).__name__
    with pytest.raises(RunsNothing, match=f"{kind}.*return what it yields"):
        complete(wrap(result))()
    assert complete(wrap(result), makes=True)() is result


class _Rows:
    def __iter__(self) -> _Rows:
        return self

    def __next__(self) -> int:
        raise StopIteration


@pytest.mark.parametrize(
    "made",
    [
        Path(__file__).open,
        lambda: io.StringIO("a"),
        lambda: csv.reader(["a,b"]),
        lambda: sqlite3.connect(":memory:").execute("select 1"),
        lambda: os.scandir("."),
        lambda: iter([1]),
        lambda: iter({1: 2}.items()),
        lambda: [map(str, [1])],
        lambda: range(3),
        {1: 2}.keys,
        _Rows,
        MagicMock,
    ],
)
def test_other_results_are_left_alone_though_they_can_be_iterated_once(made: Callable[[], Any]) -> None:
    """Files, cursors and readers are handles of work that was done, or that nobody can know."""
    result = complete(made)()
    assert result is not None
    getattr(result, "close", lambda: None)()


def test_within_a_running_loop_another_one_is_used() -> None:
    """What compares results may be async while a task of the loop waits for it; both results are right."""

    async def outer() -> tuple[int, int]:
        return complete(partial(_double, 2))(), complete(lambda: _double(3))()

    assert own_loop().run_until_complete(outer()) == (4, 6)


def test_only_its_own_steps_are_counted_for_a_coroutine() -> None:
    """CPU time of the thread between them is that of other tasks."""

    async def steps() -> int:
        for _ in range(3):
            await give_way()
        return 7

    async def busy() -> None:
        for _ in range(3):
            end = time.thread_time_ns() + 20_000_000
            while time.thread_time_ns() < end:
                pass
            await give_way()

    async def both() -> tuple[int, list[int]]:
        own: list[int] = []
        result, _ = await asyncio.gather(_await(count_cpu(steps(), own.append)), busy())
        return result, own

    async def _await(waiting: Any) -> Any:
        return await waiting

    result, own = own_loop().run_until_complete(both())
    assert (result, len(own)) == (7, 4)
    assert sum(own) < 20_000_000


def test_what_is_thrown_into_a_counted_coroutine_reaches_it() -> None:
    """A cancellation is the coroutine's, which may catch it, and so is what it raises."""

    async def caught() -> str:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            return "caught"
        return ""

    steps: list[int] = []

    async def cancelled() -> Any:
        async def count() -> Any:
            return await count_cpu(caught(), steps.append)

        task = asyncio.ensure_future(count())
        await give_way()
        task.cancel()
        return await task

    async def failing() -> None:
        raise ValueError("no such luck")

    assert own_loop().run_until_complete(cancelled()) == "caught"
    with pytest.raises(ValueError, match="no such luck"):
        own_loop().run_until_complete(awaiting(lambda: count_cpu(failing(), steps.append))())
