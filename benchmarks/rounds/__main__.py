"""What ``rounds=auto`` claims, on simulated cells whose truth is known, by the shipped rule.

    python -m benchmarks.rounds [--repetitions 4000] [--seed 1]

Prints the coverage of the reported intervals by regime, by what ended a cell and in groups that stop together;
what a budget buys; the verdicts on equal cells; and what other rules do. Exits with 1 if an interval covers less
than 93 % or more than 97 % where it claims 95 %. Two kinds of process and strong skew are printed, not judged.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

from benchmarks.rounds import budget, coverage, variants, verdicts
from benchmarks.rounds.lines import LEAST, MOST, Line, put

Table = Callable[[int, int], Iterator[Line]]

TABLES: tuple[tuple[str, Table, int], ...] = (
    ("Coverage % by regime; the least and the largest of three shapes of trials", coverage.by_regime, 1),
    ("Coverage % by what ended the cell, in noisy sweeps, half of them with a budget", coverage.by_end, 1),
    ("Coverage % in groups that stop together", coverage.in_groups, 1),
    ("What a budget buys: 50 cells", budget.bought, 40),
    ("Equal cells: 40 pairs in at most 10 min, band 10 %", verdicts.alike, 40),
    (
        "Intervals of the ratio of two cells of a group, at 95 % and at the cells' level",
        verdicts.intervals,
        2,
    ),
    ("Other rules, single cells", variants.alone, 1),
    ("Other rules, groups at ±10 %, cells as different as in a noisy sweep", variants.grouped, 1),
)
"""Title, lines, and what the repetitions are divided by: a sweep has many cells."""


def main() -> int:
    """Simulate, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    failed = sum(
        put(title, lines(max(given.repetitions // share, 1), given.seed)) for title, lines, share in TABLES
    )
    print(f"\n{failed} lines outside {LEAST:.0%} to {MOST:.0%}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
