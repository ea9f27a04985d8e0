"""What a cell is worth to a sweeper that looks for the best one."""

from __future__ import annotations

from typing import Any

import pytest

from breakeven.runner.hydra_app.objective import worth


def _row(status: str = "ok", speedup: float | None = 1.5, throughput: float = 100.0) -> dict[str, Any]:
    return {"status": status, "speedup": speedup, "throughput_per_s": throughput}


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        pytest.param([_row(speedup=1.0), _row(speedup=4.0), _row(speedup=2.0)], 2.0, id="median_of_rounds"),
        pytest.param([_row(speedup=1.0), _row("timeout", None), _row(speedup=2.0)], 1.5, id="ok_rounds_only"),
        pytest.param([_row(speedup=None, throughput=50.0)], 50.0, id="throughput_without_speedup"),
        pytest.param([_row("incompatible", None)], 0.0, id="cannot_exist"),
        pytest.param([_row("failed", None), _row("crashed", None)], 0.0, id="each_run_failed"),
        pytest.param([], 0.0, id="nothing_stored"),
    ],
)
def test_the_worth_of_a_cell(rows: list[dict[str, Any]], value: float) -> None:
    """The median over rounds that are ok, always a number, and none is worth less than nothing done."""
    assert worth(rows) == value
