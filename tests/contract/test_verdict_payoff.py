"""From where on it pays, and when start-up is repaid."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.verdicts.payoff import (
    FROM,
    IN_PART,
    NEVER,
    NOT_DECIDED,
    THROUGHOUT,
    UP_TO,
    Payoff,
    find_payoff,
)
from breakeven.analysis.verdicts.ranking import Sample
from breakeven.analysis.verdicts.repaid import repaid

SURE = 0.02 * np.linspace(-1, 1, 6)


def _line(*speedups: float, unsure: tuple[int, ...] = ()) -> list[Sample]:
    return [
        Sample(speedup * np.exp(SURE * (10 if place in unsure else 1)), 0.95)
        for place, speedup in enumerate(speedups)
    ]


@pytest.mark.parametrize(
    ("pays", "line"),
    [
        (THROUGHOUT, _line(1.2, 1.5, 1.8)),
        (NEVER, _line(0.3, 0.6, 0.8)),
        (FROM, _line(0.3, 0.8, 1.4, 1.8)),
        (UP_TO, _line(1.8, 1.4, 0.8)),
        (IN_PART, _line(1.4, 0.8, 1.4)),
        (IN_PART, _line(0.8, 1.4, 0.8)),
        (NOT_DECIDED, _line(0.8, 1.1, unsure=(1,))),
    ],
)
def test_what_a_line_shows(pays: str, line: list[Sample]) -> None:
    """By the points that are surely above or below 1."""
    assert find_payoff([10.0**place for place in range(len(line))], line).pays == pays


def test_a_bracket_lies_between_the_last_sure_loss_and_the_first_of_the_sure_gains() -> None:
    """What is not sure lies within; the crossing is where the loss of a task is as long as the gain."""
    found = find_payoff([1.0, 2.0, 4.0, 8.0], _line(0.5, 0.9, 1.1, 1.6, unsure=(1, 2)))
    assert (found.pays, found.low, found.high) == (FROM, 1.0, 8.0)
    assert found.crossing is not None
    assert 2 < found.crossing < 4


@given(st.floats(0.05, 0.9), st.floats(0.5, 5.0))
def test_the_crossing_is_that_of_a_constant_loss(share: float, loss: float) -> None:
    """A task of length t takes share x t + loss in parallel: it pays from loss / (1 - share) on."""
    truth = loss / (1 - share)
    places = [truth / 2, truth * 2]
    found = find_payoff(
        places, [Sample(place / (share * place + loss) * np.exp(SURE / 1e6), 0.95) for place in places]
    )
    assert found.pays == FROM
    assert found.crossing == pytest.approx(truth, rel=1e-3)


def test_one_end_may_be_missing() -> None:
    """If no point surely loses, it pays from the first sure one or less."""
    assert find_payoff([1.0, 2.0], _line(1.05, 1.5, unsure=(0,))) == Payoff(FROM, 2.0, None, None)


def _runs(speedups: list[float], startup: float = 1e6, teardown: float = 1e6) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cell_id": "a",
            "hostname": "bench",
            "machine": "bench",
            "speedup": speedups,
            "task_measured_ns": 1e6,
            "startup_ns": startup,
            "teardown_ns": teardown,
        }
    )


def test_start_up_is_repaid_by_what_tasks_gain() -> None:
    """Two workers twice as fast gain half of a task of 1 ms, so that 2 ms are repaid after four."""
    found = repaid(_runs([1.98, 2.0, 2.02])).loc["a"]
    assert found["repaid_tasks"] == pytest.approx(4, rel=0.01)
    assert found["repaid_tasks_low"] < 4 < found["repaid_tasks_high"]


def test_what_gains_nothing_repays_nothing() -> None:
    """Never, if no process gains; with no upper end, if some do not."""
    assert np.isinf(repaid(_runs([0.9, 0.95])).loc["a"]).all()
    some = repaid(_runs([0.99, 1.1, 1.2])).loc["a"]
    assert np.isfinite(some["repaid_tasks"])
    assert np.isinf(some["repaid_tasks_high"])
