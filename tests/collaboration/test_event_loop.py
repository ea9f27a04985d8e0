"""Workers that are tasks of an event loop: what awaits runs at the same time, what does not blocks the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.runner import host
from tests.collaboration.host_runs import execute, function, write_module
from tests.machines import EVERY_INTERPRETER
from tests.samples import run

MODULE = """
import asyncio

lock, loops = None, set()

async def connect():
    global lock
    lock = lock or asyncio.Lock()
    loops.add(asyncio.get_running_loop())

async def nap():
    await asyncio.sleep(0.004)
    return 1

def block():
    time.sleep(0.004)
    return 2

async def compute():
    for _ in range(5):
        sum(range(20000))
        await asyncio.sleep(0)
    return 3

async def locked():
    async with lock:
        await asyncio.sleep(0)
    loops.add(asyncio.get_running_loop())
    return len(loops)
"""
TASKS: dict[str, Any] = {
    "model": "asyncio",
    "start_method": None,
    "model_options": {},
    "ipc": "asyncio_queue",
    "ipc_options": {},
}
WORKERS = 3


def _execute(tmp_path: Path, target: str, **changes: Any) -> Any:
    user = write_module(tmp_path / "user", MODULE)
    hooks = changes.pop("hooks", {})
    result = execute(user, **function(target, **hooks) | TASKS | {"workers": WORKERS, "tasks": 12} | changes)
    assert (result.row["status"], result.row["reason"]) == ("ok", None), result.row["stderr"]
    return result


def _spans(result: Any, phase: str = "compute") -> dict[int, list[tuple[int, int, int]]]:
    """Return start, end and time on a CPU of the workers' spans of a phase, by traced trial."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    for span in result.tables["spans"].to_pylist():
        if span["trial"] >= 0 and span["worker"] >= 0 and span["phase"] == phase:
            start = span["start_ns"]
            found.setdefault(span["trial"], []).append(
                (start, start + span["duration_ns"], span["on_cpu_ns"] or 0)
            )
    return found


def _most_at_once(spans: list[tuple[int, int, int]]) -> int:
    edges = sorted([(start, 1) for start, _, _ in spans] + [(end, -1) for _, end, _ in spans])
    return max(sum(change for _, change in edges[: place + 1]) for place in range(len(edges)))


@pytest.mark.parametrize(("target", "most"), [("nap", WORKERS), ("block", 1), ("compute", WORKERS)])
def test_an_async_function_is_awaited_and_another_one_blocks(tmp_path: Path, target: str, most: int) -> None:
    """As many tasks are under way as there are workers, or one; each has its own CPU time, not that of others."""
    result = _execute(tmp_path, target)
    walls = {trial["trial"]: trial["wall_ns"] for trial in result.tables["trials"].to_pylist()}
    spans = _spans(result)
    assert spans
    for trial, own in spans.items():
        assert len(own) == 12
        assert _most_at_once(own) == most
        assert sum(on_cpu for *_, on_cpu in own) <= 1.02 * walls[trial]
    _assert_closed(result, walls)


def _assert_closed(result: Any, walls: dict[int, int]) -> None:
    """Assert that the phases of each worker add up to the time of its trial."""
    sums: dict[tuple[int, int], int] = {}
    for span in result.tables["spans"].to_pylist():
        if span["trial"] >= 0 and span["worker"] >= 0:
            key = span["trial"], span["worker"]
            sums[key] = sums.get(key, 0) + span["duration_ns"]
    assert {worker for _, worker in sums} == set(range(WORKERS))
    for (trial, _), total in sums.items():
        assert total == pytest.approx(walls[trial], rel=0.02)


@EVERY_INTERPRETER
@pytest.mark.parametrize("model", ["asyncio", "asyncio_to_thread"])
def test_every_interpreter_has_it(tmp_path: Path, executable: str, model: str) -> None:
    """Tasks that await `asyncio.sleep`, and calls in threads, on each Python that is here."""
    own = TASKS if model == "asyncio" else TASKS | {"model": model, "ipc": "native"}
    options = {"call": "run_in_executor", "in_flight": 2} if model != "asyncio" else {}
    changes = own | {"model_options": options, "workload": "sleep", "workers": 2, "task_ns": 2_000_000}
    row = host.execute(run(executable, tmp_path, **changes)).row
    assert (row["status"], row["reason"]) == ("ok", None), row["stderr"]
    assert row["stderr"] in (None, ""), row["stderr"]


@pytest.mark.parametrize("pattern", ["map", "window"])
def test_everything_of_a_run_is_on_one_loop(tmp_path: Path, pattern: str) -> None:
    """Hooks, serial calls and workers share it, so that a lock of one is of use to the others."""
    options = {"bin": 1_000_000} if pattern == "window" else {}
    _execute(
        tmp_path,
        "locked",
        hooks={"before": "mine:connect"},
        pattern=pattern,
        pattern_options=options,
        window_ns=10_000_000 if pattern == "window" else 0,
    )


def test_workers_of_a_window_take_turns(tmp_path: Path) -> None:
    """A task that awaits nothing blocks the loop until it is done, not until the window is over."""
    result = _execute(
        tmp_path, "block", pattern="window", pattern_options={"bin": 1_000_000}, window_ns=100_000_000
    )
    calls: dict[int, dict[int, int]] = {}
    for row in result.tables["activity"].to_pylist():
        calls.setdefault(row["trial"], {}).setdefault(row["worker"], 0)
        calls[row["trial"]][row["worker"]] += row["calls"]
    several = [list(own.values()) for own in calls.values() if len(own) == WORKERS and min(own.values())]
    assert several
    for counts in several:
        assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("model", ["asyncio", "asyncio_to_thread"])
def test_a_round_trip_stays_within_the_loop(tmp_path: Path, model: str) -> None:
    """The parent awaits each message in one coroutine, and what comes back is checked."""
    own = {"model": model, "model_options": {"call": "to_thread"} if model != "asyncio" else {}}
    ipc = {"ipc": "asyncio_queue" if model == "asyncio" else "native"}
    result = _execute(
        tmp_path, "nap", **own, **ipc, pattern="pingpong", workers=1, tasks=50, payload_bytes=100
    )
    assert result.row["latency_p50_ns"] > 0
