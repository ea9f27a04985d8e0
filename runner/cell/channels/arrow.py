"""Arrow IPC: each message is a record batch of one row.

Each worker has one stream each way, over a pipe or a socket.

Payload bytes are a binary value, and so is a table or record batch as an IPC stream of its own: neither is pickled.
Any other object is its pickle in the same column.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any, ClassVar

from ..member import Requirement
from ..phases import DESERIALIZE, RECEIVE, SEND, SERIALIZE, WAIT
from ..spaces import PROCESSES, THREADS
from ._frames import HEADER, PICKLED, PLAIN
from ._sockets import socket_ends
from ._stream import End, StreamChannel, StreamPort
from .os_pipe import pipe_ends

_TABLE, _BATCH = 2, 3
_PROTOCOL = 5
_OFFSET_BYTES = 8


class _File:
    """What Arrow reads from and writes to: parts are collected until the batch is whole."""

    closed = False

    def __init__(self, end: ArrowEnd) -> None:
        self.end = end
        self.parts: list[bytes] = []
        self.waits = False

    def read(self, size: int) -> bytes:
        """Return so many bytes; the first ones of a message end the wait for it."""
        data = self.end.plain._read_some(size)  # noqa: SLF001  # the same family's
        if len(data) < size:
            data = self.end.plain._read_rest(data, size)  # noqa: SLF001  # as above
        if self.waits:
            self.waits = False
            self.end.recorder.mark(WAIT)
        return data

    def write(self, data: Any) -> int:
        """Keep a part of a batch."""
        self.parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: `ArrowEnd` sends what was kept."""


class ArrowEnd(End):
    """Writes and reads batches over a pipe or socket; each stream begins, with its schema, with its first message."""

    def __init__(self, plain: End) -> None:
        self.plain = plain
        self.file = _File(self)
        self.writer: Any = None
        self.reader: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return ArrowEnd, (self.plain,)

    def send(self, message: tuple[int, int, Any]) -> None:
        """Send a message; wait while the kernel's buffer is full."""
        import pyarrow as pa  # noqa: PLC0415  # the package that is measured

        task, value, payload = message
        kind, data = _packed(pa, payload)
        header = HEADER.pack(task, value, len(data), kind)
        batch = _batch(pa, header, data)
        self.recorder.mark(SERIALIZE)
        if self.writer is None:
            self.writer = pa.ipc.new_stream(pa.PythonFile(self.file, mode="w"), batch.schema)
        self.writer.write_batch(batch)
        self._write(b"".join(self.file.parts))
        self.file.parts.clear()
        self.recorder.mark(SEND)

    def receive(self) -> tuple[int, int, Any]:
        """Wait for a message."""
        self.file.waits = True
        if self.reader is None:
            import pyarrow as pa  # noqa: PLC0415  # as above

            self.reader = pa.ipc.open_stream(pa.PythonFile(self.file, mode="r"))
        batch = self.reader.read_next_batch()
        self.recorder.mark(RECEIVE)
        head, body = batch.columns
        task, value, _, kind = HEADER.unpack(head.buffers()[1])
        payload = _unpacked(kind, body.buffers()[2])
        self.recorder.mark(DESERIALIZE)
        return task, value, payload

    def _write(self, data: bytes) -> None:
        self.plain._write(data)  # noqa: SLF001  # the same family's

    def _read_some(self, length: int) -> bytes:
        return self.plain._read_some(length)  # noqa: SLF001  # as above

    def fileno(self) -> int:
        """Return the descriptor that it reads."""
        return self.plain.fileno()

    @property
    def buffer_bytes(self) -> int:
        """Return what the pipe or socket holds."""
        return self.plain.buffer_bytes

    def close(self) -> None:
        """Close the pipe or socket, and drop the streams: no collection of garbage sees what Arrow refers to."""
        self.writer = self.reader = None
        self.plain.close()


class ArrowPort(StreamPort):
    """The worker's end of its streams."""

    MODULES: ClassVar[tuple[str, ...]] = ("pyarrow",)


class Arrow(StreamChannel):
    """Streams a worker over what ``over`` says."""

    JOINS = frozenset({THREADS, PROCESSES})  # the package refuses any other interpreter of a process
    OPTIONS: ClassVar[dict[str, str]] = {"over": "pipe|socket"}
    PORT = ArrowPort
    REQUIRES = (Requirement("pyarrow", "pyarrow>=16", "arrow"),)

    def _connect(self) -> Iterator[tuple[End, End]]:
        make = pipe_ends if self.options["over"] == "pipe" else socket_ends
        for _ in range(self.room.workers):
            ours, theirs = make()
            yield ArrowEnd(ours), ArrowEnd(theirs)


def _packed(pa: Any, payload: Any) -> tuple[int, Any]:
    """Return the kind of a payload, and what holds its bytes."""
    if type(payload) is bytes:
        return PLAIN, payload
    if not isinstance(payload, (pa.Table, pa.RecordBatch)):
        return PICKLED, pickle.dumps(payload, _PROTOCOL)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, payload.schema) as writer:
        writer.write(payload)
    return _TABLE if isinstance(payload, pa.Table) else _BATCH, sink.getvalue()


def _batch(pa: Any, header: bytes, data: Any) -> Any:
    """Return a batch of one row around the header and the payload, which are not copied."""
    ends = bytes(_OFFSET_BYTES) + len(data).to_bytes(_OFFSET_BYTES, "little")
    head = pa.Array.from_buffers(pa.binary(HEADER.size), 1, [None, pa.py_buffer(header)])
    body = pa.Array.from_buffers(pa.large_binary(), 1, [None, pa.py_buffer(ends), pa.py_buffer(data)])
    return pa.RecordBatch.from_arrays([head, body], ["message", "payload"])


def _unpacked(kind: int, held: Any) -> Any:
    """Return the payload that a buffer of a batch holds."""
    if kind == PLAIN:
        return held.to_pybytes() if held is not None else b""
    if kind == PICKLED:
        return pickle.loads(held)  # noqa: S301  # a message between our own processes
    import pyarrow as pa  # noqa: PLC0415  # as above

    reader = pa.ipc.open_stream(held)
    return reader.read_all() if kind == _TABLE else reader.read_next_batch()
