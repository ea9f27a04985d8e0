"""What the host asks before anything runs: which interpreter, which function, from which source."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from breakeven.runner import host
from breakeven.runner.errors import FunctionUnusable, InterpreterUnusable, PlanOutdated
from breakeven.runner.planning import interpreters
from tests.collaboration.host_runs import function, write_module
from tests.samples import run

USER = """
def double(data, times=2):
    return data * times

def make(size):
    return list(range(size // 8))

not_callable = 3
"""


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """Return the directory of a user's module."""
    return write_module(tmp_path / "user", USER)


def test_an_interpreter_that_is_not_there_is_bad_input() -> None:
    """The message names it and the way out."""
    with pytest.raises(InterpreterUnusable) as caught:
        interpreters.find_interpreter("python9.99")
    assert str(caught.value) == (
        "interpreter=python9.99 was not found on PATH, in pyenv, uv, conda, /usr/bin and ~/.cache/pythons; "
        "write its path, as in interpreter=/path/to/python"
    )


def test_another_program_is_no_interpreter() -> None:
    """One that exits well and says something is refused as well."""
    with pytest.raises(InterpreterUnusable, match="it does not answer like a Python interpreter;"):
        interpreters.find_interpreter("echo")


def test_an_executable_that_is_no_interpreter_is_bad_input() -> None:
    """Whatever it answers, it is refused in one line."""
    with pytest.raises(
        InterpreterUnusable, match=r"/false cannot run the measured side, .* it exited with code 1;"
    ):
        interpreters.find_interpreter("false")


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("absent:work", "ModuleNotFoundError: No module named 'absent'"),
        ("mien:double", "ModuleNotFoundError: No module named 'mien' (did you mean mine?)"),
        ("mine:absent", "AttributeError: module 'mine' has no attribute 'absent'"),
        ("mine:duoble", "AttributeError: module 'mine' has no attribute 'duoble' (did you mean double?)"),
        ("mine:not_callable", "TypeError: mine:not_callable is not callable"),
    ],
)
def test_a_function_that_cannot_be_imported_is_bad_input(user: Path, target: str, problem: str) -> None:
    """The target, the interpreter, the place and the cause are named."""
    with pytest.raises(FunctionUnusable) as caught:
        interpreters.check_function(sys.executable, {"target": target}, user)
    assert str(caught.value) == (
        f"{target} cannot be imported by {sys.executable} in {user}: {problem}; "
        "run from the directory that contains the module, and write module:callable"
    )
    interpreters.check_function(sys.executable, {"target": "mine:double", "make_input": "mine:make"}, user)


def test_a_functions_source_has_a_hash(user: Path) -> None:
    """It is the same for the same files and another when one of them was edited."""
    options = {"target": "mine:double", "make_input": "mine:make"}
    first, second = (interpreters.check_function(sys.executable, options, user) for _ in range(2))
    write_module(user, USER + "# edited\n")
    assert first == second != interpreters.check_function(sys.executable, options, user)


def test_a_function_that_was_edited_after_planning_is_not_measured(user: Path) -> None:
    """The run is refused with the file and the remedy, and passes again when the file is as it was."""
    options = function("double", make_input="mine:make")["workload_options"]
    source = interpreters.check_function(sys.executable, options, user)
    planned = replace(
        run(
            sys.executable,
            user,
            **function("double", make_input="mine:make") | {"payload_bytes": 64},
        ),
        source=source,
    )
    write_module(user, USER + "# edited\n")
    with pytest.raises(PlanOutdated) as refusal:
        host.execute(planned)
    assert str(refusal.value) == (
        f"{user / 'mine.py'} changed after this sweep was planned, so the next run would measure something else; "
        "start the command again to plan with the current version"
    )
    write_module(user, USER)
    assert host.execute(planned).status == "ok"


def test_a_function_whose_file_is_gone_is_not_measured(user: Path) -> None:
    """The run is refused with the file, why it cannot be read, and the remedy."""
    source = interpreters.check_function(sys.executable, {"target": "mine:double", "args": [1]}, user)
    (user / "mine.py").unlink()
    with pytest.raises(PlanOutdated) as refusal:
        host.execute(replace(run(sys.executable, user, **function("double")), source=source))
    assert str(refusal.value) == (
        f"{user / 'mine.py'} can no longer be read (No such file or directory); restore it, or start the command "
        "again to plan with the current version"
    )
