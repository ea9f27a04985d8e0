"""What follows from shared pipes and from two locks: the rules, with data for each of their decisions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from breakeven.analysis.findings import Finding, findings
from breakeven.analysis.frames.load import load
from tests.analysis_samples import Sample

SMALL = "Messages of 64 B are below 4096 B (PIPE_BUF of Linux), so each is written in one piece"
LARGE = "Messages of 64 KiB are larger than 4096 B (PIPE_BUF of Linux): that each is written in one piece is not promised"


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """Return an empty sweep whose runs have two parallel trials each."""
    return Sample(tmp_path / "races", pairs=2)


def _add_pipe(
    sample: Sample,
    lock: str,
    broken: Sequence[float] = (0.0, 0.0, 0.0),
    form: str = "connection",
    **factors: Any,
) -> str:
    """Add two processes that lost, tore and duplicated so many messages of a million."""
    names = ("lost_per_million", "torn_per_million", "duplicated_per_million")
    seen = {name: (value, value) for name, value in zip(names, broken, strict=True)}
    rate = 50_000.0 if lock == "lock" else 200_000.0
    known: dict[str, Any] = {
        "overrides": f"pattern.lock={lock}\npattern.form={form}",
        "config": f"pattern: {{lock: {lock}, form: {form}}}",
        "model": "process",
        "workers": 4,
        "tasks": 5_000,
        "payload_bytes": 64,
    }
    return sample.add_observed(
        seen | {"messages_per_s": (rate, rate)}, pattern="shared_pipe", **known | factors
    )


def _add_locks(sample: Sample, order: str, deadlocks: float, **factors: Any) -> str:
    """Add two processes with so many deadlocks in a million pairs."""
    seen = {"deadlocks_per_million": (deadlocks, deadlocks), "pair_ns": (2_000.0, 2_000.0)}
    if order == "same":
        seen["pair_ns"] = (500.0, 500.0)
    if deadlocks:
        seen["detected_ns"] = (5e6, 5e6)
    known: dict[str, Any] = {
        "overrides": f"pattern.order={order}",
        "config": f"pattern: {{order: {order}}}",
        "model": "process",
        "tasks": 50_000,
    }
    return sample.add_observed(seen, pattern="deadlock", **known | factors)


def _only(sample: Sample) -> Finding:
    (found,) = findings(load(sample.path))
    return found


def test_messages_that_are_lost_or_torn(sample: Sample) -> None:
    """With what locks cost, and what their size has to do with it."""
    cells = {
        _add_pipe(sample, "none", (250_000.0, 1_000.0, 0.0), payload_bytes=65536),
        _add_pipe(sample, "lock", payload_bytes=65536),
    }
    found = _only(sample)
    assert (found.decision, set(found.cells), found.clause) == (
        "loses",
        cells,
        "process loses 25.0 % of messages",
    )
    assert found.sentence == (
        "process: without locks 25.0 % of the messages are lost and 20 reads give what nobody wrote, of 20.0 k; with locks none of "
        f"20.0 k, at 50.0 k/s instead of 200 k/s. {LARGE}."
    )


def test_torn_messages_alone_are_broken_as_well(sample: Sample) -> None:
    """All arrive, and something else does, too."""
    _add_pipe(sample, "none", (0.0, 200.0, 0.0))
    found = _only(sample)
    assert (found.decision, found.clause) == ("loses", "process tears messages")
    assert found.sentence.startswith("process: without locks 4 reads give what nobody wrote, of 20.0 k. ")


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ("raw", f"{SMALL}, and read by one call."),
        (
            "connection",
            f"{SMALL}; but a reader takes its length first and then the rest, and another reader may come in between.",
        ),
    ],
)
def test_none_of_many_messages_is_an_upper_bound(sample: Sample, form: str, why: str) -> None:
    """20 000 messages leave 150 per million; small ones are explained by how they are written and read."""
    _add_pipe(sample, "none", form=form)
    found = _only(sample)
    assert found.decision == "none_seen"
    assert found.sentence == (
        f"process: without locks none of 20.0 k messages was lost or torn, which leaves at most 150 per million (95 %). {why}"
    )


@pytest.mark.parametrize(
    ("factors", "why"),
    [
        ({"tasks": 500}, "none of 2.00 k was, and that is fewer than 10,000"),
        ({"workers": 3}, "none of 20.0 k was, and both ends are shared by four workers or more alone"),
    ],
)
def test_few_messages_or_workers_decide_nothing(sample: Sample, factors: dict[str, Any], why: str) -> None:
    """The sentence says which it is."""
    _add_pipe(sample, "none", **factors)
    found = _only(sample)
    assert found.decision == "undecided"
    assert found.sentence.startswith(f"process: not decided whether messages are lost without locks: {why}. ")
    assert found.clause == "process: not decided whether messages are lost"


def test_pipes_with_locks_alone_are_safe(sample: Sample) -> None:
    """Each trial checks it."""
    _add_pipe(sample, "lock")
    assert (_only(sample).decision, _only(sample).clause) == ("safe", "process with locks loses none")


def test_deadlocks_are_deadlocks(sample: Sample) -> None:
    """How many, how soon they are noticed, and what a pair takes in either order."""
    cells = {_add_locks(sample, "opposite", 20_000.0), _add_locks(sample, "same", 0.0)}
    found = _only(sample)
    assert (found.decision, set(found.cells), found.clause) == (
        "deadlocks",
        cells,
        "process deadlocks in 2.00 % of pairs",
    )
    assert found.sentence == (
        "process: 4.00 k of 200 k pairs of locks in opposite order end in a deadlock (2.00 %), noticed after 5.00 ms; in the same order "
        "none in 200 k, and a pair takes 500 ns instead of 2.00 us."
    )


@pytest.mark.parametrize(
    ("order", "tasks", "decision", "sentence"),
    [
        (
            "opposite",
            50_000,
            "none_seen",
            "no deadlock in 200 k pairs of locks in opposite order, which leaves at most 15.0 per million (95 %): that is luck, not safety.",
        ),
        (
            "opposite",
            500,
            "undecided",
            "not decided whether locks in opposite order block: no deadlock in 2.00 k pairs, fewer than 10,000.",
        ),
        (
            "same",
            500,
            "safe",
            "no deadlock in 2.00 k pairs of locks in the same order, in which none can be.",
        ),
    ],
)
def test_without_a_deadlock(sample: Sample, order: str, tasks: int, decision: str, sentence: str) -> None:
    """Opposite order is never called safe."""
    _add_locks(sample, order, 0.0, tasks=tasks)
    found = _only(sample)
    assert (found.decision, found.sentence) == (decision, f"process: {sentence}")


def test_sizes_and_forms_are_questions_of_their_own(sample: Sample) -> None:
    """What differs in more than the locks is another pipe."""
    for payload, lock in ((64, "none"), (64, "lock"), (65536, "none")):
        _add_pipe(sample, lock, payload_bytes=payload, payload_asked_bytes=payload)
    assert {finding.question: len(finding.cells) for finding in findings(load(sample.path))} == {
        "shared pipe, process (64 B)": 2,
        "shared pipe, process (64 KiB)": 1,
    }


def test_large_messages_that_held_are_promised_nothing(sample: Sample) -> None:
    """That none was torn is what was seen."""
    _add_pipe(sample, "none", form="raw", payload_bytes=65536)
    assert _only(sample).sentence.endswith(f"(95 %). {LARGE}, though here it was.")
