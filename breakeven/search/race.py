"""Find the best of many candidates without measuring each of them equally often.

What is modelled is the natural logarithm of a run's speedup. Each candidate has a true mean over processes; a Bayesian
quadratic regression over workers and chunk size, with a term of its own for each model, says how much the candidates
that were measured tell about the others (Rasmussen and Williams, *Gaussian Processes for Machine Learning*, 2006,
section 2.1, in the form with a prior covariance of the functions' values). Six posteriors, which differ in how far
candidates stray from the surface and how noisy runs are, are weighted by their evidence. The leader is compared with
its strongest rival until no candidate can be better by more than the regret that was asked for, as in the two-candidate
rules of best-arm identification (Garivier and Kaufmann, *Optimal best arm identification with fixed confidence*, COLT
2016; Russo, *Simple Bayesian algorithms for best arm identification*, COLT 2016).

Without structure, candidates tell nothing about each other, and each is measured once before any is measured again: an
exceptional candidate amid bad ones is found then, and is not otherwise. `benchmarks.race` shows what either decides,
and how often it is wrong, on invented surfaces and on grids that were measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, log, log2
from random import Random

import numpy as np
import numpy.typing as npt

from breakeven.search.candidate import Candidate

Array = npt.NDArray[np.float64]

_STRAYS = (0.05, 0.15)  # standard deviation of a candidate's own distance from the surface
_NOISES = (0.05, 0.10, 0.20)  # that of a run's distance from its candidate's mean
_OVERALL = 0.64  # variance of the surface, before its shape
_OF_A_MODEL = 0.8  # that of the surface of one model, in units of the overall one
_ALONE = 0.55  # variance of a candidate about which the others tell nothing
_FREEDOM = 4  # of Student's t, which judges how surprising a run is
_SURPRISE = 9.0  # squared distance, in variances, from which a run is not what the surface expects here
_SPREADS = 3.0  # so many standard deviations above the mean may a candidate still be
_ABOUT_EQUAL = 2.0  # the same, for calling a candidate equal to the leader
_REPORTED = 2.5  # the same, for an interval that is told: that of whoever leads is narrow by luck, see `benchmarks.race`
_AT_LEAST = 3  # runs of the leader
_EQUAL_AT_LEAST, _EQUAL_AT_MOST = 2, 6  # runs of a candidate that is called equal
_HEADROOM = 0.05  # so far above what its workers allow may a candidate's logarithm be: noise
MARGIN = 30
"""So many runs beyond one of each candidate does a race without structure take."""

LEADER, EQUAL, WORSE, OPEN, FAILED = "leader", "equal", "worse", "open", "failed"


@dataclass(frozen=True)
class Rule:
    """How a race is decided: the ``regret`` is the share by which the true best may be better than the one chosen."""

    regret: float = 0.1
    structure: bool = False

    @property
    def margin(self) -> float:
        """Return the regret as a distance of logarithms."""
        return log(1 / (1 - self.regret))


@dataclass(frozen=True)
class Standing:
    """What follows for one candidate: one of the words above, the speedup with its 95 % interval, and its runs."""

    word: str
    speedup: float
    low: float
    high: float
    runs: int


class Race:
    """A race among ``candidates`` on a machine with so many ``cpus``; ``seed`` orders the first run of each."""

    def __init__(self, candidates: Sequence[Candidate], cpus: int, rule: Rule, seed: int = 0) -> None:
        self.candidates = tuple(candidates)
        self.rule = rule
        count = len(self.candidates)
        self._runs = [0] * count
        self._fails: set[int] = set()
        self._cap = np.array([_cap(one) for one in self.candidates])
        surface = _surface(self.candidates) if rule.structure else np.zeros((count, count))
        self._mean = np.tile(_prior(self.candidates, cpus, self._cap), (len(_HYPOTHESES), 1))
        alone = np.eye(count)
        self._covariance = np.stack(
            [surface + (stray**2 if rule.structure else _ALONE) * alone for stray, _ in _HYPOTHESES]
        )
        for number, one in enumerate(self.candidates):
            if one.serial:  # it is what all are compared with
                self._covariance[:, number, :] = self._covariance[:, :, number] = 0.0
        self._evidence = np.zeros(len(_HYPOTHESES))
        self._first = self._first_runs(cpus, Random(seed))

    # --- what comes in -----------------------------------------------------------------------------------

    def add(self, number: int, speedup: float) -> None:
        """Add the median speedup of a run of candidate ``number``."""
        self.__dict__.pop("_state", None)
        self._runs[number] += 1
        value = log(speedup)
        for place, (_, noise) in enumerate(_HYPOTHESES):
            mean, covariance = self._mean[place], self._covariance[place]
            off = value - mean[number]
            variance = covariance[number, number] + noise**2
            squared = off**2 / variance
            self._evidence[place] -= log(variance) / 2 + (_FREEDOM + 1) / 2 * log(1 + squared / _FREEDOM)
            if squared > _SURPRISE:  # doubt the surface here
                covariance[number, number] += off**2
            doubted = noise**2 * max(1.0, (_FREEDOM + squared) / (_FREEDOM + 1))
            column = covariance[:, number].copy()
            mean += column * (off / (column[number] + doubted))
            covariance -= np.outer(column, column) / (column[number] + doubted)

    def fail(self, number: int) -> None:
        """Take a candidate out: a run of it failed."""
        self._fails.add(number)

    def runs(self, number: int) -> int:
        """Return how many runs of a candidate were added."""
        return self._runs[number]

    # --- what follows ------------------------------------------------------------------------------------

    def next(self, under_way: Iterable[int] = ()) -> int | None:
        """Return the candidate to measure next; None if the race is decided and no cheaper one may be as good."""
        busy = set(under_way)
        unseen = next((number for number in self._unseen() if number not in busy), None)
        if unseen is not None:
            return unseen
        leader, rival, gap = self._two()
        if gap > self.rule.margin:
            variance = np.diagonal(self._state[1])
            prefers = rival if variance[rival] >= variance[leader] or self._is_fixed(leader) else leader
            return self._but(busy, prefers, rival, leader)
        if self._runs[leader] < _AT_LEAST and not self._is_fixed(leader):
            return self._but(busy, leader)
        return next((number for number in self._maybe_equal(leader) if number not in busy), None)

    @property
    def decided(self) -> bool:
        """Return whether no candidate is better than the leader by more than the regret, as far as the rule sees."""
        if next(self._unseen(), None) is not None:
            return False
        leader, _, gap = self._two()
        return gap <= self.rule.margin and (self._runs[leader] >= _AT_LEAST or self._is_fixed(leader))

    def ahead(self) -> list[int]:
        """Return the candidates that may be better than the leader by more than the regret, as far as the rule sees."""
        mean, covariance = self._state
        leader = self._known_leader(mean)
        above = self._may_be_better(leader, mean, covariance)
        return [number for number in self._in_race() if number != leader and above[number] > self.rule.margin]

    @property
    def leader(self) -> int:
        """Return the number of the measured candidate with the highest mean.

        The serial program is included.
        """
        return self._known_leader(self._state[0])

    def standings(self) -> list[Standing]:
        """Return what follows for each candidate, in order."""
        mean, covariance = self._state
        leader = self._known_leader(mean)
        found = []
        for number in range(len(self.candidates)):
            word = self._word(number, leader, mean, covariance)
            low, high = self._interval(number, mean, covariance)
            found.append(Standing(word, exp(mean[number]), exp(low), exp(high), self._runs[number]))
        return found

    # --- the state ---------------------------------------------------------------------------------------

    @cached_property
    def _state(self) -> tuple[Array, Array]:
        """Return mean and covariance of the mixture of hypotheses; no mean is above what there can be."""
        weights = np.exp(self._evidence - self._evidence.max())
        weights /= weights.sum()
        mean = weights @ self._mean
        off = self._mean - mean
        covariance = np.einsum("h,hij->ij", weights, self._covariance) + np.einsum(
            "h,hi,hj->ij", weights, off, off
        )
        return np.minimum(mean, self._cap), covariance

    def _leader(self, mean: Array) -> int:
        return max(self._in_race(), key=lambda number: float(mean[number]))

    def _known_leader(self, mean: Array) -> int:
        known = [number for number in self._in_race() if self._runs[number] or self._is_fixed(number)]
        return max(known or self._in_race(), key=lambda number: float(mean[number]))

    def _in_race(self) -> list[int]:
        return [number for number in range(len(self.candidates)) if number not in self._fails]

    def _two(self) -> tuple[int, int, float]:
        """Return the leader, its strongest rival, and by how much that may be better.

        It is minus infinity if there is no rival.
        """
        mean, covariance = self._state
        leader = self._leader(mean)
        above = self._may_be_better(leader, mean, covariance)
        rivals = [number for number in self._in_race() if number != leader]
        if not rivals:
            return leader, leader, -inf
        rival = max(rivals, key=lambda number: float(above[number]))
        return leader, rival, float(above[rival])

    def _may_be_better(self, leader: int, mean: Array, covariance: Array) -> Array:
        """Return by how much each candidate may be better than the leader: its mean and some standard deviations."""
        variance = np.diagonal(covariance)
        apart = np.sqrt(np.maximum(variance + variance[leader] - 2 * covariance[leader], 0.0))
        own: Array = mean - mean[leader] + _SPREADS * apart
        limit = self._cap - mean[leader] + _SPREADS * np.sqrt(variance[leader])
        found: Array = np.minimum(own, limit)
        return found

    def _is_fixed(self, number: int) -> bool:
        return self.candidates[number].serial

    def _is_beaten(self, number: int) -> bool:
        """Return whether a candidate, even at its cap, is no better than the leader by more than the regret."""
        mean, covariance = self._state
        leader = self._leader(mean)
        if number == leader or (self._runs[leader] < _AT_LEAST and not self._is_fixed(leader)):
            return False
        least = mean[leader] - _SPREADS * np.sqrt(covariance[leader, leader])
        return bool(self._cap[number] - least <= self.rule.margin)

    def _unseen(self) -> Iterator[int]:
        """Yield those that must be measured once and were not, in order."""
        for number in self._first:
            if not self._runs[number] and number not in self._fails and not self._is_beaten(number):
                yield number

    def _first_runs(self, cpus: int, random: Random) -> list[int]:
        """Return the candidates to measure once, in order: all, or each kind with a worker a CPU and a middle chunk."""
        numbers = [number for number, one in enumerate(self.candidates) if not one.serial]
        if not self.rule.structure:
            random.shuffle(numbers)
            return numbers
        kinds: dict[str, list[int]] = {}
        for number in numbers:
            kinds.setdefault(self.candidates[number].kind, []).append(number)
        return [min(group, key=lambda number: self._off_middle(number, cpus)) for group in kinds.values()]

    def _off_middle(self, number: int, cpus: int) -> tuple[float, float, int]:
        one = self.candidates[number]
        return abs(log2(one.workers / cpus)), abs(_place(one)[1]), number

    def _but(self, busy: set[int], *wanted: int) -> int | None:
        return next((number for number in wanted if number not in busy and not self._is_fixed(number)), None)

    def _maybe_equal(self, leader: int) -> Iterable[int]:
        """Yield the candidates that cost less than the leader and may be as good, the cheapest first."""
        mean, covariance = self._state
        own = self.candidates[leader].workers
        cheaper = [number for number in self._in_race() if self.candidates[number].workers < own]
        for number in sorted(cheaper, key=lambda one: (self.candidates[one].workers, one)):
            word = self._word(number, leader, mean, covariance)
            if word == OPEN and self._runs[number] < _EQUAL_AT_MOST and not self._is_fixed(number):
                yield number

    def _word(self, number: int, leader: int, mean: Array, covariance: Array) -> str:
        if number in self._fails:
            return FAILED
        if number == leader:
            return LEADER
        variance = covariance[number, number] + covariance[leader, leader] - 2 * covariance[number, leader]
        apart = _ABOUT_EQUAL * np.sqrt(max(float(variance), 0.0))
        behind = float(mean[number] - mean[leader])
        if min(behind + apart, float(self._cap[number] - mean[leader])) < -self.rule.margin:
            return WORSE
        enough = self._runs[number] >= _EQUAL_AT_LEAST or self._is_fixed(number)
        return EQUAL if behind - apart >= -self.rule.margin and enough else OPEN

    def _interval(self, number: int, mean: Array, covariance: Array) -> tuple[float, float]:
        half = _REPORTED * float(np.sqrt(max(float(covariance[number, number]), 0.0)))
        return float(mean[number]) - half, float(mean[number]) + half


_HYPOTHESES = tuple((stray, noise) for stray in _STRAYS for noise in _NOISES)


def _cap(one: Candidate) -> float:
    return 0.0 if one.serial else log(min(one.workers, one.most)) + _HEADROOM


def _prior(candidates: Sequence[Candidate], cpus: int, cap: Array) -> Array:
    """Return the mean before any run: half of what the CPUs allow, in logarithms."""
    found = [0.0 if one.serial else log(min(one.workers, cpus)) / 2 for one in candidates]
    lowest: Array = np.minimum(np.array(found), cap)
    return lowest


def _place(one: Candidate) -> tuple[float, float]:
    """Return where a candidate is on the axes of workers and chunk size; 0 is the middle."""
    return log2(one.workers) / 2 - 1, (log2(one.chunk) / 2 if one.chunk else 0.7) - 0.7


def _surface(candidates: Sequence[Candidate]) -> Array:
    """Return the prior covariance of the surface: quadratic in both axes, one for all kinds and one for each."""
    rows = [_shape(*_place(one)) for one in candidates]
    shape = np.array(rows)
    same = np.array([[one.kind == other.kind for other in candidates] for one in candidates])
    found: Array = _OVERALL * (shape @ shape.T) * (1 + _OF_A_MODEL * same)
    return found


def _shape(workers: float, chunk: float) -> tuple[float, ...]:
    return 1.0, 0.7 * workers, 0.4 * workers**2, 0.4 * chunk, 0.15 * chunk**2, 0.3 * workers * chunk


def replayed(race: Race, runs: Iterable[tuple[int, float | None]]) -> Race:
    """Return ``race`` after its ``runs``: candidate and speedup of each in the order they were made.

    The speedup is None if a run failed.
    """
    for number, speedup in runs:
        if speedup is None:
            race.fail(number)
        else:
            race.add(number, speedup)
    return race
