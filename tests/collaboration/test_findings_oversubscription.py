"""What oversubscription costs: found on data in which it does, and not on data in which it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.analysis.findings.oversubscription import demanding, find
from breakeven.analysis.frames.load import Lab, load
from tests.analysis_samples import Sample

SPREAD = (0.99, 1.0, 1.01)


def _lab(
    path: Path, *cells: tuple[int, int, float], spread: tuple[float, ...] = SPREAD, **factors: Any
) -> Lab:
    """Return a sweep of cells with so many workers, threads and tasks per second, on two CPUs."""
    sample = Sample(path / "mine")
    known: dict[str, Any] = {"workload": "matmul", "model": "process"} | factors
    for workers, threads, rate in cells:
        variable = f"OPENBLAS_NUM_THREADS={threads}"
        sample.add_rounds(
            [rate * factor for factor in spread],
            facts={"cpus_alone": min(threads, 2) * 0.95},
            **known | {"workers": workers, "variables": variable, "overrides": f"environment.{variable}"},
        )
    return load(sample.path)


def test_a_loss_is_named_with_both_rates(tmp_path: Path) -> None:
    """Against the fastest cell that has a CPU for each thread."""
    lab = _lab(tmp_path, (1, 1, 200), (1, 2, 380), (2, 1, 400), (2, 2, 240))
    (found,) = find(lab)
    assert found.decision == "costs"
    assert found.sentence == (
        "For matmul in process: 2 workers x 1.9 CPUs a task with OPENBLAS_NUM_THREADS=2 do 240/s [234/s, 246/s] on 2 CPUs; "
        "at best without oversubscription 2 workers x 0.9 CPUs a task with OPENBLAS_NUM_THREADS=1 do 400/s [390/s, 410/s]: "
        "oversubscribed, it does 40 % less."
    )
    assert found.clause == "process: oversubscribed, it does 40 % less"
    cells = demanding(lab)
    assert set(found.cells) == set(cells.index[cells["throughput_per_s"].round().isin([240, 400])])


@pytest.mark.parametrize(
    ("rate", "spread", "decision"),
    [
        (400, (0.999, 1.0, 1.001), "harmless"),
        (420, SPREAD, "harmless"),
        (380, (0.9, 1.0, 1.1), "undecided"),
        (240, (1.0,), "undecided"),
    ],
)
def test_no_loss_is_named_that_is_not_sure(
    tmp_path: Path, rate: float, spread: tuple[float, ...], decision: str
) -> None:
    """One within the band is none, and wide intervals or single processes show none."""
    (found,) = find(_lab(tmp_path, (2, 1, 400), (2, 2, rate), spread=spread))
    assert found.decision == decision
    assert found.clause == ""


def test_enough_cpus_are_no_question(tmp_path: Path) -> None:
    """Nor are more workers than CPUs whose tasks have one thread each, nor a sweep without a cell that fits."""
    assert find(_lab(tmp_path / "1", (1, 2, 380), (2, 1, 400), (4, 1, 100))) == []
    assert find(_lab(tmp_path / "2", (2, 2, 240), (4, 2, 100))) == []


def test_the_worst_cell_is_the_one_that_wants_most(tmp_path: Path) -> None:
    """Workers times CPUs of a task; what other patterns do does not count."""
    lab = _lab(tmp_path, (2, 1, 400), (2, 2, 300), (4, 2, 100))
    assert "4 workers x 1.9 CPUs" in find(lab)[0].sentence
    assert demanding(lab)["over"].tolist() == [False, True, True]
    assert find(_lab(tmp_path / "2", (2, 1, 400), (2, 2, 300), pattern="window")) == []
