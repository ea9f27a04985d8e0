"""Trials: serial and parallel ones of the same work in turn, in seeded random order, until a rule says enough.

Trials come in blocks of one serial and one parallel trial, close in time, whose ratio is one sample of the speedup:
what the machine does to both cancels out. The first blocks warm up; in the next few a third trial is traced. Traced
trials never count for speed.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import comb
from random import Random
from statistics import median
from time import perf_counter_ns
from typing import Any, NamedTuple, Optional

from .bench import Bench
from .models import Model
from .patterns._abc import Outcome, Pattern
from .placement import pinned

SERIAL, PARALLEL, TRACED = "serial", "parallel", "traced"


class Rules(NamedTuple):
    """When to stop: see ``measure`` in conf/config.yaml. ``rel_ci`` is relative to the median."""

    warmup: int
    min_trials: int
    max_trials: int
    max_time_ns: int
    rel_ci: float
    traced: int


class Trial(NamedTuple):
    """One trial: its place in the run, its block, what it was and what it gave."""

    number: int
    block: int
    kind: str
    warmup: bool
    outcome: Outcome
    cpu_ns: int

    @property
    def rate(self) -> float:
        """Give tasks per ns."""
        return self.outcome.tasks / (self.outcome.end_ns - self.outcome.start_ns)


class Sampler:
    """Runs the trials of one run. ``keep`` is called with every trial, outside the timed region."""

    def __init__(self, pattern: Pattern, bench: Bench, crew: Model, cpus: tuple[int, ...]) -> None:
        self.pattern = pattern
        self.bench = bench
        self.crew = crew
        self.cpus = cpus
        self.stopped_by = ""

    def trials(self, rules: Rules, seed: str) -> Iterator[Trial]:
        """Yield trials until the rules are met; afterwards ``stopped_by`` says which one was."""
        random = Random(seed)
        samples: list[float] = []
        number = 0
        deadline: Optional[int] = None
        for block in range(rules.warmup + rules.max_trials):
            warmup = block < rules.warmup
            if not warmup and deadline is None:
                deadline = perf_counter_ns() + rules.max_time_ns
            kinds = [SERIAL, PARALLEL] + [TRACED] * (0 <= block - rules.warmup < rules.traced)
            random.shuffle(kinds)
            done: dict[str, Trial] = {}
            for kind in kinds:
                done[kind] = self._trial(number, block, kind, warmup)
                yield done[kind]
                number += 1
            if deadline is None:
                continue
            samples.append(self._sample(done))
            if self._enough(samples, rules, deadline):
                return
        self.stopped_by = self.stopped_by or "max_trials"

    def _trial(self, number: int, block: int, kind: str, warmup: bool) -> Trial:
        if kind == SERIAL:
            with pinned(self.cpus):
                before = self.crew.cpu_ns()
                outcome = self.pattern.serial(self.bench)
                return Trial(number, block, kind, warmup, outcome, self.crew.cpu_ns() - before)
        self.crew.gather(kind == TRACED)
        before = self.crew.cpu_ns()
        outcome = self.pattern.parallel(self.bench, self.crew)
        self.crew.gather(False)
        return Trial(number, block, kind, warmup, outcome, self.crew.cpu_ns() - before)

    def _sample(self, done: dict[str, Trial]) -> float:
        """Give one sample of what the run is about: the ratio of the pair, or the median round trip."""
        latencies = done[PARALLEL].outcome.latencies_ns
        if latencies:
            return float(median(latencies))
        serial = done[SERIAL].rate
        return done[PARALLEL].rate / serial if serial else 0.0

    def _enough(self, samples: list[float], rules: Rules, deadline: int) -> bool:
        if len(samples) < rules.min_trials:
            return False
        interval = median_interval(samples)
        if interval is not None and interval[1] - interval[0] <= 2 * rules.rel_ci * median(samples):
            self.stopped_by = "rel_ci"
        elif perf_counter_ns() >= deadline:
            self.stopped_by = "max_time"
        return bool(self.stopped_by)


def median_interval(samples: list[float], level: float = 0.95) -> Optional[tuple[float, float]]:
    """Give the distribution-free interval of the median by order statistics, None for too few samples.

    The interval between the k-th smallest and the k-th largest of n covers the median with probability
    1 - 2 P(X < k), X binomial with n and 1/2 (Conover, Practical Nonparametric Statistics, section 3.2).
    """
    ordered, n = sorted(samples), len(samples)
    outside = 0
    found: Optional[tuple[float, float]] = None
    for k in range(1, n // 2 + 1):
        outside += comb(n, k - 1)
        if 2 * outside > (1 - level) * 2**n:
            break
        found = ordered[k - 1], ordered[n - k]
    return found


def percentile(samples: list[int], share: float) -> int:
    """Give the nearest-rank percentile, such as 0.99 for the 99th; samples must not be empty."""
    ordered = sorted(samples)
    rank = -(-share * len(ordered) // 1)  # ceiling
    return ordered[max(int(rank), 1) - 1]


def describe(trial: Trial, bytes_per_task: int) -> dict[str, Any]:
    """Give a trial as what is stored of it."""
    outcome = trial.outcome
    latencies = list(outcome.latencies_ns)
    return {
        "trial": trial.number,
        "block": trial.block,
        "kind": SERIAL if trial.kind == SERIAL else PARALLEL,
        "warmup": trial.warmup,
        "traced": trial.kind == TRACED,
        "wall_ns": outcome.end_ns - outcome.start_ns,
        "cpu_ns": trial.cpu_ns,
        "tasks": outcome.tasks,
        "bytes": outcome.tasks * bytes_per_task,
        "latency_p50_ns": percentile(latencies, 0.5) if latencies else None,
        "latency_p99_ns": percentile(latencies, 0.99) if latencies else None,
        "verified": True,  # a trial whose check fails ends the run before it gets here
    }
