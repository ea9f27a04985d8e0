"""What a node records of itself: the machine of the command may have another environment and another Python."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pytest

from breakeven.base.conditions import ENVIRONMENT
from breakeven.base.variables import read
from breakeven.runner.engines.node import carry_out
from breakeven.runner.engines.orders import Order, read_answer
from breakeven.runner.planning.interpreters import find_interpreter
from breakeven.runner.results import RunResult
from tests.samples import run

PLANNED = {
    "python_version": "3.11.0",
    "python_build": "planned elsewhere",
    ENVIRONMENT: "OMP_NUM_THREADS=planned elsewhere",
}


def _row(**changes: Any) -> dict[str, Any]:
    """Return the row of a run that a node makes."""
    planned = replace(run(sys.executable, model="thread", **changes), conditions=PLANNED)
    found = read_answer(carry_out(Order(kind="run", run=planned, sweep="x").to_text()))
    assert isinstance(found, RunResult)
    assert found.row["status"] == "ok", found.row["reason"]
    return dict(found.row)


def test_a_run_has_the_environment_and_the_python_of_its_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what its cell sets; a variable that the cell removes is not there."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("MKL_NUM_THREADS", "5")
    row = _row(environment={"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": None})
    variables, python = read(row[ENVIRONMENT]), find_interpreter("")
    assert (variables["OMP_NUM_THREADS"], variables["OPENBLAS_NUM_THREADS"]) == ("3", "1")
    assert "MKL_NUM_THREADS" not in variables
    assert (row["python_version"], row["python_build"]) == (python.version, python.build)
