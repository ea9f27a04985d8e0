"""Simulated processes of six trials: the logarithm of what each of them measured, whose truth is zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

Floats = NDArray[np.float64]
Spread = float | Floats
"""A standard deviation, of all cells or one for each (an array that the cells' shape broadcasts with)."""

TRIALS = 6
OUTLIERS = 0.05
_SLOWER = (2.0, 5.0)
_RARE = 0.2
_MEMORY = 0.5
_SKEW = 0.6  # of the lognormal's exponent: its skewness is 2.3


@dataclass(frozen=True)
class Shape:
    """How processes of a cell differ, and the trials of a process; each scaled to its standard deviation.

    ``processes``: normal, t3, lognormal (skewness 2.3), kinds (two, equally frequent), rare kind (one in five), or
    drift, normal with a correlation of 0.5 between a round and the next.
    ``trials``: normal, t3, or outliers, normal but for 5 % that take 2 to 5 times as long.
    """

    processes: str = "normal"
    trials: str = "normal"

    @property
    def claimed(self) -> bool:
        """Whether intervals claim to cover here; Student's t does not for few values far from normal, or alike."""
        return self.processes in ("normal", "t3")


@dataclass(frozen=True)
class Spreads:
    """The ranges from which a cell's standard deviations come, on a logarithmic scale."""

    name: str
    between: tuple[float, float]
    within: tuple[float, float]
    shape: Shape = Shape()

    def choose(self, cells: tuple[int, ...], rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return standard deviations between and within processes for each of ``cells``."""
        between, within = (
            low * (high / low) ** rng.random(cells) for low, high in (self.between, self.within)
        )
        return between, within


NOISY = Spreads("noisy", (0.03, 0.15), (0.1, 0.25))
QUIET = Spreads("quiet", (0.01, 0.05), (0.02, 0.05))
KINDS = Spreads("kinds", (0.12, 0.25), (0.1, 0.25), Shape("kinds"))


def draw(
    cells: tuple[int, ...],
    spreads: tuple[Spread, Spread],
    shape: Shape,
    rounds: int,
    rng: np.random.Generator,
) -> Floats:
    """Return cells x ``rounds`` logarithms of medians of `TRIALS`, with these ``spreads`` between and within."""
    between, within = (np.broadcast_to(spread, cells)[..., None] for spread in spreads)
    processes = between * _processes(shape.processes, (*cells, rounds), rng)
    if not within.any():
        return processes
    trials = within[..., None] * _trials(shape.trials, (*cells, rounds, TRIALS), rng)
    shift = np.zeros(())
    if shape.trials == "outliers":
        late = rng.random(trials.shape) < OUTLIERS
        trials += np.where(late, np.log(rng.uniform(*_SLOWER, trials.shape)), 0.0)
        shift = _median_with_outliers(np.unique(within), within)
    return processes + np.median(trials, axis=-1) - shift


def _processes(kind: str, size: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Return values of mean 0 and standard deviation 1."""
    if kind == "t3":
        return _student(size, rng)
    if kind == "kinds":
        return rng.choice([-1.0, 1.0], size)
    if kind == "rare kind":
        return np.where(rng.random(size) < _RARE, 2.0, -0.5)
    normal = rng.normal(size=size)
    if kind == "lognormal":
        square = np.exp(_SKEW**2)
        return np.asarray((np.exp(_SKEW * normal) - np.sqrt(square)) / np.sqrt((square - 1) * square))
    for later in range(1, size[-1] if kind == "drift" else 0):
        fresh = np.sqrt(1 - _MEMORY**2) * normal[..., later]
        normal[..., later] = _MEMORY * normal[..., later - 1] + fresh
    return normal


def _trials(kind: str, size: tuple[int, ...], rng: np.random.Generator) -> Floats:
    return _student(size, rng) if kind == "t3" else rng.normal(size=size)


def _student(size: tuple[int, ...], rng: np.random.Generator) -> Floats:
    return np.asarray(rng.standard_t(3, size) / np.sqrt(3))


def _median_with_outliers(known: Floats, wanted: Floats) -> Floats:
    """Return the median of endlessly many trials with outliers, for each ``wanted`` spread of the others."""
    late = np.log(np.linspace(*_SLOWER, 201))

    def beyond(at: float, spread: float) -> float:
        share = (1 - OUTLIERS) * ndtr(at / spread) + OUTLIERS * ndtr((at - late) / spread).mean()
        return float(share) - 0.5

    grid = np.linspace(known.min(), known.max(), 20) if len(known) > 1 else known
    medians = [brentq(beyond, 0.0, spread, args=(spread,)) for spread in grid]
    return np.asarray(np.interp(wanted, grid, medians))
