"""Several writers and readers on the two ends of one pipe, with or without locks.

Observed are messages that are lost, torn or duplicated.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Optional

from ..errors import WrongResult
from ..named import NamedTuple
from ..reference import Reference
from ._abc import Crew, Knobs, Observation, Outcome, Quantity, now
from ._ends import FORMS, End, drain, flood
from ._letters import LEAST_BYTES, Letter, read, write
from ._together import Together

LOST, TORN, DUPLICATED = "lost_per_million", "torn_per_million", "duplicated_per_million"
RATE = "messages_per_s"
NO_LOCK, LOCK = "none", "lock"

_BOUND_S = 20
_NUMBER = "I"  # of a message, in the answers of readers
_ANSWER_BYTES = 4096


class Share(NamedTuple):
    """What one worker did in a trial: when, which messages it read whole, and how often it read none.

    The messages are numbers, as the bytes of an `array`.
    """

    start_ns: int
    end_ns: int
    whole: bytes = b""
    torn: int = 0


class SharedPipe(Together):
    """Every second worker writes to one pipe, the others read from it.

    Every message says which it is and has a checksum.

    Without locks, writes of several writers may lie within each other, and readers take parts of one message. What is
    then read as the length of a message is any number. So that neither memory nor time goes with it, a reader takes no
    length beyond that of a message; and the last writer that is done writes zeros, which no message holds, until every
    reader has ended: whoever waits for bytes that another one has taken gets those. Writers go on as long as any reader
    reads.

    Lost is what no reader got as it was written, and torn what a reader got that is no message. Under locks, one for
    each end, a trial in which any message is lost, torn or duplicated is wrong. The baseline is making, copying and
    checking the same messages in place, without a pipe.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"lock": f"{NO_LOCK}|{LOCK}", "form": "|".join(FORMS)}
    IGNORES = frozenset({"window_ns", "task_ns", "payload_out_bytes"})
    LEAST_WORKERS = 2
    QUANTITIES: ClassVar[tuple[Quantity, ...]] = (
        Quantity(LOST, "messages of a million that no reader got whole"),
        Quantity(TORN, "reads that are no message, for a million messages"),
        Quantity(DUPLICATED, "messages of a million that were got whole again"),
        Quantity(RATE, "messages that were got whole, by the time of the trial"),
    )

    def __init__(self, options: dict[str, Any], knobs: Knobs) -> None:
        super().__init__(options, knobs)
        self.ends: tuple[Any, Any] = (None, None)
        self.locks: tuple[Any, ...] = ()
        self.tally: Any = None
        self.left: tuple[Any, Any] = (None, None)

    def equip(self, context: Any) -> None:
        """Make the pipe, a lock for each end, and the numbers of writers and readers that are not done."""
        super().equip(context)
        reader, writer = context.Pipe(duplex=False)
        self.ends = writer, reader
        self.locks = (context.Lock(), context.Lock())
        self.tally = context.Lock()
        self.left = (context.RawValue("q", 0), context.RawValue("q", 0))

    @property
    def margin_bytes(self) -> int:
        """Return the bytes of a reader's answer, which may name all messages."""
        return _ANSWER_BYTES + array(_NUMBER).itemsize * self.knobs.tasks

    @property
    def _writers(self) -> int:
        return (self.knobs.workers + 1) // 2

    def _quota(self, writer: int) -> int:
        """Return how many messages a writer writes."""
        return self.knobs.tasks // self._writers + (writer < self.knobs.tasks % self._writers)

    def take_part(self, worker: int, value: int) -> Share:
        """Write or read messages of ``value`` bytes until there are no more."""
        end = FORMS[self.options["form"]](*self.ends, value)
        writes = worker % 2 == 0
        lock = self.locks[writes] if self.options["lock"] == LOCK else nullcontext()
        try:
            return self._write(end, worker // 2, lock) if writes else self._read(end, lock)
        finally:
            end.close()
            self._leave(writes=writes)

    def _write(self, end: End, writer: int, lock: AbstractContextManager[Any]) -> Share:
        start = now()
        for number in range(self._quota(writer)):
            message = write(Letter(writer, number), end.size)
            with lock:
                end.send(message)
        return Share(start, now())

    def _read(self, end: End, lock: AbstractContextManager[Any]) -> Share:
        start = last = now()
        whole, torn, (writing, _) = array(_NUMBER), 0, self.left
        while True:
            with lock:
                message = end.receive()
            letter = self._letter(message)
            if letter is not None:
                whole.append(letter.number * self._writers + letter.writer)
                last = now()
            else:
                torn += message is None or bool(message.strip(b"\0"))
                if message is not None and message[-1:] in (b"", b"\0") and not writing.value:
                    return Share(start, last, whole.tobytes(), torn)

    def _letter(self, message: Optional[bytes]) -> Optional[Letter]:
        """Return which of this trial's messages it is; None if it is not one of them."""
        letter = read(message) if message else None
        known = (
            letter is not None
            and letter.writer < self._writers
            and letter.number < self._quota(letter.writer)
        )
        return letter if known else None

    def _leave(self, *, writes: bool) -> None:
        """Count a worker as done; the last writer ends the wait of those who still read."""
        with self.tally:
            left = self.left[0 if writes else 1]
            left.value -= 1
            last = writes and not left.value
        if last:
            reading = self.left[1]
            flood(self.ends[0], lambda: not reading.value, _BOUND_S)

    def serial(self, reference: Reference) -> Outcome:
        """Make, copy and check every message in place."""
        size, got = _size(reference), 0
        start = now()
        for writer in range(self._writers):
            for number in range(self._quota(writer)):
                copied = bytes(bytearray(write(Letter(writer, number), size)))
                got += read(copied) == (writer, number)
        end = now()
        whole = array(_NUMBER, range(got)).tobytes()
        return self._outcome([Share(start, end, whole)], "a serial trial", safe=True)

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Let writers and readers use the pipe at the same time."""
        drain(self.ends[1])
        for left, count in zip(self.left, (self._writers, self.knobs.workers - self._writers)):
            left.value = count
        shares = [Share(*answer) for answer in self.gather(crew, _size(reference))]
        return self._outcome(shares, "a parallel trial", safe=self.options["lock"] == LOCK)

    def _outcome(self, shares: Sequence[Share], moment: str, *, safe: bool) -> Outcome:
        tasks, seen = self.knobs.tasks, array(_NUMBER)
        for share in shares:
            seen.frombytes(share.whole)
        different, torn = len(set(seen)), sum(share.torn for share in shares)
        lost, again = tasks - different, len(seen) - different
        if safe and (lost or torn or again):
            raise WrongResult(
                f"of {tasks} messages in {moment} with pattern.lock={self.options['lock']} {lost} were lost and {again} duplicated, "
                f"and {torn} reads were none: there every message arrives once"
            )
        start, end = min(share.start_ns for share in shares), max(share.end_ns for share in shares)
        of_a_million = {LOST: lost, TORN: torn, DUPLICATED: again}
        found = [Observation(name, 1e6 * count / tasks) for name, count in of_a_million.items()]
        found.append(Observation(RATE, 1e9 * different / (end - start)))
        return Outcome(start, end, tasks, observations=tuple(found))


def _size(reference: Reference) -> int:
    """Return the bytes of a message: the payload, or the least that says which it is."""
    return max(len(reference.inputs.shared), LEAST_BYTES)
