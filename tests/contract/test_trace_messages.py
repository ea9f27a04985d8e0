"""Arrows of messages: each is right, and where the order of a channel leaves no doubt none is missing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.traces.messages import Arrow, arrows
from breakeven.analysis.traces.recorded import PARENT, Span

OWN, HELPING = 100, 900


class Trial(NamedTuple):
    """Spans, and the ways that the messages really took."""

    spans: list[Span]
    ways: set[Arrow]


class Crew:
    """Carries out tasks in simulated time, and records phases as workers do."""

    def __init__(self, rng: random.Random, workers: int, *, pickles: bool, helped: bool, fifo: bool) -> None:
        self.rng, self.pickles, self.helped, self.fifo = rng, pickles, helped, fifo
        self.spans: list[Span] = []
        self.clocks = dict.fromkeys((PARENT, *range(workers)), 0)

    def run(self, tasks: int) -> Trial:
        """Send all tasks, let whichever worker is free take the next, and receive what has arrived."""
        sent = [self._send(PARENT, task) for task in range(tasks)]
        out = set[Arrow]()
        left: list[tuple[int, int]] = []
        for task, place in enumerate(sent):
            worker = min((each for each in self.clocks if each != PARENT), key=lambda each: self.clocks[each])
            out.add(Arrow(place, self._compute(worker, task, place)))
            left.append((self._send(worker, task), worker))
        return Trial(self.spans, out | self._receive(left))

    def _receive(self, left: list[tuple[int, int]]) -> set[Arrow]:
        found = set[Arrow]()
        waiting = sorted(left, key=lambda each: self.spans[each[0]].end_ns)
        while waiting:
            now = max(self.clocks[PARENT], self.spans[waiting[0][0]].end_ns)
            ready = [each for each in waiting if self.spans[each[0]].end_ns <= now]
            taken = ready[0] if self.fifo else self._any_worker(ready)
            waiting.remove(taken)
            self._mark(PARENT, "wait", now + 1 - self.clocks[PARENT])
            found.add(Arrow(taken[0], len(self.spans)))
            if self.pickles:
                self._mark(PARENT, "receive")
                self._mark(PARENT, "deserialize")
            elif len(waiting) == 0:
                self._mark(PARENT, "idle")
            if self.pickles and not waiting:
                self._mark(PARENT, "idle")
        return found

    def _any_worker(self, ready: list[tuple[int, int]]) -> tuple[int, int]:
        """Return the first message of any worker: its own come in order."""
        firsts = {worker: (place, worker) for place, worker in reversed(ready)}
        return self.rng.choice(sorted(firsts.values()))

    def _send(self, who: int, task: int) -> int:
        number = task if who != PARENT or self.helped else -1
        if self.helped:
            self._mark(who, "send", task=task if who != PARENT else -1)
            self._mark(who, "wait", task=task)
        thread = HELPING + who if self.helped else None
        if self.pickles:
            self._mark(who, "serialize", task=number, thread=thread)
        place = len(self.spans)
        self._mark(who, "send", task=number, thread=thread)
        return place

    def _compute(self, worker: int, task: int, place: int) -> int:
        arrived = max(self.clocks[worker], self.spans[place].end_ns) + 1
        self._mark(worker, "wait", arrived - self.clocks[worker], task=task)
        first = len(self.spans)
        if self.pickles:
            self._mark(worker, "receive", task=task)
            self._mark(worker, "deserialize", task=task)
        self._mark(worker, "compute", self.rng.choice((1, 5, 50)), task=task)
        return first

    def _mark(self, who: int, phase: str, ns: int = 0, *, task: int = -1, thread: int | None = None) -> None:
        start = self.clocks[who]
        ns = ns or self.rng.randint(1, 4)
        self.spans.append(
            Span(0, who, 1, OWN + who if thread is None else thread, task, phase, start, ns, None)
        )
        self.clocks[who] = start + ns


@given(
    seed=st.integers(0, 2**32),
    workers=st.integers(1, 4),
    tasks=st.integers(1, 12),
    pickles=st.booleans(),
    helped=st.booleans(),
    ipc=st.sampled_from(("queue", "pipe")),
)
def test_no_arrow_is_wrong(
    *, seed: int, workers: int, tasks: int, pickles: bool, helped: bool, ipc: str
) -> None:
    """Tasks go to their workers without exception; a result's arrow is drawn where no other can have been received."""
    crew = Crew(random.Random(seed), workers, pickles=pickles, helped=helped and pickles, fifo=ipc == "queue")
    trial = crew.run(tasks)
    found = arrows(trial.spans, ipc)
    assert len(set(found)) == len(found)
    assert set(found) <= trial.ways
    outward = {way for way in trial.ways if trial.spans[way.departs].worker == PARENT}
    assert outward <= set(found)
    if workers == 1:
        assert set(found) == trial.ways


def _spans(*rows: tuple[int, str, int, int, int]) -> list[Span]:
    """Return spans from worker, phase, task, start and end."""
    return [
        Span(0, who, 1, OWN + who, task, phase, start, end - start, None)
        for who, phase, task, start, end in rows
    ]


BOTH = _spans(
    (PARENT, "send", -1, 0, 1),
    (PARENT, "send", -1, 1, 2),
    (PARENT, "wait", -1, 2, 30),
    (PARENT, "wait", -1, 30, 31),
    (PARENT, "idle", -1, 31, 40),
    (0, "wait", 0, 0, 3),
    (0, "compute", 0, 3, 10),
    (0, "send", 0, 10, 15),
    (1, "wait", 1, 0, 4),
    (1, "compute", 1, 4, 12),
    (1, "send", 1, 12, 20),
)
OUT = {Arrow(0, 6), Arrow(1, 9)}


@pytest.mark.parametrize("ipc", ["queue", "pipe"])
def test_two_results_under_way_have_no_arrow(ipc: str) -> None:
    """Both were being sent at once, and both were there when the parent received the first."""
    assert set(arrows(BOTH, ipc)) == OUT


def test_results_put_one_after_another_are_received_in_that_order() -> None:
    """A queue keeps their order, a pipe for each worker does not."""
    spans = [*BOTH[:7], *_spans((0, "send", 0, 10, 11)), *BOTH[8:]]
    assert set(arrows(spans, "queue")) == OUT | {Arrow(7, 3), Arrow(10, 4)}
    assert set(arrows(spans, "pipe")) == OUT


@pytest.mark.parametrize(
    "spans",
    [
        [],
        [span for span in BOTH if span.worker != PARENT],
        [span for span in BOTH if span.worker == PARENT],
        [span for span in BOTH if span.phase != "send"],
    ],
    ids=["nothing", "no parent", "no worker", "nothing sent"],
)
def test_what_is_not_recorded_has_no_arrow(spans: Sequence[Span]) -> None:
    """Nothing is guessed."""
    assert arrows(spans, "queue") == []


def test_fewer_messages_than_tasks_have_no_arrow() -> None:
    """Tasks went in chunks."""
    assert arrows(BOTH[1:], "pipe") == []
