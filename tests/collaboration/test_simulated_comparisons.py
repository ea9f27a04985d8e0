"""Comparisons beside an independent implementation of their test, and in small simulations with fixed seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from breakeven.analysis.comparing.effect import Welch
from breakeven.analysis.comparing.verdict import Judge

Samples = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Samples]
POSITIVE = st.lists(st.floats(0.5, 2.0), min_size=2, max_size=8).filter(lambda values: np.ptp(values) > 1e-6)


@given(POSITIVE, POSITIVE)
def test_the_test_is_welchs(a: list[float], b: list[float]) -> None:
    """Statistic, degrees of freedom, p and interval are those of an independent implementation on logarithms."""
    found = Welch().compare(np.array(a), np.array(b))
    known = stats.ttest_ind(np.log(b), np.log(a), equal_var=False)
    interval = known.confidence_interval(0.95)
    assert found.reason == ""
    assert [found.df, found.p] == pytest.approx([known.df, known.pvalue], rel=1e-6, abs=1e-12)
    assert np.log([found.low, found.high]) == pytest.approx([interval.low, interval.high], rel=1e-6, abs=1e-9)


CELLS, SWEEPS = 40, 15


def _normal(rng: np.random.Generator, shape: tuple[int, int]) -> Samples:
    return 1 + 0.02 * rng.normal(size=shape)


def _lognormal(rng: np.random.Generator, shape: tuple[int, int]) -> Samples:
    return rng.lognormal(0, 0.2, shape)


def _t3(rng: np.random.Generator, shape: tuple[int, int]) -> Samples:
    return np.exp(0.02 * rng.standard_t(3, shape))


def _simulate(draw: Draw, rounds: tuple[int, int], gain: float = 1.0) -> pd.DataFrame:
    """Return the effects of many sweeps of `CELLS` cells, with ``sweep`` in which p values are adjusted together."""
    rng = np.random.default_rng(12)
    sides = [draw(rng, (CELLS * SWEEPS, count)) for count in rounds]
    found = pd.DataFrame([Welch().compare(a, b * gain) for a, b in zip(*sides, strict=True)])
    sweeps = found.groupby(np.arange(len(found)) // CELLS)
    return pd.concat([Judge(band=0.0)(sweep) for _, sweep in sweeps])


@pytest.mark.parametrize("draw", [_normal, _lognormal, _t3])
@pytest.mark.parametrize("rounds", [(3, 3), (3, 10)])
def test_the_same_cell_twice_is_rarely_called_different(draw: Draw, rounds: tuple[int, int]) -> None:
    """Without any noise band: at most 5 % of the cells, and the bare test holds its level on each alone."""
    judged = _simulate(draw, rounds)
    assert judged["verdict"].isin(["faster", "slower"]).mean() <= 0.05
    assert judged["p"].lt(0.05).mean() <= 0.07
    assert judged["p"].lt(0.05).any()


def test_a_difference_of_a_fifth_is_found_in_five_rounds() -> None:
    """With 2 % of noise between processes, in at least 99 % of the cells."""
    assert _simulate(_normal, (5, 5), gain=1.2)["verdict"].eq("faster").mean() >= 0.99


@pytest.mark.parametrize(("shared", "pairing_pays"), [(0.0, False), (0.3, False), (0.9, True)])
def test_pairing_by_round_pays_only_where_rounds_share_most_of_their_noise(
    shared: float, pairing_pays: bool
) -> None:
    """Three rounds, 5 % of difference, 2 % of noise, part of it shared in a round: why sides are not paired."""
    rng = np.random.default_rng(5)
    common = rng.normal(0, 0.02 * shared**0.5, (1500, 3))
    a, b = (np.exp(common + rng.normal(0, 0.02 * (1 - shared) ** 0.5, (1500, 3))) for _ in range(2))
    null = np.array([Welch().compare(*pair).p for pair in zip(a, b, strict=True)])
    found = np.array([Welch().compare(*pair).p for pair in zip(a, b * 1.05, strict=True)])
    paired = stats.ttest_rel(np.log(a), np.log(b * 1.05), axis=1).pvalue
    assert (null < 0.05).mean() <= 0.05
    assert bool((paired < 0.05).mean() > (found < 0.05).mean()) is pairing_pays
