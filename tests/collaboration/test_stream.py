"""Streams between real workers over every channel: all messages arrive, whichever side produces, at any load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.cell import models
from breakeven.runner.cell.errors import TaskFailed, WrongResult
from breakeven.runner.cell.patterns._abc import Knobs, Outcome
from breakeven.runner.cell.patterns.stream import Stream
from breakeven.runner.cell.reference import Reference
from breakeven.runner.cell.workloads._abc import Sizes, Task
from breakeven.runner.cell.workloads.delivery import Delivery
from tests.crews import EVERY_CHANNEL, EVERY_MODEL, Mechanism, StartCrew, crew_of

ABLE = [one for one in dict.fromkeys([*EVERY_CHANNEL, *EVERY_MODEL]) if models.load(one.model).STREAMS]
TASKS = 400
PRODUCERS = pytest.mark.parametrize("producers", ["parent", "workers"])
PIPES = Mechanism("process", "fork", "pipe")


@pytest.fixture(params=ABLE, ids=str)
def mechanism(request: pytest.FixtureRequest) -> Mechanism:
    """Return every model that can send messages one way, and every channel that it can have."""
    found: Mechanism = request.param
    return found


def _stream(producers: str, *, tasks: int = TASKS, load: float | None = None, in_flight: int = 16) -> Stream:
    options: dict[str, Any] = {"producers": producers, "in_flight": in_flight, "load": load}
    return Stream(options, Knobs(2, tasks, 0))


def _run(start: StartCrew, pattern: Stream, payload_bytes: int, trials: int = 1) -> list[Outcome]:
    sizes = Sizes(payload_bytes, 0)
    workload = pattern.stand_in()({}, sizes, 3)
    reference = Reference(workload)
    with start(workload, pattern, message_bytes=max(payload_bytes, 16)) as workers:
        return [pattern.parallel(reference, workers) for _ in range(trials)]


def _found(outcome: Outcome) -> dict[str, float]:
    return {name: value for name, value, _ in outcome.observations}


@PRODUCERS
def test_all_messages_arrive_and_are_timed(crew: StartCrew, producers: str) -> None:
    """Both ways, in two trials of one run: every rate and percentile is there, and they fit each other."""
    for outcome in _run(crew, _stream(producers), 1000, trials=2):
        found = _found(outcome)
        assert outcome.tasks == TASKS
        assert set(found) == {"bytes_per_s", "messages_per_s", "latency_p50_ns", "latency_p99_ns"}
        assert found["bytes_per_s"] == pytest.approx(1000 * found["messages_per_s"])
        assert found["messages_per_s"] == pytest.approx(TASKS * 1e9 / outcome.wall_ns)
        assert 0 < found["latency_p50_ns"] <= found["latency_p99_ns"] < outcome.wall_ns


@PRODUCERS
@pytest.mark.parametrize("mechanism", [PIPES, Mechanism("thread", None, "queue")], indirect=True, ids=str)
def test_messages_are_sent_when_they_are_due(crew: StartCrew, producers: str) -> None:
    """A rate far below what the channel moves is kept: so many messages are had per second as were due."""
    (outcome,) = _run(crew, _stream(producers, load=2000.0), 64)
    found = _found(outcome)
    assert found["offered_per_s"] == 2000
    assert found["messages_per_s"] <= 2000 * TASKS / (TASKS - 1)
    assert outcome.wall_ns >= (TASKS - 1) * 500_000


@PRODUCERS
@pytest.mark.parametrize("mechanism", [PIPES], indirect=True, ids=str)
def test_a_load_is_a_share_of_what_was_had_without(crew: StartCrew, producers: str) -> None:
    """The share is of one saturated rate, found before the first trial and kept for all trials of the run."""
    pattern = _stream(producers, load=0.25)
    first, second = map(_found, _run(crew, pattern, 64, trials=2))
    assert first["offered_per_s"] == second["offered_per_s"]
    assert first["offered_per_s"] == pytest.approx(0.25 * (pattern._saturated_per_s or 0))


@PRODUCERS
def test_large_messages_in_a_large_window_do_not_block_for_good(
    mechanism: Mechanism, tmp_path: Path, producers: str
) -> None:
    """A hundred messages of a quarter of a mebibyte, all in the window: the side that does not send them always reads."""
    pattern = _stream(producers, tasks=100, in_flight=100)
    (outcome,) = _run(crew_of(mechanism, tmp_path), pattern, 1 << 18)
    assert outcome.tasks == 100


class _Torn(Delivery):
    """Takes messages whose last byte was lost on the way."""

    def open(self) -> Task:
        """Return the task."""
        take = super().open()
        return lambda payload: take(bytes(payload)[:-1])


class _Failing(Delivery):
    """Raises at every message."""

    def open(self) -> Task:
        """Return the task."""
        return _fail


def _fail(payload: Any) -> tuple[int, bytes]:
    raise ValueError(f"{len(payload)} bytes too many")


@pytest.mark.parametrize(
    "mechanism",
    [PIPES, Mechanism("process_pool", "fork", "native"), Mechanism("mp_pool", "fork", "native")],
    indirect=True,
    ids=str,
)
def test_a_message_that_is_damaged_on_its_way_fails_the_run(crew: StartCrew) -> None:
    """The worker that has it says so in its acknowledgement, and the parent which message it was."""
    pattern = _stream("parent")
    reference = Reference(Delivery({}, Sizes(100, 0), 3))
    with (
        pytest.raises(
            WrongResult,
            match=r"task \d+ of a parallel trial returned a different result from the serial call: checksum: -1 instead of \d",
        ),
        crew(_Torn({}, Sizes(100, 0), 3), pattern) as workers,
    ):
        pattern.parallel(reference, workers)


@pytest.mark.parametrize(
    "mechanism",
    [PIPES, Mechanism("process_pool", "fork", "native"), Mechanism("mp_pool", "fork", "native")],
    indirect=True,
    ids=str,
)
def test_a_worker_that_raises_ends_the_stream(crew: StartCrew) -> None:
    """What it raised is reported; nobody waits for the messages that are missing."""
    pattern = _stream("parent")
    reference = Reference(Delivery({}, Sizes(100, 0), 3))
    with (
        pytest.raises(TaskFailed, match="100 bytes too many"),
        crew(_Failing({}, Sizes(100, 0), 3), pattern) as workers,
    ):
        pattern.parallel(reference, workers)
