"""Every pattern, traced: the phases of each worker and of the parent fill its trial, and nothing of it is left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.cell import patterns
from tests.collaboration.host_runs import execute, left_behind
from tests.crews import Mechanism
from tests.options import options_of

MECHANISMS = (Mechanism("process", "fork", "pipe"), Mechanism("thread", None, "queue"))


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=str)
@pytest.mark.parametrize("pattern", patterns.REGISTRY)
def test_the_budget_of_a_pattern_closes(tmp_path: Path, pattern: str, mechanism: Mechanism) -> None:
    """Within 2 % of each traced trial; a pattern that has none would say nothing of where the time goes."""
    kind = patterns.load(pattern)
    options: dict[str, Any] = {"pattern_options": options_of("pattern", pattern)}
    if "window_ns" not in kind.IGNORES:
        options["window_ns"] = 40_000_000
    workers = max(2, kind.LEAST_WORKERS) if pattern != "pingpong" else 1
    before = left_behind()
    result = execute(tmp_path, **mechanism._asdict(), pattern=pattern, workers=workers, **options)
    assert (result.row["status"], result.row["reason"]) == ("ok", None), result.row["stderr"]
    assert left_behind() == before
    trials = result.tables["trials"].to_pandas().set_index("trial")
    spans = result.tables["spans"].to_pandas()
    sums = spans[spans["trial"].ge(0)].groupby(["trial", "worker"])["duration_ns"].sum()
    traced = set(trials.index[trials["traced"]])
    assert set(sums.index.get_level_values("trial")) == traced != set()
    assert set(sums.index.get_level_values("worker")) == {-1, *range(workers)}
    for (trial, worker), total in sums.items():
        assert total == pytest.approx(trials["wall_ns"][trial], rel=0.02), (trial, worker)
