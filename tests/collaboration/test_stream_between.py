"""Workers that send to each other over every channel that can join them: each message comes once, whichever and however many send."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.cell import channels, models
from breakeven.runner.cell.channels._abc import Port
from breakeven.runner.cell.channels._shared import SharedPort, SharedQueues
from breakeven.runner.cell.compatibility import why_not
from breakeven.runner.cell.errors import WrongResult
from breakeven.runner.cell.patterns._abc import Knobs, Outcome
from breakeven.runner.cell.patterns._peers import Peers
from breakeven.runner.cell.reference import Reference
from breakeven.runner.cell.workloads._abc import Sizes, Task
from breakeven.runner.cell.workloads.delivery import Parcels
from tests.collaboration.host_runs import execute, left_behind
from tests.crews import EVERY_CHANNEL, EVERY_MODEL, MECHANISMS, Mechanism, crew_of
from tests.options import options_of

ABLE = [
    one
    for one in dict.fromkeys([*EVERY_CHANNEL, *EVERY_MODEL])
    if models.load(one.model).BETWEEN and channels.load(one.ipc).BETWEEN
]
TASKS = 300
PIPES = Mechanism("process", "fork", "pipe")
MEMORY = Mechanism("process", "fork", "shared_memory")
QUEUE = Mechanism("process", "fork", "queue")
LOOP = Mechanism("asyncio", None, "asyncio_queue")


def _peers(producers: int, consumers: int, *, load: float | None = None, in_flight: int = 16) -> Peers:
    options: dict[str, Any] = {"producers": producers, "in_flight": in_flight, "load": load}
    return Peers(options, Knobs(producers + consumers, TASKS, 0))


def _run(folder: Path, mechanism: Mechanism, pattern: Peers, payload_bytes: int = 1000) -> list[Outcome]:
    workload = pattern.stand_in()({}, Sizes(payload_bytes, 0), 3)
    reference = Reference(workload)
    start = crew_of(mechanism, folder)
    with start(workload, pattern, message_bytes=payload_bytes + pattern.margin_bytes) as workers:
        return [pattern.parallel(reference, workers) for _ in range(2)]


def _found(outcome: Outcome) -> dict[str, float]:
    return {name: value for name, value, _ in outcome.observations}


@pytest.mark.parametrize("mechanism", ABLE, ids=str)
def test_every_message_of_two_producers_reaches_one_of_two_consumers(
    tmp_path: Path, mechanism: Mechanism
) -> None:
    """In two trials of one run; the parent checks that each came once, and rate and percentiles fit each other."""
    for outcome in _run(tmp_path, mechanism, _peers(2, 2)):
        found = _found(outcome)
        assert set(found) == {"bytes_per_s", "messages_per_s", "latency_p50_ns", "latency_p99_ns"}
        assert found["bytes_per_s"] == pytest.approx(1000 * found["messages_per_s"])
        assert found["messages_per_s"] == pytest.approx(TASKS * 1e9 / outcome.wall_ns)
        assert 0 < found["latency_p50_ns"] <= found["latency_p99_ns"] < outcome.wall_ns


@pytest.mark.parametrize("late", range(4))
def test_a_worker_that_begins_last_does_its_own_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    """On a busy machine it may get a CPU when the others are done: none of them takes the word that is meant for it."""
    port = SharedQueues.port

    class Late(SharedPort):
        def receive(self) -> tuple[int, int, Any]:
            time.sleep(0.1)
            return super().receive()

    def ports(self: SharedQueues, worker: int) -> Port:
        return Late(self.tasks, self.answers) if worker == late else port(self, worker)

    monkeypatch.setattr(SharedQueues, "port", ports)
    for outcome in _run(tmp_path, Mechanism("thread", None, "queue"), _peers(2, 2)):
        assert outcome.tasks == TASKS


def test_a_consumer_may_be_lent_a_message_where_it_lies(tmp_path: Path) -> None:
    """It has compared it before it gives the credit back, so no other message is there."""
    pattern = _peers(2, 2)
    reference = Reference(Parcels({}, Sizes(5000, 0), 3))
    start = crew_of(MEMORY, tmp_path, {"access": "view", "slots": 2})
    with start(Parcels({}, Sizes(5000, 0), 3), pattern, 5000 + pattern.margin_bytes) as workers:
        assert pattern.parallel(reference, workers).tasks == TASKS


@pytest.mark.parametrize("counts", [(1, 1), (3, 1), (1, 3), (2, 3)], ids=str)
@pytest.mark.parametrize("mechanism", [PIPES, QUEUE, MEMORY, LOOP], ids=str)
def test_any_number_may_send_and_any_number_receive(
    tmp_path: Path, mechanism: Mechanism, counts: tuple[int, int]
) -> None:
    """Large messages in a window larger than what a pipe holds: those who receive always read."""
    for outcome in _run(tmp_path, mechanism, _peers(*counts, in_flight=100), payload_bytes=1 << 17):
        assert outcome.tasks == TASKS


@pytest.mark.parametrize("mechanism", [PIPES, Mechanism("thread", None, "queue"), LOOP], ids=str)
def test_messages_are_sent_when_they_are_due(tmp_path: Path, mechanism: Mechanism) -> None:
    """All producers together keep a rate far below what the line moves."""
    for outcome in _run(tmp_path, mechanism, _peers(2, 2, load=2000.0), payload_bytes=64):
        found = _found(outcome)
        assert found["offered_per_s"] == 2000
        assert found["messages_per_s"] <= 2000 * TASKS / (TASKS - 1)
        assert outcome.wall_ns >= (TASKS - 1) * 500_000


class _Torn(Parcels):
    """Receives messages whose last byte was lost on the way."""

    def open(self) -> Task:
        """Return the task of both ends."""
        handle = super().open()
        return lambda given: handle(given if type(given) is int else given[:-1])


def test_a_message_that_is_damaged_on_its_way_fails_the_run(tmp_path: Path) -> None:
    """The consumer says that it was none of those that there are, and the parent which message it was."""
    pattern = _peers(1, 1)
    reference = Reference(Parcels({}, Sizes(100, 0), 3))
    start = crew_of(PIPES, tmp_path)
    with (
        pytest.raises(
            WrongResult,
            match=r"task 0 of a parallel trial returned a different result .*: checksum: -1 instead of 0",
        ),
        start(_Torn({}, Sizes(100, 0), 3), pattern) as workers,
    ):
        pattern.parallel(reference, workers)


class _Crew:
    """Workers who say what a test has them say."""

    def __init__(self, answers: list[tuple[int, Any]]) -> None:
        self._answers = answers

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Return the answers, whatever was asked."""
        assert len(items) == len(self._answers)
        return self._answers


def _words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(8, "little") for number in numbers)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ((0, 1), (1, 2), "message 1 of a parallel trial came twice, or was never sent"),
        ((0, 2), (), "message 1 of a parallel trial was sent, and no consumer had it"),
        ((0, 1), (2, 3), "message 3 of a parallel trial came twice, or was never sent"),
    ],
)
def test_each_message_comes_once(first: tuple[int, ...], second: tuple[int, ...], said: str) -> None:
    """One that two consumers had, that none had, or that nobody sent, fails the trial."""
    options: dict[str, Any] = {"producers": 1, "in_flight": 1, "load": None}
    pattern = Peers(options, Knobs(3, 3, 0))
    answers = [
        (worker, (9, _words(*had), _words(*had), _words(*had))) for worker, had in ((1, first), (2, second))
    ]
    crew: Any = _Crew([(0, ()), *answers])
    with pytest.raises(WrongResult) as caught:
        pattern.parallel(Reference(Parcels({}, Sizes(100, 0), 3)), crew)
    assert str(caught.value) == said


@pytest.mark.parametrize("mechanism", [PIPES, Mechanism("thread", None, "queue"), LOOP], ids=str)
def test_a_whole_run_closes_its_budget_and_leaves_nothing(tmp_path: Path, mechanism: Mechanism) -> None:
    """From planning's cell to the stored tables: the phases of each worker and of the parent fill each traced trial."""
    before = left_behind()
    options = options_of("pattern", "stream") | {"producers": 2}
    result = execute(tmp_path, **mechanism._asdict(), pattern="stream", workers=4, pattern_options=options)
    assert (result.row["status"], result.row["reason"]) == ("ok", None), result.row["stderr"]
    assert left_behind() == before
    trials = result.tables["trials"].to_pandas().set_index("trial")
    spans = result.tables["spans"].to_pandas()
    sums = spans[spans["trial"].ge(0)].groupby(["trial", "worker"])["duration_ns"].sum()
    assert set(sums.index.get_level_values("worker")) == {-1, *range(4)}
    for (trial, worker), total in sums.items():
        assert total == pytest.approx(trials["wall_ns"][trial], rel=0.02), (trial, worker)


def _reason(mechanism: Mechanism, workers: int = 4, **options: Any) -> str | None:
    asked: dict[str, Any] = {"pattern": "stream", "pattern_options": {"producers": 2}, "workers": workers}
    return why_not(**mechanism._asdict(), **asked, **options)


def test_what_cannot_join_workers_to_each_other_says_what_can() -> None:
    """A property of the model or channel decides; so does a number of producers that leaves no consumer."""
    for mechanism in MECHANISMS:
        kind = channels.load(mechanism.ipc) if mechanism.ipc in channels.REGISTRY else None
        able = models.load(mechanism.model).BETWEEN and kind is not None and kind.BETWEEN
        assert (_reason(mechanism) is None) == able, mechanism
    assert _reason(MEMORY, ipc_options={"access": "resident"}) == (
        "ipc=shared_memory with ipc.access=resident has nothing but what the parent sends (choose ipc.access=copy), "
        "and pattern=stream has workers send to each other"
    )
    assert _reason(Mechanism("process_pool", "fork", "native")) == (
        "pattern=stream has workers send to each other, which those of model=process_pool cannot "
        "(choose thread, process, asyncio, interpreter)"
    )
    assert _reason(PIPES, workers=2) == (
        "pattern=stream with pattern.producers=2 leaves none of workers=2 to receive; it needs workers=3 or more"
    )
