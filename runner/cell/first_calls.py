"""What the first calls of a task show, before any trial: lengths, sizes, and whether they change their input."""

from __future__ import annotations

import faulthandler
import os
import signal
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from math import inf
from random import Random
from time import perf_counter_ns, process_time_ns
from typing import Any, NoReturn, Union

from .awaiting import has_loop
from .errors import FirstCallFailed
from .failures import both_ends, describe
from .inputs import Inputs, Uncopied, can_change, template_of
from .intervals import percentile
from .leaving import leave_nothing_behind
from .named import NamedTuple
from .parent_death import die_with_creator
from .procfs import KernelFile
from .sizes import size_of
from .travel import unpicklable
from .workloads import Workload
from .workloads._abc import Task

_REPETITIONS, _LONG_NS = 9, 200_000_000
_TOO_LONG_NS = 10_000_000_000  # of a first call, to be repeated for its length alone
_HELD_BYTES = 64 << 20  # of results at a time, unless a single one is larger
_FRAME_BYTES = 64  # of one payload among several in a message, and of its place there
_MOST_TEXT = 8_000  # of an error: with its traceback it fits a pipe that nobody reads yet
_SCHEDULED = "/proc/thread-self/schedstat"
INPUT, ARGUMENTS, UNKNOWN = "input", "arguments", "unknown"


class FirstCalls(NamedTuple):
    """What was seen.

    ``first_ns`` is the length of the very first call, ``task_ns`` the median of later ones. If a user gives several
    inputs, ``first_ns`` is the mean over the first call with each, and ``task_ns`` that over the medians.
    ``largest_bytes`` is the size of the largest payload either way, ``whole_bytes`` that of all of them, each in a
    message's frame. ``changes`` says what a call changes in place: its INPUT, the ARGUMENTS of the configuration,
    nothing if empty; UNKNOWN if the input cannot be copied. What cannot be pickled of an input or a result is said in
    words, see `unpicklable`. ``plain``: no call needed an event loop. ``cpus`` is how many CPUs the process kept busy
    during the later calls, 0 without any; ``inputs_ns`` the time to make the inputs. ``called`` is with how many of
    them it was called.
    """

    first_ns: int
    task_ns: int
    largest_bytes: int
    changes: str
    bad_input: str = ""
    bad_result: str = ""
    plain: bool = False
    whole_bytes: int = 0
    cpus: float = 0.0
    inputs_ns: int = 0
    called: int = 0


def observe(
    workload: Workload, *, apart: bool, known_ns: int = 0, within_ns: float = inf
) -> tuple[FirstCalls, Inputs]:
    """Call the task for the first times; return what that shows and the inputs for the trials.

    With ``apart``, a forked process makes the calls: what a task leaves behind in its process, such as threads or
    locks, would reach the workers that are forked later and could hang or end them. A function whose length is known
    (``known_ns``, 0 if not) is not called again for it. If calls with all inputs would take longer than ``within_ns``,
    some of the inputs are called with, in random order, and none ``apart``. Raise what the task raises, or
    FirstCallFailed if it was raised apart; if that process ended, this one ends in the same way.
    """
    begin = perf_counter_ns()
    originals = workload.inputs()
    inputs_ns = perf_counter_ns() - begin
    if not workload.FOREIGN:
        inputs = Inputs(originals)
        return _call(workload, inputs), inputs
    if apart:
        seen = call_apart(workload, originals, known_ns)
        workload.plain = seen.plain
        return seen, (Kept(workload, originals).inputs(seen.changes) if seen.changes else Inputs(originals))
    seen, inputs = _watch(workload, originals, known_ns, within_ns)
    return seen._replace(inputs_ns=inputs_ns), inputs


def _watch(
    workload: Workload, originals: list[Any], known_ns: int, within_ns: float = inf
) -> tuple[FirstCalls, Inputs]:
    """Call the task with each input and see what that changes, then repeat it with inputs that are as before."""
    kept = Kept(workload, originals)
    with workload.hooks().around():
        first = _call(workload, Inputs(originals), 0, within_ns)
        workload.plain = first.plain
        changes = kept.changes()
        inputs = kept.inputs(changes)
        if known_ns:
            later = first._replace(task_ns=known_ns)
        else:
            too_long = first.first_ns * first.called > _TOO_LONG_NS
            later = first if too_long else _call(workload, inputs, within_ns=within_ns)
    return later._replace(first_ns=first.first_ns, changes=changes), inputs


def _call(
    workload: Workload, inputs: Inputs, repetitions: int = _REPETITIONS, within_ns: float = inf
) -> FirstCalls:
    """Call the task with each input, then time it: the median of nine calls, or of fewer if they are long.

    Inputs that are ours are alike, and the first one is timed; a user's differ, and each is that is called with.
    """
    with closing(_Timer(workload.open())) as timer:
        return _seen(workload, inputs, timer, repetitions, within_ns)


def _seen(
    workload: Workload, inputs: Inputs, timer: _Timer, repetitions: int, within_ns: float
) -> FirstCalls:
    taken, sizes, bad, spent = dict[int, int](), [], ["", ""], 0
    for place in _order(inputs.count, within_ns):
        payload, suffix = inputs[place], f" {place}" * workload.lists
        size_in = size_of(payload)
        bad[0] = bad[0] or ("" if size_in is not None else unpicklable(payload, f"input{suffix}"))
        call, back = timer.time(payload)
        taken[place] = call.length_ns
        size_back = size_of(back)
        bad[1] = bad[1] or ("" if size_back is not None else unpicklable(back, f"result{suffix}"))
        sizes.append((size_in or 0, size_back or 0))
        spent += call.wall_ns
        if spent > within_ns:
            break
    timed = list(taken) if workload.FOREIGN else [0]
    held = 1 if bad[1] else max(_HELD_BYTES // max(1, *(back for _, back in sizes)), 1)
    passes, cpus = _passes(timer, inputs, timed, repetitions, held)
    rounds = passes or [[taken[place] for place in timed]]
    return FirstCalls(
        first_ns=sum(taken[place] for place in timed) // len(timed),
        task_ns=sum(percentile(list(lengths), 0.5) for lengths in zip(*rounds)) // len(rounds[0]),
        largest_bytes=max(map(max, sizes)),
        changes="",
        bad_input=bad[0],
        bad_result=bad[1],
        plain=not has_loop(),
        whole_bytes=max(sum(column) for column in zip(*sizes)) + _FRAME_BYTES * len(sizes),
        cpus=cpus,
        called=len(taken),
    )


def _order(count: int, within_ns: float) -> Sequence[int]:
    """Return the places of all inputs, in order.

    If some may be left out, the order is random, since the first may be unlike the others.
    """
    return range(count) if within_ns == inf else Random(count).sample(range(count), count)


def _passes(
    timer: _Timer, inputs: Inputs, places: Sequence[int], most: int, held: int
) -> tuple[list[list[int]], float]:
    """Call the task with the inputs at ``places`` repeatedly, and keep the last ``held`` results of each pass.

    A trial keeps its results as well: large ones take memory that is new.

    Returns the lengths in each pass, and the CPUs kept busy.
    """
    passes: list[list[int]] = []
    spent = worked = on_cpu = 0
    while len(passes) < most and spent < _LONG_NS:
        lengths, results = [], deque[Any](maxlen=held)
        for place in places:
            call, back = timer.time(inputs[place])
            lengths.append(call.length_ns)
            results.append(back)
            spent += call.wall_ns
            on_cpu += call.cpu_ns
        passes.append(lengths)
        worked += sum(lengths)
    return passes, on_cpu / worked if worked else 0.0


class _Call(NamedTuple):
    """The times of a call, without its result; ``length_ns`` is without its waits for a CPU."""

    wall_ns: int
    length_ns: int
    cpu_ns: int


class _Timer:
    """Times a task's calls in this thread.

    What a call waited for a CPU that others had is no part of its length: on a busy machine it can be several times
    its work, and a first call would pass for one that fills a cache.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._file = KernelFile(_SCHEDULED)

    def time(self, payload: Any) -> tuple[_Call, Any]:
        """Return the times of a call, and what came back."""
        waited, cpu, start = _waited_ns(self._file), process_time_ns(), perf_counter_ns()
        _, back = self._task(payload)
        wall = perf_counter_ns() - start
        cpu, waited = process_time_ns() - cpu, _waited_ns(self._file) - waited
        return _Call(wall, max(wall - waited, min(wall, cpu)), cpu), back

    def close(self) -> None:
        """Close the kernel's file."""
        self._file.close()


def _waited_ns(schedstat: KernelFile) -> int:
    """Return how long this thread was ready to run but had no CPU; 0 if the kernel does not count it."""
    text = schedstat.read()
    return 0 if text is None else int(text.split()[1])


# --- what a call changes ---------------------------------------------------------------------------------------


class Kept:
    """The inputs and the configured arguments of a workload as they were before its first call."""

    def __init__(self, workload: Workload, originals: list[Any]) -> None:
        self.workload = workload
        self.originals = originals
        self._inputs = [
            template_of(original, partial(_remake, workload, place))
            for place, original in enumerate(originals)
        ]
        self._options = template_of(workload.options)

    def changes(self) -> str:
        """Return what changed meanwhile."""
        if self._options.differs(self.workload.options):
            return ARGUMENTS
        pairs = list(zip(self._inputs, self.originals))
        if any(template.differs(original) for template, original in pairs):
            return INPUT
        unknown = any(isinstance(template, Uncopied) and can_change(original) for template, original in pairs)
        return UNKNOWN if unknown else ""

    def inputs(self, changes: str) -> Inputs:
        """Return the inputs for the trials, as they were; fresh ones for every task if a call changes them."""
        if changes in ("", UNKNOWN):
            return Inputs(self.originals)
        if changes == INPUT:
            return Inputs(self.originals, self._inputs)
        self.workload.options = self._options.make()
        calls = self.workload.carry_arguments([template.make() for template in self._inputs])
        return Inputs(calls, [template_of(call) for call in calls])


def _remake(workload: Workload, place: int) -> Any:
    return workload.inputs()[place]


# --- in a process apart ------------------------------------------------------------------------------------------


def call_apart(workload: Workload, originals: list[Any], known_ns: int = 0) -> FirstCalls:
    """Make the first calls in a forked process and return what it reports; raise FirstCallFailed."""
    from multiprocessing import current_process, get_context  # noqa: PLC0415  # only before a fork

    workload.open()  # imports the function, as the user's program does before it forks
    context = get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    args = (theirs, workload, originals, known_ns)
    child = context.Process(target=_report, args=args, name=current_process().name, daemon=False)
    child.start()
    theirs.close()
    child.join()  # the report fits the pipe; a process that the task left behind may hold its other end
    seen = _received(ours)
    if seen is None:
        _end_like(child.exitcode or 0)
    if not isinstance(seen, FirstCalls):
        raise FirstCallFailed(*seen)
    return seen


def _received(connection: Any) -> Union[FirstCalls, tuple[str, str], None]:
    """Return what was sent before the process ended; None if nothing was."""
    try:
        seen: Union[FirstCalls, tuple[str, str], None] = connection.recv() if connection.poll() else None
    except EOFError:
        return None
    finally:
        connection.close()
    return seen


def _report(connection: Any, workload: Workload, originals: list[Any], known_ns: int) -> None:
    """Send what the first calls show, or the text of what they raise."""
    from multiprocessing import process  # noqa: PLC0415  # loaded by its parent

    die_with_creator()
    leave_nothing_behind(worker=True)
    process._parent_process = None  # type: ignore[attr-defined]  # noqa: SLF001  # it stands for its parent, no worker
    try:
        seen: Union[FirstCalls, tuple[str, str]] = _watch(workload, originals, known_ns)[0]
    except BaseException as error:  # noqa: BLE001  # the user's function may raise anything; the parent reports it
        from .remedies import reason  # noqa: PLC0415  # only when a call failed

        seen = both_ends(reason(error), _MOST_TEXT), describe(error)
    connection.send(seen)


def _end_like(code: int) -> NoReturn:
    """End this process as the one ended that called the task in its place."""
    if code < 0:
        faulthandler.disable()  # that process has reported it
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
