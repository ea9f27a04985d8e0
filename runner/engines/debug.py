"""Runs in this process, so that a debugger and `breakpoint()` work in the measured code.

Nothing protects the sweep here: no fresh interpreter, no time limit. The timings are those of a process that
does other things as well; use them for debugging, not as measurements.
"""

from __future__ import annotations

import traceback
from concurrent.futures import Future

from breakeven.runner import host
from breakeven.runner.cell.entry import describe
from breakeven.runner.cell.run import execute
from breakeven.runner.cell.specification import Specification
from breakeven.runner.engines._abc import Engine
from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult


class Debug(Engine):
    """Carries out each run inside `submit`, before it returns."""

    def submit(self, run: Run) -> Future[RunResult]:
        """Carry out ``run`` now."""
        future: Future[RunResult] = Future()
        future.set_result(host.execute(run, conduct=in_process))
        return future

    def close(self) -> None:
        """Do nothing: no run outlives `submit`."""


def in_process(specification: Specification, limit_ns: int) -> host.Ending:
    """Measure in this process; ignore the time limit, since a debugger may pause for any time."""
    del limit_ns
    try:
        execute(specification, in_place=True)
    except Exception as error:  # noqa: BLE001  # whatever the user's function raises is the run's ending
        traceback.print_exc()
        return host.Ending("failed", describe(error))
    return host.Ending("ok")
