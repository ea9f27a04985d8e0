"""Pools that live for one map: their start and end are part of each trial, and nothing of them is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.cell import models
from breakeven.runner.cell.compatibility import why_not
from breakeven.runner.cell.spaces import PROCESSES
from breakeven.runner.planning.sources import why_impossible
from tests.collaboration.host_runs import execute, function, write_module
from tests.crews import MECHANISMS, Mechanism
from tests.samples import cell

POOLS = [one for one in MECHANISMS if "lifetime" in models.load(one.model).OPTIONS]
ONCE = [one for one in POOLS if one.start_method in (None, "fork")]
MODULE = """
def work():
    return sum(range(20000))

def fail():
    import threading
    if apart() or threading.current_thread() is not threading.main_thread():
        raise ValueError("no such luck")

def die():
    if apart():
        os._exit(9)
"""


def _execute(tmp_path: Path, mechanism: Mechanism, target: str, **changes: Any) -> Any:
    user = write_module(tmp_path / "user", MODULE)
    options = {"lifetime": "per_map", "chunksize": None, **changes.pop("options", {})}
    own = mechanism._asdict() | {"model_options": options, "workers": 2, "tasks": 8}
    return execute(user, **function(target) | own | changes)


@pytest.mark.parametrize("mechanism", POOLS, ids=str)
def test_start_and_end_are_phases_of_a_trial(tmp_path: Path, mechanism: Mechanism) -> None:
    """Workers start in it, and phases fill its time; what a worker takes to start is stored as of a pool that persists."""
    result = _execute(tmp_path, mechanism, "work", affinity="scatter")
    row = result.row
    assert (row["status"], row["reason"]) == ("ok", None), row["stderr"]
    assert row["stderr"] in (None, ""), row["stderr"]
    trials = {trial["trial"]: trial for trial in result.tables["trials"].to_pylist()}
    spans = [span for span in result.tables["spans"].to_pylist() if span["trial"] >= 0]
    sums: dict[tuple[int, int], int] = {}
    for span in spans:
        key = span["trial"], span["worker"]
        sums[key] = sums.get(key, 0) + span["duration_ns"]
    assert sums
    for (trial, _), total in sums.items():
        assert total == pytest.approx(trials[trial]["wall_ns"], rel=0.02)
    phases = {(span["worker"] >= 0, span["phase"]) for span in spans}
    assert {(True, "startup"), (True, "compute"), (False, "startup"), (False, "teardown")} <= phases
    assert 0 < row["startup_ns"] < row["wall_ns"]
    if mechanism.start_method in ("fork", "spawn"):  # a fork server reaps them: they are not counted
        assert min(trial["cpu_ns"] for trial in trials.values()) > 0


@pytest.mark.parametrize("call", ["map", "submit", "imap", "imap_unordered"])
@pytest.mark.parametrize("mechanism", ONCE, ids=str)
def test_every_call_has_a_pool_of_its_own(tmp_path: Path, mechanism: Mechanism, call: str) -> None:
    """The results are right whichever call hands out the tasks."""
    if call not in models.load(mechanism.model).OPTIONS["call"].split("|"):
        return
    row = _execute(tmp_path, mechanism, "work", options={"call": call}).row
    assert (row["status"], row["reason"]) == ("ok", None), row["stderr"]


@pytest.mark.parametrize("mechanism", ONCE, ids=str)
def test_what_a_task_raises_is_the_reason(tmp_path: Path, mechanism: Mechanism) -> None:
    """In the user's words, with the line of the file."""
    row = _execute(tmp_path, mechanism, "fail").row
    assert (row["status"], "ValueError: no such luck" in row["reason"]) == ("failed", True), row["reason"]
    assert "mine.py" in row["reason"]


@pytest.mark.parametrize(
    "mechanism", [one for one in ONCE if models.load(one.model).SPACE == PROCESSES], ids=str
)
@pytest.mark.parametrize("call", ["map", "submit"])
def test_a_worker_that_dies_ends_the_run(tmp_path: Path, mechanism: Mechanism, call: str) -> None:
    """`multiprocessing.Pool` would start another one and wait for ever."""
    row = _execute(tmp_path, mechanism, "die", options={"call": call}).row
    assert row["status"] == "crashed", row["reason"]
    assert "exited with code 9 in the middle of the run" in row["reason"]


@pytest.mark.parametrize("mechanism", ONCE, ids=str)
def test_only_a_map_has_a_pool_of_its_own(mechanism: Mechanism) -> None:
    """Windows, messages and hooks need workers that are there before."""
    options = {"lifetime": "per_map", "chunksize": None}
    for pattern in ("window", "pingpong"):
        reason = why_not(**mechanism._asdict(), pattern=pattern, workers=1, model_options=options)
        assert (
            reason == "model.lifetime=per_map makes a pool for each map of tasks, which only pattern=map has"
        )
    hooked = cell(**function("work", before="mine:fail") | mechanism._asdict() | {"model_options": options})
    assert str(why_impossible(hooked)).startswith("workload.before is called by each worker before or after")
