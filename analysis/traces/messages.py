"""Which span sent a message, and which one it reached.

A span knows its task, but not every span of the parent does, and messages are not recorded by themselves. What follows
from the order of a channel is concluded, and what may have been otherwise is left out: an arrow that is drawn is right.

- A task's way to its worker: the parent sends tasks in the order of their numbers.
- A result's way back: of the first k results that were sent, the parent has received k. If no other could have been
  under way when it received the k-th, nor when it received the one before, then the k-th received is the k-th sent. Of
  a single worker, and of a queue whose messages were put one after another, that is so in any case.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from typing import NamedTuple

from breakeven.analysis.traces.recorded import PARENT, Span

_OUT = ("serialize", "send")
_QUEUES = ("queue", "simple_queue")
"""Channels whose messages arrive in the order in which they were put, whoever put them."""


class Arrow(NamedTuple):
    """A message: the places of the spans in which it left and arrived."""

    departs: int
    arrives: int


class Task(NamedTuple):
    """A task in its worker: its number, and the span in which its message arrived.

    It also holds what is known of its result's departure.

    That is the span in which it left, None if unknown, and from when until when it may have.
    """

    number: int
    arrives: int
    departs: int | None
    from_ns: int = 0
    until_ns: float = inf


@dataclass(frozen=True)
class Lane:
    """The spans of one worker, or of the parent, in order, each after its place in the trial; ``own`` is its thread."""

    spans: Sequence[tuple[int, Span]]
    own: int

    @classmethod
    def of(cls, spans: Sequence[Span], worker: int) -> Lane:
        """Return the lane of ``worker``: only its own thread waits or computes, others send and read on its behalf."""
        found = [(place, span) for place, span in enumerate(spans) if span.worker == worker]
        found.sort(key=lambda each: each[1].start_ns)
        own = (span.thread_id for _, span in found if span.phase in ("wait", "idle", "compute"))
        return cls(found, next(own, found[0][1].thread_id))

    def sent(self, *, helped: bool) -> list[int]:
        """Return the place of the span in which each message left, of those sent by the own thread or by helping ones.

        A message begins where it is pickled, and leaves with the sending that follows.
        """
        lane = [each for each in self.spans if (each[1].thread_id != self.own) == helped]
        lane = [each for each in lane if each[1].phase in _OUT]
        pickled = any(span.phase == "serialize" for _, span in lane)
        found: list[int] = []
        before = "send"
        for place, span in lane:
            if span.phase == before == "send" and pickled:
                continue  # the rest of its sending
            if span.phase == "send" and pickled:
                found[-1] = place
            elif span.phase != before or not pickled:
                found.append(place)
            before = span.phase
        return found

    def received(self) -> list[int]:
        """Return the place of the span that began when each message arrived.

        It reads the message, or follows a wait for it.
        """
        phases = [span.phase for _, span in self.spans]
        read = "receive" in phases
        pairs = zip(["", *phases], self.spans, strict=False)
        if read:
            return [place for before, (place, span) in pairs if span.phase == "receive" != before]
        return [place for before, (place, _) in pairs if before == "wait"]

    def tasks(self) -> list[Task]:
        """Return the tasks that a worker computed, in order."""
        computed = [each for each in self.spans if each[1].phase == "compute"]
        numbers = [span.task for _, span in computed]
        own, helped = self.sent(helped=False), self._helped(numbers)
        own = own if len(own) == len(computed) else []
        ends = dict(self.spans)
        found: list[Task] = []
        for count, arrives in enumerate(self._arrivals()):
            departs = helped.get(count, own[count] if own else None)
            if departs is None:
                found.append(Task(numbers[count], arrives, None))
                continue
            known = count in helped or not helped
            span = ends[departs]
            found.append(Task(numbers[count], arrives, departs, span.start_ns, span.end_ns if known else inf))
        return found

    def _helped(self, numbers: Sequence[int]) -> dict[int, int]:
        """Return the spans in which helping threads sent, by the count of the task.

        Its number tells, if some are not recorded.
        """
        places = self.sent(helped=True)
        if len(places) == len(numbers):
            return dict(enumerate(places))
        if len(set(numbers)) < len(numbers):
            return {}
        spans = dict(self.spans)
        counts = {number: count for count, number in enumerate(numbers)}
        return {counts[spans[place].task]: place for place in places if spans[place].task in counts}

    def _arrivals(self) -> Iterator[int]:
        """Yield for each computed task the span in which its message arrived.

        The first that read it, else the task itself.
        """
        reading: int | None = None
        for place, span in self.spans:
            if span.phase == "receive" and reading is None:
                reading = place
            elif span.phase == "compute":
                yield place if reading is None else reading
                reading = None


def arrows(spans: Sequence[Span], ipc: str) -> list[Arrow]:
    """Return the messages of one trial whose way is known; none arrives before it left."""
    workers = sorted({span.worker for span in spans})
    if PARENT not in workers:
        return []
    tasks = [Lane.of(spans, worker).tasks() for worker in workers if worker != PARENT]
    parent = Lane.of(spans, PARENT)
    found = [*_outward(parent, tasks), *_back(parent, tasks, ipc)]
    return [one for one in found if spans[one.departs].start_ns <= spans[one.arrives].start_ns]


def _outward(parent: Lane, tasks: Sequence[Sequence[Task]]) -> Iterator[Arrow]:
    """Yield the ways to the workers, if the parent sent as many messages as there are tasks."""
    every = [task for lane in tasks for task in lane]
    helped = parent.sent(helped=True)
    sent = helped or parent.sent(helped=False)
    numbered = sorted(every, key=lambda task: task.number)
    if [task.number for task in numbered] != [*range(len(every))]:
        if len(tasks) != 1:
            return
        numbered = every  # one after another, such as round trips
    if len(sent) == len(numbered):
        yield from (Arrow(place, task.arrives) for place, task in zip(sent, numbered, strict=True))


def _back(parent: Lane, tasks: Sequence[Sequence[Task]], ipc: str) -> Iterator[Arrow]:
    """Yield the ways back to the parent that are certain."""
    every = sorted((task for lane in tasks for task in lane), key=lambda task: task.from_ns)
    received = parent.received()
    if len(received) != len(every) or any(task.departs is None for task in every):
        return
    spans = dict(parent.spans)
    left = [task.from_ns for task in every]
    under_way = [bisect_right(left, spans[place].start_ns) for place in received]
    alone = [count == place for place, count in enumerate([0, *under_way])]
    if any(count < place for place, count in enumerate(under_way, 1)):
        return  # one was received before it was sent, so these are other messages
    ordered = len(tasks) == 1 or ipc in _QUEUES
    apart = _apart(every) if len(tasks) > 1 else [True] * len(every)
    for count, (place, task) in enumerate(zip(received, every, strict=True)):
        if (alone[count] and alone[count + 1]) or (ordered and apart[count]):
            yield Arrow(int(task.departs or 0), place)


def _apart(tasks: Sequence[Task]) -> list[bool]:
    """Return for each of ``tasks`` whether it left in its turn.

    All before it had left when it began to leave, and it before all after it.
    """
    before = [-inf, *accumulate((task.until_ns for task in tasks), max)]
    after = [*(task.from_ns for task in tasks[1:]), inf]
    rows = zip(before, tasks, after, strict=False)
    return [until <= task.from_ns and task.until_ns <= next_ for until, task, next_ in rows]
