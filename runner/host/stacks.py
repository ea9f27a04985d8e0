"""Where the processes of a hung run stand: each is asked to write its stacks to its stderr before it is ended.

The measured side handles `ASK` (`runner/cell/stacks.py`). The signal is sent only to processes that catch it:
it would end any other. Fields of /proc/PID/status: proc(5).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from breakeven.runner.cell.first_calls import call_apart
from breakeven.runner.cell.stacks import ASK
from breakeven.runner.environment.files import read_text
from breakeven.runner.host.ending import read_tail

MOST_BYTES = 64 << 10  # of a hung run's output, its stacks included
_PATIENCE_S = 2.0
_STEP_S = 0.001  # the kernel does not announce when a signal was handled
_QUIET_LOOKS = 2
_MOST_PLACES = 8
_BIT = 1 << (ASK - 1)
_SECTION = re.compile(r"^(?:Current thread|Thread|Stack) .*\(most recent call first\):$", re.MULTILINE)
_FRAME = re.compile(r'^  File "(.*)", line ([0-9]+) in (.+)$', re.MULTILINE)
_OWN = Path(__file__).parents[1] / "cell"
_FIRST_CALLS, _APART = _OWN / "first_calls.py", call_apart.__name__
_FORK_SERVER = "multiprocessing/forkserver.py"


@dataclass(frozen=True)
class Frame:
    """One call: its file, line and function."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line} in {self.function}"


@dataclass(frozen=True)
class Standing:
    """Where one process stood: the calls of each of its threads, innermost first; or stopped, by a signal."""

    pid: int
    threads: tuple[tuple[Frame, ...], ...] = ()
    stopped: bool = False

    def frame(self, paths: Sequence[str]) -> Frame | None:
        """Return the innermost call of a file below ``paths``, else of the main thread, which comes last."""
        return _innermost(self.threads, paths) or _innermost(self.threads[-1:], ["/"])

    @property
    def serves(self) -> bool:
        """Return whether this is a fork server: it waits for orders, and is not what hangs."""
        functions = {
            frame.function for thread in self.threads for frame in thread if frame.file.endswith(_FORK_SERVER)
        }
        return functions == {"main"}


def ask(pids: Iterable[int], said: int) -> list[Standing]:
    """Make the processes write their stacks, one after the other, to the file of the descriptor ``said``.

    Takes at most 2 s in all. Processes that cannot answer are left out: other programs, and those that end
    meanwhile.
    """
    until = time.perf_counter() + _PATIENCE_S
    found = (_ask_one(pid, said, until) for pid in pids)
    return [standing for standing in found if standing is not None]


def _ask_one(pid: int, said: int, until: float) -> Standing | None:
    about = _status(f"/proc/{pid}/status")
    if about.get("State", "")[:1] in ("T", "t"):
        return Standing(pid, stopped=True)
    if not int(about.get("SigCgt", "0"), 16) & _BIT:
        return None
    before = os.fstat(said).st_size
    busy = _handling(pid)
    try:
        os.kill(pid, ASK)
    except ProcessLookupError:
        return None
    _await_handled(pid, busy, until)
    threads = parse(read_tail(said, os.fstat(said).st_size - before))
    return Standing(pid, threads) if threads else None


def _await_handled(pid: int, busy: set[str], until: float) -> None:
    """Wait until the signal neither waits in any thread nor is held back while its handler runs in one.

    `_QUIET_LOOKS` times in a row, since between the two there is a moment when it is neither.
    """
    quiet = 0
    while quiet < _QUIET_LOOKS and time.perf_counter() < until:
        time.sleep(_STEP_S)
        quiet = 0 if _handling(pid) - busy else quiet + 1


def _handling(pid: int) -> set[str]:
    """Return the threads, and the process, in which the signal is pending or blocked."""
    found = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  # names, not paths
            about = _status(f"/proc/{pid}/task/{thread}/status")
            found |= {
                f"{thread} {key}" for key in ("SigPnd", "SigBlk") if int(about.get(key, "0"), 16) & _BIT
            }
            found |= {"ShdPnd"} if int(about.get("ShdPnd", "0"), 16) & _BIT else set()
    return found


def _status(path: str) -> dict[str, str]:
    lines = (line.partition(":") for line in (read_text(path) or "").splitlines())
    return {key: value.strip() for key, _, value in lines}


def parse(text: str) -> tuple[tuple[Frame, ...], ...]:
    """Read what `faulthandler` writes: the frames of each thread, innermost first, the main thread's last."""
    _, *sections = _SECTION.split(text)
    return tuple(
        tuple(Frame(file, int(line), function) for file, line, function in _FRAME.findall(section))
        for section in sections
    )


def _innermost(threads: Sequence[Sequence[Frame]], paths: Sequence[str]) -> Frame | None:
    """Return the innermost call of a file below ``paths``, the main thread's if several have one.

    The measured side may lie there, too: its own calls, such as the watchdog's, count only if there is no
    other.
    """
    frames = [frame for thread in reversed(threads) for frame in thread if _is_below(frame, paths)]
    theirs = (frame for frame in frames if not Path(frame.file).is_relative_to(_OWN))
    return next(theirs, frames[0] if frames else None)


def _is_below(frame: Frame, paths: Sequence[str]) -> bool:
    file = Path(frame.file)
    return "/" in paths or (
        "site-packages" not in file.parts and any(file.is_relative_to(path) for path in paths)
    )


def crash(text: str, paths: Sequence[str]) -> str | None:
    """Describe what killed the interpreter and where, if `faulthandler` reported it."""
    _, fatal, rest = text.rpartition("Fatal Python error: ")
    if not fatal:
        return None
    what, _, after = rest.partition("\n")
    _, current, threads = after.rpartition("\nCurrent thread ")
    section = parse(f"Current thread {threads}" if current else after)[:1]
    frame = _innermost(section, paths) or _innermost(section, ["/"])
    return f"{fatal}{what}" + (f" at {frame}" if frame else "")


def describe(standings: Sequence[Standing], leader: int, paths: Sequence[str]) -> str:
    """Describe briefly where each process stood, as the end of a reason; empty if unknown."""
    apart = _calls_apart(standings, leader)
    shown = [
        standing for standing in standings if not standing.serves and not (apart and standing.pid == leader)
    ]
    told = [f"{_who(standing, leader, apart=apart)} {_where(standing, paths)}" for standing in shown]
    more = [f"and {len(told) - _MOST_PLACES} more"] if len(told) > _MOST_PLACES else []
    return "".join(f"; {place}" for place in [*told[:_MOST_PLACES], *more])


def has_hung_worker(standings: Sequence[Standing], leader: int) -> bool:
    """Return whether a worker, not the process ``leader``, stood in the user's function or in what that called."""
    if _calls_apart(standings, leader):
        return False  # there are no workers yet
    others = [standing.threads for standing in standings if standing.pid != leader]
    frames = (frame for threads in others for thread in threads for frame in thread)
    return any(Path(frame.file).is_relative_to(_OWN / "workloads") for frame in frames)


def _calls_apart(standings: Sequence[Standing], leader: int) -> bool:
    """Return whether the measured process waited for the first call of the function, in a process apart."""
    threads = (thread for standing in standings if standing.pid == leader for thread in standing.threads)
    return any(
        Path(frame.file) == _FIRST_CALLS and frame.function == _APART
        for thread in threads
        for frame in thread
    )


def _who(standing: Standing, leader: int, *, apart: bool) -> str:
    if apart:
        return "the first call"
    return "the measured process" if standing.pid == leader else f"process {standing.pid}"


def _where(standing: Standing, paths: Sequence[str]) -> str:
    return "was stopped by a signal" if standing.stopped else f"was at {standing.frame(paths)}"
