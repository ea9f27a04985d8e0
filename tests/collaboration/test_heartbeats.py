"""Real runs that keep ticks on the main thread while workers of every kind work."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from breakeven.runner.cell import models
from breakeven.runner.cell.compatibility import why_not
from breakeven.runner.cell.errors import TaskFailed
from breakeven.runner.cell.models._beside import Beside
from breakeven.runner.cell.patterns.heartbeat import Heartbeat
from breakeven.runner.results import RunResult
from tests import commands
from tests.collaboration.host_runs import execute, function, write_module
from tests.crews import EVERY_MODEL, PACKAGED, Mechanism
from tests.options import options_of
from tests.patience import PATIENCE_NS, PATIENCE_S, wait_for
from tests.samples import QUICK

TICKS: dict[str, Any] = {
    "pattern": "heartbeat",
    "pattern_options": {"hz": 200},
    "window_ns": 50_000_000,
    "tasks": 0,
}
"""Ten ticks in a trial."""
SLOWER: dict[str, Any] = {"pattern_options": {"hz": 100}, "window_ns": 100_000_000}
"""As many, beside calls that take longer."""
SEVERAL = replace(QUICK, min_trials=6, max_trials=6, max_time_ns=PATIENCE_NS)
WITH_WORKERS = [one for one in (*EVERY_MODEL, *PACKAGED) if models.load(one.model).SPACE in Heartbeat.SPACES]
QUANTITIES = [quantity.name for quantity in Heartbeat.QUANTITIES]
MANY = 100
"""More calls than are made before the first trial."""

MODULE = """
def hold():
    sum(range(4_000_000))  # one call of C code, which holds the GIL
    return 1

def rest():
    time.sleep(0.002)
    return 2

def mark():
    time.sleep(0.005)
    with open("marks", "a") as file:
        file.write("x")

def fail():
    if not first():
        raise ValueError("no such luck")
"""


def _observed(result: RunResult, kind: str) -> pd.DataFrame:
    trials = result.tables["trials"].to_pandas()
    seen = result.tables["observations"].to_pandas().merge(trials[["trial", "kind", "warmup", "traced"]])
    wide: pd.DataFrame = seen[seen["kind"].eq(kind)].pivot_table(
        index="trial", columns="quantity", values="value"
    )
    return wide


def _run(mechanism: Mechanism, folder: Path, **changes: Any) -> RunResult:
    own = {
        **mechanism._asdict(),
        "workers": mechanism.workers,
        "model_options": options_of("model", mechanism.model),
    }
    result = execute(folder, **own | TICKS | changes)
    assert (result.row["status"], result.row["reason"]) == ("ok", None), result.row["stderr"]
    return result


@pytest.mark.parametrize("mechanism", WITH_WORKERS, ids=str)
def test_every_model_keeps_ticks_and_its_budget_closes(tmp_path: Path, mechanism: Mechanism) -> None:
    """Every trial has all quantities; the phases of each worker and of the parent add up to its traced trials."""
    result = _run(mechanism, tmp_path)
    for kind in ("serial", "parallel"):
        seen = _observed(result, kind)
        assert set(seen) == set(QUANTITIES)
        assert seen["missed_share"].between(0, 1).all()
        assert (seen["lateness_p50_ns"] <= seen["lateness_p99_ns"]).all()
        assert (seen["lateness_p99_ns"] <= seen["lateness_max_ns"]).all()
    spans = result.tables["spans"].to_pandas()
    walls = result.tables["trials"].to_pandas().set_index("trial")["wall_ns"]
    sums = spans[spans["trial"].ge(0)].groupby(["trial", "worker"])["duration_ns"].sum()
    assert set(sums.index.get_level_values("worker")) == {-1, *range(mechanism.workers)}
    for (trial, _), total in sums.items():
        assert total == pytest.approx(walls[trial], rel=0.02)


def test_the_parents_phases_are_those_of_the_thread_that_hands_out(tmp_path: Path) -> None:
    """It sends and waits in a trial in which the main thread does neither."""
    result = _run(Mechanism("process", "fork", "pipe"), tmp_path)
    spans = result.tables["spans"].to_pandas()
    parent = spans[spans["worker"].eq(-1) & spans["trial"].ge(0)]
    assert {"serialize", "send", "wait"} <= set(parent["phase"])


def test_a_call_that_holds_the_gil_holds_up_the_main_thread_and_processes_do_not(tmp_path: Path) -> None:
    """In threads ticks wait for a whole call, as without workers; beside processes and work that rests they do not.

    Whoever else uses the CPUs can only make ticks later: what a call does to them is in the trial that was disturbed least.
    """
    user = write_module(tmp_path / "user", MODULE)
    late = {}
    for name, target, mechanism in (
        ("threads", "hold", Mechanism("thread", None, "queue")),
        ("processes", "hold", Mechanism("process", "fork", "queue")),
        ("resting", "rest", Mechanism("thread", None, "queue")),
    ):
        result = _run(mechanism, user, **function(target), **SLOWER, workers=1, measure=SEVERAL)
        late[name] = _observed(result, "parallel")["lateness_p50_ns"].min()
        if target == "hold":
            late["alone"] = _observed(result, "serial")["lateness_p50_ns"].min()
    assert late["threads"] > 3 * late["processes"], late
    assert late["threads"] > 3 * late["resting"], late
    assert late["alone"] > 3 * late["processes"], late


@pytest.mark.parametrize("mechanism", EVERY_MODEL, ids=str)
def test_what_a_worker_raises_is_the_reason(tmp_path: Path, mechanism: Mechanism) -> None:
    """It is raised in another thread of the parent, and reaches the main one."""
    if mechanism not in WITH_WORKERS:
        pytest.skip("calls tasks in the parent's own thread")
    user = write_module(tmp_path / "user", MODULE)
    own = {
        **mechanism._asdict(),
        "workers": mechanism.workers,
        "model_options": options_of("model", mechanism.model),
    }
    row = execute(user, **own | TICKS | function("fail")).row
    assert row["status"] == "failed"
    assert "ValueError: no such luck" in row["reason"]


def test_one_thread_cannot_do_both() -> None:
    """The model serial has no thread beside its task."""
    reason = why_not(model="serial", start_method=None, ipc="none", pattern="heartbeat", workers=1)
    assert reason == (
        "pattern=heartbeat needs workers that are threads, tasks of one event loop, interpreters or processes; "
        "those of model=serial are in the parent's own thread"
    )


def test_the_other_thread_passes_on_what_it_raised() -> None:
    """Whatever it is, to who waits for the results."""

    def carry_out() -> list[tuple[int, Any]]:
        raise TaskFailed("it broke")

    other = Beside(carry_out)
    other.start()
    with pytest.raises(TaskFailed, match="it broke"):
        other.result()


@pytest.mark.parametrize("model", ["thread", "process", "process_pool", "mp_pool"])
def test_ctrl_c_ends_a_sweep_in_the_middle_of_a_trial(tmp_path: Path, model: str) -> None:
    """Also if the measured side is the command's own process, whose main thread keeps the ticks."""
    user = write_module(tmp_path / "user", MODULE)
    work = ["workload=function", "workload.target=mine:mark", "payload=0", f"model={model}", "engine=debug"]
    long = ["pattern=heartbeat", "window=60s", "measure.max_time=10min", "limits.time=30min", "sweep=mine"]
    process = commands.start(commands.module("breakeven", *work, *long, "progress=quiet"), user)
    try:
        marks = user / "marks"
        wait_for(lambda: process.poll() is not None or (marks.exists() and marks.stat().st_size >= MANY))
        assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
    finally:
        process.kill()
        process.communicate()
