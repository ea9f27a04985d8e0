"""The two requests to the measured process, as JSON: do a run, or check whether functions can be imported."""

from __future__ import annotations

import json
import os
import sys
from errno import ENOSPC
from multiprocessing import current_process
from typing import Union

from . import failures
from .errors import (
    MessageTooLarge,
    ModuleHidden,
    NoRoom,
    TaskFailed,
    TimeTooShort,
    WorkersMissing,
    WrongResult,
)
from .failures import EXIT_FAILED
from .parent_death import die_with_parent
from .question import Answer, Question, this_interpreter
from .records import from_plain, to_json
from .run import execute
from .search_path import extend_path
from .signals import accept_termination
from .space import how_full
from .specification import Specification
from .workloads.function import resolve

EXIT_ORPHANED, EXIT_TOO_LONG = 4, 5
_REMEDY = "run from the directory that contains the module, and write module:callable"


def answer(text: str) -> int:
    """Carry out the request and return the exit code; raise BadRecord."""
    request = _read(text)
    if isinstance(request, Question):
        return check(request)
    accept_termination()
    die_with_parent()
    if os.getppid() != request.parent:
        return EXIT_ORPHANED
    name_semaphores(os.path.basename(request.folder))
    failures.measure_in(request.folder)
    try:
        execute(request)
    except BaseException as error:  # noqa: BLE001  # the user's function may raise anything; it is the run's ending
        full = how_full(request.folder) if getattr(error, "errno", 0) == ENOSPC else ""
        code = EXIT_TOO_LONG if isinstance(error, TimeTooShort) else EXIT_FAILED
        failures.end_run(describe(error) + full, failures.describe(error), code)
    return 0


def _read(text: str) -> Union[Question, Specification]:
    plain = json.loads(text)
    return from_plain(Question, plain) if "targets" in plain else from_plain(Specification, plain)


def name_semaphores(run: str) -> None:
    """Name the semaphores of this process and its workers after the run, so that a cleanup recognises them.

    `multiprocessing` registers one with its resource tracker only after creating it. Not where names are
    short (macOS).
    """
    if sys.platform == "linux":
        current_process()._config["semprefix"] = f"/{run}"  # type: ignore[attr-defined]  # noqa: SLF001  # no other way


def describe(error: BaseException) -> str:
    """Return an error as text: the message alone for our own, with the type for others, never shortened."""
    if isinstance(error, (TaskFailed, WrongResult, WorkersMissing, MessageTooLarge, NoRoom, TimeTooShort)):
        return str(error)
    if isinstance(error.__cause__, (StopIteration, StopAsyncIteration)):
        error = error.__cause__  # raised in a generator: Python made it a RuntimeError
    return failures.briefly(error)


def check(question: Question) -> int:
    """Print an `Answer`, as one line of JSON."""
    extend_path(question.path)
    problems = {target: problem for target, problem in map(_problem, question.targets) if problem}
    files = {
        getattr(sys.modules.get(target.partition(":")[0]), "__file__", None) for target in question.targets
    }
    found = Answer(this_interpreter(), problems, tuple(sorted(filter(None, files))))
    sys.stdout.write(to_json(found) + "\n")
    return 0


def _problem(target: str) -> tuple[str, str]:
    try:
        resolve(target)
    except ModuleHidden as error:
        return target, str(error)
    except Exception as error:  # noqa: BLE001  # importing a user's module may raise anything; it is reported
        return target, f"{type(error).__name__}: {error}; {_REMEDY}"
    return target, ""
