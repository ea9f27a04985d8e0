"""Interpreters of one process, in runs by a Python that has them, whichever one runs the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.runner import host
from breakeven.runner.cell import channels
from breakeven.runner.cell.channels._sync import KINDS
from breakeven.runner.cell.spaces import INTERPRETERS
from breakeven.runner.results import RunResult
from tests.collaboration.host_runs import function, left_behind, write_module
from tests.machines import newest
from tests.options import options_of
from tests.samples import run

USER = """
def sub():
    import _interpreters
    return _interpreters.get_current()[0] != 0

def whole():
    time.sleep(0.001)
    return [1, "a", {"b": 2.5}]

def fails():
    if sub():
        raise ValueError("no such thing")

def exits():
    if sub():
        sys.exit(3)

def refused():
    import faulthandler

def before():
    if sub():
        raise KeyError("hook")

def dies():
    if sub():
        os._exit(7)
"""


JOINING = [name for name in channels.REGISTRY if INTERPRETERS in channels.load(name).JOINS]
WAYS = [("interpreter", name) for name in JOINING] + [("interpreter_pool", "native")]


def _execute(user: Path, way: tuple[str, str], **changes: Any) -> RunResult:
    """Carry out a run, of which nothing is left."""
    model, ipc = way
    before = left_behind()
    path = write_module(user, "HEAD = 0\n" + USER)
    known: dict[str, Any] = {
        "model": model,
        "start_method": None,
        "model_options": options_of("model", model),
        "ipc": ipc,
        "ipc_options": options_of("ipc", ipc),
        "tasks": 4,
    }
    result = host.execute(run(newest(since=(3, 14)), path, **known | changes))
    assert left_behind() == before
    return result


@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_objects_and_bytes_cross_to_interpreters_and_back(tmp_path: Path, way: tuple[str, str]) -> None:
    """Results are verified, all workers are threads of one process and have lives of their own."""
    for changes in (
        function("whole"),
        {"payload_bytes": 3000, "payload_out_bytes": 70_000},
        {
            "payload_bytes": 3000,
            "pattern": "window",
            "pattern_options": {"bin": 5_000_000},
            "window_ns": 20_000_000,
        },
    ):
        result = _execute(tmp_path, way, **changes)
        assert result.row["status"] == "ok", result.row["reason"]
        workers = result.tables["workers"].to_pylist()
        assert len({worker["pid"] for worker in workers}) == 1
        assert len({worker["thread_id"] for worker in workers}) == len(workers)


@pytest.mark.parametrize("in_flight", [None, 1])
def test_tasks_are_submitted_to_a_pool_of_interpreters(tmp_path: Path, in_flight: int | None) -> None:
    """One by one, and with one under way all are done by one worker at a time."""
    options = {"call": "submit", "in_flight": in_flight}
    result = _execute(tmp_path, ("interpreter_pool", "native"), model_options=options, tasks=20)
    assert result.row["status"] == "ok", result.row["reason"]


@pytest.mark.parametrize("sync", KINDS)
@pytest.mark.parametrize("access", ["copy", "view", "resident"])
def test_interpreters_share_memory_however_they_are_woken(tmp_path: Path, sync: str, access: str) -> None:
    """What each maps or receives a descriptor of is closed when it ends: runs in the same process would keep it."""
    options = options_of("ipc", "shared_memory") | {"sync": sync, "access": access}
    result = _execute(tmp_path, ("interpreter", "shared_memory"), ipc_options=options, payload_bytes=100_000)
    assert result.row["status"] == "ok", result.row["reason"]


@pytest.mark.parametrize("way", [("interpreter", "os_pipe"), ("interpreter_pool", "native")], ids="-".join)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (function("fails"), "ValueError: no such thing"),
        (function("exits"), "SystemExit: 3"),
        (function("refused"), "the module faulthandler refuses to be loaded in an interpreter"),
        (function("whole", before="mine:before"), "workload.before=mine:before raised KeyError: 'hook'"),
        (function("dies"), "exit code 7"),
    ],
    ids=["fails", "exits", "refused", "hook", "dies"],
)
def test_what_goes_wrong_in_an_interpreter_is_said(
    tmp_path: Path, way: tuple[str, str], options: dict[str, Any], said: str
) -> None:
    """What a worker raises, or how it ends, is the run's reason, and the run is over."""
    result = _execute(tmp_path, way, **options)
    assert result.row["status"] != "ok"
    assert said in result.row["reason"]


def test_an_interpreter_has_a_lock_of_its_own(tmp_path: Path) -> None:
    """Each worker says of itself what holds in its interpreter: a lock, and the switch interval asked for."""
    result = _execute(tmp_path, ("interpreter", "os_pipe"), switch_interval_ns=7_000_000)
    assert result.row["status"] == "ok", result.row["reason"]
    workers = result.tables["workers"].to_pylist()
    assert {(worker["gil_enabled"], worker["switch_interval_ns"]) for worker in workers} == {
        (True, 7_000_000)
    }
