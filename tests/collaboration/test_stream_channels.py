"""Channels over pipes and sockets: how much is under way, who may connect, and what is left."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from breakeven.runner.cell import channels
from breakeven.runner.cell.channels import tcp
from breakeven.runner.cell.channels._abc import Room
from breakeven.runner.cell.channels._stream import StreamChannel
from breakeven.runner.cell.errors import NoRoom
from breakeven.runner.cell.member import Lack
from breakeven.runner.cell.models._threads import Context
from breakeven.runner.cell.spaces import PROCESSES, THREADS
from tests.options import options_of

STREAMS = [name for name in channels.REGISTRY if issubclass(channels.load(name), StreamChannel)]


def made(name: str, message_bytes: int = 1000, workers: int = 3, **options: Any) -> StreamChannel:
    """Return a channel between threads."""
    room = Room(workers, message_bytes)
    found = channels.load(name)(Context(), room, options_of("ipc", name) | options)
    assert isinstance(found, StreamChannel)
    untraced: Any = SimpleNamespace(mark=lambda _: None)
    for end in (*found.ours, *found.theirs):
        end.recorder = untraced
    return found


def fill(descriptor: int, size: int) -> int:
    """Write messages of a size until the next one would block; return how many fitted as a whole."""
    os.set_blocking(descriptor, False)
    count = 0
    try:
        while os.write(descriptor, bytes(size)) == size:
            count += 1
    except BlockingIOError:
        pass
    return count


def descriptors() -> set[str]:
    """Return the open descriptors of this process."""
    return {path.name for path in Path("/dev/fd").iterdir()}


@pytest.mark.parametrize("size", [0, 100, 5000, 16_000, 32_000, 50_000, 100_000])
@pytest.mark.parametrize("name", STREAMS)
def test_what_is_sent_ahead_fits_the_kernels_buffer(name: str, size: int) -> None:
    """Two messages a worker are under way only where both fit, each way: else both sides could block on writing."""
    channel = made(name, size)
    try:
        assert channel.ahead in (3, 6)
        assert size > 16_000 or channel.ahead == 6
        for end in (channel.ours[0], channel.theirs[0]):
            plain = getattr(end, "plain", end)  # of Arrow's streams, whose batches take more
            assert (
                fill(getattr(plain, "writer", plain.fileno()), size + 1000 * (plain is not end) + 200)
                >= channel.ahead // 3
                or channel.ahead == 3
            )
    finally:
        channel.close()


@pytest.mark.parametrize("name", STREAMS)
def test_a_channel_that_is_closed_leaves_no_descriptor(name: str) -> None:
    """Neither an end nor a listener stays open, and closing again does nothing."""
    before = descriptors()
    channel = made(name)
    assert len(descriptors()) > len(before)
    channel.close()
    channel.close()
    assert descriptors() == before


@pytest.mark.parametrize("name", STREAMS)
def test_an_end_whose_peer_is_gone_says_so(name: str) -> None:
    """In the middle of a frame as well: nothing waits for what cannot come."""
    channel = made(name, workers=1)
    end, other = channel.theirs[0], channel.ours[0]
    other._write(b"half a header")
    other.close()
    with pytest.raises((EOFError, ConnectionError)):
        end.receive()
    channel.close()


def test_nobody_else_can_connect_over_tcp() -> None:
    """A connection that comes first is closed without a byte read, and the parent's own is taken."""
    intruders: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        intruders.append(socket.create_connection(listener.getsockname()))
        intruders[0].sendall(b"an order of mine")
        ours = socket.create_connection(listener.getsockname())
        accepted = tcp._accept(listener, ours.getsockname())
    assert accepted.getpeername() == ours.getsockname()
    with suppress(ConnectionError):  # an end of file says it as well
        assert intruders[0].recv(1) == b""
    for one in (*intruders, ours, accepted):
        one.close()


def test_nothing_listens_once_a_tcp_channel_is_made() -> None:
    """Its port refuses connections while tasks run."""
    channel = made("tcp")
    address = channel.theirs[0].socket.getsockname()  # type: ignore[attr-defined]  # it is a socket's
    assert address[0] == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    channel.close()


@pytest.mark.parametrize(("choice", "value"), [("set", True), ("unset", False)])
def test_the_knob_of_tcp_is_set_at_both_ends(choice: str, value: bool) -> None:
    """TCP_NODELAY is what was asked for."""
    channel = made("tcp", nodelay=choice)
    for end in (*channel.ours, *channel.theirs):
        plain = end.socket  # type: ignore[attr-defined]  # it is a socket's
        assert bool(plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) == value
    channel.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sets the size of a pipe; run it there")
def test_the_capacity_of_a_pipe_is_what_was_asked_for() -> None:
    """A larger one lets larger messages be sent ahead; one that the system refuses is named with the limit's place."""
    channel = made("os_pipe", 100_000, capacity=1 << 20)
    assert channel.ahead == 6
    assert {end.buffer_bytes for end in channel.ours} == {1 << 20}
    channel.close()
    with pytest.raises(NoRoom) as caught:
        made("os_pipe", capacity=1 << 40)
    assert str(caught.value) == (
        "ipc.capacity=1024 GiB: the system refuses a pipe of this size; "
        "choose at most what /proc/sys/fs/pipe-max-size says, or null"
    )


def test_a_capacity_needs_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere the cell is incompatible; without one it is not."""
    monkeypatch.setattr("sys.platform", "darwin")
    lack = Lack("Linux for ipc.capacity", "leave that null")
    assert channels.load("os_pipe").lacks({"capacity": 1 << 20}) == lack
    assert channels.load("os_pipe").lacks({"capacity": None}) is None


@pytest.mark.parametrize("name", channels.REGISTRY)
def test_zeromq_within_the_process_joins_threads_alone(name: str) -> None:
    """A declared property decides; every other channel takes what its options are."""
    options = {"transport": "inproc"} if name == "zeromq" else {}
    refusal = channels.load(name).refuses(PROCESSES, options)
    assert (refusal is None) == (PROCESSES in channels.load(name).JOINS and name != "zeromq")
    if name == "zeromq":
        assert (
            refusal == "does not reach workers in processes with ipc.transport=inproc; use ipc.transport=ipc"
        )
        assert channels.load(name).refuses(THREADS, options) is None


def test_tables_cross_arrow_in_no_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables, record batches and bytes, empty ones too, come back as they were with pickling made impossible."""
    pa = pytest.importorskip("pyarrow")  # breakeven itself requires it
    channel = made("arrow", workers=1)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("pickled")

    monkeypatch.setattr("pickle.dumps", refuse)
    table = pa.table({"a": [1, 2, 3], "b": ["x", None, "z"]})
    for sent in (table, table.slice(0, 0), table.to_batches()[0], b"", b"bytes"):
        channel.ours[0].send((7, -1, sent))
        task, value, back = channel.theirs[0].receive()
        assert (task, value, type(back)) == (7, -1, type(sent))
        assert back == sent
    channel.close()
