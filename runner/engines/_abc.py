"""The interface of engines, which carry runs to machines.

An engine takes a `Run` and returns a future of its `RunResult`. A cluster engine differs from the local one
only in where `breakeven.runner.host.execute` is called; everything that is measured happens behind that
function.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future

from breakeven.runner.cell.calibration import CalibrationResult
from breakeven.runner.host import Ending
from breakeven.runner.planning.node_facts import NodeFacts
from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult

SWEEP = "sweep"
"""Among the options of an engine with knobs: the results folder of the sweep, which may not exist."""

Calibrated = CalibrationResult | Ending
"""What a calibration found, or how it ended if it failed."""


class Engine(ABC):
    """Carries runs to a machine, one at a time on each."""

    @property
    def room(self) -> int:
        """Return how many runs may be submitted and not yet ended: as many as there are nodes."""
        return 1

    def takes(self, run: Run) -> bool:
        """Return whether ``run`` could begin as soon as it is submitted: a node that may make it is free."""
        del run
        return True

    @abstractmethod
    def submit(self, run: Run) -> Future[RunResult]:
        """Queue ``run``; the future raises only if the engine fails, never because the run did."""

    def expect(self, run: Run | None) -> None:  # noqa: B027  # an engine may ignore it
        """Announce the run that is expected after the one submitted next, None for none: it may be prepared.

        Nothing of it is measured before it is submitted; another run may be submitted instead.
        """

    @abstractmethod
    def calibrate(self, run: Run) -> Future[Calibrated]:
        """Queue the calibration of the task of ``run``; the future raises like that of `submit`."""

    def node_names(self) -> Sequence[str]:
        """Return the nodes that there are now; none for an engine on this machine."""
        return ()

    def placed(self) -> Sequence[tuple[Run, str]]:
        """Return the runs that got to a node since the last call, each with its node.

        A run that is moved comes again.
        """
        return ()

    def why_waiting(self) -> str:
        """Return why no run that was submitted is being made, if that has lasted long; empty otherwise."""
        return ""

    def node_facts(self, run: Run) -> Sequence[NodeFacts]:
        """Return what the nodes say of themselves and of the interpreter of ``run``.

        Nothing if the plan knows the machine.
        """
        del run
        return ()

    @abstractmethod
    def close(self) -> None:
        """End the current run and drop the queued ones; idempotent."""
