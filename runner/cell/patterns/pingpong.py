"""One message out and back at a time: the latency of a call, and the share of memory bandwidth it reaches."""

from __future__ import annotations

from ..off_heap import copy_of, private_bytes, private_words
from ..phases import IDLE
from ..reference import Reference
from ._abc import Crew, Outcome, Pattern, now


class PingPong(Pattern):
    """Sends ``tasks`` messages, each after the previous one is back, and echoes them: no workload runs.

    The baseline is what no mechanism on one machine can avoid: the payload copied once out and once back, in
    place. Each message is checked between two timings.
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
        latencies = private_words(self.knobs.tasks)
        payload, expected = reference.inputs.shared, reference.expected[0]
        start = now()
        for message in range(self.knobs.tasks):
            sent = now()
            result = crew.exchange((0, payload))
            latencies[message] = now() - sent
            if result != expected:  # a pause between messages would let the other process fall asleep
                reference.check([result], "a parallel trial")
            crew.recorder.mark(IDLE)
        return Outcome(start, now(), self.knobs.tasks, latencies)
