"""Memory a worker in real runs: what loads something is seen, once for each process and not at all for threads."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.cell.memory import descendants, family_bytes, held
from breakeven.runner.cell.patterns.memory import Memory
from breakeven.runner.results import RunResult
from tests.collaboration.host_runs import execute, function, write_module
from tests.crews import EVERY_MODEL, Mechanism

MIB = 1 << 20
USER = """
KEPT = []

def load():
    if not KEPT:
        KEPT.append(bytearray(os.urandom(1 << 20) * 40))
    return len(KEPT[0])
"""
MODELS = [mechanism for mechanism in EVERY_MODEL if mechanism.model != "serial"]


def _run(user: Path, **changes: Any) -> RunResult:
    made = execute(user, pattern="memory", window_ns=20_000_000, tasks=0, **changes)
    assert made.row["status"] == "ok", made.row["reason"]
    return made


def _observed(result: RunResult) -> dict[str, list[float]]:
    """Return the medians over trials by quantity, in MiB: one for each worker, or one of them all."""
    seen = result.tables["observations"].to_pandas()
    medians = seen.groupby(["quantity", "worker"])["value"].median() / MIB
    return {str(name): own.tolist() for name, own in medians.groupby(level="quantity")}


@pytest.mark.parametrize("mechanism", MODELS, ids=str)
def test_every_model_says_what_a_worker_takes(tmp_path: Path, mechanism: Mechanism) -> None:
    """Verified, its budget closed, without activity; processes one by one, threads in all."""
    result = _run(tmp_path, **mechanism._asdict(), payload_bytes=64)
    seen = _observed(result)
    assert seen.pop("added_bytes")[0] > 0
    assert bool(seen) == (mechanism.start_method is not None)
    if seen:
        sizes = zip(seen["private_bytes"], seen["proportional_bytes"], seen["resident_bytes"], strict=True)
        assert [0 < private <= proportional <= resident for private, proportional, resident in sizes] == [
            True
        ] * 2
    trials = result.tables["trials"].to_pandas().set_index("trial")
    spans = result.tables["spans"].to_pandas()
    sums = spans[spans.trial >= 0].groupby(["trial", "worker"]).duration_ns.sum().unstack("worker")
    error = sums.div(trials.wall_ns[sums.index], axis=0) - 1
    assert error.abs().to_numpy().max() < 0.02
    assert "activity" not in result.tables


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_what_a_call_loads_counts_in_each_process(tmp_path: Path, method: str) -> None:
    """Forty MiB that the first call of each process makes, and the parent's own are nobody's cost."""
    user = write_module(tmp_path / "user", USER)
    for workers in (1, 2):
        seen = _observed(_run(user, **function("load"), start_method=method, workers=workers))
        assert min(seen["private_bytes"]) > 40
        assert 40 < seen["added_bytes"][0] < 40 + 30


def test_what_threads_load_is_not_multiplied(tmp_path: Path) -> None:
    """The process holds it already: the first calls are made there before there are workers."""
    user = write_module(tmp_path / "user", USER)
    seen = _observed(_run(user, **function("load"), model="thread", start_method=None))
    assert list(seen) == ["added_bytes"]
    assert seen["added_bytes"][0] < 5


def test_a_fork_shares_what_its_parent_has(tmp_path: Path) -> None:
    """Data of a pool's initializer are in each process that is spawned, and once where it is forked."""
    options = {
        "initial": 32 * MIB,
        "lifetime": "persistent",
        "call": "map",
        "chunksize": None,
        "in_flight": None,
    }
    added = {
        method: _observed(
            _run(tmp_path, model="process_pool", ipc="native", start_method=method, model_options=options)
        )["added_bytes"][0]
        for method in ("fork", "spawn")
    }
    assert added["fork"] < 32
    assert added["spawn"] > 32


def test_a_wrong_result_fails_the_run(tmp_path: Path) -> None:
    """A function that returns something else in a worker."""
    user = write_module(tmp_path / "user", "\ndef work():\n    return apart()\n")
    row = execute(user, **function("work"), pattern="memory", window_ns=5_000_000, tasks=0).row
    assert row["status"] == "failed"
    assert "returned a different result from the serial call" in row["reason"]


def test_elsewhere_it_says_which_quantities_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without that file has none of them."""
    monkeypatch.setattr(os.path, "exists", lambda path: "smaps_rollup" not in str(path))
    lack = Memory.lacks({})
    assert lack is not None
    assert lack.what == (
        "/proc/self/smaps_rollup, without which nothing tells private_bytes, proportional_bytes, resident_bytes, added_bytes"
    )
    assert lack.remedy == "measure on Linux 4.14 or later"


def _wait(ready: Any, end: Any) -> None:
    ready.set()
    end.wait()


def _start_another(ready: Any, end: Any) -> None:
    child = multiprocessing.get_context("fork").Process(target=_wait, args=(ready, end))
    child.start()
    child.join()


def test_descendants_are_found_and_counted() -> None:
    """A child and its child, until they end; a process that is gone holds nothing."""
    context = multiprocessing.get_context("fork")
    ready, end = context.Event(), context.Event()
    before, held_before = set(descendants(os.getpid())), family_bytes()
    child = context.Process(target=_start_another, args=(ready, end))
    child.start()
    ready.wait()
    found = set(descendants(os.getpid())) - before
    held_now = family_bytes()
    end.set()
    child.join()
    assert child.pid in found
    assert len(found) == 2
    assert held_now > held_before
    assert child.pid is not None
    assert held(child.pid) is None
    assert set(descendants(os.getpid())) - before == set()
