"""Runs in this process, so that a debugger and `breakpoint()` work in the measured code.

Nothing protects the sweep here: no fresh interpreter, no time limit. The timings are those of a process that
does other things as well; use them for debugging, not as measurements.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager

from breakeven.runner import host
from breakeven.runner.cell import watchdog
from breakeven.runner.cell.errors import WorkerDied
from breakeven.runner.cell.remedies import reason
from breakeven.runner.cell.run import execute
from breakeven.runner.cell.specification import Specification
from breakeven.runner.engines._abc import Calibrated, Engine
from breakeven.runner.errors import Interrupted
from breakeven.runner.planning.run import Run
from breakeven.runner.planning.variables import process_environment
from breakeven.runner.results import RunResult


class Debug(Engine):
    """Carries out each run inside `submit`, before it returns."""

    def submit(self, run: Run) -> Future[RunResult]:
        """Carry out ``run`` now."""
        future: Future[RunResult] = Future()
        future.set_result(host.execute(run, conduct=in_process))
        return future

    def calibrate(self, run: Run) -> Future[Calibrated]:
        """Calibrate now, in a process of its own."""
        future: Future[Calibrated] = Future()
        future.set_result(host.calibrate(run))
        return future

    def close(self) -> None:
        """Do nothing: no run outlives `submit`."""


def in_process(specification: Specification, limit_ns: int) -> host.Ending:
    """Measure in this process; ignore the time limit, since a debugger may pause for any time."""
    del limit_ns
    try:
        with watchdog.raising(), _environment(specification.environment):
            execute(specification._replace(time_limit_ns=0), in_place=True)
    except Interrupted:  # Ctrl-C; a KeyboardInterrupt of any other kind is the function's
        raise
    except WorkerDied as error:
        return host.Ending("crashed", str(error))
    except BaseException as error:  # noqa: BLE001  # whatever the user's function raises is the run's ending
        traceback.print_exc()
        return host.Ending("failed", reason(error))
    return host.Ending("ok")


@contextmanager
def _environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Let this process have the environment of a run; what was read before, as by native libraries, stays."""
    before = dict(os.environ)
    present = process_environment(changes)
    try:
        _replace(present)
        yield
    finally:
        _replace(before)


def _replace(variables: Mapping[str, str]) -> None:
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)
