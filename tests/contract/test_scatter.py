"""Tasks in pieces: how they are drawn and shared out, what is observed of it, and that each result is checked."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell.errors import InputsUnusable, WrongResult
from breakeven.runner.cell.inputs import Inputs, template_of
from breakeven.runner.cell.models.process_pool import ProcessPool
from breakeven.runner.cell.patterns._abc import Knobs
from breakeven.runner.cell.patterns.scatter import SKEWS, Chunk, Scatter, draw
from breakeven.runner.cell.reference import Reference
from breakeven.runner.cell.workloads._abc import Task
from tests.crews import THREADS, Mechanism, StartCrew
from tests.tasks import Identity, Sample


@pytest.fixture
def mechanism() -> Mechanism:
    """Return threads: how messages travel is the business of other suites."""
    return THREADS


def _scatter(tasks: int = 64, workers: int = 2, **options: Any) -> Scatter:
    return Scatter({"split": "dynamic", "chunk": 1, "skew": "heavy"} | options, Knobs(workers, tasks, 0))


@given(
    tasks=st.integers(1, 3000),
    workers=st.integers(1, 64),
    sigma=st.sampled_from(list(SKEWS.values())),
    seed=st.text(max_size=3),
)
def test_pieces_hold_all_tasks(tasks: int, workers: int, sigma: float, seed: str) -> None:
    """Each has one at least, and the same seed draws the same."""
    sizes = draw(tasks, workers, sigma, seed)
    assert sum(sizes) == tasks
    assert min(sizes) >= 1
    assert sizes == draw(tasks, workers, sigma, seed)
    assert len(sizes) >= min(tasks, 2 * workers)


def test_lengths_are_as_uneven_as_they_are_called() -> None:
    """The tenth of the pieces with most tasks has a tenth, a third and three quarters of them; other seeds draw others."""
    shares = []
    for sigma in SKEWS.values():
        sizes = sorted(draw(80_000, 2, sigma, "1/0"), reverse=True)
        shares.append(sum(sizes[: len(sizes) // 10]) / 80_000)
    assert shares == [pytest.approx(0.1), pytest.approx(0.37, abs=0.05), pytest.approx(0.72, abs=0.06)]
    assert draw(800, 2, 2.0, "1/0") != draw(800, 2, 2.0, "1/1")


@given(tasks=st.integers(1, 500), workers=st.integers(1, 9), chunk=st.integers(1, 600), split=st.booleans())
def test_every_piece_is_in_one_chunk(tasks: int, workers: int, chunk: int, split: bool) -> None:
    """Static shares have as many pieces, or one more; dynamic chunks have the size that was asked for, but the last."""
    made = _scatter(tasks, workers, split="static" if split else "dynamic", chunk=chunk)
    bounds = made.bounds
    assert bounds[0][0] == 0
    assert bounds[-1][1] == len(made.sizes)
    assert all(one[1] == next_[0] for one, next_ in pairwise(bounds))
    lengths = [end - first for first, end in bounds]
    if split:
        assert len(bounds) == min(workers, len(made.sizes))
        assert max(lengths) - min(lengths) <= 1
    else:
        assert all(length == chunk for length in lengths[:-1])
        assert 1 <= lengths[-1] <= chunk


def test_what_is_observed_is_what_happened() -> None:
    """Of two workers with 7 of 8 tasks and one: the last ends at 100, the other at 20 of which it was busy for 10."""
    made = _scatter(8)
    made._sizes = (4, 3, 1)
    result = (0, b"")
    chunks = [
        Chunk(0, 0, 50, [(0, result)]),
        Chunk(1, 10, 20, [(2, result)]),
        Chunk(0, 50, 100, [(1, result), (1, result)]),
    ]
    seen = {observed.quantity: observed.value for observed in made._observe(chunks, 0)}
    assert seen == {"straggler_share": 0.4, "least_busy_share": 0.1, "least_tasks_share": 1 / 7}


def test_a_worker_without_a_piece_waits_all_the_time() -> None:
    """Half of the time of two workers, and the least is nothing."""
    made = _scatter(8)
    made._sizes = (8,)
    seen = {
        observed.quantity: observed.value
        for observed in made._observe([Chunk(1, 5, 100, [(0, (0, b""))])], 0)
    }
    assert seen == {"straggler_share": 0.5, "least_busy_share": 0, "least_tasks_share": 0}


def test_a_size_of_chunks_without_effect_is_refused() -> None:
    """Static shares are one chunk each; a pool's own chunks would cut through those of the pattern."""
    assert Scatter.conflict({"split": "dynamic", "chunk": 4}) is None
    assert Scatter.conflict({"split": "static", "chunk": 1}) is None
    assert Scatter.conflict({"split": "static", "chunk": 4}) == (
        "pattern.chunk=4: pattern.split=static makes one chunk a worker; leave it 1, or choose pattern.split=dynamic"
    )
    assert ProcessPool.refuses_pattern(Scatter, {"chunksize": None}) is None
    assert ProcessPool.refuses_pattern(Scatter, {"chunksize": 4}) == (
        "model.chunksize=4 has no effect on a pattern that makes chunks of its own; leave it null"
    )
    assert ProcessPool.refuses_pattern(Scatter, {"lifetime": "per_map"}) == (
        "model.lifetime=per_map makes a pool for each map of tasks, which only pattern=map has"
    )


class Wavering(Sample):
    """Returns another result each third time."""

    def open(self) -> Task:
        """Return a task that counts its calls."""
        calls = iter(range(10**9))
        return lambda payload: (int(next(calls) % 3 == 2), payload)


@pytest.mark.parametrize("split", ["static", "dynamic"])
def test_a_repetition_with_another_result_is_found(crew: StartCrew, split: str) -> None:
    """Though the first one is sent back, in both kinds of trial."""
    workload = Wavering()
    reference, made = Reference(workload), _scatter(split=split)
    told = "returned a different result from the serial call: checksum: 1 instead of 0"
    with pytest.raises(WrongResult, match=f"a serial trial {told}"):
        made.serial(reference)
    with crew(workload, made) as workers, pytest.raises(WrongResult, match=f"a parallel trial {told}"):
        made.parallel(reference, workers)


def test_a_piece_cannot_repeat_what_changes_its_input() -> None:
    """Pieces of one task each can."""
    inputs = Inputs([[1]], [template_of([1])])
    reference = Reference(Identity(), inputs)
    with pytest.raises(InputsUnusable) as caught:
        _scatter().serial(reference)
    assert str(caught.value) == (
        "pattern.skew=heavy: a piece repeats its task with one input, which a call changes; choose pattern.skew=none"
    )
    assert _scatter(4, skew="none").serial(reference).tasks == 4
