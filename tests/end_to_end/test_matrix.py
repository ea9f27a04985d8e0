"""Every two values of any two factors are measured once, for real."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import covering, matrix
from breakeven.analysis.frames.budget import sum_phases
from breakeven.analysis.frames.load import load
from breakeven.runner.host.process_mark import Owner
from breakeven.runner.locks import machine

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


def _measured(folder: Path, rows: Sequence[covering.Factors]) -> tuple[pd.DataFrame, pd.Series[float]]:
    """Return the runs of a sweep that waits for no other, and which part of its time the phases of each trial fill."""
    folder.mkdir()
    cells = [row.cell() for row in rows]
    runs = matrix.measure(folder, cells, **{machine.FOLDER: str(folder)})
    assert list(_at_home(folder)) == []
    sums = sum_phases(load(folder / "outputs" / "matrix"))
    trials = sums.groupby(["cell_id", "round", "trial"]).agg(
        ns=("duration_ns", "sum"), wall_ns=("wall_ns", "first"), workers=("workers", "first")
    )
    return runs, trials["ns"] / (trials["wall_ns"] * trials["workers"])


def test_all_factors_in_pairs(tmp_path: Path) -> None:
    """Each cell's results are right, the phases of its workers fill its time, and nothing is left behind.

    Half of the cells are measured beside the other half: most of a run's time here is waiting for what starts.
    """
    before = _orphans()
    rows = covering.covering()
    with ThreadPoolExecutor() as pool:
        halves = list(pool.map(_measured, [tmp_path / "a", tmp_path / "b"], [rows[::2], rows[1::2]]))
    assert _orphans() <= before
    runs = pd.concat([half for half, _ in halves])
    failed = matrix.wrong(runs)
    assert failed.empty, failed[["model", "ipc", "pattern", "reason"]].to_string()
    assert len(runs) == len(rows)
    assert runs["status"].eq("ok").any()

    shares = pd.concat([share for _, share in halves])
    assert shares.to_numpy() == pytest.approx(1, abs=0.02)
    traced = set(shares.index.get_level_values("cell_id"))
    untraced = runs[runs["status"].eq("ok") & ~runs["cell_id"].isin(traced)]
    assert set(untraced["pattern"]) <= {"pingpong"}, untraced[["model", "ipc", "pattern"]]
