"""What follows from a shared number: the rule, with data for each of its decisions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from breakeven.analysis.findings import Finding, findings
from breakeven.analysis.frames.load import load
from breakeven.analysis.frames.rare import count_events, count_tasks, most_per_million
from breakeven.analysis.verdicts import verdicts
from tests.analysis_samples import Sample, add_counted


def _add(
    sample: Sample,
    lock: str,
    lost: Sequence[float],
    update: float = 80.0,
    step: str = "literal",
    **factors: Any,
) -> str:
    options = {
        "overrides": f"pattern.lock={lock}\npattern.step={step}",
        "config": f"pattern: {{lock: {lock}, step: {step}}}",
    }
    observed = {"lost_per_million": lost, "update_ns": [update] * len(lost)}
    return add_counted(sample, observed, lock, **options | factors)


def _only(sample: Sample) -> Finding:
    (found,) = findings(load(sample.path))
    return found


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """Return an empty sweep whose runs have two parallel trials each."""
    return Sample(tmp_path / "races", pairs=2)


def test_updates_that_are_lost_are_lost(sample: Sample) -> None:
    """In one process of three is enough; the lock's price stands beside it."""
    cells = {
        _add(sample, "none", (0.0, 0.0, 300_000.0), 80.0, model="process"),
        _add(sample, "lock", (0.0, 0.0, 0.0), 4_000.0, model="process"),
    }
    found = _only(sample)
    assert (found.decision, set(found.cells)) == ("loses", cells)
    assert found.sentence == (
        "process: without a lock 10.0 % of the updates are lost (3.00 M of 30.0 M); with a lock none of 30.0 M, "
        "and an update takes 4.00 us instead of 80.0 ns."
    )
    assert found.clause == "process loses 10.0 %"


def test_none_of_many_is_an_upper_bound(sample: Sample) -> None:
    """30 million updates in three processes leave 3 of them, 0.1 per million; how the GIL is handed over is in the details."""
    _add(sample, "none", (0.0, 0.0, 0.0), model="thread", python_version="3.11.7")
    found = _only(sample)
    assert found.decision == "none_seen"
    assert found.sentence == (
        "thread: without a lock none of 30.0 M updates was lost, which leaves at most 0.10 per million (95 %)."
    )
    assert found.details[0].startswith(
        "This interpreter hands over the GIL at calls and at the ends of loops alone"
    )


@pytest.mark.parametrize(
    "factors",
    [
        {"model": "process"},
        {"step": "call"},
        {"gil_enabled": False, "python_version": "3.13.5"},
        {"python_version": "3.9.2"},
        {"implementation": "pypy"},
    ],
    ids=str,
)
def test_what_the_gil_explains_is_said_of_no_others(sample: Sample, factors: dict[str, Any]) -> None:
    """Of threads of CPython 3.10 or newer with a GIL alone, and of an update without a call."""
    _add(sample, "none", (0.0, 0.0), **{"model": "thread"} | factors)
    found = _only(sample)
    assert (found.decision, found.details) == ("none_seen", ())


@pytest.mark.parametrize(
    ("factors", "why"),
    [
        ({"tasks": 1_000}, "none of 4.00 k was, and that is fewer than 1,000,000"),
        ({"workers": 1}, "none of 20.0 M was, and one worker has nobody to race with"),
        (
            {"gil_enabled": False, "workers_same_cpu": 0.75},
            "none of 20.0 M was, and the workers took turns on one CPU (affinity=scatter)",
        ),
    ],
)
def test_none_of_few_decides_nothing(sample: Sample, factors: dict[str, Any], why: str) -> None:
    """Nor does one worker."""
    _add(sample, "none", (0.0, 0.0), model="thread", **factors)
    found = _only(sample)
    assert found.decision == "undecided"
    assert found.sentence == f"thread: not decided whether updates are lost without a lock: {why}."
    assert found.clause == "thread: not decided whether updates are lost"


def test_a_lock_alone_is_safe(sample: Sample) -> None:
    """Since a trial that loses an update fails."""
    _add(sample, "lock", (0.0, 0.0), model="thread")
    found = _only(sample)
    assert (found.decision, found.clause) == ("safe", "thread with a lock loses none")
    assert found.sentence == "thread: with a lock none of 20.0 M updates was lost, as each trial checks."


def test_each_mechanism_and_setting_is_a_question(sample: Sample) -> None:
    """Cells that differ in the lock alone belong together; workers and steps keep them apart, and each is a verdict."""
    for workers, step, lock in (
        (2, "literal", "none"),
        (2, "literal", "lock"),
        (2, "call", "none"),
        (4, "call", "none"),
    ):
        _add(sample, lock, (0.0, 0.0), model="thread", workers=workers, step=step)
    lab = load(sample.path)
    found = {finding.question: len(finding.cells) for finding in findings(lab)}
    assert found == {
        "shared counter, thread x2 (step=literal)": 2,
        "shared counter, thread x2 (step=call)": 1,
        "shared counter, thread x4 (step=call)": 1,
    }
    assert verdicts(lab)["question"].tolist() == list(found)


def test_events_are_counted_over_all_processes(sample: Sample) -> None:
    """In two processes with two parallel trials of five million each: 2 per million, then 4."""
    cell = _add(sample, "none", (2.0, 4.0), model="process")
    lab = load(sample.path)
    assert count_tasks(lab).to_dict() == {cell: 20_000_000}
    assert count_events(lab, "lost_per_million").to_dict() == {cell: 60}
    assert most_per_million(30_000_000) == pytest.approx(0.1)
    assert most_per_million(2) == 1e6
