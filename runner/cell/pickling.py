"""What happens where a message of ours cannot be pickled, in code of `multiprocessing` that would lose it.

A feeder thread of a queue drops it (and swallows an IndexError in silence), a worker of a pool dies of a
BaseException, and an error that cannot be pickled itself breaks its pool. So `ForkingPickler.dumps` is
replaced by the same lines within a ``try``, which costs nothing as long as it succeeds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from typing import Any, Optional

from .failures import describe
from .named import NamedTuple


class Guard(NamedTuple):
    """Says for a message that cannot be pickled ``instead``, in a process and where it ``applies``.

    ``instead`` takes the message and the traceback and returns what to send, or raises.
    """

    applies: Callable[[], bool]
    instead: Callable[[Any, str], Any]
    pid: int


_guards: list[Guard] = []


def guard(applies: Callable[[], bool], instead: Callable[[Any, str], Any]) -> Guard:
    """Replace messages that cannot be pickled, in this process but not in those forked from it."""
    from multiprocessing.reduction import ForkingPickler  # noqa: PLC0415  # queues of threads pickle nothing

    found = Guard(applies, instead, os.getpid())
    _guards.append(found)
    ForkingPickler.dumps = classmethod(_dumps)  # type: ignore[method-assign,assignment]  # with the same signature
    return found


def unguard(which: Optional[Guard]) -> None:
    """Undo `guard`; do nothing for None."""
    if which is not None:
        _guards.remove(which)


def _dumps(cls: Any, obj: Any, protocol: Optional[int] = None) -> Any:
    try:
        buffer = BytesIO()
        cls(buffer, protocol).dump(obj)
        return buffer.getbuffer()
    except BaseException as error:
        for found in tuple(_guards):
            if found.pid == os.getpid() and found.applies():
                return _dumps(cls, found.instead(obj, describe(error)), protocol)
        raise
