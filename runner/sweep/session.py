"""Carry out one plan: lock its folder and the machine, execute its pending runs, report, and end in order."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from rich.console import Console

from breakeven.base.exit_codes import ALL_DONE, EXIT_INTERRUPTED, SOME_FAILED
from breakeven.base.text import shown
from breakeven.base.units import format_clock
from breakeven.runner.config.policy import JSON, QUIET
from breakeven.runner.engines.loading import load
from breakeven.runner.errors import NotStored, OutputsUnwritable, PlanOutdated
from breakeven.runner.host import clear_leftovers, kill_now
from breakeven.runner.locks import Holder, HostLock, SweepLock, told
from breakeven.runner.planning.eta import estimate
from breakeven.runner.planning.pending import Pending, find_pending
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.request import Launch
from breakeven.runner.results.rows import incompatible
from breakeven.runner.status.events import DONE, INTERRUPTED, NOT_STORED, STOPPED
from breakeven.runner.store import Stored, Sweep
from breakeven.runner.sweep.description import describe_launch
from breakeven.runner.sweep.loop import End, Loop, Observers
from breakeven.runner.sweep.observer import Noted, RunIncompatible, SweepBegan, SweepEnded
from breakeven.runner.sweep.outcome import Outcome
from breakeven.runner.sweep.signals import ending_in_order
from breakeven.runner.sweep.sinks import open_sinks
from breakeven.runner.sweep.tally import Tally

_INTERRUPTED = "interrupted; what was measured is kept"


@dataclass(frozen=True)
class _Ended:
    """How the runs ended: one of `ENDS`, the exit code, and the reason for an early end, if any."""

    how: str
    code: int
    why: str | None = None


class Session:
    """Carries out one plan.

    ``one_of_several`` is true if the same command carries out more plans, perhaps in other processes.
    """

    def __init__(self, plan: Plan, launch: Launch, *, one_of_several: bool = False) -> None:
        self._plan = plan
        self._launch = launch
        self._one_of_several = one_of_several
        self._sweep = Sweep(plan.sweep)
        self._silent = plan.policy.progress in {QUIET, JSON}
        self._writer = SweepLock(plan.sweep)
        self._console = Console(stderr=True, quiet=self._silent)

    def carry_out(self) -> Outcome:
        """Execute the pending runs; raise BadInput before the first."""
        self._sweep.create()
        with ending_in_order(kill_now):
            try:
                with self._alone():
                    ended = self._reported()
            except KeyboardInterrupt:  # while waiting for another sweep
                ended = _Ended(INTERRUPTED, EXIT_INTERRUPTED, _INTERRUPTED)
            except NotStored as error:
                ended = _Ended(NOT_STORED, SOME_FAILED, str(error))
        sums_up = not self._silent and ended.how != NOT_STORED and self._sweep.holds_runs()
        if ended.why:
            self._say_how_to_carry_on(ended.why)
        return Outcome(ended.code, stopped=ended.how == STOPPED, to_sum_up=sums_up)

    # --- locks -------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the locks: only this process writes this sweep and measures on this machine.

        A second writer is refused at once. Several calls of one command are not refused: they take the lock of the
        machine first, and wait for each other there.
        """
        waits = self._plan.policy.on_busy == "wait"
        writer = self._writer.held()
        machine = HostLock().held(str(self._sweep.path), wait=waits, on_wait=self._say_who_measures)
        first, second = (machine, writer) if self._one_of_several else (writer, machine)
        with first as note, second as other:
            clear_leftovers()
            for text in filter(None, (note, other)):
                self._say(text)
            yield

    def _say_who_measures(self, holder: Holder) -> None:
        self._say(f"waiting until this machine has measured {told(holder)}")

    # --- runs --------------------------------------------------------------------------------------------

    def _reported(self) -> _Ended:
        """Execute the runs and notify the observers of everything, the end included."""
        stored = self._sweep.stored()
        pending = find_pending(self._plan, stored.rows)
        with closing(
            Observers(open_sinks(self._sweep, self._plan.policy.progress, self._console))
        ) as observers:
            ended = self._make_runs(observers, pending, stored)
            observers.notify(SweepEnded(how=ended.how, code=ended.code))
        return ended

    def _make_runs(self, observers: Observers, pending: Pending, stored: Stored) -> _Ended:
        try:
            self._prepare(observers, pending, stored)
            end = self._loop(observers, pending, stored)
        except KeyboardInterrupt:
            return _Ended(INTERRUPTED, EXIT_INTERRUPTED, _INTERRUPTED)
        except PlanOutdated as error:
            return _Ended(STOPPED, SOME_FAILED, f"stopped: {error}")
        except NotStored as error:
            return _Ended(NOT_STORED, SOME_FAILED, str(error))
        if end.why:
            return _Ended(STOPPED, SOME_FAILED, end.why)
        return _Ended(DONE, SOME_FAILED if end.tally.failed or pending.failed else ALL_DONE)

    def _loop(self, observers: Observers, pending: Pending, stored: Stored) -> End:
        plan = self._plan
        loop = Loop(self._sweep, plan.policy, observers, self._writer.check)
        tally = Tally(total=len(pending.waiting), incompatible=len(plan.incompatible))
        return loop.make_runs(
            pending.waiting, load(plan.engine)(), estimate(plan, pending, stored.rows), tally
        )

    def _prepare(self, observers: Observers, pending: Pending, stored: Stored) -> None:
        """Prepare the folder for new runs and print what is pending; raise NotStored."""
        plan = self._plan
        self._tidy(observers, pending, stored)
        self._describe()
        observers.notify(
            SweepBegan(
                sweep=plan.sweep,
                total=len(plan.runs),
                done=len(pending.done),
                waiting=len(pending.waiting),
                incompatible=len(plan.incompatible),
                command=shlex.join(self._launch.command),
            )
        )
        for note in self._launch.notes:
            self._note(observers, note)
        self._say(_opening(plan, pending, stored))
        for run, reason in plan.incompatible:
            observers.notify(RunIncompatible(run=run, reason=reason))
            if run.key not in stored.rows:
                self._sweep.commit(incompatible(run, reason))

    def _tidy(self, observers: Observers, pending: Pending, stored: Stored) -> None:
        """Set aside damaged runs and those to be rerun, and remove the leftovers of interrupted writes."""
        if stored.damaged:
            folder = self._sweep.set_aside_damaged(stored)
            self._note(
                observers,
                f"{len(stored.damaged)} damaged files were moved to {folder}; their runs are repeated",
            )
        if pending.again:
            folder = self._sweep.set_aside(pending.again, "repeated")
            self._note(observers, f"{len(pending.again)} stored runs were moved to {folder} and are repeated")
        if pending.changed and self._plan.policy.on_change == "keep":
            changed = "; ".join(map(str, pending.changed))
            self._note(observers, f"kept although measured under other conditions: {changed}")
        left = self._sweep.tidy()
        if left:
            observers.notify(Noted(text=f"removed {left} files of interrupted writes"))

    def _describe(self) -> None:
        """Store the request in the folder and point ``latest`` to it."""
        try:
            self._sweep.describe(describe_launch(self._sweep, self._plan, self._launch))
            self._sweep.point_latest()
        except OSError as error:
            what = error.filename2 or error.filename or self._sweep.path
            raise OutputsUnwritable.from_os_error(error, what) from error

    # --- messages ----------------------------------------------------------------------------------------

    def _note(self, observers: Observers, note: str) -> None:
        self._say(note)
        observers.notify(Noted(text=note))

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _say_how_to_carry_on(self, why: str) -> None:
        """Print why the sweep ended early and how to carry on, even if progress is quiet."""
        text = f"{why}. Carry on with: {shlex.join(_again(self._launch.command, self._sweep.path.name))}"
        Console(stderr=True).print(text, soft_wrap=True, markup=False, highlight=False)


def _opening(plan: Plan, pending: Pending, stored: Stored) -> str:
    waiting, failed = len(pending.waiting), len(pending.failed)
    counts = [
        f"{waiting} run{'s' * (waiting != 1)}",
        *([f"{len(pending.done)} already done"] if pending.done else []),
        *([f"{failed} failed before (retry_failed=true repeats them)"] if failed else []),
        *([f"{len(plan.incompatible)} incompatible"] if plan.incompatible else []),
        *([f"{plan.collapsed} duplicate{'s' * (plan.collapsed != 1)} skipped"] if plan.collapsed else []),
        *([f"about {format_clock(estimate(plan, pending, stored.rows).seconds_left)}"] if waiting else []),
    ]
    return f"{shown(plan.sweep)}: {', '.join(counts)}"


def _again(command: Sequence[str], name: str) -> list[str]:
    """Return the command that carries on: the typed one, with the name of the sweep."""
    return [*(part for part in command if not part.startswith("sweep=")), f"sweep={name}"]
