"""Every two values of any two factors are in a cell of the covering, and each cell is measured once, for real."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from benchmarks import combinations, covering, matrix
from breakeven.analysis.frames.load import Lab
from breakeven.runner.cell import models, patterns
from breakeven.runner.host.process_mark import Owner
from breakeven.runner.locks import machine
from tests.commands import QUIET
from tests.patience import wait_for

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
    return matrix.measure(folder, [row.cell() for row in rows], QUIET, **{machine.FOLDER: str(folder)})


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
    wait_for(lambda: _orphans() <= before)  # those of other suites, which kill runners, are cleared there
    for half in halves:
        failed = matrix.wrong(half)
        assert failed.empty, failed[["model", "ipc", "pattern", "reason"]].to_string()
        assert half.runs["status"].eq("ok").any()
    assert sum(len(half.runs) for half in halves) == len(rows)


def test_any_two_values_that_can_exist_together_are_in_a_cell() -> None:
    """The covering is whole, and every cell of it can exist."""
    rows = covering.covering()
    for row in rows:
        how, ipc, variant, pattern, workers, *_ = row
        found = combinations.reason(how, ipc, variant=variant, pattern=pattern, workers=workers)
        assert found is None, (row, found)
    assert set(covering.possible_pairs()) == {pair for row in rows for pair in row.pairs()}


def test_members_meet_everything_in_the_covering() -> None:
    """A model meets every channel that it can be combined with, and all values of its knobs, sizes and workloads."""
    rows = covering.covering()
    assert {(row.how, row.ipc) for row in rows} == set(combinations.pairs())
    for how in combinations.started():
        cells = [row.cell() for row in rows if row.how == how]
        assert len(cells) >= len(covering.PAYLOADS)
        assert {cell["payload"] for cell in cells} == set(covering.PAYLOADS)
        assert {cell["affinity"] for cell in cells} == set(covering.AFFINITIES)
        assert {cell["workload"] for cell in cells if "workload" in cell} == set(covering.WORKLOADS)
        for knob, values in combinations.choices("model", how.model).items():
            assert {cell[f"model.{knob}"] for cell in cells} == set(values)


def test_slow_models_are_in_as_few_cells_as_they_have_values() -> None:
    """A run of a model that is a package starts a cluster."""
    rows = covering.covering()
    for name in models.REGISTRY:
        if models.load(name).REQUIRES:
            ways = [how for how in combinations.started() if how.model == name]
            knobs = [len(values) for values in combinations.choices("model", name).values()]
            most = max(len(covering.PAYLOADS), len(patterns.REGISTRY), *knobs)
            assert sum(row.how.model == name for row in rows) <= most * len(ways)
