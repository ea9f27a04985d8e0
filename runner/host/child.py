"""The measured process: started in a new session, given its specification, watched, ended with all it started."""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from time import perf_counter

from breakeven.runner.cell.records import to_json
from breakeven.runner.cell.specification import Specification
from breakeven.runner.cell.stacks import FOLDER
from breakeven.runner.errors import NotStored
from breakeven.runner.host import memory, process_mark, processes, stacks
from breakeven.runner.host.cleanup import remove_segments
from breakeven.runner.host.diagnosis import MEMORY, TIME, Seen, judge
from breakeven.runner.host.ending import Abandoned, Ending
from breakeven.runner.host.memory import CannotLimit, Limit
from breakeven.runner.host.processes import Processes
from breakeven.runner.planning.interpreters import MAIN
from breakeven.runner.planning.variables import process_environment

_LONGEST_WAIT_S = 2_000_000  # poll(2) takes milliseconds as an int


# --- giving up -----------------------------------------------------------------------------------------------


@dataclass
class Present:
    """A run in progress; ``given_up`` is set when its result is no longer wanted."""

    given_up: bool = False
    family: Processes | None = None

    def give_up(self) -> None:
        """Send SIGKILL to its processes; the thread that carries out the run cleans up."""
        self.given_up = True
        family = self.family
        if family is not None:
            family.kill()


_present: dict[int, Present] = {}  # by thread: each carries out one run at a time


@contextmanager
def announced() -> Iterator[Present]:
    """Register this thread's run, so that it can be given up from its first moment on."""
    thread = get_ident()
    if thread in _present:
        yield _present[thread]
        return
    _present[thread] = Present()
    try:
        yield _present[thread]
    finally:
        del _present[thread]


def abandon() -> None:
    """Abandon all current runs by ending their processes; `execute` then raises Abandoned."""
    for present in tuple(_present.values()):
        present.give_up()


def kill_now() -> None:
    """Do the same from a signal handler: take no lock and wait for nothing.

    A process that exits right after it, before `execute` could clean up, leaves its shared memory to the next
    sweep's `clear_leftovers`.
    """
    abandon()


# --- one child -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Limits:
    """What a run may take: time in ns, and memory in bytes, None for no limit."""

    time_ns: int
    memory_bytes: int | None


def in_child(specification: Specification, limit_ns: int, memory_bytes: int | None = None) -> Ending:
    """Measure in a fresh process, and leave nothing of it behind.

    Raise Abandoned, and NotStored if there is no space for the process's output.
    """
    with announced() as present, _said_file() as said:
        try:
            process = _start(specification, said)
        except OSError as error:
            why = f"{specification.executable} could not be started: {error.strerror or error}"
            return Ending("crashed", why)
        try:
            seen = _watch(process, present, specification, said, Limits(limit_ns, memory_bytes))
        except CannotLimit as error:
            process.communicate("")  # not a specification, so the process ends
            return Ending("failed", str(error))
        if present.given_up:
            raise Abandoned(f"run of cell {specification.cell_id} was given up")
        return judge(seen)


@contextmanager
def _said_file() -> Iterator[int]:
    """Provide the descriptor of an unnamed file for the output of the processes."""
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed below; only its opening is judged here
    except OSError as error:
        raise NotStored.for_want_of_space("a temporary file", error) from error
    with file:
        yield file.fileno()


def _start(specification: Specification, said: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [specification.executable, *specification.options, str(MAIN)],
        stdin=subprocess.PIPE,
        stdout=said,
        stderr=said,
        env=process_environment({**specification.environment, FOLDER: specification.folder}),
        start_new_session=True,
        text=True,
    )


def _watch(
    process: subprocess.Popen[str],
    present: Present,
    specification: Specification,
    said: int,
    limits: Limits,
) -> Seen:
    """Let the process do its work, and end all that it started.

    It reads its specification before it does anything: its mark and its limit are set by then.
    """
    folder = Path(specification.folder)
    before = memory.ended_by_kernel()
    with processes.adopting(), memory.limited(limits.memory_bytes, folder.name, process.pid) as limit:
        with _custody(process, present, folder.name) as family:
            _feed(process, to_json(specification))
            cause = _wait(process, limit, limits.time_ns)
            said_bytes = os.fstat(said).st_size
            asked = [process.pid, *family.find()] if cause == TIME and process_mark.LINUX else []
            standings = stacks.ask(asked, said)
        return Seen(
            code=process.returncode,
            pid=process.pid,
            forked=specification.start_method == "fork",
            folder=folder,
            said=said,
            said_bytes=said_bytes,
            cause=MEMORY if limit is not None and limit.exceeded() else cause,
            limit=limit,
            limit_ns=limits.time_ns,
            standing=stacks.describe(standings, process.pid, specification.path),
            workers_hung=stacks.has_hung_worker(standings, process.pid),
            paths=specification.path,
            ended_by_kernel=memory.ended_by_kernel() - before,
            remaining=tuple(family.remaining),
        )


@contextmanager
def _custody(process: subprocess.Popen[str], present: Present, name: str) -> Iterator[Processes]:
    """Provide the processes of a run, and end all of them afterwards."""
    process_mark.put_mark(process.pid)
    present.family = family = Processes(process.pid)
    if present.given_up:  # before there was a process to end
        family.kill()
    try:
        yield family
    finally:
        family.end()
        present.family = None  # before its id may become another's
        if process.pid not in family.remaining:
            process.wait()
        remove_segments(name)


def _feed(process: subprocess.Popen[str], text: str) -> None:
    """Write the specification; a process that died before it read all of it is judged by its exit code."""
    if process.stdin is None:
        raise RuntimeError("the process was started without a pipe to its standard input")
    with suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(text)


def _wait(process: subprocess.Popen[str], limit: Limit | None, limit_ns: int) -> str | None:
    """Wait for the process to end; return why it must be ended, or None if it ended by itself.

    Linux offers a descriptor that becomes readable at the end; `Popen.wait` would poll, up to 50 ms late.
    """
    if not hasattr(os, "pidfd_open"):
        try:
            process.wait(limit_ns / 1e9)
        except subprocess.TimeoutExpired:
            return TIME
        return None
    descriptor = os.pidfd_open(process.pid)
    try:
        events = [descriptor] if limit is None or limit.descriptor is None else [descriptor, limit.descriptor]
        ready = _readable(events, limit_ns / 1e9)
    finally:
        os.close(descriptor)
    if descriptor in ready:
        return None
    return MEMORY if ready else TIME


def _readable(descriptors: list[int], seconds: float) -> set[int]:
    """Wait until some descriptors are readable, for at most ``seconds``, and return them."""
    poll, until = select.poll(), perf_counter() + seconds
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    ready: set[int] = set()
    while not ready and (left := until - perf_counter()) > 0:
        ready = {found for found, _ in poll.poll(min(left, _LONGEST_WAIT_S) * 1e3)}
    return ready
