"""Turns observations of a measured process into the ending of its run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from breakeven.base.text import MOST_TEXT
from breakeven.runner.cell.entry import EXIT_TOO_LONG
from breakeven.runner.cell.failures import EXIT_FAILED, FAILURE, both_ends
from breakeven.runner.cell.result import RESULT
from breakeven.runner.cell.stacks import CRASH
from breakeven.runner.cell.watchdog import EXIT_WORKER_DIED
from breakeven.runner.host import stacks
from breakeven.runner.host.ending import Ending, quote, read_file, read_tail, signal_name, split_worker_death
from breakeven.runner.host.memory import Limit, PerProcess

_MOST_NAMED = 8
_UNUSED = "\N{REPLACEMENT CHARACTER} \n"  # what the place for the reason reads as if there is none
TIME, MEMORY = "time", "memory"  # why a run was ended by us


@dataclass(frozen=True)
class Seen:
    """What was observed of a measured process and all that it started, after they were gone.

    ``said_bytes`` is the size of their output when it ended or was to be ended; stacks and the messages of resource
    trackers follow. ``cause`` says why we ended it, if we did; ``standing`` where each process stood then, and
    ``workers_hung`` whether others than the measured one, which has the id ``pid``, were in the user's code; ``forked``
    says how they were started; ``paths`` are the folders of the user's files. ``ended_by_kernel`` counts the processes
    of the machine that the kernel ended meanwhile for lack of memory, ``remaining`` are those of the run that could not
    be ended.
    """

    code: int | None
    pid: int
    forked: bool
    folder: Path
    said: int
    said_bytes: int
    cause: str | None
    limit: Limit | None
    limit_ns: int
    standing: str
    workers_hung: bool
    paths: tuple[str, ...]
    ended_by_kernel: int
    remaining: tuple[int, ...]

    @property
    def text(self) -> str:
        """Return the last part of their output until then."""
        return read_tail(self.said, end=self.said_bytes)


def judge(seen: Seen) -> Ending:
    """Return the status and the reason, with the output if the status is not ok."""
    ending = _with_remaining(_verdict(seen), seen.remaining)
    if ending.status == "ok":
        return ending
    most = stacks.MOST_BYTES if seen.standing else stacks.MOST_BYTES // 4
    reports = "\n".join(filter(None, _crash_reports(seen.folder)))[-most:]
    said = read_tail(seen.said, most - len(reports)) if len(reports) < most else ""
    return replace(ending, stderr=said + reports or None)


def _verdict(seen: Seen) -> Ending:
    if seen.cause == MEMORY:
        reason = f"ended by signal SIGKILL: it took more than {seen.limit}{_last_words(seen, seen.text)}"
        return Ending("crashed", reason, signal="SIGKILL")
    if seen.cause == TIME:
        reason = f"not done within limits.time ({seen.limit_ns / 1e9:g} s){seen.standing}{_fork(seen)}{_last_words(seen, seen.text)}"
        return Ending("timeout", reason)
    if seen.code is None:
        return Ending("crashed", "it did not end")
    if seen.code == 0 and (seen.folder / RESULT).exists():
        return Ending("ok")
    if seen.code < 0:
        return _by_signal(seen, signal_name(-seen.code))
    return _by_itself(seen, seen.code)


def _fork(seen: Seen) -> str:
    """Return a probable reason of a hang in forked workers, and the remedy; else nothing."""
    if not (seen.forked and seen.workers_hung):
        return ""
    return (
        "; its workers were forked, and a library with threads or locks from before the fork can hang in them: "
        "try model.start_method=forkserver or model.start_method=spawn"
    )


def _by_signal(seen: Seen, name: str) -> Ending:
    reason = f"ended by signal {name}{_shortage(seen, name)}{_last_words(seen, seen.text)}"
    return Ending("crashed", reason, signal=name)


def _by_itself(seen: Seen, code: int) -> Ending:
    said = seen.text
    if code == EXIT_FAILED and (failure := _failure(seen)) is not None:
        return Ending("failed", failure, exit_code=code)
    if code == EXIT_TOO_LONG and (failure := _failure(seen)) is not None:
        return Ending("timeout", failure, exit_code=code)
    if code == EXIT_WORKER_DIED and (told := split_worker_death(said)) is not None:
        worker, rest = told
        return Ending(
            "crashed",
            f"{worker}{_shortage(seen, worker)}{_last_words_of(worker, seen, rest)}",
            exit_code=code,
        )
    without = " without a result" if code == 0 else ""
    return Ending("crashed", f"exit code {code}{without}{_last_words(seen, said)}", exit_code=code)


def _last_words(seen: Seen, said: str) -> str:
    own = read_file(seen.folder / f"{CRASH}{seen.pid}")
    return _first_crash([own, said, *_crash_reports(seen.folder)], seen.paths) or quote(said)


def _last_words_of(worker: str, seen: Seen, said: str) -> str:
    """Return the crash of the worker named in ``worker``, else that of any worker, else the last output."""
    own = read_file(seen.folder / f"{CRASH}{worker.split()[1]}")
    return _first_crash([own, *_crash_reports(seen.folder), said], seen.paths) or quote(said)


def _first_crash(texts: Sequence[str], paths: Sequence[str]) -> str:
    found = filter(None, (stacks.crash(text, paths) for text in texts))
    return next((f"; {crash}" for crash in found), "")


def _crash_reports(folder: Path) -> list[str]:
    """Return the crash reports of workers, one file each."""
    return [read_file(path) for path in sorted(folder.glob(f"{CRASH}*"))]


def _shortage(seen: Seen, how: str) -> str:
    """Return the probable reason of a SIGBUS or SIGKILL, else nothing.

    Of a SIGKILL only if the kernel ended processes meanwhile.
    """
    if "SIGBUS" in how:
        return "; this is how a full /dev/shm ends a program that uses memory there, or a file that was cut while mapped"
    if "SIGKILL" not in how or not seen.ended_by_kernel:
        return ""
    return ", while the kernel ended processes because there was no memory left; lower payload or workers"


def _failure(seen: Seen) -> str | None:
    """Return what the measured side wrote about an exception; None if it could not, as on a full disk."""
    text = read_file(seen.folder / FAILURE)
    if not text.strip(_UNUSED):
        return None
    ran_out = isinstance(seen.limit, PerProcess) and "MemoryError" in text
    return both_ends(text, MOST_TEXT) + (f"; it asked for more than {seen.limit}" if ran_out else "")


def _with_remaining(ending: Ending, pids: tuple[int, ...]) -> Ending:
    """Add to the reason that processes are still there: the next runs share the machine with them."""
    if not pids:
        return ending
    named = ", ".join(map(str, pids[:_MOST_NAMED])) + (" and others" if len(pids) > _MOST_NAMED else "")
    still = f"{len(pids)} of its processes did not end although they were sent SIGKILL: {named}"
    if ending.status == "ok":
        return Ending("crashed", still)
    return replace(ending, reason=f"{ending.reason}; {still}")
