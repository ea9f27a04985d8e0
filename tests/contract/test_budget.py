"""How long a launch may measure, in words."""

from __future__ import annotations

from time import perf_counter

import pytest

from breakeven.runner.sweep.budget import Budget


@pytest.mark.parametrize(
    ("asked_ns", "passed", "run", "said"),
    [
        (10_000_000_000, 0.0, 45.93, "of 10s is over before the first run, which takes about 46s; "),
        (10_000_000_000, 4.96, 9.57, "which takes about 9.6s after 5s of preparation; "),
        (1, 0.0, 0.0123, "of 1ns is over before the first run, which takes about 13ms; "),
        (60_000_000_000, 0.0, 601.0, "of 1min is over before the first run, which takes about 610s; "),
    ],
)
def test_a_budget_that_is_too_short_says_what_is_long_enough(
    asked_ns: int, passed: float, run: float, said: str
) -> None:
    """The time that passed and that of a run, both rounded up, and a budget that holds both."""
    text = Budget(asked_ns, began=perf_counter() - passed).too_short(run)
    assert said in text
    proposed = text.rpartition(" ")[2]
    seconds = (
        float(proposed.removesuffix("ms")) / 1e3 if "ms" in proposed else float(proposed.removesuffix("s"))
    )
    assert 1.1 * (passed + run) <= seconds < 1.3 * (passed + run) + 0.1
