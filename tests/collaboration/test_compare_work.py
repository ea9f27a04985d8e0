"""Sides whose tasks do other work, and those whose number of rounds or tasks was not chosen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from breakeven.analysis.comparing import compare
from breakeven.analysis.comparing.export import to_json
from breakeven.analysis.comparing.show import footer, header
from breakeven.analysis.errors import NothingPaired, SidesDiffer
from tests.analysis_samples import MS, Sample
from tests.compared import CONFIG, FASTER, SLOWER, other, refusal, whole

LATE = (1000.0, 1139.0, 1000.0, 1139.0, 1067.0, 1067.0, 1067.0, 1067.0)
"""Narrow enough for a precision of 10 % at six rounds, not at five."""
STEADY = (1000.0, 1010.0, 990.0, 1005.0, 995.0, 1002.0, 998.0, 1001.0)


# --- amounts of work


def test_tasks_that_do_other_work_are_refused_with_both_counts_and_the_remedy(sample: Sample) -> None:
    """Only the tasks that differ, each once however many cells have it; accepted by name it is compared and told."""
    second = other(sample)
    for workers in (1, 2):
        for task, (one, two) in {MS: (4100, 3900), 2 * MS: (8200, 8200)}.items():
            sample.add_rounds(SLOWER, workers=workers, task_ns=task, facts={"task_amount": one})
            second.add_rounds(FASTER, workers=workers, task_ns=task, facts={"task_amount": two})
    assert refusal(SidesDiffer, "outputs/a", "outputs/b") == (
        "the tasks of A and B do not do the same work:\n"
        "  task_amount: spin of 1 ms: 4100 in A, 3900 in B\n"
        "measure B with calibration=outputs/a, so that its tasks do the work of A's, "
        "or accept the differences with --allow task_amount"
    )
    comparison = whole("outputs/a", "outputs/b", allow=("task_amount",))
    assert "allowed: task_amount: spin of 1 ms: 4100 in A, 3900 in B" in header(comparison)
    assert comparison.counts["faster"] == 4


def test_other_work_is_named_beside_other_conditions(sample: Sample) -> None:
    """One message names all that differs and both remedies."""
    sample.add_rounds(SLOWER, facts={"task_amount": 4100, "kernel": "6.1"})
    other(sample).add_rounds(FASTER, facts={"task_amount": 3900, "kernel": "6.2"})
    assert refusal(SidesDiffer, "outputs/a", "outputs/b") == (
        "A and B were not measured under the same conditions:\n"
        "  kernel: 6.1 in A, 6.2 in B\n"
        "  task_amount: spin of 1 ms: 4100 in A, 3900 in B\n"
        "measure both under the same conditions, and B with calibration=outputs/a, so that its tasks do the work of A's, "
        "or accept the differences with --allow kernel,task_amount"
    )


@pytest.mark.parametrize(
    ("one", "two", "a", "b"),
    [
        ({"task_ns": MS}, {"task_ns": 2 * MS}, "task=1ms", "task=2ms"),
        ({"workload": "spin"}, {"workload": "histogram"}, "workload=spin", "workload=histogram"),
        ({"payload_bytes": 1}, {"payload_bytes": 2}, "payload=1B", "payload=2B"),
    ],
)
def test_work_that_was_chosen_to_differ_may(
    sample: Sample, one: dict[str, Any], two: dict[str, Any], a: str, b: str
) -> None:
    """Within one sweep, by the factors that the amount follows from."""
    sample.add_rounds(SLOWER, **one, facts={"task_amount": 4100})
    sample.add_rounds(FASTER, **two, facts={"task_amount": 8200})
    assert len(compare(a, b, within="outputs/a")) == 1


def test_options_of_a_workload_that_were_chosen_may_differ(sample: Sample) -> None:
    """They have no column of their own, but are part of the stored configuration."""
    for label, target in (("a", "m:one"), ("b", "m:two")):
        config = CONFIG.format(target, "1s")
        sample.add_rounds(SLOWER, workload="function", config=config, facts={"task_amount": ord(label)})
    sides = ("workload.target=m:one", "workload.target=m:two")
    assert len(compare(*sides, within="outputs/a")) == 1


def test_the_same_selection_of_two_sweeps_does_not_excuse_other_work(sample: Sample) -> None:
    """A task that both sides name is the same task, so that its amount must be the same."""
    sample.add_rounds(SLOWER, facts={"task_amount": 4100})
    other(sample).add_rounds(FASTER, facts={"task_amount": 3900})
    said = refusal(SidesDiffer, "outputs/a:task=1ms", "outputs/b:task=1ms")
    assert "task_amount: spin of 1 ms: 4100 in A, 3900 in B" in said


def test_pairs_that_exchange_their_amounts_do_other_work(sample: Sample) -> None:
    """Each pair is checked by itself, not the amounts of the sides as a whole."""
    second = other(sample)
    for workers, one, two in ((1, 10, 20), (2, 20, 10)):
        sample.add_rounds(SLOWER, workers=workers, facts={"task_amount": one})
        second.add_rounds(FASTER, workers=workers, facts={"task_amount": two})
    assert "10 and 20 in A, 10 and 20 in B" in refusal(SidesDiffer, "outputs/a", "outputs/b")


def test_one_sweep_whose_rounds_did_other_work_has_no_other_folder_to_take_it_from(sample: Sample) -> None:
    """Rounds kept from before a new calibration are refused, without the knob that would not help."""
    for label in ("a", "b"):
        cell = sample.add_rounds(SLOWER, label=label, facts={"task_amount": 10})
        row = sample._row(pattern="map", tasks=200, task_ns=MS, label=label) | {"cell_id": cell}
        sample._store_run(row | {"throughput_per_s": 1000.0, "task_amount": 11}, 3)
    assert refusal(SidesDiffer, "label=a", "label=b") == (
        "the tasks of A and B do not do the same work:\n  task_amount: spin of 1 ms: 10 and 11 in A, 10 and 11 in B\n"
        "measure both under the same conditions, or accept the differences with --allow task_amount"
    )


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        (None, None, []),
        (5, 5, []),
        (None, 5, ["task_amount is unknown in A, but known in B: tasks may do other work (spin of 1 ms)"]),
        (5, None, ["task_amount is unknown in B, but known in A: tasks may do other work (spin of 1 ms)"]),
    ],
)
def test_work_that_one_side_did_not_store_is_a_note(
    sample: Sample, one: int | None, two: int | None, said: list[str]
) -> None:
    """Sweeps from before amounts were stored are compared as they were."""
    sample.add_rounds(SLOWER, facts={"task_amount": one})
    other(sample).add_rounds(FASTER, facts={"task_amount": two})
    comparison = whole("outputs/a", "outputs/b")
    assert list(comparison.notes) == said == json.loads(to_json(comparison))["not_checked"]
    assert [line for line in header(comparison) if line.startswith("not checked: ")] == [
        f"not checked: {note}" for note in said
    ]


# --- numbers of tasks


def test_tasks_that_follow_from_a_trial_do_not_keep_cells_apart(sample: Sample) -> None:
    """Whatever number a trial of the same length holds; the name of the cell leaves it out."""
    second = other(sample)
    for workers, one, two in ((1, 40, 38), (2, 40, 42)):
        sample.add_rounds(SLOWER, workers=workers, tasks=one, trial_ns=40 * MS)
        second.add_rounds(FASTER, workers=workers, tasks=two, trial_ns=40 * MS)
    cells = compare("outputs/a", "outputs/b")
    assert cells["cell"].tolist() == ["thread, 1 worker", "thread, 2 workers"]
    assert cells["differs"].tolist() == ["tasks 40 v 38", "tasks 40 v 42"]


def test_tasks_that_were_chosen_keep_cells_apart(sample: Sample) -> None:
    """As they always did; a number that one side chose is that of the other or is not."""
    second = other(sample)
    factors: dict[str, Any]
    for factors, tasks in (({"workers": 1, "model": "process"}, 40), ({"workers": 2}, 38)):
        sample.add_rounds(SLOWER, tasks=40, **factors)
        second.add_rounds(FASTER, tasks=tasks, trial_ns=40 * MS, **factors)
    comparison = whole("outputs/a", "outputs/b")
    assert comparison.cells["workers"].tolist() == [1]
    assert comparison.unpaired["reason"].tolist() == [
        "no such cell in B; the nearest has tasks 38, not 40",
        "no such cell in A; the nearest has tasks 40, not 38",
    ]


def test_trials_of_other_lengths_are_named_and_can_be_chosen(sample: Sample) -> None:
    """The length of a trial is a choice like any other."""
    sample.add_rounds(SLOWER, tasks=40, trial_ns=40 * MS)
    sample.add_rounds(FASTER, tasks=80, trial_ns=80 * MS)
    other(sample).add_rounds(FASTER, tasks=80, trial_ns=80 * MS)
    assert refusal(NothingPaired, "outputs/a:tasks=40", "outputs/b:model=thread").endswith(
        "no such cell in B; the nearest has trial 80ms, not 40ms"
    )
    cells = compare("trial=40ms", "trial=80ms", within="outputs/a")
    assert cells["differs"].tolist() == ["tasks 40 v 80, trial 40ms v 80ms"]


# --- numbers of rounds


def _auto(sample: Sample, values: tuple[float, ...], **factors: Any) -> None:
    row = sample._row(**{"pattern": "map", "tasks": 200, "task_ns": MS} | factors)
    for place, value in enumerate(values):
        measured = {"throughput_per_s": value, "speedup": value / 500}
        sample._store_run(row | measured | {"precision": 0.1}, place)


def test_rounds_beyond_those_of_the_other_side_are_left_out_and_counted(sample: Sample) -> None:
    """The first rounds of both, in the table and in one line; numbers that were asked for are left as they are."""
    for workers in (1, 2):
        _auto(sample, LATE, label="a", workers=workers)
    _auto(sample, FASTER, label="b", workers=1)
    _auto(sample, LATE[:6], label="b", workers=2)
    comparison = whole("label=a", "label=b")
    cells = comparison.cells.set_index("workers")
    assert cells[["rounds_a", "rounds_b"]].to_numpy().tolist() == [[3, 3], [6, 6]]
    assert cells["level"].tolist() == [0.95, 0.975]
    assert cells.loc[1, "value_a"] == pytest.approx(1044.4, rel=1e-4)
    (said,) = (line for line in footer(comparison) if line.startswith("not compared"))
    assert said == (
        "not compared: 7 rounds of A and 0 of B in 2 cells, since rounds=auto chose their number by their spread: "
        "the first rounds count, as many of one side as of the other"
    )


def test_numbers_of_rounds_that_were_asked_for_are_compared_in_full(sample: Sample) -> None:
    """Without a word on it."""
    sample.add_rounds(STEADY, label="a")
    sample.add_rounds(FASTER, label="b")
    comparison = whole("label=a", "label=b")
    assert comparison.cells[["rounds_a", "rounds_b", "level"]].to_numpy().tolist() == [[8, 3, 0.95]]
    assert not any(line.startswith("not compared") for line in footer(comparison))


def test_the_level_widens_the_interval_of_a_pair_that_the_rule_may_have_ended(sample: Sample) -> None:
    """The same values: at the level of the rule the interval is wider, effect and p are the same."""
    for label, values in (("a", LATE[:6]), ("b", tuple(value * 1.02 for value in LATE[:6]))):
        sample.add_rounds(values, label=label, workers=1)
        _auto(sample, values, label=label, workers=2)
    cells = compare("label=a", "label=b", within="outputs/a").set_index("workers")
    assert cells["level"].tolist() == [0.95, 0.975]
    assert cells[["effect", "p"]].nunique().tolist() == [1, 1]
    ends = [cells["low"][2], cells["low"][1], cells["high"][1], cells["high"][2]]
    assert ends == sorted(set(ends))


def test_a_knob_with_the_name_of_a_column_is_no_obstacle(sample: Sample) -> None:
    """What was asked is stored in the configuration as well as in a column."""
    config = "precision: 0.1\nmax_rounds: 30\ntrial: 40ms\nworkload: {name: spin}\n"
    for label in ("a", "b"):
        _auto(sample, STEADY, label=label, config=config)
    assert compare("label=a", "label=b", within="outputs/a")["verdict"].tolist() == ["same"]
