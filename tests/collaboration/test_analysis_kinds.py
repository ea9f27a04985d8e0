"""A stored sweep whose rounds fall into two kinds: its estimates, its table, its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.analysis.frames.load import Lab
from breakeven.analysis.summary.kinds import fixed_by_a_knob
from breakeven.analysis.summary.screen import summarise
from tests.analysis_samples import Sample

FAST, SLOW = [10_000, 10_100, 9_900], [50_000, 50_500, 49_500, 50_100]
PLACED = [1.0] * len(FAST) + [0.0] * len(SLOW)


def _sweep(path: Path, placed: list[float]) -> tuple[Lab, str, str]:
    """Return a sweep of a cell of two kinds and a steady one, and their names."""
    sample = Sample(path)
    facts: dict[str, Any] = {"pattern": "pingpong", "task_ns": None, "workers": 1, "model": "process"}
    mixed = sample.add_rounds([*FAST, *SLOW], column="latency_p50_ns", ipc="shared_memory", **facts)
    steady = sample.add_rounds(SLOW, column="latency_p50_ns", ipc="pipe", **facts)
    lab = Lab(path)
    runs = lab.runs.sort_values(["cell_id", "round"])
    lab.__dict__["runs"] = runs.assign(
        same_cpu=[
            placed[number] if cell == mixed else 0.0
            for cell, number in zip(runs["cell_id"], runs["round"], strict=True)
        ]
    )
    return lab, mixed, steady


def test_kinds_are_rows_with_shares_and_a_line_names_the_remedy(tmp_path: Path) -> None:
    """The cell of two kinds has a row for each, the steady one its own; the line says what to ask for."""
    lab, mixed, _ = _sweep(tmp_path / "sweep", PLACED)
    summary = summarise(lab)
    assert summary.cells["pingpong"].texts[["#", "kind"]].to_numpy().tolist() == [
        ["1", ""],
        ["2a", "one CPU, 3 of 7 rounds"],
        ["2b", "two CPUs, 4 of 7 rounds"],
    ]
    assert summary.cautions[0].text == (
        "the rounds of 1 of 2 cells fall into two kinds by where parent and worker ran: process/shared_memory 50.0 us "
        "(two CPUs, 4 of 7 rounds) and 10.0 us (one CPU, 3 of 7 rounds); affinity=scatter measures two CPUs only, "
        "affinity=compact measures one CPU only"
    )
    assert fixed_by_a_knob(lab) == {mixed}


def test_each_kind_has_its_own_interval(tmp_path: Path) -> None:
    """Both intervals together are far narrower than that of the mean over both."""
    lab, mixed, _ = _sweep(tmp_path / "sweep", PLACED)
    one = lab.kinds.xs("one CPU", level="kind")
    assert one["latency_p50_ns"].tolist() == pytest.approx([10_000], rel=0.001)
    assert one["latency_p50_ns_high"].max() < 10_500
    assert lab.estimates["latency_p50_ns_high"].to_dict()[mixed] > 50_000
    assert one[["rounds", "of", "cause"]].to_numpy().tolist() == [[3, 7, "same_cpu"]]


def test_few_rounds_of_unknown_cause_stay_whole(tmp_path: Path) -> None:
    """Seven rounds that lie in two groups for no recorded reason are one cell with a wide interval."""
    lab, _, _ = _sweep(tmp_path / "sweep", [0.0] * len(PLACED))
    assert lab.kinds.empty
    assert "kind" not in summarise(lab).cells["pingpong"].texts
