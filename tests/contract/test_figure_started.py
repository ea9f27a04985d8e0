"""Contract of the titles of `startup` and `channels`: the cheapest and the dearest of what can be compared."""

from __future__ import annotations

import pandas as pd

from breakeven.analysis.figures.started import Cost, ends

COST = Cost("startup_ns", ("startup_ns",), "start-up", "nothing")


def _ways(*rows: tuple[str, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["mechanism", "workers", COST.column])


def test_two_ways_are_compared() -> None:
    """With 16 workers there is one way alone, which would be compared with itself."""
    ways = _ways(("thread", 2, 5e5), ("fork", 2, 2e6), ("spawn", 2, 7e7), ("thread", 16, 2e6))
    assert ends(ways, COST) == ([("thread", "500 us"), ("spawn", "70.0 ms")], "2 workers")


def test_the_most_workers_are_named() -> None:
    """They are what differs most, also if more ways start fewer."""
    ways = _ways(
        ("thread", 1, 1e5), ("fork", 1, 2e6), ("spawn", 1, 7e7), ("fork", 4, 8e6), ("thread", 4, 4e5)
    )
    assert ends(ways, COST) == ([("thread", "400 us"), ("fork", "8.00 ms")], "4 workers")


def test_a_single_way_is_named_once() -> None:
    """It is the cheapest and the dearest."""
    assert ends(_ways(("thread", 1, 1e5)), COST) == ([("thread", "100 us")], "one worker")
