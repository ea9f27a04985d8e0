"""Runs on this machine, one after the other, each in a fresh process."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from breakeven.runner import host
from breakeven.runner.engines._abc import Calibrated, Engine
from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult


class Local(Engine):
    """Carries out one run at a time, in one thread: two at once would disturb each other."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="local")
        self._next = host.Next()

    def submit(self, run: Run) -> Future[RunResult]:
        """Queue ``run``."""
        return self._executor.submit(host.execute, run, next_=self._next)

    def expect(self, run: Run | None) -> None:
        """Start the interpreter of ``run`` as soon as the current run has measured."""
        self._next.expect(run)

    def calibrate(self, run: Run) -> Future[Calibrated]:
        """Queue the calibration."""
        return self._executor.submit(host.calibrate, run)

    def close(self) -> None:
        """Drop the queued runs, and end the current one and the one prepared."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        host.abandon()
        self._executor.shutdown(wait=True)
        self._next.close()
