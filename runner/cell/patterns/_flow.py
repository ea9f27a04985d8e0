"""Messages one way: when they are due, how long they were under way, whether each came once.

Each is compared with a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from struct import Struct
from typing import Any, ClassVar, Optional

from ..errors import WrongResult
from ..intervals import median, percentile
from ..named import NamedTuple
from ..off_heap import bytes_of, copy_of, private_bytes, private_words
from ..reference import Reference
from ..trace import Recorder
from ._abc import Crew, Knobs, Observation, Outcome, Pattern, Quantity, now, tracing, tracing_on_loop

PARENT, WORKERS = "parent", "workers"
LATENCY = Struct("=q")
_SATURATED_PASSES = 3
Call = Callable[[Any], "tuple[int, Any]"]
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


class Flow(Pattern):
    """Sends ``tasks`` messages one way, a window of them unanswered, see `runner.cell.patterns.stream`."""

    IGNORES = frozenset({"window_ns", "task_ns", "payload_out_bytes"})
    ECHOES = True
    OPTIONS: ClassVar[dict[str, str]] = {
        "producers": f"{PARENT}|{WORKERS}|count",
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
            reference.expected[place][1] if self.options["producers"] == WORKERS else reference.inputs[place]
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
        raise NotImplementedError(f"{type(self).__name__} sends nothing")


def timed(task: Call, recorder: Recorder) -> Callable[[int, Any], tuple[int, Any]]:
    """Return the task of a message by its number, which is a phase of its own in a traced trial."""
    traced = tracing(task, recorder)

    def call(number: int, payload: Any) -> tuple[int, Any]:
        return traced(payload, number) if recorder.on else task(payload)

    return call


def timed_on_loop(
    task: Callable[[Any], Coroutine[Any, Any, tuple[int, Any]]], recorder: Recorder
) -> Callable[[int, Any], Coroutine[Any, Any, tuple[int, Any]]]:
    """Return the same as a coroutine function."""
    traced = tracing_on_loop(task, recorder)

    async def call(number: int, payload: Any) -> tuple[int, Any]:
        return await (traced(payload, number) if recorder.on else task(payload))

    return call


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
        self.had(number, place, *LATENCY.unpack(latency))

    def had(self, number: int, place: int, latency_ns: int) -> None:
        """Read what a consumer says of a message: which of the payloads it had, and when."""
        self._count(number)
        if place != self._expected[number % len(self._expected)][0]:
            self._reference.check([(place, b"")], "a parallel trial", number)
        self.latencies_ns[number] = latency_ns

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

    def complete(self) -> None:
        """Raise WrongResult if a message is missing."""
        missing = self._seen.find(0)
        if missing >= 0:
            raise WrongResult(f"message {missing} of a parallel trial was sent, and no consumer had it")


def _rates(per_second: float, payload_bytes: int) -> tuple[Observation, ...]:
    rates = (Observation("messages_per_s", per_second),)
    return (Observation("bytes_per_s", per_second * payload_bytes), *rates) if payload_bytes else rates
