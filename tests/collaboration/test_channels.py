"""Contract of channels: what goes in comes out whole, between threads and between processes."""

from __future__ import annotations

from array import array
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import pytest

from breakeven.runner.cell import channels
from breakeven.runner.cell.channels._abc import Room
from breakeven.runner.cell.errors import MessageTooLarge
from breakeven.runner.cell.spaces import INTERPRETERS, LOOP, PLACE, PROCESSES, THREADS
from tests.crews import EVERY_CHANNEL, Mechanism, StartCrew
from tests.tasks import Identity

SHARED_MEMORY = pytest.mark.parametrize(
    "mechanism", [Mechanism("thread", None, "shared_memory")], indirect=True, ids=str
)
BETWEEN_THREADS = [one for one in EVERY_CHANNEL if one.model == "thread"]
SIZES = (0, 1, 3, 4, 4096, 65_535, 65_536, 1 << 20)
OBJECTS = (
    {"a": [1, 2, 3], "b": ("x", None)},
    array("d", range(1000)),
    "text",
    12.5,
    bytearray(b"x" * 70_000),
)


@pytest.fixture(params=EVERY_CHANNEL, ids=str)
def mechanism(request: pytest.FixtureRequest) -> Mechanism:
    """Return each channel between threads, and between processes that are forked and spawned."""
    found: Mechanism = request.param
    return found


def test_bytes_of_every_size_come_back_in_order(crew: StartCrew) -> None:
    """Payloads from nothing to a mebibyte come back whole, each as the answer to its own task."""
    payloads = [bytes([number]) * size for number, size in enumerate(SIZES * 3)]
    with crew(Identity()) as workers:
        assert workers.map([(0, payload) for payload in payloads]) == [(41, payload) for payload in payloads]


def test_python_objects_travel(crew: StartCrew) -> None:
    """Objects with and without buffers of their own come back equal."""
    with crew(Identity()) as workers:
        for sent in OBJECTS:
            value, received = workers.exchange((0, sent))
            assert value == 41
            assert received == sent
            assert type(received) is type(sent)


def test_large_messages_both_ways_do_not_block_for_good(crew: StartCrew) -> None:
    """Forty messages of half a mebibyte, far more than any buffer, pass through two workers."""
    payloads = [bytes([number]) * (1 << 19) for number in range(40)]
    with crew(Identity()) as workers:
        assert [back for _, back in workers.map([(0, payload) for payload in payloads])] == payloads


def test_what_it_costs_until_the_first_message_is_back_is_measured(crew: StartCrew) -> None:
    """Both ends are made and opened, and a greeting is returned, before the first trial; no part takes no time."""
    began = perf_counter_ns()
    with crew(Identity()) as workers:
        costs, started_ns = workers.channel_costs, perf_counter_ns() - began
    assert costs is not None
    assert costs.construction_ns > 0
    assert costs.first_message_ns > 0
    assert costs.construction_ns + costs.first_message_ns < started_ns


@SHARED_MEMORY
def test_a_message_that_outgrows_the_ring_says_so(crew: StartCrew) -> None:
    """The shared_memory channel names both sizes and the way out."""
    with crew(Identity(), message_bytes=100) as workers:
        space = workers.channel.there[0].slots.space  # type: ignore[attr-defined]
        with pytest.raises(MessageTooLarge) as caught:
            workers.exchange((0, bytes(space + 1)))
    assert str(caught.value) == (
        f"a message of {space + 1} bytes does not fit a slot of {space} bytes: slots are sized by the "
        "inputs and results of the serial run; keep results from growing, or use ipc=pipe or ipc=queue"
    )


def make_pickling_impossible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have whatever pickles or unpickles fail."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("pickled")

    for name in ("dumps", "loads", "Pickler", "Unpickler"):
        monkeypatch.setattr(f"pickle.{name}", refuse)


@SHARED_MEMORY
def test_payload_bytes_of_shared_memory_pass_no_pickle(
    crew: StartCrew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pickling made impossible, bytes still cross shared memory."""
    with crew(Identity()) as workers:
        make_pickling_impossible(monkeypatch)
        assert workers.exchange((0, b"x" * 1000)) == (41, b"x" * 1000)
        with pytest.raises(AssertionError, match="pickled"):
            workers.exchange((0, [1]))


@pytest.mark.parametrize(
    "mechanism",
    [one for one in BETWEEN_THREADS if channels.load(one.ipc).PLAIN_BYTES],
    indirect=True,
    ids=str,
)
def test_bytes_cross_in_no_pickle_where_that_is_said(
    crew: StartCrew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pickling made impossible, small and large bytes still cross, and an object does if the object itself is passed."""
    with crew(Identity()) as workers:
        make_pickling_impossible(monkeypatch)
        for payload in (b"", b"x" * 1000, b"y" * 300_000):
            assert workers.exchange((0, payload)) == (41, payload)
        if not workers.channel.ALWAYS_PICKLES:  # type: ignore[attr-defined]  # bare models alone have one
            assert workers.exchange((0, [1])) == (41, [1])
            return
        with pytest.raises(AssertionError, match="pickled"):
            workers.exchange((0, [1]))


def test_more_messages_than_may_be_under_way_come_back(crew: StartCrew) -> None:
    """Two a worker are under way where both fit the kernel's buffer: the largest that do so come back whole."""
    payloads = [number.to_bytes(4, "big") * 4000 for number in range(60)]
    with crew(Identity(), message_bytes=len(payloads[0])) as workers:
        assert [back for _, back in workers.map([(0, payload) for payload in payloads])] == payloads


@SHARED_MEMORY
def test_shared_memory_is_private_to_the_user(crew: StartCrew) -> None:
    """The segment's file can be read by its owner alone."""
    with crew() as workers:
        name = workers.channel.memory.name  # type: ignore[attr-defined]
        assert (Path("/dev/shm") / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("size", "ahead"), [(100, 8), (3000, 8), (5000, 4), (1 << 20, 4)])
def test_messages_under_way_are_limited_by_what_a_pipe_holds(size: int, ahead: int) -> None:
    """Two a worker where all of them fit a pipe's buffer, else one."""
    assert Room(4, size).ahead() == ahead


def test_reference_refuses_workers_that_share_no_objects() -> None:
    """An object cannot be handed over to another process or interpreter."""
    for space in (PROCESSES, INTERPRETERS):
        assert channels.load("reference").refuses(space, {}) == (
            f"passes the object itself, which workers in {space} cannot take"
        )
    assert channels.load("reference").refuses(THREADS, {}) is None


@pytest.mark.parametrize("name", channels.REGISTRY)
@pytest.mark.parametrize("space", [PLACE, THREADS, LOOP, INTERPRETERS, PROCESSES])
def test_a_channel_refuses_the_spaces_that_it_does_not_join(name: str, space: str) -> None:
    """What it says follows from what it declares, and a reason has words."""
    channel = channels.load(name)
    refusal = channel.refuses(space, dict(channel.DEFAULTS))
    assert (refusal is None) == (space in channel.JOINS)
    assert refusal is None or space in refusal
