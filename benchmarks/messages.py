"""Intervals of percentiles of round trips, on simulated messages: those of one trial are alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from statistics import median

import numpy as np

from benchmarks.simulated import LOOKS, MAX_TRIALS, REL_CI, Row
from breakeven.runner.cell.intervals import clustered_interval, percentile_interval
from breakeven.runner.cell.stopping import narrow_enough, reported_level

MESSAGES = 200
SPREADS = {"independent messages": 0.0, "trials a little apart": 0.02, "trials far apart": 0.06}
"""Standard deviation between the trials of a process, of the logarithm of the time."""

_SHARES = {"p50": 0.5, "p99": 0.99}
_JITTER = 0.2
_TRUTH_MESSAGES = 4_000_000

Interval = tuple[float, float] | None


@dataclass(frozen=True)
class Run:
    """The round trips of the trials that one run kept, and whether it was the rule that ended it."""

    trials: list[list[float]]
    by_rule: bool

    def intervals(self, share: float) -> dict[str, Interval]:
        """Return the interval in use, and the one that takes messages for independent."""
        watched = share == _SHARES["p50"]  # the rule looks at the medians of trials
        level = reported_level(len(self.trials), by_rule=self.by_rule and watched)
        together = list(chain.from_iterable(self.trials))
        return {
            "in use": clustered_interval(self.trials, share, level),
            "messages pooled": percentile_interval(together, share),
        }


def judge_messages(repetitions: int, seed: int) -> Iterator[Row]:
    """Simulate ``repetitions`` runs of each spread; yield one row per percentile and method, for one round."""
    for name, spread in SPREADS.items():
        rng = np.random.default_rng([seed, 1])
        truths = np.quantile(
            _times(spread, (_TRUTH_MESSAGES, 1), np.random.default_rng(7)), [*_SHARES.values()]
        )
        runs = [_stop(_times(spread, (MAX_TRIALS, MESSAGES), rng).tolist()) for _ in range(repetitions)]
        for (label, share), truth in zip(_SHARES.items(), truths, strict=True):
            yield from _rows(f"{name} {label}", runs, share, float(truth))


def _times(spread: float, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray[tuple[int, int]]:
    trials = np.exp(rng.normal(0, spread, (shape[0], 1)))
    return np.asarray(trials * (1 + rng.exponential(_JITTER, shape)))


def _stop(trials: list[list[float]]) -> Run:
    middles = [median(trial) for trial in trials]
    for count in LOOKS:
        if narrow_enough(middles[:count], REL_CI):
            return Run(trials[:count], by_rule=True)
    return Run(trials, by_rule=False)


def _rows(name: str, runs: list[Run], share: float, truth: float) -> Iterator[Row]:
    """Yield one row per method; runs with too few messages for an interval count for neither side."""
    found = [run.intervals(share) for run in runs]
    trials = float(np.mean([len(run.trials) for run in runs]))
    early = float(np.mean([run.by_rule for run in runs]))
    for method in found[0]:
        ends = np.array([pair for pair in (each[method] for each in found) if pair is not None])
        covered = float(np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1])))
        width = float(np.median(ends[:, 1] - ends[:, 0])) / truth
        yield Row(name, 1, method, covered, width, trials, early, judged=method == "in use")
