"""Runs of users' functions for the tests of the host, and a look at what they leave behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from breakeven.runner import host
from breakeven.runner.environment.process_table import start_of
from breakeven.runner.host import memory, process_mark
from breakeven.runner.host.processes import all_pids
from breakeven.runner.results import RunResult
from tests.samples import run

_SHARED = Path("/dev/shm")
HEAD = '''
"""A user's module."""
import ctypes, glob, multiprocessing, os, random, resource, signal, sys, time
from pathlib import Path

PARENT = os.getpid()

def apart():
    return multiprocessing.parent_process() is not None

def first():
    """Tell whether this is the first call of all processes."""
    try:
        os.close(os.open(__file__ + ".called", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True

def leave_daemon(then=lambda: os.execve("/bin/sh", ["sh", "-c", "exec sleep 1000"], {})):
    """Fork twice, in a session of its own, with another program and no environment; note its id."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            Path(__file__ + ".part").write_text(str(os.getpid()))
            os.rename(__file__ + ".part", __file__ + ".daemon")
            then()
        os._exit(0)
    os.wait()
    while not os.path.exists(__file__ + ".daemon"):
        time.sleep(0.001)
'''

REACHED = "open(f'{__file__}.reached-{os.getpid()}', 'w').close()"
"""What a function does right before it hangs, on the same line, so that it is known to."""


def function(target: str, **options: Any) -> dict[str, Any]:
    """Return the knobs of a cell that calls ``mine:target``."""
    known: dict[str, Any] = {"target": f"mine:{target}", "args": [], "kwargs": {}, "make_input": None}
    return {"workload": "function", "workload_options": known | options, "task_ns": 0, "payload_bytes": 0}


def write_module(folder: Path, text: str) -> Path:
    """Write ``mine.py``, the user's module, and give its folder."""
    folder.mkdir(exist_ok=True)
    (folder / "mine.py").write_text(HEAD + text)
    return folder


def execute(path: Path, **changes: Any) -> RunResult:
    """Carry out a run; whatever it did, its result can travel, and nothing of it is left."""
    before = left_behind()
    result = host.execute(run(sys.executable, path, **changes))
    assert left_behind() == before
    assert marked(process_mark.own().mark) == []
    assert not [group for group in memory.left_groups() if group.name in before]
    travelled = RunResult.from_bytes(result.to_bytes())
    assert {name: travelled.row[name] for name in result.row} == result.row
    assert travelled.tables == result.tables
    return result


def call(tmp_path: Path, body: str, **changes: Any) -> dict[str, Any]:
    """Carry out a run of a function ``work`` with this body, in two processes joined by pipes; give its row."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    user = write_module(tmp_path / "user", f"\ndef work():\n{lines}\n")
    return dict(execute(user, **function("work") | {"ipc": "pipe"} | changes).row)


def reached(tmp_path: Path) -> list[int]:
    """Return the processes in which a function of `call` did `REACHED`."""
    return [int(path.name.rpartition("-")[2]) for path in (tmp_path / "user").glob("mine.py.reached-*")]


def left_behind() -> set[str]:
    """Return what runs of this process have in shared memory now; other sweeps may be under way."""
    return {path.name for path in _SHARED.glob(f"breakeven-{os.getpid()}-*")} if _SHARED.exists() else set()


def marked(mark: int) -> list[int]:
    """Return the processes that bear a mark."""
    return [pid for pid in all_pids() if process_mark.mark_of(pid) == mark]


def is_there(pid: int) -> bool:
    """Return whether a process lives."""
    return start_of(pid) is not None
