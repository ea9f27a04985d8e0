"""Messages one way, a window of them in flight: bandwidth, rate, and latency under load."""

from __future__ import annotations

import threading
from struct import Struct
from time import thread_time_ns
from typing import Any, ClassVar, Optional

from ..errors import WrongResult
from ..inputs import Stock
from ..intervals import median, percentile
from ..named import NamedTuple
from ..off_heap import bytes_of, copy_of, private_bytes, private_words
from ..pacing import Schedule, sleep_until, spin_until
from ..phases import COMPUTE, IDLE
from ..reference import Reference
from ..trace import Recorder
from ..workloads import Workload
from ..workloads.delivery import Delivery, Production
from ._abc import Crew, Job, Knobs, Observation, OneWay, Outcome, Pattern, Quantity, now

PARENT, WORKERS = "parent", "workers"
_LEAD_NS = (
    1_000_000  # from the begin of a trial until its first message is due: requests are with all workers then
)
_SATURATED_PASSES = 3
_LATENCY = Struct("=q")
_PERCENTILES = (("latency_p50_ns", 0.5, 1), ("latency_p99_ns", 0.99, 100), ("latency_p999_ns", 0.999, 1000))
"""Names, shares, and of how many messages at least."""


class Passed(NamedTuple):
    """All messages of one pass: from when on until when, and how long each was under way."""

    begin_ns: int
    start_ns: int
    end_ns: int
    latencies_ns: memoryview

    @property
    def per_second(self) -> float:
        """Return the rate, from the moment at which the first message was due."""
        return len(self.latencies_ns) * 1e9 / (self.end_ns - self.start_ns)


class Stream(Pattern):
    """Sends ``tasks`` messages one way, up to ``in_flight`` of them unanswered, or fewer if the channel allows no more.

    From the parent they go to all workers, each of which compares a message with what it must be and acknowledges it. If
    workers are the ``producers``, the parent requests messages, which is how they learn that it has room, and compares
    what comes. Either way the small messages fit the kernel's buffers, so no side waits to send while the other one does.

    Without a ``load`` each message is sent as soon as the window has room, and its latency begins there. With one, message n
    is due n intervals after the first, whatever happens to those before, and its latency begins then: a stall counts for all
    messages that it holds up (Tene's coordinated omission is avoided). A share is one of the rate without load
    in this process, the median of a few passes before the first trial.

    The baseline is the payload copied once, in place.
    """

    IGNORES = frozenset({"window_ns", "task_ns", "payload_out_bytes"})
    ECHOES = True
    ONE_WAY = True
    OPTIONS: ClassVar[dict[str, str]] = {
        "producers": f"{PARENT}|{WORKERS}",
        "in_flight": "count",
        "load": "load?",
    }
    QUANTITIES = (
        Quantity("bytes_per_s", "payload bytes that the consumers had per second; in a serial trial, copied"),
        Quantity("messages_per_s", "messages that the consumers had per second; in a serial trial, copied"),
        Quantity("offered_per_s", "messages that were due per second, if there is a load"),
        Quantity("latency_p50_ns", "median time from when a message was due until a consumer had it"),
        Quantity("latency_p99_ns", "99th percentile of the same"),
        Quantity("latency_p999_ns", "99.9th percentile of the same, of 1000 messages or more"),
    )

    def __init__(self, options: dict[str, Any], knobs: Knobs) -> None:
        super().__init__(options, knobs)
        self._saturated_per_s: Optional[float] = None

    def stand_in(self) -> type[Workload]:
        """Return what compares messages, or makes them."""
        return Delivery if self.options["producers"] == PARENT else Production

    def job(self, task: Any, recorder: Recorder, worker: int, stock: Optional[Stock] = None) -> Job:
        """Return what a worker does: it acknowledges a message, or makes one when that is due."""
        del worker, stock
        alone = threading.current_thread() is threading.main_thread()  # else others may need the GIL
        wait_until = spin_until if alone else sleep_until
        pack = _LATENCY.pack

        def traced(number: int, payload: Any) -> tuple[int, Any]:
            before = thread_time_ns()
            result: tuple[int, Any] = task(payload)
            recorder.computed(number, thread_time_ns() - before)
            recorder.mark(COMPUTE)
            return result

        def acknowledge(number: int, value: int, payload: Any) -> tuple[int, Any]:
            latency = now() - value
            place, _ = traced(number, payload) if recorder.on else task(payload)
            return place, pack(latency)

        def produce(number: int, value: int, payload: Any) -> tuple[int, Any]:
            if value:
                wait_until(value)
                recorder.mark(IDLE)
            due = value or now()
            return due, (traced(number, payload) if recorder.on else task(payload))[1]

        return acknowledge if self.options["producers"] == PARENT else produce

    def serial(self, reference: Reference) -> Outcome:
        """Copy the payload, into memory allocated before."""
        payload = self._payload(reference, 0)
        there, tasks = private_bytes(len(payload)), self.knobs.tasks
        start = now()
        for _ in range(tasks):
            there[:] = payload
        end = now()
        if copy_of(there, payload) != payload:
            raise WrongResult("a copy in a serial trial differs from its payload")
        return Outcome(
            start, end, tasks, observations=_rates(tasks * 1e9 / max(end - start, 1), len(payload))
        )

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Send all messages; with a load that is a share, find out first what it is a share of."""
        offered = self._offered_per_s(reference, crew)
        passed = self._pass(reference, crew, offered)
        found = _rates(passed.per_second, len(self._payload(reference, 0)))
        if offered is not None:
            found += (Observation("offered_per_s", offered),)
        found += tuple(
            Observation(name, percentile(passed.latencies_ns, share))
            for name, share, least in _PERCENTILES
            if self.knobs.tasks >= least
        )
        return Outcome(passed.begin_ns, passed.end_ns, self.knobs.tasks, observations=found)

    def _payload(self, reference: Reference, place: int) -> bytes:
        sent: bytes = (
            reference.inputs[place] if self.options["producers"] == PARENT else reference.expected[place][1]
        )
        return sent

    def _offered_per_s(self, reference: Reference, crew: Crew) -> Optional[float]:
        """Return the rate at which messages are due; None to send each as soon as there is room."""
        load: Optional[float] = self.options["load"]
        if load is None or load > 1:
            return load
        if self._saturated_per_s is None:
            passes = (self._pass(reference, crew, None).per_second for _ in range(_SATURATED_PASSES))
            self._saturated_per_s = median(passes)
        return load * self._saturated_per_s

    def _pass(self, reference: Reference, crew: Crew, offered: Optional[float]) -> Passed:
        """Send all messages once, ``offered`` per second."""
        way, begin = crew.one_way(), now()
        schedule = None if offered is None else Schedule(begin + _LEAD_NS, 1e9 / offered)
        tally = Tally(reference, self.knobs.tasks)
        window = min(self.options["in_flight"], self.knobs.tasks, *([] if way.ahead is None else [way.ahead]))
        if self.options["producers"] == PARENT:
            _send(tally, way, schedule, window, crew.recorder)
        else:
            _request(tally, way, schedule, window)
        return Passed(begin, begin if schedule is None else schedule.start_ns, now(), tally.latencies_ns)


def _send(tally: Tally, way: OneWay, schedule: Optional[Schedule], window: int, recorder: Recorder) -> None:
    """Send messages when they are due, and take acknowledgements when the window is full, before that."""
    payloads, total, (send, receive, _, spins) = tally.inputs, tally.total, way
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
    """Request as many messages as the window holds, and one more for each that came; a request says when its message is due."""
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


class Tally:
    """Checks that each message of a pass is the right one and comes once, and keeps how long it was under way."""

    def __init__(self, reference: Reference, total: int) -> None:
        self.inputs: list[bytes] = reference.inputs.originals
        self.total = total
        self.latencies_ns = private_words(total)
        self._reference = reference
        self._expected = reference.expected
        self._seen = bytearray(total)

    def acknowledged(self, number: int, place: int, latency: bytes) -> None:
        """Take the acknowledgement of a message, which says which of the payloads it had."""
        self._count(number)
        if place != self._expected[number % len(self._expected)][0]:
            self._reference.check([(place, b"")], "a parallel trial", number)
        (self.latencies_ns[number],) = _LATENCY.unpack(latency)

    def arrived(self, arrived_ns: int, number: int, due_ns: int, payload: Any) -> None:
        """Take a message."""
        self._count(number)
        place, right = self._expected[number % len(self._expected)]
        if type(payload) is memoryview:
            payload = bytes_of(payload, right)
        if payload != right:
            self._reference.check([(place, payload)], "a parallel trial", number)
        self.latencies_ns[number] = arrived_ns - due_ns

    def _count(self, number: int) -> None:
        if not 0 <= number < self.total or self._seen[number]:
            raise WrongResult(f"message {number} of a parallel trial came twice, or was never sent")
        self._seen[number] = 1


def _rates(per_second: float, payload_bytes: int) -> tuple[Observation, ...]:
    rates = (Observation("messages_per_s", per_second),)
    return (Observation("bytes_per_s", per_second * payload_bytes), *rates) if payload_bytes else rates
