"""Trials: serial and parallel ones of the same work, in seeded random order, until a stopping rule is met.

Trials come in blocks of one serial and one parallel trial, close in time, whose ratio is one sample of the
speedup: what the machine does to both cancels out. The first blocks are warm-up, until the following ones are
steady; the next few contain a third, traced trial. Traced trials never count for speed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf, isfinite
from random import Random

from .affinity import pinned
from .bound import Bound, Share
from .hooks import AFTER, BEFORE
from .intervals import median
from .meter import Counts, Meter, between
from .models import Model
from .named import NamedTuple
from .patterns._abc import Outcome, Pattern
from .placement import Look
from .reference import Reference
from .specification import Rules
from .stopping import looks, narrow_enough
from .warmup import WINDOW, is_steady

SERIAL, PARALLEL, TRACED = "serial", "parallel", "traced"
RULE, CAP, REL_CI, MAX_TRIALS, MAX_TIME = "rule", "cap", "rel_ci", "max_trials", "max_time"


class Trial(NamedTuple):
    """One trial: its place in the run, its block, its kind, its outcome, what was counted meanwhile, and where it ran.

    The looks are those after its messages, otherwise one at its beginning and one at its end.
    """

    number: int
    block: int
    kind: str
    outcome: Outcome
    counts: Counts
    looks: tuple[Look, ...] = ()

    @property
    def pace_ns(self) -> float:
        """Return the time of one task, or of the median message if each was timed; infinite for no tasks."""
        outcome = self.outcome
        if outcome.latencies_ns:
            return float(median(outcome.latencies_ns))
        return outcome.wall_ns / outcome.tasks if outcome.tasks else inf


class Sampler:
    """Runs the trials of one run; ``series`` holds their progress and, at the end, what stopped them."""

    def __init__(
        self, pattern: Pattern, reference: Reference, crew: Model, cpus: tuple[int, ...], rules: Rules
    ) -> None:
        self.pattern = pattern
        self.reference = reference
        self.crew = crew
        self.cpus = cpus
        self.series = Series(rules, pattern.serial_ns(reference.task_ns))

    def trials(self, seed: str, meter: Meter) -> Iterator[Trial]:
        """Yield trials until the rules are met."""
        random, number, series = Random(seed), 0, self.series
        while not series.stopped_by:
            series.begin()
            kinds = [SERIAL, PARALLEL] + [TRACED] * series.wants_trace
            random.shuffle(kinds)
            done: dict[str, Trial] = {}
            for kind in kinds:
                done[kind] = self._trial(number, series.blocks, kind, meter)
                yield done[kind]
                number += 1
            series.add(done)

    def _trial(self, number: int, block: int, kind: str, meter: Meter) -> Trial:
        crew, hooks = self.crew, self.reference.hooks
        if kind == SERIAL:
            with pinned(self.cpus), hooks.around():
                before = crew.read(meter)
                outcome = self.pattern.serial(self.reference)
                return Trial(number, block, kind, outcome, between(before, crew.read(meter), alone=True))
        if hooks.has(BEFORE):
            crew.synchronize(False, BEFORE)
        crew.synchronize(kind == TRACED)
        before, first = crew.read(meter), crew.look()
        outcome = self.pattern.parallel(self.reference, crew)
        looks = outcome.looks or (first, crew.look())
        crew.synchronize(False)
        trial = Trial(number, block, kind, outcome, between(before, crew.read(meter), alone=False), looks)
        if hooks.has(AFTER):
            crew.synchronize(False, AFTER)
        return trial


class Series:
    """The blocks of a run so far, judged by the rules.

    ``dropped`` is the number of warm-up blocks, as far as known; ``warmed_by`` and ``stopped_by`` say what
    ended the warm-up and the trials, and are empty until then. ``serial_ns`` is what a serial trial takes as far as
    known before, 0 for nothing.
    """

    def __init__(self, rules: Rules, serial_ns: float = 0) -> None:
        self.rules = rules
        self.dropped = rules.warmup
        self.warmed_by = ""
        self.stopped_by = ""
        self._serial: list[float] = []
        self._parallel: list[float] = []
        self._samples: list[float] = []
        self._traced: list[int] = []
        self._looks = frozenset(looks(rules.min_trials, rules.max_trials))
        self._bound = Bound(rules, serial_ns)

    @property
    def blocks(self) -> int:
        """Return the number of blocks so far."""
        return len(self._samples)

    @property
    def kept(self) -> int:
        """Return how many blocks follow the warm-up, as far as known; negative before its least length."""
        return self.blocks - self.dropped

    @property
    def wants_trace(self) -> bool:
        """Return whether the next block needs a traced trial because too few blocks that count had one."""
        return self.kept >= 0 and self._done.traced < self._bound.share.traced

    @property
    def _done(self) -> Share:
        return Share(max(self.kept, 0), sum(block >= self.dropped for block in self._traced))

    def begin(self) -> None:
        """Begin a block; what still fits the time is reckoned from the first one after the least warm-up."""
        self._bound.begin(warming=self.kept < 0)
        self._bound.plan(self._done)

    def add(self, done: Mapping[str, Trial]) -> None:
        """Add one block, its trials by kind, and apply the rules."""
        serial, parallel = done[SERIAL], done[PARALLEL]
        if TRACED in done:
            self._traced.append(self.blocks)
        self._serial.append(serial.pace_ns)
        self._parallel.append(parallel.pace_ns)
        self._samples.append(_sample(serial, parallel))
        self._bound.end(parallel.outcome.wall_ns, done[TRACED].outcome.wall_ns if TRACED in done else 0)
        if not self._bound.is_running:
            return
        self._bound.plan(self._done)
        over = self._bound.is_over
        if not self.warmed_by:
            self._end_warmup(over)
        if self.warmed_by:
            self._stop(over)

    def _end_warmup(self, over: bool) -> None:
        """End the warm-up if the latest blocks are steady; if not, count the first of them as warm-up."""
        rules, wanted = self.rules, self._bound.share.pairs
        judged = self.kept >= min(WINDOW, rules.max_trials, wanted)
        if judged and all(is_steady(paces[self.dropped :]) for paces in (self._serial, self._parallel)):
            self.warmed_by = RULE
        elif (over or wanted < rules.min_trials) and self.kept >= wanted:
            self.warmed_by = MAX_TIME
        elif judged:
            if self.dropped >= rules.max_warmup:
                self.warmed_by = CAP
            else:
                self.dropped += 1

    def _stop(self, over: bool) -> None:
        samples, rules, wanted = self._samples[self.dropped :], self.rules, self._bound.share.pairs
        if len(samples) < wanted:
            return
        if len(samples) in self._looks and narrow_enough(samples, rules.rel_ci):
            self.stopped_by = REL_CI
        elif len(samples) >= rules.max_trials:
            self.stopped_by = MAX_TRIALS
        elif over or wanted < rules.min_trials:
            self.stopped_by = MAX_TIME


def _sample(serial: Trial, parallel: Trial) -> float:
    """Return one sample of the run's main quantity: the ratio of the pair, or the median round trip."""
    if parallel.outcome.latencies_ns:
        return parallel.pace_ns
    return serial.pace_ns / parallel.pace_ns if isfinite(serial.pace_ns) else 0.0
