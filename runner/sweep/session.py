"""One sweep on its way from a plan to stored runs and a summary."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml
from rich.console import Console

from breakeven.analysis.load import load
from breakeven.analysis.summary import render, summarise
from breakeven.base.text import shown
from breakeven.runner.errors import OutputsUnwritable, PlanOutdated
from breakeven.runner.host import clear_leftovers, record_incompatible
from breakeven.runner.locks import Holder, HostLock, SweepLock, told
from breakeven.runner.planning.eta import Forecast
from breakeven.runner.planning.pending import Agenda, make_agenda
from breakeven.runner.planning.plan import Plan
from breakeven.runner.status.events import DONE, INTERRUPTED, NOT_STORED, STOPPED, Journal
from breakeven.runner.store import NotStored, Stored, Sweep
from breakeven.runner.sweep.loop import Sweeper, learn
from breakeven.runner.sweep.progress import format_clock
from breakeven.runner.sweep.signals import EXIT_INTERRUPTED, ending_in_order

ALL_DONE, SOME_FAILED, BAD_INPUT = 0, 1, 2

_INTERRUPTED = "interrupted; what was measured is kept"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where libyaml is there
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True)
class Typed:
    """What was typed: command, its overrides, the configuration they start from, notes on the choice of cells."""

    command: Sequence[str]
    overrides: tuple[str, ...]
    base: Mapping[str, Any]
    notes: tuple[str, ...] = ()


class Carrying:
    """Carries out one plan; ``one_of_several`` says that the same command calls again, maybe in another process.

    ``stopped`` tells whether failures ended it early.
    """

    def __init__(self, plan: Plan, typed: Typed, *, one_of_several: bool = False) -> None:
        self._plan = plan
        self._typed = typed
        self._one_of_several = one_of_several
        self._sweep = Sweep(plan.sweep)
        self._again = shlex.join(_again(typed.command, plan.sweep.name))
        self._silent = plan.policy.progress in {"quiet", "json"}
        self._writer = SweepLock(plan.sweep)
        self._notes = Console(stderr=True, quiet=self._silent)
        self.stopped = False

    def carry_out(self) -> int:
        """Make the runs that are not done yet and sum up; gives the exit code, raises BadInput before the first."""
        self._sweep.create()
        with ending_in_order():
            try:
                with self._alone():
                    return self._with_journal()
            except KeyboardInterrupt:  # while it waited for others, or summed up
                return self._ended_early(_INTERRUPTED, EXIT_INTERRUPTED)
            except NotStored as error:
                return self._ended_early(str(error), SOME_FAILED)

    # --- alone -------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one that writes to this sweep, and the only one that measures on this machine.

        A second writer is refused at once. Several calls of one command are no second writer: they wait for each other
        where they wait for the machine.
        """
        waits = self._plan.policy.on_busy == "wait"
        writer = self._writer.held()
        machine = HostLock().held(str(self._sweep.path), wait=waits, on_wait=self._waits)
        first, second = (machine, writer) if self._one_of_several else (writer, machine)
        with first as note, second as other:
            clear_leftovers()
            for text in filter(None, (note, other)):
                self._say(text)
            yield

    def _waits(self, holder: Holder) -> None:
        self._say(f"waiting until this machine has measured {told(holder)}")

    # --- with a journal ----------------------------------------------------------------------------------

    def _with_journal(self) -> int:
        stored = self._sweep.stored()
        agenda = make_agenda(self._plan, stored.rows)
        with Journal(self._sweep, self._echo if self._plan.policy.progress == "json" else None) as journal:
            how, code, why = self._runs_in_order(journal, agenda, stored)
            journal.sweep_ended(how, code)
        if how != NOT_STORED and self._sweep.holds_runs():
            self._sum_up()
        return self._ended_early(why, code) if why else code

    def _runs_in_order(self, journal: Journal, agenda: Agenda, stored: Stored) -> tuple[str, int, str | None]:
        """Make the runs; give how that ended, the exit code, and why it ended early."""
        try:
            self._prepare(journal, agenda, stored)
            sweeper = Sweeper(self._plan, agenda, journal, self._notes, self._writer.check)
            end = sweeper.make_runs(stored.rows)
        except KeyboardInterrupt:
            return INTERRUPTED, EXIT_INTERRUPTED, _INTERRUPTED
        except PlanOutdated as error:
            self.stopped = True
            return STOPPED, SOME_FAILED, f"stopped: {error}"
        except NotStored as error:
            return NOT_STORED, SOME_FAILED, str(error)
        self.stopped = end.why is not None
        code = SOME_FAILED if end.tally.failed or agenda.failed else ALL_DONE
        return (STOPPED, SOME_FAILED, end.why) if end.why else (DONE, code, None)

    def _prepare(self, journal: Journal, agenda: Agenda, stored: Stored) -> None:
        """Make the folder ready for new runs, and tell what is to be done; raises NotStored."""
        plan = self._plan
        self._tidy(journal, agenda, stored)
        self._describe()
        journal.sweep_began(
            total=len(plan.runs),
            done=len(agenda.done),
            incompatible=len(plan.incompatible),
            waiting=len(agenda.waiting),
            command=shlex.join(self._typed.command),
        )
        for note in self._typed.notes:
            self._tell(journal, note)
        self._say(_opening(plan, agenda, stored))
        for run, reason in plan.incompatible:
            journal.run_incompatible(run, reason)
            if (run.cell_id, run.round) not in stored.rows:
                record_incompatible(run, reason)

    def _tidy(self, journal: Journal, agenda: Agenda, stored: Stored) -> None:
        """Move aside what is measured again, and remove what an interrupted write left."""
        if stored.damaged:
            folder = self._sweep.set_aside_damaged(stored)
            self._tell(
                journal,
                f"{len(stored.damaged)} damaged files were moved to {folder}; their runs are made again",
            )
        if agenda.again:
            folder = self._sweep.set_aside(agenda.again, "made again")
            self._tell(journal, f"{len(agenda.again)} stored runs were moved to {folder} and are made again")
        if agenda.changed and self._plan.policy.on_change == "keep":
            changed = "; ".join(map(str, agenda.changed))
            self._tell(journal, f"kept although measured under other conditions: {changed}")
        left = self._sweep.tidy()
        if left:
            journal.note(f"removed {left} files of interrupted writes")

    def _describe(self) -> None:
        """Say in the folder what was asked, and let ``latest`` lead to it."""
        try:
            self._sweep.describe(_description(self._sweep, self._plan, self._typed))
            self._sweep.point_latest()
        except OSError as error:
            raise OutputsUnwritable(
                f"cannot write {error.filename2 or error.filename or self._sweep.path}: {error.strerror}; "
                "free or unlock it, or choose another folder with outputs=FOLDER"
            ) from error

    # --- words -------------------------------------------------------------------------------------------

    def _tell(self, journal: Journal, note: str) -> None:
        self._say(note)
        journal.note(note)

    def _say(self, text: str) -> None:
        self._notes.print(text, markup=False, highlight=False, soft_wrap=True)

    @staticmethod
    def _echo(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def _sum_up(self) -> None:
        if not self._silent:
            render(summarise(load(self._plan.sweep)), Console())

    def _ended_early(self, why: str, code: int) -> int:
        """Say why the sweep ended early and how to carry on, whatever else is shown."""
        words = f"{why}. Carry on with: {self._again}"
        Console(stderr=True).print(words, soft_wrap=True, markup=False, highlight=False)
        return code


def _description(sweep: Sweep, plan: Plan, typed: Typed) -> str:
    """Add this launch to those that ``sweep.yaml`` holds, so that a sweep carried on loses nothing.

    Only the last launch has its order of runs: an entry must not grow the file by the size of the sweep.
    """
    text = sweep.description.read_text(encoding="utf-8") if sweep.description.exists() else "{}"
    earlier = yaml.load(text, Loader=_Loader).get("launches", [])  # noqa: S506  # a safe one
    present = {
        "started_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "overrides": list(typed.overrides),
        "seed": plan.seed,
        "config": dict(typed.base),
        "order": [f"{run.cell_id}-{run.round}" for run in plan.runs],
    }
    launches = [*map(_without_order, earlier), present]
    return str(yaml.dump({"launches": launches}, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def _without_order(launch: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in launch.items() if key != "order"}


def _opening(plan: Plan, agenda: Agenda, stored: Stored) -> str:
    waiting = len(agenda.waiting)
    counts = [
        f"{waiting} run{'s' * (waiting != 1)}",
        *([f"{len(agenda.done)} already done"] if agenda.done else []),
        *([f"{len(agenda.failed)} failed before (retry_failed=true makes them again)"] * bool(agenda.failed)),
        *([f"{len(plan.incompatible)} incompatible"] if plan.incompatible else []),
        *([f"{plan.collapsed} the same as another"] if plan.collapsed else []),
        *([f"about {format_clock(_seconds(plan, agenda, stored))}"] if waiting else []),
    ]
    return f"{shown(plan.sweep)}: {', '.join(counts)}"


def _seconds(plan: Plan, agenda: Agenda, stored: Stored) -> float:
    forecast = Forecast()
    learn(forecast, plan, stored.rows)
    forecast.add(run.cell for run in agenda.waiting)
    return forecast.seconds_left


def _again(command: Sequence[str], name: str) -> list[str]:
    """Give the command that carries on: as typed, with the name of the sweep."""
    return [*(part for part in command if not part.startswith("sweep=")), f"sweep={name}"]
