"""One sweep from a plan to stored runs: take the locks, make the missing runs, report, end in order."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from breakeven.base.events import DONE, INTERRUPTED, NOT_STORED, OVER_BUDGET, STOPPED
from breakeven.base.exit_codes import ALL_DONE, EXIT_INTERRUPTED, SOME_FAILED
from breakeven.base.program import override
from breakeven.base.statuses import FINAL
from breakeven.base.streams import problems
from breakeven.base.terminal import fixed, print_plain
from breakeven.base.text import plural, shown
from breakeven.base.wrapping import wrap
from breakeven.runner.config.policy import JSON, QUIET
from breakeven.runner.config.search import BisectSearch
from breakeven.runner.engines.loading import Engine, open_engine
from breakeven.runner.errors import EngineLost, NotStored, OutputsUnwritable, PlanOutdated
from breakeven.runner.host import clear_leftovers, kill_now
from breakeven.runner.locks import Holder, HostLock, SweepLock, describe_holder
from breakeven.runner.planning.bounds import over_their_time
from breakeven.runner.planning.calibration import to_text
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.node_facts import NodeFacts
from breakeven.runner.planning.pending import Pending, find_pending
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.request import Launch
from breakeven.runner.planning.settling import Calibrations, known_calibrations, settle
from breakeven.runner.results.rows import incompatible
from breakeven.runner.store import Stored, Sweep
from breakeven.runner.sweep import outcome
from breakeven.runner.sweep.bisecting import Settle
from breakeven.runner.sweep.budget import Budget
from breakeven.runner.sweep.calibrating import calibrate
from breakeven.runner.sweep.description import describe_launch
from breakeven.runner.sweep.loop import End, Loop, Observers
from breakeven.runner.sweep.observer import Noted, RunIncompatible, SweepBegan, SweepEnded
from breakeven.runner.sweep.schedule import Schedule, announce, describe_forecast, over_budget
from breakeven.runner.sweep.searches import open_search
from breakeven.runner.sweep.searching import SearchSchedule
from breakeven.runner.sweep.signals import ending_in_order, held_back
from breakeven.runner.sweep.sinks import open_sinks
from breakeven.runner.sweep.sinks.lines import INDENT
from breakeven.runner.sweep.tally import Tally
from breakeven.runner.sweep.turns import Turns


@dataclass(frozen=True)
class _Ended:
    """How the runs ended: one of `ENDS`, the exit code, and the reason for an early end, if any."""

    how: str
    code: int
    why: str | None = None


class Session:
    """Carries out one plan; ``one_of_several``: the same command carries out others, maybe elsewhere."""

    def __init__(self, plan: Plan, launch: Launch, *, one_of_several: bool = False) -> None:
        self._plan = plan
        self._launch = launch
        self._one_of_several = one_of_several
        self._sweep = Sweep(plan.sweep)
        self._silent = plan.policy.progress in {QUIET, JSON}
        self._writer = SweepLock(plan.sweep)
        width, height = fixed(sys.stderr)
        self._console = Console(stderr=True, quiet=self._silent, width=width, height=height)

    def carry_out(self, hold_back: Callable[[], None]) -> outcome.Outcome:
        """Make the runs that are not done yet; raise BadInput, but only before the first.

        ``hold_back`` is called when they are over: what is to be put away then must not be interrupted.
        """
        self._sweep.create()
        with ending_in_order(kill_now):
            try:
                with self._alone():
                    ended = self._reported(hold_back)
            except KeyboardInterrupt:  # while waiting for another sweep
                return self._outcome(_Ended(INTERRUPTED, EXIT_INTERRUPTED, outcome.INTERRUPTED))
            except NotStored as error:
                return self._outcome(_Ended(NOT_STORED, SOME_FAILED, str(error)))
        return self._outcome(ended, to_sum_up=ended.how != NOT_STORED and self._sweep.holds_runs())

    def _outcome(self, ended: _Ended, *, to_sum_up: bool = False) -> outcome.Outcome:
        again = shlex.join(_again(self._launch.command, self._sweep.path.name))
        return outcome.Outcome(ended.code, ended.how == STOPPED, to_sum_up, self._silent, ended.why, again)

    # --- alone -------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the locks that make this process the only writer of the sweep and the only one measuring here.

        A second writer is refused at once. Several calls of one command do not count as second writers: they
        wait for each other while they wait for the machine, so they take that lock first.
        """
        waits = self._plan.policy.on_busy == "wait"
        writer = self._own_folder()
        machine: AbstractContextManager[str | None] = HostLock().held(
            str(self._sweep.path), wait=waits, on_wait=self._announce_wait
        )
        if not self._plan.engine.here:  # each node holds its own lock while it measures
            machine = nullcontext()
        first, second = (machine, writer) if self._one_of_several else (writer, machine)
        with first as note, second as other:
            clear_leftovers()
            for text in filter(None, (note, other)):
                self._say(text)
            yield

    @contextmanager
    def _own_folder(self) -> Iterator[str | None]:
        """Hold the lock of the folder; a signal would leave its file if it came while the lock is taken."""
        try:
            with held_back():
                note = self._writer.acquire()
            yield note
        finally:
            self._writer.release()

    def _announce_wait(self, holder: Holder) -> None:
        self._say(f"waiting until this machine has measured {describe_holder(holder)}")

    # --- reported ----------------------------------------------------------------------------------------

    def _reported(self, hold_back: Callable[[], None]) -> _Ended:
        """Make the runs and notify the observers of every event, including the end."""
        stored = self._sweep.stored()
        calibrations = known_calibrations(self._plan, stored.rows)
        self._plan = settle(self._plan, calibrations.known, stored.rows)
        with closing(open_engine(self._plan.engine, self._plan.sweep)) as engine:
            nodes = self._node_facts(engine, stored)
            pending = find_pending(self._plan, stored.rows, nodes)
            with closing(
                Observers(open_sinks(self._sweep, self._plan.policy.progress, self._console))
            ) as observers:
                for note in (*calibrations.notes, *_new_models(nodes, stored)):
                    self._note(observers, note)
                try:
                    ended = self._make_runs(observers, pending, stored, calibrations, engine)
                finally:
                    hold_back()
                for name, error in problems():
                    observers.notify(Noted(text=f"{name} could not be written ({error.strerror})"))
                observers.notify(SweepEnded(how=ended.how, code=ended.code))
        return ended

    def _node_facts(self, engine: Engine, stored: Stored) -> list[NodeFacts]:
        """Return what the nodes that resume a sweep say of themselves and of each interpreter.

        Nothing if there is nothing to compare it with.
        """
        if not _measured_on(stored):
            return []
        asked = {run.executable: run for run in self._plan.runs}
        return [facts for run in asked.values() for facts in engine.node_facts(run)]

    def _make_runs(
        self,
        observers: Observers,
        pending: Pending,
        stored: Stored,
        calibrations: Calibrations,
        engine: Engine,
    ) -> _Ended:
        try:
            budget = Budget(self._plan.policy.budget_ns)
            self._prepare(observers, pending, stored)
            if not isinstance(self._plan.search, BisectSearch):
                waiting = {run.cell_id for run in pending.waiting}
                self._calibrate(observers, waiting, stored, calibrations, engine)
            pending = pending.of(self._plan)
            settle = partial(self._settle_one, observers, stored, calibrations, engine)
            turns = self._turns(pending, stored, budget, engine, settle)
            self._announce(observers, pending, stored, turns)
            end = self._loop(observers, turns, engine)
        except KeyboardInterrupt:
            return _Ended(INTERRUPTED, EXIT_INTERRUPTED, outcome.INTERRUPTED)
        except (PlanOutdated, EngineLost) as error:
            return _Ended(STOPPED, SOME_FAILED, f"stopped: {error}")
        except NotStored as error:
            return _Ended(NOT_STORED, SOME_FAILED, str(error))
        if end.over_budget and not end.tally.ended:
            self._note(observers, budget.too_short(end.next_seconds))
        elif end.over_budget:
            observers.notify(Noted(text="the budget is over; the same command resumes the sweep"))
        if end.why:
            return _Ended(STOPPED, SOME_FAILED, end.why)
        cut = end.over_budget and len(pending.waiting) > end.tally.ended
        how = OVER_BUDGET if cut else DONE
        return _Ended(how, SOME_FAILED if end.tally.failed or pending.failed else ALL_DONE)

    def _calibrate(
        self,
        observers: Observers,
        cells: set[str],
        stored: Stored,
        calibrations: Calibrations,
        engine: Engine,
    ) -> None:
        """Find how much work the tasks of ``cells`` do; all runs of the sweep do as much from then on."""
        plan, known = self._plan, calibrations.known
        made = calibrate(plan, known, cells, engine, observers.notify)
        for note in made.notes:
            self._note(observers, note)
        if made.known and (made.known != known or not self._sweep.calibration.exists()):
            self._sweep.keep_calibrations(to_text(made.known.values()))
        known.update(made.known)
        self._plan = settle(plan, made.known, stored.rows, finally_=True)

    def _settle_one(
        self,
        observers: Observers,
        stored: Stored,
        calibrations: Calibrations,
        engine: Engine,
        planned: PlannedCell,
    ) -> Plan:
        """Calibrate the task of one cell, if that was not done, and return the plan with it."""
        self._calibrate(observers, {planned.cell_id}, stored, calibrations, engine)
        return self._plan

    def _turns(
        self, pending: Pending, stored: Stored, budget: Budget, engine: Engine, settle_one: Settle
    ) -> Turns:
        """Return the schedule of the runs; that of a search is written down before its first run."""
        plan = self._plan
        if plan.search is None:
            return Schedule(plan, pending, stored.rows, budget, together=engine.room > 1)
        path = self._sweep.search
        written = path.read_text(encoding="utf-8") if path.exists() else ""
        search = open_search(plan, pending, stored.rows, budget, settle_one, written=written)
        if search.text != written:
            self._sweep.keep_search(search.text)
        return search

    def _announce(self, observers: Observers, pending: Pending, stored: Stored, turns: Turns) -> None:
        """Say what will be measured and how long it takes, now that the length of every task is known."""
        text = _opening(self._plan, pending, stored, turns)
        self._say("\n".join(wrap(text, self._console.width, INDENT)))
        too_long = over_their_time(self._plan) if pending.waiting else None
        for misfit in filter(None, (too_long, over_budget(self._plan, pending, stored.rows))):
            self._note(observers, misfit)

    def _loop(self, observers: Observers, turns: Turns, engine: Engine) -> End:
        plan = self._plan
        loop = Loop(self._sweep, plan.policy, observers, self._writer.check)
        tally = Tally(total=turns.certain, incompatible=len(plan.incompatible))
        return loop.make_runs(turns, engine, tally)

    def _prepare(self, observers: Observers, pending: Pending, stored: Stored) -> None:
        """Prepare the folder for new runs and announce them; raise NotStored."""
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
        for run, reason in plan.incompatible:
            observers.notify(RunIncompatible(run=run, reason=reason))
            if run.key not in stored.rows:
                self._sweep.commit(incompatible(run, reason))

    def _tidy(self, observers: Observers, pending: Pending, stored: Stored) -> None:
        """Move aside the runs that will be rerun, and remove the leftovers of interrupted writes."""
        if stored.damaged:
            for text in _lost(stored, self._sweep.set_aside_damaged(stored)):
                self._note(observers, text)
        if pending.again:
            folder = self._sweep.set_aside(pending.again, "rerun")
            self._note(observers, f"moved {plural(len(pending.again), 'stored run')} to {folder}, to rerun")
        if pending.changed and self._plan.policy.on_change == "keep":
            changed = "; ".join(map(str, pending.changed))
            self._note(observers, f"kept although measured under other conditions: {changed}")
        left = self._sweep.tidy()
        if left:
            observers.notify(Noted(text=f"removed {plural(left, 'leftover file')} of interrupted writes"))

    def _describe(self) -> None:
        """Store the configuration of the launch in the folder, and point ``latest`` at it."""
        try:
            self._sweep.describe(describe_launch(self._sweep, self._plan, self._launch))
            self._sweep.point_latest()
        except OSError as error:
            what = error.filename2 or error.filename or self._sweep.path
            raise OutputsUnwritable.from_os_error(error, what) from error

    # --- words -------------------------------------------------------------------------------------------

    def _note(self, observers: Observers, note: str) -> None:
        self._say(note)
        observers.notify(Noted(text=note))

    def _say(self, text: str) -> None:
        print_plain(self._console, text)


def _opening(plan: Plan, pending: Pending, stored: Stored, turns: Turns) -> str:
    waiting, failed = len(pending.waiting), len(pending.failed)
    is_new = not pending.done and not failed
    if isinstance(turns, SearchSchedule):
        first, time = turns.describe(), ""
    elif is_new:
        first, time = announce(plan, pending, stored.rows), ""
    else:
        time = describe_forecast(plan, pending, stored.rows)
        first = plural(waiting, "run") if waiting or not time else ""  # the time says what is left
    counts = [
        *([first] if first else []),
        *([f"{len(pending.done)} already done"] if pending.done else []),
        *([f"{failed} failed before (retry_failed=true reruns them)"] if failed else []),
        *([f"{len(plan.incompatible)} incompatible"] if plan.incompatible else []),
        *([f"{plural(plan.collapsed, 'duplicate')} skipped"] if plan.collapsed else []),
        *([time] if time else []),
    ]
    return f"{shown(plan.sweep)}: {', '.join(counts)}"


def _measured_on(stored: Stored) -> set[str]:
    """Return the CPU models that stored runs were measured on."""
    return {row["cpu_model"] for row in stored.rows.values() if row["status"] in FINAL and row["cpu_model"]}


def _new_models(nodes: Iterable[NodeFacts], stored: Stored) -> Iterator[str]:
    """Yield a note if nodes have CPUs that no stored run was measured on, beside those that some were."""
    models, known = {node.cpu_model for node in nodes}, _measured_on(stored)
    others = sorted(models - known)
    if others and models & known:
        yield f"nodes with another CPU take part from now on ({', '.join(others)}): times and rates are not compared across unlike hosts"


def _lost(stored: Stored, folder: Path | None) -> Iterator[str]:
    """Yield what is said about runs with a deleted and with a damaged file, whose other files are in ``folder``."""
    missing, damaged = len(stored.missing), len(stored.damaged) - len(stored.missing)
    if missing:
        runs = len({path.stem for path in stored.missing})
        yield (
            f"{plural(missing, 'file')} of {plural(runs, 'stored run')} {'is' if missing == 1 else 'are'} missing, such "
            f"as {shown(stored.missing[0])}: moved the rest to {folder}, to rerun"
        )
    if damaged:
        yield f"moved {plural(damaged, 'damaged file')} to {folder}, to rerun"


def _again(command: Sequence[str], name: str) -> list[str]:
    """Return the command that resumes the sweep: the typed one, with the name of the sweep."""
    return [*(part for part in command if not part.lstrip("+").startswith("sweep=")), override("sweep", name)]
