"""Before anything runs: which interpreter measures, and whether it can import the user's function."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from breakeven.base.text import last_lines
from breakeven.runner import cell as measured_side
from breakeven.runner.cell import question as asking
from breakeven.runner.cell.question import Answer, Question, this_interpreter
from breakeven.runner.cell.records import from_json, to_json
from breakeven.runner.environment import repository_of
from breakeven.runner.errors import FunctionUnusable, InterpreterUnusable
from breakeven.runner.planning.run import Source

MAIN = Path(measured_side.__file__).with_name("__main__.py")
_CHECK_SECONDS = 60
_SAFE_PATH = (3, 11)


@dataclass(frozen=True)
class Interpreter:
    """An interpreter that can carry out runs."""

    executable: str
    version: str
    implementation: str
    build: str
    gil_enabled: bool


def find_interpreter(asked: str) -> Interpreter:
    """Start the interpreter ``asked`` (a path or a name on PATH) once; raise InterpreterUnusable.

    An empty name is this interpreter, which need not be asked.
    """
    if not asked:
        return _interpreter(sys.executable, this_interpreter())
    executable = shutil.which(Path(asked).expanduser())
    if executable is None:
        raise InterpreterUnusable(
            f"interpreter {asked!r} was not found on PATH or as an executable file; "
            "give its path as interpreter.path=/path/to/python, or use interpreter=current"
        )
    executable = os.path.abspath(executable)  # noqa: PTH100  # a virtual environment's link must not be resolved
    answer = _ask(executable, Path.cwd(), [])
    if isinstance(answer, str):
        raise InterpreterUnusable(
            f"interpreter {executable} cannot run the measured side, which needs CPython >= 3.9: {answer}; "
            "choose another with interpreter.path=/path/to/python"
        )
    return _interpreter(executable, answer.interpreter)


def _interpreter(executable: str, found: asking.Interpreter) -> Interpreter:
    return Interpreter(
        executable, found.python_version, found.implementation, found.python_build, found.gil_enabled
    )


def check_function(executable: str, options: Mapping[str, Any], path: Path) -> Source:
    """Import the user's function, and the maker of its input if any, once; raise FunctionUnusable.

    Gives what they came from: another source is another measurement.
    """
    targets = [target for target in (options["target"], options.get("make_input")) if target]
    answer = _ask(executable, path, targets)
    if isinstance(answer, str):
        raise FunctionUnusable(f"{' and '.join(targets)} could not be imported by {executable}: {answer}")
    for target, problem in answer.problems.items():
        raise FunctionUnusable(f"{target} cannot be imported by {executable} in {path}: {problem}")
    commit, dirty = repository_of([Path(file) for file in answer.files])
    return Source(digest=_digest(answer.files), files=answer.files, commit=commit, dirty=dirty)


def start_options(version: str) -> tuple[str, ...]:
    """Return what an interpreter of that version is to be started with, to measure.

    With ``-P``, which `multiprocessing` passes on, no process looks for modules in the working directory before the
    standard library; `breakeven.runner.cell.spawning` sees to older ones.
    """
    digits = re.match(r"(\d+)\.(\d+)", version)
    return ("-P",) if digits and (int(digits[1]), int(digits[2])) >= _SAFE_PATH else ()


def changed_source(source: Source) -> str | None:
    """Say that the files of a function are no longer those that ``source`` was made from; None if they are."""
    named = ", ".join(source.files)
    remedy = "start the command again to plan with it as it is now"
    try:
        now = _digest(source.files)
    except OSError as error:
        return f"{error.filename} cannot be read any more ({error.strerror}); put it back, or {remedy}"
    if now == source.digest:
        return None
    which = named if len(source.files) == 1 else f"one of {named}"
    return f"{which} was changed since this sweep was planned, so the next run would measure something else; {remedy}"


def _digest(files: Sequence[str]) -> str:
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()[:16]


def _ask(executable: str, path: Path, targets: Sequence[str]) -> Answer | str:
    """Return what the interpreter says of itself and the targets, or as text why it could not."""
    asked = to_json(Question(targets=tuple(targets), path=(str(path),)))
    command = [executable, str(MAIN)]
    try:
        done = subprocess.run(
            command, input=asked, capture_output=True, text=True, timeout=_CHECK_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_CHECK_SECONDS} s"
    except OSError as error:
        return str(error)
    if done.returncode:
        return last_lines(done.stderr, 1) or f"it exited with code {done.returncode}"
    try:
        return from_json(Answer, done.stdout.splitlines()[-1])  # an imported module may print, too
    except (ValueError, IndexError):
        return "it does not answer as a Python interpreter does"
