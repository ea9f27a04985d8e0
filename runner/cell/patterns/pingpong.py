"""One message out and back at a time: the latency of a call, and the share of memory bandwidth it reaches."""

from __future__ import annotations

from typing import Any

from ..off_heap import bytes_of, copy_of, private_bytes, private_words
from ..phases import IDLE
from ..placement import Look
from ..reference import Reference
from ._abc import Crew, Outcome, Pattern, now

LOOKS = 16
"""After so many messages of a trial, at most, the parent looks where both sides run."""

_LEAST_APART = 8


class PingPong(Pattern):
    """Sends ``tasks`` messages, each after the previous one is back, and echoes them: no workload runs.

    The baseline is what no mechanism on one machine can avoid: the payload copied once out and once back, in place.
    Each message is checked between two timings. Some are followed by a look at where both sides run; the pause may have
    let a CPU fall asleep, so the next message is not timed. Traced trials have none: spans fill their time.
    """

    IGNORES = frozenset({"window_ns", "task_ns"})
    ECHOES = True

    def serial(self, reference: Reference) -> Outcome:
        """Copy the payload out and the answer back, into memory allocated before."""
        payload, answer = reference.inputs.shared, reference.expected[0][1]
        there, back = private_bytes(len(payload)), private_bytes(len(answer))
        latencies = private_words(self.knobs.tasks)
        start = now()
        for message in range(self.knobs.tasks):
            sent = now()
            there[:] = payload
            back[:] = answer
            latencies[message] = now() - sent
        end = now()
        reference.check([(reference.expected[0][0], copy_of(back, answer))], "a serial trial")
        return Outcome(start, end, self.knobs.tasks, latencies)

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Send one message after the other."""
        log, item = Log(reference, crew, self.knobs.tasks), (0, reference.inputs.shared)
        note, on_loop = log.note, crew.on_loop()
        if on_loop is not None:
            exchange_on_loop = on_loop.exchange

            async def converse() -> None:
                log.start = now()
                for number in range(1, self.knobs.tasks + 1):
                    sent = now()
                    result = await exchange_on_loop(item)
                    note(number, result, sent, now())

            on_loop.run(converse())
            return log.outcome()
        exchange, log.start = crew.exchanger(), now()
        for number in range(1, self.knobs.tasks + 1):
            sent = now()
            result = exchange(item)
            note(number, result, sent, now())
        return log.outcome()


class Log:
    """The messages of one trial: their round trips, and the looks at both sides between them."""

    def __init__(self, reference: Reference, crew: Crew, tasks: int) -> None:
        self.start = 0
        self._reference, self._crew, self._tasks = reference, crew, tasks
        self._expected = reference.expected[0]
        self._latencies = private_words(tasks)
        self._every = tasks + 1 if crew.recorder.on else max(-(-tasks // LOOKS), _LEAST_APART)
        self._timed = self._looking_ns = 0
        self._looks: list[Look] = []
        self._looked = False

    def note(self, number: int, result: tuple[int, Any], sent: int, back: int) -> None:
        """Keep the time of a message, unless a look came before it; look after some, and check each result."""
        if not self._looked:
            self._latencies[self._timed] = back - sent
            self._timed += 1
        self._looked = number % self._every == 0
        if self._looked:
            self._looks.append(self._crew.look())
            self._looking_ns += now() - back
        if type(result[1]) is memoryview:
            result = result[0], bytes_of(result[1], self._expected[1])
        if result != self._expected:  # a pause between messages would let the other process fall asleep
            self._reference.check([result], "a parallel trial")
        self._crew.recorder.mark(IDLE)

    def outcome(self) -> Outcome:
        """Return the outcome of the trial that ends now."""
        end = now()
        return Outcome(
            self.start,
            end,
            self._tasks,
            self._latencies[: self._timed],
            busy_ns=end - self.start - self._looking_ns,
            looks=tuple(self._looks),
        )
