"""Which jobs of Slurm carry out the orders: one for each run, or one on each node that stays for the whole sweep."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from time import monotonic

from breakeven.base.text import plural
from breakeven.runner.engines._exchange import Exchange
from breakeven.runner.engines._nodes import NodeLost, NotBegun
from breakeven.runner.engines._slurm_commands import COMPLETED, GONE, PENDING, Commands, Job, Unreachable
from breakeven.runner.engines.slurm_job import ONCE, STAY
from breakeven.runner.errors import EngineLost, EngineUnusable

_STEP_S, _LOOK_S = 0.05, 0.5  # between two looks for nodes that are ready, and at the queue
_ON_THE_WAY_S = 15.0  # an answer through a network file system, whose job has ended in order
_TOGETHER_S = 2.0  # between the first node and others that are free as well
_LEAVING_S = 2.0  # that a job may stay in the queue once its answer has come
_MOST_FAILURES = 3  # of jobs that end before they are ready, one after the other
IDLE = "idle"


@dataclass
class Asked:
    """An order under way: its number, the node or place that it was given to, and its job once that has an id."""

    number: int
    node: str
    answer: Future[bytes]
    job: str = ""
    ended: float | None = None


@dataclass(frozen=True)
class Tools:
    """What jobs are submitted and watched with; ``submit`` calls back with the id, in another thread."""

    commands: Commands
    exchange: Exchange
    submit: Callable[[str, str, str | None, Callable[[str], None]], None]
    end: Event

    def command(self, desk: str, how: str) -> list[str]:
        """Return what a job runs, in the user's folder, whose modules hide none of those that it imports (-P)."""
        module = "breakeven.runner.engines.slurm_job"
        return [sys.executable, "-P", "-m", module, str(self.exchange.folder), desk, how]

    def why(self, desk: str, number: str, job: Job) -> str:
        """Return why a job ended without an answer."""
        where = f" on {job.node}" if job.node else ""
        said = self.exchange.last_line(desk) or (
            f"it printed nothing; does that node see {self.exchange.folder}? Another folder: engine.folder"
        )
        return f"job {number}{where} ended as {job.state} ({said})"


Lost = list[tuple[Asked, NodeLost | NotBegun]]
"""Orders that nobody will answer, and why."""


class Jobs(ABC):
    """The jobs of a sweep."""

    def __init__(self, tools: Tools, count: int) -> None:
        self.tools = tools
        self.count = count

    @abstractmethod
    def names(self) -> Sequence[str]:
        """Return the nodes that may be given an order now."""

    @abstractmethod
    def start(self, asked: Asked, order: str) -> None:
        """Let a job carry out an order."""

    @abstractmethod
    def await_first(self, seconds: float) -> None:
        """Return when there is a node; raise EngineUnusable if none comes."""

    @abstractmethod
    def looked(self, queue: Mapping[str, Job], asked: Sequence[Asked]) -> Lost:
        """Read the queue; return the orders that nobody will answer, and why.

        Raise Unreachable, or EngineLost.
        """

    @abstractmethod
    def numbers(self, asked: Sequence[Asked]) -> Sequence[str]:
        """Return the ids of the jobs by which the orders ``asked`` are carried out."""

    def why_waiting(self, queue: Mapping[str, Job], asked: Sequence[Asked]) -> str:
        """Return why no order is being carried out, if all their jobs wait in the queue; empty otherwise."""
        jobs = [queue.get(number, GONE) for number in self.numbers(asked)] if asked else []
        if not jobs or any(job.state != PENDING for job in jobs):
            return ""
        held = f"{plural(len(jobs), 'job')} in its queue, none running"
        return f"Slurm has {held} ({', '.join(sorted({job.why for job in jobs}))}); see squeue and sinfo"


class PerRun(Jobs):
    """One job for each run, on a node that Slurm chooses."""

    def __init__(self, tools: Tools, count: int) -> None:
        super().__init__(tools, count)
        self._needless: dict[
            str, float
        ] = {}  # jobs that are still there although nobody waits for them, since when

    def names(self) -> Sequence[str]:
        """Return a name for each job that may be in the queue: Slurm knows the nodes."""
        return [f"job {number}" for number in range(1, self.count + 1)]

    def start(self, asked: Asked, order: str) -> None:
        """Submit a job for an order."""
        desk = _desk(asked)
        self.tools.exchange.open_desk(desk)
        self.tools.exchange.put(desk, asked.number, order)

        def submitted(job: str) -> None:
            asked.job = job

        self.tools.submit(desk, ONCE, self.node_for(asked), submitted)

    def numbers(self, asked: Sequence[Asked]) -> Sequence[str]:
        """Return one job for each order."""
        return [one.job for one in asked]

    def node_for(self, asked: Asked) -> str | None:
        """Return the node that the job must run on; None for any."""
        del asked
        return None

    def await_first(self, seconds: float) -> None:
        """Wait for nothing: the jobs wait in the queue."""

    def looked(self, queue: Mapping[str, Job], asked: Sequence[Asked]) -> Lost:
        """Return the orders whose jobs ended without an answer; cancel jobs that Slurm did not see end."""
        self._cancel_needless(queue, {one.job for one in asked})
        lost: Lost = []
        for one in asked:
            job = queue.get(one.job, GONE)
            if job.has_ended or job is GONE:
                one.ended = one.ended or monotonic()
                in_order = job.state == COMPLETED or job is GONE
                if monotonic() - one.ended >= (_ON_THE_WAY_S if in_order else 0):
                    lost.append((one, NodeLost(self.tools.why(_desk(one), one.job, job))))
        return lost

    def _cancel_needless(self, queue: Mapping[str, Job], needed: set[str]) -> None:
        """Cancel jobs that nobody waits for: a restarted controller may take a job that has ended for running."""
        left = [number for number, job in queue.items() if not job.has_ended and number not in needed]
        now = monotonic()
        self._needless = {number: self._needless.get(number, now) for number in left}
        for number, since in self._needless.items():
            if now - since > _LEAVING_S:
                self.tools.commands.cancel(number)


class OnChosen(PerRun):
    """One job for each run, on nodes that are chosen here: those that are idle, and remain usable."""

    def __init__(self, tools: Tools, count: int) -> None:
        super().__init__(tools, count)
        self._chosen: list[str] = []

    def names(self) -> Sequence[str]:
        """Return the chosen nodes."""
        return self._chosen

    def node_for(self, asked: Asked) -> str | None:
        """Return the node that the order was given to."""
        return asked.node

    def await_first(self, seconds: float) -> None:
        """Choose nodes as soon as some are idle."""
        end = monotonic() + seconds
        while not self._chosen_now():
            if monotonic() > end:
                states = ", ".join(
                    f"{node} {state}" for node, state in sorted(self.tools.commands.states().items())
                )
                raise EngineUnusable(
                    f"engine.patience={seconds:g}s: no node was idle in that time ({states or 'there is none'}); wait longer, or let "
                    "the runs wait in Slurm's queue with engine.placement=any"
                )
            self.tools.end.wait(_LOOK_S)

    def _chosen_now(self) -> bool:
        with suppress(Unreachable):  # it may answer later
            return bool(self._choose())
        return False

    def _choose(self) -> dict[str, str]:
        """Replace chosen nodes that are no longer usable by idle ones; return the usable ones.

        If none is usable, all are kept.
        """
        usable = self.tools.commands.nodes()
        kept = [node for node in self._chosen if node in usable]
        idle = sorted(node for node, state in usable.items() if state.startswith(IDLE) and node not in kept)
        self._chosen = [*kept, *idle][: self.count] or self._chosen
        return {node: usable[node] for node in self._chosen if node in usable}

    def looked(self, queue: Mapping[str, Job], asked: Sequence[Asked]) -> Lost:
        """Return the orders whose jobs ended without an answer, or wait for a node that is gone.

        The latter only while there are other nodes.
        """
        usable = self._choose()
        waiting = [one for one in asked if queue.get(one.job, GONE).state == PENDING]
        stuck = [one for one in waiting if usable and one.node not in usable]
        gone: Lost = []
        for one in stuck:
            why = f"job {one.job} waited for {one.node}, which is not usable any more"
            withdrawn = self.tools.exchange.withdraw(_desk(one), one.number)
            self.tools.commands.cancel(one.job)
            gone.append((one, NotBegun(why) if withdrawn else NodeLost(why)))
        return [*gone, *super().looked(queue, [one for one in asked if one not in stuck])]


@dataclass
class _Place:
    """A node's place: the job that holds the node now, or waits for one."""

    desk: str
    job: str = ""
    failures: int = 0
    ready: bool = False
    node: str = field(default="", compare=False)


class Shared(Jobs):
    """One job on each node, which stays there and carries out one run after the other.

    Orders wait at a place, not at a job: if the job is lost, another takes the place, on whichever node it gets. While
    that job waits in the queue, perhaps for ever, they go to places that are ready and have nothing to do.
    """

    def __init__(self, tools: Tools, count: int) -> None:
        super().__init__(tools, count)
        self._places = {f"place-{number}": _Place(f"place-{number}") for number in range(1, count + 1)}

    def names(self) -> Sequence[str]:
        """Return the places whose job is ready; all of them while none is."""
        return [desk for desk, place in self._places.items() if place.ready] or [*self._places]

    def start(self, asked: Asked, order: str) -> None:
        """Lay an order on the desk of its place."""
        self.tools.exchange.put(asked.node, asked.number, order)

    def await_first(self, seconds: float) -> None:
        """Submit the jobs and wait for the first that runs, and a moment for others."""
        for place in self._places.values():
            self.tools.exchange.open_desk(place.desk)
            self._hold(place)
        begin = looked = monotonic()
        first: float | None = None
        while first is None or monotonic() - first < _TOGETHER_S:
            self._notice_ready()
            ready = sum(place.ready for place in self._places.values())
            if ready == self.count:
                return
            first = first or (monotonic() if ready else None)
            if not ready and monotonic() - looked > _LOOK_S:
                looked = monotonic()
                self._refuse_late(begin, seconds)
            self.tools.end.wait(_STEP_S)

    def _refuse_late(self, begin: float, seconds: float) -> None:
        """Raise EngineUnusable if a job ended before it was ready, or none began in time."""
        try:
            queue = self.tools.commands.queue()
        except Unreachable:
            if monotonic() - begin > seconds:
                raise
            return  # it may answer later
        for place in self._places.values():
            job = queue.get(place.job)
            if job is not None and job.has_ended:
                raise EngineUnusable(f"engine=slurm: {self.tools.why(place.desk, place.job, job)}")
        if monotonic() - begin > seconds:
            states = {f"{job.state} ({job.why})" for job in queue.values() if not job.has_ended}
            raise EngineUnusable(
                f"engine.patience={seconds:g}s: no job began in that time: {', '.join(sorted(states)) or 'none is in the queue'}; "
                "wait longer, or see squeue and sinfo"
            )

    def _hold(self, place: _Place) -> None:
        """Submit a job for a place."""
        place.job, place.ready = "", False

        def submitted(job: str) -> None:
            place.job = job

        self.tools.submit(place.desk, STAY, None, submitted)

    def _notice_ready(self) -> None:
        for desk, (job, node) in self.tools.exchange.ready().items():
            place = self._places[desk]
            if job == place.job and not place.ready:
                place.ready, place.node, place.failures = True, node, 0

    def looked(self, queue: Mapping[str, Job], asked: Sequence[Asked]) -> Lost:
        """Replace jobs that ended; return the orders that they had taken, and those that others can begin now."""
        self._notice_ready()
        lost: Lost = []
        for place in self._places.values():
            job = queue.get(place.job, GONE)
            if place.job and (job.has_ended or job is GONE):
                why = self.tools.why(place.desk, place.job, job)
                gone = NodeLost(why)
                lost += [(one, gone) for one in asked if one.node == place.desk and self._was_taken(one)]
                place.failures += not place.ready
                if place.failures >= _MOST_FAILURES:
                    raise EngineLost(f"{why}; the same command resumes the sweep once that is fixed")
                self._hold(place)
        return [*lost, *self._withdrawn(queue, asked)]

    def _withdrawn(self, queue: Mapping[str, Job], asked: Sequence[Asked]) -> Lost:
        """Take back orders from places whose jobs wait in the queue, as many as other places wait for orders."""
        busy = {one.node for one in asked}
        free = sum(place.ready and place.desk not in busy for place in self._places.values())
        waits = {
            place.desk
            for place in self._places.values()
            if not place.ready and queue.get(place.job, GONE).state == PENDING
        }
        found: Lost = []
        for one in asked:
            if len(found) < free and one.node in waits and self.tools.exchange.withdraw(one.node, one.number):
                found.append((one, NotBegun(f"{one.node} has no node")))
        return found

    def numbers(self, asked: Sequence[Asked]) -> Sequence[str]:
        """Return the jobs of all places: each may be given any order."""
        del asked
        return [place.job for place in self._places.values()]

    def _was_taken(self, asked: Asked) -> bool:
        return self.tools.exchange.is_taken(asked.node, asked.number)


def _desk(asked: Asked) -> str:
    return f"run-{asked.number}"
