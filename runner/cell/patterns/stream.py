"""Messages one way, a window of them in flight: bandwidth, rate, and latency under load."""

from __future__ import annotations

import threading
from typing import Any, Optional

from ..inputs import Stock
from ..pacing import Schedule, await_until, sleep_until, spin_until
from ..phases import IDLE
from ..reference import Reference
from ..trace import Recorder
from ..workloads import Workload
from ..workloads.delivery import Delivery, Production
from ._abc import Crew, Job, LoopJob, OneWay, Pattern, now
from ._flow import LATENCY, PARENT, Flow, Passed, Tally, timed, timed_on_loop
from ._peers import Peers

_LEAD_NS = (
    1_000_000  # from the begin of a trial until its first message is due: requests are with all workers then
)


class Stream(Flow):
    """Sends ``tasks`` messages one way, up to ``in_flight`` of them unanswered, or fewer if the channel allows no more.

    From the parent they go to all workers, each of which compares a message with what it must be and acknowledges it.
    If workers are the ``producers``, the parent requests messages, which is how they learn that it has room, and
    compares what comes. Either way the small messages fit the kernel's buffers, so no side waits to send while the
    other one does.

    Without a ``load`` each message is sent as soon as the window has room, and its latency begins there. With one,
    message n is due n intervals after the first, whatever happens to those before, and its latency begins then: a stall
    counts for all messages that it holds up (Tene's coordinated omission is avoided). A share is one of the rate
    without load in this process, the median of a few passes before the first trial.

    If the producers are a number, so many of the workers send to the others, with nothing between, see `_peers`.

    The baseline is the payload copied once, in place.
    """

    ONE_WAY = True

    @classmethod
    def form(cls, options: dict[str, Any]) -> type[Pattern]:
        """Return how workers send to each other if a number of them are the producers."""
        return Peers if isinstance(options.get("producers"), int) else cls

    def stand_in(self) -> type[Workload]:
        """Return the workload that compares messages, or makes them."""
        return Delivery if self.options["producers"] == PARENT else Production

    def job(self, task: Any, recorder: Recorder, worker: int, stock: Optional[Stock] = None) -> Job:
        """Return what a worker does: it acknowledges a message, or makes one when that is due."""
        del worker, stock
        alone = threading.current_thread() is threading.main_thread()  # else others may need the GIL
        wait_until = spin_until if alone else sleep_until
        pack, call = LATENCY.pack, timed(task, recorder)

        def acknowledge(number: int, value: int, payload: Any) -> tuple[int, Any]:
            latency = now() - value
            return call(number, payload)[0], pack(latency)

        def produce(number: int, value: int, payload: Any) -> tuple[int, Any]:
            if value:
                wait_until(value)
                recorder.mark(IDLE)
            due = value or now()
            return due, call(number, payload)[1]

        return acknowledge if self.options["producers"] == PARENT else produce

    def job_on_loop(
        self, task: Any, recorder: Recorder, worker: int, stock: Optional[Stock] = None
    ) -> LoopJob:
        """Return the same as a coroutine function; the others have their turn while a message is not due."""
        del worker, stock
        pack, call = LATENCY.pack, timed_on_loop(task, recorder)

        async def acknowledge(number: int, value: int, payload: Any) -> tuple[int, Any]:
            latency = now() - value
            place, _ = await call(number, payload)
            return place, pack(latency)

        async def produce(number: int, value: int, payload: Any) -> tuple[int, Any]:
            if value:
                await await_until(value)
                recorder.mark(IDLE)
            due = value or now()
            return due, (await call(number, payload))[1]

        return acknowledge if self.options["producers"] == PARENT else produce

    def _pass(self, reference: Reference, crew: Crew, offered: Optional[float]) -> Passed:
        """Send all messages once, ``offered`` per second."""
        way, begin = crew.one_way(), now()
        schedule = None if offered is None else Schedule(begin + _LEAD_NS, 1e9 / offered)
        tally = Tally(reference, self.knobs.tasks)
        window = min(self.options["in_flight"], self.knobs.tasks, *([] if way.ahead is None else [way.ahead]))
        sends = self.options["producers"] == PARENT
        if way.run is not None:
            passing = _send_on_loop if sends else _request_on_loop
            way.run(passing(tally, way, schedule, window, crew.recorder))
        elif sends:
            _send(tally, way, schedule, window, crew.recorder)
        else:
            _request(tally, way, schedule, window)
        return Passed(begin, begin if schedule is None else schedule.start_ns, now(), tally.latencies_ns)


def _send(tally: Tally, way: OneWay, schedule: Optional[Schedule], window: int, recorder: Recorder) -> None:
    """Send messages when they are due, and take acknowledgements when the window is full, before that."""
    payloads, total, (send, receive, _, spins, _) = tally.inputs, tally.total, way
    kinds, wait_until = len(payloads), spin_until if spins else sleep_until
    for number in range(total):
        if number >= window:
            tally.acknowledged(*receive())
        if schedule is None:
            due = now()
        else:
            due = schedule.due(number)
            wait_until(due)
            recorder.mark(IDLE)
        send(number, due, payloads[number % kinds])
    for _ in range(min(window, total)):
        tally.acknowledged(*receive())


def _request(tally: Tally, way: OneWay, schedule: Optional[Schedule], window: int) -> None:
    """Request as many messages as the window holds, and one more for each that came.

    A request says when its message is due.
    """
    requests, total, (send, receive, *_) = tally.inputs, tally.total, way
    kinds = len(requests)
    for number in range(window):
        send(number, 0 if schedule is None else schedule.due(number), requests[number % kinds])
    for following in range(window, window + total):
        message = receive()
        tally.arrived(now(), *message)
        if following < total:
            due = 0 if schedule is None else schedule.due(following)
            send(following, due, requests[following % kinds])


async def _send_on_loop(
    tally: Tally, way: OneWay, schedule: Optional[Schedule], window: int, recorder: Recorder
) -> None:
    """Run `_send` as a coroutine of the workers' loop."""
    payloads, total, (send, receive, *_) = tally.inputs, tally.total, way
    kinds = len(payloads)
    for number in range(total):
        if number >= window:
            tally.acknowledged(*await receive())
        if schedule is None:
            due = now()
        else:
            due = schedule.due(number)
            await await_until(due)
            recorder.mark(IDLE)
        send(number, due, payloads[number % kinds])
    for _ in range(min(window, total)):
        tally.acknowledged(*await receive())


async def _request_on_loop(
    tally: Tally, way: OneWay, schedule: Optional[Schedule], window: int, recorder: Recorder
) -> None:
    """Run `_request` as a coroutine of the workers' loop."""
    del recorder
    requests, total, (send, receive, *_) = tally.inputs, tally.total, way
    kinds = len(requests)
    for number in range(window):
        send(number, 0 if schedule is None else schedule.due(number), requests[number % kinds])
    for following in range(window, window + total):
        message = await receive()
        tally.arrived(now(), *message)
        if following < total:
            due = 0 if schedule is None else schedule.due(following)
            send(following, due, requests[following % kinds])
