"""``workload.before`` and ``workload.after`` are called around trials, wherever the function is called in them."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.collaboration.host_runs import execute, function, write_module
from tests.crews import EVERY_MODEL, Mechanism

HOOKS = """
import asyncio, threading

mine = threading.local()

def log(what):
    with open(__file__ + ".log", "a") as file:
        file.write(f"{what} {os.getpid()}-{threading.get_ident()}\\n")

def in_worker():
    return apart() or threading.current_thread() is not threading.main_thread()

def before():
    assert not getattr(mine, "open", False)
    mine.open = True
    log("before")

def after():
    assert mine.open
    mine.open = False
    log("after")

def needs():
    assert mine.open
    return 1

async def later():
    await asyncio.sleep(0)
    mine.open = True

def brief():
    return 1

def slow():
    began = time.perf_counter_ns()
    time.sleep(0.05)
    with open(__file__ + ".slow", "a") as file:
        file.write(f"{began} {time.perf_counter_ns()}\\n")

def fail():
    if in_worker() or ALONE:
        raise LookupError("no database")

def leave():
    if in_worker() or ALONE:
        sys.exit(3)
"""


def _user(folder: Path, mechanism: Mechanism) -> Path:
    return write_module(folder / "user", f"ALONE = {mechanism.alone}\n{HOOKS}")


@pytest.mark.parametrize("mechanism", EVERY_MODEL, ids=str)
def test_whoever_calls_the_function_is_set_up_before_a_trial(tmp_path: Path, mechanism: Mechanism) -> None:
    """Each process and thread by itself, as often as it is torn down again."""
    user = _user(tmp_path, mechanism)
    changes = function("needs", before="mine:before", after="mine:after") | mechanism._asdict()
    row = execute(user, **changes | {"workers": mechanism.workers}).row
    assert row["reason"] is None
    lines = (user / "mine.py.log").read_text().splitlines()
    for caller in {line.split()[1] for line in lines}:
        whats = [line.split()[0] for line in lines if line.split()[1] == caller]
        assert whats == ["before", "after"] * (len(whats) // 2)


@pytest.mark.parametrize("hook", ["before", "after"])
@pytest.mark.parametrize(
    ("target", "said"), [("fail", "LookupError: no database"), ("leave", "SystemExit: 3")]
)
@pytest.mark.parametrize("mechanism", EVERY_MODEL, ids=str)
def test_the_reason_names_the_hook_that_raised(
    tmp_path: Path, mechanism: Mechanism, target: str, said: str, hook: str
) -> None:
    """In its last line, which the summary shows, at once and for whatever is raised.

    Each worker calls both hooks whether a task comes to it or not, so tasks need not be long.
    """
    changes = function("brief", **{hook: f"mine:{target}"}) | mechanism._asdict()
    row = execute(_user(tmp_path, mechanism), **changes | {"workers": mechanism.workers}).row
    assert row["status"] == "failed"
    assert row["reason"].splitlines()[-1].startswith(f"workload.{hook}=mine:{target} raised {said} (mine.py:")


@pytest.mark.parametrize("model", ["thread", "process"])
def test_hooks_take_no_time_of_a_trial_and_may_be_async(tmp_path: Path, model: str) -> None:
    """A hook lies between trials, on the clock that all processes share."""
    mechanism = next(found for found in EVERY_MODEL if found.model == model)
    changes = function("needs", before="mine:later", after="mine:slow") | mechanism._asdict()
    user = _user(tmp_path, mechanism)
    result = execute(user, **changes | {"workers": 2})
    assert result.row["reason"] is None
    hooks = [tuple(map(int, line.split())) for line in (user / "mine.py.slow").read_text().splitlines()]
    trials = result.tables["trials"].to_pylist()
    assert len(hooks) >= len(trials) > 0
    for trial, (began, ended) in product(trials, hooks):
        assert ended <= trial["start_ns"] or began >= trial["start_ns"] + trial["wall_ns"]
