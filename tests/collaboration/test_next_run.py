"""The interpreter of the next run starts while the last result is stored: it measures nothing, and is never left behind."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from breakeven.runner import host
from breakeven.runner.engines.local import Local
from breakeven.runner.host import process_mark
from breakeven.runner.host.processes import all_pids
from breakeven.runner.planning.run import Run
from tests import commands
from tests.collaboration.host_runs import function, is_there, left_behind, marked, write_module
from tests.patience import wait_for
from tests.samples import run


@pytest.fixture
def engine() -> Iterator[Local]:
    """Provide the engine; whatever a test did with it, nothing of it is left."""
    before = left_behind()
    made = Local()
    yield made
    made.close()
    assert left_behind() == before
    assert ours() == []


def ours() -> list[int]:
    """Return the processes of this runner's runs."""
    return marked(process_mark.own().mark)


def noting(folder: Path, round_: int = 0, **changes: object) -> Run:
    """Return a run whose function notes that it was called, and in which process."""
    user = write_module(
        folder, "\ndef work():\n    Path(__file__ + '.called').write_text(str(os.getpid()))\n"
    )
    return replace(run(sys.executable, user, model="thread", **function("work") | changes), round=round_)


def test_the_interpreter_of_the_next_run_waits_for_it(tmp_path: Path, engine: Local) -> None:
    """It is there when the last result is, has called nothing, and is the one that measures."""
    first, second = noting(tmp_path / "first"), noting(tmp_path / "second", 1)
    engine.expect(second)
    assert engine.submit(first).result().status == "ok"
    [waiting] = ours()
    assert not (tmp_path / "second/mine.py.called").exists()
    assert engine.submit(second).result().status == "ok"
    assert int((tmp_path / "second/mine.py.called").read_text()) == waiting
    assert ours() == []


def test_an_interpreter_whose_run_does_not_come_is_ended(tmp_path: Path, engine: Local) -> None:
    """Another round has another hash seed, so it gets an interpreter of its own."""
    engine.expect(noting(tmp_path / "same", 1))
    engine.submit(noting(tmp_path / "same")).result()
    [unused] = ours()
    result = engine.submit(noting(tmp_path / "same", 2)).result()
    assert result.status == "ok"
    assert int((tmp_path / "same/mine.py.called").read_text()) != unused
    assert not is_there(unused)


@pytest.mark.parametrize("limit", [None, 1 << 30])
def test_an_engine_that_is_closed_ends_the_interpreter_that_waits(
    tmp_path: Path, engine: Local, limit: int | None
) -> None:
    """Its folder and its control group go as well; to close twice does nothing."""
    engine.expect(noting(tmp_path, 1, memory_limit_bytes=limit))
    engine.submit(noting(tmp_path)).result()
    [unused] = ours()
    engine.close()
    assert not is_there(unused)
    assert not [group for group in host.memory.left_groups() if f"-{os.getpid()}-" in group.name]


def test_nothing_is_prepared_after_a_run_that_was_given_up(tmp_path: Path, engine: Local) -> None:
    """The engine is about to be closed then."""
    user = write_module(tmp_path, "\ndef work():\n    Path(__file__ + '.called').touch(); time.sleep(1000)\n")
    engine.expect(noting(tmp_path / "next"))
    future = engine.submit(run(sys.executable, user, model="thread", **function("work")))
    wait_for((tmp_path / "mine.py.called").exists)
    host.abandon()
    with pytest.raises(host.Abandoned):
        future.result()
    assert ours() == []


def test_a_run_that_cannot_be_prepared_is_reported_when_it_is_due(tmp_path: Path, engine: Local) -> None:
    """The result of the run before it is not lost to that."""
    gone = run(str(tmp_path / "python"))
    engine.expect(gone)
    assert engine.submit(noting(tmp_path / "first")).result().status == "ok"
    assert ours() == []
    assert (
        engine.submit(gone).result().row["reason"].endswith("could not be started: No such file or directory")
    )


def test_an_interpreter_that_ends_while_it_waits_is_a_crash_of_its_run(tmp_path: Path, engine: Local) -> None:
    """As if it had ended right after its start."""
    second = noting(tmp_path / "second", 1)
    engine.expect(second)
    engine.submit(noting(tmp_path / "first")).result()
    [waiting] = ours()
    os.kill(waiting, signal.SIGKILL)
    row = engine.submit(second).result().row
    assert (row["status"], row["signal"]) == ("crashed", "SIGKILL")


SCRIPT = """
import importlib, os, signal, sys
from dataclasses import replace
from breakeven.runner.engines.local import Local
from tests.patience import wait_for
from tests.samples import run
module, name, when = sys.argv[1:]
holder = importlib.import_module("breakeven.runner.host." + module)
*inner, name = name.split(".")
holder = getattr(holder, inner[0]) if inner else holder
original, calls = getattr(holder, name), []
def killing(*arguments, **named):
    calls.append(name)
    if len(calls) == 3 and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = original(*arguments, **named)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(holder, name, killing)
engine = Local()
for round_ in range(5):
    engine.expect(replace(run(sys.executable, model="thread"), round=round_ + 1))
    engine.submit(replace(run(sys.executable, model="thread"), round=round_)).result()
"""
MOMENTS = [
    ("preparation", "Next.start"),
    ("child", "_start"),
    ("child", "hold"),
    ("process_mark", "put_mark"),
    ("execution", "_digest"),
    ("execution", "_refuse_outdated"),
    ("preparation", "Next.take"),
    ("child", "_feed"),
    ("child", "_wait"),
    ("child", "judge"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("module", "name"), MOMENTS)
def test_a_runner_that_is_killed_leaves_no_interpreter(module: str, name: str, when: str) -> None:
    """At whatever step: the one that waits reads the end of its input, and the one that measures dies with its parent."""
    token = f"BREAKEVEN_TEST_{module}_{name}_{when}"
    runner = commands.run(commands.script(SCRIPT, module, name, when), added={token: "x"})
    assert runner.returncode == -signal.SIGKILL
    wait_for(lambda: not [pid for pid in all_pids() if is_there(pid) and token in _environment(pid)])
    host.clear_leftovers()


def _environment(pid: int) -> str:
    """Return the variables of a process, also of one that has no mark yet; empty if it is gone or another user's."""
    try:
        return Path(f"/proc/{pid}/environ").read_text(errors="replace")
    except OSError:
        return ""
