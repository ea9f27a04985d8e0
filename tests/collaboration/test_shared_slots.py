"""Channels through slots of shared memory: every way to wake a reader, every way to reach a payload."""

from __future__ import annotations

import os
import pickle
import stat
import zlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell import channels
from breakeven.runner.cell.channels._ring import Free, Line
from breakeven.runner.cell.channels._sync import KINDS, LINE, lack_of
from breakeven.runner.cell.errors import InputsUnusable, TaskFailed
from breakeven.runner.cell.models import Model
from breakeven.runner.cell.workloads._abc import Task
from tests.crews import Mechanism, crew_of
from tests.tasks import Identity, InPlace, Sample

SLOTTED = [name for name in channels.REGISTRY if "sync" in channels.load(name).OPTIONS and name != "deque"]
LENDING = [name for name in SLOTTED if "access" in channels.load(name).OPTIONS]
SYNCS = [
    pytest.param(sync, marks=pytest.mark.skipif(lack_of(sync) is not None, reason=str(lack_of(sync))))
    for sync in KINDS
]
HERE = [sync for sync in KINDS if lack_of(sync) is None]
WHERE = {"thread": None, "process-fork": "fork", "process-spawn": "spawn"}
PAYLOADS = [bytes([number]) * (1000 * number * number) for number in range(1, 12)]


def _mechanism(where: str, ipc: str) -> Mechanism:
    return Mechanism(where.partition("-")[0], WHERE[where], ipc)


class _Keeps(Sample):
    """Keeps an object that lies in the payload."""

    def open(self) -> Task:
        """Return the task."""
        kept: list[Any] = []

        def keep(payload: Any) -> tuple[int, Any]:
            kept.append(pickle.PickleBuffer(payload))  # holds its memory, as an array on it does
            return 0, len(payload)

        return keep


def _round(workers: Model, payloads: list[bytes]) -> None:
    """Send payloads one by one and together, often, and check all of what comes back."""
    for payload in payloads[:3]:
        value, back = workers.exchange((0, payload))
        assert (value, bytes(back)) == (41, payload)
    results = workers.map([(0, payload) for payload in payloads * 5])
    assert [(value, bytes(back)) for value, back in results] == [(41, payload) for payload in payloads * 5]


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("sync", SYNCS)
def test_every_way_to_wake_a_reader_brings_all_messages(tmp_path: Path, where: str, sync: str) -> None:
    """One message at a time and many at once, with two workers, reach the right one and come back whole."""
    with crew_of(_mechanism(where, "shared_memory"), tmp_path, {"sync": sync})(Identity()) as workers:
        _round(workers, PAYLOADS)
        workers.synchronize(traced=False)
        _round(workers, PAYLOADS)


@pytest.mark.parametrize("ipc", SLOTTED)
@pytest.mark.parametrize("sync", SYNCS)
def test_every_memory_takes_every_way_to_wake_a_reader(tmp_path: Path, ipc: str, sync: str) -> None:
    """The memory is the channel's own, how a reader is woken is not."""
    with crew_of(_mechanism("process-fork", ipc), tmp_path, {"sync": sync})(Identity()) as workers:
        _round(workers, PAYLOADS)


def _placed() -> Iterator[tuple[str, str, str, str]]:
    for ipc, access in product(LENDING, ("view", "resident")):
        yield from ((where, ipc, "semaphore", access) for where in WHERE)
        yield from (("process-fork", ipc, sync, access) for sync in HERE if sync != "semaphore")


@pytest.mark.parametrize(("where", "ipc", "sync", "access"), [*_placed()])
def test_payloads_are_seen_where_they_lie(
    tmp_path: Path, where: str, ipc: str, sync: str, access: str
) -> None:
    """A task has a read-only view; what it returns, the payload or a part of it, comes back whole."""
    start = crew_of(_mechanism(where, ipc), tmp_path, {"sync": sync, "access": access})
    with start(InPlace()) as workers:
        workers.prepare(PAYLOADS)
        results = workers.map([(0, payload) for payload in PAYLOADS * 5])
        found = [(check, bytes(back) if type(back) is memoryview else back) for check, back in results]
        del results  # what is resident is so until the end
    assert len(found) == 5 * len(PAYLOADS)
    for place, (check, back) in enumerate(found):
        payload = PAYLOADS[place % len(PAYLOADS)]
        assert check == zlib.crc32(payload)
        if isinstance(back, tuple):
            assert back == ("memoryview", True, [payload[:3]])
        else:
            assert back in (payload[:10], payload)
    assert {type(back) for _, back in found} >= {tuple, bytes}


@pytest.mark.parametrize("access", ["view", "resident"])
@pytest.mark.parametrize("payloads", [[[1, 2]], [b"x", bytearray(b"x")], None], ids=str)
def test_what_is_no_bytes_is_refused_before_a_trial(tmp_path: Path, access: str, payloads: Any) -> None:
    """One line names the kind and the remedies."""
    start = crew_of(_mechanism("thread", "shared_memory"), tmp_path, {"access": access})
    with start(Identity()) as workers, pytest.raises(InputsUnusable, match="must be bytes, not ") as caught:
        workers.prepare(payloads)
    assert str(caught.value).endswith("choose ipc.access=copy or ipc=pickle5")


def test_resident_without_a_payload_is_refused() -> None:
    """And with one, or with another access, it is not."""
    kind = channels.load("shared_memory")
    why = kind.refuses_payload({"access": "resident"}, there=False)
    assert why is not None
    assert why.startswith("ipc.access=resident needs a payload")
    assert kind.refuses_payload({"access": "resident"}, there=True) is None
    assert kind.refuses_payload({"access": "view"}, there=False) is None


def test_a_task_that_keeps_its_payload_is_reported(tmp_path: Path) -> None:
    """What it keeps would change with the next message."""
    start = crew_of(_mechanism("thread", "shared_memory"), tmp_path, {"access": "view"})
    with (
        pytest.raises(
            TaskFailed, match=r"the function keeps its payload, which ipc\.access=view lends to it"
        ),
        start(_Keeps()) as workers,
    ):
        workers.map([(0, payload) for payload in PAYLOADS])


class _Decodes(Sample):
    """Needs bytes."""

    def open(self) -> Task:
        """Return the task."""
        return lambda payload: (0, payload.decode())


def test_a_task_that_needs_bytes_is_told_so_in_the_last_line(tmp_path: Path) -> None:
    """Which is the one that a summary shows."""
    start = crew_of(_mechanism("thread", "shared_memory"), tmp_path, {"access": "view"})
    with pytest.raises(TaskFailed) as caught, start(_Decodes()) as workers:
        workers.exchange((0, b"text"))
    assert str(caught.value).splitlines()[-1] == (
        "AttributeError: 'memoryview' object has no attribute 'decode'; with this ipc.access its payload is a "
        "memoryview: write bytes(payload) where it needs bytes, or choose ipc.access=copy"
    )


@pytest.mark.parametrize("ipc", LENDING)
def test_memory_is_private_and_removed(tmp_path: Path, ipc: str) -> None:
    """The slots and the resident payloads lie in files that their owner alone can open, and that are gone afterwards."""
    start = crew_of(_mechanism("process-fork", ipc), tmp_path, {"access": "resident"})
    with start(Identity()) as workers:
        workers.prepare(PAYLOADS)
        channel: Any = workers.channel  # type: ignore[attr-defined]  # bare models alone have one
        paths = [
            Path(getattr(memory, "path", None) or Path("/dev/shm", memory.name))
            for memory in (channel.memory, channel.resident)
        ]
        for path in paths:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert path.stat().st_uid == os.getuid()
    assert [path for path in paths if path.exists()] == []


def test_arrays_of_pickle5_lie_in_the_slot(tmp_path: Path) -> None:
    """A worker's array has no memory of its own; what the parent gets does, since it keeps it."""
    numpy = pytest.importorskip("numpy")
    with crew_of(_mechanism("process-fork", "pickle5"), tmp_path)(_Owns()) as workers:
        sent = numpy.arange(10_000)
        _, (owns, aligned, back) = workers.exchange((0, sent))
        assert (owns, aligned) == (False, True)
        assert (back == sent).all()
        for _ in range(20):
            _, (*_, again) = workers.exchange((0, sent))
        assert (back == again).all()


class _Owns(Sample):
    """Returns whether an array has memory of its own, whether that is aligned, and the array."""

    def open(self) -> Task:
        """Return the task."""
        return _owns


def _owns(payload: Any) -> tuple[int, Any]:
    return 0, (payload.flags.owndata, payload.flags.aligned, payload)


@pytest.mark.parametrize("where", ["thread", "process-fork"])
def test_more_spinners_than_cpus_come_to_an_end(tmp_path: Path, where: str) -> None:
    """Readers that look again and again offer their CPU to the writers that they wait for."""
    start = crew_of(_mechanism(where, "shared_memory"), tmp_path, {"sync": "spin"})
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        with start(Identity()) as workers:
            _round(workers, PAYLOADS)
    finally:
        os.sched_setaffinity(0, before)


@given(st.integers(1, 3), st.integers(1, 4), st.lists(st.integers(0, 11), max_size=60))
def test_a_slot_is_never_taken_while_it_is_in_use(workers: int, slots: int, answers: list[int]) -> None:
    """Whatever order answers come in: as many messages as there are slots are under way, each in a slot of its own."""
    free = Free(workers, slots)
    used: list[tuple[int, int]] = []
    for answer in answers:
        while len(used) < workers * slots:
            taken = free.next()
            assert taken not in used
            free.take()
            used.append(taken)
        free.put(*used.pop(answer % len(used)))


@given(st.integers(1, 4), st.lists(st.integers(1, 8), max_size=40))
def test_headers_are_read_as_they_were_written(slots: int, batches: list[int]) -> None:
    """With as many unread as there are slots, and an order or two, none is overwritten."""
    memory = memoryview(bytearray(Line.size(slots)))
    there, here, sent = Line(memory), Line(memory), 0
    assert len(memory) % LINE == 0
    for batch in batches:
        wrote = [(sent + number, -5, 1, 2, 3, 4) for number in range(min(batch, slots + 2))]
        for header in wrote:
            there.put(header)
        assert [here.take() for _ in wrote] == wrote
        sent += len(wrote)
