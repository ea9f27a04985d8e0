"""What a reader is told before the numbers: only where there is something to know, and word for word."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from breakeven.analysis.frames.disturbed import say_disturbed
from breakeven.analysis.summary.caution import FLAGS, IMPORTANCE, Caution, in_order
from breakeven.analysis.summary.cautions import cautions
from breakeven.base.conditions import CONDITIONS, ENVIRONMENT
from breakeven.base.factors import FACTORS
from breakeven.base.notes import FORMS, write

CELL: dict[str, Any] = {
    **dict.fromkeys(FACTORS),
    **dict.fromkeys(CONDITIONS),
    "node": None,
    "model": "process",
    "ipc": "queue",
    "covers": "cell",
    "precision": None,
    "workers": 2,
    "task_cpu_ns": 1_010_000,
    "task_cpu_least_ns": 1_000_000,
    "task_cpu_alone_ns": 1_000_000,
    "task_measured_ns": 1_000_000,
    "task_faults_alone": None,
    "task_faults": None,
    "page_fault_ns": None,
    "speedup": 1.9,
    "speedup_low": 1.8,
    "speedup_high": 2.0,
    "efficiency_low": 0.9,
    "speedup_quiet_low": 1.8,
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
    "executable": "/bin/python",
    "status": "ok",
    "round": 0,
}


ONE, TWO = "1" * 16, "2" * 16
PARTS = {
    "sources": ((f"{ONE}  same.py\n{ONE}  helper.py", f"{ONE}  same.py\n{TWO}  helper.py"), ": helper.py"),
    "packages": (("same 1\nnumpy 1.26.4", "same 1\nnumpy 2.0.1"), ": numpy"),
}
"""Conditions that have parts and are the same for all cells: two values, and the part that differs."""


def _records(*cells: dict[str, Any]) -> tuple[Caution, ...]:
    frame = pd.DataFrame(
        [CELL | cell for cell in cells], index=[f"cell{place}" for place in range(len(cells))]
    )
    return in_order(cautions(frame, frame.reset_index(names="cell_id")))


def _cautions(*cells: dict[str, Any]) -> list[str]:
    return [caution.text for caution in _records(*cells)]


def test_nothing_is_said_where_there_is_nothing_to_know() -> None:
    """Intervals over processes, no disturbance, a small observer effect, no notes."""
    assert _cautions({}) == []


def test_what_an_interval_does_not_cover_is_said() -> None:
    """Of one process, and of too few trials."""
    assert _cautions({"covers": "process"}, {"covers": "nothing"}) == [
        "1 of 2 cells has too few trials for an interval: it needs two rounds, or six pairs of trials in one",
        (
            "in 1 of 2 cells the interval stands for one process, not for the cell: it ran in one round only; "
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


@pytest.mark.parametrize(
    ("disturbed", "quiet_low", "busy"),
    [(0.9, 1.5, True), (0.9, float("nan"), True), (0.9, 58.0, False), (0.05, 1.5, False)],
)
def test_disturbance_may_be_why_a_speedup_is_too_high(disturbed: float, quiet_low: float, busy: bool) -> None:
    """If many pairs were disturbed, and those that were not have no such speedup, or there are none."""
    high = {"speedup": 60.9, "speedup_low": 58.2, "speedup_high": 63.7, "efficiency_low": 29.1}
    said = _cautions(high | {"pairs_disturbed": disturbed, "speedup_quiet_low": quiet_low})
    assert any(text.startswith("disturbed: in 1 of 1 cell") for text in said) == busy
    assert any(text.startswith("not the same work: in 1 of 1 cell") for text in said) == (not busy)


@pytest.mark.parametrize(("pairs", "said"), [(4, False), (5, False), (6, True), (None, False)])
def test_a_sweep_that_was_mostly_disturbed_says_so_first(pairs: int | None, said: bool) -> None:
    """If more than half of its pairs were disturbed, as far as that is known; runs that are not ok do not count."""
    runs = pd.DataFrame(
        {
            "status": ["ok", "ok", "failed"],
            "n_trials": [6, 4, 90],
            "n_disturbed": [pairs, None if pairs is None else 0, 90],
        }
    )
    assert say_disturbed(runs).startswith("60% of all pairs") == said
    assert bool(say_disturbed(runs)) == said


@pytest.mark.parametrize(("faults", "said"), [(200, True), (800, False)])
def test_page_faults_that_workers_are_spared_are_no_other_work(faults: float, said: bool) -> None:
    """If they are what the speedup has beyond the workers: 0.8 ms of a task of 1 ms are."""
    counts = {"task_faults_alone": faults, "task_faults": 0, "page_fault_ns": 1000}
    assert bool(_cautions(counts | {"efficiency_low": 2.2, "speedup": 5.0, "speedup_high": 5.2})) == said


def test_a_task_that_takes_more_cpu_time_in_workers_is_named() -> None:
    """If it does in every traced trial; tasks too short to time are left out."""
    slowed = {"task_cpu_ns": 1_520_000, "task_cpu_least_ns": 1_310_000}
    (said,) = _cautions({}, slowed)
    assert said.startswith(
        "in 1 of 2 cells a task takes more CPU time in a worker than alone, 1.5 times as much (most: process"
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
        f"{such_as}: a task takes 1.9 times as much CPU time as alone (most: thread"
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
    """Its share in the cells that it holds for, and which column is without it; a tenth is nothing to tell."""
    assert _cautions({"pairs_disturbed": 0.5}, {"pairs_disturbed": 0.1}, {"pairs_disturbed": 0.254}) == [
        (
            "in 2 of 3 cells 25.4 % to 50 % of the pairs of trials were disturbed: all pairs count, "
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
                "in 1 of 1 cell recording spans prolonged trials by more than 2 %, most by 2.1% [0.1%, 60.0%] (process): "
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
    assert [caution.text for caution in cautions(pd.DataFrame([CELL]), runs)] == [
        (
            "rounds of 1 of 2 cells were measured under several conditions (host, kernel): "
            "their interval covers that difference, too; on_change=remeasure measures them alike"
        )
    ]
    assert list(cautions(pd.DataFrame([CELL]), runs.assign(cell_id=["a", "b", "c"]))) == []


def test_nodes_that_are_not_alike_must_be_made_so_before_a_remeasurement() -> None:
    """What a run has from its node, another launch has as well if the node stays as it is; the host is no condition."""
    nodes = [{"node": host, "hostname": host, ENVIRONMENT: f"OMP_NUM_THREADS={host}"} for host in "12"]
    (said,) = cautions(pd.DataFrame([CELL]), pd.DataFrame([CELL | {"cell_id": "a"} | node for node in nodes]))
    assert said.text == (
        "rounds of 1 of 1 cell were measured under several conditions (environment: OMP_NUM_THREADS): their interval "
        "covers that difference, too; on_change=remeasure measures them alike once all nodes have the same"
    )


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_is_warned_of(condition: str) -> None:
    """Rounds of one cell that differ in it alone, such as by the code that measured them, have a caution that names it."""
    variables = {ENVIRONMENT: (("LD_PRELOAD=a.so\nMKL_SAME=1", "MKL_SAME=1"), ": LD_PRELOAD")}
    values, part = {**PARTS, **variables}.get(condition, (("before", "after"), ""))
    runs = pd.DataFrame([CELL | {"cell_id": "a", condition: value} for value in values])
    (said,) = cautions(pd.DataFrame([CELL]), runs)
    assert said.text.startswith(
        f"rounds of 1 of 1 cell were measured under several conditions ({CONDITIONS[condition]}{part}): "
    )


@pytest.mark.parametrize("condition", PARTS)
def test_cells_of_other_sources_are_told_as_well(condition: str) -> None:
    """Cells that were added after a change of the function, or of a package, are compared with those that were kept from before it."""
    values, part = PARTS[condition]
    runs = pd.DataFrame([CELL | {"cell_id": value, condition: value} for value in values])
    (said,) = cautions(pd.DataFrame([CELL]), runs)
    assert said.text == (
        f"not all cells were measured under the same conditions ({CONDITIONS[condition]}{part}): comparisons of cells cover "
        "that difference, too; on_change=remeasure measures them alike"
    )


def test_functions_and_interpreters_may_have_sources_and_packages_of_their_own() -> None:
    """Only another content of one file, and another version for one interpreter, is a difference."""
    cells: list[dict[str, Any]] = [
        {"sources": f"{ONE}  a.py\n{ONE}  common.py", "packages": "x 1", "executable": "/bin/python3.11"},
        {"sources": f"{TWO}  b.py\n{ONE}  common.py", "packages": "x 2", "executable": "/bin/python3.14"},
        {"sources": None, "packages": "", "executable": "/bin/python3.14"},
    ]
    runs = pd.DataFrame([CELL | {"cell_id": str(place)} | cell for place, cell in enumerate(cells)])
    assert list(cautions(pd.DataFrame([CELL]), runs)) == []


def test_notes_of_one_kind_are_one_caution_with_the_range_of_what_differs() -> None:
    """No number is shown as if it held for all; every count is of the runs for which the text holds."""
    short, long = (
        {"notes": write("task", asked=asked, steps=100, step=40, enough=4000)} for asked in (1000, 3000)
    )
    first, *others = _records(short, short, long, short | {"notes": f"{short['notes']}\nno known form 3"}, {})
    assert first.text == (
        "in 4 of 5 runs: task=1us to 3us: shorter than 100 steps of this machine's clock (40 ns each), so one task cannot "
        "be timed to 1 %; ask for 4us or more"
    )
    assert first.cells == {"cell0", "cell1", "cell2", "cell3"}
    assert [caution.text for caution in others] == ["in 1 of 5 runs: no known form 3"]


def test_unknown_notes_that_differ_in_digits_stay_apart() -> None:
    """Digits may be a name."""
    assert _cautions({"notes": "took x2"}, {"notes": "took x3"}, {"notes": "took x3"}) == [
        "in 1 of 3 runs: took x2",
        "in 2 of 3 runs: took x3",
    ]


def test_what_did_not_run_counts_in_no_share() -> None:
    """Of the runs and cells that were measured, so many have it."""
    assert _cautions({"stopped_by": "max_time"}, {"status": "incompatible"})[0].startswith("in 1 of 1 run ")


def test_the_most_important_is_first_and_there_is_one_of_each_kind() -> None:
    """Cells of both are joined, a text that both have is said once."""
    one, two, three = frozenset("a"), frozenset("b"), frozenset("c")
    found = [
        Caution("trace", "last", one),
        Caution("kinds", "this", one, "k"),
        Caution("kinds", "that", two, "k"),
        Caution("kinds", "this", three, "k"),
        Caution("same work", "first", one, "s"),
        Caution("unheard of", "after the last", one),
    ]
    assert in_order(found) == (
        Caution("same work", "first", one, "s"),
        Caution("kinds", "this; that", frozenset("abc"), "k"),
        Caution("trace", "last", one),
        Caution("unheard of", "after the last", one),
    )


def test_every_kind_of_note_has_a_place_and_every_letter_is_one() -> None:
    """A new form is ranked where it is added; letters are single."""
    assert set(FORMS) <= set(IMPORTANCE)
    assert len(set(IMPORTANCE)) == len(IMPORTANCE)
    assert all(len(flag) == 1 for flag in FLAGS)
