"""Pipelines of real workers: every item passes all stages, whatever joins them; what a stage raises ends the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from breakeven.analysis.findings import findings
from breakeven.analysis.frames.load import Lab, load
from breakeven.runner.cell import models
from breakeven.runner.cell.errors import TaskFailed, WrongResult
from breakeven.runner.cell.patterns._abc import Knobs
from breakeven.runner.cell.patterns.pipeline import Pipeline, chain
from breakeven.runner.cell.reference import Reference
from breakeven.runner.cell.workloads._abc import Task
from tests.analysis_samples import Sample as Sweep
from tests.crews import EVERY_MODEL, Mechanism, StartCrew, crew_of
from tests.tasks import Adds

ABLE = [one for one in EVERY_MODEL if models.load(one.model).EQUIPS]
TASKS = 50
VIA = pytest.mark.parametrize("via", ["pipe", "queue"])
PROCESSES = Mechanism("process", "fork", "queue")


@pytest.fixture(params=ABLE, ids=str)
def mechanism(request: pytest.FixtureRequest) -> Mechanism:
    """Return every model whose workers can share more than a channel."""
    found: Mechanism = request.param
    return found


class Forgets(Adds):
    """Adds one too many, once, near the end of a trial."""

    def open(self) -> Task:
        """Return the task."""
        calls: list[int] = []

        def add(payload: int) -> tuple[int, int]:
            calls.append(payload)
            return payload, payload + (1 if len(calls) != TASKS - 3 else 2)

        return add


def _pipeline(via: str = "queue", weights: list[int] | None = None, workers: int = 2) -> Pipeline:
    return Pipeline({"via": via, "depth": 4, "weights": weights}, Knobs(workers, TASKS, 0))


def test_a_chain_sums_its_values_and_passes_on_what_came_back() -> None:
    """Each task has what the one before made."""
    assert chain(Adds().open(), 10, 3) == (10 + 11 + 12, 13)
    assert chain(Adds().open(), 10, 0) == (0, 10)


@VIA
def test_items_pass_all_stages(crew: StartCrew, via: str) -> None:
    """In three trials of one run, with uneven stages: the results are those of the chain in place, and each stage says how busy it was."""
    pattern = _pipeline(via, [1, 2])
    reference = Reference(Adds())
    with crew(Adds(), pattern) as workers:
        for _ in range(3):
            outcome = pattern.parallel(reference, workers)
            found = [(quantity, worker) for quantity, _, worker in outcome.observations]
            assert found == [
                ("items_per_s", -1),
                ("through_ns", -1),
                ("busy_share", 0),
                ("busy_share", 1),
                ("busiest_share", -1),
            ]
            values = [value for quantity, value, _ in outcome.observations if quantity.endswith("_share")]
            assert max(values[:-1]) == values[-1] <= 1
            assert outcome.tasks == TASKS
    assert pattern.serial(reference).tasks == TASKS


@pytest.mark.parametrize("mechanism", [PROCESSES], indirect=True, ids=str)
def test_a_wrong_result_in_the_middle_of_a_trial_is_found(crew: StartCrew) -> None:
    """The last stage compares each item with the first one of the same input."""
    pattern = _pipeline()
    with (
        pytest.raises(
            WrongResult,
            match=r"^\d+ items? of a parallel trial came out with a different result from the first one with the same input: ",
        ),
        crew(Forgets(), pattern) as workers,
    ):
        pattern.parallel(Reference(Adds()), workers)


@pytest.mark.parametrize("mechanism", [PROCESSES], indirect=True, ids=str)
def test_a_wrong_chain_is_found(crew: StartCrew) -> None:
    """The parent compares the first results with those of the chain in place."""
    pattern, reference = _pipeline(), Reference(Adds())
    reference.expected = [(value + 1, back) for value, back in reference.expected]
    with (
        pytest.raises(WrongResult, match="task 0 of a parallel trial returned a different result"),
        crew(Adds(), pattern) as workers,
    ):
        pattern.parallel(reference, workers)


@VIA
@pytest.mark.parametrize(
    "mechanism",
    [PROCESSES, Mechanism("process_pool", "fork", "native"), Mechanism("mp_pool", "fork", "native")],
    ids=str,
)
def test_a_stage_that_raises_ends_the_run(mechanism: Mechanism, via: str, tmp_path: Path) -> None:
    """Stages that wait for its items wait no longer than the run."""
    pattern, reference = _pipeline(via), Reference(Adds())
    reference.inputs.originals[:] = [1000]
    with (
        pytest.raises(TaskFailed, match="too large: 1001"),
        crew_of(mechanism, tmp_path)(Adds(), pattern) as workers,
    ):
        pattern.parallel(reference, workers)


@pytest.mark.parametrize("weights", [[0, 1], [1.5], [], ["a"], [True]])
def test_weights_are_whole_numbers(weights: list[Any]) -> None:
    """What is none is refused in one line; null and good ones are not."""
    told = Pipeline.conflict({"weights": weights})
    assert (
        told
        == f"pattern.weights={weights}: whole numbers above 0 are needed, one for each stage, such as [1,3,1]"
    )
    assert Pipeline.conflict({"weights": None}) is Pipeline.conflict({"weights": [1, 3]}) is None


def test_a_list_of_weights_is_repeated() -> None:
    """The serial trial does all of them."""
    pattern = _pipeline(weights=[1, 3], workers=3)
    assert pattern.weights == [1, 3, 1]
    assert (pattern.serial_ns(1000), pattern.most_tasks(1000)) == (5 * TASKS * 1000, 3 * TASKS)


# --- what follows --------------------------------------------------------------------------------------------------


def _sweep(folder: Path, *stages: tuple[float, ...]) -> Lab:
    sweep = Sweep(folder / "mine", pairs=2)
    cell = sweep.add_observed(
        {"items_per_s": [100.0] * len(stages[0])}, pattern="pipeline", model="process", workers=len(stages)
    )
    for round_ in range(len(stages[0])):
        rows = [
            {"trial": trial, "worker": worker, "quantity": "busy_share", "value": shares[round_]}
            for worker, shares in enumerate(stages)
            if round_ < len(shares)
            for trial in (1, 3)  # the parallel ones of two pairs
        ]
        sweep.store("observations", cell, round_, pd.DataFrame(rows))
    return load(sweep.path)


EVEN, BUSY, IDLE, NOISY = (0.9, 0.91, 0.89), (0.95, 0.96, 0.94), (0.3, 0.31, 0.29), (0.7, 0.9, 0.35)


@pytest.mark.parametrize(
    ("stages", "decision", "said"),
    [
        (
            (IDLE, BUSY),
            "stage",
            "stage 2 limits it: in its task 95.0 % [92.5 %, 97.5 %] of the time, the others 30.0 % on average",
        ),
        ((BUSY, EVEN), "stage", "stage 1 limits it"),
        ((EVEN, EVEN), "even", "its stages are even"),
        ((IDLE, IDLE), "passing", "no stage limits it"),
        ((NOISY, IDLE), "undecided", "undecided which stage limits it"),
    ],
)
def test_the_stage_that_is_surely_busiest_limits(
    tmp_path: Path, stages: tuple[Any, ...], decision: str, said: str
) -> None:
    """If its interval lies above those of all others and it is in its task half of the time."""
    (finding,) = findings(_sweep(tmp_path, *stages))
    assert finding.decision == decision
    assert finding.sentence.startswith(f"Pipeline of 2 stages, process: {said}")
    assert len(finding.details) == 2


def test_a_stage_without_an_interval_leaves_it_undecided(tmp_path: Path) -> None:
    """It may be as busy as the busiest, whatever the others are."""
    (finding,) = findings(_sweep(tmp_path, BUSY, (0.6,), IDLE))
    assert finding.decision == "undecided"
