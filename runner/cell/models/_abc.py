"""The interface of a model: workers are created before the trials, synchronized before each, joined after.

A pattern sees only `map` and `exchange`. Workers are created and joined outside the timed region, which is
timed separately. `synchronize` is the start barrier: when it returns, every worker is awake and waits for
work.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from threading import Thread
from time import perf_counter_ns
from typing import Any, Optional, Union

from ..board import ANSWERED, HOOK, PID, READY, TRACED, Board
from ..boot import Users
from ..errors import TaskFailed, WorkersMissing, plural
from ..failures import left
from ..hooks import NAMES
from ..member import Member
from ..meter import Meter, Reading
from ..named import NamedTuple
from ..patterns._abc import Exchange, OneWay, OnLoop, Pattern
from ..phases import DESERIALIZE, WAIT
from ..placement import Look, Placement
from ..rusage import write_usage
from ..spaces import PARENTS_THREAD, PROCESSES, THREADS
from ..ticker import Ticker
from ..trace import Recorder
from ..transport import loaded_probe
from ..worker import Work, register
from ._beside import Beside

BARRIER_SECONDS = 60.0
_LOOK_S = 0.2  # between two looks at whether a worker ended before it was ready


class CrewSettings(NamedTuple):
    """How to create a model's workers: how many, by which start method, joined by which channel."""

    workers: int
    start_method: Optional[str]
    options: dict[str, Any]
    ipc: str
    ipc_options: dict[str, Any]
    message_bytes: int
    name: str = "breakeven"


class Lifetime(NamedTuple):
    """When one worker was created, ready, asked to stop and joined; clock readings."""

    created_ns: int
    ready_ns: int
    stopped_ns: int
    joined_ns: int


class ChannelCosts(NamedTuple):
    """What a channel costs before the first trial: to make both ends, and to get the first message out and back."""

    construction_ns: int
    first_message_ns: int


class Model(Member, ABC):
    """Workers of one kind.

    ``SPACE`` is where they live. ``START_METHODS`` names the ways to start its processes, empty if there is no choice.
    ``TRANSPORT`` is None if a channel joins the workers, else the only value of ipc: native or none. ``QUEUE`` is the
    channel by default, if it reaches them. ``EQUIPS`` says whether workers can be created with what else they share,
    such as a lock (see `Pattern.equip`). ``STREAMS`` says whether messages can be sent one way, see `one_way`, and
    ``BETWEEN`` whether its channel can join workers to each other. ``CHILDREN`` says whether a task may start processes
    of its own, ``ALWAYS_PICKLES`` whether what travels is a pickle even if workers are threads.
    """

    SPACE = THREADS
    START_METHODS: tuple[str, ...] = ()
    TRANSPORT: Optional[str] = None
    QUEUE = "queue"
    EQUIPS = False
    STREAMS = False
    BETWEEN = False
    CHILDREN = True
    ALWAYS_PICKLES = False

    def __init__(self, settings: CrewSettings, work: Work, board: Board) -> None:
        self.settings = settings
        self.work = work
        self.board = board
        self.recorder = Recorder(board.lane(settings.workers))
        self.feeder = Recorder(board.feeder(settings.workers))
        self.reader = Recorder(board.reader())
        self.arrival = DESERIALIZE if self.apart else WAIT
        self.own = board.lane(settings.workers).header
        register(self.own)
        ends: tuple[Any, Any] = _pipe() if self.apart else (None, None)
        self.heard, self.says = ends
        self.users = Users(work.workload.modules(), work.path, self.apart)
        self.offsets: list[tuple[int, int]] = []
        self.created_ns: list[int] = []
        self.stopped_ns = 0
        self.joined_ns: list[int] = []
        self.placement: Optional[Placement] = None
        self.channel_costs: Optional[ChannelCosts] = (
            None  # a pool's own transport is made and used within its calls
        )

    @property
    def in_flight(self) -> Optional[int]:
        """Return how many tasks the user lets be under way at a time; None for no limit."""
        return None if self.work.pattern.ONE_EACH else self.settings.options.get("in_flight")

    def _at_most(self, limit: Optional[int]) -> Optional[int]:
        """Return the smaller one of that and another limit; None for none."""
        limits = [known for known in (limit, self.in_flight) if known is not None]
        return min(limits, default=None)

    @property
    def apart(self) -> bool:
        """Whether workers are processes of their own."""
        return self.space(self.settings.options) == PROCESSES

    @classmethod
    def space(cls, options: dict[str, Any]) -> str:
        """Return where workers live with these options."""
        del options
        return cls.SPACE

    @classmethod
    def forks(cls, start_method: Optional[str], options: dict[str, Any]) -> bool:
        """Return whether workers are forked from the parent, after what it did before."""
        del options
        return start_method == "fork"

    @classmethod
    def inherits(cls, start_method: Optional[str]) -> bool:
        """Return whether workers have what they are created with as it is, without a pickle."""
        return start_method in (None, "fork")

    @classmethod
    def refuses_workers(cls, workers: int) -> Optional[str]:
        """Return the reason why there cannot be this many workers, or None."""
        del workers
        return None

    @classmethod
    def lasts(cls, options: dict[str, Any]) -> bool:
        """Return whether workers live from before the first trial to after the last one."""
        del options
        return True

    @property
    def lasting(self) -> bool:
        """Return whether these workers do."""
        return self.lasts(self.settings.options)

    @classmethod
    def refuses_pattern(cls, pattern: type[Pattern], options: dict[str, Any]) -> Optional[str]:
        """Return the reason why workers with these options cannot take part in a pattern, or None."""
        del pattern, options
        return None

    @property
    def primitives(self) -> Any:
        """Return the factory of what its workers can share: a context of `multiprocessing`, or the like for threads."""
        raise NotImplementedError(f"{type(self).__name__} has EQUIPS and no primitives")

    @abstractmethod
    def start(self) -> None:
        """Create the workers and wait until all are ready; each registers when that was.

        Raise TaskFailed, WorkersMissing.
        """

    def prepare(self, payloads: Optional[Sequence[Any]]) -> None:  # for a channel that must know them
        """Take the payloads that all tasks of the trials share, None if each has its own. Raise InputsUnusable."""

    @abstractmethod
    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Let the workers perform every ``(value, payload)``; return the results in order."""

    def map_beside(self, items: list[tuple[int, Any]], ticker: Ticker) -> list[tuple[int, Any]]:
        """Run `map` in another thread of the parent, while this one keeps the ticks of ``ticker``."""
        other = Beside(partial(self._map_watched, items))
        other.start()
        ticker.keep()
        return other.result()

    def _map_watched(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Run `map` in a thread that takes the main thread's place.

        What it sends and receives goes into the parent's lane.
        """
        probe = loaded_probe()
        if probe is not None and self.recorder.on and self.lasting:
            probe.watch_here(self.recorder)
        return self.map(items)

    @abstractmethod
    def exchange(self, item: tuple[int, Any]) -> tuple[int, Any]:
        """Let a worker perform one item, and return its result."""

    def exchanger(self) -> Exchange:
        """Return the function that does so in this trial."""
        return self.exchange

    def one_way(self) -> OneWay:
        """Return how to send messages one way in this trial, if it has STREAMS."""
        raise NotImplementedError(f"{type(self).__name__} has STREAMS and no way to send")

    def on_loop(self) -> Optional[OnLoop]:
        """Return how a program of these workers exchanges messages within its event loop; None if it has none."""
        return None

    @abstractmethod
    def stop(self) -> None:
        """Ask the workers to stop, and join them."""

    def abandon(self) -> None:  # threads cannot be ended, and pools end their own workers
        """End workers that may be in the middle of something, after an error."""

    @abstractmethod
    def _synchronize(self) -> None:
        """Make every worker call `Worker.prepare` and pass the barrier together with the parent."""

    def _hear(self, processes: Callable[[], Sequence[Any]], *, pool: bool) -> None:
        """Wait until every worker process has said that it is ready; report one that ends before, raise WorkersMissing.

        No thread watches them yet, and nothing is done meanwhile: so does a program that waits for its workers.
        """
        from ..watchdog import Lives  # noqa: PLC0415  # as in _pipe

        end = perf_counter_ns() + int(BARRIER_SECONDS * 1e9)
        for _ in range(self.settings.workers):
            while not self.heard.poll(_LOOK_S):
                with closing(Lives(processes(), pool=pool)) as lives:
                    lives.report_death(0)
                if perf_counter_ns() > end:
                    raise missing(self.board)
            self.heard.recv_bytes()
        self.heard.close()
        self.says.close()

    def _sender(self) -> Optional[Thread]:
        """Return the thread that pickles and sends all tasks in place of the main one, if it is no queue's feeder."""
        return None

    def _reader(self) -> Optional[Thread]:
        """Return the thread that reads all results in place of the main one, if there is one."""
        return None

    def synchronize(self, traced: bool, hook: int = 0) -> None:
        """Wait until every worker is ready for a trial; raise WorkersMissing if one is not in time.

        With ``hook``, each worker calls that one of the user's hooks first.
        """
        self.board.control[TRACED] = traced
        self.board.control[HOOK] = hook
        self.recorder.arm(traced)
        self.feeder.arm(traced)
        self.reader.arm(traced)
        self._watch_transport(traced and self.lasting)
        before = perf_counter_ns()
        self._synchronize()
        self._compare_clocks(before, perf_counter_ns())

    def _watch_transport(self, traced: bool) -> None:
        """Record the transport of this process in a traced trial, and only then."""
        probe = loaded_probe()
        if probe is not None and traced:
            probe.watch(self.recorder, self.feeder, self._sender())
            probe.watch_thread(self._reader(), self.reader)
        elif probe is not None:
            probe.forget()

    def _compare_clocks(self, before: int, after: int) -> None:
        """Narrow the bounds of each worker's clock offset: it answered between two readings of our clock."""
        seen = [(clock - after, clock - before) for clock in self._header(ANSWERED)]
        self.offsets = [
            (max(low, lowest), min(high, highest))
            for (low, high), (lowest, highest) in zip(seen, self.offsets or seen)
        ]

    def meter(self) -> Meter:
        """Return a meter for machine, parent and workers; workers must have registered."""
        workers = [self.board.lane(worker).header for worker in range(self.settings.workers)]
        apart = workers if self.apart else []
        meter = Meter([*apart, self.own], [*workers, self.own], self.work.cpus)
        self.placement = meter.placement
        return meter

    def look(self) -> Look:
        """Return where the workers and the parent run now; nothing before there is a meter.

        If they are one thread, it is named once.
        """
        seen = () if self.placement is None else self.placement.look()
        return seen[-1:] if self.space(self.settings.options) in PARENTS_THREAD else seen

    def pids(self) -> list[int]:
        """Return the ids of the workers' processes in their order; none if they are in this one."""
        return self._header(PID) if self.apart else []

    def read(self, meter: Meter) -> Reading:
        """Read the counts: the parent's as of now, those of worker processes as of the last `synchronize`."""
        write_usage(self.own)
        return meter.read()

    def lifetimes(self) -> tuple[Lifetime, ...]:
        """Return the times of every worker, after they were joined."""
        ready = self._header(READY)
        return tuple(
            Lifetime(created, ready[worker], self.stopped_ns, joined)
            for worker, (created, joined) in enumerate(zip(self.created_ns, self.joined_ns))
        )

    def _header(self, word: int) -> list[int]:
        return [self.board.lane(worker).header[word] for worker in range(self.settings.workers)]


def _pipe() -> tuple[Any, Any]:
    """Return the two ends of a pipe: one to read, one to write."""
    from multiprocessing import Pipe  # noqa: PLC0415  # 12 ms, which threads do not need

    return Pipe(duplex=False)


def missing(board: Board) -> Union[TaskFailed, WorkersMissing]:
    """Return the error for a barrier that a worker broke with an error of its own, or did not reach in time."""
    path, workers, *_ = board.geometry
    told = left(os.path.dirname(path), workers)
    if told:
        return TaskFailed(told)
    hook = NAMES.get(board.control[HOOK])
    if hook is not None:
        return WorkersMissing(
            f"workload.{hook} did not end within {BARRIER_SECONDS:g} s in each of {plural(workers, 'worker')}"
        )
    return WorkersMissing(
        f"not all of {plural(workers, 'worker')} were ready for the next trial within {BARRIER_SECONDS:g} s; "
        "one may have died while starting: see its message above"
    )
