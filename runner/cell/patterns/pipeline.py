"""Stages: each worker does its part of every item and passes it on to the next."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any, ClassVar, Optional

from ..errors import WrongResult, plural
from ..inputs import Stock, can_change, template_of
from ..intervals import percentile
from ..named import NamedTuple
from ..off_heap import private_words
from ..phases import SEND, WAIT
from ..reference import Reference
from ..trace import Recorder
from ._abc import Crew, Job, Knobs, Observation, Outcome, Pattern, Quantity, now, tracing

PIPE, QUEUE = "pipe", "queue"
_PATIENCE_S = 60.0  # until all stages have begun

Call = Callable[[Any], "tuple[int, Any]"]
Message = tuple[int, int, Any]
"""What passes from stage to stage: when the item began, the sum of the values so far, and what the last stage made."""


class Stage(NamedTuple):
    """What one stage did in a trial.

    The last stage knows how long each item took, and the first results, one for each input.

    ``wrong`` items had another result than the first one with the same input, and ``why`` says where one differs.
    """

    stage: int
    busy_ns: int
    through_ns: int
    firsts: list[tuple[int, Any]]
    wrong: int
    why: str


class Pipeline(Pattern):
    """Each worker is a stage.

    The first takes the inputs in turn, does the task and passes what came back to the next, and so on.

    Stage k does the task ``weights[k]`` times, each time with what came back before; shorter lists are repeated. Items
    go from stage to stage over a ``pipe``, which holds what the kernel's buffer does, or a ``queue`` of at most
    ``depth``. A trial begins and ends with an empty pipeline: filling and draining are part of it.

    The last stage compares each result with the first one of the same input, and the parent compares these with those
    of the chain in place, which is the baseline as well.
    """

    IGNORES = frozenset({"window_ns"})
    ONE_EACH = True
    EQUIPPED = True
    OPTIONS: ClassVar[dict[str, str]] = {"via": f"{PIPE}|{QUEUE}", "depth": "count", "weights": "list?"}
    QUANTITIES = (
        Quantity("items_per_s", "items that came out of the last stage per second"),
        Quantity(
            "through_ns",
            "median time from when the first stage takes an item until the last one is done with it",
        ),
        Quantity("busy_share", "share of the trial in which a stage was in its task, for each stage"),
        Quantity("busiest_share", "the same of the stage that was so longest"),
    )

    def __init__(self, options: dict[str, Any], knobs: Knobs) -> None:
        super().__init__(options, knobs)
        given = options["weights"] or [1]
        self.weights: list[int] = [given[stage % len(given)] for stage in range(knobs.workers)]
        self._chained: Optional[Reference] = None

    @classmethod
    def conflict(cls, options: dict[str, Any]) -> Optional[str]:
        """Return what is wrong with the weights; None if nothing is."""
        weights = options.get("weights")
        if weights is None or (weights and all(type(weight) is int and weight > 0 for weight in weights)):
            return None
        return f"pattern.weights={weights}: whole numbers above 0 are needed, one for each stage, such as [1,3,1]"

    def equip(self, context: Any) -> None:
        """Make the lines between the stages, and what they meet at before the first item."""
        self._together = context.Barrier(self.knobs.workers, timeout=_PATIENCE_S)
        kind = Pipe if self.options["via"] == PIPE else Queued
        self._lines = [kind(context, self.options["depth"]) for _ in range(self.knobs.workers - 1)]

    def serial_ns(self, task_ns: int) -> int:
        """Return about how long the whole chain takes in place."""
        return sum(self.weights) * super().serial_ns(task_ns)

    def most_tasks(self, task_ns: int) -> int:
        """Return how often the heaviest stage does the task."""
        return max(self.weights) * super().most_tasks(task_ns)

    def repeats(self, task_ns: int) -> int:
        """Return the number of items, of which the first stage takes all."""
        del task_ns
        return self.knobs.tasks

    def message_bytes(self, largest_bytes: int, whole_bytes: int) -> int:
        """Return the size of a message with all inputs."""
        del largest_bytes
        return whole_bytes

    def job(self, task: Call, recorder: Recorder, worker: int, stock: Optional[Stock] = None) -> Job:
        """Return what the stage does in a trial: all items, one after the other."""
        first, last = worker == 0, worker == self.knobs.workers - 1
        weight, tasks = self.weights[worker], self.knobs.tasks
        put = None if last else self._lines[worker].put
        get = None if first else self._lines[worker - 1].get

        traced = tracing(task, recorder)

        def work(item: int, total: int, payload: Any) -> tuple[int, Any]:
            for _ in range(weight):
                value, payload = traced(payload, item) if recorder.on else task(payload)
                total += value
            return total, payload

        def stage(number: int, value: int, payloads: Any) -> tuple[int, Any]:
            del number, value
            source = Source(payloads if first else (), stock)
            sink = Sink(self, tasks, len(payloads or ()) or tasks) if last else None
            self._together.wait()
            busy_ns = 0
            for item in range(tasks):
                begun, total, payload = get() if get is not None else (now(), 0, source.take(item))
                recorder.mark(WAIT)
                before = now()
                total, payload = work(item, total, payload)
                after = now()
                busy_ns += after - before
                if put is not None:
                    put((begun, total, payload))
                elif sink is not None:
                    sink.take(item, after - begun, (total, payload))
                recorder.mark(SEND)
            found = Stage(worker, busy_ns, 0, [], 0, "") if sink is None else sink.stage(worker, busy_ns)
            return worker, tuple(found)

        return stage

    def serial(self, reference: Reference) -> Outcome:
        """Do all stages of one item after the other, in place."""
        times, bounds, done = sum(self.weights), [], 0
        for payloads in reference.inputs.batches(self.knobs.tasks, 1):
            start = now()
            results = [chain(reference.task, payload, times) for payload in payloads]
            bounds.append((start, now()))
            self._expected(reference).check(results, "a serial trial", done)
            done += len(results)
        busy_ns = sum(end - start for start, end in bounds)
        observed = (Observation("items_per_s", done * 1e9 / max(busy_ns, 1)),)
        return Outcome(bounds[0][0], bounds[-1][1], done, busy_ns=busy_ns, observations=observed)

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Let all stages work, and check what the last one had."""
        expected = self._expected(reference)
        payloads, tasks = reference.inputs.all_shared, self.knobs.tasks
        start = now()
        answers = crew.map([(0, payloads)] * self.knobs.workers)
        end = now()
        stages = sorted(Stage(*answer) for _, answer in answers)
        last = stages[-1]
        if last.wrong:
            raise WrongResult(
                f"{plural(last.wrong, 'item')} of a parallel trial came out with a different result from the first one with the same "
                f"input: {last.why}"
            )
        expected.check(last.firsts, "a parallel trial")
        shares = [stage.busy_ns / (end - start) for stage in stages]
        observed = (
            Observation("items_per_s", tasks * 1e9 / (end - start)),
            Observation("through_ns", last.through_ns),
            *(Observation("busy_share", share, stage) for stage, share in enumerate(shares)),
            Observation("busiest_share", max(shares)),
        )
        return Outcome(start, end, tasks, observations=observed)

    def _expected(self, reference: Reference) -> Reference:
        """Return the reference with the results of the whole chain."""
        if self._chained is None:
            chained, times = copy(reference), sum(self.weights) - 1
            chained.expected = [_continued(reference, result, times) for result in reference.expected]
            self._chained = chained
        return self._chained


class Pipe:
    """A line between two stages: a pipe, which holds as much as the kernel's buffer; a stage waits while it is full."""

    def __init__(self, context: Any, depth: int) -> None:
        del depth
        self._reader, self._writer = context.Pipe(duplex=False)

    def get(self) -> Message:
        """Wait for an item."""
        message: Message = self._reader.recv()
        return message

    def put(self, message: Message) -> None:
        """Send an item."""
        self._writer.send(message)


class Queued:
    """A line between two stages: a queue of so many items; a stage waits while it is full."""

    def __init__(self, context: Any, depth: int) -> None:
        self._queue = context.Queue(depth)

    def get(self) -> Message:
        """Wait for an item."""
        message: Message = self._queue.get()
        return message

    def put(self, message: Message) -> None:
        """Put an item."""
        self._queue.put(message)


class Source:
    """Where the first stage takes its inputs: the same ones in turn, or fresh ones from a stock."""

    def __init__(self, payloads: Any, stock: Optional[Stock]) -> None:
        lent = payloads or ()  # a channel may lend them for this call, and lines carry bytes
        self._payloads = [bytes(each) if type(each) is memoryview else each for each in lent]
        self._stock = stock

    def take(self, item: int) -> Any:
        """Return the input of an item."""
        if self._stock is not None:
            return self._stock.take()
        return self._payloads[item % len(self._payloads)]


class Sink:
    """What the last stage keeps: results, differences and times.

    It keeps the first result of each input, in how many items another one came out, and their times.
    """

    def __init__(self, pattern: Pipeline, tasks: int, kinds: int) -> None:
        self._verification = pattern.verification
        self._kinds = kinds
        self._through = private_words(tasks)
        self._firsts: list[tuple[int, Any]] = []
        self._wrong, self._why = 0, ""

    def take(self, item: int, through_ns: int, result: tuple[int, Any]) -> None:
        """Take an item that is done."""
        self._through[item] = through_ns
        if item < self._kinds:
            self._firsts.append(result)
            return
        total, back = self._firsts[item % self._kinds]
        if result[0] != total or not self._verification.same(result[1], back):
            self._wrong += 1
            where = self._verification.difference(result[1], back)
            self._why = self._why or where or f"checksum: {result[0]} instead of {total}"

    def stage(self, worker: int, busy_ns: int) -> Stage:
        """Return what this stage did."""
        return Stage(worker, busy_ns, percentile(self._through, 0.5), self._firsts, self._wrong, self._why)


def chain(task: Call, payload: Any, times: int) -> tuple[int, Any]:
    """Do a task so often, each time with the result before; return the sum of the values and the last result."""
    total = 0
    for _ in range(times):
        value, payload = task(payload)
        total += value
    return total, payload


def _continued(reference: Reference, result: tuple[int, Any], times: int) -> tuple[int, Any]:
    """Return the result of the chain whose first task had ``result``, after so many ``times`` more."""
    value, back = result
    total, last = chain(reference.task, template_of(back).make() if can_change(back) else back, times)
    return value + total, last
