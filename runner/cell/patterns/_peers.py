"""Some workers send to the others, with nothing between: P producers and C consumers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from struct import Struct
from typing import Any, Optional

from ..inputs import Stock
from ..named import NamedTuple
from ..off_heap import private_words
from ..pacing import Schedule, await_until, sleep_until, spin_until
from ..phases import IDLE, SEND, WAIT
from ..reference import Reference
from ..seats import Seat
from ..trace import Recorder
from ..workloads import Workload
from ..workloads.delivery import Parcels
from ._abc import Crew, Job, LoopJob, now
from ._flow import Flow, Passed, Tally, timed, timed_on_loop

_LEAD_NS = 1_000_000  # for each worker, from the word of the parent until the first message: all have it then
_INTERVAL = Struct("=d")
_ANSWER_BYTES = 1024
_WORD_BYTES = 8


class Taken(NamedTuple):
    """What a consumer had in one trial, and when it was done with it.

    Of each message in turn the number, which of the payloads it had, and its latency, as bytes of 64-bit words.
    """

    end_ns: int
    numbers: bytes
    places: bytes
    latencies_ns: bytes


class Peers(Flow):
    """The first ``producers`` workers send the messages in turn, the others take them; none passes the parent.

    Each producer has its part of the window: it takes a credit before it sends, which a consumer gives back when it has
    compared the message. Messages are due at the moments of one schedule, of which producer p has every P-th; it begins
    when all workers have the word of the parent. When all messages were taken, the first producer says so to the
    consumers, each of which answers with all that it had: the parent checks that every message came once.

    Nobody answers before all have begun: workers that share a queue take their word from it, and one that is done would
    take that of another, which the system has not let run since the trial began.
    """

    ONE_EACH = True
    BETWEEN = True
    LEAST_WORKERS = 2

    @classmethod
    def refuses(cls, workers: int, options: dict[str, Any]) -> Optional[str]:
        """Return why no worker receives; None if one does."""
        producers = options["producers"]
        if producers < workers:
            return None
        return (
            f"with pattern.producers={producers} leaves none of workers={workers} to receive; "
            f"it needs workers={producers + 1} or more"
        )

    @property
    def senders(self) -> int:
        """Return how many of the workers are producers."""
        return int(self.options["producers"])

    def window_of(self, limit: Optional[int]) -> int:
        """Return a producer's part of the window, one message at least."""
        whole: int = self.options["in_flight"]
        return max((whole if limit is None else min(limit, whole)) // self.senders, 1)

    def most_tasks(self, task_ns: int) -> int:
        """Return the number of messages, which one worker may have all of."""
        del task_ns
        return self.knobs.tasks

    @property
    def margin_bytes(self) -> int:
        """Return the bytes of the answer of a consumer that had all messages."""
        return _ANSWER_BYTES + len(Taken._fields) * _WORD_BYTES * self.knobs.tasks

    def stand_in(self) -> type[Workload]:
        """Return the workload that makes messages and compares them."""
        return Parcels

    def job(self, task: Any, recorder: Recorder, worker: int, stock: Optional[Stock] = None) -> Job:
        """Return what a producer or a consumer does in a trial."""
        del stock
        call = timed(task, recorder)
        if worker >= self.senders:
            return self._consuming(call, worker)
        alone = threading.current_thread() is threading.main_thread()  # else others may need the GIL
        return self._producing(call, recorder, worker, spin_until if alone else sleep_until)

    def _producing(
        self, call: Callable[..., Any], recorder: Recorder, worker: int, wait_until: Callable[[int], None]
    ) -> Job:
        seat, senders, tasks = self._seat, self.senders, self.knobs.tasks
        take, send = seat.credits[worker].acquire, seat.end.send

        def produce(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del number
            seat.begun.release()
            schedule = _schedule(value, payload)
            wait_until(value)
            recorder.mark(IDLE)
            for message in range(worker, tasks, senders):
                take()
                recorder.mark(WAIT)
                if schedule is None:
                    due = now()
                else:
                    due = schedule.due(message)
                    wait_until(due)
                    recorder.mark(IDLE)
                send(message, due, call(message, message)[1])
            self._retire(recorder, worker)
            return worker, ()

        return produce

    def _retire(self, recorder: Recorder, worker: int) -> None:
        """Wait until all messages of a producer were taken, and until nobody can take the word of another."""
        seat = self._seat
        for step in (seat.credits[worker].acquire, seat.credits[worker].release):  # all have come back
            for _ in range(seat.window):
                step()
        if worker:
            seat.ended.release()
            seat.over.acquire()
            recorder.mark(WAIT)
            return
        for _ in range(1, self.senders):
            seat.ended.acquire()
        for _ in range(self.knobs.workers):
            seat.begun.acquire()
        for _ in range(1, self.senders):
            seat.over.release()
        recorder.mark(WAIT)
        seat.end.finish()
        recorder.mark(SEND)

    def _consuming(self, call: Callable[..., Any], worker: int) -> Job:
        seat, senders, tasks = self._seat, self.senders, self.knobs.tasks
        receive = seat.end.receive

        def consume(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del number
            seat.begun.release()
            log = Log(tasks, value)
            while True:
                message, due, payload = receive()
                if message < 0:
                    return worker, tuple(log.taken())
                arrived = now()
                log.take(message, call(message, payload)[0], arrived - due)
                payload = None  # what is lent by a line must be free before the next message
                seat.credits[message % senders].release()

        return consume

    def job_on_loop(
        self, task: Any, recorder: Recorder, worker: int, stock: Optional[Stock] = None
    ) -> LoopJob:
        """Return the same as a coroutine function, for tasks of one loop."""
        del stock
        call = timed_on_loop(task, recorder)
        if worker >= self.senders:
            return self._consuming_on_loop(call, worker)
        return self._producing_on_loop(call, recorder, worker)

    def _producing_on_loop(self, call: Callable[..., Any], recorder: Recorder, worker: int) -> LoopJob:
        seat, senders, tasks = self._seat, self.senders, self.knobs.tasks
        take, send = seat.credits[worker].acquire, seat.end.send

        async def produce(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del number
            seat.begun.release()
            schedule = _schedule(value, payload)
            await await_until(value)
            recorder.mark(IDLE)
            for message in range(worker, tasks, senders):
                await take()
                recorder.mark(WAIT)
                if schedule is None:
                    due = now()
                else:
                    due = schedule.due(message)
                    await await_until(due)
                    recorder.mark(IDLE)
                send(message, due, (await call(message, message))[1])
            await self._retire_on_loop(recorder, worker)
            return worker, ()

        return produce

    async def _retire_on_loop(self, recorder: Recorder, worker: int) -> None:
        """Do the same on a loop."""
        seat = self._seat
        for _ in range(seat.window):
            await seat.credits[worker].acquire()
        for _ in range(seat.window):
            seat.credits[worker].release()
        if worker:
            seat.ended.release()
            await seat.over.acquire()
            recorder.mark(WAIT)
            return
        for _ in range(1, self.senders):
            await seat.ended.acquire()
        for _ in range(self.knobs.workers):
            await seat.begun.acquire()
        for _ in range(1, self.senders):
            seat.over.release()
        recorder.mark(WAIT)
        seat.end.finish()
        recorder.mark(SEND)

    def _consuming_on_loop(self, call: Callable[..., Any], worker: int) -> LoopJob:
        seat, senders, tasks = self._seat, self.senders, self.knobs.tasks
        receive = seat.end.receive

        async def consume(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del number
            seat.begun.release()
            log = Log(tasks, value)
            while True:
                message, due, payload = await receive()
                if message < 0:
                    return worker, tuple(log.taken())
                arrived = now()
                log.take(message, (await call(message, payload))[0], arrived - due)
                seat.credits[message % senders].release()

        return consume

    @property
    def _seat(self) -> Seat:
        """Return the worker's seat, which it has before its job is made."""
        if self.seat is None:
            raise RuntimeError("a worker that sends to others, or receives from them, was given no seat")
        return self.seat

    def _pass(self, reference: Reference, crew: Crew, offered: Optional[float]) -> Passed:
        """Send all messages once, ``offered`` per second."""
        workers, tally = self.knobs.workers, Tally(reference, self.knobs.tasks)
        begin = now() + _LEAD_NS * workers
        interval = _INTERVAL.pack(0.0 if offered is None else 1e9 / offered)
        answers = crew.map([(begin, interval)] * workers)
        taken = [Taken(*answer) for worker, answer in answers if worker >= self.senders]
        for one in taken:
            words = (memoryview(part).cast("q") for part in (one.numbers, one.places, one.latencies_ns))
            for message in zip(*words):
                tally.had(*message)
        tally.complete()
        return Passed(begin, begin, max(one.end_ns for one in taken), tally.latencies_ns)


def _schedule(start_ns: int, interval: Any) -> Optional[Schedule]:
    """Return when messages are due; None if each is sent as soon as there is room."""
    (interval_ns,) = _INTERVAL.unpack(interval)
    return Schedule(start_ns, interval_ns) if interval_ns else None


class Log:
    """What a consumer has had so far in a trial that began at ``start_ns``."""

    def __init__(self, tasks: int, start_ns: int) -> None:
        self._numbers, self._places, self._latencies_ns = (private_words(tasks) for _ in range(3))
        self._count = 0
        self._end_ns = start_ns

    def take(self, number: int, place: int, latency_ns: int) -> None:
        """Take a message that has been compared; one more than there are fails, as no consumer may have one twice."""
        at = self._count
        self._numbers[at], self._places[at], self._latencies_ns[at] = number, place, latency_ns
        self._count += 1
        self._end_ns = now()

    def taken(self) -> Taken:
        """Return all of it."""
        words = (self._numbers, self._places, self._latencies_ns)
        return Taken(self._end_ns, *(bytes(each[: self._count]) for each in words))
