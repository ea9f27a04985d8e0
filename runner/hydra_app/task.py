"""What Hydra calls: plan what was asked, and carry it out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from rich.console import Console

from breakeven.base.errors import BadInput
from breakeven.runner.hydra_app.compose import Request, plain_config
from breakeven.runner.hydra_app.objective import cell_value
from breakeven.runner.planning.pending import make_agenda
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.store import Sweep
from breakeven.runner.sweep.dry_run import preview
from breakeven.runner.sweep.session import ALL_DONE, SOME_FAILED, Carrying, Typed
from breakeven.runner.sweep.signals import EXIT_INTERRUPTED


class RunFailed(Exception):
    """Raised where a run failed in a process that a launcher of Hydra started: the exit code is told by another one."""


@dataclass(frozen=True)
class Launch:
    """What was asked of one sweep: every cell, what was typed, and the configuration they start from.

    ``notes`` are what there is to tell about the choice of the cells.
    """

    requests: Sequence[Request]
    overrides: tuple[str, ...]
    base: Mapping[str, Any]
    notes: tuple[str, ...] = ()


class Sweeping(Protocol):
    """What the launcher calls: a task that takes a whole sweep, not a single configuration."""

    def carry_out(self, launch: Launch) -> int:
        """Carry out the sweep and give its exit code."""
        ...  # pragma: no cover

    def value(self, request: Request) -> float:
        """Give what was measured of one cell of it, the more the better."""
        ...  # pragma: no cover


@dataclass
class Application:
    """What Hydra calls: with one configuration, or, through our launcher, with all of them.

    ``code`` is the exit code of what was carried out. ``refused`` keeps a bad input that turned up in a call with one
    configuration, since Hydra would print a line of its own above the message if it were raised. All calls of one
    command belong to one sweep, in whichever process a launcher makes them: ``began`` names one that has no name.
    """

    command: Sequence[str] = ("breakeven",)
    began: datetime = field(default_factory=lambda: datetime.now().astimezone())
    code: int = ALL_DONE
    refused: BadInput | None = field(default=None, repr=False)
    sweep: Path | None = None
    stopped: bool = False
    home: int = field(default_factory=os.getpid, repr=False)

    def __call__(self, config: DictConfig) -> float:
        """Carry out a sweep of one cell, for Hydra's other launchers, and give what was measured of it."""
        overrides = tuple(HydraConfig.get().overrides.task)
        request = Request(plain_config(config), overrides)
        try:
            code = self._carry_out(Launch([request], overrides, request.plain), one_of_several=True)
        except BadInput as error:
            if os.getpid() != self.home:  # what is kept here would be lost with this process
                raise
            self.refused = error
            return 0.0
        if code == EXIT_INTERRUPTED:
            raise KeyboardInterrupt  # Hydra would go on with the next job
        if code == SOME_FAILED and os.getpid() != self.home:
            raise RunFailed(" ".join(overrides))
        return self.value(request)

    def carry_out(self, launch: Launch) -> int:
        """Plan the sweep, make its runs, sum up; raises BadInput before the first run."""
        return self._carry_out(launch, one_of_several=False)

    def value(self, request: Request) -> float:
        """Give the worth of a cell from its stored runs, for sweepers that look for the best."""
        return 0.0 if self.sweep is None else cell_value(Sweep(self.sweep), request)

    def _carry_out(self, launch: Launch, *, one_of_several: bool) -> int:
        plan = make_plan(
            launch.requests, now=self.began, folder=Path.cwd(), sweep=self.sweep, again=one_of_several
        )
        if plan.policy.dry_run:
            _preview(plan, launch.notes)
            return ALL_DONE
        if self.stopped:  # by on_failure or max_failures, in an earlier call of the same command
            return self.code
        self.sweep = plan.sweep
        typed = Typed(self.command, launch.overrides, launch.base, launch.notes)
        carrying = Carrying(plan, typed, one_of_several=one_of_several)
        code = carrying.carry_out()
        self.code, self.stopped = max(self.code, code), carrying.stopped
        return code


def _preview(plan: Plan, notes: Sequence[str]) -> None:
    stored = Sweep(plan.sweep).stored(check_parts=False)  # somebody may be writing it
    preview(plan, make_agenda(plan, stored.rows), stored.rows, notes, Console())
