"""Marks inside multiprocessing's own transport, so that the breakdown is of the real mechanism.

`Connection` and the pickler that queues, pipes and pools use are wrapped where they are looked up; what they
do is not replaced. The thread decides which lane a mark goes to: a worker's main thread, the parent's, the
feeder thread of a `multiprocessing.Queue`, which pickles and sends on behalf of its process, or a pool's threads,
which send and read for the parent. Threads without a lane, and untraced trials, pass straight through.

The names wrapped (`Connection._recv`, `_recv_bytes`, `_send_bytes`, `queues._ForkingPickler`,
`connection._ForkingPickler`) are the same in CPython 3.9 to 3.14.
"""

from __future__ import annotations

import pickle
from multiprocessing import connection, queues
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from threading import Thread, current_thread, get_ident, get_native_id
from typing import Any, Optional

from .board import THREAD
from .phases import DESERIALIZE, IDLE, RECEIVE, SEND, SERIALIZE, WAIT
from .trace import Recorder

_HEADER_BYTES = 4  # a message's length prefix: it arrives when the wait is over
_FEEDER = "QueueFeederThread"

_SENDER = 0  # not the identifier of any thread: the key of the recorder that the feeder thread will take

_lanes: dict[int, Recorder] = {}
_recv_original, _recv_bytes_original, _send_bytes_original = (
    getattr(Connection, name) for name in ("_recv", "_recv_bytes", "_send_bytes")
)


def _recorder() -> Optional[Recorder]:
    """Return the recorder of the current thread in a traced trial, else None: a task may send messages of its own."""
    thread = get_ident()
    found = _lanes.get(thread)
    if found is None:
        if _SENDER not in _lanes or current_thread().name != _FEEDER:
            return None
        found = _lanes[thread] = _lanes[_SENDER]
        found.lane.header[THREAD] = get_native_id()
    return found if found.on and not found.inside else None


def _recv(self: Connection, size: int, *rest: Any) -> Any:
    received = _recv_original(self, size, *rest)
    recorder = _recorder()
    if recorder is not None and size == _HEADER_BYTES:
        recorder.mark(WAIT)
    return received


def _recv_bytes(self: Connection, maxsize: Optional[int] = None) -> Any:
    received = _recv_bytes_original(self, maxsize)
    recorder = _recorder()
    if recorder is not None:
        recorder.mark(RECEIVE)
    return received


def _send_bytes(self: Connection, data: Any) -> None:
    _send_bytes_original(self, data)
    recorder = _recorder()
    if recorder is not None:
        recorder.mark(SEND)


class _Pickler(ForkingPickler):
    """The pickler of queues and connections, with marks."""

    @classmethod
    def dumps(cls, obj: Any, protocol: Optional[int] = None) -> Any:
        """Pickle, as the original does."""
        recorder = _recorder()
        if recorder is None:
            return ForkingPickler.dumps(obj, protocol)
        if recorder is _lanes.get(_SENDER):
            recorder.mark(IDLE)  # it slept until now
        data = ForkingPickler.dumps(obj, protocol)
        recorder.mark(SERIALIZE)
        return data

    @staticmethod
    def loads(data: Any, **options: Any) -> Any:  # type: ignore[override]  # passes on what it is given
        """Unpickle, as the original does."""
        found = pickle.loads(data, **options)  # noqa: S301  # a message between our own processes
        recorder = _recorder()
        if recorder is not None:
            recorder.mark(DESERIALIZE)
        return found


_HOOKS = (
    (Connection, "_recv", _recv, _recv_original),
    (Connection, "_recv_bytes", _recv_bytes, _recv_bytes_original),
    (Connection, "_send_bytes", _send_bytes, _send_bytes_original),
    (queues, "_ForkingPickler", _Pickler, ForkingPickler),
    (connection, "_ForkingPickler", _Pickler, ForkingPickler),
)


def watch(recorder: Recorder, feeder: Optional[Recorder] = None, sender: Optional[Thread] = None) -> None:
    """Record the current thread's transport with ``recorder``, and this process's feeder with ``feeder``.

    The feeder is ``sender``, a thread that sends all that this process hands out, or that of a queue.
    """
    _lanes[get_ident()] = recorder
    if feeder is not None:
        _lanes[_SENDER] = feeder
    if feeder is not None and sender is not None and sender.ident is not None:
        _lanes[sender.ident] = feeder
        feeder.lane.header[THREAD] = sender.native_id or 0
    for place, name, hook, _ in _HOOKS:
        setattr(place, name, hook)


def watch_here(recorder: Recorder) -> None:
    """Record the current thread's transport with ``recorder``, instead of the thread that called `watch`."""
    for thread in [thread for thread, known in tuple(_lanes.items()) if known is recorder]:
        del _lanes[thread]
    _lanes[get_ident()] = recorder


def watch_thread(thread: Optional[Thread], recorder: Recorder) -> None:
    """Record the transport of a further thread with ``recorder``, after `watch`; None is no thread."""
    if thread is not None and thread.ident is not None:
        _lanes[thread.ident] = recorder
        recorder.lane.header[THREAD] = thread.native_id or 0


def forget() -> None:
    """Undo `watch` for every thread of this process.

    If there is nothing to undo, the classes stay untouched: setting an attribute, even to its own value,
    discards the interpreter's specialised calls through it, and the first messages of the trial would pay for
    that.
    """
    if not _lanes:
        return
    _lanes.clear()
    for place, name, _, original in _HOOKS:
        setattr(place, name, original)
