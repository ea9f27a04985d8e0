"""Every two values of any two factors are measured once, for real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks import combinations, matrix
from breakeven.analysis.frames.budget import sum_phases
from breakeven.analysis.frames.load import load
from breakeven.runner.host.process_mark import Owner

SHARED = Path("/dev/shm")


def _at_home(folder: Path) -> Iterator[int]:
    """Yield the processes that work in ``folder``."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            if (process / "cwd").readlink() == folder:
                yield int(process.name)


def _orphans() -> set[str]:
    """Return what lies in shared memory whose runner is gone; other sweeps may be under way."""
    owners = {path.name: Owner.of_name(path.name) for path in SHARED.glob("breakeven-*")}
    return {name for name, owner in owners.items() if owner is not None and owner.is_gone()}


def test_all_factors_in_pairs(tmp_path: Path) -> None:
    """Each cell's results are right, the phases of its workers fill its time, and nothing is left behind."""
    before = _orphans()
    runs = matrix.measure(tmp_path, [row.cell() for row in combinations.covering()])
    failed = matrix.wrong(runs)
    assert failed.empty, failed[["model", "ipc", "pattern", "reason"]].to_string()
    assert runs["status"].eq("ok").any()
    assert list(_at_home(tmp_path)) == []
    assert _orphans() <= before

    sums = sum_phases(load(tmp_path / "outputs" / "matrix"))
    trials = sums.groupby(["cell_id", "round", "trial"]).agg(
        ns=("duration_ns", "sum"), wall_ns=("wall_ns", "first"), workers=("workers", "first")
    )
    shares = trials["ns"] / (trials["wall_ns"] * trials["workers"])
    assert shares.to_numpy() == pytest.approx(1, abs=0.02)
    traced = set(trials.index.get_level_values("cell_id"))
    untraced = runs[runs["status"].eq("ok") & ~runs["cell_id"].isin(traced)]
    assert set(untraced["pattern"]) <= {"pingpong"}, untraced[["model", "ipc", "pattern"]]
