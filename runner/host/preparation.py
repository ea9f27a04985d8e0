"""A run that is ready to measure: its folder and its interpreter; the next one is made so while the last is stored."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from breakeven.runner.cell.specification import Rules, Specification
from breakeven.runner.errors import NotStored
from breakeven.runner.host.child import Child, Limits, NotStarted
from breakeven.runner.host.cleanup import private_folder
from breakeven.runner.host.ending import Ending
from breakeven.runner.host.present import is_given_up
from breakeven.runner.planning.interpreters import start_options
from breakeven.runner.planning.node_facts import is_of_a_node
from breakeven.runner.planning.perturbation import Variation
from breakeven.runner.planning.run import Run


class Prepared:
    """A run that waits for nothing but its specification: its private folder and its interpreter."""

    def __init__(self, run: Run) -> None:
        """Make the folder and start the interpreter; raise NotStarted or NotStored."""
        self.run = run
        with ExitStack() as stack:
            self.folder = stack.enter_context(private_folder())
            limits = Limits(run.cell.time_limit_ns, run.cell.memory_limit_bytes)
            self._child = Child(specification(run, self.folder), limits)
            stack.callback(self._child.end)
            self._stack = stack.pop_all()

    def carry_out(self) -> Ending:
        """Measure, end all processes of the run, and return how it ended; raise Abandoned. The folder stays."""
        return self._child.carry_out()

    def close(self) -> None:
        """End what is left of the processes, and remove the folder."""
        self._stack.close()


class Next:
    """The run that is expected after the current one; its interpreter starts once the current one has measured.

    It loads what every run loads, while the result of the last run becomes tables and is stored, and then waits
    for its specification. So it measures nothing before that is done, and nothing runs beside a measurement.
    """

    def __init__(self) -> None:
        self._expected: Run | None = None
        self._prepared: Prepared | None = None

    def expect(self, run: Run | None) -> None:
        """Prepare ``run`` as soon as the current one has measured; None for no run."""
        self._expected = run

    def take(self, run: Run) -> Prepared:
        """Return ``run``, prepared now if it is not yet, and end any other; raise NotStarted or NotStored."""
        prepared, self._prepared = self._prepared, None
        if prepared is not None and prepared.run != run:
            prepared.close()
            prepared = None
        return prepared or Prepared(run)

    def start(self) -> None:
        """Prepare the expected run.

        One that cannot be prepared meets the same obstacle when it is due, and reports it.
        """
        expected, self._expected = self._expected, None
        if expected is not None and not is_given_up():
            with suppress(NotStarted, NotStored, OSError):
                self._prepared = Prepared(expected)

    def close(self) -> None:
        """End what was prepared and is not needed; idempotent."""
        self._expected = None
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            prepared.close()


def specification(run: Run, folder: Path) -> Specification:
    """Return the specification for the measured process."""
    asked = {name: value for name, value in asdict(run.cell).items() if name in Specification._fields}
    started: dict[str, Any] = {
        "options": (*run.cell.interpreter_flags, *start_options(str(run.conditions.get("python_version")))),
        "environment": variation(run).environment() | run.cell.environment,
    }
    return Specification(
        **asked | started | {"measure": Rules(**asked["measure"], least_traced=int(run.must_trace))},
        cell_id=run.cell_id,
        round=run.round,
        executable=run.executable,
        folder=str(folder),
        path=(str(run.path),),
        parent=os.getpid(),
        amount=run.amount,
        known_ns=0 if run.amount is not None or run.calibration is None else run.calibration.measured_ns,
        calibrates=False,
        names_build=is_of_a_node(run),
    )


def variation(run: Run) -> Variation:
    """Return what differs between this run and the other rounds of its cell."""
    return Variation.of(run.cell.seed, run.cell_id, run.round).under(run.cell.environment)
