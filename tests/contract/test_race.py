"""The rule of a race: whom it measures next, when it is decided, and what it says then."""

from __future__ import annotations

from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.search.candidate import Candidate
from breakeven.search.race import EQUAL, FAILED, LEADER, OPEN, WORSE, Race, Rule, replayed
from tests.examples import at_most

SERIAL = Candidate("serial", 1, serial=True)
POOLS = [SERIAL, *(Candidate(kind, workers) for kind in ("thread", "process") for workers in (2, 4, 8))]


def raced(truth: list[float], *, structure: bool, seed: int = 1, sd: float = 0.04, most: int = 200) -> Race:
    """Race until it ends, or for so many runs; runs scatter about the true speedups."""
    among = [SERIAL, *(Candidate(f"kind {number}", 8) for number in range(len(truth)))]
    race, rng = Race(among, 4, Rule(structure=structure), seed), np.random.default_rng(seed)
    for _ in range(most):
        number = race.next()
        if number is None:
            break
        race.add(number, truth[number - 1] * exp(rng.normal(0, sd)))
    return race


@pytest.mark.parametrize("structure", [False, True])
def test_the_best_by_far_is_found(structure: bool) -> None:
    """Whatever is known of neighbours; the others are called worse, and the serial program as well."""
    race = raced([0.9, 3.0, 1.5, 1.2], structure=structure)
    assert race.decided
    words = [standing.word for standing in race.standings()]
    assert words == [WORSE, WORSE, LEADER, WORSE, WORSE]
    leader = race.standings()[2]
    assert leader.low < 3.0 < leader.high
    assert leader.high / leader.low < 1.5


@pytest.mark.parametrize("structure", [False, True])
def test_serial_wins_if_nothing_gains(structure: bool) -> None:
    """It is never measured, and its speedup is exactly 1."""
    race = raced([0.6, 0.8, 0.5], structure=structure)
    assert race.decided
    assert race.leader == 0
    first = race.standings()[0]
    assert (first.word, first.speedup, first.low, first.high, first.runs) == (LEADER, 1.0, 1.0, 1.0, 0)


def test_without_structure_everybody_is_measured_once() -> None:
    """In random order, before any is measured twice: an exception amid bad ones is found."""
    race = Race(POOLS, 4, Rule(structure=False), 7)
    seen = []
    for _ in POOLS[1:]:
        number = race.next()
        assert number is not None
        seen.append(number)
        race.add(number, 1.0)
    assert sorted(seen) == list(range(1, len(POOLS)))
    assert seen != sorted(seen)
    assert not race.decided


def test_whoever_cannot_win_is_not_measured() -> None:
    """Two workers gain at most twice as much; eight that gain six times beat them unseen."""
    among = [SERIAL, *(Candidate(f"two {number}", 2) for number in range(20)), Candidate("eight", 8)]
    race = Race(among, 8, Rule(structure=False), 3)
    for _ in range(3):
        race.add(21, 6.0)
    assert race.next() is None
    assert race.decided
    assert [standing.word for standing in race.standings()[1:21]] == [WORSE] * 20


def test_large_chunks_of_few_tasks_cannot_win() -> None:
    """One chunk keeps one worker busy: its cap is that of one."""
    among = [SERIAL, Candidate("pool", 8, 1, most=8), Candidate("pool", 8, 64, most=1)]
    race = Race(among, 8, Rule(structure=False), 1)
    for _ in range(3):
        race.add(1, 4.0)
    assert race.next() is None
    assert race.standings()[2].word == WORSE


@at_most(30)
@given(
    truth=st.lists(st.floats(0.3, 4), min_size=1, max_size=5),
    structure=st.booleans(),
    most=st.integers(0, 12),
)
def test_who_may_be_ahead_is_known_until_it_is_decided(
    truth: list[float], structure: bool, most: int
) -> None:
    """Nobody is when it is decided; and while nobody is, the leader lacks runs, or some candidate its first."""
    race = raced(truth, structure=structure, most=most)
    ahead, standings = race.ahead(), race.standings()
    assert race.leader not in ahead
    assert not (race.decided and ahead)
    if not race.decided and not ahead:
        assert standings[race.leader].runs < 3 or not all(standing.runs for standing in standings[1:])


def test_whoever_failed_is_out() -> None:
    """It is neither measured again nor chosen."""
    race = Race(POOLS[:3], 4, Rule(structure=False), 1)
    race.fail(2)
    for _ in range(20):
        number = race.next()
        if number is None:
            break
        assert number == 1
        race.add(1, 1.8)
    assert race.decided
    assert (race.leader, race.standings()[2].word) == (1, FAILED)


def test_all_failed_leaves_serial() -> None:
    """There is nothing else."""
    race = Race(POOLS, 4, Rule(), 1)
    for number in range(1, len(POOLS)):
        race.fail(number)
    assert race.next() is None
    assert race.decided
    assert race.leader == 0


def test_a_cheaper_one_that_is_as_good_is_looked_for() -> None:
    """Once the best is known: fewer workers cost less."""
    among = [SERIAL, Candidate("a", 8), Candidate("b", 2)]
    race, rng = Race(among, 2, Rule(), 1), np.random.default_rng(1)
    while (number := race.next()) is not None:
        race.add(number, 1.85 * exp(rng.normal(0, 0.02)))
    words = {among[number].kind: standing.word for number, standing in enumerate(race.standings())}
    assert sorted([words["a"], words["b"]]) == [EQUAL, LEADER]


def test_several_nodes_get_different_candidates() -> None:
    """As long as there are any that tell something."""
    race, busy = Race(POOLS, 4, Rule(structure=False), 1), set[int]()
    for _ in POOLS[1:]:
        number = race.next(busy)
        assert number is not None
        assert number not in busy
        busy.add(number)
    assert race.next(busy) is None


def test_the_serial_program_is_measured_on_no_node() -> None:
    """Not even where it is the strongest rival and the leader is under way."""
    race = Race([SERIAL, Candidate("a", 4)], 4, Rule(structure=False), 1)
    race.add(1, 1.02)
    assert race.next() == 1
    assert race.next({1}) is None


def test_a_run_that_nobody_expected_is_doubted() -> None:
    """One wild value makes a candidate uncertain, and a few ordinary ones outweigh it: it takes no average."""
    race = Race([SERIAL, Candidate("a", 64)], 64, Rule(structure=False), 1)
    for value in (2.0, 2.05, 1.95, 2.0):
        race.add(1, value)
    before = race.standings()[1]
    race.add(1, 9.0)
    wild = race.standings()[1]
    assert wild.high / wild.low > 2 * before.high / before.low
    for value in (2.0, 2.05, 1.95, 2.0):
        race.add(1, value)
    after = race.standings()[1]
    assert after.speedup < exp(np.log([2.0] * 8 + [9.0]).mean())
    assert after.low < 2.0 < after.high


def test_what_neighbours_say_needs_structure() -> None:
    """With it, eight workers that gain nothing make four and two of the same model unlikely to gain much."""
    smooth, apart = (Race(POOLS, 4, Rule(structure=structure), 1) for structure in (True, False))
    for race in (smooth, apart):
        for _ in range(4):
            race.add(3, 0.8)
    near, far = smooth.standings()[2], apart.standings()[2]
    assert near.high / near.low < far.high / far.low
    assert near.speedup < far.speedup


@at_most(60)
@given(
    st.lists(st.floats(0.2, 8.0), min_size=1, max_size=12),
    st.booleans(),
    st.integers(0, 10_000),
)
def test_a_race_is_what_its_runs_say(truth: list[float], structure: bool, seed: int) -> None:
    """It never measures the serial program; the same runs give the same standings; those hold their own mean."""
    among = [SERIAL, *(Candidate(f"kind {number % 3}", 2 + number) for number in range(len(truth)))]
    race, rng = Race(among, 4, Rule(structure=structure), seed), np.random.default_rng(seed)
    runs: list[tuple[int, float | None]] = []
    for _ in range(80):
        number = race.next()
        if number is None:
            break
        assert 1 <= number <= len(truth)
        speedup = min(truth[number - 1], among[number].workers) * exp(rng.normal(0, 0.05))
        race.add(number, speedup)
        runs.append((number, speedup))
    again = replayed(Race(among, 4, Rule(structure=structure), seed), runs)
    assert again.standings() == race.standings()
    assert again.decided == race.decided
    for standing, candidate in zip(race.standings(), among, strict=True):
        assert 0 < standing.low <= standing.speedup <= standing.high < inf
        assert standing.speedup <= candidate.workers * exp(0.05) + 1e-9
    assert sum(standing.word == LEADER for standing in race.standings()) == 1
    if race.next() is None:
        assert race.decided
        rest = [one for one in race.standings() if one.word == OPEN]
        limit = log(race.standings()[race.leader].speedup) + race.rule.margin
        assert all(log(one.speedup) <= limit for one in rest)
