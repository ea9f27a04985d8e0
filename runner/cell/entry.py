"""What the process is asked to do: a run, or to say whether it could. Either is JSON."""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import suppress
from multiprocessing import current_process
from typing import Union

from .errors import MessageTooLarge, ModuleHidden, TaskFailed, WorkersMissing, WrongResult
from .parent_death import die_with_parent
from .question import Answer, Question, this_interpreter
from .records import from_plain, to_json
from .run import execute
from .search_path import extend_path
from .specification import Specification
from .workloads.function import resolve

FAILURE = "failure.txt"
EXIT_FAILED = 3
EXIT_ORPHANED = 4
_REMEDY = "run from the directory that holds the module, and write module:callable"


def answer(text: str) -> int:
    """Carry out what is asked and return the exit code; raise BadRecord."""
    asked = _read(text)
    if isinstance(asked, Question):
        return check(asked)
    die_with_parent()
    if os.getppid() != asked.parent:
        return EXIT_ORPHANED
    name_semaphores(os.path.basename(asked.folder))
    try:
        execute(asked)
    except Exception as error:  # noqa: BLE001  # the user's function may raise anything; it is the run's ending
        with suppress(OSError):  # stderr may be on the disk that is full
            traceback.print_exc()
        _write_failure(os.path.join(asked.folder, FAILURE), tell(error))
        return EXIT_FAILED
    return 0


def _read(text: str) -> Union[Question, Specification]:
    plain = json.loads(text)
    return from_plain(Question, plain) if "targets" in plain else from_plain(Specification, plain)


def _write_failure(path: str, text: str) -> None:
    """Leave the reason; where it cannot be written, as on a full disk, the traceback on stderr is all there is."""
    with suppress(OSError), open(path, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)


def name_semaphores(run: str) -> None:
    """Let the semaphores of this process and its workers bear the run's name, so that whoever cleans up knows them.

    `multiprocessing` tells its resource tracker of one only after it was made. Not where names are short (macOS).
    """
    if sys.platform == "linux":
        current_process()._config["semprefix"] = f"/{run}"  # type: ignore[attr-defined]  # noqa: SLF001  # no other way


def tell(error: Exception) -> str:
    """Return an error in words: our own as they are, others with their type, whole messages both."""
    if isinstance(error, (TaskFailed, WrongResult, WorkersMissing, MessageTooLarge)):
        return str(error)
    return "".join(traceback.format_exception_only(type(error), error)).strip()


def check(asked: Question) -> int:
    """Print an `Answer`, as one line of JSON."""
    extend_path(asked.path)
    problems = {target: problem for target, problem in map(_problem, asked.targets) if problem}
    files = {getattr(sys.modules.get(target.partition(":")[0]), "__file__", None) for target in asked.targets}
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
