"""Every worker adds to one shared number, with or without a lock: updates that are lost, and what one costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..errors import WrongResult
from ..named import NamedTuple
from ..owning import own
from ..reference import Reference
from ._abc import Crew, Knobs, Observation, Outcome, Quantity, now
from ._together import Together

LOST, UPDATE = "lost_per_million", "update_ns"
NO_LOCK, LOCK = "none", "lock"
LITERAL, CALL = "literal", "call"

_BATCH = 250  # updates between two looks at the clock; a number that is not counted (`owning`)


class Share(NamedTuple):
    """What one worker did in a trial: its updates, and when it began and ended."""

    updates: int
    start_ns: int
    end_ns: int


class Counter(Together):
    """Every worker adds one to the same number again and again until the window is over.

    The number is an attribute of an object for threads, as in ``self.count += 1``, and a `multiprocessing.RawValue` for
    processes. Neither takes a lock of its own, so an update that reads the number before another one has stored it
    undoes that one. The number of updates that were made less the number at the end is what was lost; a trial under a
    lock that loses any is wrong, and so is a serial one.

    With ``step=literal`` an update is ``+= 1``. CPython 3.10 and newer hands over the GIL only at calls and at the ends
    of loops, neither of which is in the middle of that, so threads may lose nothing; with ``step=call`` the amount is
    what a function returns, and that call is between reading and storing.

    A trial's time is what its updates take at the sum of the workers' rates, as in a window.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"lock": f"{NO_LOCK}|{LOCK}", "step": f"{LITERAL}|{CALL}"}
    IGNORES = frozenset({"tasks", "trial_ns", "task_ns", "payload_bytes", "payload_out_bytes"})
    QUANTITIES: ClassVar[tuple[Quantity, ...]] = (
        Quantity(LOST, "updates of a million that are missing in the number at the end of the trial"),
        Quantity(UPDATE, "time of one update at the sum of the workers' rates, in ns"),
    )

    def __init__(self, options: dict[str, Any], knobs: Knobs) -> None:
        super().__init__(options, knobs)
        self.number: Any = None
        self.lock: Any = None

    def equip(self, context: Any) -> None:
        """Make the number and its lock as well."""
        super().equip(context)
        self.number = context.RawValue("q", 0)
        self.lock = context.Lock()

    def take_part(self, worker: int = 0, value: int = 0) -> Share:
        """Add until the window is over."""
        del worker, value
        add, updates, batch = self._batch(), 0, own(_BATCH)
        start = now()
        over = start + self.knobs.window_ns
        while True:
            add()
            updates += batch
            end = now()
            if end >= over:
                return Share(updates, start, end)

    def _batch(self) -> Callable[[], None]:
        """Return the function that makes a batch of updates: the loop of a worker's own, over what all share."""
        shared, lock, batch = self.number, self.lock, range(own(_BATCH))

        def literal() -> None:
            for _ in batch:
                shared.value += 1

        def literal_locked() -> None:
            for _ in batch:
                with lock:
                    shared.value += 1

        def one() -> int:
            return 1

        def call() -> None:
            for _ in batch:
                shared.value += one()

        def call_locked() -> None:
            for _ in batch:
                with lock:
                    shared.value += one()

        ways = {
            (NO_LOCK, LITERAL): literal,
            (LOCK, LITERAL): literal_locked,
            (NO_LOCK, CALL): call,
            (LOCK, CALL): call_locked,
        }
        return ways[self.options["lock"], self.options["step"]]

    def serial(self, reference: Reference) -> Outcome:
        """Let the parent alone do what each worker does; none of its updates may be lost."""
        del reference
        self.number.value = 0
        return self._outcome([self.take_part()], "a serial trial", safe=True)

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Let all workers add at the same time."""
        del reference
        self.number.value = 0
        shares = [Share(*answer) for answer in self.gather(crew)]
        return self._outcome(shares, "a parallel trial", safe=self.options["lock"] == LOCK)

    def _outcome(self, shares: Sequence[Share], moment: str, *, safe: bool) -> Outcome:
        updates = sum(share.updates for share in shares)
        lost = updates - self.number.value
        if lost < 0 or (safe and lost):
            raise WrongResult(
                f"the number is {self.number.value} after {updates} updates in {moment} with pattern.lock={self.options['lock']}: "
                f"{'more than were made' if lost < 0 else 'none may be lost there'}"
            )
        start = min(share.start_ns for share in shares)
        took = updates / sum(share.updates / (share.end_ns - share.start_ns) for share in shares)
        seen = (Observation(LOST, 1e6 * lost / updates), Observation(UPDATE, took / updates))
        return Outcome(start, start + round(took), updates, observations=seen)
