"""The loop over the runs of a sweep: submit each to the engine, store it, count it and report it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from breakeven.runner.config.policy import STOP, Policy
from breakeven.runner.engines.loading import Engine
from breakeven.runner.planning.eta import Eta
from breakeven.runner.planning.run import Run
from breakeven.runner.store import Sweep
from breakeven.runner.sweep.observer import RunBegan, RunEnded, SweepEvent, SweepObserver
from breakeven.runner.sweep.signals import held_back
from breakeven.runner.sweep.tally import Tally


@dataclass(frozen=True)
class End:
    """How the runs of a sweep ended: ``why`` is the reason for an early end, None if all runs were made."""

    tally: Tally
    why: str | None


@dataclass(frozen=True)
class Observers:
    """A group of observers that acts as one."""

    all: Sequence[SweepObserver]

    def notify(self, event: SweepEvent) -> None:
        """Pass ``event`` to each observer in turn; raise NotStored if one of them cannot write it."""
        for observer in self.all:
            observer.notify(event)

    def close(self) -> None:
        """Close every observer."""
        for observer in self.all:
            observer.close()


class Loop:
    """Makes runs one after the other.

    ``check`` is called before each run and raises NotStored if this process no longer owns the folder.
    """

    def __init__(
        self, sweep: Sweep, policy: Policy, observer: SweepObserver, check: Callable[[], None]
    ) -> None:
        self._sweep = sweep
        self._policy = policy
        self._observer = observer
        self._check = check

    def make_runs(self, runs: Sequence[Run], engine: Engine, eta: Eta, tally: Tally) -> End:
        """Make ``runs`` until none is left or the policy says to stop; raise NotStored or PlanOutdated."""
        with closing(engine):
            for run in runs:
                self._check()
                self._observer.notify(
                    RunBegan(run=run, number=tally.ended + 1, of=tally.total, seconds_left=eta.seconds_left)
                )
                row = self._make(run, engine)
                eta.ended(run.cell, row["wall_ns"])
                tally = tally.with_one(row["status"])
                self._observer.notify(RunEnded(run=run, row=row, tally=tally, seconds_left=eta.seconds_left))
                why = why_stop(self._policy, tally)
                if why is not None:
                    return End(tally, why)
        return End(tally, None)

    def _make(self, run: Run, engine: Engine) -> Mapping[str, Any]:
        """Wait for one run and store it; a signal that arrives during the storing is delayed."""
        result = engine.submit(run).result()
        with held_back():
            self._sweep.commit(result)
        return result.row


def why_stop(policy: Policy, tally: Tally) -> str | None:
    """Return why the sweep must stop here, None if it goes on."""
    if tally.failed and policy.on_failure == STOP:
        return "stopped after a failed run (on_failure=stop)"
    if policy.max_failures is not None and tally.failed >= policy.max_failures:
        return f"stopped after {tally.failed} failed run{'s' * (tally.failed != 1)} (max_failures={policy.max_failures})"
    return None
