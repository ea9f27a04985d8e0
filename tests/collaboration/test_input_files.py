"""Files that are inputs are a condition of their own: whatever is done to them is found, and nothing else is."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakeven.base.modules import read
from breakeven.runner import host
from breakeven.runner.errors import PlanOutdated
from breakeven.runner.planning import conditions, input_files
from breakeven.runner.planning.conditions import Present
from breakeven.runner.planning.interpreters import check_function
from breakeven.runner.planning.modules import changed_source
from breakeven.runner.planning.run import Run
from tests.machines import described
from tests.samples import run

OPTIONS: dict[str, Any] = {"target": "mine:work", "args": [], "kwargs": {}, "inputs": "data/*.txt"}
NAMES = st.sampled_from(["a.txt", "b.txt", "c.txt"])
FILES = st.dictionaries(NAMES, st.binary(max_size=6), min_size=1)
MODULE = "import os\ndef work(path):\n    return os.path.getsize(path)\n"


def _plan(folder: Path) -> Run:
    source = check_function(sys.executable, OPTIONS, folder)
    serial = {"model": "serial", "start_method": None, "ipc": "none", "workers": 1, "tasks": source.inputs}
    sizes = {"task_ns": 0, "payload_bytes": 0}
    planned = run(sys.executable, folder, workload="function", workload_options=OPTIONS, **serial, **sizes)
    now = conditions.conditions(described(sys.executable), source, "")
    return replace(planned, source=source, conditions=now)


def _write(folder: Path, files: dict[str, bytes]) -> list[str]:
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return sorted(str(folder / name) for name in files)


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """Return the folder of a user's module and of two files."""
    (tmp_path / "mine.py").write_text(MODULE)
    _write(tmp_path / "data", {"a.txt": b"one", "b.txt": b"three"})
    return tmp_path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(before=FILES, now=FILES)
def test_the_hash_is_that_of_names_and_contents(
    tmp_path: Path, before: dict[str, bytes], now: dict[str, bytes]
) -> None:
    """Two sets of files have one hash if and only if they are equal, whatever their times, and wherever they lie."""
    first, second = tmp_path / "first", tmp_path / "second"
    hashes = [
        input_files.hash_of(_write(folder, files), str(folder))
        for folder, files in ((first, before), (second, now))
    ]
    assert (hashes[0] == hashes[1]) == (before == now)


def test_large_files_count_by_their_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies behind the bound is not read whole, but an edit of it is found by its time."""
    monkeypatch.setattr(input_files, "MOST_BYTES", 10)
    paths = _write(tmp_path / "data", {"a.txt": b"x" * 8, "b.txt": b"y" * 300_000})
    before = input_files.hash_of(paths, str(tmp_path))
    with (tmp_path / "data" / "b.txt").open("r+b") as file:
        file.seek(150_000)
        file.write(b"z")
    os.utime(paths[1], ns=(1, 1))
    assert input_files.hash_of(paths, str(tmp_path)) != before


@pytest.mark.parametrize("change", [{"a.txt": b"two"}, {"c.txt": b""}, {"a.txt": None}])
def test_other_files_are_another_condition(user: Path, change: dict[str, bytes | None]) -> None:
    """A file that is edited, added or gone is named by the pattern: before a run, and when a sweep is resumed."""
    planned = _plan(user)
    done = host.execute(planned)
    assert done.row["reason"] is None
    row = dict(done.row)
    assert "data/*.txt" in read(row["sources"])
    for name, content in change.items():
        file = user / "data" / name
        file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(PlanOutdated, match=r"data/\*\.txt changed after this sweep was planned"):
        host.execute(planned)
    assert [str(found) for found in Present().changes(row, _plan(user))] == ["data/*.txt changed"]


def test_what_does_not_match_changes_nothing(user: Path) -> None:
    """Other files beside them, and other times of the same content, are the same condition."""
    planned = _plan(user)
    (user / "data" / "other.json").write_text("{}")
    os.utime(user / "data" / "a.txt", ns=(1, 1))
    assert planned.source is not None
    assert changed_source(planned.source) is None
    assert _plan(user).source == planned.source
