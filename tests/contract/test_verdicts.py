"""The rule by which a question is decided."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from breakeven.analysis.verdicts.ranking import BAND, FASTEST, PARALLEL, SERIAL, UNDECIDED, Sample, rank


def _around(middle: float, spread: float = 0.01, rounds: int = 6) -> Sample:
    """Return values whose geometric mean is ``middle``."""
    return Sample(middle * np.exp(spread * np.linspace(-1, 1, rounds)), 0.95)


def _first(candidates: Sequence[int]) -> int:
    return candidates[0]


def _last(candidates: Sequence[int]) -> int:
    return candidates[-1]


def test_the_surest_gain_is_recommended() -> None:
    """Others that are surely less are worse, and slower than serial where they surely are."""
    found = rank([_around(1.8), _around(1.2), _around(0.9)], _first)
    assert (found.decision, found.best, found.as_good, found.open) == (PARALLEL, 0, (), ())
    assert (found.worse, found.slower) == ((1, 2), (2,))


def test_a_wide_interval_with_the_largest_mean_is_not_recommended() -> None:
    """It is named as open, since it may be better."""
    found = rank([_around(1.8), _around(2.0, spread=0.5)], _first)
    assert (found.decision, found.best, found.open) == (PARALLEL, 0, (1,))


def test_of_those_within_the_band_the_cheapest_is_recommended() -> None:
    """Whoever is cheaper: the rule asks only who is surely near the best."""
    samples = [_around(1.80), _around(1.82), _around(1.5)]
    assert (rank(samples, _first).best, rank(samples, _first).as_good) == (0, (1,))
    assert (rank(samples, _last).best, rank(samples, _last).as_good) == (1, (0,))


def test_serial_is_within_the_band_of_the_best() -> None:
    """A gain that is surely less than the band is not worth it, even if it surely is one."""
    found = rank([_around(1.02, spread=0.002), _around(0.7)], _first)
    assert (found.decision, found.best, found.slower) == (SERIAL, None, (1,))
    assert found.low[0] > 1


@given(st.lists(st.tuples(st.floats(0.9, 1.3), st.floats(0.0005, 0.1)), min_size=1, max_size=5))
def test_what_is_within_the_band_of_serial_is_not_recommended(candidates: list[tuple[float, float]]) -> None:
    """However sure it is that it gains something; nor if it is the cheapest of those near the best."""
    samples = [_around(middle, spread=spread) for middle, spread in candidates]
    for cheapest in (_first, _last):
        found = rank(samples, cheapest)
        assert found.best is None or candidates[found.best][0] > 1.05 * (1 - 1e-9)


def test_a_sure_gain_that_may_be_more_than_the_band_is_undecided() -> None:
    """Surely faster than serial, by 4 or 6 %: more rounds say which."""
    found = rank([_around(1.045, spread=0.015)], _first)
    assert (found.decision, found.best, found.open) == (UNDECIDED, None, (0,))
    assert found.low[0] > 1


def test_what_may_pay_or_not_is_undecided() -> None:
    """And which candidates may."""
    found = rank([_around(1.1, spread=0.3), _around(0.4)], _first)
    assert (found.decision, found.best, found.open, found.slower) == (UNDECIDED, None, (0,), (1,))


@pytest.mark.parametrize("values", [[1.9], [1.9, 1.9]], ids=["one process", "no spread"])
def test_an_unknown_spread_decides_nothing(values: list[float]) -> None:
    """One process says nothing of others."""
    found = rank([Sample(np.array(values), 0.95)], _first)
    assert (found.decision, found.open) == (UNDECIDED, (0,))


@pytest.mark.parametrize("serial", [True, False], ids=["beside serial", "alone"])
@given(others=st.lists(st.floats(0.5, 3), min_size=1, max_size=4), place=st.integers(0, 4))
def test_a_candidate_without_values_may_be_anything(serial: bool, others: list[float], place: int) -> None:
    """It is judged as one of a single process, which says no more; it leads nothing, and decides nothing."""
    samples = [_around(middle) for middle in others]
    nothing, single = (Sample(np.array(values), 0.95) for values in ([], [1.0]))
    found, wanted = (
        rank([*samples[:place], unknown, *samples[place:]], _first, serial=serial)
        for unknown in (nothing, single)
    )
    assert (found.decision, found.best, found.open) == (wanted.decision, wanted.best, wanted.open)
    assert np.isfinite(found.low).all()
    assert not np.isnan(found.high).any()


def test_without_a_serial_answer_the_soonest_is_best() -> None:
    """A channel is chosen among channels; two that may be far apart either way leave it undecided."""
    clear = rank([_around(5.0), _around(9.0)], _first, serial=False)
    assert (clear.decision, clear.best, clear.worse, clear.slower) == (FASTEST, 1, (0,), ())
    unclear = rank([_around(5.0, spread=0.6), _around(6.0, spread=0.6)], _first, serial=False)
    assert (unclear.decision, unclear.best, unclear.open) == (UNDECIDED, None, (0, 1))


def test_more_candidates_need_more_certainty() -> None:
    """The best of many looks good by chance: its interval is wider if there are more of them."""
    alone, among = rank([_around(1.5)], _first), rank([_around(1.5)] * 20, _first)
    assert among.low[0] < alone.low[0] < 1.5 < alone.high[0] < among.high[0]


@given(
    candidates=st.lists(
        st.tuples(
            st.floats(0.5, 3),
            st.sampled_from([0.001, 0.01, 0.1, 0.4]),
            st.integers(2, 6),
            st.integers(0, 2**32 - 1),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_no_verdict_is_surer_than_the_interval_that_is_shown(
    candidates: list[tuple[float, float, int, int]],
) -> None:
    """However little others spread: who recommends 1.42x [0.99, 2.04] has said that it may not pay at all."""
    samples = [
        Sample(middle * np.exp(spread * np.random.default_rng(seed).standard_normal(rounds)), 0.95)
        for middle, spread, rounds, seed in candidates
    ]
    shown = [_shown(sample) for sample in samples]
    found = rank(samples, _first)
    if found.decision == PARALLEL:
        assert found.best is not None
        assert shown[found.best][0] > 1
    if found.decision == SERIAL:
        assert all(high <= 1 + BAND for _, high in shown)
    assert all(shown[one][1] < 1 for one in found.slower)
    assert all(shown[one][0] > 1 for one in found.as_good)


def _shown(sample: Sample) -> tuple[float, float]:
    """Return Student's interval of the logarithms' mean, as a cell's row shows it, computed by another library."""
    ends = stats.t.interval(
        sample.level, len(sample.values) - 1, np.log(sample.values).mean(), stats.sem(np.log(sample.values))
    )
    return float(np.exp(ends[0])), float(np.exp(ends[1]))
