"""Whatever a task raises reaches the row at once, with its own traceback, under every model and engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.runner import host
from breakeven.runner.engines.debug import in_process
from tests.collaboration.host_runs import execute, function, left_behind, write_module
from tests.crews import EVERY_MODEL, MECHANISMS, Mechanism
from tests.patience import AT_ONCE_NS
from tests.samples import run

FUNCTIONS = '''
import asyncio, concurrent.futures, threading

CALLS = [0]

def in_worker():
    return apart() or threading.current_thread() is not threading.main_thread()

class Own(BaseException):
    """An exception beside `Exception`."""

class CannotLeave(Exception):
    def __reduce__(self):
        raise TypeError("it cannot be pickled")

class CannotArrive(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")

class CannotBeSaid(Exception):
    def __str__(self):
        raise SystemExit(3)
    __repr__ = __str__

class Left:
    """A result that raises while it is pickled."""
    def __init__(self, error):
        self.error = error
    def __reduce__(self):
        raise self.error
    def __repr__(self):
        raise ValueError("it cannot be printed either")

def fail(error):
    raise error

class Arrived(Left):
    """A result that raises while it is unpickled."""
    def __reduce__(self):
        return fail, (self.error,)

def deeper():
    return deeper()

def chained():
    try:
        {}["key"]
    except KeyError as error:
        raise ValueError("because of it") from error

def work(what):
    CALLS[0] += 1
    if in_worker() or ALONE and CALLS[0] > 12:
        return eval(what)
    return 1
'''

RAISED = {
    "sys.exit(5)": "SystemExit: 5",
    "sys.exit(0)": "SystemExit: 0",
    "fail(KeyboardInterrupt('mine'))": "KeyboardInterrupt: mine",
    "fail(concurrent.futures.CancelledError())": "CancelledError",
    "fail(asyncio.CancelledError())": "CancelledError",
    "fail(GeneratorExit())": "GeneratorExit",
    "fail(Own('mine'))": "Own: mine",
    "fail(StopIteration(3))": "StopIteration: 3",
    "fail(StopAsyncIteration())": "StopAsyncIteration",
    "fail(CannotLeave('x'))": "CannotLeave: x",
    "fail(CannotArrive(1, 2))": "CannotArrive: 1 and 2",
    "fail(CannotBeSaid())": "CannotBeSaid",
    "fail(MemoryError())": "MemoryError",
    "deeper()": "RecursionError",
    "chained()": "ValueError: because of it",
    "fail(ValueError('x' * 10**6))": "ValueError: xxx",
    "fail(multiprocessing.TimeoutError('mine'))": "TimeoutError: mine",
}
RETURNED = {
    "lambda: 1": "pickle",
    "Left(TypeError('stay'))": "TypeError: stay",
    "Left(IndexError('stay'))": "IndexError: stay",
    "Left(SystemExit(7))": "SystemExit: 7",
    "Left(CannotArrive(1, 2))": "CannotArrive: 1 and 2",
    "Arrived(TypeError('stay'))": "TypeError: stay",
    "Arrived(FileNotFoundError('stay'))": "FileNotFoundError: stay",
    "Arrived(SystemExit(4))": "SystemExit: 4",
    "Arrived(KeyboardInterrupt('stay'))": "KeyboardInterrupt: stay",
}
ONCE = [mechanism for mechanism in EVERY_MODEL if mechanism.start_method in (None, "fork")]
OTHERS = [mechanism for mechanism in MECHANISMS if mechanism not in ONCE]
PICKLING = [mechanism for mechanism in OTHERS if mechanism.start_method or mechanism.ipc == "pipe"]
IMPORTING = [mechanism for mechanism in EVERY_MODEL if mechanism.start_method not in (None, "fork")]
SEVERAL = [mechanism for mechanism in EVERY_MODEL if mechanism.workers > 1 and not mechanism.alone]


def _row(tmp_path: Path, mechanism: Mechanism, what: str) -> dict[str, Any]:
    user = write_module(tmp_path / "user", f"ALONE = {mechanism.alone}\n{FUNCTIONS}")
    changes = function("work", args=[what]) | mechanism._asdict() | {"workers": mechanism.workers}
    return dict(execute(user, **changes).row)


def _check(row: dict[str, Any], told: str) -> None:
    assert (row["status"], told in row["reason"]) == ("failed", True), row["reason"]
    assert row["wall_ns"] < AT_ONCE_NS


@pytest.mark.parametrize("mechanism", ONCE, indirect=True, ids=str)
@pytest.mark.parametrize("what", RAISED)
def test_what_a_task_raises_is_told(tmp_path: Path, mechanism: Mechanism, what: str) -> None:
    """Its type, its message and the line of the user's file."""
    row = _row(tmp_path, mechanism, what)
    _check(row, RAISED[what])
    assert "mine.py" in row["reason"] + str(row["stderr"])


@pytest.mark.parametrize("mechanism", [found for found in ONCE if found.start_method], indirect=True, ids=str)
@pytest.mark.parametrize("what", RETURNED)
def test_a_result_that_cannot_travel_is_told(tmp_path: Path, mechanism: Mechanism, what: str) -> None:
    """Whichever side it fails on, and with whatever."""
    _check(_row(tmp_path, mechanism, what), RETURNED[what])


@pytest.mark.parametrize("mechanism", OTHERS, indirect=True, ids=str)
@pytest.mark.parametrize("what", ["sys.exit(5)", "fail(CannotArrive(1, 2))"])
def test_so_it_is_over_every_channel_and_start_method(
    tmp_path: Path, mechanism: Mechanism, what: str
) -> None:
    """What a task raises travels in the same way over each."""
    _check(_row(tmp_path, mechanism, what), RAISED[what])


@pytest.mark.parametrize("mechanism", PICKLING, indirect=True, ids=str)
def test_a_result_that_cannot_be_read_is_told_by_every_channel_that_pickles(
    tmp_path: Path, mechanism: Mechanism
) -> None:
    """Threads that pass references never pickle it."""
    _check(_row(tmp_path, mechanism, "Arrived(IndexError('stay'))"), "IndexError: stay")


@pytest.mark.parametrize("mechanism", IMPORTING, indirect=True, ids=str)
def test_what_the_users_module_raises_in_a_worker_alone_is_told(tmp_path: Path, mechanism: Mechanism) -> None:
    """While workers are set up: a pool would start others for ever, or break without a word."""
    user = write_module(tmp_path / "user", "if apart(): sys.exit(6)\ndef work(): pass\n")
    row = execute(user, **function("work") | mechanism._asdict()).row
    _check(dict(row), "SystemExit: 6")
    assert "raised while it was set up" in row["reason"]
    assert "mine.py" in row["reason"]


@pytest.mark.parametrize("mechanism", ONCE, indirect=True, ids=str)
@pytest.mark.parametrize(
    "what", ["sys.exit(5)", "fail(KeyboardInterrupt('mine'))", "fail(CannotArrive(1, 2))"]
)
def test_so_it_is_in_the_debug_engine(
    tmp_path: Path, mechanism: Mechanism, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the sweep's own process measures, and goes on."""
    user = write_module(tmp_path / "user", f"ALONE = {mechanism.alone}\n{FUNCTIONS}")
    monkeypatch.delitem(__import__("sys").modules, "mine", raising=False)
    before = left_behind()
    changes = function("work", args=[what]) | mechanism._asdict() | {"workers": mechanism.workers}
    row = host.execute(run("python", user, **changes), conduct=in_process).row
    _check(dict(row), RAISED[what])
    assert left_behind() == before


@pytest.mark.parametrize("mechanism", [found for found in ONCE if found.start_method], indirect=True, ids=str)
def test_a_worker_that_dies_does_not_take_the_debug_engine_along(
    tmp_path: Path, mechanism: Mechanism, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep's own process goes on, with a row of the worker's end."""
    user = write_module(tmp_path / "user", "def work(): apart() and os._exit(9)\n")
    monkeypatch.delitem(__import__("sys").modules, "mine", raising=False)
    before = left_behind()
    row = host.execute(run("python", user, **function("work") | mechanism._asdict()), conduct=in_process).row
    assert row["status"] == "crashed"
    assert "exited with code 9 in the middle of the run" in row["reason"]
    assert left_behind() == before


@pytest.mark.parametrize("mechanism", SEVERAL, indirect=True, ids=str)
@pytest.mark.parametrize("late", ["False", "True"])
def test_nobody_waits_for_the_other_workers(tmp_path: Path, mechanism: Mechanism, late: str) -> None:
    """A worker in the middle of an hour's sleep does not delay the error of the other one, with an earlier task or later."""
    sleeper = f"in_worker() and (first() != {late} and (time.sleep(0.3), sys.exit(5)) or time.sleep(3600))"
    user = write_module(tmp_path / "user", f"ALONE = False\n{FUNCTIONS}\ndef one():\n    {sleeper}\n")
    _check(dict(execute(user, **function("one") | mechanism._asdict()).row), "SystemExit: 5")
