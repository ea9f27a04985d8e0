"""The rule by which trials are marked as disturbed, and what else is told of a run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell.meter import TICK_NS
from breakeven.runner.cell.result import LaneRecord
from breakeven.runner.config.start import PADDING
from breakeven.runner.planning.perturbation import Variation
from breakeven.runner.results.disturbance import SHARE, Judge
from breakeven.runner.results.warnings import notes
from tests.samples import result, run, trial

WALL = 100_000_000
LOST = int(SHARE * WALL) + 1
QUIET = trial(wall_ns=WALL, cpu_ns=2 * WALL, busy_ns=2 * WALL, steal_ns=0, throttled_ns=0, longest_wait_ns=0)


def _judge(*trials: dict[str, Any], workers: int = 2, cpus: int = 2) -> list[str | None]:
    return Judge(workers, cpus)([QUIET._replace(**changes) for changes in trials])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"steal_ns": 2 * LOST + TICK_NS}, "steal"),
        ({"steal_ns": LOST + TICK_NS}, None),
        ({"steal_ns": LOST + TICK_NS, "kind": "serial"}, "steal"),
        ({"steal_ns": TICK_NS, "kind": "serial", "wall_ns": 10_000_000}, None),
        ({"throttled_ns": 1}, "throttling"),
        ({"longest_wait_ns": LOST, "kind": "serial"}, "foreign load"),
        ({"longest_wait_ns": LOST - 1, "kind": "serial"}, None),
        ({"longest_wait_ns": LOST}, None),
        ({"longest_wait_ns": LOST, "busy_ns": 2 * WALL + LOST + 2 * TICK_NS}, "foreign load"),
        ({"busy_ns": 2 * WALL + LOST + 2 * TICK_NS}, None),
        ({"throttled_ns": 1, "steal_ns": WALL}, "steal, throttling"),
        ({"throttled_ns": None, "steal_ns": None, "busy_ns": None, "longest_wait_ns": None}, None),
        ({"busy_ns": None, "longest_wait_ns": LOST}, None),
    ],
)
def test_what_disturbs_a_trial(changes: dict[str, Any], expected: str | None) -> None:
    """A share of its time lost to others marks it; a tick that may have begun before, and own waiting, do not."""
    assert _judge(changes) == [expected]


def test_the_serial_trial_of_the_block_tells_for_the_parallel_one() -> None:
    """Where it met others and the parallel one waited too, both are marked; other blocks are not."""
    waited = {"longest_wait_ns": LOST}
    found = _judge(waited | {"kind": "serial"}, waited, {}, waited | {"block": 1})
    assert found == ["foreign load", "foreign load", None, None]


def test_threads_of_a_library_are_not_called_others() -> None:
    """Where any trial of a run had some, whoever waited may have waited for them."""
    waited = {"longest_wait_ns": LOST, "kind": "serial"}
    assert _judge(waited, {"other_cpu_ns": LOST}) == ["native threads", None]
    assert _judge(waited, {"other_cpu_ns": LOST - 1}) == ["foreign load", None]
    assert _judge(waited | {"throttled_ns": 1}, {"other_cpu_ns": LOST}) == [
        "throttling, native threads",
        None,
    ]


LANE = LaneRecord(0, 0, 0, 0, feeder=False, thread_id=0, offset=0, marks=0, tasks=0, dropped=0)
RESULT = result(task_ns=1_000_000)


@pytest.mark.parametrize(
    ("asked", "changes", "expected"),
    [
        (1_000_000, {}, None),
        (1_000_000, {"task_ns": 1_200_345}, None),
        (
            3_000,
            {"task_ns": 3_000},
            (
                "task=3us: shorter than 100 steps of this machine's clock (40 ns each), so one task cannot be "
                "timed to 1 %; ask for 4us or more"
            ),
        ),
        (
            1_000_000,
            {"warmup_ended_by": "cap", "n_warmup": 10},
            (
                "warm-up: still not steady after 10 pairs of trials (measure.max_warmup); the machine drifts, or the "
                "work gets faster or slower with every call"
            ),
        ),
        (0, {"task_ns": 5}, None),
        (
            1_000_000,
            {"lanes": tuple(LANE._replace(dropped=dropped) for dropped in (2, 0, 3))},
            (
                "trace: 5 spans did not fit the buffer and were merged into the one after them; the phases of this run "
                "are shown coarser than they were (use a shorter window or fewer tasks)"
            ),
        ),
    ],
)
def test_what_is_noted_of_a_run(asked: int, changes: dict[str, Any], expected: str | None) -> None:
    """Lengths below the clock's floor, warm-up without an end, merged spans; nothing otherwise."""
    assert notes(run("python", task_ns=asked), RESULT._replace(**changes)) == expected


@given(st.integers(0, 2**63 - 1), st.integers(0, 100))
def test_rounds_vary_and_can_be_repeated(seed: int, round_: int) -> None:
    """The same round has the same surroundings, and the environment says them."""
    found = Variation.of(seed, "cell", round_)
    assert found == Variation.of(seed, "cell", round_)
    assert found.environment() == {
        "PYTHONHASHSEED": str(found.hash_seed),
        PADDING: "x" * found.padding_bytes,
    }
    assert 0 <= found.hash_seed < 2**32


def test_no_two_rounds_are_alike() -> None:
    """Hash seed and padding differ from round to round and from cell to cell."""
    found = {Variation.of(1, cell_id, round_) for cell_id in "ab" for round_ in range(10)}
    assert len({variation.hash_seed for variation in found}) == 20
    assert len({variation.padding_bytes for variation in found}) > 15
