"""What threads share and count references to is found in a real run without a GIL, and nothing in any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.runner import host
from tests.collaboration.host_runs import function, write_module
from tests.machines import EVERY_INTERPRETER, FREE_THREADED
from tests.samples import run

USER = """
TABLE = [1, 2, 3]
def look(given, other):
    return sum(TABLE)
def change(given, other):
    given.append(1)
    return len(given)
def make(size):
    return [size]
"""
THREADS: dict[str, Any] = {"model": "thread", "start_method": None, "ipc": "queue"}


def _shared(executable: str, path: Path, target: str, **changes: Any) -> list[str]:
    cell = function(target, args=[12345], make_input="mine:make") | THREADS | changes
    row = host.execute(run(executable, write_module(path, USER), **cell)).row
    assert row["reason"] is None
    text = row["shared_counted"]
    return text.split("\n") if text else []


@FREE_THREADED
@pytest.mark.parametrize(
    ("target", "shared"),
    [("look", ["the input", "workload.args", "mine.TABLE"]), ("change", ["workload.args"])],
)
def test_what_threads_share_is_stored(
    executable: str, tmp_path: Path, target: str, shared: list[str]
) -> None:
    """The function's own objects, its arguments, and its input unless each task has a fresh one."""
    assert _shared(executable, tmp_path, target) == shared


@FREE_THREADED
@pytest.mark.parametrize("changes", [{"workers": 1}, {"model": "process", "start_method": "fork"}])
def test_nobody_shares_with_nobody(executable: str, tmp_path: Path, changes: dict[str, Any]) -> None:
    """One thread, and processes."""
    assert _shared(executable, tmp_path, "look", **changes) == []


@EVERY_INTERPRETER
def test_built_in_work_shares_nothing(executable: str, tmp_path: Path) -> None:
    """On any interpreter."""
    row = host.execute(run(executable, tmp_path, **THREADS)).row
    assert row["reason"] is None
    assert row["shared_counted"] is None
