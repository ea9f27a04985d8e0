"""Workers take two locks, in the same or in opposite order.

Observed are deadlocks, how long until one is noticed, and what a pair costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import sleep
from typing import Any, ClassVar, Optional

from ..errors import WrongResult
from ..named import NamedTuple
from ..reference import Reference
from ._abc import Crew, Knobs, Observation, Outcome, Quantity, now
from ._together import Together

DEADLOCKS, DETECTED, PAIR = "deadlocks_per_million", "detected_ns", "pair_ns"
OPPOSITE, SAME = "opposite", "same"

_FIRST_S = 30  # the longest wait for a lock by a worker that holds none, which ends when others go on
_PAUSE = 0.1  # of the patience, before a worker that gave its lock back tries again: the other one takes it meanwhile
_AT_EASE, _NO_LOCK = -1, 2


class Share(NamedTuple):
    """What one worker did in a trial: pairs taken, deadlocks resolved, and the time until it noticed them."""

    pairs: int
    deadlocks: int
    noticed_ns: int
    start_ns: int
    end_ns: int


class Deadlock(Together):
    """Every worker takes both of two locks, adds one to a number, and gives them back, until the window is over.

    With ``order=opposite`` every second worker takes them the other way round, so that two may hold one each and wait
    for the other. No wait is without a bound: a worker that has not got its second lock after ``patience`` looks at
    what the others say that they hold and wait for. If somebody holds that lock and waits for the one that it holds
    itself, that is a deadlock. It is counted and resolved: the worker gives its lock back, pauses, and begins again.
    Else the lock was held for long, by a worker that lost its CPU, say, and the wait goes on. The workers of the second
    order are twice as patient, so that one of two gives way.

    Whoever holds both locks is alone, so the number is that of all pairs; if it is not, the trial is wrong. So is one
    that finds a deadlock with ``order=same``, where none can be.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"order": f"{OPPOSITE}|{SAME}", "patience": "time"}
    IGNORES = frozenset({"tasks", "trial_ns", "task_ns", "payload_bytes", "payload_out_bytes"})
    LEAST_WORKERS = 2
    QUANTITIES: ClassVar[tuple[Quantity, ...]] = (
        Quantity(DEADLOCKS, "deadlocks in a million pairs of locks that were taken"),
        Quantity(
            DETECTED,
            "time from beginning to wait in a deadlock until it was noticed, mean of a trial that had any, in ns",
        ),
        Quantity(PAIR, "time of one pair at the sum of the workers' rates, in ns"),
    )

    def __init__(self, options: dict[str, Any], knobs: Knobs) -> None:
        super().__init__(options, knobs)
        self.locks: tuple[Any, ...] = ()
        self.number: Any = None
        self.holds: tuple[Any, ...] = ()

    def equip(self, context: Any) -> None:
        """Make the locks and the number they guard, and for each worker which lock it holds while it waits."""
        super().equip(context)
        self.locks = (context.Lock(), context.Lock())
        self.number = context.RawValue("q", 0)
        self.holds = tuple(context.RawValue("q", _AT_EASE) for _ in range(self.knobs.workers))

    def take_part(self, worker: int, value: int = 0) -> Share:
        """Take pairs of locks until the window is over."""
        del value
        turned = self.options["order"] == OPPOSITE and worker % 2 == 1
        first, patience_ns = int(turned), self.options["patience"] * (1 + turned)
        number, pairs, deadlocks, noticed_ns = self.number, 0, 0, 0
        start = now()
        over = start + self.knobs.window_ns
        while True:
            waited_ns = self._take(worker, first, patience_ns)
            if waited_ns is None:
                number.value += 1
                pairs += 1
                self._give_back(first)
            else:
                deadlocks += 1
                noticed_ns += waited_ns
                sleep(_PAUSE * patience_ns / 1e9)
            end = now()
            if end >= over and pairs:
                return Share(pairs, deadlocks, noticed_ns, start, end)

    def _take(self, worker: int, first: int, patience_ns: int) -> Optional[int]:
        """Take both locks; return how long it took to notice a deadlock instead, with no lock held, or None."""
        one, other, mine = self.locks[first], self.locks[1 - first], self.holds[worker]
        if not one.acquire(timeout=_FIRST_S):
            raise TimeoutError(
                f"worker {worker} got no lock within {_FIRST_S} s, though every other wait has a bound"
            )
        mine.value = first
        began = now()
        while not other.acquire(timeout=patience_ns / 1e9):
            if self._is_deadlocked(first):
                noticed = now()
                mine.value = _AT_EASE
                one.release()
                return noticed - began
        mine.value = _AT_EASE
        return None

    def _is_deadlocked(self, held: int) -> bool:
        """Return whether somebody holds the other lock and waits for the one ``held``.

        Nobody else can end either wait.
        """
        return any(holds.value == 1 - held for holds in self.holds)

    def _give_back(self, first: int) -> None:
        self.locks[1 - first].release()
        self.locks[first].release()

    def serial(self, reference: Reference) -> Outcome:
        """Let the parent alone take pairs of locks."""
        del reference
        self._clear()
        return self._outcome([self.take_part(0)], "a serial trial", safe=True)

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Let all workers take the locks at the same time."""
        del reference
        self._clear()
        shares = [Share(*answer) for answer in self.gather(crew)]
        return self._outcome(shares, "a parallel trial", safe=self.options["order"] == SAME)

    def _clear(self) -> None:
        self.number.value = 0
        for holds in self.holds:
            holds.value = _AT_EASE

    def _outcome(self, shares: Sequence[Share], moment: str, *, safe: bool) -> Outcome:
        pairs, deadlocks = sum(share.pairs for share in shares), sum(share.deadlocks for share in shares)
        if pairs != self.number.value:
            raise WrongResult(
                f"{pairs} pairs of locks were taken in {moment}, and the number they guard is {self.number.value}: "
                "two workers held both at once"
            )
        if safe and deadlocks:
            raise WrongResult(
                f"{deadlocks} deadlocks were noticed in {moment} with pattern.order={self.options['order']}, where none can be"
            )
        start = min(share.start_ns for share in shares)
        took = pairs / sum(share.pairs / (share.end_ns - share.start_ns) for share in shares)
        seen = [Observation(DEADLOCKS, 1e6 * deadlocks / pairs), Observation(PAIR, took / pairs)]
        if deadlocks:
            seen.append(Observation(DETECTED, sum(share.noticed_ns for share in shares) / deadlocks))
        return Outcome(start, start + round(took), pairs, observations=tuple(seen))
