"""The application that Hydra calls: plan a sweep and carry it out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from breakeven.base.errors import BadInput
from breakeven.base.exit_codes import ALL_DONE, EXIT_INTERRUPTED, SOME_FAILED
from breakeven.base.layout import SweepPaths
from breakeven.base.loading import load
from breakeven.base.streams import make_sturdy
from breakeven.runner import engines
from breakeven.runner.config.search import BisectSearch
from breakeven.runner.hydra_app.compose import plain_config
from breakeven.runner.hydra_app.texts import as_typed
from breakeven.runner.hydra_app.unused import refuse_single_run
from breakeven.runner.planning.bounds import over_their_time
from breakeven.runner.planning.pending import Stored, find_pending
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.planning.request import Launch, Origin, Request
from breakeven.runner.planning.settling import known_calibrations, settle, unknown_lengths
from breakeven.runner.sweep.dry_run import show_plan
from breakeven.runner.sweep.outcome import INTERRUPTED, Outcome
from breakeven.runner.sweep.schedule import over_budget
from breakeven.runner.sweep.signals import raise_if_interrupted, until_put_away

STORE = "breakeven.runner.store:Sweep"
SESSION = "breakeven.runner.sweep.session:Session"
OBJECTIVE = "breakeven.runner.hydra_app.objective:cell_value"
PROBE = "breakeven.runner.sweep.probing:probe"
"""Loaded on demand: the plan of a new sweep needs neither Parquet nor engines, unless it calls a function."""


class RunFailed(Exception):
    """Raised when a run fails in a stock launcher's child process; the parent reports the exit code."""


class Sweeping(Protocol):
    """A task that takes a whole sweep, not a single configuration; our launcher calls it."""

    def carry_out(self, launch: Launch) -> int:
        """Carry out the sweep and return its exit code."""
        ...  # pragma: no cover

    def value(self, request: Request) -> float:
        """Return the measured value of one of its cells; more is better."""
        ...  # pragma: no cover


@dataclass
class Application:
    """The task that Hydra calls with one configuration, or our launcher with all of them.

    ``code`` is the exit code so far, ``called`` whether a configuration was composed. ``refused`` holds a BadInput of a
    call with one configuration: if it were raised, Hydra would print a line of its own above the message. All calls of
    one command belong to one sweep, whichever process a launcher makes them in; ``began`` names a sweep without a name.
    ``sum_up`` leaves the verdicts in a results folder and prints its summary, unless it is to be silent; ``to_sum_up``
    is that folder, ``outcome`` how the last call ended, None before the first.
    """

    command: Sequence[str] = ("breakeven",)
    sum_up: Callable[[Path, bool], None] | None = None
    began: datetime = field(default_factory=lambda: datetime.now().astimezone())
    options: Sequence[str] = ()
    code: int = ALL_DONE
    called: bool = False
    refused: BadInput | None = field(default=None, repr=False)
    sweep: Path | None = None
    stopped: bool = False
    to_sum_up: Path | None = None
    outcome: Outcome | None = None
    home: int = field(default_factory=os.getpid, repr=False)

    def __call__(self, config: DictConfig) -> float:
        """Carry out a sweep of one cell, for Hydra's other launchers, and return its measured value."""
        self.called = True
        raise_if_interrupted()  # a sweep may come as a single run only since Hydra lost that
        overrides = tuple(map(as_typed, HydraConfig.get().overrides.task))
        request = Request(plain_config(config), overrides)
        make_sturdy()  # that of the command holds in a fork of it alone
        try:
            refuse_single_run(HydraConfig.get())
            code = self._carry_out(Launch([request], overrides, request.plain), one_of_several=True)
            if os.getpid() != self.home:  # what is kept here would be lost with this process
                self.report()
        except BadInput as error:
            if os.getpid() != self.home:  # as above
                raise
            self.refused = error
            return 0.0
        if code == EXIT_INTERRUPTED:
            raise KeyboardInterrupt  # Hydra would go on with the next job
        if code == SOME_FAILED and os.getpid() != self.home:
            raise RunFailed(" ".join(overrides))
        return self.value(request)

    def carry_out(self, launch: Launch) -> int:
        """Plan the sweep and execute its runs; raise BadInput before the first."""
        self.called = True
        return self._carry_out(launch, one_of_several=False)

    def value(self, request: Request) -> float:
        """Return the value of a cell from its stored runs, for sweepers that optimise."""
        return 0.0 if self.sweep is None else float(load(OBJECTIVE)(load(STORE)(self.sweep), request))

    def _carry_out(self, launch: Launch, *, one_of_several: bool) -> int:
        origin = Origin(Path.cwd(), self.began, self.sweep, again=one_of_several)
        plan = settle(make_plan(launch.requests, origin, engines.KINDS, launch.search), {}, {})
        if plan.policy.dry_run:
            _show_plan(plan, launch.notes)
            return ALL_DONE
        if self.stopped:  # by on_failure or max_failures, in an earlier call of the same command
            return self.code
        self.sweep = plan.sweep
        launch = replace(launch, command=self.command, options=self.options)
        with until_put_away() as hold_back:
            session = load(SESSION)(plan, launch, one_of_several=one_of_several)
            outcome: Outcome = session.carry_out(hold_back)
            self.to_sum_up = plan.sweep if outcome.to_sum_up else None
            self.outcome = outcome
            self.code, self.stopped = max(self.code, outcome.code), outcome.stopped
        return outcome.code

    def report(self) -> int:
        """Print the pending summary and how to resume, if any, and return the exit code."""
        try:
            if self.to_sum_up is not None and self.sum_up is not None and self.outcome is not None:
                self.sum_up(self.to_sum_up, self.outcome.silent)
        except KeyboardInterrupt:
            self.interrupted()
        ending = self.outcome.ending() if self.outcome is not None else None
        if ending is not None:
            sys.stderr.write(f"{ending}\n")
        return self.code

    def interrupted(self) -> None:
        """Record a signal that arrived when the runs had ended."""
        self.code = EXIT_INTERRUPTED
        if self.outcome is not None:
            self.outcome = replace(self.outcome, why=self.outcome.why or INTERRUPTED)


def _show_plan(plan: Plan, notes: Sequence[str]) -> None:
    stored: Stored = {}
    if SweepPaths(plan.sweep).holds_runs():
        stored = load(STORE)(plan.sweep).stored().rows  # as in a launch, which repeats what is damaged
    calibrations = known_calibrations(plan, stored)
    settled = settle(plan, calibrations.known, stored)
    is_bisection = isinstance(plan.search, BisectSearch)  # which measures few of the sizes that it may
    uncalled = [] if is_bisection else unknown_lengths(settled, find_pending(settled, stored))
    if uncalled:
        calibrations = load(PROBE)(settled, calibrations, uncalled)
        settled = settle(plan, calibrations.known, stored)
    pending = find_pending(settled, stored)
    too_long = over_their_time(settled) if pending.waiting else None
    misfits = filter(None, (too_long, over_budget(settled, pending, stored)))
    show_plan(settled, pending, stored, (*notes, *calibrations.notes, *misfits))
