"""What the process is asked to do: a run, or to say whether it could."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from .errors import MessageTooLarge, TaskFailed, WorkersMissing, WrongResult
from .run import execute, interpreter_facts
from .seat import extend_path
from .workloads.function import resolve

FAILURE = "failure.txt"
EXIT_FAILED = 3
_PR_SET_PDEATHSIG = 1


def answer(asked: dict[str, Any]) -> int:
    """Carry out ``asked`` and give the exit code."""
    if "targets" in asked:
        return check(asked)
    _die_with_parent(asked["parent"])
    try:
        execute(asked)
    except (TaskFailed, WrongResult, WorkersMissing, MessageTooLarge) as error:
        with open(os.path.join(asked["folder"], FAILURE), "w", encoding="utf-8") as file:
            file.write(str(error))
        return EXIT_FAILED
    return 0


def check(asked: dict[str, Any]) -> int:
    """Print the interpreter's facts, and for each target that cannot be imported why; as JSON."""
    extend_path(tuple(asked["path"]))
    problems = {target: problem for target, problem in map(_problem, asked["targets"]) if problem}
    sys.stdout.write(json.dumps({**interpreter_facts(), "problems": problems}) + "\n")
    return 0


def _problem(target: str) -> tuple[str, str]:
    try:
        resolve(target)
    except Exception as error:  # noqa: BLE001  # importing a user's module may raise anything; it is reported
        return target, f"{type(error).__name__}: {error}"
    return target, ""


def _die_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when the one that started it ends, however that ends."""
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415  # only here, and only on Linux

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the process that asked for this run is gone")
