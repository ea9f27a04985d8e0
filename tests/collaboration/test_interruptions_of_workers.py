"""Real runs in which workers note when they are interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import pandas as pd
import pytest

from breakeven.runner.cell import models
from breakeven.runner.cell.compatibility import why_not
from breakeven.runner.cell.patterns._abc import Knobs
from breakeven.runner.cell.patterns.switching import Notes, Switching, observe
from breakeven.runner.results import RunResult
from tests.collaboration.host_runs import execute
from tests.crews import EVERY_MODEL, PACKAGED, Mechanism
from tests.options import options_of
from tests.patience import PATIENCE_NS
from tests.samples import QUICK

WINDOW: dict[str, Any] = {
    "pattern": "switching",
    "pattern_options": {"gap": 20_000},
    "window_ns": 200_000_000,
    "tasks": 0,
    "task_ns": 0,
    "payload_bytes": 0,
    "payload_out_bytes": 0,
}
POSSIBLE = [one for one in (*EVERY_MODEL, *PACKAGED) if models.load(one.model).SPACE in Switching.SPACES]
QUANTITIES = [quantity.name for quantity in Switching.QUANTITIES]
SEVERAL = replace(QUICK, min_trials=6, max_trials=6, max_time_ns=PATIENCE_NS)
SHORT_NS = 50_000_000
"""A window for what holds in any; how long threads run is asked in longer ones."""


def _run(mechanism: Mechanism, folder: Path, **changes: Any) -> RunResult:
    own = {
        **mechanism._asdict(),
        "workers": mechanism.workers,
        "model_options": options_of("model", mechanism.model),
    }
    result = execute(folder, **own | WINDOW | changes)
    assert (result.row["status"], result.row["reason"]) == ("ok", None), result.row["stderr"]
    return result


def _seen(result: RunResult, kind: str = "parallel") -> pd.DataFrame:
    """Return what trials of a kind observed, a row a trial and a column a quantity."""
    trials = result.tables["trials"].to_pandas()
    seen = result.tables["observations"].to_pandas().merge(trials[["trial", "kind"]])
    wide: pd.DataFrame = seen[seen["kind"].eq(kind)].pivot_table(
        index="trial", columns="quantity", values="value"
    )
    return wide


@pytest.mark.parametrize("mechanism", POSSIBLE, ids=str)
def test_every_model_notes_interruptions_and_its_budget_closes(tmp_path: Path, mechanism: Mechanism) -> None:
    """Both kinds of trial have all quantities; the phases of each worker add up to its traced trials."""
    result = _run(mechanism, tmp_path, window_ns=SHORT_NS)
    for kind in ("serial", "parallel"):
        seen = _seen(result, kind).median()
        assert sorted(seen.index) == sorted(QUANTITIES)
        assert seen["run_p50_ns"] <= seen["run_p99_ns"] <= seen["run_max_ns"] <= 2 * SHORT_NS
        assert 0 < seen["fairness_share"] <= 1
        assert seen["switches_per_s"] > 0
    spans = result.tables["spans"].to_pandas()
    walls = result.tables["trials"].to_pandas().set_index("trial")["wall_ns"]
    of_workers = spans[spans["trial"].ge(0) & spans["worker"].ge(0)]
    for (trial, _), total in of_workers.groupby(["trial", "worker"])["duration_ns"].sum().items():
        assert total == pytest.approx(walls[trial], rel=0.02)


def test_a_worker_that_is_served_when_the_window_is_over_works_all_the_same() -> None:
    """On a busy machine all of them may be: each has one turn, which is a rate."""
    pattern = Switching({"gap": 20_000}, Knobs(2, 0, 1))
    notes = pattern._compute(perf_counter_ns() - 10**9)
    assert notes.turns == 1
    assert notes.busy_ns > 10**9
    assert 0 < notes.ran_ns < notes.busy_ns


def test_threads_run_for_the_switch_interval(tmp_path: Path) -> None:
    """Two threads that compute hand over the GIL when it is over: a short one is the median run, in a longer one they run longer.

    It is shorter than what the system gives a thread before others have their turn, if they keep the CPUs busy. Those
    disturb a trial, but not all of them.
    """
    threads, runs = Mechanism("thread", None, "queue"), {}
    for interval_ns in (1_000_000, 20_000_000):
        seen = _seen(_run(threads, tmp_path, switch_interval_ns=interval_ns, measure=SEVERAL))
        runs[interval_ns] = seen["run_p50_ns"]
        assert seen["fairness_share"].max() > 0.5
    assert runs[1_000_000].between(500_000, 1_600_000).any()
    assert runs[20_000_000].max() > 1.5 * runs[1_000_000].min()


@pytest.mark.parametrize("model", ["serial", "asyncio"])
def test_workers_in_the_parents_thread_interrupt_nobody(model: str) -> None:
    """There is one thread, so the cell cannot exist."""
    ipc = "none" if model == "serial" else "asyncio_queue"
    reason = why_not(model=model, start_method=None, ipc=ipc, pattern="switching", workers=1)
    assert reason is not None
    assert reason.startswith("pattern=switching needs workers that are threads, interpreters or processes")


def _notes(runs: list[int], ran_ns: int, busy_ns: int = 1_000_000_000) -> Notes:
    return Notes(1, busy_ns, ran_ns, b"".join(run.to_bytes(8, "little") for run in runs))


def test_runs_of_all_workers_count_together() -> None:
    """Percentiles are over runs; the interruptions are those of a second; the share is by the mean."""
    seen = {one.quantity: one.value for one in observe([_notes([5, 5, 5], 300), _notes([9], 100)])}
    assert (seen["run_p50_ns"], seen["run_p99_ns"], seen["run_max_ns"]) == (5, 9, 9)
    assert seen["switches_per_s"] == 4
    assert seen["fairness_share"] == 0.5


def test_a_worker_that_nobody_interrupts_has_one_run() -> None:
    """It is as long as the window was for it; the rate of interruptions is not zero, since it has a logarithm."""
    seen = {one.quantity: one.value for one in observe([_notes([], 700)])}
    assert seen["run_p50_ns"] == seen["run_max_ns"] == 700
    assert seen["switches_per_s"] == 0.5
