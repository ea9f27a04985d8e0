"""A signal at any moment of a sweep, to a single call of a Python function: nothing is left behind, and what is said is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakeven.base.layout import SweepPaths
from tests import commands

SCRIPT = """
import os, signal, sys
from breakeven.command import run
from breakeven.runner.sweep.loop import Loop
from breakeven.runner.sweep.session import Session

since, at, calls = sys.argv[1], int(sys.argv[2]), 0
del sys.argv[1:3]

def count(frame, event, argument):
    global calls
    calls += event == "call"
    if calls == at:
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGTERM)

def counting(whole, before):
    def counted(*arguments):
        if before:
            sys.setprofile(count)
        try:
            return whole(*arguments)
        finally:
            sys.setprofile(None if before else count)
    return counted

if since == "begin":
    Session.carry_out = counting(Session.carry_out, before=True)
else:
    Loop.make_runs = counting(Loop.make_runs, before=False)
sys.exit(run())
"""
SHORT = (
    *("model=process", "rounds=1", "tasks=4", "task=100us", "sweep=mine"),
    *("measure.min_trials=2", "measure.max_trials=2", "measure.warmup=0", "measure.max_warmup=0"),
)
MOMENTS = [
    *(("begin", at) for at in (1, 100, 200, 310, 330, 350, 370, 500, 2000, 4000, 8000)),
    *(("end", at) for at in range(1, 140, 12)),
]
"""Since the sweep began: its locks, its plan, its run. Since its last run: its events, its engine, its locks, its outcome."""


@pytest.mark.parametrize(("since", "at"), MOMENTS, ids=str)
def test_a_sweep_that_is_ended_at_any_moment_leaves_nothing_behind(
    tmp_path: Path, since: str, at: int
) -> None:
    """Neither its lock nor a file half written; if it made a run, it says that this is kept, and how to go on."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    ended = commands.run(
        commands.script(SCRIPT, since, str(at), *SHORT), tmp_path, {"TMPDIR": str(temporary)}
    )
    assert ended.returncode == 130, ended.stderr
    assert [*temporary.iterdir()] == []
    assert [path for path in tmp_path.rglob(".*") if path.is_file()] == []
    made = [*SweepPaths(tmp_path / "outputs" / "mine").table("runs").glob("*.parquet")]
    assert not made or "interrupted; what was measured is kept. Resume with: " in ended.stderr
