"""Comparing results takes no time of a window."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collaboration.host_runs import execute, function, write_module

USER = """
def work():
    time.sleep(0.01)
    return 1.5

def slow(found, expected):
    time.sleep(0.1)
    return found == expected
"""


@pytest.mark.parametrize("model", ["thread", "process"])
def test_a_slow_check_leaves_the_length_of_a_task_as_it_is(tmp_path: Path, model: str) -> None:
    """Ten elevenths of the time would be the check's: more than what others that use the machine add to a sleep."""
    user = write_module(tmp_path / "user", USER)
    method = "fork" if model == "process" else None
    row = execute(
        user,
        **function("work", verify="mine:slow"),
        model=model,
        start_method=method,
        pattern="window",
        pattern_options={"bin": 10_000_000},
        window_ns=30_000_000,
    ).row
    assert row["reason"] is None
    assert row["task_measured_ns"] < 60_000_000
