"""Several hosts: which runs were beside another, how much hosts differ, and intervals that stand for hosts like these."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.frames.hosts import beside_another, host_of, spreads
from breakeven.analysis.frames.intervals import over_processes
from tests.examples import at_most

TIMES = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 50), st.integers(1, 10)), min_size=1, max_size=15
)


def _runs(times: list[tuple[str, int, int]]) -> pd.DataFrame:
    rows = [{"machine": host, "began_ns": begin, "ended_ns": begin + takes} for host, begin, takes in times]
    return pd.DataFrame(rows)


@given(TIMES)
def test_runs_beside_each_other_are_found_by_machine(times: list[tuple[str, int, int]]) -> None:
    """As comparing all pairs finds them; one that begins when another ends is not beside it."""
    runs = _runs(times)
    expected = [
        any(
            other != place and one[0] == two[0] and one[1] < two[1] + two[2] and two[1] < one[1] + one[2]
            for other, two in enumerate(times)
        )
        for place, one in enumerate(times)
    ]
    assert beside_another(runs).tolist() == expected


def test_runs_without_times_are_beside_none() -> None:
    """Such as older ones, and those whose node never answered."""
    runs = _runs([("a", 0, 5), ("a", 3, 5)]).assign(machine=pd.Series([None, "a"], dtype="object"))
    assert not beside_another(runs).any()


def test_containers_of_a_machine_are_one_host() -> None:
    """By the boot that they share; a machine that was started again is the same, and an unknown one has no name."""
    frame = pd.DataFrame({"hostname": ["p", "q", "r", "r", None], "machine": ["1", "1", "2", "3", None]})
    assert host_of(frame).tolist() == ["p", "p", "r", "r", ""]


def test_spreads_are_those_of_a_worked_example() -> None:
    """Two hosts with three and two processes, by hand: within 0.05 over 3, between 1.2 * 0.3^2, n0 = 2.4."""
    logs = {"a": [0.0, 0.1, 0.2], "b": [0.3, 0.5]}
    values = pd.Series(np.exp([*logs["a"], *logs["b"]]), index=pd.Index(["c"] * 5, name="cell_id"))
    found = spreads(values, pd.Series(["a"] * 3 + ["b"] * 2)).loc["c"]
    error, middle = (0.02 + 0.02) / 3, 1.1 / 5
    between = 3 * (0.1 - middle) ** 2 + 2 * (0.4 - middle) ** 2
    host = (between - error) / ((5 - 13 / 5) / 1)
    assert found["hosts"] == 2
    assert found["spread_processes"] == pytest.approx(np.expm1(error**0.5))
    assert found["spread_hosts"] == pytest.approx(np.expm1(host**0.5))


def test_one_host_says_nothing_of_hosts() -> None:
    """And hosts with a process each say nothing of either; a variance is never negative."""
    index = pd.Index(["c"] * 2 + ["d"] * 2 + ["e"] * 4, name="cell_id")
    values = pd.Series([1.0, 1.1, 1.0, 1.1, 1.0, 2.0, 1.0, 2.0], index)
    hosts = pd.Series(["a", "a", "a", "b", "a", "a", "b", "b"])
    found = spreads(values, hosts)
    assert found["hosts"].tolist() == [1, 2, 2]
    assert found["spread_hosts"].isna().tolist() == [True, True, False]
    assert found["spread_processes"].isna().tolist() == [False, True, False]
    assert found.loc["e", "spread_hosts"] == 0


@given(st.lists(st.lists(st.floats(0.1, 10), min_size=1, max_size=6), min_size=10, max_size=10))
@at_most(12)  # of ten cells each
def test_one_host_changes_nothing(cells: list[list[float]]) -> None:
    """Nor do as many hosts as processes: the interval is that over processes."""
    index = pd.Index(np.repeat(np.arange(len(cells)), list(map(len, cells))), name="cell_id")
    values = pd.Series(np.concatenate(cells), index)
    plain = over_processes(values)
    each = [f"h{place}" for rounds in cells for place in range(len(rounds))]
    for names in (["a"] * len(values), each):
        pd.testing.assert_frame_equal(over_processes(values, hosts=pd.Series(names)), plain)
