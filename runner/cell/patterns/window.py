"""Every worker repeats its task for a fixed time: throughput, and how the calls spread over that time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any, ClassVar, Optional

from ..awaiting import give_way
from ..errors import WrongResult, plural
from ..inputs import Stock
from ..named import NamedTuple
from ..owning import own, own_bytes
from ..reference import Reference
from ..trace import Recorder
from ..workloads._abc import LoopTask
from ._abc import Crew, Job, Knobs, LoopJob, Outcome, Pattern, now, tracing, tracing_on_loop

_MOST_RECORDED = 1 << 20


Call = Callable[[Any], "tuple[int, Any]"]


class Supply:
    """Where the calls of one window take their inputs.

    They take the same payload, several in turn, or fresh ones from a stock.
    """

    def __init__(self, payload: Any, stock: Optional[Stock], turns: int = 1) -> None:
        self.payload = payload
        self.take = stock.take if stock is not None else cycle(payload).__next__ if turns > 1 else None
        self._stock = stock

    @property
    def paused_ns(self) -> int:
        """Return the time that was spent on making inputs since the stock was filled."""
        return 0 if self._stock is None else self._stock.paused_ns


class Pause:
    """How long the clock stood still for all workers of an event loop: what one does there holds up the others."""

    def __init__(self) -> None:
        self.ns = 0


class Share(NamedTuple):
    """What one worker did in a window: calls, those of them in each bin, and the time they took.

    ``firsts`` are the first results, one for each input; ``wrong`` calls returned a different result from the
    first one with the same input, and ``why`` says where one differs.
    """

    worker: int
    calls: int
    counts: list[int]
    busy_ns: int
    wrong: int
    firsts: list[Any]
    why: str


class Window(Pattern):
    """Every worker repeats its task until the window is over, and ends the call that it is in.

    A worker's rate is its number of calls by the time they took, the last one included: their expected numbers
    are in proportion (Wald, *On cumulative sums of random variables*, 1944), whereas cutting the last call off
    would lose the time it took; so a call may be longer than the window. The trial's rate is the sum of the workers',
    and its time is the time that its calls take at that rate. Calls that end within the window are counted in
    the bin of their end. Each worker compares its results with its first, and the parent compares each worker's
    first with the serial one. The clock stands still while results are compared that take time, such as arrays.

    Several inputs that a user gives are taken in turn, from the first one on, and every worker ends with the last one:
    serial and parallel rates are then of the same mix, however much the inputs differ and however few fit the window.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"bin": "time"}
    IGNORES = frozenset({"tasks", "trial_ns"})
    ONE_EACH = True

    def __init__(self, options: dict[str, Any], knobs: Knobs) -> None:
        super().__init__(options, knobs)
        self.pause = Pause()  # one for all workers of an event loop, whose patterns are shallow copies

    @property
    def _bin_ns(self) -> int:
        return int(self.options["bin"])

    @property
    def _bins(self) -> int:
        return -(-self.knobs.window_ns // self._bin_ns)

    @property
    def margin_bytes(self) -> int:
        """Return the bytes that the counts take in the answer."""
        return 10 * self._bins + 1024

    def most_tasks(self, task_ns: int) -> int:
        """Return twice the calls that fit the window, up to a bound; further calls merge into the last."""
        return min(_MOST_RECORDED, 2 * self.knobs.window_ns // max(task_ns, 1) + 1024 + self.turns)

    def repeats(self, task_ns: int) -> int:
        """Return the calls that fit the window if they become a quarter shorter."""
        return min(_MOST_RECORDED, 5 * self.knobs.window_ns // (4 * max(task_ns, 1)) + 1 + self.turns)

    def job(self, task: Call, recorder: Recorder, worker: int, stock: Optional[Stock] = None) -> Job:
        """Return the loop that one worker runs; ``value`` is the time at which the window opened."""
        traced = tracing(task, recorder)

        def loop(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del number
            supply = Supply(payload if self.foreign else own_bytes(payload), stock, self.turns)
            repeat = self._repeat if self.turns == 1 else self._repeat_in_turn
            share = repeat(traced if recorder.on else task, value, supply, worker)
            return worker, tuple(share)

        return loop

    def _repeat(self, call: Call, start: int, supply: Supply, worker: int) -> Share:
        counts, bin_ns, length = [0] * self._bins, own(self._bin_ns), own(self.knobs.window_ns)
        payload, take = supply.payload, supply.take
        first: Any = None
        odd: Any = None
        expected: Any = None
        same, quick, start = self.verification.same, frozenset([*self.verification.QUICK]), own(start)
        calls = wrong = compared_ns = 0
        while True:
            if take is not None:
                payload = take()
            result = call(payload)
            finished = now()
            spent = finished - start - compared_ns - (supply.paused_ns if take else 0)
            calls += 1
            back = result[1]
            if first is None:
                first, expected = result, back
            elif result[0] != first[0] or not (
                (type(back) in quick and type(expected) in quick and back == expected) or same(back, expected)
            ):
                wrong += 1
                odd = odd or result
            if spent >= length:
                return Share(worker, calls, counts, spent, wrong, [first], self.why(odd, first))
            counts[spent // bin_ns] += 1
            if type(back) not in quick:  # it may take longer than the call, as for arrays
                compared_ns += now() - finished

    def _repeat_in_turn(self, call: Call, start: int, supply: Supply, worker: int) -> Share:
        """Do the same with several inputs: results are compared with the first ones of the same input."""
        tally, take, compared_ns = self._tally(worker), supply.take, 0
        while True:
            payload = take() if take is not None else supply.payload
            result = call(payload)
            finished = now()
            share = tally.add(result, finished - start - compared_ns - supply.paused_ns)
            if share is not None:
                return share
            if not tally.is_quick(result):
                compared_ns += now() - finished

    def job_on_loop(
        self, task: LoopTask, recorder: Recorder, worker: int, stock: Optional[Stock] = None
    ) -> LoopJob:
        """Return the loop that one worker of an event loop runs; the others have their turn after each call."""
        traced = tracing_on_loop(task, recorder)

        async def loop(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del number
            supply = Supply(payload, stock, self.turns)
            share = await self._repeat_on_loop(traced if recorder.on else task, value, supply, worker)
            return worker, tuple(share)

        return loop

    async def _repeat_on_loop(self, call: LoopTask, start: int, supply: Supply, worker: int) -> Share:
        """Do the same as `_repeat_in_turn`; the clock stands still for all workers of the loop at once."""
        tally, take, pause, making_ns = self._tally(worker), supply.take, self.pause, 0
        while True:
            payload = take() if take is not None else supply.payload
            pause.ns, making_ns = pause.ns + supply.paused_ns - making_ns, supply.paused_ns
            result = await call(payload)
            finished = now()
            share = tally.add(result, finished - start - pause.ns)
            if share is not None:
                return share
            if not tally.is_quick(result):
                pause.ns += now() - finished
            await give_way()

    def begin_on_loop(self) -> None:
        """Let the clock run from now on for the workers of an event loop, before a trial."""
        self.pause.ns = 0

    def _tally(self, worker: int) -> Tally:
        return Tally(self, worker, [0] * self._bins, self._bin_ns, self.knobs.window_ns)

    def why(self, odd: Any, first: Any) -> str:
        """Return where a result differs and what to do about it; empty if none does."""
        if odd is None:
            return ""
        where = self.verification.difference(odd[1], first[1])
        return f"{where or f'checksum: {odd[0]} instead of {first[0]}'}; {self.verification.remedy(odd[1], first[1])}"

    def serial(self, reference: Reference) -> Outcome:
        """Run the same loop in place."""
        supply = self._fill(reference)
        start = now()
        share = self._alone(reference.task, start, supply)
        return self._outcome(reference, start, [share], "a serial trial")

    def _fill(self, reference: Reference) -> Supply:
        """Return where a serial trial takes its inputs, with all that it needs."""
        stock = reference.inputs.stock(self.repeats(reference.task_ns))
        if stock is not None:
            stock.fill()
        return Supply(self._payload(reference), stock, self.turns)

    def _alone(self, call: Call, start: int, supply: Supply) -> Share:
        repeat = self._repeat if self.turns == 1 else self._repeat_in_turn
        return repeat(call, start, supply, 0)

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Let every worker run the loop."""
        payload = self._payload(reference)
        start = now()
        answers = crew.map([(start, payload)] * self.knobs.workers)
        return self._outcome(reference, start, [Share(*answer) for _, answer in answers], "a parallel trial")

    def _payload(self, reference: Reference) -> Any:
        """Return the input, or all inputs in turn, that the message to a worker holds; None for fresh ones."""
        return reference.inputs.shared if self.turns == 1 else reference.inputs.all_shared

    def _outcome(self, reference: Reference, start: int, shares: list[Share], moment: str) -> Outcome:
        activity = [[0] * self._bins for _ in range(self.knobs.workers)]
        for share in shares:
            if share.wrong:
                raise WrongResult(
                    f"{plural(share.wrong, 'call')} of worker {share.worker} in {moment} returned a different result from its "
                    f"first call{' with the same input' * (self.turns > 1)}: {share.why}"
                )
            reference.check(share.firsts, moment)
            activity[share.worker] = [old + new for old, new in zip(activity[share.worker], share.counts)]
        calls, rate = (
            sum(share.calls for share in shares),
            sum(share.calls / share.busy_ns for share in shares),
        )
        return Outcome(start, start + round(calls / rate), calls, (), tuple(map(tuple, activity)))


class Tally:
    """Counts the calls of one worker, and compares each result with the first one of the same input."""

    def __init__(self, window: Window, worker: int, counts: list[int], bin_ns: int, length: int) -> None:
        self._window = window
        self._worker = worker
        self._counts = counts
        self._bin_ns, self._length = bin_ns, length
        self._same, self._quick = window.verification.same, frozenset([*window.verification.QUICK])
        self._firsts: list[Any] = []
        self._why = ""
        self._calls = self._wrong = 0

    def is_quick(self, result: tuple[int, Any]) -> bool:
        """Return whether comparing a result takes no time worth taking off."""
        return type(result[1]) in self._quick

    def add(self, result: tuple[int, Any], spent: int) -> Optional[Share]:
        """Add a call that ended ``spent`` ns after the window opened.

        Returns the worker's share if it was the last one.
        """
        turns, firsts = self._window.turns, self._firsts
        place = self._calls % turns
        self._calls += 1
        if len(firsts) < turns:
            firsts.append(result)
        elif result[0] != firsts[place][0] or not self._same(result[1], firsts[place][1]):
            self._wrong += 1
            self._why = self._why or self._window.why(result, firsts[place])
        if spent < self._length:
            self._counts[spent // self._bin_ns] += 1
        elif place == turns - 1:
            return Share(self._worker, self._calls, self._counts, spent, self._wrong, firsts, self._why)
        return None
