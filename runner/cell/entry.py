"""The two requests to the measured process, as JSON: do a run, or check whether functions can be imported."""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import suppress
from multiprocessing import current_process
from typing import Union

from .errors import (
    FirstCallFailed,
    MessageTooLarge,
    TaskFailed,
    VerificationFailed,
    WorkersMissing,
    WrongResult,
)
from .leaving import leave_nothing_behind
from .parent_death import die_with_parent
from .question import Question
from .records import from_plain
from .run import execute
from .signals import accept_termination
from .specification import Specification

FAILURE = "failure.txt"
EXIT_FAILED = 3
EXIT_ORPHANED = 4


def answer(text: str) -> int:
    """Carry out the request and return the exit code; raise BadRecord."""
    request = _read(text)
    if isinstance(request, Question):
        from .check import check  # noqa: PLC0415  # what measures needs none of it

        return check(request)
    accept_termination()
    die_with_parent()
    if os.getppid() != request.parent:
        return EXIT_ORPHANED
    name_semaphores(os.path.basename(request.folder))
    leave_nothing_behind(worker=False)
    try:
        execute(request)
    except Exception as error:  # noqa: BLE001  # the user's function may raise anything; it is the run's ending
        with suppress(Exception):  # stderr may be on the disk that is full, or a stream of the user's
            traceback.print_exc()
        _write_failure(os.path.join(request.folder, FAILURE), describe(error))
        return EXIT_FAILED
    return 0


def _read(text: str) -> Union[Question, Specification]:
    plain = json.loads(text)
    return from_plain(Question, plain) if "targets" in plain else from_plain(Specification, plain)


def _write_failure(path: str, text: str) -> None:
    """Write the reason; if that fails, as on a full disk, only the traceback on stderr is left."""
    with suppress(OSError), open(path, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)


def name_semaphores(run: str) -> None:
    """Name the semaphores of this process and its workers after the run, so that a cleanup recognises them.

    `multiprocessing` registers one with its resource tracker only after creating it. Not where names are
    short (macOS).
    """
    if sys.platform == "linux":
        current_process()._config["semprefix"] = f"/{run}"  # type: ignore[attr-defined]  # noqa: SLF001  # no other way


def describe(error: Exception) -> str:
    """Return an error as text: the message alone for our own, with the type for others, never shortened."""
    from .remedies import with_remedy  # noqa: PLC0415  # only when a run failed

    if isinstance(
        error, (FirstCallFailed, TaskFailed, VerificationFailed, WrongResult, WorkersMissing, MessageTooLarge)
    ):
        return with_remedy(str(error))
    return with_remedy("".join(traceback.format_exception_only(type(error), error)).strip())
