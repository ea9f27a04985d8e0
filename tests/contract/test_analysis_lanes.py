"""Lanes: what a span becomes in the timeline, and that binning loses no time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.figures.lanes import STATES, bin_states, split_states
from breakeven.analysis.figures.phases import OFF_CPU, ON_CPU
from tests.examples import at_most

US = 1000.0


def _spans(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["worker", "phase", "start_ns", "duration_ns", "on_cpu_ns"])


def _shares(
    spans: pd.DataFrame, workers: int, edges: list[float], resolution: float = US
) -> dict[str, np.ndarray]:
    shares = bin_states(split_states(spans, resolution), workers, np.array(edges))
    return {state: shares[:, place] for place, state in enumerate(STATES)}


def test_an_interrupted_task_computes_at_its_ends_and_waits_between() -> None:
    """Of 10 us with 2 us of CPU the first and the last are computing."""
    shares = _shares(_spans((0, "compute", 0, 10 * US, 2 * US)), 1, [0, US, 9 * US, 10 * US])
    assert shares[ON_CPU].tolist() == [[1, 0, 1]]
    assert shares[OFF_CPU].tolist() == [[0, 1, 0]]


def test_a_task_that_was_not_interrupted_computes_all_the_time() -> None:
    """From 90 % on CPU the rest is noise of the clocks."""
    shares = _shares(_spans((0, "compute", 0, 100, 90)), 1, [0, 50, 100])
    assert shares[ON_CPU].tolist() == [[1, 1]]
    assert _shares(_spans((0, "compute", 0, 100, 89)), 1, [0, 100])[OFF_CPU].item() == pytest.approx(0.11)


def test_cpu_time_too_long_to_place_is_spread() -> None:
    """Of a task with more CPU time than can be placed each bin gets the same share."""
    shares = _shares(_spans((0, "compute", 0, 12 * US, 3 * US)), 1, [0, 4 * US, 12 * US])
    assert shares[ON_CPU].tolist() == [[0.25, 0.25]]
    assert shares[OFF_CPU].tolist() == [[0.75, 0.75]]


def test_phases_become_states_of_their_worker() -> None:
    """Phases as they are recorded, in the lane of their worker; time without a span in none."""
    spans = _spans(
        (0, "serialize", 0, 10, None),
        (0, "wait", 10, 10, None),
        (1, "receive", 5, 5, None),
        (1, "idle", 20, 5, None),
    )
    shares = _shares(spans, 2, [0, 10, 20, 30])
    assert shares["serialize"].tolist() == [[1, 0, 0], [0, 0, 0]]
    assert shares["receive"].tolist() == [[0, 0, 0], [0.5, 0, 0]]
    assert shares["wait"].tolist() == [[0, 1, 0], [0, 0, 0]]
    assert shares["idle"].tolist() == [[0, 0, 0], [0, 0, 0.5]]
    assert sum(share.sum() for share in shares.values()) == 3


@given(
    st.lists(
        st.tuples(st.integers(1, 50), st.floats(0, 1), st.sampled_from(["compute", "send", "idle"])),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 40),
)
@at_most(60)
def test_binning_loses_no_time(lane: list[tuple[int, float, str]], bins: int) -> None:
    """A lane without gaps fills every bin, and its CPU time is that of the spans."""
    lengths = np.array([length for length, _, _ in lane], float)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    spans = _spans(
        *(
            (0, phase, start, length, share * length)
            for (length, share, phase), start in zip(lane, starts, strict=True)
        )
    )
    edges = np.linspace(0, lengths.sum(), bins + 1)
    shares = bin_states(split_states(spans, 5), 1, edges)
    assert shares.sum(axis=1) == pytest.approx(np.ones((1, bins)))
    whole = [
        length if share >= 0.9 else share * length for length, share, phase in lane if phase == "compute"
    ]
    assert shares[0, 0].sum() * np.diff(edges)[0] == pytest.approx(sum(whole), abs=1e-6)
