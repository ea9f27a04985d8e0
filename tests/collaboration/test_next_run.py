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
from breakeven.runner.environment.process_table import start_of
from breakeven.runner.host import process_mark
from breakeven.runner.planning.run import Run
from tests import commands
from tests.collaboration.host_runs import function, is_there, marked, wait_for, write_module
from tests.machines import left_behind
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
import sys
from breakeven.runner.engines.local import Local
from dataclasses import replace
from tests.samples import run
engine = Local()
for round_ in range(1000):
    engine.expect(replace(run(sys.executable, model="thread"), round=round_ + 1))
    engine.submit(replace(run(sys.executable, model="thread"), round=round_)).result()
    print(round_, flush=True)
"""


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_a_runner_that_is_killed_leaves_no_interpreter(rounds: int) -> None:
    """Whether it waits already or still starts: its standard input ends with the runner."""
    runner = commands.start(commands.script(SCRIPT))
    assert runner.stdout is not None
    for _ in range(rounds):
        runner.stdout.readline()
    mark = process_mark.Owner(runner.pid, start_of(runner.pid) or 0).mark
    runner.kill()
    runner.communicate()
    wait_for(lambda: not [pid for pid in marked(mark) if is_there(pid)])
    host.clear_leftovers()
