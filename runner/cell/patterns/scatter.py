"""Tasks in pieces of uneven length, shared out beforehand or as workers get free: who waits for the last one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from math import exp
from random import Random
from typing import Any, ClassVar, Optional

from ..errors import InputsUnusable
from ..inputs import Stock
from ..named import NamedTuple
from ..reference import Reference
from ..trace import Recorder
from ..workloads._abc import LoopTask, Task
from ._abc import (
    Crew,
    Job,
    Knobs,
    LoopJob,
    Observation,
    Outcome,
    Pattern,
    Quantity,
    now,
    tracing,
    tracing_on_loop,
)

STATIC, DYNAMIC = "static", "dynamic"
SKEWS = {"none": 0.0, "mild": 1.0, "heavy": 2.0}
"""Standard deviation of the logarithm of the lengths, which are log-normal: with 2, one piece in ten has three quarters
of the work."""

MEAN = 8
"""Tasks in a piece on average, unless all have one."""

_FEWEST_EACH = 2
_FRAME_BYTES = 128  # of one result among several in a message, and of its place there

Result = tuple[int, Any]


class Chunk(NamedTuple):
    """What a worker did with one message: when, and the results of each of its pieces, with the number of the piece.

    A piece has one result, and a second one if repeating the task gave another.
    """

    worker: int
    start_ns: int
    end_ns: int
    results: list[tuple[int, Result]]


class Scatter(Pattern):
    """The tasks of a trial come in pieces of one or more, which a worker does in a row.

    Their lengths are drawn anew in each process.

    With ``split=static`` every worker gets one message with its share of the pieces, as many as the others get; with
    ``dynamic`` the next ``chunk`` pieces go to whoever is free, as far as model and channel do so. A piece repeats its
    task with one input, so its results must be equal; the first is sent back. Serial trials do the same pieces in a
    row.
    """

    OPTIONS: ClassVar[dict[str, str]] = {
        "split": f"{STATIC}|{DYNAMIC}",
        "chunk": "count",
        "skew": "|".join(SKEWS),
    }
    IGNORES = frozenset({"window_ns"})
    OWN_CHUNKS = True
    QUANTITIES = (
        Quantity(
            "straggler_share",
            "time that workers had nothing left while the last one worked, by all their time",
        ),
        Quantity(
            "least_busy_share",
            "time that the worker with the least was busy, by that of the one with the most",
        ),
        Quantity(
            "least_tasks_share", "tasks of the worker with the fewest, by those of the one with the most"
        ),
    )

    def __init__(self, options: dict[str, Any], knobs: Knobs) -> None:
        super().__init__(options, knobs)
        self._sizes: tuple[int, ...] = ()

    @classmethod
    def conflict(cls, options: dict[str, Any]) -> Optional[str]:
        """Return that the chunk size has no effect with one chunk a worker; None if it has one."""
        if options["split"] == DYNAMIC or options["chunk"] == 1:
            return None
        return (
            f"pattern.chunk={options['chunk']}: pattern.split={STATIC} makes one chunk a worker; leave it 1, or choose "
            f"pattern.split={DYNAMIC}"
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return how many tasks each piece has; the same in every worker of a run."""
        if not self._sizes:
            sigma = SKEWS[self.options["skew"]]
            self._sizes = draw(self.knobs.tasks, self.knobs.workers, sigma, self.seed)
        return self._sizes

    @property
    def bounds(self) -> list[tuple[int, int]]:
        """Return the first piece of each chunk, and the one after its last."""
        pieces = len(self.sizes)
        if self.options["split"] == STATIC:
            parts = min(self.knobs.workers, pieces)
            edges = [part * pieces // parts for part in range(parts + 1)]
        else:
            edges = [*range(0, pieces, self.options["chunk"]), pieces]
        return [(edges[place], edges[place + 1]) for place in range(len(edges) - 1)]

    def message_bytes(self, largest_bytes: int, whole_bytes: int) -> int:
        """Return the size of the largest message: the payloads of a chunk, or its results."""
        del whole_bytes
        most = max(end - first for first, end in self.bounds)
        return (largest_bytes + _FRAME_BYTES) * (most + 1)

    def job(self, task: Task, recorder: Recorder, worker: int, stock: Optional[Stock] = None) -> Job:
        """Return what a worker does with a chunk; ``value`` is the number of its first piece."""
        del stock
        ends, traced = dict(self.bounds), tracing(task, recorder)

        def carry_out(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del number
            start, call = now(), traced if recorder.on else task
            results: list[tuple[int, Result]] = []
            for piece, part in enumerate(self._parts(payload, ends[value] - value), value):
                results += self._repeat(call, piece, part)
            return worker, tuple(Chunk(worker, start, now(), results))

        return carry_out

    def _parts(self, payload: Any, pieces: int) -> Sequence[Any]:
        """Return the inputs of so many pieces, which one message holds; what a channel lends for one call is copied."""
        if type(payload) is memoryview and not self.foreign:
            return [bytes(payload)]
        inputs: Sequence[Any] = payload if pieces > 1 else [payload]
        return inputs

    def _repeat(self, call: Task, piece: int, payload: Any) -> list[tuple[int, Result]]:
        """Do the tasks of one piece."""
        first, odd = call(payload), None
        for _ in range(self.sizes[piece] - 1):
            result = call(payload)
            if not self._is_same(result, first):
                odd = result
        return [(piece, first)] if odd is None else [(piece, first), (piece, odd)]

    def _is_same(self, result: Result, first: Result) -> bool:
        return result[0] == first[0] and self.verification.same(result[1], first[1])

    def job_on_loop(
        self, task: LoopTask, recorder: Recorder, worker: int, stock: Optional[Stock] = None
    ) -> LoopJob:
        """Return what a worker of an event loop does with a chunk."""
        del stock
        ends, traced = dict(self.bounds), tracing_on_loop(task, recorder)

        async def carry_out(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del number
            start, call = now(), traced if recorder.on else task
            results: list[tuple[int, Result]] = []
            for piece, part in enumerate(self._parts(payload, ends[value] - value), value):
                results += await self._repeat_on_loop(call, piece, part)
            return worker, tuple(Chunk(worker, start, now(), results))

        return carry_out

    async def _repeat_on_loop(
        self, call: Callable[[Any], Coroutine[Any, Any, Result]], piece: int, payload: Any
    ) -> list[tuple[int, Result]]:
        first, odd = await call(payload), None
        for _ in range(self.sizes[piece] - 1):
            result = await call(payload)
            if not self._is_same(result, first):
                odd = result
        return [(piece, first)] if odd is None else [(piece, first), (piece, odd)]

    def serial(self, reference: Reference) -> Outcome:
        """Do one piece after the other."""
        payloads = self._payloads(reference)
        results: list[tuple[int, Result]] = []
        start = now()
        for piece, payload in enumerate(payloads):
            results += self._repeat(reference.task, piece, payload)
        end = now()
        _check(reference, results, "a serial trial")
        return Outcome(start, end, self.knobs.tasks)

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Hand out the chunks."""
        payloads = self._payloads(reference)
        items = [
            (first, payloads[first] if end == first + 1 else payloads[first:end])
            for first, end in self.bounds
        ]
        start = now()
        answers = crew.map(items)
        end = now()
        chunks = [Chunk(*answer) for _, answer in answers]
        for chunk in chunks:
            _check(reference, chunk.results, "a parallel trial")
        return Outcome(start, end, self.knobs.tasks, observations=tuple(self._observe(chunks, start)))

    def _payloads(self, reference: Reference) -> list[Any]:
        """Return the input of each piece; raise InputsUnusable if a piece would use it twice and a call changes it."""
        if reference.inputs.templates is not None and len(self.sizes) < self.knobs.tasks:
            raise InputsUnusable(
                f"pattern.skew={self.options['skew']}: a piece repeats its task with one input, which a call changes; "
                "choose pattern.skew=none"
            )
        return [reference.inputs[piece] for piece in range(len(self.sizes))]

    def _observe(self, chunks: Sequence[Chunk], start: int) -> list[Observation]:
        workers = self.knobs.workers
        ends, busy, tasks = [start] * workers, [0] * workers, [0] * workers
        for worker, begun, ended, results in chunks:
            ends[worker] = max(ends[worker], ended)
            busy[worker] += ended - begun
            tasks[worker] += sum(self.sizes[piece] for piece in {piece for piece, _ in results})
        last = max(ends)
        idle = sum(last - end for end in ends) / (workers * max(last - start, 1))
        return [
            Observation("straggler_share", idle),
            Observation("least_busy_share", min(busy) / max(*busy, 1)),
            Observation("least_tasks_share", min(tasks) / max(tasks)),
        ]


def draw(tasks: int, workers: int, sigma: float, seed: str) -> tuple[int, ...]:
    """Return so many ``tasks`` as pieces with log-normal lengths; of one each if ``sigma`` is 0."""
    if not sigma:
        return (1,) * tasks
    pieces = min(tasks, max(tasks // MEAN, _FEWEST_EACH * workers))
    random = Random(seed)
    weights = [exp(sigma * random.gauss(0, 1)) for _ in range(pieces)]
    scale, sizes, owed = (tasks - pieces) / sum(weights), [], 0.0
    for weight in weights:  # rounded so that what one has too little of, the next ones get
        owed += scale * weight
        whole = int(owed + 1e-9)
        owed -= whole
        sizes.append(1 + whole)
    sizes[-1] += tasks - sum(sizes)
    return tuple(sizes)


def _check(reference: Reference, results: Sequence[tuple[int, Result]], moment: str) -> None:
    for piece, result in results:
        reference.check([result], moment, piece)
