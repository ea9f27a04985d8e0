"""The runs of a sweep, one after the other: carried by an engine, shown, written to the journal, counted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from rich.console import Console

from breakeven.runner import engines
from breakeven.runner.config.policy import STOP, Policy
from breakeven.runner.engines import Outcome, Run
from breakeven.runner.planning.eta import Forecast
from breakeven.runner.planning.pending import Agenda, Stored, run_key
from breakeven.runner.planning.plan import Plan
from breakeven.runner.status.events import Journal
from breakeven.runner.sweep.progress import Progress, Tally, shown_on


@dataclass(frozen=True)
class End:
    """How the runs of a sweep ended: ``why`` they ended early, None where all were made."""

    tally: Tally
    why: str | None


class Sweeper:
    """Makes the runs that an agenda lists as waiting.

    ``check`` is called before each of them and raises NotStored where the folder is no longer ours to write.
    """

    def __init__(
        self, plan: Plan, agenda: Agenda, journal: Journal, console: Console, check: Callable[[], None]
    ) -> None:
        self._check = check
        self._plan = plan
        self._waiting = agenda.waiting
        self._journal = journal
        self._tally = Tally(len(agenda.waiting), len(plan.incompatible))
        self._forecast = Forecast()
        self._progress = Progress(self._tally, console, shown_on(console, plan.policy.progress))

    def make_runs(self, stored: Stored) -> End:
        """Make them until all are made or the policy says to stop; raises NotStored.

        ``stored`` are the rows from before, by key: how long those runs took is how long others like them will take.
        """
        learn(self._forecast, self._plan, stored)
        self._forecast.add(run.cell for run in self._waiting)
        with closing(engines.load(self._plan.engine)()) as carrier, self._progress:
            for run in self._waiting:
                self._check()
                self._began(run)
                self._ended(run, carrier.submit(run).result())
                why = why_stop(self._plan.policy, self._tally)
                if why is not None:
                    return End(self._tally, why)
        return End(self._tally, None)

    def _began(self, run: Run) -> None:
        self._progress.began(run, self._forecast.seconds_left)
        self._journal.run_began(run, number=self._tally.done + 1, of=self._tally.total)

    def _ended(self, run: Run, outcome: Outcome) -> None:
        self._tally.statuses[outcome.status] += 1
        self._forecast.ended(run.cell, outcome.row["wall_ns"])
        self._progress.finished(outcome)
        tally = self._tally
        self._journal.run_ended(
            run,
            outcome.row,
            number=tally.done,
            of=tally.total,
            ok=tally.ok,
            failed=tally.failed,
            incompatible=tally.incompatible,
            seconds_left=self._forecast.seconds_left,
        )


def learn(forecast: Forecast, plan: Plan, stored: Stored) -> None:
    """Let ``forecast`` know how long the runs of ``plan`` took that are stored and ended well."""
    for run in plan.runs:
        row = stored.get(run_key(run))
        if row is not None and row["status"] == "ok":
            forecast.learn(run.cell, row["wall_ns"])


def why_stop(policy: Policy, tally: Tally) -> str | None:
    """Say why no further run is to be made; None where the next one is."""
    if tally.failed and policy.on_failure == STOP:
        return "stopped after a failed run (on_failure=stop)"
    if policy.max_failures is not None and tally.failed >= policy.max_failures:
        return f"stopped after {tally.failed} failed run{'s' * (tally.failed != 1)} (max_failures={policy.max_failures})"
    return None
