"""How a run keeps within its time: what its trials take is foreseen, and what does not fit is given up in order.

Traced trials beyond the least are given up first, then pairs, down to the fewest. The time begins with the first
block and counts what the least warm-up takes by itself: not the first calls in its workers, which fill caches or
import, and which no rule can shorten.
"""

from __future__ import annotations

from math import inf
from time import perf_counter_ns
from typing import Optional

from .intervals import median
from .named import NamedTuple
from .specification import Rules


class Share(NamedTuple):
    """What fits a time: pairs of trials that count, and traced trials."""

    pairs: int
    traced: int


class Costs(NamedTuple):
    """The time of a pair, and of a traced trial, in ns."""

    pair_ns: float
    traced_ns: float


NOTHING = Share(0, 0)


def fit(rules: Rules, left_ns: float, costs: Costs, done: Share = NOTHING) -> Share:
    """Return how many pairs and traced trials a run has in all if ``left_ns`` are left for what is not ``done``.

    No more than ``min_trials`` and ``traced``, no fewer than ``fewest`` and ``least_traced``.
    """
    wanted, least = max(rules.traced, done.traced), max(min(rules.least_traced, rules.traced), done.traced)
    pairs = max(rules.min_trials, done.pairs)
    rest = left_ns - (pairs - done.pairs) * costs.pair_ns
    traced = _within(done.traced + _times(rest, costs.traced_ns), least, wanted)
    if traced > least or (least - done.traced) * costs.traced_ns <= rest:
        return Share(pairs, traced)
    rest = left_ns - (least - done.traced) * costs.traced_ns
    return Share(
        _within(done.pairs + _times(rest, costs.pair_ns), max(rules.fewest, done.pairs), pairs), least
    )


def _times(left_ns: float, each_ns: float) -> float:
    """Return how often a time fits; any number of times if it takes none."""
    return left_ns // each_ns if each_ns > 0 else inf * (left_ns >= 0 or -1)


def _within(value: float, least: int, most: int) -> int:
    return int(min(max(value, least), most))


class Bound:
    """The time of one run. ``serial_ns`` is what a serial trial takes as far as known before, 0 for nothing."""

    def __init__(self, rules: Rules, serial_ns: float = 0) -> None:
        self.rules = rules
        self.share = Share(rules.min_trials, rules.traced)
        self._foreseen = Costs(2 * serial_ns or inf, serial_ns or inf)  # workers that gain nothing
        self._warming: list[Costs] = []
        self._counted: list[Costs] = []
        self._began = 0
        self._since: Optional[int] = None

    @property
    def is_running(self) -> bool:
        """Return whether the least warm-up is over."""
        return self._since is not None

    def begin(self, *, warming: bool) -> None:
        """Begin a block; ``warming`` if it belongs to the least warm-up."""
        self._began = perf_counter_ns()
        if self._since is None and not warming:
            self._since = self._began

    def end(self, parallel_ns: int, traced_ns: int) -> None:
        """End a block whose parallel and traced trial took so long, 0 for a traced trial that it had not."""
        costs = Costs(max(perf_counter_ns() - self._began - traced_ns, 0), parallel_ns)
        (self._warming if self._since is None else self._counted).append(costs)

    def plan(self, done: Share) -> None:
        """Reckon again what the run has in all, now that so much is ``done``; once the least warm-up is over."""
        if self._since is not None:
            self.share = fit(self.rules, self._left_ns, self.costs, done)

    @property
    def costs(self) -> Costs:
        """Return what a block takes: as those that count, before them as the last one but at most what was foreseen."""
        if self._counted:
            pairs, traced = zip(*self._counted)
            return Costs(median(pairs), median(traced))
        last = self._warming[-1] if self._warming else self._foreseen
        found = Costs(*map(min, last, self._foreseen))
        return found if found.pair_ns < inf else Costs(0, 0)

    @property
    def is_over(self) -> bool:
        """Return whether another pair would end after the time."""
        return self._since is not None and self._left_ns < self.costs.pair_ns

    @property
    def _left_ns(self) -> float:
        """Return the time left, in the blocks that count; the warm-up costs no more of it than they do."""
        since = self._began if self._since is None else self._since
        pair = self.costs.pair_ns if self._counted else self._foreseen.pair_ns
        spent = sum(min(costs.pair_ns, pair) for costs in self._warming)
        return self.rules.max_time_ns - spent - (perf_counter_ns() - since)
