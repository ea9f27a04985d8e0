"""How often a race decides, how often wrongly, and how many runs it takes: `python -m benchmarks.race`.

    python -m benchmarks.race [--races 200] [--seed 1]

Surfaces are drawn: candidates of five models, with 2 to 16 workers and three chunk sizes, whose true speedups are
smooth over them, or are not; and runs whose logarithms scatter by 3 to 15 %, as Student's t with three degrees of
freedom. The shipped rule races, with and without structure. A race is wrong if it decides for a candidate that is truly
worse than the best by more than the regret. Exits with 1 if more than 5 % of the races of a judged row are. A lone
candidate far above all others defeats whatever skips candidates: that row is judged without structure alone.
``covered`` is the share of races whose leader's interval holds its true speedup.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from breakeven.search.candidate import Candidate
from breakeven.search.race import LEADER, MARGIN, Race, Rule

Floats = NDArray[np.float64]
ALLOWED = 0.05
CPUS = 4
MODELS = ("thread_pool", "process_pool", "mp_pool", "loky", "process")
_CHUNKS = (1, 8, 64)
GRID_ROUNDS = 3


def candidates(count: int) -> list[Candidate]:
    """Return the serial program and ``count`` others."""
    workers = (2, 4, 8, 16)
    found = [Candidate(model, several, chunk) for model, chunk, several in product(MODELS, _CHUNKS, workers)]
    step = max(len(found) // count, 1)
    return [Candidate("serial", 1, serial=True), *found[::step][:count]]


def smooth(rng: np.random.Generator, among: Sequence[Candidate]) -> Floats:
    """Return logarithms of speedups.

    Each model has a share that is serial, a loss beyond the CPUs, and a best chunk size.
    """
    shares = {model: rng.uniform(0, 0.9) for model in MODELS}
    losses = {model: rng.uniform(0, 0.15) for model in MODELS}
    chunks = {model: (rng.uniform(0, 4), rng.uniform(0, 0.05)) for model in MODELS}
    return np.array([_value(one, shares, losses, chunks) for one in among])


def _value(
    one: Candidate,
    shares: dict[str, float],
    losses: dict[str, float],
    chunks: dict[str, tuple[float, float]],
) -> float:
    if one.serial:
        return 0.0
    share, loss = shares[one.kind], losses[one.kind]
    speed = 1 / (share + (1 - share) / min(one.workers, CPUS))
    middle, curve = chunks[one.kind]
    off = np.log2(one.chunk or 1) / 2 - middle
    return float(log(speed) - loss * max(log(one.workers / CPUS), 0) - curve * off**2)


def strays(rng: np.random.Generator, among: Sequence[Candidate]) -> Floats:
    """Return the same, each candidate off by 10 % of its own."""
    return smooth(rng, among) + rng.normal(0, 0.1, len(among)) * [not one.serial for one in among]


def waits(rng: np.random.Generator, among: Sequence[Candidate]) -> Floats:
    """Return those of a function that sleeps: as many times as fast as there are workers, but for some loss."""
    lost = {model: rng.uniform(0, 0.3) for model in MODELS}
    return np.array([0.0 if one.serial else log(one.workers) * (1 - lost[one.kind]) for one in among])


def loses(rng: np.random.Generator, among: Sequence[Candidate]) -> Floats:
    """Return those of a function that nothing makes faster."""
    return np.array([0.0 if one.serial else -rng.uniform(0.05, 1.5) for one in among])


def alone(rng: np.random.Generator, among: Sequence[Candidate]) -> Floats:
    """Return smooth ones, but for one candidate that is 28 % above all others."""
    found = smooth(rng, among)
    found[rng.integers(1, len(among))] = min(found.max() + log(1.28), log(2))
    return found


SURFACES: dict[str, Callable[[np.random.Generator, Sequence[Candidate]], Floats]] = {
    "smooth": smooth,
    "strays": strays,
    "waits": waits,
    "loses": loses,
    "alone": alone,
}


@dataclass(frozen=True)
class Row:
    """What races of one kind came to."""

    surface: str
    structure: bool
    count: int
    decided: float
    wrong: float
    runs: float
    most: float
    covered: float

    @property
    def judged(self) -> bool:
        """Return whether the rule promises anything here."""
        return not (self.surface == "alone" and self.structure)


def raced(surface: str, count: int, *, structure: bool, races: int, seed: int) -> Row:
    """Race on surfaces of one kind."""
    rng, among = (
        np.random.default_rng([seed, count, structure, list(SURFACES).index(surface)]),
        candidates(count),
    )
    decided, wrong, runs, covered = 0, 0, [], 0
    for number in range(races):
        truth = SURFACES[surface](rng, among)
        spread = rng.uniform(0.03, 0.15, len(among))
        race = Race(among, CPUS, Rule(structure=structure), number)
        made = _race(race, truth, spread, rng)
        leader = race.leader
        off = truth.max() - truth[leader]
        decided += race.decided
        wrong += race.decided and off > race.rule.margin
        runs.append(made)
        standing = next(one for one in race.standings() if one.word == LEADER)
        covered += standing.low <= exp(truth[leader]) <= standing.high
    return Row(
        surface,
        structure,
        count,
        decided / races,
        wrong / races,
        float(np.mean(runs)),
        float(np.quantile(runs, 0.9)),
        covered / races,
    )


def _race(race: Race, truth: Floats, spread: Floats, rng: np.random.Generator) -> int:
    """Race until it is decided or has no runs left; return how many it took."""
    most = len(truth) + MARGIN
    for made in range(most):
        number = race.next()
        if number is None:
            return made
        noise = spread[number] * rng.standard_t(3) / np.sqrt(3)
        race.add(number, exp(truth[number] + noise))
    return most


def main() -> int:
    """Print a row for each kind of race; return 1 if one is wrong too often."""
    parser = argparse.ArgumentParser(description="How often a race decides, and how often wrongly.")
    parser.add_argument("--races", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print("surface  structure candidates decided  wrong   runs  p90  of the grid's  covered")
    rows = []
    for surface, count, structure in product(SURFACES, (20, 40, 60), (False, True)):
        row = raced(surface, count, structure=structure, races=options.races, seed=options.seed)
        rows.append(row)
        print(
            f"{surface:8} {'yes' if structure else 'no':9} {count:10} {row.decided:7.0%} {row.wrong:6.1%} {row.runs:6.1f} "
            f"{row.most:4.0f} {row.runs / (GRID_ROUNDS * count):13.0%} {row.covered:9.0%}{'' if row.judged else '  not judged'}",
            flush=True,
        )
    return int(any(row.wrong > ALLOWED for row in rows if row.judged))


if __name__ == "__main__":
    raise SystemExit(main())
