"""What a reader is told before the numbers: only where there is something to know, and word for word."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from breakeven.analysis.summary.cautions import MOST_NOTES, cautions
from breakeven.base.conditions import CONDITIONS
from breakeven.base.factors import FACTORS

CELL: dict[str, Any] = {
    **dict.fromkeys(FACTORS),
    **dict.fromkeys(CONDITIONS),
    "model": "process",
    "ipc": "queue",
    "covers": "cell",
    "precision": None,
    "workers": 2,
    "task_cpu_ns": 1_010_000,
    "task_cpu_least_ns": 1_000_000,
    "task_cpu_alone_ns": 1_000_000,
    "speedup": 1.9,
    "speedup_low": 1.8,
    "speedup_high": 2.0,
    "efficiency_low": 0.9,
    "shared_counted": None,
    "pairs_disturbed": 0.0,
    "observer_effect": 0.01,
    "observer_effect_low": 0.005,
    "observer_effect_high": 0.015,
    "notes": None,
    "warmup_ended_by": "rule",
    "stopped_by": "rel_ci",
    "variant": "",
    "gil_enabled": True,
    "python_version": "3.11.7",
    "implementation": "cpython",
    "status": "ok",
}


def _cautions(*cells: dict[str, Any]) -> list[str]:
    frame = pd.DataFrame(
        [CELL | cell for cell in cells], index=[f"cell{place}" for place in range(len(cells))]
    )
    return list(cautions(frame, frame.reset_index(names="cell_id")))


def test_nothing_is_said_where_there_is_nothing_to_know() -> None:
    """Intervals over processes, no disturbance, a small observer effect, no notes."""
    assert _cautions({}) == []


def test_what_an_interval_does_not_cover_is_said() -> None:
    """Of one process, and of too few trials."""
    assert _cautions({"covers": "process"}, {"covers": "nothing"}) == [
        "some cells have too few trials for an interval: it needs two rounds, or six pairs of trials in one",
        (
            "intervals stand for one process, not for the cell: some cells ran in one round only; "
            "rounds=auto, or 3 or more, covers what differs from process to process"
        ),
    ]


def test_a_speedup_that_the_workers_do_not_allow_is_said_to_be_of_other_work() -> None:
    """Only where it is sure: the interval's low end counts, with room for caches."""
    high = {"speedup": 60.9, "speedup_low": 58.2, "speedup_high": 63.7, "efficiency_low": 29.1}
    (said,) = _cautions({}, high)
    assert said.startswith(
        "not the same work: in 1 of 2 cells the speedup is surely above what the workers allow, most of all "
        "60.9 [58.2, 63.7] with workers=2 (process"
    )
    assert _cautions({"speedup": 4.0, "speedup_high": 8.0, "efficiency_low": 1.1}) == []


def test_a_task_that_takes_more_cpu_time_in_workers_is_named() -> None:
    """If it does in every traced trial; tasks too short to time are left out."""
    slowed = {"task_cpu_ns": 1_520_000, "task_cpu_least_ns": 1_310_000}
    (said,) = _cautions({}, slowed)
    assert said.startswith(
        "in 1 of 2 cells a task takes more CPU time in a worker than alone, up to 1.5 times as much (process"
    )
    assert _cautions({"task_cpu_ns": 1_520_000}) == []
    assert _cautions({"task_cpu_ns": 15, "task_cpu_least_ns": 14, "task_cpu_alone_ns": 10}) == []


@pytest.mark.parametrize(
    ("shared", "such_as", "remedy"),
    [
        (
            "constants of photos.resize",
            "the constants of photos.resize",
            (
                "constants are counted in a module that was compiled when it was imported, not in one from its bytecode "
                "cache: unset PYTHONDONTWRITEBYTECODE; make other objects in each thread"
            ),
        ),
        (
            "photos.TABLE\ndefaults of photos.resize\n3 more",
            "photos.TABLE (and 4 more)",
            "make them in each thread, or copy them to it",
        ),
    ],
)
def test_threads_that_fight_over_reference_counts_are_named(shared: str, such_as: str, remedy: str) -> None:
    """Only where tasks take more CPU time than alone; that is then not put down to memory and caches."""
    sharing = {"model": "thread", "shared_counted": shared, "gil_enabled": False}
    slow = sharing | {"task_cpu_ns": 1_900_000, "task_cpu_least_ns": 1_700_000}
    assert _cautions({}, sharing) == []
    (said,) = _cautions({}, sharing, slow)
    assert said.startswith(
        "in 1 of 3 cells threads fight over the reference counts of objects they share, such as "
        f"{such_as}: a task takes up to 1.9 times as much CPU time as alone (thread"
    )
    assert said.endswith(f", workers=2); {remedy}")


def test_time_that_was_over_too_early_is_told() -> None:
    """How many runs it ended, and how many of them in the middle of warming up."""
    early = {"stopped_by": "max_time"}
    told = (
        "in {} of 3 runs the time (measure.max_time) was over before the interval was as narrow as asked "
        "(measure.rel_ci)"
    )
    assert _cautions(early, {}, {}) == [told.format(1)]
    assert _cautions(early, early | {"warmup_ended_by": "max_time"}, {}) == [
        told.format(2) + ", in 1 before the trials were seen to be steady"
    ]


def test_only_unsteady_trials_are_told_of_rounds_that_precision_ends() -> None:
    """How narrow one process's interval is does not matter there: more rounds narrow the cell's."""
    late = {"stopped_by": "max_time", "precision": 0.1}
    assert _cautions(late, {}, {}) == []
    assert _cautions(late, late | {"warmup_ended_by": "max_time"}, {}) == [
        (
            "in 1 of 3 runs the time (measure.max_time) was over before the trials were seen to be steady: "
            "the machine drifts, or the work gets faster or slower with every call"
        )
    ]


def test_disturbance_is_told_with_what_counts() -> None:
    """Its share over all cells and of the worst, and which column is without it."""
    assert _cautions({"pairs_disturbed": 0.5}, {}) == [
        (
            "others disturbed the machine in 25% of the pairs of trials (up to 50% of a cell's): all pairs count, "
            "the column quiet is without the disturbed ones"
        )
    ]


@pytest.mark.parametrize(
    ("effect", "low", "warned"), [(0.021, 0.001, True), (0.02, 0.01, False), (0.5, -0.1, False)]
)
def test_an_observer_effect_above_two_percent_is_warned_of(effect: float, low: float, warned: bool) -> None:
    """Where it is surely more than nothing."""
    found = _cautions({"observer_effect": effect, "observer_effect_low": low, "observer_effect_high": 0.6})
    assert bool(found) == warned
    if warned:
        assert found == [
            (
                "recording spans prolonged trials by more than 2% in 1 of 1 cells, most by 2.1% [0.1%, 60.0%] (process): "
                "speeds are of untraced trials and unaffected, spans are that much too long"
            )
        ]


def test_rounds_of_a_cell_under_several_conditions_are_told() -> None:
    """Which conditions, and in how many cells; other cells may differ among themselves."""
    runs = pd.DataFrame(
        [
            CELL | {"cell_id": "a", "kernel": "Linux 6.1"},
            CELL | {"cell_id": "a", "kernel": "Linux 6.2", "hostname": "n2"},
            CELL | {"cell_id": "b", "kernel": "Linux 6.3"},
        ]
    )
    assert list(cautions(pd.DataFrame([CELL]), runs)) == [
        (
            "rounds of 1 of 2 cells were measured under several conditions (host, kernel): "
            "their interval covers that difference, too; on_change=remeasure measures them alike"
        )
    ]
    assert list(cautions(pd.DataFrame([CELL]), runs.assign(cell_id=["a", "b", "c"]))) == []


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_is_warned_of(condition: str) -> None:
    """Rounds of one cell that differ in it alone, such as by the code that measured them, have a caution that names it."""
    runs = pd.DataFrame([CELL | {"cell_id": "a", condition: value} for value in ("before", "after")])
    (said,) = cautions(pd.DataFrame([CELL]), runs)
    assert said.startswith(
        f"rounds of 1 of 1 cells were measured under several conditions ({CONDITIONS[condition]}): "
    )


def test_notes_that_differ_in_numbers_alone_are_told_once() -> None:
    """With their count and an example; of many kinds the most frequent."""
    found = _cautions({"notes": "took 3ms\nand more"}, {"notes": "took 4.5ms"}, {})
    assert found == ["2 runs: took 3ms (such as process)", "1 run: and more (such as process)"]
    many = _cautions(*({"notes": "x" * (place + 1)} for place in range(MOST_NOTES + 2)))
    assert many[-1] == "... and 2 more notes: the column notes of the table runs"
    assert len(many) == MOST_NOTES + 1
