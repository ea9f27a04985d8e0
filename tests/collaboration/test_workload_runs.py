"""Each workload in a run of its own: verified, its time accounted for, and nothing left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.cell import workloads
from tests.collaboration.host_runs import execute
from tests.options import options_of

OPTIONS: dict[str, dict[str, Any]] = {
    "copy": {"buffer": 1 << 20},
    "matmul": {"side": 32},
    "pandas_groupby": {"rows": 100},
}
CASES = [
    (name, options_of("workload", name) | OPTIONS.get(name, {}))
    for name in workloads.REGISTRY
    if name != "function"
]
CASES.append(("socket", {"protocol": "http"}))


@pytest.mark.parametrize(
    ("name", "options"), CASES, ids=[" ".join(map(str, (name, *options.values()))) for name, options in CASES]
)
@pytest.mark.parametrize("model", ["thread", "process"])
def test_a_workload_runs_and_leaves_nothing_behind(
    tmp_path: Path, name: str, options: dict[str, Any], model: str
) -> None:
    """Two workers do all tasks, whose results are those of the serial ones, and every phase of their time is known."""
    lack: Any = workloads.load(name).lacks(options)
    if lack is not None:
        pytest.skip(f"needs {lack.what}: pip install 'breakeven[{lack.extra}]'")
    method = "fork" if model == "process" else None
    result = execute(tmp_path, workload=name, workload_options=options, model=model, start_method=method)
    assert result.row["status"] == "ok", result.row["reason"]
    trials = result.tables["trials"].to_pandas().set_index("trial")
    spans = result.tables["spans"].to_pandas()
    sums = spans[spans.trial >= 0].groupby(["trial", "worker"]).duration_ns.sum().unstack("worker")
    assert list(sums.index) == list(trials.index[trials.traced])
    error = sums.div(trials.wall_ns[sums.index], axis=0) - 1
    assert error.abs().to_numpy().max() < 0.02
