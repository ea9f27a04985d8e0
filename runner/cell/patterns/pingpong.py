"""One message out and back at a time: the latency of a call, and the share of memory bandwidth it reaches."""

from __future__ import annotations

from ..off_heap import copy_of, private_bytes, private_words
from ..phases import IDLE
from ..reference import Reference
from ._abc import Crew, Outcome, Pattern, now

LOOKS = 16
"""After so many messages of a trial, at most, the parent looks where both sides run."""

_LEAST_APART = 8


class PingPong(Pattern):
    """Sends ``tasks`` messages, each after the previous one is back, and echoes them: no workload runs.

    The baseline is what no mechanism on one machine can avoid: the payload copied once out and once back, in
    place. Each message is checked between two timings. Some are followed by a look at where both sides run; the
    pause may have let a CPU fall asleep, so the next message is not timed. Traced trials have none: spans fill their time.
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
        latencies, timed, looks, looking_ns = private_words(self.knobs.tasks), 0, [], 0
        payload, expected, tasks = reference.inputs.shared, reference.expected[0], self.knobs.tasks
        every = tasks + 1 if crew.recorder.on else max(-(-tasks // LOOKS), _LEAST_APART)
        exchange, looked, start = crew.exchanger(), False, now()
        for number in range(1, tasks + 1):
            sent = now()
            result = exchange((0, payload))
            back = now()
            if not looked:
                latencies[timed] = back - sent
                timed += 1
            looked = number % every == 0
            if looked:
                looks.append(crew.look())
                looking_ns += now() - back
            if result != expected:  # a pause between messages would let the other process fall asleep
                reference.check([result], "a parallel trial")
            crew.recorder.mark(IDLE)
        end = now()
        return Outcome(
            start, end, tasks, latencies[:timed], busy_ns=end - start - looking_ns, looks=tuple(looks)
        )
