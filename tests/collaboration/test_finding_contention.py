"""Which snippets hold threads up: found on speedups that show it, and not on others."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakeven.analysis.findings import findings
from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.frames.load import load
from tests.analysis_samples import Sample

CLOSE, WIDE = (0.99, 1.0, 1.01), (0.7, 1.0, 1.4)


def _found(
    folder: Path, speedups: dict[str, float], spread: tuple[float, ...] = CLOSE, workers: int = 2
) -> list[Finding]:
    sample = Sample(folder / "mine")
    for snippet, speedup in speedups.items():
        sample.add_rounds(
            [speedup * factor for factor in spread],
            column="speedup",
            workload="contention",
            model="thread",
            workers=workers,
            config=f"workload:\n  snippet: {snippet}\n",
            overrides=f"workload.snippet={snippet}",
        )
    return findings(load(sample.path))


def test_snippets_that_do_not_scale_are_named(tmp_path: Path) -> None:
    """Slowest first, with those that do; and which do not on shared objects alone."""
    speedups = {
        "private_dict": 1.9,
        "shared_dict": 0.9,
        "new_object": 1.8,
        "shared_lock": 0.8,
        "private_lock": 1.0,
    }
    (found,) = _found(tmp_path, speedups)
    assert found.decision == "hold up"
    assert found.sentence == (
        "With 2 workers of thread, 3 of 5 snippets do not scale, shared_lock 0.80 [0.78, 0.82], shared_dict 0.90 [0.88, 0.92], "
        "private_lock 1.00 [0.98, 1.03]; new_object 1.80 [1.76, 1.85], private_dict 1.90 [1.85, 1.95] do."
    )
    assert found.details == ("On shared objects alone: dict.",)
    assert found.clause == "thread: 3 of 5 snippets do not scale"
    assert len(found.cells) == 5


@pytest.mark.parametrize(
    ("speedup", "spread", "workers", "decision"),
    [
        (1.9, CLOSE, 2, "scale"),
        (1.4, CLOSE, 2, "hold up"),
        (1.5, CLOSE, 2, "undecided"),
        (1.9, WIDE, 2, "undecided"),
        (0.9, (1.0,), 2, "undecided"),
        (2.4, CLOSE, 4, "hold up"),
        (2.6, CLOSE, 4, "scale"),
    ],
)
def test_only_what_is_sure_is_said(
    tmp_path: Path, speedup: float, spread: tuple[float, ...], workers: int, decision: str
) -> None:
    """Half of what the workers could gain is the limit, and the interval must lie on one side of it."""
    (found,) = _found(tmp_path, {"new_dict": speedup}, spread, workers)
    assert found.decision == decision


def test_one_worker_and_other_work_say_nothing(tmp_path: Path) -> None:
    """Nobody is there to be held up."""
    assert _found(tmp_path / "one", {"new_dict": 0.9}, workers=1) == []
    sample = Sample(tmp_path / "other")
    sample.add_rounds([0.9, 0.91], column="speedup", workload="spin", model="thread", workers=2)
    assert findings(load(sample.path)) == []
