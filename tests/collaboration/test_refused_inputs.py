"""What planning finds wrong with inputs, and with calls of the user's code: one line that names knob, call and place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.errors import FunctionUnusable
from breakeven.runner.planning.interpreters import Planned, check_function

USER = """\
import os
import threading

def work(value, *, scale=1):
    return value

def empty():
    return []

def none():
    pass

def text():
    return "abc"

def table():
    return {"a": 1}

def demands(folder):
    return [folder]

def raises():
    raise ValueError("no\\nsuch thing")

def later():
    yield 1
    raise KeyError("second")

def leaves():
    os._exit(3)

def exits():
    raise SystemExit("bye")

def locks():
    return [1, [threading.Lock()]]

def lock(size):
    return threading.Lock()

async def waits():
    return [1, 2]

def generated():
    yield from (1, 2, 3)

def make(size):
    raise OverflowError(f"{size} is too much")

def forgets(size):
    print(size)

NUMBER = 5
NOTHING = ()
TEXT = "abc"

def check(found):
    return True

class Connection:
    def open(self, where):
        pass

connection = Connection()
"""
LIST = "it must return or be a list of inputs, or any other iterable"
PLAIN = Planned()
PAYLOAD = "it gets the payload in bytes, and must return the input of one task"


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """Return the directory of a user's module."""
    (tmp_path / "mine.py").write_text(USER)
    return tmp_path


def _check(user: Path, planned: Planned = PLAIN, **options: Any) -> int:
    return check_function(sys.executable, {"target": "mine:work"} | options, user, planned=planned).inputs


def _refusal(user: Path, planned: Planned = PLAIN, **options: Any) -> str:
    with pytest.raises(FunctionUnusable) as caught:
        _check(user, planned, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("empty", "empty() (mine.py:7) returned no inputs ([] (of type list))"),
        ("none", "none() (mine.py:10) returned None, which is not a list of inputs"),
        ("text", "text() (mine.py:13) returned 'abc' (of type str), which is not a list of inputs"),
        ("table", "table() (mine.py:16) returned {'a': 1} (of type dict), which is not a list of inputs"),
        ("raises", "raises() raised ValueError: no such thing (mine.py:23 in raises)"),
        ("later", "later() raised KeyError: 'second' (mine.py:27 in later)"),
        ("exits", "exits() raised SystemExit: bye (mine.py:33 in exits)"),
        ("NUMBER", "NUMBER (mine.py:53) is 5 (of type int), which is not a list of inputs"),
        ("NOTHING", "NOTHING (mine.py:54) holds no inputs (() (of type tuple))"),
        ("TEXT", "TEXT (mine.py:55) is 'abc' (of type str), which is not a list of inputs"),
    ],
)
def test_a_list_that_is_none(user: Path, name: str, said: str) -> None:
    """The knob, the call with the line, and what came back or was raised; the remedy ends the line."""
    assert _refusal(user, inputs=f"mine:{name}") == f"workload.inputs=mine:{name}: {said}; {LIST}"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"inputs": "mine:demands"},
            (
                "workload.inputs=mine:demands: demands() does not fit its definition demands(folder) (mine.py:19): missing a "
                "required argument: 'folder'; it must take no arguments"
            ),
        ),
        (
            {"make_input": "mine:empty"},
            (
                "workload.make_input=mine:empty: empty(4096) does not fit its definition empty() (mine.py:7): too many positional "
                "arguments; it must take one argument: the payload in bytes"
            ),
        ),
        (
            {"args": [1, 2]},
            (
                "workload.target=mine:work: work(1, 2) does not fit its definition work(value, *, scale=1) (mine.py:4): too many "
                "positional arguments; change it, workload.args or workload.kwargs"
            ),
        ),
        (
            {"inputs": [1], "kwargs": {"size": 3}},
            (
                "workload.target=mine:work: work(input, size=3) does not fit its definition work(value, *, scale=1) (mine.py:4): got "
                "an unexpected keyword argument 'size'; change it, workload.args or workload.kwargs"
            ),
        ),
        (
            {},
            (
                "workload.target=mine:work: work() does not fit its definition work(value, *, scale=1) (mine.py:4): missing a "
                "required argument: 'value'; give it inputs with workload.inputs or workload.make_input, or workload.args"
            ),
        ),
        (
            {"args": [1], "before": "mine:connection.open"},
            (
                "workload.before=mine:connection.open: connection.open() does not fit its definition connection.open(where) (mine.py:61): "
                "missing a required argument: 'where'; it must take no arguments"
            ),
        ),
        (
            {"args": [1], "verify": "mine:check"},
            (
                "workload.verify=mine:check: check(found, expected) does not fit its definition check(found) (mine.py:57): too many "
                "positional arguments; it must take two arguments: the result found and the one expected"
            ),
        ),
    ],
)
def test_a_call_that_does_not_fit(user: Path, options: dict[str, Any], said: str) -> None:
    """The definition with its line, the call that a run would make, and what differs."""
    assert _refusal(user, Planned((4096,)), **options) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("make", "make(4096) raised OverflowError: 4096 is too much (mine.py:48 in make)"),
        ("forgets", "forgets(4096) (mine.py:50) returned None"),
    ],
)
def test_an_input_that_cannot_be_made(user: Path, name: str, said: str) -> None:
    """What was passed is named, and each size that a sweep asks for is tried."""
    assert (
        _refusal(user, Planned((4096, 8192)), make_input=f"mine:{name}")
        == f"workload.make_input=mine:{name}: {said}; {PAYLOAD}"
    )


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"inputs": "mine:locks"}, "workload.inputs=mine:locks: input 1[0] (of type lock) cannot be pickled"),
        (
            {"make_input": "mine:lock"},
            "workload.make_input=mine:lock: input (of type lock) cannot be pickled",
        ),
    ],
)
def test_inputs_that_cannot_travel(user: Path, options: dict[str, Any], place: str) -> None:
    """The input is named by its number, and only if a cell of the sweep needs its pickle."""
    assert _refusal(user, Planned((1,), pickles=True), **options).startswith(place)
    _check(user, Planned((1,)), **options)


def test_a_pattern_that_matches_nothing(user: Path) -> None:
    """The folder that was searched is named."""
    assert _refusal(user, inputs="data/*.json") == (
        f"workload.inputs=data/*.json: no file in {user} matches; check the folder and the pattern, such as data/*.json"
    )


def test_a_process_that_ends_within_the_call(user: Path) -> None:
    """The call is named in place of an import."""
    assert "calling mine:leaves() ends the interpreter, as os._exit does: it exited with code 3" in _refusal(
        user, inputs="mine:leaves"
    )


@pytest.mark.parametrize(
    ("inputs", "number"), [("mine:waits", 2), ("mine:generated", 3), ([1, 2, 3, 4], 4), ("*.py", 1)]
)
def test_lists_are_counted(user: Path, inputs: Any, number: int) -> None:
    """Coroutines, generators, lists as typed and files give as many inputs as they hold."""
    assert _check(user, inputs=inputs) == number
