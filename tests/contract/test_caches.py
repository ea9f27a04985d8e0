"""Caches of functions are recognised by what they count, and by time only if nothing is counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache, partial, wraps
from typing import Any
from unittest.mock import MagicMock

import pytest

from breakeven.runner.cell import first_calls
from breakeven.runner.cell.caching import answers_from_cache
from breakeven.runner.cell.first_calls import observe
from breakeven.runner.cell.sampling import SERIAL
from breakeven.runner.cell.workloads._abc import Sizes, Task, Workload
from breakeven.runner.results.warnings import notes
from tests.samples import result, run, trial

MS = 1_000_000


def _twice(number: int) -> int:
    return 2 * number


def _forwarding(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any) -> Any:
        return function(*args)

    return call


class _Doubling:
    @lru_cache  # noqa: B019  # what users write
    def twice(self, number: int) -> int:
        return 2 * number


CACHED: dict[str, Callable[[], Any]] = {
    "lru_cache": lambda: lru_cache(_twice),
    "cache": lambda: cache(_twice),
    "partial": lambda: partial(lru_cache(_twice), 1),
    "method": lambda: partial(_Doubling().twice, 1),
    "decorated": lambda: _forwarding(_forwarding(lru_cache(_twice))),
}


@pytest.mark.parametrize("kind", CACHED)
def test_a_cache_is_recognised_once_it_answers(kind: str) -> None:
    """Whatever is around it."""
    function = CACHED[kind]()
    arguments = () if isinstance(function, partial) else (1,)
    _Doubling.twice.cache_clear()
    function(*arguments)
    assert not answers_from_cache(function)
    function(*arguments)
    assert answers_from_cache(function)


@pytest.mark.parametrize(
    "function", [_twice, len, print, _Doubling, lru_cache(maxsize=0)(_twice), partial(_twice), MagicMock()]
)
def test_other_functions_have_none(function: Any) -> None:
    """Nor one that keeps nothing."""
    if function not in (print, _Doubling, len) and not isinstance(function, partial):
        function(1)
        function(1)
    assert not answers_from_cache(function)


def test_a_chain_without_an_end_has_none() -> None:
    """A function can be said to wrap itself."""

    def loop() -> None:
        """Do nothing."""

    loop.__wrapped__ = loop  # type: ignore[attr-defined]
    assert not answers_from_cache(loop)


@pytest.mark.parametrize(
    ("first", "cached", "expected"),
    [
        (
            33_173,
            True,
            "cache: mine:work answers from its own cache (cache_info): its first call took 33.2us",
        ),
        (100, True, "cache: mine:work answers from its own cache"),
        (MS, False, "cache: the first call of mine:work took 1ms, a repeated one with an equal input 50ns"),
        (33_173, False, None),
    ],
)
def test_a_cache_is_noted_however_short_its_calls_are(first: int, cached: bool, expected: str | None) -> None:
    """By time alone only a call that is long enough to be no accident."""
    made = run("python", task_ns=None)
    made.cell.workload_options["target"] = "mine:work"
    found = notes(made, result(trial(kind=SERIAL, wall_ns=500, tasks=10), first_call_ns=first, cached=cached))
    assert (found or "").startswith(expected or "")
    assert (found is None) == (expected is None)


class _Waiting(Workload):
    """A task of a millisecond of work, whose first call waits for a CPU for nine more."""

    FOREIGN = True

    def __init__(self) -> None:
        super().__init__({}, Sizes(0, 0), 0)
        self.wall_ns = self.cpu_ns = self.waited_ns = 0

    def inputs(self) -> list[None]:
        """Return none."""
        return [None]

    def open(self) -> Task:
        """Return the function."""

        def work(_: Any) -> tuple[int, None]:
            waits = 0 if self.cpu_ns else 9 * MS
            self.waited_ns += waits
            self.cpu_ns += MS
            self.wall_ns += MS + waits
            return 0, None

        return work


def test_a_call_that_waited_for_a_cpu_is_no_longer_than_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one as any later one."""
    made = _Waiting()
    monkeypatch.setattr(first_calls, "perf_counter_ns", lambda: made.wall_ns)
    monkeypatch.setattr(first_calls, "process_time_ns", lambda: made.cpu_ns)
    monkeypatch.setattr(first_calls, "_waited_ns", lambda _: made.waited_ns)
    seen, _ = observe(made, apart=False)
    assert (seen.first_ns, seen.task_ns, seen.cpus) == (MS, MS, 1.0)
