"""Simulated runs: times of trials whose truth is known, sampled by the rules of the measured side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from breakeven.runner.cell.stopping import looks, narrow_enough
from breakeven.runner.cell.warmup import WINDOW, is_steady

Floats = NDArray[np.float64]

SPEEDUP = 1.8
WARMUP, MAX_WARMUP, MIN_TRIALS, MAX_TRIALS, REL_CI = 1, 10, 6, 50, 0.02
LOOKS = looks(MIN_TRIALS, MAX_TRIALS)
_TRUTH_PAIRS = 4_000_000


@dataclass(frozen=True)
class Scenario:
    """How the times of trials vary; shares of the time, on its logarithm.

    ``noise`` is the scale of one trial's own (``tail``: normal, student with 3 degrees of freedom, lognormal,
    which only prolongs, or uniform, which has none), half as much again for parallel trials. ``between`` is
    the standard deviation between processes, of parallel trials only; with ``modes`` it parts processes into
    two kinds instead. ``walk`` is the step of a random walk from trial to trial, ``trend`` the rise over a
    whole run, both common to serial and parallel trials. ``outliers`` is the share of trials that take 2 to 5
    times as long. ``memory`` is the correlation of the noise with that of the pair before.
    """

    name: str
    noise: float
    tail: str = "normal"
    between: float = 0.0
    walk: float = 0.0
    trend: float = 0.0
    outliers: float = 0.0
    modes: bool = False
    memory: float = 0.0


@dataclass(frozen=True)
class Row:
    """The coverage of one method in one scenario, as a share of the repetitions.

    ``width`` is the median one, relative to the truth; ``trials`` are the mean ones of a run, ``early`` the
    share of runs that the rule ended. ``judged`` rows are those of the intervals in use, within their claim.
    """

    scenario: str
    rounds: int
    method: str
    covered: float
    width: float
    trials: float
    early: float
    judged: bool


@dataclass(frozen=True)
class Processes:
    """Times of the blocks of many processes (processes x blocks), and the true speedup of each and of all."""

    serial: Floats
    parallel: Floats
    own_truth: Floats
    truth: float


def simulate(scenario: Scenario, count: int, seed: int) -> Processes:
    """Draw ``count`` processes."""
    rng = np.random.default_rng([seed, 0])
    shape = (count, MAX_WARMUP + MAX_TRIALS)
    offsets = _offsets(scenario, count, rng)
    drift = _drift(scenario, shape, rng)
    serial = _noise(scenario, 1.0, shape, rng) + drift[0]
    parallel = _noise(scenario, 1.5, shape, rng) + drift[1] + offsets[:, None]
    middle = _middle(scenario)
    return Processes(
        np.exp(serial),
        np.exp(parallel) / SPEEDUP,
        SPEEDUP * np.exp(middle - offsets),
        SPEEDUP * np.exp(middle),
    )


def _offsets(scenario: Scenario, count: int, rng: np.random.Generator) -> Floats:
    if scenario.modes:
        return scenario.between * rng.choice([-1.0, 1.0], count)
    return rng.normal(0, scenario.between, count)


def _drift(scenario: Scenario, shape: tuple[int, int], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return what the machine does to the serial and to the parallel trials, whose order in a block is random."""
    steps = rng.normal(scenario.trend / (2 * shape[1]), scenario.walk, (shape[0], 2 * shape[1]))
    times = np.cumsum(steps, axis=1)
    early, late = times[:, ::2], times[:, 1::2]
    serial_first = rng.integers(0, 2, shape) == 1
    return np.where(serial_first, early, late), np.where(serial_first, late, early)


def _noise(scenario: Scenario, factor: float, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    scale = factor * scenario.noise
    late = rng.random(shape) < scenario.outliers
    outliers = np.where(late, np.log(rng.uniform(2, 5, shape)), 0.0)
    if scenario.tail == "student":
        return scale * rng.standard_t(3, shape) + outliers
    if scenario.tail == "uniform":
        return scale * rng.uniform(-1, 1, shape) + outliers
    normal = rng.normal(size=shape)
    if scenario.tail == "lognormal":
        return np.log1p(scale * np.exp(normal)) + outliers
    for block in range(1, shape[1] if scenario.memory else 0):
        fresh = np.sqrt(1 - scenario.memory**2) * normal[:, block]
        normal[:, block] = scenario.memory * normal[:, block - 1] + fresh
    return scale * normal + outliers


def _middle(scenario: Scenario) -> float:
    """Return the median of the logarithm of a pair's ratio, without what differs between processes."""
    rng = np.random.default_rng(7)
    shape = (_TRUTH_PAIRS, 1)
    serial, parallel = (_noise(scenario, factor, shape, rng) for factor in (1.0, 1.5))
    step = rng.normal(scenario.trend / (2 * LOOKS[-1]), scenario.walk, shape) * rng.choice([-1, 1], shape)
    return float(np.median(serial - parallel + step))


def measure(processes: Processes) -> Iterator[tuple[list[float], bool]]:
    """Yield the ratios that each process's run keeps, and whether it was the rule that ended it."""
    for serial, parallel in zip(processes.serial.tolist(), processes.parallel.tolist(), strict=True):
        start = warm(serial, parallel)
        ratios = [a / b for a, b in zip(serial[start:], parallel[start:], strict=True)]
        yield stop(ratios)


def warm(serial: list[float], parallel: list[float]) -> int:
    """Return how many blocks warm up, by the rule."""
    for dropped in range(WARMUP, MAX_WARMUP):
        window = slice(dropped, dropped + WINDOW)
        if is_steady(serial[window]) and is_steady(parallel[window]):
            return dropped
    return MAX_WARMUP


def stop(ratios: list[float]) -> tuple[list[float], bool]:
    """Return as many of ``ratios`` as the rule takes, and whether the rule ended the run."""
    for count in LOOKS:
        if narrow_enough(ratios[:count], REL_CI):
            return ratios[:count], True
    return ratios[:MAX_TRIALS], False


def to_frame(kept: list[list[float]], rounds: int) -> pd.DataFrame:
    """Return ratios as rows of cell_id, round and ``speedup``: ``rounds`` processes a cell."""
    lengths = [len(ratios) for ratios in kept]
    process = np.repeat(np.arange(len(kept)), lengths)
    values = np.concatenate(kept)
    return pd.DataFrame({"cell_id": process // rounds, "round": process % rounds, "speedup": values})
