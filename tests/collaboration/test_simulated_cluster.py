"""The loop, the schedule and the choice of nodes over a simulated cluster whose nodes die and whose runs straggle."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from benchmarks.cluster_model import SimulatedCluster, Template, World
from benchmarks.simulated_cluster import planned, simulate
from breakeven.base.rounds import FIRST_LOOK
from breakeven.runner.results import RunResult, rows
from tests.samples import run


@pytest.mark.parametrize(("nodes", "seed"), [(4, 1), (60, 3)])
def test_every_run_ends_once_though_nodes_die(tmp_path: Path, nodes: int, seed: int) -> None:
    """Runs whose node dies are made again, and those that cost three nodes are given up; no cell is left undecided."""
    GlobalHydra.instance().clear()
    plan = planned(96, 8, tmp_path / "sweep")
    row = rows.about(run(sys.executable), datetime(2026, 1, 1, tzinfo=UTC)) | {"status": "ok"}
    world = World(life_s=10.0, away_s=2.0, stragglers=0.05)
    seen = simulate(plan, SimulatedCluster(nodes, world, Template(RunResult(row=row)), seed))
    assert (seen.twice, seen.lost) == (0, 0)
    assert 12 * FIRST_LOOK <= seen.runs <= 12 * 8
    assert seen.deaths > 0
    assert seen.runs == Counter(seen.statuses).total()
