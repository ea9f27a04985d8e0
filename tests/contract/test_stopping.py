"""The stopping rule and the intervals of one process, and that they cover what they say."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, comb, floor, sqrt
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import bdtr, stdtrit

from benchmarks.coverage import IN_USE, LEAST, MOST, fits
from benchmarks.messages import Run
from benchmarks.simulated import Row, stop, warm
from breakeven.runner.cell.intervals import (
    FEWEST,
    LEVEL,
    clustered_interval,
    interval_rank,
    median_interval,
    percentile_interval,
    student,
)
from breakeven.runner.cell.stopping import (
    LATER_LEVEL,
    looks,
    narrow_enough,
    reported_interval,
    reported_level,
)

SAMPLES = st.lists(st.floats(0.1, 10), min_size=1, max_size=60)


@given(st.integers(1, 300), st.integers(0, 2000))
def test_looks_grow_from_the_least_to_the_most(least: int, more: int) -> None:
    """Counts rise by half at least and never beyond twice; the last is the most, the first has an interval."""
    most = least + more
    counts = looks(least, most)
    assert counts[0] == min(max(least, FEWEST), most)
    assert counts[-1] == most
    for earlier, later in pairwise(counts):
        assert earlier < later <= 2 * earlier
    for earlier, later in pairwise(counts[:-1]):
        assert later >= 1.5 * earlier


def test_looks_of_the_defaults() -> None:
    """Six looks between 6 and 50 trials, not 45."""
    assert looks(6, 50) == (6, 9, 14, 21, 32, 50)


@given(SAMPLES)
def test_the_interval_holds_the_median_and_stays_in_the_data(samples: list[float]) -> None:
    """Low <= median <= high, between the extremes; fewer than six samples have none."""
    interval = median_interval(samples)
    if len(samples) < FEWEST:
        assert interval is None
        return
    assert interval is not None
    assert min(samples) <= interval[0] <= median(samples) <= interval[1] <= max(samples)


@given(st.lists(st.floats(0.1, 10), min_size=8, max_size=60))
def test_a_higher_level_is_wider(samples: list[float]) -> None:
    """What covers more often reaches at least as far on either side."""
    inner, outer = median_interval(samples, 0.95), median_interval(samples, 0.975)
    assert inner is not None
    assert outer is not None
    assert outer[0] <= inner[0]
    assert inner[1] <= outer[1]


def test_the_interval_lies_between_the_whole_ranks_of_its_level() -> None:
    """The outer ranks cover with more than 95 %, the next inner ones with less; for 10 values those of 2 and 3."""
    assert (
        1 - 2 * (comb(10, 0) + comb(10, 1)) / 2**10
        > LEVEL
        > 1 - 2 * sum(comb(10, k) for k in range(3)) / 2**10
    )
    low, high = median_interval([float(value) for value in range(1, 11)]) or (0, 0)
    assert 2 < low < 3
    assert low + high == pytest.approx(11)


@pytest.mark.parametrize("level", [LEVEL, LATER_LEVEL, 0.99])
def test_ranks_are_those_of_the_binomial_distribution(level: float) -> None:
    """The outer whole rank covers with at least the level, the inner one with less; SciPy's distribution says so."""
    for count in (*range(200), 1000, 4567, 100_000):
        rank, tail = interval_rank(count, level), (1 - level) / 2
        if rank is None:
            assert bdtr(0, count, 0.5) > tail
            continue
        assert bdtr(floor(rank) - 1, count, 0.5) <= tail * (1 + 1e-9)
        assert tail <= bdtr(ceil(rank + 1e-9) - 1, count, 0.5) * (1 + 1e-9)


def test_only_a_choice_raises_the_level() -> None:
    """At the first possible look, and where the trials or the time ran out, nothing was chosen."""
    assert reported_level(6, by_rule=True) == LEVEL
    assert reported_level(50, by_rule=False) == LEVEL
    assert reported_level(9, by_rule=True) == LATER_LEVEL


def test_narrow_is_relative_to_the_median() -> None:
    """The very interval that would be reported has to be within the share asked for, either way."""
    samples = [100.0 + place for place in range(-10, 11)]
    low, high = reported_interval(samples, by_rule=True) or (0, 0)
    half = (high - low) / 2 / 100
    assert narrow_enough(samples, half * 1.001)
    assert not narrow_enough(samples, half * 0.999)
    assert not narrow_enough(samples[:5], 1.0)


@given(st.integers(1, 120), st.sampled_from([0.1, 0.5, 0.9, 0.99]))
def test_percentiles_lie_between_the_ranks_of_the_binomial_distribution(count: int, share: float) -> None:
    """Each end misses with at most 2.5 %, and the next rank inward would with more."""

    def below(rank: int, chance: float) -> float:
        return sum(comb(count, k) * chance**k * (1 - chance) ** (count - k) for k in range(rank))

    interval = percentile_interval(range(1, count + 1), share)
    if interval is None:
        assert max(below(1, share), below(1, 1 - share)) > 0.025
        return
    for rank, chance in ((int(interval[0]), share), (count + 1 - int(interval[1]), 1 - share)):
        assert below(rank, chance) <= 0.025 < below(rank + 1, chance)


def test_percentiles_of_many_samples_and_of_too_few() -> None:
    """A million samples are ranked exactly; a hundred say nothing about the upper end of their 99th percentile."""
    low, high = percentile_interval(range(10**6), 0.99) or (0, 0)
    assert (high - low) / 2 == pytest.approx(1.96 * sqrt(10**6 * 0.99 * 0.01), rel=0.02)
    assert percentile_interval(range(100), 0.99) is None
    assert percentile_interval([], 0.5) is None


def test_messages_that_are_alike_tell_less() -> None:
    """Trials far apart widen the interval to their own number; independent messages leave it as it is."""
    random = Random(1)
    apart = [[random.gauss(middle, 0.001) for _ in range(200)] for middle in range(20)]
    low, high = clustered_interval(apart, 0.5) or (0, 0)
    assert high - low > 6
    alike = [[random.gauss(10, 1) for _ in range(200)] for _ in range(20)]
    together = [message for trial in alike for message in trial]
    pooled, clustered = percentile_interval(together, 0.5), clustered_interval(alike, 0.5)
    assert pooled is not None
    assert clustered is not None
    assert clustered[1] - clustered[0] == pytest.approx(pooled[1] - pooled[0], rel=0.5)


def test_too_few_trials_or_messages_have_no_percentile() -> None:
    """Five trials, or fewer than ten messages expected above it, give none; the ends are values that were measured."""
    trials = [[10 * trial + place for place in range(100)] for trial in range(12)]
    assert clustered_interval(trials[:5], 0.5) is None
    assert clustered_interval(trials[:9], 0.99) is None
    assert clustered_interval([], 0.5) is None
    found = clustered_interval(trials, 0.5)
    assert found is not None
    assert set(found) <= {message for trial in trials for message in trial}


@pytest.mark.parametrize("freedom", [5, 6, 10, 49])
@pytest.mark.parametrize("probability", [0.975, 0.9875])
def test_students_quantile(freedom: int, probability: float) -> None:
    """The expansion is good to a thousandth for as few trials as have an interval."""
    assert student(freedom, probability) == pytest.approx(stdtrit(freedom, probability), rel=1e-3)


@pytest.mark.parametrize(
    ("covered", "judged", "good"),
    [(LEAST, True, True), (MOST, True, True), (0.929, True, False), (0.971, True, False), (0.5, False, True)],
)
def test_the_check_fails_outside_its_bounds(covered: float, judged: bool, good: bool) -> None:
    """Less than 93 % and more than 97 % both count as wrong where something is claimed."""
    row = Row("made up", 3, IN_USE, covered, 0.1, 6, 1.0, judged)
    assert fits(row) is good


def test_simulated_runs_follow_the_rules() -> None:
    """A trend warms up until it ends; ratios stop at a look; a run's messages have both intervals."""
    falling = [200.0 - 10 * min(place, 8) + place % 2 for place in range(60)]
    assert warm([100.0 + place % 2 for place in range(60)], falling) > 3
    kept, by_rule = stop([1.0] * 50)
    assert (len(kept), by_rule) == (FEWEST, True)
    kept, by_rule = stop([1.0, 2.0] * 25)
    assert (len(kept), by_rule) == (50, False)
    found = Run([[float(place) for place in range(100)]] * 10, by_rule=False).intervals(0.5)
    assert set(found) == {"in use", "messages pooled"}
    assert None not in found.values()
