"""What both sides know of patterns agrees with the registry."""

from __future__ import annotations

from breakeven.base.patterns import ECHOES
from breakeven.runner.cell import patterns


def test_the_patterns_without_a_workload_are_those_that_say_so() -> None:
    """A new one is named by its pattern in tables, figures and progress."""
    assert set(ECHOES) == {name for name in patterns.REGISTRY if patterns.load(name).ECHOES}
