"""Whether a race may run on a part of the inputs: `python -m benchmarks.parts`.

    python -m benchmarks.parts [--races 200] [--seed 1]

Worlds are drawn: 2 or 4 CPUs, a function that computes, with the GIL or without, or waits, inputs whose calls are all
alike, differ, or differ so much that one in a hundred takes half of the time, and the candidates of
``breakeven advise``, each with a cost for what it hands over. How long all inputs, or a part of them, take is
simulated: chunks go to whichever worker is free, and more workers than CPUs share them. In each world two races have 60
s: one whose runs take all inputs, and one whose runs take a part, drawn anew for each round, of the size that
`breakeven.runner.planning.tasks` chooses. A run makes four serial passes and two parallel ones, and scatters by 3 to 15
%. True are the speedups over all inputs; ``behind`` is how far the choice truly is behind the best, and ``shows`` what
a part shows of the best one's speedup. Exits with 1 if more than 5 % of the races of a judged row are decided and
wrong: where one input in a hundred takes half of the time no part is like the whole, and that is not judged.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import product
from math import ceil, exp, log

import numpy as np
from numpy.typing import NDArray

from breakeven.runner.planning.tasks import least_part
from breakeven.search.candidate import Candidate
from breakeven.search.race import MARGIN, Race, Rule

Floats = NDArray[np.float64]
Rng = np.random.Generator
ALLOWED = 0.05
BUDGET_S, LONGEST_S = 60.0, 0.15
_RUN_S = 0.25
_SERIAL, _PARALLEL = 4, 2
_THREADS, _MANY = ("thread_pool", "to_thread"), 4
_POOLS = ("process_pool", "mp_pool", "loky")
_OTHERS = ("joblib", "mpire", "queue", "pipe", "shared_memory", "pickle5")
_FREEDOM = 3
_WAITING, _WITH_GIL = 0.3, 0.7  # of the functions

KINDS: dict[str, Callable[[Rng, int], Floats]] = {
    "alike": lambda _, count: np.ones(count),
    "uniform": lambda rng, count: rng.uniform(0.2, 1.8, count),
    "lognormal": lambda rng, count: rng.lognormal(0, 1, count),
    "twentyfold": lambda rng, count: np.where(rng.random(count) < 1 / 13, 21.0, 1.0),
    "sorted": lambda rng, count: np.sort(rng.lognormal(0, 1, count)),
    "giants": lambda rng, count: np.where(rng.random(count) < 1 / 100, 100.0, 1.0),
}
"""By kind the lengths of the calls with so many inputs, in any unit."""
NOT_JUDGED = ("giants",)
LISTS = ((64, 0.006), (500, 0.002), (500, 0.02))
"""Numbers of inputs, and the mean length of a call in seconds."""


@dataclass(frozen=True)
class World:
    """A function and a machine.

    What a chunk costs to hand over by kind of candidate, and what each doubling of workers loses.
    """

    cpus: int
    waits: bool
    holds_gil: bool
    lengths: Floats
    handing_over: dict[str, float]
    loss: dict[str, float]

    @classmethod
    def drawn(cls, kind: str, count: int, mean: float, rng: Rng) -> World:
        """Draw one whose inputs are of a kind."""
        lengths = KINDS[kind](rng, count)
        names = (*_THREADS, *_POOLS, *_OTHERS)
        return cls(
            cpus=int(rng.choice([2, 4])),
            waits=bool(rng.random() < _WAITING),
            holds_gil=bool(rng.random() < _WITH_GIL),
            lengths=lengths / lengths.mean() * mean,
            handing_over={
                name: rng.uniform(*((20e-6, 100e-6) if name in _THREADS else (60e-6, 400e-6)))
                for name in names
            },
            loss={name: rng.uniform(0, 0.1) for name in names},
        )

    def speedup(self, one: Candidate, lengths: Floats) -> float:
        """Return how many times as fast the workers of a candidate do calls of these lengths."""
        if one.serial:
            return 1.0
        at_once = 1 if one.kind in _THREADS and self.holds_gil else self.cpus
        limit = one.workers if self.waits else at_once
        took = makespan(lengths.tolist(), one.workers, one.chunk or 1, limit, self.handing_over[one.kind])
        return float(lengths.sum()) / took / (1 + self.loss[one.kind] * log(one.workers / self.cpus))

    def candidates(self, inputs: int) -> list[Candidate]:
        """Return the serial program and the others, for trials of so many inputs."""
        cpus = self.cpus
        ways: list[tuple[str, int, int | None]] = [
            *((name, cpus * many, None) for name in _THREADS for many in (1, _MANY)),
            *((name, cpus * many, chunk) for name in _POOLS for many in (1, 2) for chunk in (1, 8, 64)),
            *((name, cpus * many, None) for name in _OTHERS for many in (1, 2)),
        ]
        return [
            Candidate("serial", 1, serial=True),
            *(
                Candidate(name, workers, chunk, most=min(workers, ceil(inputs / (chunk or 1))))
                for name, workers, chunk in ways
            ),
        ]


def makespan(lengths: Sequence[float], workers: int, chunk: int, at_once: int, handing_over: float) -> float:
    """Return how long workers take that each get the next chunk when they are free.

    ``at_once`` of them are as fast as one alone.
    """
    works = [sum(lengths[first : first + chunk]) + handing_over for first in range(0, len(lengths), chunk)]
    busy: list[float] = []  # when each is done, on a clock that stands for the work that one worker got done
    clock, time, following = 0.0, 0.0, 0
    while following < min(workers, len(works)):
        heappush(busy, works[following])
        following += 1
    while busy:
        slower = max(1.0, len(busy) / at_once)
        done = heappop(busy)
        time += (done - clock) * slower
        clock = done
        if following < len(works):
            heappush(busy, clock + works[following])
            following += 1
    return time


@dataclass(frozen=True)
class Raced:
    """What a race came to.

    How far its choice is behind the best, its runs, and what they show of the best one's speedup.
    """

    decided: bool
    behind: float
    runs: int
    shows: float


def raced(world: World, taken: int, seed: Sequence[int], rng: Rng) -> Raced:
    """Race with ``taken`` inputs a run."""
    lengths = world.lengths
    truth = np.array([world.speedup(one, lengths) for one in world.candidates(len(lengths))])
    among = world.candidates(taken)
    spread = rng.uniform(0.03, 0.15, len(among))
    takes = [_takes(float(one), taken * float(lengths.mean())) for one in truth]
    structure = (len(among) + MARGIN) * float(np.mean(takes[1:])) > BUDGET_S
    race = Race(among, world.cpus, Rule(structure=structure), seed[-1])
    left, made = BUDGET_S, 0
    while (number := race.next()) is not None and takes[number] <= left:
        part = _part(lengths, taken, [*seed, race.runs(number)])
        noise = spread[number] * rng.standard_t(_FREEDOM) / np.sqrt(_FREEDOM)
        race.add(number, world.speedup(among[number], part) * exp(noise))
        left, made = left - takes[number], made + 1
    best = int(truth.argmax())
    shown = world.speedup(among[best], _part(lengths, taken, [*seed, 99])) / truth[best]
    return Raced(race.decided, 1 - float(truth[race.leader] / truth.max()), made, float(shown))


def _takes(speedup: float, serial_s: float) -> float:
    return _RUN_S + serial_s * (_SERIAL + _PARALLEL / speedup)


def _part(lengths: Floats, taken: int, seed: Sequence[int]) -> Floats:
    found: Floats = lengths[np.sort(np.random.default_rng(seed).choice(len(lengths), taken, replace=False))]
    return found


def taken_of(world: World, mean: float) -> int:
    """Return how many of the inputs a run takes."""
    least = least_part(_MANY * world.cpus, world.cpus, waits=world.waits)
    count = len(world.lengths)
    return count if count * mean <= LONGEST_S else min(max(ceil(LONGEST_S / mean), least), count)


@dataclass(frozen=True)
class Row:
    """What races of one sort came to."""

    decided: float
    wrong: float
    behind: float
    worst: float
    runs: float
    shows: float

    @classmethod
    def of(cls, found: Sequence[Raced], regret: float) -> Row:
        """Sum up races."""
        behind = [one.behind for one in found]
        return cls(
            float(np.mean([one.decided for one in found])),
            float(np.mean([one.decided and one.behind > regret for one in found])),
            float(np.mean(behind)),
            float(np.quantile(behind, 0.95)),
            float(np.mean([one.runs for one in found])),
            float(np.median([one.shows for one in found])),
        )


def rows(kind: str, count: int, mean: float, *, races: int, seed: int) -> dict[str, Row]:
    """Return what races on all inputs and on a part of them came to, in the same worlds."""
    found: dict[str, list[Raced]] = {"all": [], "part": []}
    for number in range(races):
        rng = np.random.default_rng([seed, list(KINDS).index(kind), count, number])
        world = World.drawn(kind, count, mean, rng)
        for name, taken in (("all", count), ("part", taken_of(world, mean))):
            found[name].append(raced(world, taken, [seed, number], rng))
    return {name: Row.of(some, Rule().regret) for name, some in found.items()}


def main() -> int:
    """Print a row for each sort of race; return 1 if one is wrong too often."""
    parser = argparse.ArgumentParser(description="Whether a race may run on a part of the inputs.")
    parser.add_argument("--races", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print("inputs  a call  lengths     runs on  decided  wrong  behind  95 %   runs  shows")
    wrong = []
    for (count, mean), kind in product(LISTS, KINDS):
        for name, row in rows(kind, count, mean, races=options.races, seed=options.seed).items():
            judged = kind not in NOT_JUDGED
            wrong.append(row.wrong * judged)
            print(
                f"{count:6} {mean * 1e3:4.0f} ms  {kind:10}  {name:7} {row.decided:8.0%} {row.wrong:6.1%} {row.behind:7.1%} "
                f"{row.worst:5.1%} {row.runs:6.1f} {row.shows:6.2f}{'' if judged else '  not judged'}",
                flush=True,
            )
    return int(max(wrong) > ALLOWED)


if __name__ == "__main__":
    raise SystemExit(main())
