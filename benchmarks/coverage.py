"""The share of 95 % intervals that contain the truth, on simulated runs whose truth is known.

    python -m benchmarks.coverage [--repetitions 2000] [--seed 1]

One round is judged by the process's own median ratio, several by the geometric mean over all processes. Every
run warms up and stops by the rules of the measured side. Exits with 1 if the intervals in use cover less than
93 % or more than 97 % of the repetitions in any scenario that they claim to cover.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.messages import judge_messages
from benchmarks.rivals import Ends, bootstrapped, stop_at_any
from benchmarks.simulated import (
    MAX_TRIALS,
    MIN_TRIALS,
    REL_CI,
    Processes,
    Row,
    Scenario,
    measure,
    simulate,
    to_frame,
    warm,
)
from breakeven.analysis.frames.estimates import Typical
from breakeven.runner.results.statistics import Statistics

IN_USE = "in use"
ROUNDS = (3, 5, 10)
LEAST, MOST = 0.93, 0.97

SCENARIOS = (
    Scenario("steady", noise=0.003),
    Scenario("drift", noise=0.008, walk=0.005, trend=0.2),
    Scenario("processes differ little", noise=0.015, between=0.005),
    Scenario("processes differ much", noise=0.01, between=0.05),
    Scenario("noisy", noise=0.1, between=0.02),
    Scenario("Student noise", noise=0.01, tail="student", between=0.01),
    Scenario("lognormal noise", noise=0.03, tail="lognormal", between=0.01),
    Scenario("outliers", noise=0.012, between=0.01, outliers=0.05),
    Scenario("all at once", noise=0.01, tail="student", between=0.02, walk=0.005, trend=0.2, outliers=0.05),
)

BEYOND = (
    Scenario("two kinds of process", noise=0.01, between=0.05, modes=True),
    Scenario("trials remember", noise=0.015, between=0.01, memory=0.5),
    Scenario("uniform noise", noise=0.025, tail="uniform", between=0.01),
)
"""Shown, not judged: processes of two kinds far apart; trials of which each is like the one before; and the noise
that the stopping rule suits least, whose coverage for one process is at the lower bound itself."""


def judge(scenario: Scenario, repetitions: int, seed: int, *, rivals: bool = True) -> Iterator[Row]:
    """Simulate ``repetitions`` experiments of each number of rounds; yield one row per method."""
    processes = simulate(scenario, repetitions * max(ROUNDS), seed)
    runs = list(measure(processes))
    kept, stopped = [ratios for ratios, _ in runs], np.array([by_rule for _, by_rule in runs])
    frame = to_frame(kept, max(ROUNDS))
    alone = np.arange(0, len(kept), max(ROUNDS))
    trials, early = float(np.mean([len(ratios) for ratios in kept])), float(stopped.mean())
    rows = _stored(runs, max(ROUNDS))
    found: dict[int, dict[str, Ends]] = {1: {IN_USE: _in_use(rows[rows["round"].eq(0)])}}
    if rivals:
        found[1] |= {"checked at every trial": _unlooked(processes, alone)}
    for rounds in ROUNDS:
        few = frame[frame["round"].lt(rounds)]
        used = _in_use(rows[rows["round"].lt(rounds)])
        found[rounds] = {IN_USE: used} | (bootstrapped(few, seed) if rivals else {})
    for rounds, methods in found.items():
        truth = processes.own_truth[alone] if rounds == 1 else np.full(repetitions, processes.truth)
        for method, (low, high) in methods.items():
            covered = float(np.mean((low <= truth) & (truth <= high)))
            width = float(np.median((high - low) / truth))
            judged = method == IN_USE and scenario not in BEYOND
            yield Row(scenario.name, rounds, method, covered, width, trials, early, judged)


def _stored(runs: list[tuple[list[float], bool]], rounds: int) -> pd.DataFrame:
    """Return the columns of `runs` for each process, with ``rounds`` processes per cell."""
    rows = [
        Statistics(by_rule).typical("speedup{}", ratios)
        | {"cell_id": place // rounds, "round": place % rounds, "n_trials": len(ratios)}
        | {"hostname": "here", "machine": "here"}
        for place, (ratios, by_rule) in enumerate(runs)
    ]
    return pd.DataFrame(rows)


def _in_use(stored: pd.DataFrame) -> Ends:
    found = Typical("speedup")(stored).sort_index()
    return found["speedup_low"].to_numpy(float), found["speedup_high"].to_numpy(float)


def _unlooked(processes: Processes, alone: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Ends:
    """Return the intervals of runs that check after every trial and report at the level they check."""
    ends = []
    for place in alone:
        serial, parallel = processes.serial[place].tolist(), processes.parallel[place].tolist()
        start = warm(serial, parallel)
        ratios = [a / b for a, b in zip(serial[start:], parallel[start:], strict=True)]
        ends.append(stop_at_any(ratios[:MAX_TRIALS], MIN_TRIALS, REL_CI))
    low, high = np.array(ends).T
    return low, high


def fits(row: Row) -> bool:
    """Return whether the coverage is as claimed, or nothing was claimed."""
    return not row.judged or LEAST <= row.covered <= MOST


def show(row: Row) -> str:
    """Return a row of the table as text."""
    runs = f"{row.trials:5.1f} {row.early:5.0%}{'' if fits(row) else ' !'}"
    return f"{row.scenario:24} {row.rounds:3}  {row.method:24} {row.covered:7.1%} {row.width:9.2%}  {runs}"


def rows(repetitions: int, seed: int) -> Iterator[Row]:
    """Yield all rows, those beyond the claim last."""
    for scenario in SCENARIOS:
        yield from judge(scenario, repetitions, seed)
    yield from judge_messages(repetitions, seed)
    for scenario in BEYOND:
        yield from judge(scenario, repetitions, seed)


def main() -> int:
    """Simulate, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"{'scenario':24} {'':3}  {'intervals':24} {'covered':>7} {'width':>9}  trials early")
    failed = 0
    for row in rows(given.repetitions, given.seed):
        print(show(row), flush=True)
        failed += not fits(row)
    print(f"{failed} outside {LEAST:.0%} to {MOST:.0%}; not judged: {', '.join(row.name for row in BEYOND)}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
