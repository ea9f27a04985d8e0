"""A pipe that several use: what is read as a message though nobody wrote it, who is waited for, and what may not be."""

from __future__ import annotations

import os
import struct
import threading
import tracemalloc
from array import array
from collections.abc import Iterator
from multiprocessing import Pipe
from typing import Any

import pytest

from breakeven.runner.cell import compatibility
from breakeven.runner.cell.errors import WrongResult
from breakeven.runner.cell.models._threads import Context
from breakeven.runner.cell.patterns import _ends, _letters
from breakeven.runner.cell.patterns._abc import Knobs
from breakeven.runner.cell.patterns._letters import LEAST_BYTES, Letter
from breakeven.runner.cell.patterns.shared_pipe import Share, SharedPipe
from tests.patience import PATIENCE_S
from tests.samples import reference

SIZE = 64


@pytest.fixture
def pipe() -> Iterator[tuple[Any, Any]]:
    """Return the writing and the reading end of a pipe."""
    reader, writer = Pipe(duplex=False)
    with reader, writer:
        yield writer, reader


@pytest.fixture(params=_ends.FORMS)
def end(request: pytest.FixtureRequest, pipe: tuple[Any, Any]) -> Iterator[_ends.End]:
    """Return one use of a pipe, for each form."""
    made = _ends.FORMS[request.param](*pipe, SIZE)
    yield made
    made.close()


@pytest.mark.parametrize("size", [LEAST_BYTES, 64, 70_000])
def test_a_letter_says_which_it_is(size: int) -> None:
    """It has the size asked for and no zero byte, and differs from its neighbours'."""
    for letter in (Letter(0, 0), Letter(3, 12_345)):
        message = _letters.write(letter, size)
        assert len(message) == size
        assert b"\0" not in message
        assert _letters.read(message) == letter
    assert _letters.write(Letter(0, 1), 64)[16:-8] != _letters.write(Letter(1, 1), 64)[16:-8]


@pytest.mark.parametrize("place", [0, 12, 40, 63])
def test_a_letter_that_was_changed_is_none(place: int) -> None:
    """Wherever a byte of it is another one's; nor is one that is cut off, or nothing."""
    message = bytearray(_letters.write(Letter(1, 2), SIZE))
    message[place] ^= 1
    assert _letters.read(bytes(message)) is None
    assert _letters.read(bytes(message[:20])) is None
    assert _letters.read(b"") is None


def test_what_is_sent_arrives(end: _ends.End) -> None:
    """Message by message, with either framing."""
    messages = [_letters.write(Letter(0, number), SIZE) for number in range(5)]
    for message in messages:
        end.send(message)
    assert [end.receive() for _ in messages] == messages


@pytest.mark.parametrize("length", [2**31 - 1, SIZE + 1, -1])
def test_a_length_that_is_none_takes_neither_memory_nor_the_connection(
    pipe: tuple[Any, Any], length: int
) -> None:
    """It may say 2 GiB, or that a longer length follows; what is there is dropped, and the next message is read."""
    end = _ends.Framed(*pipe, SIZE)
    tracemalloc.start()
    long = struct.pack("!Q", 2**62) if length < 0 else b""

    os.write(pipe[0].fileno(), struct.pack("!i", length) + long + b"x" * SIZE)
    assert end.receive() is None
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    message = _letters.write(Letter(0, 7), SIZE)
    end.send(message)
    assert end.receive() == message
    assert most < 1 << 20
    end.close()


def test_zeros_end_every_wait_for_bytes_that_others_took(end: _ends.End, pipe: tuple[Any, Any]) -> None:
    """A reader in the middle of a message gets the rest in zeros, and then what is recognised as the end."""
    got: list[bytes | None] = []
    over = threading.Event()

    def read() -> None:
        while not got or got[-1] is None or got[-1].strip(b"\0"):
            got.append(end.receive())
        over.set()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()

    os.write(pipe[0].fileno(), struct.pack("!i", SIZE) + b"half a message")
    _ends.flood(pipe[0], over.is_set, PATIENCE_S)
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert all(part is None or _letters.read(part) is None for part in got)


def test_a_reader_that_never_ends_is_not_waited_for(pipe: tuple[Any, Any]) -> None:
    """Though the pipe is full: the flood has a bound."""
    with pytest.raises(
        TimeoutError, match=r"^readers of the pipe did not end within 0.1 s after its last writer$"
    ):
        _ends.flood(pipe[0], lambda: False, 0.1)
    _ends.drain(pipe[1])
    assert not pipe[1].poll(0)


def test_a_pipe_that_is_closed_is_said_to_be(pipe: tuple[Any, Any]) -> None:
    """Bytes alone end at a message's border or within one."""
    end = _ends.Raw(*pipe, SIZE)
    pipe[0].close()
    with pytest.raises(EOFError, match=r"^the pipe was closed while it was read$"):
        end.receive()


class Scripted:
    """A crew whose workers answer what the test says."""

    def __init__(self, *shares: Share) -> None:
        self.shares = shares

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Return the answers, the last worker's first."""
        assert {value for value, _ in items} == {1024}
        return [(worker, tuple(share)) for worker, share in enumerate(self.shares)][::-1]


def _answers(*read: list[int], torn: int = 0) -> Scripted:
    shares = [Share(0, 1_000_000)] * len(read)
    for numbers in read:
        shares.append(Share(0, 2_000_000, array("I", numbers).tobytes(), torn))
    return Scripted(*shares)


def _made(lock: str, tasks: int = 4) -> SharedPipe:
    made = SharedPipe({"lock": lock, "form": "connection"}, Knobs(4, tasks, 0))
    made.equip(Context())
    return made


def test_messages_are_counted_over_all_readers() -> None:
    """Of four, one is lost, one comes twice, and two reads of each reader are none."""
    crew: Any = _answers([0, 1], [1, 3], torn=2)
    outcome = _made("none").parallel(reference(), crew)
    seen = {observation.quantity: observation.value for observation in outcome.observations}
    assert seen == {
        "lost_per_million": 250_000,
        "torn_per_million": 1_000_000,
        "duplicated_per_million": 250_000,
        "messages_per_s": pytest.approx(1_500),
    }
    assert (outcome.tasks, outcome.wall_ns) == (4, 2_000_000)


@pytest.mark.parametrize(
    ("crew", "what"),
    [
        (_answers([0, 1], [3]), "1 were lost and 0 duplicated, and 0 reads were none"),
        (_answers([0, 1, 2], [2, 3]), "0 were lost and 1 duplicated, and 0 reads were none"),
        (_answers([0, 1], [2, 3], torn=1), "0 were lost and 0 duplicated, and 2 reads were none"),
    ],
)
def test_under_locks_every_message_arrives_once(crew: Any, what: str) -> None:
    """Or the trial is wrong."""
    with pytest.raises(WrongResult) as wrong:
        _made("lock").parallel(reference(), crew)
    assert str(wrong.value) == (
        f"of 4 messages in a parallel trial with pattern.lock=lock {what}: there every message arrives once"
    )


@pytest.mark.parametrize("tasks", [1, 4, 7])
def test_alone_all_messages_are_made_and_checked(tasks: int) -> None:
    """However they are divided among writers."""
    outcome = _made("none", tasks).serial(reference())
    assert [observation.value for observation in outcome.observations][:3] == [0, 0, 0]
    assert outcome.tasks == tasks


@pytest.mark.parametrize("pattern", ["shared_pipe", "deadlock"])
def test_one_worker_is_refused(pattern: str) -> None:
    """There is nobody else on the pipe, or at the locks."""
    asked: Any = {"model": "thread", "start_method": None, "ipc": "queue", "pattern": pattern}
    assert compatibility.why_not(**asked, workers=1) == (
        f"pattern={pattern} is of workers that get in each other's way; it needs workers=2 or more, not 1"
    )
    assert compatibility.why_not(**asked, workers=2) is None
