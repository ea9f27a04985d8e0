"""Which cells need further rounds, compared with a rule that looks at all runs of all cells each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, expm1, log
from statistics import mean, stdev
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.base.rounds import LEVEL, MOST_FAILURES, half_width, is_narrow
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.decisions import FAILURES, MAX_ROUNDS, PRECISION, Decisions
from tests.samples import cell

GROUPS = {"a": "0", "b": "0", "c": "0", "d": "1"}
MODELS = {"a": "thread", "b": "process", "c": "serial", "d": "thread"}


def _planned(name: str, max_rounds: int) -> PlannedCell:
    return PlannedCell(
        cell=cell(label=GROUPS[name], model=MODELS[name]),
        cell_id=name,
        rounds=min(5, max_rounds),
        reason=None,
        executable="python",
        engine="local",
        source=None,
        conditions={},
        config={},
        overrides=(),
        precision=0.1,
        max_rounds=max_rounds,
    )


class AllAgain:
    """The rule in its own words: what ended each cell, from all its values; None for a run that failed."""

    def __init__(self, most: Mapping[str, int]) -> None:
        self.most = most
        self.values: dict[str, list[float | None]] = {name: [] for name in most}

    def logs(self, name: str, tries: int | None = None) -> list[float]:
        """Return the logarithms of the first runs' values."""
        return [log(value) for value in self.values[name][:tries] if value is not None]

    def gave_up_by(self, name: str, tries: int | None = None) -> str:
        """Return why a cell gets no further run, whatever its interval."""
        made = self.values[name][:tries]
        if made.count(None) >= MOST_FAILURES:
            return FAILURES
        return MAX_ROUNDS if len(made) >= self.most[name] else ""

    def ended_by(self, name: str) -> str:
        """Return what ended a cell."""
        group = [other for other in GROUPS if GROUPS[other] == GROUPS[name]]
        tries = min(len(self.values[other]) for other in group if other == name or not self.gave_up_by(other))
        compared = [name, *(other for other in group if not self.gave_up_by(other, tries))]
        if all(is_narrow(self.logs(other, tries), 0.1) for other in compared):
            return PRECISION
        return self.gave_up_by(name)


def _row(name: str, value: float | None) -> dict[str, Any]:
    status = "failed" if value is None else "ok"
    return {"cell_id": name, "status": status, "pattern": "map", "speedup": value}


VALUES = st.one_of(st.none(), st.floats(0.98, 1.02), st.floats(0.5, 2))
STEADY = st.floats(0.99, 1.01)


@settings(deadline=None)  # the first look imports scipy
@given(
    most=st.lists(st.integers(5, 14), min_size=4, max_size=4),
    rounds=st.lists(st.permutations(sorted(GROUPS)), max_size=16),
    values=st.lists(STEADY, min_size=64, max_size=64) | st.lists(VALUES, min_size=64, max_size=64),
    left_out=st.sets(st.integers(0, 63), max_size=10),
)
def test_cells_end_as_by_a_rule_that_looks_at_everything(
    most: Sequence[int], rounds: Sequence[Sequence[str]], values: Sequence[float | None], left_out: set[int]
) -> None:
    """Whatever the order, and whichever runs fail or are left out: what ended each cell, when, and its estimate."""
    limits = dict(zip(sorted(GROUPS), most, strict=True))
    found = Decisions([_planned(name, limit) for name, limit in limits.items()], ["model"])
    again = AllAgain(limits)
    steps = [name for block in rounds for name in block]
    open_before = set(GROUPS)
    for place, name in enumerate(steps):
        if place in left_out:
            continue
        again.values[name].append(values[place])
        ended = found.add(_row(name, values[place]))
        expected = {other: again.ended_by(other) for other in GROUPS}
        assert {other: found.ended_by(other) for other in GROUPS} == expected
        still_open = {other for other, why in expected.items() if not why}
        assert {planned.cell_id for planned in found.undecided()} == still_open
        assert {planned.cell_id for planned in ended} == open_before - still_open
        assert found.decided == len(GROUPS) - len(still_open)
        open_before = still_open


@settings(deadline=None)  # as above
@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=30))
def test_the_estimate_so_far_is_that_of_all_values(values: Sequence[float]) -> None:
    """Adding values one by one is the same as looking at all of them."""
    found = Decisions([_planned("a", 100)], [])
    for value in values:
        found.add(_row("a", value))
    logs = [log(value) for value in values]
    half = expm1(half_width(stdev(logs), len(logs), LEVEL))
    written, _, width = found.so_far("a").partition("x ±")
    assert abs(float(written) / exp(mean(logs)) - 1) < 0.006
    assert abs(float(width.rstrip("%")) / 100 - half) <= 0.0051 + 1e-6 * half
