"""Interpreters beside the first one of this process, each with a GIL of its own: made, entered, ended.

Python 3.14 has them as `concurrent.interpreters`, 3.13 in a module without documentation, `_interpreters`. Those of
3.12 corrupt the process's heap when they end. An interpreter begins with nothing of its creator's, so what it is to
execute reaches it as a text: a pickle of a call, whose first part loads this package by path.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from multiprocessing import context
from multiprocessing.reduction import ForkingPickler
from typing import Any, Optional

from .gate import Door
from .member import Lack

SINCE = (3, 13)
_UNSOUND = (3, 12)
_TEXT = "import pickle\nfunction, *arguments = pickle.loads({!r})\nfunction(*arguments)\n"


def lacks() -> Optional[Lack]:
    """Return what this Python lacks for interpreters with a GIL each."""
    if sys.implementation.name != "cpython":
        return Lack("CPython", "choose one with interpreter=python3.14")
    if sys.version_info[:2] == _UNSOUND:
        return Lack(
            "Python >= 3.13, since interpreters with a GIL each crash 3.12 when they end",
            "choose one with interpreter=python3.14",
        )
    return None


class Descriptor:
    """A descriptor on its way to another interpreter of this process, where it is the same number."""

    def __init__(self, number: int) -> None:
        self._number = number

    def detach(self) -> int:
        """Return the number, which the receiver closes."""
        return self._number


class _Handover:
    """Stands for the process that `multiprocessing` would start.

    Both ends are closed apart, so each has a descriptor.
    """

    DupFd = Descriptor

    @staticmethod
    def duplicate_for_child(number: int) -> int:
        """Return a descriptor of the same file, for the receiver."""
        return os.dup(number)


def pack(*call: Any) -> str:
    """Return the text that calls a function of this package, ``call[0]``, with arguments in another interpreter.

    What a process of `multiprocessing` could be handed can be handed over: connections, sockets, semaphores.
    """
    function, *arguments = call
    handover: Any = _Handover()
    context.set_spawning_popen(handover)
    try:
        pickled = bytes(ForkingPickler.dumps((Door(function), *arguments)))
    finally:
        context.set_spawning_popen(None)
    return _TEXT.format(pickled)


class Isolated:
    """A new interpreter with a GIL of its own, in which there are no daemon threads and no forks."""

    def __init__(self) -> None:
        self._run, self._end = _create()

    def run(self, text: str) -> None:
        """Execute a text in this thread; raise RuntimeError with the traceback if that raises."""
        self._run(text)

    def close(self) -> None:
        """End it: wait for its threads, and free what it holds."""
        self._end()


def _create() -> tuple[Callable[[str], None], Callable[[], None]]:
    """Return functions that execute a text in a new interpreter, and end it."""
    if sys.version_info >= (3, 14):
        from concurrent import interpreters  # noqa: PLC0415  # Python 3.14

        made = interpreters.create()
        return made.exec, made.close
    import _interpreters  # type: ignore[import-not-found]  # noqa: PLC0415  # Python 3.13

    number = _interpreters.create("isolated")

    def run(text: str) -> None:
        raised = _interpreters.exec(number, text)
        if raised is not None:
            raise RuntimeError(raised.errdisplay)

    return run, lambda: _interpreters.destroy(number)
