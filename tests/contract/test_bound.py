"""How a run keeps within its time: what it gives up, in which order, and what always stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell import bound
from breakeven.runner.cell.bound import NOTHING, Costs, Share, fit
from breakeven.runner.cell.patterns._abc import Knobs, Outcome, Pattern
from breakeven.runner.cell.sampling import PARALLEL, SERIAL, TRACED, Sampler, Trial
from breakeven.runner.cell.specification import Rules
from tests.samples import reference

MS = 10**6


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    """Return rules of any strictness."""
    pairs, traced = draw(st.integers(1, 12)), draw(st.integers(0, 6))
    return Rules(
        warmup=draw(st.integers(0, 3)),
        max_warmup=draw(st.integers(3, 6)),
        min_trials=pairs,
        max_trials=pairs + draw(st.integers(0, 9)),
        max_time_ns=draw(st.integers(1, 3000)) * MS,
        rel_ci=0.01,
        traced=traced,
        fewest=draw(st.integers(1, pairs)),
        least_traced=draw(st.integers(0, 1)),
    )


def _ns(share: Share, costs: Costs, done: Share = NOTHING) -> float:
    return (share.pairs - done.pairs) * costs.pair_ns + (share.traced - done.traced) * costs.traced_ns


COSTS = st.builds(Costs, st.integers(1, 10**9), st.integers(1, 10**9))


@given(rules(), st.integers(-(10**9), 10**10), COSTS)
def test_what_fits_is_kept_and_the_rest_given_up_in_order(asked: Rules, left: int, costs: Costs) -> None:
    """Extra traced trials before any pair; the fewest always stay; within the time unless those alone are over it."""
    found = fit(asked, left, costs)
    least = Share(asked.fewest, min(asked.least_traced, asked.traced))
    assert least.pairs <= found.pairs <= asked.min_trials
    assert least.traced <= found.traced <= asked.traced
    assert _ns(found, costs) <= left or found == least
    if found.pairs < asked.min_trials:
        assert found.traced == least.traced
        assert _ns(found._replace(pairs=found.pairs + 1), costs) > left
    elif found.traced < asked.traced:
        assert _ns(found._replace(traced=found.traced + 1), costs) > left


@given(rules(), st.integers(0, 10**10), st.integers(0, 10**9), COSTS)
def test_more_time_never_costs_a_trial(asked: Rules, left: int, more: int, costs: Costs) -> None:
    """Neither pairs nor traced ones."""
    less, found = fit(asked, left, costs), fit(asked, left + more, costs)
    assert less.pairs <= found.pairs
    assert less.traced <= found.traced


@given(rules(), st.integers(0, 10**10), COSTS, st.data())
def test_what_is_done_is_not_given_up(asked: Rules, left: int, costs: Costs, data: st.DataObject) -> None:
    """And what remains of a plan that goes as foreseen is the same plan."""
    whole = fit(asked, left, costs)
    done = Share(
        data.draw(st.integers(0, whole.pairs)), data.draw(st.integers(0, min(whole.traced, whole.pairs)))
    )
    rest = fit(asked, left - int(_ns(done, costs)), costs, done)
    assert rest.pairs >= done.pairs
    assert rest.traced >= done.traced
    assert rest == whole


# --- in a run ------------------------------------------------------------------------------------------------------


@dataclass
class Clock:
    """A clock that only trials move on."""

    now: int = 0

    def __call__(self) -> int:
        """Return the time."""
        return self.now


class Crew:
    """Stands for workers of which nothing is counted."""

    def synchronize(self, *_: Any) -> None:
        """Do nothing."""

    def look(self) -> tuple[int, ...]:
        """Be on two CPUs."""
        return (0, 1)


class Timed(Pattern):
    """Trials of given lengths, on the clock; the first parallel ones take longer, as calls that fill a cache do."""

    def __init__(self, clock: Clock, serial_ns: int, parallel_ns: int, first_ns: int = 0) -> None:
        super().__init__({}, Knobs(1, 1, 0))
        self.clock, self.lengths, self.first_ns = clock, (serial_ns, parallel_ns), first_ns

    def serial_ns(self, task_ns: int) -> int:
        """Know it before."""
        del task_ns
        return self.lengths[0]

    def _take(self, length: int) -> Outcome:
        begin = self.clock.now
        self.clock.now += length
        return Outcome(begin, self.clock.now, 1)

    def serial(self, _: Any) -> Outcome:
        """Take the first length."""
        return self._take(self.lengths[0])

    def parallel(self, _: Any, __: Any) -> Outcome:
        """Take the second length."""
        extra, self.first_ns = self.first_ns, 0
        return self._take(self.lengths[1] + extra)


def _run(monkeypatch: pytest.MonkeyPatch, asked: Rules, *lengths: int) -> tuple[Sampler, list[Trial], Clock]:
    clock = Clock()
    monkeypatch.setattr(bound, "perf_counter_ns", clock)
    monkeypatch.setattr(Crew, "read", lambda *_: None, raising=False)
    monkeypatch.setattr("breakeven.runner.cell.sampling.between", lambda *_, **__: None)
    sampler = Sampler(Timed(clock, *lengths), reference(), Crew(), (), asked)  # type: ignore[arg-type]
    return sampler, list(sampler.trials("s", None)), clock  # type: ignore[arg-type]


def _counts(sampler: Sampler, trials: list[Trial]) -> Share:
    counted = [trial for trial in trials if trial.block >= sampler.series.dropped]
    return Share(*(sum(trial.kind == kind for trial in counted) for kind in (PARALLEL, TRACED)))


LENGTH = st.integers(1, 400).map(lambda length: length * MS)


@given(rules(), LENGTH, LENGTH)
def test_a_run_keeps_within_its_time_or_has_the_fewest_trials(
    asked: Rules, serial: int, parallel: int
) -> None:
    """Its warm-up counts; where it is longer all the same it has given up all that it may."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        sampler, trials, clock = _run(monkeypatch, asked, serial, parallel)
    found = _counts(sampler, trials)
    least = min(asked.least_traced, asked.traced)
    assert found.pairs >= asked.fewest
    assert found.traced >= least
    if clock.now > asked.max_time_ns + serial + parallel:  # a parallel trial may take longer than foreseen
        assert found.pairs == asked.fewest
        assert found.traced <= max(least, 1)


RULES = Rules(
    warmup=1,
    max_warmup=10,
    min_trials=6,
    max_trials=6,
    max_time_ns=1000 * MS,
    rel_ci=0.02,
    traced=1,
    fewest=3,
    least_traced=1,
)


@pytest.mark.parametrize(
    ("changes", "lengths", "kept"),
    [
        ({}, (32, 16), Share(6, 1)),
        ({}, (100, 50), Share(5, 1)),  # 150 of warm-up, 5 x 150, 50
        ({"least_traced": 0}, (90, 50), Share(6, 0)),  # the traced trial is given up first
        ({}, (640, 320), Share(3, 1)),
        ({"least_traced": 0}, (640, 320), Share(3, 0)),
        ({"fewest": 6}, (640, 320), Share(6, 1)),  # a single round, whose interval takes six
        ({"max_trials": 50, "traced": 6, "rel_ci": -1}, (20, 10), Share(30, 6)),  # time for more than six
        ({"max_trials": 50, "traced": 6}, (80, 40), Share(6, 4)),
    ],
)
def test_what_runs_give_up(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], lengths: tuple[int, int], kept: Share
) -> None:
    """Serial and parallel trials of so many ms within a second, a pair of warm-up included."""
    steady = RULES._replace(**changes)
    sampler, trials, _ = _run(monkeypatch, steady, *(length * MS for length in lengths))
    assert _counts(sampler, trials) == kept
    assert sampler.series.warmed_by == "rule"


def test_slow_first_calls_in_workers_are_not_the_trials_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """They fill a cache or import: the time is for what follows."""
    sampler, trials, clock = _run(monkeypatch, RULES, 32 * MS, 16 * MS, 2000 * MS)
    assert _counts(sampler, trials) == Share(6, 1)
    assert clock.now > 2000 * MS


def test_traced_trials_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that stays is in the first block that counts, so that no later trouble costs it."""
    _, trials, _ = _run(monkeypatch, RULES, 640 * MS, 320 * MS)
    kinds: dict[int, set[str]] = {trial.block: set() for trial in trials}
    for trial in trials:
        kinds[trial.block].add(trial.kind)
    assert [TRACED in kinds[block] for block in sorted(kinds)] == [False, True, False, False]
    assert all({SERIAL, PARALLEL} <= found for found in kinds.values())
