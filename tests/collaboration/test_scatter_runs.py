"""Uneven pieces in real runs: verified with every model, and what is observed of them is what their lengths make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from breakeven.runner.cell.patterns._abc import Knobs
from breakeven.runner.cell.patterns.scatter import SKEWS, Scatter, draw
from breakeven.runner.results import RunResult
from tests.collaboration.host_runs import execute, function, write_module
from tests.crews import EVERY_CHANNEL, EVERY_MODEL, Mechanism
from tests.options import options_of

SLEPT_NS = 5_000_000
"""Long beside what a sleeper waits for a CPU that others use."""
TASKS = 48
MODELS = [mechanism for mechanism in EVERY_MODEL if mechanism.model != "serial"]


def _run(
    folder: Path, *, split: str = "dynamic", chunk: int = 1, skew: str = "heavy", **changes: Any
) -> RunResult:
    options = {"split": split, "chunk": chunk, "skew": skew}
    return execute(folder, pattern="scatter", pattern_options=options, **{"tasks": TASKS} | changes)


def _observed(result: RunResult) -> pd.Series[float]:
    assert result.row["status"] == "ok", result.row["reason"]
    seen: pd.DataFrame = result.tables["observations"].to_pandas()
    return seen.groupby("quantity")["value"].median().astype("float64")


def _closes(result: RunResult) -> None:
    trials = result.tables["trials"].to_pandas().set_index("trial")
    spans = result.tables["spans"].to_pandas()
    sums = spans[spans.trial >= 0].groupby(["trial", "worker"]).duration_ns.sum().unstack("worker")
    error = sums.div(trials.wall_ns[sums.index], axis=0) - 1
    assert error.abs().to_numpy().max() < 0.02


@pytest.mark.parametrize("mechanism", MODELS, ids=str)
@pytest.mark.parametrize("split", ["static", "dynamic"])
def test_every_model_does_all_pieces(tmp_path: Path, mechanism: Mechanism, split: str) -> None:
    """Verified, its budget closed, whoever gets which piece."""
    options = options_of("model", mechanism.model)
    result = _run(tmp_path, split=split, **mechanism._asdict(), model_options=options)
    seen = _observed(result)
    assert set(seen.index) == {quantity.name for quantity in Scatter.QUANTITIES}
    assert seen.between(0, 1).all()
    trials = result.tables["trials"].to_pandas()
    assert trials.tasks.eq(TASKS).all()
    _closes(result)


@pytest.mark.parametrize("mechanism", EVERY_CHANNEL, ids=str)
def test_every_channel_takes_chunks(tmp_path: Path, mechanism: Mechanism) -> None:
    """Five pieces in a message, and what comes back of them."""
    options = options_of("ipc", mechanism.ipc)
    assert (
        _run(tmp_path, chunk=5, skew="mild", **mechanism._asdict(), ipc_options=options).row["status"] == "ok"
    )


def test_the_share_of_stragglers_is_what_the_lengths_make(tmp_path: Path) -> None:
    """Two threads that sleep: one has its half of the pieces done when the sums say so."""
    found = _observed(
        _run(
            tmp_path,
            split="static",
            model="thread",
            start_method=None,
            workload="sleep",
            task_ns=SLEPT_NS,
        )
    )
    sizes = draw(TASKS, 2, SKEWS["heavy"], "7/0")
    half = len(sizes) // 2
    first, second = sum(sizes[:half]), sum(sizes[half:])
    most, least = max(first, second), min(first, second)
    assert found["straggler_share"] == pytest.approx((most - least) / (2 * most), abs=0.08)
    assert found["least_tasks_share"] == pytest.approx(least / most)
    assert found["least_busy_share"] == pytest.approx(least / most, abs=0.08)


def test_whoever_is_free_takes_the_next_piece(tmp_path: Path) -> None:
    """One by one nobody waits for longer than the longest piece; even pieces that are shared out leave nobody waiting."""
    sleeping: dict[str, Any] = {
        "model": "thread",
        "start_method": None,
        "workload": "sleep",
        "task_ns": SLEPT_NS,
    }
    sizes = Scatter({"split": "dynamic", "chunk": 1, "skew": "mild"}, Knobs(2, TASKS, 0))
    sizes.seed = "7/0"
    bound = max(sizes.sizes) / TASKS
    assert _observed(_run(tmp_path, skew="mild", **sleeping))["straggler_share"] < bound + 0.08
    assert _observed(_run(tmp_path, skew="none", split="static", **sleeping))["straggler_share"] < 0.08


def test_inputs_of_a_users_own_are_pieces_of_one_task(tmp_path: Path) -> None:
    """Lists, which a message of several pieces could be taken for, one by one and in chunks."""
    user = write_module(
        tmp_path / "user",
        "\ndef samples():\n    return [[1, 2], [3], []]\n\ndef work(numbers):\n    return sum(numbers)\n",
    )
    for chunk in (1, 2):
        result = _run(
            user, skew="none", chunk=chunk, **function("work", inputs="mine:samples") | {"tasks": 6}
        )
        assert result.row["status"] == "ok", result.row["reason"]


def test_a_wrong_result_fails_the_run(tmp_path: Path) -> None:
    """A function that returns something else in a worker."""
    user = write_module(tmp_path / "user", "\ndef work():\n    return apart()\n")
    row = _run(user, **function("work")).row
    assert row["status"] == "failed"
    assert "returned a different result from the serial call" in row["reason"]
