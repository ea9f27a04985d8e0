"""What the process is asked to do: a run, or to say whether it could."""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import suppress
from multiprocessing import current_process
from typing import Any

from .errors import MessageTooLarge, TaskFailed, WorkersMissing, WrongResult
from .facts import interpreter_facts, python_build
from .parent_death import die_with_parent
from .run import execute
from .worker import extend_path
from .workloads.function import resolve

FAILURE = "failure.txt"
EXIT_FAILED = 3
EXIT_ORPHANED = 4


def answer(asked: dict[str, Any]) -> int:
    """Carry out ``asked`` and give the exit code."""
    if "targets" in asked:
        return check(asked)
    die_with_parent()
    if os.getppid() != asked["parent"]:
        return EXIT_ORPHANED
    name_semaphores(os.path.basename(asked["folder"]))
    try:
        execute(asked)
    except Exception as error:  # noqa: BLE001  # the user's function may raise anything; it is the run's ending
        with suppress(OSError):  # stderr may be on the disk that is full
            traceback.print_exc()
        _write_failure(os.path.join(asked["folder"], FAILURE), tell(error))
        return EXIT_FAILED
    return 0


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
    """Give an error in words: our own as they are, others with their type, whole messages both."""
    if isinstance(error, (TaskFailed, WrongResult, WorkersMissing, MessageTooLarge)):
        return str(error)
    return "".join(traceback.format_exception_only(type(error), error)).strip()


def check(asked: dict[str, Any]) -> int:
    """Print the interpreter's facts, the targets' files, and for each that cannot be imported why; as JSON."""
    extend_path(tuple(asked["path"]))
    problems = {target: problem for target, problem in map(_problem, asked["targets"]) if problem}
    files = {
        getattr(sys.modules.get(target.partition(":")[0]), "__file__", None) for target in asked["targets"]
    }
    told = {
        **interpreter_facts(),
        "python_build": python_build(),
        "problems": problems,
        "files": sorted(filter(None, files)),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def _problem(target: str) -> tuple[str, str]:
    try:
        resolve(target)
    except Exception as error:  # noqa: BLE001  # importing a user's module may raise anything; it is reported
        return target, f"{type(error).__name__}: {error}"
    return target, ""
