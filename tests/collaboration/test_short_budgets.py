"""Real sweeps whose budget is over before the first run: one line says so and how much it takes, and nothing says otherwise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from breakeven.base.units import read_time
from tests.commands import Command

QUICK = (
    *("model=thread", "workers=2", "tasks=1", "sweep=mine"),
    *("measure.min_trials=1", "measure.warmup=0", "measure.max_warmup=0", "measure.traced=0"),
)
KINDS = {
    "rounds of a number": (*QUICK, "workload=sleep", "task=5ms", "rounds=2"),
    "rounds by a rule": (*QUICK, "workload=sleep", "task=5ms", "precision=99%"),
    "calibrated": (*QUICK, "task=5ms", "rounds=1"),
    "race": (*QUICK, "workload=sleep", "task=5ms", "hydra/sweeper=race"),
    "bisection": (
        *QUICK,
        "workload=sleep",
        "hydra/sweeper=bisect",
        "hydra.sweeper.between=[4ms,8ms]",
    ),
}
TOO_SHORT = re.compile(
    r"the budget of 1ms is over before the first run, which takes about [\d.]+\w+( after [\d.]+\w+ of preparation)?; "
    r"choose a budget of at least ([\d.]+\w+)"
)


@pytest.mark.parametrize("words", KINDS.values(), ids=KINDS)
def test_a_budget_that_holds_no_run_says_so(
    command_here: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Whatever chooses the runs; `status` does not call that done, and nobody is told to type the same again."""
    done = command_here(*words, "budget=1ms")
    assert done.returncode == 0, done.stderr
    (found,) = filter(None, map(TOO_SHORT.fullmatch, done.stderr.splitlines()))
    status = command_here("status", "--lines", "0", program="breakeven")
    assert "outputs/mine: ended: the budget was over" in status.stdout
    assert re.search(r"^0 ok, \d+ waiting$", status.stdout, re.MULTILINE)
    shown = command_here("show", "outputs/mine", program="breakeven")
    assert shown.returncode == 2
    assert "the last budget was too short for any run: run the sweep again with a longer one" in shown.stderr
    longer = 10 * read_time(found[2], "budget")  # on a machine that is busy, more than it says
    assert command_here(*words, f"budget={longer}ns").returncode == 0
    assert len(list((tmp_path / "outputs/mine/runs").glob("*.parquet"))) >= 1


def test_a_sweep_that_has_some_runs_is_not_told_to_resume_in_vain(
    command_here: Command, tmp_path: Path
) -> None:
    """The summary of what there is says that the last budget was too short; a longer one goes on as ever."""
    words = (*QUICK, "workload=sleep", "task=5ms", "on_change=keep")
    assert command_here(*words, "rounds=1").returncode == 0
    short = command_here(*words, "rounds=3", "budget=1ms")
    assert len(list(filter(None, map(TOO_SHORT.fullmatch, short.stderr.splitlines())))) == 1
    assert "incomplete: 2 of 3 planned runs missing; the last budget was too short" in short.stdout
    assert command_here(*words, "rounds=3", "budget=5min").returncode == 0
    assert len(list((tmp_path / "outputs/mine/runs").glob("*.parquet"))) == 3
    status = command_here("status", "--lines", "0", program="breakeven")
    assert (status.returncode, status.stdout) == (0, "outputs/mine: done\n3 ok\n")
