"""The interface of a pattern: how one trial uses workers and channel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter_ns, thread_time_ns
from typing import Any, ClassVar, Optional, Protocol

from ..awaiting import count_cpu
from ..inputs import Stock
from ..member import Member
from ..named import NamedTuple
from ..phases import COMPUTE
from ..placement import Look
from ..reference import Reference
from ..seats import Seat
from ..spaces import INTERPRETERS, LOOP, PLACE, PROCESSES, THREADS
from ..ticker import Ticker
from ..trace import Recorder
from ..verification import Verification
from ..workloads import Workload
from ..workloads.echo import Echo

Job = Callable[[int, int, Any], "tuple[int, Any]"]
LoopJob = Callable[[int, int, Any], "Coroutine[Any, Any, tuple[int, Any]]"]
Exchange = Callable[["tuple[int, Any]"], "tuple[int, Any]"]


class Knobs(NamedTuple):
    """The cell's sizes that patterns use."""

    workers: int
    tasks: int
    window_ns: int


class Quantity(NamedTuple):
    """What a pattern observes beside times: its name, which ends in its unit, and what it says."""

    name: str
    meaning: str


class Observation(NamedTuple):
    """A quantity in one trial; ``worker`` is -1 if it is of all of them together."""

    quantity: str
    value: float
    worker: int = -1


class Outcome(NamedTuple):
    """The outcome of one trial.

    Clock readings bound the timed part. ``latencies_ns`` holds a round trip for each message that was timed (pingpong);
    ``activity`` the calls per bin of each worker (window). ``busy_ns`` is the time that the tasks took, if that
    is not all between the bounds. ``looks`` are where workers and parent were after some of the messages (pingpong).
    ``observations`` are of the pattern's own quantities.
    """

    start_ns: int
    end_ns: int
    tasks: int
    latencies_ns: Sequence[int] = ()
    activity: tuple[tuple[int, ...], ...] = ()
    busy_ns: Optional[int] = None
    looks: tuple[Look, ...] = ()
    observations: tuple[Observation, ...] = ()

    @property
    def wall_ns(self) -> int:
        """Return the time that the tasks took."""
        return self.end_ns - self.start_ns if self.busy_ns is None else self.busy_ns


class OnLoop(NamedTuple):
    """How to exchange messages within an event loop: ``exchange`` is awaited in a coroutine that ``run`` runs."""

    exchange: Callable[["tuple[int, Any]"], "Coroutine[Any, Any, tuple[int, Any]]"]
    run: Callable[["Coroutine[Any, Any, None]"], None]


class OneWay(NamedTuple):
    """How messages go one way in a trial; the next message does not wait for their answers.

    ``send`` hands over number, value and payload, ``receive`` waits for the next answer: its number, value and payload.
    No more than ``ahead`` may be unanswered, any number if that is None. ``spins``: the parent may look at the clock
    again and again without holding what workers need. With ``run``, an answer is awaited, in a coroutine that ``run``
    runs.
    """

    send: Callable[[int, int, Any], Any]
    receive: Callable[[], Any]
    ahead: Optional[int]
    spins: bool
    run: Optional[Callable[[Coroutine[Any, Any, Any]], Any]] = None


class Crew(Protocol):
    """What a pattern needs from the workers of any model: see `runner.cell.models.Model`."""

    recorder: Recorder

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Let the workers perform every ``(value, payload)``; return the results in order."""

    def map_beside(self, items: list[tuple[int, Any]], ticker: Ticker) -> list[tuple[int, Any]]:
        """Do the same while the parent's main thread, or its event loop, serves the ticks of ``ticker``."""

    def exchanger(self) -> Exchange:
        """Return the function that has a worker perform one item in this trial, and returns its result."""

    def one_way(self) -> OneWay:
        """Return how to send messages one way in this trial."""

    def on_loop(self) -> Optional[OnLoop]:
        """Return how a program of these workers exchanges messages within its event loop; None if it has none."""

    def look(self) -> Look:
        """Return where the workers and the parent run now."""

    def pids(self) -> list[int]:
        """Return the ids of the workers' processes in their order; none if they are in this one."""


class Pattern(Member, ABC):
    """One way to use workers.

    ``IGNORES`` names the cell's knobs without effect; with ``ECHOES`` no workload runs. With ``ONE_EACH`` every worker
    gets one item, and they perform them at the same time; with ``OWN_CHUNKS`` a pool hands out item by item. With
    ``EQUIPPED`` they share more than a channel, which `equip` makes. With ``ONE_WAY`` what is sent in one of the
    directions is small, and messages are sent before others are answered. With ``BETWEEN`` the first workers send to
    the others, with nothing between. ``LEAST_WORKERS`` are needed for it to mean anything. ``QUANTITIES`` are what it
    observes beside times. ``SPACES`` are where the workers may live that it can use.
    """

    IGNORES: frozenset[str] = frozenset()
    ECHOES = False
    ONE_EACH = False
    OWN_CHUNKS = False
    EQUIPPED = False
    LEAST_WORKERS = 1
    ONE_WAY = False
    BETWEEN = False
    QUANTITIES: ClassVar[tuple[Quantity, ...]] = ()
    SPACES: ClassVar[frozenset[str]] = frozenset({PLACE, THREADS, LOOP, INTERPRETERS, PROCESSES})

    def __init__(self, options: dict[str, Any], knobs: Knobs) -> None:
        self.options = options
        self.knobs = knobs
        self.verification = Verification()  # the workload's, set in each worker
        self.foreign = False  # whether the workload is: its inputs are passed as they are
        self.turns = 1  # how many inputs a worker takes in turn if it repeats its task
        self.seed = ""  # of what it draws
        self.seat: Optional[Seat] = None  # a worker's own, with BETWEEN

    @classmethod
    def form(cls, options: dict[str, Any]) -> type[Pattern]:
        """Return the pattern with these options: another class if they change what it asks of workers."""
        del options
        return cls

    @classmethod
    def refuses(cls, workers: int, options: dict[str, Any]) -> Optional[str]:
        """Return why it cannot use so many workers, as in "pattern=stream ..."; None if it can."""
        del options
        if workers >= cls.LEAST_WORKERS:
            return None
        return f"is of workers that get in each other's way; it needs workers={cls.LEAST_WORKERS} or more, not {workers}"

    @property
    def senders(self) -> int:
        """Return how many of the workers send to the others, with BETWEEN."""
        return 0

    def window_of(self, limit: Optional[int]) -> int:
        """Return how many messages a sender may have under way, given a limit for all, with BETWEEN."""
        del limit
        return 0

    def stand_in(self) -> type[Workload]:
        """Return the workload that replaces the configured one if the pattern echoes."""
        return Echo

    def equip(self, context: Any) -> None:  # most share nothing
        """Make what workers share, before they are created, from the primitives of ``context``.

        These are `multiprocessing`'s or those for threads.
        """

    def begin(self) -> None:  # most look at nothing
        """Look at this process before anything of the workers is made."""

    def aside(self) -> AbstractContextManager[None]:
        """Return the context in which the parent calls the task for itself while the workers wait."""
        return nullcontext()

    def job(
        self,
        task: Callable[[Any], tuple[int, Any]],
        recorder: Recorder,
        worker: int,
        stock: Optional[Stock] = None,
    ) -> Job:
        """Return what a worker does with one message; by default the task, once.

        ``stock`` holds its inputs if the worker repeats the task (see `repeats`) and each call needs a fresh one.
        """
        del worker, stock
        traced = tracing(task, recorder)

        def once(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del value
            return traced(payload, number) if recorder.on else task(payload)

        return once

    def job_on_loop(
        self,
        task: Callable[[Any], Coroutine[Any, Any, tuple[int, Any]]],
        recorder: Recorder,
        worker: int,
        stock: Optional[Stock] = None,
    ) -> LoopJob:
        """Return what `job` does as a coroutine function, for a worker on an event loop."""
        del worker, stock
        traced = tracing_on_loop(task, recorder)

        async def once(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del value
            return await (traced(payload, number) if recorder.on else task(payload))

        return once

    def begin_on_loop(self) -> None:  # most have no clock of their own
        """Make ready for a trial of workers on an event loop."""

    def serial_ns(self, task_ns: int) -> int:
        """Return about how long a serial trial is if a task takes ``task_ns``; 0 if that is unknown."""
        if self.ECHOES:
            return self.knobs.window_ns
        if self.knobs.window_ns:
            return max(self.knobs.window_ns, self.turns * task_ns)
        return self.knobs.tasks * task_ns

    def most_tasks(self, task_ns: int) -> int:
        """Return the most tasks that one worker may do in a trial if a task takes ``task_ns``.

        Its one part in an echo counts as one.
        """
        del task_ns
        return 1 if self.ECHOES and self.ONE_EACH else self.knobs.tasks

    def repeats(self, task_ns: int) -> int:
        """Return how often a worker may repeat its task in a trial; 0 if each task's message brings its input."""
        del task_ns
        return 0

    def message_bytes(self, largest_bytes: int, whole_bytes: int) -> int:
        """Return the size of the largest message.

        It follows from the largest payload, and from all distinct ones together.
        """
        several = self.turns > 1 and self.repeats(1) > 0
        return (whole_bytes if several else largest_bytes) + self.margin_bytes

    @property
    def margin_bytes(self) -> int:
        """Return how much larger than a payload a message of this pattern may be."""
        return 0

    @abstractmethod
    def serial(self, reference: Reference) -> Outcome:
        """Do the same work in place, on one thread, and check the results: the baseline."""

    @abstractmethod
    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Let the workers do the work, and check every result."""


def tracing(task: Callable[[Any], tuple[int, Any]], recorder: Recorder) -> Callable[..., tuple[int, Any]]:
    """Return the task as a phase of its own in a traced trial: it takes a payload and the task's number, -1 for none.

    What passes through the transport within it is the task's own.
    """

    def traced(payload: Any, number: int = -1) -> tuple[int, Any]:
        recorder.inside = True
        before = thread_time_ns()
        result = task(payload)
        on_cpu_ns = thread_time_ns() - before
        recorder.inside = False
        recorder.computed(number, on_cpu_ns)
        recorder.mark(COMPUTE)
        return result

    return traced


def tracing_on_loop(
    task: Callable[[Any], Coroutine[Any, Any, tuple[int, Any]]], recorder: Recorder
) -> Callable[..., Coroutine[Any, Any, tuple[int, Any]]]:
    """Return the same as a coroutine function.

    What the CPU does for other tasks of the loop meanwhile does not count.
    """

    async def traced(payload: Any, number: int = -1) -> tuple[int, Any]:
        steps: list[int] = []
        result: tuple[int, Any] = await count_cpu(task(payload), steps.append)
        recorder.computed(number, sum(steps))
        recorder.mark(COMPUTE)
        return result

    return traced


def now() -> int:
    """Read the clock that all processes of a host share, in ns."""
    return perf_counter_ns()
