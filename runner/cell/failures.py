"""What a task or a worker raised, as text that can always travel.

The exception itself stays where it was raised: it may be impossible to pickle, to unpickle or to print. What
the user's code raises is caught as BaseException, also SystemExit and KeyboardInterrupt: in a worker none of
them means that anybody wants the run to end.
"""

from __future__ import annotations

import builtins
import os
import sys
from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import Any, Optional

from .errors import HookFailed

EXIT_FAILED = 3
FAILURE = "failure.txt"  # of the measured process, in the run's folder; one with the index of each worker
_MOST_TEXT = 4000
_MOST_WRITTEN = 16_000
_MOST_MESSAGE = 1000
_ending = Lock()  # held by the thread that ends the run, until the process exits
_measured: dict[int, str] = {}  # the folder of the run by the process that measures it, and nothing else
_MOST_INNER = 3
_GROUP: Any = getattr(builtins, "BaseExceptionGroup", ())  # Python 3.11
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep


def describe(error: BaseException) -> str:
    """Return the traceback of an exception, from the user's code on; of a long one the end.

    Of a long message both ends are kept: the type and what it says first, and what it says last.
    """
    import traceback  # noqa: PLC0415  # 2 ms; loaded already where a user's function may fail

    place = _without_own(error.__traceback__)
    try:
        last = "".join(traceback.format_exception_only(type(error), error)).strip()
        whole = "".join(traceback.format_exception(type(error), error, place)).strip()
    except BaseException:  # noqa: BLE001  # the exception is the user's, and so may be what prints it
        last = f"{type(error).__name__} (it cannot be printed)"
        whole = "".join(traceback.format_tb(place)) + last
    if len(whole) <= _MOST_TEXT:
        return whole
    before = whole.removesuffix(last)
    message = both_ends(last, _MOST_MESSAGE)
    return before[len(message) - _MOST_TEXT :] + message


def briefly(error: BaseException) -> str:
    """Return type, message and place of an exception, and of some of those in a group."""
    import traceback  # noqa: PLC0415  # as above

    try:
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
    except BaseException:  # noqa: BLE001  # as above
        text = f"{type(error).__name__} (it cannot be printed)"
    inner = getattr(error, "exceptions", ()) if isinstance(error, _GROUP) else ()
    return f"{text}{_place(error)}" + "".join(f"; {briefly(one)}" for one in inner[:_MOST_INNER])


def _place(error: BaseException) -> str:
    """Return the innermost call of the user's in which an exception was raised.

    That is neither ours nor of a library; empty if there is none.
    """
    import traceback  # noqa: PLC0415  # as above

    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_library(frame.filename)]
    return (
        f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno} in {frames[-1].name})"
        if frames
        else ""
    )


def _is_library(file: str) -> bool:
    return file.startswith((_OWN, _LIBRARY, "<")) or "site-packages" in file


def both_ends(text: str, most: int) -> str:
    """Shorten a text to ``most`` characters, half of them from its beginning."""
    half = most // 2 - len(" ... ")
    return text if len(text) <= most else f"{text[:half]} ... {text[-half:]}"


def _without_own(place: Optional[TracebackType]) -> Optional[TracebackType]:
    """Return a traceback without the calls of this package that lead to the user's code.

    It is returned whole if there are no others.
    """
    found = place
    while found is not None and found.tb_frame.f_code.co_filename.startswith(_OWN):
        found = found.tb_next
    return found or place


def leave(folder: str, worker: int, error: BaseException) -> None:
    """Write down what ``worker`` raised where nobody waits for its answer, for `left` to find."""
    told = f"worker {worker} raised while it was set up:\n{describe(error)}"
    if isinstance(error, HookFailed):
        told = f"worker {worker} raised in a hook:\n{describe(error.__cause__ or error)}\n{error}"
    leave_text(folder, worker, told)


def leave_text(folder: str, worker: int, told: str) -> None:
    """Write down what happened in ``worker``, for `left` to find."""
    path = os.path.join(folder, f"{worker}-{FAILURE}")
    with open(f"{path}.part", "w", encoding="utf-8", errors="replace") as file:
        file.write(told)
    os.replace(f"{path}.part", path)


def left(folder: str, workers: int) -> str:
    """Return what the first worker that left something wrote down, empty if none did."""
    for worker in range(workers):
        try:
            with open(os.path.join(folder, f"{worker}-{FAILURE}"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            continue
    return ""


def measure_in(folder: str) -> None:
    """Note that this process exists for one run, whose folder this is: `end_run` may end it.

    The reason has its place from now on: the memory where the folder lies may be full by then.
    """
    _measured[os.getpid()] = folder
    with open(os.path.join(folder, FAILURE), "wb") as file:
        file.write(bytes(_MOST_WRITTEN))


def ends_with_run() -> bool:
    """Return whether this process ends with its run, so that what is left within it does not matter."""
    return os.getpid() in _measured


def end_run(reason: str, traceback_text: str = "", code: int = EXIT_FAILED) -> None:
    """Write the reason and exit, without waiting for threads and pools, which may be in the middle of long tasks.

    Do nothing in a process that has more to do (the debug engine's), or that was forked from the measured one.
    If the reason cannot be written, as on a full disk, only stderr is left.
    """
    folder = _measured.get(os.getpid())
    if folder is None:
        return
    _ending.acquire()  # never released: another thread has nothing to add
    with suppress(Exception):  # the measured code may have closed or replaced it
        sys.stderr.write(f"{traceback_text or reason}\n")
        sys.stdout.flush()
        sys.stderr.flush()
    with suppress(OSError), open(os.path.join(folder, FAILURE), "r+b") as file:
        file.write(both_ends(reason, _MOST_WRITTEN // 4).encode(errors="replace"))  # of 4 bytes at most each
        file.truncate()
    os._exit(code)
