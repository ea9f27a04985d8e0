"""The engine of docs/engines.md, as it is printed there, with real runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.cell.calibration import CalibrationResult
from breakeven.runner.engines._nodes import OnNodes
from breakeven.runner.locks.machine import FOLDER
from tests.commands import ROOT, python_path
from tests.patience import PATIENCE_S
from tests.samples import run


def _example() -> Mapping[str, Any]:
    """Return the names that the page's example defines."""
    page = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, "docs/engines.md", "exec"), names)  # noqa: S102  # the page's own text
    return names


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[OnNodes]:
    """Provide the page's engine with two nodes of a lock each, and one that is always lost."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    nodes = [f"env {FOLDER}={folder} PYTHONPATH={python_path()}" for folder in folders]
    made: OnNodes = _example()["Commands"](
        {"placement": "any", "nodes": ["false", *nodes], "python": sys.executable}
    )
    yield made
    made.close()


def test_the_engine_of_the_page_makes_runs(engine: OnNodes, tmp_path: Path) -> None:
    """A calibration and runs come back from its nodes; what a lost one was to do is made on another."""
    assert engine.room == 3
    short = run(sys.executable, tmp_path, model="thread")
    calibrated = engine.calibrate(short)
    futures = [engine.submit(short) for _ in range(2)]
    assert isinstance(calibrated.result(PATIENCE_S), CalibrationResult)
    results = [future.result(PATIENCE_S) for future in futures]
    assert [(found.status, found.row["reason"]) for found in results] == [("ok", None)] * 2
    assert all(str(found.row["node"]).startswith("env ") for found in results)
    engine.close()
