"""Find the measuring interpreter and check that it can import the user's function, before anything runs."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from breakeven.base.last_words import reason_in, stack_place
from breakeven.base.text import printable
from breakeven.runner import cell as measured_side
from breakeven.runner.cell import question as asking
from breakeven.runner.cell.check import EXIT_CLOSED, SCRIPT
from breakeven.runner.cell.member import Lack
from breakeven.runner.cell.question import STARTED, Answer, Question, this_interpreter
from breakeven.runner.cell.records import from_json, to_json
from breakeven.runner.cell.workloads.function import targets as named_targets
from breakeven.runner.config.parsing import typed
from breakeven.runner.errors import FunctionUnusable, InterpreterMissing, InterpreterUnusable, ModuleMissing
from breakeven.runner.planning import lookup
from breakeven.runner.planning.asking import Heard, ask, is_complete
from breakeven.runner.planning.input_files import with_input_files
from breakeven.runner.planning.modules import source_of
from breakeven.runner.planning.run import Source
from breakeven.runner.planning.variables import process_environment

MAIN = Path(measured_side.__file__).with_name("__main__.py")
CHECK_SECONDS = 60.0
_SAFE_PATH = (3, 11)
_REFUSALS = ("Fatal Python error:", "Unknown option:", "Argument expected for the")


@dataclass(frozen=True)
class Interpreter:
    """An interpreter that can execute runs."""

    executable: str
    version: str
    implementation: str
    build: str
    gil_enabled: bool


@dataclass(frozen=True)
class Start:
    """How an interpreter is started: its options, and changes of its environment, of which None removes one."""

    flags: tuple[str, ...] = ()
    environment: Mapping[str, str | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Return whether anything is asked for."""
        return bool(self.flags or self.environment)


PLAIN = Start()


def find_interpreter(name: str, start: Start = PLAIN) -> Interpreter:
    """Start the interpreter ``name`` (a path, or a name on PATH) once; raise InterpreterUnusable.

    An empty name means this interpreter, which need not be started if nothing is asked of its start.
    """
    if not name and not start:
        return _interpreter(sys.executable, this_interpreter())
    executable = _executable(name) if name else sys.executable
    answer = _ask(executable, Question((), (), (str(Path.cwd()),), 0), start)
    if isinstance(answer, Answer):
        return _interpreter(executable, answer.interpreter)
    if start:
        raise InterpreterUnusable(
            f"interpreter {executable} cannot be started with {_describe(start)}: {answer}; remove what it refuses"
        )
    raise InterpreterUnusable(
        f"interpreter {executable} cannot run the measured side, which needs CPython >= 3.9: {answer}; "
        "choose another with interpreter.path=/path/to/python"
    )


def _executable(name: str) -> str:
    executable = lookup.find(name)
    if executable is None:
        where = "is no executable file" if os.sep in name else f"was not found {lookup.PLACES}"
        raise InterpreterMissing(f"interpreter={name} {where}; {lookup.how_to_install(name)}")
    return executable


def _describe(start: Start) -> str:
    """Return the words that ask for a start."""
    flags = [f"interpreter.flags={shlex.join(start.flags)}"] if start.flags else []
    return " ".join(
        [*flags, *(f"environment.{name}={typed(value)}" for name, value in start.environment.items())]
    )


def _interpreter(executable: str, found: asking.Interpreter) -> Interpreter:
    return Interpreter(
        executable, found.python_version, found.implementation, found.python_build, found.gil_enabled
    )


@dataclass(frozen=True)
class Planned:
    """What the cells of a function ask of its inputs: the sizes to make them for, and whether each needs a pickle."""

    payloads: tuple[int, ...] = ()
    pickles: bool = False


def check_function(
    executable: str,
    options: Mapping[str, Any],
    path: Path,
    start: Start = PLAIN,
    planned: Planned = Planned(),
) -> Source:
    """Import the user's function, and whatever else ``options`` name, once and return their source.

    Have its inputs made, too, since what makes them may fail. Raise FunctionUnusable. A different source makes a
    different measurement.
    """
    targets = named_targets(options)
    makers = tuple(set(targets) & {options.get("make_input"), str(options.get("inputs"))})
    question = Question(
        tuple(targets),
        makers,
        (str(path),),
        0,
        options=dict(options),
        payloads=planned.payloads,
        pickles=planned.pickles,
    )
    answer = _ask(executable, question, start)
    if isinstance(answer, str):
        raise FunctionUnusable(
            f"{' and '.join(targets)} cannot be imported by {executable} in {path}: {answer}"
        )
    for target, problem in answer.problems.items():
        said = printable(problem)
        whole = said.startswith(f"{target} is ")  # it was imported
        kind = ModuleMissing if answer.missing else FunctionUnusable
        raise kind(said if whole else f"{target} cannot be imported by {executable} in {path}: {said}")
    if answer.refusal:
        raise FunctionUnusable(printable(answer.refusal))
    source = source_of(answer, path)
    return with_input_files(source, options["inputs"], answer.input_files) if answer.input_files else source


def installed_packages(executable: str, path: Path, start: Start = PLAIN) -> tuple[str, ...]:
    """Return name and version of all packages that an interpreter finds; raise InterpreterUnusable."""
    answer = _ask(executable, Question((), (), (str(path),), 0, installed=True), start)
    if isinstance(answer, str):
        raise InterpreterUnusable(f"{executable} does not say which packages are installed: {answer}")
    return answer.packages


def what_lacks(executable: str, members: tuple[asking.Asked, ...], start: Start = PLAIN) -> tuple[Lack, ...]:
    """Return what an interpreter lacks for each member, an empty one if nothing; raise InterpreterUnusable."""
    answer = _ask(executable, Question((), (), (str(Path.cwd()),), 0, members=members), start)
    if isinstance(answer, str):
        raise InterpreterUnusable(f"{executable} does not say what it lacks: {answer}")
    return answer.lacks


def start_options(version: str) -> tuple[str, ...]:
    """Return the options with which an interpreter of that version is started to measure.

    With ``-P``, which `multiprocessing` passes on, no process looks for modules in the working directory
    before the standard library; `breakeven.runner.cell.spawning` takes care of older versions.
    """
    digits = re.match(r"(\d+)\.(\d+)", version)
    return ("-P",) if digits and (int(digits[1]), int(digits[2])) >= _SAFE_PATH else ()


def _refusal(said: str) -> str:
    """Return the line in which an interpreter refuses to start; it is not the last one."""
    lines = (line.strip() for line in said.splitlines())
    return next((line for line in lines if line.startswith(_REFUSALS)), "")


def _ask(executable: str, question: Question, start: Start) -> Answer | str:
    """Return the interpreter's answer to the question, or a text that says why there is none."""
    command = [executable, *start.flags, str(MAIN)]
    present = process_environment(start.environment)
    try:
        heard = ask(
            command,
            lambda descriptor: to_json(question._replace(descriptor=descriptor)),
            CHECK_SECONDS,
            present,
        )
    except OSError as error:
        return error.strerror or str(error)
    if heard.lines[:1] != [STARTED]:
        return _not_started(executable, heard)
    if not is_complete(heard):
        return _not_answered(heard, question.path[0])
    try:
        return from_json(Answer, heard.lines[-1])
    except ValueError as error:
        return f"its answer is invalid: {error}"


def _not_started(executable: str, heard: Heard) -> str:
    """Return why an interpreter did not begin to answer."""
    said = printable(_refusal(heard.text) or reason_in(heard.text))
    if heard.code is None:
        return f"no answer within {CHECK_SECONDS:g} s{_it_said(said)}"
    if heard.code == 0:
        return f"it does not answer like a Python interpreter{_it_said(said)}"
    return (said or _how(heard.code)) + _behind_shim(executable)


def _not_answered(heard: Heard, folder: str) -> str:
    """Return what importing a user's module, or making inputs, did to the process."""
    said = printable(reason_in(heard.text, folder))
    line = heard.lines[-1]
    module = line.partition(":")[0]
    importing = f"calling {line}" if line.endswith(")") else f"importing {module}"
    if heard.code is None:
        place = stack_place(heard.text, folder)
        where = f"; it was at {place}" if place else _it_said(said)
        return f"{importing} did not end within {CHECK_SECONDS:g} s{where}; {SCRIPT}"
    if heard.code == EXIT_CLOSED:
        return f"when {module} is imported, {said}"
    if heard.code < 0:
        how = f"{importing} ends the interpreter: {_how(heard.code)}{_it_said(said)}"
        return f"{how}; python -c 'import {module}' should end in the same way: mend the module"
    how = f"{importing} ends the interpreter, as os._exit does: {_how(heard.code)}{_it_said(said)}"
    return f"{how}; {SCRIPT}"


def _how(code: int) -> str:
    if code >= 0:
        return f"it exited with code {code}"
    names = {int(number): number.name for number in signal.Signals}
    return f"it was ended by signal {names.get(-code, str(-code))}"


def _it_said(text: str) -> str:
    return f"; it said: {text}" if text else ""


def _behind_shim(executable: str) -> str:
    """Return the path that pyenv's stand-in for an interpreter leads to, if another version is chosen there."""
    shims, name = os.path.split(executable)
    versions = Path(shims).parent / "versions"
    if Path(shims).name != "shims" or not versions.is_dir():
        return ""
    found = sorted(versions.glob(f"*/bin/{name}"))
    return f" (pyenv has {', '.join(map(str, found))})" if found else ""
