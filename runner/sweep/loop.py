"""The loop over the runs of a sweep: submit each to the engine, store it, count it and report it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from breakeven.base.text import plural
from breakeven.runner.config.policy import STOP, Policy
from breakeven.runner.engines.loading import Engine
from breakeven.runner.planning.decisions import in_words
from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult
from breakeven.runner.store import Sweep
from breakeven.runner.sweep.observer import (
    NodesChanged,
    RunBegan,
    RunEnded,
    RunPlaced,
    SweepEvent,
    SweepObserver,
)
from breakeven.runner.sweep.signals import held_back
from breakeven.runner.sweep.tally import Tally
from breakeven.runner.sweep.turns import Progress, Turns
from breakeven.runner.sweep.under_way import UnderWay
from breakeven.runner.sweep.waiting import LOOK_S, Waiting


@dataclass(frozen=True)
class End:
    """How the runs of a sweep ended: ``why`` is the reason for an early end, None for none.

    ``over_budget``: there was no time for all the rounds that would have been made; ``next_seconds`` is how long the
    next run would have taken.
    """

    tally: Tally
    why: str | None
    over_budget: bool = False
    next_seconds: float = 0.0


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
    """Makes runs, as many at a time as the engine has nodes.

    ``check`` is called before each run and raises NotStored if this process no longer owns the folder; ``under_way`` is
    empty.
    """

    def __init__(
        self,
        sweep: Sweep,
        policy: Policy,
        observer: SweepObserver,
        check: Callable[[], None],
        under_way: UnderWay | None = None,
    ) -> None:
        self._sweep = sweep
        self._policy = policy
        self._observer = observer
        self._check = check
        self._under_way = UnderWay() if under_way is None else under_way
        self._nodes: tuple[str, ...] = ()
        self._waiting = Waiting(observer.notify)

    def make_runs(self, schedule: Turns, engine: Engine, tally: Tally) -> End:
        """Make the runs of ``schedule`` until none is left or the policy says to stop.

        Raise NotStored or PlanOutdated.
        """
        while True:
            tally = self._begin(schedule, engine, tally)
            if not self._under_way:
                return End(tally, None, schedule.over_budget, schedule.next_seconds)
            for run, result in self._under_way.wait(LOOK_S if self._nodes else None):
                row = self._store(result.result())
                schedule.ended(run, row)
                tally = _grown(tally.with_one(row["status"]), schedule.decisions, 0)
                self._report(run, row, tally, schedule)
            why = why_stop(self._policy, tally)
            if why is not None:
                return End(tally, why)

    def _begin(self, schedule: Turns, engine: Engine, tally: Tally) -> Tally:
        """Begin as many runs as the engine has room for and the schedule allows; return the counts."""
        while len(self._under_way) < engine.room:
            run = schedule.next(engine.takes)
            if run is None:
                break
            self._check()
            number = tally.ended + len(self._under_way) + 1
            tally = _grown(tally, schedule.decisions, number)
            left = schedule.forecast.most
            self._observer.notify(RunBegan(run=run, number=number, of=tally.of, seconds_left=left))
            engine.expect(schedule.following())
            self._under_way.add(run, engine.submit(run))
        self._tell_places(engine)
        return tally

    def _tell_places(self, engine: Engine) -> None:
        """Notify the observers of nodes that came or went, and of runs that got to one."""
        nodes = tuple(engine.node_names())
        if nodes != self._nodes:
            self._nodes = nodes
            self._observer.notify(NodesChanged(nodes=nodes))
        for run, node in engine.placed():
            self._observer.notify(RunPlaced(run=run, node=node))
        self._waiting.tell(engine)

    def _store(self, result: RunResult) -> Mapping[str, Any]:
        """Store a result; a signal that arrives during the storing is delayed."""
        with held_back():
            self._sweep.commit(result)
        return result.row

    def _report(self, run: Run, row: Mapping[str, Any], tally: Tally, schedule: Turns) -> None:
        self._observer.notify(
            RunEnded(
                run=run,
                row=row,
                tally=tally,
                seconds_left=schedule.forecast.most,
                so_far=schedule.decisions.so_far(run.cell_id) or in_words(row),
            )
        )


def _grown(tally: Tally, decisions: Progress, began: int) -> Tally:
    """Return the counts with the cells that are decided; the runs to make are at least those that ``began``."""
    decided = decisions.decided
    return replace(tally, total=max(tally.total, began), cells=len(decisions), decided=decided)


def why_stop(policy: Policy, tally: Tally) -> str | None:
    """Return why the sweep must stop here, None if it goes on."""
    if tally.failed and policy.on_failure == STOP:
        return "stopped after a failed run (on_failure=stop)"
    if policy.max_failures is not None and tally.failed >= policy.max_failures:
        return f"stopped after {plural(tally.failed, 'failed run')} (max_failures={policy.max_failures})"
    return None
