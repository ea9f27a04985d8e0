"""Ticks come at fixed times, whatever holds the thread up."""

from __future__ import annotations

import time

import pytest

from breakeven.runner.cell import ticker as ticker_module
from breakeven.runner.cell.ticker import Ticker


def test_what_holds_the_thread_up_makes_every_tick_late_that_was_due_meanwhile() -> None:
    """A call of three and a half periods: three ticks are late, each by the time since it was due; the next one is not."""
    ticker = Ticker(1000, 100, 5)
    ticker.serve(1099)
    assert ticker.late_ns == []
    ticker.serve(1100)
    ticker.serve(1450)
    assert ticker.late_ns == [0, 250, 150, 50]
    assert not ticker.over
    ticker.serve(1501)
    assert ticker.late_ns[-1] == 1


def test_there_are_as_many_ticks_as_asked() -> None:
    """However late it is; none is due afterwards."""
    ticker = Ticker(0, 10, 3)
    ticker.serve(1000)
    ticker.serve(2000)
    assert ticker.late_ns == [990, 980, 970]
    assert ticker.over
    assert Ticker(0, 10, 0).over


def test_a_thread_that_does_nothing_else_serves_each_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """It sleeps from one to the next, however late it wakes, and ends with the last."""
    woken = iter([2_000_000, 4_300_000, 6_000_100, 8_000_000, 10_000_000])
    slept: list[float] = []
    now_ns = 0

    def sleep(seconds: float) -> None:
        nonlocal now_ns
        slept.append(seconds)
        now_ns = next(woken)

    monkeypatch.setattr(ticker_module, "sleep", sleep)
    monkeypatch.setattr(ticker_module, "perf_counter_ns", lambda: now_ns)
    ticker = Ticker(0, 2_000_000, 5)
    ticker.keep()
    assert slept == [0.002, 0.002, 0.0017, 0.0019999, 0.002]
    assert ticker.late_ns == [0, 300_000, 100, 0, 0]
    assert ticker.wait_s > 1e6


def test_by_the_clock_no_tick_is_early() -> None:
    """Nor does the last one come before its time."""
    start = time.perf_counter_ns()
    ticker = Ticker(start, 2_000_000, 5)
    ticker.keep()
    assert len(ticker.late_ns) == 5
    assert time.perf_counter_ns() - start >= 10_000_000
    assert min(ticker.late_ns) >= 0


def test_a_program_without_workers_serves_ticks_between_calls() -> None:
    """What a call returns is passed on, and what was due is late by the rest of the call."""
    ticker = Ticker(time.perf_counter_ns(), 1_000_000, 3)

    def call(payload: int) -> tuple[int, int]:
        time.sleep(0.005)
        return 1, payload

    assert ticker.served_after(call)(7) == (1, 7)
    assert ticker.over
    assert ticker.late_ns == sorted(ticker.late_ns, reverse=True)
    assert min(ticker.late_ns) >= 2_000_000
