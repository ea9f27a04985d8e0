"""Every two values of any two factors are measured once, for real."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from benchmarks import covering, matrix
from breakeven.analysis.frames.load import Lab
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


def _measured(folder: Path, rows: Sequence[covering.Factors]) -> Lab:
    """Return a sweep that waits for no other."""
    folder.mkdir()
    return matrix.measure(folder, [row.cell() for row in rows], **{machine.FOLDER: str(folder)})


def test_all_factors_in_pairs(tmp_path: Path) -> None:
    """Each cell's results are right, the phases of its workers fill its time, and nothing is left behind.

    Half of the cells are measured beside the other half: most of a run's time here is waiting for what starts.
    """
    before = _orphans()
    rows = covering.covering()
    folders = [tmp_path / "a", tmp_path / "b"]
    with ThreadPoolExecutor() as pool:
        halves = list(pool.map(_measured, folders, [rows[::2], rows[1::2]]))
    assert [process for folder in folders for process in _at_home(folder)] == []
    assert _orphans() <= before
    for half in halves:
        failed = matrix.wrong(half)
        assert failed.empty, failed[["model", "ipc", "pattern", "reason"]].to_string()
        assert half.runs["status"].eq("ok").any()
    assert sum(len(half.runs) for half in halves) == len(rows)
