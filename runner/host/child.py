"""The measured process: started in a new session, given its specification, watched, ended with all it started."""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, time

from breakeven.runner.cell.records import to_json
from breakeven.runner.cell.specification import Specification
from breakeven.runner.cell.stacks import FOLDER
from breakeven.runner.errors import NotStored
from breakeven.runner.host import memory, process_mark, processes, stacks
from breakeven.runner.host.cleanup import remove_of_libraries, remove_segments
from breakeven.runner.host.diagnosis import MEMORY, TIME, Seen, judge
from breakeven.runner.host.ending import Abandoned, Ending
from breakeven.runner.host.memory import CannotLimit, Limit
from breakeven.runner.host.present import announced, hold, is_given_up, release
from breakeven.runner.host.processes import Processes
from breakeven.runner.planning.interpreters import MAIN
from breakeven.runner.planning.variables import process_environment

_JOBLIB = "JOBLIB_TEMP_FOLDER"
"""The variable that says where; without it they lie in /dev/shm, and outlive a process that is killed."""

_LONGEST_WAIT_S = 2_000_000  # poll(2) takes milliseconds as an int


class NotStarted(Exception):
    """Raised when the interpreter of a run cannot be started or limited; ``ending`` is that of the run."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason)
        self.ending = ending


@dataclass(frozen=True)
class Limits:
    """What a run may take: time in ns, and memory in bytes, None for no limit."""

    time_ns: int
    memory_bytes: int | None


def in_child(specification: Specification, limit_ns: int, memory_bytes: int | None = None) -> Ending:
    """Measure in a fresh process, and leave nothing of it behind.

    Raise Abandoned, and NotStored if there is no space for the process's output.
    """
    with announced():
        try:
            child = Child(specification, Limits(limit_ns, memory_bytes))
        except NotStarted as error:
            return error.ending
        return child.carry_out()


class Child:
    """The interpreter of a run: started, marked and limited, it loads what measures and waits for its specification.

    Nothing is measured before `carry_out`. One of `carry_out` and `end` must be called.
    """

    def __init__(self, specification: Specification, limits: Limits) -> None:
        """Start it; raise NotStarted, and NotStored if there is no space for its output."""
        self._specification = specification
        self._limits = limits
        with ExitStack() as stack:
            self._said = stack.enter_context(_said_file())
            stack.enter_context(processes.adopting())
            self._ended_by_kernel = memory.ended_by_kernel()
            self._process = _start(specification, self._said)
            self._limit = stack.enter_context(_limited(self._process, specification, limits))
            self._custody = ExitStack()
            self._family = self._custody.enter_context(
                _custody(self._process, Path(specification.folder).name)
            )
            self._around = stack.pop_all()

    def end(self) -> None:
        """End the process unused, with all that it started."""
        with self._around:
            self._custody.close()

    def carry_out(self) -> Ending:
        """Let the process do its work, end all that it started, and return how the run ended; raise Abandoned."""
        with self._around:
            seen = self._watch()
            if is_given_up():
                raise Abandoned(f"run of cell {self._specification.cell_id} was given up")
            return judge(seen)

    def _watch(self) -> Seen:
        """Feed the process and see how it ends.

        It reads its specification before it does anything: its mark and its limit are set by then.
        """
        process, limit, asked_for = self._process, self._limit, self._specification
        with self._custody:
            _feed(process, to_json(asked_for))
            cause = _wait(process, limit, self._limits.time_ns)
            said_bytes = os.fstat(self._said).st_size
            hung = cause == TIME and process_mark.LINUX
            standings = stacks.ask([process.pid, *self._family.find()] if hung else [], self._said)
        return Seen(
            code=process.returncode,
            pid=process.pid,
            forked=asked_for.start_method == "fork",
            folder=Path(asked_for.folder),
            said=self._said,
            said_bytes=said_bytes,
            cause=MEMORY if limit is not None and limit.exceeded() else cause,
            limit=limit,
            limit_ns=self._limits.time_ns,
            standing=stacks.describe(standings, process.pid, asked_for.path),
            workers_hung=stacks.has_hung_worker(standings, process.pid),
            paths=asked_for.path,
            ended_by_kernel=memory.ended_by_kernel() - self._ended_by_kernel,
            remaining=tuple(self._family.remaining),
        )


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
    try:
        return subprocess.Popen(
            [specification.executable, *specification.options, str(MAIN)],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            env=process_environment({**_in_folder(specification.folder), **specification.environment}),
            start_new_session=True,
            text=True,
        )
    except OSError as error:
        why = f"{specification.executable} could not be started: {error.strerror or error}"
        raise NotStarted(Ending("crashed", why)) from error


def _in_folder(folder: str) -> dict[str, str]:
    """Return the variables that lead to a run's folder: files that joblib shares between processes end with it."""
    ours = {FOLDER: folder}
    return ours if _JOBLIB in os.environ else {**ours, _JOBLIB: folder}


@contextmanager
def _limited(
    process: subprocess.Popen[str], specification: Specification, limits: Limits
) -> Iterator[Limit | None]:
    """Limit the memory of the process, and lift the limit when all of its processes are gone."""
    with ExitStack() as stack:
        try:
            limit = stack.enter_context(
                memory.limited(limits.memory_bytes, Path(specification.folder).name, process.pid)
            )
        except CannotLimit as error:
            process.communicate("")  # not a specification, so the process ends
            raise NotStarted(Ending("failed", str(error))) from error
        yield limit


@contextmanager
def _custody(process: subprocess.Popen[str], name: str) -> Iterator[Processes]:
    """Provide the processes of a run, and end all of them afterwards."""
    began = time()
    process_mark.put_mark(process.pid)
    family = Processes(process.pid)
    hold(family)
    try:
        yield family
    finally:
        family.end()
        release(family)
        if process.stdin is not None:
            process.stdin.close()
        if process.pid not in family.remaining:
            process.wait()
        remove_segments(name)
        remove_of_libraries({process.pid, *family.members} - {*family.remaining}, began)


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
