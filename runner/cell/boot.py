"""What a worker does until it is ready for its first task: what a user's program would do, and nothing else.

A program starts a thread or a process, which imports the modules of the functions that it is to call. So the time until
then is what a run charges as start-up. Everything of ours comes afterwards, and begins only when all workers are ready,
so that one does not slow down the next: meanwhile they wait at a barrier, and so does the parent. A spawned process has
imported nothing of ours but this module until then: the rest reaches it as bytes, which it unpickles later.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from contextlib import suppress
from functools import partial
from itertools import count
from time import perf_counter_ns
from typing import Any, Union

from .leaving import keep_standard_files_open
from .named import NamedTuple
from .parent_death import die_with_creator, die_with_parent
from .search_path import extend_path
from .stacks import report_alone

Ready = Union[int, BaseException]
"""When a worker was ready; what it raised if it is not."""

_mine = threading.local()  # in a pool of threads each thread is a worker; a process of a pool has one thread


class Later:
    """An object that travels to a process as bytes of its own.

    It is unpickled, and what it needs is imported, when it is called for.
    """

    def __init__(self, made: Any) -> None:
        self._made = made

    def __reduce__(self) -> tuple[Any, ...]:
        from multiprocessing.reduction import ForkingPickler  # noqa: PLC0415  # only processes need it, and have loaded it

        pickled = bytes(ForkingPickler.dumps(self._made))
        _name_descriptors_once()
        return _arrive, (pickled,)

    def get(self) -> Any:
        """Return the object."""
        return self._made


class _Arrived(Later):
    def __reduce__(self) -> tuple[Any, ...]:
        return _arrive, (self._made,)  # on the way on, as through a scheduler

    def get(self) -> Any:
        """Unpickle the object."""
        import pickle  # noqa: PLC0415  # threads need none

        return pickle.loads(self._made)  # noqa: S301  # made in a process of ours, as what unpickled this one


def _name_descriptors_once() -> None:
    """Let a spawned process inherit each descriptor once: two such pickles may name the same one.

    Arrays and barriers of `multiprocessing` lie in memory that they share, and it refuses a repeated descriptor.
    """
    from multiprocessing.context import get_spawning_popen  # noqa: PLC0415  # as above

    process: Any = get_spawning_popen()
    if getattr(process, "method", "") == "spawn":
        process._fds = list(dict.fromkeys(process._fds))  # noqa: SLF001  # no other way


def _arrive(pickled: bytes) -> Later:
    return _Arrived(pickled)


class Users(NamedTuple):
    """The modules of the user's that a worker imports, and the folders where they are found; ``apart`` in a process."""

    modules: tuple[str, ...]
    path: tuple[str, ...]
    apart: bool

    def load(self) -> Ready:
        """Import the modules and return the time; return what that raised, if it did."""
        try:
            if self.modules and self.apart:
                from .spawning import search_library_first  # noqa: PLC0415  # only processes need it

                report_alone()  # importing may crash this worker, and the next at the same time
                extend_path(self.path)
                search_library_first()  # a module may start processes when it is imported
            for module in self.modules:
                import_module(module)
        except BaseException as error:  # noqa: BLE001  # a module of the user's may raise anything; it is reported
            return error
        return perf_counter_ns()


def import_module(name: str) -> Any:
    """Import a module of the user's and return it; raise what that raises."""
    own = os.getpid()
    module = importlib.import_module(name)
    if os.getpid() != own:
        os._exit(0)  # the module forked when it was imported, and the child came back as well
    keep_standard_files_open()
    return module


def start(users: Users, says: Any, barrier: Later, later: Later) -> None:
    """Become ready and wait until all are, then call ``later``: what every worker starts with.

    A process sends a byte to the parent over ``says``. ``later`` holds a function and its arguments, which ``barrier``
    and the time, or what a module raised, are added to.
    """
    ready = users.load()
    if users.apart:
        says.send_bytes(b"!")
        die_with_creator()
    gate = barrier.get()
    if isinstance(ready, int):
        with suppress(threading.BrokenBarrierError):  # another worker is not ready: the parent reports it
            gate.wait()
    function, *arguments = later.get()
    function(*arguments, gate, ready)


def enter(folders: list[str], *arguments: Any) -> None:
    """Search for modules where the creator does, then `start`: what another interpreter of a process begins with."""
    search_in(folders)
    start(*arguments)


def search_in(folders: list[str]) -> None:
    """Search for modules there, and nowhere else."""
    sys.path[:] = folders


def initial_bytes() -> bytes:
    """Return the data that this worker of a pool was given when it started."""
    found: bytes = _mine.initial
    return found


def keep(initial: bytes, *arguments: Any) -> None:
    """Keep the arguments of `start` for this worker's first task: the initializer of every pool."""
    _mine.initial, _mine.arguments = initial, arguments


class Kept(NamedTuple):
    """What a worker of a pool that lives for one map needs for its tasks; ``workload`` makes the task."""

    users: Users
    workload: Later
    cpus: tuple[int, ...]


def keep_task(initial: bytes, kept: Kept) -> None:
    """Open the task for the calls of this worker: the initializer of a pool whose start is part of a trial."""
    ready = kept.users.load()
    _mine.initial, _mine.kept, _mine.task = initial, kept, None
    if isinstance(
        ready, BaseException
    ):  # raised where tasks are awaited: a pool would start another worker, or break
        _mine.task = partial(_fail, ready)
        return
    if (
        "ctypes" in sys.modules
    ):  # loaded before the fork; others are found by their mark if the runner is killed
        die_with_parent()
    if kept.cpus:
        from .affinity import pin  # noqa: PLC0415  # seldom

        pin(kept.cpus[_number() % len(kept.cpus)])
    _mine.task = kept.workload.get().open()


def call_kept(number: int, value: int, payload: Any) -> tuple[int, Any]:
    """Carry out a task of a pool that lives for one map; raise TaskFailed."""
    del value
    try:
        result: tuple[int, Any] = _mine.task(payload)
    except BaseException as error:  # noqa: BLE001  # the user's task may raise anything
        from .models._pooled import failure_of  # noqa: PLC0415  # imports all that a model needs

        failure = failure_of(number, error, apart=_mine.kept.users.apart)
    else:
        return result
    raise failure  # here: it has no context, which a package may have taught pickle to send along


def call_numbered(item: tuple[int, int, Any]) -> tuple[int, int, Any]:
    """Perform a task given as one object, and return its number with the result."""
    return (item[0], *call_kept(*item))


def _fail(error: BaseException, payload: Any) -> Any:
    del payload
    raise error


_threads = count()


def _number() -> int:
    """Return a number that the next worker of a pool has one more of."""
    process = sys.modules.get("multiprocessing.process")
    identity = process.current_process()._identity if process is not None else ()  # noqa: SLF001  # it has no public name
    return int(identity[-1]) if identity else next(_threads)


def start_kept() -> None:
    """Become ready and set up: the first task of every worker of a pool, which waits until each of them has one."""
    start(*_mine.arguments)
