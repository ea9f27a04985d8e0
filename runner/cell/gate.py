"""A barrier for workers that inherit nothing of the parent: named pipes in the run's private folder.

The library of a foreign pool starts its workers, and hands them neither locks nor barriers. What they get is a path:
each draws its index by making a pipe of that number, which the kernel lets only one of them do, and waits by reading
from it. A thread of the parent reads who has arrived from a pipe of its own, and lets all pass when they are complete.
It sleeps during a trial.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from itertools import count
from threading import BrokenBarrierError, Thread
from time import perf_counter
from typing import Any, Optional

from .boot import Later, Users
from .named import NamedTuple
from .parent_death import die_with

_CALLS, _GO = "gate", "gate-{}"
_MESSAGE = b"%8d"  # of one size and written at once, so that none is cut
_SIZE, _MOST = 8, 512
_EXPECT, _ABORT, _FAIL, _END = -1, -2, -3, -4
_PASS, _BREAK = b"+", b"-"
_HERE = os.path.dirname(os.path.abspath(__file__))
_PACKAGE = __name__.rpartition(".")[0]
SAFE_PATH = "PYTHONSAFEPATH"
"""Set while a library starts its workers with ``python -m``, which would look for modules in the working directory
first."""
_BY_PATH = "breakeven_cell"  # the package's name where it was loaded by `runner/cell/__main__.py`


class Door:
    """A function of this package that can travel to a process which does not know it.

    It is pickled as a call of ``door.py`` by path, which loads the package and returns the function.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        """Call the function here."""
        return self._function(*arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        main = os.path.join(_HERE, "__main__.py") if _PACKAGE == _BY_PATH else ""
        folders = [folder for folder in sys.path if folder]
        asked = _PACKAGE, folders, main, self._function.__module__, self._function.__name__
        script = os.path.join(_HERE, "door.py")
        # what unpickles it needs nothing but the standard library
        return eval, (f"__import__('runpy').run_path({script!r}, {{'ASKED': {asked!r}}})['found']",)


class Gate(NamedTuple):
    """What a worker needs to find its place: the run's folder, and the process that created it.

    ``session`` is that of the creator if everything in it ends with the creator, else 0.
    """

    folder: str
    creator: int
    session: int = 0

    def enter(self) -> Place:
        """Draw an index, and take the place of that number."""
        for index in count():
            try:
                os.mkfifo(os.path.join(self.folder, _GO.format(index)), 0o600)
            except FileExistsError:
                continue
            return Place(self.folder, index)
        raise AssertionError  # never: there is always a next number


class Place:
    """A worker's place at the gate, with the two methods of a barrier."""

    def __init__(self, folder: str, index: int) -> None:
        self.folder = folder
        self.index = index
        self._go = os.open(os.path.join(folder, _GO.format(index)), os.O_RDWR)
        self._calls = os.open(os.path.join(folder, _CALLS), os.O_WRONLY)

    def wait(self) -> None:
        """Wait until all have arrived; raise BrokenBarrierError."""
        self._call(self.index)
        if os.read(self._go, 1) != _PASS:
            raise BrokenBarrierError

    def abort(self) -> None:
        """Break the barrier, for the reason that this worker left in the folder."""
        self._call(_ABORT)

    def fail(self) -> None:
        """End the run at once, for the reason that this worker left in the folder."""
        self._call(_FAIL)

    def _call(self, number: int) -> None:
        os.write(self._calls, _MESSAGE % number)


def join(gate: Gate, users: Users, later: Later) -> None:
    """Become ready and wait until all workers are, then call ``later``: the first task of every worker.

    ``later`` holds a function and its arguments, which the place and the time, or what a module raised, are added to.
    """
    if users.apart:
        os.environ.pop(SAFE_PATH, None)
    place = gate.enter()
    ready = users.load()
    if users.apart:
        die_with(gate.creator, gate.session)
    if isinstance(ready, int):
        place.wait()
    function, *arguments = later.get()
    function(*arguments, place, ready)


class Gatekeeper:
    """The parent's side: a thread that counts the workers at the gate and lets them pass together.

    ``late`` is called if they are not complete in time or one breaks the barrier, ``failed`` if one says that its task
    failed. Both may end the process.
    """

    def __init__(
        self, folder: str, workers: int, late: Callable[[], None], failed: Callable[[], None]
    ) -> None:
        self.gate = Gate(folder, os.getpid())
        self._workers = workers
        self._late, self._failed = late, failed
        self._waiting: set[int] = set()
        self._ends: dict[int, int] = {}
        self._until: Optional[float] = None
        path = os.path.join(folder, _CALLS)
        os.mkfifo(path, 0o600)
        self._calls = os.open(path, os.O_RDWR)  # its own writer, so that reading never ends
        self._thread = Thread(target=self._keep, name="gate", daemon=True)

    def expect(self, seconds: float) -> None:
        """Expect all workers at the gate within so many seconds."""
        self._until = perf_counter() + seconds
        self._tell(_EXPECT)
        if (
            not self._thread.ident
        ):  # workers that are forked before are forked from a process without threads of ours
            self._thread.start()

    def close(self) -> None:
        """End the thread, and close the pipes."""
        if self._thread.ident:
            self._tell(_END)
            self._thread.join()
        for descriptor in (self._calls, *self._ends.values()):
            os.close(descriptor)

    def _tell(self, number: int) -> None:
        os.write(self._calls, _MESSAGE % number)

    def _keep(self) -> None:
        poll = select.poll()
        poll.register(self._calls, select.POLLIN)
        while True:
            left = None if self._until is None else max(self._until - perf_counter(), 0) * 1e3
            if not poll.poll(left):
                self._break()
                continue
            received = os.read(self._calls, _SIZE * _MOST)
            for start in range(0, len(received), _SIZE):
                if not self._take(int(received[start : start + _SIZE])):
                    return

    def _take(self, number: int) -> bool:
        """Act on a message; return whether more may come."""
        if number >= 0:
            self._admit(number)
        elif number == _ABORT:
            self._break()
        elif number == _FAIL:
            self._failed()
        return number != _END

    def _admit(self, index: int) -> None:
        if index not in self._ends:
            self._ends[index] = os.open(os.path.join(self.gate.folder, _GO.format(index)), os.O_WRONLY)
        self._waiting.add(index)
        if self._waiting == set(range(self._workers)):
            self._until = None
            self._answer(_PASS)
        elif index >= self._workers:
            self._break()  # more workers than there should be: one was replaced

    def _break(self) -> None:
        self._until = None
        self._late()
        self._answer(_BREAK)

    def _answer(self, answer: bytes) -> None:
        waiting, self._waiting = self._waiting, set()
        for index in waiting:
            os.write(self._ends[index], answer)
